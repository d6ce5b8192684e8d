//! A pull-only OCI registry on loopback: containerd's only source of images (`design.md` §1.3).
//!
//! Speaks the pull part of the OCI distribution specification 1.1. containerd names the registry that it believes to
//! talk to in `ns`; a reference is `ns/name:tag` or `ns/name@digest`.

use std::collections::HashMap;
use std::sync::Arc;

use axum::body::Body;
use axum::extract::{Path, Query, Request, State};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use axum::routing::any;
use axum::{Json, Router};
use bridle_core::digest::Digest;
use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncSeekExt as _};
use tokio::net::TcpListener;
use tokio_util::io::ReaderStream;

use crate::store::SharedStore;

/// Header with the digest of what is served.
const CONTENT_DIGEST: &str = "docker-content-digest";
/// Piece of a blob that is read at once.
const PIECE: usize = 256 * 1024;

/// Serves until the task is aborted.
pub(crate) async fn serve(listener: TcpListener, store: Arc<SharedStore>) {
    if let Err(error) = axum::serve(listener, router(store)).await {
        tracing::error!(%error, "registry");
    }
}

pub(crate) fn router(store: Arc<SharedStore>) -> Router {
    Router::new().route("/v2/", any(version)).route("/v2/{*path}", any(pull)).with_state(store)
}

async fn version(method: Method) -> Response {
    if is_read(&method) {
        Json(json!({})).into_response()
    } else {
        refuse(StatusCode::METHOD_NOT_ALLOWED, "UNSUPPORTED")
    }
}

async fn pull(
    State(store): State<Arc<SharedStore>>,
    Path(path): Path<String>,
    Query(query): Query<HashMap<String, String>>,
    request: Request,
) -> Response {
    if !is_read(request.method()) {
        return refuse(StatusCode::METHOD_NOT_ALLOWED, "UNSUPPORTED");
    }
    let head = request.method() == Method::HEAD;
    let host = query.get("ns").map(String::as_str);
    if let Some((name, reference)) = path.rsplit_once("/manifests/") {
        return manifest(store, full_reference(host, name, reference), head).await;
    }
    match path.rsplit_once("/blobs/").map(|(_, digest)| digest.parse::<Digest>()) {
        Some(Ok(digest)) => blob(store, digest, request.headers(), head).await,
        Some(Err(_)) => refuse(StatusCode::BAD_REQUEST, "DIGEST_INVALID"),
        None => refuse(StatusCode::NOT_FOUND, "NAME_UNKNOWN"),
    }
}

fn is_read(method: &Method) -> bool {
    matches!(*method, Method::GET | Method::HEAD)
}

fn full_reference(host: Option<&str>, name: &str, reference: &str) -> String {
    let separator = if reference.contains(':') { '@' } else { ':' };
    match host {
        Some(host) => format!("{host}/{name}{separator}{reference}"),
        None => format!("{name}{separator}{reference}"),
    }
}

async fn manifest(store: Arc<SharedStore>, reference: String, head: bool) -> Response {
    let wanted = reference.clone();
    let found = tokio::task::spawn_blocking(move || {
        let Some(descriptor) = store.resolve(&wanted)? else { return Ok(None) };
        let path = store.named_blob(&descriptor.digest)?;
        Ok::<_, bridle_bundle::store::StoreError>(path.map(|path| (descriptor, path)))
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

async fn blob(store: Arc<SharedStore>, digest: Digest, asked: &HeaderMap, head: bool) -> Response {
    let path = match tokio::task::spawn_blocking(move || store.named_blob(&digest)).await {
        Ok(Ok(Some(path))) => path,
        Ok(Ok(None)) => return refuse(StatusCode::NOT_FOUND, "BLOB_UNKNOWN"),
        Ok(Err(error)) => return broken(&error),
        Err(error) => return broken(&error),
    };
    let (mut file, size) = match open(&path).await {
        Ok(opened) => opened,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            tracing::error!(%digest, "registry: a blob of a release is not in the store");
            return refuse(StatusCode::NOT_FOUND, "BLOB_UNKNOWN");
        }
        Err(error) => return broken(&error),
    };
    let range = asked.get(header::RANGE).and_then(|value| value.to_str().ok());
    let (status, from, until) = match range.map(|range| parse_range(range, size)) {
        None | Some(Range::Ignored) => (StatusCode::OK, 0, size),
        Some(Range::Part(from, until)) => (StatusCode::PARTIAL_CONTENT, from, until),
        Some(Range::Impossible) => {
            let headers = [(header::CONTENT_RANGE, format!("bytes */{size}"))];
            return (StatusCode::RANGE_NOT_SATISFIABLE, headers).into_response();
        }
    };
    let mut headers = digest_headers(&digest);
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/octet-stream"));
    headers.insert(header::ACCEPT_RANGES, HeaderValue::from_static("bytes"));
    headers.insert(header::CONTENT_LENGTH, HeaderValue::from(until - from));
    if status == StatusCode::PARTIAL_CONTENT
        && let Ok(value) = HeaderValue::from_str(&format!("bytes {from}-{}/{size}", until - 1))
    {
        headers.insert(header::CONTENT_RANGE, value);
    }
    if head {
        return (status, headers).into_response();
    }
    if let Err(error) = file.seek(std::io::SeekFrom::Start(from)).await {
        return broken(&error);
    }
    tracing::info!(%digest, bytes = until - from, "registry: blob");
    let body = Body::from_stream(ReaderStream::with_capacity(file.take(until - from), PIECE));
    (status, headers, body).into_response()
}

async fn open(path: &std::path::Path) -> std::io::Result<(tokio::fs::File, u64)> {
    let file = tokio::fs::File::open(path).await?;
    let size = file.metadata().await?.len();
    Ok((file, size))
}

#[derive(Debug, PartialEq, Eq)]
enum Range {
    /// From, up to but not including.
    Part(u64, u64),
    /// Not one that we serve in parts: the whole is a valid answer (RFC 9110 §14.2).
    Ignored,
    /// Begins behind the end.
    Impossible,
}

/// One range of bytes: `bytes=A-B`, `bytes=A-`, `bytes=-N`.
fn parse_range(text: &str, size: u64) -> Range {
    let Some((from, until)) = text.strip_prefix("bytes=").and_then(|range| range.split_once('-')) else {
        return Range::Ignored;
    };
    let (from, until) = match (from.parse::<u64>(), until.parse::<u64>()) {
        (Ok(from), Ok(last)) if last >= from => (from, last.saturating_add(1).min(size)),
        (Ok(from), Err(_)) if until.is_empty() => (from, size),
        (Err(_), Ok(count)) if from.is_empty() && count > 0 => (size.saturating_sub(count), size),
        _ => return Range::Ignored,
    };
    if from < size { Range::Part(from, until) } else { Range::Impossible }
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

fn broken(error: &dyn std::error::Error) -> Response {
    tracing::error!(%error, "registry");
    refuse(StatusCode::INTERNAL_SERVER_ERROR, "UNKNOWN")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges() {
        for (text, wanted) in [
            ("bytes=0-9", Range::Part(0, 10)),
            ("bytes=90-200", Range::Part(90, 100)),
            ("bytes=99-", Range::Part(99, 100)),
            ("bytes=-10", Range::Part(90, 100)),
            ("bytes=-1000", Range::Part(0, 100)),
            ("bytes=100-", Range::Impossible),
            ("bytes=9-3", Range::Ignored),
            ("bytes=1-2,5-6", Range::Ignored),
            ("items=1-2", Range::Ignored),
        ] {
            assert_eq!(parse_range(text, 100), wanted, "{text}");
        }
    }

    #[test]
    fn references() {
        assert_eq!(full_reference(Some("a.example"), "team/app", "1.2"), "a.example/team/app:1.2");
        assert_eq!(full_reference(Some("a.example"), "app", "sha256:00"), "a.example/app@sha256:00");
    }
}
