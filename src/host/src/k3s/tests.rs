//! Switching and going back on a host in a folder, with a systemd that starts what link and settings say at that moment.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::time::Duration;

use bridle_core::port::sim::SimClock;
use bridle_core::port::{Command, CommandError, CommandOutput, Quiet};
use bridle_core::step::{DatastoreRestore, KubernetesSwitch, RestorePoint};
use sha2::{Digest as _, Sha256};

use super::*;
use crate::programs;
use crate::restore_point::RestorePoints;

const OLD: (&str, &str) = ("campus-1.0.0", "1.35.4");
const NEW: (&str, &str) = ("campus-1.1.0", "1.36.3");
const POINT: &str = "0002-upgrade";

/// What runs: version and what it emulates.
type Running = (String, String);

struct Programs {
    layout: Layout,
    /// Every life of the service, and the one that runs.
    lives: Mutex<Vec<Running>>,
    /// What systemd and kubectl refuse.
    broken: Mutex<bool>,
    /// Whether k3s does not take a snapshot.
    refuses: Mutex<bool>,
    /// Whether the unit is enabled and runs.
    on: Mutex<bool>,
    /// What was called, but for questions.
    called: Mutex<Vec<String>>,
}

impl Programs {
    fn start(&self) {
        let versions = BTreeMap::from([OLD, NEW]);
        let release = programs::pointed(&self.layout.kubernetes_link()).expect("a link");
        let version = versions[release.as_str()];
        let config = std::fs::read_to_string(self.layout.k3s_config()).expect("settings");
        let text = config.split_once('\n').expect("a comment and JSON").1;
        let config: serde_json::Value = serde_json::from_str(text).expect("JSON");
        let emulated = |part: &str| config.get(format!("{part}-arg")).map(|words| words[0].clone());
        let words = ["kube-apiserver", "kube-controller-manager", "kube-scheduler"].map(emulated);
        assert!(words.iter().all(|word| *word == words[0]), "all three or none: {words:?}");
        let own = version.rsplit_once('.').expect("three numbers").0.to_owned();
        let emulated = match &words[0] {
            Some(word) => {
                word.as_str().and_then(|word| word.strip_prefix("emulated-version=")).expect("a word").to_owned()
            }
            None => own,
        };
        self.lives.lock().expect("lock").push((version.to_owned(), emulated));
    }

    fn running(&self) -> Running {
        self.lives.lock().expect("lock").last().cloned().expect("runs")
    }
}

impl Process for Programs {
    fn run(&self, command: &Command, _stop: &dyn Fn() -> bool) -> Result<CommandOutput, CommandError> {
        let words: Vec<&str> = command.args.iter().map(String::as_str).collect();
        let broken = *self.broken.lock().expect("lock");
        if !matches!(words[..], ["show" | "kubectl", ..]) {
            self.called.lock().expect("lock").push(words.join(" "));
        }
        let stdout = match words[..] {
            ["show", ..] => {
                let lives = self.lives.lock().expect("lock").len();
                let (active, enabled) = match (broken, *self.on.lock().expect("lock")) {
                    (true, _) => ("failed", "enabled"),
                    (false, true) => ("active", "enabled"),
                    (false, false) => ("inactive", "disabled"),
                };
                format!("ActiveState={active}\nUnitFileState={enabled}\nNRestarts=0\nInvocationID={lives}\n")
            }
            ["disable", "--now", _] => {
                *self.on.lock().expect("lock") = false;
                String::new()
            }
            ["server", "--cluster-reset", path] => {
                assert!(!*self.on.lock().expect("lock"), "nothing else may use the database meanwhile");
                let path = path.strip_prefix("--cluster-reset-restore-path=").expect("a path");
                assert!(Path::new(path).is_file(), "{path}");
                let flag = self.layout.k3s_data().join("server/db/reset-flag");
                assert!(!flag.exists(), "k3s may not take the mark of an earlier reset for its own");
                if *self.refuses.lock().expect("lock") {
                    return Ok(CommandOutput { code: 1, stdout: Vec::new(), stderr: b"k3s says no".to_vec() });
                }
                files::make_dirs(flag.parent().expect("folder"), 0o700).expect("folder");
                files::write_atomic(&flag, b"", 0o600).expect("mark");
                String::new()
            }
            ["restart", ..] => {
                self.start();
                String::new()
            }
            ["daemon-reload"] | ["reset-failed" | "enable", _] => String::new(),
            ["kubectl", _, "get", "--raw=/readyz"] => "ok".to_owned(),
            ["kubectl", _, "get", "--raw=/version"] => {
                let (version, emulated) = self.running();
                let minor = |text: &str| text.split('.').nth(1).expect("a minor").to_owned();
                format!(
                    r#"{{"major":"1","minor":"{}","emulationMajor":"1","emulationMinor":"{}","gitVersion":"v{version}+k3s1"}}"#,
                    minor(&version),
                    minor(&emulated)
                )
            }
            ["etcd-snapshot", "save", "--name", name, "--dir", dir] => {
                let mut bytes = vec![1; 512];
                let digest = Sha256::digest(&bytes);
                bytes.extend(digest);
                files::write_atomic(&Path::new(dir).join(format!("{name}-n1-1")), &bytes, 0o600).expect("copy");
                String::new()
            }
            _ if command.program.ends_with("journalctl") => "k3s says why".to_owned(),
            _ => panic!("{command:?}"),
        };
        Ok(CommandOutput { code: 0, stdout: stdout.into_bytes(), stderr: Vec::new() })
    }
}

struct TestHost {
    _dir: tempfile::TempDir,
    layout: Layout,
    programs: Arc<Programs>,
    clock: Arc<SimClock>,
    k3s: K3s,
}

impl TestHost {
    /// A host on which the old release runs, with a restore point of it.
    fn new() -> Self {
        let dir = tempfile::tempdir().expect("dir");
        let layout = Layout::under(dir.path());
        let programs = Programs {
            layout: layout.clone(),
            lives: Mutex::default(),
            broken: Mutex::new(false),
            refuses: Mutex::new(false),
            on: Mutex::new(true),
            called: Mutex::default(),
        };
        let (programs, clock) = (Arc::new(programs), Arc::new(SimClock::default()));
        let k3s = K3s::new(layout.clone(), Arc::clone(&programs) as _, Arc::clone(&clock) as _);
        let host = Self { _dir: dir, layout, programs, clock, k3s };
        for (id, _) in [OLD, NEW] {
            files::make_dirs(&host.layout.programs_dir(id), 0o755).expect("programs");
        }
        programs::point(&host.layout, &host.layout.kubernetes_link(), OLD.0).expect("link");
        host.k3s.configure(&settings(OLD.0, None)).expect("configured");
        host.programs.start();
        let wanted = RestorePoint { point: POINT.to_owned(), release: OLD.0.to_owned(), revision: 1 };
        let points = RestorePoints::new(&host.layout, &*host.programs, &*host.clock);
        host.attempt(|attempt| points.make(&wanted, attempt)).expect("restore point");
        host
    }

    fn attempt<T>(&self, act: impl FnOnce(&mut Attempt<'_>) -> T) -> T {
        let mut quiet = Quiet;
        act(&mut Attempt { limit: Duration::from_secs(60), progress: &mut quiet, stop: &|| false })
    }

    fn switch(&self, to: &KubernetesSwitch) -> Result<(), Fault> {
        self.attempt(|attempt| self.k3s.switch(to, attempt))
    }

    fn back(&self) -> Result<(), Fault> {
        self.attempt(|attempt| self.k3s.put_back(POINT, OLD.0, OLD.1, attempt))
    }

    fn is_new(&self, to: &KubernetesSwitch) -> bool {
        self.k3s.switched(to).expect("told") == Standing::Done
    }

    fn is_old(&self) -> bool {
        self.k3s.returned(POINT, OLD.0, OLD.1).expect("told") == Standing::Done
    }

    fn lives(&self) -> usize {
        self.programs.lives.lock().expect("lock").len()
    }
}

fn settings(release: &str, emulated: Option<&str>) -> KubernetesSettings {
    KubernetesSettings {
        node: "n1".to_owned(),
        address: "192.0.2.10".to_owned(),
        tls_san: vec!["campus.example".to_owned()],
        cluster_cidr: "10.42.0.0/16".to_owned(),
        service_cidr: "10.43.0.0/16".to_owned(),
        cluster_dns: "10.43.0.10".to_owned(),
        pause: "bridle.internal/pause:3.10".to_owned(),
        release: release.to_owned(),
        registry_port: 5070,
        emulated: emulated.map(str::to_owned),
    }
}

fn to_new(emulated: Option<&str>) -> KubernetesSwitch {
    KubernetesSwitch { settings: settings(NEW.0, emulated), version: NEW.1.to_owned() }
}

fn as_told(version: &str, emulated: &str) -> Running {
    (version.to_owned(), emulated.to_owned())
}

#[test]
fn there_under_emulation_and_then_as_itself() {
    let host = TestHost::new();
    assert!(host.is_old() && !host.is_new(&to_new(Some("1.35"))));
    host.switch(&to_new(Some("1.35"))).expect("switched");
    assert_eq!(host.programs.running(), as_told("1.36.3", "1.35"));
    assert!(host.is_new(&to_new(Some("1.35"))) && !host.is_new(&to_new(None)) && !host.is_old());
    host.switch(&to_new(None)).expect("committed");
    assert_eq!(host.programs.running(), as_told("1.36.3", "1.36"));
    assert!(host.is_new(&to_new(None)) && !host.is_new(&to_new(Some("1.35"))));
}

#[test]
fn settings_that_hold_only_after_a_restart_are_not_done_before_it() {
    let host = TestHost::new();
    host.switch(&to_new(Some("1.35"))).expect("switched");
    host.k3s.configure(&settings(NEW.0, None)).expect("configured");
    assert!(!host.is_new(&to_new(None)), "what runs still emulates");
    let lives = host.lives();
    host.switch(&to_new(None)).expect("switched");
    host.switch(&to_new(None)).expect("again");
    assert_eq!(host.lives(), lives + 2, "never without a restart");
}

#[test]
fn back_to_the_last_byte() {
    let host = TestHost::new();
    let before = std::fs::read(host.layout.k3s_config()).expect("read");
    host.switch(&to_new(Some("1.35"))).expect("switched");
    host.back().expect("back");
    assert!(host.is_old());
    assert_eq!(host.programs.running(), as_told("1.35.4", "1.35"));
    assert_eq!(std::fs::read(host.layout.k3s_config()).expect("read"), before);
    host.back().expect("again");
}

/// Wherever the power goes, what the boot starts can still go back, and the step can be applied again.
#[test]
fn a_boot_between_two_writes_never_starts_the_later_minor_as_itself() {
    let link = |host: &TestHost, id| programs::point(&host.layout, &host.layout.kubernetes_link(), id).expect("link");
    let allowed = [as_told("1.35.4", "1.35"), as_told("1.36.3", "1.35")];
    // There: settings, then the link.
    let host = TestHost::new();
    host.k3s.configure(&to_new(Some("1.35")).settings).expect("settings");
    host.programs.start();
    assert!(allowed.contains(&host.programs.running()));
    assert!(!host.is_new(&to_new(Some("1.35"))));
    host.switch(&to_new(Some("1.35"))).expect("again");
    assert!(host.is_new(&to_new(Some("1.35"))));
    // Back: the link, then the settings.
    link(&host, OLD.0);
    host.programs.start();
    assert!(allowed.contains(&host.programs.running()) && !host.is_old());
    host.back().expect("again");
    assert!(host.is_old());
}

#[test]
fn settings_come_before_the_link_and_the_link_before_what_was_kept() {
    let pointed = |host: &TestHost| programs::pointed(&host.layout.kubernetes_link()).expect("a link");
    let host = TestHost::new();
    std::fs::remove_dir(host.layout.programs_dir(NEW.0)).expect("no link can be made");
    assert!(host.switch(&to_new(Some("1.35"))).is_err());
    assert_eq!(host.k3s.configured(&to_new(Some("1.35")).settings), Ok(Standing::Done));
    assert_eq!(pointed(&host), OLD.0);

    let host = TestHost::new();
    host.switch(&to_new(Some("1.35"))).expect("switched");
    let point = host.layout.restore_points_dir().join(POINT);
    std::fs::remove_dir_all(point.join("files")).expect("nothing can be put back");
    assert!(host.back().is_err());
    assert_eq!(pointed(&host), OLD.0);
    assert_eq!(host.k3s.configured(&to_new(Some("1.35")).settings), Ok(Standing::Done));
}

#[test]
fn one_that_does_not_come_up_is_told_with_its_log() {
    let host = TestHost::new();
    *host.programs.broken.lock().expect("lock") = true;
    let fault = host.switch(&to_new(Some("1.35"))).expect_err("broken");
    assert_eq!(
        (fault.code, fault.causes),
        (bridle_core::fault::FaultCode::KubernetesNotStarted, vec!["k3s says why".to_owned()])
    );
    *host.programs.broken.lock().expect("lock") = false;
    host.back().expect("back");
    assert!(host.is_old());
}

fn restore() -> DatastoreRestore {
    let settings = settings(OLD.0, Some("1.35"));
    DatastoreRestore { point: POINT.to_owned(), switch: KubernetesSwitch { settings, version: OLD.1.to_owned() } }
}

impl TestHost {
    fn restore(&self) -> Result<(), Fault> {
        self.attempt(|attempt| self.k3s.restore(&restore(), attempt))
    }

    fn is_restored(&self) -> bool {
        self.k3s.restored(&restore()).expect("told") == Standing::Done
    }

    fn in_k3s(&self, path: &str) -> std::path::PathBuf {
        self.layout.k3s_data().join(path)
    }
}

#[test]
fn a_database_is_put_back_while_nothing_runs_and_counts_until_the_next_start() {
    let host = TestHost::new();
    host.switch(&to_new(Some("1.35"))).expect("an upgrade that was begun");
    assert!(!host.is_restored());
    host.restore().expect("restored");
    assert!(host.is_restored());
    assert_eq!(programs::pointed(&host.layout.kubernetes_link()).as_deref(), Some(OLD.0), "the right program");
    let called = host.programs.called.lock().expect("lock").clone();
    let place = |word: &str| called.iter().position(|call| call.starts_with(word)).expect(word);
    assert!(place("disable") < place("server --cluster-reset"), "{called:?}");
    // The start takes k3s's mark away: what runs now is no database that was just put back.
    std::fs::remove_file(host.in_k3s("server/db/reset-flag")).expect("started");
    assert!(!host.is_restored());
    host.restore().expect("again");
    assert!(host.is_restored());
}

#[test]
fn an_attempt_that_was_cut_off_or_refused_counts_for_nothing() {
    let host = TestHost::new();
    host.restore().expect("an earlier one, whose mark is still there");
    *host.programs.refuses.lock().expect("lock") = true;
    let fault = host.restore().expect_err("refused");
    assert_eq!(fault.code, bridle_core::fault::FaultCode::DatastoreNotRestored);
    assert!(fault.causes.iter().any(|cause| cause.contains("k3s says no")), "{:?}", fault.causes);
    assert!(!host.is_restored());
    *host.programs.refuses.lock().expect("lock") = false;
    host.restore().expect("tried again");
    assert!(host.is_restored());
}

#[test]
#[expect(clippy::disallowed_methods, reason = "damage need not survive")]
fn a_damaged_point_stops_nothing() {
    let host = TestHost::new();
    let point = host.layout.restore_points_dir().join(POINT).join("datastore");
    let snapshot = std::fs::read_dir(&point).expect("folder").next().expect("a snapshot").expect("entry").path();
    std::fs::write(&snapshot, b"something else").expect("damaged");
    let fault = host.restore().expect_err("damaged");
    assert_eq!(fault.code, bridle_core::fault::FaultCode::RestorePointDamaged);
    assert!(*host.programs.on.lock().expect("lock"), "Kubernetes goes on");
    let points = RestorePoints::new(&host.layout, &*host.programs, &*host.clock).kept().expect("list");
    assert_eq!(points.iter().map(|point| point.whole).collect::<Vec<_>>(), [false]);
}

#[test]
fn what_the_snapshot_is_read_with_comes_back_and_old_databases_do_not_pile_up() {
    let host = TestHost::new();
    let write = |path: &str, text: &str| {
        let path = host.in_k3s(path);
        files::make_dirs(path.parent().expect("folder"), 0o700).expect("folder");
        files::write_atomic(&path, text.as_bytes(), 0o600).expect("written");
    };
    let read = |path: &str| std::fs::read_to_string(host.in_k3s(path)).expect(path);
    write("server/token", "the token");
    write("server/tls/ca.key", "a key");
    write("server/cred/encryption.json", "passwords");
    let wanted = RestorePoint { point: "0003-later".to_owned(), release: OLD.0.to_owned(), revision: 1 };
    let points = RestorePoints::new(&host.layout, &*host.programs, &*host.clock);
    host.attempt(|attempt| points.make(&wanted, attempt)).expect("restore point");
    let told = points.kept().expect("list");
    let told = told.iter().find(|point| point.name == wanted.point).expect("listed");
    assert_eq!((told.kubernetes.as_deref(), told.whole, told.snapshot), (None, true, 544));

    write("server/token", "another one");
    write("server/tls/ca.key", "renewed since");
    std::fs::remove_dir_all(host.in_k3s("server/cred")).expect("lost");
    for number in 1..=9 {
        write(&format!("server/db/etcd-old-{number}/name"), "x");
    }
    let restore = DatastoreRestore { point: wanted.point, ..restore() };
    host.attempt(|attempt| host.k3s.restore(&restore, attempt)).expect("restored");
    assert_eq!(read("server/token"), "the token");
    assert_eq!(read("server/tls/ca.key"), "renewed since");
    assert_eq!(read("server/cred/encryption.json"), "passwords");
    let mut left: Vec<String> = std::fs::read_dir(host.in_k3s("server/db"))
        .expect("folder")
        .map(|entry| entry.expect("entry").file_name().to_string_lossy().into_owned())
        .filter(|name| name.starts_with("etcd-old"))
        .collect();
    left.sort();
    assert_eq!(left, ["etcd-old-1", "etcd-old-7", "etcd-old-8", "etcd-old-9"]);
}
