//! The calls about releases and the store.

use bridle_core::fault::{Fault, FaultCode};
use bridle_core::store::diff::Comparison;
use bridle_core::store::have::HaveList;
use bridle_core::store::space::SpaceView;
use bridle_core::store::{AddView, CheckLine, CheckView, CollectView, ReleaseDetail, RepairView};
use bytes::BytesMut;
use http::Method;
use hyper::body::Incoming;

use crate::api::Client;
use crate::connection::{Ask, clip, json, send};
use crate::error::ClientError;
use crate::lines;
use crate::upload::{self, Upload};

impl Client {
    /// Brings a release into the store; `body` is the whole release file (`.bundle`).
    ///
    /// # Errors
    /// [`ClientError`] if the agent does not answer or refuses the release.
    pub async fn add_release(&self, body: Upload) -> Result<AddView, ClientError> {
        upload::post(self.socket(), "/api/v1/releases", body).await
    }

    /// Brings damaged and missing parts of the store back from a release file.
    ///
    /// # Errors
    /// [`ClientError`] if the agent does not answer or refuses the release.
    pub async fn repair_store(&self, body: Upload) -> Result<RepairView, ClientError> {
        upload::post(self.socket(), "/api/v1/store/repair", body).await
    }

    /// What a release in the store is and holds.
    ///
    /// # Errors
    /// [`ClientError`] if the agent does not answer or there is no such release.
    pub async fn release(&self, id: &str) -> Result<ReleaseDetail, ClientError> {
        json(self.socket(), Ask::get(path_of(id)?)).await
    }

    /// What the host has of its platform, for the publisher of a delta.
    ///
    /// # Errors
    /// [`ClientError`] if the agent does not answer or holds no complete release.
    pub async fn have_list(&self) -> Result<HaveList, ClientError> {
        json(self.socket(), Ask::get("/api/v1/store/have")).await
    }

    /// How the release `new` differs from the release `old`; both are in the store.
    ///
    /// # Errors
    /// [`ClientError`] if the agent does not answer or one of them is not there.
    pub async fn compare_releases(&self, old: &str, new: &str) -> Result<Comparison, ClientError> {
        let newer = path_of(new)?;
        let newer = newer.rsplit('/').next().unwrap_or_default();
        json(self.socket(), Ask::get(format!("{}/diff/{newer}", path_of(old)?))).await
    }

    /// Takes a release out of the store.
    ///
    /// # Errors
    /// [`ClientError`] if the agent does not answer or the release is in use.
    pub async fn remove_release(&self, id: &str) -> Result<CollectView, ClientError> {
        json(self.socket(), Ask { method: Method::DELETE, ..Ask::get(path_of(id)?) }).await
    }

    /// Reads every blob of the store again, or only those of the release `only`.
    ///
    /// # Errors
    /// [`ClientError`] if the agent does not answer or there is no such release.
    pub async fn check_store(&self, only: Option<&str>) -> Result<CheckStream, ClientError> {
        let path = match only {
            Some(id) => format!("{}/check", path_of(id)?),
            None => "/api/v1/store/check".to_owned(),
        };
        let ask = Ask { method: Method::POST, accept: "application/x-ndjson", ..Ask::get(path) };
        let what = ask.name();
        let body = send(self.socket(), ask).await?.into_body();
        Ok(CheckStream { body, what, waiting: BytesMut::new() })
    }

    /// Removes from the store what nothing needs; with `dry_run` only tells what that would be.
    ///
    /// # Errors
    /// [`ClientError`] if the agent does not answer or cannot tell what is needed.
    pub async fn collect_store(&self, dry_run: bool) -> Result<CollectView, ClientError> {
        let body = serde_json::json!({ "dry_run": dry_run }).to_string().into_bytes();
        json(self.socket(), Ask { method: Method::POST, body: Some(body), ..Ask::get("/api/v1/store/collect") }).await
    }

    /// Where the space of the store went.
    ///
    /// # Errors
    /// [`ClientError`] if the agent does not answer or the store cannot be read.
    pub async fn store_space(&self) -> Result<SpaceView, ClientError> {
        json(self.socket(), Ask::get("/api/v1/store/space")).await
    }
}

/// A check that is running.
#[derive(Debug)]
pub struct CheckStream {
    body: Incoming,
    what: String,
    waiting: BytesMut,
}

impl CheckStream {
    /// The report; `progress` gets the bytes read, of all, several times a second.
    ///
    /// # Errors
    /// [`ClientError`] if the agent fails, falls silent or goes away before the report.
    pub async fn report(mut self, mut progress: impl FnMut(u64, u64)) -> Result<CheckView, ClientError> {
        loop {
            match lines::next(&mut self.body, &mut self.waiting, &self.what).await? {
                CheckLine::Progress { done, total } => progress(done, total),
                CheckLine::Report { report } => return Ok(report),
                CheckLine::Failed { fault } => {
                    return Err(ClientError::Refused { what: self.what, status: 500, fault: Box::new(fault) });
                }
            }
        }
    }
}

/// Path of a release; its id comes from a person.
fn path_of(id: &str) -> Result<String, ClientError> {
    is_plain(id).map(|()| format!("/api/v1/releases/{id}"))
}

/// Whether a name of a release can stand in an address as it is.
///
/// # Errors
/// `ReleaseAbsent` if not: there is none of that name.
pub(crate) fn is_plain(id: &str) -> Result<(), ClientError> {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"-.+_".contains(&byte);
    if !id.is_empty() && id.len() <= 200 && id.bytes().all(allowed) && !id.starts_with('.') {
        return Ok(());
    }
    let fault = Fault::new(FaultCode::ReleaseAbsent).with("release", clip(id));
    Err(ClientError::Refused { what: "GET /api/v1/releases".to_owned(), status: 404, fault: Box::new(fault) })
}
