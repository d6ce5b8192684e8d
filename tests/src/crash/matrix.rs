//! The enumeration: operation × step × point × trouble, and pairs of troubles by chance.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use bridle_core::port::sim::{PowerCut, Survive, Trouble};
use bridle_core::step::StepId;

use super::flaw::Flaw;
use super::operation::Operation;
use super::play::{End, Expected, Family, Play, Strike, WORLD, play};
use super::watch::{Mark, Part};

/// A year in milliseconds.
const YEAR: i64 = 365 * 86_400_000;
/// Every so many changes in the middle of an effect get every trouble, the others one of the two plainest: a kill, or a
/// power cut that loses everything.
const EVERY: u64 = 12;
/// Failures that are kept in words.
const WORDS: usize = 20;

/// How much is tried.
#[derive(Debug, Clone, Copy)]
pub struct Effort {
    /// Every trouble at every change of the disk; else at every change one, and at each point of each step one of each kind.
    pub every_change: bool,
    /// Pairs of troubles for each operation.
    pub pairs: u64,
    /// Stop at the first case that ends wrongly.
    pub until_wrong: bool,
}

impl Effort {
    /// For each commit.
    pub const GATE: Self = Self { every_change: false, pairs: 40, until_wrong: false };
    /// Before an issue is resolved.
    pub const CAMPAIGN: Self = Self { every_change: true, pairs: 500, until_wrong: false };
    /// To find a flaw.
    pub const SEARCH: Self = Self { every_change: false, pairs: 100, until_wrong: true };
}

/// Where in a step's life the trouble comes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Point {
    /// Before its intent is on disk.
    BeforeIntent,
    /// After that, before any effect.
    AfterIntent,
    /// In the middle of its effect.
    MidEffect,
    /// After it, before the outcome is on disk.
    AfterEffect,
    /// After that.
    AfterOutcome,
    /// In no step: while the operation's own records are written.
    Between,
}

impl Point {
    /// Those of a step.
    pub const OF_STEPS: [Self; 5] =
        [Self::BeforeIntent, Self::AfterIntent, Self::MidEffect, Self::AfterEffect, Self::AfterOutcome];
}

/// One case.
#[derive(Debug, Clone)]
pub struct Case {
    /// Index of the operation.
    pub operation: usize,
    /// Trouble by number of the change of the disk.
    pub strikes: Vec<(u64, Strike)>,
    /// Steps and points that it stands for.
    pub stands_for: Vec<(Option<StepId>, Point)>,
}

/// Sums of a cell of the table.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Cell {
    /// Cases.
    pub cases: usize,
    /// Ended as the plan wants.
    pub new: usize,
    /// Ended as before.
    pub old: usize,
    /// Of both, those in which the operator was asked.
    pub asked: usize,
    /// Ended in anything else.
    pub wrong: usize,
}

/// The whole matrix.
#[derive(Debug, Default)]
pub struct Matrix {
    /// By operation, kind of trouble and point; a case counts at the first point that it stands for.
    pub cells: BTreeMap<(usize, Family, Point), Cell>,
    /// Pairs of troubles, the second during the recovery from the first, by operation.
    pub pairs: BTreeMap<usize, Cell>,
    /// What was tried: operation, step, point, kind of trouble.
    pub tried: BTreeSet<(usize, StepId, Point, Family)>,
    /// Steps that had an intent, by operation.
    pub steps: BTreeSet<(usize, StepId)>,
    /// The first failures in words.
    pub wrong: Vec<String>,
}

impl Matrix {
    /// Sums of everything.
    #[must_use]
    pub fn total(&self) -> Cell {
        let mut total = Cell::default();
        for cell in self.cells.values().chain(self.pairs.values()) {
            total.cases += cell.cases;
            total.new += cell.new;
            total.old += cell.old;
            total.asked += cell.asked;
            total.wrong += cell.wrong;
        }
        total
    }
}

/// Plays every case of every operation, written with `flaw`.
///
/// # Errors
/// If an operation does not even end well without trouble and flaw.
pub fn run(operations: &[Operation], flaw: Flaw, effort: Effort) -> Result<Matrix, String> {
    let mut matrix = Matrix::default();
    for (index, operation) in operations.iter().enumerate() {
        let named = |wrong: String| format!("{}: without trouble: {wrong}", operation.name);
        let expected = Expected::of(operation).map_err(named)?;
        let whole = play(operation, Flaw::None, &[], Some(&expected)).map_err(named)?;
        let cases = enumerate(index, &whole, effort.every_change);
        let begun = whole.marks.iter().filter(|mark| mark.part == Part::Intent);
        matrix.steps.extend(begun.filter_map(|mark| Some((index, mark.step?))));
        let one = |case: &Case| play(operation, flaw, &case.strikes, Some(&expected)).map(|play| outcome(&play));
        for (case, result) in cases.iter().zip(in_parallel(&cases, effort.until_wrong, one)) {
            matrix.take(operation, case, result);
        }
        let seeds: Vec<u64> = (0..effort.pairs).collect();
        let two = |seed: &u64| pair(operation, flaw, &expected, &whole, *seed);
        for result in in_parallel(&seeds, effort.until_wrong, two) {
            matrix.take_pair(index, operation, result);
        }
        if effort.until_wrong && !matrix.wrong.is_empty() {
            break;
        }
    }
    Ok(matrix)
}

type Outcome = (End, bool);

const fn outcome(play: &Play) -> Outcome {
    (play.end, play.asked)
}

impl Cell {
    fn take(&mut self, result: &Result<Outcome, String>) {
        self.cases += 1;
        match result {
            Ok((end, asked)) => {
                self.new += usize::from(*end == End::New);
                self.old += usize::from(*end == End::Old);
                self.asked += usize::from(*asked);
            }
            Err(_) => self.wrong += 1,
        }
    }
}

impl Matrix {
    fn take(&mut self, operation: &Operation, case: &Case, result: Result<Outcome, String>) {
        let family = case.strikes[0].1.family();
        let (_, point) = case.stands_for[0];
        self.cells.entry((case.operation, family, point)).or_default().take(&result);
        for (step, point) in &case.stands_for {
            self.tried.extend(step.map(|step| (case.operation, step, *point, family)));
        }
        if let Err(wrong) = result {
            self.say(format!("{}: {:?} ({:?}): {wrong}", operation.name, case.strikes, case.stands_for));
        }
    }

    fn take_pair(&mut self, index: usize, operation: &Operation, result: Result<Outcome, String>) {
        self.pairs.entry(index).or_default().take(&result);
        if let Err(wrong) = result {
            self.say(format!("{}: {wrong}", operation.name));
        }
    }

    fn say(&mut self, words: String) {
        if self.wrong.len() < WORDS {
            self.wrong.push(words);
        }
    }
}

/// Changes of the disk in the run without trouble, with the troubles that come there.
fn enumerate(operation: usize, whole: &Play, every_change: bool) -> Vec<Case> {
    let mut cases = Vec::new();
    let mut alike = 0;
    for at in whole.first..=whole.history.len() as u64 {
        let here = places(&whole.marks, at);
        let first_of_part = whole.marks.iter().any(|mark| mark.from == at);
        // In the middle of an effect, and outside of steps, one change after the other is much the same.
        let much_the_same = !first_of_part && matches!(here[0].1, Point::MidEffect | Point::Between);
        alike = if much_the_same { alike + 1 } else { 0 };
        let all = every_change || !much_the_same || alike % EVERY == 1;
        let mut troubles = strikes(at, name_at(whole, at), first_of_part || alike % EVERY == 1);
        if !all {
            troubles = vec![troubles[usize::from(at % 2 == 0)]];
        } else if !every_change {
            troubles = one_of_each(&troubles, at);
        }
        let case = |strike| Case { operation, strikes: vec![(at, strike)], stands_for: here.clone() };
        cases.extend(troubles.into_iter().map(case));
    }
    cases
}

/// One trouble of each kind, another one at each change.
fn one_of_each(troubles: &[Strike], at: u64) -> Vec<Strike> {
    let one = |family: &Family| {
        let alike: Vec<Strike> = troubles.iter().filter(|strike| strike.family() == *family).copied().collect();
        alike.get(usize::try_from(at).unwrap_or(0) % alike.len().max(1)).copied()
    };
    Family::ALL.iter().filter_map(one).collect()
}

fn name_at(whole: &Play, at: u64) -> &'static str {
    usize::try_from(at - 1).ok().and_then(|index| whole.history.get(index)).copied().unwrap_or("nothing")
}

/// What a trouble before change number `at` stands for.
fn places(marks: &[Mark], at: u64) -> Vec<(Option<StepId>, Point)> {
    let last = |at: u64| marks.iter().rev().find(|mark| mark.from <= at);
    let Some(mark) = last(at) else { return vec![(None, Point::Between)] };
    let point = match mark.part {
        Part::Intent => Point::BeforeIntent,
        Part::Effect if mark.from == at => Point::AfterIntent,
        Part::Effect => Point::MidEffect,
        Part::Settling | Part::Outcome => Point::AfterEffect,
        Part::Between => Point::Between,
    };
    let mut places = vec![(mark.step, point)];
    let before = last(at - 1).filter(|before| before.part == Part::Outcome);
    if let Some(before) = before.filter(|_| mark.part != Part::Outcome) {
        places.insert(0, (before.step, Point::AfterOutcome));
    }
    places
}

/// The troubles at one change; the two plainest come first. What only waits for something comes at some changes.
fn strikes(at: u64, name: &str, patient: bool) -> Vec<Strike> {
    let chance = Survive::Chance(at);
    let mut troubles = vec![Trouble::Kill, Trouble::PowerCut(PowerCut::HARD)];
    troubles.extend([Trouble::NoSpace("/"), Trouble::NoSpace(WORLD), Trouble::ReadOnly]);
    for (names, contents) in [
        (Survive::Nothing, Survive::Everything),
        (Survive::Everything, Survive::Nothing),
        (Survive::Everything, Survive::Zeros),
        (Survive::FirstHalf, Survive::LastPart),
        (chance, chance),
    ] {
        troubles.push(Trouble::PowerCut(PowerCut { names, contents }));
    }
    if name == "write" {
        // In the middle of other changes there is nothing that is not also before the next one.
        troubles.push(Trouble::KillWithin);
        for contents in [Survive::Everything, Survive::FirstHalf] {
            troubles.push(Trouble::PowerCutWithin(PowerCut { names: Survive::Everything, contents }));
        }
    }
    if name.starts_with("sync") || patient {
        troubles.push(Trouble::SyncError); // waits for the next sync
    }
    let mut strikes: Vec<Strike> = troubles.into_iter().map(Strike::Disk).collect();
    if patient {
        strikes.extend([YEAR, -YEAR, i64::MIN].map(Strike::Clock)); // time is read only for records
    }
    strikes
}

/// A trouble anywhere, and a second one during what follows it.
fn pair(operation: &Operation, flaw: Flaw, expected: &Expected, whole: &Play, seed: u64) -> Result<Outcome, String> {
    let last = whole.history.len() as u64;
    let first_at = whole.first + mix(seed, 1) % (last + 1 - whole.first);
    let one = (first_at, any(whole.history.get(usize::try_from(first_at - 1).unwrap_or(0)), seed, 2));
    let words = |strikes: &[(u64, Strike)], wrong: String| format!("{strikes:?}: {wrong}");
    let alone = play(operation, flaw, &[one], Some(expected)).map_err(|wrong| words(&[one], wrong))?;
    let after = alone.history.len() as u64;
    let second_at = first_at + 1 + mix(seed, 3) % (after.saturating_sub(first_at)).max(1);
    let two = (second_at, any(alone.history.get(usize::try_from(second_at - 1).unwrap_or(0)), seed, 4));
    let both = play(operation, flaw, &[one, two], Some(expected)).map_err(|wrong| words(&[one, two], wrong))?;
    Ok(outcome(&both))
}

fn any(name: Option<&&'static str>, seed: u64, salt: u64) -> Strike {
    let all = strikes(mix(seed, salt), name.copied().unwrap_or("nothing"), true);
    let index = usize::try_from(mix(seed, salt + 100) % all.len() as u64).unwrap_or(0);
    all[index]
}

/// A number that looks like chance and is the same for the same inputs (the finaliser of `SplitMix64`).
fn mix(seed: u64, salt: u64) -> u64 {
    let mut value = seed.wrapping_add(salt.wrapping_add(1).wrapping_mul(0x9E37_79B9_7F4A_7C15));
    value = (value ^ (value >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    value = (value ^ (value >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    value ^ (value >> 31)
}

/// Results in the order of the inputs (up to a wrong one, if that is enough), by as many threads as there are processors.
fn in_parallel<T: Sync>(
    inputs: &[T],
    until_wrong: bool,
    work: impl Fn(&T) -> Result<Outcome, String> + Sync,
) -> Vec<Result<Outcome, String>> {
    let next = AtomicUsize::new(0);
    let results = Mutex::new(Vec::with_capacity(inputs.len()));
    let threads = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                loop {
                    let index = next.fetch_add(1, Ordering::Relaxed);
                    let Some(input) = inputs.get(index) else { return };
                    let result = work(input);
                    if until_wrong && result.is_err() {
                        next.store(inputs.len(), Ordering::Relaxed);
                    }
                    results.lock().expect("no thread panics while it holds the results").push((index, result));
                }
            });
        }
    });
    let mut results = results.into_inner().expect("no thread panics while it holds the results");
    results.sort_by_key(|(index, _)| *index);
    results.into_iter().map(|(_, result)| result).collect()
}
