//! Calls that change what is installed.

use bridle_core::operation::OperationView;
use bridle_core::upgrade::{ChangeOrder, ChangeView};
use http::Method;

use crate::api::Client;
use crate::connection::{Ask, json};
use crate::error::ClientError;
use crate::store::is_plain;

impl Client {
    /// What an upgrade to `release` would do.
    ///
    /// # Errors
    /// [`ClientError`] if the agent does not answer or there is no way to that release.
    pub async fn upgrade_plan(&self, release: &str, copy_data: bool) -> Result<ChangeView, ClientError> {
        is_plain(release)?;
        json(self.socket(), Ask::get(format!("/api/v1/upgrade?release={release}&copy_data={copy_data}"))).await
    }

    /// Begins the upgrade that was looked at.
    ///
    /// # Errors
    /// [`ClientError`] if the agent does not answer, something stands in the way, or the world has changed since.
    pub async fn upgrade(&self, order: &ChangeOrder) -> Result<OperationView, ClientError> {
        self.order("/api/v1/upgrade", order).await
    }

    /// What the return to the release before would do.
    ///
    /// # Errors
    /// [`ClientError`] if the agent does not answer or there is none.
    pub async fn rollback_plan(&self, copy_data: bool) -> Result<ChangeView, ClientError> {
        json(self.socket(), Ask::get(format!("/api/v1/rollback?copy_data={copy_data}"))).await
    }

    /// Begins the return that was looked at.
    ///
    /// # Errors
    /// [`ClientError`] if the agent does not answer, something stands in the way, or the world has changed since.
    pub async fn rollback(&self, order: &ChangeOrder) -> Result<OperationView, ClientError> {
        self.order("/api/v1/rollback", order).await
    }

    async fn order(&self, path: &str, order: &ChangeOrder) -> Result<OperationView, ClientError> {
        let body = serde_json::to_vec(order).expect("an order holds only strings and numbers");
        json(self.socket(), Ask { method: Method::POST, body: Some(body), ..Ask::get(path) }).await
    }
}
