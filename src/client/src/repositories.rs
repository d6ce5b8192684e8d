//! The calls about repositories of backups.

use std::time::Duration;

use bridle_core::backup::repository::view::{
    AddOrder, AddedView, CheckLine, CheckOrder, CheckView, RehearseOrder, RemovedView, RepositoriesView, RepositoryView,
};
use bridle_core::backup::repository::{RepositoryName, named};
use bridle_core::fault::{Fault, FaultCode};
use bytes::BytesMut;
use http::Method;
use hyper::body::Incoming;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::api::Client;
use crate::connection::{Ask, clip, json, json_of, send, send_within};
use crate::error::ClientError;
use crate::lines;

/// How long work on a store may take: twice the agent's own limit, as some calls work twice.
pub(crate) const WORK_LIMIT: Duration = Duration::from_secs(2000);

impl Client {
    /// All repositories.
    ///
    /// # Errors
    /// [`ClientError`] if the agent does not answer or refuses.
    pub async fn repositories(&self) -> Result<RepositoriesView, ClientError> {
        json(self.socket(), Ask::get("/api/v1/repositories")).await
    }

    /// Adds a repository. The answer may hold a recovery code, which nobody can show again.
    ///
    /// # Errors
    /// [`ClientError`] if the agent does not answer or refuses.
    pub async fn add_repository(&self, order: &AddOrder) -> Result<AddedView, ClientError> {
        self.worked("/api/v1/repositories".to_owned(), Some(order)).await
    }

    /// Forgets a repository; nothing in it is deleted.
    ///
    /// # Errors
    /// [`ClientError`] if the agent does not answer or knows no such repository.
    pub async fn remove_repository(&self, name: &str) -> Result<RemovedView, ClientError> {
        json(self.socket(), Ask { method: Method::DELETE, ..Ask::get(path_of(name)?) }).await
    }

    /// Proves that somebody has the recovery code of a repository.
    ///
    /// # Errors
    /// [`ClientError`] if the agent does not answer, or the code does not open it.
    pub async fn rehearse_code(&self, name: &str, order: &RehearseOrder) -> Result<RepositoryView, ClientError> {
        self.worked(format!("{}/code/rehearse", path_of(name)?), Some(order)).await
    }

    /// Gives a repository a new recovery code, which is in the answer.
    ///
    /// # Errors
    /// [`ClientError`] if the agent does not answer or refuses.
    pub async fn rotate_code(&self, name: &str) -> Result<AddedView, ClientError> {
        self.worked(format!("{}/code/rotate", path_of(name)?), None::<&()>).await
    }

    /// Checks a repository; it goes on as long as the answer is read.
    ///
    /// # Errors
    /// [`ClientError`] if the agent does not answer.
    pub async fn check_repository(&self, name: &str, order: CheckOrder) -> Result<RepositoryCheck, ClientError> {
        let body = serde_json::to_vec(&order).expect("an order holds only plain values");
        let path = format!("{}/check", path_of(name)?);
        let ask = Ask { method: Method::POST, body: Some(body), accept: "application/x-ndjson", ..Ask::get(path) };
        let what = ask.name();
        let body = send(self.socket(), ask).await?.into_body();
        Ok(RepositoryCheck { body, what, waiting: BytesMut::new() })
    }

    async fn worked<T: DeserializeOwned>(
        &self,
        path: String,
        order: Option<&impl Serialize>,
    ) -> Result<T, ClientError> {
        let body = order.map(|order| serde_json::to_vec(order).expect("orders hold only texts and plain values"));
        let ask = Ask { method: Method::POST, body, ..Ask::get(path) };
        let what = ask.name();
        json_of(send_within(self.socket(), ask, WORK_LIMIT).await?, &what).await
    }
}

/// A check of a repository that is running.
#[derive(Debug)]
pub struct RepositoryCheck {
    body: Incoming,
    what: String,
    waiting: BytesMut,
}

impl RepositoryCheck {
    /// Its end; `progress` gets bytes read, of all (0 while nobody knows).
    ///
    /// # Errors
    /// [`ClientError`] if the agent fails, falls silent or goes away before the end.
    pub async fn report(mut self, mut progress: impl FnMut(u64, u64)) -> Result<CheckView, ClientError> {
        loop {
            match lines::next(&mut self.body, &mut self.waiting, &self.what).await? {
                CheckLine::Progress { done, total } => progress(done, total),
                CheckLine::Alive => {}
                CheckLine::Report(view) => return Ok(view),
                CheckLine::Failed(fault) => {
                    return Err(ClientError::Refused { what: self.what, status: 500, fault: Box::new(fault) });
                }
            }
        }
    }
}

/// Path of a repository; its name comes from a person.
fn path_of(name: &str) -> Result<String, ClientError> {
    plain(name).map(|name| format!("/api/v1/repositories/{name}"))
}

/// A name that can be part of a path.
pub(crate) fn plain(name: &str) -> Result<RepositoryName, ClientError> {
    named(name).map_err(|_| {
        let fault = Fault::new(FaultCode::RepositoryUnknown).with("repository", clip(name));
        ClientError::Refused { what: "GET /api/v1/repositories".to_owned(), status: 404, fault: Box::new(fault) }
    })
}
