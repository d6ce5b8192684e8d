//! The platform as its users see it: through the front door of a test host, over TLS, from outside the host.

use std::future::Future;
use std::net::SocketAddr;

use hyper::Method;
use serde_json::{Value, json};

use super::HOST;
use super::https::{Answer, Server, Unanswered};
use crate::testhost::{Error, Host, Result};

/// The course in which students are enrolled.
pub(super) const COURSE: &str = "L1-INFO";
/// Where they are enrolled.
pub(super) const ENROLMENTS: &str = "/api/enrolments";
const PORT: u16 = 443;

/// The front door of one host.
#[derive(Clone)]
pub struct FrontDoor {
    pub(super) server: Server,
}

impl FrontDoor {
    /// The front door of `host`, with the appliance's own authority as the only one that is trusted.
    ///
    /// # Errors
    /// The kit's, if the host has no such certificate.
    pub fn of(host: &Host) -> Result<Self> {
        let authority = host.disk_root().join("etc/bridle/pki/ca.pem");
        let pem = std::fs::read(&authority).map_err(Error::file("read", &authority))?;
        let server = Server::new(SocketAddr::from((host.address(), PORT)), HOST, &pem);
        Ok(Self { server: server.map_err(|error| unanswered("trust", HOST, &error))? })
    }

    /// The front page.
    ///
    /// # Errors
    /// The kit's, if it does not answer.
    pub fn page(&self) -> Result<String> {
        self.ask(&Method::GET, "/", None)
    }

    /// Enrols a student and gives the id of the enrolment.
    ///
    /// # Errors
    /// The kit's, if that is refused.
    pub fn enrol(&self, student: &str) -> Result<String> {
        let answer = self.ask(&Method::POST, ENROLMENTS, Some(&new_enrolment(student)))?;
        id(answer.as_bytes()).ok_or_else(|| Error::Failed {
            command: format!("POST {ENROLMENTS}"),
            status: "no id in the answer".to_owned(),
            stdout: answer,
            stderr: String::new(),
        })
    }

    /// Reads an enrolment back.
    ///
    /// # Errors
    /// The kit's, if there is none.
    pub fn enrolment(&self, id: &str) -> Result<Value> {
        let answer = self.ask(&Method::GET, &format!("{ENROLMENTS}/{id}"), None)?;
        Ok(serde_json::from_str(&answer).unwrap_or_default())
    }

    /// The first page of all enrolments, from the database.
    ///
    /// # Errors
    /// The kit's, if it does not answer.
    pub fn list(&self) -> Result<Value> {
        let answer = self.ask(&Method::GET, ENROLMENTS, None)?;
        Ok(serde_json::from_str(&answer).unwrap_or_default())
    }

    fn ask(&self, method: &Method, path: &str, body: Option<&Value>) -> Result<String> {
        let asked = async {
            let mut connection = self.server.connect().await?;
            self.server.ask(&mut connection, method, path, body).await
        };
        let Answer { status, body } = to_the_end(asked)?.map_err(|error| unanswered(method.as_str(), path, &error))?;
        let text = String::from_utf8_lossy(&body).into_owned();
        if status.is_success() {
            return Ok(text);
        }
        Err(Error::Failed {
            command: format!("{method} {path}"),
            status: status.to_string(),
            stdout: text,
            stderr: String::new(),
        })
    }
}

impl std::fmt::Debug for FrontDoor {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "front door {HOST}")
    }
}

/// What is posted to enrol a student.
pub(super) fn new_enrolment(student: &str) -> Value {
    json!({ "student": student, "course": COURSE })
}

/// The id in the answer to an enrolment.
pub(super) fn id(answer: &[u8]) -> Option<String> {
    match serde_json::from_slice::<Value>(answer).unwrap_or_default().get("id")? {
        Value::String(id) => Some(id.clone()),
        Value::Number(id) => Some(id.to_string()),
        _ => None,
    }
}

/// Runs something asynchronous on this thread to its end.
pub(super) fn to_the_end<T>(future: impl Future<Output = T>) -> Result<T> {
    let made = tokio::runtime::Builder::new_current_thread().enable_all().build();
    Ok(made.map_err(Error::file("start a runtime on", "this thread"))?.block_on(future))
}

pub(super) fn unanswered(method: &str, path: &str, error: &Unanswered) -> Error {
    Error::Failed {
        command: format!("{method} {path}"),
        status: error.to_string(),
        stdout: String::new(),
        stderr: String::new(),
    }
}
