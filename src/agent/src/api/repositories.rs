//! Repositories of backups and their recovery codes.

use std::convert::Infallible;
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::extract::{DefaultBodyLimit, Path, State};
use axum::http::header;
use axum::response::{IntoResponse as _, Response};
use axum::routing::{delete, get, post};
use axum::{Json, Router};
use bridle_core::backup::repository::place::LARGEST_CA;
use bridle_core::backup::repository::view::{
    AddOrder, AddedView, CheckLine, CheckOrder, RehearseOrder, RemovedView, RepositoriesView, RepositoryView,
};
use futures_util::stream::unfold;
use tokio::sync::mpsc::{Sender, channel};

use super::blocking;
use super::order::{Operator, Order};
use super::problem::Problem;
use crate::composition::Parts;

/// Largest request, in bytes: certificates of the largest size, every line end of them escaped.
const LARGEST: usize = 2 * LARGEST_CA + 64 * 1024;
/// Lines of a check that wait for a slow client.
const LINES: usize = 8;
/// A check whose engine says nothing tells so often that it is alive, well within the patience of a client.
const ALIVE: Duration = Duration::from_secs(5);

/// The routes of this part of the API.
pub(super) fn routes() -> Router<Parts> {
    Router::new()
        .route("/api/v1/repositories", get(list).post(add))
        .route("/api/v1/repositories/{name}", delete(remove))
        .route("/api/v1/repositories/{name}/check", post(check))
        .route("/api/v1/repositories/{name}/code/rehearse", post(rehearse))
        .route("/api/v1/repositories/{name}/code/rotate", post(rotate))
        .layer(DefaultBodyLimit::max(LARGEST))
}

async fn list(State(parts): State<Parts>) -> Result<Json<RepositoriesView>, Problem> {
    blocking(move || parts.repositories.list()).await.map(Json)
}

async fn add(
    State(parts): State<Parts>,
    Operator(peer): Operator,
    Order(order): Order<AddOrder>,
) -> Result<Json<AddedView>, Problem> {
    blocking(move || parts.repositories.add(&order, &peer.name())).await.map(Json)
}

async fn remove(
    State(parts): State<Parts>,
    Operator(peer): Operator,
    Path(name): Path<String>,
) -> Result<Json<RemovedView>, Problem> {
    blocking(move || parts.repositories.remove(&name, &peer.name())).await.map(Json)
}

async fn rehearse(
    State(parts): State<Parts>,
    Operator(peer): Operator,
    Path(name): Path<String>,
    Order(order): Order<RehearseOrder>,
) -> Result<Json<RepositoryView>, Problem> {
    blocking(move || parts.repositories.rehearse(&name, &order.code, &peer.name())).await.map(Json)
}

async fn rotate(
    State(parts): State<Parts>,
    Operator(peer): Operator,
    Path(name): Path<String>,
) -> Result<Json<AddedView>, Problem> {
    blocking(move || parts.repositories.rotate(&name, &peer.name())).await.map(Json)
}

/// Checks and tells how far it is: one JSON object a line, the last one is the report. Ends early if nobody listens.
async fn check(
    State(parts): State<Parts>,
    _: Operator,
    Path(name): Path<String>,
    Order(order): Order<CheckOrder>,
) -> Response {
    let (sender, receiver) = channel(LINES);
    let beating = sender.clone();
    let work = tokio::task::spawn_blocking(move || {
        let told = |line: &CheckLine| tell(&sender, line);
        let checked = parts.repositories.check(&name, order, &|| sender.is_closed(), &mut |done, total| {
            // A client that reads slowly misses some of these.
            let _full_or_gone = sender.try_send(bytes_of(&CheckLine::Progress { done, total }));
        });
        told(&match checked {
            Ok(view) => CheckLine::Report(view),
            Err(fault) => CheckLine::Failed(fault),
        });
    });
    tokio::spawn(async move {
        while !work.is_finished() && !beating.is_closed() {
            let _full_or_gone = beating.try_send(bytes_of(&CheckLine::Alive));
            tokio::time::sleep(ALIVE).await;
        }
    });
    let lines = unfold(receiver, |mut receiver| async move {
        let line = receiver.recv().await?;
        Some((Ok::<Bytes, Infallible>(line), receiver))
    });
    ([(header::CONTENT_TYPE, "application/x-ndjson")], Body::from_stream(lines)).into_response()
}

fn tell(sender: &Sender<Bytes>, line: &CheckLine) {
    let _nobody_listens = sender.blocking_send(bytes_of(line));
}

fn bytes_of(line: &CheckLine) -> Bytes {
    let mut text = serde_json::to_vec(line).unwrap_or_default();
    text.push(b'\n');
    text.into()
}
