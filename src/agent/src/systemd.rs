//! What the agent tells systemd about itself, and what it has from there: sockets that stay open while it is started anew.

use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::os::unix::net::UnixListener;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use listenfd::ListenFd;
use sd_notify::NotifyState;

use crate::operations::Operations;

/// A third of the unit's `WatchdogSec`.
const BEAT: Duration = Duration::from_secs(20);

/// Most sockets that are looked at; our unit has two.
const MOST: usize = 16;

/// Listeners that systemd holds for this agent; none where it was started in another way.
#[derive(Debug, Default)]
pub(crate) struct Inherited {
    /// The API's.
    pub(crate) api: Option<UnixListener>,
    /// The registry's.
    pub(crate) registry: Option<TcpListener>,
}

impl Inherited {
    /// Takes those that listen where this agent listens, and closes others. Call it before there is a second thread: it
    /// changes the environment.
    pub(crate) fn take(socket: &Path, registry_port: u16) -> Self {
        Self::sort(ListenFd::from_env(), socket, registry_port)
    }

    fn sort(mut given: ListenFd, socket: &Path, registry_port: u16) -> Self {
        let mut taken = Self::default();
        let registry = SocketAddr::from((Ipv4Addr::LOCALHOST, registry_port));
        for index in 0..given.len().min(MOST) {
            // Each call refuses what is no socket, or one of another kind, and leaves it for the next one.
            if let Ok(Some(found)) = given.take_unix_listener(index) {
                let ours = found.local_addr().is_ok_and(|at| at.as_pathname() == Some(socket));
                if ours && listens(&found) {
                    taken.api = Some(found);
                } else {
                    tracing::warn!(index, "a socket of somebody else's was handed over");
                }
            } else if let Ok(Some(found)) = given.take_tcp_listener(index) {
                if found.local_addr().is_ok_and(|at| at == registry) && listens(&found) {
                    taken.registry = Some(found);
                } else {
                    tracing::warn!(index, "a socket of somebody else's was handed over");
                }
            } else {
                tracing::warn!(index, "what was handed over is no socket that is listened on");
            }
        }
        taken
    }
}

fn listens(socket: &impl std::os::fd::AsFd) -> bool {
    rustix::net::sockopt::socket_acceptconn(socket).unwrap_or(false)
}

/// Tells that everything listens.
pub(crate) fn ready() {
    tell(&[NotifyState::Ready, NotifyState::Status("ready")]);
}

/// Tells that the agent stops.
pub(crate) fn stopping() {
    tell(&[NotifyState::Stopping]);
}

/// Beats as long as the state of operations can be read: an agent that hangs is started again.
pub(crate) async fn keep_alive(operations: Arc<Operations>) {
    let mut timer = tokio::time::interval(BEAT);
    loop {
        timer.tick().await;
        let operations = Arc::clone(&operations);
        let sentence = tokio::task::spawn_blocking(move || operations.sentence()).await;
        if let Ok(sentence) = sentence {
            tell(&[NotifyState::Watchdog, NotifyState::Status(&sentence)]);
        }
    }
}

fn tell(states: &[NotifyState<'_>]) {
    // Without systemd (tests) there is nobody to tell.
    if let Err(error) = sd_notify::notify(states) {
        tracing::debug!(%error, "cannot notify systemd");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_taken_where_nothing_was_handed_over() {
        let taken = Inherited::sort(ListenFd::empty(), Path::new("/run/bridle/agent.sock"), 5070);
        assert!(taken.api.is_none() && taken.registry.is_none());
    }

    #[test]
    fn a_socket_that_is_only_bound_does_not_listen() {
        let listening = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("listener");
        assert!(listens(&listening));
        let bound = std::net::UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).expect("socket");
        assert!(!listens(&bound));
    }
}
