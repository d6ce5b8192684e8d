//! The texts of k3s's configuration (`design.md` §1.3 and §1.4, `k3s-contract.md` §2).

use bridle_core::step::KubernetesSettings;
use serde_json::{Value, json};

/// Where [`resolver`] is on a host.
const RESOLVER: &str = "/etc/rancher/k3s/resolv.conf";

/// Parts of the control plane that can behave like an earlier minor.
const CONTROL_PLANE: [&str; 3] = ["kube-apiserver", "kube-controller-manager", "kube-scheduler"];

/// `config.yaml`: JSON is YAML, and its quoting has no surprises.
#[must_use]
pub fn config_yaml(settings: &KubernetesSettings) -> String {
    let mut config = json!({
        "cluster-init": true,
        "node-name": settings.node,
        "node-ip": settings.address,
        "advertise-address": settings.address,
        "tls-san": settings.tls_san,
        "cluster-cidr": settings.cluster_cidr,
        "service-cidr": settings.service_cidr,
        "cluster-dns": settings.cluster_dns,
        "pause-image": settings.pause,
        "resolv-conf": RESOLVER,
        "disable": ["coredns", "local-storage", "metrics-server", "servicelb", "traefik"],
        "disable-helm-controller": true,
        "disable-cloud-controller": true,
        "disable-default-registry-endpoint": true,
        "secrets-encryption": true,
        "write-kubeconfig-mode": "0600",
        "etcd-snapshot-schedule-cron": "0 */12 * * *",
        "etcd-snapshot-retention": 5,
    });
    if let Some(minor) = &settings.emulated {
        for part in CONTROL_PLANE {
            config[format!("{part}-arg")] = json!([format!("emulated-version={minor}")]);
        }
    }
    commented(&settings.release, &config)
}

/// Resolver settings for pods that do not ask the cluster's own name service: none. Without this file k3s gives them a
/// public name server where the host's own is on loopback.
#[must_use]
pub fn resolver() -> String {
    "# Made by Bridle; changes are lost. Upstream name servers are a setting of the coredns chart.\n".to_owned()
}

/// `registries.yaml`: every image comes from the agent's registry on loopback.
#[must_use]
pub fn registries_yaml(settings: &KubernetesSettings) -> String {
    let endpoint = format!("http://127.0.0.1:{}", settings.registry_port);
    commented(&settings.release, &json!({ "mirrors": { "*": { "endpoint": [endpoint] } } }))
}

/// Settings of containerd: no second compressed copy, and unpacked files are on disk before an image counts as present.
#[must_use]
pub fn containerd_drop_in() -> String {
    "# Made by Bridle; changes are lost.
version = 3
[plugins.'io.containerd.cri.v1.images']
  discard_unpacked_layers = true
  image_pull_with_sync_fs = true
  use_local_image_pull = true
"
    .to_owned()
}

/// Environment of login shells: experts' tools find the cluster.
#[must_use]
pub fn profile() -> String {
    "# Made by Bridle: kubectl and helm find the cluster. The file is readable by root only.
if [ \"$(id -u)\" = 0 ]; then export KUBECONFIG=/etc/rancher/k3s/k3s.yaml; fi
"
    .to_owned()
}

fn commented(release: &str, value: &Value) -> String {
    let text = serde_json::to_string_pretty(value).expect("a literal of strings, numbers and lists");
    format!("# Made by Bridle for {release}; changes are lost. Settings of yours belong into config.yaml.d/.\n{text}\n")
}
