//! Running checks one by one, and what became of them.

use super::{Checked, Node};
use std::time::Instant;

/// One check.
#[derive(Debug, Clone, Copy)]
pub struct Check {
    /// The lines of `CONTRACT.md` that it shows.
    pub lines: &'static str,
    /// The function's name: what it shows.
    pub name: &'static str,
    /// Holds for the stand-in only.
    pub strict: bool,
    /// Without it the later checks mean nothing.
    pub vital: bool,
    /// The check itself.
    pub run: fn(&mut Node) -> Checked,
}

/// A check of `$lines` by the function `$name`; `strict` for the stand-in only, `vital` if the rest needs it.
macro_rules! check {
    ($lines:literal, $name:ident) => {
        check!($lines, $name, false, false)
    };
    ($lines:literal, $name:ident, strict) => {
        check!($lines, $name, true, false)
    };
    ($lines:literal, $name:ident, vital) => {
        check!($lines, $name, false, true)
    };
    ($lines:literal, $name:ident, $strict:literal, $vital:literal) => {
        $crate::contract::Check { lines: $lines, name: stringify!($name), strict: $strict, vital: $vital, run: $name }
    };
}
pub(super) use check;

/// What became of the checks.
#[derive(Debug, Default)]
pub struct Ledger {
    /// How many passed.
    pub passed: usize,
    /// What failed, with the reasons.
    pub failed: Vec<String>,
    /// What could not be tried after a vital failure.
    pub not_tried: Vec<&'static str>,
    /// What holds for the stand-in only and was left out for another binary.
    pub left_out: Vec<&'static str>,
}

impl Ledger {
    /// Runs the checks in their order on one node; each that passes is printed with its number and name.
    pub fn run(node: &mut Node, checks: &[Check]) -> Self {
        let mut ledger = Self::default();
        let mut lost = false;
        for check in checks {
            if check.strict && !node.is_stand_in() {
                ledger.left_out.push(check.name);
            } else if lost {
                ledger.not_tried.push(check.name);
            } else {
                lost = !ledger.try_one(node, check) && check.vital;
            }
        }
        ledger
    }

    fn try_one(&mut self, node: &mut Node, check: &Check) -> bool {
        let begin = Instant::now();
        match (check.run)(node) {
            Ok(()) => {
                self.passed += 1;
                println!("passed {:>8}  {} ({:.1} s)", check.lines, check.name, begin.elapsed().as_secs_f32());
                true
            }
            Err(failure) => {
                println!("FAILED {:>8}  {}: {failure}", check.lines, check.name);
                self.failed.push(format!("{} {}: {failure}", check.lines, check.name));
                false
            }
        }
    }
}
