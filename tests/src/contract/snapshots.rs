//! Checks of the database: snapshots, and that Secrets in it are encrypted.

use super::failure::{holds, json, same};
use super::ledger::check;
use super::node::{DATA, NAME};
use super::{Check, Checked, Node};
use serde_json::Value;
use sha2::{Digest, Sha256};

/// The name of the snapshot that later checks restore.
pub(super) const SNAPSHOT: &str = "contract";
/// What a Secret holds that must not be seen in the database's files.
pub(super) const MARK: &str = "b7f3-not-to-be-seen-on-a-disk";
const PLAIN_MARK: &str = "c8a4-may-be-seen-on-a-disk";

pub(super) const CHECKS: &[Check] = &[
    check!("35", secrets_are_encrypted_on_the_disk),
    check!("36, 52", snapshot_is_saved_listed_and_moved),
    check!("36", snapshot_is_deleted),
];

fn secrets_are_encrypted_on_the_disk(node: &mut Node) -> Checked {
    node.kubectl(&["create", "secret", "generic", "hidden", &format!("--from-literal=key={MARK}")])?;
    node.kubectl(&["create", "configmap", "plain", &format!("--from-literal=key={PLAIN_MARK}")])?;
    let places = |mark: &str| node.host.shell(&format!("grep -rlaF -e {mark} {DATA}/server/db || test $? = 1"));
    holds(!places(PLAIN_MARK)?.is_empty(), "files with a ConfigMap's text", "at least one", "none")?;
    same("files with a Secret's text", "", places(MARK)?.as_str())
}

fn snapshot_is_saved_listed_and_moved(node: &mut Node) -> Checked {
    let saved = node.k3s(&["etcd-snapshot", "save", "--name", SNAPSHOT], 60)?;
    holds(saved.success(), "etcd-snapshot save", "status 0", format!("{} {}", saved.status, saved.stderr))?;
    let path = saved_as(node, SNAPSHOT)?;
    let name = path.rsplit('/').next().unwrap_or_default();
    let time = name.strip_prefix(&format!("{SNAPSHOT}-{NAME}-")).and_then(|text| text.parse::<u64>().ok());
    holds(time.is_some_and(|time| time > 1_700_000_000), "its name", format!("{SNAPSHOT}-{NAME}-<unix>"), name)?;
    node.has_mode(&path, "600")?;
    is_sound(node, &path)?;
    let size = node.host.shell(&format!("stat -c %s {path}"))?;
    let listed = node.k3s(&["etcd-snapshot", "ls"], 30)?.stdout;
    holds(listed.contains(name), "etcd-snapshot ls", name, &listed)?;
    let all = node.k3s(&["etcd-snapshot", "ls", "-o", "json"], 30)?.stdout;
    let all = json("etcd-snapshot ls -o json", &all)?;
    let items = all["items"].as_array().map(Vec::as_slice).unwrap_or_default();
    let item = items.iter().find(|item| item["spec"]["snapshotName"] == name);
    let location = item.and_then(|item| item["spec"]["location"].as_str());
    same("its location in the list", Some(format!("file://{path}").as_str()), location)?;
    let listed_size = item.map(|item| &item["status"]["size"]);
    let listed_size = listed_size.map(|size| size.as_str().map_or_else(|| size.to_string(), str::to_owned));
    same("its size in the list", Some(size), listed_size)?;
    let elsewhere = "/root/snapshots";
    let saved = node.k3s(&["etcd-snapshot", "save", "--name", "moved", "--dir", elsewhere], 60)?;
    holds(saved.success(), "save --dir", "status 0", format!("{} {}", saved.status, saved.stderr))?;
    node.host.shell(&format!("test -s {elsewhere}/moved-{NAME}-*; rm -r {elsewhere}"))?;
    Ok(())
}

fn snapshot_is_deleted(node: &mut Node) -> Checked {
    node.k3s(&["etcd-snapshot", "save", "--name", "short-lived"], 60)?;
    let path = saved_as(node, "short-lived")?;
    let name = path.rsplit('/').next().unwrap_or_default();
    let deleted = node.k3s(&["etcd-snapshot", "delete", name], 60)?;
    holds(deleted.success(), "etcd-snapshot delete", "status 0", format!("{} {}", deleted.status, deleted.stderr))?;
    same("whether a deleted snapshot is there", false, node.host.has(&path)?)?;
    let text = node.k3s(&["etcd-snapshot", "ls", "-o", "json"], 30)?.stdout;
    let left = json("etcd-snapshot ls -o json", &text)?;
    let listed = left["items"]
        .as_array()
        .is_some_and(|items| items.iter().any(|item: &Value| item["spec"]["snapshotName"] == name));
    same("whether a deleted snapshot is listed", false, listed)
}

/// A snapshot that is not compressed ends with the digest of the pages before it.
pub(super) fn is_sound(node: &Node, path: &str) -> Checked {
    let bytes = node.host.read_file(path)?;
    let sound = bytes.split_last_chunk::<32>().is_some_and(|(pages, digest)| {
        !pages.is_empty() && pages.len() % 512 == 0 && Sha256::digest(pages)[..] == digest[..]
    });
    holds(sound, "the snapshot", "its SHA-256 at its end", format!("{} bytes", bytes.len()))
}

/// The path of the only snapshot of this name.
pub(super) fn saved_as(node: &Node, name: &str) -> Checked<String> {
    let found = node.host.shell(&format!("ls -1 {DATA}/server/db/snapshots/{name}-{NAME}-*"))?;
    holds(found.lines().count() == 1, &format!("snapshots of the name {name}"), "one", &found)?;
    Ok(found)
}
