//! Restore points, and the return of the cluster to one: look, then order.

use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use axum::routing::get;
use axum::{Json, Router};
use bridle_core::fault::{Fault, FaultCode};
use bridle_core::operation::OperationView;
use bridle_core::plan::cluster_restore::{ClusterRestoreOrder, ClusterRestoreView, KeptPoint};
use serde::Deserialize;

use super::blocking;
use super::order::{Operator, Order};
use super::problem::Problem;
use crate::composition::Parts;

/// The routes of this part of the API.
pub(super) fn routes() -> Router<Parts> {
    Router::new().route("/api/v1/restore-points", get(points)).route("/api/v1/cluster/restore", get(look).post(begin))
}

#[derive(Deserialize)]
struct Choice {
    point: Option<String>,
}

async fn points(State(parts): State<Parts>) -> Result<Json<Vec<KeptPoint>>, Problem> {
    blocking(move || parts.restorer.points()).await.map(Json)
}

async fn look(
    State(parts): State<Parts>,
    choice: Result<Query<Choice>, QueryRejection>,
) -> Result<Json<ClusterRestoreView>, Problem> {
    let Query(choice) = choice.map_err(|_| Fault::new(FaultCode::RequestInvalid).with("what", "point"))?;
    blocking(move || parts.restorer.view(choice.point.as_deref())).await.map(Json)
}

async fn begin(
    State(parts): State<Parts>,
    Operator(peer): Operator,
    Order(order): Order<ClusterRestoreOrder>,
) -> Result<Json<OperationView>, Problem> {
    blocking(move || parts.restorer.begin(&order, &peer.name())).await.map(Json)
}
