//! Running a command inside a pod, over the API server's WebSocket (`pods/exec`).

use std::io::{Read, Write};
use std::time::Duration;

use k8s_openapi::api::core::v1::Pod;
use kube::Api;
use kube::api::AttachParams;
use tokio::io::{AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};

use super::{ApiServer, QUICK};

/// How long a stop may go unnoticed.
const LOOK: Duration = Duration::from_millis(200);
/// Bytes on their way between the network and whoever writes them.
const BUFFER: usize = 64 * 1024;
/// So much of the end of the command's errors is kept.
const COMPLAINT: usize = 4096;

/// A container.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) namespace: String,
    pub(crate) pod: String,
    pub(crate) container: String,
}

/// How a command ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Ended {
    /// Whether with exit code 0.
    pub(crate) well: bool,
    /// The end of what it said on standard error, and how Kubernetes says that it ended.
    pub(crate) complaint: String,
}

/// Why a command did not come to its end.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ExecError {
    /// It could not be started.
    #[error("start a command in {0}")]
    Start(String, #[source] Box<dyn std::error::Error + Send + Sync>),
    /// The connection ended before the command did.
    #[error("run a command in {0}: the connection broke before it ended")]
    Broken(String),
    /// The limit passed.
    #[error("run a command in {0}: not done within {1:?}")]
    Late(String, Duration),
    /// Told to stop.
    #[error("run a command in {0}: told to stop")]
    Stopped(String),
    /// What it should be given cannot be read.
    #[error("read what a command in {0} is given")]
    Read(String, #[source] std::io::Error),
    /// What it said cannot be written.
    #[error("write what a command in {0} says")]
    Write(String, #[source] std::io::Error),
}

/// Runs commands inside pods.
pub(crate) trait Pods {
    /// Runs `command` and writes what it says on standard output to `to` as it comes. Arguments can be read by everybody in
    /// the pod: never a secret. A command that is not waited for any longer may go on in the pod.
    ///
    /// # Errors
    /// [`ExecError`] if it does not come to its end.
    fn run(
        &self,
        place: &Place,
        command: &[String],
        to: &mut dyn Write,
        limit: Duration,
        stop: &dyn Fn() -> bool,
    ) -> Result<Ended, ExecError>;

    /// Runs `command`, gives it all of the first of `streams` as its standard input and writes its output to the second. The input is not closed at
    /// its end: the command must know how much comes.
    ///
    /// # Errors
    /// [`ExecError`] if it does not come to its end.
    fn feed(
        &self,
        place: &Place,
        command: &[String],
        streams: (&mut dyn Read, &mut dyn Write),
        limit: Duration,
        stop: &dyn Fn() -> bool,
    ) -> Result<Ended, ExecError>;
}

impl Pods for ApiServer {
    fn run(
        &self,
        place: &Place,
        command: &[String],
        to: &mut dyn Write,
        limit: Duration,
        stop: &dyn Fn() -> bool,
    ) -> Result<Ended, ExecError> {
        self.hold(place, command, (None, to), limit, stop)
    }

    fn feed(
        &self,
        place: &Place,
        command: &[String],
        (from, to): (&mut dyn Read, &mut dyn Write),
        limit: Duration,
        stop: &dyn Fn() -> bool,
    ) -> Result<Ended, ExecError> {
        self.hold(place, command, (Some(from), to), limit, stop)
    }
}

impl ApiServer {
    fn hold(
        &self,
        place: &Place,
        command: &[String],
        streams: Streams<'_>,
        limit: Duration,
        stop: &dyn Fn() -> bool,
    ) -> Result<Ended, ExecError> {
        let client = self.client().map_err(|error| ExecError::Start(place.to_string(), Box::new(error)))?;
        let end = self.clock.monotonic().saturating_add(limit);
        let watch = || {
            if stop() {
                return Err(ExecError::Stopped(place.to_string()));
            }
            if self.clock.monotonic() >= end {
                return Err(ExecError::Late(place.to_string(), limit));
            }
            Ok(())
        };
        self.runtime.block_on(converse(client, place, command, streams, &watch))
    }
}

/// What a command reads and where its output goes.
type Streams<'a> = (Option<&'a mut dyn Read>, &'a mut dyn Write);

async fn converse(
    client: kube::Client,
    place: &Place,
    command: &[String],
    (mut from, to): Streams<'_>,
    watch: &dyn Fn() -> Result<(), ExecError>,
) -> Result<Ended, ExecError> {
    let start = |source: Box<dyn std::error::Error + Send + Sync>| ExecError::Start(place.to_string(), source);
    let pods: Api<Pod> = Api::namespaced(client, &place.namespace);
    let wanted = AttachParams::default()
        .stdin(from.is_some())
        .stdout(true)
        .stderr(true)
        .container(&place.container)
        .max_stdout_buf_size(BUFFER)
        .max_stderr_buf_size(COMPLAINT);
    let begin = tokio::time::timeout(QUICK * 2, pods.exec(&place.pod, command, &wanted));
    let mut process = begin.await.map_err(|late| start(Box::new(late)))?.map_err(|error| start(Box::new(error)))?;
    let (stdout, stderr, status) = (process.stdout(), process.stderr(), process.take_status());
    let (Some(mut stdout), Some(mut stderr), Some(status)) = (stdout, stderr, status) else {
        return Err(ExecError::Broken(place.to_string()));
    };
    let mut stdin = process.stdin();
    let (mut piece, mut ready) = (vec![0; BUFFER], 0..0);
    let (mut out, mut err) = (vec![0; BUFFER], vec![0; COMPLAINT]);
    let (mut out_open, mut err_open) = (true, true);
    let mut complaint = Vec::new();
    let mut look = tokio::time::interval(LOOK);
    while out_open || err_open {
        if let Some(source) = from.as_mut().filter(|_| ready.is_empty()) {
            let count = source.read(&mut piece).map_err(|error| ExecError::Read(place.to_string(), error))?;
            ready = 0..count;
            if count == 0 {
                from = None;
            }
        }
        tokio::select! {
            written = write_some(&mut stdin, &piece[ready.clone()]), if !ready.is_empty() => match written {
                Ok(count) => ready.start += count,
                // It reads no more; how it ended tells the rest.
                Err(_) => (from, ready) = (None, 0..0),
            },
            read = stdout.read(&mut out), if out_open => match read {
                Ok(count) if count > 0 => {
                    to.write_all(&out[..count]).map_err(|error| ExecError::Write(place.to_string(), error))?;
                }
                _ => out_open = false,
            },
            read = stderr.read(&mut err), if err_open => match read {
                Ok(count) if count > 0 => {
                    complaint.extend_from_slice(&err[..count]);
                    let over = complaint.len().saturating_sub(COMPLAINT);
                    complaint.drain(..over);
                }
                _ => err_open = false,
            },
            _ = look.tick() => watch()?,
        }
    }
    // The streams end as well where the connection breaks; only the status tells that the command has ended.
    let status = tokio::time::timeout(QUICK, status).await.ok().flatten();
    let status = status.ok_or_else(|| ExecError::Broken(place.to_string()))?;
    let mut complaint = String::from_utf8_lossy(&complaint).trim().to_owned();
    let well = status.status.as_deref() == Some("Success");
    if let Some(words) = status.message.filter(|_| !well) {
        complaint = format!("{complaint}\n{words}").trim().to_owned();
    }
    Ok(Ended { well, complaint })
}

async fn write_some(stdin: &mut Option<impl AsyncWrite + Unpin>, bytes: &[u8]) -> std::io::Result<usize> {
    match stdin {
        Some(stdin) => stdin.write(bytes).await.and_then(|count| match count {
            0 => Err(std::io::ErrorKind::WriteZero.into()),
            count => Ok(count),
        }),
        None => Err(std::io::ErrorKind::BrokenPipe.into()),
    }
}

impl std::fmt::Display for Place {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "{}/{} ({})", self.namespace, self.pod, self.container)
    }
}
