//! The figures that need test hosts: one installation by Bridle, and one by hand with the same parts.

use std::path::Path;
use std::time::Duration;

use bridle_journeys::campus;
use bridle_journeys::testhost;

use crate::Outcome;
use crate::by_bridle::{self, Ours};
use crate::by_hand::{self, Hand};
use crate::record::Row;

/// Limits of the agent at rest (`design.md` §7).
const REST_MIB: f64 = 40.0;
const REST_PERCENT: f64 = 1.0;

/// Which figures are wanted.
#[derive(Debug, Clone, Copy, Default)]
pub struct Want {
    pub disk: bool,
    pub install: bool,
    pub restart: bool,
    pub rest: bool,
}

impl Want {
    /// The figures of this name.
    pub fn named(name: &str) -> Option<Self> {
        let none = Self::default();
        match name {
            "disk" => Some(Self { disk: true, ..none }),
            "install" => Some(Self { install: true, ..none }),
            "restart" => Some(Self { restart: true, ..none }),
            "rest" => Some(Self { rest: true, ..none }),
            "hosts" => Some(Self { disk: true, install: true, restart: true, rest: true }),
            _ => None,
        }
    }
}

/// Measures; one host at a time.
pub fn run(root: &Path, want: Want) -> Outcome<Vec<Row>> {
    testhost::available().map_err(|missing| format!("this machine cannot boot test hosts: {missing:?}"))?;
    eprintln!("building the sample release");
    let campus = campus::build(root)?;
    let ours = by_bridle::measure(&campus, want)?;
    let hand = if want.install || want.restart { Some(by_hand::measure(&campus, want)?) } else { None };
    let mut rows = Vec::new();
    if want.disk {
        rows.push(disk(&ours));
    }
    if let Some(hand) = &hand {
        rows.extend(install(&ours, hand).filter(|_| want.install));
        rows.extend(restart(&ours, hand).filter(|_| want.restart));
    }
    if let Some((mib, percent)) = ours.rest {
        rows.extend(rest(mib, percent));
    }
    Ok(rows)
}

fn disk(ours: &Ours) -> Row {
    let limit = ours.blobs + ours.snapshots;
    Row {
        section: "disk",
        what: "peak extra disk of an installation".to_owned(),
        ours: megabytes(ours.peak),
        rival: megabytes(limit),
        ratio: Some(ours.peak as f64 / limit as f64),
        remark: format!(
            "blobs {}, unpacked snapshots {}; of the rest: {}",
            megabytes(ours.blobs),
            megabytes(ours.snapshots),
            ours.shares
        ),
    }
}

fn install(ours: &Ours, hand: &Hand) -> Option<Row> {
    Some(Row {
        section: "install",
        what: "install until every probe is green".to_owned(),
        ours: seconds(ours.install),
        rival: seconds(hand.install?),
        ratio: Some(ours.install.as_secs_f64() / hand.install?.as_secs_f64()),
        remark: format!("{}; {}", ours.times, hand.shares),
    })
}

fn restart(ours: &Ours, hand: &Hand) -> Option<Row> {
    Some(Row {
        section: "restart",
        what: "restart until every probe is green".to_owned(),
        ours: seconds(ours.restart?),
        rival: seconds(hand.restart?),
        ratio: Some(ours.restart?.as_secs_f64() / hand.restart?.as_secs_f64()),
        remark: format!("imports alone {}", seconds(hand.restart_imports.unwrap_or_default())),
    })
}

fn rest(mib: f64, percent: f64) -> [Row; 2] {
    let row = |what: &str, ours: String, rival: String, ratio: f64| Row {
        section: "rest",
        what: what.to_owned(),
        ours,
        rival,
        ratio: Some(ratio),
        remark: "60 s, platform installed and idle; against the limit".to_owned(),
    };
    [
        row("memory of the agent", format!("{mib:.1} MiB"), format!("{REST_MIB} MiB"), mib / REST_MIB),
        row(
            "processor time of the agent",
            format!("{percent:.2} %"),
            format!("{REST_PERCENT} %"),
            percent / REST_PERCENT,
        ),
    ]
}

fn megabytes(bytes: u64) -> String {
    format!("{:.0} MB", bytes as f64 / 1e6)
}

fn seconds(time: Duration) -> String {
    format!("{:.1} s", time.as_secs_f64())
}
