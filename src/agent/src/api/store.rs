//! Releases and the store that holds them.

use std::convert::Infallible;
use std::ops::ControlFlow;
use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::extract::{ConnectInfo, Path, State};
use axum::http::header;
use axum::response::{IntoResponse as _, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use bridle_core::fault::{Fault, FaultCode};
use bridle_core::port::Clock as _;
use bridle_core::store::diff::Comparison;
use bridle_core::store::have::HaveList;
use bridle_core::store::space::SpaceView;
use bridle_core::store::{AddView, CheckLine, CollectView, ReleaseDetail, RepairView};
use bridle_host::clock::SystemClock;
use futures_util::stream::unfold;
use serde::Deserialize;
use tokio::sync::mpsc::{Sender, channel};

use super::blocking;
use super::order::{Operator, Order};
use super::peer::Peer;
use super::problem::Problem;
use crate::composition::Parts;
use crate::upkeep::{STALLED, Upkeep, pump};

/// Lines of a report that wait for a slow client.
const LINES: usize = 8;
/// A check tells how far it is so often.
const TELL: Duration = Duration::from_millis(200);

/// The routes of this part of the API.
pub(super) fn routes() -> Router<Parts> {
    Router::new()
        .route("/api/v1/releases", post(add))
        .route("/api/v1/releases/{id}", get(inspect).delete(remove))
        .route("/api/v1/releases/{id}/check", post(check_release))
        .route("/api/v1/releases/{id}/diff/{newer}", get(diff))
        .route("/api/v1/store/have", get(have))
        .route("/api/v1/store/space", get(space))
        .route("/api/v1/store/check", post(check))
        .route("/api/v1/store/collect", post(collect))
        .route("/api/v1/store/repair", post(repair))
}

async fn add(State(parts): State<Parts>, _: Operator, body: Body) -> Result<Json<AddView>, Problem> {
    let stream = pump(body, STALLED);
    blocking(move || parts.upkeep.add(stream)).await.map(Json)
}

async fn repair(State(parts): State<Parts>, _: Operator, body: Body) -> Result<Json<RepairView>, Problem> {
    let stream = pump(body, STALLED);
    blocking(move || parts.upkeep.repair(stream)).await.map(Json)
}

async fn inspect(State(parts): State<Parts>, Path(id): Path<String>) -> Result<Json<ReleaseDetail>, Problem> {
    blocking(move || parts.upkeep.inspect(&id)).await.map(Json)
}

async fn have(State(parts): State<Parts>) -> Result<Json<HaveList>, Problem> {
    blocking(move || parts.upkeep.have()).await.map(Json)
}

async fn diff(
    State(parts): State<Parts>,
    Path((old, new)): Path<(String, String)>,
) -> Result<Json<Comparison>, Problem> {
    blocking(move || parts.upkeep.compare(&old, &new)).await.map(Json)
}

async fn remove(State(parts): State<Parts>, _: Operator, Path(id): Path<String>) -> Result<Json<CollectView>, Problem> {
    blocking(move || parts.upkeep.remove(&id)).await.map(Json)
}

async fn space(State(parts): State<Parts>) -> Result<Json<SpaceView>, Problem> {
    blocking(move || parts.upkeep.space()).await.map(Json)
}

/// How to collect.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Collect {
    dry_run: bool,
}

async fn collect(
    State(parts): State<Parts>,
    ConnectInfo(peer): ConnectInfo<Peer>,
    Order(collect): Order<Collect>,
) -> Result<Json<CollectView>, Problem> {
    // Anybody may look what it would be.
    if !collect.dry_run && !peer.may_operate() {
        return Err(Fault::new(FaultCode::Forbidden).into());
    }
    blocking(move || parts.upkeep.collect(collect.dry_run)).await.map(Json)
}

async fn check(State(parts): State<Parts>) -> Response {
    report(parts.upkeep, None)
}

async fn check_release(State(parts): State<Parts>, Path(id): Path<String>) -> Response {
    report(parts.upkeep, Some(id))
}

/// Checks and tells how far it is: one JSON object a line, the last one is the report. Ends early if nobody listens.
fn report(upkeep: Arc<Upkeep>, only: Option<String>) -> Response {
    let (sender, receiver) = channel(LINES);
    tokio::task::spawn_blocking(move || {
        let mut told = None::<Duration>;
        let checked = upkeep.check(only.as_deref(), &mut |progress| {
            let now = SystemClock.monotonic();
            if told.is_some_and(|told| now.saturating_sub(told) < TELL) && !sender.is_closed() {
                return ControlFlow::Continue(());
            }
            told = Some(now);
            tell(&sender, &CheckLine::Progress { done: progress.done, total: progress.total })
        });
        let last = match checked {
            Ok(checked) => CheckLine::Report { report: checked.into() },
            Err(fault) => CheckLine::Failed { fault },
        };
        let _nobody_listens = tell(&sender, &last);
    });
    let lines = unfold(receiver, |mut receiver| async move {
        let line = receiver.recv().await?;
        Some((Ok::<Bytes, Infallible>(line), receiver))
    });
    ([(header::CONTENT_TYPE, "application/x-ndjson")], Body::from_stream(lines)).into_response()
}

fn tell(sender: &Sender<Bytes>, line: &CheckLine) -> ControlFlow<()> {
    let mut text = serde_json::to_vec(line).unwrap_or_default();
    text.push(b'\n');
    match sender.blocking_send(text.into()) {
        Ok(()) => ControlFlow::Continue(()),
        Err(_) => ControlFlow::Break(()),
    }
}
