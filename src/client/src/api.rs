//! The calls of the agent's API.

use std::path::{Path, PathBuf};
use std::time::Duration;

use bridle_core::event::OperatorCommand;
use bridle_core::operation::{OperationId, OperationView};
use bridle_core::status::{ReleaseView, StatusView};
use http::Method;
use tokio::time::{Instant, sleep};

use crate::connection::{Ask, json, send};
use crate::error::ClientError;
use crate::event_stream::EventStream;
use crate::offline::{self, History, OfflineError};

const ASK_AGAIN: Duration = Duration::from_millis(300);

/// Where the agent is, and where it keeps what can be read without it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClientConfig {
    /// The agent's socket.
    pub socket: PathBuf,
    /// What the agent keeps, for when it does not answer: `journal/` and `status.json` in it are read.
    pub data: PathBuf,
}

impl ClientConfig {
    /// What can be told without the agent.
    ///
    /// # Errors
    /// [`OfflineError`] if the journals' folder cannot be read.
    pub fn offline(&self) -> Result<(StatusView, History), OfflineError> {
        let history = offline::history(&self.data.join("journal"))?;
        Ok((offline::status(&self.data.join("status.json"), &history), history))
    }
}

impl Default for ClientConfig {
    fn default() -> Self {
        Self { socket: "/run/bridle/agent.sock".into(), data: "/var/lib/bridle".into() }
    }
}

/// The agent, as its clients see it. Each call makes a connection of its own, so a restart of the agent breaks at most one.
#[derive(Debug, Clone)]
pub struct Client {
    socket: PathBuf,
}

impl Client {
    /// A client of the agent behind `config.socket`; nothing is connected yet.
    #[must_use]
    pub fn new(config: &ClientConfig) -> Self {
        Self { socket: config.socket.clone() }
    }

    pub(crate) fn socket(&self) -> &Path {
        &self.socket
    }

    /// The state of the whole.
    ///
    /// # Errors
    /// [`ClientError`] if the agent does not answer or refuses.
    pub async fn status(&self) -> Result<StatusView, ClientError> {
        json(&self.socket, Ask::get("/api/v1/status")).await
    }

    /// All operations, newest first.
    ///
    /// # Errors
    /// [`ClientError`] if the agent does not answer or refuses.
    pub async fn operations(&self) -> Result<Vec<OperationView>, ClientError> {
        json(&self.socket, Ask::get("/api/v1/operations")).await
    }

    /// One operation.
    ///
    /// # Errors
    /// [`ClientError`] if the agent does not answer or knows no such operation.
    pub async fn operation(&self, id: &OperationId) -> Result<OperationView, ClientError> {
        json(&self.socket, Ask::get(format!("/api/v1/operations/{id}"))).await
    }

    /// One operation, from an agent that may just be starting: asks until `patience` has passed.
    ///
    /// # Errors
    /// [`ClientError`] if the agent does not answer in time or knows no such operation.
    pub async fn wait_for(&self, id: &OperationId, patience: Duration) -> Result<OperationView, ClientError> {
        let begin = Instant::now();
        loop {
            match self.operation(id).await {
                Err(error) if error.is_passing() && begin.elapsed() < patience => sleep(ASK_AGAIN).await,
                answer => return answer,
            }
        }
    }

    /// Says `command` to an operation; the answer only means that it was accepted.
    ///
    /// # Errors
    /// [`ClientError`] if the agent does not answer or the command does not fit the state of the operation.
    pub async fn command(&self, id: &OperationId, command: &OperatorCommand) -> Result<(), ClientError> {
        let body = serde_json::to_vec(command).expect("a command holds only strings");
        let ask =
            Ask { method: Method::POST, body: Some(body), ..Ask::get(format!("/api/v1/operations/{id}/command")) };
        send(&self.socket, ask).await.map(drop)
    }

    /// Releases in the store.
    ///
    /// # Errors
    /// [`ClientError`] if the agent does not answer or refuses.
    pub async fn releases(&self) -> Result<Vec<ReleaseView>, ClientError> {
        json(&self.socket, Ask::get("/api/v1/releases")).await
    }

    /// The events of an operation after number `after` (0: from the first), then live ones.
    ///
    /// # Errors
    /// [`ClientError`] if the agent does not answer or knows no such operation.
    pub async fn events(&self, id: &OperationId, after: u64) -> Result<EventStream, ClientError> {
        let mut ask = Ask::get(format!("/api/v1/operations/{id}/events"));
        ask.accept = "text/event-stream";
        ask.headers.push((http::HeaderName::from_static("last-event-id"), after.into()));
        let what = ask.name();
        Ok(EventStream::new(send(&self.socket, ask).await?.into_body(), what))
    }
}
