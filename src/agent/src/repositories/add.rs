//! Adding a repository: looked at, judged, written down, made or taken over, and only then counted.

use bridle_core::backup::key::RepositoryKey;
use bridle_core::backup::repository::credentials::{Credentials, RepositorySecrets};
use bridle_core::backup::repository::place::{FolderFacts, Place, judge};
use bridle_core::backup::repository::settings::{CodeEntry, Entry, Settings};
use bridle_core::backup::repository::view::{AddOrder, AddedView, RepositoryView};
use bridle_core::backup::repository::{RepositoryName, named};
use bridle_core::backup::worker::{Content, OpenedBy, Outcome, Replacement, SecretKey, Sight, Store, Work};
use bridle_core::fault::{Fault, FaultCode};
use bridle_core::port::Timestamp;
use bridle_host::facts;
use bridle_host::repositories::random;

use super::{Repositories, unexpected};

/// What adding goes on with once it was looked at.
struct Adding {
    name: RepositoryName,
    settings: Settings,
    store: Store,
    key: SecretKey,
    /// An earlier attempt made this key.
    again: bool,
    /// The highest token that was written there.
    token: u64,
}

impl Repositories {
    /// Adds a repository: makes one, or takes one that is there with its recovery code.
    ///
    /// # Errors
    /// A [`Fault`] that says what of the order or of the place does not do; nothing was written to a store then, unless the
    /// fault came in the middle of making it: then the same order goes on where it ended.
    pub(crate) fn add(&self, order: &AddOrder, by: &str) -> Result<AddedView, Fault> {
        let name = named(&order.name)?;
        order.place.check()?;
        let credentials = credentials_of(order)?;
        let _job = self.claim(&name)?;
        let settings = self.settings()?;
        self.judge(&order.place, None, order.same_disk)?;
        if order.replace {
            return self.replace(settings, &name, order, credentials, by);
        }
        settings.has_room_for(&name, &order.place)?;
        let before = settings.get(&name).ok();
        let kept = before.and_then(|entry| self.files.open(&name, entry.secret).ok());
        let again = kept.is_some();
        let key = match kept {
            Some(secrets) => secrets.key,
            None => SecretKey(RepositoryKey::from_bytes(random()?)),
        };
        let token = settings.token(&order.place);
        let store = Store { place: order.place.clone(), credentials, mark: None, capabilities: None };
        let sight = self.look(&store, again.then_some(&key), order.code.as_deref())?;
        self.judge(&order.place, Some(&sight), order.same_disk)?;
        let adding = Adding { name, settings, store, key, again, token };
        let told = order.take_over.as_deref();
        let added = match &sight.content {
            Content::Opened { key, by: Some(opened) } => {
                let adding = Adding { key: key.clone(), ..adding };
                self.adopt(adding, &sight, opened, told)?
            }
            Content::Nothing => self.make(adding, &sight, told)?,
            Content::Begun | Content::Opened { .. } if again => self.make(adding, &sight, told)?,
            Content::Begun => return Err(occupied(&order.place, "keys")),
            Content::Foreign(what) => return Err(occupied(&order.place, what)),
            Content::Closed | Content::Opened { .. } => return Err(code_needed(&order.place)),
        };
        tracing::info!(repository = %added.repository.name, by, "repository added");
        Ok(added)
    }

    /// Makes a repository. What its key and token will be is on disk first: however this ends, the same order goes on.
    fn make(&self, adding: Adding, sight: &Sight, told: Option<&str>) -> Result<AddedView, Fault> {
        let now = self.clock.now();
        let lease = self.lease(&adding.settings, (&adding.name, adding.token), &sight.owner, told)?;
        let (new, sheet) = self.new_code(&adding.key, &adding.store.place, now)?;
        let Adding { mut settings, store, key, again, .. } = adding;
        let mut entry = self.entry(&settings, adding.name, &store, now, &lease);
        self.keep(&mut settings, &entry, &key, store.credentials.clone(), now)?;
        let wrapped = new.wrapped.clone();
        let made = self.work(&store, Work::Create { key, code: new, lease, again })?;
        let Outcome::Coded { mark, restic, capabilities } = made else { return Err(unexpected(&store)) };
        entry.mark = mark;
        entry.capabilities = Some(capabilities);
        entry.code = Some(CodeEntry { wrapped: wrapped.id, restic, key: wrapped.key, made: now, rehearsed: None });
        settings.put(entry.clone());
        self.files.save(&settings)?;
        Ok(AddedView { repository: RepositoryView::of(&entry), sheet: Some(sheet) })
    }

    /// Takes a repository whose recovery code was typed. That proves the code, too.
    fn adopt(&self, adding: Adding, sight: &Sight, opened: &OpenedBy, told: Option<&str>) -> Result<AddedView, Fault> {
        let now = self.clock.now();
        let lease = self.lease(&adding.settings, (&adding.name, adding.token), &sight.owner, told)?;
        let Adding { mut settings, store, key, .. } = adding;
        let before = settings.clone();
        let mut entry = self.entry(&settings, adding.name, &store, now, &lease);
        entry.mark = sight.folder.as_ref().and_then(|folder| folder.mark.clone());
        entry.capabilities = Some(sight.capabilities);
        entry.code = Some(CodeEntry::rehearsed(opened, now));
        // Complete at once: a key that is only begun here would be taken for one whose code nobody has seen.
        self.keep(&mut settings, &entry, &key, store.credentials.clone(), now)?;
        if let Err(fault) = self.work(&store, Work::Own { key, lease }) {
            self.files.save(&before)?;
            self.files.prune(&before)?;
            return Err(fault);
        }
        Ok(AddedView { repository: RepositoryView::of(&entry), sheet: None })
    }

    /// Gives a repository that is known a new access key and way to reach it, or its key back.
    fn replace(
        &self,
        mut settings: Settings,
        name: &RepositoryName,
        order: &AddOrder,
        credentials: Option<Credentials>,
        by: &str,
    ) -> Result<AddedView, Fault> {
        let mut entry = settings.get(name)?.clone();
        if !entry.place.is_same(&order.place) {
            let fault = Fault::new(FaultCode::RepositoryNameTaken).with("repository", name.as_str());
            return Err(fault.with("place", entry.place.shown()));
        }
        if !entry.is_ready() {
            return Err(Fault::new(FaultCode::RepositoryUnfinished).with("repository", name.as_str()));
        }
        let known = self.files.open(name, entry.secret).ok().map(|secrets| secrets.key);
        if known.is_none() && order.code.is_none() {
            return Err(code_needed(&order.place));
        }
        let store = Store { place: order.place.clone(), credentials, mark: entry.mark.clone(), capabilities: None };
        let sight = self.look(&store, known.as_ref(), order.code.as_deref())?;
        let (key, opened) = match sight.content {
            Content::Opened { key, by } => (key, by),
            Content::Closed => return Err(at(FaultCode::RepositoryKeyWrong, &order.place)),
            _ => return Err(at(FaultCode::RepositoryAbsent, &order.place)),
        };
        let now = self.clock.now();
        entry.place = order.place.clone();
        entry.capabilities = Some(sight.capabilities);
        if let Some(opened) = &opened {
            entry.code = Some(CodeEntry::rehearsed(opened, now));
        }
        let lease =
            order.take_over.as_deref().map(|told| self.lease(&settings, (name, entry.token), &sight.owner, Some(told)));
        let lease = lease.transpose()?;
        entry.token = lease.as_ref().map_or(entry.token, |lease| lease.lease.token);
        entry.secret = settings.next_secret();
        self.keep(&mut settings, &entry, &key, store.credentials.clone(), now)?;
        if let Some(lease) = lease {
            self.work(&store, Work::Own { key, lease })?;
        }
        tracing::info!(repository = %name, by, "repository reached in another way");
        Ok(AddedView { repository: RepositoryView::of(&entry), sheet: None })
    }

    /// Brings an entry and its secrets to disk.
    fn keep(
        &self,
        settings: &mut Settings,
        entry: &Entry,
        key: &SecretKey,
        credentials: Option<Credentials>,
        now: Timestamp,
    ) -> Result<(), Fault> {
        let secrets = RepositorySecrets { key: key.clone(), credentials };
        self.files.seal(&entry.name, entry.secret, &secrets, now)?;
        settings.put(entry.clone());
        self.files.save(settings)?;
        self.files.prune(settings)
    }

    fn entry(
        &self,
        settings: &Settings,
        name: RepositoryName,
        store: &Store,
        added: Timestamp,
        lease: &Replacement,
    ) -> Entry {
        Entry {
            name,
            place: store.place.clone(),
            added,
            secret: settings.next_secret(),
            token: lease.lease.token,
            mark: None,
            capabilities: None,
            code: None,
            checked: None,
        }
    }

    /// Whether a folder may be used: by its name, and then by what was seen of it.
    fn judge(&self, place: &Place, sight: Option<&Sight>, accepted: bool) -> Result<(), Fault> {
        let Place::Directory { path } = place else { return Ok(()) };
        let folder = sight.and_then(|sight| sight.folder.as_ref());
        let real = folder.map_or(path.as_str(), |folder| folder.path.as_str());
        if folder.is_some() {
            // A link may lead into a folder that the name does not show.
            Place::Directory { path: real.to_owned() }.check()?;
        }
        let data = facts::device(&self.layout.data_dir());
        let shared = folder.is_some_and(|folder| Some(folder.device) == data);
        let unmounted = facts::unmounted(&self.layout, std::path::Path::new(real));
        judge(path, &FolderFacts { unmounted, shared }, accepted)
    }
}

/// The access key of an order: an object store needs one, a folder none.
fn credentials_of(order: &AddOrder) -> Result<Option<Credentials>, Fault> {
    match (&order.place, &order.credentials) {
        (Place::Directory { .. }, None) => Ok(None),
        (Place::S3(_), Some(credentials)) => credentials.clone().checked().map(Some),
        _ => Err(Fault::new(FaultCode::RepositoryOrderInvalid).with("what", "credentials")),
    }
}

fn at(code: FaultCode, place: &Place) -> Fault {
    Fault::new(code).with("place", place.shown())
}

fn code_needed(place: &Place) -> Fault {
    at(FaultCode::RecoveryCodeNeeded, place)
}

fn occupied(place: &Place, what: &str) -> Fault {
    at(FaultCode::PlaceOccupied, place).with("what", what)
}
