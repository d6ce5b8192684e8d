//! Faults as RFC 9457 problems.

use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use bridle_core::fault::{Fault, FaultCode};
use bridle_core::message::Language;
use serde::Serialize;

/// A fault on its way to a client.
pub(crate) struct Problem {
    fault: Box<Fault>,
    status: StatusCode,
}

#[derive(Serialize)]
struct Body<'a> {
    #[serde(rename = "type")]
    kind: String,
    title: String,
    status: u16,
    #[serde(skip_serializing_if = "Option::is_none")]
    detail: Option<String>,
    code: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    fix: Option<String>,
    fault: &'a Fault,
}

impl Problem {
    /// The same with 404.
    pub(crate) fn not_found(mut self) -> Self {
        self.status = StatusCode::NOT_FOUND;
        self
    }
}

impl From<Fault> for Problem {
    fn from(fault: Fault) -> Self {
        let status = match fault.code {
            FaultCode::OperationUnknown
            | FaultCode::ReleaseAbsent
            | FaultCode::RevisionUnknown
            | FaultCode::RepositoryUnknown
            | FaultCode::UploadUnknown => StatusCode::NOT_FOUND,
            FaultCode::CommandRefused
            | FaultCode::OperationRunning
            | FaultCode::StoreBusy
            | FaultCode::ReleaseInUse
            | FaultCode::CollectionRefused => StatusCode::CONFLICT,
            FaultCode::UploadOffset
            | FaultCode::UploadBusy
            | FaultCode::UploadsTooMany
            | FaultCode::UploadIncomplete => StatusCode::CONFLICT,
            FaultCode::UploadTooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            FaultCode::UploadNoRoom => StatusCode::INSUFFICIENT_STORAGE,
            FaultCode::Forbidden => StatusCode::FORBIDDEN,
            FaultCode::RemovalChanged
            | FaultCode::ConfigurationChanged
            | FaultCode::CriticalPeriod
            | FaultCode::RemovalFinal
            | FaultCode::PlanOutdated
            | FaultCode::UpgradeBlocked
            | FaultCode::UpgradeCommitted
            | FaultCode::UpgradeNoWay
            | FaultCode::KubernetesNoWay
            | FaultCode::AlreadyInUse
            | FaultCode::NothingInstalled
            | FaultCode::NoReleaseBefore => StatusCode::CONFLICT,
            FaultCode::RepositoryNameTaken
            | FaultCode::PlaceUnmounted
            | FaultCode::PlaceShared
            | FaultCode::PlaceOccupied
            | FaultCode::RecoveryCodeNeeded
            | FaultCode::RepositoryOwned
            | FaultCode::RepositoryUnfinished
            | FaultCode::RepositoriesBusy => StatusCode::CONFLICT,
            FaultCode::RepositoryOrderInvalid
            | FaultCode::CredentialsInvalid
            | FaultCode::RecoveryCodeMistyped
            | FaultCode::ConfigurationInvalid
            | FaultCode::RequestInvalid
            | FaultCode::RemovalUnconfirmed
            | FaultCode::RemovalNameWrong => StatusCode::BAD_REQUEST,
            _ => StatusCode::INTERNAL_SERVER_ERROR,
        };
        Self { fault: Box::new(fault), status }
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        // The words are for people who read the answer itself; clients render `fault` in their own language.
        let english = Language::En;
        let body = Body {
            kind: format!("urn:bridle:fault:{}", self.fault.code.code()),
            title: self.fault.message.render(english),
            status: self.status.as_u16(),
            detail: self.fault.detail.as_ref().map(|detail| detail.render(english)),
            code: self.fault.code.code(),
            fix: self.fault.message.render_attribute(english, "fix"),
            fault: &self.fault,
        };
        let text = serde_json::to_string(&body).unwrap_or_default();
        (self.status, [(header::CONTENT_TYPE, "application/problem+json")], text).into_response()
    }
}
