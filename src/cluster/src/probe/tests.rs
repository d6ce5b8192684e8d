use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bridle_core::port::sim::SimClock;
use bridle_core::release::ProbeRequest;
use http::{Request, Response};
use http_body_util::{BodyExt, Full};
use hyper::body::{Bytes, Incoming};
use hyper_util::rt::TokioIo;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use serde_json::{Value, json};
use tokio::runtime::Runtime;

use super::*;
use crate::fake::{Told, attempt, is_missing, runtime};

/// A CA with a certificate for `campus.internal`: chain (leaf, CA) and key as PEM.
fn certificates() -> (String, String) {
    let mut authority = rcgen::CertificateParams::new(Vec::new()).expect("parameters");
    authority.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
    let authority_key = rcgen::KeyPair::generate().expect("key");
    let authority_certificate = authority.self_signed(&authority_key).expect("certificate");
    let key = rcgen::KeyPair::generate().expect("key");
    let leaf = rcgen::CertificateParams::new(vec!["campus.internal".to_owned()])
        .expect("parameters")
        .signed_by(&key, &rcgen::Issuer::from_params(&authority, &authority_key))
        .expect("certificate");
    (leaf.pem() + &authority_certificate.pem(), key.serialize_pem())
}

type Seen = Arc<Mutex<Vec<String>>>;

/// A front door on loopback whose answers `serve` makes from method, path and body.
struct Site {
    runtime: Runtime,
    address: String,
    chain: String,
    seen: Seen,
}

fn site(serve: impl Fn(&str, &str, Value) -> (u16, Vec<u8>) + Send + Sync + 'static) -> Site {
    let runtime = runtime();
    let (chain, key) = certificates();
    let config = rustls::ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .expect("versions")
        .with_no_client_auth()
        .with_single_cert(
            CertificateDer::pem_slice_iter(chain.as_bytes()).collect::<Result<_, _>>().expect("chain"),
            PrivateKeyDer::from_pem_slice(key.as_bytes()).expect("key"),
        )
        .expect("pair");
    let acceptor = tokio_rustls::TlsAcceptor::from(Arc::new(config));
    let listener = runtime.block_on(tokio::net::TcpListener::bind("127.0.0.1:0")).expect("listen");
    let address = listener.local_addr().expect("address").to_string();
    let (seen, serve) = (Seen::default(), Arc::new(serve));
    let log = Arc::clone(&seen);
    runtime.spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let (acceptor, serve, log) = (acceptor.clone(), Arc::clone(&serve), Arc::clone(&log));
            tokio::spawn(async move {
                let Ok(stream) = acceptor.accept(stream).await else { return };
                let service = hyper::service::service_fn(move |request: Request<Incoming>| {
                    let (serve, log) = (Arc::clone(&serve), Arc::clone(&log));
                    async move {
                        assert_eq!(request.headers()["host"], "campus.internal");
                        let (method, path) = (request.method().to_string(), request.uri().to_string());
                        let body = request.into_body().collect().await?.to_bytes();
                        log.lock().expect("lock").push(format!("{method} {path}"));
                        let (status, answer) = serve(&method, &path, serde_json::from_slice(&body).unwrap_or_default());
                        let mut response = Response::new(Full::new(Bytes::from(answer)));
                        *response.status_mut() = http::StatusCode::from_u16(status).expect("status");
                        Ok::<_, hyper::Error>(response)
                    }
                });
                // A client that goes away in the middle is part of the tests.
                let _ =
                    hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
            });
        }
    });
    Site { runtime, address, chain, seen }
}

impl Site {
    fn door(&self) -> FrontDoor {
        FrontDoor::new("campus.internal", &self.address, &self.chain).expect("door")
    }

    fn walk(&self, requests: Vec<ProbeRequest>) -> Result<(), Failure> {
        walk(self.runtime.handle(), &self.door(), &probe(requests), &|| false)
    }

    fn seen(&self) -> Vec<String> {
        self.seen.lock().expect("lock").clone()
    }
}

fn probe(requests: Vec<ProbeRequest>) -> Probe {
    Probe { name: "enrolment".to_owned(), title: BTreeMap::new(), timeout_seconds: 5, requests }
}

fn request(method: &str, path: &str, expect_status: u16) -> ProbeRequest {
    ProbeRequest {
        method: method.to_owned(),
        path: path.to_owned(),
        body: None,
        expect_status,
        expect_json: BTreeMap::new(),
        expect_text: None,
        capture: BTreeMap::new(),
        cleanup: false,
    }
}

/// Enrol, read back, take away.
fn journey() -> Vec<ProbeRequest> {
    let text = str::to_owned;
    vec![
        ProbeRequest {
            body: Some(json!({ "student": "probe-{run}" })),
            capture: BTreeMap::from([(text("id"), text("/id"))]),
            ..request("POST", "/api/enrolments", 201)
        },
        ProbeRequest {
            expect_json: BTreeMap::from([(text("/student"), json!("probe-{run}")), (text("/id"), json!("{id}"))]),
            ..request("GET", "/api/enrolments/{id}", 200)
        },
        ProbeRequest { cleanup: true, ..request("DELETE", "/api/enrolments/{id}", 204) },
    ]
}

/// The enrolment service; `read` is the status of reading back.
fn enrolment(read: u16) -> impl Fn(&str, &str, Value) -> (u16, Vec<u8>) + Send + Sync {
    let student = Mutex::new(Value::Null);
    move |method, _, body| match method {
        "POST" => {
            *student.lock().expect("lock") = body["student"].clone();
            (201, json!({ "id": 7 }).to_string().into_bytes())
        }
        "GET" => (read, json!({ "id": 7, "student": *student.lock().expect("lock") }).to_string().into_bytes()),
        _ => (204, Vec::new()),
    }
}

#[test]
fn a_journey_carries_values_from_request_to_request() {
    let site = site(enrolment(200));
    assert_eq!(site.walk(journey()), Ok(()));
    assert_eq!(site.seen(), ["POST /api/enrolments", "GET /api/enrolments/7", "DELETE /api/enrolments/7"]);
}

#[test]
fn what_was_made_is_taken_away_after_a_failure() {
    let site = site(enrolment(500));
    let failure = site.walk(journey()).expect_err("red");
    assert_eq!(failure.request, "GET /api/enrolments/{id}");
    assert_eq!(failure.cause, "status 500, expected 200");
    assert_eq!(site.seen().last().map(String::as_str), Some("DELETE /api/enrolments/7"));
}

#[test]
fn nothing_is_taken_away_that_was_never_made() {
    let site = site(|_, _, _| (503, Vec::new()));
    let failure = site.walk(journey()).expect_err("red");
    assert_eq!(failure.request, "POST /api/enrolments");
    assert_eq!(site.seen(), ["POST /api/enrolments"]);
}

#[test]
fn a_failing_clean_up_is_a_failure() {
    let site = site(|method, _, _| (if method == "DELETE" { 500 } else { 200 }, Vec::new()));
    let requests = vec![request("GET", "/", 200), ProbeRequest { cleanup: true, ..request("DELETE", "/", 204) }];
    assert_eq!(site.walk(requests).expect_err("red").request, "DELETE /");
}

#[test]
fn expectations_are_compared() {
    let site =
        site(|_, path, _| (200, if path == "/text" { b"Bienvenue".to_vec() } else { b"{\"a\":{\"b\":[1]}}".to_vec() }));
    let json_at = |pointer: &str, value: Value| ProbeRequest {
        expect_json: BTreeMap::from([(pointer.to_owned(), value)]),
        ..request("GET", "/json", 200)
    };
    let text =
        |path: &str, text: &str| ProbeRequest { expect_text: Some(text.to_owned()), ..request("GET", path, 200) };
    for (request, cause) in [
        (json_at("/a/b/0", json!(1)), ""),
        (json_at("/a", json!({ "b": [1] })), ""),
        (text("/text", "venue"), ""),
        (json_at("/a/b/0", json!(2)), "at /a/b/0: 1, expected 2"),
        (json_at("/x", json!(null)), "at /x: nothing, expected null"),
        (text("/text", "Welcome"), "the answer does not hold \"Welcome\""),
        (ProbeRequest { path: "/text".to_owned(), ..json_at("/a", json!(1)) }, "the answer is not JSON"),
        (ProbeRequest { path: "/{absent}".to_owned(), ..text("/", "x") }, "nothing was captured as {absent}"),
        (ProbeRequest { method: "A B".to_owned(), ..text("/", "x") }, "not a method of HTTP"),
    ] {
        let result = site.walk(vec![request]);
        assert_eq!(result.err().map(|failure| failure.cause).unwrap_or_default(), cause);
    }
}

#[test]
fn an_answer_cannot_lead_to_another_resource() {
    let site = site(|_, _, _| (200, json!({ "id": "../admin?x=1" }).to_string().into_bytes()));
    let requests = vec![
        ProbeRequest { capture: BTreeMap::from([("id".to_owned(), "/id".to_owned())]), ..request("GET", "/", 200) },
        request("GET", "/items/{id}", 200),
    ];
    assert_eq!(site.walk(requests), Ok(()));
    assert_eq!(site.seen(), ["GET /", "GET /items/..%2Fadmin%3Fx%3D1"]);
}

#[test]
fn only_the_appliances_own_authority_is_believed() {
    let site = site(|_, _, _| (200, Vec::new()));
    let ask = |host: &str, chain: &str| {
        let door = FrontDoor::new(host, &site.address, chain).expect("door");
        walk(site.runtime.handle(), &door, &probe(vec![request("GET", "/", 200)]), &|| false)
    };
    assert_eq!(ask("campus.internal", &site.chain), Ok(()));
    let (other, _) = certificates();
    let failure = ask("campus.internal", &other).expect_err("another authority");
    assert!(failure.cause.starts_with("greet campus.internal over TLS"), "{}", failure.cause);
    assert!(ask("other.internal", &site.chain).is_err(), "another name");
    assert!(FrontDoor::new("campus.internal", &site.address, "").is_err());
    assert!(FrontDoor::new("campus.internal", "nowhere", &site.chain).is_err());
}

#[test]
fn an_answer_has_a_largest_size_and_a_deadline() {
    let site = site(|_, path, _| (200, vec![b'x'; if path == "/fits" { 1024 * 1024 } else { 1024 * 1024 + 1 }]));
    assert_eq!(site.walk(vec![request("GET", "/fits", 200)]), Ok(()));
    assert!(site.walk(vec![request("GET", "/large", 200)]).is_err());

    // A listener that never greets.
    let silent = std::net::TcpListener::bind("127.0.0.1:0").expect("listen");
    let address = silent.local_addr().expect("address").to_string();
    let door = FrontDoor::new("campus.internal", &address, &site.chain).expect("door");
    let ask =
        |limit, stop: &dyn Fn() -> bool| door.ask(site.runtime.handle(), (http::Method::GET, "/", None), limit, stop);
    assert!(matches!(ask(Duration::from_millis(50), &|| false), Err(RequestError::Late(_))));
    assert!(matches!(ask(Duration::from_secs(60), &|| true), Err(RequestError::Stopped)));
    drop(silent);
    assert!(matches!(ask(Duration::from_secs(5), &|| false), Err(RequestError::Connect { .. })));
}

#[test]
fn the_step_waits_until_all_are_green() {
    let count = Mutex::new(0);
    let site = site(move |_, _, _| {
        let mut count = count.lock().expect("lock");
        *count += 1;
        (if *count < 3 { 503 } else { 200 }, Vec::new())
    });
    let (clock, mut told) = (SimClock::default(), Told::default());
    let probes = [probe(vec![request("GET", "/", 200)])];
    attempt(60, &mut told, |at| apply(site.runtime.handle(), &clock, &site.door(), &probes, at)).expect("green");
    assert_eq!(told.codes(), ["wait-probe", "wait-probe-red", "wait-probe", "wait-probe-red", "wait-probe"]);
    assert_eq!(stand(site.runtime.handle(), &site.door(), &probes), Standing::Done);
}

#[test]
fn the_deadline_names_the_request() {
    let site = site(|_, _, _| (404, Vec::new()));
    let clock = SimClock::default();
    let probes = [probe(vec![request("GET", "/api", 200)])];
    let fault = attempt(5, &mut Told::default(), |at| apply(site.runtime.handle(), &clock, &site.door(), &probes, at))
        .expect_err("red");
    assert_eq!(fault.code, FaultCode::ProbeFailed);
    crate::fake::assert_words(&fault.message);
    assert_eq!(fault.causes, ["status 404, expected 200"]);
    assert!(is_missing(&Ok(stand(site.runtime.handle(), &site.door(), &probes))));
}

#[test]
fn templates() {
    use super::template::{Captured, Unknown, json as fill, path, text};
    let captured = Captured::from([("run".to_owned(), json!("r1")), ("id".to_owned(), json!(7))]);
    assert_eq!(text("a{run}b{id}", &captured), Ok("ar1b7".to_owned()));
    assert_eq!(text("{} { run } {\"a\": 1}", &captured), Ok("{} { run } {\"a\": 1}".to_owned()));
    assert_eq!(text("{", &captured), Ok("{".to_owned()));
    assert_eq!(path("/x/{none}", &captured), Err(Unknown("none".to_owned())));
    let template = json!({ "a": ["{id}", "n{id}"], "b": { "c": "{run}" }, "d": 1 });
    assert_eq!(fill(&template, &captured), Ok(json!({ "a": [7, "n7"], "b": { "c": "r1" }, "d": 1 })));
    // What was captured is not read as a template again.
    let nested = Captured::from([("a".to_owned(), json!("{b}")), ("b".to_owned(), json!("secret"))]);
    assert_eq!(text("{a}", &nested), Ok("{b}".to_owned()));
}
