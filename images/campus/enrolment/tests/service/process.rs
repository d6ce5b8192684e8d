//! A copy of the service as its own process, and requests to it.

use std::io::{BufRead as _, BufReader};
use std::net::SocketAddr;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use hyper::header::{CONNECTION, CONTENT_TYPE, LOCATION};
use hyper_util::rt::TokioIo;
use serde_json::Value;

use crate::postgres::Postgres;
use crate::{LIMIT, until};

/// A running copy. It ends with this value.
pub(crate) struct Service {
    child: Child,
    address: SocketAddr,
    log: Arc<Mutex<Vec<String>>>,
}

/// Status, type, place and body of an answer.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) content_type: String,
    pub(crate) location: String,
    pub(crate) connection: String,
    pub(crate) body: String,
}

impl Answer {
    /// The body as JSON.
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }
}

impl Service {
    /// Starts a copy; its database need not be there.
    pub(crate) fn start(postgres: &Postgres) -> Self {
        Self::start_with(postgres, &[])
    }

    /// Starts a copy with further arguments.
    pub(crate) fn start_with(postgres: &Postgres, arguments: &[&str]) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_campus-enrolment"))
            .args([
                "--listen=127.0.0.1:0",
                "--database-host=127.0.0.1",
                "--database-name=enrolment",
                "--drain-seconds=1",
            ])
            .arg(format!("--database-port={}", postgres.port))
            .arg("--database-credentials")
            .arg(postgres.credentials())
            .args(arguments)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let address = loop {
            let line = lines.next().expect("the service ended before it listened").unwrap();
            let line: Value = serde_json::from_str(&line).unwrap();
            if line["event"] == "listening" {
                break line["address"].as_str().unwrap().parse().unwrap();
            }
        };
        let log = Arc::<Mutex<Vec<String>>>::default();
        let taken = Arc::clone(&log);
        // A pipe that nobody empties would stop the service.
        std::thread::spawn(move || lines.map_while(Result::ok).for_each(|line| taken.lock().unwrap().push(line)));
        Self { child, address, log }
    }

    /// Starts a copy and waits until it is ready.
    pub(crate) async fn ready(postgres: &Postgres) -> Self {
        let service = Self::start(postgres);
        service.until_ready(200).await;
        service
    }

    /// Waits until `/readyz` has this status.
    pub(crate) async fn until_ready(&self, status: u16) {
        until(&format!("/readyz says {status}"), async || self.get("/readyz").await.status == status).await;
    }

    /// GET.
    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.send("GET", path, "", Bytes::new()).await
    }

    /// DELETE.
    pub(crate) async fn delete(&self, path: &str) -> Answer {
        self.send("DELETE", path, "", Bytes::new()).await
    }

    /// POST of JSON.
    pub(crate) async fn post(&self, body: &Value) -> Answer {
        self.send("POST", "/api/enrolments", "application/json", body.to_string().into()).await
    }

    /// Any request on a connection of its own.
    pub(crate) async fn send(&self, method: &str, path: &str, content_type: &str, body: Bytes) -> Answer {
        self.try_send(method, path, content_type, body).await.unwrap()
    }

    /// As [`Service::send`]; an error where the service no longer listens.
    pub(crate) async fn try_send(
        &self,
        method: &str,
        path: &str,
        content_type: &str,
        body: Bytes,
    ) -> std::io::Result<Answer> {
        let stream = tokio::net::TcpStream::connect(self.address).await?;
        let (mut sender, connection) =
            hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.map_err(std::io::Error::other)?;
        tokio::spawn(connection);
        let mut request = hyper::Request::builder().method(method).uri(path).header("host", "test");
        if !content_type.is_empty() {
            request = request.header(CONTENT_TYPE, content_type);
        }
        let answer = tokio::time::timeout(LIMIT, sender.send_request(request.body(Full::new(body)).unwrap()))
            .await
            .unwrap()
            .map_err(std::io::Error::other)?;
        let header =
            |name| answer.headers().get(name).and_then(|value| value.to_str().ok()).unwrap_or_default().to_owned();
        let (status, content_type, location) = (answer.status().as_u16(), header(CONTENT_TYPE), header(LOCATION));
        let connection_kept = header(CONNECTION);
        let body = answer.into_body().collect().await.map_err(std::io::Error::other)?.to_bytes();
        Ok(Answer {
            status,
            content_type,
            location,
            connection: connection_kept,
            body: String::from_utf8_lossy(&body).into_owned(),
        })
    }

    /// Sends TERM, as Kubernetes does.
    pub(crate) fn terminate(&self) {
        assert!(Command::new("kill").args(["-TERM", &self.child.id().to_string()]).status().unwrap().success());
    }

    /// Waits for the end of the process.
    pub(crate) async fn ended(&mut self) -> ExitStatus {
        let mut status = None;
        until("the service ends", async || {
            status = self.child.try_wait().unwrap();
            status.is_some()
        })
        .await;
        status.unwrap()
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        if std::thread::panicking() {
            println!("the service said:\n{}", self.log.lock().unwrap().join("\n"));
        }
    }
}
