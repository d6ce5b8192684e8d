#![allow(clippy::disallowed_methods, reason = "what the tests spoil need not survive; writers write as others do")]

use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, symlink};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use bridle_core::message::Language;
use bridle_core::port::Quiet;

use super::*;
use crate::clock::SystemClock;

const POINT: &str = "0001-before-b";
/// Each round syncs the file system that holds temporary files, which others may be writing to.
const LIMIT: Duration = Duration::from_secs(900);

/// The clock of this machine, on which waiting passes sooner, but never within a tick of the kernel.
struct Hurried(Mutex<Duration>);

impl Clock for Hurried {
    fn now(&self) -> bridle_core::port::Timestamp {
        SystemClock.now()
    }

    fn monotonic(&self) -> Duration {
        SystemClock.monotonic() + *self.0.lock().expect("lock")
    }

    fn sleep(&self, duration: Duration) {
        let real = duration.min(Duration::from_millis(25));
        SystemClock.sleep(real);
        *self.0.lock().expect("lock") += duration - real;
    }
}

struct Bench {
    root: tempfile::TempDir,
    copies: DataCopies,
}

impl Bench {
    fn new() -> Self {
        let root = tempfile::tempdir().expect("folder");
        let copies = DataCopies::new(Layout::under(root.path()), Arc::new(Hurried(Mutex::default())));
        fs::create_dir_all(root.path().join("var/lib/bridle/volumes/campus/files")).expect("claim");
        Self { root, copies }
    }

    fn claim(&self) -> PathBuf {
        self.root.path().join("var/lib/bridle/volumes/campus/files")
    }

    fn data(&self) -> PathBuf {
        self.root.path().join("var/lib/bridle/restore-points").join(POINT).join("data")
    }

    fn holds(&self, source: &str) -> bool {
        self.copies.holds(POINT, source).expect("answers")
    }

    fn stream(&self, text: &[u8]) {
        let mut open = self.copies.begin(POINT, "database").expect("begins");
        open.write_all(text).expect("writes");
        open.keep(&Proof { bytes: text.len() as u64, digest: Digest::of(text) }).expect("keeps");
    }

    fn copy(&self, whole: Whole) -> Result<(), Fault> {
        attempt(|attempt| self.copies.files(POINT, &source(whole), &["files".to_owned()], attempt))
    }

    fn back(&self) -> Result<(), Fault> {
        attempt(|attempt| self.copies.put_back_files(POINT, &source(Whole::Moment), attempt))
    }
}

fn attempt<T>(act: impl FnOnce(&mut Attempt<'_>) -> T) -> T {
    act(&mut Attempt { limit: LIMIT, progress: &mut Quiet, stop: &|| false })
}

fn source(whole: Whole) -> DataSource {
    let source = serde_json::json!({
        "name": "documents", "kind": "volume", "namespace": "campus", "workload": "Deployment/documents",
    });
    DataSource { whole, ..serde_json::from_value(source).expect("source") }
}

/// What a folder holds: paths with kind, mode, time and content.
fn contents(root: &Path) -> Vec<(PathBuf, u32, i64, Vec<u8>)> {
    let mut found: Vec<_> = tree::seen(root).expect("tree").into_iter().collect();
    found.sort_by(|one, other| one.0.cmp(&other.0));
    let content = |path: &Path| match root.join(path).symlink_metadata() {
        Ok(found) if found.is_file() => fs::read(root.join(path)).expect("read"),
        Ok(found) if found.is_symlink() => {
            fs::read_link(root.join(path)).expect("link").into_os_string().into_encoded_bytes()
        }
        _ => Vec::new(),
    };
    found.into_iter().map(|(path, seen)| (path.clone(), seen.mode, seen.modified.0, content(&path))).collect()
}

fn fill(claim: &Path) {
    fs::create_dir_all(claim.join("a/b")).expect("folders");
    fs::write(claim.join("a/b/one"), b"one").expect("file");
    fs::write(claim.join("a/empty"), b"").expect("file");
    let mut sparse = File::create(claim.join("sparse")).expect("file");
    sparse.set_len(8 << 20).expect("length");
    sparse.write_all(b"begin").expect("write");
    fs::write(claim.join("a/\u{e9}\n%"), vec![7; 3 << 20]).expect("file");
    fs::set_permissions(claim.join("a/b"), fs::Permissions::from_mode(0o2750)).expect("mode");
    fs::set_permissions(claim.join("a/b/one"), fs::Permissions::from_mode(0o4711)).expect("mode");
    symlink("/etc/shadow", claim.join("link")).expect("link");
}

#[test]
fn only_what_was_kept_whole_and_unaltered_is_a_copy() {
    let bench = Bench::new();
    assert!(!bench.holds("database"));
    let mut open = bench.copies.begin(POINT, "database").expect("begins");
    open.write_all(b"half").expect("writes");
    drop(open);
    assert!(!bench.holds("database"), "an interrupted copy is none");
    bench.stream(b"whole");
    assert!(bench.holds("database"));
    let (mut from, proof) = bench.copies.open(POINT, "database").expect("opens");
    let mut text = Vec::new();
    from.read_to_end(&mut text).expect("reads");
    assert_eq!((text.as_slice(), proof.bytes, bench.copies.last_size("database")), (b"whole".as_slice(), 5, Some(5)));
    fs::write(bench.data().join("database"), b"wholf").expect("alters");
    assert!(!bench.holds("database"), "altered");
    assert_eq!(bench.copies.open(POINT, "database").map(drop).expect_err("altered").code, FaultCode::CopyDamaged);
    bench.stream(b"again");
    assert!(bench.holds("database"));
    drop(bench.copies.begin(POINT, "database").expect("begins anew"));
    assert!(!bench.holds("database"), "the one before counts no more once a new one is begun");
}

#[test]
fn what_is_not_what_its_maker_proves_is_not_kept() {
    let bench = Bench::new();
    let mut open = bench.copies.begin(POINT, "database").expect("begins");
    open.write_all(b"half").expect("writes");
    assert!(open.keep(&Proof { bytes: 9, digest: Digest::of(b"half more") }).is_err());
    assert!(!bench.holds("database"));
}

#[test]
fn the_records_of_both_formats_still_count() {
    let bench = Bench::new();
    let data = bench.data();
    fs::create_dir_all(&data).expect("folder");
    fs::write(data.join("database"), b"what was there").expect("data");
    let record = include_str!("../../../tests/fixtures/data-copy-v1.json");
    for (text, counts) in [(record.to_owned(), true), (record.replace("\"format\":1", "\"format\":3"), false)] {
        fs::write(data.join("database.json"), &text).expect("record");
        assert_eq!(bench.holds("database"), counts, "{text}");
    }
    fs::create_dir_all(data.join("documents/files/a")).expect("folder");
    fs::write(data.join("documents/files/a/one"), b"one").expect("file");
    let list = include_str!("../../../tests/fixtures/data-copy-v2.files");
    fs::write(data.join("documents.files"), list).expect("list");
    fs::write(data.join("documents.json"), include_str!("../../../tests/fixtures/data-copy-v2.json")).expect("record");
    assert!(bench.holds("documents"));
    fs::write(data.join("documents.files"), list.replace("420", "421")).expect("list");
    assert!(!bench.holds("documents"), "the list is part of the proof");
}

#[test]
fn names_never_lead_elsewhere() {
    let bench = Bench::new();
    let copies = &bench.copies;
    for (point, source) in [("../x", "database"), ("a", "../../x"), ("a", "b/c"), ("", "b"), (".a", "b")] {
        assert!(copies.begin(point, source).is_err() && copies.holds(point, source).is_err(), "{point} {source}");
    }
    for claim in ["..", "a/b", "", ".hidden"] {
        let wrong = attempt(|attempt| copies.files(POINT, &source(Whole::Moment), &[claim.to_owned()], attempt));
        assert_eq!(wrong.expect_err("refused").code, FaultCode::RequestInvalid, "{claim}");
    }
}

#[test]
fn files_come_back_as_they_were() {
    let bench = Bench::new();
    let claim = bench.claim();
    fill(&claim);
    let before = contents(&claim);
    bench.copy(Whole::Moment).expect("copied");
    assert!(bench.holds("documents"));
    let copied = bench.data().join("documents/files/sparse").metadata().expect("copied");
    assert_eq!(copied.len(), 8 << 20);
    assert!(copied.blocks() * 512 < 1 << 20, "holes stay holes: {} blocks", copied.blocks());
    assert!(!bench.data().join("documents/files/link").exists(), "links are in the list alone");

    fs::remove_dir_all(claim.join("a")).expect("migration");
    fs::create_dir_all(claim.join("sparse.new/x")).expect("migration");
    fs::write(claim.join("sparse"), b"migrated").expect("migration");
    fs::remove_file(claim.join("link")).expect("migration");
    symlink("/", claim.join("a")).expect("a trap");
    bench.back().expect("back");
    assert_eq!(contents(&claim), before);

    fs::write(claim.join("a/b/two"), b"a user's").expect("written since");
    bench.back().expect("once");
    assert!(claim.join("a/b/two").exists(), "what was written since is not taken away again");
}

#[test]
fn a_damaged_copy_is_found_and_nothing_is_touched() {
    let bench = Bench::new();
    fill(&bench.claim());
    bench.copy(Whole::Moment).expect("copied");
    let path = bench.data().join("documents/files/a/b/one");
    fs::write(&path, b"onf").expect("alters");
    assert!(!bench.holds("documents"));
    let before = contents(&bench.claim());
    let fault = bench.back().expect_err("damaged");
    assert_eq!(fault.code, FaultCode::CopyDamaged);
    for language in Language::ALL {
        assert!(!fault.message.render(language).contains("{$"), "{}", fault.message.render(language));
    }
    assert_eq!(contents(&bench.claim()), before);
}

/// Numbers one file from its beginning to its end, again and again, until told to stop.
fn writer(path: PathBuf, stop: Arc<AtomicBool>, pause: Duration) -> std::thread::JoinHandle<u64> {
    std::thread::spawn(move || {
        let mut number = 0_u64;
        while !stop.load(Ordering::Relaxed) {
            number += 1;
            let mut file = OpenOptions::new().write(true).create(true).truncate(false).open(&path).expect("open");
            for _ in 0..512 {
                file.write_all(&[number as u8; 4096]).expect("write");
            }
            std::thread::park_timeout(pause);
        }
        number
    })
}

#[test]
fn what_changes_all_the_time_is_no_copy_and_says_so() {
    let bench = Bench::new();
    fill(&bench.claim());
    let busy = bench.claim().join("busy");
    fs::write(&busy, [7; 4096]).expect("file");
    // The writer writes whenever the copy asks whether it shall go on: before each part that it takes.
    let stop = || {
        let written = OpenOptions::new().append(true).open(&busy).and_then(|mut file| file.write_all(b"more"));
        written.expect("write");
        false
    };
    let copied = {
        let mut attempt = Attempt { limit: LIMIT, progress: &mut Quiet, stop: &stop };
        bench.copies.files(POINT, &source(Whole::File), &["files".to_owned()], &mut attempt)
    };
    let fault = copied.expect_err("never whole");
    assert_eq!(fault.code, FaultCode::VolumeChanging, "{fault:?}");
    assert_eq!(fault.message.args["path"], "files/busy".into());
    assert!(!bench.holds("documents"));
    bench.copy(Whole::Moment).expect("left alone");
    assert!(bench.holds("documents"));
}

#[test]
fn a_file_that_is_written_now_and_then_is_copied_between_two_writes() {
    let bench = Bench::new();
    let stop = Arc::new(AtomicBool::new(false));
    let busy = writer(bench.claim().join("busy"), Arc::clone(&stop), Duration::from_millis(400));
    while bench.claim().join("busy").metadata().map_or(0, |found| found.len()) < 512 * 4096 {
        std::thread::yield_now();
    }
    let copied = bench.copy(Whole::File);
    stop.store(true, Ordering::Relaxed);
    assert!(busy.join().expect("writer") > 0);
    copied.expect("between two writes");
    let content = fs::read(bench.data().join("documents/files/busy")).expect("copy");
    assert_eq!(content.len(), 512 * 4096);
    assert!(content.iter().all(|byte| *byte == content[0]), "torn");
}

#[test]
fn a_volume_that_is_not_there_is_told_apart_from_an_empty_one() {
    let bench = Bench::new();
    bench.copy(Whole::Moment).expect("empty");
    assert!(bench.holds("documents"));
    fs::remove_dir(bench.claim()).expect("gone");
    assert_eq!(bench.copy(Whole::Moment).expect_err("absent").code, FaultCode::VolumeAbsent);
    assert!(!bench.holds("documents"));
    assert!(bench.copies.measure("campus", &["files".to_owned()]).is_err());
    symlink("/etc", bench.claim()).expect("trap");
    assert!(bench.copy(Whole::Moment).is_err(), "a link is no claim");
}

#[test]
fn a_backup_is_told_where_a_copy_is_and_with_a_volume_goes_its_list() {
    let bench = Bench::new();
    let none = bench.copies.origin(POINT, "files").expect_err("no copy yet");
    assert_eq!(none.code, FaultCode::CopyDamaged);
    fill(&bench.claim());
    bench.stream(b"a dump");
    bench.copy(Whole::Moment).expect("copies");
    let name = source(Whole::Moment).name;
    let Origin::Stream { path, proof } = bench.copies.origin(POINT, "database").expect("there") else {
        panic!("a stream")
    };
    assert_eq!((PathBuf::from(path), proof.bytes), (bench.data().join("database"), 6));
    let Origin::Folder { path, exclude } = bench.copies.origin(POINT, &name).expect("there") else { panic!("files") };
    assert_eq!(PathBuf::from(path), bench.data());
    let left: Vec<String> = fs::read_dir(bench.data())
        .expect("data")
        .filter_map(|entry| entry.expect("entry").file_name().into_string().ok())
        .filter(|entry| !exclude.contains(entry))
        .collect();
    let own = [name.clone(), format!("{name}.files"), format!("{name}.json")];
    assert!(left.len() == 3 && own.iter().all(|name| left.contains(name)), "{left:?} of {exclude:?}");
    assert!(exclude.contains(&"database".to_owned()) && exclude.contains(&"database.json".to_owned()));
}
