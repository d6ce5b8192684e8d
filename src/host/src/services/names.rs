//! Names of servers as this host looks them up: its file of hosts, then its name servers.

use std::io;
use std::net::IpAddr;
use std::path::Path;
use std::time::Duration;

use bridle_core::port::names::Names;

use super::lookup;
use crate::files;

/// Largest file that is read, in bytes.
const LARGEST: u64 = 1024 * 1024;
/// How long a name server may take.
const LIMIT: Duration = Duration::from_secs(3);

/// The names that this host knows. Its files are read each time, because they change.
#[derive(Debug, Clone, Copy, Default)]
pub struct HostNames;

impl Names for HostNames {
    fn addresses(&self, host: &str) -> io::Result<Vec<IpAddr>> {
        let bare = host.trim_start_matches('[').trim_end_matches(']');
        let text = |path: &str| files::read_limited(Path::new(path), LARGEST).ok().flatten().unwrap_or_default();
        let servers = lookup::servers(&text("/etc/resolv.conf"));
        let found = lookup::address(bare, &servers, &text("/etc/hosts"), LIMIT);
        Ok(vec![found.ok_or_else(|| io::Error::from(io::ErrorKind::NotFound))?])
    }
}
