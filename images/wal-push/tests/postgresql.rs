//! A real PostgreSQL 15 archives its log through the program and is brought back with it. Without the server a test fails: it
//! is one of the packages that the test run installs.
#![allow(clippy::disallowed_methods, reason = "a test runs programs and writes files")]

mod double;

use std::fs;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, chown};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use double::Agent;
use tempfile::TempDir;

/// Where Debian puts the programs.
const PROGRAMS: &str = "/usr/lib/postgresql/15/bin";
/// A server refuses to be root; it runs as nobody then.
const NOBODY: u32 = 65534;
const LIMIT: Duration = Duration::from_secs(180);

/// A folder with a server's data, a spool and a repository; the server that ran last in it ends with this value.
struct Place {
    dir: TempDir,
    data: &'static str,
}

impl Place {
    fn new() -> Self {
        let dir = tempfile::Builder::new().prefix("wal-push-").tempdir_in("/tmp").expect("a folder");
        fs::set_permissions(dir.path(), fs::Permissions::from_mode(0o777)).expect("changed");
        let place = Self { dir, data: "data" };
        for folder in ["tools", "repository", "spool", "spool/out", "spool/ack", "spool/want", "spool/in"] {
            let path = place.path(folder);
            fs::create_dir(&path).expect("a folder");
            fs::set_permissions(&path, fs::Permissions::from_mode(0o777)).expect("changed");
        }
        fs::write(place.path("spool/spool"), bridle_core::backup::wal::spool::MARK_TEXT).expect("written");
        let installed = Command::new(env!("CARGO_BIN_EXE_wal-push")).arg("--install").arg(place.path("tools")).status();
        assert!(installed.expect("runs").success());
        place.run("initdb", &["--username=postgres", "--auth=trust", "--no-sync", "-D", &place.text("data")]);
        place
    }

    fn path(&self, below: &str) -> PathBuf {
        self.dir.path().join(below)
    }

    fn text(&self, below: &str) -> String {
        self.path(below).display().to_string()
    }

    fn command(&self, program: &str) -> Command {
        let mut command = Command::new(Path::new(PROGRAMS).join(program));
        command
            .current_dir("/")
            .env_clear()
            .env("PGHOST", self.dir.path())
            .env("PGUSER", "postgres")
            .stdin(Stdio::null());
        if fs::metadata("/proc/self").expect("there").uid() == 0 {
            command.uid(NOBODY).gid(NOBODY);
        }
        command
    }

    /// Runs a program to its end; files, not pipes, because a server would hold a pipe open.
    fn run(&self, program: &str, arguments: &[&str]) {
        let log = fs::File::create(self.path("program.log")).expect("a file");
        let mut command = self.command(program);
        let ended = command.args(arguments).stdout(log.try_clone().expect("a file")).stderr(log).status();
        let said = || fs::read_to_string(self.path("program.log")).unwrap_or_default();
        assert!(ended.expect("runs").success(), "{program}: {}", said());
    }

    fn start(&self, settings: &str) {
        let program = format!("{}/wal-push --spool {} --deadline", self.text("tools"), self.text("spool"));
        let fixed = format!(
            "listen_addresses=''\nunix_socket_directories='{}'\nfsync=off\nshared_buffers=16MB\narchive_mode=on\n\
             archive_command='{program} 2 push %p %f'\nrestore_command='{program} 20 fetch %f %p'\n",
            self.dir.path().display()
        );
        let path = self.path(self.data).join("postgresql.auto.conf");
        fs::write(&path, format!("{fixed}{settings}")).expect("written");
        chown(&path, Some(NOBODY), Some(NOBODY)).ok();
        let (data, log) = (self.text(self.data), self.text("server.log"));
        fs::write(self.path("server.log"), "").expect("written");
        chown(self.path("server.log"), Some(NOBODY), Some(NOBODY)).ok();
        self.run("pg_ctl", &["start", "--wait", "--timeout=120", "-D", &data, "-l", &log]);
    }

    fn stop(&self, mode: &str) {
        let mode = format!("--mode={mode}");
        self.run("pg_ctl", &["stop", "--wait", &mode, "-D", &self.text(self.data)]);
    }

    fn ask(&self, statement: &str) -> String {
        let mut command = self.command("psql");
        let output = command.args(["-XAtq", "-d", "postgres", "-v", "ON_ERROR_STOP=1", "-c", statement]).output();
        let output = output.expect("runs");
        assert!(output.status.success(), "{statement}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8_lossy(&output.stdout).trim().to_owned()
    }

    fn until(&self, what: &str, statement: &str) {
        let begin = Instant::now();
        while self.ask(statement) != "t" {
            let log = || fs::read_to_string(self.path("server.log")).unwrap_or_default();
            assert!(begin.elapsed() < LIMIT, "{what}: {}", log());
            std::thread::sleep(Duration::from_millis(100));
        }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut command = self.command("pg_ctl");
        let _may_be_stopped = command
            .args(["stop", "--wait", "--mode=immediate", "-D", &self.text(self.data)])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status();
    }
}

#[test]
fn a_server_is_brought_back_to_a_restore_point_out_of_what_was_pushed() {
    let mut place = Place::new();
    let agent = Agent::at(place.dir.path());
    place.start("");
    place.ask("CREATE TABLE enrolment (id int)");
    place.run("pg_basebackup", &["--checkpoint=fast", "--no-sync", "-X", "none", "-D", &place.text("base")]);
    place.ask("INSERT INTO enrolment SELECT generate_series(1, 1000)");
    place.ask("SELECT pg_create_restore_point('before')");
    place.ask("INSERT INTO enrolment SELECT generate_series(1, 500)");
    let last = place.ask("SELECT pg_walfile_name(pg_switch_wal())");
    place.until("the log is pushed", &format!("SELECT last_archived_wal >= '{last}' FROM pg_stat_archiver"));

    // The repository cannot be reached: nothing is lost, the server keeps the log, and its failures can be seen.
    drop(agent);
    place.ask("INSERT INTO enrolment SELECT generate_series(1, 7)");
    let kept = place.ask("SELECT pg_walfile_name(pg_switch_wal())");
    place.until("failures are counted", "SELECT failed_count > 0 FROM pg_stat_archiver");
    assert!(!place.path("repository").join(&kept).exists());
    assert!(place.path("data/pg_wal").join(&kept).exists());
    assert!(place.path(&format!("data/pg_wal/archive_status/{kept}.ready")).exists());
    let agent = Agent::at(place.dir.path());
    place.until("it is pushed after all", &format!("SELECT last_archived_wal >= '{kept}' FROM pg_stat_archiver"));
    place.stop("immediate");

    // To the named point, on a new timeline.
    place.data = "base";
    fs::write(place.path("base/recovery.signal"), "").expect("written");
    place.start("recovery_target_name='before'\nrecovery_target_action='promote'\n");
    place.until("it is promoted", "SELECT NOT pg_is_in_recovery()");
    assert_eq!(place.ask("SELECT count(*) FROM enrolment"), "1000");
    place.until("the new timeline is pushed", "SELECT last_archived_wal = '00000002.history' FROM pg_stat_archiver");
    place.stop("fast");
    drop(agent);
    let history = fs::read(place.path("repository/00000002.history")).expect("pushed");
    let timeline = bridle_core::backup::wal::name::Timeline::new(2).expect("not 0");
    let history = bridle_core::backup::wal::history::History::parse(timeline, &history).expect("a real history");
    assert_eq!(history.switches.len(), 1);
    let labels = fs::read_dir(place.path("repository")).expect("a folder").flatten();
    let label = labels.map(|entry| entry.path()).find(|path| path.extension().is_some_and(|end| end == "backup"));
    let label = fs::read(label.expect("a base backup leaves a note")).expect("read");
    let label = bridle_core::backup::wal::history::Label::parse(&label).expect("a real note");
    assert!(label.start < label.stop && label.label == "pg_basebackup base backup");
}

#[test]
fn a_recovery_that_nobody_answers_stops_and_does_not_open_the_database_early() {
    let mut place = Place::new();
    let agent = Agent::at(place.dir.path());
    place.start("");
    place.ask("CREATE TABLE enrolment (id int)");
    place.run("pg_basebackup", &["--checkpoint=fast", "--no-sync", "-X", "none", "-D", &place.text("base")]);
    let last = place.ask("SELECT pg_walfile_name(pg_switch_wal())");
    place.until("the log is pushed", &format!("SELECT last_archived_wal >= '{last}' FROM pg_stat_archiver"));
    place.stop("fast");
    drop(agent);
    place.data = "base";
    fs::write(place.path("base/recovery.signal"), "").expect("written");
    let program = format!("{}/wal-push --spool {} --deadline 1", place.text("tools"), place.text("spool"));
    let settings = format!(
        "listen_addresses=''\nunix_socket_directories='{}'\nrestore_command='{program} fetch %f %p'\n",
        place.dir.path().display()
    );
    fs::write(place.path("base/postgresql.auto.conf"), settings).expect("written");
    fs::write(place.path("server.log"), "").expect("written");
    chown(place.path("server.log"), Some(NOBODY), Some(NOBODY)).ok();
    let (data, log) = (place.text("base"), place.text("server.log"));
    let mut command = place.command("pg_ctl");
    let started =
        command.args(["start", "--wait", "--timeout=60", "-D", &data, "-l", &log]).stdout(Stdio::null()).status();
    let said = fs::read_to_string(place.path("server.log")).expect("a log");
    assert!(!started.expect("runs").success(), "{said}");
    assert!(said.contains("no answer after 1 s") && !said.contains("ready to accept"), "{said}");
}
