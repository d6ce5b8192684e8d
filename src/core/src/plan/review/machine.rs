//! Processor, memory, operating system, rights and name.

use super::finding::{Finding, blocks, warns};
use crate::facts::{Cgroup, HostFacts};
use crate::release::{CheckKind, ReleaseManifest};
use crate::site::Site;

/// Oldest systemd (`design.md` §1.13).
pub(super) const OLDEST_SYSTEMD: u32 = 249;
/// Controllers without which the kubelet does not start.
const CONTROLLERS: &[&str] = &["cpu", "cpuset", "memory", "pids"];

pub(super) fn judge(facts: &HostFacts, release: &ReleaseManifest, site: &Site, found: &mut Vec<Finding>) {
    if facts.architecture != release.architecture {
        let finding = blocks("check-architecture").with("wanted", release.architecture.as_str());
        found.push(finding.with("found", facts.architecture.as_str()));
    }
    if !facts.root {
        found.push(blocks("check-root"));
    }
    system(facts, found);
    control_groups(facts, site, found);
    if facts.selinux_enforcing {
        found.push(blocks("check-selinux").command("setenforce 0"));
    }
    size(facts, release, found);
    name(facts, found);
}

fn system(facts: &HostFacts, found: &mut Vec<Finding>) {
    match facts.systemd {
        None => found.push(blocks("check-systemd-absent")),
        Some(version) if version < OLDEST_SYSTEMD => {
            found.push(blocks("check-systemd-old").with("found", version).with("wanted", OLDEST_SYSTEMD));
        }
        Some(_) => {}
    }
    let supported = matches!(
        (facts.os.as_str(), facts.os_version.as_str()),
        ("debian", "12" | "13") | ("ubuntu", "22.04" | "24.04")
    );
    if !supported {
        let finding = warns("check-os").with("found", facts.os.as_str());
        found.push(finding.with("version", facts.os_version.as_str()));
    }
}

fn control_groups(facts: &HostFacts, site: &Site, found: &mut Vec<Finding>) {
    match facts.cgroup {
        Cgroup::V2 => {}
        Cgroup::V1 if site.kubernetes.allow_cgroup_v1 => found.push(warns("check-cgroup-v1-allowed")),
        Cgroup::V1 => found.push(blocks("check-cgroup-v1")),
        Cgroup::None => found.push(blocks("check-cgroup-none")),
    }
    if facts.cgroup != Cgroup::None {
        for controller in CONTROLLERS.iter().filter(|name| !facts.controllers.iter().any(|have| have == *name)) {
            found.push(blocks("check-controller").about(controller).with("controller", *controller));
        }
    }
}

fn size(facts: &HostFacts, release: &ReleaseManifest, found: &mut Vec<Finding>) {
    for check in &release.checks {
        let (code, have) = match check.kind {
            CheckKind::MemoryMib => ("check-memory", facts.memory_mib),
            CheckKind::Cpus => ("check-cpus", facts.cpus),
            CheckKind::DiskMib => continue, // a part of the space forecast
        };
        if have < check.minimum {
            found.push(blocks(code).with("wanted", check.minimum).with("found", have));
        }
    }
    // k3s lets the kubelet run beside swap (it sets fail-swap-on to false), but etcd waits for memory that is paged out.
    if facts.swap_mib > 0 {
        found.push(warns("check-swap").with("found", facts.swap_mib).command("swapoff -a"));
    }
}

fn name(facts: &HostFacts, found: &mut Vec<Finding>) {
    let name = facts.name.as_str();
    if !is_label(name) {
        let cure = blocks("check-name-invalid").with("name", name);
        found.push(cure.command("hostnamectl set-hostname server1"));
    } else if name == "localhost" {
        found.push(blocks("check-name-localhost").command("hostnamectl set-hostname server1"));
    } else if let Some(stored) = facts.stored_name.as_deref().filter(|stored| *stored != name) {
        let finding = warns("check-name-unstable").with("name", name).with("stored", stored);
        found.push(finding.command(format!("hostnamectl set-hostname {name}")));
    }
}

/// A name that a node can have: labels of lower-case letters, digits and hyphens, joined by points (RFC 1123), at most
/// 63 characters so that it fits into a label of Kubernetes.
fn is_label(name: &str) -> bool {
    let label = |part: &str| {
        !part.is_empty()
            && part.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
            && !part.starts_with('-')
            && !part.ends_with('-')
    };
    name.len() <= 63 && name.split('.').all(label)
}

#[cfg(test)]
mod tests {
    use super::is_label;

    #[test]
    fn names_of_hosts() {
        for name in ["n1", "server-1", "a.b.example", "1", &"a".repeat(63)] {
            assert!(is_label(name), "{name}");
        }
        for name in ["", "A", "a_b", "-a", "a-", "a..b", ".a", "é", "a b", &"a".repeat(64)] {
            assert!(!is_label(name), "{name}");
        }
    }
}
