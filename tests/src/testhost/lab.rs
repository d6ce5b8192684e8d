//! A lab: a network of its own with a few hosts on it.

use super::host::{Host, HostBuilder};
use super::questions::Listener;
use super::registry::{self, HostRecord, Owner, Record};
use super::removal::{remove_lab, sweep_locked};
use super::{Error, OutsideAttempt, Result, base_image, capability, disk, network};
use sha2::{Digest, Sha256};
use std::fs;
use std::net::Ipv4Addr;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

/// How many labs one machine may hold at a time.
pub const MAX_LABS: usize = 16;
/// How many hosts a lab may have.
pub const MAX_HOSTS: usize = 8;
/// The labs' numbers: 198.18.FIRST.0/24 and up. The ones below are left to setups made by hand.
const FIRST_NUMBER: u8 = 16;
const NUMBERS: u8 = 224;

/// A network of its own with a few hosts. Dropping the last handle removes it with all its hosts,
/// unless it was told to [`Lab::keep`].
#[derive(Debug, Clone)]
pub struct Lab {
    state: Arc<LabState>,
}

/// What a lab and its hosts share.
#[derive(Debug)]
pub(crate) struct LabState {
    pub id: String,
    pub number: u8,
    /// What its hosts see as N of 198.18.N.0/24.
    pub inside: u8,
    pub folder: PathBuf,
    /// None in a process that has found the lab, not made it.
    questions: OnceLock<Listener>,
    record: Mutex<Record>,
}

impl Lab {
    /// Makes a lab, after removing what killed runs have left. `name` is for the reader of messages.
    ///
    /// Fails with [`Error::Unavailable`] on a machine that cannot boot test hosts, and with
    /// [`Error::TooMany`] when [`MAX_LABS`] labs exist.
    pub fn new(name: &str) -> Result<Self> {
        Self::made(name, false)
    }

    /// As [`Lab::new`], but its hosts see the same addresses as those of every other such lab, so that a disk which knows
    /// its address ([`Host::save_disk`]) works in each. This machine reaches them, and they this machine, under addresses
    /// that are translated on the way.
    pub fn of_equal_addresses(name: &str) -> Result<Self> {
        Self::made(name, true)
    }

    fn made(name: &str, equal: bool) -> Result<Self> {
        capability::require()?;
        let lock = registry::lock()?;
        sweep_locked(&lock)?;
        let records = lock.records()?;
        if records.len() >= MAX_LABS {
            return Err(Error::TooMany { what: "labs on one machine", limit: MAX_LABS });
        }
        if records.iter().any(|record| record.kept && record.name == name) {
            return Err(Error::Name { name: name.to_owned(), why: "a kept lab has it" });
        }
        let record = announce(name, equal, &records)?;
        // Announced: from here on others see it and keep away from its number.
        drop(lock);
        let lab = Self::of(record);
        fs::create_dir_all(&lab.state.folder).map_err(Error::file("create", &lab.state.folder))?;
        disk::share(&lab.state.folder)?;
        network::create(&lab.state.id, lab.state.number, lab.state.inside)?;
        let listener = Listener::start(&lab.state.id, lab.state.inside)?;
        lab.state.questions.get_or_init(|| listener);
        Ok(lab)
    }

    /// The kept lab of this name, if there is one on this machine since its last start.
    pub fn find(name: &str) -> Result<Option<Self>> {
        let lock = registry::lock()?;
        sweep_locked(&lock)?;
        let found = lock.records()?.into_iter().find(|record| record.kept && record.name == name);
        Ok(found.map(Self::of))
    }

    fn of(record: Record) -> Self {
        Self {
            state: Arc::new(LabState {
                id: record.id(),
                number: record.number,
                inside: if record.equal { network::EQUAL } else { record.number },
                folder: record.folder.clone(),
                questions: OnceLock::new(),
                record: Mutex::new(record),
            }),
        }
    }

    /// A host to be made in this lab; `name` is its host name (`[a-z][a-z0-9-]*`, at most 31 bytes).
    pub fn host(&self, name: &str) -> HostBuilder {
        HostBuilder::new(self.state.clone(), name)
    }

    /// A host of a kept lab that was made by an earlier process, running or not.
    pub fn existing_host(&self, name: &str) -> Result<Host> {
        let record = self.state.record().hosts.iter().find(|host| host.name == name).cloned();
        let record = record.ok_or_else(|| Error::Name { name: name.to_owned(), why: "this lab has no such host" })?;
        Ok(Host::of(self.state.clone(), record))
    }

    /// The short id that begins the name of everything it makes on this machine (`bl17`).
    pub fn id(&self) -> &str {
        &self.state.id
    }

    /// The names of its hosts, in the order in which they were made.
    pub fn host_names(&self) -> Vec<String> {
        let record = self.state.record();
        record.hosts.iter().map(|host| host.name.clone()).collect()
    }

    /// This machine's address in the lab: what listens here can be reached by the hosts.
    pub fn machine_address(&self) -> Ipv4Addr {
        network::machine(self.state.number)
    }

    /// What has tried to leave the lab since it was made, or since [`Lab::forget_attempts`]: each
    /// combination of source, destination and port once, sorted. Questions to the name server count.
    pub fn outside_attempts(&self) -> Result<Vec<OutsideAttempt>> {
        network::outside_attempts(&self.state.id)
    }

    /// The names that hosts and pods asked the name server for, sorted; nobody gets an answer.
    /// Only the process that made the lab hears them.
    pub fn asked_names(&self) -> Vec<String> {
        self.state.questions.get().map(Listener::names).unwrap_or_default()
    }

    /// Forgets the attempts and the names noted so far.
    pub fn forget_attempts(&self) -> Result<()> {
        if let Some(listener) = self.state.questions.get() {
            listener.forget();
        }
        network::forget_attempts(&self.state.id)
    }

    /// From now on the lab and its hosts outlive this process, until [`Lab::destroy`] or the
    /// machine's next start.
    pub fn keep(&self) -> Result<()> {
        self.state.change(|record| record.kept = true)
    }

    /// Removes the lab with all its hosts, kept or not.
    pub fn destroy(self) -> Result<()> {
        let record = self.state.record().clone();
        // Nothing is left to do when the handles go.
        self.state.record().kept = true;
        remove_lab(&record)
    }
}

impl LabState {
    /// What the registry knows of it.
    pub fn record(&self) -> MutexGuard<'_, Record> {
        self.record.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds a host and returns its record; nothing of the host exists yet.
    pub fn add_host(&self, name: &str) -> Result<HostRecord> {
        let hosts = self.record().hosts.clone();
        if hosts.len() >= MAX_HOSTS {
            return Err(Error::TooMany { what: "hosts in a lab", limit: MAX_HOSTS });
        }
        if hosts.iter().any(|host| host.name == name) {
            return Err(Error::Name { name: name.to_owned(), why: "the lab has such a host" });
        }
        let free = (network::FIRST_HOST..).find(|number| hosts.iter().all(|host| host.number != *number));
        let host = HostRecord { name: name.to_owned(), number: free.unwrap_or(network::FIRST_HOST) };
        self.change(|record| record.hosts.push(host.clone()))?;
        Ok(host)
    }

    /// Takes a host out of the registry.
    pub fn remove_host(&self, name: &str) -> Result<()> {
        self.change(|record| record.hosts.retain(|host| host.name != name))
    }

    fn change(&self, change: impl FnOnce(&mut Record)) -> Result<()> {
        let mut record = self.record();
        let mut changed = record.clone();
        change(&mut changed);
        changed.save()?;
        *record = changed;
        Ok(())
    }
}

impl Drop for LabState {
    fn drop(&mut self) {
        let record = self.record().clone();
        if record.kept {
            return;
        }
        drop(self.questions.take());
        if let Err(error) = remove_lab(&record) {
            eprintln!("lab {} ({}): not all could be removed: {error}", record.name, self.id);
        }
    }
}

/// Finds a free number and writes the lab's record.
fn announce(name: &str, equal: bool, records: &[Record]) -> Result<Record> {
    // Labs of the same name on different machines get the same addresses, where these are free.
    let start = Sha256::digest(name.as_bytes())[0] % NUMBERS;
    for step in (start..NUMBERS).chain(0..start) {
        let number = FIRST_NUMBER + step;
        if records.iter().any(|record| record.number == number) || network::is_taken(number)? {
            continue;
        }
        let record = Record {
            name: name.to_owned(),
            number,
            equal,
            owner: Owner::this_process(),
            boot: registry::boot_id()?,
            folder: base_image::cache_folder().join("labs").join(registry::id(number)),
            kept: false,
            hosts: Vec::new(),
        };
        record.save()?;
        return Ok(record);
    }
    Err(Error::TooMany { what: "address ranges in use", limit: NUMBERS.into() })
}
