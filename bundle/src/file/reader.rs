//! Reading a release file as a stream: nothing is used before it is verified, and every byte is read once.

use std::io::{self, Read};

use bridle_core::digest::Digest;
use bridle_core::oci::Index;
use sha2::{Digest as _, Sha256};

use super::contents::{Contents, MAX_INDEX, MAX_MANIFEST, NamedBlob, PUBLISHER_KEY, limit};
use super::delta::{Delta, MAX_DELTA, NOTE, NOTE_SIGNATURE};
use super::error::FileError;
use super::source::Source;
use super::ustar::{self, BLOCK};
use crate::trust::{PublicKey, Seen, Signature, TrustError, TrustedKeys, UNTRUSTED_COMMENT};

/// Content of `oci-layout`.
pub const LAYOUT: &[u8] = b"{\"imageLayoutVersion\":\"1.0.0\"}";
/// Name of the entry with the signature.
pub(super) const SIGNATURE: &str = "index.json.minisig";
/// Bytes that are read at a time.
const CHUNK: usize = 256 << 10;

/// A release file whose index has been read but not verified; nothing in it can be used.
#[derive(Debug)]
pub struct OpenedBundle<S> {
    tape: Tape<S>,
    index: Vec<u8>,
    signature: Signature,
    publisher: Option<PublicKey>,
}

impl<S: Source> OpenedBundle<S> {
    /// Reads layout, index and signature from the beginning of a release file.
    ///
    /// # Errors
    /// [`FileError`] if these do not stand there in the form that the format asks for.
    pub fn open(source: S) -> Result<Self, FileError> {
        let mut tape = Tape { source, position: 0 };
        // Somebody's OCI archive, or one damaged bit: nothing is signed yet, so nobody contradicts himself.
        if tape.named("oci-layout", BLOCK as u64)? != LAYOUT {
            return Err(FileError::Other("its oci-layout is not that of a release"));
        }
        let index = tape.named("index.json", MAX_INDEX)?;
        let signature = tape.signature(SIGNATURE)?;
        let publisher = claimed_key(&index);
        Ok(Self { tape, index, signature, publisher })
    }

    /// The key that the file says it is signed with. It proves nothing by itself: ask a person to compare its
    /// fingerprint before it is put among the trusted ones.
    #[must_use]
    pub fn claimed_key(&self) -> Option<&PublicKey> {
        self.publisher.as_ref()
    }

    /// Verifies the signature and reads all manifests.
    ///
    /// # Errors
    /// [`FileError`] for a signature that no trusted key made, damage, contradictions, or a release that does not
    /// meet `conditions`.
    pub fn verify(mut self, trusted: &TrustedKeys, conditions: &Conditions) -> Result<VerifiedBundle<S>, FileError> {
        let signer = trusted.verify(&self.index, &self.signature)?.clone();
        let tape = &mut self.tape;
        let (mut first, mut delta) = (true, None);
        let contents = Contents::walk(&self.index, &mut |blob| {
            let mut header = tape.header(|| within(blob))?;
            // Here, and nowhere else, a file may say that it is no whole one.
            if std::mem::take(&mut first)
                && let Some((_, size)) = header.as_ref().filter(|(name, _)| name == NOTE)
            {
                delta = Some(tape.note(*size, &signer)?);
                header = tape.header(|| within(blob))?;
            }
            tape.metadata(header, blob)
        })?;
        conditions.check(&contents)?;
        let (carried, left_out) = match &delta {
            Some(delta) => delta.part(&contents)?,
            None => (contents.blobs.clone(), Vec::new()),
        };
        Ok(VerifiedBundle {
            tape: self.tape,
            index: self.index,
            signature: self.signature,
            signer,
            contents,
            delta,
            carried,
            left_out,
            next: 0,
            within: false,
            ended: false,
        })
    }
}

/// What a release must meet before it is used. The default asks for nothing.
#[derive(Debug, Clone, Default)]
pub struct Conditions {
    /// Architecture of the host (`amd64`).
    pub architecture: Option<String>,
    /// Name of the platform that is installed.
    pub name: Option<String>,
    /// The newest release of each platform that this host has had.
    pub seen: Seen,
}

impl Conditions {
    fn check(&self, contents: &Contents) -> Result<(), FileError> {
        let release = &contents.release;
        let same = |what, found: &str, expected: &Option<String>| match expected {
            Some(expected) if expected != found => {
                Err(FileError::Unfit { what, found: found.to_owned(), expected: expected.clone() })
            }
            _ => Ok(()),
        };
        same("architecture", &release.architecture, &self.architecture)?;
        same("name", &release.name, &self.name)?;
        in_sequence(contents, &self.seen)
    }
}

/// Refuses a release whose number goes back, or stands for another release.
///
/// # Errors
/// [`FileError::Older`], [`FileError::Equivocation`].
pub fn in_sequence(contents: &Contents, seen: &Seen) -> Result<(), FileError> {
    let found = contents.release.sequence;
    match seen.newest(&contents.release.name) {
        Some(known) if found < known.sequence => Err(FileError::Older { found, known: known.sequence }),
        Some(known) if found == known.sequence && contents.digest != known.release => {
            Err(FileError::Equivocation { sequence: found })
        }
        _ => Ok(()),
    }
}

/// A release file whose signature and manifests are verified; its other blobs follow one by one.
#[derive(Debug)]
pub struct VerifiedBundle<S> {
    tape: Tape<S>,
    index: Vec<u8>,
    signature: Signature,
    signer: PublicKey,
    contents: Contents,
    delta: Option<Delta>,
    carried: Vec<NamedBlob>,
    left_out: Vec<NamedBlob>,
    next: usize,
    within: bool,
    ended: bool,
}

impl<S: Source> VerifiedBundle<S> {
    /// What the release holds.
    #[must_use]
    pub fn contents(&self) -> &Contents {
        &self.contents
    }

    /// The key that signed the release.
    #[must_use]
    pub fn signer(&self) -> &PublicKey {
        &self.signer
    }

    /// The signed bytes of `index.json`.
    #[must_use]
    pub fn index(&self) -> &[u8] {
        &self.index
    }

    /// The signature of `index.json`.
    #[must_use]
    pub fn signature(&self) -> &Signature {
        &self.signature
    }

    /// What the file says about itself if it is no whole release.
    #[must_use]
    pub fn delta(&self) -> Option<&Delta> {
        self.delta.as_ref()
    }

    /// Blobs that follow in the file, in its order.
    #[must_use]
    pub fn carried(&self) -> &[NamedBlob] {
        &self.carried
    }

    /// Blobs that the release names and a delta leaves out; none for a whole file.
    #[must_use]
    pub fn left_out(&self) -> &[NamedBlob] {
        &self.left_out
    }

    /// Refuses a delta: for whoever needs the whole release.
    ///
    /// # Errors
    /// [`FileError::NotWhole`].
    pub fn whole(&self) -> Result<(), FileError> {
        match &self.delta {
            None => Ok(()),
            Some(delta) => {
                Err(FileError::NotWhole { release: self.contents.release.id(), bases: delta.releases().join(", ") })
            }
        }
    }

    /// The next blob after the manifests, or `None` at the verified end of the file.
    ///
    /// # Errors
    /// [`FileError`] for an entry that does not belong there, damage, or a blob before that was left half read.
    pub fn next_blob(&mut self) -> Result<Option<BlobReader<'_, S>>, FileError> {
        if self.within {
            return Err(FileError::HalfRead);
        }
        if self.ended {
            return Ok(None);
        }
        let Some(blob) = self.carried.get(self.next) else {
            return match self.tape.header(|| END.to_owned())? {
                None => {
                    self.tape.end()?;
                    self.ended = true;
                    Ok(None)
                }
                Some((name, _)) => Err(entry(&name, END.to_owned())),
            };
        };
        match self.tape.header(|| within(blob))? {
            Some((name, size)) if name == entry_name(&blob.digest) => {
                if blob.size != size {
                    return Err(FileError::Size { entry: within(blob), found: size, expected: blob.size });
                }
            }
            // Its place is taken by one that comes later, or by the end: it is not there.
            other if other.as_ref().is_none_or(|(name, _)| self.comes_later(name)) => {
                return Err(FileError::Missing { digest: blob.digest, named_by: blob.named_by.clone() });
            }
            other => return Err(entry(&other.unwrap_or_default().0, within(blob))),
        }
        self.next += 1;
        self.within = true;
        Ok(Some(BlobReader {
            tape: &mut self.tape,
            within: &mut self.within,
            blob,
            left: blob.size,
            hash: Sha256::new(),
        }))
    }

    /// Reads all blobs to the end and returns what the file holds; `progress` gets the bytes read of each piece.
    ///
    /// # Errors
    /// [`FileError`] for any damage, for a blob that is not in the file, and for a delta ([`FileError::NotWhole`]).
    pub fn verify_all(self, progress: &mut dyn FnMut(u64)) -> Result<Contents, FileError> {
        self.whole()?;
        self.verify_carried(progress)
    }

    /// As [`Self::verify_all`], for what the file carries: of a delta that is not the whole release.
    ///
    /// # Errors
    /// [`FileError`] for any damage.
    pub fn verify_carried(mut self, progress: &mut dyn FnMut(u64)) -> Result<Contents, FileError> {
        let mut buffer = vec![0; CHUNK];
        while let Some(mut blob) = self.next_blob()? {
            loop {
                let count = blob.chunk(&mut buffer)?;
                if count == 0 {
                    break;
                }
                progress(count as u64);
            }
            blob.finish()?;
        }
        Ok(self.contents)
    }

    /// Whether the entry `name` is that of a blob that must come, but not yet.
    fn comes_later(&self, name: &str) -> bool {
        let digest = name.strip_prefix(BLOBS).and_then(|hex| Digest::from_hex(hex).ok());
        let open = self.carried.get(self.next + 1..).unwrap_or_default();
        digest.is_some_and(|digest| open.iter().any(|blob| blob.digest == digest))
    }
}

/// One blob on its way through; must be finished or skipped before the next.
#[derive(Debug)]
pub struct BlobReader<'a, S> {
    tape: &'a mut Tape<S>,
    within: &'a mut bool,
    blob: &'a NamedBlob,
    left: u64,
    hash: Sha256,
}

impl<S: Source> BlobReader<'_, S> {
    /// Which blob it is.
    #[must_use]
    pub fn blob(&self) -> &NamedBlob {
        self.blob
    }

    /// Reads the next bytes of the blob into `buffer`; 0 at its end. They are verified only by [`Self::finish`].
    ///
    /// # Errors
    /// [`FileError::Read`] if the medium fails or the file ends.
    pub fn chunk(&mut self, buffer: &mut [u8]) -> Result<usize, FileError> {
        let wanted = usize::try_from(self.left).unwrap_or(usize::MAX).min(buffer.len());
        let count = self.tape.some(&mut buffer[..wanted], || within(self.blob))?;
        self.hash.update(&buffer[..count]);
        self.left -= count as u64;
        Ok(count)
    }

    /// Takes the beginning of the blob from `known` (at most `length` bytes) and passes over it on the medium, where it is
    /// possible to come back ([`Self::restart`]); `false` where it is not, and nothing happened. What was taken counts as
    /// little as what [`Self::chunk`] reads.
    ///
    /// # Errors
    /// [`FileError::Read`] if the medium fails.
    pub fn resume(&mut self, known: &mut dyn Read, length: u64) -> Result<bool, FileError> {
        if self.left != self.blob.size || length > self.left || !self.tape.source.back(0) {
            return Ok(false);
        }
        let taken = io::copy(&mut known.take(length), &mut self.hash);
        if taken.is_ok_and(|count| count == length) {
            self.tape.skip(length, || within(self.blob))?;
            self.left -= length;
            return Ok(true);
        }
        self.hash = Sha256::new();
        Ok(false)
    }

    /// Whether the whole blob has been read and is what its name says.
    #[must_use]
    pub fn matches(&self) -> bool {
        self.left == 0 && Digest::from_bytes(self.hash.clone().finalize().into()) == self.blob.digest
    }

    /// Goes back to the beginning of the blob.
    ///
    /// # Errors
    /// [`FileError::Read`] (`NotSeekable`) on a medium that only goes forward.
    pub fn restart(&mut self) -> Result<(), FileError> {
        let read = self.blob.size - self.left;
        if !self.tape.source.back(read) {
            return Err(self.tape.failed(io::ErrorKind::NotSeekable.into(), within(self.blob)));
        }
        self.tape.position -= read;
        self.left = self.blob.size;
        self.hash = Sha256::new();
        Ok(())
    }

    /// Reads what is left and checks the digest.
    ///
    /// # Errors
    /// [`FileError::Digest`] names the blob if its content is another.
    pub fn finish(mut self) -> Result<(), FileError> {
        let mut buffer = vec![0; if self.left == 0 { 0 } else { CHUNK }];
        while self.left > 0 {
            self.chunk(&mut buffer)?;
        }
        let found = Digest::from_bytes(self.hash.finalize().into());
        if found != self.blob.digest {
            return Err(FileError::Digest { expected: self.blob.digest, found, named_by: self.blob.named_by.clone() });
        }
        self.tape.padding(self.blob.size, || within(self.blob))?;
        *self.within = false;
        Ok(())
    }

    /// Passes over the blob without looking at it.
    ///
    /// # Errors
    /// [`FileError::Read`] if the file ends within it.
    pub fn skip(self) -> Result<(), FileError> {
        self.tape.skip(self.left, || within(self.blob))?;
        self.tape.padding(self.blob.size, || within(self.blob))?;
        *self.within = false;
        Ok(())
    }
}

const BLOBS: &str = "blobs/sha256/";
/// What must stand behind the last blob.
const END: &str = "the end of the archive";

/// Name of the entry of a blob.
pub(super) fn entry_name(digest: &Digest) -> String {
    format!("{BLOBS}{}", digest.hex())
}

fn within(blob: &NamedBlob) -> String {
    format!("blob {} ({})", blob.digest, blob.named_by)
}

fn entry(found: &str, expected: String) -> FileError {
    FileError::Entry { found: found.chars().take(100).collect(), expected }
}

fn claimed_key(index: &[u8]) -> Option<PublicKey> {
    let index = Index::read(index).ok()?;
    PublicKey::parse(index.annotations.get(PUBLISHER_KEY)?.as_bytes()).ok()
}

/// The archive as a sequence of entries.
#[derive(Debug)]
struct Tape<S> {
    source: S,
    position: u64,
}

impl<S: Source> Tape<S> {
    /// At least one byte unless the buffer is empty.
    fn some(&mut self, buffer: &mut [u8], within: impl Fn() -> String) -> Result<usize, FileError> {
        loop {
            match self.source.read(buffer) {
                Ok(0) if !buffer.is_empty() => return Err(self.failed(io::ErrorKind::UnexpectedEof.into(), within())),
                Ok(count) => {
                    self.position += count as u64;
                    return Ok(count);
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(self.failed(error, within())),
            }
        }
    }

    fn exact(&mut self, buffer: &mut [u8], within: impl Fn() -> String) -> Result<(), FileError> {
        let mut filled = 0;
        while filled < buffer.len() {
            filled += self.some(&mut buffer[filled..], &within)?;
        }
        Ok(())
    }

    fn skip(&mut self, count: u64, within: impl Fn() -> String) -> Result<(), FileError> {
        self.source.skip(count).map_err(|error| self.failed(error, within()))?;
        self.position += count;
        Ok(())
    }

    /// Name and size of the next entry, `None` for a block of zeros; `expected` is what must stand here.
    fn header(&mut self, expected: impl Fn() -> String) -> Result<Option<(String, u64)>, FileError> {
        let position = self.position;
        let mut block = [0; BLOCK];
        self.exact(&mut block, || format!("header where {} must stand", expected()))?;
        ustar::parse(&block).map_err(|problem| FileError::Header { position, expected: expected(), problem })
    }

    fn padding(&mut self, size: u64, within: impl Fn() -> String) -> Result<(), FileError> {
        let position = self.position;
        let mut block = [0; BLOCK];
        let fill = &mut block[..ustar::padding(size)];
        self.exact(fill, || format!("padding of {}", within()))?;
        if fill.iter().all(|&byte| byte == 0) {
            Ok(())
        } else {
            Err(FileError::Garbage { what: "padding that is not zero", within: within(), position })
        }
    }

    /// The entry that must stand here by its name, whole; `longest` is the largest size.
    fn named(&mut self, name: &'static str, longest: u64) -> Result<Vec<u8>, FileError> {
        match self.header(|| name.to_owned())? {
            Some((found, size)) if found == name => self.content(size, longest, || name.to_owned()),
            Some((found, _)) => Err(entry(&found, name.to_owned())),
            None => Err(entry("", name.to_owned())),
        }
    }

    /// The signature that must stand here by its name. The one line that no signature covers has one form, so that no byte
    /// of the file is free.
    fn signature(&mut self, name: &'static str) -> Result<Signature, FileError> {
        let signature = Signature::parse(&self.named(name, crate::trust::MAX_TEXT)?)?;
        if signature.untrusted_comment() != UNTRUSTED_COMMENT {
            return Err(TrustError::Signature("another untrusted comment than the format has").into());
        }
        Ok(signature)
    }

    /// The note of a delta behind its header of `size`, signed by the key that signed the release.
    fn note(&mut self, size: u64, signer: &PublicKey) -> Result<Delta, FileError> {
        let note = self.content(size, MAX_DELTA, || NOTE.to_owned())?;
        let signature = self.signature(NOTE_SIGNATURE)?;
        TrustedKeys::new(vec![signer.clone()])?.verify(&note, &signature)?;
        Delta::parse(&note)
    }

    /// The manifest or configuration that must stand behind `header`, verified.
    fn metadata(&mut self, header: Option<(String, u64)>, blob: &NamedBlob) -> Result<Vec<u8>, FileError> {
        let expected = entry_name(&blob.digest);
        let size = match header {
            Some((found, size)) if found == expected => size,
            Some((found, _)) => return Err(entry(&found, within(blob))),
            None => return Err(entry("", within(blob))),
        };
        if size != blob.size {
            return Err(FileError::Size { entry: within(blob), found: size, expected: blob.size });
        }
        let bytes = self.content(size, MAX_MANIFEST, || within(blob))?;
        let found = Digest::of(&bytes);
        if found != blob.digest {
            return Err(FileError::Digest { expected: blob.digest, found, named_by: blob.named_by.clone() });
        }
        Ok(bytes)
    }

    /// Content of at most `longest` bytes with its padding.
    fn content(&mut self, size: u64, longest: u64, within: impl Fn() -> String) -> Result<Vec<u8>, FileError> {
        limit(|| format!("size of {}", within()), size, longest)?;
        // As large as the limit at most, which fits.
        let mut bytes = vec![0; size as usize];
        self.exact(&mut bytes, &within)?;
        self.padding(size, within)?;
        Ok(bytes)
    }

    /// The second block of zeros, and nothing after it.
    fn end(&mut self) -> Result<(), FileError> {
        let position = self.position;
        let mut block = [0; BLOCK];
        self.exact(&mut block, || END.to_owned())?;
        if block.iter().any(|&byte| byte != 0) {
            return Err(FileError::Garbage { what: "a block that is not zero", within: END.to_owned(), position });
        }
        let mut more = [0; 1];
        loop {
            match self.source.read(&mut more) {
                Ok(0) => return Ok(()),
                Ok(_) => {
                    let within = END.to_owned();
                    return Err(FileError::Garbage { what: "more bytes", within, position: self.position });
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(self.failed(error, END.to_owned())),
            }
        }
    }

    fn failed(&self, source: io::Error, within: String) -> FileError {
        FileError::Read { position: self.position, within, source }
    }
}
