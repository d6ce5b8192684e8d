//! Starting and stopping the service, with the reasons where it does not come up.

use std::path::Path;
use std::time::Duration;

use bridle_core::fault::{Fault, FaultCode};
use bridle_core::message::Message;
use bridle_core::port::{Attempt, Clock, Command, Process};
use bridle_core::step::Standing;
use serde::Deserialize;

use super::pods;
use crate::layout::Layout;
use crate::units::{K3S, Systemd, UnitState};

/// So many automatic restarts within one attempt mean that it will not come up by itself.
const CRASH_LOOP: u64 = 6;
/// How long killed pods may take to be gone; the probe says so if they are not.
const PODS_GONE: Duration = Duration::from_secs(10);
const LOOK: Duration = Duration::from_secs(1);

/// What must run and answer.
pub(super) struct Wanted<'a> {
    /// Version of the API server.
    pub(super) version: &'a str,
    /// Minor (`1.35`) that it behaves like; any where absent.
    pub(super) emulated: Option<&'a str>,
}

/// The service with all that it takes to start it.
pub(super) struct Service<'a> {
    pub(super) systemd: &'a Systemd,
    pub(super) process: &'a dyn Process,
    pub(super) clock: &'a dyn Clock,
    pub(super) layout: &'a Layout,
}

impl Service<'_> {
    pub(super) fn standing(&self, wanted: &Wanted<'_>) -> Result<Standing, Fault> {
        self.standing_in(&self.systemd.state(K3S)?, wanted)
    }

    pub(super) fn start(&self, wanted: &Wanted<'_>, attempt: &mut Attempt<'_>) -> Result<(), Fault> {
        self.systemd.reset_failed(K3S)?;
        let before = self.systemd.state(K3S)?;
        self.systemd.enable_now(K3S)?;
        self.wait(wanted, before.restarts, None, attempt)
    }

    /// Starts it anew, also where it seems to run as wanted: what runs may have been started before the files were written.
    pub(super) fn restart(&self, wanted: &Wanted<'_>, attempt: &mut Attempt<'_>) -> Result<(), Fault> {
        self.systemd.reset_failed(K3S)?;
        self.systemd.enable(K3S)?;
        let before = self.systemd.state(K3S)?;
        self.systemd.restart(K3S)?;
        self.wait(wanted, 0, Some(&before.invocation), attempt)
    }

    /// Waits until it runs as wanted, and not in the life `ended`.
    fn wait(
        &self,
        wanted: &Wanted<'_>,
        restarts: u64,
        ended: Option<&str>,
        attempt: &mut Attempt<'_>,
    ) -> Result<(), Fault> {
        let until = self.clock.monotonic() + attempt.limit;
        loop {
            let state = self.systemd.state(K3S)?;
            let begun = ended != Some(state.invocation.as_str());
            if begun && self.standing_in(&state, wanted)? == Standing::Done {
                return Ok(());
            }
            attempt.progress.waiting(Message::new("wait-kubernetes-api"));
            let state = self.systemd.state(K3S)?;
            let fallen = state.active == "failed" || state.restarts.saturating_sub(restarts) >= CRASH_LOOP;
            if (begun && fallen) || self.clock.monotonic() >= until || (attempt.stop)() {
                let fault = Fault::new(FaultCode::KubernetesNotStarted);
                return Err(fault.output(&self.systemd.last_lines(K3S, 40)));
            }
            self.clock.sleep(LOOK);
        }
    }

    fn standing_in(&self, state: &UnitState, wanted: &Wanted<'_>) -> Result<Standing, Fault> {
        let missing = |code| Ok(Standing::Missing(Message::new(code)));
        if state.active != "active" || state.enabled != "enabled" {
            return missing("missing-kubernetes-stopped");
        }
        let ready = kubectl(self.process, self.layout, &["get", "--raw=/readyz"]);
        if ready.is_none_or(|text| text.trim() != "ok") {
            return missing("missing-kubernetes-api");
        }
        let told = kubectl(self.process, self.layout, &["get", "--raw=/version"]);
        let Some(told) = told.and_then(|text| serde_json::from_str::<Told>(&text).ok()) else {
            return missing("missing-kubernetes-api");
        };
        let differs = |code, found: &str, wanted: &str| {
            Ok(Standing::Missing(Message::new(code).with("found", found).with("wanted", wanted)))
        };
        if !same_version(&told.git_version, wanted.version) {
            return differs("missing-kubernetes-version", &told.git_version, wanted.version);
        }
        let found = told.emulated();
        match wanted.emulated.filter(|emulated| *emulated != found) {
            None => Ok(Standing::Done),
            Some(emulated) => differs("missing-emulation", &found, emulated),
        }
    }
}

/// What the API server tells of itself (`/version`); those before 1.33 do not say what they emulate: themselves.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Told {
    git_version: String,
    #[serde(default)]
    major: String,
    #[serde(default)]
    minor: String,
    emulation_major: Option<String>,
    emulation_minor: Option<String>,
}

impl Told {
    fn emulated(&self) -> String {
        let part = |emulated: &Option<String>, own: &String| {
            emulated.as_ref().filter(|text| !text.is_empty()).unwrap_or(own).clone()
        };
        format!("{}.{}", part(&self.emulation_major, &self.major), part(&self.emulation_minor, &self.minor))
    }
}

pub(super) fn stopped(systemd: &Systemd, proc: &Path) -> Result<Standing, Fault> {
    let state = systemd.state(K3S)?;
    let down = matches!(state.active.as_str(), "inactive" | "failed" | "") && state.enabled != "enabled";
    if down && !pods::left(proc) {
        Ok(Standing::Done)
    } else {
        Ok(Standing::Missing(Message::new("missing-still-there").with("path", K3S)))
    }
}

pub(super) fn stop(systemd: &Systemd, clock: &dyn Clock, proc: &Path) -> Result<(), Fault> {
    systemd.disable_now(K3S)?;
    // The service leaves its pods running on purpose; here they must go too. What is killed needs a moment to be gone.
    let until = clock.monotonic() + PODS_GONE;
    while pods::left(proc) && clock.monotonic() < until {
        pods::kill(proc);
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
        let told = |text| serde_json::from_str::<Told>(text).expect("told");
        let old = told(r#"{"major":"1","minor":"32","gitVersion":"v1.32.1+k3s1"}"#);
        assert_eq!((old.git_version.as_str(), old.emulated().as_str()), ("v1.32.1+k3s1", "1.32"));
        let text = r#"{"major":"1","minor":"36","emulationMajor":"1","emulationMinor":"35","gitVersion":"v1.36.3"}"#;
        assert_eq!(told(text).emulated(), "1.35");
    }
}
