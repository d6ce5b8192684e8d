//! Uninstalling the sample release from a test host.

use std::path::Path;
use std::time::{Duration, Instant};

use super::{Campus, Installation, template};
use crate::testhost::{Error, Host, HostDigest, Lab, Output, Result, Running};

/// Name of the site of [`super::site_profile`]: confirms the loss of its data.
const SITE_NAME: &str = "campus-demo";
/// From the command to the very end on these machines.
const LIMIT: Duration = Duration::from_secs(10 * 60);
/// What stays where data are kept, besides the folders above it: everything else must be as before the installation.
const KEPT: [&str; 5] = [
    "/etc/bridle",
    "/var/lib/bridle/config",
    "/var/lib/bridle/kept",
    "/var/lib/bridle/receipt.json",
    "/var/lib/bridle/volumes",
];

/// What becomes of the data.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Data {
    /// They stay.
    Keep,
    /// They go.
    Delete,
}

/// Where the power is cut.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cut {
    /// As soon as this step of the plan has begun.
    Step(u64),
    /// As soon as the agent's unit is gone: in the last act.
    LastAct,
}

/// The removal of what is installed on a host.
#[derive(Debug)]
pub struct Uninstallation<'a> {
    host: &'a Host,
    data: Data,
}

impl<'a> Uninstallation<'a> {
    /// Of this host.
    #[must_use]
    pub fn of(host: &'a Host, data: Data) -> Self {
        Self { host, data }
    }

    /// Words of the removal without a question.
    #[must_use]
    pub fn words(&self) -> Vec<&'static str> {
        match self.data {
            Data::Keep => vec!["bridle", "uninstall", "--keep-data", "--yes"],
            Data::Delete => vec!["bridle", "uninstall", "--delete-data", "--confirm", SITE_NAME],
        }
    }

    /// What it would do; nothing is changed.
    ///
    /// # Errors
    /// The kit's, if that is refused or no JSON.
    pub fn view(&self) -> Result<serde_json::Value> {
        let mut words = self.words();
        words.truncate(3);
        words.extend(["--dry-run", "--json"]);
        let output = self.host.run_ok(words)?;
        serde_json::from_str(&output.stdout).map_err(|error| Error::Failed {
            command: "bridle uninstall --dry-run --json".to_owned(),
            status: error.to_string(),
            stdout: output.stdout,
            stderr: output.stderr,
        })
    }

    /// Removes and waits for the end.
    ///
    /// # Errors
    /// The kit's, if the command does not end in time.
    pub fn run(&self) -> Result<Output> {
        self.host.command(self.words())?.limit(LIMIT).run()
    }

    /// Starts the removal and returns at once.
    ///
    /// # Errors
    /// The kit's, if it cannot be started.
    pub fn start(&self) -> Result<Running> {
        self.host.spawn(self.words())
    }

    /// Whether the moment of the cut has come.
    #[must_use]
    pub fn reached(&self, cut: Cut) -> bool {
        let root = self.host.disk_root();
        match cut {
            Cut::LastAct => {
                let units = root.join("etc/systemd/system");
                units.join("bridle-removal.service").exists() && !units.join("bridle-agent.service").exists()
            }
            Cut::Step(step) => {
                let records = Installation::at(self.host).records();
                let is_ours = records.first().is_some_and(|first| first["kind"]["plan"]["kind"] == "uninstall");
                let begun = |kind: &str| kind == "intent" || kind == "done";
                is_ours
                    && records.iter().any(|record| {
                        record["kind"]["step"] == step && record["kind"]["type"].as_str().is_some_and(begun)
                    })
            }
        }
    }

    /// Whether nothing is left that goes on by itself.
    #[must_use]
    pub fn is_over(&self) -> bool {
        let root = self.host.disk_root();
        let left = |path: &str| root.join(path).symlink_metadata().is_ok();
        ![
            "etc/systemd/system/bridle-agent.service",
            "etc/systemd/system/bridle-removal.service",
            "etc/systemd/system/multi-user.target.wants/bridle-removal.service",
            "etc/tmpfiles.d/bridle-removal.conf",
            "var/lib/bridle/removal",
        ]
        .into_iter()
        .any(left)
    }

    /// Waits until it has come to its end by itself.
    ///
    /// # Errors
    /// The kit's, with what the agent and the last act said, if that does not happen in time.
    pub fn wait_over(&self) -> Result<()> {
        self.host.wait_until("the end of the removal", LIMIT, || self.is_over()).map_err(|error| Error::Failed {
            command: self.words().join(" "),
            status: error.to_string(),
            stdout: self.host.journal("bridle-removal").unwrap_or_default(),
            stderr: self.host.journal("bridle-agent").unwrap_or_default(),
        })
    }

    /// What is not as it was before the installation and should be, one line each.
    ///
    /// # Errors
    /// The kit's, if the host cannot be looked at.
    pub fn differences(&self, before: &HostDigest) -> Result<Vec<String>> {
        // The unit's very last command makes systemd forget the unit whose file is gone.
        let state = || self.host.shell("systemctl show --property=ActiveState --value bridle-removal").ok();
        self.host.wait_until("the end of bridle-removal", LIMIT, || state().as_deref() == Some("inactive"))?;
        let difference = before.difference(&self.host.digest_after(before)?);
        let kept = |path: &str| {
            let path = Path::new(path);
            path == Path::new("/var/lib/bridle") || KEPT.iter().any(|kept| path.starts_with(kept))
        };
        let stays = |name: &str| self.data == Data::Keep && kept(name);
        let wrong = difference.iter().filter(|found| !(found.subject == "file" && stays(&found.name)));
        Ok(wrong.map(ToString::to_string).collect())
    }
}

/// Begins a removal on an installed host of its own, cuts the power at `cut`, boots, and waits until it has ended by itself.
/// Gives what is not as it was before the installation and should be, and the time from the boot to the end.
///
/// # Errors
/// The kit's, naming what did not happen in time.
pub fn removal_goes_on_after_a_cut(
    name: &str,
    campus: &Campus,
    data: Data,
    cut: impl FnOnce(u64) -> Cut,
) -> Result<(Vec<String>, Duration)> {
    let template = template::installed(campus)?;
    let lab = Lab::of_equal_addresses(name)?;
    let (mut host, _door) = template.serving(&lab)?;
    {
        let uninstallation = Uninstallation::of(&host, data);
        let steps = uninstallation.view()?["steps"].as_array().map_or(1, Vec::len);
        let cut = cut(u64::try_from(steps).unwrap_or(1));
        println!("{name}: {data:?}, power cut at {cut:?} of {steps} steps");
        let _running = uninstallation.start()?;
        host.wait_until("the moment of the cut", LIMIT, || uninstallation.reached(cut) || uninstallation.is_over())?;
        if uninstallation.is_over() {
            return Err(Error::Late {
                what: "the moment of the cut".to_owned(),
                limit: LIMIT,
                seen: "the removal had ended before".to_owned(),
            });
        }
    }
    host.power_cut()?;
    let began = Instant::now();
    host.boot()?;
    let uninstallation = Uninstallation::of(&host, data);
    uninstallation.wait_over()?;
    let took = began.elapsed();
    Ok((uninstallation.differences(template.before())?, took))
}
