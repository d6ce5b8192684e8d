//! Putting agent and content in place and handing over. Each act may be repeated after any interruption; nothing runs by
//! itself before the journal's first record, which is written last.

use std::ops::ControlFlow;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use bridle_bundle::file::{Section, VerifiedBundle};
use bridle_bundle::store::{Store, StoreError};
use bridle_bundle::trust::{Newest, PublicKey, Seen, TrustedKeys};
use bridle_core::event::{Event, EventKind};
use bridle_core::fault::{Fault, FaultCode};
use bridle_core::message::Message;
use bridle_core::operation::OperationId;
use bridle_core::plan::Plan;
use bridle_core::port::{Clock, Command, Process};
use bridle_core::release::ReleaseManifest;
use bridle_core::wording;
use bridle_host::layout::Layout;
use bridle_host::programs::{self, put};
use bridle_host::units::{self, Systemd};
use bridle_host::{files, journal};

use crate::console::Console;
use crate::fault::{of_store, of_trust};

const GROUP: &str = "bridle";

/// The host that is worked on.
#[derive(Clone)]
pub struct Host {
    pub layout: Layout,
    pub process: Arc<dyn Process>,
    pub clock: Arc<dyn Clock>,
    /// Set by Ctrl-C once work has begun.
    pub stop: Arc<AtomicBool>,
}

/// How an act ended that Ctrl-C can stop.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ended {
    /// Done.
    Whole,
    /// Stopped; a repetition goes on.
    Stopped,
}

impl Host {
    /// Directories, trust and the text of the profile, after the account of what was here before: an uninstallation goes by it.
    pub fn ground(&self, key: &PublicKey, profile: &str) -> Result<(), Fault> {
        let layout = &self.layout;
        bridle_host::removal::record(layout, &*self.process)?;
        for directory in [layout.etc_dir(), layout.trust_dir(), layout.releases_dir()] {
            files::make_dirs(&directory, 0o755)?;
        }
        files::make_dirs(&layout.data_dir(), 0o711)?;
        files::make_dirs(&layout.journal_dir(), 0o750)?;
        let trust_dir = layout.trust_dir();
        let known = TrustedKeys::load(&trust_dir).map_err(|error| of_trust(&error, &trust_dir))?;
        if !known.keys().contains(key) {
            let path = trust_dir.join(format!("{}.pub", key.id()));
            files::write_atomic(&path, key.to_text().as_bytes(), 0o644)?;
        }
        put(&layout.site_file(), profile.as_bytes(), 0o640)
    }

    /// Takes the release into the store; what an earlier run brought is not copied again.
    pub fn store(
        &self,
        console: &mut Console,
        bundle: VerifiedBundle<Section>,
        file: &Path,
    ) -> Result<(Store, Ended), Fault> {
        let path = self.layout.store_dir();
        let failed = |error: &StoreError| of_store(error, &path, file);
        let store = Store::open(&path).map_err(|error| failed(&error))?;
        let total = bundle.contents().size();
        let (name, digest) = (bundle.contents().release.name.clone(), bundle.contents().digest);
        let newest = Newest { sequence: bundle.contents().release.sequence, release: digest };
        let said = |done, language| {
            Message::new("install-ingest")
                .with("done", wording::bytes(done, language))
                .with("total", wording::bytes(total, language))
        };
        let language = console.language;
        let mut shown = Duration::ZERO;
        let result = store.ingest(bundle, self.clock.now().0 / 1000, &mut |progress| {
            let now = self.clock.monotonic();
            if now.saturating_sub(shown) >= Duration::from_millis(200) {
                shown = now;
                console.progress(&said(progress.done, language), false);
            }
            if self.stop.load(Ordering::Relaxed) { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        });
        match result {
            Ok(_) => {
                console.progress(&said(total, language), true);
                let trust = self.layout.trust_dir();
                Seen::keep(&trust, [(name.as_str(), newest)].into_iter()).map_err(|error| of_trust(&error, &trust))?;
                Ok((store, Ended::Whole))
            }
            Err(_) if self.stop.load(Ordering::Relaxed) => Ok((store, Ended::Stopped)),
            Err(error) => Err(failed(&error)),
        }
    }

    /// Programs out of the store, the links to the release whose programs run, and the command on the path.
    pub fn programs(&self, store: &Store, release: &ReleaseManifest) -> Result<(), Fault> {
        let layout = &self.layout;
        programs::place(layout, release, &|digest| Some(store.blob_path(digest)))?;
        for link in [layout.launcher_link(), layout.kubernetes_link(), layout.current_link()] {
            programs::point(layout, &link, &release.id())?;
        }
        programs::command(layout)
    }

    /// The group whose members may talk to the agent, and the agent's units.
    pub fn service(&self) -> Result<(), Fault> {
        if self.run("/usr/bin/getent", &["group", GROUP])? != 0 {
            match self.run("/usr/sbin/groupadd", &["--system", GROUP])? {
                0 | 9 => {} // 9: the name is there by now
                code => {
                    let fault = Fault::new(FaultCode::ProgramFailed).with("program", "groupadd");
                    return Err(fault.output(&format!("exit code {code}")));
                }
            }
        }
        let units_dir = self.layout.units_dir();
        files::make_dirs(&units_dir, 0o755)?;
        for (unit, text) in units::of_agent() {
            put(&units_dir.join(unit), text.as_bytes(), 0o644)?;
        }
        // Enabled, but with nothing to do, until there is a journal: whenever the power goes after that, the agent goes on.
        let systemd = Systemd::new(Arc::clone(&self.process));
        systemd.daemon_reload()?;
        for (unit, _) in units::of_agent() {
            systemd.enable(unit)?;
        }
        Ok(files::sync_file_systems(&[units_dir])?)
    }

    /// The confirmed plan as the first record of a journal: from here on the agent goes on by itself.
    pub fn approve(&self, plan: Plan, by: &str) -> Result<OperationId, Fault> {
        let taken = journal::list(&self.layout.journal_dir())?;
        let time = self.clock.now();
        let id = OperationId::next(time, plan.kind(), &taken);
        let format = bridle_core::journal::FORMAT;
        let kind = EventKind::Approved { format, by: by.to_owned(), plan: Box::new(plan) };
        journal::create(&self.layout.journal_dir(), &Event { seq: 1, operation: id.clone(), time, kind })?;
        Ok(id)
    }

    /// Starts the agent; one that runs already is started anew, so that it finds the journal's first record.
    pub fn start_anew(&self) -> Result<(), Fault> {
        Systemd::new(Arc::clone(&self.process)).restart(units::AGENT)
    }

    /// Starts the agent if it does not run.
    pub fn start(&self) -> Result<(), Fault> {
        Systemd::new(Arc::clone(&self.process)).start(units::AGENT)
    }

    fn run(&self, program: &str, args: &[&str]) -> Result<i32, Fault> {
        let command = Command::new(program).args(args.iter().copied()).env("LC_ALL", "C");
        let output = self
            .process
            .run(&command, &|| false)
            .map_err(|error| Fault::new(FaultCode::ProgramFailed).with("program", program).because(&error))?;
        Ok(output.code)
    }
}
