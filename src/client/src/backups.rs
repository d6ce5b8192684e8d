//! The calls about backups.

use bridle_core::backup::repository::view::{BackupOrder, SetsView};
use bridle_core::backup::wal::view::LogsView;
use bridle_core::operation::OperationView;
use http::Method;

use crate::api::Client;
use crate::connection::{Ask, json, json_of, send_within};
use crate::error::ClientError;
use crate::repositories::{WORK_LIMIT, plain};

const PATH: &str = "/api/v1/backups";

impl Client {
    /// The sets of a repository, or of the only one; that is asked for them, and may be slow.
    ///
    /// # Errors
    /// [`ClientError`] if the agent does not answer, or there is no such repository.
    pub async fn sets(&self, repository: Option<&str>) -> Result<SetsView, ClientError> {
        let path = match repository {
            None => PATH.to_owned(),
            Some(name) => format!("{PATH}?repository={}", plain(name)?),
        };
        let ask = Ask::get(path);
        let what = ask.name();
        json_of(send_within(self.socket(), ask, WORK_LIMIT).await?, &what).await
    }

    /// How it stands with the logs of databases.
    ///
    /// # Errors
    /// [`ClientError`] if the agent does not answer.
    pub async fn logs(&self) -> Result<LogsView, ClientError> {
        json(self.socket(), Ask::get(format!("{PATH}/logs"))).await
    }

    /// Begins a backup.
    ///
    /// # Errors
    /// [`ClientError`] if the agent does not answer or refuses.
    pub async fn begin_backup(&self, order: &BackupOrder) -> Result<OperationView, ClientError> {
        let body = serde_json::to_vec(order).expect("an order holds only strings");
        json(self.socket(), Ask { method: Method::POST, body: Some(body), ..Ask::get(PATH) }).await
    }
}
