//! One HTTP request over the Unix socket.

use std::path::Path;
use std::time::Duration;

use bytes::Bytes;
use http::header::{ACCEPT, CONTENT_TYPE, HOST};
use http::{HeaderName, HeaderValue, Method, Request, Response, StatusCode};
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::body::{Body, Incoming};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use serde::de::DeserializeOwned;
use tokio::net::UnixStream;
use tokio::time::timeout;

use bridle_core::fault::{Fault, FaultCode};

use crate::error::ClientError;

/// Longest answer that is read, in bytes.
pub(crate) const LARGEST_BODY: usize = 16 * 1024 * 1024;
const CONNECT_LIMIT: Duration = Duration::from_secs(5);
/// Deadline of a whole answer; also of the head of an event stream.
pub(crate) const ANSWER_LIMIT: Duration = Duration::from_secs(30);

/// How often a question is asked whose answer does not come because the agent ends meanwhile.
const ASKED: u32 = 3;

/// What is asked of the agent.
#[derive(Clone)]
pub(crate) struct Ask<'a> {
    pub(crate) method: Method,
    /// Made of constants and checked names only, so it is a valid path.
    pub(crate) path: String,
    pub(crate) headers: Vec<(HeaderName, HeaderValue)>,
    pub(crate) body: Option<Vec<u8>>,
    pub(crate) accept: &'a str,
}

impl Ask<'_> {
    /// `GET path`, for a JSON answer.
    pub(crate) fn get(path: impl Into<String>) -> Self {
        Self { method: Method::GET, path: path.into(), headers: Vec::new(), body: None, accept: "application/json" }
    }

    /// The request in words, for error texts.
    pub(crate) fn name(&self) -> String {
        format!("{} {}", self.method, self.path)
    }
}

/// Sends `ask`; gives the head of a successful answer with its body unread, or the agent's refusal.
pub(crate) async fn send(socket: &Path, ask: Ask<'_>) -> Result<Response<Incoming>, ClientError> {
    send_within(socket, ask, ANSWER_LIMIT).await
}

/// As [`send`], where each answer may take as long as `limit`.
///
/// An agent that is replaced by that of another release lets go of who waits for it, while systemd holds the socket: a
/// question is asked again then. What changes something is not: nobody knows whether it did.
pub(crate) async fn send_within(
    socket: &Path,
    ask: Ask<'_>,
    limit: Duration,
) -> Result<Response<Incoming>, ClientError> {
    let what = ask.name();
    let asked = if ask.method == Method::GET { ASKED } else { 1 };
    for _ in 1..asked {
        match exchange(socket, &what, request(ask.clone())?, limit).await {
            Err(ClientError::Lost { .. }) => {}
            answer => return answer,
        }
    }
    exchange(socket, &what, request(ask)?, limit).await
}

/// Sends `request`, whose answer must begin within `limit`; otherwise as [`send`].
pub(crate) async fn exchange<B>(
    socket: &Path,
    what: &str,
    request: Request<B>,
    limit: Duration,
) -> Result<Response<Incoming>, ClientError>
where
    B: Body<Data = Bytes> + Send + 'static,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    let what = what.to_owned();
    let stream = match timeout(CONNECT_LIMIT, UnixStream::connect(socket)).await {
        Ok(Ok(stream)) => stream,
        Ok(Err(source)) => return Err(ClientError::Connect { socket: socket.to_owned(), source }),
        Err(_) => return Err(ClientError::Deadline { what, limit: CONNECT_LIMIT }),
    };
    let exchange = async {
        let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
        // Ends when the answer has been read or dropped, or the agent closes.
        tokio::spawn(connection);
        sender.send_request(request).await
    };
    let answer = match timeout(limit, exchange).await {
        Ok(Ok(answer)) => answer,
        Ok(Err(source)) => return Err(ClientError::Lost { what, source: source.into() }),
        Err(_) => return Err(ClientError::Deadline { what, limit }),
    };
    if answer.status().is_success() {
        return Ok(answer);
    }
    let status = answer.status();
    let body = body(answer, &what).await?;
    Err(refusal(what, status, &body))
}

/// Sends `ask` and reads its JSON answer.
pub(crate) async fn json<T: DeserializeOwned>(socket: &Path, ask: Ask<'_>) -> Result<T, ClientError> {
    let what = ask.name();
    json_of(send(socket, ask).await?, &what).await
}

/// Reads a JSON answer.
pub(crate) async fn json_of<T: DeserializeOwned>(answer: Response<Incoming>, what: &str) -> Result<T, ClientError> {
    let bytes = body(answer, what).await?;
    let unexpected =
        |error: serde_json::Error| ClientError::Answer { what: what.to_owned(), found: clip(&error.to_string()) };
    serde_json::from_slice(&bytes).map_err(unexpected)
}

fn request(ask: Ask<'_>) -> Result<Request<Full<Bytes>>, ClientError> {
    let what = ask.name();
    let mut request =
        Request::builder().method(ask.method).uri(ask.path).header(HOST, "bridle").header(ACCEPT, ask.accept);
    if ask.body.is_some() {
        request = request.header(CONTENT_TYPE, "application/json");
    }
    for (name, value) in ask.headers {
        request = request.header(name, value);
    }
    let body = Full::new(Bytes::from(ask.body.unwrap_or_default()));
    request.body(body).map_err(|error| ClientError::Answer { what, found: clip(&error.to_string()) })
}

async fn body(answer: Response<Incoming>, what: &str) -> Result<Bytes, ClientError> {
    let read = Limited::new(answer.into_body(), LARGEST_BODY).collect();
    match timeout(ANSWER_LIMIT, read).await {
        Ok(Ok(body)) => Ok(body.to_bytes()),
        Ok(Err(source)) => Err(ClientError::Lost { what: what.to_owned(), source }),
        Err(_) => Err(ClientError::Deadline { what: what.to_owned(), limit: ANSWER_LIMIT }),
    }
}

/// The part of a problem document (RFC 9457) that counts here; the rest is for other clients.
#[derive(serde::Deserialize)]
struct Problem {
    fault: Fault,
}

fn refusal(what: String, status: StatusCode, body: &[u8]) -> ClientError {
    let fault = match serde_json::from_slice::<Problem>(body) {
        Ok(problem) => problem.fault,
        // An agent of another version may know faults that this program does not.
        Err(_) => Fault::new(FaultCode::Internal).output(&String::from_utf8_lossy(body)),
    };
    ClientError::Refused { what, status: status.as_u16(), fault: Box::new(fault) }
}

/// At most 200 characters, for error texts.
pub(crate) fn clip(text: &str) -> String {
    text.chars().take(200).collect()
}
