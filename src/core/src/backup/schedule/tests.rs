use proptest::prelude::*;

use super::*;
use crate::backup::id::Ulid;
use crate::calendar::Critical;

const MINUTE: u64 = 60_000;
const HOUR: u64 = 60 * MINUTE;
static FREE: Judgement = Judgement::Free { window: None, windows: Vec::new() };

fn zone() -> Zone {
    Zone::named("Europe/Paris").expect("in the database")
}

fn at(text: &str) -> Timestamp {
    Timestamp::of_digits(text).expect("a moment in UTC")
}

fn schedule(text: &str) -> Schedule {
    text.parse().expect(text)
}

#[test]
fn words_are_read_and_said_again() {
    for (text, again) in [
        ("every day at 02:30", ""),
        ("Daily at 02:30", "every day at 02:30"),
        ("every 4 hours", ""),
        ("every 1 hours", "every hour"),
        ("every 30 minutes", ""),
        ("sundays at 03:00", ""),
        ("every sunday at 03:00", "sundays at 03:00"),
        ("Mondays, Thursdays and Sunday at 22:15", "mondays and thursdays and sundays at 22:15"),
        ("weekdays at 01:00", ""),
        ("weekdays and saturdays and sundays at 01:00", "every day at 01:00"),
        ("on day 31 of every month at 04:00", ""),
    ] {
        let read = schedule(text);
        assert_eq!(read.to_string(), if again.is_empty() { text } else { again });
        assert_eq!(schedule(&read.to_string()), read);
    }
    for text in [
        "",
        "at",
        "at 02:30",
        "every",
        "every day",
        "every day at 2:30",
        "every day at 24:00",
        "every day at 02:60",
        "every 5 hours",
        "every 0 hours",
        "every -4 hours",
        "every 4294967295 hours",
        "every 7 minutes",
        "every 24 hours",
        "every 1 minutes",
        "someday at 02:30",
        "on day 0 of every month at 04:00",
        "on day 32 of every month at 04:00",
        "and at 02:30",
        "every day at 02:30 and 14:30",
        "every day at ٠٢:٣٠",
        "every day at +2:30",
    ] {
        assert!(text.parse::<Schedule>().is_err(), "{text:?}");
    }
}

#[test]
fn a_time_on_the_wall_comes_once_a_day_whatever_the_clock_does() {
    let runs = schedule("every day at 02:30").next(at("20260327120000"), &zone(), 4);
    // On 29 March the clock goes from 02:00 to 03:00: the run is at 03:30, which is 01:30 UTC.
    let expected = ["20260328013000", "20260329013000", "20260330003000", "20260331003000"].map(at);
    assert_eq!(runs, expected);
    // On 25 October 02:30 comes twice: the first.
    let runs = schedule("every day at 02:30").next(at("20261023120000"), &zone(), 3);
    assert_eq!(runs, ["20261024003000", "20261025003000", "20261026013000"].map(at));
    let runs = schedule("on day 31 of every month at 12:00").next(at("20260201000000"), &zone(), 3);
    assert_eq!(runs, ["20260228110000", "20260331100000", "20260430100000"].map(at));
}

#[test]
fn hours_pass_also_where_the_clock_is_put() {
    for begin in ["20260328000000", "20261024000000"] {
        let runs = schedule("every 4 hours").next(at(begin), &zone(), 20);
        let gaps: Vec<u64> = runs.windows(2).map(|pair| (pair[1].0 - pair[0].0) / HOUR).collect();
        assert!(gaps.iter().all(|gap| (1..=4).contains(gap)), "{gaps:?}");
        assert_eq!(gaps.iter().filter(|gap| **gap != 4).count(), 1, "{gaps:?}");
    }
}

fn moment<'a>(now: Timestamp, last: Timestamp, calendar: &'a Judgement) -> Moment<'a> {
    Moment { now, last, operation: None, calendar }
}

#[test]
fn missed_runs_are_caught_up_once() {
    let daily = schedule("every day at 02:30");
    let due =
        |now: &str, last: &str| daily.due(Work::Backup, &zone(), &moment(at(now), at(last), &FREE), Duration::ZERO);
    assert_eq!(due("20261110010000", "20261109013001"), Due::At(Some(at("20261110013000"))));
    assert_eq!(due("20261110013000", "20261109013001"), Due::Now { planned: at("20261110013000"), missed: 0 });
    assert_eq!(due("20261115120000", "20261109013001"), Due::Now { planned: at("20261115013000"), missed: 5 });
    assert_eq!(due("20261115120001", "20261115120000"), Due::At(Some(at("20261116013000"))));
    // Off for years, and the clock put back by years.
    assert!(matches!(due("20361115120000", "19700101000001"), Due::Now { missed: 9999.., .. }));
    assert_eq!(due("20261115120000", "20301115120000"), Due::At(Some(at("20261116013000"))));
}

#[test]
fn nothing_runs_beside_an_operation_and_only_backups_while_nothing_may_be_disturbed() {
    let daily = schedule("every day at 02:30");
    let critical = Critical { name: "exams".to_owned(), until: None, until_local: String::new(), zone: String::new() };
    let exams = Judgement::Forbidden { critical, windows: Vec::new() };
    let due = |work, operation, calendar| {
        let moment = Moment { operation, ..moment(at("20261110013000"), at("20261109013001"), calendar) };
        daily.due(work, &zone(), &moment, Duration::ZERO)
    };
    let held = |due: Due| matches!(due, Due::Held { .. });
    assert!(!held(due(Work::Backup, None, &exams)) && held(due(Work::Upkeep, None, &exams)));
    assert!(!held(due(Work::Upkeep, None, &FREE)));
    for work in [Work::Backup, Work::Upkeep] {
        assert!(held(due(work, Some("20261110-000000-upgrade"), &FREE)));
    }
}

#[test]
fn jitter_is_the_same_each_time_and_below_its_limit() {
    let names = (0..100).map(|n| InstallationId(Ulid::new(Timestamp(n), [0; 10])));
    let most = Duration::from_secs(900);
    let all: std::collections::BTreeSet<_> = names.map(|name| jitter(name, most)).collect();
    assert!(all.len() > 90 && all.iter().all(|one| *one < most));
    let name = InstallationId(Ulid::new(Timestamp(5), [0; 10]));
    assert_eq!((jitter(name, most), jitter(name, Duration::ZERO)), (jitter(name, most), Duration::ZERO));
    // Later by so much, not more often.
    let daily = schedule("every day at 02:30");
    let due = |now: u64, last: u64| {
        daily.due(Work::Backup, &zone(), &moment(Timestamp(now), Timestamp(last), &FREE), Duration::from_secs(600))
    };
    let planned = at("20261110013000").0;
    assert_eq!(due(planned, planned - 20 * HOUR), Due::At(Some(Timestamp(planned + 10 * MINUTE))));
    assert!(matches!(due(planned + 10 * MINUTE, planned - 20 * HOUR), Due::Now { .. }));
    assert!(matches!(due(planned + 11 * MINUTE, planned + 10 * MINUTE), Due::At(_)));
}

fn schedules() -> impl Strategy<Value = Schedule> {
    let time = (0_i8..24, 0_i8..60).prop_map(|(hour, minute)| Time::new(hour, minute, 0, 0).expect("a time"));
    prop_oneof![
        prop::sample::select(vec![5, 10, 15, 30, 60, 120, 180, 240, 360, 480, 720]).prop_map(Schedule::Every),
        (1_u8..128, time.clone())
            .prop_map(|(bits, time)| Schedule::Weekly(std::array::from_fn(|n| bits >> n & 1 == 1), time)),
        (1_i8..=31, time).prop_map(|(day, time)| Schedule::Monthly(day, time)),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1500))]
    #[test]
    fn every_schedule_is_read_again_and_runs_ascend(
        schedule in schedules(), after in 0_u64..4_000_000_000, spell in "[a-z0-9: ]{0,40}",
        name in prop::sample::select(vec!["Europe/Paris", "America/Havana", "Pacific/Apia", "Australia/Lord_Howe", "Africa/Cairo"]),
    ) {
        prop_assert_eq!(schedule.to_string().parse::<Schedule>(), Ok(schedule.clone()));
        let _no_panic = spell.parse::<Schedule>();
        let zone = Zone::named(name).expect("in the database");
        let after = Timestamp(after * 1000);
        let runs = schedule.next(after, &zone, 8);
        prop_assert_eq!(runs.len(), 8);
        prop_assert!(runs[0] > after && runs.windows(2).all(|pair| pair[0] < pair[1]));
        // Asking from any moment before the next run gives the same run.
        prop_assert_eq!(schedule.next(Timestamp(runs[0].0 - 1), &zone, 1)[0], runs[0]);
        if let Schedule::Every(minutes) = schedule {
            prop_assert!(runs.windows(2).all(|pair| pair[1].0 - pair[0].0 <= u64::from(minutes) * MINUTE));
        }
    }
}
