//! The steps of a backup: what an operation's plan says is done through the worker, and written down on this host.

use std::time::Duration;

use bridle_core::backup::id::SetId;
use bridle_core::backup::lease::{self, Lease, RENEWAL};
use bridle_core::backup::outline::{FORMAT, Outline, PartRecord};
use bridle_core::backup::plan::{Part, VaultStep};
use bridle_core::backup::repository::RepositoryName;
use bridle_core::backup::repository::settings::{Entry, Settings};
use bridle_core::backup::set::{Installation, SetManifest, SourceKind};
use bridle_core::backup::wal::base_backup::copy_name;
use bridle_core::backup::worker::{Origin, Outcome, Replacement, Save, SecretKey, Sets, Store, Work};
use bridle_core::digest::Digest;
use bridle_core::fault::{Fault, FaultCode};
use bridle_core::message::Message;
use bridle_core::plan::backup::{HISTORY, PLATFORM, SECRETS, SECRETS_COPY, TRUST};
use bridle_core::port::{Attempt, Copies as _, Vault};
use bridle_core::step::Standing;

use super::{Job, Repositories, unexpected};

/// Between two questions whether somebody else's work has ended.
const PAUSE: Duration = Duration::from_millis(500);
/// What belongs to a restore point and is saved by itself.
const DATA: &str = "data";

/// A repository that this agent is the writer of.
pub(super) struct Held {
    repository: RepositoryName,
    lease: Lease,
    /// By the monotonic clock.
    since: Duration,
}

/// What a step needs.
pub(super) struct Door<'a> {
    _job: Job<'a>,
    settings: Settings,
    entry: Entry,
    pub(super) store: Store,
    pub(super) key: SecretKey,
}

impl Repositories {
    /// The sets of a repository.
    ///
    /// # Errors
    /// `RepositoryUnknown`, `RepositoryUnfinished`, `RepositoriesBusy`, or the worker's fault.
    pub(crate) fn sets(&self, name: &str) -> Result<Sets, Fault> {
        let (_job, _, entry) = self.begin_ready(name)?;
        let (store, secrets) = self.store(&entry)?;
        let written = self.backups.written()?;
        let here = written.into_iter().filter(|(outline, _)| outline.repository == entry.name);
        let remembered = here.map(|(_, set)| set.id).collect();
        let work = Work::Sets { key: secrets.key, remembered, now: self.clock.now() };
        match self.work(&store, work)? {
            Outcome::Sets(sets) => Ok(sets),
            _ => Err(unexpected(&store)),
        }
    }

    /// Waits until nobody else works on a repository.
    pub(super) fn door(&self, name: &RepositoryName, attempt: &mut Attempt<'_>) -> Result<Door<'_>, Fault> {
        let end = self.clock.monotonic().saturating_add(attempt.limit);
        loop {
            match self.begin_ready(name.as_str()) {
                Err(fault) if fault.code == FaultCode::RepositoriesBusy => {
                    if (attempt.stop)() || self.clock.monotonic() >= end {
                        return Err(fault);
                    }
                    attempt.progress.waiting(Message::new("wait-repository").with("repository", name.as_str()));
                    self.clock.sleep(PAUSE);
                }
                found => {
                    let (job, settings, entry) = found?;
                    let (store, secrets) = self.store(&entry)?;
                    return Ok(Door { _job: job, settings, entry, store, key: secrets.key });
                }
            }
        }
    }

    /// The lease under which this agent writes: the one that it holds, renewed where that is due, or a new one.
    fn hold(&self, door: &mut Door<'_>) -> Result<Lease, Fault> {
        let now = self.clock.monotonic();
        {
            let held = self.held();
            let mine = held.as_ref().filter(|held| held.repository == door.entry.name);
            if let Some(held) = mine.filter(|held| now.saturating_sub(held.since) < RENEWAL) {
                return Ok(held.lease.clone());
            }
        }
        let sight = self.look(&door.store, Some(&door.key), None)?;
        let known = (&door.entry.name, door.entry.token);
        let Replacement { before, lease } = self.writing(&door.settings, known, &sight.owner, None)?;
        // Whoever wrote a token must know it, or it would take itself for a copy of itself.
        door.entry.token = lease.token;
        door.settings.put(door.entry.clone());
        self.files.save(&door.settings)?;
        let work = Work::Own { key: door.key.clone(), lease: Replacement { before, lease: lease.clone() } };
        let Outcome::Owned = self.work(&door.store, work)? else { return Err(unexpected(&door.store)) };
        *self.held() = Some(Held { repository: door.entry.name.clone(), lease: lease.clone(), since: now });
        Ok(lease)
    }

    /// Says in the repository that nobody writes. One that does not answer is left to itself: the lease ends by its term.
    fn let_go(&self, repository: &RepositoryName, attempt: &mut Attempt<'_>) -> Result<(), Fault> {
        let held = self.held().take().filter(|held| held.repository == *repository);
        let Some(Held { lease: mine, .. }) = held else { return Ok(()) };
        let door = self.door(repository, attempt)?;
        let lease = lease::mark(&mine, self.clock.now());
        let work = Work::Own { key: door.key.clone(), lease: Replacement { before: Some(mine), lease } };
        if let Err(fault) = self.work(&door.store, work) {
            tracing::warn!(%repository, code = fault.code.code(), causes = ?fault.causes, "lease not let go; it ends by itself");
        }
        Ok(())
    }

    fn save(&self, set: SetId, part: &Part, attempt: &mut Attempt<'_>) -> Result<(), Fault> {
        let outline = self.backups.outline(set)?;
        let origin = self.origin(&outline, part)?;
        let base = match part.kind {
            SourceKind::Postgresql => Some(self.copies.base(&outline.point, &part.name)?),
            _ => None,
        };
        let began = self.clock.monotonic();
        let mut door = self.door(&outline.repository, attempt)?;
        let lease = self.hold(&mut door)?;
        let site = self.owner(&door.settings).site;
        let save = Box::new(Save { set, part: part.name.clone(), site, origin, parent: None });
        let work = Work::Save { key: door.key.clone(), lease, save };
        let Outcome::Saved(saved) = self.carried_out(&door, work, attempt)? else {
            return Err(unexpected(&door.store));
        };
        let millis = u64::try_from(self.clock.monotonic().saturating_sub(began).as_millis()).unwrap_or(u64::MAX);
        let postgresql = base.map(|base| base.position(door.settings.identity.incarnation));
        self.backups.keep_part(set, &part.name, &PartRecord { format: FORMAT, saved, millis, postgresql })
    }

    /// Where a part is on this host.
    fn origin(&self, outline: &Outline, part: &Part) -> Result<Origin, Fault> {
        let folder = |path: std::path::PathBuf, exclude: &[&str]| Origin::Folder {
            path: path.display().to_string(),
            exclude: exclude.iter().map(|name| (*name).to_owned()).collect(),
        };
        let copy = |name: &str| self.copies.origin(&outline.point, name);
        match part.name.as_str() {
            PLATFORM => Ok(folder(self.layout.restore_points_dir().join(&outline.point), &[DATA])),
            TRUST => Ok(folder(self.layout.etc_dir(), &[])),
            SECRETS => copy(SECRETS_COPY),
            HISTORY => Ok(folder(self.layout.config_dir(), &[])),
            name if part.kind == SourceKind::Postgresql => copy(&copy_name(name)),
            // Of a server that is saved as files, too; its dump has the source's own name beside the restore point.
            name => copy(outline.source_of(name)),
        }
    }

    fn audit(&self, set: SetId, percent: u8, attempt: &mut Attempt<'_>) -> Result<(), Fault> {
        let outline = self.backups.outline(set)?;
        let snapshots: Vec<Digest> =
            self.backups.parts(&outline)?.into_values().map(|record| record.saved.snapshot).collect();
        let door = self.door(&outline.repository, attempt)?;
        let work = Work::Audit { key: door.key.clone(), snapshots, percent };
        let Outcome::Audited(audited) = self.carried_out(&door, work, attempt)? else {
            return Err(unexpected(&door.store));
        };
        if audited.count == 0 {
            return self.backups.say_audited(set);
        }
        let fault = Fault::new(FaultCode::RepositoryDamaged).with("place", door.entry.place.shown());
        let fault = fault.with("count", audited.count);
        Err(audited.damages.iter().take(10).fold(fault, |fault, damage| fault.output(damage)))
    }

    fn write_set(&self, set: SetId, attempt: &mut Attempt<'_>) -> Result<(), Fault> {
        let outline = self.backups.outline(set)?;
        let mut door = self.door(&outline.repository, attempt)?;
        let manifest = match self.backups.kept(set)? {
            Some(manifest) => manifest,
            None => self.manifest(&outline, &door.settings)?,
        };
        let lease = self.hold(&mut door)?;
        let work = Work::Commit { key: door.key.clone(), lease, set: Box::new(manifest) };
        let Outcome::Committed = self.carried_out(&door, work, attempt)? else {
            return Err(unexpected(&door.store));
        };
        self.backups.say_written(set)
    }

    /// The set, written down before its repository gets it, so that whoever writes it again writes the same.
    fn manifest(&self, outline: &Outline, settings: &Settings) -> Result<SetManifest, Fault> {
        let owner = self.owner(settings);
        let installation = Installation { id: owner.installation, incarnation: owner.incarnation, site: owner.site };
        let parts = self.backups.parts(outline)?;
        let missing = outline.parts.len().saturating_sub(parts.len());
        let manifest = outline.manifest(&parts, installation, self.clock.now());
        let manifest = manifest.ok_or_else(|| Fault::new(FaultCode::SetIncomplete).with("missing", missing))?;
        self.backups.keep(&manifest)?;
        Ok(manifest)
    }

    pub(super) fn carried_out(&self, door: &Door<'_>, work: Work, attempt: &mut Attempt<'_>) -> Result<Outcome, Fault> {
        let Attempt { limit, progress, stop } = attempt;
        self.work_within(&door.store, work, *limit, *stop, &mut |done, total| progress.advance(done, total))
    }

    fn holds(&self, repository: &str) -> bool {
        self.held().as_ref().is_some_and(|held| held.repository.as_str() == repository)
    }
}

impl Vault for Repositories {
    fn probe(&self, step: &VaultStep) -> Result<Standing, Fault> {
        let (done, what) = match step {
            VaultStep::HoldLease { repository } => (self.holds(repository), repository.clone()),
            VaultStep::ReleaseLease { repository } => (!self.holds(repository), repository.clone()),
            VaultStep::Save { set, part } => (self.backups.part(*set, &part.name)?.is_some(), part.name.clone()),
            VaultStep::Audit { set, .. } => (self.backups.is_audited(*set), set.to_string()),
            VaultStep::Commit { set } => (self.backups.is_written(*set), set.to_string()),
            VaultStep::Load { source, namespace: None, .. } => (self.is_loaded(source), source.clone()),
            step => return Err(unknown(step)),
        };
        Ok(if done { Standing::Done } else { Standing::Missing(Message::new("missing-backup").with("what", what)) })
    }

    fn apply(&self, step: &VaultStep, attempt: &mut Attempt<'_>) -> Result<(), Fault> {
        match step {
            VaultStep::HoldLease { repository } => {
                let mut door = self.door(&name(repository)?, attempt)?;
                self.hold(&mut door).map(drop)
            }
            VaultStep::ReleaseLease { repository } => self.let_go(&name(repository)?, attempt),
            VaultStep::Save { set, part } => self.save(*set, part, attempt),
            VaultStep::Audit { set, percent } => self.audit(*set, *percent, attempt),
            VaultStep::Commit { set } => self.write_set(*set, attempt),
            VaultStep::Load { set, source, namespace: None, .. } => self.load(*set, source, attempt),
            step => Err(unknown(step)),
        }
    }
}

fn name(repository: &str) -> Result<RepositoryName, Fault> {
    let unknown = || Fault::new(FaultCode::RepositoryUnknown).with("repository", super::clip(repository));
    repository.parse().map_err(|_| unknown())
}

/// Of another version of this program: no planner of this one makes such a step.
fn unknown(step: &VaultStep) -> Fault {
    Fault::new(FaultCode::Internal).output(step.name())
}
