//! Renewing the applications: look, then order.

use axum::extract::rejection::JsonRejection;
use axum::extract::{ConnectInfo, State};
use axum::routing::get;
use axum::{Json, Router};
use bridle_core::fault::{Fault, FaultCode};
use bridle_core::operation::OperationView;
use bridle_core::plan::recreate::{RecreateOrder, RecreateView};

use super::blocking;
use super::peer::Peer;
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
    ConnectInfo(peer): ConnectInfo<Peer>,
    order: Result<Json<RecreateOrder>, JsonRejection>,
) -> Result<Json<OperationView>, Problem> {
    let Json(order) = order.map_err(|_| Fault::new(FaultCode::RequestInvalid).with("what", "order"))?;
    if !peer.may_operate() {
        return Err(Fault::new(FaultCode::Forbidden).into());
    }
    blocking(move || parts.renewer.begin(&order, &peer.name())).await.map(Json)
}
