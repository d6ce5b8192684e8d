//! Running helm: what it is told, and nothing else reaches it.

use std::path::Path;
use std::time::Duration;

use bridle_core::fault::{Fault, FaultCode};
use bridle_core::port::{Command, CommandError};
use bridle_core::step::ChartStep;

use super::Helm;

/// Revisions that helm keeps of each release: one in use, and some to look back on.
const HISTORY: &str = "5";
/// Helm gets this much less time than we have, so that it can still write down how it ended.
const MARGIN: Duration = Duration::from_secs(10);
/// Less makes no sense for any chart.
const SHORTEST: Duration = Duration::from_secs(5);

/// How a run of helm ended.
#[derive(Debug)]
pub(super) enum Ended {
    /// With exit code 0.
    Well,
    /// With another one, or killed.
    Badly {
        /// What it said last.
        complaint: String,
        /// Whether it had waited too long.
        late: bool,
    },
}

impl Helm {
    /// `helm upgrade --install` of a packed chart. Values go through standard input: no file is left behind by a kill.
    pub(super) fn upgrade(
        &self,
        chart: &ChartStep,
        package: &Path,
        description: &str,
        left: Duration,
        stop: &dyn Fn() -> bool,
    ) -> Result<Ended, Fault> {
        let wanted = Duration::from_secs(u64::from(chart.timeout_seconds));
        let mut command = self.command(left)?.args(["upgrade".to_owned(), chart.name.clone(), text(package)]).args([
            "--install",
            "--namespace",
            &chart.namespace,
            "--values",
            "-",
            "--reset-values", // nothing of an earlier revision's values stays
            "--skip-crds",    // the step *custom resources* does them
            "--wait=watcher",
            "--wait-for-jobs",
            "--server-side=true",
            "--force-conflicts", // what a release names is the release's, whoever edited it
            "--history-max",
            HISTORY,
            "--hide-notes",
            "--description",
            description,
            "--timeout",
        ]);
        command = command.args([seconds(wanted.min(left.saturating_sub(MARGIN)))]);
        command.stdin = Some(serde_json::Value::Object(chart.values.clone()).to_string().into_bytes());
        self.run(&command, stop)
    }

    /// `helm uninstall`, waiting until the objects are gone.
    pub(super) fn uninstall(
        &self,
        name: &str,
        namespace: &str,
        left: Duration,
        stop: &dyn Fn() -> bool,
    ) -> Result<Ended, Fault> {
        let timeout = seconds(left.saturating_sub(MARGIN));
        let command = self.command(left)?.args([
            "uninstall",
            name,
            "--namespace",
            namespace,
            "--ignore-not-found",
            "--cascade",
            "foreground",
            "--wait=watcher",
            "--timeout",
            &timeout,
        ]);
        self.run(&command, stop)
    }

    /// The environment is exactly this: no proxy, plugin, repository or cluster of whoever started the agent.
    pub(super) fn command(&self, limit: Duration) -> Result<Command, Fault> {
        let scratch = |folder: &str| text(&self.scratch.join(folder));
        Ok(Command::new((self.program)()?)
            .limit(limit)
            .env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin")
            .env("HOME", text(&self.scratch))
            .env("XDG_CACHE_HOME", scratch("cache"))
            .env("XDG_CONFIG_HOME", scratch("config"))
            .env("XDG_DATA_HOME", scratch("data"))
            .env("KUBECONFIG", text(&self.kubeconfig))
            .env("HELM_DRIVER", "secret"))
    }

    fn run(&self, command: &Command, stop: &dyn Fn() -> bool) -> Result<Ended, Fault> {
        match self.process.run(command, stop) {
            Ok(output) if output.ok() => Ok(Ended::Well),
            Ok(output) => {
                let complaint = output.complaint();
                // Helm's words for "waited too long": Go's context error, and its own for what was left.
                let late = ["context deadline exceeded", "timed out", "not ready"]
                    .iter()
                    .any(|words| complaint.contains(words));
                Ok(Ended::Badly { complaint, late })
            }
            Err(error @ CommandError::Start { .. }) => {
                Err(Fault::new(FaultCode::ProgramFailed).with("program", "helm").because(&error))
            }
            Err(error @ CommandError::Limit { .. }) => Ok(Ended::Badly { complaint: error.to_string(), late: true }),
            Err(error @ CommandError::Stopped { .. }) => Ok(Ended::Badly { complaint: error.to_string(), late: false }),
        }
    }
}

fn seconds(duration: Duration) -> String {
    format!("{}s", duration.max(SHORTEST).as_secs())
}

pub(super) fn text(path: &Path) -> String {
    path.to_string_lossy().into_owned()
}
