//! A planned change in words, the same on every face (`interface.md` §7.3).

use super::ChangeView;
use crate::message::{Language, Message};
use crate::plan::OperationKind;
use crate::plan::review;
use crate::plan::upgrade::ChartChange;
use crate::rehearsal::{Finding as Tried, Report, Severity};
use crate::sign::{ATTENTION, BLOCKS, Sign};
use crate::wording;

/// Longest words of a program that are shown with a finding, in characters.
const LONGEST_SAID: usize = 400;

/// One finding, whatever found it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Told {
    /// How bad; none where it is only good to know.
    pub sign: Option<Sign>,
    /// The sentence.
    pub what: String,
    /// Why it matters.
    pub why: Option<String>,
    /// The cure.
    pub fix: Option<String>,
    /// The cure as lines to type.
    pub commands: Vec<String>,
    /// The words of a program, for experts, on one line.
    pub said: Option<String>,
}

/// What changes: Kubernetes, images, charts, values with another place.
#[must_use]
pub fn changes(view: &ChangeView, language: Language) -> Vec<Message> {
    let changes = &view.changes;
    let (from, to) = &changes.kubernetes;
    let mut messages = vec![if from == to || kubernetes_stays(view) {
        Message::new("upgrade-kubernetes-same").with("version", from.as_str())
    } else {
        Message::new("upgrade-kubernetes").with("from", from.as_str()).with("to", to.as_str())
    }];
    let images = &changes.images;
    let new = images.new.len() + images.moved.len();
    messages.push(if new + images.gone.len() == 0 {
        Message::new("upgrade-images-same").with("unchanged", images.unchanged)
    } else {
        Message::new("upgrade-images")
            .with("new", new)
            .with("unchanged", images.unchanged)
            .with("gone", images.gone.len())
            .with("size", wording::bytes(images.bytes, language))
    });
    messages.extend(changes.charts.iter().map(chart));
    if changes.unchanged_charts > 0 {
        messages.push(Message::new("upgrade-charts-same").with("count", changes.unchanged_charts));
    }
    messages.extend(view.renamed.iter().map(|renamed| {
        Message::new("upgrade-renamed").with("from", renamed.from.to_string()).with("to", renamed.to.to_string())
    }));
    messages
}

/// Whether a return leaves Kubernetes as it is, whatever the release before came with.
fn kubernetes_stays(view: &ChangeView) -> bool {
    view.findings.iter().any(|finding| finding.message.code == "change-kubernetes-stays")
}

fn chart(change: &ChartChange) -> Message {
    let name = change.name.as_str();
    match (&change.from, &change.to) {
        (Some(from), Some(to)) if from == to => Message::new("upgrade-chart-values").with("chart", name),
        (Some(from), Some(to)) => {
            Message::new("upgrade-chart").with("chart", name).with("from", from.as_str()).with("to", to.as_str())
        }
        (None, Some(to)) => Message::new("upgrade-chart-new").with("chart", name).with("to", to.as_str()),
        (from, None) => {
            Message::new("upgrade-chart-gone").with("chart", name).with("from", from.clone().unwrap_or_default())
        }
    }
}

/// The release notes in the reader's language, else in any, without control characters. On the way back there are none:
/// they would announce what the reader knows.
#[must_use]
pub fn notes(view: &ChangeView, language: Language) -> Option<String> {
    if view.kind == OperationKind::Rollback {
        return None;
    }
    let notes = view.notes.get(&language.to_string()).or_else(|| view.notes.values().next())?;
    Some(notes.chars().filter(|c| !c.is_control() || *c == '\n').collect())
}

/// Everything that was found, what blocks first: the critical period, the checks, the site's values, the rehearsal.
#[must_use]
pub fn findings(view: &ChangeView, language: Language) -> Vec<Told> {
    let mut all: Vec<Told> = Vec::new();
    all.extend(view.forbidden.as_ref().map(|critical| {
        let even = Message::new("upgrade-even-in").with("name", critical.name.as_str());
        let what = critical.message(&view.windows).render(language);
        Told { sign: Some(BLOCKS), what, why: None, fix: Some(even.render(language)), commands: vec![], said: None }
    }));
    all.extend(view.findings.iter().map(|finding| Told {
        commands: finding.commands.clone(),
        ..told(sign(finding.severity), &finding.message, language)
    }));
    all.extend(view.values.iter().map(|finding| Told {
        what: finding.words(language),
        ..told(sign(finding.severity), &finding.message, language)
    }));
    all.extend(view.rehearsal.iter().flat_map(|report| &report.findings).map(|finding| tried(finding, language)));
    all.sort_by_key(|told| match told.sign {
        Some(sign) if sign == BLOCKS => 0,
        Some(_) => 1,
        None => 2,
    });
    all
}

const fn sign(severity: review::Severity) -> Option<Sign> {
    Some(match severity {
        review::Severity::Blocks => BLOCKS,
        review::Severity::Warns => ATTENTION,
    })
}

fn told(sign: Option<Sign>, message: &Message, language: Language) -> Told {
    Told {
        sign,
        what: message.render(language),
        why: message.render_attribute(language, "why"),
        fix: message.render_attribute(language, "fix"),
        commands: Vec::new(),
        said: None,
    }
}

fn tried(finding: &Tried, language: Language) -> Told {
    let sign = match finding.severity {
        Severity::Blocks => Some(BLOCKS),
        Severity::Warns => Some(ATTENTION),
        Severity::Tells => None,
    };
    let clean: String = finding.said.chars().map(|c| if c.is_control() { ' ' } else { c }).take(LONGEST_SAID).collect();
    let said = Some(clean).filter(|clean| !clean.is_empty());
    let mut told = Told { said, ..told(sign, &finding.message, language) };
    if let Some(object) = finding.object.as_ref().map(ToString::to_string) {
        // Most sentences name what they are about themselves.
        if !told.what.contains(&object) {
            told.what = format!("{object}: {}", told.what);
        }
    }
    told
}

/// How much was tried before; none if Kubernetes could not be asked.
#[must_use]
pub fn rehearsed(view: &ChangeView) -> Option<Message> {
    view.rehearsal.as_ref().map(tried_of)
}

/// How much of what would be applied was tried.
#[must_use]
pub fn tried_of(report: &Report) -> Message {
    let code = if report.tried < report.objects { "upgrade-rehearsed" } else { "upgrade-rehearsed-all" };
    Message::new(code).with("objects", report.objects).with("tried", report.tried)
}

/// Space that is needed and free.
#[must_use]
pub fn disk(view: &ChangeView, language: Language) -> Message {
    Message::new("upgrade-disk")
        .with("needed", wording::bytes(view.disk.needed, language))
        .with("free", wording::bytes(view.disk.free, language))
}

/// How long it takes, and how long users notice it.
#[must_use]
pub fn time(view: &ChangeView, language: Language) -> Message {
    let clock = |seconds| wording::spoken(seconds).render(language);
    let message = match view.interruption() {
        0 => Message::new("tui-takes"),
        seconds => Message::new("tui-takes-interrupted").with("down", clock(seconds)),
    };
    message.with("time", clock(view.seconds()))
}

/// The first thing that stands in the way, as the findings say it.
#[must_use]
pub fn against(view: &ChangeView, language: Language) -> Option<String> {
    findings(view, language).into_iter().find(|told| told.sign == Some(BLOCKS)).map(|told| told.what)
}

/// What becomes of everything if something fails, and how one can return later; nothing on the way back itself, nor where a
/// finding says that it is not that simple.
#[must_use]
pub fn way_back(view: &ChangeView) -> Vec<Message> {
    let from = view.from.as_str();
    let contracts = view.findings.iter().any(|finding| finding.message.code == "change-contract");
    if view.kind != OperationKind::Upgrade || contracts {
        return Vec::new();
    }
    let mut messages = vec![Message::new("upgrade-way-back").with("from", from)];
    let (old, new) = &view.changes.kubernetes;
    if minor(old) != minor(new) {
        messages.push(Message::new("upgrade-way-back-later").with("from", from).with("version", new.as_str()));
    }
    messages
}

/// `1.36` of `1.36.3`.
fn minor(version: &str) -> &str {
    version.rsplit_once('.').map_or(version, |(minor, _)| minor)
}

/// From how many runs here the times are known.
#[must_use]
pub fn known(view: &ChangeView) -> Message {
    Message::new("tui-runs").with("runs", view.steps.iter().map(|step| step.runs).max().unwrap_or_default())
}

/// The command that does the same.
#[must_use]
pub fn command(view: &ChangeView) -> String {
    match view.kind {
        OperationKind::Rollback => "bridle upgrade rollback".to_owned(),
        _ => format!("bridle upgrade start {}", view.to),
    }
}
