//! Kubernetes as an API: readiness, namespaces, secrets, custom resources, Helm releases, user journeys.
//!
//! [`KubeCluster`] fills the port [`bridle_core::port::Cluster`]. Everything here blocks its thread and must be called from
//! a thread that is not one of the runtime's own.

mod application;
mod changes;
mod connect;
mod data;
mod errand;
mod helm;
mod images;
mod kept;
mod kinds;
mod kube_cluster;
mod namespaces;
mod nodes;
mod observe;
mod ownership;
mod packed;
mod patience;
mod postgresql;
pub mod probe;
pub mod readiness;
mod rehearsal;
mod resources;
mod secrets;
mod sighted;
mod soak;
pub mod values;
mod yaml;

#[cfg(test)]
mod fake;

pub use application::Belongings;
pub use changes::Changes;
pub use kube_cluster::{HelmProgram, KubeCluster, Setup};
pub use observe::{PodTrouble, Snapshot};
