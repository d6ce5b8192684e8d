//! Programs that are no workers, or bad ones: each ends in a fault, within its limit, and none stays.

use std::os::unix::fs::PermissionsExt as _;
use std::sync::atomic::{AtomicU32, Ordering};

use bridle_core::backup::key::RepositoryKey;
use bridle_core::backup::repository::place::Place;
use bridle_core::backup::worker::{PROTOCOL, SecretKey, Store, Work};

use super::*;

/// Longest that a test waits.
const PATIENCE: Duration = Duration::from_secs(60);

struct Bench {
    folder: tempfile::TempDir,
}

impl Bench {
    fn new() -> Self {
        Self { folder: tempfile::tempdir().expect("folder") }
    }

    fn worker(&self, script: &str) -> BackupProcess {
        let path = self.folder.path().join("worker");
        let mut file = std::fs::File::create(&path).expect("file");
        file.write_all(format!("#!/bin/sh\n{script}\n").as_bytes()).expect("write");
        drop(file);
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).expect("mode");
        BackupProcess::of(path)
    }
}

fn request() -> Request {
    let place = Place::Directory { path: "/mnt/backup".to_owned() };
    let store = Store { place, credentials: None, mark: None, capabilities: None };
    let key = SecretKey(RepositoryKey::from_bytes([0xab; 32]));
    Request { protocol: PROTOCOL, memory: 1 << 30, store, work: Work::Check { key, data: false } }
}

fn run(worker: &BackupProcess, limit: Duration) -> Result<Outcome, Fault> {
    worker.run(&request(), limit, &|| false, &mut |_, _| {})
}

#[test]
fn lines_are_heard_up_to_the_last_one() {
    let bench = Bench::new();
    let script = r#"[ "$1" = backup-worker ] && [ -z "$HOME" ] || exit 9
        read line; case "$line" in *abab*) ;; *) exit 8;; esac
        echo '{"progress":{"done":3,"total":9}}'; echo '{"done":"owned"}'; echo more"#;
    let mut heard = Vec::new();
    let outcome =
        bench.worker(script).run(&request(), PATIENCE, &|| false, &mut |done, total| heard.push((done, total)));
    assert!(matches!(outcome, Ok(Outcome::Owned)));
    assert_eq!(heard, [(3, 9)]);
}

#[test]
fn a_worker_without_an_answer_is_a_fault_that_tells_nothing_of_the_request() {
    let bench = Bench::new();
    for script in [
        "exit 3",
        "kill -9 $$",
        "cat",
        "echo nonsense; sleep 1000",
        "head -c 2000000 /dev/zero",
        "exec 1>&-; sleep 1000",
    ] {
        let fault = run(&bench.worker(script), PATIENCE).err().expect("refused");
        assert_eq!(fault.code, FaultCode::WorkerEnded, "{script}");
        assert!(!format!("{fault:?}").contains("abab"), "{fault:?}");
    }
    let absent = run(&BackupProcess::of("/does/not/exist"), PATIENCE).err().expect("refused");
    assert_eq!(absent.code, FaultCode::WorkerEnded);
}

#[test]
fn a_deadline_and_an_order_to_stop_end_it_with_its_children() {
    let bench = Bench::new();
    let note = bench.folder.path().join("pid");
    let worker = bench.worker(&format!("sleep 1000 & echo $! > {}; sleep 1000", note.display()));
    let late = run(&worker, Duration::from_millis(300)).err().expect("late");
    assert_eq!(late.code, FaultCode::WorkerLate);
    let asked = AtomicU32::new(0);
    let stop = || asked.fetch_add(1, Ordering::SeqCst) > 2;
    let stopped = worker.run(&request(), PATIENCE, &stop, &mut |_, _| {}).err().expect("stopped");
    assert_eq!(stopped.code, FaultCode::WorkerStopped);
    if let Some(pid) = std::fs::read_to_string(&note).ok().and_then(|text| text.trim().parse::<u32>().ok()) {
        let state = || std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
        let until = SystemClock.monotonic() + PATIENCE;
        while !state().is_empty() && !state().contains(") Z") {
            assert!(SystemClock.monotonic() < until, "the child of the worker lives on");
            thread::yield_now();
        }
    }
}
