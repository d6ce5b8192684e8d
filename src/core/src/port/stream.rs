//! Data that come as a stream of bytes and end in a proof or in an error: what backups and restore points are made of.

use std::io::{self, ErrorKind, Read, Write};

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::Attempt;
use crate::digest::Digest;
use crate::fault::Fault;
use crate::release::DataSource;

/// What a whole stream was. Only who has seen the good end of a stream gives one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Proof {
    /// Its length in bytes.
    pub bytes: u64,
    /// The digest of these bytes.
    pub digest: Digest,
}

/// Streams out of data sources of the kinds `postgresql` and `command`, and back into those of the kind `command`.
pub trait DataStreams: Send + Sync {
    /// Writes the data of `source` to `to` as they come. What was written counts only with the proof that this gives: a
    /// stream that ends early, or whose maker dies after it produced bytes, is an error. Durability is the caller's.
    ///
    /// # Errors
    /// A [`Fault`]; an error of `to` with [`ErrorKind::FileTooLarge`] means that there is no room for it.
    fn pour(&self, source: &DataSource, to: &mut dyn Write, attempt: &mut Attempt<'_>) -> Result<Proof, Fault>;

    /// Puts the stream that `proof` is of in the place of the data of `source`.
    ///
    /// # Errors
    /// A [`Fault`] if it could not be read whole, or was not taken to its end; what is there then is neither.
    fn pour_back(
        &self,
        source: &DataSource,
        from: &mut dyn Read,
        proof: &Proof,
        attempt: &mut Attempt<'_>,
    ) -> Result<(), Fault>;
}

/// Passes bytes on up to a limit, and knows what has passed.
pub struct Metered<'a> {
    to: &'a mut dyn Write,
    limit: u64,
    bytes: u64,
    hash: Sha256,
}

impl<'a> Metered<'a> {
    /// At most `limit` bytes to `to`; more end in [`ErrorKind::FileTooLarge`].
    pub fn new(to: &'a mut dyn Write, limit: u64) -> Self {
        Self { to, limit, bytes: 0, hash: Sha256::new() }
    }

    /// What has passed; whether that is all is not known here.
    #[must_use]
    pub fn passed(self) -> Proof {
        Proof { bytes: self.bytes, digest: Digest::from_bytes(self.hash.finalize().into()) }
    }
}

impl Write for Metered<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.bytes.saturating_add(bytes.len() as u64) > self.limit {
            return Err(io::Error::from(ErrorKind::FileTooLarge));
        }
        let count = self.to.write(bytes)?;
        self.hash.update(&bytes[..count]);
        self.bytes += count as u64;
        Ok(count)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.to.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Takes three bytes at a time.
    struct Slow(Vec<u8>);

    impl Write for Slow {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            let count = bytes.len().min(3);
            self.0.extend_from_slice(&bytes[..count]);
            Ok(count)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn what_passed_is_counted_once_and_nothing_beyond_the_limit_passes() {
        let mut to = Slow(Vec::new());
        let mut metered = Metered::new(&mut to, 8);
        metered.write_all(b"12345678").expect("fits");
        assert_eq!(metered.write_all(b"9").expect_err("too much").kind(), ErrorKind::FileTooLarge);
        assert_eq!(metered.passed(), Proof { bytes: 8, digest: Digest::of(b"12345678") });
        assert_eq!(to.0, b"12345678");
    }
}
