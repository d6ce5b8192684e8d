//! Upgrading the sample release on a test host, and returning, with and without power cuts, while students enrol.

mod state;

use std::fmt;
use std::path::Path;
use std::time::{Duration, Instant};

use bridle_core::message::{Language, Message};
use serde::Deserialize;
use serde_json::Value;

use super::{Campus, Journal, Students, Tally, Template, template};
use crate::testhost::{Error, Host, Lab, Output, Result, Running};

pub use state::differences;

/// Where release files are brought to on a host.
const FOLDER: &str = "/root/releases";
/// Copying a release file of 400 MB into the store.
const ADD_LIMIT: Duration = Duration::from_secs(5 * 60);
/// From the command, or from the start after a cut, to the end on these machines, the soak included.
const LIMIT: Duration = Duration::from_secs(20 * 60);

/// The variable that names the courses of `journey_upgrade` to be taken: one by its name, or `all`.
pub const COURSE: &str = "BRIDLE_COURSE";

/// What a course has shown, as a row of a table that begins with [`Shown::ROW`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shown<'a> {
    /// The course.
    pub course: &'a str,
    /// Whether it went as it must.
    pub word: &'a str,
    /// How long it took.
    pub seconds: u64,
    /// What its users saw.
    pub told: &'a str,
}

/// A moment in an operation at which the power is cut.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Moment {
    /// As soon as this step has begun.
    Begins(u64),
    /// As soon as this step has begun to go back.
    TakesBack(u64),
    /// As soon as the journal has so many records more than at the start.
    Records(usize),
}

/// How an operation ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// The new release is in force.
    Committed,
    /// The old one is again.
    RolledBack,
}

/// What is wrong with a host after an operation has ended, and what its users saw.
#[derive(Debug)]
pub struct Report {
    /// How it ended, as its journal says.
    pub end: End,
    /// What its users saw.
    pub tally: Tally,
    /// From the last start of the host (where the power was cut) or of the operation to its end.
    pub took: Duration,
    /// The journal.
    pub journal: Journal,
    /// What is not as it should be, one line each; empty if all is well.
    pub wrong: Vec<String>,
}

/// An upgrade of what is installed on a host, or the return from one that was committed.
#[derive(Debug)]
pub struct Upgrade<'a> {
    host: &'a Host,
    /// `NAME-VERSION`; empty for a return, which has no choice.
    release: String,
}

/// What a host took over of a release file (`bridle_core::store::AddView`).
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Added {
    /// The release, `NAME-VERSION`.
    pub id: String,
    /// Blobs that were written.
    pub new: u64,
    /// Their bytes.
    pub bytes: u64,
    /// Of them, those of images.
    pub image_bytes: u64,
}

impl Shown<'_> {
    /// How the line of a course begins.
    pub const ROW: &'static str = "| course ";
}

impl fmt::Display for Shown<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { course, word, seconds, told } = self;
        write!(out, "{}{course} | {word} | {seconds} | {told} |", Self::ROW)
    }
}

impl Report {
    /// Releases, end and users in one line.
    #[must_use]
    pub fn told(&self) -> String {
        let (from, to) = self.journal.releases();
        let (from, to) = (from.unwrap_or("?"), to.unwrap_or("?"));
        format!("{from} -> {to}: {:?} after {} s; {}", self.end, self.took.as_secs(), self.tally)
    }
}

impl Moment {
    /// Whether it has come, where the journal had `before` records at the start.
    #[must_use]
    pub fn has_come(self, journal: &Journal, before: usize) -> bool {
        match self {
            Self::Begins(step) => journal.begun(step),
            Self::TakesBack(step) => journal.taken_back(step),
            Self::Records(more) => journal.records().len() >= before + more,
        }
    }
}

impl fmt::Display for Moment {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Begins(step) => write!(out, "step {step} begins"),
            Self::TakesBack(step) => write!(out, "step {step} begins to go back"),
            Self::Records(more) => write!(out, "{more} records later"),
        }
    }
}

impl<'a> Upgrade<'a> {
    /// Brings a release file to the host, as on a stick, and adds it to the store.
    ///
    /// # Errors
    /// The kit's; also if the host refuses the file.
    pub fn bring(host: &'a Host, campus: &Campus) -> Result<Self> {
        Ok(Self::to(host, &brought(host, &campus.bundle)?.id))
    }

    /// To a release (`NAME-VERSION`) that is in the host's store.
    #[must_use]
    pub fn to(host: &'a Host, release: &str) -> Self {
        Self { host, release: release.to_owned() }
    }

    /// Back to the release before, after the commit.
    #[must_use]
    pub fn back(host: &'a Host) -> Self {
        Self::to(host, "")
    }

    fn is_return(&self) -> bool {
        self.release.is_empty()
    }

    /// The release, `NAME-VERSION`.
    #[must_use]
    pub fn release(&self) -> &str {
        &self.release
    }

    /// What it would do (`bridle_core::upgrade::ChangeView`). Nothing is changed.
    ///
    /// # Errors
    /// The kit's, if that is refused or no JSON.
    pub fn view(&self) -> Result<Value> {
        let words = ["bridle", "upgrade", "plan", &self.release, "--json"];
        let output = self.host.run_ok(words)?;
        serde_json::from_str(&output.stdout)
            .map_err(|error| unexpected(&words.join(" "), &error.to_string(), output.stdout))
    }

    /// What the steps of its plan do, in order, in English.
    ///
    /// # Errors
    /// As [`Upgrade::view`].
    pub fn steps(&self) -> Result<Vec<String>> {
        let view = self.view()?;
        let title = |step: &Value| {
            let message = serde_json::from_value::<Message>(step["title"].clone());
            message.map_or_else(|_| step["title"].to_string(), |message| message.render(Language::En))
        };
        Ok(view["steps"].as_array().into_iter().flatten().map(title).collect())
    }

    /// Words of the upgrade whose plan has this digest, without a question.
    #[must_use]
    pub fn words(&self, digest: &str) -> Vec<String> {
        ["bridle", "upgrade", "start", &self.release, "--plan", digest, "--yes"].map(str::to_owned).to_vec()
    }

    /// Plans, confirms and waits for the end.
    ///
    /// # Errors
    /// The kit's, if it is refused or does not end in time.
    pub fn run(&self) -> Result<Output> {
        self.host.command(self.confirmed()?)?.limit(LIMIT).run()
    }

    /// Plans, confirms and returns at once.
    ///
    /// # Errors
    /// The kit's, if it is refused or cannot be started.
    pub fn start(&self) -> Result<Running> {
        self.host.spawn(self.confirmed()?)
    }

    fn confirmed(&self) -> Result<Vec<String>> {
        if self.is_return() {
            return Ok(["bridle", "upgrade", "rollback", "--yes"].map(str::to_owned).to_vec());
        }
        let view = self.view()?;
        let digest = view["plan"].as_str();
        let digest = digest.ok_or_else(|| unexpected("bridle upgrade plan", "no digest", view.to_string()))?;
        Ok(self.words(digest))
    }

    /// Its journal as it is on the host's disk now; empty before it is approved.
    #[must_use]
    pub fn journal(&self) -> Journal {
        Journal::newest_of(&self.host.disk_root(), if self.is_return() { "rollback" } else { "upgrade" })
    }

    /// Waits until the moment has come, or the operation has ended before: then it says false.
    ///
    /// # Errors
    /// The kit's, if neither happens in time.
    pub fn wait_for(&self, moment: Moment) -> Result<bool> {
        let before = self.journal().records().len();
        let mut come = false;
        self.host.wait_until(&format!("the moment when {moment}"), LIMIT, || {
            let journal = self.journal();
            come = moment.has_come(&journal, before);
            come || ended(&journal).is_some()
        })?;
        Ok(come)
    }

    /// Waits until it has ended by itself; one that asks the operator is a failure at once.
    ///
    /// # Errors
    /// The kit's, with the steps so far.
    pub fn wait_ended(&self) -> Result<End> {
        let mut last = Journal::default();
        let waited = self.host.wait_until("the end of the upgrade", LIMIT, || {
            last = self.journal();
            ended(&last).is_some() || last.state() == Some("needs_operator")
        });
        let told = || {
            let cluster = self.host.shell(CLUSTER).unwrap_or_else(|error| error.to_string());
            format!("{}\n{cluster}\n{}", last.told(), self.host.journal("bridle-agent").unwrap_or_default())
        };
        match (waited, ended(&last)) {
            (_, Some(end)) => Ok(end),
            (Ok(()), None) => Err(unexpected("upgrade", "it asks the operator", told())),
            (Err(error), None) => Err(unexpected("upgrade", &error.to_string(), told())),
        }
    }
}

/// What is asked of a host whose upgrade does not end: why a pod does not come up is nowhere else.
const CLUSTER: &str = "export KUBECONFIG=/etc/rancher/k3s/k3s.yaml; { kubectl get pods -A -o wide; \
     kubectl get events -A --sort-by=.lastTimestamp | tail -40; kubectl -n campus describe pods; \
     journalctl --no-pager -o cat -b -u k3s | tail -60; } 2>&1";

/// Upgrades a host of its own while students enrol, cuts the power at each of `cuts` in turn (the later ones during the
/// recovery), starts the host again after each, and waits until the operation has come to its end by itself.
///
/// # Errors
/// The kit's, naming what did not happen in time. What is merely wrong in the end is in the report.
pub fn upgraded_with_cuts(name: &str, template: &Template, to: &Campus, cuts: &[Moment]) -> Result<Report> {
    let lab = Lab::of_equal_addresses(name)?;
    let (mut host, door) = template.serving(&lab)?;
    let release = Upgrade::bring(&host, to)?.release.clone();
    let students = Students::start(&door);
    let mut began = Instant::now();
    let mut running = Some(Upgrade::to(&host, &release).start()?);
    for cut in cuts {
        if !Upgrade::to(&host, &release).wait_for(*cut)? {
            // A last step that is done at once leaves no time before the end: then the cut comes right after it.
            println!("{name}: the upgrade had ended before {cut}");
        }
        drop(running.take());
        host.power_cut()?;
        began = Instant::now();
        host.boot()?;
    }
    let upgrade = Upgrade::to(&host, &release);
    let end = upgrade.wait_ended()?;
    let took = began.elapsed();
    drop(running);
    judged((&lab, &host), template, &upgrade, (end, took), students)
}

/// What is to be said of a change that has ended: of its host, and of its users, who stop now.
///
/// # Errors
/// The kit's, if users are served no more, or the platform does not answer.
pub fn judged(
    (lab, host): (&Lab, &Host),
    template: &Template,
    change: &Upgrade<'_>,
    (end, took): (End, Duration),
    students: Students,
) -> Result<Report> {
    // The front door's authority is the same before and after; what it answers is looked at anew.
    let door = template::served(host)?;
    let journal = change.journal();
    let mut wrong = differences(host, &journal, end)?;
    let tally = students.stop()?;
    let lost = tally.lost(&door)?.into_iter().chain(template.lost(&door)?);
    wrong.extend(lost.map(|enrolment| format!("lost: {} ({})", enrolment.student, enrolment.id)));
    let outside = lab.outside_attempts()?;
    wrong.extend(outside.iter().map(|attempt| format!("tried to reach an outside address: {attempt:?}")));
    Ok(Report { end, tally, took, journal, wrong })
}

/// Brings a file to the host, as on a stick, and adds its release to the store.
///
/// # Errors
/// The kit's; also if the host refuses the file.
pub fn brought(host: &Host, file: &Path) -> Result<Added> {
    let name = file.file_name().and_then(|name| name.to_str()).unwrap_or("release.bundle");
    let path = format!("{FOLDER}/{name}");
    host.push(file, &path)?;
    let words = ["bridle", "release", "add", &path, "--json"];
    let output = host.command(words)?.limit(ADD_LIMIT).run_ok()?;
    // What was carried in is not needed any more, and a power cut is to hit the upgrade, not this.
    host.run_ok(["rm", &path])?;
    host.run_ok(["sync"])?;
    serde_json::from_str(&output.stdout).map_err(|error| unexpected("release add", &error.to_string(), output.stdout))
}

/// The end that a journal tells.
fn ended(journal: &Journal) -> Option<End> {
    match journal.state() {
        Some("committed") => Some(End::Committed),
        Some("rolled_back") => Some(End::RolledBack),
        _ => None,
    }
}

fn unexpected(command: &str, status: &str, seen: String) -> Error {
    Error::Failed { command: command.to_owned(), status: status.to_owned(), stdout: seen, stderr: String::new() }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RECORDED: &str = include_str!("journal/upgrade-taken-back.journal");

    #[test]
    fn moments_come_at_their_records_and_no_earlier() {
        let lines: Vec<&str> = RECORDED.lines().collect();
        let first = |moment: Moment| {
            let upto = |count: &usize| Journal::read(&lines[..*count].join("\n"));
            (0..=lines.len()).find(|count| moment.has_come(&upto(count), 2))
        };
        assert_eq!(first(Moment::Begins(1)), Some(4));
        assert_eq!(first(Moment::Begins(2)), Some(6));
        assert_eq!(first(Moment::TakesBack(2)), Some(10));
        assert_eq!(first(Moment::Records(1)), Some(3));
        assert_eq!(first(Moment::Begins(3)), None);
    }

    #[test]
    fn the_end_is_what_the_last_state_says() {
        let lines: Vec<&str> = RECORDED.lines().collect();
        assert_eq!(ended(&Journal::read(RECORDED)), Some(End::RolledBack));
        assert_eq!(ended(&Journal::read(&lines[..lines.len() - 1].join("\n"))), None);
        assert_eq!(ended(&Journal::default()), None);
    }
}
