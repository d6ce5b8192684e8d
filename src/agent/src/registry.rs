//! A pull-only OCI registry on loopback: containerd's only source of images (`design.md` §1.3).
//!
//! Speaks the pull part of the OCI distribution specification 1.1 (the conformance suite runs in
//! `tests/registry_conformance.rs`). containerd names the registry that it believes to talk to in `ns`; a reference is
//! `ns/name:tag` or `ns/name@digest`.

mod blob;
mod bounds;
mod listing;

#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::sync::Arc;

use axum::body::Body;
use axum::extract::{Path, Query, Request, State};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use axum::routing::any;
use axum::{Json, Router};
use bridle_core::digest::Digest;
use bridle_core::pull::{self, Asked, Refused};
use serde_json::json;
use tokio::net::TcpListener;

use self::bounds::{Bounded, Limits};
use crate::store::SharedStore;

/// Header with the digest of what is served.
const CONTENT_DIGEST: &str = "docker-content-digest";

/// Listens at the port of loopback that systemd holds, or opens it.
///
/// # Errors
/// The operating system's, if somebody else has it.
pub(crate) async fn listen(port: u16, inherited: Option<std::net::TcpListener>) -> std::io::Result<TcpListener> {
    match inherited {
        Some(listener) => {
            listener.set_nonblocking(true)?;
            TcpListener::from_std(listener)
        }
        None => TcpListener::bind(("127.0.0.1", port)).await,
    }
}

/// Serves until the task is aborted.
pub(crate) async fn serve(listener: TcpListener, store: Arc<SharedStore>) {
    serve_within(listener, store, Limits::default()).await;
}

async fn serve_within(listener: TcpListener, store: Arc<SharedStore>, limits: Limits) {
    if let Err(error) = axum::serve(Bounded::new(listener, limits), router(store)).await {
        tracing::error!(%error, "registry");
    }
}

fn router(store: Arc<SharedStore>) -> Router {
    Router::new().route("/v2/", any(version)).route("/v2/{*path}", any(answer)).with_state(store)
}

async fn version(method: Method) -> Response {
    if is_read(&method) { Json(json!({})).into_response() } else { refuse_writing() }
}

async fn answer(
    State(store): State<Arc<SharedStore>>,
    Path(path): Path<String>,
    Query(query): Query<HashMap<String, String>>,
    request: Request,
) -> Response {
    if !is_read(request.method()) {
        return refuse_writing();
    }
    let head = request.method() == Method::HEAD;
    let host = query.get("ns").map(String::as_str);
    match pull::asked(&path, host) {
        Ok(Asked::Manifest(reference)) => manifest(store, reference, head).await,
        Ok(Asked::Blob(digest)) => blob::serve(store, digest, request.headers(), head).await,
        Ok(Asked::Tags(name)) => listing::tags(store, name, &query).await,
        Ok(Asked::Referrers(_)) => listing::referrers(query.contains_key("artifactType")),
        Err(Refused::Digest) => refuse(StatusCode::BAD_REQUEST, "DIGEST_INVALID"),
        Err(Refused::Name) => refuse(StatusCode::NOT_FOUND, "NAME_UNKNOWN"),
    }
}

fn is_read(method: &Method) -> bool {
    matches!(*method, Method::GET | Method::HEAD)
}

async fn manifest(store: Arc<SharedStore>, reference: String, head: bool) -> Response {
    let wanted = reference.clone();
    let found = tokio::task::spawn_blocking(move || {
        let Some(descriptor) = store.resolve(&wanted)? else { return Ok(None) };
        let path = store.named_blob(&descriptor.digest)?;
        Ok::<_, bridle_bundle::store::StoreError>(path.map(|(path, _)| (descriptor, path)))
    });
    let (descriptor, path) = match found.await {
        Ok(Ok(Some(found))) => found,
        Ok(Ok(None)) => {
            tracing::warn!(reference, "registry: manifest unknown");
            return refuse(StatusCode::NOT_FOUND, "MANIFEST_UNKNOWN");
        }
        Ok(Err(error)) => return broken(&error),
        Err(error) => return broken(&error),
    };
    let bytes = match tokio::fs::read(&path).await {
        Ok(bytes) => bytes,
        Err(error) => return broken(&error),
    };
    // A manifest decides what is run: never hand out one that was altered on disk.
    if Digest::of(&bytes) != descriptor.digest {
        tracing::error!(digest = %descriptor.digest, "registry: manifest is damaged");
        return refuse(StatusCode::INTERNAL_SERVER_ERROR, "MANIFEST_INVALID");
    }
    tracing::info!(reference, bytes = bytes.len(), head, "registry: manifest");
    let mut headers = digest_headers(&descriptor.digest);
    headers.insert(header::CONTENT_LENGTH, HeaderValue::from(bytes.len()));
    if let Ok(kind) = HeaderValue::from_str(&descriptor.media_type) {
        headers.insert(header::CONTENT_TYPE, kind);
    }
    (headers, if head { Body::empty() } else { Body::from(bytes) }).into_response()
}

fn digest_headers(digest: &Digest) -> HeaderMap {
    let mut headers = HeaderMap::new();
    let value = HeaderValue::from_str(&digest.to_string()).expect("a digest is ASCII letters and digits");
    headers.insert(CONTENT_DIGEST, value);
    headers
}

fn refuse(status: StatusCode, code: &str) -> Response {
    (status, Json(json!({ "errors": [{ "code": code, "message": code }] }))).into_response()
}

fn refuse_writing() -> Response {
    let mut response = refuse(StatusCode::METHOD_NOT_ALLOWED, "UNSUPPORTED");
    response.headers_mut().insert(header::ALLOW, HeaderValue::from_static("GET, HEAD"));
    response
}

fn broken(error: &dyn std::error::Error) -> Response {
    tracing::error!(%error, "registry");
    refuse(StatusCode::INTERNAL_SERVER_ERROR, "UNKNOWN")
}
