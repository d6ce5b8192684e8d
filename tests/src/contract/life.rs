//! Checks of restarts, kills and a power cut: what goes on, and what comes back by itself.

use super::failure::{holds, same};
use super::ledger::check;
use super::node::{PROGRAM, START_LIMIT};
use super::pod::{self, HOST_PORT};
use super::{Check, Checked, Node};
use std::collections::BTreeSet;
use std::time::Duration;

const FLAGS: &str = "/etc/systemd/system/k3s.service.d/flags.conf";

pub(super) const CHECKS: &[Check] = &[
    check!("31", restart_keeps_containers_and_connections),
    check!("46", control_plane_emulates_the_minor_before),
    check!("9, 5", flag_on_the_command_line_beats_the_files),
    check!("32", killed_main_process_takes_all_but_the_pods, vital),
    check!("33", killed_containerd_restarts_the_service, vital),
    check!("34", pods_come_back_after_a_power_cut_without_a_pull, vital),
];

/// The containers that run, with their processes.
fn containers(node: &Node) -> Checked<BTreeSet<String>> {
    let listed = node.host.shell("ctr -n k8s.io tasks ls")?;
    let words = |line: &str| line.split_whitespace().collect::<Vec<_>>().join(" ");
    let running: BTreeSet<String> = listed.lines().skip(1).map(words).collect();
    holds(running.len() >= 6, "containers", "three pods with one each and their holders", &listed)?;
    Ok(running)
}

/// As in a restart for new settings: the next check sees the flag that is given here.
fn restart_keeps_containers_and_connections(node: &mut Node) -> Checked {
    let web = node.pod_address("web")?;
    // A line each second through one connection; `ended` is made when that breaks.
    let talk = format!(
        "rm -f /tmp/ended /tmp/echo; \
         (setsid sh -c '(while date; do sleep 1; done) | nc {web} 9000 > /tmp/echo; touch /tmp/ended' &) \
         > /dev/null 2>&1 < /dev/null"
    );
    holds(node.exec("client", &talk)?.success(), "starting a conversation", "status 0", "another one")?;
    let lines = || -> Checked<usize> {
        let output = node.exec("client", "test ! -e /tmp/ended && wc -l < /tmp/echo")?;
        Ok(output.stdout.trim().parse().unwrap_or(0))
    };
    let talks = |more_than: usize| lines().is_ok_and(|count| count > more_than);
    node.host.wait_until("an echo between pods", Duration::from_secs(15), || talks(0))?;
    let before = containers(node)?;
    let flags = format!("[Service]\nExecStart=\nExecStart={PROGRAM} server --write-kubeconfig-mode 0640\n");
    node.host.write_file(FLAGS, flags)?;
    node.host.run_ok(["systemctl", "daemon-reload"])?;
    node.emulate(Some(&minor_before(&version(node)?)))?;
    node.systemctl("restart")?;
    node.wait_ready()?;
    same("containers after a restart", before, containers(node)?)?;
    let mut count = 0;
    // Exec needs the kubelet, which starts after the API server.
    node.host.wait_until("exec after the restart", Duration::from_secs(60), || {
        count = lines().unwrap_or(0);
        count > 0
    })?;
    node.host.wait_until("the same connection's next echo", Duration::from_secs(15), || talks(count))?;
    Ok(())
}

/// The restart before was one with such settings; the next one is without.
fn control_plane_emulates_the_minor_before(node: &mut Node) -> Checked {
    let version = version(node)?;
    let told = node.behaves_as(&version, &minor_before(&version));
    node.emulate(None)?;
    told
}

/// `v1.36.3+k3s1`, as the binary says it.
fn version(node: &Node) -> Checked<String> {
    let text = node.k3s(&["--version"], 30)?.stdout;
    Ok(text.split(' ').nth(2).unwrap_or_default().to_owned())
}

/// `35`.
fn minor_before(version: &str) -> String {
    let minor = version.split('.').nth(1).and_then(|minor| minor.parse::<u32>().ok());
    minor.unwrap_or_default().saturating_sub(1).to_string()
}

fn flag_on_the_command_line_beats_the_files(node: &mut Node) -> Checked {
    let mode = node.has_mode("/etc/rancher/k3s/k3s.yaml", "640");
    node.host.shell(&format!("rm -r {}; systemctl daemon-reload", FLAGS.trim_end_matches("/flags.conf")))?;
    mode
}

/// Pid and name of each process below this one.
fn below(node: &Node, main: &str) -> Checked<BTreeSet<(String, String)>> {
    let table = node.host.shell("ps -e -o pid=,ppid=,comm=")?;
    let rows: Vec<Vec<&str>> = table.lines().map(|line| line.split_whitespace().collect()).collect();
    let mut found = BTreeSet::from([main]);
    loop {
        let children = rows.iter().filter(|row| row.len() >= 3 && found.contains(row[1])).map(|row| row[0]);
        let larger: BTreeSet<&str> = children.chain(found.iter().copied()).collect();
        if larger.len() == found.len() {
            break;
        }
        found = larger;
    }
    let is_part = |row: &&Vec<&str>| row.len() >= 3 && found.contains(row[0]) && !row[2].starts_with("containerd-shim");
    Ok(rows.iter().filter(is_part).map(|row| (row[0].to_owned(), row[2].to_owned())).collect())
}

fn killed_main_process_takes_all_but_the_pods(node: &mut Node) -> Checked {
    let main = node.main_pid()?;
    let containers_before = containers(node)?;
    let parts = below(node, &main)?;
    let has_containerd = parts.iter().any(|(_, name)| name == "containerd");
    holds(has_containerd, "parts below the main process", "containerd among them", format!("{parts:?}"))?;
    let restarts = restarts(node)?;
    node.host.run_ok(["kill", "-KILL", &main])?;
    let mut left = Vec::new();
    let gone = crate::testhost::wait_until("the end of all parts", Duration::from_secs(2), || {
        left = node.host.shell("ps -e -o pid=,comm=").map_or_else(
            |error| vec![error.to_string()],
            |table| {
                let is_part = |line: &&str| {
                    let mut words = line.split_whitespace().map(str::to_owned);
                    words.next().zip(words.next()).is_some_and(|row| parts.contains(&row))
                };
                table.lines().filter(is_part).map(str::to_owned).collect()
            },
        );
        left.is_empty()
    });
    comes_back(node, restarts)?;
    holds(gone.is_ok(), "parts 2 s after the kill of the main process", "none", format!("{left:?}"))?;
    same("containers after the kill of the main process", containers_before, containers(node)?)
}

fn killed_containerd_restarts_the_service(node: &mut Node) -> Checked {
    let restarts = restarts(node)?;
    let before = containers(node)?;
    node.host.run_ok(["pkill", "-KILL", "-x", "containerd"])?;
    comes_back(node, restarts)?;
    same("containers after the kill of containerd", before, containers(node)?)
}

/// How often systemd has started the service again by itself.
fn restarts(node: &Node) -> Checked<u64> {
    let text = node.host.shell("systemctl show --property=NRestarts --value k3s.service")?;
    Ok(text.parse().unwrap_or(0))
}

/// systemd starts the service again and it becomes ready.
fn comes_back(node: &Node, restarts_before: u64) -> Checked {
    let again = || restarts(node).is_ok_and(|count| count > restarts_before);
    node.host.wait_until("systemd's restart of the service", Duration::from_secs(30), again)?;
    let active = || node.host.shell("systemctl is-active k3s.service").is_ok_and(|state| state == "active");
    node.host.wait_until("the service after its restart", START_LIMIT, active)?;
    node.wait_ready()
}

fn pods_come_back_after_a_power_cut_without_a_pull(node: &mut Node) -> Checked {
    let before = node.registry.requests().len();
    node.host.power_cut()?;
    node.host.boot()?;
    let active = || node.host.shell("systemctl is-active k3s.service").is_ok_and(|state| state == "active");
    node.host.wait_until("the service after a power cut", START_LIMIT, active)?;
    let target = format!("{}:{HOST_PORT}", node.host.address());
    let answers = || pod::page_outside(&target).as_deref() == Some("web");
    node.host.wait_until("the pod behind its host's port after a power cut", START_LIMIT, answers)?;
    let through = format!("{}:80", pod::SERVICE);
    for name in ["client", "other"] {
        let reaches = || node.reached_from(name, &[&through]).is_ok_and(|found| found == [true]);
        node.host.wait_until(&format!("pod {name} after a power cut"), START_LIMIT, reaches)?;
    }
    let blobs = node.registry.requests().split_off(before);
    let blobs: Vec<String> = blobs.into_iter().filter(|line| line.contains("/blobs/")).collect();
    same("requests for blobs since the power cut", Vec::new(), blobs)
}
