//! Parts and sets over a folder on the real disk.
#![allow(clippy::disallowed_methods, reason = "what is saved and what is altered is made as anybody makes files")]

use std::fs;

use bridle_core::backup::id::{Incarnation, InstallationId, Ulid};
use bridle_core::backup::set::{Installation, ReleaseName, Source, SourceKind, Wholeness};
use bridle_core::backup::worker::{Outcome, Replacement, Work};

use super::super::tests::{Bench, key, lease};
use super::*;

const DAY: u64 = 24 * 3600 * 1000;

/// A repository, a folder and a stream that are to be saved.
struct Site {
    bench: Bench,
    data: tempfile::TempDir,
}

fn id(number: u64) -> SetId {
    SetId(Ulid::new(Timestamp(1_795_000_000_000 + number), [7; 10]))
}

fn now() -> Timestamp {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).expect("after 1970");
    Timestamp(u64::try_from(since.as_millis()).expect("this century"))
}

impl Site {
    fn new() -> Self {
        let site = Self { bench: Bench::new(), data: tempfile::tempdir().expect("folder") };
        site.bench.create(false).expect("made");
        fs::create_dir_all(site.path("etc/site")).expect("folder");
        fs::write(site.path("etc/site/site.toml"), "host = \"campus\"\n").expect("file");
        fs::write(site.path("dump"), Self::dump()).expect("file");
        site
    }

    fn path(&self, name: &str) -> PathBuf {
        self.data.path().join(name)
    }

    /// Not to be compressed to nothing, so that an altered pack is noticed.
    fn dump() -> Vec<u8> {
        let blocks = (0..4000_u32).flat_map(|number| Digest::of(&number.to_be_bytes()).hex().into_bytes());
        blocks.collect()
    }

    fn folder(&self) -> Origin {
        Origin::Folder { path: self.path("etc").display().to_string(), exclude: Vec::new() }
    }

    fn stream(&self) -> Origin {
        let content = Self::dump();
        let proof = Proof { bytes: content.len() as u64, digest: Digest::of(&content) };
        Origin::Stream { path: self.path("dump").display().to_string(), proof }
    }

    fn save(&self, part: &str, origin: Origin, lease: Lease) -> Result<Saved, Fault> {
        let save = Save { set: id(1), part: part.to_owned(), site: "campus".to_owned(), origin, parent: None };
        match self.bench.run(Work::Save { key: key(1), lease, save: Box::new(save) })? {
            Outcome::Saved(saved) => Ok(saved),
            _ => panic!("another outcome"),
        }
    }

    fn commit(&self, lease: Lease, set: &SetManifest) -> Result<(), FaultCode> {
        let work = Work::Commit { key: key(1), lease, set: Box::new(set.clone()) };
        self.bench.run(work).map(|outcome| assert!(matches!(outcome, Outcome::Committed))).map_err(|fault| fault.code)
    }

    fn sets(&self, remembered: &[SetId], now: Timestamp) -> Sets {
        let remembered = remembered.iter().copied().collect();
        match self.bench.run(Work::Sets { key: key(1), remembered, now }).expect("listed") {
            Outcome::Sets(sets) => sets,
            _ => panic!("another outcome"),
        }
    }

    /// One percent: of so little, that is everything.
    fn audit(&self, snapshots: &[Digest]) -> Result<Audited, Fault> {
        match self.bench.run(Work::Audit { key: key(1), snapshots: snapshots.to_vec(), percent: 1 })? {
            Outcome::Audited(audited) => Ok(audited),
            _ => panic!("another outcome"),
        }
    }

    /// Both parts, saved, as a set that is not written yet.
    fn whole(&self) -> SetManifest {
        let configuration = self.save("configuration", self.folder(), lease(1)).expect("saved");
        let dump = self.save("dump", self.stream(), lease(1)).expect("saved");
        set(&[("configuration", SourceKind::Configuration, &configuration), ("dump", SourceKind::Command, &dump)])
    }
}

fn set(parts: &[(&str, SourceKind, &Saved)]) -> SetManifest {
    let sources = parts.iter().enumerate().map(|(order, (name, kind, saved))| Source {
        name: (*name).to_owned(),
        kind: *kind,
        order: u32::try_from(order).expect("few"),
        snapshot: Some(saved.snapshot),
        whole: Wholeness::Whole,
        files: saved.files,
        bytes: saved.bytes,
        stored: saved.stored,
        millis: 1,
        counts: BTreeMap::new(),
        postgresql: None,
        etcd_revision: None,
        reason: String::new(),
    });
    let ulid = Ulid::new(Timestamp(1), [1; 10]);
    SetManifest {
        format: 1,
        id: id(1),
        began: now(),
        made: now(),
        consistent_at: now(),
        installation: Installation {
            id: InstallationId(ulid),
            incarnation: Incarnation(ulid),
            site: "campus".to_owned(),
        },
        release: ReleaseName {
            name: "campus".to_owned(),
            version: "1.1.0".parse().expect("a version"),
            sequence: 2,
            index: Digest::of(b"index"),
        },
        revision: 3,
        tags: BTreeSet::new(),
        sources: sources.collect(),
    }
}

#[test]
fn parts_are_saved_read_back_and_committed_as_a_set() {
    let site = Site::new();
    let set = site.whole();
    assert_eq!(site.sets(&[], now()).count, 0, "nothing counts before it is written");
    assert_eq!(site.sets(&[], now()).young, 2);
    let snapshots: Vec<Digest> = set.snapshots().collect();
    assert_eq!(site.audit(&snapshots).expect("read back"), Audited { count: 0, damages: Vec::new() });
    assert_eq!(site.commit(lease(1), &set), Ok(()));
    assert_eq!(site.commit(lease(1), &set), Ok(()), "the same once more");
    let sets = site.sets(&[id(1)], now());
    assert_eq!((sets.count, sets.alarms.len(), sets.young, sets.garbage), (1, 0, 0, 0));
    assert_eq!(sets.sets, [SetLine::of(&set)]);
    let line = &sets.sets[0];
    assert_eq!((line.release.as_str(), line.parts, line.whole), ("campus-1.1.0", 2, true));
    assert!(line.bytes >= Site::dump().len() as u64 && line.stored > 0, "{line:?}");
}

#[test]
fn a_set_that_lacks_something_is_not_written() {
    let site = Site::new();
    let whole = site.whole();
    let mut lacking = whole.clone();
    lacking.sources[1].snapshot = Some(Digest::of(b"another"));
    assert_eq!(site.commit(lease(1), &lacking), Err(FaultCode::SetIncomplete));
    let mut doubtful = whole.clone();
    doubtful.sources.remove(0);
    assert_eq!(site.commit(lease(1), &doubtful), Err(FaultCode::RecordDamaged), "no configuration");
    let mut logless = whole.clone();
    logless.sources[1].kind = SourceKind::Postgresql;
    assert_eq!(site.commit(lease(1), &logless), Err(FaultCode::RecordDamaged), "no position of the log");
    assert_eq!(site.bench.names(FOLDER), 0);
    assert_eq!(site.commit(lease(1), &whole), Ok(()));
    let other = SetManifest { revision: 4, ..whole };
    assert_eq!(site.commit(lease(1), &other), Err(FaultCode::RepositoryObjectExists));
}

#[test]
fn who_was_replaced_saves_and_commits_nothing() {
    let site = Site::new();
    let set = site.whole();
    let lease_of = Replacement { before: Some(lease(1)), lease: lease(2) };
    site.bench.run(Work::Own { key: key(1), lease: lease_of }).expect("taken");
    let refused = site.save("configuration", site.folder(), lease(1)).expect_err("refused");
    assert_eq!(refused.code, FaultCode::RepositoryOwned);
    assert_eq!(site.commit(lease(1), &set), Err(FaultCode::RepositoryOwned));
    assert_eq!(site.bench.names(FOLDER), 0);
    assert_eq!(site.commit(lease(2), &set), Ok(()));
}

#[test]
fn a_stream_that_is_not_what_was_kept_is_no_part() {
    let site = Site::new();
    let good = site.stream();
    for change in ["shorter", "longer", "other"] {
        let mut content = Site::dump();
        match change {
            "shorter" => drop(content.pop()),
            "longer" => content.push(b'x'),
            _ => content[7] ^= 1,
        }
        fs::write(site.path("dump"), content).expect("written");
        let fault = site.save("dump", good.clone(), lease(1)).expect_err(change);
        assert_eq!(fault.code, FaultCode::StreamBroken, "{change}");
    }
    fs::remove_file(site.path("dump")).expect("removed");
    let fault = site.save("dump", good, lease(1)).expect_err("gone");
    assert_eq!(fault.code, FaultCode::FileUnreadable);
    let gone = Origin::Folder { path: site.path("gone").display().to_string(), exclude: Vec::new() };
    assert_eq!(site.save("gone", gone, lease(1)).expect_err("gone").code, FaultCode::SourceUnreadable);
    assert_eq!(site.bench.names("snapshots"), 0);
}

#[test]
fn what_was_altered_lost_or_left_behind_is_told() {
    let site = Site::new();
    let set = site.whole();
    site.commit(lease(1), &set).expect("written");
    let _left = site.save("left", site.folder(), lease(1)).expect("saved");
    let later = Timestamp(now().0 + 2 * DAY);
    let sets = site.sets(&[id(1), id(2)], later);
    assert_eq!((sets.count, sets.garbage, sets.young), (1, 1, 0));
    assert_eq!(sets.alarms.iter().map(|alarm| &*alarm.code).collect::<Vec<_>>(), ["backup-alarm-vanished"]);
    // A byte of the largest pack.
    let largest = fs::read_dir(site.bench.folder.path().join("data")).expect("data").flatten();
    let packs = largest.flat_map(|folder| fs::read_dir(folder.path()).expect("folder").flatten());
    let pack = packs.max_by_key(|pack| pack.metadata().expect("looked at").len()).expect("a pack").path();
    let mut content = fs::read(&pack).expect("read");
    content[100] ^= 1;
    let _gone = fs::remove_file(&pack);
    fs::write(&pack, content).expect("altered");
    let audited = site.audit(&set.snapshots().collect::<Vec<_>>()).expect("read back");
    assert!(audited.count > 0 && !audited.damages.is_empty(), "{audited:?}");
    // The set's own record.
    let record = site.bench.folder.path().join(SetManifest::object_of(set.id));
    let text = fs::read_to_string(&record).expect("read").replace("campus", "campuz");
    let _gone = fs::remove_file(&record);
    fs::write(&record, text).expect("altered");
    let sets = site.sets(&[id(1)], later);
    assert_eq!((sets.count, sets.garbage, sets.young), (0, 0, 3), "nothing is garbage while a set cannot be read");
    assert_eq!(sets.alarms.iter().map(|alarm| &*alarm.code).collect::<Vec<_>>(), ["backup-alarm-unproven"]);
    assert_eq!(site.commit(lease(1), &set), Err(FaultCode::RecordDamaged), "it is not written over");
}
