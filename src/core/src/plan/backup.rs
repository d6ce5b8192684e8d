//! The plan of a backup: what is needed to begin anew elsewhere is copied beside a restore point, saved in a repository, read
//! back, and written as a set last (`backup.md` §2).
//!
//! Nothing that users see is stopped. Copies are made first and by what makes them before an upgrade, so a stream that dies and
//! files that change under the copy end a backup as they end an upgrade; a repository that is slow then keeps nobody from working.

use super::draft::Draft;
use super::{OnFailure, OperationKind, Plan, PlanError};
use crate::backup::id::SetId;
use crate::backup::plan::{self as order, Back, Part, Planned, VaultStep};
use crate::backup::set::SourceKind;
use crate::release::{DataKind, DataSource, ReleaseManifest};
use crate::step::{ClusterStep, HostStep, RestorePoint, Step, Undo};

/// Name of the part that holds the restore point: profile, identity and database of Kubernetes. No data source has such a name.
pub const PLATFORM: &str = "@platform";
/// Name of the part that holds secrets, publishers' keys and certificates of the installation's own.
pub const TRUST: &str = "@trust";
/// Name of the part that holds the Secrets which were made for this installation in its cluster.
pub const SECRETS: &str = "@secrets";
/// Name of the part that holds the revisions of the configuration.
pub const HISTORY: &str = "@history";
/// Name of the file that a restore point keeps those Secrets in; no data source has such a name.
pub const SECRETS_COPY: &str = "site.secrets";
/// Longest attempt at copying data, in seconds: the limit of all steps.
const COPY_LIMIT: u32 = 6 * 3600;

/// What the plan is made from.
#[derive(Debug, Clone, Copy)]
pub struct Wanted<'a> {
    /// The set.
    pub set: SetId,
    /// Name of the repository.
    pub repository: &'a str,
    /// The release in use.
    pub release: &'a ReleaseManifest,
    /// Revision of the configuration in force.
    pub revision: u64,
    /// Name of the host.
    pub node: &'a str,
    /// Operations that this host has had: names the restore point.
    pub number: u64,
    /// Restore points that stay.
    pub points: &'a [String],
}

/// Name of the restore point that a backup makes, and that goes with it.
#[must_use]
pub fn point(number: u64) -> String {
    format!("{number:04}-for-backup")
}

/// How the part ends that holds the dump of a server which is saved as files, too; no data source has such a name.
pub const DUMP: &str = ".dump";

/// What is saved of a release, in the order of its data; what is rebuilt has no part.
#[must_use]
pub fn parts(release: &ReleaseManifest) -> Vec<Part> {
    let data = release.data.iter().flat_map(of_source);
    own(release).into_iter().chain(data.filter(|part| part.kind != SourceKind::None)).collect()
}

/// The parts of the installation itself.
#[must_use]
pub fn own(release: &ReleaseManifest) -> Vec<Part> {
    let part = |name: &str, kind| Part { name: name.to_owned(), kind };
    let mut own = vec![part(PLATFORM, SourceKind::Configuration), part(TRUST, SourceKind::Trust)];
    own.extend((!release.secrets.is_empty()).then(|| part(SECRETS, SourceKind::Trust)));
    own.push(part(HISTORY, SourceKind::Configuration));
    own
}

/// The parts of a data source. A server that hands over its log is saved as its files, which any moment behind them can be reached
/// from with the log, and as a dump, which any later version can read; another server as a dump alone.
#[must_use]
pub fn of_source(source: &DataSource) -> Vec<Part> {
    let part = |name: String, kind| Part { name, kind };
    let name = source.name.clone();
    match source.kind {
        DataKind::Postgresql if source.log.is_some() => {
            let dump = part(format!("{name}{DUMP}"), SourceKind::Dump);
            vec![part(name, SourceKind::Postgresql), dump]
        }
        DataKind::Postgresql => vec![part(name, SourceKind::Dump)],
        DataKind::Volume => vec![part(name, SourceKind::Volume)],
        DataKind::Command => vec![part(name, SourceKind::Command)],
        DataKind::None => vec![part(name, SourceKind::None)],
    }
}

/// Plans a backup.
///
/// - Before the commit nothing counts: what a backup leaves that goes back is garbage of the repository, and its restore point goes.
/// - The commit is behind the set: once that is written it stays, whatever happens then.
///
/// # Errors
/// [`PlanError`] if the release makes an impossible plan.
pub fn plan(wanted: &Wanted<'_>) -> Result<Plan, PlanError> {
    let Wanted { set, repository, release, node, points, .. } = *wanted;
    let mut steps = order::backup(set, &parts(release), repository, &[]).into_iter();
    let mut draft = Draft::new(node);
    // The lease first: nobody waits for a copy that then has no place.
    if let Some(hold) = steps.next() {
        vault(&mut draft, hold);
    }
    let point = point(wanted.number);
    let gone = || HostStep::PruneRestorePoints { keep: points.to_vec() };
    let kept = RestorePoint { point: point.clone(), release: release.id(), revision: wanted.revision };
    draft.host(HostStep::RestorePoint(Box::new(kept)), Undo::By(Step::Host(gone())), 900, 5).attempts = 2;
    let sources: Vec<DataSource> = release.data.iter().filter(|data| data.kind != DataKind::None).cloned().collect();
    if !sources.is_empty() {
        let logged: Vec<DataSource> = sources.iter().filter(|source| source.log.is_some()).cloned().collect();
        let copy = ClusterStep::CopyData { point: point.clone(), sources };
        draft.cluster(copy, Undo::Nothing, COPY_LIMIT, 20).attempts = 2;
        if !logged.is_empty() {
            let copy = ClusterStep::CopyBases { point: point.clone(), sources: logged };
            draft.cluster(copy, Undo::Nothing, COPY_LIMIT, 20).attempts = 2;
        }
    }
    if !release.secrets.is_empty() {
        let copy = ClusterStep::CopySecrets { point, secrets: release.secrets.clone() };
        draft.cluster(copy, Undo::Nothing, 60, 1);
    }
    let mut commit = None;
    for step in steps {
        // Each server is brought to an instant by its own log; a place that several have in common comes later.
        if matches!(step.step, VaultStep::MarkLogs { .. } | VaultStep::LogsArchived { .. }) {
            continue;
        }
        let written = matches!(step.step, VaultStep::Commit { .. });
        vault(&mut draft, step);
        if written {
            commit = Some(draft.next());
        }
    }
    draft.host(gone(), Undo::Nothing, 300, 1);
    let plan = Plan {
        kind: OperationKind::Backup,
        from: Some(release.id()),
        to: release.id(),
        on_failure: OnFailure::RollBack,
        commit,
        steps: draft.finish(),
    };
    plan.doubt()?;
    Ok(plan)
}

/// The set that a backup writes, if the plan is one.
#[must_use]
pub fn set_of(plan: &Plan) -> Option<SetId> {
    plan.steps().iter().find_map(|planned| match &planned.step {
        Step::Vault(VaultStep::Commit { set }) => Some(*set),
        _ => None,
    })
}

fn vault(draft: &mut Draft, planned: Planned) {
    let undo = match planned.back {
        Back::By(step) => Undo::By(Step::Vault(step)),
        // No step of a backup takes anything away.
        Back::Nothing | Back::Impossible => Undo::Nothing,
    };
    let weight = if matches!(planned.step, VaultStep::Save { .. } | VaultStep::Audit { .. }) { 10 } else { 1 };
    draft.vault(planned.step, undo, planned.limit_seconds, weight).attempts = planned.attempts;
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::backup::id::Ulid;
    use crate::engine::bench::Bench;
    use crate::operation::{OperationState, OperationView};
    use crate::port::Timestamp;
    use crate::release::DatabaseLog;

    fn release() -> ReleaseManifest {
        ReleaseManifest::parse(include_bytes!("../../tests/fixtures/release-v1.json")).expect("fixture")
    }

    fn set() -> SetId {
        SetId(Ulid::new(Timestamp(1_795_000_000_000), [3; 10]))
    }

    fn planned(points: &[String]) -> Plan {
        planned_of(&release(), points)
    }

    fn planned_of(release: &ReleaseManifest, points: &[String]) -> Plan {
        let wanted = Wanted { set: set(), repository: "attic", release, revision: 4, node: "h1", number: 7, points };
        plan(&wanted).expect("a plan")
    }

    fn names(plan: &Plan) -> Vec<&'static str> {
        plan.steps().iter().map(|planned| planned.step.name()).collect()
    }

    #[test]
    fn copies_come_before_the_repository_and_the_set_comes_last() {
        let plan = planned(&["0003-before-campus-1.1.0".to_owned()]);
        let names = names(&plan);
        let saved = parts(&release()).len();
        let mut expected = vec!["hold-lease", "restore-point", "copy-data", "copy-secrets"];
        expected.extend(std::iter::repeat_n("save", saved));
        expected.extend(["audit", "commit", "release-lease", "prune-restore-points"]);
        assert_eq!(names, expected);
        let commit = plan.commit().expect("a commit");
        assert_eq!(names[usize::from(commit.0) - 2], "commit", "what is written stays");
        assert_eq!(set_of(&plan), Some(set()));
        let kinds: Vec<SourceKind> = parts(&release()).iter().map(|part| part.kind).collect();
        assert!(kinds.contains(&SourceKind::Configuration) && kinds.contains(&SourceKind::Dump), "{kinds:?}");
    }

    #[test]
    fn a_server_that_hands_over_its_log_is_saved_as_files_and_as_a_dump() {
        let mut release = release();
        let log = DatabaseLog { claim: "data-database-0".into(), data: "pgdata".into(), spool: "spool".into() };
        release.data[0].log = Some(log);
        let plan = planned_of(&release, &[]);
        let copies = ["hold-lease", "restore-point", "copy-data", "copy-bases", "copy-secrets"];
        assert_eq!(names(&plan)[..5], copies);
        let saved: Vec<(String, SourceKind)> = plan
            .steps()
            .iter()
            .filter_map(|planned| match &planned.step {
                Step::Vault(VaultStep::Save { part, .. }) => Some((part.name.clone(), part.kind)),
                _ => None,
            })
            .collect();
        let expected = [
            ("database", SourceKind::Postgresql),
            ("database.dump", SourceKind::Dump),
            (SECRETS, SourceKind::Trust),
            (TRUST, SourceKind::Trust),
            (HISTORY, SourceKind::Configuration),
            (PLATFORM, SourceKind::Configuration),
        ];
        assert_eq!(saved, expected.map(|(name, kind)| (name.to_owned(), kind)));
        assert!(!names(&plan).contains(&"mark-logs"), "{:?}", names(&plan));
    }

    #[test]
    fn a_release_without_data_has_no_copies() {
        let mut release = release();
        release.data.clear();
        let plan = planned_of(&release, &[]);
        assert!(!names(&plan).contains(&"copy-data"));
        assert_eq!(plan.steps().iter().filter(|planned| planned.step.name() == "save").count(), 4);
    }

    #[test]
    fn it_goes_on_after_any_interruption() {
        let plan = planned(&[]);
        let whole = Bench::stop_after_every_record(|| Bench::new(&plan));
        assert!(whole.world.effects().contains_key(&format!("vault/{}/set", set())));
    }

    #[test]
    fn what_fails_before_the_set_leaves_nothing_that_counts() {
        for name in ["hold-lease", "restore-point", "copy-data", "copy-secrets", "save", "audit", "commit"] {
            let mut bench = Bench::new(&planned(&[]));
            bench.world.fail(name, 100);
            bench.run().expect("an end");
            let view = OperationView::fold(&bench.journal.records).expect("a view");
            assert_eq!(view.state, OperationState::RolledBack, "{name}");
            let left = bench.world.effects();
            assert!(!left.keys().any(|key| key.ends_with("/lease")), "{name}: {left:?}");
        }
    }

    #[test]
    fn what_fails_behind_the_set_takes_it_not_away() {
        for name in ["release-lease", "prune-restore-points"] {
            let mut bench = Bench::new(&planned(&[]));
            bench.world.fail(name, 100);
            bench.run().expect("a rest");
            let view = OperationView::fold(&bench.journal.records).expect("a view");
            assert_eq!(view.state, OperationState::NeedsOperator, "{name}");
            assert!(bench.world.effects().contains_key(&format!("vault/{}/set", set())), "{name}");
        }
    }
}
