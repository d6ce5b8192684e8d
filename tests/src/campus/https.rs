//! HTTPS to the front door from this process: many requests a second, and each failure with its reason.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::client::conn::http1::{self, SendRequest};
use hyper::header::{CONTENT_TYPE, HOST};
use hyper::{Method, Request, StatusCode};
use hyper_util::rt::TokioIo;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use serde_json::Value;
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;

/// From the first packet to the last byte of an answer.
const LIMIT: Duration = Duration::from_secs(20);
/// Largest answer that is read.
const ANSWER: usize = 4 << 20;

/// Where the platform is reached, and whom to trust there.
#[derive(Clone)]
pub(super) struct Server {
    socket: SocketAddr,
    name: &'static str,
    tls: TlsConnector,
}

/// An open connection.
#[derive(Debug)]
pub(super) struct Connection {
    sender: SendRequest<Full<Bytes>>,
}

/// An answer, whatever its status.
#[derive(Debug)]
pub(super) struct Answer {
    pub status: StatusCode,
    pub body: Bytes,
}

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub enum Unanswered {
    /// The certificates of the authority are none.
    #[error("the authority's certificate cannot be used: {0}")]
    Authority(String),
    /// No connection.
    #[error("connect: {0}")]
    Connect(io::Error),
    /// No TLS session, or no HTTP on it.
    #[error("begin TLS and HTTP: {0}")]
    Begin(io::Error),
    /// The connection was closed before the request was sent.
    #[error("the connection had been closed before the request was sent")]
    NotSent,
    /// The request was sent, and the answer did not come, or not whole.
    #[error("no whole answer: {0}")]
    Broken(String),
    /// It took too long.
    #[error("no answer within {} s", LIMIT.as_secs())]
    Late,
}

impl Server {
    /// Of this name at this address, with the authority in `pem` as the only one that is trusted.
    pub fn new(socket: SocketAddr, name: &'static str, pem: &[u8]) -> Result<Self, Unanswered> {
        let mut roots = RootCertStore::empty();
        let certificates = CertificateDer::pem_slice_iter(pem).collect::<Result<Vec<_>, _>>();
        for certificate in certificates.map_err(|error| Unanswered::Authority(error.to_string()))? {
            roots.add(certificate).map_err(|error| Unanswered::Authority(error.to_string()))?;
        }
        if roots.is_empty() {
            return Err(Unanswered::Authority("it holds none".to_owned()));
        }
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(|error| Unanswered::Authority(error.to_string()))?;
        let mut config = config.with_root_certificates(roots).with_no_client_auth();
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        // Each new connection is a whole one, as that of another user is.
        config.resumption = rustls::client::Resumption::disabled();
        Ok(Self { socket, name, tls: TlsConnector::from(Arc::new(config)) })
    }

    /// Opens a connection.
    pub async fn connect(&self) -> Result<Connection, Unanswered> {
        timeout(LIMIT, self.connected()).await.unwrap_or(Err(Unanswered::Late))
    }

    async fn connected(&self) -> Result<Connection, Unanswered> {
        let stream = TcpStream::connect(self.socket).await.map_err(Unanswered::Connect)?;
        stream.set_nodelay(true).map_err(Unanswered::Connect)?;
        let name = ServerName::try_from(self.name).map_err(|error| Unanswered::Begin(io::Error::other(error)))?;
        let stream = self.tls.connect(name, stream).await.map_err(Unanswered::Begin)?;
        let (sender, connection) =
            http1::handshake(TokioIo::new(stream)).await.map_err(|error| Unanswered::Begin(io::Error::other(error)))?;
        // Ends with the sender; what went wrong with it is told to the request that it concerns.
        tokio::spawn(connection);
        Ok(Connection { sender })
    }

    /// Sends one request over `connection`.
    pub async fn ask(
        &self,
        connection: &mut Connection,
        method: &Method,
        path: &str,
        body: Option<&Value>,
    ) -> Result<Answer, Unanswered> {
        timeout(LIMIT, self.asked(connection, method, path, body)).await.unwrap_or(Err(Unanswered::Late))
    }

    async fn asked(
        &self,
        connection: &mut Connection,
        method: &Method,
        path: &str,
        body: Option<&Value>,
    ) -> Result<Answer, Unanswered> {
        let mut request = Request::builder().method(method).uri(path).header(HOST, self.name);
        if body.is_some() {
            request = request.header(CONTENT_TYPE, "application/json");
        }
        let bytes = body.map(Value::to_string).unwrap_or_default();
        let request =
            request.body(Full::from(bytes)).map_err(|error| Unanswered::Broken(format!("not a request: {error}")))?;
        connection.sender.ready().await.map_err(|_| Unanswered::NotSent)?;
        let answer = connection.sender.send_request(request).await.map_err(|error| {
            // hyper says so of a request that it still holds whole.
            if error.is_canceled() { Unanswered::NotSent } else { Unanswered::Broken(chain(&error)) }
        })?;
        let status = answer.status();
        let whole = Limited::new(answer.into_body(), ANSWER).collect().await;
        let body = whole.map_err(|error| Unanswered::Broken(error.to_string()))?.to_bytes();
        Ok(Answer { status, body })
    }
}

/// An error with its causes.
fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(found) = cause {
        text.push_str(": ");
        text.push_str(&found.to_string());
        cause = found.source();
    }
    text
}
