//! `bridle config` against the real agent over a simulated machine: what is printed, how it ends, and what is on disk.
#![allow(clippy::disallowed_methods, reason = "the program under test is run as a person would run it")]

use std::fs;
use std::io::Write as _;
use std::net::TcpListener;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use bridle_agent::sample::{Sample, key};
use bridle_agent::{AgentOptions, simulated};
use bridle_core::configuration::secret::SecretsView;
use bridle_core::configuration::view::{DraftView, HistoryView};
use bridle_core::event::{Event, EventKind};
use bridle_core::journal;
use bridle_core::plan::install::{Place, plan};
use bridle_core::port::{Clock, Timestamp};
use bridle_core::site::Site;
use bridle_core::status::StatusView;

const LIMIT: Duration = Duration::from_secs(60);
const SITE: &str = "# Ours.\nformat = 1\nname = \"demo\" # short\nhost = \"campus.internal\"\nlanguage = \"en\"\n";
const CANARY: &str = "canary-51c0de";

/// The machine's clock; nobody waits for anything on it.
struct Machine(Instant);

impl Clock for Machine {
    fn now(&self) -> Timestamp {
        let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).expect("after 1970");
        Timestamp(u64::try_from(since.as_millis()).expect("fits"))
    }

    fn monotonic(&self) -> Duration {
        self.0.elapsed()
    }

    fn sleep(&self, _: Duration) {
        std::thread::yield_now();
    }
}

/// A host on which the sample release is installed; its agent ends with the test's process.
struct Host {
    folder: tempfile::TempDir,
}

impl Host {
    fn start() -> Self {
        let host = Self { folder: tempfile::tempdir().expect("folder") };
        let root = host.folder.path();
        let (trust, journals) = (root.join("etc/bridle/trust"), root.join("var/lib/bridle/journal"));
        for dir in [&trust, &journals, &root.join("run/bridle")] {
            fs::create_dir_all(dir).expect("folder");
        }
        fs::write(trust.join("sample.pub"), key().public().expect("key").to_text()).expect("write");
        fs::write(root.join("etc/bridle/site.toml"), SITE).expect("write");
        let sample = Sample::one();
        host.hand_over(&sample, &journals);
        let world = simulated::world(root, Arc::new(Machine(Instant::now())));
        let registry_port = TcpListener::bind("127.0.0.1:0").expect("bind").local_addr().expect("address").port();
        let options = AgentOptions { root: root.to_owned(), registry_port };
        std::thread::spawn(move || bridle_agent::run_over(&options, world).expect("agent"));
        wait("the agent", || UnixStream::connect(host.socket()).is_ok());
        wait("the installation", || host.json::<StatusView>("status").operation.is_none_or(|one| one.state.is_final()));
        let file = root.join("sample.bundle");
        fs::write(&file, sample.bundle()).expect("write");
        host.ends(&format!("release add {}", file.display()), 0);
        host
    }

    /// The first record of an installation, as an installer leaves it.
    fn hand_over(&self, sample: &Sample, journals: &Path) {
        let place = Place { node: "h1".to_owned(), address: "198.18.0.11".to_owned() };
        let plan = plan(&sample.release, &Site::parse(SITE).expect("sound"), &place).expect("plan");
        let kind = EventKind::Approved { format: journal::FORMAT, by: "root".to_owned(), plan: Box::new(plan) };
        let operation: bridle_core::operation::OperationId = "20261123-044319-install".parse().expect("id");
        let first = Event { seq: 1, operation: operation.clone(), time: Timestamp(1), kind };
        let text = journal::encode(&first, journal::FORMAT);
        fs::write(journals.join(format!("{operation}.journal")), text).expect("write");
    }

    fn socket(&self) -> PathBuf {
        self.folder.path().join("run/bridle/agent.sock")
    }

    fn site(&self) -> String {
        fs::read_to_string(self.folder.path().join("etc/bridle/site.toml")).expect("site")
    }

    fn file(&self, name: &str, text: &str) -> String {
        let path = self.folder.path().join(name);
        fs::write(&path, text).expect("write");
        path.display().to_string()
    }

    fn command(&self, line: &str) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_bridle"));
        command.args(line.split_whitespace()).arg("--socket").arg(self.socket());
        command.env_clear().env("LANG", "C.UTF-8").stdin(Stdio::null());
        command
    }

    /// What a command prints on standard output, and on standard error; it must end with this code.
    fn ends(&self, line: &str, exit: i32) -> (String, String) {
        ended(&self.command(line).output().expect("runs"), line, exit)
    }

    fn json<T: serde::de::DeserializeOwned>(&self, line: &str) -> T {
        serde_json::from_str(&self.ends(&format!("{line} --json"), 0).0).expect("one JSON object")
    }

    /// The same with something on standard input.
    fn given(&self, line: &str, input: &str, exit: i32) -> (String, String) {
        let mut command = self.command(line);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().expect("starts");
        // One that is refused early reads nothing.
        let _ = child.stdin.take().expect("stdin").write_all(input.as_bytes());
        ended(&child.wait_with_output().expect("ends"), line, exit)
    }

    /// Every file below the root that holds `text`.
    fn holding(&self, text: &str) -> Vec<PathBuf> {
        let (mut found, mut dirs) = (Vec::new(), vec![self.folder.path().to_owned()]);
        while let Some(dir) = dirs.pop() {
            for entry in fs::read_dir(&dir).expect("dir").flatten() {
                let path = entry.path();
                if path.is_dir() {
                    dirs.push(path);
                } else if fs::read(&path).is_ok_and(|bytes| bytes.windows(text.len()).any(|one| one == text.as_bytes()))
                {
                    found.push(path);
                }
            }
        }
        found
    }
}

fn ended(output: &Output, line: &str, exit: i32) -> (String, String) {
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).expect("text");
    let (out, err) = (text(&output.stdout), text(&output.stderr));
    assert_eq!(output.status.code(), Some(exit), "{line}:\n{out}\n{err}");
    (out, err)
}

fn wait(what: &str, ready: impl Fn() -> bool) {
    let begin = Instant::now();
    while !ready() {
        assert!(begin.elapsed() < LIMIT, "{what} did not come within {LIMIT:?}");
        std::thread::yield_now();
    }
}

#[test]
fn read_changed_compared_and_put_back() {
    let host = Host::start();
    assert_eq!(host.ends("config get name", 0).0, "demo\n");
    assert_eq!(host.ends("config get", 0).0.trim_end(), SITE.trim_end());
    let (_, absent) = host.ends("config get address --lang fr", 1);
    assert!(absent.contains("address") && absent.contains("pas défini"), "{absent}");
    host.ends("config validate", 0);

    let looked: DraftView = host.json("config set name other --dry-run");
    assert_eq!((looked.changes.len(), looked.findings.len(), looked.plan.is_some()), (1, 0, true));
    assert_eq!(host.site(), SITE, "only looked");
    // Nobody can be asked, so nothing is done.
    let (_, needed) = host.ends("config set name other", 4);
    assert!(needed.contains("BR-1012"), "{needed}");

    for (language, words) in
        [("en", ["WHAT CHANGES", "Nothing changes."]), ("fr", ["CE QUI CHANGE", "Rien ne change."])]
    {
        let (shown, _) = host.ends(&format!("config set name {language} --yes --lang {language}"), 0);
        assert!(shown.contains(words[0]) && shown.contains(&format!("\"{language}\"")), "{shown}");
        let (same, _) = host.ends(&format!("config set name {language} --yes --lang {language}"), 0);
        assert!(same.contains(words[1]), "{same}");
    }
    assert_eq!(host.site(), SITE.replace("\"demo\"", "\"fr\""), "order and comments stay");

    let (diff, _) = host.ends("config diff 1 3", 0);
    assert_eq!(diff, "name: \"demo\" → \"fr\"\n");
    let history: HistoryView = host.json("config history");
    assert_eq!((history.in_force, history.revisions.len()), (Some(3), 3));
    let (list, _) = host.ends("config history --lang fr", 0);
    assert!(list.lines().next().is_some_and(|line| line.contains("en vigueur")), "{list}");

    host.ends("config rollback 1 --yes", 0);
    assert_eq!(host.site(), SITE);
    let (_, unknown) = host.ends("config rollback 99 --yes --lang en", 1);
    assert!(unknown.contains("BR-1232") && unknown.contains("99"), "{unknown}");
}

#[test]
fn what_is_wrong_is_told_with_its_place_and_changes_nothing() {
    let host = Host::start();
    let wrong = host.file("wrong.toml", &SITE.replace("host =", "hots ="));
    for (language, words) in [("en", "Line 4"), ("fr", "Ligne 4")] {
        let (findings, _) = host.ends(&format!("config validate {wrong} --lang {language}"), 2);
        assert!(findings.contains(words) && findings.contains("hots"), "{findings}");
    }
    let (_, refused) = host.ends("config set host UPPER --yes", 2);
    assert!(refused.contains("BR-1230"), "{refused}");
    let (_, key) = host.ends("config set a..b 1 --yes", 2);
    assert!(key.contains("BR-1231"), "{key}");
    let (findings, _) = host.given("config validate -", "format = [", 2);
    assert!(!findings.is_empty());
    assert_eq!(host.site(), SITE);
    assert_eq!(host.json::<HistoryView>("config history").revisions.len(), 1);
}

#[test]
fn what_was_changed_by_hand_is_seen_compared_and_applied() {
    let host = Host::start();
    let by_hand = SITE.replace("\"demo\"", "\"by-hand\"");
    host.ends("config history", 0);
    fs::write(host.folder.path().join("etc/bridle/site.toml"), &by_hand).expect("write");
    let (shown, told) = host.ends("config get name --lang en", 0);
    assert!(shown == "by-hand\n" && told.contains("bridle config apply"), "{told}");
    assert_eq!(host.ends("config diff", 0).0, "name: \"demo\" → \"by-hand\"\n");
    host.ends("config apply --yes", 0);
    assert_eq!(host.ends("config get name", 0), ("by-hand\n".to_owned(), String::new()));
}

#[test]
fn a_password_comes_from_a_file_or_a_pipe_and_is_shown_nowhere() {
    let host = Host::start();
    let mut told = Vec::new();
    let mut tell = |(out, err): (String, String)| told.extend([out, err]);
    let (_, unneeded) = host.given("config secret set smtp-password --yes --lang fr", CANARY, 2);
    assert!(unneeded.contains("BR-1242") && unneeded.contains("services.smtp.user"), "{unneeded}");
    let (_, unknown) = host.given("config secret set root --yes", CANARY, 2);
    assert!(unknown.contains("BR-1239"), "{unknown}");
    // Never from the command line.
    host.ends(&format!("config secret set smtp-password {CANARY}"), 2);

    let sheet =
        format!("{SITE}[services.smtp]\nhost = \"mail.internal\"\nfrom = \"a@b.internal\"\nuser = \"platform\"\n");
    let (warned, _) = host.ends(&format!("config apply {} --yes --lang en", host.file("sheet.toml", &sheet)), 0);
    assert!(warned.contains("bridle config secret set smtp-password"), "{warned}");
    let set = |view: SecretsView| view.secrets.iter().map(|one| (one.needed, one.set.is_some())).collect::<Vec<_>>();
    assert_eq!(set(host.json("config secret list")), [(true, false), (false, false)]);

    for text in ["", "two\nlines\n"] {
        let (_, refused) = host.given("config secret set smtp-password --yes", text, 2);
        assert!(refused.contains("BR-1240"), "{refused}");
    }
    let (_, asked) = host.given("config secret set smtp-password", CANARY, 4);
    assert!(asked.contains("BR-1012"), "{asked}");
    tell(host.given("config secret set smtp-password --yes --lang en", &format!("{CANARY}\n"), 0));
    assert_eq!(set(host.json("config secret list")), [(true, true), (false, false)]);
    let file = host.file("password", &format!("{CANARY}-file"));
    tell(host.ends(&format!("config secret set smtp-password --file {file} --yes --json"), 0));
    fs::remove_file(file).expect("removed");
    for line in [
        "config secret list --lang fr",
        "config get",
        "config history --json",
        "operation list --json",
        "operation show",
    ] {
        tell(host.ends(line, 0));
    }
    assert!(told.iter().all(|text| !text.contains(CANARY)), "{told:?}");
    assert!(told.iter().any(|text| text.contains("nécessaire")), "{told:?}");
    let hex: String = CANARY.bytes().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!((host.holding(CANARY), host.holding(&hex)), (Vec::new(), Vec::new()));
    assert!(!host.holding("smtp-password").is_empty(), "the search finds what there is");

    host.ends("config secret unset smtp-password --yes", 0);
    assert_eq!(set(host.json("config secret list")), [(true, false), (false, false)]);
    let (nothing, _) = host.ends("config secret unset smtp-password --yes --lang en", 0);
    assert!(nothing.contains("Nothing changes."), "{nothing}");
}
