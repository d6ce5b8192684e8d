//! What happened, in one schema for journal, server-sent events, `--events json`, TUI and web.

use serde::{Deserialize, Serialize};

use crate::fault::Fault;
use crate::message::Message;
use crate::operation::{OperationId, OperationState};
use crate::plan::Plan;
use crate::port::Timestamp;
use crate::step::StepId;

/// One thing that happened in an operation.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Event {
    /// Number within the operation, from 1; a passing event (progress) carries that of the last kept one.
    pub seq: u64,
    /// The operation.
    pub operation: OperationId,
    /// When.
    pub time: Timestamp,
    /// What.
    pub kind: EventKind,
}

/// What happened.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum EventKind {
    /// The plan was confirmed; always the first record.
    Approved {
        /// Version of the journal format.
        format: u32,
        /// Who confirmed it.
        by: String,
        /// The plan.
        plan: Box<Plan>,
    },
    /// An agent took the operation up.
    TakenUp {
        /// Version of the agent.
        agent: String,
    },
    /// A step is about to have its effect.
    Intent {
        /// The step.
        step: StepId,
        /// Attempt, from 1.
        attempt: u32,
        /// Whether the step is being taken back.
        undo: bool,
    },
    /// A step had its effect, and it is on disk.
    Done {
        /// The step.
        step: StepId,
        /// Whether the step was taken back.
        undo: bool,
        /// Whether the world was so before the engine did anything.
        already: bool,
        /// How long the attempt took, in milliseconds.
        millis: u64,
    },
    /// An attempt failed.
    Failed {
        /// The step.
        step: StepId,
        /// Attempt, from 1.
        attempt: u32,
        /// Whether the step was being taken back.
        undo: bool,
        /// Why.
        fault: Fault,
    },
    /// The operator decided to go on without a step.
    Skipped {
        /// The step.
        step: StepId,
        /// Why, in the operator's words.
        reason: String,
        /// Who.
        by: String,
    },
    /// The operator said what to do.
    Commanded {
        /// What.
        command: OperatorCommand,
        /// Who.
        by: String,
    },
    /// The operation is in another state.
    State {
        /// The state.
        state: OperationState,
    },
    /// Passing: a step waits for something.
    Waiting {
        /// The step.
        step: StepId,
        /// What it waits for.
        what: Message,
        /// Since when.
        since: Timestamp,
    },
    /// Passing: a step goes forward.
    Advanced {
        /// The step.
        step: StepId,
        /// Bytes or things done.
        done: u64,
        /// Bytes or things in all.
        total: u64,
    },
}

/// What an operator can say to an operation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OperatorCommand {
    /// Stop after the running step.
    Pause,
    /// Go on.
    Continue,
    /// Try the failed step again.
    Retry,
    /// Go on without the failed step.
    Skip {
        /// Why, at most 400 characters.
        reason: String,
    },
    /// Take everything back.
    Abort,
}

impl EventKind {
    /// Whether the journal keeps it.
    #[must_use]
    pub const fn is_kept(&self) -> bool {
        !matches!(self, Self::Waiting { .. } | Self::Advanced { .. })
    }
}
