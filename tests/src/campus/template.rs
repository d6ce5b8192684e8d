//! Hosts on which a campus is installed already: installed once, kept as a disk in the cache, copied for each host.

use std::fs::{self, File};
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use rustix::fs::{FlockOperation, flock};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest as _, Sha256};

use super::students::{Enrolment, lost};
use super::{Campus, FrontDoor, Installation, site_profile};
use crate::testhost::{self, Error, Host, HostDigest, Lab, Result, cache_folder};

/// So many disks are kept, about 3 GB each; the one that was not used for longest goes.
const KEPT: usize = 3;
/// Name of a template's host; its copies have it, too.
const HOST_NAME: &str = "h1";
const DISK_GIB: u32 = 12;
/// Students who are enrolled on it.
const STUDENTS: [&str; 3] = ["ada", "grace", "radia"];
/// From the power button to the front page on these machines; tried: 20 s.
const SERVED_LIMIT: Duration = Duration::from_secs(5 * 60);
/// From there to the moment when every workload is up, too.
const HEALTHY_LIMIT: Duration = Duration::from_secs(2 * 60);
const DISK: &str = "disk.ext4";
const ABOUT: &str = "about.json";
/// Part of the key; to be raised when this module makes another host from the same files.
const VERSION: u32 = 1;

/// The disk of a host on which a campus is installed and committed, with students enrolled.
#[derive(Debug, Clone)]
pub struct Template {
    folder: PathBuf,
    about: About,
}

/// What is known of a template.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct About {
    release: String,
    students: Vec<Enrolment>,
    /// What the disk takes in the cache, in bytes.
    size: u64,
    /// The host right before the installation.
    before: HostDigest,
}

/// The template of this campus: installed now where the cache does not have it.
///
/// # Errors
/// The kit's; also if the installation does not end well.
pub fn installed(campus: &Campus) -> Result<Template> {
    let store = Store::open(&cache_folder().join("hosts/templates"))?;
    let key = key(&campus.run)?;
    match store.find(&key)? {
        Some(template) => Ok(template),
        None => make(&store, &key, campus, |_, _| Ok(())),
    }
}

/// As [`installed`], but it is installed now, whatever the cache has, and `look` judges the running host before it is shut
/// down and its disk kept.
///
/// # Errors
/// The kit's; those of `look`; also if the installation does not end well.
pub fn installed_now<E: From<Error>>(
    campus: &Campus,
    look: impl FnOnce(&Host, &Installation<'_>) -> Result<(), E>,
) -> Result<Template, E> {
    let store = Store::open(&cache_folder().join("hosts/templates"))?;
    let key = key(&campus.run)?;
    store.remove(&key)?;
    make(&store, &key, campus, look)
}

fn make<E: From<Error>>(
    store: &Store,
    key: &str,
    campus: &Campus,
    look: impl FnOnce(&Host, &Installation<'_>) -> Result<(), E>,
) -> Result<Template, E> {
    store.prune(KEPT - 1)?;
    let began = SystemTime::now();
    let template = store.add(key, |folder| install(campus, &folder.join(DISK), look))?;
    let (size, seconds) = (template.about.size, began.elapsed().unwrap_or_default().as_secs());
    println!("template {} of {}: made in {seconds} s, {} MB", &key[..12], template.about.release, size / 1_000_000);
    Ok(template)
}

impl Template {
    /// A running host with a copy of the disk, in a lab of [`Lab::of_equal_addresses`]; what was started on it comes up
    /// meanwhile ([`served`] waits for that).
    ///
    /// # Errors
    /// The kit's.
    pub fn host(&self, lab: &Lab) -> Result<Host> {
        mark_used(&self.folder.join(ABOUT))?;
        let mut host = lab.host(HOST_NAME).disk_from(self.folder.join(DISK)).build()?;
        host.boot()?;
        Ok(host)
    }

    /// As [`Template::host`]; waits until users are served and the agent finds everything well: a workload that is still coming
    /// up would be a reason not to begin a change.
    ///
    /// # Errors
    /// The kit's.
    pub fn serving(&self, lab: &Lab) -> Result<(Host, FrontDoor)> {
        let host = self.host(lab)?;
        let door = served(&host)?;
        healthy(&host)?;
        Ok((host, door))
    }

    /// The host as it was right before the installation.
    #[must_use]
    pub fn before(&self) -> &HostDigest {
        &self.about.before
    }

    /// The students who were enrolled before the disk was kept and are not there.
    ///
    /// # Errors
    /// The kit's, if the platform does not answer.
    pub fn lost(&self, door: &FrontDoor) -> Result<Vec<Enrolment>> {
        lost(&self.about.students, door)
    }

    /// What its disk takes in the cache, in bytes.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.about.size
    }
}

/// Waits until a host's front door answers and lets students be read from the database.
///
/// # Errors
/// The kit's, if that takes too long.
pub fn served(host: &Host) -> Result<FrontDoor> {
    let mut found = None;
    host.wait_until("users are served", SERVED_LIMIT, || {
        found = FrontDoor::of(host).and_then(|door| door.page().and(door.list()).map(|_| door)).ok();
        found.is_some()
    })?;
    Ok(found.expect("waited until it was there"))
}

/// Waits until the agent says that everything is well.
///
/// # Errors
/// The kit's, with what it says instead, if that takes too long.
pub fn healthy(host: &Host) -> Result<()> {
    let mut said = String::new();
    let waited = host.wait_until("health", HEALTHY_LIMIT, || {
        said = host.shell("bridle status --json").unwrap_or_else(|error| error.to_string());
        serde_json::from_str::<Value>(&said).is_ok_and(|status| status["health"] == "ok")
    });
    waited.map_err(|error| match error {
        Error::Late { what, limit, seen } => Error::Late { what, limit, seen: format!("{said}\n{seen}") },
        other => other,
    })
}

/// Installs on a host of its own, enrols students, has the host looked at, shuts it down and keeps its disk.
fn install<E: From<Error>>(
    campus: &Campus,
    disk: &Path,
    look: impl FnOnce(&Host, &Installation<'_>) -> Result<(), E>,
) -> Result<About, E> {
    let lab = Lab::of_equal_addresses("template")?;
    let mut host = lab.host(HOST_NAME).disk_gib(DISK_GIB).build()?;
    host.boot()?;
    let installation = Installation::prepare(&host, campus)?;
    // The release file goes before the disk is kept: nobody needs it any more.
    let run = "/root/campus.run";
    let before = host.digest()?.without_file(run);
    let output = installation.run()?;
    if !output.success() {
        let told = format!("{}\n{}", output.stderr, host.journal("bridle-agent").unwrap_or_default());
        return Err(failed(&output.status.to_string(), output.stdout, told).into());
    }
    installation.wait_committed()?;
    let door = FrontDoor::of(&host)?;
    let enrolled = STUDENTS
        .map(|student| door.enrol(student).map(|id| Enrolment { id, student: student.to_owned(), at_millis: 0 }));
    let students = enrolled.into_iter().collect::<Result<Vec<_>>>()?;
    let release = host.shell("basename \"$(readlink -f /opt/bridle/current)\"")?;
    look(&host, &installation)?;
    let attempts = lab.outside_attempts()?;
    if !attempts.is_empty() {
        let status = "something tried to reach an outside address";
        return Err(failed(status, format!("{attempts:?}"), String::new()).into());
    }
    host.run_ok(["rm", run])?;
    // As an administrator would: databases and etcd close their files, and the file system is clean.
    host.poweroff()?;
    let size = host.save_disk(disk)?;
    Ok(About { release, students, size, before })
}

fn failed(status: &str, stdout: String, stderr: String) -> Error {
    Error::Failed { command: Installation::words().join(" "), status: status.to_owned(), stdout, stderr }
}

/// What decides what is on the disk: the release file, the site's profile, the kit.
fn key(run: &Path) -> Result<String> {
    let mut hash = Sha256::new();
    let recipe = format!("{VERSION} {} {DISK_GIB} {STUDENTS:?} {}\n", testhost::recipe(), site_profile());
    hash.update(recipe.as_bytes());
    let mut file = File::open(run).map_err(Error::file("open", run))?;
    let mut chunk = vec![0; 1 << 20];
    loop {
        match file.read(&mut chunk).map_err(Error::file("read", run))? {
            0 => break,
            count => hash.update(&chunk[..count]),
        }
    }
    Ok(hash.finalize()[..12].iter().map(|byte| format!("{byte:02x}")).collect())
}

/// The kept disks, a folder each. While one is open nobody else adds or removes any.
struct Store {
    folder: PathBuf,
    _lock: File,
}

impl Store {
    fn open(folder: &Path) -> Result<Self> {
        fs::create_dir_all(folder).map_err(Error::file("create", folder))?;
        let path = folder.join("lock");
        let lock = File::create(&path).map_err(Error::file("create", &path))?;
        flock(&lock, FlockOperation::LockExclusive).map_err(Error::file("lock", &path))?;
        Ok(Self { folder: folder.to_owned(), _lock: lock })
    }

    /// The template of this key, which now counts as used.
    fn find(&self, key: &str) -> Result<Option<Template>> {
        let folder = self.folder.join(key);
        let path = folder.join(ABOUT);
        let text = match fs::read(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            read => read.map_err(Error::file("read", &path))?,
        };
        let what = || path.display().to_string();
        let about = serde_json::from_slice(&text).map_err(|source| Error::Unreadable { what: what(), source })?;
        mark_used(&path)?;
        Ok(Some(Template { folder, about }))
    }

    /// Removes the template of this key, if it is there.
    fn remove(&self, key: &str) -> Result<()> {
        let folder = self.folder.join(key);
        match fs::remove_dir_all(&folder) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(Error::file("remove", folder)(error)),
            _ => Ok(()),
        }
    }

    /// Makes one: its description is written last, and with it the template is there.
    fn add<E: From<Error>>(&self, key: &str, make: impl FnOnce(&Path) -> Result<About, E>) -> Result<Template, E> {
        let folder = self.folder.join(key);
        fs::create_dir_all(&folder).map_err(Error::file("create", &folder))?;
        let about = match make(&folder) {
            Ok(about) => about,
            Err(error) => {
                // Without its description it would go at the next pruning anyway.
                let _removed = fs::remove_dir_all(&folder);
                return Err(error);
            }
        };
        let path = folder.join(ABOUT);
        let partial = folder.join("about.partial");
        let what = || path.display().to_string();
        let text = serde_json::to_vec(&about).map_err(|source| Error::Unreadable { what: what(), source })?;
        fs::write(&partial, text).map_err(Error::file("write", &partial))?;
        File::open(&partial).and_then(|file| file.sync_all()).map_err(Error::file("sync", &partial))?;
        fs::rename(&partial, &path).map_err(Error::file("rename", &partial))?;
        Ok(Template { folder, about })
    }

    /// Removes what a killed run has left, and all but the `keep` that were used last.
    fn prune(&self, keep: usize) -> Result<()> {
        let mut found = Vec::new();
        for entry in fs::read_dir(&self.folder).map_err(Error::file("list", &self.folder))?.flatten() {
            let path = entry.path();
            if path.is_dir() {
                let used = fs::metadata(path.join(ABOUT)).and_then(|about| about.modified()).ok();
                found.push((used, path));
            }
        }
        // Those without a description are the oldest of all.
        found.sort();
        let unfinished = found.iter().filter(|(used, _)| used.is_none()).count();
        let gone = found.len().saturating_sub(keep).max(unfinished);
        for (_, path) in found.into_iter().take(gone) {
            fs::remove_dir_all(&path).map_err(Error::file("remove", &path))?;
        }
        Ok(())
    }
}

/// The time of a description's last change is that of the template's last use.
fn mark_used(about: &Path) -> Result<()> {
    let file = File::options().append(true).open(about).map_err(Error::file("open", about))?;
    file.set_modified(SystemTime::now()).map_err(Error::file("date", about))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn about(release: &str) -> About {
        About { release: release.to_owned(), students: Vec::new(), size: 7, before: HostDigest::default() }
    }

    fn add(store: &Store, key: &str) -> Result<Template> {
        store.add(key, |folder| {
            fs::write(folder.join(DISK), key).map_err(Error::file("write", folder))?;
            Ok(about(key))
        })
    }

    #[test]
    fn the_template_that_was_not_used_for_longest_goes() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(folder.path()).unwrap();
        for key in ["a", "b", "c"] {
            add(&store, key).unwrap();
            std::thread::sleep(Duration::from_millis(20));
        }
        assert_eq!(store.find("a").unwrap().unwrap().about.release, "a");
        fs::create_dir(folder.path().join("killed")).unwrap();
        store.prune(2).unwrap();
        assert!(store.find("b").unwrap().is_none(), "b was not used for longest");
        assert!(store.find("a").unwrap().is_some() && store.find("c").unwrap().is_some());
        store.remove("a").unwrap();
        store.remove("a").unwrap();
        assert!(store.find("a").unwrap().is_none());
        assert!(!folder.path().join("killed").exists());
    }

    #[test]
    fn one_that_could_not_be_made_is_not_there() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(folder.path()).unwrap();
        let late = || Error::Late { what: "x".to_owned(), limit: Duration::ZERO, seen: String::new() };
        assert!(store.add("a", |_| Err(late())).is_err());
        assert!(store.find("a").unwrap().is_none());
        assert_eq!(add(&store, "a").unwrap().size(), 7);
    }

    #[test]
    fn another_release_file_has_another_key() {
        let folder = tempfile::tempdir().unwrap();
        let run = folder.path().join("x.run");
        fs::write(&run, "one").unwrap();
        let one = key(&run).unwrap();
        assert_eq!(one, key(&run).unwrap());
        fs::write(&run, "two").unwrap();
        assert_ne!(one, key(&run).unwrap());
    }
}
