//! Blobs, whole or in part.

use std::sync::Arc;

use axum::body::Body;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use bridle_core::digest::Digest;
use bridle_core::pull::{self, Range};
use tokio::io::{AsyncReadExt as _, AsyncSeekExt as _};
use tokio_util::io::ReaderStream;

use super::{broken, digest_headers, refuse};
use crate::store::SharedStore;

/// Piece of a blob that is read at once: what a pull holds in memory.
const PIECE: usize = 256 * 1024;

pub(super) async fn serve(store: Arc<SharedStore>, digest: Digest, asked: &HeaderMap, head: bool) -> Response {
    let (path, named) = match tokio::task::spawn_blocking(move || store.named_blob(&digest)).await {
        Ok(Ok(Some(found))) => found,
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
    if size != named {
        tracing::error!(%digest, size, named, "registry: a blob is damaged");
        return refuse(StatusCode::INTERNAL_SERVER_ERROR, "UNKNOWN");
    }
    let range = asked.get(header::RANGE).and_then(|value| value.to_str().ok());
    let (status, from, until) = match range.map(|text| pull::range(text, size)) {
        None | Some(Range::Ignored) => (StatusCode::OK, 0, size),
        Some(Range::Part(from, until)) => (StatusCode::PARTIAL_CONTENT, from, until),
        Some(Range::Impossible) => {
            let mut response = refuse(StatusCode::RANGE_NOT_SATISFIABLE, "SIZE_INVALID");
            if let Ok(value) = HeaderValue::from_str(&format!("bytes */{size}")) {
                response.headers_mut().insert(header::CONTENT_RANGE, value);
            }
            return response;
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
