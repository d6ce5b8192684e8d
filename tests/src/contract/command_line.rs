//! Checks before the first start: the command line and the files that steer it.

use super::failure::{contains, holds, same};
use super::ledger::check;
use super::node::{DATA, PROGRAM};
use super::{Check, Checked, Node};

pub(super) const CHECKS: &[Check] = &[
    check!("1", version_is_on_the_first_line),
    check!("2", unknown_flag_is_refused_at_once),
    check!("3", unknown_command_is_refused),
    check!("4", unknown_key_is_refused, strict),
    check!("6", check_config_passes_and_unpacks),
    check!("37", snapshot_without_a_database_is_refused),
];

/// Checks that the output begins with k3s's own form.
fn version_is_on_the_first_line(node: &mut Node) -> Checked {
    let output = node.k3s(&["--version"], 30)?;
    same("status of --version", Some(0), output.status.code())?;
    let first = output.stdout.lines().next().unwrap_or_default();
    let words: Vec<&str> = first.split(' ').collect();
    let numbers = words.get(2).and_then(|word| word.strip_prefix("v1.")).and_then(|word| word.strip_suffix("+k3s1"));
    let is_version = numbers.is_some_and(|text| text.split('.').all(|part| part.parse::<u16>().is_ok()));
    let is_whole = words.len() == 4 && words[..2] == ["k3s", "version"] && words[3].starts_with('(');
    holds(is_version && is_whole, "the first line of --version", "k3s version v1.N.P+k3s1 (…)", first)
}

fn unknown_flag_is_refused_at_once(node: &mut Node) -> Checked {
    let output = node.k3s(&["server", "--xyz"], 5)?;
    same("status of an unknown flag", Some(1), output.status.code())?;
    let text = output.stdout + &output.stderr;
    contains("the output for an unknown flag", "flag provided but not defined: -xyz", &text)?;
    nothing_runs(node)
}

fn unknown_command_is_refused(node: &mut Node) -> Checked {
    let output = node.k3s(&["no-such-command"], 30)?;
    holds(!output.success(), "an unknown sub-command", "a status other than 0", output.status)
}

fn unknown_key_is_refused(node: &mut Node) -> Checked {
    let file = "/etc/rancher/k3s/config.yaml.d/99-unknown.yaml";
    node.host.write_file(file, "no-such-key: true\n")?;
    let output = node.k3s(&["server"], 30);
    node.host.run_ok(["rm", file])?;
    let output = output?;
    same("status of an unknown key", Some(1), output.status.code())?;
    let text = output.stdout + &output.stderr;
    contains("the output for an unknown key", "flag provided but not defined: -no-such-key", &text)?;
    nothing_runs(node)
}

fn check_config_passes_and_unpacks(node: &mut Node) -> Checked {
    let output = node.k3s(&["check-config"], 60)?;
    let last = output.stdout.trim_end().lines().next_back().unwrap_or_default();
    // Real k3s colours its words.
    let plain = last.replace("\u{1b}[1;32m", "").replace("\u{1b}[m", "");
    holds(plain.starts_with("STATUS: pass"), "the last line of check-config", "STATUS: pass", &output.stdout)?;
    same("status of check-config", Some(0), output.status.code())?;
    node.host.run_ok(["test", "-x", &format!("{DATA}/data/current/bin/containerd")])?;
    Ok(())
}

fn snapshot_without_a_database_is_refused(node: &mut Node) -> Checked {
    let output = node.k3s(&["etcd-snapshot", "save"], 30)?;
    holds(!output.success(), "a snapshot of nothing", "a status other than 0", output.status)?;
    contains("the output", "etcd database not found in ", &(output.stdout + &output.stderr))
}

fn nothing_runs(node: &Node) -> Checked {
    let left = node.host.run(["pgrep", "--full", "--list-full", PROGRAM])?;
    same("processes that were left running", "", left.stdout.trim())
}
