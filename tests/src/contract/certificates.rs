//! Checks of certificates, and of what holds while the service is stopped for their rotation.

use super::failure::{contains, holds, json, same};
use super::ledger::check;
use super::node::{DATA, NAME};
use super::policies::{deny_all, refused_outside};
use super::snapshots::{SNAPSHOT, saved_as};
use super::{Check, Checked, Node};
use std::collections::BTreeSet;
use std::time::Duration;

pub(super) const CHECKS: &[Check] = &[
    check!("44", every_leaf_is_fresh),
    check!("30", policies_hold_while_the_service_is_stopped, vital),
    check!("37", snapshot_of_a_stopped_service_is_refused),
    check!("19", table_of_the_base_given_again_is_fatal, vital),
    check!("44, 30", rotated_leaves_come_with_the_next_start, vital),
    check!("38", scheduled_snapshots_are_pruned_alone),
];

fn every_leaf_is_fresh(node: &mut Node) -> Checked {
    let table = node.k3s(&["certificate", "check", "--output", "table"], 30)?;
    let is_row = |line: &&str| line.contains(".crt") && !line.contains("CertSign");
    let rows: Vec<&str> = table.stdout.lines().filter(is_row).collect();
    holds(rows.len() >= 8, "leaves in the table", "at least 8", &table.stdout)?;
    for row in rows {
        holds(row.trim_end().ends_with("OK") && row.contains("364 days"), "a leaf", "364 days, OK", row)?;
    }
    let text = node.k3s(&["certificate", "check", "--output", "json"], 30)?;
    json("certificate check --output json", &text.stdout)?;
    contains("certificate check --output json", "client-admin.crt", &text.stdout)
}

/// Stops the service; the next checks need it so.
fn policies_hold_while_the_service_is_stopped(node: &mut Node) -> Checked {
    node.apply(&deny_all())?;
    refused_outside(node)?;
    let web = node.pod_address("web")?;
    node.systemctl("stop")?;
    refused_outside(node)?;
    let page = node.curl_inside(&[&format!("http://{web}:8080/")])?;
    same("a denied pod from the host while the service is stopped", "web", page.stdout.trim())
}

fn snapshot_of_a_stopped_service_is_refused(node: &mut Node) -> Checked {
    let output = node.k3s(&["etcd-snapshot", "save", "--name", "stopped"], 30)?;
    same("status of a snapshot of a stopped service", Some(1), output.status.code())
}

/// containerd does not take such a file, and the whole node ends with it.
fn table_of_the_base_given_again_is_fatal(node: &mut Node) -> Checked {
    let file = format!("{DATA}/agent/etc/containerd/config-v3.toml.tmpl");
    let again = "[plugins.'io.containerd.cri.v1.images']\n  discard_unpacked_layers = true\n";
    node.host.write_file(&file, format!("{{{{ template \"base\" . }}}}\n{again}"))?;
    let output = node.k3s(&["server"], 60);
    node.host.run_ok(["rm", &file])?;
    let output = output?;
    same("status of a start with a table given twice", Some(1), output.status.code())?;
    contains("its output", "containerd exited", &(output.stdout + &output.stderr))
}

fn rotated_leaves_come_with_the_next_start(node: &mut Node) -> Checked {
    let file = |name: &str| format!("{DATA}/server/tls/{name}");
    let (authority, leaf) = (node.text(&file("server-ca.crt"))?, node.text(&file("client-admin.crt"))?);
    let rotated = node.k3s(&["certificate", "rotate"], 30)?;
    holds(rotated.success(), "certificate rotate", "status 0", format!("{} {}", rotated.status, rotated.stderr))?;
    let kept = node.host.shell(&format!("find {DATA}/server/tls-[0-9]* -name client-admin.crt -exec cat '{{}}' +"))?;
    same("the old leaf in server/tls-<unix>", leaf.trim(), &kept)?;
    node.systemctl("start")?;
    node.wait_ready()?;
    refused_outside(node)?;
    node.kubectl(&["delete", "networkpolicy", "--all"])?;
    same("the authority after a rotation", authority, node.text(&file("server-ca.crt"))?)?;
    holds(node.text(&file("client-admin.crt"))? != leaf, "the leaf after a rotation", "a new one", "the old one")
}

/// One a minute, one kept (both from a drop-in of the first start); one made on demand stays.
fn scheduled_snapshots_are_pruned_alone(node: &mut Node) -> Checked {
    let scheduled = || -> Checked<BTreeSet<String>> {
        let list =
            format!("cd {DATA}/server/db/snapshots; ls -1 | grep '^etcd-snapshot-{NAME}-[0-9]*$' || test $? = 1");
        Ok(node.host.shell(&list)?.lines().map(str::to_owned).collect())
    };
    let mut seen = BTreeSet::new();
    // The service may have been down at some full minutes before.
    node.host.wait_until("two scheduled snapshots", Duration::from_secs(140), || {
        seen.extend(scheduled().unwrap_or_default());
        seen.len() >= 2
    })?;
    let newest = seen.iter().next_back().cloned().into_iter().collect();
    let pruned = || scheduled().is_ok_and(|names| names == newest);
    let in_time = crate::testhost::wait_until("pruning", Duration::from_secs(10), pruned);
    holds(in_time.is_ok(), "scheduled snapshots that are kept", format!("{newest:?}"), format!("{:?}", scheduled()?))?;
    saved_as(node, SNAPSHOT).map(drop)
}
