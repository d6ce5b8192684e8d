//! Recovery codes: made, proved, replaced. A code leaves the agent once, in the answer that made it, and is kept nowhere.

use bridle_core::backup::id::Ulid;
use bridle_core::backup::recovery_code::RecoveryCode;
use bridle_core::backup::repository::place::Place;
use bridle_core::backup::repository::settings::CodeEntry;
use bridle_core::backup::repository::view::{AddedView, RepositoryView, Sheet};
use bridle_core::backup::worker::{Content, NewCode, OldCode, Outcome, SecretKey, Work};
use bridle_core::backup::wrapped_key::{WrappedKey, sheet};
use bridle_core::fault::{Fault, FaultCode};
use bridle_core::port::Timestamp;
use bridle_host::repositories::random;

use super::{Repositories, unexpected};

impl Repositories {
    /// Proves that somebody has the recovery code: it must open the repository. From then on it is protected.
    ///
    /// # Errors
    /// `RecoveryCodeMistyped`, `RecoveryCodeOther`, or the fault of the store.
    pub(crate) fn rehearse(&self, name: &str, typed: &str, by: &str) -> Result<RepositoryView, Fault> {
        RecoveryCode::read(typed).map_err(|error| error.fault())?;
        let (_job, mut settings, mut entry) = self.begin_ready(name)?;
        let (store, _) = self.store(&entry)?;
        let proved = self.work(&store, Work::Rehearse { code: typed.to_owned() })?;
        let Outcome::Rehearsed(opened) = proved else { return Err(unexpected(&store)) };
        entry.code = Some(CodeEntry::rehearsed(&opened, self.clock.now()));
        settings.put(entry.clone());
        self.files.save(&settings)?;
        tracing::info!(repository = %entry.name, by, "recovery code rehearsed");
        Ok(RepositoryView::of(&entry))
    }

    /// Gives the repository a new recovery code; the old one opens it no more.
    ///
    /// # Errors
    /// A [`Fault`]; the old code may open it or not then, and the repository counts as not protected.
    pub(crate) fn rotate(&self, name: &str, by: &str) -> Result<AddedView, Fault> {
        let (_job, mut settings, mut entry) = self.begin_ready(name)?;
        let (store, secrets) = self.store(&entry)?;
        let sight = self.look(&store, Some(&secrets.key), None)?;
        if !matches!(sight.content, Content::Opened { .. }) {
            return Err(Fault::new(FaultCode::RepositoryKeyWrong).with("place", store.place.shown()));
        }
        let lease = self.lease(&settings, (&entry.name, entry.token), &sight.owner, None)?;
        let now = self.clock.now();
        let (new, sheet) = self.new_code(&secrets.key, &store.place, now)?;
        // From here on nobody can tell which code opens it, until this has come to its end.
        entry.token = lease.lease.token;
        let old = entry.code.take();
        let known = old.as_ref().map(|code| OldCode::Known { wrapped: code.wrapped, restic: code.restic.clone() });
        entry.code = old.map(|code| CodeEntry { rehearsed: None, ..code });
        settings.put(entry.clone());
        self.files.save(&settings)?;
        let wrapped = new.wrapped.clone();
        let old = known.ok_or_else(|| Fault::new(FaultCode::Internal))?;
        let done = self.work(&store, Work::Rotate { key: secrets.key, code: new, old, lease })?;
        let Outcome::Coded { restic, .. } = done else { return Err(unexpected(&store)) };
        entry.code = Some(CodeEntry { wrapped: wrapped.id, restic, key: wrapped.key, made: now, rehearsed: None });
        settings.put(entry.clone());
        self.files.save(&settings)?;
        tracing::info!(repository = %entry.name, by, "recovery code replaced");
        Ok(AddedView { repository: RepositoryView::of(&entry), sheet: Some(sheet) })
    }

    /// A new code for a key, and its sheet.
    pub(super) fn new_code(&self, key: &SecretKey, place: &Place, now: Timestamp) -> Result<(NewCode, Sheet), Fault> {
        let code = RecoveryCode::from_random(random()?);
        let site = match self.site() {
            site if site.is_empty() => "bridle".to_owned(),
            site => site,
        };
        let wrapped = WrappedKey::new(&key.0, &code, Ulid::new(now, random()?), now, &site, random()?);
        let lines = sheet(&code, &wrapped, &place.shown());
        Ok((NewCode { code: code.text(), wrapped }, Sheet { code: code.text(), lines }))
    }
}
