//! The registry over a real connection.
#![allow(clippy::disallowed_methods, reason = "tests write plain files")]

use std::io::{Cursor, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::ops::ControlFlow;
use std::time::Duration;

use bridle_bundle::file::{Conditions, OpenedBundle, Stream};
use bridle_bundle::sample::{Sample, trusted};
use bridle_bundle::store::Store;

use super::*;

const MIB: usize = 1 << 20;

struct Served {
    folder: tempfile::TempDir,
    runtime: tokio::runtime::Runtime,
    address: SocketAddr,
    sample: Sample,
    layer: Vec<u8>,
}

fn serve(limits: Limits) -> Served {
    let folder = tempfile::tempdir().expect("folder");
    let store = Store::open(&folder.path().join("store")).expect("store");
    let layer: Vec<u8> = (0..6 * MIB).map(|at| (at * 31 % 253) as u8).collect();
    let sample = Sample::new("1.0.0", 1, &[("a", &[&layer]), ("b", &[b"small"])]);
    let bundle = OpenedBundle::open(Stream(Cursor::new(sample.bundle()))).expect("open");
    let bundle = bundle.verify(&trusted(), &Conditions::default()).expect("verify");
    store.ingest(bundle, 1, &mut |_| ControlFlow::Continue(())).expect("ingest");
    let store = Arc::new(SharedStore::new(store).expect("catalogue"));
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().expect("runtime");
    let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).expect("listen");
    let address = listener.local_addr().expect("address");
    runtime.spawn(serve_within(listener, store, limits));
    Served { folder, runtime, address, sample, layer }
}

impl Served {
    fn connect(&self) -> TcpStream {
        let stream = TcpStream::connect(self.address).expect("connect");
        stream.set_read_timeout(Some(Duration::from_secs(20))).expect("limit");
        stream
    }

    /// Status, head and body of the answer.
    fn ask(&self, method: &str, path: &str, more: &str) -> (u16, String, Vec<u8>) {
        let mut stream = self.connect();
        let request = format!("{method} {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n{more}\r\n");
        stream.write_all(request.as_bytes()).expect("ask");
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).expect("answer");
        let end = answer.windows(4).position(|window| window == b"\r\n\r\n").expect("head");
        let head = String::from_utf8(answer[..end].to_vec()).expect("text").to_lowercase();
        let status = head.split(' ').nth(1).expect("status").parse().expect("number");
        (status, head, answer[end + 4..].to_vec())
    }

    fn layer_path(&self) -> String {
        format!("/v2/bridle.internal/a/blobs/{}", Digest::of(&self.layer))
    }
}

#[test]
fn what_a_client_may_ask() {
    let served = serve(Limits::default());
    let manifest = served.sample.release.images["bridle.internal/a:1.0.0"].manifest;
    let digest = format!("docker-content-digest: {manifest}");
    let manifests = [
        "/v2/bridle.internal/a/manifests/1.0.0".to_owned(),
        format!("/v2/bridle.internal/a/manifests/{manifest}"),
        "/v2/a/manifests/1.0.0?ns=bridle.internal".to_owned(),
    ];
    for path in &manifests {
        let (status, head, body) = served.ask("GET", path, "");
        assert_eq!((status, Digest::of(&body)), (200, manifest), "{path}");
        assert!(head.contains(&digest) && head.contains("application/vnd.oci.image.manifest.v1+json"), "{head}");
        let (status, head, body) = served.ask("HEAD", path, "");
        assert_eq!((status, body.len()), (200, 0));
        assert!(head.contains(&digest) && head.contains("content-length: "), "{head}");
    }
    let (status, head, body) = served.ask("GET", &served.layer_path(), "range: bytes=1000000-1999999\r\n");
    assert_eq!((status, &body[..]), (206, &served.layer[1_000_000..2_000_000]));
    assert!(head.contains(&format!("content-range: bytes 1000000-1999999/{}", served.layer.len())), "{head}");
    let (status, head, _) = served.ask("GET", &served.layer_path(), "range: bytes=99999999-\r\n");
    assert_eq!(status, 416);
    assert!(head.contains(&format!("content-range: bytes */{}", served.layer.len())), "{head}");

    let nothing = Digest::of(b"nothing");
    for (path, status, code) in [
        ("/v2/bridle.internal/a/manifests/9.9.9".to_owned(), 404, "MANIFEST_UNKNOWN"),
        (format!("/v2/bridle.internal/a/manifests/{nothing}"), 404, "MANIFEST_UNKNOWN"),
        (format!("/v2/bridle.internal/a/blobs/{nothing}"), 404, "BLOB_UNKNOWN"),
        ("/v2/bridle.internal/a/blobs/sha256:zz".to_owned(), 400, "DIGEST_INVALID"),
        ("/v2/bridle.internal/none/tags/list".to_owned(), 404, "NAME_UNKNOWN"),
        ("/v2/nonsense".to_owned(), 404, "NAME_UNKNOWN"),
    ] {
        let (found, _, body) = served.ask("GET", &path, "");
        let body: serde_json::Value = serde_json::from_slice(&body).expect("an error is JSON");
        assert_eq!((found, body["errors"][0]["code"].as_str()), (status, Some(code)), "{path}");
    }
    let (status, head, _) = served.ask("POST", "/v2/bridle.internal/a/blobs/uploads/", "content-length: 0\r\n");
    assert_eq!((status, head.contains("allow: get, head")), (405, true), "{head}");
}

#[test]
fn lists() {
    let served = serve(Limits::default());
    let (status, _, body) = served.ask("GET", "/v2/bridle.internal/a/tags/list", "");
    let body: serde_json::Value = serde_json::from_slice(&body).expect("json");
    assert_eq!((status, &body), (200, &json!({ "name": "bridle.internal/a", "tags": ["1.0.0"] })));
    let (_, _, body) = served.ask("GET", "/v2/bridle.internal/a/tags/list?last=1.0.0", "");
    let body: serde_json::Value = serde_json::from_slice(&body).expect("json");
    assert_eq!(body["tags"], json!([]));
    let (_, head, _) = served.ask("GET", "/v2/bridle.internal/a/tags/list?n=0", "");
    assert!(!head.contains("link:"), "{head}");
    let path = format!("/v2/bridle.internal/a/referrers/{}?artifactType=x", Digest::of(b"x"));
    let (status, head, body) = served.ask("GET", &path, "");
    let body: serde_json::Value = serde_json::from_slice(&body).expect("json");
    assert_eq!((status, &body["manifests"]), (200, &json!([])));
    assert!(head.contains("oci-filters-applied: artifacttype"), "{head}");
}

#[test]
fn twenty_pull_at_once_and_everybody_gets_everything() {
    let served = serve(Limits::default());
    std::thread::scope(|scope| {
        let pulls: Vec<_> = (0..20).map(|_| scope.spawn(|| served.ask("GET", &served.layer_path(), "").2)).collect();
        for pull in pulls {
            assert!(pull.join().expect("pulls") == served.layer, "another content");
        }
    });
}

#[test]
fn who_takes_nothing_is_cut_off_and_makes_room() {
    let limits = Limits { connections: 2, stalled: Duration::from_millis(300), idle: Duration::from_millis(300) };
    let served = serve(limits);
    let request = format!("GET {} HTTP/1.1\r\nhost: x\r\n\r\n", served.layer_path());
    let mut lazy: Vec<TcpStream> = (0..2).map(|_| served.connect()).collect();
    for stream in &mut lazy {
        stream.write_all(request.as_bytes()).expect("ask");
    }
    // There is no room for a third one before they are cut off; then there is.
    let (status, _, body) = served.ask("GET", &served.layer_path(), "");
    assert_eq!((status, body.len()), (200, served.layer.len()));
    for mut stream in lazy {
        let mut taken = Vec::new();
        let _cut = stream.read_to_end(&mut taken);
        assert!(taken.len() < served.layer.len(), "{} bytes came although nobody took them", taken.len());
    }
    // One that asks nothing does not keep its place either.
    let mut silent = served.connect();
    assert_eq!(silent.read(&mut [0]).expect("closed"), 0);
    served.runtime.shutdown_background();
}

#[test]
fn a_blob_that_was_cut_short_is_not_handed_out() {
    let served = serve(Limits::default());
    let path = served.folder.path().join("store/blobs/sha256").join(Digest::of(&served.layer).hex());
    std::fs::remove_file(&path).expect("remove");
    std::fs::write(&path, &served.layer[..100]).expect("write");
    assert_eq!(served.ask("GET", &served.layer_path(), "").0, 500);
    std::fs::remove_file(&path).expect("remove");
    assert_eq!(served.ask("GET", &served.layer_path(), "").0, 404);
}

#[test]
fn a_tag_of_two_releases_is_that_of_the_preferred_one() {
    let folder = tempfile::tempdir().expect("folder");
    let store = Store::open(&folder.path().join("store")).expect("store");
    let tagged = |version: &str, sequence, layer: &[u8]| Sample::tagged(version, "7", sequence, &[("a", &[layer])]);
    let samples = [tagged("1.0.0", 1, b"1"), tagged("1.1.0", 2, b"2")];
    for sample in &samples {
        let bundle = OpenedBundle::open(Stream(Cursor::new(sample.bundle()))).expect("open");
        let bundle = bundle.verify(&trusted(), &Conditions::default()).expect("verify");
        store.ingest(bundle, 1, &mut |_| ControlFlow::Continue(())).expect("ingest");
    }
    let store = SharedStore::new(store).expect("catalogue");
    let meant = || store.resolve("bridle.internal/a:7").expect("resolve").expect("there").digest;
    let of = |sample: &Sample| sample.release.images["bridle.internal/a:7"].manifest;
    assert_eq!(meant(), of(&samples[1]), "the newest");
    store.prefer(Some(samples[0].release.id()));
    assert_eq!(meant(), of(&samples[0]), "the one in use, without reading the pins again");
    store.prefer(Some("sample-0.1.0".to_owned()));
    assert_eq!(meant(), of(&samples[1]), "the newest, where the one in use is not there");
    store.prefer(None);
    assert_eq!(meant(), of(&samples[1]));
    assert_eq!(store.tags("bridle.internal/a").expect("tags"), ["7"]);
}
