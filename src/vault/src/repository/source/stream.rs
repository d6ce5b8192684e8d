//! A stream that somebody pushes, as a file that the engine pulls; without the proof of its end it never ends well.

use std::io::{self, Read, Write};
use std::path::PathBuf;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};

use bridle_core::digest::Digest;
use bridle_core::fault::{Fault, FaultCode};
use bridle_core::port::Proof;
use rustic_core::repofile::{Metadata, Node, NodeType};
use rustic_core::{ReadSource, ReadSourceEntry, RusticResult};
use sha2::{Digest as _, Sha256};

/// How many pieces wait at most; with [`PIECE`] the memory that a stream takes.
const PIECES: usize = 8;
const PIECE: usize = 1 << 20;

enum Piece {
    Bytes(Vec<u8>),
    End(Result<Proof, Box<Fault>>),
}

/// Where the maker of a stream writes; bytes are passed on in large pieces.
pub(in super::super) struct Sender {
    to: SyncSender<Piece>,
    waiting: Vec<u8>,
}

/// The stream for the engine.
pub(in super::super) struct Stream {
    path: PathBuf,
    size: u64,
    reader: Mutex<Option<Pulled>>,
}

/// Reads what was sent.
pub(in super::super) struct Pulled {
    of: String,
    from: Receiver<Piece>,
    piece: io::Cursor<Vec<u8>>,
    bytes: u64,
    hash: Sha256,
    ended: Ending,
}

/// How a stream ended, for whoever asks behind the engine's back.
pub(in super::super) type Ending = Arc<Mutex<Option<Result<Proof, Box<Fault>>>>>;

/// A stream that will be at `path` in the snapshot, as a file of `size` bytes; `of` is what people call it.
pub(in super::super) fn channel(of: &str, path: PathBuf, size: u64) -> (Sender, Stream, Ending) {
    let (to, from) = sync_channel(PIECES);
    let ended = Ending::default();
    let pulled = Pulled {
        of: of.to_owned(),
        from,
        piece: io::Cursor::default(),
        bytes: 0,
        hash: Sha256::new(),
        ended: Arc::clone(&ended),
    };
    (Sender { to, waiting: Vec::new() }, Stream { path, size, reader: Mutex::new(Some(pulled)) }, ended)
}

impl Sender {
    /// Ends the stream with what its maker says of it.
    pub(in super::super) fn end(mut self, end: Result<Proof, Fault>) {
        let end = match self.flush() {
            Ok(()) => end.map_err(Box::new),
            Err(_nobody_reads) => return,
        };
        let _nobody_reads = self.to.send(Piece::End(end));
    }

    fn pass(&mut self) -> io::Result<()> {
        let piece = std::mem::take(&mut self.waiting);
        self.to.send(Piece::Bytes(piece)).map_err(|_| io::ErrorKind::BrokenPipe.into())
    }
}

impl Write for Sender {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let count = bytes.len().min(PIECE - self.waiting.len());
        self.waiting.extend_from_slice(&bytes[..count]);
        if self.waiting.len() == PIECE {
            self.pass()?;
        }
        Ok(count)
    }

    fn flush(&mut self) -> io::Result<()> {
        if self.waiting.is_empty() { Ok(()) } else { self.pass() }
    }
}

impl Pulled {
    fn note(&self, end: Result<Proof, Box<Fault>>) -> io::Result<usize> {
        let good = end.is_ok();
        self.ended.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(end);
        if good { Ok(0) } else { Err(io::Error::other("the stream is broken")) }
    }

    fn broken(&self, why: &str) -> Box<Fault> {
        Box::new(Fault::new(FaultCode::StreamBroken).with("source", self.of.as_str()).output(why))
    }
}

impl Read for Pulled {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            let count = self.piece.read(buffer)?;
            if count > 0 || buffer.is_empty() {
                self.hash.update(&buffer[..count]);
                self.bytes += count as u64;
                return Ok(count);
            }
            match self.from.recv() {
                Ok(Piece::Bytes(bytes)) => self.piece = io::Cursor::new(bytes),
                Ok(Piece::End(Ok(proof))) => {
                    let came =
                        Proof { bytes: self.bytes, digest: Digest::from_bytes(self.hash.clone().finalize().into()) };
                    return self.note(if came == proof {
                        Ok(proof)
                    } else {
                        Err(self.broken(&format!("{} bytes came of {}, or others", came.bytes, proof.bytes)))
                    });
                }
                Ok(Piece::End(Err(fault))) => return self.note(Err(fault)),
                // Whoever asks again behind the end gets the end again.
                Err(_gone) if matches!(*self.ended.lock().unwrap_or_else(PoisonError::into_inner), Some(Ok(_))) => {
                    return Ok(0);
                }
                Err(_gone) => return self.note(Err(self.broken("its maker went away"))),
            }
        }
    }
}

impl ReadSource for Stream {
    type Open = Pulled;
    type Iter = std::vec::IntoIter<RusticResult<ReadSourceEntry<Pulled>>>;

    fn size(&self) -> RusticResult<Option<u64>> {
        Ok(None)
    }

    fn entries(&self) -> Self::Iter {
        let open = self.reader.lock().unwrap_or_else(PoisonError::into_inner).take();
        let meta = Metadata { mode: Some(0o600), size: self.size, ..Metadata::default() };
        let node = Node::new_node(self.path.file_name().unwrap_or_default(), NodeType::File, meta);
        vec![Ok(ReadSourceEntry { path: self.path.clone(), node, open })].into_iter()
    }
}
