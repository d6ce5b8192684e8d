//! A real server in a temporary directory, on loopback only. Without PostgreSQL 15 a test fails: it is
//! one of the packages that the test run installs.

use std::net::TcpListener;
use std::os::unix::fs::{PermissionsExt as _, chown};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use tempfile::TempDir;

/// Where Debian puts the programs.
const PROGRAMS: &str = "/usr/lib/postgresql/15/bin";
/// A server refuses to be root; it runs as nobody then.
const NOBODY: u32 = 65534;

/// A server with the role and the database of the service. It ends with this value.
pub(crate) struct Postgres {
    directory: TempDir,
    /// Port on 127.0.0.1.
    pub(crate) port: u16,
}

impl Postgres {
    /// Makes the data directory; the server is not started.
    pub(crate) fn new() -> Self {
        let directory = tempfile::Builder::new().prefix("enrolment-").tempdir_in("/tmp").unwrap();
        std::fs::set_permissions(directory.path(), std::fs::Permissions::from_mode(0o755)).unwrap();
        std::fs::create_dir(directory.path().join("credentials")).unwrap();
        std::fs::create_dir(directory.path().join("server")).unwrap();
        if is_root() {
            chown(directory.path().join("server"), Some(NOBODY), Some(NOBODY)).unwrap();
        }
        let postgres = Self { directory, port: free_port() };
        std::fs::write(postgres.credentials().join("username"), "enrolment").unwrap();
        postgres.write_password("first's \"password\"");
        postgres.run(
            program("initdb")
                .args(["--username=postgres", "--auth=trust", "--no-sync", "--encoding=UTF8"])
                .arg("-D")
                .arg(postgres.data()),
        );
        // The service needs its password; the test itself does not.
        let rules = "host all postgres 127.0.0.1/32 trust\nhost enrolment enrolment 127.0.0.1/32 scram-sha-256\n";
        std::fs::write(postgres.data().join("pg_hba.conf"), rules).unwrap();
        postgres
    }

    /// A started server with role and database.
    pub(crate) async fn started() -> Self {
        let postgres = Self::new();
        postgres.start();
        postgres.provision().await;
        postgres
    }

    /// Makes the role and the database of the service.
    pub(crate) async fn provision(&self) {
        let password =
            std::fs::read_to_string(self.credentials().join("password")).unwrap().trim_end().replace('\'', "''");
        self.execute("postgres", &format!("CREATE ROLE enrolment LOGIN PASSWORD '{password}'")).await;
        self.execute("postgres", "CREATE DATABASE enrolment OWNER enrolment").await;
    }

    /// Starts the server and waits until it takes connections.
    pub(crate) fn start(&self) {
        let options = format!(
            "-c listen_addresses=127.0.0.1 -c port={} -c unix_socket_directories='' -c fsync=off -c shared_buffers=16MB -c max_connections=30",
            self.port
        );
        self.run(
            program("pg_ctl")
                .args(["start", "--wait", "--timeout=60", "-o", &options])
                .arg("-D")
                .arg(self.data())
                .arg("-l")
                .arg(self.data().join("log")),
        );
    }

    /// Stops the server; sessions are ended.
    pub(crate) fn stop(&self) {
        self.run(program("pg_ctl").args(["stop", "--wait", "--mode=fast"]).arg("-D").arg(self.data()));
    }

    /// Runs one statement as superuser.
    pub(crate) async fn execute(&self, database: &str, statement: &str) {
        self.client(database).await.batch_execute(statement).await.unwrap();
    }

    /// Asks for one number as superuser.
    pub(crate) async fn number(&self, database: &str, statement: &str) -> i64 {
        self.client(database).await.query_one(statement, &[]).await.unwrap().get(0)
    }

    /// Directory with the files `username` and `password`.
    pub(crate) fn credentials(&self) -> PathBuf {
        self.directory.path().join("credentials")
    }

    /// Changes the file with the password, not the database.
    pub(crate) fn write_password(&self, password: &str) {
        std::fs::write(self.credentials().join("password"), format!("{password}\n")).unwrap();
    }

    fn data(&self) -> PathBuf {
        self.directory.path().join("server/data")
    }

    fn run(&self, command: &mut Command) {
        // Files, not pipes: the server would inherit a pipe and hold it open.
        let output = tempfile::tempfile().unwrap();
        let status = command
            .current_dir("/")
            .stdin(Stdio::null())
            .stdout(output.try_clone().unwrap())
            .stderr(output.try_clone().unwrap())
            .status()
            .unwrap_or_else(|error| {
                panic!("PostgreSQL 15 is needed (Debian package postgresql-15): {command:?}: {error}")
            });
        let mut said = String::new();
        std::io::Seek::rewind(&mut &output).unwrap();
        std::io::Read::read_to_string(&mut &output, &mut said).unwrap();
        assert!(
            status.success(),
            "{command:?}: {status}\n{said}\n{}",
            std::fs::read_to_string(self.data().join("log")).unwrap_or_default()
        );
    }

    async fn client(&self, database: &str) -> tokio_postgres::Client {
        let config = format!("host=127.0.0.1 port={} user=postgres dbname={database}", self.port);
        let (client, connection) = tokio_postgres::connect(&config, tokio_postgres::NoTls).await.unwrap();
        tokio::spawn(connection);
        client
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        // The server may be stopped already; what matters is that none is left.
        let _ = program("pg_ctl")
            .args(["stop", "--wait", "--mode=immediate"])
            .arg("-D")
            .arg(self.data())
            .current_dir("/")
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status();
    }
}

fn program(name: &str) -> Command {
    let path = Path::new(PROGRAMS).join(name);
    if !is_root() {
        return Command::new(path);
    }
    let mut command = Command::new("setpriv");
    let id = NOBODY.to_string();
    command.args(["--reuid", &id, "--regid", &id, "--clear-groups"]).arg(path);
    command
}

fn is_root() -> bool {
    std::os::unix::fs::MetadataExt::uid(&std::fs::metadata("/proc/self").unwrap()) == 0
}

fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}
