//! Checks of a restore on an empty disk, from a snapshot and the token.

use super::failure::{contains, holds, same};
use super::ledger::check;
use super::node::{DATA, NAME};
use super::snapshots::{MARK, SNAPSHOT, saved_as};
use super::{Check, Checked, Node};
use crate::testhost::Output;
use std::time::Duration;

/// Where what survives the old disk lies.
const KEPT: &str = "/root/kept";

pub(super) const CHECKS: &[Check] = &[
    check!("41", restore_without_the_token_is_refused),
    check!("41", restore_with_another_token_is_refused),
    check!("41", snapshot_and_token_rebuild_the_server),
    check!("43", reset_alone_follows_a_new_address),
    check!("16", nothing_tried_to_leave_the_host),
];

/// Stops the service and saves what the next checks restore from.
fn restore_without_the_token_is_refused(node: &mut Node) -> Checked {
    let snapshot = saved_as(node, SNAPSHOT)?;
    node.systemctl("stop")?;
    let files = format!("{snapshot} {DATA}/server/token {DATA}/server/tls/server-ca.crt");
    let copy = format!("mkdir -m 0700 {KEPT}; cp {files} {KEPT}/; mv {KEPT}/{SNAPSHOT}-* {KEPT}/snapshot");
    node.host.shell(&copy)?;
    let output = restore(node, &[])?;
    same("status of a restore without a token", Some(1), output.status.code())
}

fn restore_with_another_token_is_refused(node: &mut Node) -> Checked {
    node.host.write_file(format!("{KEPT}/other-token"), "0123456789abcdef0123456789abcdef\n")?;
    let output = restore(node, &["--token-file", &format!("{KEPT}/other-token")])?;
    same("status of a restore with another token", Some(1), output.status.code())?;
    contains("its output", "encrypted with different token", &(output.stdout + &output.stderr))
}

fn snapshot_and_token_rebuild_the_server(node: &mut Node) -> Checked {
    let output = restore(node, &["--token-file", &format!("{KEPT}/token")])?;
    let text = output.stdout + &output.stderr;
    holds(output.status.code() == Some(0), "a restore on an empty disk", "status 0", &text)?;
    node.systemctl("start")?;
    node.wait_ready()?;
    let key = "--output=go-template={{.data.key | base64decode}}";
    same("a Secret of the snapshot", MARK, node.kubectl(&["get", "secret", "hidden", key])?.as_str())?;
    for (file, path) in [("server-ca.crt", "tls/server-ca.crt"), ("token", "token")] {
        let (old, new) = (node.text(&format!("{KEPT}/{file}"))?, node.text(&format!("{DATA}/server/{path}"))?);
        // One of them is secret and not shown.
        holds(old.trim() == new.trim(), path, "the old one", "another one")?;
    }
    ["web", "client", "other"].iter().try_for_each(|name| node.wait_pod(name))
}

/// The host gets another address, and loses the old one, while the service is stopped.
fn reset_alone_follows_a_new_address(node: &mut Node) -> Checked {
    let old = node.host.address();
    let [first, second, third, _] = old.octets();
    let new = std::net::Ipv4Addr::new(first, second, third, 222);
    node.systemctl("stop")?;
    let settings = format!("node-ip: {new}\nadvertise-address: {new}\n");
    node.host.write_file("/etc/rancher/k3s/config.yaml.d/96-address.yaml", settings)?;
    node.host.shell(&format!(
        "read -r _ _ gateway _ link _ <<< \"$(ip -4 route show default)\"
         ip address del {old}/24 dev \"$link\"; ip address add {new}/24 dev \"$link\"
         ip route replace default via \"$gateway\" dev \"$link\""
    ))?;
    let reset = node.k3s(&["server", "--cluster-reset"], 60)?;
    holds(reset.status.code() == Some(0), "a reset alone", "status 0", reset.stdout + &reset.stderr)?;
    node.systemctl("start")?;
    node.wait_ready()?;
    let path = "--output=jsonpath={.status.addresses[?(@.type==\"InternalIP\")].address}";
    let found = || node.kubectl(&["get", "node", NAME, path]).unwrap_or_default();
    let followed = crate::testhost::wait_until("the address", Duration::from_secs(60), || found() == new.to_string());
    holds(followed.is_ok(), "the node's address", new, found())?;
    let endpoints = node.object(&["endpoints", "kubernetes"])?;
    same("the API's endpoint", Some(new.to_string().as_str()), endpoints["subsets"][0]["addresses"][0]["ip"].as_str())
}

/// Restores the snapshot where no server was before.
fn restore(node: &Node, more: &[&str]) -> Checked<Output> {
    node.host.run_ok(["rm", "-rf", &format!("{DATA}/server")])?;
    let path = format!("--cluster-reset-restore-path={KEPT}/snapshot");
    node.k3s(&[&["server", "--cluster-reset", &path], more].concat(), 120)
}

fn nothing_tried_to_leave_the_host(node: &mut Node) -> Checked {
    same("packets to addresses outside", Vec::new(), node.lab.outside_attempts()?)
}
