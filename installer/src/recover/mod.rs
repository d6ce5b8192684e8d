//! `recover`: everything back on a blank host. The repository is opened by the release's own program; what is to be brought back is
//! decided here, and done by the agent like an installation.

mod life;
mod repository;
mod worker;

use std::time::Duration;

use bridle_core::backup::id::SetId;
use bridle_core::backup::recovery::{self, RecoveryOrder, Wish};
use bridle_core::backup::wal::range::{Stop, Target};
use bridle_core::backup::worker::{Restorable, SetLine, Sets};
use bridle_core::fault::{Exit, Fault, FaultCode};
use bridle_core::message::Message;
use bridle_core::plan;
use bridle_core::release::DataKind;
use bridle_core::site::Site;
use bridle_core::wording;

use crate::arguments::{Install, Recover};
use crate::console::Console;
use crate::install::{self, Next, Surroundings};
use crate::opening::Opened;
use life::Life;
use repository::Opening;
use worker::Program;

/// Bytes a second of a plain disk and line, for an estimate.
const PACE: u64 = 100_000_000;

/// Recovers.
///
/// # Errors
/// A [`Fault`] that says what stood in the way; before the journal's first record nothing runs by itself.
pub fn run(console: &mut Console, options: &Recover, around: &Surroundings<'_>) -> Result<Next, Fault> {
    let layout = &around.host.layout;
    if !around.root {
        return Err(Fault::new(FaultCode::NotRoot));
    }
    let conditions = around.conditions()?;
    let opened = around.open(&conditions)?;
    let looks_only = options.plan_only || options.list;
    if !options.list
        && let Some(next) = install::already(console, around, &opened.release().id(), looks_only)?
    {
        return Ok(next);
    }
    if !looks_only {
        install::alone(layout)?;
    }
    let as_install =
        Install { plan_only: looks_only, explain: options.explain, yes: options.yes, ..Install::default() };
    if !install::trusted(console, &opened, &as_install)? {
        return Ok(install::nothing(console));
    }
    let agreed = opened.identity();
    install::check_whole(console, opened, around)?;
    // The program that opens the repository is the one of the release that was just agreed to.
    let program = Program::take(around.open_again(&conditions, &agreed)?, around)?;
    let repository = repository::open(console, options, program)?;
    let sets = repository.sets(around.host.clock.now())?;
    if options.list {
        list(console, &repository, &sets);
        return Ok(Next::End(Exit::Ok));
    }
    let opened = around.open_again(&conditions, &agreed)?;
    recover(console, options, &as_install, around, opened, &repository, &sets)
}

fn recover(
    console: &mut Console,
    options: &Recover,
    as_install: &Install,
    around: &Surroundings<'_>,
    opened: Opened,
    repository: &Opening,
    sets: &Sets,
) -> Result<Next, Fault> {
    let layout = &around.host.layout;
    let at = options
        .at
        .as_deref()
        .map(|text| recovery::moment(text).ok_or_else(|| Fault::new(FaultCode::RequestInvalid).with("what", "--at")));
    let at = at.transpose()?;
    let line = chosen(options, at, repository, sets)?;
    let restorable = repository.restorable(line.id)?;
    fits(&restorable, &opened)?;
    let profile = repository.profile(&restorable, layout)?;
    let site = profile.site.clone();
    let life = Life::begin(layout, repository, &restorable.set, options.take_over.as_deref(), &*around.host.clock)?;
    let target = match (&options.set, at) {
        (Some(_), _) => Target::Set(line.id),
        (None, Some(time)) => Target::Time(time),
        (None, None) => Target::Latest,
    };
    let wish = Wish {
        set: &restorable.set,
        ranges: &restorable.ranges,
        target: &target,
        without: &options.without,
        now: around.host.clock.now(),
    };
    let order = recovery::order(&wish, opened.release(), &life.name(), life.incarnation())?;
    let mut prepared = install::prepare(around, &opened, &site, (around.facts)())?;
    prepared.plan = plan::recover::plan(opened.release(), &site, &prepared.place, &order)
        .map_err(|error| Fault::new(FaultCode::ReleaseDamaged).because(&error))?;
    tell(console, &restorable, &order, opened.release(), &site);
    if let Some(next) = install::shown(console, as_install, &prepared.preview(&opened, &site), layout)? {
        return Ok(next);
    }
    if options.plan_only {
        console.say(&Message::new("install-plan-only"));
        return Ok(Next::End(Exit::Ok));
    }
    if !options.yes && !console.confirm(&Message::new("recover-ask"), "--yes")? {
        return Ok(install::nothing(console));
    }
    console.say(&Message::new("recover-later"));
    let last = || life.put(layout, repository, &restorable.set, &order, &*around.host.clock);
    install::place(console, around, opened, &profile.text, prepared.plan, &last)
}

/// The set that is wanted: the named one, the newest that was consistent by then, or the newest.
fn chosen<'a>(
    options: &Recover,
    at: Option<bridle_core::port::Timestamp>,
    repository: &Opening,
    sets: &'a Sets,
) -> Result<&'a SetLine, Fault> {
    if let Some(text) = &options.set {
        let unknown =
            || Fault::new(FaultCode::RecoverySetUnknown).with("set", text.chars().take(40).collect::<String>());
        let id: SetId = text.parse().map_err(|_| unknown())?;
        return sets.sets.iter().find(|line| line.id == id).ok_or_else(unknown);
    }
    let nothing = || Fault::new(FaultCode::RecoveryNothing).with("place", repository.place().shown());
    let mut found = sets.sets.iter().rev();
    let newest = found.clone().next().ok_or_else(nothing)?;
    // Where none is old enough the oldest one says how far back its log reaches.
    let of = at.and_then(|at| found.find(|line| line.consistent_at <= at));
    Ok(if at.is_some() { of.or(sets.sets.first()).unwrap_or(newest) } else { newest })
}

fn fits(restorable: &Restorable, opened: &Opened) -> Result<(), Fault> {
    let (set, (digest, _)) = (&restorable.set, opened.identity());
    if set.release.index == digest {
        return Ok(());
    }
    let fault = Fault::new(FaultCode::RecoveryOtherRelease).with("set", set.id.to_string());
    let of = format!("{}-{}", set.release.name, set.release.version);
    Err(fault.with("release", of).with("given", opened.release().id()))
}

fn list(console: &mut Console, repository: &Opening, sets: &Sets) {
    if console.json {
        console.put_json(sets);
        return;
    }
    let head = Message::new("recover-sets").with("count", sets.count).with("place", repository.place().shown());
    let mut lines = vec![console.words(&head)];
    for line in &sets.sets {
        let message = Message::new("recover-set")
            .with("id", line.id.to_string())
            .with("made", wording::moment(line.made))
            .with("release", line.release.as_str())
            .with("size", wording::bytes(line.bytes, console.language));
        lines.push(format!("  {}", console.words(&message)));
    }
    for alarm in &sets.alarms {
        let alarm = alarm.render(console.language);
        lines.push(console.words(&Message::new("recover-alarm").with("alarm", alarm)));
    }
    for line in lines {
        console.put(&line);
    }
}

/// What will be brought back, how far, and what stays empty.
fn tell(
    console: &mut Console,
    restorable: &Restorable,
    order: &RecoveryOrder,
    release: &bridle_core::release::ReleaseManifest,
    site: &Site,
) {
    let set = &restorable.set;
    let mut lines = vec![
        Message::new("recover-chosen")
            .with("id", set.id.to_string())
            .with("made", wording::moment(set.made))
            .with("site", site.name.as_str()),
    ];
    let mut bytes = 0_u64;
    for source in release.data.iter().filter(|source| source.kind != DataKind::None) {
        let named = |code| Message::new(code).with("source", source.name.as_str());
        let Some(ordered) = order.source(&source.name) else {
            lines.push(named("recover-without"));
            continue;
        };
        bytes = bytes.saturating_add(set.sources.iter().find(|one| one.name == source.name).map_or(0, |one| one.bytes));
        match ordered.log.as_ref().map(|log| (&log.stop, &log.range)) {
            None | Some((Stop::Immediate | Stop::Name(_), _)) => lines.push(named("recover-source")),
            Some((Stop::Time(time), _)) => {
                lines.push(named("recover-source-time").with("time", wording::moment(*time)));
            }
            Some((Stop::End, range)) => {
                let code = if range.gap.is_some() { "recover-source-gap" } else { "recover-source-end" };
                lines.push(named(code).with("time", wording::moment(range.to.1)));
            }
        }
    }
    let duration = wording::duration(Duration::from_secs(bytes / PACE + 1));
    let size = wording::bytes(bytes, console.language);
    lines.push(Message::new("recover-estimate").with("size", size).with("duration", duration));
    for line in lines {
        let line = console.words(&line);
        console.put(&line);
    }
}
