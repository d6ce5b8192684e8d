//! Checking a repository: its structure, its data if asked, its owner and its keys.

use std::time::Duration;

use bridle_core::backup::repository::settings::{CheckEntry, Entry};
use bridle_core::backup::repository::view::{CheckOrder, CheckView, RepositoryView};
use bridle_core::backup::worker::{Checked, Outcome, OwnerSeen, Work};
use bridle_core::fault::Fault;
use bridle_core::message::Message;

use super::{Repositories, unexpected};

/// Longest that a check of the structure may take.
const STRUCTURE: Duration = Duration::from_secs(6 * 3600);
/// Longest that reading everything may take: 10 TB at 40 MB/s.
const DATA: Duration = Duration::from_secs(72 * 3600);

impl Repositories {
    /// Checks a repository; ends early where `stop` says so.
    ///
    /// # Errors
    /// A [`Fault`] if it cannot be carried out. What it finds is no error.
    pub(crate) fn check(
        &self,
        name: &str,
        order: CheckOrder,
        stop: &dyn Fn() -> bool,
        progress: &mut dyn FnMut(u64, u64),
    ) -> Result<CheckView, Fault> {
        let (_job, mut settings, mut entry) = self.begin_ready(name)?;
        let (store, secrets) = self.store(&entry)?;
        let work = Work::Check { key: secrets.key, data: order.data };
        let limit = if order.data { DATA } else { STRUCTURE };
        let Outcome::Checked(checked) = self.work_within(&store, work, limit, stop, progress)? else {
            return Err(unexpected(&store));
        };
        entry.checked = Some(CheckEntry { time: self.clock.now(), damages: checked.count, data: order.data });
        settings.put(entry.clone());
        self.files.save(&settings)?;
        let findings = findings(&entry, &checked, &self.owner(&settings).installation);
        let Checked { snapshots, count, damages, remarks, .. } = checked;
        Ok(CheckView { repository: RepositoryView::of(&entry), snapshots, count, damages, remarks, findings })
    }
}

/// What about owner and keys is not as it should be.
fn findings(entry: &Entry, checked: &Checked, installation: &bridle_core::backup::id::InstallationId) -> Vec<Message> {
    let name = entry.name.as_str();
    let mut found = Vec::new();
    if let Some(code) = &entry.code {
        if !checked.wrapped.contains(&code.wrapped) {
            found.push(Message::new("repository-finding-key-gone").with("name", name));
        }
        let more = checked.wrapped.iter().filter(|id| **id != code.wrapped).count();
        if more > 0 {
            found.push(Message::new("repository-finding-key-more").with("count", more));
        }
    }
    match &checked.owner {
        OwnerSeen::Lease(lease) if lease.owner.installation == *installation => {}
        OwnerSeen::Lease(lease) => {
            found.push(Message::new("repository-finding-owner-other").with("site", lease.owner.site.as_str()));
        }
        OwnerSeen::Nobody | OwnerSeen::SetsOf(_) => found.push(Message::new("repository-finding-owner-none")),
        OwnerSeen::Damaged => found.push(Message::new("repository-finding-owner-damaged")),
    }
    found
}
