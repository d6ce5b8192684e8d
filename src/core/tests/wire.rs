//! What is said on the wire in version 1 of the API: a client of another release must go on reading it.

use bridle_core::rehearsal::Report;
use bridle_core::upgrade::ChangeView;
use serde_json::Value;

const CHANGE: &str = include_str!("fixtures/change-v1.json");

#[test]
fn a_planned_change_is_read_and_said_as_in_the_first_version() {
    let said: Value = serde_json::from_str(CHANGE).expect("JSON");
    let change: ChangeView = serde_json::from_str(CHANGE).expect("version 1");
    assert_eq!(serde_json::to_value(&change).expect("plain data"), said);
    // What a program does not know yet, it passes over; what may be absent, is.
    let mut later = said.clone();
    later["later"] = true.into();
    assert_eq!(serde_json::from_value::<ChangeView>(later).expect("one more field"), change);
    let mut less = said;
    for field in ["renamed", "values", "rehearsal", "forbidden", "windows"] {
        less.as_object_mut().expect("an object").remove(field);
    }
    let less: ChangeView = serde_json::from_value(less).expect("fewer fields");
    assert!(less.rehearsal.is_none() && less.renamed.is_empty() && less.windows.is_empty());
}

#[test]
fn the_report_of_a_rehearsal_is_read_and_said_as_in_the_first_version() {
    let change: Value = serde_json::from_str(CHANGE).expect("JSON");
    let said = &change["rehearsal"];
    let report: Report = serde_json::from_value(said.clone()).expect("version 1");
    assert_eq!((report.objects, report.tried, report.findings.len(), report.interruptions.len()), (87, 85, 2, 2));
    assert_eq!(serde_json::to_value(&report).expect("plain data"), *said);
}
