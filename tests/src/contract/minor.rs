//! To the next minor of Kubernetes and back, on the same data: lines 46 to 52 of `CONTRACT.md`, which need two binaries.
//!
//! The way of the product (decision 0018): the settings say which minor is emulated before the link to the binary changes;
//! back by the link alone; they name the new minor only when nothing is to go back any more.

use super::binary::{self, OLDER, VERSION};
use super::failure::{contains, holds, same};
use super::kinds;
use super::node::{NAME, START_LIMIT};
use super::pod::{HOST_PORT, NODE_PORT};
use super::snapshots::{is_sound, saved_as};
use super::watch::{Answer, Seen, Watch};
use super::{Checked, Node};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// The product's link to the release whose Kubernetes runs.
const LINK: &str = "/opt/bridle/kubernetes";
const SNAPSHOT: &str = "before-the-change";
/// From the service's start until kubelet and kube-proxy have done their first round. Tried: 3 s.
const SETTLED: Duration = Duration::from_secs(60);
const SIDES: [(&str, u16, Answer); 3] =
    [("host port", HOST_PORT, Answer::Page), ("node port", NODE_PORT, Answer::Page), ("API", 6443, Answer::Port)];

/// One change of the binary or of its settings.
#[derive(Debug)]
pub struct Change {
    /// From what to what.
    pub what: String,
    /// From the restart's order until `/readyz` says ok.
    pub ready: Duration,
    /// From the restart's order until the node tells of its new kubelet.
    pub node: Duration,
    /// What users outside saw from before the restart until all had settled.
    pub seen: Vec<Seen>,
}

/// Takes a fresh host from the binary `older` to `newer`, back, there again, past the commit, and back from a snapshot.
/// Without a path it is the stand-in of the checkout at `root`.
///
/// # Errors
/// The first thing that is not as the contract says.
pub fn there_and_back(root: &Path, older: Option<PathBuf>, newer: Option<PathBuf>) -> Checked<Vec<Change>> {
    let older = binary::find(root, OLDER, older)?;
    let newer = binary::find(root, VERSION, newer)?;
    let mut host = Minors::prepare(&older, &newer)?;
    let done = host.go();
    if done.is_err() {
        println!("{}", host.node.host.journal("k3s")?);
    }
    done.map(|()| host.changes)
}

#[derive(Debug)]
struct Minors {
    node: Node,
    older: Binary,
    newer: Binary,
    changes: Vec<Change>,
}

#[derive(Debug, Clone)]
struct Binary {
    /// The folder of its release.
    path: &'static str,
    /// As it names itself: `v1.35.4+k3s1`.
    version: String,
    /// `35`.
    minor: String,
}

/// What a running pod must keep: its container, that container's process, restarts, and since when it is ready.
type Pods = BTreeMap<String, String>;

impl Minors {
    fn prepare(older: &Path, newer: &Path) -> Checked<Self> {
        let node = Node::with(older)?;
        let [older, target] = ["/opt/bridle/releases/older", "/opt/bridle/releases/newer"];
        node.host.push(newer, format!("{target}/bin/k3s"))?;
        node.host.shell(&format!("mv {LINK} {older}; ln -s {older} {LINK}; sync"))?;
        let binary = |path| -> Checked<Binary> {
            let text = node.host.run_ok([&format!("{path}/bin/k3s"), "--version"])?.stdout;
            let version = text.split(' ').nth(2).unwrap_or_default().to_owned();
            let minor = version.split('.').nth(1).unwrap_or_default().to_owned();
            Ok(Binary { path, version, minor })
        };
        let (older, newer) = (binary(older)?, binary(target)?);
        let step = older.minor.parse::<u32>().ok().zip(newer.minor.parse().ok()).map(|(old, new): (_, u32)| new - old);
        same("minors between the two binaries", Some(1), step)?;
        Ok(Self { node, older, newer, changes: Vec::new() })
    }

    fn go(&mut self) -> Checked {
        let (older, newer) = (self.older.clone(), self.newer.clone());
        self.node.systemctl("start")?;
        self.node.wait_ready()?;
        self.node.behaves_as(&older.version, &older.minor)?;
        kinds::make(&self.node)?;
        kinds::change(&self.node, "older")?;
        self.save_snapshot()?;
        let at_the_snapshot = self.pods()?;
        self.node.emulate(Some(&older.minor))?;
        self.change("older, told to emulate itself", &older, &older.minor)?;
        self.change("newer, emulating older", &newer, &older.minor)?;
        kinds::change(&self.node, "emulated")?;
        self.change("back to older", &older, &older.minor)?;
        kinds::expect(&self.node, "emulated")?;
        kinds::change(&self.node, "back")?;
        self.change("newer again, emulating older", &newer, &older.minor)?;
        kinds::expect(&self.node, "back")?;
        self.node.emulate(Some(&newer.minor))?;
        self.change("newer, emulating itself (commit)", &newer, &newer.minor)?;
        kinds::expect(&self.node, "back")?;
        kinds::change(&self.node, "committed")?;
        self.older_refuses_to_emulate_newer()?;
        self.node.emulate(None)?;
        self.restore_with_older()?;
        same("pods after a restore", at_the_snapshot, self.settled_pods()?)?;
        kinds::expect(&self.node, "older")
    }

    fn link(&self, to: &Binary) -> Checked {
        self.node.host.shell(&format!("ln -s {} {LINK}.next; mv -T {LINK}.next {LINK}; sync", to.path))?;
        Ok(())
    }

    /// Restarts the service with this binary; pods go on, and who comes by a host's port notices nothing.
    fn change(&mut self, what: &str, to: &Binary, emulated: &str) -> Checked {
        let before = self.pods()?;
        let watch = Watch::begin(self.node.host.address(), &SIDES);
        watch.all_answer(SETTLED)?;
        self.link(to)?;
        let begin = Instant::now();
        self.node.systemctl("restart")?;
        self.node.wait_ready()?;
        let ready = begin.elapsed();
        self.node.behaves_as(&to.version, emulated)?;
        self.wait_kubelet(to)?;
        let node = begin.elapsed();
        for port in [10248, 10256] {
            let url = format!("http://127.0.0.1:{port}/healthz");
            let healthy = || self.node.status_inside(&[&url]).is_ok_and(|status| status == "200");
            self.node.host.wait_until(&url, SETTLED, healthy)?;
        }
        watch.all_answer(SETTLED)?;
        let seen = watch.end()?;
        same(&format!("pods after {what}"), before, self.pods()?)?;
        kinds::all_are_read(&self.node)?;
        let lost = seen.iter().find(|seen| seen.side == SIDES[0].0).map(|seen| seen.failed);
        same(&format!("requests by a host's port that failed: {what}"), Some(0), lost)?;
        self.changes.push(Change { what: what.to_owned(), ready, node, seen });
        Ok(())
    }

    /// Waits until the node's own report names this binary: `Ready` alone is what it was before the restart.
    fn wait_kubelet(&self, binary: &Binary) -> Checked {
        let path = "--output=jsonpath={.status.nodeInfo.kubeletVersion}";
        let reported = || self.node.kubectl(&["get", "node", NAME, path]).is_ok_and(|found| found == binary.version);
        self.node.host.wait_until("the kubelet's version in the node", SETTLED, reported)?;
        self.node.kubectl(&["wait", "--for=condition=Ready", "node", NAME, "--timeout=60s"])?;
        Ok(())
    }

    fn pods(&self) -> Checked<Pods> {
        let tasks = self.node.host.shell("ctr -n k8s.io tasks ls")?;
        let process = |id: &str| -> String {
            let row = tasks.lines().find_map(|line| line.strip_prefix(id)).unwrap_or("none");
            row.split_whitespace().collect::<Vec<_>>().join(" ")
        };
        let found = self.node.object(&["pods", "--field-selector=status.phase=Running"])?;
        let mut pods = Pods::new();
        for pod in found["items"].as_array().into_iter().flatten() {
            let container = &pod["status"]["containerStatuses"][0];
            let id = container["containerID"].as_str().unwrap_or_default().trim_start_matches("containerd://");
            let conditions = pod["status"]["conditions"].as_array().into_iter().flatten();
            let ready = conditions.filter(|condition| condition["type"] == "Ready");
            let ready: Vec<String> =
                ready.map(|ready| format!("{} {}", ready["status"], ready["lastTransitionTime"])).collect();
            let kept = format!("{id} {} restarts {} ready {ready:?}", process(id), container["restartCount"]);
            pods.insert(pod["metadata"]["name"].as_str().unwrap_or_default().to_owned(), kept);
        }
        holds(pods.len() >= 4, "running pods", "at least 4", format!("{pods:?}"))?;
        Ok(pods)
    }

    /// As [`Self::pods`], once containers that belong to nobody are gone.
    fn settled_pods(&self) -> Checked<Pods> {
        let count = "ctr -n k8s.io tasks ls -q | wc -l";
        let pods = self.pods()?;
        // A container and a holder each.
        let alone = || self.node.host.shell(count).is_ok_and(|text| text.parse() == Ok(2 * pods.len()));
        self.node.host.wait_until("the end of pods that the snapshot does not know", SETTLED, alone)?;
        self.pods()
    }

    fn save_snapshot(&self) -> Checked {
        self.node.k3s(&["etcd-snapshot", "save", "--name", SNAPSHOT], 60)?;
        is_sound(&self.node, &saved_as(&self.node, SNAPSHOT)?)
    }

    /// What keeps a host from starting the older binary by accident once settings name the newer minor.
    fn older_refuses_to_emulate_newer(&self) -> Checked {
        self.link(&self.older)?;
        self.node.systemctl("stop")?;
        let output = self.node.k3s(&["server"], 60)?;
        same("status of older told to emulate newer", Some(1), output.status.code())?;
        let words = format!("emulation version 1.{} is not between", self.newer.minor);
        contains("its output", &words, &(output.stdout + &output.stderr))
    }

    /// After the commit only a snapshot of the older binary takes back what it does not know.
    fn restore_with_older(&self) -> Checked {
        let path = format!("--cluster-reset-restore-path={}", saved_as(&self.node, SNAPSHOT)?);
        let output = self.node.k3s(&["server", "--cluster-reset", &path], 120)?;
        holds(output.success(), "a restore by older", "status 0", output.stdout + &output.stderr)?;
        self.node.systemctl("start")?;
        self.node.host.wait_until("/readyz", START_LIMIT, || {
            self.node.behaves_as(&self.older.version, &self.older.minor).is_ok()
        })?;
        self.wait_kubelet(&self.older)
    }
}

/// The changes as a table.
#[must_use]
pub fn table(changes: &[Change]) -> String {
    let mut text = String::from("| change | API ready again | node reports it |");
    SIDES.iter().for_each(|(side, ..)| text += &format!(" {side}: failed of requests, longest |"));
    text += "\n|---|---|---|---|---|---|\n";
    for change in changes {
        let seconds = |time: Duration| format!("{:.1} s", time.as_secs_f32());
        text += &format!("| {} | {} | {} |", change.what, seconds(change.ready), seconds(change.node));
        for seen in &change.seen {
            text += &format!(" {} of {}, {} |", seen.failed, seen.requests, seconds(seen.longest));
        }
        text.push('\n');
    }
    text
}
