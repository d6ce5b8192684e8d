//! The calls about release files that come in pieces, and the look at the beginning of one.

use std::time::Duration;

use bridle_core::store::AddView;
use bridle_core::upload::{LookView, UploadId, UploadOrder, UploadView};
use http::Method;

use crate::api::Client;
use crate::connection::{Ask, json, json_of, send, send_within};
use crate::error::ClientError;

/// A piece of 8 MiB comes to disk within this time.
const PIECE_LIMIT: Duration = Duration::from_secs(120);
/// Taking 50 GB into the store, on a slow disk.
const ADD_LIMIT: Duration = Duration::from_secs(12 * 3600);

impl Client {
    /// All uploads.
    ///
    /// # Errors
    /// [`ClientError`] if the agent does not answer.
    pub async fn uploads(&self) -> Result<Vec<UploadView>, ClientError> {
        json(self.socket(), Ask::get("/api/v1/uploads")).await
    }

    /// Begins an upload.
    ///
    /// # Errors
    /// [`ClientError`] if the agent does not answer or refuses it.
    pub async fn begin_upload(&self, order: &UploadOrder) -> Result<UploadView, ClientError> {
        let body = serde_json::to_vec(order).expect("an order holds only a string and a number");
        json(self.socket(), Ask { method: Method::POST, body: Some(body), ..Ask::get("/api/v1/uploads") }).await
    }

    /// How far an upload is.
    ///
    /// # Errors
    /// [`ClientError`] if the agent does not answer or knows no such upload.
    pub async fn upload(&self, id: &UploadId) -> Result<UploadView, ClientError> {
        json(self.socket(), Ask::get(path_of(id))).await
    }

    /// Sends the piece that begins at `offset`; at most 8 MiB, and at least 1 MiB if it is not the last one. It is on the
    /// host's disk when this returns.
    ///
    /// # Errors
    /// [`ClientError`] if the agent does not answer or expects another offset: the refusal (`BR-1281`) names it.
    pub async fn send_piece(&self, id: &UploadId, offset: u64, piece: Vec<u8>) -> Result<UploadView, ClientError> {
        let path = format!("{}?offset={offset}", path_of(id));
        let ask = Ask { method: Method::PUT, body: Some(piece), ..Ask::get(path) };
        let what = ask.name();
        json_of(send_within(self.socket(), ask, PIECE_LIMIT).await?, &what).await
    }

    /// Takes a complete upload into the store; it is gone afterwards.
    ///
    /// # Errors
    /// [`ClientError`] if the agent does not answer or refuses the release.
    pub async fn add_upload(&self, id: &UploadId) -> Result<AddView, ClientError> {
        let ask = Ask { method: Method::POST, ..Ask::get(format!("{}/add", path_of(id))) };
        let what = ask.name();
        json_of(send_within(self.socket(), ask, ADD_LIMIT).await?, &what).await
    }

    /// Removes an upload.
    ///
    /// # Errors
    /// [`ClientError`] if the agent does not answer or knows no such upload.
    pub async fn remove_upload(&self, id: &UploadId) -> Result<(), ClientError> {
        send(self.socket(), Ask { method: Method::DELETE, ..Ask::get(path_of(id)) }).await.map(drop)
    }

    /// What the beginning of a release file shows; at most 8 MiB of it.
    ///
    /// # Errors
    /// [`ClientError`] if the agent does not answer.
    pub async fn look_at_release(&self, beginning: Vec<u8>) -> Result<LookView, ClientError> {
        json(self.socket(), Ask { method: Method::POST, body: Some(beginning), ..Ask::get("/api/v1/releases/look") })
            .await
    }
}

/// Path of an upload; its name holds hex digits only.
fn path_of(id: &UploadId) -> String {
    format!("/api/v1/uploads/{id}")
}
