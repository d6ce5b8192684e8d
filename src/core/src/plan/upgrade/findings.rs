//! What stands against a change, and what should be looked at before it.

use std::collections::{BTreeMap, BTreeSet};

use super::{Current, Kubernetes, Wanted, minor};
use crate::facts::DropIn;
use crate::fault::Fault;
use crate::plan::OperationKind;
use crate::plan::review::{Finding, blocks, warns};
use crate::release::{DataKind, DataSource, Migrate, Migration, PostgresqlVersion, ReleaseManifest};
use crate::upgrade::DiskForecast;

/// What was measured of the host and the cluster.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Measured {
    /// Space.
    pub disk: DiskForecast,
    /// Whether the profile on disk has changes that were never put in place.
    pub profile_edited: bool,
    /// Servers that are not ready, by name.
    pub nodes_down: Vec<String>,
    /// Workloads that are not ready, as `NAMESPACE/NAME`.
    pub workloads_down: Vec<String>,
    /// Whether Kubernetes answers.
    pub answers: bool,
    /// What files of the site say about how the control plane is run.
    pub drop_ins: Vec<DropIn>,
    /// Bytes of the indexes that are to be built anew because texts are sorted otherwise, by name of the data source; what
    /// could not be asked is not there.
    pub resorted: BTreeMap<String, u64>,
    /// Data sources whose copy is to be made and of unknown size, by name.
    pub unmeasured: BTreeSet<String>,
}

/// Bytes of indexes that a small server builds anew in a second: an assumption on the careful side, not a measurement.
const INDEXED_A_SECOND: u64 = 8 * 1024 * 1024;

/// What a publisher declares for a system whose C library has no version of collations (musl).
const UNVERSIONED: &str = "none";

/// Judges a change.
#[must_use]
pub fn findings(current: &Current<'_>, wanted: &Wanted<'_>, kind: OperationKind, measured: &Measured) -> Vec<Finding> {
    let mut found = Vec::new();
    space(&measured.disk, &mut found);
    if measured.profile_edited && kind != OperationKind::Configure {
        found.push(blocks("change-profile-edited").command("bridle config diff").command("bridle config apply"));
    }
    health(measured, &mut found);
    if kind != OperationKind::Configure {
        let moves = (current.release, wanted.release);
        databases(moves, kind, measured, &mut found);
        contracts(moves.0, moves.1, kind, &mut found);
    }
    data(current.release, measured, &mut found);
    if let Kubernetes::Switch { emulated: Some(_), .. } = Kubernetes::between(current, wanted, kind) {
        drop_ins(&measured.drop_ins, &mut found);
    }
    if kind == OperationKind::Rollback {
        kept_minor(current, wanted, &mut found);
    }
    found
}

/// The change could not be tried before; `fault` says why.
#[must_use]
pub fn not_rehearsed(fault: &Fault) -> Finding {
    warns("change-not-rehearsed").with("code", fault.code.code()).command("bridle upgrade rehearse")
}

fn space(disk: &DiskForecast, found: &mut Vec<Finding>) {
    const MIB: u64 = 1024 * 1024;
    let said = |finding: Finding| finding.with("needed", disk.needed.div_ceil(MIB)).with("free", disk.free / MIB);
    if disk.free < disk.needed {
        found.push(said(blocks("change-disk")).command("bridle store space").command("bridle store gc"));
    } else if disk.free / 2 < disk.needed {
        found.push(said(warns("change-disk-tight")).command("bridle store space"));
    }
}

fn health(measured: &Measured, found: &mut Vec<Finding>) {
    if !measured.answers {
        found.push(blocks("change-silent").command("bridle status"));
    }
    for node in &measured.nodes_down {
        found.push(blocks("change-node-down").about(node).with("node", node.as_str()).command("bridle status"));
    }
    for workload in &measured.workloads_down {
        let finding = blocks("change-workload-down").about(workload).with("workload", workload.as_str());
        found.push(finding.command("bridle status"));
    }
}

/// What the restore point will not hold, and what nobody knows the size of.
fn data(release: &ReleaseManifest, measured: &Measured, found: &mut Vec<Finding>) {
    let said = |code, source: &DataSource| warns(code).about(&source.name).with("source", source.name.as_str());
    for source in &release.data {
        if source.kind == DataKind::None {
            found.push(said("change-data-none", source).with("reason", source.reason.as_str()));
        } else if measured.unmeasured.contains(&source.name) {
            found.push(said("change-data-size", source).command("bridle store space"));
        }
    }
}

/// Databases whose server becomes another one (issue 5, point 10).
fn databases(
    (old, new): (&ReleaseManifest, &ReleaseManifest),
    kind: OperationKind,
    measured: &Measured,
    found: &mut Vec<Finding>,
) {
    for (source, before, after) in servers(old, new).filter(|(_, before, after)| before.major != after.major) {
        found.extend(major(source, before, after, kind));
    }
    for (source, before, after) in resorted(old, new) {
        const MIB: u64 = 1024 * 1024;
        let said = |code| warns(code).about(&source.name).with("source", source.name.as_str());
        let said = |code| said(code).with("from", before.collation.as_str()).with("to", after.collation.as_str());
        // Between a system that names the version of its rules and one that does not, no server can tell what is sorted how,
        // and it refuses to record the change: nothing could be proven, there or back.
        if [&before.collation, &after.collation].iter().any(|collation| *collation == UNVERSIONED) {
            let finding = blocks("change-database-collation-untold").about(&source.name);
            let finding = finding.with("source", source.name.as_str()).with("from", before.collation.as_str());
            found.push(finding.with("to", after.collation.as_str()));
            continue;
        }
        found.push(match measured.resorted.get(&source.name) {
            None => said("change-database-collation-unknown"),
            Some(0) => continue, // nothing there is sorted by these rules
            Some(bytes) => {
                let finding = said("change-database-collation").with("size", bytes.div_ceil(MIB));
                finding.with("minutes", (bytes / INDEXED_A_SECOND).div_ceil(60).max(1))
            }
        });
    }
}

/// Databases that stay, with what their servers are before and after.
fn servers<'a>(
    old: &'a ReleaseManifest,
    new: &'a ReleaseManifest,
) -> impl Iterator<Item = (&'a DataSource, &'a PostgresqlVersion, &'a PostgresqlVersion)> {
    new.data.iter().filter(|source| source.kind == DataKind::Postgresql).filter_map(|source| {
        let before = old.data.iter().find(|before| before.name == source.name)?;
        Some((source, before.postgresql.as_ref()?, source.postgresql.as_ref()?))
    })
}

/// Those of them that sort texts by other rules afterwards.
pub fn resorted<'a>(
    old: &'a ReleaseManifest,
    new: &'a ReleaseManifest,
) -> impl Iterator<Item = (&'a DataSource, &'a PostgresqlVersion, &'a PostgresqlVersion)> {
    servers(old, new).filter(|(_, before, after)| before.major == after.major && before.collation != after.collation)
}

fn major(
    source: &DataSource,
    before: &PostgresqlVersion,
    after: &PostgresqlVersion,
    kind: OperationKind,
) -> Option<Finding> {
    let said = |finding: Finding| {
        finding
            .about(&source.name)
            .with("source", source.name.as_str())
            .with("from", before.major)
            .with("to", after.major)
    };
    if kind == OperationKind::Rollback || source.migrate.is_none() {
        return Some(said(blocks("change-database-major")));
    }
    // Declared, but this version of Bridle has no step for it yet: a plan without it would lose the data.
    (source.migrate == Some(Migrate::DumpRestore)).then(|| said(blocks("change-database-migration")))
}

/// Migrations after which what was before cannot read the data.
fn contracts(old: &ReleaseManifest, new: &ReleaseManifest, kind: OperationKind, found: &mut Vec<Finding>) {
    let release = if kind == OperationKind::Rollback { old } else { new };
    for chart in release.charts.iter().filter(|chart| chart.migration == Some(Migration::Contract)) {
        let changed = match kind {
            OperationKind::Rollback => new.charts.iter().find(|other| other.name == chart.name),
            _ => old.charts.iter().find(|other| other.name == chart.name),
        };
        if changed.is_none_or(|other| other.package != chart.package || other.images != chart.images) {
            let code = if kind == OperationKind::Rollback { "change-contract-back" } else { "change-contract" };
            let finding = if kind == OperationKind::Rollback { blocks(code) } else { warns(code) };
            found.push(finding.about(&chart.name).with("chart", chart.name.as_str()));
        }
    }
}

/// Files of the site with which the later minor version would run as itself before the commit (`docs/decisions/0018`): then
/// there is no way back. Where the minor stays nothing depends on them.
fn drop_ins(drop_ins: &[DropIn], found: &mut Vec<Finding>) {
    for one in drop_ins.iter().filter(|one| !one.is_harmless()) {
        let finding = blocks(if one.key.is_empty() { "change-drop-in-unread" } else { "change-drop-in" });
        found.push(finding.about(&one.path).with("path", one.path.as_str()).with("key", one.key.trim_end_matches('+')));
    }
}

fn kept_minor(current: &Current<'_>, wanted: &Wanted<'_>, found: &mut Vec<Finding>) {
    let wanted = wanted.release.kubernetes.version.to_string();
    if minor(&wanted) != minor(&current.applied.kubernetes) {
        let finding = warns("change-kubernetes-stays").with("runs", current.applied.kubernetes.as_str());
        found.push(finding.with("wanted", wanted));
    }
}
