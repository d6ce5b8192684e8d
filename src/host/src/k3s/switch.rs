//! Another k3s, or another way of running it, under pods that go on: there, and back to a restore point.
//!
//! The order of the writes is what keeps the way back open: the API server of a later minor must never run on this data
//! without emulating the earlier one before the commit (`design.md` §1.6), whenever the power goes. So the settings go
//! before the link on the way there, and the link before the settings on the way back. Both are applied again as a whole
//! after an interruption; the restart is what makes them hold, so it is never left out.

use bridle_core::fault::Fault;
use bridle_core::message::Message;
use bridle_core::port::Attempt;
use bridle_core::step::{KubernetesSwitch, Standing};

use super::K3s;
use super::service::Wanted;
use crate::programs;
use crate::restore_point::RestorePoints;

impl K3s {
    /// Whether k3s of the release runs with these settings and answers.
    ///
    /// # Errors
    /// A [`Fault`] if a file cannot be read or systemd not be asked.
    pub fn switched(&self, switch: &KubernetesSwitch) -> Result<Standing, Fault> {
        match self.configured(&switch.settings)? {
            Standing::Done => self.linked(&switch.settings.release).map_or_else(|| self.runs(&wanted(switch)), Ok),
            missing => Ok(missing),
        }
    }

    /// Lets k3s of the release run with these settings; its programs are in place.
    ///
    /// # Errors
    /// A [`Fault`] if a file cannot be written, or with the end of its log if it does not come up in time.
    pub fn switch(&self, switch: &KubernetesSwitch, attempt: &mut Attempt<'_>) -> Result<(), Fault> {
        self.configure(&switch.settings)?;
        programs::point(&self.layout, &self.layout.kubernetes_link(), &switch.settings.release)?;
        self.restart(&wanted(switch), attempt)
    }

    /// Whether k3s of the release runs as it did when the restore point was made.
    ///
    /// # Errors
    /// A [`Fault`] if there is no such point, a file cannot be read or systemd not be asked.
    pub fn returned(&self, point: &str, release: &str, version: &str) -> Result<Standing, Fault> {
        if let Some(path) = self.points().returned(point)? {
            return Ok(super::missing_file(&path));
        }
        self.linked(release).map_or_else(|| self.runs(&Wanted { version, emulated: None }), Ok)
    }

    /// Lets k3s of the release run as it did when the restore point was made.
    ///
    /// # Errors
    /// A [`Fault`] if the point is not what was kept, a file cannot be written, or with the end of its log if k3s does not
    /// come up in time.
    pub fn put_back(&self, point: &str, release: &str, version: &str, attempt: &mut Attempt<'_>) -> Result<(), Fault> {
        programs::point(&self.layout, &self.layout.kubernetes_link(), release)?;
        self.points().put_back(point)?;
        self.systemd.daemon_reload()?;
        self.restart(&Wanted { version, emulated: None }, attempt)
    }

    pub(super) fn points(&self) -> RestorePoints<'_> {
        RestorePoints::new(&self.layout, &*self.process, &*self.clock)
    }

    /// What is missing where the link leads elsewhere.
    pub(super) fn linked(&self, release: &str) -> Option<Standing> {
        let found = programs::pointed(&self.layout.kubernetes_link());
        (found.as_deref() != Some(release)).then(|| {
            let found = found.unwrap_or_else(|| "?".to_owned());
            Standing::Missing(Message::new("missing-program").with("found", found).with("wanted", release))
        })
    }
}

fn wanted(switch: &KubernetesSwitch) -> Wanted<'_> {
    let emulated = switch.settings.emulated.as_deref().unwrap_or_else(|| minor(&switch.version));
    Wanted { version: &switch.version, emulated: Some(emulated) }
}

/// `1.36` of `1.36.3`.
fn minor(version: &str) -> &str {
    version.rsplit_once('.').map_or(version, |(minor, _)| minor)
}
