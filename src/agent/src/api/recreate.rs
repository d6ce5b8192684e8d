//! Renewing the applications: look, then order.

use axum::extract::State;
use axum::routing::get;
use axum::{Json, Router};
use bridle_core::operation::OperationView;
use bridle_core::plan::recreate::{RecreateOrder, RecreateView};

use super::blocking;
use super::order::{Operator, Order};
use super::problem::Problem;
use crate::composition::Parts;

/// The routes of this part of the API.
pub(super) fn routes() -> Router<Parts> {
    Router::new().route("/api/v1/application/recreate", get(look).post(begin))
}

async fn look(State(parts): State<Parts>) -> Result<Json<RecreateView>, Problem> {
    blocking(move || parts.renewer.view()).await.map(Json)
}

async fn begin(
    State(parts): State<Parts>,
    Operator(peer): Operator,
    Order(order): Order<RecreateOrder>,
) -> Result<Json<OperationView>, Problem> {
    blocking(move || parts.renewer.begin(&order, &peer.name())).await.map(Json)
}
