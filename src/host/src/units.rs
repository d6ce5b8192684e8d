//! systemd: our units and what is asked of it.

use std::sync::Arc;
use std::time::Duration;

use bridle_core::fault::{Fault, FaultCode};
use bridle_core::plan::install::REGISTRY_PORT;
use bridle_core::port::{Command, Process};

/// Unit of the agent.
pub const AGENT: &str = "bridle-agent.service";
/// Sockets of the agent: systemd holds them, so that they stay open while the agent is started anew.
pub const AGENT_SOCKET: &str = "bridle-agent.socket";
/// Unit that removes the agent itself.
pub const REMOVAL: &str = "bridle-removal.service";
/// Unit of Kubernetes.
pub const K3S: &str = "k3s.service";

/// What systemd says of a unit.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct UnitState {
    /// `active`, `activating`, `inactive`, `failed`, …
    pub active: String,
    /// `enabled`, `disabled`, …
    pub enabled: String,
    /// How often systemd started it again by itself.
    pub restarts: u64,
    /// Names the life that it is in: another one after each start.
    pub invocation: String,
}

/// Since when a unit is active, on the clock that runs from the host's start.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Active {
    /// Since when it is.
    pub since: Duration,
    /// When it ceased to be active the last time before; nothing if this is its first life.
    pub before: Option<Duration>,
}

/// Talks to systemd through `systemctl`.
#[derive(Clone)]
pub struct Systemd {
    process: Arc<dyn Process>,
}

impl Systemd {
    /// Over this way of running programs.
    #[must_use]
    pub fn new(process: Arc<dyn Process>) -> Self {
        Self { process }
    }

    /// Makes systemd read its files again.
    ///
    /// # Errors
    /// A [`Fault`] if systemctl fails.
    pub fn daemon_reload(&self) -> Result<(), Fault> {
        self.run(&["daemon-reload"]).map(drop)
    }

    /// Makes a unit start with the host; not on disk before the file system is synced.
    ///
    /// # Errors
    /// A [`Fault`] if systemctl fails.
    pub fn enable(&self, unit: &str) -> Result<(), Fault> {
        self.run(&["enable", unit]).map(drop)
    }

    /// Asks for the start of a unit, without waiting for it.
    ///
    /// # Errors
    /// A [`Fault`] if systemctl fails.
    pub fn start(&self, unit: &str) -> Result<(), Fault> {
        self.run(&["start", "--no-block", unit]).map(drop)
    }

    /// Enables a unit and asks for its start, without waiting for it.
    ///
    /// # Errors
    /// A [`Fault`] if systemctl fails.
    pub fn enable_now(&self, unit: &str) -> Result<(), Fault> {
        self.enable(unit)?;
        self.start(unit)
    }

    /// Stops a unit, waits for that, and disables it; it is no error if there is no such unit.
    ///
    /// # Errors
    /// A [`Fault`] if systemctl fails.
    pub fn disable_now(&self, unit: &str) -> Result<(), Fault> {
        if self.state(unit)?.enabled.is_empty() {
            return Ok(());
        }
        self.run(&["disable", "--now", unit]).map(drop)
    }

    /// Asks for a restart, without waiting for it.
    ///
    /// # Errors
    /// A [`Fault`] if systemctl fails.
    pub fn restart(&self, unit: &str) -> Result<(), Fault> {
        self.run(&["restart", "--no-block", unit]).map(drop)
    }

    /// Forgets earlier failures, so that the start limit does not hold the next start back.
    ///
    /// # Errors
    /// A [`Fault`] if systemctl fails.
    pub fn reset_failed(&self, unit: &str) -> Result<(), Fault> {
        // Fails for a unit that never failed on some versions: what counts is the start afterwards.
        self.execute(&["reset-failed", unit]).map(drop)
    }

    /// Stops a unit that no other one asks for.
    ///
    /// # Errors
    /// A [`Fault`] if systemctl fails.
    pub fn stop_unwanted(&self, unit: &str) -> Result<(), Fault> {
        let askers = self.run(&["show", "--property=WantedBy,RequiredBy,RequisiteOf,BoundBy", unit])?;
        let wanted = askers.lines().any(|line| line.split_once('=').is_some_and(|(_, names)| !names.trim().is_empty()));
        if wanted { Ok(()) } else { self.run(&["stop", unit]).map(drop) }
    }

    /// How a unit stands.
    ///
    /// # Errors
    /// A [`Fault`] if systemctl fails.
    pub fn state(&self, unit: &str) -> Result<UnitState, Fault> {
        let output = self.run(&["show", "--property=ActiveState,UnitFileState,NRestarts,InvocationID", unit])?;
        let mut state = UnitState::default();
        for line in output.lines() {
            match line.split_once('=') {
                Some(("ActiveState", value)) => value.clone_into(&mut state.active),
                Some(("UnitFileState", value)) => value.clone_into(&mut state.enabled),
                Some(("InvocationID", value)) => value.clone_into(&mut state.invocation),
                Some(("NRestarts", value)) => state.restarts = value.parse().unwrap_or(0),
                _ => {}
            }
        }
        Ok(state)
    }

    /// Since when a unit is active; nothing if it is not.
    ///
    /// # Errors
    /// A [`Fault`] if systemctl fails.
    pub fn active(&self, unit: &str) -> Result<Option<Active>, Fault> {
        let asked = "--property=ActiveState,ActiveEnterTimestampMonotonic,ActiveExitTimestampMonotonic";
        let output = self.run(&["show", asked, unit])?;
        let told = |name: &str| output.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix('='));
        // Microseconds; zero stands for never.
        let moment = |name: &str| told(name)?.parse().ok().filter(|at| *at > 0).map(Duration::from_micros);
        let since = moment("ActiveEnterTimestampMonotonic").filter(|_| told("ActiveState") == Some("active"));
        Ok(since.map(|since| Active { since, before: moment("ActiveExitTimestampMonotonic") }))
    }

    /// The last lines that a unit logged, for a fault's causes.
    #[must_use]
    pub fn last_lines(&self, unit: &str, lines: u32) -> String {
        let count = lines.to_string();
        let command = Command::new("/usr/bin/journalctl")
            .args(["--no-pager", "--output=cat", "--lines", &count, "--unit", unit])
            .limit(Duration::from_secs(20));
        self.process.run(&command, &|| false).map(|output| output.stdout_text()).unwrap_or_default()
    }

    fn run(&self, args: &[&str]) -> Result<String, Fault> {
        let output = self.execute(args)?;
        if output.ok() {
            return Ok(output.stdout_text());
        }
        let program = format!("systemctl {}", args.join(" "));
        Err(Fault::new(FaultCode::ProgramFailed).with("program", program).output(&output.complaint()))
    }

    fn execute(&self, args: &[&str]) -> Result<bridle_core::port::CommandOutput, Fault> {
        let command = Command::new("/usr/bin/systemctl")
            .args(args.iter().copied())
            .env("LC_ALL", "C")
            .env("SYSTEMD_PAGER", "")
            .limit(Duration::from_secs(200));
        self.process
            .run(&command, &|| false)
            .map_err(|error| Fault::new(FaultCode::ProgramFailed).with("program", "systemctl").because(&error))
    }
}

/// The agent's own units with their texts, in the order in which they are enabled.
#[must_use]
pub fn of_agent() -> [(&'static str, String); 2] {
    [(AGENT_SOCKET, agent_socket(REGISTRY_PORT)), (AGENT, agent_unit())]
}

/// Text of the unit of the agent's sockets; the registry answers at this port on loopback.
///
/// A connection that comes while no agent runs waits, and starts one. No limit on how often that happens: beyond it systemd
/// would close the sockets.
#[must_use]
pub fn agent_socket(registry_port: u16) -> String {
    format!(
        "# Made by Bridle; changes are lost.
[Unit]
Description=Sockets of the Bridle agent
Documentation=man:bridle(1)

[Socket]
ListenStream=/run/bridle/agent.sock
ListenStream=127.0.0.1:{registry_port}
SocketMode=0660
SocketGroup=bridle
DirectoryMode=0755
RemoveOnStop=yes
TriggerLimitIntervalSec=0

[Install]
WantedBy=sockets.target
"
    )
}

/// Text of the agent's unit.
///
/// The agent is root and works on the whole host (units, k3s, mounts below `/var/lib`), so it is fenced in where that
/// does not touch its work: no new privileges for its children would break `k3s`' own helpers, and is left out.
#[must_use]
pub fn agent_unit() -> String {
    "# Made by Bridle; changes are lost. Settings of yours belong into a drop-in: systemctl edit bridle-agent
[Unit]
Description=Bridle agent: runs, upgrades and recovers this platform
Documentation=man:bridle(1)
After=network-online.target local-fs.target bridle-agent.socket
Wants=network-online.target bridle-agent.socket
Before=k3s.service
StartLimitIntervalSec=0

[Service]
Type=notify
ExecStart=/opt/bridle/launcher/bin/bridle-launch
Restart=always
RestartSec=100ms
WatchdogSec=60
TimeoutStartSec=120
TimeoutStopSec=60
KillMode=mixed
RuntimeDirectory=bridle
RuntimeDirectoryMode=0755
RuntimeDirectoryPreserve=yes
UMask=0027
LimitNOFILE=65536
LimitCORE=0
TasksMax=512
MemoryHigh=256M
OOMScoreAdjust=-900
ProtectClock=yes
ProtectHostname=yes
ProtectKernelLogs=yes
ProtectHome=read-only
PrivateTmp=yes
RestrictRealtime=yes
RestrictSUIDSGID=yes
LockPersonality=yes
MemoryDenyWriteExecute=yes
SystemCallArchitectures=native
RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6 AF_NETLINK

[Install]
WantedBy=multi-user.target
"
    .to_owned()
}

/// Text of the unit of k3s (`k3s-contract.md` §6): a stop leaves the pods running, and there is no start limit of systemd's.
#[must_use]
pub fn k3s_unit() -> String {
    "# Made by Bridle; changes are lost.
[Unit]
Description=Kubernetes (k3s) of the Bridle platform
After=network-online.target bridle-agent.socket bridle-agent.service
Wants=network-online.target bridle-agent.socket bridle-agent.service
StartLimitIntervalSec=0

[Service]
Type=notify
ExecStartPre=-/sbin/modprobe br_netfilter
ExecStartPre=-/sbin/modprobe overlay
ExecStart=/opt/bridle/kubernetes/bin/k3s server
KillMode=process
Delegate=yes
LimitNOFILE=1048576
LimitNPROC=infinity
LimitCORE=0
TasksMax=infinity
TimeoutStartSec=0
Restart=always
RestartSec=5

[Install]
WantedBy=multi-user.target
"
    .to_owned()
}
