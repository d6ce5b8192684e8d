//! The client against a small agent on a socket in a temporary directory.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bridle_client::{Client, ClientConfig, ClientError, Follow, News, Patience, offline, sample};
use bridle_core::event::{Event, OperatorCommand};
use bridle_core::fault::{Fault, FaultCode};
use bridle_core::journal;
use bridle_core::operation::OperationState;
use bridle_core::status::Health;
use bytes::Bytes;
use http::{Request, Response, StatusCode};
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::io::AsyncReadExt as _;
use tokio::net::UnixListener;
use tokio::task::JoinHandle;

/// What the agent was asked, and the bodies that it still gives (the last one again and again).
#[derive(Default)]
struct Script {
    asked: Mutex<Vec<String>>,
    answers: Mutex<VecDeque<(u16, String)>>,
}

struct Agent {
    folder: tempfile::TempDir,
    script: Arc<Script>,
    task: Option<JoinHandle<()>>,
}

impl Agent {
    fn absent() -> Self {
        Self { folder: tempfile::tempdir().expect("folder"), script: Arc::default(), task: None }
    }

    fn new(answers: &[(u16, String)]) -> Self {
        let mut agent = Self::absent();
        agent.script.answers.lock().expect("lock").extend(answers.iter().cloned());
        agent.start();
        agent
    }

    fn socket(&self) -> PathBuf {
        self.folder.path().join("agent.sock")
    }

    fn client(&self) -> Client {
        let folder = self.folder.path().to_owned();
        Client::new(&ClientConfig { socket: self.socket(), data: folder })
    }

    fn start(&mut self) {
        let _ = std::fs::remove_file(self.socket());
        let listener = UnixListener::bind(self.socket()).expect("bind");
        let script = Arc::clone(&self.script);
        self.task = Some(tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let script = Arc::clone(&script);
                let service = service_fn(move |request| answer(Arc::clone(&script), request));
                tokio::spawn(http1::Builder::new().serve_connection(TokioIo::new(stream), service));
            }
        }));
    }

    fn asked(&self) -> Vec<String> {
        self.script.asked.lock().expect("lock").clone()
    }
}

impl Drop for Agent {
    fn drop(&mut self) {
        if let Some(task) = &self.task {
            task.abort();
        }
    }
}

async fn answer(script: Arc<Script>, request: Request<Incoming>) -> Result<Response<Full<Bytes>>, Infallible> {
    let after = request.headers().get("last-event-id").and_then(|value| value.to_str().ok()).unwrap_or("").to_owned();
    let head = format!("{} {} {after}", request.method(), request.uri());
    let body = request.into_body().collect().await.expect("body").to_bytes();
    let line = format!("{} {}", head.trim_end(), String::from_utf8_lossy(&body));
    script.asked.lock().expect("lock").push(line.trim_end().to_owned());
    let mut answers = script.answers.lock().expect("lock");
    let (status, text) =
        if answers.len() > 1 { answers.pop_front() } else { answers.front().cloned() }.expect("answer");
    let response = Response::builder().status(StatusCode::from_u16(status).expect("status"));
    Ok(response.body(Full::new(Bytes::from(text))).expect("response"))
}

/// Events as the agent sends them.
fn stream(events: &[Event]) -> String {
    let mut text = ": hello\n\n".to_owned();
    for event in events {
        if event.kind.is_kept() {
            text.push_str(&format!("id: {}\n", event.seq));
        }
        text.push_str(&format!("data: {}\n\n", serde_json::to_string(event).expect("json")));
    }
    text
}

fn after(events: &[Event], seq: u64) -> Vec<Event> {
    events.iter().filter(|event| event.kind.is_kept() && event.seq > seq).cloned().collect()
}

fn quick() -> Patience {
    let short = Duration::from_millis(300);
    Patience { first: short, later: short, longest_pause: Duration::from_millis(20) }
}

/// Everything that a follower hears until the end: kept events, and how often it was cut off.
async fn hear(mut follow: Follow) -> (Vec<u64>, u32, Result<(), ClientError>) {
    let (mut heard, mut cuts) = (Vec::new(), 0);
    loop {
        match follow.next().await {
            Ok(News::Event(event)) if event.kind.is_kept() => heard.push(event.seq),
            Ok(News::Event(_) | News::Connected) => {}
            Ok(News::Reconnecting { .. }) => cuts += 1,
            Ok(News::Ended) => return (heard, cuts, Ok(())),
            Err(error) => return (heard, cuts, Err(error)),
        }
    }
}

#[tokio::test]
async fn reads_views_and_sends_commands() {
    let view = sample::view(&sample::success());
    let agent = Agent::new(&[
        (200, serde_json::to_string(&sample::status(Some(view.clone()))).expect("json")),
        (200, serde_json::to_string(&[&view]).expect("json")),
        (202, String::new()),
    ]);
    let client = agent.client();
    assert_eq!(client.status().await.expect("status").site, "univ-demo");
    assert_eq!(client.operations().await.expect("operations"), [view]);
    let skip = OperatorCommand::Skip { reason: "known".to_owned() };
    client.command(&sample::id(), &skip).await.expect("accepted");
    let id = sample::id();
    assert_eq!(
        agent.asked(),
        [
            "GET /api/v1/status".to_owned(),
            "GET /api/v1/operations".to_owned(),
            format!("POST /api/v1/operations/{id}/command {}", r#"{"skip":{"reason":"known"}}"#),
        ]
    );
}

#[tokio::test]
async fn a_refusal_carries_the_agents_fault() {
    let fault = Fault::new(FaultCode::CommandRefused).with("state", "done");
    let problem = serde_json::json!({ "type": "about:blank", "title": "x", "status": 409, "fault": fault });
    let agent = Agent::new(&[(409, problem.to_string()), (503, "<html>".to_owned()), (200, "[]".to_owned())]);
    let refused = agent.client().command(&sample::id(), &OperatorCommand::Retry).await.expect_err("refused");
    assert_eq!(refused.fault(), fault);
    let broken = agent.client().status().await.expect_err("refused");
    assert_eq!((broken.fault().code, broken.is_passing()), (FaultCode::Internal, true));
    let other = agent.client().status().await.expect_err("not a status");
    assert!(matches!(other, ClientError::Answer { .. }), "{other:?}");
}

#[tokio::test]
async fn nobody_listening_is_a_fault_of_its_own() {
    let error = Agent::absent().client().status().await.expect_err("nobody");
    assert_eq!(error.fault().code, FaultCode::AgentUnreachable);
}

/// As while the agent of another release takes over: systemd holds the socket, and who was waiting is let go.
#[tokio::test]
async fn a_question_is_asked_again_where_the_agent_ends_meanwhile_and_a_change_is_not() {
    let folder = tempfile::tempdir().expect("folder");
    let socket = folder.path().join("agent.sock");
    let listener = UnixListener::bind(&socket).expect("bind");
    let client = Client::new(&ClientConfig { socket, data: folder.path().to_owned() });
    // The first two connections are closed with the question in them.
    let agent = tokio::spawn(async move {
        for ends in [true, true, false, true] {
            let (mut stream, _) = listener.accept().await.expect("asked");
            if ends {
                let mut some = [0; 16];
                let _read = stream.read(&mut some).await.expect("a question");
                continue;
            }
            let script = Arc::new(Script::default());
            script.answers.lock().expect("lock").push_back((200, "[]".to_owned()));
            let service = service_fn(move |request| answer(Arc::clone(&script), request));
            let _served = http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
        }
        listener
    });
    assert!(client.operations().await.expect("the third time").is_empty());
    let error = client.command(&sample::id(), &OperatorCommand::Retry).await.expect_err("nobody knows");
    assert!(matches!(error, ClientError::Lost { .. }), "{error:?}");
    drop(agent.await.expect("it was asked four times in all"));
}

#[tokio::test]
async fn an_endless_answer_is_cut_off() {
    let agent = Agent::new(&[(200, "x".repeat(17 * 1024 * 1024))]);
    let error = agent.client().status().await.expect_err("too long");
    assert!(matches!(error, ClientError::Lost { .. }), "{error:?}");
}

#[tokio::test]
async fn a_cut_stream_is_joined_again_where_it_ended() {
    let events = sample::success();
    // Cut after every record, once each, with passing events between; then the rest at once.
    for cut in 1..14 {
        let first: Vec<Event> = events.iter().filter(|event| event.seq <= cut).cloned().collect();
        let agent = Agent::new(&[(200, stream(&first)), (503, "{}".to_owned()), (200, stream(&after(&events, cut)))]);
        let follow = Follow::new(agent.client(), sample::id(), quick());
        let (heard, cuts, end) = hear(follow).await;
        end.expect("ends");
        assert_eq!(heard, (1..=14).collect::<Vec<u64>>(), "cut after {cut}");
        assert_eq!(cuts, 2, "cut after {cut}");
        assert!(agent.asked().last().is_some_and(|asked| asked.ends_with(&format!(" {cut}"))), "{:?}", agent.asked());
    }
}

#[tokio::test]
async fn records_twice_and_a_missing_record_do_no_harm() {
    let events = sample::success();
    let with_gap: Vec<Event> = events.iter().filter(|event| event.seq != 7).cloned().collect();
    let agent = Agent::new(&[(200, stream(&with_gap)), (200, stream(&events))]);
    let (heard, cuts, end) = hear(Follow::new(agent.client(), sample::id(), quick())).await;
    end.expect("ends");
    assert_eq!((heard, cuts), ((1..=14).collect::<Vec<u64>>(), 1));
}

#[tokio::test]
async fn an_agent_that_is_restarted_is_found_again() {
    let events = sample::success();
    let mut agent = Agent::new(&[(200, stream(&sample::beginning())), (200, stream(&after(&events, 6)))]);
    let patience = Patience { later: Duration::from_secs(20), ..quick() };
    let mut follow = Follow::new(agent.client(), sample::id(), patience);
    let mut seen = 0;
    while seen < 6 {
        if let News::Event(event) = follow.next().await.expect("news") {
            seen = event.seq;
        }
    }
    if let Some(task) = agent.task.take() {
        task.abort();
    }
    std::fs::remove_file(agent.socket()).expect("gone");
    let gone = loop {
        match follow.next().await.expect("patient") {
            News::Reconnecting { attempt, error } if attempt > 2 => break error,
            _ => {}
        }
    };
    assert_eq!(gone.fault().code, FaultCode::AgentUnreachable);
    agent.start();
    let (heard, _, end) = hear(follow).await;
    end.expect("ends");
    assert_eq!(heard, (7..=14).collect::<Vec<u64>>());
}

#[tokio::test]
async fn patience_ends() {
    let agent = Agent::new(&[(200, stream(&sample::beginning()))]);
    let (heard, cuts, end) = hear(Follow::new(agent.client(), sample::id(), quick())).await;
    assert_eq!(heard, (1..=6).collect::<Vec<u64>>());
    assert!(cuts > 1 && end.is_err());
    let unknown = Fault::new(FaultCode::OperationUnknown).with("operation", "x");
    let agent = Agent::new(&[(404, serde_json::json!({ "fault": unknown }).to_string())]);
    let (_, cuts, end) = hear(Follow::new(agent.client(), sample::id(), quick())).await;
    assert_eq!((cuts, end.expect_err("unknown").fault()), (0, unknown));
}

#[tokio::test]
#[allow(clippy::disallowed_methods, reason = "files of a test need not survive a power cut")]
async fn journals_tell_what_the_agent_does_not() {
    let agent = Agent::absent();
    let config = ClientConfig { socket: agent.socket(), data: agent.folder.path().to_owned() };
    let (empty, _) = config.offline().expect("no folder is no fault");
    assert_eq!((empty.health, empty.operation), (Health::Unknown, None));
    let folder = config.data.join("journal");
    std::fs::create_dir(&folder).expect("folder");
    let kept = |events: Vec<Event>| {
        after(&events, 0).iter().map(|event| journal::encode(event, journal::FORMAT)).collect::<String>()
    };
    let whole = kept(sample::failure());
    // A torn last line, a damaged journal, and a file that is none.
    std::fs::write(folder.join("20261123-044319-install.journal"), &whole[..whole.len() - 5]).expect("write");
    std::fs::write(folder.join("20261122-044319-install.journal"), whole.replacen("root", "r00t", 1)).expect("write");
    std::fs::write(folder.join("notes.txt"), "x").expect("write");
    let last = sample::status(None);
    std::fs::write(config.data.join("status.json"), serde_json::to_string(&last).expect("json")).expect("write");
    let (status, history) = config.offline().expect("read");
    assert_eq!(history.operations.len(), 1);
    assert_eq!(history.operations[0].state, OperationState::Running);
    assert!(matches!(&history.problems[..], [offline::OfflineError::Journal { .. }]), "{:?}", history.problems);
    assert_eq!((status.agent, status.health, status.site.as_str()), (None, Health::Unknown, "univ-demo"));
    assert!(status.operation.is_some());
}
