//! Routes of the service. `openapi.json` describes what is under `/api`; a test holds the two together.

use std::sync::{Arc, LazyLock};
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, Path, Query, Request, State};
use axum::http::{HeaderMap, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use tokio::sync::Semaphore;

use crate::enrolment::{self, Filter, NewEnrolment};
use crate::metrics::Metrics;
use crate::pool::Pool;
use crate::problem::Problem;
use crate::readiness::{self, Readiness};

/// The description of the API of the first release.
const DESCRIPTION: &str = include_str!("../openapi.json");
/// Most bytes of a body.
const BODY_BYTES: usize = 8 * 1024;
/// Most requests at a time; more are refused, not queued.
const REQUESTS: usize = 64;
/// Longest time for a request.
const LIMIT: Duration = Duration::from_secs(10);

/// What every request needs.
#[derive(Clone)]
pub(crate) struct Service {
    /// Database connections.
    pub(crate) pool: Arc<Pool>,
    /// Readiness.
    pub(crate) readiness: Arc<readiness::State>,
    /// Counters.
    pub(crate) metrics: Arc<Metrics>,
    places: Arc<Semaphore>,
}

impl Service {
    /// A service that has not been asked anything yet.
    pub(crate) fn new(pool: Arc<Pool>) -> Self {
        Self { pool, readiness: Arc::default(), metrics: Arc::default(), places: Arc::new(Semaphore::new(REQUESTS)) }
    }
}

/// All routes.
pub(crate) fn router(service: Service) -> Router {
    let api = Router::new()
        .route("/api/openapi.json", get(describe))
        .route("/api/enrolments", get(list).post(enrol))
        .route("/api/enrolments/{id}", get(find).delete(remove))
        .fallback(|| async { Problem::NotFound })
        .method_not_allowed_fallback(|| async { Problem::Method })
        .layer(DefaultBodyLimit::max(BODY_BYTES))
        .layer(axum::middleware::from_fn_with_state(service.clone(), guard));
    // Questions of the platform are answered also when visitors take every place.
    Router::new()
        .route("/livez", get(|| async { "alive\n" }))
        .route("/readyz", get(ready))
        .route("/metrics", get(metrics))
        .merge(api)
        .with_state(service)
}

async fn describe() -> Response {
    static DESCRIBED: LazyLock<String> = LazyLock::new(description);
    ([(header::CONTENT_TYPE, "application/json")], DESCRIBED.as_str()).into_response()
}

/// The description of this release: the first one's, with what was added since.
fn description() -> String {
    #[cfg(feature = "note")]
    if let Ok(mut all) = serde_json::from_str::<serde_json::Value>(DESCRIPTION) {
        all["info"]["version"] = "1.1.0".into();
        let schemas = &mut all["components"]["schemas"];
        let text = "No control characters, no space at either end";
        schemas["Note"] =
            serde_json::json!({ "type": "string", "minLength": 1, "maxLength": 200, "description": text });
        for schema in ["NewEnrolment", "Enrolment"] {
            schemas[schema]["properties"]["note"] = serde_json::json!({ "$ref": "#/components/schemas/Note" });
        }
        return all.to_string();
    }
    DESCRIPTION.to_owned()
}

async fn enrol(
    State(service): State<Service>,
    headers: HeaderMap,
    body: Result<Bytes, axum::extract::rejection::BytesRejection>,
) -> Result<Response, Problem> {
    let content = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    // A form of a foreign page cannot send this type without the browser asking first.
    if content.split(';').next().map(str::trim) != Some("application/json") {
        return Err(Problem::MediaType);
    }
    let body = body.map_err(|_| Problem::TooLarge { limit: BODY_BYTES })?;
    let new: NewEnrolment = serde_json::from_slice(&body).map_err(|error| Problem::InvalidJson(error.to_string()))?;
    new.check()?;
    let made = new.keep(&service.pool.get().await?).await?;
    let place = format!("/api/enrolments/{}", made.id);
    Ok((StatusCode::CREATED, [(header::LOCATION, place)], axum::Json(made)).into_response())
}

async fn find(State(service): State<Service>, Path(id): Path<String>) -> Result<Response, Problem> {
    Ok(axum::Json(enrolment::find(&service.pool.get().await?, &id).await?).into_response())
}

async fn remove(State(service): State<Service>, Path(id): Path<String>) -> Result<StatusCode, Problem> {
    enrolment::remove(&service.pool.get().await?, &id).await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn list(
    State(service): State<Service>,
    filter: Result<Query<Filter>, axum::extract::rejection::QueryRejection>,
) -> Result<Response, Problem> {
    let Query(filter) =
        filter.map_err(|_| Problem::InvalidField { field: "query", rule: "knows student, course, limit and after" })?;
    Ok(axum::Json(enrolment::list(&service.pool.get().await?, &filter).await?).into_response())
}

async fn ready(State(service): State<Service>) -> Response {
    match service.readiness.check(&service.pool).await {
        Readiness::Ready => (StatusCode::OK, "ready\n"),
        Readiness::Migrating => (StatusCode::SERVICE_UNAVAILABLE, "schema not in place\n"),
        Readiness::DatabaseAway => (StatusCode::SERVICE_UNAVAILABLE, "database away\n"),
        Readiness::Draining => (StatusCode::SERVICE_UNAVAILABLE, "about to stop\n"),
    }
    .into_response()
}

async fn metrics(State(service): State<Service>) -> Response {
    let ready = service.readiness.check(&service.pool).await == Readiness::Ready;
    let text = service.metrics.text(ready, service.pool.usage());
    ([(header::CONTENT_TYPE, "text/plain; version=0.0.4")], text).into_response()
}

/// A place, a deadline and a count for each request of a visitor.
async fn guard(State(service): State<Service>, request: Request, next: Next) -> Response {
    let began = Instant::now();
    let (route, method) = (route(request.uri().path()), method(request.method()));
    let mut response = match service.places.try_acquire() {
        Ok(_place) => {
            tokio::time::timeout(LIMIT, next.run(request)).await.unwrap_or_else(|_| Problem::Timeout.into_response())
        }
        Err(_) => Problem::Busy.into_response(),
    };
    let headers = response.headers_mut();
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, header::HeaderValue::from_static("nosniff"));
    headers.entry(header::CACHE_CONTROL).or_insert(header::HeaderValue::from_static("no-store"));
    if service.readiness.is_draining() {
        // Whoever keeps connections for later opens the next one to another copy, instead of meeting the end of this one.
        headers.insert(header::CONNECTION, header::HeaderValue::from_static("close"));
    }
    service.metrics.count(route, method, response.status().as_u16(), began.elapsed());
    response
}

fn route(path: &str) -> &'static str {
    match path {
        "/api/openapi.json" => "openapi",
        "/api/enrolments" => "enrolments",
        _ if path.starts_with("/api/enrolments/") => "enrolment",
        _ => "other",
    }
}

fn method(method: &Method) -> &'static str {
    match method.as_str() {
        "GET" => "GET",
        "HEAD" => "HEAD",
        "POST" => "POST",
        "DELETE" => "DELETE",
        _ => "other",
    }
}
