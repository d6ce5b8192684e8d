//! The calls about restore points and the return of the cluster to one.

use bridle_core::operation::OperationView;
use bridle_core::plan::cluster_restore::{ClusterRestoreOrder, ClusterRestoreView, KeptPoint};
use http::Method;

use crate::api::Client;
use crate::connection::{Ask, json};
use crate::error::ClientError;
use crate::store::is_plain;

const PATH: &str = "/api/v1/cluster/restore";

impl Client {
    /// The restore points, newest first.
    ///
    /// # Errors
    /// [`ClientError`] if the agent does not answer.
    pub async fn restore_points(&self) -> Result<Vec<KeptPoint>, ClientError> {
        json(self.socket(), Ask::get("/api/v1/restore-points")).await
    }

    /// What the return to a restore point, or to the newest that can be used, would do.
    ///
    /// # Errors
    /// [`ClientError`] if the agent does not answer or there is none.
    pub async fn cluster_restore_plan(&self, point: Option<&str>) -> Result<ClusterRestoreView, ClientError> {
        let path = match point {
            None => PATH.to_owned(),
            Some(point) => {
                is_plain(point)?;
                format!("{PATH}?point={point}")
            }
        };
        json(self.socket(), Ask::get(path)).await
    }

    /// Begins it.
    ///
    /// # Errors
    /// [`ClientError`] if the agent does not answer or refuses.
    pub async fn cluster_restore(&self, order: &ClusterRestoreOrder) -> Result<OperationView, ClientError> {
        let body = serde_json::to_vec(order).expect("an order holds only strings");
        json(self.socket(), Ask { method: Method::POST, body: Some(body), ..Ask::get(PATH) }).await
    }
}
