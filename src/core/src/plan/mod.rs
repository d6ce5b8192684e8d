//! Plans: what an operation will do, decided before anything is touched, confirmed by digest.

pub mod applied;
pub mod backup;
pub mod cluster_restore;
mod draft;
pub mod forecast;
pub mod install;
pub mod ranges;
pub mod recover;
pub mod recreate;
pub mod review;
pub mod uninstall;
pub mod upgrade;
pub mod values;

use serde::{Deserialize, Serialize};

use crate::digest::Digest;
use crate::step::{PlannedStep, StepId};

/// Kind of an operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OperationKind {
    /// First release on a host.
    Install,
    /// Everything of ours goes; data only where that was said.
    Uninstall,
    /// Another release takes the place of the one in use.
    Upgrade,
    /// The release before the one in use takes its place again, after the upgrade was committed.
    Rollback,
    /// Another profile of the site takes the place of the one in use.
    Configure,
    /// The applications are removed and made anew; data, secrets and configuration stay.
    Recreate,
    /// What Kubernetes knows goes back to the snapshot of a restore point; volumes and configuration stay.
    RestoreCluster,
    /// Everything that is needed to begin anew elsewhere is saved in a repository.
    Backup,
}

impl OperationKind {
    /// Every kind.
    pub const ALL: [Self; 8] = [
        Self::Install,
        Self::Uninstall,
        Self::Upgrade,
        Self::Rollback,
        Self::Configure,
        Self::Recreate,
        Self::RestoreCluster,
        Self::Backup,
    ];

    /// Its name in names of operations.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Install => "install",
            Self::Uninstall => "uninstall",
            Self::Upgrade => "upgrade",
            Self::Rollback => "rollback",
            Self::Configure => "configure",
            Self::Recreate => "recreate",
            Self::RestoreCluster => "restore-cluster",
            Self::Backup => "backup",
        }
    }
}

/// What happens when a step fails for good.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OnFailure {
    /// Everything goes back by itself.
    RollBack,
    /// The operation stops and waits for retry, skip or roll back.
    AskOperator,
}

/// A plan; only planners make one, so whoever holds it holds a checked one.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Plan {
    kind: OperationKind,
    from: Option<String>,
    to: String,
    on_failure: OnFailure,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    commit: Option<StepId>,
    steps: Vec<PlannedStep>,
}

/// At most this many steps: a step's number is 16 bit, and people must be able to read a plan.
pub const MOST_STEPS: usize = 1000;

impl Plan {
    /// Kind of the operation.
    #[must_use]
    pub const fn kind(&self) -> OperationKind {
        self.kind
    }

    /// Release that is installed before (`NAME-VERSION`).
    #[must_use]
    pub fn from(&self) -> Option<&str> {
        self.from.as_deref()
    }

    /// Release that is installed after; for an uninstallation, the one that goes.
    #[must_use]
    pub fn to(&self) -> &str {
        &self.to
    }

    /// What happens when a step fails for good.
    #[must_use]
    pub const fn on_failure(&self) -> OnFailure {
        self.on_failure
    }

    /// The first step behind the commit: once it has begun nothing goes back, and a failure asks the operator.
    #[must_use]
    pub const fn commit(&self) -> Option<StepId> {
        self.commit
    }

    /// The steps in order.
    #[must_use]
    pub fn steps(&self) -> &[PlannedStep] {
        &self.steps
    }

    /// Digest of the plan's JSON text: what is confirmed is what runs.
    #[must_use]
    pub fn digest(&self) -> Digest {
        Digest::of(&serde_json::to_vec(self).expect("a plan holds only strings, numbers and maps with string keys"))
    }

    /// Checks what every plan must hold; done by each planner before it gives the plan away, and after reading one.
    ///
    /// # Errors
    /// [`PlanError`] names the first rule that is broken.
    pub fn doubt(&self) -> Result<(), PlanError> {
        if self.steps.is_empty() || self.steps.len() > MOST_STEPS {
            return Err(PlanError::Length(self.steps.len()));
        }
        for (index, step) in self.steps.iter().enumerate() {
            if usize::from(step.id.0) != index + 1 {
                return Err(PlanError::Numbering { place: index + 1, found: step.id.0 });
            }
            if step.attempts == 0 || step.attempts > 20 || step.limit_seconds == 0 || step.limit_seconds > 6 * 3600 {
                return Err(PlanError::Limits { step: step.id.0 });
            }
        }
        match self.commit {
            Some(StepId(commit)) if commit == 0 || usize::from(commit) > self.steps.len() => {
                Err(PlanError::Commit { step: commit })
            }
            _ => Ok(()),
        }
    }
}

/// Why a plan is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PlanError {
    /// No step, or too many.
    #[error("check plan: {0} steps")]
    Length(usize),
    /// Steps are numbered from 1 without a gap.
    #[error("check plan: step {found} stands at place {place}")]
    Numbering {
        /// Place, from 1.
        place: usize,
        /// Number found.
        found: u16,
    },
    /// The commit lies before one of the steps.
    #[error("check plan: commit before step {step}")]
    Commit {
        /// The step.
        step: u16,
    },
    /// Each step has at least one attempt and a limit of at most six hours.
    #[error("check plan: limits of step {step}")]
    Limits {
        /// The step.
        step: u16,
    },
}
