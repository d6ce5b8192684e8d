use proptest::prelude::*;

use super::*;
use crate::backup::id::Ulid;
use crate::backup::key::RepositoryKey;
use crate::backup::record::{self, Record, RecordError};
use crate::backup::wal::name::{WalFile, WalObject};

const FIXTURE: &[u8] = include_bytes!("../../../tests/fixtures/set-v1.json");
const MINUTE: u64 = 60_000;
const BEGAN: u64 = 1_795_000_000_000;

pub(crate) fn key() -> RepositoryKey {
    RepositoryKey::from_bytes([1; 32])
}

pub(crate) fn incarnation(number: u8) -> Incarnation {
    Incarnation(Ulid::new(Timestamp(1_790_000_000_000), [number; 10]))
}

fn source(name: &str, kind: SourceKind, order: u32) -> Source {
    Source {
        name: name.to_owned(),
        kind,
        order,
        snapshot: (kind != SourceKind::None).then(|| Digest::of(name.as_bytes())),
        whole: Wholeness::Whole,
        files: 12,
        bytes: 34_000,
        stored: 5_600,
        millis: 780,
        counts: BTreeMap::new(),
        postgresql: None,
        etcd_revision: (kind == SourceKind::Etcd).then_some(4711),
        reason: if kind == SourceKind::None { "built anew from the database".to_owned() } else { String::new() },
    }
}

pub(crate) fn log(start: u64, stop: u64) -> LogPosition {
    LogPosition {
        system: SystemId(7_312_345_678_901_234_567),
        major: 15,
        incarnation: incarnation(2),
        timeline: Timeline::FIRST,
        segment_bytes: SegmentSize::USUAL,
        start: Lsn(start),
        stop: Lsn(stop),
        stop_time: Timestamp(BEGAN + 4 * MINUTE),
        restore_point: None,
    }
}

/// A set made at `made` with everything that a set can have.
pub(crate) fn set(made: u64) -> SetManifest {
    let id = SetId(Ulid::new(Timestamp(made), [9; 10]));
    let point = RestorePointAt { name: SetManifest::restore_point(id), at: Lsn(0x0500_0100) };
    let mut database = source("database", SourceKind::Postgresql, 30);
    database.postgresql = Some(LogPosition { restore_point: Some(point), ..log(0x0300_0028, 0x0400_0138) });
    database.counts = [("campus.public.enrolment".to_owned(), 1200)].into();
    let mut files = source("uploads", SourceKind::Volume, 40);
    files.snapshot = Some(Digest::of(format!("uploads {made}").as_bytes()));
    SetManifest {
        format: 1,
        id,
        began: Timestamp(made - 5 * MINUTE),
        made: Timestamp(made),
        consistent_at: Timestamp(made - MINUTE),
        installation: Installation {
            id: InstallationId(Ulid::new(Timestamp(1_780_000_000_000), [4; 10])),
            incarnation: incarnation(2),
            site: "campus".to_owned(),
        },
        release: ReleaseName {
            name: "campus".to_owned(),
            version: Version::new(1, 2, 0),
            sequence: 3,
            index: Digest::of(b"index"),
        },
        revision: 17,
        tags: ["before-exams".to_owned()].into(),
        sources: vec![
            source("configuration", SourceKind::Configuration, 0),
            source("trust", SourceKind::Trust, 0),
            source("etcd", SourceKind::Etcd, 10),
            source("objects", SourceKind::Objects, 20),
            database,
            source("database-dump", SourceKind::Dump, 40),
            files,
            source("search", SourceKind::None, 50),
        ],
    }
}

#[test]
fn a_set_of_format_1_is_read_and_written_so() {
    let set = set(BEGAN);
    assert_eq!(String::from_utf8_lossy(&record::write(&set, &key())), String::from_utf8_lossy(FIXTURE));
    assert_eq!(record::read::<SetManifest>(&set.object(), FIXTURE, &key()).expect("format 1"), set);
    assert_eq!(SetManifest::id_of(&set.object()), Some(set.id));
    for name in ["sets/", "sets/x.json", "set/01ARZ3NDEKTSV4RRFFQ69G5FAV.json", "sets/01ARZ3NDEKTSV4RRFFQ69G5FAV"] {
        assert_eq!(SetManifest::id_of(name), None);
    }
    assert_eq!((set.size(), set.snapshots().count(), set.is_whole()), ((8 * 34_000, 8 * 5_600), 7, true));
}

#[test]
fn a_set_under_another_name_or_with_one_letter_changed_is_no_set() {
    let (one, other) = (set(BEGAN), set(BEGAN + 1));
    let bytes = record::write(&one, &key());
    assert!(matches!(record::read::<SetManifest>(&other.object(), &bytes, &key()), Err(RecordError::Unproven)));
    let changed = String::from_utf8(bytes).expect("text").replace("\"revision\":17", "\"revision\":18");
    assert!(matches!(
        record::read::<SetManifest>(&one.object(), changed.as_bytes(), &key()),
        Err(RecordError::Unproven)
    ));
}

#[test]
fn a_set_that_contradicts_itself_is_refused_with_the_reason() {
    type Change = fn(&mut SetManifest);
    let cases: [(&str, Change); 20] = [
        ("made before", |set| set.began = Timestamp(set.made.0 + 1)),
        ("name of the site", |set| set.installation.site = String::new()),
        ("name of the site", |set| set.installation.site = "a\nb".to_owned()),
        ("name of the release", |set| set.release.name = "x".repeat(101)),
        ("tags", |set| set.tags = (0..21).map(|n| n.to_string()).collect()),
        ("0 sources", |set| set.sources.clear()),
        ("two sources", |set| set.sources[1].name = "configuration".to_owned()),
        ("out of order", |set| set.sources.swap(2, 4)),
        ("no configuration", |set| {
            set.sources.remove(0);
        }),
        ("a snapshot where", |set| set.sources[0].snapshot = None),
        ("a snapshot where", |set| set.sources[7].snapshot = Some(Digest::of(b""))),
        ("a reason where", |set| set.sources[7].reason = String::new()),
        ("a reason where", |set| set.sources[0].reason = "x".to_owned()),
        ("its counts", |set| {
            set.sources[0].counts.insert(String::new(), 1);
        }),
        ("changed files", |set| set.sources[0].whole = Wholeness::Fuzzy { changed: 0 }),
        ("a position of the log", |set| set.sources[4].postgresql = None),
        ("a position of the log", |set| set.sources[0].postgresql = Some(log(1, 2))),
        ("a revision for etcd", |set| set.sources[2].etcd_revision = None),
        ("stops where it starts", |set| set.sources[4].postgresql = Some(log(2, 2))),
        ("segments of log", |set| set.sources[4].postgresql = Some(log(2, u64::MAX))),
    ];
    for (why, change) in cases {
        let mut bad = set(BEGAN);
        change(&mut bad);
        let said = bad.doubt().expect_err(why);
        assert!(said.contains(why), "{why}: {said}");
        let written = record::write(&bad, &key());
        assert!(record::read::<SetManifest>(&bad.object(), &written, &key()).is_err(), "{why}");
    }
}

fn wal(numbers: impl Iterator<Item = u64>) -> BTreeSet<WalObject> {
    let log = log(1, 2);
    let file =
        |number| WalFile::segment(log.timeline, crate::backup::wal::name::SegmentNumber(number), log.segment_bytes);
    numbers.map(|number| WalObject { system: log.system, incarnation: log.incarnation, file: file(number) }).collect()
}

#[test]
fn a_set_is_complete_or_it_is_not_written() {
    let set = set(BEGAN);
    let all: BTreeSet<Digest> = set.snapshots().collect();
    assert_eq!(missing(&set, &all, &wal(3..=5)), vec![]);
    // Each snapshot and each segment counts.
    for one in &all {
        let less = all.iter().copied().filter(|other| other != one).collect();
        assert!(
            matches!(&missing(&set, &less, &wal(3..=5))[..], [Missing::Snapshot { snapshot, .. }] if snapshot == one)
        );
    }
    for number in 3..=5 {
        let less = missing(&set, &all, &wal((3..=5).filter(|other| *other != number)));
        assert!(matches!(&less[..], [Missing::Segment { source, .. }] if source == "database"), "{number}");
    }
    // The log of another life, another server or another timeline does not count.
    let mut other = wal(3..=5);
    other = other.into_iter().map(|object| WalObject { incarnation: incarnation(3), ..object }).collect();
    assert_eq!(missing(&set, &all, &other).len(), 3);
    // A log that ends with a segment does not need the next one.
    let mut even = set;
    even.sources[4].postgresql = Some(log(0x0300_0028, 0x0500_0000));
    assert_eq!(missing(&even, &all, &wal(3..=4)), vec![]);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]
    /// Whatever holds the key may still be wrong: no body breaks the reader, and what is read is what is written again.
    #[test]
    fn no_proven_body_breaks_the_reader(at in 0_usize..2000, byte: u8, cut in 0_usize..2000) {
        use ring::hmac;
        use crate::backup::key::Purpose;
        let set = set(BEGAN);
        let mut body = serde_json::to_vec(&set).expect("a set");
        let (at, cut) = (at % body.len(), cut % body.len());
        body[at] = byte;
        if cut > at { body.truncate(cut); }
        body.retain(|byte| *byte != b'\n');
        let mut framed = format!("bridle record 1\nset\n{}\n", set.object()).into_bytes();
        framed.extend_from_slice(&body);
        let tag = hmac::sign(&key().mac(Purpose::Records), &framed);
        let tag: String = tag.as_ref().iter().map(|byte| format!("{byte:02x}")).collect();
        let mut bytes = body;
        bytes.extend_from_slice(format!("\n{{\"mac\":\"{tag}\"}}\n").as_bytes());
        match record::read::<SetManifest>(&set.object(), &bytes, &key()) {
            Ok(read) => prop_assert_eq!(read.doubt(), Ok(())),
            Err(error) => prop_assert!(!matches!(error, RecordError::Unproven | RecordError::Shape), "{}", error),
        }
    }
}
