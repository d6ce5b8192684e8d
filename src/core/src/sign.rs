//! A state as people see it: a sign and a word, so that colour only repeats what is written.

use crate::message::{Language, Message};
use crate::operation::{OperationState, StepState, StepView};
use crate::status::{Health, NodeView, WorkloadView};

/// What a sign says, whatever it stands beside.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tone {
    /// Good.
    Good,
    /// Being done, or waited for.
    Busy,
    /// Needs attention.
    Attention,
    /// Wrong.
    Bad,
    /// Neither: not begun, left out, unknown.
    Quiet,
}

/// A sign with its word.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sign {
    /// Four ASCII characters.
    pub glyph: &'static str,
    /// Identifier of the word.
    word: &'static str,
    /// For colours.
    pub tone: Tone,
}

const fn sign(glyph: &'static str, word: &'static str, tone: Tone) -> Sign {
    Sign { glyph, word, tone }
}

/// A finding that blocks.
pub const BLOCKS: Sign = sign("[!!]", "sign-blocks", Tone::Bad);
/// Something to look at.
pub const ATTENTION: Sign = sign("[! ]", "sign-attention", Tone::Attention);

impl Sign {
    /// The word in `language`.
    #[must_use]
    pub fn word(&self, language: Language) -> String {
        Message::new(self.word).render(language)
    }

    /// Sign and word.
    #[must_use]
    pub fn text(&self, language: Language) -> String {
        format!("{} {}", self.glyph, self.word(language))
    }
}

impl From<&StepView> for Sign {
    fn from(step: &StepView) -> Self {
        match step.state {
            StepState::Pending => sign("[--]", "sign-pending", Tone::Quiet),
            StepState::Running if step.waiting.is_some() => sign("[..]", "sign-waiting", Tone::Busy),
            StepState::Running => sign("[..]", "sign-running", Tone::Busy),
            StepState::Done => sign("[OK]", "sign-done", Tone::Good),
            StepState::Failed => sign("[!!]", "sign-failed", Tone::Bad),
            StepState::Skipped => sign("[>>]", "sign-skipped", Tone::Attention),
            StepState::Undone => sign("[<<]", "sign-undone", Tone::Quiet),
        }
    }
}

impl From<OperationState> for Sign {
    fn from(state: OperationState) -> Self {
        match state {
            OperationState::Approved => sign("[--]", "sign-approved", Tone::Quiet),
            OperationState::Running => sign("[..]", "sign-running", Tone::Busy),
            OperationState::Verifying => sign("[..]", "sign-verifying", Tone::Busy),
            OperationState::Paused => sign("[! ]", "sign-paused", Tone::Attention),
            OperationState::Committed => sign("[OK]", "sign-done", Tone::Good),
            OperationState::RollingBack => sign("[..]", "sign-rolling-back", Tone::Busy),
            OperationState::RolledBack => sign("[<<]", "sign-undone", Tone::Attention),
            OperationState::NeedsOperator => sign("[!!]", "sign-stopped", Tone::Bad),
        }
    }
}

impl From<Health> for Sign {
    fn from(health: Health) -> Self {
        match health {
            Health::Ok => sign("[OK]", "sign-works", Tone::Good),
            Health::Busy => sign("[..]", "sign-busy", Tone::Busy),
            Health::Attention => sign("[! ]", "sign-attention", Tone::Attention),
            Health::Problem => sign("[!!]", "sign-problem", Tone::Bad),
            Health::Unknown => sign("[??]", "sign-unknown", Tone::Quiet),
        }
    }
}

impl From<&NodeView> for Sign {
    fn from(node: &NodeView) -> Self {
        if node.ready { sign("[OK]", "sign-ready", Tone::Good) } else { sign("[!!]", "sign-not-ready", Tone::Bad) }
    }
}

impl From<&WorkloadView> for Sign {
    fn from(workload: &WorkloadView) -> Self {
        match workload {
            WorkloadView { reason: None, .. } => sign("[OK]", "sign-ready", Tone::Good),
            WorkloadView { ready: 0, wanted: 1.., .. } => sign("[!!]", "sign-not-ready", Tone::Bad),
            WorkloadView { .. } => sign("[! ]", "sign-attention", Tone::Attention),
        }
    }
}
