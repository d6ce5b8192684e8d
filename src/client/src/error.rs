//! What can go wrong between a face and the agent.

use std::io;
use std::path::PathBuf;
use std::time::Duration;

use bridle_core::fault::{Fault, FaultCode};

/// Why a request had no answer that can be used.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// Nobody listens on the socket.
    #[error("connect to {}", socket.display())]
    Connect {
        /// The socket.
        socket: PathBuf,
        /// The cause.
        #[source]
        source: io::Error,
    },
    /// The agent did not answer in time.
    #[error("{what}: no answer within {} s", limit.as_secs())]
    Deadline {
        /// What was asked.
        what: String,
        /// The limit.
        limit: Duration,
    },
    /// The connection broke.
    #[error("{what}: connection lost")]
    Lost {
        /// What was asked.
        what: String,
        /// The cause.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The answer is not what the API promises.
    #[error("{what}: unexpected answer: {found}")]
    Answer {
        /// What was asked.
        what: String,
        /// What came instead, at most 200 characters.
        found: String,
    },
    /// The agent refused, with its reason.
    #[error("{what}: refused with status {status}")]
    Refused {
        /// What was asked.
        what: String,
        /// HTTP status.
        status: u16,
        /// The agent's fault.
        fault: Box<Fault>,
    },
}

impl ClientError {
    /// The fault that people see.
    #[must_use]
    pub fn fault(&self) -> Fault {
        match self {
            Self::Refused { fault, .. } => (**fault).clone(),
            Self::Connect { source, .. } if source.kind() == io::ErrorKind::PermissionDenied => {
                Fault::new(FaultCode::Forbidden).because(self)
            }
            Self::Connect { .. } | Self::Deadline { .. } | Self::Lost { .. } => {
                Fault::new(FaultCode::AgentUnreachable).because(self)
            }
            Self::Answer { .. } => Fault::new(FaultCode::Internal).because(self),
        }
    }

    /// Whether a later attempt may succeed: the agent restarts, or is overloaded.
    #[must_use]
    pub fn is_passing(&self) -> bool {
        match self {
            Self::Connect { source, .. } => source.kind() != io::ErrorKind::PermissionDenied,
            Self::Deadline { .. } | Self::Lost { .. } => true,
            Self::Refused { status, .. } => matches!(status, 502..=504),
            Self::Answer { .. } => false,
        }
    }
}
