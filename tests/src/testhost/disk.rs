//! A host's disk: a sparse ext4 image on a loop device.

use super::process::Invocation;
use super::{Error, Result, process_table, wait};
use rustix::fs::{statvfs, syncfs};
use std::collections::HashSet;
use std::fs::{self, File};
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// How long what still uses a disk may take to let go of it.
const RELEASE_LIMIT: Duration = Duration::from_secs(60);
/// `EXT4_IOC_SHUTDOWN` with `EXT4_GOING_FLAGS_NOLOGFLUSH`: from then on nothing reaches the device,
/// neither data nor journal. Perl is on every Debian (`perl-base` is essential), a program of our
/// own would need `unsafe`.
const SHUT_DOWN: &str = "use Fcntl; sysopen(my $root, $ARGV[0], O_RDONLY) or die \"open: $!\"; \
     my $flags = pack('L', 2); ioctl($root, 0x8004587d, $flags) or die \"ioctl: $!\";";

/// How full a host's disk is, in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DiskUsage {
    /// Size of the file system.
    pub size: u64,
    /// Used by files and their metadata.
    pub used: u64,
    /// Free for the administrator.
    pub free: u64,
}

/// What has gone to and from a host's disk since it was last attached, in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DiskTraffic {
    /// Read from the device.
    pub read: u64,
    /// Written to the device.
    pub written: u64,
}

/// An ext4 image and where its file system is mounted.
#[derive(Debug)]
pub(crate) struct Disk {
    pub image: PathBuf,
    pub mount_point: PathBuf,
}

impl Disk {
    /// Makes the image, `mib` MiB, mounts it and fills it from `archive`.
    pub fn create(&self, mib: u64, archive: &Path) -> Result<()> {
        let file = File::create_new(&self.image).map_err(Error::file("create", &self.image))?;
        file.set_len(mib << 20).map_err(Error::file("size", &self.image))?;
        drop(file);
        let image = self.image.to_string_lossy();
        let options = "lazy_itable_init=1,lazy_journal_init=1,nodiscard";
        Invocation::new("mkfs.ext4", ["-q", "-F", "-E", options, &image]).run_ok()?;
        self.attach()?;
        let archive = archive.to_string_lossy();
        let mount_point = self.mount_point.to_string_lossy();
        let attributes = "--xattrs-include=*";
        let tar = ["-xp", "--numeric-owner", "--xattrs", attributes, "-f", &archive, "-C", &mount_point];
        Invocation::new("tar", tar).run_ok()?;
        Ok(())
    }

    /// Makes the image as a copy of a saved one and mounts it.
    pub fn create_from(&self, saved: &Path) -> Result<()> {
        copy(saved, &self.image)?;
        self.attach()
    }

    /// Copies the image of a host that is off; what its file system does not use takes no room in the copy. Gives the
    /// bytes that it takes.
    pub fn save(&self, path: &Path) -> Result<u64> {
        self.attach()?;
        // Where the device cannot be told what is free, the copy is only larger.
        let _trimmed = Invocation::new("fstrim", [&self.mount_point]).run()?;
        self.detach()?;
        copy(&self.image, path)?;
        let file = File::open(path).map_err(Error::file("open", path))?;
        file.sync_all().map_err(Error::file("sync", path))?;
        Ok(file.metadata().map_err(Error::file("look at", path))?.blocks() * 512)
    }

    /// Writes what is still in memory to the image: a fresh host has been installed long ago.
    pub fn sync(&self) -> Result<()> {
        let root = File::open(&self.mount_point).map_err(Error::file("open", &self.mount_point))?;
        syncfs(&root).map_err(Error::file("sync", &self.mount_point))
    }

    /// Mounts it where it is not; the journal is replayed if it was not unmounted.
    pub fn attach(&self) -> Result<()> {
        if is_mounted(&self.mount_point)? {
            return Ok(());
        }
        // Two devices over one image would destroy it.
        self.release()?;
        fs::create_dir_all(&self.mount_point).map_err(Error::file("create", &self.mount_point))?;
        let image = self.image.to_string_lossy();
        let found = Invocation::new("losetup", ["--find", "--show", &image]).run_ok()?;
        let device = found.stdout.trim();
        let mount_point = self.mount_point.to_string_lossy();
        let mounted = Invocation::new("mount", ["-t", "ext4", device, &mount_point]).run_ok();
        if mounted.is_err() {
            self.detach()?;
        }
        mounted.map(drop)
    }

    /// Unmounts it and gives its loop device back; waits until both are really gone.
    pub fn detach(&self) -> Result<()> {
        let mount_point = self.mount_point.to_string_lossy();
        let mut last = String::new();
        let unmounted = wait::poll("unmount", RELEASE_LIMIT, Duration::from_millis(50), || {
            if let Ok(false) = is_mounted(&self.mount_point) {
                return true;
            }
            match Invocation::new("umount", [&*mount_point]).run() {
                Ok(output) => last = output.stderr,
                Err(error) => last = error.to_string(),
            }
            false
        });
        explain(unmounted, &format!("unmounting {mount_point}: {last}"))?;
        self.release()
    }

    /// Gives the loop device back and waits until nothing holds it any more.
    fn release(&self) -> Result<()> {
        let released = wait::poll("release", RELEASE_LIMIT, Duration::from_millis(20), || {
            let devices = devices_of(&self.image);
            for device in &devices {
                drop_foreign_mounts(device);
                // Fails where it is going already; the next look tells.
                let _going = Invocation::new("losetup", ["--detach", device]).run();
            }
            devices.is_empty()
        });
        explain(released, &format!("releasing the loop device of {}", self.image.display()))
    }

    /// The power is gone: what is not on the device by now never gets there.
    pub fn cut(&self) -> Result<()> {
        let mount_point = self.mount_point.to_string_lossy();
        Invocation::new("perl", ["-e", SHUT_DOWN, &*mount_point]).run_ok().map(drop)
    }

    pub fn traffic(&self) -> Result<DiskTraffic> {
        let device = devices_of(&self.image).into_iter().next().unwrap_or_default();
        let path = format!("/sys/block/{}/stat", device.trim_start_matches("/dev/"));
        let text = fs::read_to_string(&path).map_err(Error::file("read", &path))?;
        let mut fields = text.split_whitespace().map(|field| field.parse::<u64>().unwrap_or(0));
        // Fields 3 and 7 of the kernel's block statistics, in sectors of 512 bytes.
        let (read, written) = (fields.nth(2).unwrap_or(0), fields.nth(3).unwrap_or(0));
        Ok(DiskTraffic { read: read * 512, written: written * 512 })
    }

    pub fn usage(&self) -> Result<DiskUsage> {
        let state = statvfs(&self.mount_point).map_err(Error::file("measure", &self.mount_point))?;
        Ok(DiskUsage {
            size: state.f_blocks * state.f_frsize,
            used: (state.f_blocks - state.f_bfree) * state.f_frsize,
            free: state.f_bavail * state.f_frsize,
        })
    }
}

/// Copies a sparse file; it may be there already only where it is left over.
fn copy(from: &Path, to: &Path) -> Result<()> {
    let (from, to) = (from.to_string_lossy(), to.to_string_lossy());
    let words = ["--sparse=always", "--reflink=auto", "--no-target-directory", &*from, &*to];
    Invocation::new("cp", words).run_ok().map(drop)
}

fn explain(result: Result<()>, what: &str) -> Result<()> {
    result.map_err(|_| Error::Late { what: what.to_owned(), limit: RELEASE_LIMIT, seen: String::new() })
}

/// Makes a folder a mount of its own whose unmounts reach the copies that others have of it.
///
/// `ip netns exec` and systemd-nspawn copy all mounts of the machine, the disks of hosts among them
/// (systemd-nspawn even hides them below its own root, where nobody can unmount them). A disk stays
/// busy as long as one copy lives. What is mounted below a shared mount goes from all of them.
pub(crate) fn share(folder: &Path) -> Result<()> {
    let path = folder.to_string_lossy();
    Invocation::new("mount", ["--bind", &*path, &*path]).run_ok()?;
    Invocation::new("mount", ["--make-shared", &*path]).run_ok().map(drop)
}

/// Ends [`share`], where it is in force; nothing may be mounted below any more.
pub(crate) fn unshare(folder: &Path) -> Result<()> {
    while is_mounted(folder)? {
        Invocation::new("umount", [folder]).run_ok()?;
    }
    Ok(())
}

/// Unmounts a device in the mount namespaces of processes that have made their copy private
/// (`unshare --mount` does), so that [`share`] does not help.
fn drop_foreign_mounts(device: &str) {
    let name = device.trim_start_matches("/dev/");
    let Ok(number) = fs::read_to_string(format!("/sys/block/{name}/dev")) else {
        return;
    };
    let mut seen = HashSet::new();
    for pid in process_table::entries().into_iter().map(|entry| entry.pid) {
        let table = fs::read_to_string(format!("/proc/{pid}/mountinfo")).unwrap_or_default();
        let places = table.lines().filter_map(|line| {
            let mut fields = line.split(' ').skip(2);
            (fields.next()? == number.trim()).then(|| fields.nth(1))?
        });
        let places: Vec<&str> = places.collect();
        if places.is_empty() || !seen.insert(fs::read_link(format!("/proc/{pid}/ns/mnt")).ok()) {
            continue;
        }
        for place in places {
            // The process may end in the meantime; the caller looks again.
            let words = ["-t", &pid.to_string(), "-m", "umount", place];
            let _ended = Invocation::new("nsenter", words).run();
        }
    }
}

/// Whether something is mounted there, seen from this process.
pub(crate) fn is_mounted(mount_point: &Path) -> Result<bool> {
    Ok(mount_points()?.iter().any(|found| found == mount_point))
}

/// All mount points this process sees.
pub(crate) fn mount_points() -> Result<Vec<PathBuf>> {
    const TABLE: &str = "/proc/self/mountinfo";
    let table = fs::read_to_string(TABLE).map_err(Error::file("read", TABLE))?;
    let fields = table.lines().filter_map(|line| line.split(' ').nth(4));
    Ok(fields.map(|field| PathBuf::from(field.replace("\\040", " "))).collect())
}

/// The loop devices over this image, or over images below this folder.
pub(crate) fn devices_of(image: &Path) -> Vec<String> {
    let Ok(folder) = fs::read_dir("/sys/block") else {
        return Vec::new();
    };
    let over_image = |name: &String| {
        let backing = fs::read_to_string(format!("/sys/block/{name}/loop/backing_file"));
        backing.is_ok_and(|file| Path::new(file.trim_end().trim_end_matches(" (deleted)")).starts_with(image))
    };
    let names = folder.flatten().filter_map(|entry| entry.file_name().into_string().ok());
    names.filter(over_image).map(|name| format!("/dev/{name}")).collect()
}
