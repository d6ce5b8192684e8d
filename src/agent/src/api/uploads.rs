//! Release files in pieces, and a look at the beginning of one.

use std::time::Duration;

use axum::body::{Body, BodyDataStream};
use axum::extract::rejection::{PathRejection, QueryRejection};
use axum::extract::{ConnectInfo, Path, Query, State};
use axum::http::StatusCode;
use axum::routing::{get, post, put};
use axum::{Json, Router};
use bridle_core::fault::{Fault, FaultCode};
use bridle_core::store::AddView;
use bridle_core::upload::{LARGEST_PIECE, LookView, UploadId, UploadOrder, UploadView};
use futures_util::StreamExt as _;
use serde::Deserialize;
use tokio::time::{Instant, timeout, timeout_at};

use super::blocking;
use super::order::{Operator, Order};
use super::peer::Peer;
use super::problem::Problem;
use crate::composition::Parts;
use crate::upkeep::STALLED;

/// A whole piece must have come within this time (14 kB/s).
const PIECE_LIMIT: Duration = Duration::from_secs(600);
/// What still comes after a refusal is thrown away for so long, so that the peer hears why.
const DRAIN: Duration = Duration::from_secs(30);

/// The routes of this part of the API.
pub(super) fn routes() -> Router<Parts> {
    Router::new()
        .route("/api/v1/uploads", get(list).post(begin))
        .route("/api/v1/uploads/{id}", put(piece).patch(piece).get(view).delete(remove))
        .route("/api/v1/uploads/{id}/add", post(add))
        .route("/api/v1/releases/look", post(look))
}

type Id = Result<Path<UploadId>, PathRejection>;

async fn list(State(parts): State<Parts>) -> Result<Json<Vec<UploadView>>, Problem> {
    blocking(move || parts.uploads.list()).await.map(Json)
}

async fn begin(
    State(parts): State<Parts>,
    Operator(peer): Operator,
    Order(order): Order<UploadOrder>,
) -> Result<(StatusCode, Json<UploadView>), Problem> {
    let view = blocking(move || parts.uploads.begin(&order, &peer.name())).await?;
    Ok((StatusCode::CREATED, Json(view)))
}

async fn view(State(parts): State<Parts>, id: Id) -> Result<Json<UploadView>, Problem> {
    let id = id_of(id)?;
    blocking(move || parts.uploads.view(&id)).await.map(Json)
}

async fn remove(State(parts): State<Parts>, _: Operator, id: Id) -> Result<StatusCode, Problem> {
    let id = id_of(id)?;
    blocking(move || parts.uploads.remove(&id)).await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn add(State(parts): State<Parts>, _: Operator, id: Id) -> Result<Json<AddView>, Problem> {
    let id = id_of(id)?;
    blocking(move || parts.uploads.add(&id)).await.map(Json)
}

/// Where a piece begins.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct At {
    offset: u64,
}

async fn piece(
    State(parts): State<Parts>,
    ConnectInfo(peer): ConnectInfo<Peer>,
    id: Id,
    at: Result<Query<At>, QueryRejection>,
    body: Body,
) -> Result<Json<UploadView>, Problem> {
    let asked = || {
        let id = id_of(id)?;
        let Query(at) = at.map_err(|_| Fault::new(FaultCode::RequestInvalid).with("what", "offset"))?;
        // Not by its type: who is refused must hear why, however much he sends.
        if !peer.may_operate() {
            return Err(Fault::new(FaultCode::Forbidden));
        }
        Ok((id, at.offset))
    };
    let (id, offset) = match asked() {
        Ok(asked) => asked,
        Err(fault) => return Err(drained(body, fault).await),
    };
    // Before a byte is taken into memory: only one piece of each upload is there at a time.
    let claim = blocking({
        let uploads = parts.uploads;
        move || Ok(uploads.expect(&id, offset))
    })
    .await?;
    let claim = match claim {
        Ok(claim) => claim,
        Err(fault) => return Err(drained(body, fault).await),
    };
    let bytes = collect(body).await?;
    blocking(move || claim.write(&bytes)).await.map(Json)
}

async fn look(State(parts): State<Parts>, _: Operator, body: Body) -> Result<Json<LookView>, Problem> {
    let beginning = collect(body).await?;
    blocking(move || parts.upkeep.look(&beginning)).await.map(Json)
}

/// The bytes of a piece.
async fn collect(body: Body) -> Result<Vec<u8>, Fault> {
    let until = Instant::now() + PIECE_LIMIT;
    let mut stream = body.into_data_stream();
    let mut bytes = Vec::new();
    let stalled = || Fault::new(FaultCode::UploadStalled).with("seconds", STALLED.as_secs());
    loop {
        let next = timeout(STALLED, stream.next());
        match timeout_at(until, next).await.map_err(|_| stalled())?.map_err(|_| stalled())? {
            None => return Ok(bytes),
            Some(Err(error)) => return Err(Fault::new(FaultCode::StoreStreamEnded).because(&error)),
            Some(Ok(part)) if (bytes.len() + part.len()) as u64 > LARGEST_PIECE => {
                drop(bytes);
                throw_away(stream).await;
                return Err(Fault::new(FaultCode::RequestInvalid).with("what", "piece"));
            }
            Some(Ok(part)) => bytes.extend_from_slice(&part),
        }
    }
}

/// A refusal that the peer reads, and not only a closed connection.
async fn drained(body: Body, fault: Fault) -> Problem {
    throw_away(body.into_data_stream()).await;
    fault.into()
}

/// Reads on for a while, at most four times as much as a piece: a connection that is closed with bytes in it takes the answer
/// away from who has just sent too many.
async fn throw_away(mut stream: BodyDataStream) {
    let until = Instant::now() + DRAIN;
    let mut left = 4 * LARGEST_PIECE;
    while let Ok(Some(Ok(part))) = timeout_at(until, stream.next()).await {
        match left.checked_sub(part.len() as u64) {
            Some(less) => left = less,
            None => break,
        }
    }
}

fn id_of(id: Id) -> Result<UploadId, Fault> {
    // What can be no name is the name of none.
    let unknown = |_| Fault::new(FaultCode::UploadUnknown).with("id", "?");
    id.map(|Path(id)| id).map_err(unknown)
}
