//! Calls that change what is installed.

use std::time::Duration;

use bridle_core::operation::OperationView;
use bridle_core::upgrade::{ChangeOrder, ChangeView};
use http::Method;
use serde::de::DeserializeOwned;

use crate::api::Client;
use crate::connection::{Ask, json_of, send_within};
use crate::error::ClientError;
use crate::store::is_plain;

/// A plan renders every chart and asks the cluster about each object (a rehearsal): seconds at rest, over half a minute on a
/// machine at its limit. An order is planned once more.
const PLAN_LIMIT: Duration = Duration::from_secs(180);

impl Client {
    /// What an upgrade to `release` would do.
    ///
    /// # Errors
    /// [`ClientError`] if the agent does not answer or there is no way to that release.
    pub async fn upgrade_plan(&self, release: &str, copy_data: bool) -> Result<ChangeView, ClientError> {
        is_plain(release)?;
        self.planned(Ask::get(format!("/api/v1/upgrade?release={release}&copy_data={copy_data}"))).await
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
        self.planned(Ask::get(format!("/api/v1/rollback?copy_data={copy_data}"))).await
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
        self.planned(Ask { method: Method::POST, body: Some(body), ..Ask::get(path) }).await
    }

    /// The answer to what needs a plan.
    pub(crate) async fn planned<T: DeserializeOwned>(&self, ask: Ask<'_>) -> Result<T, ClientError> {
        let what = ask.name();
        json_of(send_within(self.socket(), ask, PLAN_LIMIT).await?, &what).await
    }
}
