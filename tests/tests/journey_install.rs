//! The main job on a real host: one signed file turns a clean, offline machine into a running platform.

use std::path::PathBuf;
use std::time::Duration;

use bridle_journeys::campus::{self, FrontDoor, Installation, template};
use bridle_journeys::testhost::{Host, Lab, Signal};

type Outcome = Result<(), Box<dyn std::error::Error>>;

const MINUTES: Duration = Duration::from_secs(60);

fn host(lab: &Lab, name: &str) -> Result<Host, Box<dyn std::error::Error>> {
    let mut host = lab.host(name).disk_gib(12).build()?;
    host.boot()?;
    Ok(host)
}

#[test]
fn installs_offline_and_stays() -> Outcome {
    // The host is shut down afterwards; the journeys after this one begin with copies of its disk, as the rest of this one.
    let mut student = String::new();
    let template = template::installed_now(campus::built(), |host, _| {
        student = right_after_the_installation(host)?;
        a_second_installation_changes_nothing(host)
    })?;

    let lab = Lab::of_equal_addresses("install")?;
    let (host, front) = template.serving(&lab)?;
    assert_eq!(front.enrolment(&student)?["student"], "barbara");
    assert_eq!(template.lost(&front)?, []);
    let since_boot =
        host.shell("journalctl --no-pager -o cat -b -u bridle-agent | grep -c 'registry: blob' || true")?;
    assert_eq!(since_boot, "0", "the restart moved image bytes");
    assert_eq!(lab.outside_attempts()?, [], "something tried to reach an outside address");
    Ok(())
}

fn right_after_the_installation(host: &Host) -> Result<String, Box<dyn std::error::Error>> {
    let front = FrontDoor::of(host)?;
    assert!(front.page()?.contains("Campus enrolments"));
    let student = front.enrol("barbara")?;
    assert_eq!(front.enrolment(&student)?["student"], "barbara");
    what_an_expert_expects(host)?;
    no_second_copy(host)?;
    an_image_comes_back(host)?;
    Ok(student)
}

fn a_second_installation_changes_nothing(host: &Host) -> Outcome {
    let before = host.shell(
        "find /opt/bridle /etc/bridle /var/lib/bridle/journal /var/lib/bridle/store -type f | sort | xargs sha256sum",
    )?;
    let again = host.command(Installation::words())?.run()?;
    assert!(
        again.success() && again.stderr.contains("already installed") || again.stdout.contains("already installed"),
        "{}{}",
        again.stdout,
        again.stderr
    );
    let after = host.shell(
        "find /opt/bridle /etc/bridle /var/lib/bridle/journal /var/lib/bridle/store -type f | sort | xargs sha256sum",
    )?;
    assert_eq!(before, after, "a second installation changed something");
    Ok(())
}

/// Runs kubectl on the host, which is to keep nothing of it: its cache goes with the next start.
fn kubectl(host: &Host, words: &str) -> bridle_journeys::testhost::Result<String> {
    host.shell(&format!("export KUBECACHEDIR=/run/kubectl; kubectl {words}"))
}

fn what_an_expert_expects(host: &Host) -> Outcome {
    let releases = host.shell("export KUBECONFIG=/etc/rancher/k3s/k3s.yaml HOME=/root; helm list -A -o json")?;
    let releases: serde_json::Value = serde_json::from_str(&releases)?;
    let releases = releases.as_array().ok_or("helm list gives a list")?;
    assert!(releases.len() >= 7 && releases.iter().all(|release| release["status"] == "deployed"), "{releases:?}");
    let pods = kubectl(host, "get pods -A --no-headers")?;
    assert_eq!(pods.lines().find(|line| !is_up(line)), None, "{pods}");
    assert!(kubectl(host, "get nodes --no-headers")?.contains(" Ready "));
    let status = host.shell("bridle status --json")?;
    let status: serde_json::Value = serde_json::from_str(&status)?;
    assert_eq!((&status["health"], &status["release"]), (&"ok".into(), &"campus-1.0.0".into()), "{status}");
    Ok(())
}

fn is_up(pod: &str) -> bool {
    pod.contains("Running") || pod.contains("Completed")
}

/// containerd's content store holds manifests and configurations only.
fn no_second_copy(host: &Host) -> Outcome {
    let largest = host.shell(
        "find /var/lib/rancher/k3s/agent/containerd/io.containerd.content.v1.content/blobs -type f -size +100k | wc -l",
    )?;
    assert_eq!(largest, "0", "containerd holds compressed layers");
    Ok(())
}

fn an_image_comes_back(host: &Host) -> Outcome {
    host.shell("ctr -n k8s.io images ls -q | grep /frontend: | xargs ctr -n k8s.io images rm --sync")?;
    kubectl(host, "-n campus delete pod --wait=false -l app.kubernetes.io/name=frontend")?;
    let ready = || kubectl(host, "-n campus rollout status deployment/frontend --timeout=5s").is_ok();
    Ok(host.wait_until("frontend after its image was deleted", 2 * MINUTES, ready)?)
}

#[test]
fn a_power_cut_in_the_middle_goes_on_by_itself() -> Outcome {
    cut("cut", |_, installation| match installation.steps() {
        0 => false,
        steps => installation.begun(campus::picked_by_the_commit(steps)),
    })
}

#[test]
fn a_power_cut_right_after_the_first_image_pull_goes_on_by_itself() -> Outcome {
    // The moment of design.md §1.3: containerd knows the image, and what it unpacked may not be on disk.
    cut("pull", |host, _| {
        host.shell("ctr -n k8s.io images ls -q | grep -q /coredns: && ctr -n k8s.io snapshots ls | grep -q Committed")
            .is_ok()
    })
}

fn cut(name: &str, moment: impl Fn(&Host, &Installation<'_>) -> bool) -> Outcome {
    let mut seen = Ok(());
    campus::goes_on_after_a_cut(name, campus::built(), moment, |host| {
        // Where the cut came at the very end, pods are still on their way; one that never comes is told below.
        let up = || host.shell("kubectl get pods -A --no-headers").is_ok_and(|pods| pods.lines().all(is_up));
        let _late = host.wait_until("all pods", 3 * MINUTES, up);
        seen = what_an_expert_expects(host);
        Ok(())
    })?;
    seen
}

#[test]
fn a_cut_before_the_hand_over_resumes_nothing_and_a_second_run_goes_on() -> Outcome {
    let lab = Lab::new("early")?;
    let mut host = host(&lab, "h1")?;
    {
        let installation = Installation::prepare(&host, campus::built())?;
        let mut running = installation.start()?;
        let blobs: PathBuf = host.disk_root().join("var/lib/bridle/store/blobs/sha256");
        let some = || std::fs::read_dir(&blobs).map_or(0, Iterator::count) > 5;
        host.wait_until("the first blobs", 2 * MINUTES, some)?;
        // The whole copy takes a second; a cut takes about as long.
        running.signal(Signal::STOP)?;
        assert!(installation.records().is_empty(), "handed over before all blobs were there");
    }
    host.power_cut()?;
    host.boot()?;
    assert!(!host.has("/etc/systemd/system/bridle-agent.service")?, "the agent was there before the hand-over");
    let installation = Installation::at(&host);
    // A lost terminal changes nothing: the command is ended as soon as it has handed over.
    let mut running = installation.start()?;
    host.wait_until("the hand-over", 5 * MINUTES, || installation.reached("intent", 3))?;
    running.signal(Signal::INT)?;
    assert_eq!(running.wait(MINUTES)?.status.code(), Some(130));
    let attached = host.command(["bridle", "operation", "attach"])?.limit(15 * MINUTES).run()?;
    assert!(attached.success(), "{}{}", attached.stdout, attached.stderr);
    assert_eq!(installation.state().as_deref(), Some("committed"));
    Ok(())
}
