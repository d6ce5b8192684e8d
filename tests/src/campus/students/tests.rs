//! Students before a platform that misbehaves on purpose, over real TLS.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Mutex;

use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use rustls::ServerConfig;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

use super::*;
use crate::campus::HOST;

/// What the platform does wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fault {
    None,
    /// Every fifth enrolment is acknowledged and forgotten.
    Forgets,
    /// Every fifth enrolment is refused.
    Refuses,
    /// Every fifth connection is closed before the answer.
    Breaks,
    /// A connection serves two requests.
    Closes,
}

struct Platform {
    door: FrontDoor,
    _runtime: tokio::runtime::Runtime,
    _folder: tempfile::TempDir,
}

#[derive(Default)]
struct Database {
    asked: u64,
    students: BTreeMap<String, String>,
}

fn platform(fault: Fault) -> Platform {
    let folder = tempfile::tempdir().unwrap();
    let clock = Arc::new(bridle_host::clock::SystemClock);
    bridle_host::certificates::Authority::new(folder.path().to_owned(), clock).issue(HOST).unwrap();
    let pem = |name: &str| std::fs::read(folder.path().join(name)).unwrap();
    let chain = CertificateDer::pem_slice_iter(&pem("front-door.pem")).collect::<Result<Vec<_>, _>>().unwrap();
    let key = PrivateKeyDer::from_pem_slice(&pem("front-door.key")).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
    let config = config.with_no_client_auth().with_single_cert(chain, key).unwrap();
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).unwrap();
    let address: SocketAddr = listener.local_addr().unwrap();
    runtime.spawn(serve(listener, TlsAcceptor::from(Arc::new(config)), fault));
    let door = FrontDoor { server: Server::new(address, HOST, &pem("ca.pem")).unwrap() };
    Platform { door, _runtime: runtime, _folder: folder }
}

async fn serve(listener: TcpListener, acceptor: TlsAcceptor, fault: Fault) {
    let database = Arc::new(Mutex::new(Database::default()));
    for connection in 1_u64.. {
        let Ok((stream, _)) = listener.accept().await else { return };
        let (acceptor, database) = (acceptor.clone(), database.clone());
        if fault == Fault::Breaks && connection.is_multiple_of(5) {
            continue;
        }
        tokio::spawn(async move {
            let Ok(stream) = acceptor.accept(stream).await else { return };
            let served = AtomicU64::new(0);
            let service = service_fn(|request| answer(request, &database, fault, &served));
            // A client that goes away is its own affair.
            let _gone =
                hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
        });
    }
}

async fn answer(
    request: Request<Incoming>,
    database: &Mutex<Database>,
    fault: Fault,
    served: &AtomicU64,
) -> Result<Response<Full<Bytes>>, Infallible> {
    let (head, body) = request.into_parts();
    let body = body.collect().await.map(|body| body.to_bytes()).unwrap_or_default();
    let mut database = database.lock().unwrap();
    let answer = if head.method == Method::POST {
        let new: serde_json::Value = serde_json::from_slice(&body).unwrap();
        let student = new["student"].as_str().unwrap().to_owned();
        database.asked += 1;
        let (id, fifth) = (database.asked.to_string(), database.asked.is_multiple_of(5));
        if fifth && fault == Fault::Refuses {
            (StatusCode::SERVICE_UNAVAILABLE, "no upstream".to_owned())
        } else {
            if !(fifth && fault == Fault::Forgets) {
                assert!(database.students.values().all(|known| *known != student), "{student} came twice");
                database.students.insert(id.clone(), student);
            }
            (StatusCode::CREATED, format!("{{\"id\": \"{id}\"}}"))
        }
    } else {
        let id = head.uri.path().rsplit('/').next().unwrap_or_default();
        match database.students.get(id) {
            Some(student) => (StatusCode::OK, format!("{{\"student\": \"{student}\"}}")),
            None => (StatusCode::NOT_FOUND, String::new()),
        }
    };
    let mut built = Response::builder().status(answer.0);
    if fault == Fault::Closes && served.fetch_add(1, Ordering::Relaxed) == 1 {
        built = built.header("connection", "close");
    }
    Ok(built.body(Full::from(answer.1)).unwrap())
}

fn enrolled(fault: Fault, most: u64) -> (Platform, Tally) {
    let platform = platform(fault);
    let students = Students::at_pace(&platform.door, Pace { fresh: 2, kept: 2, per_second: 400 });
    let enough = || students.acknowledged() >= most;
    crate::testhost::wait_until("enough students", Duration::from_secs(30), enough).unwrap();
    let tally = students.stop().unwrap();
    println!("{fault:?}: {tally}\n{}", tally.reasons(3));
    (platform, tally)
}

#[test]
fn on_a_sound_platform_nobody_fails_and_nobody_is_lost() {
    let (platform, tally) = enrolled(Fault::None, 100);
    assert_eq!((tally.failures, tally.lost(&platform.door).unwrap()), (0, vec![]));
    assert!(tally.acknowledged.len() >= 100 && tally.slowest > Duration::ZERO && tally.longest_gap < tally.took);
}

#[test]
fn an_enrolment_that_was_acknowledged_and_forgotten_is_found() {
    let (platform, tally) = enrolled(Fault::Forgets, 60);
    let lost = tally.lost(&platform.door).unwrap();
    assert!(lost.len() >= 12 && tally.failures == 0, "{lost:?}");
}

#[test]
fn refused_and_broken_ones_are_counted_with_their_reasons_and_not_as_lost() {
    for (fault, why) in [(Fault::Refuses, "no upstream"), (Fault::Breaks, "begin TLS")] {
        let (platform, tally) = enrolled(fault, 60);
        assert!(tally.failures > 0 && tally.failed.len() as u64 == tally.failures, "{fault:?}");
        assert!(tally.failed.iter().all(|failure| failure.why.contains(why)), "{}", tally.reasons(200));
        if fault == Fault::Refuses {
            assert_eq!(tally.lost(&platform.door).unwrap(), []);
        }
    }
}

#[test]
fn a_kept_connection_that_the_server_closes_between_two_requests_is_no_failure() {
    let (platform, tally) = enrolled(Fault::Closes, 60);
    assert_eq!((tally.failures, tally.lost(&platform.door).unwrap()), (0, vec![]), "{}", tally.reasons(5));
}

#[test]
fn a_platform_that_is_gone_is_a_failure_a_turn_and_a_gap() {
    let Platform { door, _runtime: runtime, .. } = platform(Fault::None);
    runtime.shutdown_background();
    let students = Students::at_pace(&door, Pace { fresh: 1, kept: 1, per_second: 200 });
    thread::sleep(Duration::from_millis(300));
    let tally = students.stop().unwrap();
    assert!(tally.acknowledged.is_empty() && tally.failures >= 2, "{tally}");
    assert_eq!(tally.longest_gap, tally.took);
}
