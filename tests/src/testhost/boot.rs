//! Starting and stopping a host, the gentle ways and the hard ones.

use super::{Error, Host, Invocation, Result, control_groups, network, process_table, wait};
use std::ffi::{OsStr, OsString};
use std::fs::{self, File};
use std::os::unix::process::CommandExt;
use std::process::{Command, Stdio};
use std::thread;
use std::time::Duration;

/// From the first process until systemd says that it has booted. Tried: 2 s.
const BOOT_LIMIT: Duration = Duration::from_secs(90);
/// systemd gives a unit 90 s to stop.
const SHUTDOWN_LIMIT: Duration = Duration::from_secs(150);
const PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
/// Joins the groups whose entrances are named before `--`, then becomes the program named after it.
const JOIN_AND_RUN: &str = "while [ \"$1\" != -- ]; do echo $$ > \"$1\" || exit 125; shift; done; shift; exec \"$@\"";
/// What containerd, runc and kubelet call and systemd-nspawn forbids by default.
const SYSTEM_CALLS: &str = "--system-call-filter=@keyring bpf @mount @raw-io @module";

impl Host {
    /// Starts it and waits until systemd has booted (`running` or `degraded`), at most 90 s; a host
    /// that by then permits logins but still starts a service has booted, too.
    pub fn boot(&mut self) -> Result<()> {
        if self.is_running() {
            return Err(Error::IsRunning(self.name.clone()));
        }
        let booted = self.start().and_then(|()| self.wait_for_boot());
        if let Err(error) = booted {
            let seen = self.console_tail();
            self.stop()?;
            return Err(Error::Late { what: format!("the boot of {} ({error})", self.name), limit: BOOT_LIMIT, seen });
        }
        Ok(())
    }

    /// Shuts it down as an administrator would, and unmounts its disk.
    pub fn poweroff(&mut self) -> Result<()> {
        let leader = self.leader()?;
        let started = process_table::entry(leader).map_or(0, |entry| entry.started);
        self.run_ok(["systemctl", "poweroff", "--no-block"])?;
        self.wait_until("shutting down", SHUTDOWN_LIMIT, || !process_table::runs(leader, started))?;
        self.stop()?;
        self.disk.detach()
    }

    /// [`Host::poweroff`], then [`Host::boot`].
    pub fn reboot(&mut self) -> Result<()> {
        self.poweroff()?;
        self.boot()
    }

    /// Kills all its processes at once. The kernel lives on, and with it the page cache: nothing
    /// unsynced is lost, so this is never a substitute for [`Host::power_cut`].
    pub fn crash(&mut self) -> Result<()> {
        self.leader()?;
        self.stop()
    }

    /// Cuts its power: what has not reached the disk is lost. It is off afterwards, its disk is
    /// mounted again (the file system's journal replayed), so that files can be looked at.
    pub fn power_cut(&mut self) -> Result<()> {
        self.leader()?;
        self.disk.cut()?;
        self.stop()?;
        self.disk.detach()?;
        self.disk.attach()
    }

    /// Takes everything away that is not on the disk.
    fn stop(&mut self) -> Result<()> {
        let label = self.label();
        control_groups::kill_all(&label)?;
        self.leader.set(None);
        control_groups::remove(&label)?;
        network::detach(&self.lab.id, &self.name, self.number)
    }

    fn start(&self) -> Result<()> {
        let label = self.label();
        self.disk.attach()?;
        network::attach(&self.lab.id, self.lab.inside, &self.name, self.number)?;
        control_groups::create(&label)?;
        let path = self.console_path();
        let console = File::options().create(true).append(true).open(&path);
        let console = console.map_err(Error::file("open", &path))?;
        let errors = console.try_clone().map_err(Error::file("open", &path))?;
        let mut root = OsString::from("--directory=");
        root.push(&self.disk.mount_point);
        let mut command = joining(&label)?;
        command
            .arg("systemd-nspawn")
            .arg(root)
            .args(["--boot", "--register=no", "--keep-unit", "--capability=all", SYSTEM_CALLS])
            .args(["--bind=/dev/kmsg", "--resolv-conf=off", "--timezone=off", "--link-journal=no"])
            .arg(format!("--machine={label}"))
            .arg(format!("--hostname={}", self.name))
            .arg(format!("--network-namespace-path=/run/netns/{label}"))
            .env("SYSTEMD_NSPAWN_API_VFS_WRITABLE", "1")
            // A server's /tmp is on its disk.
            .env("SYSTEMD_NSPAWN_TMPFS_TMP", "0")
            .stdin(Stdio::null())
            .stdout(console)
            .stderr(errors)
            .process_group(0);
        let mut child = command
            .spawn()
            .map_err(|source| Error::Start { command: format!("systemd-nspawn for {label}"), source })?;
        // Only so that no zombie stays: whether the host runs is seen from its process 1.
        thread::spawn(move || child.wait());
        Ok(())
    }

    fn wait_for_boot(&self) -> Result<()> {
        let interval = Duration::from_millis(50);
        wait::poll("process 1", BOOT_LIMIT, interval, || self.is_running())?;
        let mut opened = false;
        let mut last = Ok(String::new());
        let booted = wait::poll("systemd", BOOT_LIMIT, interval, || {
            if !opened {
                opened = self.open_control_groups().is_ok();
            }
            last = self.run(["systemctl", "is-system-running"]).map(|output| output.stdout);
            let state = last.as_deref().unwrap_or_default().trim();
            opened && matches!(state, "running" | "degraded")
        });
        // A service that takes long to start (a node on a busy machine) does not keep people out.
        if booted.is_err() && opened && self.permits_logins() {
            return Ok(());
        }
        booted.map_err(|_| Error::Late {
            what: format!("systemd of {}", self.name),
            limit: BOOT_LIMIT,
            seen: format!("{last:?}"),
        })
    }

    fn permits_logins(&self) -> bool {
        let asked = self.run(["systemctl", "is-active", "systemd-user-sessions.service"]);
        asked.is_ok_and(|output| output.success())
    }

    /// systemd-nspawn mounts the v1 controllers read-only; kubelet and containerd make groups in them.
    fn open_control_groups(&self) -> Result<()> {
        if control_groups::is_unified_only() {
            return Ok(());
        }
        let hierarchies = control_groups::hierarchies()?;
        let mounts: Vec<_> = hierarchies.iter().map(|path| path.to_string_lossy()).collect();
        let script = "for m in \"$@\"; do ! mountpoint -q \"$m\" || mount -o remount,bind,rw \"$m\"; done";
        let words = ["sh", "-ec", script, "sh"].into_iter().chain(mounts.iter().map(|mount| &**mount));
        self.run_ok(words).map(drop)
    }
}

/// Process 1 of the host with these control groups, with its start time.
pub(crate) fn find_leader(label: &str) -> Result<Option<(u32, u64)>> {
    for pid in control_groups::processes(label)? {
        let Ok(status) = fs::read_to_string(format!("/proc/{pid}/status")) else {
            continue;
        };
        let is_first = status
            .lines()
            .find_map(|line| line.strip_prefix("NSpid:"))
            .is_some_and(|pids| pids.split_whitespace().skip(1).eq(["1"]));
        // Until it has become systemd it cannot be entered yet.
        if is_first && process_table::program(pid).as_deref() == Some("systemd") {
            return Ok(process_table::entry(pid).map(|entry| (pid, entry.started)));
        }
    }
    Ok(None)
}

/// A program to be run inside a host.
pub(crate) fn entering<S: AsRef<OsStr>>(
    label: &str,
    leader: u32,
    words: impl IntoIterator<Item = S>,
) -> Result<Invocation> {
    let words: Vec<OsString> = words.into_iter().map(|word| word.as_ref().to_owned()).collect();
    let shown: Vec<_> = words.iter().map(|word| word.to_string_lossy()).collect();
    let shown = format!("{label}# {}", shown.join(" "));
    let mut command = joining(label)?;
    command
        .args(["nsenter", "-t", &leader.to_string(), "-m", "-u", "-i", "-n", "-p", "-C", "--"])
        .args(&words)
        .env_clear()
        .envs([("PATH", PATH), ("HOME", "/root"), ("LANG", "C.UTF-8"), ("TERM", "dumb")]);
    Ok(Invocation::of(command, shown))
}

/// A command that joins a host's control groups before it becomes what its arguments say.
fn joining(label: &str) -> Result<Command> {
    let entrances = control_groups::entrances(label)?;
    let mut command = Command::new("sh");
    command.args(["-c", JOIN_AND_RUN, "sh"]).args(entrances).arg("--");
    Ok(command)
}
