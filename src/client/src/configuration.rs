//! The calls about the configuration.

use bridle_core::configuration::secret::{SecretDraft, SecretOrder, SecretsView};
use bridle_core::configuration::view::{
    ConfigurationOrder, ConfigurationView, Draft, DraftView, HistoryView, RevisionView, ServicesView,
};
use bridle_core::operation::OperationView;
use http::Method;
use serde::Serialize;

use crate::api::Client;
use crate::connection::{Ask, exchange, json, json_of};
use crate::error::ClientError;

/// How long all services together may take: 36 of them at five seconds, and their names.
const TEST_LIMIT: std::time::Duration = std::time::Duration::from_secs(600);

impl Client {
    /// The configuration as it is.
    ///
    /// # Errors
    /// [`ClientError`] if the agent does not answer or there is none.
    pub async fn configuration(&self) -> Result<ConfigurationView, ClientError> {
        json(self.socket(), Ask::get("/api/v1/configuration")).await
    }

    /// Every configuration that was in force, newest first.
    ///
    /// # Errors
    /// [`ClientError`] if the agent does not answer or refuses.
    pub async fn configuration_history(&self) -> Result<HistoryView, ClientError> {
        json(self.socket(), Ask::get("/api/v1/configuration/revisions")).await
    }

    /// One of them.
    ///
    /// # Errors
    /// [`ClientError`] if the agent does not answer or there is none of this number.
    pub async fn configuration_revision(&self, number: u64) -> Result<RevisionView, ClientError> {
        json(self.socket(), Ask::get(format!("/api/v1/configuration/revisions/{number}"))).await
    }

    /// What a draft would mean; nothing is changed.
    ///
    /// # Errors
    /// [`ClientError`] if the agent does not answer or nothing is installed.
    pub async fn configuration_draft(&self, draft: &Draft) -> Result<DraftView, ClientError> {
        self.planned(post("/api/v1/configuration/draft", draft)).await
    }

    /// How the services of the site sheet answer the host; at most a few dozen are asked, one after the other.
    ///
    /// # Errors
    /// [`ClientError`] if the agent does not answer or there is no configuration.
    pub async fn services_test(&self) -> Result<ServicesView, ClientError> {
        let what = "POST /api/v1/configuration/test";
        let ask = http::Request::post("/api/v1/configuration/test").header(http::header::HOST, "bridle");
        let ask = ask.body(http_body_util::Empty::<bytes::Bytes>::new()).expect("constants make a request");
        let answer = exchange(self.socket(), what, ask, TEST_LIMIT).await?;
        json_of(answer, what).await
    }

    /// The passwords of the site's services, without their values.
    ///
    /// # Errors
    /// [`ClientError`] if the agent does not answer or nothing is installed.
    pub async fn secrets(&self) -> Result<SecretsView, ClientError> {
        json(self.socket(), Ask::get("/api/v1/configuration/secrets")).await
    }

    /// What a change of a password would do.
    ///
    /// # Errors
    /// [`ClientError`] if the agent does not answer or refuses.
    pub async fn secret_draft(&self, draft: &SecretDraft) -> Result<DraftView, ClientError> {
        self.planned(post("/api/v1/configuration/secrets/draft", draft)).await
    }

    /// Begins to change a password that was looked at.
    ///
    /// # Errors
    /// [`ClientError`] if the agent does not answer or refuses.
    pub async fn change_secret(&self, order: &SecretOrder) -> Result<OperationView, ClientError> {
        self.planned(post("/api/v1/configuration/secrets", order)).await
    }

    /// Begins to put a draft that was looked at in force.
    ///
    /// # Errors
    /// [`ClientError`] if the agent does not answer or refuses.
    pub async fn configure(&self, order: &ConfigurationOrder) -> Result<OperationView, ClientError> {
        self.planned(post("/api/v1/configuration", order)).await
    }
}

fn post<T: Serialize>(path: &'static str, body: &T) -> Ask<'static> {
    let body = serde_json::to_vec(body).expect("drafts and orders hold only strings and numbers");
    Ask { method: Method::POST, body: Some(body), ..Ask::get(path) }
}
