//! Which labs exist on this machine, and whose they are: one file a lab in `/run/bridle-lab`.

use super::{Error, Result, process_table, wait};
use rustix::fs::{FlockOperation, flock};
use serde::{Deserialize, Serialize};
use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::Duration;

const FOLDER: &str = "/run/bridle-lab";
/// How long another run may take with its sweep or its allocation.
const LOCK_LIMIT: Duration = Duration::from_secs(180);

/// What is known of a lab; written before anything of it is made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Record {
    /// The lab's name, chosen by its maker.
    pub name: String,
    /// N of its address range 198.18.N.0/24, and of its id.
    pub number: u8,
    /// Whether its hosts see the same addresses as those of every other such lab.
    #[serde(default)]
    pub equal: bool,
    pub owner: Owner,
    /// Which start of the machine it belongs to (`/proc/sys/kernel/random/boot_id`).
    pub boot: String,
    /// Where its images are.
    pub folder: PathBuf,
    /// Whether it outlives its owner.
    pub kept: bool,
    pub hosts: Vec<HostRecord>,
}

/// The process a lab belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Owner {
    pub pid: u32,
    pub started: u64,
}

/// A host of a lab.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct HostRecord {
    pub name: String,
    /// The last number of its address.
    pub number: u8,
}

impl Owner {
    pub fn this_process() -> Self {
        let pid = std::process::id();
        let started = process_table::entry(pid).map_or(0, |entry| entry.started);
        Self { pid, started }
    }
}

impl Record {
    /// The short name that begins the name of everything the lab makes.
    pub fn id(&self) -> String {
        id(self.number)
    }

    /// Whether nobody will come back for it.
    pub fn is_abandoned(&self, boot: &str) -> bool {
        let owned = process_table::runs(self.owner.pid, self.owner.started);
        self.boot != boot || !(self.kept || owned)
    }

    /// Writes it, atomically.
    pub fn save(&self) -> Result<()> {
        let path = path_of(&self.id());
        let partial = path.with_extension("partial");
        let text = serde_json::to_vec(self)
            .map_err(|source| Error::Unreadable { what: format!("the record of lab {}", self.name), source })?;
        let mut file = File::create(&partial).map_err(Error::file("create", &partial))?;
        file.write_all(&text).map_err(Error::file("write", &partial))?;
        file.sync_all().map_err(Error::file("sync", &partial))?;
        fs::rename(&partial, &path).map_err(Error::file("rename", &partial))
    }

    /// Takes it out of the registry: nothing of the lab is left.
    pub fn forget(&self) -> Result<()> {
        let path = path_of(&self.id());
        fs::remove_file(&path).map_err(Error::file("remove", &path))
    }
}

pub(crate) fn id(number: u8) -> String {
    format!("bl{number}")
}

fn path_of(id: &str) -> PathBuf {
    Path::new(FOLDER).join(format!("{id}.json"))
}

/// Nobody else makes or sweeps labs while this is held.
#[derive(Debug)]
pub(crate) struct Lock(File);

/// Takes the registry's lock.
pub(crate) fn lock() -> Result<Lock> {
    fs::create_dir_all(FOLDER).map_err(Error::file("create", FOLDER))?;
    let path = Path::new(FOLDER).join("lock");
    let file = File::create(&path).map_err(Error::file("create", &path))?;
    let taken = wait::poll("the lock of the lab registry", LOCK_LIMIT, Duration::from_millis(50), || {
        flock(&file, FlockOperation::NonBlockingLockExclusive).is_ok()
    });
    taken.map(|()| Lock(file))
}

impl Lock {
    /// All records.
    pub fn records(&self) -> Result<Vec<Record>> {
        let mut records = Vec::new();
        for entry in fs::read_dir(FOLDER).map_err(Error::file("list", FOLDER))?.flatten() {
            let path = entry.path();
            if path.extension().is_some_and(|extension| extension == "json") {
                let text = fs::read(&path).map_err(Error::file("read", &path))?;
                let record = serde_json::from_slice(&text)
                    .map_err(|source| Error::Unreadable { what: path.display().to_string(), source })?;
                records.push(record);
            }
        }
        Ok(records)
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        // Closing the file releases it anyway.
        let _released = flock(&self.0, FlockOperation::Unlock);
    }
}

/// The id of this start of the machine.
pub(crate) fn boot_id() -> Result<String> {
    const FILE: &str = "/proc/sys/kernel/random/boot_id";
    let text = fs::read_to_string(FILE).map_err(Error::file("read", FILE))?;
    Ok(text.trim().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(owner: Owner, kept: bool) -> Record {
        Record {
            name: "x".to_owned(),
            number: 17,
            equal: false,
            owner,
            boot: "now".to_owned(),
            folder: "/nowhere".into(),
            kept,
            hosts: Vec::new(),
        }
    }

    #[test]
    fn a_lab_is_abandoned_when_its_owner_is_gone_unless_kept() {
        let me = Owner::this_process();
        let gone = Owner { started: me.started + 1, ..me };
        assert!(!record(me, false).is_abandoned("now"));
        assert!(record(gone, false).is_abandoned("now"));
        assert!(!record(gone, true).is_abandoned("now"));
        assert!(record(me, true).is_abandoned("after a restart of the machine"));
    }
}
