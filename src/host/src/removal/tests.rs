//! A whole uninstallation of a host in a folder: what was there before stays to the last byte.

use std::collections::BTreeMap;
use std::os::unix::fs::symlink;
use std::sync::Mutex;
use std::time::Duration;

use bridle_core::port::sim::SimClock;
use bridle_core::port::{Command, CommandError, CommandOutput, Quiet};

use super::*;
use crate::files;
use crate::units;

/// A host on which no program is installed.
pub(super) struct Nothing;

impl Process for Nothing {
    fn run(&self, command: &Command, _stop: &dyn Fn() -> bool) -> Result<CommandOutput, CommandError> {
        let source = std::io::Error::from(std::io::ErrorKind::NotFound);
        Err(CommandError::Start { program: command.program.clone(), source })
    }
}

/// systemctl and groupdel, which remember what they were asked.
#[derive(Default)]
struct Programs(Mutex<Vec<String>>);

impl Process for Programs {
    fn run(&self, command: &Command, stop: &dyn Fn() -> bool) -> Result<CommandOutput, CommandError> {
        let name = command.program.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if !["systemctl", "groupdel"].contains(&name.as_str()) {
            return Nothing.run(command, stop);
        }
        let mut ran = self.0.lock().expect("lock");
        ran.push(format!("{name} {}", command.args.join(" ")));
        let enabled = ran.contains(&format!("systemctl enable {}", units::REMOVAL));
        let state = if enabled { "enabled" } else { "" };
        let stdout = format!("ActiveState=inactive\nUnitFileState={state}\nNRestarts=0\n").into_bytes();
        Ok(CommandOutput { code: 0, stdout, stderr: Vec::new() })
    }
}

struct TestHost {
    dir: tempfile::TempDir,
    layout: Layout,
    programs: Arc<Programs>,
    removal: Removal,
}

impl TestHost {
    /// A host with things of its administrator, before the first installation.
    fn new() -> Self {
        let dir = tempfile::tempdir().expect("dir");
        let layout = Layout::under(dir.path());
        let programs = Arc::new(Programs::default());
        let process: Arc<dyn Process> = Arc::clone(&programs) as _;
        let removal = Removal::new(layout.clone(), process, Arc::new(SimClock::default()));
        let host = Self { dir, layout, programs, removal };
        for path in [
            "/etc/rancher/k3s/config.yaml.d/90-site.yaml",
            "/etc/systemd/system/multi-user.target.wants/mine.service",
            "/usr/local/bin/mine",
            "/var/lib/rancher/k3s/agent/etc/containerd/config-v3.toml.d/90-site.toml",
            "/var/lib/bridle/lost+found/x",
            "/var/lib/cni/networks/mine/10.0.0.1",
        ] {
            host.put(path);
        }
        files::make_dirs(&host.layout.at("/usr/bin"), 0o755).expect("folder");
        files::make_dirs(&host.layout.at("/etc/profile.d"), 0o755).expect("folder");
        files::make_dirs(&host.layout.at("/etc/tmpfiles.d"), 0o755).expect("folder");
        files::make_dirs(&host.layout.at("/run"), 0o755).expect("folder");
        files::make_dirs(&host.layout.at("/opt"), 0o755).expect("folder");
        files::make_dirs(&host.layout.at("/var/log"), 0o755).expect("folder");
        host
    }

    fn put(&self, path: &str) {
        let path = self.layout.at(path);
        files::make_dirs(path.parent().expect("parent"), 0o755).expect("folder");
        files::write_atomic(&path, path.to_string_lossy().as_bytes(), 0o644).expect("file");
    }

    /// What an installation and k3s put there.
    fn install(&self) {
        record(&self.layout, &*self.programs).expect("receipt");
        for path in [
            "/etc/bridle/site.toml",
            "/etc/bridle/pki/ca.pem",
            "/etc/bridle/trust/seen.json",
            "/etc/profile.d/bridle.sh",
            "/etc/rancher/k3s/config.yaml",
            "/etc/rancher/node/password",
            "/etc/systemd/system/bridle-agent.service",
            "/etc/systemd/system/bridle-agent.socket",
            "/opt/bridle/trial.json",
            "/opt/bridle/releases/campus-1.0.0/bin/bridle",
            "/run/bridle/agent.lock",
            "/run/k3s/containerd/containerd.sock",
            "/var/lib/bridle/journal/20260101-000000-install.journal",
            "/var/lib/bridle/status.json",
            "/var/lib/bridle/store/blobs/sha256/00",
            "/var/lib/bridle/store/ingest/lock",
            "/var/lib/bridle/volumes/campus/data/base",
            "/var/lib/cni/networks/cbr0/10.42.0.2",
            "/var/lib/cni/results/cbr0-1-eth0",
            "/var/lib/cni/results/cni-loopback-1-lo",
            "/var/lib/kubelet/pods/1/volumes/x",
            "/var/lib/rancher/k3s/server/db/etcd/member",
            "/var/log/pods/campus_x/0.log",
        ] {
            self.put(path);
        }
        for link in [self.layout.current_link(), self.layout.kubernetes_link(), self.layout.launcher_link()] {
            symlink("releases/campus-1.0.0", link).expect("link");
        }
        for (link, target) in [
            (self.layout.bridle_link(), self.layout.program("bridle")),
            (self.layout.local_bin().join("kubectl"), self.layout.k3s()),
        ] {
            symlink(target, link).expect("link");
        }
    }

    /// The steps of the plan, as the engine does them; each must show its effect.
    fn remove(&self, data: Data) {
        let mut quiet = Quiet;
        let mut attempt = Attempt { limit: Duration::from_secs(60), progress: &mut quiet, stop: &|| false };
        let removal = &self.removal;
        removal.clear_node().expect("cleared");
        assert_eq!(removal.node_cleared(), Ok(Standing::Done));
        assert_ne!(removal.kubernetes_removed(), Ok(Standing::Done));
        removal.remove_kubernetes(&mut attempt).expect("removed");
        assert_eq!(removal.kubernetes_removed(), Ok(Standing::Done));
        if data == Data::Delete {
            assert_ne!(removal.volumes_removed(), Ok(Standing::Done));
            removal.remove_volumes(&mut attempt).expect("removed");
            assert_eq!(removal.volumes_removed(), Ok(Standing::Done));
        }
        assert_ne!(removal.store_removed(), Standing::Done);
        removal.remove_store(&mut attempt).expect("removed");
        self.put("/var/lib/bridle/store/ingest/lock"); // an agent that starts makes its folders anew
        assert_eq!(removal.store_removed(), Standing::Done);
        assert_ne!(removal.handed_over(data), Ok(Standing::Done));
        removal.hand_over(data).expect("handed over");
        assert_eq!(removal.handed_over(data), Ok(Standing::Done));
    }

    fn last_act(&self) {
        let process: Arc<dyn Process> = Arc::clone(&self.programs) as _;
        super::last_act(&self.layout, &process, &SimClock::default()).expect("last act");
    }

    /// What the unit's own commands do after the last act.
    fn unit_ends(&self) {
        let unit = self.layout.units_dir().join(units::REMOVAL);
        let text = fs::read_to_string(&unit).expect("unit");
        for line in text.lines().filter_map(|line| line.strip_prefix("ExecStart=")) {
            let words: Vec<&str> = line.split(' ').collect();
            match words[0] {
                "/bin/rm" => words[2..].iter().for_each(|path| {
                    let path = Path::new(path);
                    assert!(path.starts_with(self.dir.path()), "{line}");
                    let _gone = if path.is_dir() { fs::remove_dir_all(path) } else { fs::remove_file(path) };
                }),
                "-/bin/rmdir" => drop(fs::remove_dir(words[1])),
                _ => {}
            }
        }
    }

    /// Path → content, target or mode.
    fn tree(&self) -> BTreeMap<String, String> {
        fn walk(path: &Path, found: &mut BTreeMap<String, String>) {
            use std::os::unix::fs::PermissionsExt as _;
            let metadata = path.symlink_metadata().expect("there");
            let known = if metadata.is_symlink() {
                fs::read_link(path).expect("link").display().to_string()
            } else if metadata.is_dir() {
                fs::read_dir(path).expect("folder").for_each(|entry| walk(&entry.expect("entry").path(), found));
                format!("{:o}", metadata.permissions().mode())
            } else {
                fs::read_to_string(path).expect("file")
            };
            found.insert(path.display().to_string(), known);
        }
        let mut found = BTreeMap::new();
        walk(self.dir.path(), &mut found);
        found
    }
}

#[test]
fn with_its_data_everything_goes_that_was_not_there_before() {
    let host = TestHost::new();
    let before = host.tree();
    host.install();
    let mode = std::os::unix::fs::PermissionsExt::from_mode(0o700);
    fs::set_permissions(host.layout.k3s_data(), mode).expect("as k3s does");
    host.remove(Data::Delete);
    assert!(is_pending(&host.layout));
    host.last_act();
    host.last_act(); // the power went before the unit's next command
    host.unit_ends();
    assert!(!is_pending(&host.layout));
    assert_eq!(host.tree(), before);
    let ran = host.programs.0.lock().expect("lock");
    assert!(ran.contains(&"groupdel bridle".to_owned()), "{ran:?}");
}

#[test]
fn kept_data_stay_with_what_they_need_and_go_later() {
    let host = TestHost::new();
    let before = host.tree();
    host.install();
    host.remove(Data::Keep);
    host.last_act();
    host.unit_ends();
    let after = host.tree();
    let root = host.dir.path().display().to_string();
    let new: Vec<&str> =
        after.keys().filter(|path| !before.contains_key(*path)).map(|path| &path[root.len()..]).collect();
    assert_eq!(
        new,
        [
            "/etc/bridle",
            "/etc/bridle/pki",
            "/etc/bridle/pki/ca.pem",
            "/etc/bridle/site.toml",
            "/etc/bridle/trust",
            "/etc/bridle/trust/seen.json",
            "/var/lib/bridle/receipt.json",
            "/var/lib/bridle/volumes",
            "/var/lib/bridle/volumes/campus",
            "/var/lib/bridle/volumes/campus/data",
            "/var/lib/bridle/volumes/campus/data/base",
        ]
    );
    assert!(before.keys().all(|path| after.contains_key(path)));
    // A second installation keeps the first one's receipt, so a later removal still knows what was there.
    host.install();
    host.remove(Data::Delete);
    host.last_act();
    host.unit_ends();
    assert_eq!(host.tree(), before);
}

#[test]
fn the_power_may_go_between_any_two_of_the_last_commands() {
    let host = TestHost::new();
    let before = host.tree();
    host.install();
    host.remove(Data::Delete);
    host.last_act();
    // What systemd-tmpfiles does at the next boot with what the last act left.
    let rest = fs::read_to_string(host.layout.removal_rest()).expect("rest");
    for line in rest.lines() {
        match line.split_once("! ") {
            Some(("R", path)) => drop(fs::remove_dir_all(path)),
            Some(("r", path)) if Path::new(path).is_dir() => drop(fs::remove_dir(path)),
            Some(("r", path)) => drop(fs::remove_file(path)),
            _ => assert!(line.starts_with('#'), "{line}"),
        }
    }
    assert_eq!(host.tree(), before);
}

#[test]
fn a_host_without_a_receipt_keeps_what_is_not_ours_by_name() {
    let host = TestHost::new();
    host.install();
    fs::remove_file(host.layout.receipt_file()).expect("receipt");
    host.put("/usr/local/bin/helm"); // the administrator's, put there since
    host.remove(Data::Keep);
    host.last_act();
    host.unit_ends();
    assert!(host.layout.local_bin().join("kubectl").symlink_metadata().is_err(), "ours goes");
    for stays in
        ["/usr/local/bin/helm", "/usr/local/bin/mine", "/var/lib/cni/networks/mine/10.0.0.1", "/etc/profile.d", "/run"]
    {
        assert!(host.layout.at(stays).exists(), "{stays}");
    }
    assert!(!host.programs.0.lock().expect("lock").iter().any(|ran| ran.starts_with("groupdel")));
}

#[test]
fn a_damaged_receipt_stops_everything() {
    let host = TestHost::new();
    host.install();
    files::write_atomic(&host.layout.receipt_file(), b"{}", 0o600).expect("damage");
    let before = host.tree();
    let code = |result: Result<(), Fault>| result.expect_err("refused").code;
    let mut quiet = Quiet;
    let mut attempt = Attempt { limit: Duration::from_secs(60), progress: &mut quiet, stop: &|| false };
    assert_eq!(code(host.removal.clear_node()), bridle_core::fault::FaultCode::ReceiptInvalid);
    assert_eq!(code(host.removal.remove_kubernetes(&mut attempt)), bridle_core::fault::FaultCode::ReceiptInvalid);
    assert_eq!(host.tree(), before);
}

#[test]
fn the_lists_name_what_is_there() {
    use bridle_core::removal::{Thing, lists};
    let host = TestHost::new();
    host.install();
    let (going, staying) = lists(inventory::items(&host.layout), Data::Keep);
    let volume = staying.iter().find(|item| item.thing == Thing::Volume).expect("volume");
    assert_eq!(volume.name, "campus/data");
    assert!(volume.bytes.is_some_and(|bytes| bytes > 0));
    assert!(staying.iter().any(|item| item.thing == Thing::Secrets));
    for thing in [Thing::Store, Thing::Kubernetes, Thing::Programs, Thing::History, Thing::Running] {
        assert!(going.iter().any(|item| item.thing == thing), "{thing:?}");
    }
    let installed = inventory::installed(&host.layout, false, Data::Keep);
    assert!(installed.is_err(), "a journal that is none is not passed over where data stay");
    let installed = inventory::installed(&host.layout, false, Data::Delete).expect("where they go it is not needed");
    assert!(installed.install.is_none());
    fs::remove_dir_all(host.layout.journal_dir()).expect("journals");
    let installed = inventory::installed(&host.layout, false, Data::Keep).expect("looked");
    assert!(installed.volumes && installed.datastore && installed.install.is_none());
    assert_eq!(
        inventory::names(&host.layout, &installed),
        std::slice::from_ref(&installed.node),
        "the site's profile is none either"
    );
}

#[test]
fn cures_of_the_preflight_are_taken_back() {
    use bridle_core::plan::review::Cure;
    let host = TestHost::new();
    for path in ["/etc/sysctl.d/mine.conf", "/proc/sys/fs/inotify/max_user_instances"] {
        host.put(path);
    }
    let parameter = host.layout.at("/proc/sys/fs/inotify/max_user_instances");
    files::write_atomic(&parameter, b"128\n", 0o644).expect("parameter");
    let before = host.tree();
    let (clock, cure) =
        (SimClock::default(), Cure::SetParameter { name: "fs.inotify.max_user_instances".to_owned(), value: 512 });
    record(&host.layout, &*host.programs).expect("the receipt comes before the first cure");
    crate::cures::Cures::new(&host.layout, &*host.programs, &clock).apply(&cure).expect("cured");
    assert_ne!(host.tree(), before);
    host.install();
    host.remove(Data::Delete);
    host.last_act();
    host.unit_ends();
    assert_eq!(host.tree(), before);
}
