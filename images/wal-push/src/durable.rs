//! Files that are there whole and on disk, or not at all.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::Path;
use std::time::{Duration, Instant};

use sha2::{Digest as _, Sha256};

use crate::words::{Digest, LARGEST, MARK, MARK_TEXT};

/// Largest segment that PostgreSQL knows, in bytes.
const LARGEST_FILE: u64 = 1 << 30;
const CHUNK: usize = 64 * 1024;
/// How often is looked for an answer: soon first, then twice a second.
const PAUSES: [u64; 6] = [5, 10, 20, 50, 100, 500];

/// Copies `from` to `to` by way of a hidden file beside it: written, synced, renamed, the directory synced. Gives its digest.
pub fn copy(from: &Path, to: &Path) -> Result<Digest, String> {
    let part = part_of(to);
    let copied: Result<Digest, String> = (|| {
        let mut source = File::open(from).map_err(said("open", from))?;
        // Always a new file: after a failed sync nobody knows what of the old one is on disk.
        remove(&part)?;
        let target = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&part);
        let mut target = target.map_err(said("make", &part))?;
        let digest = pass(&mut source, &mut |bytes| target.write_all(bytes)).map_err(said("copy", from))?;
        target.sync_all().map_err(said("sync", &part))?;
        Ok(digest)
    })();
    if copied.is_err() {
        let _gives_space_back = fs::remove_file(&part);
    }
    let digest = copied?;
    publish(&part, to)?;
    Ok(digest)
}

/// Writes a small file in the same way.
pub fn write(to: &Path, text: &str) -> Result<(), String> {
    let part = part_of(to);
    remove(&part)?;
    let file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&part);
    let mut file = file.map_err(said("make", &part))?;
    file.write_all(text.as_bytes()).and_then(|()| file.sync_all()).map_err(said("write", &part))?;
    publish(&part, to)
}

/// The digest of a file; `None` if there is none.
pub fn digest_of(path: &Path) -> Result<Option<Digest>, String> {
    match File::open(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(said("open", path)(error)),
        Ok(mut file) => pass(&mut file, &mut |_| Ok(())).map(Some).map_err(said("read", path)),
    }
}

/// The words of a small file; `None` if there is none, or it is not text.
pub fn words_of(path: &Path) -> Result<Option<String>, String> {
    let file = match File::open(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        opened => opened.map_err(said("open", path))?,
    };
    let mut bytes = Vec::new();
    file.take(LARGEST + 1).read_to_end(&mut bytes).map_err(said("read", path))?;
    Ok(String::from_utf8(bytes).ok().filter(|text| text.len() as u64 <= LARGEST))
}

/// Removes a file; it is no error if there is none.
pub fn remove(path: &Path) -> Result<(), String> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(said("remove", path)(error)),
        _ => Ok(()),
    }
}

/// Whether this is a spool that an agent serves: an empty mount point is none, and nothing is written there.
pub fn is_spool(spool: &Path) -> Result<(), String> {
    match words_of(&spool.join(MARK))?.as_deref() {
        Some(MARK_TEXT) => Ok(()),
        Some(_) => Err(format!("{} is a spool of another version", spool.display())),
        None => Err(format!("{} is no spool: it is not mounted, or no agent serves it", spool.display())),
    }
}

/// The only one of its kind at work in the spool, until what is given goes.
pub fn alone(spool: &Path, kind: &str, until: Instant) -> Result<File, String> {
    let path = spool.join(format!(".{kind}.lock"));
    let file = OpenOptions::new().write(true).create(true).truncate(false).mode(0o600).open(&path);
    let file = file.map_err(said("open", &path))?;
    wait(until, &mut || match file.try_lock() {
        Ok(()) => Ok(Some(())),
        Err(fs::TryLockError::WouldBlock) => Ok(None),
        Err(fs::TryLockError::Error(error)) => Err(said("lock", &path)(error)),
    })?
    .ok_or_else(|| "another one of this program is at work for too long".to_owned())?;
    Ok(file)
}

/// Looks until there is something or the time has come; `None` if nothing came.
pub fn wait<T>(until: Instant, look: &mut dyn FnMut() -> Result<Option<T>, String>) -> Result<Option<T>, String> {
    let mut pauses = PAUSES.iter().flat_map(|pause| std::iter::repeat_n(*pause, 4));
    loop {
        if let Some(found) = look()? {
            return Ok(Some(found));
        }
        let left = until.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Ok(None);
        }
        let pause = Duration::from_millis(pauses.next().unwrap_or(PAUSES[PAUSES.len() - 1]));
        std::thread::sleep(pause.min(left));
    }
}

/// Copies this program into a directory.
pub fn install(directory: &Path) -> Result<(), String> {
    let own = Path::new("/proc/self/exe");
    let to = directory.join("wal-push");
    let part = part_of(&to);
    remove(&part)?;
    fs::copy(own, &part).map_err(said("copy", &part))?;
    fs::set_permissions(&part, fs::Permissions::from_mode(0o755)).map_err(said("change", &part))?;
    File::open(&part).and_then(|file| file.sync_all()).map_err(said("sync", &part))?;
    publish(&part, &to)
}

fn publish(part: &Path, to: &Path) -> Result<(), String> {
    fs::rename(part, to).map_err(said("rename", to))?;
    sync_dir(to)
}

/// Brings the name of `path` to disk.
pub fn sync_dir(path: &Path) -> Result<(), String> {
    let dir = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    File::open(dir).and_then(|dir| dir.sync_all()).map_err(said("sync", dir))
}

fn part_of(path: &Path) -> std::path::PathBuf {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    path.with_file_name(format!(".{name}.part"))
}

fn pass(source: &mut File, sink: &mut dyn FnMut(&[u8]) -> io::Result<()>) -> io::Result<Digest> {
    let (mut hash, mut size, mut chunk) = (Sha256::new(), 0_u64, vec![0; CHUNK]);
    loop {
        let read = source.read(&mut chunk)?;
        if read == 0 {
            break;
        }
        size += read as u64;
        if size > LARGEST_FILE {
            return Err(io::Error::new(io::ErrorKind::FileTooLarge, "larger than any segment"));
        }
        hash.update(&chunk[..read]);
        sink(&chunk[..read])?;
    }
    let hex: String = hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect();
    Ok(Digest { text: format!("sha256:{hex}"), size })
}

fn said(what: &'static str, path: &Path) -> impl Fn(io::Error) -> String {
    let path = path.display().to_string();
    move |error| format!("{what} {path}: {error}")
}
