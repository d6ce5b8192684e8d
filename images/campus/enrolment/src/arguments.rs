//! Command line of the service. Secrets come from files that it names, never from itself.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

/// Enrolment service of the campus platform.
#[derive(Debug, Clone, clap::Parser)]
#[command(version)]
pub(crate) struct Arguments {
    /// Address and port to listen on.
    #[arg(long, default_value = "0.0.0.0:8080")]
    pub(crate) listen: SocketAddr,
    /// Host name of the database.
    #[arg(long)]
    pub(crate) database_host: String,
    /// Port of the database.
    #[arg(long, default_value_t = 5432)]
    pub(crate) database_port: u16,
    /// Name of the database.
    #[arg(long)]
    pub(crate) database_name: String,
    /// Directory with the files `username` and `password`, read for each new connection.
    #[arg(long)]
    pub(crate) database_credentials: PathBuf,
    /// Most connections at a time.
    #[arg(long, default_value_t = 4, value_parser = clap::value_parser!(u16).range(1..=100))]
    pub(crate) database_connections: u16,
    /// Seconds between "no longer ready" and the last new connection.
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u64).range(0..=300))]
    drain_seconds: u64,
    /// What goes wrong, so that a release is seen to go back.
    #[cfg(feature = "faults")]
    #[arg(long, value_enum)]
    pub(crate) fault: Option<crate::fault::Fault>,
}

impl Arguments {
    /// Time between "no longer ready" and the last new connection.
    pub(crate) fn drain(&self) -> Duration {
        Duration::from_secs(self.drain_seconds)
    }
}
