//! The calls about renewing the applications.

use bridle_core::operation::OperationView;
use bridle_core::plan::recreate::{RecreateOrder, RecreateView};
use http::Method;

use crate::api::Client;
use crate::connection::{Ask, json};
use crate::error::ClientError;

const PATH: &str = "/api/v1/application/recreate";

impl Client {
    /// What a renewal would do.
    ///
    /// # Errors
    /// [`ClientError`] if the agent does not answer or refuses.
    pub async fn renewal(&self) -> Result<RecreateView, ClientError> {
        json(self.socket(), Ask::get(PATH)).await
    }

    /// Begins it.
    ///
    /// # Errors
    /// [`ClientError`] if the agent does not answer or refuses.
    pub async fn recreate(&self, order: &RecreateOrder) -> Result<OperationView, ClientError> {
        let body = serde_json::to_vec(order).expect("an order holds only strings");
        json(self.socket(), Ask { method: Method::POST, body: Some(body), ..Ask::get(PATH) }).await
    }
}
