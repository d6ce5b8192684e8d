//! Installing the sample release on a test host.

use std::time::Duration;

use super::{Campus, Journal};
use crate::testhost::{Error, Host, Output, Result, Running};

/// Name under which users reach the platform on test hosts.
pub const HOST: &str = "campus.internal";
/// Where the site profile lies on a test host.
pub const SITE: &str = "/root/site.toml";
/// From the command to green probes on these machines.
const INSTALL_LIMIT: Duration = Duration::from_secs(15 * 60);

/// The profile of a test site. These machines have cgroup v1, which a site must allow expressly.
#[must_use]
pub fn site_profile() -> String {
    format!("format = 1\nname = \"campus-demo\"\nhost = \"{HOST}\"\n[kubernetes]\nallow_cgroup_v1 = true\n")
}

/// The release file on a host, ready to be run.
#[derive(Debug)]
pub struct Installation<'a> {
    host: &'a Host,
}

impl<'a> Installation<'a> {
    /// Brings the release file, the publisher's key and a site profile to a booted host.
    ///
    /// # Errors
    /// The kit's, if the host cannot be written.
    pub fn prepare(host: &'a Host, campus: &Campus) -> Result<Self> {
        host.prepare_for_kubernetes()?;
        host.push(&campus.run, "/root/campus.run")?;
        host.push(&campus.key, "/root/campus.pub")?;
        host.run_ok(["chmod", "0755", "/root/campus.run"])?;
        host.write_file(SITE, site_profile())?;
        // What an administrator copied minutes ago is on disk; a power cut is to hit the installation, not this.
        host.run_ok(["sync"])?;
        Ok(Self { host })
    }

    /// What [`Installation::prepare`] brought is still on the host.
    #[must_use]
    pub fn at(host: &'a Host) -> Self {
        Self { host }
    }

    /// Words of the installation without a question.
    #[must_use]
    pub fn words() -> [&'static str; 7] {
        ["/root/campus.run", "install", "--yes", "--config", SITE, "--publisher-key", "/root/campus.pub"]
    }

    /// Installs and waits for the end.
    ///
    /// # Errors
    /// The kit's, if the command does not end in time.
    pub fn run(&self) -> Result<Output> {
        self.host.command(Self::words())?.limit(INSTALL_LIMIT).run()
    }
}

impl Installation<'_> {
    /// Starts the installation and returns at once.
    ///
    /// # Errors
    /// The kit's, if it cannot be started.
    pub fn start(&self) -> Result<Running> {
        self.host.spawn(Self::words())
    }

    /// The journal of the newest operation as it is on the host's disk now; empty before the hand-over.
    #[must_use]
    pub fn journal(&self) -> Journal {
        Journal::newest(&self.host.disk_root())
    }

    /// The records of that journal.
    #[must_use]
    pub fn records(&self) -> Vec<serde_json::Value> {
        self.journal().records().to_vec()
    }

    /// Whether a record of this type names this step.
    #[must_use]
    pub fn reached(&self, kind: &str, step: u64) -> bool {
        self.records().iter().any(|record| record["kind"]["type"] == kind && record["kind"]["step"] == step)
    }

    /// How many steps the approved plan has; 0 before the hand-over.
    #[must_use]
    pub fn steps(&self) -> u64 {
        self.journal().steps()
    }

    /// Whether this step has begun, or was found done.
    #[must_use]
    pub fn begun(&self, step: u64) -> bool {
        self.journal().begun(step)
    }

    /// The state that the operation was last in.
    #[must_use]
    pub fn state(&self) -> Option<String> {
        self.journal().state().map(str::to_owned)
    }

    /// Waits until the operation is committed by itself; an operation that asks the operator is a failure at once.
    ///
    /// # Errors
    /// The kit's, with the steps so far, if that does not happen in time.
    pub fn wait_committed(&self) -> Result<()> {
        let mut asked = false;
        self.host.wait_until("operation committed", INSTALL_LIMIT, || {
            let state = self.state();
            asked = state.as_deref() == Some("needs_operator");
            asked || state.as_deref() == Some("committed")
        })?;
        if asked { Err(self.unexpected("the operation asks the operator")) } else { Ok(()) }
    }

    fn unexpected(&self, what: &str) -> Error {
        Error::Failed {
            command: Self::words().join(" "),
            status: what.to_owned(),
            stdout: self.journal().told(),
            stderr: self.host.journal("bridle-agent").unwrap_or_default(),
        }
    }
}
