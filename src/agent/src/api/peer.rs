//! Who is at the other end of the socket.

use axum::extract::connect_info::Connected;
use axum::serve::IncomingStream;
use tokio::net::UnixListener;

/// The user of a connection, as the kernel says.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Peer {
    user: Option<u32>,
}

impl Peer {
    /// Whether the peer may change things: the socket's mode lets in root and the group `bridle` only, and both may.
    pub(crate) const fn may_operate(self) -> bool {
        self.user.is_some()
    }

    /// Whether the peer is who the agent itself runs as: root.
    pub(crate) fn is_administrator(self) -> bool {
        self.user == Some(rustix::process::geteuid().as_raw())
    }

    /// For the journal.
    pub(crate) fn name(self) -> String {
        match self.user {
            Some(0) => "root".to_owned(),
            Some(user) => user_name(user).unwrap_or_else(|| format!("uid {user}")),
            None => "unknown".to_owned(),
        }
    }
}

impl Connected<IncomingStream<'_, UnixListener>> for Peer {
    fn connect_info(stream: IncomingStream<'_, UnixListener>) -> Self {
        Self { user: stream.io().peer_cred().ok().map(|credentials| credentials.uid()) }
    }
}

/// Number of a group of this host; a static program reads the file itself.
pub(crate) fn group_id(name: &str) -> Option<u32> {
    field("/etc/group", |fields| (fields[0] == name).then(|| fields[2].parse().ok()).flatten())
}

fn user_name(user: u32) -> Option<String> {
    let user = user.to_string();
    field("/etc/passwd", |fields| (fields[2] == user).then(|| fields[0].to_owned()))
}

fn field<T>(path: &str, find: impl Fn(&[&str]) -> Option<T>) -> Option<T> {
    let text = bridle_host::files::read_limited(std::path::Path::new(path), 1024 * 1024).ok()??;
    let mut rows = text.lines().map(|line| line.split(':').collect::<Vec<_>>());
    rows.find_map(|fields| if fields.len() > 2 { find(&fields) } else { None })
}
