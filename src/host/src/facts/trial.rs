//! What is tried with files of our own: whether writes are kept, whether layers of images can be, how fast a write is
//! safe. Everything is removed again, and the folder keeps its times.

use std::fs::{self, File};
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::DirBuilderExt as _;
use std::path::Path;
use std::time::Duration;

use bridle_core::facts::{SyncTimes, Trial};
use bridle_core::port::Clock;
use rustix::fs::{AtFlags, CWD, FileType, Mode, OFlags, Timespec, Timestamps, XattrFlags};
use rustix::io::Errno;

use crate::files::FileError;

/// Bytes of each write: etcd's own advice for such a measurement.
const WRITE: usize = 2300;
/// So many writes are measured …
const WRITES: usize = 200;
/// … or as many as there are in this time.
const LIMIT: Duration = Duration::from_secs(3);
/// An attribute of the name space that overlayfs uses.
const ATTRIBUTE: &str = "trusted.overlay.bridle";

/// Tries `folder`; absent where nothing can be told (no room, no right).
pub(super) fn of(folder: &Path) -> Option<Trial> {
    let before = fs::metadata(folder).ok()?;
    let own = folder.join(format!(".bridle-preflight-{}", std::process::id()));
    let trial = fs::DirBuilder::new().mode(0o700).create(&own).and_then(|()| {
        let trial = tried(&own);
        let _removed = fs::remove_dir_all(&own);
        trial
    });
    keep_times(folder, &before);
    match trial {
        Ok(trial) => Some(trial),
        Err(error) if says_nothing(&error) => None,
        Err(_) => Some(Trial { durable: false, entry_kinds: true, attributes: true }),
    }
}

/// Errors that other checks name better: no room, no right.
fn says_nothing(error: &io::Error) -> bool {
    use io::ErrorKind as Kind;
    matches!(
        error.kind(),
        Kind::StorageFull
            | Kind::QuotaExceeded
            | Kind::PermissionDenied
            | Kind::ReadOnlyFilesystem
            | Kind::AlreadyExists
            | Kind::NotFound
    )
}

fn tried(own: &Path) -> io::Result<Trial> {
    let path = own.join("b");
    let content = [0x5a; WRITE];
    crate::files::write_atomic(&path, &content, 0o600).map_err(|FileError { source, .. }| source)?;
    let mut file = File::open(&path)?;
    let mut back = Vec::new();
    io::Read::by_ref(&mut file).take(2 * WRITE as u64).read_to_end(&mut back)?;
    Ok(Trial { durable: back == content, entry_kinds: entry_kinds(own)?, attributes: attributes(&file)? })
}

/// Whether the folder itself says what its entries are.
fn entry_kinds(folder: &Path) -> io::Result<bool> {
    let entries = rustix::fs::Dir::read_from(File::open(folder)?)?;
    for entry in entries {
        let entry = entry?;
        if entry.file_name() == c"b" {
            return Ok(entry.file_type() == FileType::RegularFile);
        }
    }
    Ok(false)
}

fn attributes(file: &File) -> io::Result<bool> {
    match rustix::fs::fsetxattr(file, ATTRIBUTE, b"y", XattrFlags::empty()) {
        Ok(()) => Ok(true),
        Err(Errno::OPNOTSUPP) => Ok(false),
        // Not for us to say: the right to these attributes is missing here, and containerd will have it.
        Err(Errno::PERM | Errno::ACCESS) => Ok(true),
        Err(error) => Err(error.into()),
    }
}

/// What was tried is no change of the folder.
fn keep_times(folder: &Path, before: &fs::Metadata) {
    use std::os::unix::fs::MetadataExt as _;
    let at = |tv_sec, tv_nsec| Timespec { tv_sec, tv_nsec };
    let times = Timestamps {
        last_access: at(before.atime(), before.atime_nsec()),
        last_modification: at(before.mtime(), before.mtime_nsec()),
    };
    let _kept = rustix::fs::utimensat(CWD, folder, &times, AtFlags::empty());
}

/// How long small writes with fsync take at `path` or its nearest parent; absent where the file system has no files
/// without a name, or there is no room. Such a file is gone whenever this program ends.
pub(super) fn sync_times(path: &Path, clock: &dyn Clock) -> Option<SyncTimes> {
    let folder = super::places::nearest(path);
    let flags = OFlags::TMPFILE | OFlags::WRONLY | OFlags::CLOEXEC;
    let mut file = File::from(rustix::fs::open(&folder, flags, Mode::RUSR | Mode::WUSR).ok()?);
    let content = [0x5a; WRITE];
    let start = clock.monotonic();
    let mut micros = Vec::with_capacity(WRITES);
    while micros.len() < WRITES && clock.monotonic().saturating_sub(start) < LIMIT {
        let before = clock.monotonic();
        file.write_all(&content).and_then(|()| file.sync_data()).ok()?;
        let took = clock.monotonic().saturating_sub(before);
        micros.push(u64::try_from(took.as_micros()).unwrap_or(u64::MAX));
    }
    SyncTimes::of(micros)
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU64, Ordering};

    use bridle_core::port::Timestamp;

    use super::*;
    use crate::clock::SystemClock;

    #[test]
    fn a_trial_leaves_the_folder_as_it_was() {
        use std::os::unix::fs::MetadataExt as _;
        let folder = tempfile::tempdir().expect("dir");
        let long_ago = Timespec { tv_sec: 1_000_000, tv_nsec: 5 };
        let times = Timestamps { last_access: long_ago, last_modification: long_ago };
        rustix::fs::utimensat(CWD, folder.path(), &times, AtFlags::empty()).expect("times");
        let trial = of(folder.path()).expect("tried");
        assert!(trial.durable && trial.entry_kinds && trial.attributes, "{trial:?}");
        let after = fs::metadata(folder.path()).expect("metadata");
        assert_eq!((after.mtime(), after.mtime_nsec()), (1_000_000, 5));
        assert_eq!(fs::read_dir(folder.path()).expect("list").count(), 0);
    }

    #[test]
    fn where_nothing_can_be_made_nothing_is_told() {
        assert_eq!(of(Path::new("/proc/self")), None);
        assert_eq!(of(Path::new("/no/such/folder")), None);
    }

    #[test]
    fn writes_are_measured_and_nothing_stays() {
        let folder = tempfile::tempdir().expect("dir");
        let times = sync_times(&folder.path().join("server/db"), &SystemClock).expect("times");
        assert!(times.count >= 5 && times.median <= times.p99, "{times:?}");
        assert_eq!(fs::read_dir(folder.path()).expect("list").count(), 0);
    }

    /// Every look at it takes as long as a very slow disk.
    struct SlowClock(AtomicU64);

    impl Clock for SlowClock {
        fn now(&self) -> Timestamp {
            Timestamp(0)
        }

        fn monotonic(&self) -> Duration {
            Duration::from_millis(self.0.fetch_add(100, Ordering::Relaxed))
        }

        fn sleep(&self, _: Duration) {}
    }

    #[test]
    fn the_measurement_ends_in_time_on_a_slow_disk() {
        let folder = tempfile::tempdir().expect("dir");
        let times = sync_times(folder.path(), &SlowClock(AtomicU64::new(0))).expect("times");
        // Three looks for each write: 0.3 s of the three seconds.
        assert_eq!((times.count, times.median, times.p99), (10, 100_000, 100_000));
    }
}
