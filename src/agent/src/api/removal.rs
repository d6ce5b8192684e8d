//! Uninstalling: look, then order.

use axum::extract::rejection::QueryRejection;
use axum::extract::{ConnectInfo, Query, State};
use axum::routing::get;
use axum::{Json, Router};
use bridle_core::fault::{Fault, FaultCode};
use bridle_core::operation::OperationView;
use bridle_core::removal::{Data, RemovalOrder, RemovalView};
use serde::Deserialize;

use super::blocking;
use super::order::Order;
use super::peer::Peer;
use super::problem::Problem;
use crate::composition::Parts;

/// The routes of this part of the API.
pub(super) fn routes() -> Router<Parts> {
    Router::new().route("/api/v1/uninstall", get(look).post(begin))
}

#[derive(Deserialize)]
struct Choice {
    data: Data,
}

async fn look(
    State(parts): State<Parts>,
    choice: Result<Query<Choice>, QueryRejection>,
) -> Result<Json<RemovalView>, Problem> {
    let Query(choice) = choice.map_err(|_| Fault::new(FaultCode::RequestInvalid).with("what", "data"))?;
    blocking(move || parts.remover.view(choice.data)).await.map(Json)
}

async fn begin(
    State(parts): State<Parts>,
    ConnectInfo(peer): ConnectInfo<Peer>,
    Order(order): Order<RemovalOrder>,
) -> Result<Json<OperationView>, Problem> {
    // Members of the group operate the platform; that it is there at all is the administrator's business.
    if !peer.is_administrator() {
        return Err(Fault::new(FaultCode::Forbidden).into());
    }
    blocking(move || parts.remover.begin(&order, &peer.name())).await.map(Json)
}
