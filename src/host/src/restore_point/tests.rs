//! Restore points of a host in a folder, with a k3s that copies a small database.

use std::fs;
use std::sync::Mutex;

use bridle_core::port::sim::SimClock;
use bridle_core::port::{CommandError, CommandOutput, Quiet};
use sha2::{Digest as _, Sha256};

use super::*;

const POINT: &str = "0002-campus-1.1.0";

/// k3s that writes these bytes as its copy, or fails.
struct K3s(Mutex<Option<Vec<u8>>>);

impl Process for K3s {
    fn run(&self, command: &Command, _stop: &dyn Fn() -> bool) -> Result<CommandOutput, CommandError> {
        assert!(command.program.ends_with("opt/bridle/kubernetes/bin/k3s"));
        let words: Vec<&str> = command.args.iter().map(String::as_str).collect();
        let ["etcd-snapshot", "save", "--name", name, "--dir", dir] = words[..] else { panic!("{words:?}") };
        match &*self.0.lock().expect("lock") {
            Some(bytes) => {
                let path = Path::new(dir).join(format!("{name}-n1-1795000000"));
                files::write_atomic(&path, bytes, 0o600).expect("copy");
                Ok(CommandOutput::default())
            }
            None => Ok(CommandOutput { code: 1, stderr: b"etcd is not running".to_vec(), ..CommandOutput::default() }),
        }
    }
}

fn database() -> Vec<u8> {
    let mut bytes = vec![7; 4096];
    let digest = Sha256::digest(&bytes);
    bytes.extend(digest);
    bytes
}

struct TestHost {
    dir: tempfile::TempDir,
    layout: Layout,
    k3s: K3s,
    clock: SimClock,
}

/// k3s as it comes up after a power cut: it refuses so many times, the last time in the middle of a copy.
struct ComingUp {
    k3s: K3s,
    refusals: Mutex<u32>,
}

impl Process for ComingUp {
    fn run(&self, command: &Command, stop: &dyn Fn() -> bool) -> Result<CommandOutput, CommandError> {
        let mut left = self.refusals.lock().expect("lock");
        if *left == 0 {
            return self.k3s.run(command, stop);
        }
        *left -= 1;
        if *left == 0 {
            let dir = command.args.last().expect("a folder");
            files::write_atomic(&Path::new(dir).join(format!("{POINT}-n1-1")), b"half", 0o600).expect("half a copy");
        }
        Ok(CommandOutput { code: 1, stderr: b"no answer".to_vec(), ..CommandOutput::default() })
    }
}

impl TestHost {
    fn new() -> Self {
        let dir = tempfile::tempdir().expect("dir");
        let layout = Layout::under(dir.path());
        let host = Self { dir, layout, k3s: K3s(Mutex::new(Some(database()))), clock: SimClock::default() };
        for path in [
            "etc/bridle/site.toml",
            "etc/rancher/k3s/config.yaml",
            "etc/rancher/k3s/config.yaml.d/90-site.yaml",
            "etc/rancher/k3s/registries.yaml",
            "etc/systemd/system/bridle-agent.service",
            "etc/systemd/system/k3s.service",
            "var/lib/bridle/store/releases/campus-1.0.0.json",
            "var/lib/bridle/store/releases/campus-1.0.0.index.json",
            "var/lib/rancher/k3s/agent/etc/containerd/config-v3.toml.d/50-bridle.toml",
            "var/lib/rancher/k3s/server/cred/passwd",
            "var/lib/rancher/k3s/server/tls/etcd/ca.crt",
            "var/lib/rancher/k3s/server/token",
        ] {
            host.put(path, path);
        }
        host
    }

    fn put(&self, path: &str, text: &str) {
        let path = self.dir.path().join(path);
        files::make_dirs(path.parent().expect("parent"), 0o755).expect("folder");
        files::write_atomic(&path, text.as_bytes(), 0o644).expect("file");
    }

    fn points(&self) -> RestorePoints<'_> {
        RestorePoints::new(&self.layout, &self.k3s, &self.clock)
    }

    fn make(&self, wanted: &RestorePoint) -> Result<(), Fault> {
        let mut quiet = Quiet;
        let mut attempt = Attempt { limit: Duration::from_secs(60), progress: &mut quiet, stop: &|| false };
        self.points().make(wanted, &mut attempt)
    }

    fn folder(&self) -> PathBuf {
        self.layout.restore_points_dir().join(POINT)
    }

    fn done(&self) -> bool {
        self.points().standing(&wanted()).expect("told") == Standing::Done
    }
}

fn wanted() -> RestorePoint {
    RestorePoint { point: POINT.to_owned(), release: "campus-1.0.0".to_owned(), revision: 3 }
}

#[test]
fn k3s_gets_time_to_come_up_but_not_for_ever() {
    let host = TestHost::new();
    let make = |refusals: u32| {
        let process = ComingUp { k3s: K3s(Mutex::new(Some(database()))), refusals: Mutex::new(refusals) };
        let points = RestorePoints::new(&host.layout, &process, &host.clock);
        let mut attempt = Attempt { limit: Duration::from_secs(600), progress: &mut Quiet, stop: &|| false };
        let made = points.make(&wanted(), &mut attempt);
        (made, process.refusals.into_inner().expect("lock"))
    };
    let (never, left) = make(1000);
    assert_eq!(never.expect_err("it never comes up").code, FaultCode::ProgramFailed);
    assert_eq!(1000 - left, 37, "at once, and every 5 s for 3 minutes");
    assert!(!host.done());
    assert_eq!(make(4), (Ok(()), 0));
    assert!(host.done());
}

#[test]
fn a_point_holds_everything_and_counts_only_while_it_is_whole() {
    use std::os::unix::fs::PermissionsExt as _;
    let host = TestHost::new();
    assert!(!host.done());
    host.make(&wanted()).expect("made");
    assert!(host.done());
    let record = Record::read(&host.folder().join(RECORD)).expect("read").expect("a record");
    let names: Vec<&str> = record.files.iter().map(|copied| copied.path.as_str()).collect();
    assert_eq!(names.len(), 10, "{names:?}");
    assert_eq!(record.absent, ["etc/rancher/k3s/resolv.conf"]);
    let text = fs::read_to_string(host.folder().join(RECORD)).expect("record");
    assert!(text.contains("\"pins\": [\n    \"campus-1.0.0\"\n  ]"), "{text}");
    let parts: Vec<(PathBuf, u64)> = record.parts(&host.folder()).map(|(path, copied)| (path, copied.size)).collect();
    for (path, _) in &parts {
        assert_eq!(path.metadata().expect("there").permissions().mode() & 0o777, 0o600, "{}", path.display());
    }
    assert_eq!(host.folder().join(FILES).metadata().expect("there").permissions().mode() & 0o777, 0o700);
    // Any byte of any part.
    for (path, _) in &parts {
        let whole = fs::read(path).expect("read");
        let mut altered = whole.clone();
        altered[0] ^= 1;
        for bytes in [&altered[..], &whole[1..], b""] {
            files::write_atomic(path, bytes, 0o600).expect("damage");
            assert!(!host.done(), "{}", path.display());
        }
        fs::remove_file(path).expect("gone");
        assert!(!host.done(), "{}", path.display());
        files::write_atomic(path, &whole, 0o600).expect("mend");
        assert!(host.done());
    }
    let other = RestorePoint { revision: 4, ..wanted() };
    assert_ne!(host.points().standing(&other), Ok(Standing::Done));
}

#[test]
fn an_attempt_that_was_cut_off_is_replaced_and_what_others_keep_there_stays() {
    let host = TestHost::new();
    let folder = format!("var/lib/bridle/restore-points/{POINT}");
    host.put(&format!("{folder}/datastore/{POINT}-n1-1"), "half");
    host.put(&format!("{folder}/files/etc/old"), "half");
    host.put(&format!("{folder}/data/database.dump"), "data");
    host.put(&format!("{folder}/{RECORD}"), "{\"format\":1");
    host.make(&wanted()).expect("made");
    assert!(host.done());
    assert!(host.folder().join("data/database.dump").exists() && !host.folder().join("files/etc/old").exists());
    // Made again, it is left as it is.
    *host.k3s.0.lock().expect("lock") = None;
    host.make(&wanted()).expect("nothing to do");
}

#[test]
fn without_a_proven_copy_of_the_datastore_there_is_no_point() {
    let code = |host: &TestHost| host.make(&wanted()).expect_err("refused").code;
    let host = TestHost::new();
    *host.k3s.0.lock().expect("lock") = None;
    assert_eq!(code(&host), FaultCode::ProgramFailed);
    let mut torn = database();
    torn[100] ^= 1;
    for bytes in [Vec::new(), vec![0; 4096], vec![0; 4096 + 32], database()[..2048].to_vec(), torn] {
        *host.k3s.0.lock().expect("lock") = Some(bytes);
        assert_eq!(code(&host), FaultCode::RestorePointUnproven);
        assert!(!host.done() && !host.folder().join(RECORD).exists());
    }
}

#[test]
fn the_configuration_of_kubernetes_goes_back_byte_by_byte() {
    let host = TestHost::new();
    host.make(&wanted()).expect("made");
    assert_eq!(host.points().returned(POINT), Ok(None));
    host.put("etc/rancher/k3s/config.yaml", "emulated");
    host.put("etc/rancher/k3s/resolv.conf", "new");
    host.put("etc/bridle/site.toml", "new");
    fs::remove_file(host.layout.units_dir().join(units::K3S)).expect("gone");
    assert!(host.points().returned(POINT).expect("told").is_some());
    host.points().put_back(POINT).expect("back");
    host.points().put_back(POINT).expect("again");
    assert_eq!(host.points().returned(POINT), Ok(None));
    let text = |path: PathBuf| fs::read_to_string(path).expect("read");
    assert_eq!(text(host.layout.k3s_config()), "etc/rancher/k3s/config.yaml");
    assert!(!host.layout.k3s_resolver().exists(), "it was not there");
    assert_eq!(text(host.layout.site_file()), "new", "the profile is another step's");
}

#[test]
fn from_a_damaged_point_nothing_is_put_back() {
    let host = TestHost::new();
    host.make(&wanted()).expect("made");
    host.put("etc/rancher/k3s/config.yaml", "emulated");
    let kept = host.folder().join(FILES).join("etc/systemd/system/k3s.service");
    files::write_atomic(&kept, b"other", 0o600).expect("damage");
    let code = |result: Result<(), Fault>| result.expect_err("refused").code;
    assert_eq!(code(host.points().put_back(POINT)), FaultCode::RestorePointDamaged);
    assert_eq!(fs::read_to_string(host.layout.k3s_config()).expect("read"), "emulated");
    for name in ["absent", "../../etc", ""] {
        assert_eq!(code(host.points().put_back(name)), FaultCode::RestorePointDamaged, "{name}");
    }
}

#[test]
fn points_that_nobody_needs_go() {
    let host = TestHost::new();
    host.points().prune(&[]).expect("no folder yet");
    host.make(&wanted()).expect("made");
    host.make(&RestorePoint { point: "0003-x".to_owned(), ..wanted() }).expect("made");
    host.points().prune(&["0003-x".to_owned()]).expect("pruned");
    assert_eq!(host.points().list(), Ok(vec!["0003-x".to_owned()]));
}

#[test]
fn the_first_format_still_parses() {
    let text = include_str!("../../tests/fixtures/restore-point-v1.json");
    let record = Record::parse(text).expect("fixture parses");
    assert_eq!((record.release.as_str(), record.revision, record.files.len()), ("campus-1.0.0", 3, 2));
    assert_eq!(Record::parse(&record.text()), Some(record));
    for (from, to) in
        [("\"format\": 1", "\"format\": 2"), ("etc/rancher/k3s/config.yaml", "../x"), ("etc/rancher", "/etc/rancher")]
    {
        assert_eq!(Record::parse(&text.replacen(from, to, 1)), None, "{to}");
    }
}
