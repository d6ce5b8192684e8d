//! The platform as its users see it: through the front door of a test host, over TLS, from outside the host.

use std::net::Ipv4Addr;

use serde_json::{Value, json};

use super::HOST;
use crate::testhost::{Error, Host, Invocation, Result};

/// The front door of one host.
#[derive(Debug)]
pub struct FrontDoor {
    address: Ipv4Addr,
    authority: std::path::PathBuf,
}

impl FrontDoor {
    /// The front door of `host`, with the appliance's own authority as the only one that is trusted.
    ///
    /// # Errors
    /// The kit's, if the host has no such certificate.
    pub fn of(host: &Host) -> Result<Self> {
        let authority = host.disk_root().join("etc/bridle/pki/ca.pem");
        Ok(Self { address: host.address(), authority })
    }

    /// The front page.
    ///
    /// # Errors
    /// The kit's, if it does not answer.
    pub fn page(&self) -> Result<String> {
        self.ask("GET", "/", None)
    }

    /// Enrols a student and gives the id of the enrolment.
    ///
    /// # Errors
    /// The kit's, if that is refused.
    pub fn enrol(&self, student: &str) -> Result<String> {
        let answer = self.ask("POST", "/api/enrolments", Some(&json!({ "student": student, "course": "L1-INFO" })))?;
        let value: Value = serde_json::from_str(&answer).unwrap_or_default();
        match &value["id"] {
            Value::String(id) => Ok(id.clone()),
            Value::Number(id) => Ok(id.to_string()),
            _ => Err(Error::Failed {
                command: "POST /api/enrolments".to_owned(),
                status: "no id in the answer".to_owned(),
                stdout: answer,
                stderr: String::new(),
            }),
        }
    }

    /// Reads an enrolment back.
    ///
    /// # Errors
    /// The kit's, if there is none.
    pub fn enrolment(&self, id: &str) -> Result<Value> {
        let answer = self.ask("GET", &format!("/api/enrolments/{id}"), None)?;
        Ok(serde_json::from_str(&answer).unwrap_or_default())
    }

    fn ask(&self, method: &str, path: &str, body: Option<&Value>) -> Result<String> {
        let resolve = format!("{HOST}:443:{}", self.address);
        let url = format!("https://{HOST}{path}");
        let authority = self.authority.display().to_string();
        let mut words = vec![
            "--silent",
            "--show-error",
            "--fail-with-body",
            "--max-time",
            "20",
            "--noproxy",
            "*",
            "--cacert",
            &authority,
            "--resolve",
            &resolve,
            "--request",
            method,
            &url,
        ];
        let text = body.map(Value::to_string);
        if let Some(text) = &text {
            words.extend(["--header", "content-type: application/json", "--data", text]);
        }
        Ok(Invocation::new("curl", words).run_ok()?.stdout)
    }
}
