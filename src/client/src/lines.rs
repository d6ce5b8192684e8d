//! Answers that come line by line while something runs: one JSON object a line.

use bytes::{Buf as _, BytesMut};
use http_body_util::BodyExt as _;
use hyper::body::Incoming;
use serde::de::DeserializeOwned;
use tokio::time::timeout;

use crate::connection::{ANSWER_LIMIT, LARGEST_BODY, clip};
use crate::error::ClientError;

/// The next line of `body`; `waiting` is what came behind the last one.
///
/// # Errors
/// [`ClientError`] if none comes in time, the answer ends, or it is not what the API promises.
pub(crate) async fn next<T: DeserializeOwned>(
    body: &mut Incoming,
    waiting: &mut BytesMut,
    what: &str,
) -> Result<T, ClientError> {
    let answer = |found: &str| ClientError::Answer { what: what.to_owned(), found: clip(found) };
    loop {
        if let Some(end) = waiting.iter().position(|byte| *byte == b'\n') {
            let line = waiting.split_to(end);
            waiting.advance(1);
            return serde_json::from_slice(&line).map_err(|error| answer(&error.to_string()));
        }
        if waiting.len() > LARGEST_BODY {
            return Err(answer("a line without end"));
        }
        match timeout(ANSWER_LIMIT, body.frame()).await {
            Err(_) => return Err(ClientError::Deadline { what: what.to_owned(), limit: ANSWER_LIMIT }),
            Ok(None) => return Err(answer("the end before the report")),
            Ok(Some(Err(source))) => {
                return Err(ClientError::Lost { what: what.to_owned(), source: source.into() });
            }
            Ok(Some(Ok(frame))) => waiting.extend_from_slice(frame.data_ref().map_or(&[], |data| data)),
        }
    }
}
