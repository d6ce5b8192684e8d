//! Restore points: what is needed to go back, copied and proven before anything is changed.
//!
//! `restore-point.json` is written last, so a point is there completely or not at all (`docs/FORMATS.md`). What is below
//! `data/` in a point's folder belongs to others.

mod copies;
mod exports;
mod kept;
mod proof;
mod record;
#[cfg(test)]
mod tests;

use std::path::{Path, PathBuf};
use std::time::Duration;

use bridle_core::fault::{Fault, FaultCode};
use bridle_core::message::Message;
use bridle_core::port::fs::FileSystem as _;
use bridle_core::port::{Attempt, Clock, Command, Process};
use bridle_core::step::{RestorePoint, Standing};
use bridle_core::trial::is_release;
use bridle_disk::Disk;

use crate::files::{self, FileError};
use crate::layout::Layout;
use crate::units;
pub use copies::DataCopies;
pub use exports::ChangesFiles;
use record::{Copied, Part, Record};

/// Bytes that stay free beside a restore point.
const RESERVE: u64 = 64 * 1024 * 1024;
/// Most files of one restore point; k3s keeps about fifty.
const MOST_FILES: usize = 4096;
/// Most restore points and files of a folder that are looked at.
const MOST: usize = 10_000;
/// How long k3s may refuse a copy of its datastore before that counts: after a power cut it is still coming up.
const COMING_UP: Duration = Duration::from_secs(180);
/// Between two tries.
const PAUSE: Duration = Duration::from_secs(5);
/// Largest file that is copied, in bytes, the datastore aside.
const LARGEST: u64 = 16 * 1024 * 1024;
const RECORD: &str = "restore-point.json";
const FILES: &str = "files";
const DATASTORE: &str = "datastore";
/// What k3s writes down beside the files of our own: without these the datastore cannot be read again.
const IDENTITY: [&str; 3] = ["server/token", "server/tls", "server/cred"];

/// Restore points of one host.
pub struct RestorePoints<'a> {
    layout: &'a Layout,
    process: &'a dyn Process,
    clock: &'a dyn Clock,
}

impl<'a> RestorePoints<'a> {
    /// Over these ports.
    #[must_use]
    pub fn new(layout: &'a Layout, process: &'a dyn Process, clock: &'a dyn Clock) -> Self {
        Self { layout, process, clock }
    }

    /// Whether the point is complete and every file of it is what was copied.
    ///
    /// # Errors
    /// A [`Fault`] if the disk refuses.
    pub fn standing(&self, wanted: &RestorePoint) -> Result<Standing, Fault> {
        let folder = self.folder(&wanted.point)?;
        let missing = |path: &Path| {
            let path = path.display().to_string();
            Ok(Standing::Missing(
                Message::new("missing-restore-point").with("point", wanted.point.as_str()).with("path", path),
            ))
        };
        let Some(record) = Record::read(&folder.join(RECORD))? else { return missing(&folder.join(RECORD)) };
        if record.release != wanted.release || record.revision != wanted.revision {
            return missing(&folder.join(RECORD));
        }
        for (path, copied) in record.parts(&folder) {
            if !proof::is(&path, copied)? {
                return missing(&path);
            }
        }
        Ok(Standing::Done)
    }

    /// Makes the point; what an interrupted attempt left of it is replaced.
    ///
    /// # Errors
    /// A [`Fault`]: too little space, a file that cannot be read or written, or k3s gives no copy of its datastore.
    pub fn make(&self, wanted: &RestorePoint, attempt: &mut Attempt<'_>) -> Result<(), Fault> {
        if self.standing(wanted)? == Standing::Done {
            return Ok(());
        }
        let folder = self.folder(&wanted.point)?;
        self.clear(&folder)?;
        let sources = self.sources()?;
        self.refuse_without_room(&sources)?;
        for inner in [FILES, DATASTORE] {
            files::make_dirs(&folder.join(inner), 0o700)?;
        }
        let mut record = Record::new(wanted, self.pins(), self.clock.now());
        for (path, part) in &sources {
            record.files.extend(self.copy(path, *part, &folder)?);
        }
        record.absent =
            self.kubernetes_files().iter().filter(|path| !path.exists()).map(|path| self.name(path)).collect();
        record.datastore = Some(self.datastore(&wanted.point, &folder, attempt)?);
        // What k3s wrote is not on disk yet.
        files::sync_file_systems(std::slice::from_ref(&folder))?;
        Ok(files::write_atomic(&folder.join(RECORD), record.text().as_bytes(), 0o600)?)
    }

    /// Whether the configuration of Kubernetes is what it was when the point was made.
    ///
    /// # Errors
    /// A [`Fault`] if there is no such point or the disk refuses.
    pub fn returned(&self, point: &str) -> Result<Option<PathBuf>, Fault> {
        let folder = self.folder(point)?;
        let record = self.record(point, &folder)?;
        for copied in record.files.iter().filter(|copied| copied.part == Part::Kubernetes) {
            let path = self.layout.at(&copied.path);
            if !proof::is(&path, copied)? {
                return Ok(Some(path));
            }
        }
        Ok(record.absent.iter().map(|path| self.layout.at(path)).find(|path| path.symlink_metadata().is_ok()))
    }

    /// Puts the configuration of Kubernetes back, byte by byte; its data are not touched.
    ///
    /// # Errors
    /// A [`Fault`] if the point is not what was kept (then nothing is written), or a file cannot be written.
    pub fn put_back(&self, point: &str) -> Result<(), Fault> {
        let folder = self.folder(point)?;
        let record = self.record(point, &folder)?;
        let kept: Vec<&Copied> = record.files.iter().filter(|copied| copied.part == Part::Kubernetes).collect();
        for copied in &kept {
            let path = record::place(&folder, copied);
            if !proof::is(&path, copied)? {
                return Err(damaged(point, &path));
            }
        }
        for copied in kept {
            let (from, to) = (record::place(&folder, copied), self.layout.at(&copied.path));
            let bytes = std::fs::read(&from).map_err(FileError::new("read", &from))?;
            files::make_dirs(to.parent().unwrap_or(Path::new("/")), 0o755)?;
            files::write_atomic(&to, &bytes, copied.mode)?;
        }
        for path in &record.absent {
            files::remove_if_there(&self.layout.at(path))?;
        }
        Ok(())
    }

    /// Removes all points but these; the record of one goes first, so that no half of one counts.
    ///
    /// # Errors
    /// A [`Fault`] if one cannot be removed.
    pub fn prune(&self, keep: &[String]) -> Result<(), Fault> {
        for point in self.list()?.iter().filter(|point| !keep.contains(point)) {
            let folder = self.folder(point)?;
            files::remove_if_there(&folder.join(RECORD))?;
            std::fs::remove_dir_all(&folder).map_err(FileError::new("remove", &folder))?;
        }
        match self.layout.restore_points_dir() {
            dir if dir.is_dir() => Ok(files::sync_dir(&dir)?),
            _ => Ok(()),
        }
    }

    /// Numbers of the revisions of the configuration that complete points name.
    ///
    /// # Errors
    /// A [`Fault`] if a point cannot be read: which revisions it needs is then unknown.
    pub fn revisions(&self) -> Result<Vec<u64>, Fault> {
        let mut revisions = Vec::new();
        for point in self.list()? {
            let record = Record::read(&self.folder(&point)?.join(RECORD))?;
            revisions.extend(record.map(|record| record.revision));
        }
        Ok(revisions)
    }

    /// Names of all points, complete or not, in the order of their names.
    ///
    /// # Errors
    /// A [`Fault`] if the folder cannot be read.
    pub fn list(&self) -> Result<Vec<String>, Fault> {
        let dir = self.layout.restore_points_dir();
        let entries = match Disk.list(&dir, MOST) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
            entries => entries.map_err(FileError::new("list", &dir))?,
        };
        let folders = entries.into_iter().filter(|entry| entry.directory);
        let mut names: Vec<String> = folders.filter_map(|entry| entry.name.into_string().ok()).collect();
        names.retain(|name| is_release(name));
        names.sort();
        Ok(names)
    }

    /// The folder of a point: its name is one plain name.
    fn folder(&self, point: &str) -> Result<PathBuf, Fault> {
        let folder = self.layout.restore_points_dir().join(point);
        if is_release(point) { Ok(folder) } else { Err(damaged(point, &folder)) }
    }

    fn record(&self, point: &str, folder: &Path) -> Result<Record, Fault> {
        let path = folder.join(RECORD);
        Record::read(&path)?.ok_or_else(|| damaged(point, &path))
    }

    fn clear(&self, folder: &Path) -> Result<(), Fault> {
        files::remove_if_there(&folder.join(RECORD))?;
        for inner in [FILES, DATASTORE].map(|name| folder.join(name)).iter().filter(|inner| inner.is_dir()) {
            std::fs::remove_dir_all(inner).map_err(FileError::new("remove", inner))?;
        }
        Ok(())
    }

    /// Files that a return puts back.
    fn kubernetes_files(&self) -> [PathBuf; 5] {
        let layout = self.layout;
        let unit = layout.units_dir().join(units::K3S);
        [layout.k3s_config(), layout.k3s_registries(), layout.k3s_resolver(), layout.containerd_drop_in(), unit]
    }

    /// Everything that is copied and there.
    fn sources(&self) -> Result<Vec<(PathBuf, Part)>, Fault> {
        let layout = self.layout;
        let mut found: Vec<(PathBuf, Part)> =
            self.kubernetes_files().into_iter().map(|path| (path, Part::Kubernetes)).collect();
        found.push((layout.site_file(), Part::Kept));
        found.extend(units::of_agent().map(|(unit, _)| (layout.units_dir().join(unit), Part::Kept)));
        found.retain(|(path, _)| path.is_file());
        let drop_ins = layout.k3s_config().with_extension("yaml.d");
        let folders = IDENTITY.map(|name| layout.k3s_data().join(name)).into_iter().chain([drop_ins]);
        for folder in folders {
            walk(&folder, &mut found)?;
        }
        Ok(found)
    }

    fn refuse_without_room(&self, sources: &[(PathBuf, Part)]) -> Result<(), Fault> {
        let database = self.layout.k3s_data().join("server/db/etcd/member/snap/db");
        let sizes = sources.iter().map(|(path, _)| path).chain([&database]);
        let bytes: u64 = sizes.filter_map(|path| Some(path.metadata().ok()?.len())).sum();
        let (needed, dir) = (bytes + RESERVE, self.layout.data_dir());
        let free = Disk.space(&dir).map_err(FileError::new("read", &dir))?.bytes;
        if free >= needed {
            return Ok(());
        }
        let mib = |bytes: u64| bytes.div_ceil(1024 * 1024);
        let fault = Fault::new(FaultCode::RestorePointNoRoom).with("path", dir.display().to_string());
        Err(fault.with("needed", mib(needed)).with("free", free / (1024 * 1024)))
    }

    /// `None` where the file has gone since it was listed.
    fn copy(&self, from: &Path, part: Part, folder: &Path) -> Result<Option<Copied>, Fault> {
        let Some(bytes) = bridle_core::durable::read_bytes(&Disk, from, LARGEST)? else { return Ok(None) };
        let mode = Disk.look(from).map_err(FileError::new("read", from))?.mode;
        let copied = Copied::of(self.name(from), part, mode, &bytes);
        let to = record::place(folder, &copied);
        files::make_dirs(to.parent().unwrap_or(folder), 0o700)?;
        files::write_atomic(&to, &bytes, 0o600)?;
        Ok(Some(copied))
    }

    /// k3s writes the copy itself, where it belongs.
    fn datastore(&self, point: &str, folder: &Path, attempt: &mut Attempt<'_>) -> Result<Copied, Fault> {
        attempt.progress.waiting(Message::new("wait-kubernetes-api"));
        let dir = folder.join(DATASTORE);
        let began = self.clock.monotonic();
        while let Err(fault) = self.save_datastore(point, &dir, attempt) {
            if self.clock.monotonic().saturating_sub(began) >= COMING_UP.min(attempt.limit) || (attempt.stop)() {
                return Err(fault);
            }
            self.clock.sleep(PAUSE);
            // A try that failed may have left half of a copy.
            std::fs::remove_dir_all(&dir).map_err(FileError::new("remove", &dir))?;
            files::make_dirs(&dir, 0o700)?;
        }
        let unproven = || Fault::new(FaultCode::RestorePointUnproven).with("point", point);
        let mut saved = Disk.list(&dir, MOST).map_err(FileError::new("list", &dir))?;
        saved.retain(|entry| !entry.directory && entry.name.to_string_lossy().starts_with(point));
        let [entry] = saved.as_slice() else {
            return Err(unproven().output(&format!("{} files in {}", saved.len(), dir.display())));
        };
        let path = dir.join(&entry.name);
        let digest = proof::snapshot(&path)?.ok_or_else(unproven)?;
        let size = path.metadata().map_err(FileError::new("read", &path))?.len();
        let name = Path::new(DATASTORE).join(&entry.name).display().to_string();
        Ok(Copied { path: name, part: Part::Datastore, mode: 0o600, size, digest })
    }

    fn save_datastore(&self, point: &str, dir: &Path, attempt: &Attempt<'_>) -> Result<(), Fault> {
        let command = Command::new(self.layout.k3s())
            .args(["etcd-snapshot", "save", "--name", point, "--dir", &dir.display().to_string()])
            .env("HOME", "/nonexistent")
            .env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin")
            .limit(attempt.limit.min(Duration::from_secs(600)));
        let failed = || Fault::new(FaultCode::ProgramFailed).with("program", "k3s etcd-snapshot save");
        let output = self.process.run(&command, attempt.stop).map_err(|error| failed().because(&error))?;
        if output.ok() { Ok(()) } else { Err(failed().output(&output.complaint())) }
    }

    /// Names of the releases in the store.
    fn pins(&self) -> Vec<String> {
        let entries = Disk.list(&self.layout.store_dir().join("releases"), MOST).unwrap_or_default();
        let names = entries.into_iter().filter_map(|entry| entry.name.into_string().ok());
        let mut pins: Vec<String> = names
            .filter(|name| !name.starts_with('.') && !name.ends_with(".index.json"))
            .filter_map(|name| name.strip_suffix(".json").map(str::to_owned))
            .collect();
        pins.sort();
        pins
    }

    fn name(&self, path: &Path) -> String {
        path.strip_prefix(self.layout.at("/")).unwrap_or(path).display().to_string()
    }
}

/// Regular files below `path`, or `path` itself where it is one; links are left out.
fn walk(path: &Path, found: &mut Vec<(PathBuf, Part)>) -> Result<(), Fault> {
    let Ok(metadata) = path.symlink_metadata() else { return Ok(()) };
    if metadata.is_file() && found.len() < MOST_FILES {
        found.push((path.to_owned(), Part::Kept));
    } else if metadata.is_dir() {
        let mut entries = Disk.list(path, MOST).map_err(FileError::new("list", path))?;
        entries.sort();
        for entry in entries {
            walk(&path.join(entry.name), found)?;
        }
    } else if metadata.is_file() {
        let source = std::io::Error::other(format!("more than {MOST_FILES} files"));
        return Err(FileError::new("list", path)(source).into());
    }
    Ok(())
}

fn damaged(point: &str, path: &Path) -> Fault {
    Fault::new(FaultCode::RestorePointDamaged).with("point", point).with("path", path.display().to_string())
}
