//! One log and one repository: which file it has, and how long it has failed.

use std::time::Duration;

use bridle_core::backup::repository::RepositoryName;
use bridle_core::backup::wal::lanes::{self, pause};
use bridle_core::backup::wal::name::WalFile;
use bridle_core::backup::wal::view::LaneView;
use bridle_core::fault::Fault;
use bridle_core::port::Timestamp;

/// What is known of it.
#[derive(Default)]
pub(super) struct Lane {
    /// The last file that it took.
    has: Option<WalFile>,
    failing: Option<Failing>,
}

struct Failing {
    /// By the monotonic clock.
    since: Duration,
    first: Timestamp,
    /// When it is tried again.
    until: Duration,
    failures: u32,
    fault: Fault,
}

impl Lane {
    /// Whether it is to be asked now to take a file.
    pub(super) fn wants(&self, file: WalFile, now: Duration) -> bool {
        self.has != Some(file) && self.failing.as_ref().is_none_or(|failing| now >= failing.until)
    }

    /// Notes what came of it.
    pub(super) fn came_of(&mut self, file: WalFile, shipped: Result<(), Fault>, (now, time): (Duration, Timestamp)) {
        match shipped {
            Ok(()) => {
                self.has = Some(file);
                self.failing = None;
            }
            Err(fault) => {
                let before = self.failing.take();
                let failures = before.as_ref().map_or(0, |before| before.failures).saturating_add(1);
                let (since, first) = before.map_or((now, time), |before| (before.since, before.first));
                if failures == 1 {
                    tracing::warn!(%file, code = fault.code.code(), causes = ?fault.causes, "log not in a repository; it is tried again");
                }
                self.failing = Some(Failing { since, first, until: now + pause(failures), failures, fault });
            }
        }
    }

    /// How it stands with a file.
    pub(super) fn state(&self, file: WalFile) -> lanes::Lane {
        match &self.failing {
            _ if self.has == Some(file) => lanes::Lane::Has,
            Some(failing) => lanes::Lane::Failing { since: failing.since },
            None => lanes::Lane::Trying,
        }
    }

    pub(super) fn view(&self, name: &RepositoryName) -> LaneView {
        let failing = self.failing.as_ref();
        LaneView {
            repository: name.clone(),
            failing: failing.map(|failing| failing.first),
            fault: failing.map(|failing| failing.fault.clone()),
        }
    }
}
