use proptest::prelude::*;

use super::*;
use crate::message::Language;

fn soak(seconds: u32, breaks: u32) -> Soak {
    Soak { seconds, breaks, charts: Vec::new(), probes: Vec::new(), host: String::new(), address: String::new() }
}

fn trouble(lasting: bool) -> Trouble {
    let reason = Message::new(if lasting { "soak-budget" } else { "pod-crashing" });
    let reason = reason.with("container", "api").with("restarts", 3_u32).with("budget", "api").with("pods", 2_u32);
    Trouble { subject: "campus/Deployment/api".to_owned(), reason, lasting, output: "panic: no database".to_owned() }
}

fn pulse(restarts: u64, ready_since: &str) -> Pulse {
    Pulse {
        subject: "campus/Deployment/api".to_owned(),
        container: "api-1/api".to_owned(),
        restarts,
        ready_since: ready_since.to_owned(),
    }
}

/// What one look saw.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Look {
    Well,
    Ill,
    Never,
    Restarted(u64),
    Flicker(&'static str),
}

/// Rounds every `step` seconds, each of them at once; gives the number of the round that ended it.
fn play(judge: &mut Judge, step: u64, looks: &[Look]) -> (usize, Verdict) {
    let mut last = judge.waiting(Duration::ZERO, None);
    for (number, look) in looks.iter().enumerate() {
        let at = Duration::from_secs(step * number as u64);
        let (troubles, pulses) = match look {
            Look::Well => (vec![], vec![pulse(0, "a")]),
            Look::Ill => (vec![trouble(false)], vec![]),
            Look::Never => (vec![trouble(true)], vec![]),
            Look::Restarted(times) => (vec![], vec![pulse(*times, "a")]),
            Look::Flicker(since) => (vec![], vec![pulse(0, since)]),
        };
        last = judge.take(Round { began: at, ended: at, troubles, pulses });
        if !matches!(last, Verdict::Waiting { .. }) {
            return (number, last);
        }
    }
    (looks.len(), last)
}

fn how(verdict: &Verdict) -> Option<How> {
    match verdict {
        Verdict::Failed(failure) => Some(failure.how),
        _ => None,
    }
}

#[test]
fn what_rounds_of_five_seconds_mean() {
    use Look::{Flicker, Ill, Never, Restarted, Well};
    let times = |look: Look, count: usize| vec![look; count];
    let flapping = || [Well, Ill].repeat(9);
    for (name, looks, number, wanted) in [
        ("30 s of health", times(Well, 20), 6, None),
        ("a break starts the time anew", [times(Well, 3), times(Ill, 1), times(Well, 20)].concat(), 10, None),
        ("a minute away", [times(Well, 3), times(Ill, 20)].concat(), 15, Some(How::Away)),
        ("at first more patience", [times(Ill, 50), times(Well, 9)].concat(), 56, None),
        ("at first, too long", times(Ill, 100), 60, Some(How::Away)),
        ("flapping", flapping(), 5, Some(How::Flapping(3))),
        ("what cannot change is not waited for", [times(Well, 2), times(Never, 9)].concat(), 4, Some(How::Lasting)),
        ("old news is", [times(Well, 2), times(Never, 1), times(Well, 9)].concat(), 9, None),
        ("a restart between looks", [times(Well, 3), times(Restarted(1), 20)].concat(), 10, None),
        ("restarts at every look", (0..40).map(Restarted).collect(), 13, Some(How::Away)),
        ("restarts before the first look", times(Restarted(7), 20), 6, None),
        ("not ready between looks", [times(Flicker("a"), 3), times(Flicker("b"), 20)].concat(), 10, None),
        (
            "not ready again and again",
            ["a", "a", "b", "b", "b", "c", "c", "c", "d", "d"].map(Flicker).to_vec(),
            8,
            Some(How::Flapping(3)),
        ),
        ("still going on", times(Well, 3), 3, None),
    ] {
        let (found, verdict) = play(&mut Judge::new(&soak(30, 2), Duration::from_secs(1000)), 5, &looks);
        assert_eq!((found, how(&verdict)), (number, wanted), "{name}: {verdict:?}");
        assert_eq!(verdict == Verdict::Held, wanted.is_none() && found < looks.len(), "{name}: {verdict:?}");
    }
}

#[test]
fn health_that_nobody_saw_does_not_count() {
    let mut judge = Judge::new(&soak(60, 0), Duration::from_secs(1000));
    let mut at = |seconds: u64| {
        let at = Duration::from_secs(seconds);
        judge.take(Round { began: at, ended: at, troubles: vec![], pulses: vec![] })
    };
    for (seconds, wanted) in [(0, 0), (30, 30), (90, 0), (110, 20)] {
        let Verdict::Waiting { healthy_for, .. } = at(seconds) else { panic!("over at {seconds}") };
        assert_eq!(healthy_for, Duration::from_secs(wanted), "at {seconds}");
    }
}

#[test]
fn the_limit_names_what_was_last_not_healthy() {
    let mut judge = Judge::new(&soak(30, 9), Duration::from_secs(50));
    let looks = [Look::Well, Look::Well, Look::Well, Look::Ill].repeat(9);
    let (number, verdict) = play(&mut judge, 5, &looks);
    assert_eq!((number, how(&verdict)), (10, Some(How::Late)), "{verdict:?}");
    let mut judge = Judge::new(&soak(30, 9), Duration::from_secs(10));
    let Verdict::Failed(failure) = play(&mut judge, 5, &[Look::Well; 9]).1 else { panic!("not over") };
    assert_eq!(failure.trouble.reason.code, "soak-short");
}

#[test]
fn a_failure_is_one_sentence_in_both_languages() {
    let reasons = ["soak-restarted", "soak-was-not-ready", "soak-short", "soak-probe", "soak-gone", "soak-budget"];
    for how in [How::Away, How::Flapping(3), How::Lasting, How::Late] {
        let fault = Failure { how, trouble: trouble(false) }.fault();
        for language in Language::ALL {
            let words = fault.message.render(language);
            assert!(words.contains("campus/Deployment/api") && !words.contains("{$"), "{words}");
        }
        assert_eq!(fault.causes, ["panic: no database"]);
    }
    let arguments = ["container", "restarts", "request", "budget", "pods"];
    for code in reasons {
        for language in Language::ALL {
            let message = arguments.iter().fold(Message::new(code), |message, name| message.with(name, 2_u32));
            let words = message.render(language);
            assert!(words != code && !words.contains("{$"), "{words}");
        }
    }
}

fn looks() -> impl Strategy<Value = Vec<(Look, u64, u64)>> {
    let look = prop_oneof![
        6 => Just(Look::Well),
        2 => Just(Look::Ill),
        1 => Just(Look::Never),
        1 => (0..4_u64).prop_map(Look::Restarted),
        1 => prop_oneof![Just("a"), Just("b")].prop_map(Look::Flicker),
    ];
    proptest::collection::vec((look, 0..40_u64, 0..20_u64), 1..200)
}

proptest! {
    /// Whatever comes: health is only called held after `seconds` in which every look was good and none was far from the
    /// next, and the judge always comes to an end within the limit.
    #[test]
    fn only_unbroken_health_holds_and_the_end_comes(looks in looks(), seconds in 0..120_u32, breaks in 0..4_u32) {
        let limit = Duration::from_secs(u64::from(limit_seconds(seconds, breaks)));
        let mut judge = Judge::new(&soak(seconds, breaks), limit);
        let (mut now, mut good, mut last_end, mut pulses) = (Duration::ZERO, None, None, None);
        for (look, pause, took) in looks {
            let began = now + Duration::from_secs(pause);
            let ended = began + Duration::from_secs(took);
            now = ended;
            let (troubles, seen) = match look {
                Look::Well => (vec![], vec![pulse(0, "a")]),
                Look::Ill => (vec![trouble(false)], vec![pulse(0, "a")]),
                Look::Never => (vec![trouble(true)], vec![pulse(0, "a")]),
                Look::Restarted(times) => (vec![], vec![pulse(times, "a")]),
                Look::Flicker(since) => (vec![], vec![pulse(0, since)]),
            };
            // The reference: what an observer with a notebook would say.
            if last_end.is_some_and(|end| began - end > BLIND) {
                good = None;
            }
            let changed = pulses.as_ref().is_some_and(|before: &Vec<Pulse>| {
                before[0].restarts != seen[0].restarts
                    || (good.is_some() && before[0].ready_since != seen[0].ready_since)
            });
            let well = troubles.is_empty() && !changed;
            if well { good.get_or_insert(ended); } else { good = None; }
            pulses = Some(seen.clone());
            last_end = Some(ended);
            let verdict = judge.take(Round { began, ended, troubles, pulses: seen });
            let start = judge.began.unwrap_or_default();
            match verdict {
                Verdict::Held => {
                    let since = good.expect("held without health");
                    prop_assert!(began.saturating_sub(since) >= Duration::from_secs(u64::from(seconds)));
                    return Ok(());
                }
                Verdict::Failed(failure) => {
                    prop_assert!(failure.how == How::Late || !well, "failed in a good round: {failure:?}");
                    return Ok(());
                }
                Verdict::Waiting { healthy_for, .. } => {
                    prop_assert!(ended - start < limit, "goes on after its limit");
                    prop_assert!(healthy_for < Duration::from_secs(u64::from(seconds)) || !well);
                }
            }
        }
    }
}
