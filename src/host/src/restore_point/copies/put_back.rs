//! Files of volumes made again what the copy of a restore point holds, on the way back from a migration that took away.

use std::fs::File;
use std::io::{self, Read as _, Write as _};
use std::path::Path;
use std::time::Duration;

use bridle_core::digest::Digest;
use bridle_core::fault::{Fault, FaultCode};
use bridle_core::message::Message;
use bridle_core::port::{Attempt, Copies as _};
use bridle_core::release::DataSource;
use sha2::{Digest as _, Sha256};

use super::listing::{Line, LineKind};
use super::tree::{self, TreeError};
use super::{DataCopies, Record, beside, volume};
use crate::files::{self, FileError};

const PIECE: usize = 1024 * 1024;

/// The copy is not what was kept.
pub(super) fn damaged(point: &str, source: &str, path: &Path) -> Fault {
    let fault = Fault::new(FaultCode::CopyDamaged).with("point", point).with("source", source);
    fault.with("path", path.display().to_string())
}

impl DataCopies {
    /// See [`bridle_core::port::Copies::put_back_files`].
    pub(super) fn put_back(&self, point: &str, source: &DataSource, attempt: &mut Attempt<'_>) -> Result<(), Fault> {
        if self.is_back(point, &source.name)? {
            return Ok(());
        }
        attempt.progress.waiting(Message::new("wait-volume-back").with("source", source.name.as_str()));
        let path = self.path(point, &source.name)?;
        let Some(Record::Files(record)) = Record::read(&path)? else {
            return Err(damaged(point, &source.name, &beside(&path, "json")));
        };
        // All of it is proven before anything is touched.
        if let Some(place) = Self::damaged(&path, &record)? {
            return Err(damaged(point, &source.name, &place));
        }
        let lines = Self::list(&path, &record)?.ok_or_else(|| damaged(point, &source.name, &path))?;
        let end = self.clock.monotonic().saturating_add(attempt.limit);
        for claim in &record.claims {
            let folder = self.claim(&source.namespace, claim)?;
            self.make_same(&folder, &path.join(claim), claim, &lines, attempt, end).map_err(|fault| match fault {
                Failed::Torn => damaged(point, &source.name, &path.join(claim)),
                Failed::Disk(error) => FileError::new("write", &folder)(error).into(),
                Failed::Tree(error) => {
                    let fault = Fault::new(FaultCode::WriteFailed).with("path", folder.display().to_string());
                    fault.because(&error)
                }
                Failed::Late => Fault::new(FaultCode::DeadlinePassed).with("what", source.name.as_str()),
            })?;
            files::sync_file_systems(std::slice::from_ref(&folder))?;
        }
        // From here on users may write again: it is never done twice.
        self.say_back(point, &source.name)
    }

    fn make_same(
        &self,
        folder: &Path,
        copy: &Path,
        claim: &str,
        lines: &[Line],
        attempt: &mut Attempt<'_>,
        end: Duration,
    ) -> Result<(), Failed> {
        tree::clear(folder).map_err(Failed::Tree)?;
        let own: Vec<(std::path::PathBuf, &Line)> = lines
            .iter()
            .filter_map(|line| Some((line.place().strip_prefix(claim).ok()?.to_owned(), line)))
            .filter(|(path, _)| !path.as_os_str().is_empty())
            .collect();
        for (path, line) in &own {
            if (attempt.stop)() || self.clock.monotonic() >= end {
                return Err(Failed::Late);
            }
            match (line.kind, line.content) {
                (LineKind::File, Some(content)) => write(folder, copy, path, content)?,
                (LineKind::Link, _) => tree::make_link(folder, path, &line.says())?,
                (LineKind::Folder, _) => tree::make_folder(folder, path)?,
                (LineKind::File, None) => return Err(Failed::Torn),
            }
        }
        // Deepest first: what is made in a folder changes its time.
        for (path, line) in own.iter().rev() {
            let mode = (line.kind != LineKind::Link).then_some(line.mode);
            tree::dress(folder, path, (line.uid, line.gid), mode, line.modified)?;
        }
        Ok(())
    }
}

/// Why files cannot be put back.
enum Failed {
    /// The copy changed under the reading.
    Torn,
    Disk(io::Error),
    Tree(TreeError),
    Late,
}

impl From<io::Error> for Failed {
    fn from(error: io::Error) -> Self {
        Self::Disk(error)
    }
}

fn write(folder: &Path, copy: &Path, path: &Path, content: (u64, Digest)) -> Result<(), Failed> {
    let mut from = File::open(copy.join(path))?;
    let mut to = tree::create(folder, path)?;
    let written = if rustix::fs::ioctl_ficlone(&to, &from).is_ok() {
        match volume::digest(&mut to, &mut |_| Ok::<(), std::convert::Infallible>(()))? {
            Ok(written) => written,
            Err(never) => match never {},
        }
    } else {
        let (mut hash, mut piece, mut size) = (Sha256::new(), vec![0; PIECE], 0_u64);
        loop {
            let count = from.read(&mut piece)?;
            if count == 0 {
                break;
            }
            hash.update(&piece[..count]);
            to.write_all(&piece[..count])?;
            size += count as u64;
        }
        (size, Digest::from_bytes(hash.finalize().into()))
    };
    if written == content { Ok(()) } else { Err(Failed::Torn) }
}
