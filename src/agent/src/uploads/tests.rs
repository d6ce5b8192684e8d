//! Uploads over a simulated disk and a real store: who may do what when, what stays and what goes.

use std::io::Read as _;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use bridle_bundle::file::Source as _;
use bridle_bundle::sample::{Sample, key};
use bridle_core::port::sim::SimWorld;
use bridle_core::run_file::RunFile;
use bridle_core::upload::{LARGEST_PIECE, LookView, PATIENCE, SMALLEST_PIECE};
use bridle_host::layout::Layout;

use super::*;
use crate::observe::{Seen, Sight};
use crate::operations::{Operations, Ports};
use crate::store::SharedStore;

struct Nobody;

impl Sight for Nobody {
    fn look(&self) -> Result<Seen, Fault> {
        Ok((Vec::new(), Vec::new()))
    }
}

/// A clock that stands, and is moved by hand.
struct Standing(AtomicU64);

impl Clock for Standing {
    fn now(&self) -> Timestamp {
        Timestamp(self.0.load(Ordering::SeqCst))
    }

    fn monotonic(&self) -> Duration {
        Duration::ZERO
    }

    fn sleep(&self, _: Duration) {}
}

struct Ground {
    dir: tempfile::TempDir,
    clock: Arc<Standing>,
}

impl Ground {
    fn new() -> Self {
        let dir = tempfile::tempdir().expect("dir");
        let layout = Layout::under(dir.path());
        for folder in [layout.run_dir(), layout.data_dir(), layout.trust_dir()] {
            bridle_host::files::make_dirs(&folder, 0o755).expect("dir");
        }
        let public = key().public().expect("key").to_text();
        bridle_host::files::write_atomic(&layout.trust_dir().join("sample.pub"), public.as_bytes(), 0o644)
            .expect("key");
        // Later than what the disk says of files that are written now.
        let clock = Arc::new(Standing(AtomicU64::new(4_000_000_000_000)));
        Self { dir, clock }
    }

    fn layout(&self) -> Layout {
        Layout::under(self.dir.path())
    }

    /// The agent, started anew.
    fn agent(&self) -> (Arc<Uploads>, Arc<Upkeep>) {
        let (layout, clock) = (self.layout(), Arc::clone(&self.clock) as Arc<dyn Clock>);
        let world = Arc::new(SimWorld::default());
        let ports = Ports {
            host: Arc::clone(&world) as _,
            cluster: Arc::clone(&world) as _,
            vault: world,
            clock: Arc::clone(&clock),
        };
        let operations = Arc::new(Operations::load(layout.journal_dir(), ports).expect("no journal yet"));
        let store = bridle_bundle::store::Store::open(&layout.store_dir()).expect("store");
        let store = Arc::new(SharedStore::new(store).expect("store"));
        let upkeep = Arc::new(Upkeep::new(layout.clone(), store, operations, Arc::new(Nobody), Arc::clone(&clock)));
        let uploads = Uploads::new(UploadFiles::on_disk(&layout), Arc::clone(&upkeep), clock);
        (Arc::new(uploads), upkeep)
    }
}

fn begin(uploads: &Uploads, name: &str, bytes: &[u8]) -> UploadView {
    let order = UploadOrder { name: name.to_owned(), size: bytes.len() as u64 };
    uploads.begin(&order, "root").expect("begun")
}

/// Sends what is left, from where the upload is.
fn send(uploads: &Arc<Uploads>, id: &UploadId, bytes: &[u8], piece: u64) {
    loop {
        let view = uploads.view(id).expect("there");
        if view.offset == view.size {
            return;
        }
        let end = view.size.min(view.offset + piece);
        let [from, to] = [view.offset, end].map(|at| usize::try_from(at).expect("fits"));
        let view = uploads.expect(id, view.offset).expect("next").write(&bytes[from..to]).expect("written");
        assert_eq!(view.offset, end);
    }
}

fn code<T>(result: Result<T, Fault>) -> Option<FaultCode> {
    result.err().map(|fault| fault.code)
}

/// A release with a layer of some megabytes that do not repeat.
fn large() -> Sample {
    let layer: Vec<u8> = (0..700_000_u32).flat_map(|number| number.wrapping_mul(2_654_435_761).to_le_bytes()).collect();
    Sample::new("1.0.0", 1, &[("a", &[&layer, b"top"])])
}

#[test]
fn a_release_comes_in_pieces_and_the_agent_starts_anew_in_between() {
    let ground = Ground::new();
    let bundle = large().bundle();
    let (uploads, _) = ground.agent();
    let view = begin(&uploads, "one.bundle", &bundle);
    assert_eq!((view.offset, view.state), (0, UploadState::Receiving));
    assert_eq!(code(uploads.add(&view.id)), Some(FaultCode::UploadIncomplete));
    let piece = usize::try_from(SMALLEST_PIECE).expect("fits");
    uploads.expect(&view.id, 0).expect("first").write(&bundle[..piece]).expect("written");
    // Once more, and from elsewhere: told where it goes on.
    for offset in [0, SMALLEST_PIECE - 1, SMALLEST_PIECE + 1] {
        let fault = uploads.expect(&view.id, offset).err().expect("refused");
        assert_eq!((fault.code, &fault.message.args["offset"]), (FaultCode::UploadOffset, &Arg::from(SMALLEST_PIECE)));
    }
    // Too small, too large, over the end: nothing is written, and the upload is free again.
    for bytes in [vec![0; 5], vec![0; usize::try_from(LARGEST_PIECE).expect("fits") + 1], vec![0; bundle.len()]] {
        let claim = uploads.expect(&view.id, SMALLEST_PIECE).expect("free");
        assert_eq!(code(claim.write(&bytes)), Some(FaultCode::RequestInvalid));
    }
    drop(uploads);

    let (uploads, _) = ground.agent();
    assert_eq!(uploads.list().expect("list").len(), 1);
    assert_eq!(uploads.view(&view.id).expect("there").offset, SMALLEST_PIECE);
    send(&uploads, &view.id, &bundle, SMALLEST_PIECE);
    assert_eq!(uploads.view(&view.id).expect("there").state, UploadState::Complete);
    assert_eq!(code(uploads.expect(&view.id, bundle.len() as u64)), Some(FaultCode::UploadOffset));
    let added = uploads.add(&view.id).expect("added");
    assert_eq!((added.id.as_str(), added.new), ("sample-1.0.0", large().blobs.len() as u64));
    assert_eq!(code(uploads.view(&view.id)), Some(FaultCode::UploadUnknown));
    assert_eq!(std::fs::read_dir(ground.layout().uploads_dir()).expect("list").count(), 0, "its space is free again");
}

#[test]
fn a_run_file_comes_in_pieces_too() {
    let ground = Ground::new();
    let (sample, (uploads, _)) = (large(), ground.agent());
    let installer = &sample.blobs[&sample.release.programs["installer"].digest];
    let bundle = sample.bundle();
    let file = RunFile::of(installer.len() as u64, bundle.len() as u64);
    let mut run = installer.clone();
    run.resize(usize::try_from(file.bundle.start).expect("small"), 0);
    run.extend(&bundle);
    run.extend(file.footer());
    let view = begin(&uploads, "one.run", &run);
    send(&uploads, &view.id, &run, SMALLEST_PIECE + 77);
    assert_eq!(uploads.add(&view.id).expect("added").id, "sample-1.0.0");
}

#[test]
fn one_does_something_with_an_upload_at_a_time() {
    let ground = Ground::new();
    let (uploads, _) = ground.agent();
    let bundle = Sample::one().bundle();
    let view = begin(&uploads, "one.bundle", &bundle);
    let claim = uploads.expect(&view.id, 0).expect("first");
    assert_eq!(code(uploads.expect(&view.id, 0)), Some(FaultCode::UploadBusy));
    assert_eq!(code(uploads.remove(&view.id)), Some(FaultCode::UploadBusy));
    assert_eq!(code(uploads.add(&view.id)), Some(FaultCode::UploadBusy));
    // Too old, but in use: it stays.
    ground.clock.0.fetch_add(u64::try_from(PATIENCE.as_millis()).expect("fits"), Ordering::SeqCst);
    let other = begin(&uploads, "two.bundle", &bundle);
    drop(claim);
    uploads.remove(&view.id).expect("removed");
    assert_eq!(uploads.list().expect("list"), [other]);
    assert_eq!(code(uploads.remove(&view.id)), Some(FaultCode::UploadUnknown));
}

#[test]
fn what_is_refused_for_good_goes_and_what_may_be_mended_stays() {
    let ground = Ground::new();
    let (uploads, _) = ground.agent();
    let bundle = Sample::one().bundle();
    let mut damaged = bundle.clone();
    let at = damaged.len() - 1500;
    damaged[at] ^= 1;
    let view = begin(&uploads, "bad.bundle", &damaged);
    send(&uploads, &view.id, &damaged, LARGEST_PIECE);
    let fault = uploads.add(&view.id).expect_err("refused");
    assert!(is_worthless(fault.code), "{fault:?}");
    assert_eq!(fault.message.args.get("path").map_or("bad.bundle".into(), Clone::clone), Arg::from("bad.bundle"));
    assert_eq!(code(uploads.view(&view.id)), Some(FaultCode::UploadUnknown));

    // No key is trusted: when one is, the same upload can be added.
    let key = ground.layout().trust_dir().join("sample.pub");
    let public = std::fs::read(&key).expect("read");
    std::fs::remove_file(&key).expect("remove");
    let view = begin(&uploads, "one.bundle", &bundle);
    send(&uploads, &view.id, &bundle, LARGEST_PIECE);
    assert_eq!(code(uploads.add(&view.id)), Some(FaultCode::ReleaseKeyUnknown));
    bridle_host::files::write_atomic(&key, &public, 0o644).expect("write");
    assert_eq!(uploads.add(&view.id).expect("added").id, "sample-1.0.0");
}

#[test]
fn what_nobody_goes_on_with_is_given_up_and_the_number_is_bounded() {
    let ground = Ground::new();
    let (uploads, _) = ground.agent();
    let bundle = Sample::one().bundle();
    let first = begin(&uploads, "1.bundle", &bundle);
    for name in ["2.bundle", "3.bundle", "4.bundle"] {
        begin(&uploads, name, &bundle);
    }
    let order = UploadOrder { name: "5.bundle".to_owned(), size: 1 };
    assert_eq!(code(uploads.begin(&order, "root")), Some(FaultCode::UploadsTooMany));
    let huge = UploadOrder { size: upload::LARGEST, ..order.clone() };
    uploads.remove(&first.id).expect("removed");
    assert!(matches!(code(uploads.begin(&huge, "root")), None | Some(FaultCode::UploadNoRoom)), "as the disk is");
    ground.clock.0.fetch_add(u64::try_from(PATIENCE.as_millis()).expect("fits"), Ordering::SeqCst);
    // At a start, and with the next one that begins.
    let (again, _) = ground.agent();
    assert_eq!(again.list().expect("list"), []);
    uploads.begin(&order, "root").expect("begun");
    assert_eq!(uploads.list().expect("list").len(), 1);
}

#[test]
fn the_beginning_shows_what_a_file_is() {
    let ground = Ground::new();
    let (_, upkeep) = ground.agent();
    let bundle = large().bundle();
    let look = |bytes: &[u8]| upkeep.look(bytes).expect("looked");
    let LookView::Release { id, delta, here, sequence, .. } = look(&bundle[..bundle.len() / 2]) else {
        panic!("signed by a trusted key")
    };
    assert_eq!((id.as_str(), delta, here, sequence), ("sample-1.0.0", false, false, 1));
    upkeep.add(&bundle[..]).expect("added");
    assert!(matches!(look(&bundle[..bundle.len() / 2]), LookView::Release { here: true, .. }));
    for bytes in [&b"hello, this is something else"[..], &bundle[..700]] {
        let LookView::Refused { fault } = look(bytes) else { panic!("no release") };
        assert!(fault.code.exit() == bridle_core::fault::Exit::Verification, "{fault:?}");
    }
    let old = Sample::new("0.9.0", 0, &[("a", &[b"old"])]).bundle();
    assert!(matches!(look(&old), LookView::Refused { fault } if fault.code == FaultCode::ReleaseOlder));
}

#[test]
fn pieces_are_read_as_one_file() {
    let ground = Ground::new();
    let files = UploadFiles::on_disk(&ground.layout());
    let whole: Vec<u8> = (0..3000_u32).map(|number| (number % 251) as u8).collect();
    let id = UploadId::next(Timestamp(1), [].iter());
    let (name, by) = ("x".to_owned(), "root".to_owned());
    let record = UploadRecord { format: FORMAT, name, size: 3000, by, begun: Timestamp(1) };
    files.begin(&id, &record).expect("begun");
    for (offset, piece) in [0, 1000, 2000].into_iter().zip(whole.chunks(1000)) {
        files.write(&id, offset, piece).expect("written");
    }
    let kept = files.load().expect("loaded").remove(0);
    let mut reader = PieceReader::release(files.clone(), &kept).expect("no footer");
    let mut some = [0; 990];
    reader.read_exact(&mut some).expect("read");
    reader.skip(1020).expect("passed over");
    reader.read_exact(&mut some[..20]).expect("read");
    assert_eq!(some[..20], whole[2010..2030]);
    assert!(reader.back(1500) && !reader.back(2000));
    let mut rest = Vec::new();
    reader.read_to_end(&mut rest).expect("read");
    assert_eq!(rest, whole[530..]);
    assert!(reader.skip(1).is_err(), "behind the end");
    // A piece that the disk cut short is no end.
    bridle_host::files::write_atomic(
        &ground.layout().uploads_dir().join(id.to_string()).join("000000002000.piece"),
        b"x",
        0o600,
    )
    .expect("write");
    assert!(reader.back(3000));
    assert_eq!(reader.read_to_end(&mut Vec::new()).expect_err("cut").kind(), std::io::ErrorKind::UnexpectedEof);
}
