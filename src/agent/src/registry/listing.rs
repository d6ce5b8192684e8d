//! Lists: the tags of a repository, the referrers of a manifest.

use std::collections::HashMap;
use std::sync::Arc;

use axum::Json;
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use bridle_core::oci::{INDEX, Index};
use serde_json::json;

use super::{broken, refuse};
use crate::store::SharedStore;

/// Tags that one answer holds at most.
const MOST_TAGS: usize = 1000;

/// Tags of a repository in the order of their names, after `last`, at most `n`.
pub(super) async fn tags(store: Arc<SharedStore>, name: String, query: &HashMap<String, String>) -> Response {
    let wanted = name.clone();
    let all = match tokio::task::spawn_blocking(move || store.tags(&wanted)).await {
        Ok(Ok(all)) => all,
        Ok(Err(error)) => return broken(&error),
        Err(error) => return broken(&error),
    };
    if all.is_empty() {
        return refuse(StatusCode::NOT_FOUND, "NAME_UNKNOWN");
    }
    let most = match query.get("n").map(|n| n.parse::<usize>()) {
        None => MOST_TAGS,
        Some(Ok(n)) => n.min(MOST_TAGS),
        Some(Err(_)) => return refuse(StatusCode::BAD_REQUEST, "UNSUPPORTED"),
    };
    let after = |tag: &&String| query.get("last").is_none_or(|last| *tag > last);
    let mut rest = all.iter().filter(after);
    let page: Vec<&String> = rest.by_ref().take(most).collect();
    let mut headers = HeaderMap::new();
    if let (Some(last), Some(_)) = (page.last(), rest.next())
        && let Ok(link) = HeaderValue::from_str(&format!("</v2/{name}/tags/list?n={most}&last={last}>; rel=\"next\""))
    {
        headers.insert(header::LINK, link);
    }
    (headers, Json(json!({ "name": name, "tags": page }))).into_response()
}

/// What refers to a manifest: nothing does in a release, and the specification wants that said as an empty index.
pub(super) fn referrers(filtered: bool) -> Response {
    let index = Index {
        schema_version: 2,
        media_type: Some(INDEX.to_owned()),
        manifests: Vec::new(),
        annotations: std::collections::BTreeMap::new(),
    };
    let mut headers = HeaderMap::new();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(INDEX));
    if filtered {
        let name = HeaderName::from_static("oci-filters-applied");
        headers.insert(name, HeaderValue::from_static("artifactType"));
    }
    match serde_json::to_vec(&index) {
        Ok(body) => (headers, body).into_response(),
        Err(error) => broken(&error),
    }
}
