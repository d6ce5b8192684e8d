//! Saving folders and streams: all of it, or nothing.

use std::io::Write;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError};
use std::thread;

use bridle_core::fault::{Fault, FaultCode};
use bridle_core::port::Proof;
use rustic_core::repofile::SnapshotFile;
use rustic_core::{BackupOptions, ReadSource, ReadSourceOpen, RusticResult, SnapshotOptions};

use super::backend::Backend;
use super::error::RepositoryError;
use super::source::{Report, Tree, TreeSource, channel};
use super::watch::Watch;
use super::{Repository, SnapshotName, engine};

/// A folder is read at most so often, while files in it change.
const ROUNDS: u32 = 3;
/// Files of at least this size are cut by their content, so that what moved inside them is found again; smaller ones, at
/// fixed places. Decision 0030 says why and what it costs.
const CUT_BY_CONTENT: u64 = 8 << 20;

/// What a snapshot says of itself.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Outline {
    /// Its host: the name of the installation.
    pub host: String,
    /// Words to find it by, such as the set it belongs to; no commas.
    pub tags: Vec<String>,
    /// The snapshot of the same source before this one: what did not change since is not read again.
    pub parent: Option<SnapshotName>,
}

/// A snapshot that was saved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Archived {
    /// Its name.
    pub snapshot: SnapshotName,
    /// Files, links and the like in it.
    pub files: u64,
    /// Bytes in it.
    pub bytes: u64,
    /// Bytes that it added to the repository, compressed and with what describes them.
    pub added: u64,
    /// How often the source was read.
    pub rounds: u32,
}

impl Repository {
    /// Saves a folder.
    ///
    /// # Errors
    /// [`RepositoryError::Unreadable`] if anything of it cannot be read, [`RepositoryError::Changing`] if something changed
    /// each time it was read, and those of the store. No snapshot is there then.
    pub fn archive_tree(
        &self,
        tree: &Tree,
        outline: &Outline,
        watch: &Arc<dyn Watch>,
    ) -> Result<Archived, RepositoryError> {
        let backend = Arc::new(Backend::archiving(Arc::clone(&self.store)).watched(Arc::clone(watch)));
        let mut parents: Vec<String> = outline.parent.iter().map(ToString::to_string).collect();
        for round in 1..=ROUNDS {
            let report = Arc::new(Report::default());
            let survey = TreeSource::survey(tree, CUT_BY_CONTENT);
            if survey.large > 0 {
                let source = TreeSource::new(tree, Some(CUT_BY_CONTENT), &report);
                let large = self.run(&backend, false, &source, outline, &parents, &tree.as_path)?;
                parents.insert(0, large.id.to_hex().to_string());
            }
            let source = TreeSource::new(tree, None, &report).expect(survey.bytes);
            let made = self.run(&backend, true, &source, outline, &parents, &tree.as_path)?;
            backend.unfailed()?;
            let (count, missed) = report.all_unreadable();
            if count > 0 {
                return Err(RepositoryError::Unreadable { of: tree.name.clone(), count, missed });
            }
            let (count, missed) = report.all_changing();
            if count == 0 {
                backend.commit(&made.id)?;
                return Ok(archived(&made, round));
            }
            if round == ROUNDS {
                return Err(RepositoryError::Changing { of: tree.name.clone(), count, missed });
            }
            // What did not change meanwhile is not read once more.
            parents.insert(0, made.id.to_hex().to_string());
        }
        unreachable!("the last round returns")
    }

    /// Saves what `produce` writes, as the file `path` of a snapshot, and reads it back: only then is its size known, which
    /// restic needs to restore it (decision 0031). A stream cannot be had again, so it is proven at once.
    ///
    /// # Errors
    /// [`RepositoryError::Broken`] with the fault of `produce`, or if what came is not what its proof says; and those of the
    /// store. No snapshot is there then.
    pub fn archive_stream(
        &self,
        name: &str,
        path: &Path,
        outline: &Outline,
        watch: &Arc<dyn Watch>,
        produce: impl FnOnce(&mut dyn Write) -> Result<Proof, Fault> + Send,
    ) -> Result<(Archived, Proof), RepositoryError> {
        let backend = Arc::new(Backend::archiving(Arc::clone(&self.store)).watched(Arc::clone(watch)));
        let (first, proof) = self.run_stream(&backend, (name, path, 0), outline, produce)?;
        let staged = SnapshotName(first.id.to_hex().to_string());
        let (made, _) = self.run_stream(&backend, (name, path, proof.bytes), outline, |to| {
            self.dump_over(&backend, &staged, path, to)?;
            Ok(proof)
        })?;
        backend.commit(&made.id)?;
        let mut saved = archived(&made, 1);
        saved.added += archived(&first, 1).added;
        Ok((saved, proof))
    }

    /// One run of the engine over a stream (what people call it, where it will be, its size if that is known).
    fn run_stream(
        &self,
        backend: &Arc<Backend>,
        (name, path, size): (&str, &Path, u64),
        outline: &Outline,
        produce: impl FnOnce(&mut dyn Write) -> Result<Proof, Fault> + Send,
    ) -> Result<(SnapshotFile, Proof), RepositoryError> {
        let (mut sender, stream, ended) = channel(name, path.to_owned(), size);
        let made = thread::scope(|scope| {
            scope.spawn(move || {
                // A maker that panics leaves no end, which the reader finds.
                if let Ok(end) = catch_unwind(AssertUnwindSafe(|| produce(&mut sender))) {
                    sender.end(end);
                }
            });
            let made = self.run(backend, false, &stream, outline, &[], path);
            drop(stream); // nobody reads any more: the maker's next write fails
            made
        });
        let end = ended.lock().unwrap_or_else(PoisonError::into_inner).take();
        match end {
            Some(Ok(proof)) => {
                let made = made?;
                backend.unfailed()?;
                Ok((made, proof))
            }
            Some(Err(fault)) => Err(RepositoryError::Broken { of: name.to_owned(), fault }),
            None => {
                made?;
                let fault =
                    Fault::new(FaultCode::StreamBroken).with("source", name).output("it was not read to its end");
                Err(RepositoryError::Broken { of: name.to_owned(), fault: Box::new(fault) })
            }
        }
    }

    /// One run of the engine; its snapshot is kept back by `backend`.
    fn run<R>(
        &self,
        backend: &Arc<Backend>,
        fixed_chunks: bool,
        source: &R,
        outline: &Outline,
        parents: &[String],
        path: &Path,
    ) -> Result<SnapshotFile, RepositoryError>
    where
        R: ReadSource + 'static,
        R::Open: Send,
        R::Iter: Send,
        <R::Open as ReadSourceOpen>::Reader: Send,
    {
        engine("save to", backend, || {
            let opened = if fixed_chunks { self.session_of_fixed_chunks(backend)? } else { self.session(backend)? };
            let mut options = BackupOptions::default();
            options.parent_opts.parents = parents.to_vec();
            options.parent_opts.force = parents.is_empty();
            opened.to_indexed_ids()?.archive(&options, source, described(outline)?, &[PathBuf::from(path)])
        })
    }
}

fn described(outline: &Outline) -> RusticResult<SnapshotFile> {
    let mut options = SnapshotOptions::default().host(outline.host.clone()).command("bridle".to_owned());
    for tag in &outline.tags {
        options = options.add_tags(tag)?;
    }
    options.to_snapshot()
}

fn archived(snapshot: &SnapshotFile, rounds: u32) -> Archived {
    let summary = snapshot.summary.clone().unwrap_or_default();
    Archived {
        snapshot: SnapshotName(snapshot.id.to_hex().to_string()),
        files: summary.total_files_processed,
        bytes: summary.total_bytes_processed,
        added: summary.data_added_packed,
        rounds,
    }
}
