//! Upgrades on real hosts, while students enrol without pause: forward, back by itself from a release that must not stay, and
//! on after a power cut at a step that the commit picks. Of the other courses (held, refused, bad releases, an agent of a newer
//! journal) the gate takes the one that the commit picks; `cargo test … -- --ignored` and `cargo campaign upgrades` take all, and
//! `cargo campaign upgrade`, `rollback` cut the power at every step.

use std::time::Duration;

use bridle_journeys::campus::upgrade::{End, Moment, Report, Upgrade, differences, upgraded_with_cuts};
use bridle_journeys::campus::{
    BAD, BAD_AGENT, FIRST, NEXT, SECOND, Students, built_release, picked_by_the_commit, template,
};
use bridle_journeys::testhost::{Host, Lab};
use serde_json::Value;

type Outcome = Result<(), Box<dyn std::error::Error>>;
type Course = fn() -> Outcome;

const MINUTES: Duration = Duration::from_secs(60);

fn report(name: &str, from: &str, to: &str, cuts: &[Moment]) -> Result<Report, Box<dyn std::error::Error>> {
    let template = template::installed(built_release(from))?;
    let report = upgraded_with_cuts(name, &template, built_release(to), cuts)?;
    let tally = &report.tally;
    println!(
        "{from} -> {to}: {:?} after {} s; {} enrolments acknowledged, {} not answered, longest gap {} ms, slowest {} ms",
        report.end,
        report.took.as_secs(),
        tally.acknowledged.len(),
        tally.failures,
        tally.longest_gap.as_millis(),
        tally.slowest.as_millis(),
    );
    println!("{}", report.journal.told());
    Ok(report)
}

#[test]
fn nobody_notices_an_upgrade_with_another_kubernetes() -> Outcome {
    let report = report("upgrade", FIRST, SECOND, &[])?;
    assert_eq!((report.end, &report.wrong), (End::Committed, &Vec::new()), "{}", report.journal.told());
    assert!(report.tally.acknowledged.len() > 100, "too few students: {}", report.tally.reasons(20));
    assert_eq!(report.tally.failures, 0, "{}", report.tally.reasons(20));
    Ok(())
}

#[test]
fn a_power_cut_in_an_upgrade_ends_in_exactly_one_of_two_states() -> Outcome {
    // The plan of this upgrade has at least so many steps before its last one.
    let step = picked_by_the_commit(16);
    let report = report("upcut", FIRST, SECOND, &[Moment::Begins(step)])?;
    assert_eq!(report.wrong, Vec::<String>::new(), "{}", report.journal.told());
    Ok(())
}

/// One of the courses below.
#[test]
fn the_course_that_the_commit_picks() -> Outcome {
    let courses: [(&str, Course); 6] = [
        ("held", a_running_upgrade_is_held_and_taken_back_by_its_operator_alone),
        ("refused", what_the_site_or_the_cluster_would_refuse_is_refused_before_anything_is_touched),
        ("newer journal", an_agent_of_a_newer_journal_is_taken_back_by_the_one_before),
        ("crash", || goes_back_by_itself(BAD[0])),
        ("flap", || goes_back_by_itself(BAD[1])),
        ("no agent", || goes_back_by_itself(BAD_AGENT)),
    ];
    let (name, course) = courses[picked(courses.len())];
    println!("the commit picks: {name}");
    course()
}

#[test]
#[ignore = "all courses: cargo campaign upgrades"]
fn every_release_that_must_not_stay_goes_back_by_itself() -> Outcome {
    BAD.into_iter().filter(|bad| !refused_beforehand(bad)).chain([BAD_AGENT]).try_for_each(goes_back_by_itself)
}

fn picked(most: usize) -> usize {
    usize::try_from(picked_by_the_commit(most as u64)).unwrap_or(1) - 1
}

fn goes_back_by_itself(bad: &str) -> Outcome {
    let report = report("bad", SECOND, bad, &[])?;
    assert_eq!((report.end, &report.wrong), (End::RolledBack, &Vec::new()), "{}", report.journal.told());
    let why = report.journal.fault().is_some() || report.journal.told().contains("bridle-launch");
    assert!(why, "the journal says why: {}", report.journal.told());
    Ok(())
}

/// These are found before anything is touched.
fn refused_beforehand(bad: &str) -> bool {
    bad.ends_with("budget") || bad.ends_with("schema")
}

#[test]
#[ignore = "all courses: cargo campaign upgrades"]
fn what_the_site_or_the_cluster_would_refuse_is_refused_before_anything_is_touched() -> Outcome {
    let template = template::installed(built_release(SECOND))?;
    let lab = Lab::of_equal_addresses("refused")?;
    let (host, _door) = template.serving(&lab)?;
    for bad in BAD.into_iter().filter(|bad| refused_beforehand(bad)) {
        if bad.ends_with("schema") {
            host.run_ok(["bridle", "config", "set", "values.enrolment.shutdown.drainSeconds", "5", "--yes"])?;
        }
        let upgrade = Upgrade::bring(&host, built_release(bad))?;
        let output = host.command(["bridle", "upgrade", "start", upgrade.release(), "--yes"])?.run()?;
        assert_eq!(output.status.code(), Some(3), "{bad}: {}{}", output.stdout, output.stderr);
        assert!(output.stderr.contains("BR-1185"), "{bad}: {}", output.stderr);
        assert!(!upgrade.journal().is_there(), "{bad}: an operation was begun");
    }
    let health: Value = serde_json::from_str(&host.shell("bridle status --json")?)?;
    assert_eq!((&health["health"], &health["release"]), (&"ok".into(), &"campus-1.1.0".into()));
    Ok(())
}

/// The agent that took over begins its journals in a format that the one before does not know; the power goes in the soak,
/// somebody takes it back, and the one before finishes.
#[test]
#[ignore = "all courses: cargo campaign upgrades"]
fn an_agent_of_a_newer_journal_is_taken_back_by_the_one_before() -> Outcome {
    let template = template::installed(built_release(SECOND))?;
    let lab = Lab::of_equal_addresses("next")?;
    let (mut host, door) = template.serving(&lab)?;
    let release = Upgrade::bring(&host, built_release(NEXT))?.release().to_owned();
    let students = Students::start(&door);
    let running = Upgrade::to(&host, &release).start()?;
    let soak = soak(&host)?;
    assert!(Upgrade::to(&host, &release).wait_for(Moment::Begins(soak))?, "the soak begins");
    drop(running);
    host.power_cut()?;
    host.boot()?;
    host.wait_until("the agent that took over", 2 * MINUTES, || {
        host.shell("bridle status --json").is_ok_and(|status| status.contains("verifying"))
    })?;
    host.command(["bridle", "upgrade", "rollback", "--yes", "--detach"])?.run_ok()?;
    let upgrade = Upgrade::to(&host, &release);
    assert_eq!(upgrade.wait_ended()?, End::RolledBack);
    let door = template::served(&host)?;
    assert_eq!(differences(&host, &upgrade.journal(), End::RolledBack)?, Vec::<String>::new());
    assert_eq!(students.stop()?.lost(&door)?, []);
    let agents = host.shell("journalctl --no-pager -o cat -b -u bridle-agent | grep -c 'agent is ready'")?;
    assert!(agents.parse::<u32>()? >= 2, "the agent before came back: {agents}");
    Ok(())
}

/// A lost terminal, a killed agent, a pause, an order of somebody else, and a change of mind in the soak.
#[test]
#[ignore = "all courses: cargo campaign upgrades"]
fn a_running_upgrade_is_held_and_taken_back_by_its_operator_alone() -> Outcome {
    let template = template::installed(built_release(FIRST))?;
    let lab = Lab::of_equal_addresses("held")?;
    let (host, _door) = template.serving(&lab)?;
    let upgrade = Upgrade::bring(&host, built_release(SECOND))?;
    let plan = upgrade.view()?;
    let soak = soak_of(&plan).ok_or("no soak in the plan")?;
    let running = upgrade.start()?;
    assert!(upgrade.wait_for(Moment::Begins(2))?);
    // The terminal is lost: the upgrade goes on, and nobody else gets in between.
    drop(running);
    let second = host.command(upgrade.words(plan["plan"].as_str().unwrap_or_default()))?.run()?;
    assert_eq!(second.status.code(), Some(5), "{}{}", second.stdout, second.stderr);
    assert!(second.stderr.contains("was begun by root"), "{}", second.stderr);
    host.shell("systemctl kill --signal=KILL bridle-agent.service")?;
    host.run_ok(["bridle", "operation", "pause"])?;
    host.wait_until("the pause", 5 * MINUTES, || upgrade.journal().state() == Some("paused"))?;
    host.shell("systemctl kill --signal=KILL bridle-agent.service")?;
    host.run_ok(["bridle", "operation", "continue"])?;
    assert!(upgrade.wait_for(Moment::Begins(soak))?, "{}", upgrade.journal().told());
    let aborted = host.command(["bridle", "operation", "abort", "--yes"])?.run()?;
    assert!(aborted.success(), "{}", aborted.stderr);
    assert_eq!(upgrade.wait_ended()?, End::RolledBack);
    template::served(&host)?;
    assert_eq!(differences(&host, &upgrade.journal(), End::RolledBack)?, Vec::<String>::new());
    Ok(())
}

/// Number of the step in which the running operation is watched.
fn soak(host: &Host) -> Result<u64, Box<dyn std::error::Error>> {
    host.wait_until("the operation", MINUTES, || Upgrade::to(host, "").journal().is_there())?;
    let titles = Upgrade::to(host, "").journal().titles();
    let place = titles.iter().position(|title| title.starts_with("soak")).ok_or("no soak")?;
    Ok(place as u64 + 1)
}

fn soak_of(view: &Value) -> Option<u64> {
    let steps = view["steps"].as_array()?;
    steps.iter().find(|step| step["title"]["code"] == "step-soak")?["id"].as_u64()
}
