//! A machine in a folder: the real agent runs over it in a thread and ends with the test's process, and the real program talks
//! to that agent.
#![allow(dead_code, reason = "each test program uses a part of it")]

use std::fs;
use std::net::TcpListener;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::Mutex;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use bridle_agent::sample::key;
use bridle_agent::{AgentOptions, World};
use bridle_core::port::{Clock, Timestamp};
use serde::de::DeserializeOwned;

const LIMIT: Duration = Duration::from_secs(60);
/// The agent looks again after so long at the most, however patient it would be.
const NAP: Duration = Duration::from_millis(5);

/// The folder, which trusts the sample's key.
pub struct Machine {
    folder: tempfile::TempDir,
}

impl Machine {
    pub fn new() -> Self {
        let machine = Self { folder: tempfile::tempdir().expect("folder") };
        for dir in ["etc/bridle/trust", "var/lib/bridle/journal", "run/bridle"] {
            fs::create_dir_all(machine.at(dir)).expect("folder");
        }
        fs::write(machine.at("etc/bridle/trust/sample.pub"), key().public().expect("key").to_text()).expect("write");
        machine
    }

    /// Starts the agent over `world` and waits until it answers.
    pub fn serve(&self, world: World) {
        let registry_port = TcpListener::bind("127.0.0.1:0").expect("bind").local_addr().expect("address").port();
        let options = AgentOptions { root: self.folder.path().to_owned(), registry_port };
        let program = Path::new(env!("CARGO_BIN_EXE_bridle"));
        std::thread::spawn(move || bridle_agent::run_over_with(&options, world, program).expect("agent"));
        wait("the agent", || UnixStream::connect(self.socket()).is_ok());
    }

    pub fn root(&self) -> &Path {
        self.folder.path()
    }

    pub fn at(&self, path: &str) -> PathBuf {
        self.folder.path().join(path)
    }

    pub fn socket(&self) -> PathBuf {
        self.at("run/bridle/agent.sock")
    }

    /// A file with this content; its path.
    pub fn file(&self, name: &str, content: impl AsRef<[u8]>) -> String {
        let path = self.at(name);
        fs::write(&path, content).expect("write");
        path.display().to_string()
    }

    pub fn command(&self, line: &str) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_bridle"));
        command.args(line.split_whitespace()).arg("--socket").arg(self.socket());
        command.env_clear().env("LANG", "C.UTF-8").stdin(Stdio::null());
        command
    }

    pub fn run(&self, line: &str) -> Output {
        self.command(line).output().expect("runs")
    }

    /// What a command prints on standard output, and on standard error; it must end with this code.
    pub fn ends(&self, line: &str, exit: i32) -> (String, String) {
        ended(&self.run(line), line, exit)
    }

    /// Data of a command that must succeed.
    pub fn json<T: DeserializeOwned>(&self, line: &str) -> T {
        serde_json::from_str(&self.ends(&format!("{line} --json"), 0).0).expect("one JSON object")
    }

    /// A command that must end with this code and fault; what it says.
    pub fn refused(&self, line: &str, exit: i32, code: &str) -> String {
        let (_, told) = self.ends(line, exit);
        assert!(told.contains(code), "{line}: {told}");
        told
    }
}

/// The machine's clock, some days on; nobody waits long on it.
pub struct Shifted {
    pub days: Mutex<u64>,
    begin: Instant,
}

impl Shifted {
    pub fn new() -> Self {
        Self { days: Mutex::new(0), begin: Instant::now() }
    }
}

impl Clock for Shifted {
    fn now(&self) -> Timestamp {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970");
        let days = *self.days.lock().expect("lock");
        Timestamp(u64::try_from(since.as_millis()).expect("fits") + days * 24 * 3600 * 1000)
    }

    fn monotonic(&self) -> Duration {
        self.begin.elapsed()
    }

    fn sleep(&self, duration: Duration) {
        std::thread::sleep(duration.min(NAP));
    }
}

pub fn ended(output: &Output, line: &str, exit: i32) -> (String, String) {
    let (out, err) = (text(&output.stdout), text(&output.stderr));
    assert_eq!(output.status.code(), Some(exit), "{line}:\n{out}\n{err}");
    (out, err)
}

pub fn wait(what: &str, ready: impl Fn() -> bool) {
    let begin = Instant::now();
    while !ready() {
        assert!(begin.elapsed() < LIMIT, "{what} did not come within {LIMIT:?}");
        std::thread::yield_now();
    }
}

pub fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).expect("text")
}
