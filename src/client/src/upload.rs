//! A request whose body is brought piece by piece: a release of many gigabytes never stands in memory.

use std::io;
use std::path::Path;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http::header::{ACCEPT, CONTENT_TYPE, HOST};
use http::{Method, Request};
use hyper::body::{Body, Frame};
use serde::de::DeserializeOwned;
use tokio::sync::mpsc::{Receiver, Sender, channel};

use crate::connection::{clip, exchange, json_of};
use crate::error::ClientError;

/// Pieces that wait for the agent; while they do, nothing more is read.
const WAITING: usize = 4;
/// From the beginning to the agent's answer. A slow medium (1 MB/s) brings 40 GB in half a day; a peer that stands still is
/// given up much earlier, by the agent.
const LIMIT: Duration = Duration::from_secs(12 * 3600);

/// What an upload is made of: the body for the request, and the end into which its pieces go.
#[must_use]
pub fn upload() -> (Pieces, Upload) {
    let (sender, receiver) = channel(WAITING);
    (Pieces(sender), Upload { receiver, ended: false })
}

/// The end into which pieces go. Dropped before [`Pieces::end`], it breaks the request off: the agent then knows that the
/// release is not whole.
#[derive(Debug, Clone)]
pub struct Pieces(Sender<Option<Bytes>>);

impl Pieces {
    /// Sends a piece; waits until there is room. Not for a runtime's own thread. `false`: the agent takes no more, its answer
    /// says why.
    #[must_use]
    pub fn send(&self, piece: Vec<u8>) -> bool {
        self.0.blocking_send(Some(piece.into())).is_ok()
    }

    /// Says that everything was sent.
    pub fn end(self) {
        // If nobody listens any more, the answer says why.
        let _ = self.0.blocking_send(None);
    }
}

/// The body of a request, fed by [`Pieces`].
#[derive(Debug)]
pub struct Upload {
    receiver: Receiver<Option<Bytes>>,
    ended: bool,
}

impl Body for Upload {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, io::Error>>> {
        if self.ended {
            return Poll::Ready(None);
        }
        self.receiver.poll_recv(context).map(|piece| match piece {
            Some(Some(bytes)) => Some(Ok(Frame::data(bytes))),
            Some(None) => {
                self.ended = true;
                None
            }
            None => {
                self.ended = true;
                Some(Err(io::ErrorKind::Interrupted.into()))
            }
        })
    }

    fn is_end_stream(&self) -> bool {
        self.ended
    }
}

/// Sends `body` and reads the JSON answer.
pub(crate) async fn post<T: DeserializeOwned>(socket: &Path, path: &str, body: Upload) -> Result<T, ClientError> {
    let what = format!("{} {path}", Method::POST);
    let request = Request::builder()
        .method(Method::POST)
        .uri(path)
        .header(HOST, "bridle")
        .header(ACCEPT, "application/json")
        .header(CONTENT_TYPE, "application/octet-stream")
        .body(body)
        .map_err(|error| ClientError::Answer { what: what.clone(), found: clip(&error.to_string()) })?;
    json_of(exchange(socket, &what, request, LIMIT).await?, &what).await
}
