//! Kubernetes as an API: readiness, namespaces, secrets, custom resources, Helm releases, user journeys.
//!
//! [`KubeCluster`] fills the port [`bridle_core::port::Cluster`]. Everything here blocks its thread and must be called from
//! a thread that is not one of the runtime's own.

mod application;
mod connect;
mod helm;
mod images;
mod kept;
mod kube_cluster;
mod namespaces;
mod nodes;
mod observe;
mod ownership;
mod packed;
mod patience;
pub mod probe;
pub mod readiness;
mod resources;
mod secrets;
mod soak;
mod yaml;

pub mod values;
#[cfg(test)]
mod fake;

pub use application::Belongings;
pub use kube_cluster::{HelmProgram, KubeCluster, Setup};
pub use observe::{PodTrouble, Snapshot};
