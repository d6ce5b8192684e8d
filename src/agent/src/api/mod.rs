//! The API on the agent's socket: everything that command line, TUI and web page do.

mod backups;
mod change;
mod cluster_restore;
mod configuration;
mod events;
mod order;
mod peer;
mod problem;
mod recreate;
mod removal;
mod repositories;
mod store;
mod uploads;

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use axum::extract::rejection::PathRejection;
use axum::extract::{DefaultBodyLimit, Path as UrlPath, State};
use axum::http::StatusCode;
use axum::routing::{get, post};
use axum::{Json, Router};
use bridle_core::event::OperatorCommand;
use bridle_core::fault::{Fault, FaultCode};
use bridle_core::operation::{OperationId, OperationView};
use bridle_core::status::{ReleaseView, StatusView};
use tokio::net::UnixListener;

use self::order::{Operator, Order};
use self::peer::Peer;
use self::problem::Problem;
use crate::composition::{AgentError, Parts};

/// Largest request body, in bytes.
const LARGEST_BODY: usize = 64 * 1024;
/// The group whose members may talk to the agent.
const GROUP: &str = "bridle";

/// Listens on the socket that systemd holds, or makes it: mode 0660, root and the group `bridle`.
///
/// # Errors
/// [`AgentError::Listen`] if that fails.
pub(crate) fn listen(
    path: &Path,
    inherited: Option<std::os::unix::net::UnixListener>,
) -> Result<UnixListener, AgentError> {
    let failed = |source| AgentError::Listen { what: path.display().to_string(), source };
    if let Some(listener) = inherited {
        listener.set_nonblocking(true).map_err(failed)?;
        return UnixListener::from_std(listener).map_err(failed);
    }
    // The agent holds its lock: a socket that is still there is nobody's.
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(failed(error)),
        _ => {}
    }
    let listener = UnixListener::bind(path).map_err(failed)?;
    if let Some(group) = group_id() {
        std::os::unix::fs::chown(path, None, Some(group)).map_err(failed)?;
    }
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o660)).map_err(failed)?;
    Ok(listener)
}

/// Number of the group whose members may talk to the agent.
pub(crate) fn group_id() -> Option<u32> {
    peer::group_id(GROUP)
}

/// Serves until the task is aborted.
pub(crate) async fn serve(listener: UnixListener, parts: Parts) {
    let service = router(parts).into_make_service_with_connect_info::<Peer>();
    if let Err(error) = axum::serve(listener, service).await {
        tracing::error!(%error, "api");
    }
}

fn router(parts: Parts) -> Router {
    Router::new()
        .route("/api/v1/status", get(status))
        .route("/api/v1/releases", get(releases))
        .route("/api/v1/operations", get(operations))
        .route("/api/v1/operations/{id}", get(operation))
        .route("/api/v1/operations/{id}/events", get(events::follow))
        .route("/api/v1/operations/{id}/command", post(command))
        .merge(store::routes())
        .merge(removal::routes())
        .merge(configuration::routes())
        .merge(recreate::routes())
        .merge(backups::routes())
        .merge(cluster_restore::routes())
        .merge(change::routes())
        .merge(uploads::routes())
        .merge(repositories::routes())
        .fallback(|| async { Problem::from(Fault::new(FaultCode::RequestInvalid).with("what", "path")).not_found() })
        .layer(DefaultBodyLimit::max(LARGEST_BODY))
        .with_state(parts)
}

async fn status(State(parts): State<Parts>) -> Result<Json<StatusView>, Problem> {
    blocking(move || Ok(parts.observatory.status())).await.map(Json)
}

async fn releases(State(parts): State<Parts>) -> Result<Json<Vec<ReleaseView>>, Problem> {
    let read = move || {
        let installed = parts.operations.installed();
        let releases = parts.store.releases(installed.as_deref());
        releases.map_err(|error| Fault::new(FaultCode::StoreDamaged).because(&error))
    };
    blocking(read).await.map(Json)
}

async fn operations(State(parts): State<Parts>) -> Result<Json<Vec<OperationView>>, Problem> {
    blocking(move || parts.operations.list()).await.map(Json)
}

async fn operation(
    State(parts): State<Parts>,
    id: Result<UrlPath<OperationId>, PathRejection>,
) -> Result<Json<OperationView>, Problem> {
    let id = operation_id(id)?;
    blocking(move || parts.operations.view(&id)).await.map(Json)
}

async fn command(
    State(parts): State<Parts>,
    Operator(peer): Operator,
    id: Result<UrlPath<OperationId>, PathRejection>,
    Order(command): Order<OperatorCommand>,
) -> Result<StatusCode, Problem> {
    let id = operation_id(id)?;
    blocking(move || parts.operations.command(&id, command, &peer.name())).await?;
    Ok(StatusCode::ACCEPTED)
}

fn operation_id(id: Result<UrlPath<OperationId>, PathRejection>) -> Result<OperationId, Fault> {
    let invalid = |_| Fault::new(FaultCode::RequestInvalid).with("what", "operation");
    id.map(|UrlPath(id)| id).map_err(invalid)
}

/// Runs something that reads disks or waits, away from the threads that carry connections.
async fn blocking<T: Send + 'static>(work: impl FnOnce() -> Result<T, Fault> + Send + 'static) -> Result<T, Problem> {
    match tokio::task::spawn_blocking(work).await {
        Ok(result) => result.map_err(Problem::from),
        Err(error) => Err(Fault::new(FaultCode::Internal).because(&error).into()),
    }
}
