//! Refusals and failures as `application/problem+json` (RFC 9457). The page turns `code` into words.

use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::json;

use crate::pool::PoolError;

/// Why a request was not done.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Problem {
    /// The body is no JSON object of the expected shape.
    #[error("the body is not the expected JSON: {0}")]
    InvalidJson(String),
    /// The body is something else than JSON.
    #[error("the body must be application/json")]
    MediaType,
    /// The body is too long.
    #[error("the body is longer than {limit} bytes")]
    TooLarge {
        /// Most bytes that are read.
        limit: usize,
    },
    /// A field breaks its rule.
    #[error("{field} {rule}")]
    InvalidField {
        /// Name of the field or parameter.
        field: &'static str,
        /// Its rule.
        rule: &'static str,
    },
    /// The student has this course already.
    #[error("this student is enrolled in this course already")]
    AlreadyEnrolled {
        /// The enrolment that exists.
        id: Option<String>,
    },
    /// There is no such thing.
    #[error("there is nothing here")]
    NotFound,
    /// The path knows other methods only.
    #[error("this path does not take this method")]
    Method,
    /// More requests at a time than the service takes.
    #[error("the service is busy")]
    Busy,
    /// The request took too long.
    #[error("the request took too long")]
    Timeout,
    /// The database is away.
    #[error("the database does not answer")]
    Database(#[source] PoolError),
}

impl Problem {
    /// Stable name of the problem.
    pub(crate) fn code(&self) -> &'static str {
        match self {
            Self::InvalidJson(_) => "invalid_json",
            Self::MediaType => "unsupported_media_type",
            Self::TooLarge { .. } => "too_large",
            Self::InvalidField { .. } => "invalid_field",
            Self::AlreadyEnrolled { .. } => "already_enrolled",
            Self::NotFound => "not_found",
            Self::Method => "method_not_allowed",
            Self::Busy => "busy",
            Self::Timeout => "timeout",
            Self::Database(_) => "database_unavailable",
        }
    }

    fn status(&self) -> StatusCode {
        match self {
            Self::InvalidJson(_) => StatusCode::BAD_REQUEST,
            Self::MediaType => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Self::TooLarge { .. } => StatusCode::PAYLOAD_TOO_LARGE,
            Self::InvalidField { .. } => StatusCode::UNPROCESSABLE_ENTITY,
            Self::AlreadyEnrolled { .. } => StatusCode::CONFLICT,
            Self::NotFound => StatusCode::NOT_FOUND,
            Self::Method => StatusCode::METHOD_NOT_ALLOWED,
            Self::Busy | Self::Timeout | Self::Database(_) => StatusCode::SERVICE_UNAVAILABLE,
        }
    }
}

impl From<PoolError> for Problem {
    fn from(error: PoolError) -> Self {
        match error {
            PoolError::Exhausted => Self::Busy,
            other => Self::Database(other),
        }
    }
}

impl From<tokio_postgres::Error> for Problem {
    fn from(error: tokio_postgres::Error) -> Self {
        Self::Database(PoolError::Query(error))
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        if let Self::Database(error) = &self {
            crate::log::line("error", "database", &[("error", &crate::pool::chain(error))]);
        }
        let status = self.status();
        let mut body = json!({ "status": status.as_u16(), "code": self.code(), "title": self.to_string() });
        match &self {
            Self::InvalidField { field, .. } => body["field"] = json!(field),
            Self::AlreadyEnrolled { id: Some(id) } => body["id"] = json!(id),
            _ => {}
        }
        let mut response = (status, body.to_string()).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, header::HeaderValue::from_static("application/problem+json"));
        headers.insert(header::CACHE_CONTROL, header::HeaderValue::from_static("no-store"));
        if status == StatusCode::SERVICE_UNAVAILABLE {
            headers.insert(header::RETRY_AFTER, header::HeaderValue::from_static("2"));
        }
        response
    }
}
