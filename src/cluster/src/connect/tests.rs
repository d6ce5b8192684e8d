#![expect(clippy::disallowed_methods, reason = "files of tests need not survive a power cut")]

use std::io::{Read as _, Write as _};
use std::net::TcpListener;

use bridle_core::port::sim::SimClock;
use serde_json::json;

use super::*;
use crate::fake::{Bench, runtime};

#[test]
fn transient_failures_are_tried_again_on_the_clock() {
    let bench = Bench::new();
    bench.fake.put("/api/v1/nodes/a", json!({ "metadata": { "name": "a" } }));
    bench.fake.refuse(&[503, 429, 500]);
    assert!(bench.api.get("/api/v1/nodes/a").expect("answer").is_some());
    assert_eq!(bench.fake.requests().len(), 4);
    assert_eq!(bench.clock.monotonic(), Duration::from_millis(250 + 500 + 1000));
}

#[test]
fn patience_ends_and_refusals_are_final() {
    let bench = Bench::new();
    bench.fake.refuse(&[503; 100]);
    let error = bench.api.get("/api/v1/nodes/a").expect_err("never");
    assert!(error.is_status(503), "{error}");
    assert!(bench.clock.monotonic() <= RETRY_FOR);

    let bench = Bench::new();
    bench.fake.refuse(&[403]);
    let fault = bench.api.get("/api/v1/nodes/a").expect_err("forbidden").fault("Node a");
    assert_eq!(fault.code, FaultCode::KubernetesRefused);
    assert_eq!(fault.causes, ["GET /api/v1/nodes/a: 403 refused by the test"]);
    assert_eq!(bench.fake.requests().len(), 1);
}

#[test]
fn a_glance_is_never_repeated() {
    let bench = Bench::new();
    bench.fake.refuse(&[503]);
    assert!(bench.api.glance("/api/v1/nodes/a").is_err());
    assert_eq!(bench.fake.requests().len(), 1);
    assert_eq!(bench.api.glance("/api/v1/nodes/a").expect("answer"), None);
}

#[test]
fn lists_come_in_pages_up_to_a_limit() {
    let bench = Bench::new();
    for number in 0..7 {
        bench.fake.put(&format!("/api/v1/nodes/{number}"), json!({}));
    }
    bench.fake.paged(3);
    assert_eq!(bench.api.list("/api/v1/nodes", "").expect("list").len(), 7);
    for number in 7..30 {
        bench.fake.put(&format!("/api/v1/nodes/{number}"), json!({}));
    }
    bench.fake.paged(1);
    assert!(matches!(bench.api.list("/api/v1/nodes", ""), Err(ApiError::Long { .. })));
}

#[test]
fn names_cannot_leave_their_segment() {
    assert_eq!(segment("system:coredns.v1"), "system:coredns.v1");
    assert_eq!(segment("../x?y=1#é"), "..%2Fx%3Fy%3D1%23%C3%A9");
}

/// Answers every connection with `name` as the version, until the listener is dropped with the test.
fn server(name: &'static str) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("listen");
    let address = listener.local_addr().expect("address");
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let Ok(mut stream) = stream else { return };
            let mut head = Vec::new();
            let mut byte = [0];
            while !head.ends_with(b"\r\n\r\n") && stream.read(&mut byte).is_ok_and(|read| read == 1) {
                head.push(byte[0]);
            }
            let body = json!({ "gitVersion": name }).to_string();
            let answer =
                format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}", body.len());
            let _ = stream.write_all(answer.as_bytes()); // the client may have gone
        }
    });
    format!("http://{address}")
}

fn kubeconfig(server: &str) -> String {
    json!({
        "apiVersion": "v1", "kind": "Config", "current-context": "default",
        "clusters": [{ "name": "default", "cluster": { "server": server } }],
        "users": [{ "name": "default", "user": {} }],
        "contexts": [{ "name": "default", "context": { "cluster": "default", "user": "default" } }],
    })
    .to_string()
}

#[test]
fn the_kubeconfig_is_read_anew_when_it_changed() {
    let runtime = runtime();
    let folder = tempfile::tempdir().expect("folder");
    let path = folder.path().join("k3s.yaml");
    let api = ApiServer::new(runtime.handle().clone(), path.clone(), Arc::new(SimClock::default()));
    assert!(matches!(api.glance("/version"), Err(ApiError::Unreadable { .. })));
    std::fs::write(&path, "not: [a kubeconfig").expect("write");
    assert!(matches!(api.glance("/version"), Err(ApiError::Unusable { .. })));
    for name in ["first", "second"] {
        std::fs::write(&path, kubeconfig(&server(name))).expect("write");
        assert_eq!(api.glance("/version").expect("answer").expect("version")["gitVersion"], name);
    }
}
