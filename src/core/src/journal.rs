//! The journal's lines, and what a history means for the next start.

#[cfg(test)]
mod tests;

use std::path::Path;

use crate::digest::Digest;
use crate::event::{Event, EventKind, OperatorCommand};
use crate::fault::{Fault, FaultCode};
use crate::operation::OperationState;
use crate::plan::{OnFailure, Plan};
use crate::step::StepId;

/// Version of the format in which this code begins journals. One that another program began is continued as it began
/// ([`format_of`]): until a change is committed, the program before must be able to finish it (`design.md` §1.6).
pub const FORMAT: u32 = if IS_NEXT { 2 } else { 1 };
/// Versions that this code reads and continues.
pub const FORMATS: &[u32] = if IS_NEXT { &[1, 2] } else { &[1] };
/// Whether this is built as a later version of Bridle might be, to prove that an earlier one finishes what such a one began. A
/// setting of that build alone (`images/bridle-next`) and no feature: features of one crate are those of all in a workspace.
const IS_NEXT: bool = option_env!("BRIDLE_JOURNAL_NEXT").is_some();
/// Length of the checksum of a line in the first format, in hex digits; readers take longer ones, too.
const SUM: usize = 16;
/// Longest checksum of a line, in hex digits: the whole SHA-256.
const LONGEST_SUM: usize = 64;
/// Longest line, in bytes: a plan holds all values of all charts.
pub const LONGEST_LINE: usize = 16 * 1024 * 1024;

/// One record as a line of a journal of this format: hex digits of the SHA-256 of its JSON (16 in format 1), a space, the
/// JSON, a newline.
#[must_use]
pub fn encode(event: &Event, format: u32) -> String {
    let json = serde_json::to_string(event).expect("an event holds only strings, numbers and maps with string keys");
    let length = if format <= 1 { SUM } else { 2 * SUM };
    format!("{} {json}\n", &Digest::of(json.as_bytes()).hex()[..length])
}

/// The format of the journal that begins with this record.
#[must_use]
pub const fn format_of(first: &Event) -> u32 {
    match first.kind {
        EventKind::Approved { format, .. } => format,
        _ => FORMAT,
    }
}

/// A journal as it was read.
#[derive(Debug, Clone, PartialEq)]
pub struct Read {
    /// The records.
    pub events: Vec<Event>,
    /// Length in bytes of the sound part; what follows is a torn last line and is cut off before the next one is written.
    pub sound: u64,
}

/// Reads a whole journal file.
///
/// # Errors
/// [`JournalError`] for damage anywhere but in the last line, for records out of order and for another format.
pub fn decode(bytes: &[u8]) -> Result<Read, JournalError> {
    let mut events: Vec<Event> = Vec::new();
    let mut sound = 0;
    let mut rest = bytes;
    let mut line = 1;
    while !rest.is_empty() {
        let Some(end) = rest.iter().position(|byte| *byte == b'\n') else {
            torn(rest, line)?; // a whole line ends with a newline
            break;
        };
        let parsed = decode_line(&rest[..end]);
        let last = end + 1 == rest.len();
        let event = match parsed {
            Ok(event) => event,
            Err(Flaw::Damage(_)) if last && line > 1 => {
                torn(rest, line)?; // sectors of one line reach the disk in any order
                break;
            }
            Err(Flaw::Damage(reason)) => return Err(JournalError::Damaged { line, reason }),
            // Whole, as its checksum says: cutting it off would lose what a newer program did.
            Err(Flaw::Foreign { format }) => {
                return Err(format.map_or(JournalError::Unknown { line }, |found| JournalError::Format { found }));
            }
        };
        check(&event, events.last(), line)?;
        events.push(event);
        sound += end as u64 + 1;
        rest = &rest[end + 1..];
        line += 1;
    }
    Ok(Read { events, sound })
}

/// Reads the first record, which holds the plan, whatever became of the others.
///
/// # Errors
/// [`JournalError`] if that record itself is damaged, or of another format.
pub fn decode_first(bytes: &[u8]) -> Result<Event, JournalError> {
    let line = bytes.split(|byte| *byte == b'\n').next().unwrap_or_default();
    let event = decode_line(line).map_err(|flaw| match flaw {
        Flaw::Damage(reason) => JournalError::Damaged { line: 1, reason },
        Flaw::Foreign { format } => {
            format.map_or(JournalError::Unknown { line: 1 }, |found| JournalError::Format { found })
        }
    })?;
    check(&event, None, 1)?;
    Ok(event)
}

/// Whether what is left may be dropped as a torn last line: not if it is a whole record with more behind it. Where the
/// newline between two lines is damaged they look like one, and both would be lost.
fn torn(rest: &[u8], line: usize) -> Result<(), JournalError> {
    let Some(length) = rest.iter().take(LONGEST_SUM + 1).position(|byte| *byte == b' ') else { return Ok(()) };
    let json = &rest[length + 1..];
    let mut values = serde_json::Deserializer::from_slice(json).into_iter::<serde::de::IgnoredAny>();
    let Some(Ok(_)) = values.next() else { return Ok(()) };
    let (json, after) = json.split_at(values.byte_offset());
    if after.len() > 1 && length >= SUM && Digest::of(json).hex().as_bytes()[..length] == rest[..length] {
        return Err(JournalError::Damaged { line, reason: "does not end where its record does" });
    }
    Ok(())
}

/// Why a line is no record.
enum Flaw {
    /// It is not as it was written.
    Damage(&'static str),
    /// It is as it was written, by a program that knows more; with the format, if it tells another one.
    Foreign { format: Option<u32> },
}

fn decode_line(line: &[u8]) -> Result<Event, Flaw> {
    if line.len() > LONGEST_LINE {
        return Err(Flaw::Damage("too long"));
    }
    let text = std::str::from_utf8(line).map_err(|_| Flaw::Damage("not UTF-8"))?;
    let (sum, json) = text.split_once(' ').ok_or(Flaw::Damage("no checksum"))?;
    if !(SUM..=LONGEST_SUM).contains(&sum.len()) || Digest::of(json.as_bytes()).hex()[..sum.len()] != *sum {
        return Err(Flaw::Damage("wrong checksum"));
    }
    serde_json::from_str(json).map_err(|_| {
        let value = serde_json::from_str::<serde_json::Value>(json).unwrap_or_default();
        let format = value.pointer("/kind/format").and_then(serde_json::Value::as_u64);
        let format = format.and_then(|format| u32::try_from(format).ok()).filter(|format| !FORMATS.contains(format));
        Flaw::Foreign { format }
    })
}

fn check(event: &Event, before: Option<&Event>, line: usize) -> Result<(), JournalError> {
    let damaged = |reason| JournalError::Damaged { line, reason };
    match (before, &event.kind) {
        (None, EventKind::Approved { format, plan, .. }) => {
            if !FORMATS.contains(format) {
                return Err(JournalError::Format { found: *format });
            }
            plan.doubt().map_err(|_| damaged("impossible plan"))
        }
        (None, _) => Err(damaged("does not begin with a plan")),
        (Some(_), EventKind::Approved { .. }) => Err(damaged("a second plan")),
        (Some(before), _) if event.seq != before.seq + 1 || event.operation != before.operation => {
            Err(damaged("out of order"))
        }
        (Some(_), _) => Ok(()),
    }
}

/// Why a journal cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum JournalError {
    /// Damage that is not a torn last line.
    #[error("read journal: line {line}: {reason}")]
    Damaged {
        /// Line, from 1.
        line: usize,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// Written by another version.
    #[error("read journal: format {found}, this program reads {FORMAT}")]
    Format {
        /// The format found.
        found: u32,
    },
    /// A whole record that this program does not know: a newer one wrote it.
    #[error("read journal: line {line}: a record that this program does not know")]
    Unknown {
        /// Line, from 1.
        line: usize,
    },
}

impl JournalError {
    /// The fault of the journal in the file `path`.
    #[must_use]
    pub fn fault(&self, path: &Path) -> Fault {
        Fault::new(self.code()).with("path", path.display().to_string()).because(self)
    }

    /// Damage and what a newer program wrote need different cures.
    #[must_use]
    pub const fn code(&self) -> FaultCode {
        match self {
            Self::Damaged { .. } => FaultCode::JournalDamaged,
            Self::Format { .. } | Self::Unknown { .. } => FaultCode::JournalForeign,
        }
    }
}

/// What the next start of the agent does with an operation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Resume {
    /// It has ended.
    Nothing,
    /// Steps before `from` (an index into the plan) are done or skipped; go on there.
    Continue {
        /// Index of the next step.
        from: usize,
        /// Attempts of it that failed already.
        failed: u32,
    },
    /// Take back: the steps in `open`, last first.
    RollBack {
        /// Indices of the steps that had begun and are not taken back yet, last first.
        open: Vec<usize>,
        /// Failed attempts at taking back the first of them.
        failed: u32,
    },
    /// Wait between two steps for the operator to go on.
    Wait {
        /// Index of the next step.
        from: usize,
    },
    /// Wait for retry, skip or abort.
    AskOperator {
        /// Index of the failed step.
        at: usize,
    },
}

/// Reads from a history what is to be done next; pure, so every prefix of a history can be tried.
#[must_use]
pub fn resume(plan: &Plan, events: &[Event]) -> Resume {
    let mut fold = Fold::new(plan);
    events.iter().for_each(|event| fold.take(&event.kind));
    fold.next()
}

struct Fold<'a> {
    plan: &'a Plan,
    begun: Vec<bool>,
    over: Vec<bool>,
    undone: Vec<bool>,
    failed: u32,
    state: OperationState,
    backwards: bool,
    pause: bool,
}

impl<'a> Fold<'a> {
    fn new(plan: &'a Plan) -> Self {
        let none = vec![false; plan.steps().len()];
        Self {
            plan,
            begun: none.clone(),
            over: none.clone(),
            undone: none,
            failed: 0,
            state: OperationState::Approved,
            backwards: false,
            pause: false,
        }
    }

    fn take(&mut self, kind: &EventKind) {
        match kind {
            EventKind::Intent { step, undo: false, .. } => mark(&mut self.begun, *step),
            EventKind::Done { step, undo: false, .. } => {
                mark(&mut self.begun, *step);
                mark(&mut self.over, *step);
                self.failed = 0;
            }
            EventKind::Done { step, undo: true, .. } => {
                mark(&mut self.undone, *step);
                self.failed = 0;
            }
            EventKind::Skipped { step, .. } => {
                mark(if self.backwards { &mut self.undone } else { &mut self.over }, *step);
                self.failed = 0;
            }
            EventKind::Failed { .. } => self.failed += 1,
            EventKind::State { state } => self.enter(*state),
            EventKind::Commanded { command, .. } => self.command(command),
            EventKind::Intent { .. }
            | EventKind::Approved { .. }
            | EventKind::TakenUp { .. }
            | EventKind::Waiting { .. }
            | EventKind::Advanced { .. } => {}
        }
    }

    fn enter(&mut self, state: OperationState) {
        self.state = state;
        if state == OperationState::RollingBack {
            self.backwards = true;
            self.failed = 0;
        }
    }

    fn command(&mut self, command: &OperatorCommand) {
        match command {
            OperatorCommand::Pause => self.pause = true,
            OperatorCommand::Continue => self.pause = false,
            OperatorCommand::Retry => self.failed = 0,
            OperatorCommand::Skip { .. } => {}
            OperatorCommand::Abort if self.is_past_commit() => {}
            OperatorCommand::Abort => {
                self.backwards = true;
                self.pause = false;
                self.failed = 0;
            }
        }
    }

    fn next(&self) -> Resume {
        if self.state.is_final() {
            return Resume::Nothing;
        }
        if self.backwards {
            return self.back();
        }
        let from = self.over.iter().position(|over| !over).unwrap_or(self.over.len());
        let allowed = self.plan.steps().get(from).map_or(u32::MAX, |step| step.attempts);
        let on_failure = if self.is_past_commit() { OnFailure::AskOperator } else { self.plan.on_failure() };
        match on_failure {
            OnFailure::RollBack if self.failed >= allowed => self.back(),
            OnFailure::AskOperator if self.failed >= allowed => Resume::AskOperator { at: from },
            _ if self.pause && from < self.over.len() => Resume::Wait { from },
            _ => Resume::Continue { from, failed: self.failed },
        }
    }

    /// Whether a step behind the commit has begun: the release is in force, and what it replaced may be gone.
    fn is_past_commit(&self) -> bool {
        let commit = self.plan.commit().map(|commit| usize::from(commit.0).saturating_sub(1));
        commit.is_some_and(|commit| self.begun.iter().skip(commit).any(|begun| *begun))
    }

    fn back(&self) -> Resume {
        let open: Vec<usize> =
            (0..self.plan.steps().len()).rev().filter(|at| self.begun[*at] && !self.undone[*at]).collect();
        let failed = if self.backwards { self.failed } else { 0 };
        match open.first() {
            Some(at) if failed >= self.plan.steps()[*at].attempts => Resume::AskOperator { at: *at },
            _ => Resume::RollBack { open, failed },
        }
    }
}

fn mark(marks: &mut [bool], step: StepId) {
    if let Some(mark) = marks.get_mut(usize::from(step.0).wrapping_sub(1)) {
        *mark = true;
    }
}
