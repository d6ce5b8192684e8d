//! What servers that are being brought back ask for: files of the log of the life before, as far as the recovery goes.

use std::collections::BTreeSet;
use std::path::Path;
use std::time::Duration;

use bridle_core::backup::recovery::{LogOrder, RecoveryOrder, Wanted};
use bridle_core::backup::wal::name::WalFile;
use bridle_core::backup::wal::spool::Answer;
use bridle_core::fault::{Fault, FaultCode};
use bridle_core::port::Proof;
use bridle_core::release::DataSource;
use bridle_host::files;
use bridle_host::spool::Spool;

use super::Archiver;

/// Between two looks while a server asks for one file after the other.
const PAUSE: Duration = Duration::from_millis(20);
/// So long nobody asks before the other spools are looked at again.
const QUIET: Duration = Duration::from_millis(600);
/// Files that are answered before the other spools are looked at again.
const MOST: usize = 200;

impl Archiver {
    /// Those to serve: of the release in use, and of a recovery, whose release is not in use yet.
    pub(super) fn with_recovery(&self, sources: &[DataSource]) -> (Vec<DataSource>, Option<RecoveryOrder>) {
        let order = self.repositories.recovery().unwrap_or_else(|fault| {
            tracing::warn!(code = fault.code.code(), causes = ?fault.causes, "order of the recovery");
            None
        });
        let mut all = sources.to_vec();
        let known: BTreeSet<String> = all.iter().map(|source| source.name.clone()).collect();
        let ordered = order.iter().flat_map(|order| &order.sources).map(|ordered| ordered.source.clone());
        all.extend(ordered.filter(|source| source.log.is_some() && !known.contains(&source.name)));
        (all, order)
    }

    /// Answers what a server asks for, until it asks for nothing for a moment.
    pub(super) fn answer_wanted(
        &self,
        source: &DataSource,
        spool: &Spool,
        order: Option<&RecoveryOrder>,
    ) -> Result<(), Fault> {
        let log = order.and_then(|order| Some((order, order.source(&source.name)?.log.as_ref()?)));
        let (mut answered, mut last) = (0, None);
        while answered < MOST && !self.is_closing() {
            let wanted = spool.wanted()?;
            let now = self.clock.monotonic();
            if wanted.is_empty() {
                if last.is_none_or(|last| now.saturating_sub(last) >= QUIET) {
                    return Ok(());
                }
                self.clock.sleep(PAUSE);
                continue;
            }
            for (file, mark) in wanted {
                self.answer_one(source, spool, (file, mark), log)?;
                answered += 1;
            }
            last = Some(now);
        }
        Ok(())
    }

    fn answer_one(
        &self,
        source: &DataSource,
        spool: &Spool,
        (file, mark): (WalFile, String),
        log: Option<(&RecoveryOrder, &LogOrder)>,
    ) -> Result<(), Fault> {
        // A server that is not brought back has its whole log itself.
        let Some((order, Wanted::Fetch(object))) = log.map(|(order, log)| (order, log.wanted(file))) else {
            return spool.answer(file, &Answer::Absent { mark }, None);
        };
        let folder = self.layout.logs_dir();
        files::make_dirs(&folder, 0o700)?;
        let path = folder.join(format!("{}-{file}.fetched", source.name));
        let answer = match self.repositories.fetch_log(order, object, &path, &|| self.is_closing()) {
            Ok(Some(Proof { bytes: size, digest })) => {
                let answer = Answer::Here { mark, digest, size };
                spool.answer(file, &answer, Some(Path::new(&path)))?;
                return Ok(files::remove_if_there(&path)?);
            }
            // It was there when the recovery was planned: a server that took this for the end would leave out what comes behind.
            Ok(None) => Answer::Stop { mark },
            Err(fault) if fault.code == FaultCode::RepositoryObjectDamaged => Answer::Stop { mark },
            // It asks again.
            Err(fault) => return Err(fault),
        };
        tracing::error!(source = %source.name, %file, "the log that is needed is gone or damaged");
        spool.answer(file, &answer, None)
    }
}
