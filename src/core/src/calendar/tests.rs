use proptest::prelude::*;

use super::*;
use crate::site::Site;

fn entries(text: &str) -> Vec<Entry> {
    let text = format!("format = 1\nname = \"x\"\nhost = \"campus.example\"\n{text}");
    Site::parse(&text).expect(&text).calendar
}

fn at(text: &str) -> Timestamp {
    timestamp(text.parse::<jiff::Timestamp>().expect(text).as_second())
}

const ENROLMENT: &str = r#"
[[calendar]]
kind = "critical"
name = "enrolment"
from = 2026-08-25
to = 2026-09-10
zone = "Europe/Paris"
"#;
const NIGHTS: &str = r#"
[[calendar]]
kind = "maintenance"
name = "nights"
days = ["sat", "sun"]
from = "22:00"
to = "04:00"
zone = "Europe/Paris"
"#;

#[test]
fn a_period_of_days_holds_from_its_first_to_the_end_of_its_last_there() {
    let entries = entries(ENROLMENT);
    for (time, forbidden) in [
        ("2026-08-24T21:59:59Z", false),
        ("2026-08-24T22:00:00Z", true), // midnight in Paris
        ("2026-09-10T21:59:59Z", true),
        ("2026-09-10T22:00:00Z", false),
    ] {
        let judgement = judge(at(time), &entries);
        assert_eq!(judgement.permits(None).is_err(), forbidden, "{time}");
        assert!(judgement.permits(Some("enrolment")).is_ok());
        assert_eq!(judgement.permits(Some("Enrolment")).is_err(), forbidden, "another name is no name");
    }
    let Judgement::Forbidden { critical, windows } = judge(at("2026-09-01T00:00:00Z"), &entries) else { panic!() };
    assert_eq!((critical.until, critical.until_local.as_str()), (Some(at("2026-09-10T22:00:00Z")), "2026-09-11 00:00"));
    assert_eq!(windows, []);
}

#[test]
fn windows_come_every_week_and_are_proposed_behind_what_forbids() {
    let both = entries(&format!("{ENROLMENT}{NIGHTS}"));
    let Judgement::Forbidden { critical, windows } = judge(at("2026-09-10T12:00:00Z"), &both) else { panic!() };
    // The tenth is a Thursday.
    assert_eq!(windows[0].from_local, "2026-09-12 22:00");
    assert_eq!(windows[0].to_local, "2026-09-13 04:00");
    assert_eq!(windows.len(), 5);
    let fault = critical.fault(&windows);
    assert_eq!(
        (fault.code.code(), fault.detail.expect("detail").code.as_ref()),
        ("BR-1235", "calendar-critical-window")
    );
    let Judgement::Free { window, windows } = judge(at("2026-09-12T23:00:00Z"), &both) else { panic!() };
    assert_eq!(window.expect("open").to_local, "2026-09-13 04:00");
    assert_eq!(windows[0].from_local, "2026-09-13 22:00");
}

#[test]
fn a_window_that_a_critical_period_cuts_is_only_what_is_left() {
    let cut = ENROLMENT.replace("2026-08-25", "2026-08-30T01:00");
    let both = entries(&format!("{cut}{NIGHTS}"));
    let Judgement::Free { windows, .. } = judge(at("2026-08-29T12:00:00Z"), &both) else { panic!() };
    assert_eq!(
        (windows[0].from_local.as_str(), windows[0].to_local.as_str()),
        ("2026-08-29 22:00", "2026-08-30 01:00")
    );
    assert_eq!(windows[1].from_local, "2026-09-12 22:00");
}

#[test]
fn periods_without_a_gap_are_one() {
    let next = ENROLMENT
        .replace("\"enrolment\"", "\"first week\"")
        .replace("2026-08-25", "2026-09-11")
        .replace("2026-09-10", "2026-09-20");
    let Judgement::Forbidden { critical, .. } =
        judge(at("2026-09-01T00:00:00Z"), &entries(&format!("{next}{ENROLMENT}")))
    else {
        panic!()
    };
    assert_eq!((critical.name.as_str(), critical.until_local.as_str()), ("enrolment", "2026-09-21 00:00"));
    let always = NIGHTS
        .replace("maintenance", "critical")
        .replace("\"sat\", \"sun\"", "\"mon\", \"tue\", \"wed\", \"thu\", \"fri\", \"sat\", \"sun\"")
        .replace("\"22:00\"", "\"04:00\"");
    let Judgement::Forbidden { critical, .. } = judge(at("2026-09-01T00:00:00Z"), &entries(&always)) else { panic!() };
    assert_eq!((critical.until, critical.message(&[]).code.as_ref()), (None, "calendar-critical"));
}

#[test]
fn summer_time_begins_and_ends_inside_a_window() {
    let nights = entries(NIGHTS);
    // 29 March 2026, 2:00 becomes 3:00: the window from Saturday 22:00 to 4:00 has five hours.
    let Judgement::Free { window, .. } = judge(at("2026-03-28T22:00:00Z"), &nights) else { panic!() };
    let window = window.expect("open");
    assert_eq!((window.from, window.to), (at("2026-03-28T21:00:00Z"), at("2026-03-29T02:00:00Z")));
    // 25 October 2026, 3:00 becomes 2:00: seven hours.
    let Judgement::Free { window, .. } = judge(at("2026-10-25T00:30:00Z"), &nights) else { panic!() };
    let window = window.expect("open");
    assert_eq!((window.from, window.to), (at("2026-10-24T20:00:00Z"), at("2026-10-25T03:00:00Z")));
    // A beginning that does not exist is an hour later: at the end, so there is no window that day.
    let odd = NIGHTS.replace("\"22:00\"", "\"02:30\"").replace("\"04:00\"", "\"03:30\"");
    let Judgement::Free { windows, .. } = judge(at("2026-03-28T12:00:00Z"), &entries(&odd)) else { panic!() };
    assert_eq!(windows[0].from_local, "2026-04-04 02:30");
}

#[test]
fn an_empty_calendar_forbids_nothing() {
    assert_eq!(judge(Timestamp(0), &[]), Judgement::Free { window: None, windows: Vec::new() });
    assert_eq!(judge(Timestamp(u64::MAX), &[]), Judgement::Free { window: None, windows: Vec::new() });
}

proptest! {
    #[test]
    fn what_is_proposed_is_never_forbidden(day in 0_u32..700, hours in 0_u32..24, begin in 0_u32..24, end in 0_u32..24, zone in 0_usize..5) {
        let zone = ["Europe/Paris", "America/New_York", "Asia/Kolkata", "Australia/Lord_Howe", "UTC"][zone];
        let text = format!("{ENROLMENT}{NIGHTS}")
            .replace("\"22:00\"", &format!("\"{begin:02}:30\""))
            .replace("\"04:00\"", &format!("\"{end:02}:00\""))
            .replace("Europe/Paris", zone);
        let entries = entries(&text);
        let now = Timestamp(1_767_225_600_000 + u64::from(day) * 86_400_000 + u64::from(hours) * 3_600_000);
        let judgement = judge(now, &entries);
        for window in judgement.windows() {
            prop_assert!(window.from > now && window.from < window.to);
            for inside in [window.from.0, (window.from.0 + window.to.0) / 2, window.to.0 - 1000] {
                prop_assert!(judge(Timestamp(inside), &entries).permits(None).is_ok());
            }
        }
        if let Judgement::Forbidden { critical, .. } = &judgement {
            let until = critical.until.expect("an end");
            prop_assert!(judge(until, &entries).permits(None).is_ok());
            prop_assert!(judge(Timestamp(until.0 - 1000), &entries).permits(None).is_err());
        }
    }
}
