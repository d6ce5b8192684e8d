//! Checks of images: where they come from and what is kept of them.

use super::failure::{contains, holds, same};
use super::ledger::check;
use super::node::{DATA, PAUSE};
use super::pod;
use super::{Check, Checked, Node};
use std::time::Duration;

pub(super) const CHECKS: &[Check] = &[
    check!("16", images_come_from_the_mirror_only),
    check!("17", pause_image_is_pinned),
    check!("18", no_layer_is_kept_twice),
    check!("7", links_act_as_the_program_they_name),
    check!("20", removed_image_comes_back),
];

fn images_come_from_the_mirror_only(node: &mut Node) -> Checked {
    for registry in ["ghcr.io", "docker.io", "registry.example"] {
        let wanted = format!("/v2/contract/all/manifests/1?ns={registry} ");
        let requests = node.registry.requests();
        let asked = requests.iter().any(|line| line.contains(&wanted));
        holds(asked, "requests to the mirror", wanted, requests.join("\n"))?;
    }
    let mut absent = pod::pod("absent", "quay.io");
    absent["spec"]["containers"][0]["image"] = "quay.io/contract/absent:1".into();
    node.apply(&absent)?;
    node.host.wait_until("the failure of a pull that the mirror cannot serve", Duration::from_secs(40), || {
        let path = "--output=jsonpath={.status.containerStatuses[0].state.waiting.reason}";
        let reason = node.kubectl(&["get", "pod", "absent", path]);
        reason.is_ok_and(|reason| reason == "ErrImagePull" || reason == "ImagePullBackOff")
    })?;
    node.kubectl(&["delete", "pod", "absent", "--now"])?;
    same("packets to addresses outside", Vec::new(), node.lab.outside_attempts()?)
}

fn pause_image_is_pinned(node: &mut Node) -> Checked {
    let requests = node.registry.requests();
    let asked = requests.iter().any(|line| line.contains("/v2/contract/pause/manifests/3?ns=bridle.internal "));
    holds(asked, "requests to the mirror", "one for the pause image", requests.join("\n"))?;
    let images = node.host.shell("ctr -n k8s.io images ls")?;
    let line = images.lines().find(|line| line.starts_with(PAUSE)).unwrap_or_default();
    contains("the pause image's line", "io.cri-containerd.pinned=pinned", line)
}

/// Nothing compressed stays, and the drop-in takes nothing of the base away.
fn no_layer_is_kept_twice(node: &mut Node) -> Checked {
    let store = format!("{DATA}/agent/containerd/io.containerd.content.v1.content/blobs");
    let count = |size: &str| node.host.shell(&format!("find {store} -type f {size} | wc -l"));
    // The layer has 1 MiB, manifests and configurations less than 4 KiB.
    same("blobs of more than 100 KiB in containerd's store", "0", count("-size +100k")?.as_str())?;
    holds(count("")? != "0", "blobs in containerd's store", "manifests", "none")?;
    let config = format!("{DATA}/agent/etc/containerd/config.toml");
    let dump = node.host.shell(&format!("{DATA}/data/current/bin/containerd --config {config} config dump"))?;
    let certs = format!("{DATA}/agent/etc/containerd/certs.d");
    let settings = ["discard_unpacked_layers = true", "image_pull_with_sync_fs = true", "use_local_image_pull = true"];
    settings.into_iter().chain([PAUSE, &certs]).try_for_each(|part| contains("containerd config dump", part, &dump))
}

fn links_act_as_the_program_they_name(node: &mut Node) -> Checked {
    contains("kubectl get pods", "client", &node.kubectl(&["get", "pods", "--no-headers"])?)?;
    let images = node.host.shell("ctr -n k8s.io image ls -q")?;
    ["ghcr.io", "docker.io", "registry.example"]
        .iter()
        .try_for_each(|registry| contains("ctr image ls", &format!("{registry}/{}", pod::IMAGE), &images))
}

fn removed_image_comes_back(node: &mut Node) -> Checked {
    let before = node.registry.requests().len();
    node.host.shell("ctr -n k8s.io images ls -q | grep -v /pause | xargs ctr -n k8s.io images rm --sync")?;
    node.kubectl(&["delete", "pod", "other", "--now"])?;
    node.apply(&pod::pod("other", "registry.example"))?;
    node.wait_pod("other")?;
    let new = node.registry.requests().split_off(before);
    let asked =
        new.iter().any(|line| line.contains("/v2/contract/all/manifests/") && line.contains("registry.example"));
    holds(asked, "requests since the image was removed", "one for it", new.join("\n"))
}
