//! The publisher's commands on a small release, with a registry on loopback.
#![cfg(feature = "assemble")]
#![allow(clippy::disallowed_methods, reason = "the test runs the program and writes plain files")]

use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Command, Output};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use bridle_core::digest::Digest;

const RELEASE: &str = r#"
format = 1
[release]
name = "small"
version = "1.0.0"
sequence = 1
notes = { en = "A test.", fr = "Un essai." }
[kubernetes]
version = "1.36.3"
k3s = { path = "k3s" }
pause = "bridle.internal/pages:1"
[[program]]
name = "installer"
source = { path = "installer" }
[[image]]
recipe = "pages"
[licences]
extra = ["NOTICE"]
"#;
const IMAGE: &str = r#"
format = 1
reference = "bridle.internal/pages:1"
user = "65532:65532"
entrypoint = ["/hello"]
[[layer]]
kind = "c"
source = { file = "hello.c" }
to = "/hello"
[[layer]]
kind = "files"
files = [{ from = "site", to = "/srv", mode = "0444" }]
directories = [{ path = "/tmp", mode = "1777" }]
links = [{ path = "/srv/latest", to = "index.html" }]
"#;

/// A release source with a cache and an output directory of its own.
struct Bench {
    root: tempfile::TempDir,
}

impl Bench {
    fn new() -> Self {
        let root = tempfile::tempdir().expect("directory");
        let bench = Self { root };
        bench.write("release.toml", RELEASE);
        bench.write("pages/image.toml", IMAGE);
        bench.write("pages/hello.c", "int main(void) { return 0; }\n");
        bench.write("pages/site/index.html", "<p>hello");
        bench.write("k3s", "#!/bin/sh\n");
        bench.write("installer", "#!/bin/sh\nexit 0\n");
        bench.write("NOTICE", "Notice of the small release.\n");
        bench.ok(&["keygen", "--output", "key"]);
        bench
    }

    fn write(&self, name: &str, text: &str) {
        let path = self.path(name);
        fs::create_dir_all(path.parent().expect("parent")).expect("directory");
        fs::write(path, text).expect("write");
    }

    fn path(&self, name: &str) -> std::path::PathBuf {
        self.root.path().join(name)
    }

    fn run(&self, arguments: &[&str]) -> Output {
        Command::new(env!("CARGO_BIN_EXE_bridle-bundle"))
            .args(arguments)
            .current_dir(self.root.path())
            .env("BRIDLE_CACHE", self.path(".cache"))
            .output()
            .expect("run")
    }

    fn ok(&self, arguments: &[&str]) -> String {
        let output = self.run(arguments);
        assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).expect("text")
    }

    /// Exit code and complaint of a command that must fail.
    fn fails(&self, arguments: &[&str]) -> (Option<i32>, String) {
        let output = self.run(arguments);
        assert!(!output.status.success(), "{arguments:?}");
        (output.status.code(), String::from_utf8(output.stderr).expect("text"))
    }

    fn build(&self, output: &str) -> BTreeMap<String, Digest> {
        self.ok(&["build", ".", "--key", "key.key", "--output", output]);
        let entries = fs::read_dir(self.path(output)).expect("list").map(|entry| entry.expect("entry").path());
        let name = |path: &Path| path.file_name().expect("name").to_string_lossy().into_owned();
        entries.map(|path| (name(&path), Digest::of(&fs::read(&path).expect("read")))).collect()
    }
}

#[test]
fn two_builds_are_the_same_and_verify() {
    let bench = Bench::new();
    bench.ok(&["lock", "."]);
    let first = bench.build("one");
    fs::remove_dir_all(bench.path(".cache")).expect("forget");
    assert_eq!(first, bench.build("two"), "also from an empty cache");
    let stem = "small-1.0.0-amd64";
    let names = ["bundle", "bundle.minisig", "run", "run.minisig"].map(|end| format!("{stem}.{end}"));
    assert_eq!(first.keys().collect::<Vec<_>>(), names.iter().collect::<Vec<_>>());
    for end in ["bundle", "run"] {
        let said = bench.ok(&["verify", &format!("one/{stem}.{end}"), "--key", "key.pub"]);
        assert!(said.contains("signature beside it"), "{said}");
    }
    let told = bench.ok(&["inspect", &format!("one/{stem}.run"), "--json"]);
    let told: serde_json::Value = serde_json::from_str(&told).expect("json");
    assert_eq!(told["kind"], "run");
    assert_eq!(told["release"]["notes"]["fr"], "Un essai.");
    assert!(told["release"]["images"]["bridle.internal/pages:1"]["unpacked"].as_u64() > Some(1000));
}

#[test]
fn damage_and_strangers_are_refused_with_their_own_code() {
    let bench = Bench::new();
    bench.ok(&["lock", "."]);
    bench.build("out");
    let path = bench.path("out/small-1.0.0-amd64.bundle");
    let mut bytes = fs::read(&path).expect("read");
    let at = bytes.windows(7).position(|window| window == b"exit 0\n").expect("installer");
    bytes[at] ^= 1;
    fs::write(bench.path("bad.bundle"), &bytes).expect("write");
    let (code, said) = bench.fails(&["verify", "bad.bundle", "--key", "key.pub"]);
    assert_eq!(code, Some(6));
    assert!(said.contains("program installer"), "{said}");
    bench.ok(&["keygen", "--output", "other"]);
    let (code, _) = bench.fails(&["verify", "out/small-1.0.0-amd64.bundle", "--key", "other.pub"]);
    assert_eq!(code, Some(6));
    assert_eq!(bench.fails(&["verify"]).0, Some(2));
    assert_eq!(bench.fails(&["verify", "absent", "--key", "absent"]).0, Some(6));
}

#[test]
fn a_build_takes_only_what_was_locked() {
    let bench = Bench::new();
    bench.ok(&["lock", "."]);
    bench.write("pages/site/index.html", "<p>other");
    let (code, said) = bench.fails(&["build", ".", "--key", "key.key", "--output", "out"]);
    assert_eq!(code, Some(1));
    assert!(said.contains("image bridle.internal/pages:1, layer 2 (files)"), "{said}");
    assert!(!bench.path("out").exists());
}

#[test]
fn an_upgrade_moves_only_what_is_new() {
    let bench = Bench::new();
    bench.ok(&["lock", "."]);
    bench.build("one");
    bench.write("release.toml", &RELEASE.replace("1.0.0", "1.1.0").replace("sequence = 1", "sequence = 2"));
    bench.write("pages/site/index.html", "<p>other");
    bench.ok(&["lock", "."]);
    bench.build("two");
    let (old, new) = ("one/small-1.0.0-amd64.bundle", "two/small-1.1.0-amd64.bundle");
    let told: serde_json::Value = serde_json::from_str(&bench.ok(&["diff", old, new, "--json"])).expect("json");
    assert_eq!(told["changes"], serde_json::json!([{ "change": "changed", "part": "image bridle.internal/pages:1" }]));
    bench.ok(&["build", ".", "--key", "key.key", "--output", "delta", "--without", old]);
    let size = |path: &str| fs::metadata(bench.path(path)).expect("metadata").len();
    assert!(size("delta/small-1.1.0-amd64.delta.bundle") * 2 < size(new));
}

#[test]
fn images_are_pulled_by_digest() {
    let registry = Registry::start();
    let bench = Bench::new();
    let image = format!("[[image]]\nreference = \"{}/team/app:1\"\nas = \"bridle.internal/app:1\"\n", registry.address);
    bench.write("release.toml", &RELEASE.replace("[licences]", &format!("{image}[licences]")));
    bench.ok(&["lock", "."]);
    let lock = fs::read_to_string(bench.path("bundle.lock")).expect("lock");
    assert!(lock.contains(&registry.manifest.to_string()), "{lock}");
    let first = bench.build("one");
    drop(registry);
    assert_eq!(first, bench.build("two"), "from the cache, without the registry");
    bench.ok(&["lock", "."]);
    assert_eq!(fs::read_to_string(bench.path("bundle.lock")).expect("lock"), lock, "what is pinned stays");
    assert_eq!(bench.fails(&["lock", ".", "--update"]).0, Some(1));
    let told = bench.ok(&["inspect", "one/small-1.0.0-amd64.bundle"]);
    assert!(told.contains("bridle.internal/app:1"), "{told}");
}

#[test]
fn a_registry_that_lies_is_refused() {
    let registry = Registry::start_lying();
    let bench = Bench::new();
    let image = format!("[[image]]\nreference = \"{}/team/app:1\"\n", registry.address);
    bench.write("release.toml", &RELEASE.replace("[licences]", &format!("{image}[licences]")));
    let (code, said) = bench.fails(&["lock", "."]);
    assert_eq!(code, Some(1));
    assert!(said.contains("came with other content"), "{said}");
    assert!(!bench.path("bundle.lock").exists());
}

/// A registry with one image for two platforms, on loopback.
struct Registry {
    address: std::net::SocketAddr,
    manifest: Digest,
    closed: Arc<AtomicBool>,
}

impl Drop for Registry {
    fn drop(&mut self) {
        self.closed.store(true, Ordering::SeqCst);
        // Wakes the thread, which then closes the port.
        let _ = TcpStream::connect(self.address);
    }
}

impl Registry {
    fn start() -> Self {
        Self::serve(false)
    }

    fn start_lying() -> Self {
        Self::serve(true)
    }

    fn serve(lying: bool) -> Self {
        let layer = b"not really a tar".to_vec();
        let config = br#"{"architecture":"amd64","os":"linux","rootfs":{"type":"layers","diff_ids":[]}}"#.to_vec();
        let descriptor = |kind: &str, bytes: &[u8]| serde_json::json!({ "mediaType": kind, "digest": Digest::of(bytes).to_string(), "size": bytes.len() });
        let manifest = serde_json::json!({
            "schemaVersion": 2, "mediaType": "application/vnd.oci.image.manifest.v1+json",
            "config": descriptor("application/vnd.oci.image.config.v1+json", &config),
            "layers": [descriptor("application/vnd.oci.image.layer.v1.tar", &layer)],
        });
        let manifest = manifest.to_string().into_bytes();
        let mut chosen = descriptor("application/vnd.oci.image.manifest.v1+json", &manifest);
        chosen["platform"] = serde_json::json!({ "os": "linux", "architecture": "amd64" });
        let mut other = descriptor("application/vnd.oci.image.manifest.v1+json", b"arm");
        other["platform"] = serde_json::json!({ "os": "linux", "architecture": "arm64" });
        let index = serde_json::json!({ "schemaVersion": 2, "manifests": [other, chosen] }).to_string().into_bytes();
        let digest = Digest::of(&manifest);
        let mut paths = BTreeMap::from([
            ("/v2/team/app/manifests/1".to_owned(), index),
            (format!("/v2/team/app/manifests/{digest}"), manifest),
            (format!("/v2/team/app/blobs/{}", Digest::of(&config)), config),
        ]);
        let sent = if lying { b"another content!".to_vec() } else { layer.clone() };
        paths.insert(format!("/v2/team/app/blobs/{}", Digest::of(&layer)), sent);
        let listener = TcpListener::bind("127.0.0.1:0").expect("listen");
        let address = listener.local_addr().expect("address");
        let closed = Arc::new(AtomicBool::new(false));
        let stop = Arc::clone(&closed);
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                if stop.load(Ordering::SeqCst) {
                    return;
                }
                answer(stream, &paths);
            }
        });
        Self { address, manifest: digest, closed }
    }
}

fn answer(mut stream: TcpStream, paths: &BTreeMap<String, Vec<u8>>) {
    let mut lines = BufReader::new(stream.try_clone().expect("stream")).lines().map_while(Result::ok);
    let Some(first) = lines.next() else { return };
    let _rest: Vec<String> = lines.take_while(|line| !line.is_empty()).collect();
    let path = first.split(' ').nth(1).unwrap_or_default();
    let (status, body) = match paths.get(path) {
        Some(body) => ("200 OK", body.as_slice()),
        None => ("404 Not Found", b"".as_slice()),
    };
    let head = format!("HTTP/1.1 {status}\r\ncontent-length: {}\r\nconnection: close\r\n\r\n", body.len());
    let _ = stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(body));
}
