//! Changing what is installed: look, then order.

use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use axum::routing::get;
use axum::{Json, Router};
use bridle_core::fault::{Fault, FaultCode};
use bridle_core::operation::OperationView;
use bridle_core::plan::OperationKind;
use bridle_core::upgrade::{ChangeOrder, ChangeView};
use serde::Deserialize;

use super::blocking;
use super::order::{Operator, Order};
use super::problem::Problem;
use crate::composition::Parts;

/// The routes of this part of the API.
pub(super) fn routes() -> Router<Parts> {
    Router::new()
        .route("/api/v1/upgrade", get(look_upgrade).post(begin_upgrade))
        .route("/api/v1/rollback", get(look_rollback).post(begin_rollback))
}

#[derive(Deserialize)]
struct Choice {
    #[serde(default)]
    release: String,
    #[serde(default = "yes")]
    copy_data: bool,
}

const fn yes() -> bool {
    true
}

async fn look_upgrade(
    State(parts): State<Parts>,
    choice: Result<Query<Choice>, QueryRejection>,
) -> Result<Json<ChangeView>, Problem> {
    let choice = chosen(choice)?;
    blocking(move || parts.changer.upgrade(&choice.release, choice.copy_data)).await.map(Json)
}

async fn look_rollback(
    State(parts): State<Parts>,
    choice: Result<Query<Choice>, QueryRejection>,
) -> Result<Json<ChangeView>, Problem> {
    let choice = chosen(choice)?;
    blocking(move || parts.changer.rollback(choice.copy_data)).await.map(Json)
}

async fn begin_upgrade(
    State(parts): State<Parts>,
    Operator(peer): Operator,
    Order(order): Order<ChangeOrder>,
) -> Result<Json<OperationView>, Problem> {
    blocking(move || parts.changer.begin(OperationKind::Upgrade, &order, &peer.name())).await.map(Json)
}

async fn begin_rollback(
    State(parts): State<Parts>,
    Operator(peer): Operator,
    Order(order): Order<ChangeOrder>,
) -> Result<Json<OperationView>, Problem> {
    blocking(move || parts.changer.begin(OperationKind::Rollback, &order, &peer.name())).await.map(Json)
}

fn chosen(choice: Result<Query<Choice>, QueryRejection>) -> Result<Choice, Fault> {
    choice.map(|Query(choice)| choice).map_err(|_| Fault::new(FaultCode::RequestInvalid).with("what", "release"))
}
