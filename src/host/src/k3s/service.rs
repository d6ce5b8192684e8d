//! Starting and stopping the service, with the reasons where it does not come up.

use std::time::Duration;

use bridle_core::fault::{Fault, FaultCode};
use bridle_core::message::Message;
use bridle_core::port::{Attempt, Clock, Command, Process};
use bridle_core::step::Standing;

use super::pods;
use crate::layout::Layout;
use crate::units::{K3S, Systemd};

/// So many automatic restarts within one attempt mean that it will not come up by itself.
const CRASH_LOOP: u64 = 6;
/// How long killed pods may take to be gone; the probe says so if they are not.
const PODS_GONE: Duration = Duration::from_secs(10);
const LOOK: Duration = Duration::from_secs(1);

pub(super) fn standing(
    systemd: &Systemd,
    process: &dyn Process,
    layout: &Layout,
    version: &str,
) -> Result<Standing, Fault> {
    let state = systemd.state(K3S)?;
    if state.active != "active" || state.enabled != "enabled" {
        return Ok(Standing::Missing(Message::new("missing-kubernetes-stopped")));
    }
    if kubectl(process, layout, &["get", "--raw=/readyz"]).is_none_or(|text| text.trim() != "ok") {
        return Ok(Standing::Missing(Message::new("missing-kubernetes-api")));
    }
    let found = kubectl(process, layout, &["get", "--raw=/version"]).and_then(|text| git_version(&text));
    match found {
        Some(found) if same_version(&found, version) => Ok(Standing::Done),
        Some(found) => {
            let message = Message::new("missing-kubernetes-version").with("found", found).with("wanted", version);
            Ok(Standing::Missing(message))
        }
        None => Ok(Standing::Missing(Message::new("missing-kubernetes-api"))),
    }
}

pub(super) fn start(
    systemd: &Systemd,
    process: &dyn Process,
    clock: &dyn Clock,
    layout: &Layout,
    version: &str,
    attempt: &mut Attempt<'_>,
) -> Result<(), Fault> {
    systemd.reset_failed(K3S)?;
    let before = systemd.state(K3S)?.restarts;
    systemd.enable_now(K3S)?;
    let until = clock.monotonic() + attempt.limit;
    loop {
        if standing(systemd, process, layout, version)? == Standing::Done {
            return Ok(());
        }
        attempt.progress.waiting(Message::new("wait-kubernetes-api"));
        let state = systemd.state(K3S)?;
        let fallen = state.active == "failed" || state.restarts.saturating_sub(before) >= CRASH_LOOP;
        if fallen || clock.monotonic() >= until || (attempt.stop)() {
            let fault = Fault::new(FaultCode::KubernetesNotStarted);
            return Err(fault.output(&systemd.last_lines(K3S, 40)));
        }
        clock.sleep(LOOK);
    }
}

pub(super) fn stopped(systemd: &Systemd) -> Result<Standing, Fault> {
    let state = systemd.state(K3S)?;
    let down = matches!(state.active.as_str(), "inactive" | "failed" | "") && state.enabled != "enabled";
    if down && !pods::left() {
        Ok(Standing::Done)
    } else {
        Ok(Standing::Missing(Message::new("missing-still-there").with("path", K3S)))
    }
}

pub(super) fn stop(systemd: &Systemd, clock: &dyn Clock) -> Result<(), Fault> {
    systemd.disable_now(K3S)?;
    // The service leaves its pods running on purpose; here they must go too. What is killed needs a moment to be gone.
    let until = clock.monotonic() + PODS_GONE;
    while pods::left() && clock.monotonic() < until {
        pods::kill();
        clock.sleep(Duration::from_millis(200));
    }
    Ok(())
}

fn kubectl(process: &dyn Process, layout: &Layout, args: &[&str]) -> Option<String> {
    let command = Command::new(layout.k3s())
        .args(["kubectl", "--request-timeout=5s"])
        .args(args.iter().copied())
        .env("KUBECONFIG", layout.kubeconfig().display().to_string())
        .env("HOME", "/nonexistent")
        .env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin")
        .limit(Duration::from_secs(20));
    let output = process.run(&command, &|| false).ok()?;
    output.ok().then(|| output.stdout_text())
}

/// `gitVersion` of the API server's `/version`.
fn git_version(text: &str) -> Option<String> {
    let value: serde_json::Value = serde_json::from_str(text).ok()?;
    value.get("gitVersion")?.as_str().map(str::to_owned)
}

/// `v1.36.3+k3s1` is `1.36.3`.
fn same_version(found: &str, wanted: &str) -> bool {
    found.trim_start_matches('v').split('+').next() == Some(wanted)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions() {
        assert!(same_version("v1.36.3+k3s1", "1.36.3"));
        assert!(!same_version("v1.36.31", "1.36.3"));
        assert_eq!(git_version(r#"{"gitVersion":"v1.36.3"}"#).as_deref(), Some("v1.36.3"));
    }
}
