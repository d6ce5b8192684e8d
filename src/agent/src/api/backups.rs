//! Backups: the sets of a repository, and the order to make one.

use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use axum::routing::get;
use axum::{Json, Router};
use bridle_core::backup::repository::view::{BackupOrder, SetsView};
use bridle_core::backup::wal::view::LogsView;
use bridle_core::fault::{Fault, FaultCode};
use bridle_core::operation::OperationView;
use serde::Deserialize;

use super::blocking;
use super::order::{Operator, Order};
use super::problem::Problem;
use crate::composition::Parts;

/// The routes of this part of the API.
pub(super) fn routes() -> Router<Parts> {
    Router::new().route("/api/v1/backups", get(sets).post(begin)).route("/api/v1/backups/logs", get(logs))
}

#[derive(Deserialize)]
struct Choice {
    repository: Option<String>,
}

async fn sets(
    State(parts): State<Parts>,
    choice: Result<Query<Choice>, QueryRejection>,
) -> Result<Json<SetsView>, Problem> {
    let Query(choice) = choice.map_err(|_| Fault::new(FaultCode::RequestInvalid).with("what", "repository"))?;
    blocking(move || parts.backups.sets(choice.repository.as_deref())).await.map(Json)
}

async fn logs(State(parts): State<Parts>) -> Json<LogsView> {
    Json(parts.archiver.view())
}

async fn begin(
    State(parts): State<Parts>,
    Operator(peer): Operator,
    Order(order): Order<BackupOrder>,
) -> Result<Json<OperationView>, Problem> {
    blocking(move || parts.backups.begin(&order, &peer.name())).await.map(Json)
}
