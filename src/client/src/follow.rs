//! Following one operation to its end, over restarts of the agent.

use std::time::Duration;

use bridle_core::event::{Event, EventKind};
use bridle_core::operation::OperationId;
use tokio::time::{Instant, sleep};

use crate::api::Client;
use crate::error::ClientError;
use crate::event_stream::EventStream;

/// How long a follower waits for an agent that is gone.
#[derive(Debug, Clone, Copy)]
pub struct Patience {
    /// For the first connection: the agent may just be starting.
    pub first: Duration,
    /// For each later one: a restart, an overloaded host.
    pub later: Duration,
    /// Longest pause between two attempts.
    pub longest_pause: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        Self {
            first: Duration::from_secs(60),
            later: Duration::from_secs(15 * 60),
            longest_pause: Duration::from_secs(5),
        }
    }
}

/// What a follower hears.
#[derive(Debug)]
pub enum News {
    /// Something happened in the operation.
    Event(Box<Event>),
    /// The agent does not answer; tried again and again until the patience ends.
    Reconnecting {
        /// Attempts that failed in a row.
        attempt: u32,
        /// Why the last one failed.
        error: ClientError,
    },
    /// The agent answers again.
    Connected,
    /// The operation has ended, nothing follows.
    Ended,
}

/// The events of one operation, each kept one exactly once and in order.
pub struct Follow {
    client: Client,
    id: OperationId,
    patience: Patience,
    stream: Option<EventStream>,
    last: u64,
    ended: bool,
    lost: Option<Lost>,
    /// When the present or last connection began.
    connected: Option<Instant>,
}

struct Lost {
    since: Instant,
    attempt: u32,
}

impl Follow {
    /// Follows `id` from its first event; nothing is connected before the first [`Follow::next`].
    #[must_use]
    pub fn new(client: Client, id: OperationId, patience: Patience) -> Self {
        Self { client, id, patience, stream: None, last: 0, ended: false, lost: None, connected: None }
    }

    /// The next thing to tell. May be dropped and called again at any time: nothing is lost.
    ///
    /// # Errors
    /// [`ClientError`] if the agent refuses, or does not come back while the patience lasts.
    pub async fn next(&mut self) -> Result<News, ClientError> {
        loop {
            if self.ended {
                return Ok(News::Ended);
            }
            let Some(stream) = &mut self.stream else {
                if let Some(news) = self.connect().await? {
                    return Ok(news);
                }
                continue;
            };
            let broken = match stream.next().await {
                Ok(Some(event)) => match self.take(event) {
                    Taken::Tell(event) => return Ok(News::Event(event)),
                    Taken::Known => continue,
                    Taken::Gap => ClientError::Answer { what: self.name(), found: "an event is missing".to_owned() },
                },
                Ok(None) => ClientError::Answer { what: self.name(), found: "the stream ended early".to_owned() },
                Err(error) => error,
            };
            self.stream = None;
            if self.stream_held() {
                self.lost = None;
            }
            if let Some(news) = self.fail(broken)? {
                return Ok(news);
            }
        }
    }

    fn name(&self) -> String {
        format!("follow {}", self.id)
    }

    /// One attempt to connect, after a pause that grows with the attempts before it.
    async fn connect(&mut self) -> Result<Option<News>, ClientError> {
        if let Some(lost) = &self.lost {
            let pause = Duration::from_millis(100).saturating_mul(1 << lost.attempt.min(10));
            sleep(pause.min(self.patience.longest_pause)).await;
        }
        match self.client.events(&self.id, self.last).await {
            Ok(stream) => {
                self.stream = Some(stream);
                let again = self.connected.is_some() && self.lost.is_some();
                self.connected = Some(Instant::now());
                Ok(again.then_some(News::Connected))
            }
            Err(error) if error.is_passing() => self.fail(error),
            Err(error) => Err(error),
        }
    }

    fn fail(&mut self, error: ClientError) -> Result<Option<News>, ClientError> {
        let lost = self.lost.get_or_insert_with(|| Lost { since: Instant::now(), attempt: 0 });
        lost.attempt += 1;
        let limit = if self.connected.is_some() { self.patience.later } else { self.patience.first };
        if lost.since.elapsed() > limit {
            return Err(error);
        }
        Ok(Some(News::Reconnecting { attempt: lost.attempt, error }))
    }

    /// Whether the connection before this failure held for long although nothing happened.
    fn stream_held(&self) -> bool {
        self.lost
            .as_ref()
            .zip(self.connected)
            .is_some_and(|(lost, connected)| connected > lost.since && connected.elapsed() > Duration::from_secs(20))
    }

    fn take(&mut self, event: Event) -> Taken {
        if event.kind.is_kept() {
            if event.seq <= self.last {
                return Taken::Known;
            }
            if event.seq != self.last + 1 {
                return Taken::Gap;
            }
            self.last = event.seq;
            if let EventKind::State { state } = &event.kind {
                self.ended = state.is_final();
            }
            // Only something new proves that the connection is of use: one that opens, says the old and breaks must not
            // renew the patience.
            self.lost = None;
        }
        Taken::Tell(Box::new(event))
    }
}

enum Taken {
    Tell(Box<Event>),
    Known,
    Gap,
}
