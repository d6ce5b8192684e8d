//! The calls about uninstalling.

use bridle_core::operation::OperationView;
use bridle_core::removal::{Data, RemovalOrder, RemovalView};
use http::Method;

use crate::api::Client;
use crate::connection::{Ask, json};
use crate::error::ClientError;

impl Client {
    /// What an uninstallation would do.
    ///
    /// # Errors
    /// [`ClientError`] if the agent does not answer or refuses.
    pub async fn removal(&self, data: Data) -> Result<RemovalView, ClientError> {
        let choice = match data {
            Data::Keep => "keep",
            Data::Delete => "delete",
        };
        json(self.socket(), Ask::get(format!("/api/v1/uninstall?data={choice}"))).await
    }

    /// Begins it.
    ///
    /// # Errors
    /// [`ClientError`] if the agent does not answer or refuses.
    pub async fn uninstall(&self, order: &RemovalOrder) -> Result<OperationView, ClientError> {
        let body = serde_json::to_vec(order).expect("an order holds only strings");
        let ask = Ask { method: Method::POST, body: Some(body), ..Ask::get("/api/v1/uninstall") };
        json(self.socket(), ask).await
    }
}
