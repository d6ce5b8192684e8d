//! The disk's side of an ingest: syncs files and gives them their names, in the order of the jobs, beside the copying.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::Receiver;

use bridle_core::port::fs::{FileSystem, WriteFile};

use super::error::StoreError;
use super::place::{self, failed};

/// Work for the disk.
pub(super) enum Job {
    /// Make the disk write what it has, so that the last sync does not wait for all.
    Flush(Arc<dyn WriteFile>, PathBuf),
    /// Sync the file and give it its name.
    Place { file: Arc<dyn WriteFile>, part: PathBuf, to: PathBuf },
}

/// Does all jobs; ends with the first that fails.
pub(super) fn settle(fs: &dyn FileSystem, jobs: &Receiver<Job>) -> Result<(), StoreError> {
    for job in jobs {
        match job {
            Job::Flush(file, path) => sync(fs, &*file, &path)?,
            Job::Place { file, part, to } => {
                sync(fs, &*file, &part)?;
                place::rename(fs, &part, &to)?;
            }
        }
    }
    Ok(())
}

/// After a failed sync the file still reads as if it were whole, and another sync says that it is: nobody may go on with it.
fn sync(fs: &dyn FileSystem, file: &dyn WriteFile, path: &Path) -> Result<(), StoreError> {
    let synced = file.sync().map_err(failed("sync", path));
    if synced.is_err() {
        let _the_sync_says_more = place::remove(fs, path);
    }
    synced
}
