//! The release's own program as a worker for repositories: held in memory, so that a look leaves nothing on the host.

use std::fs::File;
use std::io::Write as _;
use std::os::fd::AsRawFd as _;
use std::time::Duration;

use bridle_core::backup::worker::{Outcome, PROTOCOL, Request, Store, Work, memory_of};
use bridle_core::fault::{Fault, FaultCode};
use bridle_core::port::BackupWorker as _;
use bridle_host::facts;
use bridle_host::worker::BackupProcess;
use rustix::fs::{MemfdFlags, memfd_create};

use crate::fault::of_file;
use crate::install::Surroundings;
use crate::opening::Opened;

const NAME: &str = "bridle";
/// Longest that one work may take that moves no data.
const LIMIT: Duration = Duration::from_secs(900);

/// The program.
pub(super) struct Program {
    file: File,
}

impl Program {
    /// Takes it out of the release.
    pub(super) fn take(opened: Opened, around: &Surroundings<'_>) -> Result<Self, Fault> {
        let failed = |error| of_file(&error, &around.file);
        let absent = || Fault::new(FaultCode::ReleaseDamaged).output("check release: it holds no program \"bridle\"");
        let wanted = opened.release().program(NAME).map(|program| program.digest).ok_or_else(absent)?;
        let unwritten = |error: std::io::Error| Fault::new(FaultCode::WriteFailed).with("path", NAME).because(&error);
        let memory = memfd_create(NAME, MemfdFlags::CLOEXEC).map_err(|error| unwritten(error.into()))?;
        let mut file = File::from(memory);
        let mut bundle = opened.bundle;
        let mut piece = vec![0; 1 << 20];
        while let Some(mut blob) = bundle.next_blob().map_err(failed)? {
            if blob.blob().digest != wanted {
                blob.skip().map_err(failed)?;
                continue;
            }
            loop {
                let count = blob.chunk(&mut piece).map_err(failed)?;
                if count == 0 {
                    break;
                }
                file.write_all(&piece[..count]).map_err(unwritten)?;
            }
            blob.finish().map_err(failed)?;
            return Ok(Self { file });
        }
        Err(absent())
    }

    /// Has it do something with a store.
    pub(super) fn work(&self, store: &Store, work: Work) -> Result<Outcome, Fault> {
        let request = Request { protocol: PROTOCOL, memory: memory_of(facts::memory()), store: store.clone(), work };
        // The child still has the file when it becomes the program.
        let path = format!("/proc/self/fd/{}", self.file.as_raw_fd());
        BackupProcess::of(path).run(&request, LIMIT, &|| false, &mut |_, _| {})
    }
}
