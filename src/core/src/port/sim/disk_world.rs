//! A host and a cluster whose effects are files: what a step leaves can be half done, torn, and lost with the power.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use super::{Effect, cluster_effects, host_effect, keys, lock, vault_effect};
use crate::backup::plan::VaultStep;
use crate::durable::{self, FileError};
use crate::fault::{Fault, FaultCode};
use crate::message::Message;
use crate::port::fs::FileSystem;
use crate::port::{Attempt, Cluster, Host, Vault};
use crate::step::{ClusterStep, HostStep, Standing, Step};

/// Each effect is a directory: a file of ours and a link, written durably, and a file that somebody else (k3s, helm, a pod)
/// writes in pieces and never syncs.
#[derive(Debug)]
pub struct DiskWorld {
    fs: Arc<dyn FileSystem>,
    root: PathBuf,
    refusals: Mutex<BTreeMap<String, u32>>,
}

/// Bytes that others write at a time.
const PIECE: usize = 600;
/// Longest file of this world, in bytes.
const LONGEST: u64 = 1024 * 1024;

impl DiskWorld {
    /// The world below `root`, which is made.
    ///
    /// # Errors
    /// A [`FileError`] if it cannot be made.
    pub fn new(fs: Arc<dyn FileSystem>, root: &Path) -> Result<Self, FileError> {
        durable::make_dirs(&*fs, root, 0o755)?;
        Ok(Self { fs, root: root.to_owned(), refusals: Mutex::default() })
    }

    /// Makes the next `times` attempts at steps of this name fail, after half of their effect.
    pub fn fail(&self, name: &str, times: u32) {
        lock(&self.refusals).insert(name.to_owned(), times);
    }

    /// Puts there, on disk, what `step` would take away; nothing for a step that brings something.
    ///
    /// # Errors
    /// A [`Fault`] if that cannot be written.
    pub fn seed(&self, step: &Step) -> Result<(), Fault> {
        for (key, _) in effects(step).into_iter().filter(|(_, content)| content.is_none()) {
            self.bring(&key, "what was there before", || Ok(()))?;
            self.fs.sync_file_system(&self.root).map_err(FileError::new("sync", &self.root))?;
        }
        Ok(())
    }

    /// Puts there, on disk, what `step` makes; nothing for a step that takes something away.
    ///
    /// # Errors
    /// A [`Fault`] if that cannot be written.
    pub fn put(&self, step: &Step) -> Result<(), Fault> {
        for (key, content) in effects(step) {
            if let Some(content) = content {
                self.bring(&key, &content, || Ok(()))?;
                self.fs.sync_file_system(&self.root).map_err(FileError::new("sync", &self.root))?;
            }
        }
        Ok(())
    }

    /// The release whose agent would be started: what [`HostStep::SwitchAgent`] left, if there is anything.
    ///
    /// # Errors
    /// A [`Fault`] if that cannot be read.
    pub fn agent(&self) -> Result<Option<String>, Fault> {
        let switch = HostStep::SwitchAgent { release: String::new(), from: String::new() };
        let unit = self.dir(&host_effect(&switch).0).join("unit");
        let found = durable::read_bytes(&*self.fs, &unit, LONGEST)?;
        let text = found.map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
        Ok(text.and_then(|text| Some(text.trim_end().strip_prefix("unit of ")?.to_owned())))
    }

    /// The directories that `step` makes or takes away.
    #[must_use]
    pub fn places(&self, step: &Step) -> Vec<PathBuf> {
        effects(step).iter().map(|(key, _)| self.dir(key)).collect()
    }

    fn dir(&self, key: &str) -> PathBuf {
        self.root.join(key.replace('/', "-"))
    }

    fn standing(&self, step: &Step) -> Result<Standing, Fault> {
        for (key, want) in effects(step) {
            if !self.stands(&key, want.as_deref())? {
                return Ok(Standing::Missing(Message::new("sim-missing").with("what", key)));
            }
        }
        Ok(Standing::Done)
    }

    fn stands(&self, key: &str, want: Option<&str>) -> Result<bool, Fault> {
        let dir = self.dir(key);
        let Some(content) = want else { return Ok(!self.there(&dir)?) };
        let mut same = true;
        for (name, text) in [("unit", ours(content)), ("theirs", theirs(content))] {
            let found = durable::read_bytes(&*self.fs, &dir.join(name), LONGEST)?;
            same &= found.is_some_and(|bytes| bytes == text.as_bytes());
        }
        Ok(same && self.fs.read_link(&dir.join("current")).is_ok_and(|target| target == Path::new("unit")))
    }

    fn there(&self, path: &Path) -> Result<bool, Fault> {
        match self.fs.look(path) {
            Ok(_) => Ok(true),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(false),
            Err(error) => Err(FileError::new("open", path)(error).into()),
        }
    }

    fn change(&self, step: &Step) -> Result<(), Fault> {
        let name = step.name();
        let halfway = || match lock(&self.refusals).get_mut(name).filter(|left| **left > 0) {
            Some(left) => {
                *left -= 1;
                Err(Fault::new(FaultCode::ProgramFailed).with("program", name))
            }
            None => Ok(()),
        };
        effects(step).into_iter().try_for_each(|(key, want)| match want {
            Some(content) => self.bring(&key, &content, halfway),
            None => self.take(&key, halfway),
        })
    }

    fn bring(&self, key: &str, content: &str, halfway: impl Fn() -> Result<(), Fault>) -> Result<(), Fault> {
        let (fs, dir) = (&*self.fs, self.dir(key));
        durable::make_dirs(fs, &dir, 0o755)?;
        durable::write_atomic(fs, &dir.join("unit"), ours(content).as_bytes(), 0o640)?;
        halfway()?;
        durable::symlink_atomic(fs, Path::new("unit"), &dir.join("current"))?;
        let path = dir.join("theirs");
        let failed = |error| Fault::from(FileError::new("write", &path)(error));
        if self.there(&path)? {
            fs.remove_file(&path).map_err(failed)?;
        }
        let file = fs.create(&path, 0o600).map_err(failed)?;
        theirs(content).as_bytes().chunks(PIECE).try_for_each(|piece| file.write(piece)).map_err(failed)
    }

    fn take(&self, key: &str, halfway: impl Fn() -> Result<(), Fault>) -> Result<(), Fault> {
        let (fs, dir) = (&*self.fs, self.dir(key));
        if !self.there(&dir)? {
            return Ok(());
        }
        let gone = |error| Fault::from(FileError::new("remove", &dir)(error));
        let theirs = dir.join("theirs");
        if self.there(&theirs)? {
            fs.remove_file(&theirs).map_err(gone)?;
        }
        durable::remove_if_there(fs, &dir.join("current"))?;
        halfway()?;
        durable::remove_if_there(fs, &dir.join("unit"))?;
        fs.remove_dir(&dir).map_err(gone)?;
        Ok(durable::sync_dir(fs, &self.root)?)
    }
}

impl Host for DiskWorld {
    fn probe(&self, step: &HostStep) -> Result<Standing, Fault> {
        self.standing(&Step::Host(step.clone()))
    }

    fn apply(&self, step: &HostStep, _attempt: &mut Attempt<'_>) -> Result<(), Fault> {
        self.change(&Step::Host(step.clone()))
    }

    fn sync(&self, _step: &Step) -> Result<(), Fault> {
        Ok(self.fs.sync_file_system(&self.root).map_err(FileError::new("sync", &self.root))?)
    }
}

impl Cluster for DiskWorld {
    fn probe(&self, step: &ClusterStep) -> Result<Standing, Fault> {
        self.standing(&Step::Cluster(step.clone()))
    }

    fn apply(&self, step: &ClusterStep, attempt: &mut Attempt<'_>) -> Result<(), Fault> {
        attempt.progress.waiting(Message::new("sim-missing").with("what", keys(&cluster_effects(step))));
        self.change(&Step::Cluster(step.clone()))
    }
}

impl Vault for DiskWorld {
    fn probe(&self, step: &VaultStep) -> Result<Standing, Fault> {
        self.standing(&Step::Vault(step.clone()))
    }

    fn apply(&self, step: &VaultStep, _attempt: &mut Attempt<'_>) -> Result<(), Fault> {
        self.change(&Step::Vault(step.clone()))
    }
}

fn effects(step: &Step) -> Vec<Effect> {
    match step {
        Step::Host(step) => vec![host_effect(step)],
        Step::Cluster(step) => cluster_effects(step),
        Step::Vault(step) => vec![vault_effect(step)],
    }
}

fn ours(content: &str) -> String {
    format!("unit of {content}\n")
}

/// What others write: three pieces.
fn theirs(content: &str) -> String {
    let digest = crate::digest::Digest::of(content.as_bytes()).hex();
    digest.repeat(PIECE * 5 / 2 / digest.len())
}
