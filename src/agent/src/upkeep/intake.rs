//! A request's body as a blocking reader: bounded in memory, with a deadline for each piece.

use std::io::{self, Read};
use std::time::Duration;

use axum::body::Body;
use bytes::{Buf as _, Bytes};
use futures_util::StreamExt as _;
use tokio::sync::mpsc::{Receiver, Sender, channel};
use tokio::time::{Instant, timeout, timeout_at};

/// Pieces that wait for the reader; while they do, nothing more is taken from the peer.
const WAITING: usize = 8;
/// A peer that sends nothing for so long is given up.
pub(crate) const STALLED: Duration = Duration::from_secs(60);
/// What still comes after the reader has given up is thrown away for so long, so that the peer hears why.
const DRAIN: Duration = Duration::from_secs(30);

enum Piece {
    Data(Bytes),
    End,
    Failed(io::Error),
}

/// The reading end.
pub(crate) struct Intake {
    pieces: Receiver<Piece>,
    rest: Bytes,
    ended: bool,
}

/// Begins to take a body in; must be called on the runtime. A piece must come within `stalled`.
pub(crate) fn pump(body: Body, stalled: Duration) -> Intake {
    let (sender, pieces) = channel(WAITING);
    tokio::spawn(feed(body, sender, stalled));
    Intake { pieces, rest: Bytes::new(), ended: false }
}

async fn feed(body: Body, sender: Sender<Piece>, stalled: Duration) {
    let mut stream = body.into_data_stream();
    loop {
        let piece = match timeout(stalled, stream.next()).await {
            Ok(Some(Ok(bytes))) => Piece::Data(bytes),
            Ok(Some(Err(error))) => Piece::Failed(io::Error::new(io::ErrorKind::ConnectionAborted, error)),
            Ok(None) => Piece::End,
            Err(_) => Piece::Failed(io::ErrorKind::TimedOut.into()),
        };
        let last = !matches!(piece, Piece::Data(_));
        if sender.send(piece).await.is_err() {
            break;
        }
        if last {
            return;
        }
    }
    let until = Instant::now() + DRAIN;
    while let Ok(Some(Ok(_))) = timeout_at(until, stream.next()).await {}
}

impl Read for Intake {
    /// Blocks: not for the runtime's own threads.
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while self.rest.is_empty() && !self.ended && !buffer.is_empty() {
            match self.pieces.blocking_recv() {
                Some(Piece::Data(bytes)) => self.rest = bytes,
                Some(Piece::End) => self.ended = true,
                Some(Piece::Failed(error)) => return Err(error),
                None => return Err(io::ErrorKind::ConnectionAborted.into()),
            }
        }
        let count = buffer.len().min(self.rest.len());
        buffer[..count].copy_from_slice(&self.rest[..count]);
        self.rest.advance(count);
        Ok(count)
    }
}
