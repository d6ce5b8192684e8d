//! Names of hosts to addresses, as a port: a static program cannot ask the system's resolver (`design.md` §1.13).

use std::io;
use std::net::IpAddr;

/// Looks names up.
pub trait Names: Send + Sync + std::fmt::Debug {
    /// The addresses of `host`, which is a name or an address; at least one. Answers within seconds.
    ///
    /// # Errors
    /// [`io::ErrorKind::NotFound`] if there is no such name, others if nobody could be asked.
    fn addresses(&self, host: &str) -> io::Result<Vec<IpAddr>>;
}

/// Knows addresses and this machine's own name only: the double, and enough where no name is used.
#[derive(Debug, Clone, Copy, Default)]
pub struct Literal;

impl Names for Literal {
    fn addresses(&self, host: &str) -> io::Result<Vec<IpAddr>> {
        let address = if host == "localhost" { "127.0.0.1" } else { host };
        let address = address.trim_start_matches('[').trim_end_matches(']').parse();
        Ok(vec![address.map_err(|_| io::Error::from(io::ErrorKind::NotFound))?])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_need_no_looking_up() {
        assert_eq!(Literal.addresses("localhost").expect("own"), [IpAddr::from([127, 0, 0, 1])]);
        assert_eq!(Literal.addresses("[::1]").expect("address").len(), 1);
        assert_eq!(Literal.addresses("s3.example").expect_err("name").kind(), io::ErrorKind::NotFound);
    }
}
