//! The steps that operations are made of: data, closed on purpose. Who applies them lives at the edge.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::backup::plan::VaultStep;
use crate::digest::Digest;
use crate::message::Message;
use crate::plan::upgrade::minor;
use crate::port::Timestamp;
use crate::release::{DataSource, Namespace, Probe, Secret};
use crate::removal::Data;
use crate::wording;

/// One step, on the host, on the cluster or on repositories of backups.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Step {
    /// Applied by the agent of one host to that host.
    Host(HostStep),
    /// Applied through the Kubernetes API.
    Cluster(ClusterStep),
    /// Applied to repositories of backups.
    Vault(VaultStep),
}

/// Steps on one host.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HostStep {
    /// Every blob that the pinned release names is in the store.
    StoreComplete {
        /// `NAME-VERSION`.
        release: String,
    },
    /// The appliance's own CA and a certificate for the front door exist.
    FrontDoorCertificate {
        /// Host name of the certificate.
        host: String,
    },
    /// Configuration and unit of k3s are as the settings say.
    ConfigureKubernetes(Box<KubernetesSettings>),
    /// The k3s unit is enabled and runs, and its API server is ready.
    StartKubernetes {
        /// Version that must answer.
        version: String,
    },
    /// The k3s unit is stopped and disabled, its pods are gone; data stay.
    StopKubernetes,
    /// Configuration and unit of k3s are gone.
    ForgetKubernetes,
    /// What k3s and its pods left running is gone: processes, mounts, control groups, interfaces, rules; the kernel's
    /// settings are as they were.
    ClearNode,
    /// The files of k3s and kubelet are gone, but for those that were there before.
    RemoveKubernetes,
    /// The volumes of the applications are gone.
    RemoveVolumes,
    /// The blobs and pins of the store are gone.
    RemoveStore,
    /// What removes the agent itself is in place and enabled; it runs once the operation has ended.
    HandOverRemoval {
        /// What becomes of the data.
        data: Data,
    },
    /// What is needed to go back is kept, complete and proven.
    RestorePoint(Box<RestorePoint>),
    /// The agent of `release` runs this operation; the engine hands over to it.
    SwitchAgent {
        /// `NAME-VERSION` whose agent is to run.
        release: String,
        /// `NAME-VERSION` whose agent runs if that one does not come up.
        from: String,
    },
    /// Images are served as `release` means them, and containerd has forgotten those that meant something else.
    ServeImages {
        /// `NAME-VERSION` whose references go before those of other releases.
        release: String,
        /// References whose digest is another one than before.
        moved: Vec<String>,
    },
    /// Kubernetes runs from the programs of a release with these settings; its pods go on running.
    SwitchKubernetes(Box<KubernetesSwitch>),
    /// Kubernetes runs as it did when the restore point was made, without its data going back.
    ReturnKubernetes {
        /// The restore point.
        point: String,
        /// `NAME-VERSION` whose programs ran then.
        release: String,
        /// Version that must answer.
        version: String,
    },
    /// The database of Kubernetes is that of a restore point, and Kubernetes is set as it is to run; it does not run yet.
    RestoreDatastore(Box<DatastoreRestore>),
    /// The profile of the site is this revision.
    Configuration {
        /// Number of the revision, from 1.
        revision: u64,
        /// Its `site.toml`.
        text: String,
    },
    /// Launcher, units and words for the shell are those of `release`; its agent is on trial no more.
    SettlePrograms {
        /// `NAME-VERSION`.
        release: String,
    },
    /// Restore points but these are gone from this host.
    PruneRestorePoints {
        /// Restore points that stay.
        keep: Vec<String>,
    },
    /// Releases and restore points but these are gone from this host.
    PruneReleases {
        /// `NAME-VERSION` of those that stay.
        keep: Vec<String>,
        /// Restore points that stay.
        points: Vec<String>,
    },
}

/// What is kept before something is changed (`k3s-contract.md` §8).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RestorePoint {
    /// Its name: number and what it precedes.
    pub point: String,
    /// `NAME-VERSION` of the release in use.
    pub release: String,
    /// Revision of the configuration; 0 if none was kept yet.
    pub revision: u64,
}

/// The database of Kubernetes as a restore point has it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DatastoreRestore {
    /// The restore point.
    pub point: String,
    /// Kubernetes as it is to run on it.
    pub switch: KubernetesSwitch,
}

/// What was made or changed in the cluster since a moment, to be kept beside a restore point.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChangesExport {
    /// The restore point.
    pub point: String,
    /// Name of the copy in it.
    pub name: String,
    /// The moment.
    pub since: Timestamp,
}

/// Kubernetes as it is to run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KubernetesSwitch {
    /// Configuration; names the release whose programs run.
    pub settings: KubernetesSettings,
    /// Version that must answer.
    pub version: String,
}

/// Everything that k3s is configured with (`design.md` §1.4).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KubernetesSettings {
    /// Name of the node.
    pub node: String,
    /// Address of the node.
    pub address: String,
    /// Further names of the API server's certificate.
    pub tls_san: Vec<String>,
    /// Addresses of pods.
    pub cluster_cidr: String,
    /// Addresses of services.
    pub service_cidr: String,
    /// Address of the cluster's name service.
    pub cluster_dns: String,
    /// Sandbox image.
    pub pause: String,
    /// `NAME-VERSION` of the release whose k3s runs.
    pub release: String,
    /// Port of the agent's registry on loopback.
    pub registry_port: u16,
    /// Minor version (`1.35`) that Kubernetes behaves like until an upgrade is committed (`design.md` §1.6).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub emulated: Option<String>,
}

/// Steps on the cluster.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ClusterStep {
    /// The node is there and ready.
    NodeReady {
        /// Name of the node.
        node: String,
        /// Version of Kubernetes that it runs; after a restart a node is still "ready" from before (decision 0018).
        #[serde(default, skip_serializing_if = "Option::is_none")]
        version: Option<String>,
    },
    /// The namespaces exist with their pod security level.
    Namespaces {
        /// The namespaces.
        namespaces: Vec<Namespace>,
    },
    /// The site's secrets exist with all their keys; an existing one is never changed.
    SiteSecrets {
        /// The secrets.
        secrets: Vec<Secret>,
        /// Host name of the front door, for `tls` ones.
        host: String,
    },
    /// The passwords of the site's services are a Secret in each of these namespaces, and in force on the host.
    SiteServices(SiteServices),
    /// The custom resource definitions of a chart are established.
    CustomResources {
        /// Name of the chart.
        chart: String,
        /// The packed chart.
        package: Digest,
    },
    /// A chart is deployed with these values, and its workloads are ready.
    Chart(Box<ChartStep>),
    /// The same for several charts at once that do not depend on each other, in the release's order.
    Charts(Vec<ChartStep>),
    /// All probes are green through the front door.
    Probes {
        /// The probes.
        probes: Vec<Probe>,
        /// Host name of the front door.
        host: String,
        /// Address of the front door.
        address: String,
    },
    /// A Helm release is gone (data volumes stay: `Retain`).
    ChartGone {
        /// Name of the Helm release.
        name: String,
        /// Its namespace.
        namespace: String,
    },
    /// Several Helm releases that do not depend on each other are gone, the last one first.
    ChartsGone {
        /// The Helm releases.
        charts: Vec<ChartName>,
    },
    /// The values of these secrets, as the cluster has them, are kept on the host.
    KeepSecrets {
        /// The secrets.
        secrets: Vec<Secret>,
    },
    /// No database of these servers was sorted by other rules than its server has now.
    RefreshCollation {
        /// The servers.
        sources: Vec<DataSource>,
        /// Whether another server may have written meanwhile: then what is recorded proves nothing, and all that is sorted
        /// is built anew.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        anew: bool,
    },
    /// The restore point holds a copy of these data, complete and proven.
    CopyData {
        /// The restore point.
        point: String,
        /// What is copied.
        sources: Vec<DataSource>,
    },
    /// The restore point holds a physical copy of each of these servers, and their archives have the log that it needs.
    CopyBases {
        /// The restore point.
        point: String,
        /// The servers, each of which hands over its log.
        sources: Vec<DataSource>,
    },
    /// The restore point holds these secrets as the cluster has them.
    CopySecrets {
        /// The restore point.
        point: String,
        /// The secrets.
        secrets: Vec<Secret>,
    },
    /// The restore point holds every object that was made or changed since it was.
    ExportChanges(ChangesExport),
    /// Health has held for a set time without a break.
    Soak(Box<Soak>),
    /// Nothing that belongs to these Helm releases is left but data, secrets of the site and what others made.
    LeftoversGone {
        /// The Helm releases.
        charts: Vec<ChartName>,
        /// Secrets of the site, which stay.
        secrets: Vec<Secret>,
    },
}

/// Which passwords of the site's services reach which applications; never their values.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SiteServices {
    /// Namespaces of applications.
    pub namespaces: Vec<String>,
    /// Number of the sealed version by name.
    pub secrets: BTreeMap<String, u64>,
    /// Namespaces that have no such Secret any more.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub gone: Vec<String>,
}

/// How long health must hold, and what health is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Soak {
    /// Time without a break, in seconds.
    pub seconds: u32,
    /// More breaks than this are a failure.
    pub breaks: u32,
    /// The charts whose workloads count.
    pub charts: Vec<ChartName>,
    /// The probes.
    pub probes: Vec<Probe>,
    /// Host name of the front door.
    pub host: String,
    /// Address of the front door.
    pub address: String,
}

/// One chart as one Helm release.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ChartStep {
    /// Name of chart and Helm release.
    pub name: String,
    /// Version of the chart.
    pub version: String,
    /// Namespace.
    pub namespace: String,
    /// The packed chart.
    pub package: Digest,
    /// All values above the chart's defaults, merged.
    pub values: serde_json::Map<String, serde_json::Value>,
    /// Deadline for its workloads, in seconds.
    pub timeout_seconds: u32,
}

/// A Helm release by name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChartName {
    /// Name of the Helm release.
    pub name: String,
    /// Its namespace.
    pub namespace: String,
}

/// Most charts that are worked on at a time: each is a process of helm with about 100 MB, and a burst of requests.
pub const CHARTS_AT_ONCE: usize = 4;

impl ChartStep {
    /// Deadline of one attempt in seconds: the chart's own one, and a minute for everything around it; at most six hours.
    #[must_use]
    pub fn limit_seconds(&self) -> u32 {
        self.timeout_seconds.saturating_add(60).min(6 * 3600)
    }
}

/// How a step stands in the world; read from the world, never from the journal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Standing {
    /// The world is as the step wants it.
    Done,
    /// Not, or not wholly; says what is missing.
    Missing(Message),
}

/// What the engine does if a step that had begun must be taken back.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Undo {
    /// Another step takes it back.
    By(Step),
    /// Nothing to take back.
    Nothing,
    /// Cannot be taken back; says why.
    Impossible {
        /// The reason.
        why: Message,
    },
}

impl Step {
    /// What the step does, for people.
    #[must_use]
    pub fn title(&self) -> Message {
        match self {
            Self::Host(step) => match step {
                HostStep::StoreComplete { release } => Message::new("step-store").with("release", release.as_str()),
                HostStep::FrontDoorCertificate { host } => Message::new("step-certificate").with("host", host.as_str()),
                HostStep::ConfigureKubernetes(_) => Message::new("step-configure-kubernetes"),
                HostStep::StartKubernetes { version } => {
                    Message::new("step-start-kubernetes").with("version", version.as_str())
                }
                HostStep::StopKubernetes => Message::new("step-stop-kubernetes"),
                HostStep::ForgetKubernetes => Message::new("step-forget-kubernetes"),
                HostStep::ClearNode => Message::new("step-clear-node"),
                HostStep::RemoveKubernetes => Message::new("step-remove-kubernetes"),
                HostStep::RemoveVolumes => Message::new("step-remove-volumes"),
                HostStep::RemoveStore => Message::new("step-remove-store"),
                HostStep::HandOverRemoval { .. } => Message::new("step-hand-over-removal"),
                HostStep::RestorePoint(_) => Message::new("step-restore-point"),
                HostStep::SwitchAgent { release, .. } => {
                    Message::new("step-switch-agent").with("release", release.as_str())
                }
                HostStep::ServeImages { release, moved } => {
                    Message::new("step-serve-images").with("release", release.as_str()).with("count", moved.len())
                }
                HostStep::SwitchKubernetes(switch) => switch_title(switch),
                HostStep::ReturnKubernetes { version, .. } => {
                    Message::new("step-return-kubernetes").with("version", version.as_str())
                }
                HostStep::RestoreDatastore(restore) => {
                    Message::new("step-restore-datastore").with("point", restore.point.as_str())
                }
                HostStep::Configuration { revision, .. } => {
                    Message::new("step-configuration").with("revision", *revision)
                }
                HostStep::SettlePrograms { release } => {
                    Message::new("step-settle-programs").with("release", release.as_str())
                }
                HostStep::PruneRestorePoints { keep } => {
                    Message::new("step-prune-restore-points").with("count", keep.len())
                }
                HostStep::PruneReleases { keep, .. } => {
                    Message::new("step-prune-releases").with("releases", keep.join(", "))
                }
            },
            Self::Cluster(step) => match step {
                ClusterStep::NodeReady { node, .. } => Message::new("step-node-ready").with("node", node.as_str()),
                ClusterStep::Namespaces { namespaces } => {
                    Message::new("step-namespaces").with("count", namespaces.len())
                }
                ClusterStep::SiteSecrets { secrets, .. } => Message::new("step-secrets").with("count", secrets.len()),
                ClusterStep::SiteServices(services) => {
                    Message::new("step-site-services").with("count", services.secrets.len())
                }
                ClusterStep::CustomResources { chart, .. } => {
                    Message::new("step-custom-resources").with("chart", chart.as_str())
                }
                ClusterStep::Chart(chart) => Message::new("step-chart")
                    .with("chart", chart.name.as_str())
                    .with("version", chart.version.as_str()),
                ClusterStep::Charts(charts) => {
                    let names = charts.iter().map(|chart| format!("{} {}", chart.name, chart.version));
                    together("step-charts", names)
                }
                ClusterStep::Probes { probes, .. } => Message::new("step-probes").with("count", probes.len()),
                ClusterStep::ChartGone { name, .. } => Message::new("step-chart-gone").with("chart", name.as_str()),
                ClusterStep::ChartsGone { charts } => {
                    together("step-charts-gone", charts.iter().map(|chart| chart.name.clone()))
                }
                ClusterStep::KeepSecrets { secrets } => Message::new("step-keep-secrets").with("count", secrets.len()),
                ClusterStep::RefreshCollation { sources, .. } => {
                    Message::new("step-refresh-collation").with("sources", listed(sources))
                }
                ClusterStep::CopyData { sources, .. } => Message::new("step-copy-data").with("count", sources.len()),
                ClusterStep::CopyBases { sources, .. } => {
                    Message::new("step-copy-bases").with("sources", listed(sources))
                }
                ClusterStep::CopySecrets { secrets, .. } => {
                    Message::new("step-copy-secrets").with("count", secrets.len())
                }
                ClusterStep::ExportChanges(export) => {
                    Message::new("step-export-changes").with("since", wording::moment(export.since))
                }
                ClusterStep::Soak(soak) => Message::new("step-soak").with("seconds", u64::from(soak.seconds)),
                ClusterStep::LeftoversGone { charts, .. } => {
                    together("step-leftovers-gone", charts.iter().map(|chart| chart.name.clone()))
                }
            },
            Self::Vault(step) => step.title(),
        }
    }

    /// A short stable name for logs and failure points.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Host(HostStep::StoreComplete { .. }) => "store-complete",
            Self::Host(HostStep::FrontDoorCertificate { .. }) => "front-door-certificate",
            Self::Host(HostStep::ConfigureKubernetes(_)) => "configure-kubernetes",
            Self::Host(HostStep::StartKubernetes { .. }) => "start-kubernetes",
            Self::Host(HostStep::StopKubernetes) => "stop-kubernetes",
            Self::Host(HostStep::ForgetKubernetes) => "forget-kubernetes",
            Self::Host(HostStep::ClearNode) => "clear-node",
            Self::Host(HostStep::RemoveKubernetes) => "remove-kubernetes",
            Self::Host(HostStep::RemoveVolumes) => "remove-volumes",
            Self::Host(HostStep::RemoveStore) => "remove-store",
            Self::Host(HostStep::HandOverRemoval { .. }) => "hand-over-removal",
            Self::Host(HostStep::RestorePoint(_)) => "restore-point",
            Self::Host(HostStep::SwitchAgent { .. }) => "switch-agent",
            Self::Host(HostStep::ServeImages { .. }) => "serve-images",
            Self::Host(HostStep::SwitchKubernetes(_)) => "switch-kubernetes",
            Self::Host(HostStep::ReturnKubernetes { .. }) => "return-kubernetes",
            Self::Host(HostStep::RestoreDatastore(_)) => "restore-datastore",
            Self::Host(HostStep::Configuration { .. }) => "configuration",
            Self::Host(HostStep::SettlePrograms { .. }) => "settle-programs",
            Self::Host(HostStep::PruneRestorePoints { .. }) => "prune-restore-points",
            Self::Host(HostStep::PruneReleases { .. }) => "prune-releases",
            Self::Cluster(ClusterStep::NodeReady { .. }) => "node-ready",
            Self::Cluster(ClusterStep::Namespaces { .. }) => "namespaces",
            Self::Cluster(ClusterStep::SiteSecrets { .. }) => "site-secrets",
            Self::Cluster(ClusterStep::SiteServices(_)) => "site-services",
            Self::Cluster(ClusterStep::CustomResources { .. }) => "custom-resources",
            Self::Cluster(ClusterStep::Chart(_)) => "chart",
            Self::Cluster(ClusterStep::Charts(_)) => "charts",
            Self::Cluster(ClusterStep::Probes { .. }) => "probes",
            Self::Cluster(ClusterStep::ChartGone { .. }) => "chart-gone",
            Self::Cluster(ClusterStep::ChartsGone { .. }) => "charts-gone",
            Self::Cluster(ClusterStep::KeepSecrets { .. }) => "keep-secrets",
            Self::Cluster(ClusterStep::RefreshCollation { .. }) => "refresh-collation",
            Self::Cluster(ClusterStep::CopyData { .. }) => "copy-data",
            Self::Cluster(ClusterStep::CopyBases { .. }) => "copy-bases",
            Self::Cluster(ClusterStep::CopySecrets { .. }) => "copy-secrets",
            Self::Cluster(ClusterStep::ExportChanges(_)) => "export-changes",
            Self::Cluster(ClusterStep::Soak(_)) => "soak",
            Self::Cluster(ClusterStep::LeftoversGone { .. }) => "leftovers-gone",
            Self::Vault(step) => step.name(),
        }
    }
}

impl KubernetesSwitch {
    /// The minor version that it behaves like, if that is another one than its own.
    #[must_use]
    pub fn emulates(&self) -> Option<&str> {
        self.settings.emulated.as_deref().filter(|emulated| minor(&self.version).as_deref() != Some(*emulated))
    }
}

fn listed(sources: &[DataSource]) -> String {
    sources.iter().map(|source| source.name.as_str()).collect::<Vec<_>>().join(", ")
}

fn switch_title(switch: &KubernetesSwitch) -> Message {
    let message = match switch.emulates() {
        Some(emulated) => Message::new("step-switch-kubernetes-emulated").with("emulated", emulated),
        None => Message::new("step-switch-kubernetes"),
    };
    message.with("version", switch.version.as_str())
}

/// A title that counts charts and names them.
fn together(code: &'static str, names: impl Iterator<Item = String>) -> Message {
    let names: Vec<String> = names.collect();
    Message::new(code).with("count", names.len()).with("charts", names.join(", "))
}

/// Number of a step within its plan, from 1, as people see it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct StepId(pub u16);

/// Where a step is applied.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Target {
    /// A host by name.
    Host(String),
    /// The cluster as a whole.
    Cluster,
}

/// A step with its place, its undo and its limits.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PlannedStep {
    /// Number.
    pub id: StepId,
    /// Where.
    pub on: Target,
    /// What.
    pub step: Step,
    /// The way back.
    pub undo: Undo,
    /// Deadline of one attempt in seconds.
    pub limit_seconds: u32,
    /// How often it is tried before the operation stops, at least 1.
    pub attempts: u32,
    /// Share of the whole, for progress; learned durations replace it later.
    pub weight: u32,
}

impl PlannedStep {
    /// Deadline of one attempt.
    #[must_use]
    pub fn limit(&self) -> Duration {
        Duration::from_secs(u64::from(self.limit_seconds))
    }
}
