//! One HTTPS request to the front door, verified against the appliance's own CA.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use bridle_core::fault::{Fault, FaultCode};
use http::{Method, Request};
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::Bytes;
use hyper_util::rt::TokioIo;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tokio::net::TcpStream;
use tokio::runtime::Handle;
use tokio_rustls::TlsConnector;

/// Largest answer that is read.
const LARGEST_ANSWER: usize = 1024 * 1024;
/// How long a stop may go unnoticed.
const SLICE: Duration = Duration::from_millis(200);
const PORT: u16 = 443;

/// The front door of a site.
pub struct FrontDoor {
    host: String,
    server: ServerName<'static>,
    address: SocketAddr,
    tls: TlsConnector,
}

/// Status and body of an answer.
#[derive(Debug)]
pub struct Answer {
    /// Status code.
    pub status: u16,
    /// Body, at most 1 MiB.
    pub body: Vec<u8>,
}

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub enum RequestError {
    /// No connection.
    #[error("connect to {address}")]
    Connect {
        /// The address.
        address: SocketAddr,
        /// The cause.
        #[source]
        source: std::io::Error,
    },
    /// TLS failed: wrong certificate, or no TLS there.
    #[error("greet {host} over TLS")]
    Tls {
        /// The host name.
        host: String,
        /// The cause.
        #[source]
        source: std::io::Error,
    },
    /// The request cannot be written as HTTP.
    #[error("write the request")]
    Request(#[source] http::Error),
    /// The exchange broke.
    #[error("exchange with {host}")]
    Exchange {
        /// The host name.
        host: String,
        /// The cause.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// No answer in time.
    #[error("no answer within {} s", .0.as_secs())]
    Late(Duration),
    /// Told to stop.
    #[error("told to stop")]
    Stopped,
}

impl FrontDoor {
    /// The front door `https://HOST` at `address` (an IP address, port 443 unless one is given).
    ///
    /// `chain` is the certificate in use and its issuers, PEM; the issuers are trusted, or a lone self-signed certificate.
    ///
    /// # Errors
    /// `ProbeFailed` if host, address or certificates cannot be understood.
    pub fn new(host: &str, address: &str, chain: &str) -> Result<Self, Fault> {
        let fault = |cause: &str| {
            Fault::new(FaultCode::ProbeFailed).with("probe", "front-door").with("request", host).output(cause)
        };
        let address = address
            .parse::<SocketAddr>()
            .or_else(|_| address.parse::<IpAddr>().map(|ip| SocketAddr::new(ip, PORT)))
            .map_err(|error| fault(&format!("address of the front door: {error}")))?;
        let server = ServerName::try_from(host.to_owned()).map_err(|error| fault(&error.to_string()))?;
        let certificates = CertificateDer::pem_slice_iter(chain.as_bytes())
            .collect::<Result<Vec<_>, _>>()
            .map_err(|error| fault(&format!("certificate of the front door: {error}")))?;
        let issuers = if certificates.len() > 1 { &certificates[1..] } else { &certificates[..] };
        let mut roots = RootCertStore::empty();
        for issuer in issuers {
            roots.add(issuer.clone()).map_err(|error| fault(&error.to_string()))?;
        }
        if roots.is_empty() {
            return Err(fault("certificate of the front door: none"));
        }
        let config = ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
            .with_safe_default_protocol_versions()
            .map_err(|error| fault(&error.to_string()))?
            .with_root_certificates(roots)
            .with_no_client_auth();
        Ok(Self { host: host.to_owned(), server, address, tls: TlsConnector::from(Arc::new(config)) })
    }

    /// Sends one request over a connection of its own. `stop` is asked several times a second.
    ///
    /// # Errors
    /// [`RequestError`] if there is no answer within `limit`.
    pub fn ask(
        &self,
        runtime: &Handle,
        request: (Method, &str, Option<&serde_json::Value>),
        limit: Duration,
        stop: &dyn Fn() -> bool,
    ) -> Result<Answer, RequestError> {
        runtime.block_on(async {
            let exchange = self.exchange(request);
            tokio::pin!(exchange);
            let end = tokio::time::Instant::now() + limit;
            loop {
                let slice = end.saturating_duration_since(tokio::time::Instant::now()).min(SLICE);
                if let Ok(result) = tokio::time::timeout(slice, &mut exchange).await {
                    return result;
                }
                if stop() {
                    return Err(RequestError::Stopped);
                }
                if tokio::time::Instant::now() >= end {
                    return Err(RequestError::Late(limit));
                }
            }
        })
    }

    async fn exchange(
        &self,
        (method, path, body): (Method, &str, Option<&serde_json::Value>),
    ) -> Result<Answer, RequestError> {
        let broken = |source: Box<dyn std::error::Error + Send + Sync>| RequestError::Exchange {
            host: self.host.clone(),
            source,
        };
        let mut builder = Request::builder()
            .method(method)
            .uri(path)
            .header("host", &self.host)
            .header("accept", "application/json, */*;q=0.5")
            .header("user-agent", "bridle-probe")
            .header("connection", "close");
        let mut bytes = Bytes::new();
        if let Some(body) = body {
            builder = builder.header("content-type", "application/json");
            bytes = Bytes::from(body.to_string());
        }
        let request = builder.body(Full::new(bytes)).map_err(RequestError::Request)?;
        let stream = TcpStream::connect(self.address)
            .await
            .map_err(|source| RequestError::Connect { address: self.address, source })?;
        let stream = self
            .tls
            .connect(self.server.clone(), stream)
            .await
            .map_err(|source| RequestError::Tls { host: self.host.clone(), source })?;
        let (mut sender, connection) =
            hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.map_err(|error| broken(error.into()))?;
        let talk = async {
            let response = sender.send_request(request).await.map_err(|error| broken(error.into()))?;
            let status = response.status().as_u16();
            let body = Limited::new(response.into_body(), LARGEST_ANSWER).collect().await.map_err(broken)?;
            Ok(Answer { status, body: body.to_bytes().to_vec() })
        };
        // The connection is driven here and not in a task of its own: it ends with the request, whatever happens.
        tokio::pin!(talk, connection);
        tokio::select! {
            answer = &mut talk => answer,
            ended = &mut connection => match ended {
                Ok(()) => talk.await,
                Err(error) => Err(broken(error.into())),
            },
        }
    }
}
