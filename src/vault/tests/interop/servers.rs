//! S3 servers of others, built once from the package registries and kept outside of the checkout.

use std::env;
use std::fs::{self, File};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::Duration;

use rustix::fs::{FlockOperation, flock};

pub const BUCKET: &str = "backups";
pub const KEY_ID: &str = "TESTKEY";
pub const SECRET: &str = "test-secret-of-no-use";

/// Where servers listen unless they are told otherwise.
const LOOPBACK: &str = "127.0.0.1";
const S3S_FS: &str = "0.14.1";
const VERSITYGW: &str = "v1.8.0";

/// A server that runs until it is dropped.
pub struct Server {
    pub name: &'static str,
    pub endpoint: String,
    child: Child,
    folder: tempfile::TempDir,
}

impl Server {
    /// `s3s-fs`: Rust, objects as files.
    pub fn s3s_fs() -> Self {
        let program = built("s3s-fs", S3S_FS, |place| {
            let mut command = program("cargo");
            command.args([
                "install",
                "--quiet",
                "--locked",
                "s3s-fs",
                "--features",
                "binary",
                "--version",
                S3S_FS,
                "--root",
            ]);
            command
                .arg(place)
                .env("CARGO_TARGET_DIR", place.join("target"))
                .env("CARGO_PROFILE_RELEASE_OPT_LEVEL", "1");
            // Cargo's description of this package is not for what is built here.
            for (name, _) in env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("CARGO_PKG_")) {
                command.env_remove(name);
            }
            command
        });
        Self::start("s3s-fs", &program, |command, folder, port| {
            command
                .args(["--access-key", KEY_ID, "--secret-key", SECRET, "--host", "127.0.0.1", "--port", port])
                .arg(folder);
        })
    }

    /// `versitygw` over a folder: Go, in use as a gateway to POSIX storage.
    pub fn versitygw() -> Self {
        Self::versitygw_at(LOOPBACK)
    }

    /// The same at another address of this machine.
    pub fn versitygw_at(address: &str) -> Self {
        Self::start_at(address, "versitygw", &versitygw(), |command, folder, port| {
            command.args(["--access", KEY_ID, "--secret", SECRET, "--port"]);
            command.arg(format!("{address}:{port}")).arg("posix").arg(folder);
        })
    }

    /// The same over TLS, with this certificate and key (PEM).
    pub fn versitygw_with_tls(certificate: &str, key: &str) -> Self {
        let folder = tempfile::tempdir().expect("folder");
        let file = |name: &str, text: &str| {
            let path = folder.path().join(name);
            File::create(&path)
                .and_then(|mut file| std::io::Write::write_all(&mut file, text.as_bytes()))
                .expect("write");
            path
        };
        let (certificate, key) = (file("certificate", certificate), file("key", key));
        let mut server = Self::start("versitygw", &versitygw(), |command, folder, port| {
            command.args(["--access", KEY_ID, "--secret", SECRET, "--cert"]).arg(&certificate).arg("--key").arg(&key);
            command.arg("--port").arg(format!("127.0.0.1:{port}")).arg("posix").arg(folder);
        });
        server.endpoint = server.endpoint.replace("http://", "https://");
        server
    }

    /// The bucket as this machine sees it.
    pub fn bucket(&self) -> PathBuf {
        self.folder.path().join(BUCKET)
    }

    fn start(name: &'static str, path: &Path, arguments: impl FnOnce(&mut Command, &Path, &str)) -> Self {
        Self::start_at(LOOPBACK, name, path, arguments)
    }

    fn start_at(
        address: &str,
        name: &'static str,
        path: &Path,
        arguments: impl FnOnce(&mut Command, &Path, &str),
    ) -> Self {
        // Beside what is kept, not below /tmp: some servers need extended attributes, which tmpfs may lack.
        let folder = tempfile::Builder::new().prefix("s3-").tempdir_in(cache()).expect("folder");
        fs::create_dir(folder.path().join(BUCKET)).expect("bucket");
        let port = TcpListener::bind(format!("{address}:0"))
            .and_then(|socket| socket.local_addr())
            .expect("port")
            .port()
            .to_string();
        let mut command = program(path);
        arguments(&mut command, folder.path(), &port);
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        let mut server = Self {
            name,
            endpoint: format!("http://{address}:{port}"),
            child: command.spawn().expect("server"),
            folder,
        };
        let mut tries = 0;
        while TcpStream::connect(format!("{address}:{port}")).is_err() {
            tries += 1;
            let ended = server.child.try_wait().expect("wait");
            assert!(ended.is_none() && tries < 600, "{name} does not listen: {ended:?}");
            pause();
        }
        server
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ended_already = self.child.kill();
        let _reaped = self.child.wait();
    }
}

/// The program of `versitygw`.
fn versitygw() -> PathBuf {
    built("versitygw", VERSITYGW, |place| {
        let mut command = program("go");
        command.args(["install", "-trimpath", "-ldflags=-s -w"]);
        command.arg(format!("github.com/versity/versitygw/cmd/versitygw@{VERSITYGW}"));
        let mut path = env::var_os("PATH").unwrap_or_default();
        path.push(":/usr/local/go/bin"); // where Go's own installer puts it
        command.env("GOBIN", place.join("bin")).env("CGO_ENABLED", "0").env("PATH", path);
        command
    })
}

/// The folder for what tests keep outside of the checkout.
fn cache() -> PathBuf {
    let home = || PathBuf::from(env::var_os("HOME").unwrap_or_else(|| "/root".into())).join(".cache");
    let cache = env::var_os("XDG_CACHE_HOME").map(PathBuf::from).filter(|path| path.is_absolute());
    let folder = cache.unwrap_or_else(home).join("bridle/servers");
    fs::create_dir_all(&folder).expect("cache");
    folder
}

/// A program of this version, built where it is not there yet; one builds, others wait.
fn built(name: &str, version: &str, build: impl FnOnce(&Path) -> Command) -> PathBuf {
    let place = cache().join(format!("{name}-{version}"));
    let program = place.join("bin").join(name);
    let lock = File::create(cache().join(format!("{name}.lock"))).expect("lock");
    flock(&lock, FlockOperation::LockExclusive).expect("lock");
    if !program.exists() {
        fs::create_dir_all(&place).expect("place");
        let output = build(&place).stdin(Stdio::null()).output().expect("the builder is there");
        assert!(output.status.success(), "build {name}: {}", String::from_utf8_lossy(&output.stderr));
        let _only_what_is_installed_stays = fs::remove_dir_all(place.join("target"));
    }
    program
}

#[expect(clippy::disallowed_methods, reason = "servers of others are programs")]
fn program(path: impl AsRef<std::ffi::OsStr>) -> Command {
    Command::new(path)
}

#[expect(clippy::disallowed_methods, reason = "between two looks, bounded by their number")]
fn pause() {
    sleep(Duration::from_millis(50));
}
