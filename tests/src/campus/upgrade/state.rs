//! In which state a change has left a host: exactly the new one, or exactly the old one.

use std::time::Duration;

use serde_json::Value;

use super::End;
use crate::campus::Journal;
use crate::testhost::{Host, Result};

/// From the end of the operation until the host says that all is well.
const HEALTHY_LIMIT: Duration = Duration::from_secs(3 * 60);

/// What on the host does not fit the end that the journal tells: exactly the new release, or exactly the old one.
///
/// # Errors
/// The kit's, if the host does not come to health.
pub fn differences(host: &Host, journal: &Journal, end: End) -> Result<Vec<String>> {
    let (from, to) = journal.releases();
    let wanted = match end {
        End::Committed => to,
        End::RolledBack => from,
    };
    let wanted = wanted.unwrap_or_default();
    let mut wrong = Vec::new();
    if end == End::RolledBack && journal.is_past_commit() {
        wrong.push("taken back although a step behind the commit had begun".to_owned());
    }
    let mut status = Value::Null;
    let healthy = host.wait_until("health after the upgrade", HEALTHY_LIMIT, || {
        let said = host.shell("bridle status --json").unwrap_or_default();
        status = serde_json::from_str(&said).unwrap_or_default();
        status["health"] == "ok" && status["release"] == wanted
    });
    if healthy.is_err() {
        wrong.push(format!("not {wanted} and healthy: {status}"));
    }
    // What a plan does not switch goes on as it is: the same Kubernetes, or, on a return after a commit, that of a later minor.
    let switches = journal.titles().iter().any(|title| title.starts_with("switch_kubernetes"));
    let kubernetes = if switches { wanted } else { from.unwrap_or_default() };
    for (link, wanted) in [("current", wanted), ("kubernetes", kubernetes), ("launcher", wanted)] {
        let target = host.shell(&format!("basename \"$(readlink -f /opt/bridle/{link})\""))?;
        if target != wanted {
            wrong.push(format!("/opt/bridle/{link} leads to {target} instead of {wanted}"));
        }
    }
    if host.has("/opt/bridle/trial.json")? {
        wrong.push("an agent is still on trial".to_owned());
    }
    let told: Value = serde_json::from_str(&host.shell("kubectl get --raw=/version")?).unwrap_or_default();
    if told["emulationMinor"] != told["minor"] {
        wrong.push(format!("Kubernetes emulates another version: {told}"));
    }
    let releases = host.shell("export KUBECONFIG=/etc/rancher/k3s/k3s.yaml HOME=/root; helm list -A -o json")?;
    let releases: Vec<Value> = serde_json::from_str(&releases).unwrap_or_default();
    let pending = releases.iter().filter(|release| release["status"] != "deployed");
    wrong.extend(pending.map(|release| format!("a chart is not deployed: {release}")));
    // What was replaced last may still be ending in good order.
    let mut pods = String::new();
    let _ended = host.wait_until("the end of pods that were replaced", HEALTHY_LIMIT, || {
        pods = host.shell("kubectl get pods -A --no-headers").unwrap_or_default();
        !pods.is_empty() && !pods.contains("Terminating")
    });
    let bad = pods.lines().filter(|line| !(line.contains("Running") || line.contains("Completed")));
    wrong.extend(bad.map(|line| format!("a pod does not run: {line}")));
    Ok(wrong)
}
