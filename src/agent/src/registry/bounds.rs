//! How many may pull at once, and how long one may hold a connection without moving.

use std::future::Future as _;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, Sleep};

/// Bounds of the registry.
#[derive(Debug, Clone, Copy)]
pub(super) struct Limits {
    /// Connections at once; further ones wait in the kernel's queue.
    pub(super) connections: usize,
    /// A peer that takes nothing for so long is cut off: containerd then asks again for the rest.
    pub(super) stalled: Duration,
    /// A connection on which nothing is asked for so long is closed.
    pub(super) idle: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        // 20 pulls at once with the three connections that containerd opens for an image, and some room.
        Self { connections: 96, stalled: Duration::from_secs(30), idle: Duration::from_secs(120) }
    }
}

/// A listener that keeps the bounds.
pub(super) struct Bounded {
    listener: TcpListener,
    room: Arc<Semaphore>,
    limits: Limits,
}

impl Bounded {
    pub(super) fn new(listener: TcpListener, limits: Limits) -> Self {
        Self { listener, room: Arc::new(Semaphore::new(limits.connections)), limits }
    }
}

impl axum::serve::Listener for Bounded {
    type Io = Connection;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Connection, SocketAddr) {
        loop {
            let Ok(place) = Arc::clone(&self.room).acquire_owned().await else {
                // The semaphore is never closed; nothing would ever be accepted again.
                return std::future::pending().await;
            };
            match self.listener.accept().await {
                Ok((stream, address)) => return (Connection::new(stream, place, self.limits), address),
                Err(error) => {
                    // Out of file descriptors, or the peer went away already.
                    tracing::warn!(%error, "registry: accept");
                    tokio::time::sleep(Duration::from_millis(100)).await;
                }
            }
        }
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.listener.local_addr()
    }
}

/// A connection whose peer must move.
pub(super) struct Connection {
    stream: TcpStream,
    limits: Limits,
    /// Runs while a write waits for the peer.
    writing: Option<Pin<Box<Sleep>>>,
    /// Runs while a read waits for the peer.
    reading: Option<Pin<Box<Sleep>>>,
    _place: OwnedSemaphorePermit,
}

impl Connection {
    fn new(stream: TcpStream, place: OwnedSemaphorePermit, limits: Limits) -> Self {
        Self { stream, limits, writing: None, reading: None, _place: place }
    }

    fn wrote<T>(&mut self, context: &mut Context<'_>, poll: Poll<io::Result<T>>) -> Poll<io::Result<T>> {
        let limit = self.limits.stalled;
        if poll.is_ready() {
            // While something is sent, nothing has to be asked.
            self.reading = None;
        }
        within(&mut self.writing, limit, context, poll)
    }
}

/// Passes `poll` on, or a timeout if it has been pending for `limit`.
fn within<T>(
    timer: &mut Option<Pin<Box<Sleep>>>,
    limit: Duration,
    context: &mut Context<'_>,
    poll: Poll<io::Result<T>>,
) -> Poll<io::Result<T>> {
    if poll.is_ready() {
        *timer = None;
        return poll;
    }
    let timer = timer.get_or_insert_with(|| Box::pin(tokio::time::sleep_until(Instant::now() + limit)));
    ready!(timer.as_mut().poll(context));
    Poll::Ready(Err(io::ErrorKind::TimedOut.into()))
}

impl AsyncRead for Connection {
    fn poll_read(self: Pin<&mut Self>, context: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let poll = Pin::new(&mut this.stream).poll_read(context, buffer);
        within(&mut this.reading, this.limits.idle, context, poll)
    }
}

impl AsyncWrite for Connection {
    fn poll_write(self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let poll = Pin::new(&mut this.stream).poll_write(context, bytes);
        this.wrote(context, poll)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let poll = Pin::new(&mut this.stream).poll_write_vectored(context, bytes);
        this.wrote(context, poll)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_flush(context)
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_shutdown(context)
    }
}
