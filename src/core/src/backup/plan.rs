//! The orders in which backups, prunes, restores and restore tests do their work (`backup.md` §2, §0.6).
//!
//! Steps as data with their way back; the engine runs them as `core::step::Step::Vault`. What makes an operation of them is in
//! `core::plan` (`docs/ARCHITECTURE.md`).

use serde::{Deserialize, Serialize};

use super::gate::PrunePlan;
use super::id::{Incarnation, SetId};
use super::set::{SetManifest, Source, SourceKind};
use crate::digest::Digest;
use crate::message::Message;

/// Percent of a set that is read back after it was written.
const AUDIT_PERCENT: u8 = 1;

/// A step on repositories and data.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum VaultStep {
    /// This installation is the only writer of a repository.
    HoldLease {
        /// Name of the repository.
        repository: String,
    },
    /// Nobody writes to a repository any more; the mark of the owner stays.
    ReleaseLease {
        /// Name of the repository.
        repository: String,
    },
    /// A part of a set is in a repository.
    Save {
        /// The set.
        set: SetId,
        /// The part.
        part: Part,
    },
    /// Each of these databases has the restore point of a set.
    MarkLogs {
        /// The set.
        set: SetId,
        /// Names of the databases.
        sources: Vec<String>,
    },
    /// The logs of these databases are in the repository up to the restore point of a set.
    LogsArchived {
        /// The set.
        set: SetId,
        /// Names of the databases.
        sources: Vec<String>,
    },
    /// What a set needs can be read: its trees wholly, so many percent of its data.
    Audit {
        /// The set.
        set: SetId,
        /// Percent.
        percent: u8,
    },
    /// The set is written: from here on it exists.
    Commit {
        /// The set.
        set: SetId,
    },
    /// Another repository holds a set, with the log that it needs.
    Copy {
        /// The set.
        set: SetId,
        /// Name of the other repository.
        to: String,
    },
    /// The manifests of these sets are gone; nobody is offered them any more.
    ForgetSets {
        /// The sets.
        sets: Vec<SetId>,
        /// Token of the lease under which that was allowed.
        token: u64,
    },
    /// These snapshots are gone.
    ForgetSnapshots {
        /// Their names.
        snapshots: Vec<Digest>,
        /// Token of the lease.
        token: u64,
    },
    /// What nothing uses is marked, and what was marked long ago is gone.
    PruneData {
        /// Seconds that marked data stay.
        keep_delete: u64,
        /// Seconds that a pack must be old to be repacked.
        keep_pack: u64,
        /// Token of the lease.
        token: u64,
    },
    /// The log below the oldest kept base is gone.
    PruneLogs {
        /// Token of the lease.
        token: u64,
    },
    /// The structure of the whole repository holds.
    CheckAll {
        /// Name of the repository.
        repository: String,
    },
    /// A namespace that nothing reaches and that reaches nothing.
    Scratch {
        /// Its name.
        namespace: String,
    },
    /// It was tried from inside that nothing can be reached: data come only behind this.
    Sealed {
        /// Its name.
        namespace: String,
    },
    /// A namespace of a test and its volumes are gone.
    ScratchGone {
        /// Its name.
        namespace: String,
    },
    /// A copy of what is there now is kept, to go back to.
    SafetyCopy {
        /// The parts.
        sources: Vec<String>,
        /// The set that holds it.
        set: SetId,
    },
    /// Everything that uses these data has stopped.
    Stop {
        /// The parts.
        sources: Vec<String>,
    },
    /// Everything that uses these data runs.
    Start {
        /// The parts.
        sources: Vec<String>,
    },
    /// The data of a part are those of a set.
    Load {
        /// The set.
        set: SetId,
        /// The part.
        source: String,
        /// Where; none for its own place.
        namespace: Option<String>,
        /// The life that begins with it, for a database with a log.
        incarnation: Option<Incarnation>,
    },
    /// What was counted when the set was made is there.
    Compare {
        /// The set.
        set: SetId,
        /// The parts.
        sources: Vec<String>,
        /// Where; none for their own places.
        namespace: Option<String>,
    },
    /// What was learned about a set is in the repository.
    RecordVerification {
        /// The set.
        set: SetId,
    },
}

/// A part that is to be saved.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Part {
    /// Its name.
    pub name: String,
    /// What it is.
    pub kind: SourceKind,
}

/// The way back of a step.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Back {
    /// Another step.
    By(VaultStep),
    /// Nothing: what it leaves is garbage that the next prune finds.
    Nothing,
    /// There is none.
    Impossible,
}

/// A step with its limits.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Planned {
    /// What.
    pub step: VaultStep,
    /// The way back.
    pub back: Back,
    /// Deadline of one attempt in seconds.
    pub limit_seconds: u32,
    /// Attempts.
    pub attempts: u32,
}

const MINUTE: u32 = 60;
const HOUR: u32 = 60 * MINUTE;

/// Backs up `parts` as `set` into `repository`, then copies the set to others.
///
/// Order: databases with a log, whose restore point is the instant that everything is measured by; then what commands dump, volumes, etcd, objects,
/// trust and configuration. The set is written when everything else is in the same repository, and copies come behind it: a copy that
/// fails takes no set away.
#[must_use]
pub fn backup(set: SetId, parts: &[Part], repository: &str, copies: &[String]) -> Vec<Planned> {
    let mut parts: Vec<Part> = parts.iter().filter(|part| part.kind != SourceKind::None).cloned().collect();
    parts.sort_by(|a, b| (saving(a.kind), &a.name).cmp(&(saving(b.kind), &b.name)));
    let logs = parts.iter().filter(|part| part.kind == SourceKind::Postgresql);
    let logs: Vec<String> = logs.map(|part| part.name.clone()).collect();
    let mut steps = vec![hold(repository)];
    let (bases, others): (Vec<Part>, Vec<Part>) =
        parts.into_iter().partition(|part| part.kind == SourceKind::Postgresql);
    let save = |part: Part| planned(VaultStep::Save { set, part }, Back::Nothing, 6 * HOUR, 3);
    steps.extend(bases.into_iter().map(save));
    if !logs.is_empty() {
        steps.push(planned(VaultStep::MarkLogs { set, sources: logs.clone() }, Back::Nothing, 5 * MINUTE, 3));
    }
    steps.extend(others.into_iter().map(save));
    if !logs.is_empty() {
        steps.push(planned(VaultStep::LogsArchived { set, sources: logs }, Back::Nothing, 30 * MINUTE, 3));
    }
    steps.push(planned(VaultStep::Audit { set, percent: AUDIT_PERCENT }, Back::Nothing, 6 * HOUR, 2));
    // A set that is whole and proven stays, whatever happens then; also one whose writing got no answer, which is no less whole.
    steps.push(planned(VaultStep::Commit { set }, Back::Nothing, 5 * MINUTE, 5));
    steps.extend(copies.iter().map(|to| planned(VaultStep::Copy { set, to: to.clone() }, Back::Nothing, 6 * HOUR, 3)));
    steps.push(release(repository));
    steps
}

/// Removes what the gate allowed. Sets go first and data last, so that at every moment what is offered is whole.
#[must_use]
pub fn prune(plan: &PrunePlan, repository: &str) -> Vec<Planned> {
    let token = plan.token();
    let gone = |step| planned(step, Back::Impossible, HOUR, 3);
    let (keep_delete, keep_pack) = (plan.keep_delete().as_secs(), plan.keep_pack().as_secs());
    vec![
        hold(repository),
        gone(VaultStep::ForgetSets { sets: plan.sets().to_vec(), token }),
        gone(VaultStep::ForgetSnapshots { snapshots: plan.snapshots().to_vec(), token }),
        planned(VaultStep::PruneData { keep_delete, keep_pack, token }, Back::Impossible, 6 * HOUR, 3),
        gone(VaultStep::PruneLogs { token }),
        planned(VaultStep::CheckAll { repository: repository.to_owned() }, Back::Nothing, 6 * HOUR, 2),
        release(repository),
    ]
}

/// Restores the databases of `set` into a namespace of its own, compares what is in them, and throws it away; no application starts.
#[must_use]
pub fn test_restore(set: &SetManifest, namespace: &str, incarnation: Incarnation) -> Vec<Planned> {
    let namespace = namespace.to_owned();
    let back = || Back::By(VaultStep::ScratchGone { namespace: namespace.clone() });
    let mut steps = vec![
        planned(VaultStep::Scratch { namespace: namespace.clone() }, back(), 5 * MINUTE, 3),
        planned(VaultStep::Sealed { namespace: namespace.clone() }, Back::Nothing, 5 * MINUTE, 2),
    ];
    let sources: Vec<&Source> = set.sources.iter().filter(|source| is_database(source.kind)).collect();
    let names: Vec<String> = sources.iter().map(|source| source.name.clone()).collect();
    steps.extend(sources.into_iter().map(|source| load(set.id, source, Some(namespace.clone()), incarnation)));
    let compare = VaultStep::Compare { set: set.id, sources: names, namespace: Some(namespace.clone()) };
    steps.push(planned(compare, Back::Nothing, HOUR, 2));
    steps.push(planned(VaultStep::RecordVerification { set: set.id }, Back::Nothing, 5 * MINUTE, 5));
    steps.push(planned(VaultStep::ScratchGone { namespace }, Back::Nothing, 15 * MINUTE, 5));
    steps
}

/// Puts `sources` of `set` in the place of what is there, having kept that as the set `safety`.
///
/// `None` if one of them is not in the set.
#[must_use]
pub fn restore(set: &SetManifest, sources: &[String], safety: SetId, incarnation: Incarnation) -> Option<Vec<Planned>> {
    let found = |name: &String| {
        set.sources.iter().find(|source| source.name == *name && source.snapshot.is_some() && is_data(source.kind))
    };
    // In the order of the set: that is the order of restoring.
    let wanted: Option<Vec<&Source>> = sources.iter().map(found).collect();
    let mut wanted = wanted.filter(|wanted| !wanted.is_empty())?;
    wanted.sort_by_key(|source| (source.order, &source.name));
    wanted.dedup_by_key(|source| &source.name);
    let names: Vec<String> = wanted.iter().map(|source| source.name.clone()).collect();
    let back = |source: &Source| {
        let source = source.name.clone();
        Back::By(VaultStep::Load { set: safety, source, namespace: None, incarnation: None })
    };
    let start = || VaultStep::Start { sources: names.clone() };
    let mut steps = vec![
        planned(VaultStep::SafetyCopy { sources: names.clone(), set: safety }, Back::Nothing, 6 * HOUR, 2),
        planned(VaultStep::Stop { sources: names.clone() }, Back::By(start()), 15 * MINUTE, 3),
    ];
    let loads = wanted.iter().map(|source| Planned { back: back(source), ..load(set.id, source, None, incarnation) });
    steps.extend(loads);
    steps.push(planned(start(), Back::By(VaultStep::Stop { sources: names.clone() }), 30 * MINUTE, 3));
    let compare = VaultStep::Compare { set: set.id, sources: names, namespace: None };
    steps.push(planned(compare, Back::Nothing, HOUR, 2));
    Some(steps)
}

/// The data that a recovery loads between the platform and the applications, in the order of restoring; physical copies before
/// everything that may need them, and no dump of what has a physical copy.
#[must_use]
pub fn recover(set: &SetManifest, incarnation: Incarnation) -> Vec<Planned> {
    let data = set.sources.iter().filter(|source| source.snapshot.is_some() && is_data(source.kind));
    let mut data: Vec<&Source> = data.filter(|source| source.kind != SourceKind::Dump).collect();
    data.sort_by_key(|source| (source.kind != SourceKind::Postgresql, source.order, &source.name));
    let names: Vec<String> = data.iter().map(|source| source.name.clone()).collect();
    let mut steps: Vec<Planned> = data.into_iter().map(|source| load(set.id, source, None, incarnation)).collect();
    let compare = VaultStep::Compare { set: set.id, sources: names, namespace: None };
    steps.push(planned(compare, Back::Nothing, HOUR, 2));
    steps
}

fn load(set: SetId, source: &Source, namespace: Option<String>, incarnation: Incarnation) -> Planned {
    let incarnation = (source.kind == SourceKind::Postgresql).then_some(incarnation);
    let step = VaultStep::Load { set, source: source.name.clone(), namespace, incarnation };
    planned(step, Back::Nothing, 6 * HOUR, 2)
}

fn hold(repository: &str) -> Planned {
    let repository = repository.to_owned();
    let back = Back::By(VaultStep::ReleaseLease { repository: repository.clone() });
    planned(VaultStep::HoldLease { repository }, back, 30 * MINUTE, 3)
}

fn release(repository: &str) -> Planned {
    planned(VaultStep::ReleaseLease { repository: repository.to_owned() }, Back::Nothing, 5 * MINUTE, 5)
}

const fn planned(step: VaultStep, back: Back, limit_seconds: u32, attempts: u32) -> Planned {
    Planned { step, back, limit_seconds, attempts }
}

/// Place of a kind in the order of saving.
const fn saving(kind: SourceKind) -> u8 {
    match kind {
        SourceKind::Postgresql => 0,
        SourceKind::Dump => 1,
        SourceKind::Command => 2,
        SourceKind::Volume => 3,
        SourceKind::Etcd => 4,
        SourceKind::Objects => 5,
        SourceKind::Trust => 6,
        SourceKind::Configuration | SourceKind::None => 7,
    }
}

const fn is_database(kind: SourceKind) -> bool {
    matches!(kind, SourceKind::Postgresql | SourceKind::Command)
}

/// Whether it is data of an application; the rest comes back with the installation itself.
const fn is_data(kind: SourceKind) -> bool {
    matches!(kind, SourceKind::Postgresql | SourceKind::Dump | SourceKind::Volume | SourceKind::Command)
}

impl VaultStep {
    /// What the step does, for people.
    #[must_use]
    pub fn title(&self) -> Message {
        let listed = |code, sources: &[String]| Message::new(code).with("sources", sources.join(", "));
        match self {
            Self::HoldLease { repository } => Message::new("vault-hold-lease").with("repository", repository.as_str()),
            Self::ReleaseLease { repository } => {
                Message::new("vault-release-lease").with("repository", repository.as_str())
            }
            Self::Save { part, .. } => Message::new("vault-save").with("source", part.name.as_str()),
            Self::MarkLogs { sources, .. } => listed("vault-mark-logs", sources),
            Self::LogsArchived { sources, .. } => listed("vault-logs-archived", sources),
            Self::Audit { percent, .. } => Message::new("vault-audit").with("percent", u64::from(*percent)),
            Self::Commit { set } => Message::new("vault-commit").with("set", set.to_string()),
            Self::Copy { to, .. } => Message::new("vault-copy").with("repository", to.as_str()),
            Self::ForgetSets { sets, .. } => Message::new("vault-forget-sets").with("count", sets.len()),
            Self::ForgetSnapshots { snapshots, .. } => {
                Message::new("vault-forget-snapshots").with("count", snapshots.len())
            }
            Self::PruneData { .. } => Message::new("vault-prune-data"),
            Self::PruneLogs { .. } => Message::new("vault-prune-logs"),
            Self::CheckAll { repository } => Message::new("vault-check-all").with("repository", repository.as_str()),
            Self::Scratch { namespace } => Message::new("vault-scratch").with("namespace", namespace.as_str()),
            Self::Sealed { namespace } => Message::new("vault-sealed").with("namespace", namespace.as_str()),
            Self::ScratchGone { namespace } => Message::new("vault-scratch-gone").with("namespace", namespace.as_str()),
            Self::SafetyCopy { sources, .. } => listed("vault-safety-copy", sources),
            Self::Stop { sources } => listed("vault-stop", sources),
            Self::Start { sources } => listed("vault-start", sources),
            Self::Load { source, .. } => Message::new("vault-load").with("source", source.as_str()),
            Self::Compare { sources, .. } => listed("vault-compare", sources),
            Self::RecordVerification { set } => Message::new("vault-record-verification").with("set", set.to_string()),
        }
    }

    /// A short stable name for logs and failure points.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::HoldLease { .. } => "hold-lease",
            Self::ReleaseLease { .. } => "release-lease",
            Self::Save { .. } => "save",
            Self::MarkLogs { .. } => "mark-logs",
            Self::LogsArchived { .. } => "logs-archived",
            Self::Audit { .. } => "audit",
            Self::Commit { .. } => "commit",
            Self::Copy { .. } => "copy",
            Self::ForgetSets { .. } => "forget-sets",
            Self::ForgetSnapshots { .. } => "forget-snapshots",
            Self::PruneData { .. } => "prune-data",
            Self::PruneLogs { .. } => "prune-logs",
            Self::CheckAll { .. } => "verify-all",
            Self::Scratch { .. } => "scratch",
            Self::Sealed { .. } => "sealed",
            Self::ScratchGone { .. } => "scratch-gone",
            Self::SafetyCopy { .. } => "safety-copy",
            Self::Stop { .. } => "stop",
            Self::Start { .. } => "start",
            Self::Load { .. } => "load",
            Self::Compare { .. } => "compare",
            Self::RecordVerification { .. } => "record-verification",
        }
    }
}

#[cfg(test)]
mod tests;
