//! The matrix of upgrades: a power cut at every step, forward and back, and a second one in the recovery.

use std::fmt::Write as _;
use std::sync::Mutex;
use std::thread;

use super::upgrade::{End, Moment, Report, Upgrade, upgraded_with_cuts};
use super::{Campus, Template, template};
use crate::gate::MEMORY_FOR_TWO;
use crate::testhost::{Lab, Result, available_memory};

/// The second cut comes so many records after the first start again: in the middle of what was interrupted.
const INTO_RECOVERY: usize = 3;

/// One case of the matrix.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Case {
    /// What the step at which the power is cut does.
    pub step: String,
    /// The cuts, in turn.
    pub cuts: Vec<Moment>,
}

/// What became of a case.
#[derive(Debug)]
pub struct Row {
    /// The case.
    pub case: Case,
    /// What was found.
    pub report: Result<Report>,
}

/// A power cut at every step of the upgrade from `from` to `to`, or at this one alone; once, and once with a second cut.
///
/// # Errors
/// The kit's, if the plan cannot be had. What becomes of a case is in its row.
pub fn forward(from: &Campus, to: &Campus, only: Option<u64>) -> Result<Vec<Row>> {
    let template = template::installed(from)?;
    let steps = {
        let lab = Lab::of_equal_addresses("plan")?;
        let (host, _) = template.serving(&lab)?;
        Upgrade::bring(&host, to)?.steps()?
    };
    let all = (1_u64..).zip(steps).filter(|(number, _)| only.is_none_or(|only| only == *number));
    Ok(run(&template, to, cases(all, Moment::Begins)))
}

/// The upgrade from `from` to `bad`, which must go back by itself, with a power cut at every step back, or at this one alone;
/// once, and once with a second cut. The first row is the one without any.
///
/// # Errors
/// As [`forward`]; also if the upgrade without a cut does not go back.
pub fn back(from: &Campus, bad: &Campus, only: Option<u64>) -> Result<Vec<Row>> {
    let template = template::installed(from)?;
    let uncut = upgraded_with_cuts("uncut", &template, bad, &[])?;
    let steps = uncut.journal.titles();
    let way = uncut.journal.way_back();
    let title = |step: u64| usize::try_from(step).ok().and_then(|step| steps.get(step - 1)).cloned();
    let all = way.into_iter().map(|step| (step, title(step).unwrap_or_default()));
    let all: Vec<_> = all.filter(|(number, _)| only.is_none_or(|only| only == *number)).collect();
    let first = Row { case: Case { step: String::new(), cuts: Vec::new() }, report: Ok(uncut) };
    Ok(std::iter::once(first).chain(run(&template, bad, cases(all, Moment::TakesBack))).collect())
}

fn cases(steps: impl IntoIterator<Item = (u64, String)>, moment: impl Fn(u64) -> Moment) -> Vec<Case> {
    let both = |(number, title): (u64, String)| {
        let step = format!("{number} {title}");
        let first = moment(number);
        let once = Case { step: step.clone(), cuts: vec![first] };
        [once, Case { step, cuts: vec![first, Moment::Records(INTO_RECOVERY)] }]
    };
    steps.into_iter().flat_map(both).collect()
}

/// Runs the cases, two at a time where the machine has room, each on a host of its own; the rows in the order of the cases.
fn run(template: &Template, to: &Campus, cases: Vec<Case>) -> Vec<Row> {
    let workers = if available_memory() >= MEMORY_FOR_TWO { 2 } else { 1 };
    let queue = Mutex::new(cases.into_iter().enumerate());
    let rows = Mutex::new(Vec::new());
    thread::scope(|scope| {
        for worker in 0..workers {
            let (queue, rows) = (&queue, &rows);
            scope.spawn(move || {
                while let Some((place, case)) = next(queue) {
                    let report = upgraded_with_cuts(&format!("cut{worker}"), template, to, &case.cuts);
                    let row = Row { case, report };
                    print!("{}", line(&row));
                    rows.lock().expect("no case panicked").push((place, row));
                }
            });
        }
    });
    let mut rows = rows.into_inner().expect("no case panicked");
    rows.sort_by_key(|(place, _)| *place);
    rows.into_iter().map(|(_, row)| row).collect()
}

fn next(queue: &Mutex<impl Iterator<Item = (usize, Case)>>) -> Option<(usize, Case)> {
    queue.lock().expect("no case panicked").next()
}

impl Row {
    /// Whether it ended as it must: by itself, in exactly the old or exactly the new state, with no enrolment lost; `end`
    /// where only one end is right.
    #[must_use]
    pub fn is_good(&self, end: Option<End>) -> bool {
        self.report.as_ref().is_ok_and(|report| report.wrong.is_empty() && end.is_none_or(|end| end == report.end))
    }

    /// What is wrong with it, for a person.
    #[must_use]
    pub fn wrong(&self) -> String {
        match &self.report {
            Ok(report) => format!("{:?}, {}\n{}", report.end, report.wrong.join("\n"), report.journal.told()),
            Err(error) => error.to_string(),
        }
    }
}

/// The rows as a table of Markdown.
#[must_use]
pub fn table(rows: &[Row]) -> String {
    let mut table = String::from(
        "| step | power cut as soon as … | ended | seconds from the last start to the end | enrolments acknowledged | \
         not answered (power off included) | lost or otherwise wrong |\n|---|---|---|---|---|---|---|\n",
    );
    for row in rows {
        table.push_str(&line(row));
    }
    let lost = rows.iter().filter(|row| !row.is_good(None)).count();
    writeln!(table, "\n{} cases, {lost} of them wrong.", rows.len()).expect("a string takes all");
    table
}

fn line(row: &Row) -> String {
    let cuts: Vec<String> = row.case.cuts.iter().map(ToString::to_string).collect();
    let cuts = if cuts.is_empty() { "never".to_owned() } else { cuts.join(", then ") };
    let found = match &row.report {
        Ok(report) => {
            let (tally, wrong) = (&report.tally, report.wrong.join("; "));
            let end = match report.end {
                End::Committed => "new",
                End::RolledBack => "old",
            };
            let acknowledged = tally.acknowledged.len();
            let wrong = if wrong.is_empty() { "0".to_owned() } else { wrong.replace('|', "/") };
            format!("{end} | {} | {acknowledged} | {} | {wrong}", report.took.as_secs(), tally.failures)
        }
        Err(error) => {
            let first = error.to_string().lines().next().unwrap_or_default().replace('|', "/");
            format!("NOT BY ITSELF | | | | {first}")
        }
    };
    format!("| {} | {cuts} | {found} |\n", row.case.step)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::campus::{Journal, Tally};
    use crate::testhost::Error;

    fn row(end: End, wrong: &[&str]) -> Row {
        let report = Report {
            end,
            tally: Tally { failures: 40, ..Tally::default() },
            took: Duration::from_secs(75),
            journal: Journal::default(),
            wrong: wrong.iter().map(|text| (*text).to_owned()).collect(),
        };
        let case = Case { step: "2 switch_agent".to_owned(), cuts: vec![Moment::Begins(2), Moment::Records(3)] };
        Row { case, report: Ok(report) }
    }

    #[test]
    fn each_step_has_a_case_with_one_cut_and_one_with_two() {
        let steps = [(1, "a".to_owned()), (2, "b".to_owned())];
        let cases = cases(steps, Moment::TakesBack);
        let cuts: Vec<_> = cases.iter().map(|case| case.cuts.clone()).collect();
        let (one, two, more) = (Moment::TakesBack(1), Moment::TakesBack(2), Moment::Records(INTO_RECOVERY));
        assert_eq!(cuts, [vec![one], vec![one, more], vec![two], vec![two, more]]);
        assert_eq!(cases[3].step, "2 b");
    }

    #[test]
    fn a_row_is_good_only_in_one_of_the_two_states_with_nothing_lost() {
        assert!(row(End::Committed, &[]).is_good(None) && row(End::RolledBack, &[]).is_good(None));
        assert!(!row(End::Committed, &[]).is_good(Some(End::RolledBack)));
        assert!(!row(End::RolledBack, &["lost: s-1 (7)"]).is_good(None));
        let late = Error::Late { what: "the end".to_owned(), limit: Duration::ZERO, seen: "much\nmore".to_owned() };
        let failed = Row { report: Err(late), ..row(End::Committed, &[]) };
        assert!(!failed.is_good(None));
        assert!(failed.wrong().contains("more"));
    }

    #[test]
    fn the_table_tells_the_cuts_the_end_and_what_is_wrong() {
        let rows = [row(End::Committed, &[]), row(End::RolledBack, &["lost: s-1 (7)"])];
        let table = table(&rows);
        let good = "| 2 switch_agent | step 2 begins, then 3 records later | new | 75 | 0 | 40 | 0 |";
        assert!(table.lines().any(|line| line == good), "{table}");
        assert!(table.contains("| old | 75 | 0 | 40 | lost: s-1 (7) |"), "{table}");
        assert!(table.ends_with("2 cases, 1 of them wrong.\n"), "{table}");
        let columns: Vec<usize> = table.lines().take(4).map(|line| line.matches('|').count()).collect();
        assert_eq!(columns, [8, 8, 8, 8]);
    }
}
