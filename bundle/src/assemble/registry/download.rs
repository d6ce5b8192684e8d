//! Bringing bytes from a registry: tries are counted, what came is kept, nothing is used before its digest was checked.
#![allow(clippy::disallowed_methods, reason = "pauses between tries; the publisher's side has no clock port")]

use std::io::{self, Read, Write as _};
use std::path::Path;
use std::time::Duration;

use bridle_core::digest::Digest;
use bridle_core::release::Blob;
use ureq::Body;
use ureq::http::{Response, StatusCode, Uri, header};

use super::access::Access;
use super::error::RegistryError;
use super::partial::Partial;
use super::reference::Reference;
use super::transport::{Ask, Setback, Transport, answer, is_passing, later, redirected, what};
use crate::assemble::cache::Cache;
use crate::assemble::progress::Progress;

/// Longest pause between two tries.
const LONGEST_PAUSE: Duration = Duration::from_secs(60);
/// Most tries of one blob, also where each brings something.
const MAX_TRIES: u32 = 500;
/// Largest blob of a release, in bytes (`docs/FORMATS.md`).
const MAX_BLOB: u64 = 8 << 30;
/// Bytes that are read at a time.
const CHUNK: usize = 256 << 10;

/// Brings manifests, blobs and files; safe to use from several threads.
#[derive(Debug)]
pub(in crate::assemble) struct Fetcher<'a> {
    transport: Transport,
    tries: u32,
    pause: Duration,
    progress: &'a Progress,
}

impl<'a> Fetcher<'a> {
    pub(in crate::assemble) fn new(access: &Access, progress: &'a Progress) -> Result<Self, RegistryError> {
        Ok(Self { transport: Transport::new(access)?, tries: access.tries.max(1), pause: access.pause, progress })
    }

    /// Who is told of bytes and tries.
    pub(in crate::assemble) fn progress(&self) -> &'a Progress {
        self.progress
    }

    /// A document of at most `limit` bytes; nothing where the registry does not have it.
    pub(super) fn document(
        &self,
        of: &Reference,
        path: &str,
        accept: &str,
        limit: u64,
    ) -> Result<Option<Vec<u8>>, RegistryError> {
        self.patiently(&what(of), || {
            let response = self.transport.ask(Ask { of, path, accept, from: 0 })?;
            match response.status() {
                StatusCode::OK => {}
                status if status.is_client_error() => return Ok(None),
                status => return Err(self.unexpected(of, status).into()),
            }
            let mut bytes = Vec::new();
            let read = body(response).take(limit + 1).read_to_end(&mut bytes);
            read.map_err(|error| Setback::Again { after: None, reason: error.to_string() })?;
            if bytes.len() as u64 > limit {
                return Err(RegistryError::content(&what(of), format!("{path} has more than {limit} bytes")).into());
            }
            Ok(Some(bytes))
        })
    }

    /// A document that must be there and have this digest.
    pub(super) fn exact(
        &self,
        of: &Reference,
        path: &str,
        accept: &str,
        digest: &Digest,
        limit: u64,
    ) -> Result<Vec<u8>, RegistryError> {
        match self.document(of, path, accept, limit)? {
            Some(bytes) if Digest::of(&bytes) == *digest => Ok(bytes),
            Some(_) => Err(RegistryError::content(
                &what(of),
                format!("{digest} came with other content; the registry is damaged"),
            )),
            None => Err(RegistryError::content(
                &what(of),
                format!("the registry no longer has {digest}; push it again, or lock with --update"),
            )),
        }
    }

    /// Brings a blob into the cache unless it is there.
    pub(super) fn blob(&self, cache: &Cache, of: &Reference, wanted: &Blob) -> Result<(), RegistryError> {
        if cache.has(wanted) {
            return Ok(());
        }
        let path = format!("blobs/{}", wanted.digest);
        let ask = |from| self.transport.ask(Ask { of, path: &path, accept: "*/*", from });
        let what = format!("{} (blob {})", what(of), wanted.digest.short());
        self.resumable(cache, &what, &wanted.digest, Some(wanted.size), &ask)
    }

    /// Brings what an address has into the cache; it must have the given digest.
    pub(in crate::assemble) fn address(
        &self,
        cache: &Cache,
        url: &str,
        digest: &Digest,
    ) -> Result<Blob, RegistryError> {
        let path = cache.blob(digest);
        if !path.exists() {
            // What stands after `?` may be a password.
            let shown = url.split('?').next().unwrap_or(url);
            let place: Uri = url.parse().map_err(|_| RegistryError::content(shown, "this is no address"))?;
            self.resumable(cache, shown, digest, None, &|from| self.follow(shown, &place, from))?;
        }
        let size = std::fs::metadata(&path).map_err(RegistryError::io("read", &path))?.len();
        Ok(Blob { digest: *digest, size })
    }

    fn follow(&self, shown: &str, start: &Uri, from: u64) -> Result<Response<Body>, Setback> {
        let mut place = start.clone();
        for _ in 0..=5 {
            let response = self.transport.plain_get(shown, &place, from)?;
            let status = response.status();
            if is_passing(status) {
                return Err(later(&response, &place));
            }
            if !status.is_redirection() {
                return Ok(response);
            }
            let none = Reference { host: String::new(), name: shown.to_owned(), version: String::new() };
            place = redirected(&none, &place, response.headers())?;
        }
        Err(RegistryError::content(shown, "redirects go on and on; the address is wrong").into())
    }

    fn resumable(
        &self,
        cache: &Cache,
        what: &str,
        digest: &Digest,
        size: Option<u64>,
        ask: &dyn Fn(u64) -> Result<Response<Body>, Setback>,
    ) -> Result<(), RegistryError> {
        let mut partial = Partial::open(cache, digest, size.unwrap_or(MAX_BLOB))?;
        self.progress.resumed(partial.have);
        let (mut best, mut idle, mut pieces) = (partial.have, 0, u32::from(partial.have > 0));
        for _ in 0..MAX_TRIES {
            let begun = partial.have;
            let setback = match self.piece(what, &mut partial, size, ask) {
                Ok(()) if partial.digest() == *digest => return partial.keep(),
                // The half that an earlier answer left may be the damaged one: once more from the start.
                Ok(()) if begun > 0 && pieces > 0 => {
                    self.back(&mut partial)?;
                    (best, idle, pieces) = (0, 0, 0);
                    continue;
                }
                Ok(()) => {
                    partial.restart()?;
                    let reason = format!("blob {digest} came with other content; the registry is damaged");
                    return Err(RegistryError::content(what, reason));
                }
                Err(Setback::Final(error)) => return Err(error),
                Err(setback) => setback,
            };
            pieces += 1;
            idle = if partial.have > best { 0 } else { idle + 1 };
            best = best.max(partial.have);
            self.wait(what, idle, setback)?;
        }
        let reason = format!("{best} bytes came in all");
        Err(RegistryError::Unreachable { what: what.to_owned(), tries: MAX_TRIES, reason })
    }

    /// One answer into the file. Ends well where the body has ended as the server said.
    fn piece(
        &self,
        what: &str,
        partial: &mut Partial,
        size: Option<u64>,
        ask: &dyn Fn(u64) -> Result<Response<Body>, Setback>,
    ) -> Result<(), Setback> {
        if size == Some(partial.have) {
            return Ok(());
        }
        let again = |reason: String| Err(Setback::Again { after: None, reason });
        let response = ask(partial.have)?;
        let status = response.status();
        match status {
            StatusCode::PARTIAL_CONTENT if starts_at(&response) == Some(partial.have) => {}
            // The server does not know ranges: from the start.
            StatusCode::OK => self.back(partial)?,
            StatusCode::PARTIAL_CONTENT | StatusCode::RANGE_NOT_SATISFIABLE if partial.have > 0 => {
                self.back(partial)?;
                return again("the server does not send the range that it was asked for".to_owned());
            }
            StatusCode::NOT_FOUND => {
                let reason = "the server does not have it (404); check the name, or push it again";
                return Err(RegistryError::content(what, reason).into());
            }
            status => {
                let reason = format!("the server answers {status}; ask its operator");
                return Err(RegistryError::content(what, reason).into());
            }
        }
        let number = |name| response.headers().get(name).and_then(|value| value.to_str().ok()?.parse::<u64>().ok());
        let end = number(header::CONTENT_LENGTH).map(|length| length + partial.have);
        let chunked = response.headers().contains_key(header::TRANSFER_ENCODING);
        self.copy(partial, body(response), size.unwrap_or(MAX_BLOB))?;
        // Without a length and without chunks nothing but the size tells a cut from the end.
        match end.or(if chunked { None } else { size }) {
            Some(end) if partial.have < end => {
                again(format!("the connection ended at {} of {end} bytes", partial.have))
            }
            _ => Ok(()),
        }
    }

    fn back(&self, partial: &mut Partial) -> Result<(), RegistryError> {
        self.progress.taken_back(partial.have);
        partial.restart()
    }

    fn copy(&self, partial: &mut Partial, mut from: impl Read, limit: u64) -> Result<(), Setback> {
        let mut buffer = vec![0; CHUNK];
        // One byte more than wanted shows that it is another content.
        while partial.have <= limit {
            let room = usize::try_from(limit - partial.have).unwrap_or(CHUNK).saturating_add(1).min(CHUNK);
            match from.read(&mut buffer[..room]) {
                Ok(0) => return Ok(()),
                Ok(count) => {
                    let written = partial.write_all(&buffer[..count]);
                    written.map_err(RegistryError::io("write", Path::new("a blob of the cache")))?;
                    self.progress.arrived(count as u64);
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(Setback::Again { after: None, reason: error.to_string() }),
            }
        }
        Ok(())
    }

    /// Tries `make` until it succeeds, fails for good, or failed too often in a row.
    fn patiently<T>(&self, what: &str, mut make: impl FnMut() -> Result<T, Setback>) -> Result<T, RegistryError> {
        let mut idle = 0;
        loop {
            match make() {
                Ok(made) => return Ok(made),
                Err(Setback::Final(error)) => return Err(error),
                Err(again) => {
                    idle += 1;
                    self.wait(what, idle, again)?;
                }
            }
        }
    }

    /// Waits before the next try; an error after too many in a row.
    fn wait(&self, what: &str, idle: u32, setback: Setback) -> Result<(), RegistryError> {
        let (after, reason) = match setback {
            Setback::Final(error) => return Err(error),
            Setback::Again { after, reason } => (after, reason),
        };
        if idle >= self.tries {
            return Err(RegistryError::Unreachable { what: what.to_owned(), tries: idle, reason });
        }
        let pause =
            after.unwrap_or_else(|| self.pause.saturating_mul(1 << idle.saturating_sub(1).min(16)).min(LONGEST_PAUSE));
        self.progress.again(what, &reason, pause);
        std::thread::sleep(pause);
        Ok(())
    }

    fn unexpected(&self, of: &Reference, status: StatusCode) -> RegistryError {
        let place = format!("https://{}/", of.server()).parse().unwrap_or_default();
        answer(&what(of), &place, status, "check that the host is a registry")
    }
}

fn body(response: Response<Body>) -> impl Read {
    response.into_body().into_with_config().limit(u64::MAX).reader()
}

/// First byte of a partial answer (`Content-Range: bytes 5-9/10`).
fn starts_at(response: &Response<Body>) -> Option<u64> {
    let range = response.headers().get(header::CONTENT_RANGE)?.to_str().ok()?;
    range.trim().strip_prefix("bytes")?.trim().split('-').next()?.parse().ok()
}
