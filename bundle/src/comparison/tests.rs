//! Comparing small releases.

use serde_json::json;

use super::*;
use crate::file::{Conditions, OpenedBundle, Stream};
use crate::sample::{self, Sample};

const BASE: &[u8] = b"the same layer";

fn opened(sample: &Sample) -> VerifiedBundle<Stream<std::io::Cursor<Vec<u8>>>> {
    let opened = OpenedBundle::open(Stream(std::io::Cursor::new(sample.bundle()))).expect("open");
    opened.verify(&sample::trusted(), &Conditions::default()).expect("verify")
}

fn names(parts: &[Part], change: Change) -> Vec<&str> {
    parts.iter().filter(|part| part.change == change).map(|part| part.name.as_str()).collect()
}

#[test]
fn parts_and_bytes_of_an_upgrade() {
    let old = Sample::new("1.0.0", 1, &[("x", &[BASE, b"one"]), ("y", &[BASE])]);
    let new = Sample::new("1.0.0", 2, &[("x", &[BASE, b"other"]), ("z", &[BASE, b"new!"])]);
    let (mut before, mut after) = (opened(&old), opened(&new));
    let compared = of_files(&mut before, &mut after).expect("compare");
    assert_eq!(names(&compared.images, Change::Changed), ["bridle.internal/x:1.0.0"]);
    assert_eq!(names(&compared.images, Change::Gone), ["bridle.internal/y:1.0.0"]);
    assert_eq!(names(&compared.images, Change::New), ["bridle.internal/z:1.0.0"]);
    let known: BTreeSet<Digest> = before.contents().all().map(|blob| blob.digest).collect();
    let bytes: u64 = after.contents().all().filter(|blob| !known.contains(&blob.digest)).map(|blob| blob.size).sum();
    assert_eq!((compared.moved.bytes, compared.moved.of), (bytes, after.contents().size()));
    assert!(bytes < compared.moved.of, "the layer that stays is not moved");
    assert!(!compared.is_same());
    let same = between(after.contents(), after.contents(), None);
    assert!(same.is_same() && same.moved.bytes == 0 && same.values.is_empty());
    assert_eq!(names(&same.images, Change::Same).len(), 2);
}

#[test]
fn values_that_differ_are_told_by_field() {
    let mut old = Sample::new("1.0.0", 1, &[("x", &[BASE])]).release;
    let mut new = old.clone();
    let table = |value: serde_json::Value| value.as_object().expect("table").clone();
    old.global = table(json!({ "a": { "b": 1, "c": [1] }, "same": {}, "gone": true }));
    new.global = table(json!({ "a": { "b": 2, "c": [1] }, "same": {}, "new": { "x": null } }));
    let told: Vec<_> = values::between(&old, &new)
        .into_iter()
        .map(|change| (change.chart, change.field, change.old, change.new))
        .collect();
    let change = |field: &str, old, new| ("global".to_owned(), field.to_owned(), old, new);
    assert_eq!(
        told,
        [
            change("a.b", Some(json!(1)), Some(json!(2))),
            change("gone", Some(json!(true)), None),
            change("new.x", None, Some(json!(null))),
        ]
    );
}
