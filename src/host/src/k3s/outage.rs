//! When the API of Kubernetes was away last, as systemd and the processes of the pods tell.

use std::sync::Arc;
use std::time::Duration;

use bridle_core::fault::Fault;
use bridle_core::outage::Outage;
use bridle_core::port::{Outages, Process};

use super::pods;
use crate::layout::Layout;
use crate::units::{Active, K3S, Systemd};

/// Outages of k3s on this host; its unit is of the type `notify`: it is active once its API answers.
pub struct ApiOutages {
    layout: Layout,
    systemd: Systemd,
}

impl ApiOutages {
    /// Over these ports.
    #[must_use]
    pub fn new(layout: Layout, process: Arc<dyn Process>) -> Self {
        Self { layout, systemd: Systemd::new(process) }
    }
}

impl Outages for ApiOutages {
    fn last(&self) -> Result<Option<Outage>, Fault> {
        let Some(Active { since, before }) = self.systemd.active(K3S)? else { return Ok(None) };
        let proc = self.layout.processes_dir();
        let now = std::fs::read_to_string(proc.join("uptime")).ok().and_then(|text| uptime(&text));
        let (Some(until), Some(now)) = (before, now) else { return Ok(None) };
        // Pods that began behind it have seen nothing of it: after a restart of the host, or a restored cluster.
        let lived_through = pods::oldest(&proc).is_some_and(|began| began < since);
        let outage = Outage { length: since.saturating_sub(until), over_for: now.saturating_sub(since) };
        Ok(lived_through.then_some(outage))
    }
}

/// Seconds since the host started: the first number (proc(5)).
fn uptime(text: &str) -> Option<Duration> {
    Duration::try_from_secs_f64(text.split_whitespace().next()?.parse().ok()?).ok()
}

#[cfg(test)]
#[expect(clippy::disallowed_methods, reason = "files of tests need not survive a power cut")]
mod tests {
    use std::fs;
    use std::path::Path;

    use bridle_core::port::{Command, CommandError, CommandOutput};

    use super::*;

    struct Shows(&'static str);

    impl Process for Shows {
        fn run(&self, _: &Command, _: &dyn Fn() -> bool) -> Result<CommandOutput, CommandError> {
            Ok(CommandOutput { code: 0, stdout: self.0.into(), stderr: Vec::new() })
        }
    }

    /// The last outage on a host that is up for 150 s, whose one pod began after so many.
    fn last(shown: &'static str, pod_began: u64) -> Option<Outage> {
        let root = tempfile::tempdir().expect("folder");
        let proc = root.path().join("proc");
        let write = |path: &Path, text: String| {
            fs::create_dir_all(path.parent().expect("folder")).expect("folder");
            fs::write(path, text).expect("written");
        };
        write(&proc.join("uptime"), "150.25 290.00\n".to_owned());
        let ticks = pod_began * rustix::param::clock_ticks_per_second();
        let stat = format!("77 (containerd-shim) S 1 1 1 0 -1 1 0 0 0 0 0 0 0 0 20 0 1 0 {ticks} 0 0\n");
        write(&proc.join("77/stat"), stat);
        write(&proc.join("77/cmdline"), "/bin/containerd-shim-runc-v2\0-namespace\0k8s.io\0".to_owned());
        ApiOutages::new(Layout::under(root.path()), Arc::new(Shows(shown))).last().expect("told")
    }

    const AGAIN: &str =
        "ActiveState=active\nActiveEnterTimestampMonotonic=140000000\nActiveExitTimestampMonotonic=131000000\n";

    #[test]
    fn tells_of_a_restart_that_pods_lived_through() {
        let outage = Outage { length: Duration::from_secs(9), over_for: Duration::from_millis(10_250) };
        assert_eq!(last(AGAIN, 30), Some(outage));
        assert_eq!(last(AGAIN, 142), None, "the pod began behind it");
    }

    #[test]
    fn a_first_start_and_a_stopped_service_are_none() {
        let first = "ActiveState=active\nActiveEnterTimestampMonotonic=140000000\nActiveExitTimestampMonotonic=0\n";
        assert_eq!(last(first, 30), None);
        let stopped = "ActiveState=inactive\nActiveEnterTimestampMonotonic=100\nActiveExitTimestampMonotonic=131\n";
        assert_eq!(last(stopped, 30), None);
        assert_eq!(last("", 30), None);
    }
}
