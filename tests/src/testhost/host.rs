//! A host: what it is made of, how it is made, and running programs on it.

use super::disk::{Disk, DiskTraffic, DiskUsage};
use super::lab::LabState;
use super::registry::HostRecord;
use super::{Error, Invocation, Output, Result, Running, boot, control_groups, network, wait};
use super::{base_image, process_table};
use std::cell::Cell;
use std::ffi::OsStr;
use std::fs::{self, File};
use std::io::{Read, Seek, SeekFrom, Write};
use std::net::Ipv4Addr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

/// The clean Debian takes 0.25 GiB; smaller disks than this cannot hold it with its journal.
const SMALLEST_DISK_MIB: u64 = 512;
/// How much of the end of a console is shown.
const CONSOLE_TAIL: u64 = 8 << 10;

/// A host about to be made.
#[derive(Debug)]
pub struct HostBuilder {
    lab: Arc<LabState>,
    name: String,
    disk_mib: u64,
    saved: Option<PathBuf>,
}

impl HostBuilder {
    pub(crate) fn new(lab: Arc<LabState>, name: &str) -> Self {
        Self { lab, name: name.to_owned(), disk_mib: 12 << 10, saved: None }
    }

    /// The size of its disk in GiB; 12 if not said. The image is sparse.
    pub fn disk_gib(self, size: u32) -> Self {
        self.disk_mib(size << 10)
    }

    /// The size of its disk in MiB, for small disks; at least 512.
    pub fn disk_mib(mut self, size: u32) -> Self {
        self.disk_mib = size.into();
        self
    }

    /// Its disk is to be a copy of one that [`Host::save_disk`] kept, of a host of the same name in a lab of equal addresses;
    /// the disk's own size holds.
    pub fn disk_from(mut self, saved: impl Into<PathBuf>) -> Self {
        self.saved = Some(saved.into());
        self
    }

    /// Makes the host's disk; it is off afterwards. The first one on a machine makes the clean
    /// Debian, too (about 20 s and a package mirror), later ones take 3 s.
    pub fn build(self) -> Result<Host> {
        check_name(&self.name)?;
        if self.disk_mib < SMALLEST_DISK_MIB {
            return Err(Error::Name { name: format!("{} MiB", self.disk_mib), why: "too small for the clean Debian" });
        }
        if let Some(saved) = &self.saved {
            if self.lab.inside != network::EQUAL {
                let why = "a saved disk needs a lab of equal addresses";
                return Err(Error::Name { name: self.name, why });
            }
            let record = self.lab.add_host(&self.name)?;
            let host = Host::of(self.lab, record);
            host.disk.create_from(saved)?;
            return host.is_this_host().map(|()| host);
        }
        let archive = base_image::archive()?;
        let record = self.lab.add_host(&self.name)?;
        let host = Host::of(self.lab, record);
        host.disk.create(self.disk_mib, &archive)?;
        host.give_identity()?;
        host.disk.sync()?;
        Ok(host)
    }
}

/// A test host. Dropping it removes it, unless its lab is kept.
#[derive(Debug)]
pub struct Host {
    pub(crate) lab: Arc<LabState>,
    pub(crate) name: String,
    pub(crate) number: u8,
    pub(crate) disk: Disk,
    /// Process 1 of the host with its start time, as last found.
    pub(crate) leader: Cell<Option<(u32, u64)>>,
}

impl Host {
    pub(crate) fn of(lab: Arc<LabState>, record: HostRecord) -> Self {
        let disk = Disk {
            image: lab.folder.join(format!("{}.ext4", record.name)),
            mount_point: lab.folder.join(&record.name),
        };
        Self { lab, name: record.name, number: record.number, disk, leader: Cell::new(None) }
    }

    /// Its host name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The address under which this machine reaches it.
    pub fn address(&self) -> Ipv4Addr {
        network::address(self.lab.number, self.number)
    }

    /// Its address as it knows it itself: another one than [`Host::address`] in a lab of equal addresses.
    pub fn own_address(&self) -> Ipv4Addr {
        network::address(self.lab.inside, self.number)
    }

    /// The name of its control groups, namespace and machine on this machine.
    pub(crate) fn label(&self) -> String {
        network::namespace(&self.lab.id, &self.name)
    }

    /// Whether it has a process 1.
    pub fn is_running(&self) -> bool {
        self.leader().is_ok()
    }

    /// The pid, on this machine, of its process 1.
    pub fn leader(&self) -> Result<u32> {
        if let Some((pid, started)) = self.leader.get()
            && process_table::runs(pid, started)
        {
            return Ok(pid);
        }
        let found = boot::find_leader(&self.label())?;
        self.leader.set(found);
        found.map(|(pid, _)| pid).ok_or_else(|| Error::NotRunning(self.name.clone()))
    }

    /// A program to be run on the host as root, in its namespaces and control groups, with a clean
    /// environment (`PATH`, `HOME`, `LANG`, `TERM`).
    pub fn command<S: AsRef<OsStr>>(&self, words: impl IntoIterator<Item = S>) -> Result<Invocation> {
        boot::entering(&self.label(), self.leader()?, words)
    }

    /// Runs a program on the host to its end, whatever its status; limit 120 s
    /// (another one: [`Host::command`]).
    pub fn run<S: AsRef<OsStr>>(&self, words: impl IntoIterator<Item = S>) -> Result<Output> {
        self.command(words)?.run()
    }

    /// As [`Host::run`]; another status than 0 is [`Error::Failed`].
    pub fn run_ok<S: AsRef<OsStr>>(&self, words: impl IntoIterator<Item = S>) -> Result<Output> {
        self.command(words)?.run_ok()
    }

    /// Runs a bash script on the host (`-euo pipefail`) and returns its standard output, trimmed.
    pub fn shell(&self, script: &str) -> Result<String> {
        let output = self.run_ok(["bash", "-euo", "pipefail", "-c", script])?;
        Ok(output.stdout.trim().to_owned())
    }

    /// Starts a program on the host and returns at once.
    pub fn spawn<S: AsRef<OsStr>>(&self, words: impl IntoIterator<Item = S>) -> Result<Running> {
        self.command(words)?.spawn()
    }

    /// Waits until `condition` holds; when late, the error shows the end of the host's console and
    /// its failed units.
    pub fn wait_until(&self, what: &str, limit: Duration, condition: impl FnMut() -> bool) -> Result<()> {
        wait::wait_until(what, limit, condition).map_err(|_| Error::Late {
            what: format!("{what} on {}", self.name),
            limit,
            seen: format!("failed units: {:?}\n{}", self.failed_units(), self.console_tail()),
        })
    }

    /// The names of its failed units.
    pub fn failed_units(&self) -> Result<Vec<String>> {
        let listed = self.run_ok(["systemctl", "list-units", "--failed", "--plain", "--no-legend"])?;
        let first = listed.stdout.lines().filter_map(|line| line.split_whitespace().next());
        Ok(first.map(str::to_owned).collect())
    }

    /// The last 400 lines of a unit's journal, of this and earlier boots.
    pub fn journal(&self, unit: &str) -> Result<String> {
        let words = ["journalctl", "--no-pager", "-o", "short-iso-precise", "-n", "400", "-u", unit];
        Ok(self.run_ok(words)?.stdout)
    }

    /// The end of what it wrote to its console, over all boots.
    pub fn console_tail(&self) -> String {
        let read = || -> std::io::Result<String> {
            let mut file = File::open(self.console_path())?;
            let size = file.metadata()?.len();
            file.seek(SeekFrom::Start(size.saturating_sub(CONSOLE_TAIL)))?;
            let mut bytes = Vec::new();
            file.take(CONSOLE_TAIL).read_to_end(&mut bytes)?;
            Ok(String::from_utf8_lossy(&bytes).into_owned())
        };
        read().unwrap_or_else(|error| format!("(no console: {error})"))
    }

    /// How full its disk is.
    pub fn disk_usage(&self) -> Result<DiskUsage> {
        self.disk.usage()
    }

    /// How much has gone to and from its disk since it was attached: since the first boot, or since
    /// the last power cut or poweroff. What the page cache answers is not counted.
    pub fn disk_traffic(&self) -> Result<DiskTraffic> {
        self.disk.traffic()
    }

    /// Pulls its network cable; its addresses and routes stay, as on a real machine.
    pub fn set_offline(&self) -> Result<()> {
        network::plug(&self.lab.id, self.number, false)
    }

    /// Plugs its network cable in again.
    pub fn set_online(&self) -> Result<()> {
        network::plug(&self.lab.id, self.number, true)
    }

    pub(crate) fn console_path(&self) -> PathBuf {
        self.lab.folder.join(format!("{}.console", self.name))
    }

    /// Writes what makes it this host: its name, its machine id, its name server.
    fn give_identity(&self) -> Result<()> {
        const UUID: &str = "/proc/sys/kernel/random/uuid";
        let id = fs::read_to_string(UUID).map_err(Error::file("read", UUID))?.replace('-', "");
        let name = &self.name;
        let hosts = format!("127.0.0.1\tlocalhost\n::1\tlocalhost\n{}\t{name}\n", self.own_address());
        let resolver = format!("nameserver {}\n", network::gateway(self.lab.inside));
        let files = [
            ("etc/hostname", format!("{name}\n")),
            ("etc/hosts", hosts),
            ("etc/machine-id", id),
            ("etc/resolv.conf", resolver),
        ];
        for (file, text) in files {
            let path = self.disk.mount_point.join(file);
            // The fresh root is ours alone; a link left by a package is replaced, not followed.
            let _absent = fs::remove_file(&path);
            let mut made = File::create_new(&path).map_err(Error::file("create", &path))?;
            made.write_all(text.as_bytes()).map_err(Error::file("write", &path))?;
        }
        Ok(())
    }

    /// Copies its disk to `path`, free space left out, for [`HostBuilder::disk_from`]. The host must be off, and in a lab of
    /// equal addresses. Gives the bytes that the copy takes.
    pub fn save_disk(&self, path: impl AsRef<Path>) -> Result<u64> {
        if self.is_running() {
            return Err(Error::IsRunning(self.name.clone()));
        }
        if self.lab.inside != network::EQUAL {
            return Err(Error::Name { name: self.name.clone(), why: "its lab is not one of equal addresses" });
        }
        self.disk.save(path.as_ref())
    }

    /// Whether its disk is that of a host of this name.
    fn is_this_host(&self) -> Result<()> {
        let found = self.read_file("/etc/hostname")?;
        if String::from_utf8_lossy(&found).trim() == self.name {
            return Ok(());
        }
        Err(Error::Name { name: self.name.clone(), why: "the saved disk is that of a host of another name" })
    }

    fn remove(&self) -> Result<()> {
        let label = self.label();
        control_groups::kill_all(&label)?;
        control_groups::remove(&label)?;
        network::detach(&self.lab.id, &self.name, self.number)?;
        self.disk.detach()?;
        for path in [&self.disk.image, &self.console_path()] {
            match fs::remove_file(path) {
                Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                    return Err(Error::file("remove", path)(error));
                }
                _ => {}
            }
        }
        self.lab.remove_host(&self.name)
    }
}

impl Drop for Host {
    fn drop(&mut self) {
        if self.lab.record().kept {
            return;
        }
        if let Err(error) = self.remove() {
            eprintln!("host {}: not all could be removed: {error}", self.name);
        }
    }
}

fn check_name(name: &str) -> Result<()> {
    let first = name.bytes().next().is_some_and(|byte| byte.is_ascii_lowercase());
    let rest = name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-');
    if first && rest && name.len() <= 31 {
        return Ok(());
    }
    Err(Error::Name { name: name.to_owned(), why: "not of the form [a-z][a-z0-9-]*, at most 31 bytes" })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn host_names_are_safe_in_paths_and_interfaces() {
        assert!(check_name("h1").is_ok() && check_name("node-2").is_ok());
        for bad in ["", "1h", "H1", "a/b", "a.b", "-a", &"a".repeat(32)] {
            assert!(check_name(bad).is_err(), "{bad}");
        }
    }
}
