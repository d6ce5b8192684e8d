//! A body as a reader: bounded, with a deadline, and never taken for whole when it is not.

use std::io::{self, Read as _};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use axum::body::Body;
use bytes::Bytes;
use futures_util::stream::{self, StreamExt as _};

use super::*;

const LIMIT: Duration = Duration::from_millis(200);

/// Reads all of a body in a thread that may block.
async fn read(body: Body) -> io::Result<Vec<u8>> {
    let mut intake = pump(body, LIMIT);
    let reading = move || {
        let mut bytes = Vec::new();
        intake.read_to_end(&mut bytes).map(|_| bytes)
    };
    tokio::task::spawn_blocking(reading).await.expect("ends")
}

#[tokio::test]
async fn what_comes_is_what_is_read() {
    let pieces = (0..100_u8).map(|number| Ok::<_, io::Error>(Bytes::from(vec![number; 1000])));
    let wanted: Vec<u8> = (0..100_u8).flat_map(|number| vec![number; 1000]).collect();
    assert_eq!(read(Body::from_stream(stream::iter(pieces))).await.expect("whole"), wanted);
}

#[tokio::test]
async fn a_body_that_breaks_off_is_not_whole() {
    let pieces = [Ok(Bytes::from_static(b"half")), Err(io::Error::other("gone"))];
    let error = read(Body::from_stream(stream::iter(pieces))).await.expect_err("not whole");
    assert_eq!(error.kind(), io::ErrorKind::ConnectionAborted);
}

#[tokio::test]
async fn who_sends_nothing_is_given_up() {
    let pieces = stream::iter([Ok::<_, io::Error>(Bytes::from_static(b"half"))]).chain(stream::pending());
    let error = read(Body::from_stream(pieces)).await.expect_err("not whole");
    assert_eq!(error.kind(), io::ErrorKind::TimedOut);
}

#[tokio::test]
async fn nothing_more_is_taken_than_waits() {
    let taken = Arc::new(AtomicU64::new(0));
    let count = Arc::clone(&taken);
    let pieces = stream::iter(0..10_000).map(move |_| {
        count.fetch_add(1, Ordering::Relaxed);
        Ok::<_, io::Error>(Bytes::from_static(&[7; 1024]))
    });
    let mut intake = pump(Body::from_stream(pieces), LIMIT);
    let reading = move || intake.read_exact(&mut [0; 4 * 1024]).map(|()| intake);
    let intake = tokio::task::spawn_blocking(reading).await.expect("ends").expect("read");
    // The feeding side has had every chance to run on: it waits for room.
    for _ in 0..100 {
        tokio::task::yield_now().await;
    }
    assert!(taken.load(Ordering::Relaxed) < 30, "{taken:?}");
    drop(intake);
}

/// Tries to begin an operation at the moment in which the images in use are asked for.
#[derive(Default)]
struct Intruder {
    operations: std::sync::OnceLock<Arc<Operations>>,
    told: std::sync::Mutex<Vec<FaultCode>>,
}

impl Sight for Intruder {
    fn look(&self) -> Result<crate::observe::Seen, Fault> {
        Ok((Vec::new(), Vec::new()))
    }

    fn images(&self) -> Option<BTreeSet<String>> {
        let operations = self.operations.get().expect("set before anything is asked");
        let told = operations.begin(install_plan(), "root").map_or_else(|fault| Some(fault.code), |_| None);
        self.told.lock().expect("lock").extend(told);
        Some(BTreeSet::new())
    }
}

fn install_plan() -> bridle_core::plan::Plan {
    let release = include_bytes!("../../../core/tests/fixtures/release-v1.json");
    let release = bridle_core::release::ReleaseManifest::parse(release).expect("fixture parses");
    let place = bridle_core::plan::install::Place { node: "h1".to_owned(), address: "198.18.0.11".to_owned() };
    bridle_core::plan::install::plan(&release, &bridle_core::site::Site::default(), &place).expect("plan")
}

#[test]
fn no_operation_begins_while_something_is_taken_away() {
    use bridle_core::port::sim::{SimClock, SimWorld};
    let dir = tempfile::tempdir().expect("dir");
    let layout = Layout::under(dir.path());
    bridle_host::files::make_dirs(&layout.run_dir(), 0o755).expect("dir");
    bridle_host::files::make_dirs(&layout.k3s_data(), 0o755).expect("dir");
    bridle_host::files::make_dirs(&layout.data_dir(), 0o711).expect("dir");
    let (world, clock): (Arc<SimWorld>, Arc<SimClock>) = Default::default();
    let ports = crate::operations::Ports {
        host: Arc::clone(&world) as _,
        cluster: Arc::clone(&world) as _,
        vault: world,
        clock: Arc::clone(&clock) as _,
    };
    let operations = Arc::new(Operations::load(layout.journal_dir(), ports).expect("no journal yet"));
    let store = bridle_bundle::store::Store::open(&layout.store_dir()).expect("store");
    let store = Arc::new(SharedStore::new(store).expect("store"));
    let sight = Arc::new(Intruder::default());
    assert!(sight.operations.set(Arc::clone(&operations)).is_ok());
    let upkeep = Upkeep::new(layout.clone(), store, Arc::clone(&operations), Arc::clone(&sight) as _, clock);
    upkeep.collect(false).expect("collected");
    assert_eq!(upkeep.remove("campus-1.0.0").expect_err("there is none").code, FaultCode::ReleaseAbsent);
    assert_eq!(*sight.told.lock().expect("lock"), [FaultCode::StoreBusy, FaultCode::StoreBusy]);
    let held = installer::keep_out(&layout).expect("free");
    assert_eq!(upkeep.remove("campus-1.0.0").expect_err("an installer works").code, FaultCode::InstallerRunning);
    drop(held);
    // Afterwards one begins, and then nothing is taken away.
    operations.begin(install_plan(), "root").expect("begins");
    assert_eq!(upkeep.collect(false).expect_err("an operation is open").code, FaultCode::OperationRunning);
    assert_eq!(upkeep.remove("campus-1.0.0").expect_err("an operation is open").code, FaultCode::OperationRunning);
}
