//! Installing the sample release on a test host.

use std::time::Duration;

use super::Campus;
use crate::testhost::{Host, Output, Result};

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
        Ok(Self { host })
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
