//! The configuration: read it, look at a draft, put it in force.

use axum::extract::rejection::PathRejection;
use axum::extract::{DefaultBodyLimit, Path, State};
use axum::routing::{get, post};
use axum::{Json, Router};
use bridle_core::configuration::secret::{SecretDraft, SecretOrder, SecretsView};
use bridle_core::configuration::view::{
    ConfigurationOrder, ConfigurationView, Draft, DraftView, HistoryView, RevisionView, ServicesView,
};
use bridle_core::fault::{Fault, FaultCode};
use bridle_core::operation::OperationView;

use super::blocking;
use super::order::{Operator, Order};
use super::problem::Problem;
use crate::composition::Parts;

/// Largest request, in bytes: a profile of the largest size, every character of it escaped.
const LARGEST: usize = 2 * bridle_core::site::LARGEST + 4096;

/// The routes of this part of the API.
pub(super) fn routes() -> Router<Parts> {
    Router::new()
        .route("/api/v1/configuration", get(view).post(begin))
        .route("/api/v1/configuration/draft", post(look))
        .route("/api/v1/configuration/revisions", get(history))
        .route("/api/v1/configuration/revisions/{number}", get(revision))
        .route("/api/v1/configuration/test", post(test))
        .route("/api/v1/configuration/secrets", get(secrets).post(begin_secret))
        .route("/api/v1/configuration/secrets/draft", post(look_at_secret))
        .layer(DefaultBodyLimit::max(LARGEST))
}

async fn view(State(parts): State<Parts>) -> Result<Json<ConfigurationView>, Problem> {
    blocking(move || parts.configurator.view()).await.map(Json)
}

async fn history(State(parts): State<Parts>) -> Result<Json<HistoryView>, Problem> {
    blocking(move || parts.configurator.history()).await.map(Json)
}

async fn revision(
    State(parts): State<Parts>,
    number: Result<Path<u64>, PathRejection>,
) -> Result<Json<RevisionView>, Problem> {
    let Path(number) = number.map_err(|_| Fault::new(FaultCode::RequestInvalid).with("what", "revision"))?;
    blocking(move || parts.configurator.revision(number)).await.map(Json)
}

async fn look(State(parts): State<Parts>, Order(draft): Order<Draft>) -> Result<Json<DraftView>, Problem> {
    blocking(move || parts.configurator.look(&draft)).await.map(Json)
}

async fn test(State(parts): State<Parts>, _: Operator) -> Result<Json<ServicesView>, Problem> {
    blocking(move || parts.configurator.test()).await.map(Json)
}

async fn secrets(State(parts): State<Parts>) -> Result<Json<SecretsView>, Problem> {
    blocking(move || parts.configurator.secrets()).await.map(Json)
}

async fn look_at_secret(
    State(parts): State<Parts>,
    Order(draft): Order<SecretDraft>,
) -> Result<Json<DraftView>, Problem> {
    blocking(move || parts.configurator.look_at_secret(&draft)).await.map(Json)
}

async fn begin_secret(
    State(parts): State<Parts>,
    Operator(peer): Operator,
    Order(order): Order<SecretOrder>,
) -> Result<Json<OperationView>, Problem> {
    blocking(move || parts.configurator.begin_secret(&order, &peer.name())).await.map(Json)
}

async fn begin(
    State(parts): State<Parts>,
    Operator(peer): Operator,
    Order(order): Order<ConfigurationOrder>,
) -> Result<Json<OperationView>, Problem> {
    blocking(move || parts.configurator.begin(&order, &peer.name())).await.map(Json)
}
