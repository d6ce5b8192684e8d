//! The Kubernetes API server: one request after the other, each with a limit on time and size.

mod dry_run;
mod exec;

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bridle_core::digest::Digest;
use bridle_core::fault::{Fault, FaultCode};
use bridle_core::port::Clock;
use http::{Method, Request};
use http_body_util::{BodyExt, Limited};
use hyper::body::Bytes;
use kube::client::Body;
use kube::config::{KubeConfigOptions, Kubeconfig};
use kube::{Client, Config};
use serde_json::Value;
use tokio::runtime::Handle;

pub(crate) use exec::{Ended, ExecError, Place, Pods};

/// Name under which our fields are owned in server-side apply.
pub(crate) const FIELD_MANAGER: &str = "bridle";
/// A request of a step: tried again while the server is overloaded or restarts.
const STEADY: Duration = Duration::from_secs(15);
/// A request of the status view: not tried again.
const QUICK: Duration = Duration::from_secs(5);
/// How long transient failures of one request are tried again.
const RETRY_FOR: Duration = Duration::from_secs(20);
/// Largest answer that is read; 500 pods are about 5 MiB.
const LARGEST_ANSWER: usize = 64 * 1024 * 1024;
/// Largest kubeconfig that is read.
const LARGEST_KUBECONFIG: u64 = 1024 * 1024;
/// Objects a page, and pages a list.
const PAGE: usize = 500;
const MOST_PAGES: usize = 20;

/// Where requests go.
enum Source {
    Kubeconfig(PathBuf),
    Fixed(Client),
}

/// The API server.
pub(crate) struct ApiServer {
    runtime: Handle,
    source: Source,
    clock: Arc<dyn Clock>,
    current: Mutex<Option<(Digest, Client)>>,
}

/// Why a request has no result.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ApiError {
    /// The kubeconfig cannot be read.
    #[error("read {path}")]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// The cause.
        #[source]
        source: std::io::Error,
    },
    /// The kubeconfig cannot be used.
    #[error("use {path}")]
    Unusable {
        /// The file.
        path: PathBuf,
        /// The cause.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// No connection, or it broke.
    #[error("{request}")]
    Broken {
        /// Method and path.
        request: String,
        /// The cause.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// No answer in time.
    #[error("{request}: no answer within {} s", limit.as_secs())]
    Late {
        /// Method and path.
        request: String,
        /// The limit.
        limit: Duration,
    },
    /// The server said no.
    #[error("{request}: {status} {message}")]
    Refused {
        /// Method and path.
        request: String,
        /// Status code.
        status: u16,
        /// The server's words, at most 1000 characters.
        message: String,
    },
    /// Not JSON.
    #[error("{request}: understand the answer")]
    Answer {
        /// Method and path.
        request: String,
        /// The cause.
        #[source]
        source: serde_json::Error,
    },
    /// More pages than a list may have.
    #[error("list {path}: more than {} objects", PAGE * MOST_PAGES)]
    Long {
        /// Path of the list.
        path: String,
    },
}

impl ApiError {
    /// Whether the same request may succeed a moment later.
    pub(crate) fn transient(&self) -> bool {
        match self {
            Self::Unreadable { .. } | Self::Unusable { .. } | Self::Broken { .. } | Self::Late { .. } => true,
            Self::Refused { status, .. } => matches!(status, 429 | 500 | 502 | 503 | 504),
            Self::Answer { .. } | Self::Long { .. } => false,
        }
    }

    /// Whether the server answered with `code`.
    pub(crate) fn is_status(&self, code: u16) -> bool {
        matches!(self, Self::Refused { status, .. } if *status == code)
    }

    /// The fault for people; `what` was wanted of the API.
    pub(crate) fn fault(&self, what: &str) -> Fault {
        Fault::new(FaultCode::KubernetesRefused).with("what", what).because(self)
    }
}

impl ApiServer {
    /// The server that a kubeconfig names.
    pub(crate) fn new(runtime: Handle, kubeconfig: PathBuf, clock: Arc<dyn Clock>) -> Self {
        Self { runtime, source: Source::Kubeconfig(kubeconfig), clock, current: Mutex::new(None) }
    }

    /// A server behind a client that is there already.
    pub(crate) fn fixed(runtime: Handle, client: Client, clock: Arc<dyn Clock>) -> Self {
        Self { runtime, source: Source::Fixed(client), clock, current: Mutex::new(None) }
    }

    /// An object, or `None` if there is none of that name.
    pub(crate) fn get(&self, path: &str) -> Result<Option<Value>, ApiError> {
        absent(self.steadily(&Method::GET, path, None))
    }

    /// The same without patience, for looks that are repeated anyway.
    pub(crate) fn glance(&self, path: &str) -> Result<Option<Value>, ApiError> {
        absent(self.once(&Method::GET, path, None, QUICK))
    }

    /// All objects of a collection. `query` holds further parameters, percent-encoded.
    pub(crate) fn list(&self, path: &str, query: &str) -> Result<Vec<Value>, ApiError> {
        self.pages(path, query, |page| self.steadily(&Method::GET, page, None))
    }

    /// The same without patience.
    pub(crate) fn glance_list(&self, path: &str, query: &str) -> Result<Vec<Value>, ApiError> {
        self.pages(path, query, |page| self.once(&Method::GET, page, None, QUICK))
    }

    /// Server-side apply as `bridle`. We win conflicts: what a release names is the release's.
    pub(crate) fn apply(&self, path: &str, object: &Value) -> Result<Value, ApiError> {
        let path = format!("{path}?fieldManager={FIELD_MANAGER}&force=true");
        self.steadily(&Method::PATCH, &path, Some(("application/apply-patch+yaml", object)))
    }

    /// Creates an object in a collection.
    pub(crate) fn create(&self, path: &str, object: &Value) -> Result<Value, ApiError> {
        let path = format!("{path}?fieldManager={FIELD_MANAGER}");
        self.steadily(&Method::POST, &path, Some(("application/json", object)))
    }

    /// Merges `change` into an object; with a `resourceVersion` in it, only if nobody else changed the object meanwhile.
    pub(crate) fn merge(&self, path: &str, change: &Value) -> Result<Value, ApiError> {
        let path = format!("{path}?fieldManager={FIELD_MANAGER}");
        self.steadily(&Method::PATCH, &path, Some(("application/merge-patch+json", change)))
    }

    /// Asks for an object's removal, and that what it owns goes first; gives whether it was there.
    pub(crate) fn delete(&self, path: &str) -> Result<bool, ApiError> {
        let options =
            serde_json::json!({ "kind": "DeleteOptions", "apiVersion": "v1", "propagationPolicy": "Foreground" });
        let gone = absent(self.steadily(&Method::DELETE, path, Some(("application/json", &options))))?;
        Ok(gone.is_some())
    }

    /// Asks for the removal, in good order, of the object of this uid and of no other one of its name.
    pub(crate) fn delete_this(&self, path: &str, uid: &str) -> Result<bool, ApiError> {
        let options =
            serde_json::json!({ "kind": "DeleteOptions", "apiVersion": "v1", "preconditions": { "uid": uid } });
        match absent(self.once(&Method::DELETE, path, Some(("application/json", &options)), QUICK)) {
            Ok(gone) => Ok(gone.is_some()),
            // Another one has its name by now.
            Err(error) if error.is_status(409) => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// A text, such as a log; without patience, and at most what `path` asks for.
    pub(crate) fn glance_text(&self, path: &str) -> Result<String, ApiError> {
        let bytes = self.exchange(&Method::GET, path, None, QUICK)?;
        Ok(String::from_utf8_lossy(&bytes).into_owned())
    }

    fn pages(
        &self,
        path: &str,
        query: &str,
        fetch: impl Fn(&str) -> Result<Value, ApiError>,
    ) -> Result<Vec<Value>, ApiError> {
        let mut objects = Vec::new();
        let mut from = String::new();
        for _ in 0..MOST_PAGES {
            let and = if query.is_empty() { "" } else { "&" };
            let mut page = fetch(&format!("{path}?limit={PAGE}{and}{query}{from}"))?;
            if let Some(Value::Array(items)) = page.get_mut("items").map(Value::take) {
                objects.extend(items);
            }
            match page.pointer("/metadata/continue").and_then(Value::as_str) {
                Some(token) if !token.is_empty() => from = format!("&continue={}", segment(token)),
                _ => return Ok(objects),
            }
        }
        Err(ApiError::Long { path: path.to_owned() })
    }

    fn steadily(&self, method: &Method, path: &str, body: Option<(&str, &Value)>) -> Result<Value, ApiError> {
        let end = self.clock.monotonic().saturating_add(RETRY_FOR);
        let mut delay = Duration::from_millis(250);
        loop {
            match self.once(method, path, body, STEADY) {
                Err(error) if error.transient() && self.clock.monotonic().saturating_add(delay) < end => {
                    self.clock.sleep(delay);
                    delay = (delay * 2).min(Duration::from_secs(4));
                }
                result => return result,
            }
        }
    }

    fn once(
        &self,
        method: &Method,
        path: &str,
        body: Option<(&str, &Value)>,
        limit: Duration,
    ) -> Result<Value, ApiError> {
        let bytes = self.exchange(method, path, body, limit)?;
        serde_json::from_slice(&bytes).map_err(|source| ApiError::Answer { request: name_of(method, path), source })
    }

    fn exchange(
        &self,
        method: &Method,
        path: &str,
        body: Option<(&str, &Value)>,
        limit: Duration,
    ) -> Result<Bytes, ApiError> {
        let name = name_of(method, path);
        let mut builder = Request::builder().method(method.clone()).uri(path).header("accept", "application/json");
        let mut bytes = Vec::new();
        if let Some((content_type, value)) = body {
            builder = builder.header("content-type", content_type);
            bytes = value.to_string().into_bytes();
        }
        let request = builder
            .body(Body::from(bytes))
            .map_err(|error| ApiError::Broken { request: name.clone(), source: Box::new(error) })?;
        let client = self.client()?;
        let exchange = async {
            let response = client.send(request).await.map_err(Box::<dyn std::error::Error + Send + Sync>::from)?;
            let status = response.status().as_u16();
            let bytes = Limited::new(response.into_body(), LARGEST_ANSWER).collect().await?.to_bytes();
            Ok::<_, Box<dyn std::error::Error + Send + Sync>>((status, bytes))
        };
        let timed = self.runtime.block_on(async { tokio::time::timeout(limit, exchange).await });
        let (status, bytes) = match timed {
            Err(_) => return Err(ApiError::Late { request: name, limit }),
            Ok(Err(source)) => return Err(ApiError::Broken { request: name, source }),
            Ok(Ok(answer)) => answer,
        };
        if !(200..300).contains(&status) {
            let words = serde_json::from_slice::<Value>(&bytes)
                .ok()
                .and_then(|answer| answer.get("message")?.as_str().map(str::to_owned))
                .unwrap_or_else(|| String::from_utf8_lossy(&bytes).into_owned());
            return Err(ApiError::Refused { request: name, status, message: words.chars().take(1000).collect() });
        }
        Ok(bytes)
    }

    /// The client for the kubeconfig as it is now.
    fn client(&self) -> Result<Client, ApiError> {
        let path = match &self.source {
            Source::Kubeconfig(path) => path,
            Source::Fixed(client) => return Ok(client.clone()),
        };
        let text = read_limited(path).map_err(|source| ApiError::Unreadable { path: path.clone(), source })?;
        let digest = Digest::of(text.as_bytes());
        let mut current = self.current.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((known, client)) = current.as_ref()
            && *known == digest
        {
            return Ok(client.clone());
        }
        let unusable = |source| ApiError::Unusable { path: path.clone(), source };
        let kubeconfig = Kubeconfig::from_yaml(&text).map_err(|error| unusable(Box::new(error)))?;
        let _context = self.runtime.enter(); // the client starts tasks of its own
        let client = self
            .runtime
            .block_on(async {
                let mut config = Config::from_custom_kubeconfig(kubeconfig, &KubeConfigOptions::default()).await?;
                config.connect_timeout = Some(QUICK);
                config.proxy_url = None; // the API of this host is never behind a proxy
                config.default_retry = false; // `steadily` does that, on a clock that tests can turn
                Ok::<_, Box<dyn std::error::Error + Send + Sync>>(Client::try_from(config)?)
            })
            .map_err(unusable)?;
        *current = Some((digest, client.clone()));
        Ok(client)
    }
}

/// Percent-encodes one segment of a path or one value of a query.
pub(crate) fn segment(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~' | b':') {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    out
}

fn name_of(method: &Method, path: &str) -> String {
    format!("{method} {}", path.split('?').next().unwrap_or(path))
}

fn absent(result: Result<Value, ApiError>) -> Result<Option<Value>, ApiError> {
    match result {
        Ok(object) => Ok(Some(object)),
        Err(error) if error.is_status(404) => Ok(None),
        Err(error) => Err(error),
    }
}

fn read_limited(path: &std::path::Path) -> std::io::Result<String> {
    use std::io::Read as _;
    let mut text = String::new();
    std::fs::File::open(path)?.take(LARGEST_KUBECONFIG).read_to_string(&mut text)?;
    Ok(text)
}

#[cfg(test)]
mod tests;
