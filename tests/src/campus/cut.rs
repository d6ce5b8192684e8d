//! A power cut in the middle of an installation, and what must come of it.

use std::process::Command;
use std::time::{Duration, Instant};

use super::build::checkout;
use super::{Campus, FrontDoor, Installation};
use crate::testhost::{Error, Host, Lab, Result};

/// How long an installation may take to come to the moment of the cut.
const MOMENT_LIMIT: Duration = Duration::from_secs(10 * 60);

/// Installs on a host of its own, cuts the power as soon as `moment` has come, boots, and waits until the agent has gone on
/// to the end by itself and users are served. Gives the time from the boot to the end.
///
/// # Errors
/// The kit's, naming what did not happen in time.
pub fn goes_on_after_a_cut(
    name: &str,
    campus: &Campus,
    moment: impl Fn(&Host, &Installation<'_>) -> bool,
    then: impl FnOnce(&Host) -> Result<()>,
) -> Result<Duration> {
    let lab = Lab::new(name)?;
    let mut host = lab.host("h1").disk_gib(12).build()?;
    host.boot()?;
    {
        let installation = Installation::prepare(&host, campus)?;
        let _running = installation.start()?;
        let ended = || installation.state().as_deref() == Some("committed");
        let mut come = false;
        host.wait_until("the moment of the cut", MOMENT_LIMIT, || {
            // A last step that is done at once leaves no time before the end: then the cut comes right after it.
            let over = ended();
            come = moment(&host, &installation);
            come || over
        })?;
        if !come {
            return Err(Error::Late {
                what: "the moment of the cut".to_owned(),
                limit: MOMENT_LIMIT,
                seen: "the installation had ended before".to_owned(),
            });
        }
    }
    host.power_cut()?;
    let began = Instant::now();
    host.boot()?;
    Installation::at(&host).wait_committed()?;
    // Where the cut came after the end, the pods are still on their way.
    host.wait_until("users are served", MOMENT_LIMIT, || FrontDoor::of(&host).and_then(|door| door.page()).is_ok())?;
    let took = began.elapsed();
    then(&host)?;
    Ok(took)
}

/// A number from 1 to `most`, picked by the hash of the commit, so that each commit cuts elsewhere.
#[must_use]
pub fn picked_by_the_commit(most: u64) -> u64 {
    let output = Command::new("git").args(["rev-parse", "HEAD"]).current_dir(checkout()).output();
    let hash = output.map(|output| String::from_utf8_lossy(&output.stdout).into_owned()).unwrap_or_default();
    let digits: String = hash.chars().take(8).collect();
    u64::from_str_radix(&digits, 16).unwrap_or(0) % most + 1
}
