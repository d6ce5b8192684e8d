//! A new life of an installation: its identity, its place in the repository, and what it takes from the life before.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use bridle_core::backup::id::{Incarnation, Ulid};
use bridle_core::backup::lease::{self, Asker};
use bridle_core::backup::recovery::RecoveryOrder;
use bridle_core::backup::repository::RepositoryName;
use bridle_core::backup::repository::credentials::RepositorySecrets;
use bridle_core::backup::repository::settings::{CodeEntry, Entry, Identity, Settings};
use bridle_core::backup::set::SetManifest;
use bridle_core::backup::worker::{Outcome, Replacement, Work};
use bridle_core::fault::{Fault, FaultCode};
use bridle_core::plan::backup::{HISTORY, SECRETS, TRUST};
use bridle_core::port::Clock;
use bridle_host::files;
use bridle_host::layout::Layout;
use bridle_host::recovery::Recovery;
use bridle_host::repositories::{RepositoryFiles, random};

use super::repository::Opening;

/// What the repository is called afterwards.
const NAME: &str = "recovered";
/// Name of the file of an uninstallation that keeps data; the next installation takes the secrets over from it.
const KEPT: &str = "secrets.json";

/// A life that begins.
pub(super) struct Life {
    settings: Settings,
    lease: Replacement,
    name: RepositoryName,
}

impl Life {
    /// Decides who this host will be, and whether it may write to the repository. Nothing is written yet.
    ///
    /// # Errors
    /// `RepositoryOwned` if another life of the installation, or another one, may still be there.
    pub(super) fn begin(
        layout: &Layout,
        repository: &Opening,
        set: &SetManifest,
        told: Option<&str>,
        clock: &dyn Clock,
    ) -> Result<Self, Fault> {
        let now = clock.now();
        let name: RepositoryName = NAME.parse().map_err(|_| Fault::new(FaultCode::Internal))?;
        // An earlier try of this very recovery.
        let before = RepositoryFiles::on_disk(layout).load()?.filter(|settings| {
            let same = |entry: &Entry| entry.name == name && entry.place.is_same(repository.place());
            settings.identity.installation == set.installation.id && settings.repositories.iter().any(same)
        });
        let settings = match before {
            Some(settings) => settings,
            None => Settings::new(Identity {
                installation: set.installation.id,
                incarnation: Incarnation(Ulid::new(now, random()?)),
                session: Ulid::new(now, random()?),
            }),
        };
        let host = rustix::system::uname().nodename().to_string_lossy().into_owned();
        let owner = settings.identity.owner(&set.installation.site, &host);
        let shown = repository.place().shown();
        let written = settings.token(repository.place());
        let asker = Asker { owner: &owner, written, now, told };
        let Replacement { before, lease } = repository.sight.owner.replacement(&asker, &shown)?;
        let lease = Replacement { before, lease: lease::mark(&lease, now) };
        Ok(Self { settings, lease, name })
    }

    pub(super) fn name(&self) -> RepositoryName {
        self.name.clone()
    }

    pub(super) const fn incarnation(&self) -> Incarnation {
        self.settings.identity.incarnation
    }

    /// Puts in place what the agent needs, and becomes the owner of the repository. May be repeated.
    ///
    /// # Errors
    /// The worker's fault, or that of a file.
    pub(super) fn put(
        &self,
        layout: &Layout,
        repository: &Opening,
        set: &SetManifest,
        order: &RecoveryOrder,
        clock: &dyn Clock,
    ) -> Result<(), Fault> {
        repository.bring(set, (TRUST, ""), &layout.etc_dir())?;
        files::make_dirs(&layout.config_dir(), 0o700)?;
        repository.bring(set, (HISTORY, ""), &layout.config_dir())?;
        let kept = layout.kept_dir().join(KEPT);
        files::make_dirs(&layout.kept_dir(), 0o700)?;
        if repository.bring(set, (SECRETS, ""), &kept)?.is_some() {
            let closed = fs::Permissions::from_mode(0o600);
            fs::set_permissions(&kept, closed).map_err(files::FileError::new("write", &kept))?;
        }
        files::sync_file_systems(&[layout.etc_dir(), layout.data_dir()])?;
        self.know(layout, repository, clock)?;
        let work = Work::Own { key: repository.key.clone(), lease: self.lease.clone() };
        let Outcome::Owned = repository.work(work)? else { return Err(repository.unexpected()) };
        Recovery::on_disk(layout).begin(order)
    }

    /// Key, access key and the token of the lease are on disk before the lease is written.
    fn know(&self, layout: &Layout, repository: &Opening, clock: &dyn Clock) -> Result<(), Fault> {
        let now = clock.now();
        let mut settings = self.settings.clone();
        let secret = settings.next_secret();
        settings.put(Entry {
            name: self.name.clone(),
            place: repository.place().clone(),
            added: now,
            secret,
            token: self.lease.lease.token,
            mark: repository.store.mark.clone(),
            capabilities: repository.store.capabilities,
            code: Some(CodeEntry::rehearsed(&repository.by, now)),
            checked: None,
        });
        let files = RepositoryFiles::on_disk(layout);
        let secrets =
            RepositorySecrets { key: repository.key.clone(), credentials: repository.store.credentials.clone() };
        files.seal(&self.name, secret, &secrets, now)?;
        files.save(&settings)?;
        files.prune(&settings)
    }
}
