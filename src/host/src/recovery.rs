//! A recovery on this host (`docs/FORMATS.md`): what is to be brought back, what of it is in place, and how a server's files come
//! into its volume. Whatever was there before stays beside it.

use std::fs::{self, DirBuilder};
use std::io;
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _, PermissionsExt as _, chown};
use std::path::{Path, PathBuf};

use bridle_core::backup::id::SetId;
use bridle_core::backup::recovery::{FORMAT, LARGEST, LogOrder, RecoveryOrder};
use bridle_core::fault::{Fault, FaultCode};
use bridle_core::release::{DataSource, DatabaseLog};
use bridle_core::trial::is_release;
use rustix::fs::{CWD, renameat};

use crate::files::{self, FileError};
use crate::layout::Layout;

const ORDER: &str = "order.json";
const DONE: &str = "done";
/// Says in a server's data directory which set it came from.
const MARK: &str = "bridle-set";
/// What the server is told; `ALTER SYSTEM` writes it, too.
const CONFIGURATION: &str = "postgresql.auto.conf";
/// Tells the server to ask for its log.
const SIGNAL: &str = "recovery.signal";
/// Largest configuration that is read, in bytes.
const LARGEST_CONFIGURATION: u64 = 1 << 20;

/// A recovery of one host.
#[derive(Debug, Clone)]
pub struct Recovery {
    layout: Layout,
}

impl Recovery {
    /// That of the host below `layout`.
    #[must_use]
    pub fn on_disk(layout: &Layout) -> Self {
        Self { layout: layout.clone() }
    }

    /// Writes down what is to be brought back, instead of an earlier order; of that nothing counts any more.
    ///
    /// # Errors
    /// A [`Fault`] if it cannot be written.
    pub fn begin(&self, order: &RecoveryOrder) -> Result<(), Fault> {
        if self.order()?.as_ref() == Some(order) {
            return Ok(());
        }
        self.finish()?;
        files::make_dirs(&self.dir().join(DONE), 0o700)?;
        let text = serde_json::to_string(order).map_err(|error| self.damaged().because(&error))?;
        Ok(files::write_atomic(&self.dir().join(ORDER), text.as_bytes(), 0o600)?)
    }

    /// What is to be brought back; nothing if there is no recovery.
    ///
    /// # Errors
    /// `RecoveryDamaged` if it cannot be read.
    pub fn order(&self) -> Result<Option<RecoveryOrder>, Fault> {
        let Some(text) = files::read_limited(&self.dir().join(ORDER), LARGEST)? else { return Ok(None) };
        let order: RecoveryOrder = serde_json::from_str(&text).map_err(|error| self.damaged().because(&error))?;
        if order.format == FORMAT { Ok(Some(order)) } else { Err(self.damaged()) }
    }

    /// Whether a source is in place.
    #[must_use]
    pub fn is_done(&self, source: &str) -> bool {
        is_release(source) && self.dir().join(DONE).join(source).is_file()
    }

    /// Writes down that a source is in place.
    ///
    /// # Errors
    /// A [`Fault`] if it cannot be written.
    pub fn say_done(&self, source: &str) -> Result<(), Fault> {
        plain(source, "source")?;
        Ok(files::write_atomic(&self.dir().join(DONE).join(source), b"1\n", 0o600)?)
    }

    /// Forgets the recovery; what it brought stays.
    ///
    /// # Errors
    /// A [`Fault`] if its records cannot be removed.
    pub fn finish(&self) -> Result<(), Fault> {
        let dir = self.dir();
        // The order first: without it nothing else counts.
        files::remove_if_there(&dir.join(ORDER))?;
        match fs::remove_dir_all(&dir) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(FileError::new("remove", &dir)(error).into()),
            _ => Ok(()),
        }
    }

    /// The new folder that a server's files are to be unpacked into; what an earlier try left there is gone.
    ///
    /// # Errors
    /// A [`Fault`] if it cannot be made.
    pub fn stage(&self, source: &DataSource, log: &DatabaseLog, set: SetId) -> Result<PathBuf, Fault> {
        let staged = self.staged(source, log, set)?;
        match fs::remove_dir_all(&staged) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                return Err(FileError::new("remove", &staged)(error).into());
            }
            _ => {}
        }
        files::make_dirs(&self.namespace(source)?, 0o755)?;
        make_open(&staged)?;
        Ok(staged.join(&log.data))
    }

    /// Tells the server how far it is brought back, and puts its files in their place. Nobody uses the volume meanwhile.
    ///
    /// # Errors
    /// A [`Fault`] if something cannot be written, or what was unpacked is no data directory.
    pub fn put_in_place(
        &self,
        source: &DataSource,
        log: &DatabaseLog,
        order: &LogOrder,
        set: SetId,
    ) -> Result<(), Fault> {
        let staged = self.staged(source, log, set)?;
        let data = staged.join(&log.data);
        let owner = data.metadata().map_err(FileError::new("read", &data))?;
        let owner = (owner.uid(), owner.gid());
        let path = data.join(CONFIGURATION);
        let before = files::read_limited(&path, LARGEST_CONFIGURATION)?.unwrap_or_default();
        give(&path, order.configuration(&before).as_bytes(), owner)?;
        give(&data.join(SIGNAL), b"", owner)?;
        give(&data.join(MARK), format!("{set}\n").as_bytes(), owner)?;
        files::sync_file_systems(std::slice::from_ref(&staged))?;
        self.aside(source, &log.claim, set)?;
        let place = self.namespace(source)?.join(&log.claim);
        moved(&staged, &place)?;
        Ok(files::sync_dir(&self.namespace(source)?)?)
    }

    /// Whether a server's files are those of this set already.
    #[must_use]
    pub fn is_in_place(&self, source: &DataSource, log: &DatabaseLog, set: SetId) -> bool {
        let Ok(namespace) = self.namespace(source) else { return false };
        let mark = namespace.join(&log.claim).join(&log.data).join(MARK);
        files::read_limited(&mark, 100).ok().flatten().is_some_and(|text| text.trim() == set.to_string())
    }

    /// An empty folder for the files of a claim; what was there stays beside it.
    ///
    /// # Errors
    /// A [`Fault`] if it cannot be made.
    pub fn make_room(&self, source: &DataSource, claim: &str, set: SetId) -> Result<(), Fault> {
        plain(claim, "claim")?;
        files::make_dirs(&self.namespace(source)?, 0o755)?;
        self.aside(source, claim, set)?;
        let place = self.namespace(source)?.join(claim);
        if !place.is_dir() {
            make_open(&place)?;
        }
        Ok(files::sync_dir(&self.namespace(source)?)?)
    }

    /// Moves a claim's folder aside, once: what a second try finds there is the first one's own.
    fn aside(&self, source: &DataSource, claim: &str, set: SetId) -> Result<(), Fault> {
        let namespace = self.namespace(source)?;
        let (place, kept) = (namespace.join(claim), namespace.join(format!("{claim}.before-{set}")));
        if place.symlink_metadata().is_err() || kept.symlink_metadata().is_ok() {
            return Ok(());
        }
        moved(&place, &kept)?;
        Ok(files::sync_dir(&namespace)?)
    }

    fn staged(&self, source: &DataSource, log: &DatabaseLog, set: SetId) -> Result<PathBuf, Fault> {
        plain(&log.claim, "claim")?;
        Ok(self.namespace(source)?.join(format!(".{}.{set}", log.claim)))
    }

    fn namespace(&self, source: &DataSource) -> Result<PathBuf, Fault> {
        plain(&source.namespace, "namespace")?;
        Ok(self.layout.volumes_dir().join(&source.namespace))
    }

    fn dir(&self) -> PathBuf {
        self.layout.recovery_dir()
    }

    fn damaged(&self) -> Fault {
        Fault::new(FaultCode::RecoveryDamaged).with("path", self.dir().join(ORDER).display().to_string())
    }
}

fn plain(name: &str, what: &'static str) -> Result<(), Fault> {
    if is_release(name) { Ok(()) } else { Err(Fault::new(FaultCode::RequestInvalid).with("what", what)) }
}

/// Gives a folder another name; who calls this syncs the folder above.
fn moved(from: &Path, to: &Path) -> Result<(), Fault> {
    let moved = renameat(CWD, from, CWD, to);
    Ok(moved.map_err(|error| FileError::new("rename", from)(error.into()))?)
}

/// As the provisioner of volumes makes them: pods of any user may use their volume; the folder above is closed.
fn make_open(path: &Path) -> Result<(), Fault> {
    DirBuilder::new().mode(0o777).create(path).map_err(FileError::new("write", path))?;
    Ok(fs::set_permissions(path, fs::Permissions::from_mode(0o777)).map_err(FileError::new("write", path))?)
}

fn give(path: &Path, bytes: &[u8], (user, group): (u32, u32)) -> Result<(), Fault> {
    files::write_atomic(path, bytes, 0o600)?;
    Ok(chown(path, Some(user), Some(group)).map_err(FileError::new("write", path))?)
}

#[cfg(test)]
#[allow(clippy::disallowed_methods, reason = "a test writes files")]
mod tests {
    use bridle_core::backup::id::{Incarnation, Ulid};
    use bridle_core::backup::recovery::OrderedSource;
    use bridle_core::digest::Digest;
    use bridle_core::port::Timestamp;

    use super::*;
    use crate::database::tests::source;

    fn set() -> SetId {
        SetId(Ulid::new(Timestamp(5), [3; 10]))
    }

    fn log() -> LogOrder {
        let order = include_str!("../../core/tests/fixtures/recovery-order-v1.json");
        let order: RecoveryOrder = serde_json::from_str(order).expect("fixture");
        order.sources[0].log.clone().expect("a log")
    }

    struct Bench {
        folder: tempfile::TempDir,
        recovery: Recovery,
    }

    fn bench() -> Bench {
        let folder = tempfile::tempdir().expect("folder");
        let recovery = Recovery::on_disk(&Layout::under(folder.path()));
        Bench { folder, recovery }
    }

    #[test]
    fn an_order_counts_until_it_is_forgotten_and_another_one_forgets_what_was_done() {
        let Bench { recovery, .. } = bench();
        assert_eq!(recovery.order(), Ok(None));
        let ordered = OrderedSource { source: source(), snapshot: Digest::of(b"x"), log: Some(log()) };
        let mut order = RecoveryOrder {
            format: FORMAT,
            set: set(),
            repository: "attic".parse().expect("a name"),
            incarnation: Incarnation(set().0),
            sources: vec![ordered],
        };
        recovery.begin(&order).expect("written");
        recovery.say_done("database").expect("written");
        recovery.begin(&order).expect("the same");
        assert!(recovery.is_done("database") && !recovery.is_done("other") && !recovery.is_done("../order.json"));
        order.sources.clear();
        recovery.begin(&order).expect("another");
        assert!(!recovery.is_done("database"));
        assert_eq!(recovery.order(), Ok(Some(order)));
        recovery.finish().expect("forgotten");
        recovery.finish().expect("twice");
        assert_eq!(recovery.order(), Ok(None));
    }

    #[test]
    fn a_servers_files_take_the_place_of_what_was_there_which_stays() {
        let Bench { folder, recovery } = bench();
        let (source, log_of) = (source(), source().log.expect("a log"));
        let claim = folder.path().join("var/lib/bridle/volumes/campus/data-database-0");
        fs::create_dir_all(claim.join("pgdata")).expect("folder");
        fs::write(claim.join("pgdata/PG_VERSION"), "14\n").expect("write");
        for _ in 0..2 {
            let data = recovery.stage(&source, &log_of, set()).expect("staged");
            fs::create_dir(&data).expect("folder");
            fs::write(data.join(CONFIGURATION), "recovery_target_name = 'x'\n").expect("write");
            fs::write(data.join("PG_VERSION"), "15\n").expect("write");
        }
        assert!(!recovery.is_in_place(&source, &log_of, set()));
        recovery.put_in_place(&source, &log_of, &log(), set()).expect("in place");
        assert!(recovery.is_in_place(&source, &log_of, set()));
        assert_eq!(fs::read_to_string(claim.join("pgdata/PG_VERSION")).expect("read"), "15\n");
        assert!(claim.join("pgdata/recovery.signal").is_file());
        let told = fs::read_to_string(claim.join("pgdata").join(CONFIGURATION)).expect("read");
        assert!(told.contains("hot_standby = 'off'") && !told.contains("recovery_target_name"), "{told}");
        let kept = claim.with_file_name(format!("data-database-0.before-{}", set()));
        assert_eq!(fs::read_to_string(kept.join("pgdata/PG_VERSION")).expect("kept"), "14\n");
        assert_eq!(claim.metadata().expect("there").permissions().mode() & 0o777, 0o777);
    }

    #[test]
    fn room_for_a_volume_is_made_once() {
        let Bench { folder, recovery } = bench();
        let claim = folder.path().join("var/lib/bridle/volumes/campus/files");
        fs::create_dir_all(&claim).expect("folder");
        fs::write(claim.join("old"), "x").expect("write");
        recovery.make_room(&source(), "files", set()).expect("room");
        fs::write(claim.join("new"), "x").expect("write");
        recovery.make_room(&source(), "files", set()).expect("again");
        assert!(claim.join("new").is_file() && !claim.join("old").exists());
        assert!(recovery.make_room(&source(), "../x", set()).is_err());
    }
}
