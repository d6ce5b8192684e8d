//! Events of one operation as they happen: server-sent events with replay.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::time::Duration;

use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::http::HeaderMap;
use axum::response::Sse;
use axum::response::sse::{Event as Message, KeepAlive};
use bridle_core::event::{Event, EventKind};
use bridle_core::fault::Fault;
use bridle_core::operation::OperationId;
use futures_util::stream::{Stream, unfold};
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::RecvError;

use super::problem::Problem;
use super::{blocking, operation_id};
use crate::composition::Parts;

/// A comment is sent after so much silence, so that both sides notice a dead connection.
const HEARTBEAT: Duration = Duration::from_secs(10);

pub(crate) async fn follow(
    State(parts): State<Parts>,
    id: Result<Path<OperationId>, PathRejection>,
    headers: HeaderMap,
) -> Result<Sse<impl Stream<Item = Result<Message, Infallible>>>, Problem> {
    let id = operation_id(id)?;
    let after = headers.get("last-event-id").and_then(|value| value.to_str().ok()?.parse().ok()).unwrap_or(0);
    let follower = Follower::new(parts, id, after).await?;
    let stream = unfold(follower, |mut follower| async move {
        let event = follower.next().await?;
        Some((Ok(message(&event)), follower))
    });
    Ok(Sse::new(stream).keep_alive(KeepAlive::new().interval(HEARTBEAT)))
}

fn message(event: &Event) -> Message {
    let text = serde_json::to_string(event).unwrap_or_default();
    let message = Message::default().data(text);
    if event.kind.is_kept() { message.id(event.seq.to_string()) } else { message }
}

/// Reads the history first and then listens; reads it again where it could not keep up.
struct Follower {
    parts: Parts,
    id: OperationId,
    waiting: VecDeque<Event>,
    listener: Receiver<Event>,
    last: u64,
    over: bool,
}

impl Follower {
    async fn new(parts: Parts, id: OperationId, after: u64) -> Result<Self, Problem> {
        let (waiting, listener) = history(&parts, &id, after).await?;
        // A client that has seen everything of an operation that ended must not wait for more.
        let view = parts.operations.view(&id)?;
        let over = view.state.is_final() && waiting.is_empty();
        Ok(Self { parts, id, waiting: waiting.into(), listener, last: after, over })
    }

    async fn next(&mut self) -> Option<Event> {
        while !self.over {
            if let Some(event) = self.waiting.pop_front() {
                if event.kind.is_kept() {
                    if event.seq <= self.last {
                        continue;
                    }
                    self.last = event.seq;
                }
                self.over = matches!(event.kind, EventKind::State { state } if state.is_final());
                return Some(event);
            }
            match self.listener.recv().await {
                Ok(event) if event.operation == self.id => self.waiting.push_back(event),
                Ok(_) => {}
                Err(RecvError::Lagged(_)) => {
                    let (missed, listener) = history(&self.parts, &self.id, self.last).await.ok()?;
                    self.waiting.extend(missed);
                    self.listener = listener;
                }
                Err(RecvError::Closed) => return None,
            }
        }
        None
    }
}

async fn history(parts: &Parts, id: &OperationId, after: u64) -> Result<(Vec<Event>, Receiver<Event>), Problem> {
    let (operations, id) = (parts.operations.clone(), id.clone());
    blocking(move || -> Result<_, Fault> { operations.follow(&id, after) }).await
}
