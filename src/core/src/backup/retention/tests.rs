use proptest::prelude::*;

use super::*;
use crate::backup::id::Ulid;

const HOUR: u64 = 3_600_000;
const DAY: u64 = 24 * HOUR;

fn zone() -> Zone {
    Zone::named("Europe/Paris").expect("in the database")
}

fn at(text: &str) -> Timestamp {
    Timestamp::of_digits(text).expect("a moment in UTC")
}

fn candidate(made: Timestamp) -> Candidate {
    Candidate {
        id: SetId(Ulid::new(made, [0; 10])),
        made,
        tags: BTreeSet::new(),
        whole: true,
        proven: false,
        restored: false,
        pinned: false,
        used: false,
    }
}

fn none() -> Rules {
    Rules { last: 0, daily: 0, weekly: 0, monthly: 0, minimum: 1, ..Rules::default() }
}

fn kept(rules: &Rules, sets: &[Candidate], now: Timestamp) -> Vec<Timestamp> {
    let preview = preview(rules, sets, &zone(), now);
    preview.decisions.iter().filter(|decision| !decision.kept.is_empty()).map(|decision| decision.made).collect()
}

#[test]
fn the_newest_of_each_period_stays() {
    let now = at("20261123120000");
    // One every 6 hours for 400 days.
    let sets: Vec<_> = (0..1600).map(|n| candidate(Timestamp(now.0 - n * 6 * HOUR))).collect();
    for (rules, expected) in [
        (Rules { last: 5, ..none() }, 5),
        (Rules { hourly: 5, ..none() }, 5),
        (Rules { daily: 14, ..none() }, 14),
        (Rules { weekly: 8, ..none() }, 8),
        (Rules { monthly: 12, ..none() }, 12),
        (Rules { yearly: 9, ..none() }, 2),
        (none(), 1),
        (Rules { minimum: 7, ..none() }, 7),
    ] {
        let kept = kept(&rules, &sets, now);
        assert_eq!((kept.len(), kept[0]), (expected, now), "{rules:?}");
    }
    let daily = kept(&Rules { daily: 3, ..none() }, &sets, now);
    // Paris is an hour ahead in winter: the last set of a day there is the one of 18:00 UTC.
    assert_eq!(daily, vec![now, at("20261122180000"), at("20261121180000")]);
}

#[test]
fn the_hour_that_comes_twice_is_two_hours_and_the_day_of_25_hours_one_day() {
    // Paris puts the clock back on 25 October 2026 at 01:00 UTC: 02:30 comes at 00:30 and at 01:30 UTC.
    let now = at("20261025120000");
    let sets = [candidate(at("20261025003000")), candidate(at("20261025013000")), candidate(at("20261024223000"))];
    assert_eq!(kept(&Rules { hourly: 9, ..none() }, &sets, now).len(), 3);
    assert_eq!(kept(&Rules { hourly: 1, ..none() }, &sets, now), vec![at("20261025013000")]);
    assert_eq!(kept(&Rules { daily: 9, ..none() }, &sets, now), vec![at("20261025013000")]);
}

#[test]
fn a_week_that_belongs_to_two_years_is_one_week() {
    let now = at("20270110120000");
    let sets = [candidate(at("20261231120000")), candidate(at("20270101120000")), candidate(at("20270109120000"))];
    assert_eq!(kept(&Rules { weekly: 9, ..none() }, &sets, now), vec![at("20270109120000"), at("20270101120000")]);
}

#[test]
fn whatever_the_rules_say_what_is_needed_stays() {
    let now = at("20261123120000");
    let mut sets: Vec<_> = (0..30).map(|n| candidate(Timestamp(now.0 - n * DAY))).collect();
    sets[0].whole = false;
    sets[4].proven = true;
    sets[6].restored = true;
    sets[9].pinned = true;
    sets[12].used = true;
    sets[15].tags = ["term".to_owned()].into();
    sets[20].proven = true;
    let rules = Rules { tags: ["term".to_owned()].into(), ..none() };
    let days: Vec<u64> = kept(&rules, &sets, now).iter().map(|made| (now.0 - made.0) / DAY).collect();
    assert_eq!(days, vec![0, 1, 4, 6, 9, 12, 15]);
    let said = preview(&rules, &sets, &zone(), now);
    assert_eq!(said.decisions[0].kept, vec![Reason::Newest]);
    assert_eq!(said.decisions[1].kept, vec![Reason::NewestWhole]);
    assert_eq!(said.message().args.len(), 2);
    // Rules that cannot be followed remove nothing.
    for bad in [Rules { minimum: 0, ..none() }, Rules { daily: MOST + 1, ..none() }] {
        assert!(!bad.are_sound());
        assert_eq!(kept(&bad, &sets, now).len(), sets.len());
    }
}

#[test]
fn a_clock_that_was_wrong_costs_no_set_its_place() {
    let now = at("20261123120000");
    let mut sets: Vec<_> = (0..5).map(|n| candidate(Timestamp(now.0 - n * DAY))).collect();
    // Made after the second newest, while the clock was a year ahead.
    let mut ahead = candidate(Timestamp(now.0 + 365 * DAY));
    ahead.id = SetId(Ulid::new(Timestamp(now.0 - DAY + 1), [0; 10]));
    sets.push(ahead.clone());
    let kept = kept(&Rules { daily: 2, ..none() }, &sets, now);
    assert_eq!(kept, vec![now, ahead.made, Timestamp(now.0 - DAY)]);
}

#[test]
fn a_fuzzy_set_does_not_take_the_place_of_a_whole_one() {
    let now = at("20261123120000");
    let mut sets = [candidate(at("20261120100000")), candidate(at("20261120110000")), candidate(now)];
    sets[1].whole = false;
    assert_eq!(kept(&Rules { daily: 2, ..none() }, &sets, now), vec![now, at("20261120100000")]);
}

prop_compose! {
    fn some_set()(age in 0..900 * DAY, flags: u8, tag: bool) -> (u64, u8, bool) { (age, flags, tag) }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]
    #[test]
    fn what_must_stay_stays(
        ages in prop::collection::vec(some_set(), 0..30),
        numbers in prop::array::uniform7(0_u32..20),
        name in prop::sample::select(vec!["Europe/Paris", "Asia/Kolkata", "America/Havana", "Australia/Lord_Howe", "UTC"]),
    ) {
        let now = at("20261123120000");
        let zone = Zone::named(name).expect("in the database");
        let sets: Vec<_> = ages.iter().enumerate().map(|(n, (age, flags, tag))| {
            let made = Timestamp(now.0 - age);
            let flag = |bit: u8| flags >> bit & 1 == 1;
            Candidate {
                id: SetId(Ulid::new(made, [u8::try_from(n).unwrap_or(0); 10])),
                made,
                tags: if *tag { ["keep".to_owned()].into() } else { BTreeSet::new() },
                whole: flag(0) || flag(1), proven: flag(2), restored: flag(3) && flag(4),
                pinned: flag(5) && flag(6), used: flag(7) && flag(1),
            }
        }).collect();
        let [last, hourly, daily, weekly, monthly, yearly, minimum] = numbers;
        let rules = Rules { last, hourly, daily, weekly, monthly, yearly, minimum, tags: ["keep".to_owned()].into() };
        let preview = preview(&rules, &sets, &zone, now);
        let staying: BTreeSet<_> = preview.staying().collect();
        prop_assert_eq!(preview.decisions.len(), sets.len());
        let newest = |fits: &dyn Fn(&&Candidate) -> bool| sets.iter().filter(|set| fits(set)).map(|set| set.id).max();
        for must in [newest(&|_| true), newest(&|set| set.whole), newest(&|set| set.whole && set.proven), newest(&|set| set.whole && set.restored)] {
            prop_assert!(must.is_none_or(|id| staying.contains(&id)));
        }
        prop_assert!(sets.iter().filter(|set| set.pinned || set.used || !set.tags.is_empty()).all(|set| staying.contains(&set.id)));
        let least = if rules.are_sound() { (minimum.max(last) as usize).min(sets.len()) } else { sets.len() };
        prop_assert!(staying.len() >= least);
        // What stays would stay again: rules do not eat their own result.
        let left: Vec<_> = sets.iter().filter(|set| staying.contains(&set.id)).cloned().collect();
        prop_assert_eq!(super::preview(&rules, &left, &zone, now).going().count(), 0);
    }
}
