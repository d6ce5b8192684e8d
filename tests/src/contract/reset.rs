//! Checks of a restore into the same data directory.

use super::failure::{contains, holds, same};
use super::ledger::check;
use super::node::DATA;
use super::snapshots::{SNAPSHOT, saved_as};
use super::{Check, Checked, Node};
use crate::testhost::Output;

pub(super) const CHECKS: &[Check] = &[
    check!("39", reset_takes_the_snapshot, vital),
    check!("40", second_reset_is_refused),
    check!("42", reset_of_a_host_that_joins_another_is_refused),
    check!("39, 40", start_after_a_reset_is_that_of_the_snapshot),
];

/// Stops the service; the last check starts it.
fn reset_takes_the_snapshot(node: &mut Node) -> Checked {
    node.kubectl(&["create", "configmap", "later", "--from-literal=key=value"])?;
    node.systemctl("stop")?;
    let reset = from_snapshot(node)?;
    let text = reset.stdout + &reset.stderr;
    holds(reset.status.code() == Some(0), "a reset from a snapshot", "status 0", &text)?;
    let words = "Managed etcd cluster membership has been reset, restart without --cluster-reset flag now";
    contains("its output", words, &text)?;
    node.host.shell(&format!("test -e {DATA}/server/db/reset-flag; ls -d {DATA}/server/db/etcd-old-*"))?;
    Ok(())
}

fn second_reset_is_refused(node: &mut Node) -> Checked {
    let reset = node.k3s(&["server", "--cluster-reset"], 60)?;
    same("status of a second reset", Some(1), reset.status.code())?;
    // A snapshot may be restored again: the flag is not looked at.
    let reset = from_snapshot(node)?;
    holds(reset.success(), "a second reset from a snapshot", "status 0", reset.stdout + &reset.stderr)
}

fn reset_of_a_host_that_joins_another_is_refused(node: &mut Node) -> Checked {
    let file = "/etc/rancher/k3s/config.yaml.d/99-server.yaml";
    node.host.write_file(file, "server: https://192.0.2.1:6443\n")?;
    let reset = node.k3s(&["server", "--cluster-reset"], 60);
    node.host.run_ok(["rm", file])?;
    let reset = reset?;
    same("status of a reset with a server to join", Some(1), reset.status.code())?;
    let text = reset.stdout + &reset.stderr;
    contains("its output", "remove server from configuration before resetting", &text)
}

fn start_after_a_reset_is_that_of_the_snapshot(node: &mut Node) -> Checked {
    node.systemctl("start")?;
    node.wait_ready()?;
    same(
        "whether db/reset-flag is there after a start",
        false,
        node.host.has(format!("{DATA}/server/db/reset-flag"))?,
    )?;
    let names = node.kubectl(&["get", "configmaps,secrets", "--output=name"])?;
    for (name, there) in [("configmap/plain", true), ("secret/hidden", true), ("configmap/later", false)] {
        let found = names.lines().any(|line| line == name);
        same(&format!("whether {name} is there after a restore"), there, found)?;
    }
    ["web", "client", "other"].iter().try_for_each(|name| node.wait_pod(name))
}

fn from_snapshot(node: &Node) -> Checked<Output> {
    let path = saved_as(node, SNAPSHOT)?;
    node.k3s(&["server", "--cluster-reset", &format!("--cluster-reset-restore-path={path}")], 120)
}
