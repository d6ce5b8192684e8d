//! What should be known before the cluster's database goes back.

use super::Wanted;
use crate::plan::review::{Finding, blocks, warns};
use crate::release::Secret;

/// What was measured.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Seen {
    /// Whether the cluster is well: then nothing is mended by going back.
    pub healthy: bool,
    /// Bytes that are free where Kubernetes keeps its data.
    pub free: u64,
}

/// Bytes that stay free beside the restored database.
const SPARE: u64 = 256 * 1024 * 1024;

/// Judges the return.
#[must_use]
pub fn findings(wanted: &Wanted<'_>, seen: &Seen) -> Vec<Finding> {
    const MIB: u64 = 1024 * 1024;
    let mut found = Vec::new();
    // The database that is there now is kept beside the restored one, and etcd sets 128 MB for its log aside.
    let needed = wanted.point.snapshot.saturating_mul(2).saturating_add(SPARE);
    if seen.free < needed {
        let finding = blocks("restore-disk").with("needed", needed.div_ceil(MIB)).with("free", seen.free / MIB);
        found.push(finding.command("bridle store space").command("bridle store gc"));
    }
    if seen.healthy {
        found.push(warns("restore-healthy").command("bridle status"));
    }
    if !wanted.answers {
        found.push(warns("restore-unlisted"));
        let lost = lost(wanted);
        if !lost.is_empty() {
            found.push(warns("restore-secrets").with("secrets", lost.join(", ")));
        }
    }
    if wanted.point.release != wanted.release.id() {
        let finding = warns("restore-other-release").with("before", wanted.point.release.as_str());
        found.push(finding.with("release", wanted.release.id()));
    }
    found
}

/// Secrets that the release in use has and that the snapshot may not know.
fn lost(wanted: &Wanted<'_>) -> Vec<String> {
    let known = |secret: &Secret| {
        wanted.before.is_some_and(|before| {
            before.secrets.iter().any(|one| one.name == secret.name && one.namespace == secret.namespace)
        })
    };
    let secrets = wanted.release.secrets.iter().filter(|secret| !known(secret));
    secrets.map(|secret| format!("{}/{}", secret.namespace, secret.name)).collect()
}
