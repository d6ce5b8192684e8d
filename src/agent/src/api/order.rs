//! What an order comes with: somebody who may give it, and a body that can be read.

use axum::Json;
use axum::extract::{ConnectInfo, FromRequest, FromRequestParts, Request};
use axum::http::request::Parts;
use bridle_core::fault::{Fault, FaultCode};
use serde::de::DeserializeOwned;

use super::peer::Peer;
use super::problem::Problem;

/// A peer who may change things; all others are refused with `Forbidden` before anything of the body is looked at.
pub(super) struct Operator(pub(super) Peer);

impl<S: Send + Sync> FromRequestParts<S> for Operator {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let forbidden = || Fault::new(FaultCode::Forbidden);
        let peer = ConnectInfo::<Peer>::from_request_parts(parts, state).await.map_err(|_| forbidden())?.0;
        if peer.may_operate() { Ok(Self(peer)) } else { Err(forbidden().into()) }
    }
}

/// A body in JSON. What the reader says of one that is none could name a value, so only `RequestInvalid` is said.
pub(super) struct Order<T>(pub(super) T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for Order<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        match Json::<T>::from_request(request, state).await {
            Ok(Json(order)) => Ok(Self(order)),
            Err(_) => Err(Fault::new(FaultCode::RequestInvalid).with("what", "order").into()),
        }
    }
}
