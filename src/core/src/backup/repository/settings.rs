//! The settings of all repositories of an installation (`repositories.json`, `docs/FORMATS.md`): no secret stands in them.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::place::Place;
use super::{Capabilities, MOST, RepositoryName};
use crate::backup::id::{Incarnation, InstallationId, Ulid};
use crate::backup::key::KeyName;
use crate::backup::lease::Owner;
use crate::backup::worker::OpenedBy;
use crate::fault::{Fault, FaultCode};
use crate::json;
use crate::port::Timestamp;

/// Version of the format that this code writes.
pub const FORMAT: u32 = 1;
/// Largest file that is read, in bytes: every repository with certificates of the largest size would be 16 MiB.
pub const LARGEST: u64 = 20 << 20;
/// Most places of forgotten repositories.
const MOST_FORGOTTEN: usize = 100;
const LIMITS: json::Limits = json::Limits { depth: 6, values: 2000, text: super::place::LARGEST_CA };

/// The file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// Version of the format.
    pub format: u32,
    /// Whose backups these are.
    pub identity: Identity,
    /// By name.
    pub repositories: Vec<Entry>,
    /// The highest tokens of repositories that were forgotten, by place: without them this host would take itself for a copy
    /// of itself when one is added again.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub forgotten: BTreeMap<String, u64>,
}

/// What tells this installation, its life and its agent from others.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Identity {
    /// Which installation.
    pub installation: InstallationId,
    /// Which of its lives.
    pub incarnation: Incarnation,
    /// Which agent.
    pub session: Ulid,
}

/// One repository.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Entry {
    /// Its name.
    pub name: RepositoryName,
    /// Where it is.
    pub place: Place,
    /// When it was added.
    pub added: Timestamp,
    /// Number of its sealed secrets.
    pub secret: u64,
    /// The highest token of its lease that was ever written from here; on disk before the lease is.
    pub token: u64,
    /// The mark of its folder, where it is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mark: Option<String>,
    /// What its store can do; absent until adding it has come to its end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub capabilities: Option<Capabilities>,
    /// The recovery code that opens it; absent until adding it has come to its end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<CodeEntry>,
    /// The last check.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub checked: Option<CheckEntry>,
}

/// What is known of a recovery code; never the code.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CodeEntry {
    /// The wrapped key that it opens.
    pub wrapped: Ulid,
    /// The key of restic's own that it opens: 64 hex digits.
    pub restic: String,
    /// The key that is wrapped.
    pub key: KeyName,
    /// When the code was made.
    pub made: Timestamp,
    /// When somebody last proved to have it; absent: never.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rehearsed: Option<Timestamp>,
}

/// The end of a check.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CheckEntry {
    /// When.
    pub time: Timestamp,
    /// What was found damaged.
    pub damages: u64,
    /// Whether all data were read.
    pub data: bool,
}

impl CodeEntry {
    /// A code that was just typed and opened the repository.
    #[must_use]
    pub fn rehearsed(opened: &OpenedBy, now: Timestamp) -> Self {
        Self {
            wrapped: opened.wrapped.id,
            restic: opened.restic.clone(),
            key: opened.wrapped.key.clone(),
            made: opened.wrapped.made,
            rehearsed: Some(now),
        }
    }
}

impl Settings {
    /// Those of an installation without a repository.
    #[must_use]
    pub const fn new(identity: Identity) -> Self {
        Self { format: FORMAT, identity, repositories: Vec::new(), forgotten: BTreeMap::new() }
    }

    /// Reads the file.
    ///
    /// # Errors
    /// [`SettingsError`] if it is none, of another format, or says what cannot be.
    pub fn parse(text: &str) -> Result<Self, SettingsError> {
        #[derive(Deserialize)]
        struct Head {
            format: u32,
        }
        json::measure(text.as_bytes(), &LIMITS).map_err(SettingsError::Json)?;
        let head: Head = serde_json::from_str(text).map_err(SettingsError::Json)?;
        if head.format != FORMAT {
            return Err(SettingsError::Format(head.format));
        }
        let read: Self = serde_json::from_str(text).map_err(SettingsError::Json)?;
        let sorted = read.repositories.is_sorted_by(|one, two| one.name < two.name);
        if !sorted || read.repositories.len() > MOST || read.forgotten.len() > MOST_FORGOTTEN {
            return Err(SettingsError::Doubt);
        }
        Ok(read)
    }

    /// The text of the file.
    #[must_use]
    pub fn to_json(&self) -> String {
        let mut text = serde_json::to_string_pretty(self).expect("settings hold only texts and numbers");
        text.push('\n');
        text
    }

    /// The repository of this name.
    ///
    /// # Errors
    /// `RepositoryUnknown`.
    pub fn get(&self, name: &RepositoryName) -> Result<&Entry, Fault> {
        let found = self.repositories.iter().find(|entry| entry.name == *name);
        found.ok_or_else(|| Fault::new(FaultCode::RepositoryUnknown).with("repository", name.as_str()))
    }

    /// Puts an entry in the place of the one of its name, or adds it.
    pub fn put(&mut self, entry: Entry) {
        self.repositories.retain(|other| other.name != entry.name);
        self.forgotten.remove(&entry.place.shown());
        self.repositories.push(entry);
        self.repositories.sort_by(|one, two| one.name.cmp(&two.name));
    }

    /// Forgets a repository, but for the token of its lease.
    pub fn forget(&mut self, name: &RepositoryName) {
        let gone =
            self.repositories.iter().find(|entry| entry.name == *name).map(|entry| (entry.place.shown(), entry.token));
        self.repositories.retain(|entry| entry.name != *name);
        self.forgotten.extend(gone.filter(|(_, token)| *token > 0));
        while self.forgotten.len() > MOST_FORGOTTEN {
            self.forgotten.pop_first();
        }
    }

    /// A number that no sealed file of an entry has.
    #[must_use]
    pub fn next_secret(&self) -> u64 {
        self.repositories.iter().map(|entry| entry.secret).max().unwrap_or_default() + 1
    }

    /// The highest token that was ever written to the lease of this place from here, as far as is known.
    #[must_use]
    pub fn token(&self, place: &Place) -> u64 {
        let known = self.repositories.iter().find(|entry| entry.place.is_same(place)).map(|entry| entry.token);
        known.or_else(|| self.forgotten.get(&place.shown()).copied()).unwrap_or_default()
    }

    /// Refuses what cannot be added beside what is there.
    ///
    /// # Errors
    /// `RepositoryNameTaken` if the name or the place is another repository's; `RepositoryOrderInvalid` if there are too many.
    pub fn has_room_for(&self, name: &RepositoryName, place: &Place) -> Result<(), Fault> {
        let taken = |entry: &&Entry| {
            let (named, there) = (entry.name == *name, entry.place.is_same(place));
            named != there || (named && entry.is_ready())
        };
        if let Some(entry) = self.repositories.iter().find(taken) {
            let fault = Fault::new(FaultCode::RepositoryNameTaken).with("repository", entry.name.as_str());
            return Err(fault.with("place", entry.place.shown()));
        }
        let known = self.repositories.iter().any(|entry| entry.name == *name);
        if self.repositories.len() >= MOST && !known { Err(super::invalid("count")) } else { Ok(()) }
    }
}

impl Entry {
    /// Whether adding it has come to its end.
    #[must_use]
    pub const fn is_ready(&self) -> bool {
        self.code.is_some()
    }

    /// Whether backups in it count: somebody has proved to have its recovery code.
    #[must_use]
    pub fn is_protected(&self) -> bool {
        self.code.as_ref().is_some_and(|code| code.rehearsed.is_some())
    }
}

impl Identity {
    /// The owner that a lease names.
    #[must_use]
    pub fn owner(&self, site: &str, host: &str) -> Owner {
        let name = |text: &str, other: &str| {
            let clean: String = text.chars().filter(|c| !c.is_control()).take(60).collect();
            if clean.is_empty() { other.to_owned() } else { clean }
        };
        Owner {
            installation: self.installation,
            incarnation: self.incarnation,
            session: self.session,
            site: name(site, "bridle"),
            host: name(host, "host"),
        }
    }
}

/// Why settings are refused.
#[derive(Debug, thiserror::Error)]
pub enum SettingsError {
    /// Not the JSON of the format.
    #[error("read settings of repositories")]
    Json(#[source] serde_json::Error),
    /// Written by another version.
    #[error("read settings of repositories: format {0}, this program reads {FORMAT}")]
    Format(u32),
    /// A name twice, or too many.
    #[error("read settings of repositories: names are not in order, or there are too many")]
    Doubt,
}

#[cfg(test)]
mod tests {
    use super::*;

    const FIXTURE: &str = include_str!("../../../tests/fixtures/repositories-v1.json");

    fn settings() -> Settings {
        let id: Ulid = "01ARZ3NDEKTSV4RRFFQ69G5FAV".parse().expect("an example");
        let time = Timestamp(1_795_000_000_000);
        let identity = Identity { installation: InstallationId(id), incarnation: Incarnation(id), session: id };
        let mut settings = Settings::new(identity);
        let code = CodeEntry {
            wrapped: id,
            restic: "ab".repeat(32),
            key: KeyName::try_from("0123456789abcdef".to_owned()).expect("a name"),
            made: time,
            rehearsed: Some(time),
        };
        settings.put(Entry {
            name: "disk".parse().expect("a name"),
            place: Place::Directory { path: "/mnt/backup".to_owned() },
            added: time,
            secret: 3,
            token: 7,
            mark: Some("cd".repeat(16)),
            capabilities: Some(Capabilities {
                conditional_put: true,
                checksums: false,
                paging: true,
                versioning: false,
            }),
            code: Some(code),
            checked: Some(CheckEntry { time, damages: 0, data: true }),
        });
        settings.put(Entry {
            name: "cloud".parse().expect("a name"),
            place: Place::S3(crate::backup::repository::place::Bucket {
                endpoint: "https://s3.example".to_owned(),
                region: "us-east-1".to_owned(),
                bucket: "backup".to_owned(),
                prefix: "campus".to_owned(),
                path_style: true,
                ca: String::new(),
            }),
            added: time,
            secret: 4,
            token: 0,
            mark: None,
            capabilities: None,
            code: None,
            checked: None,
        });
        settings.forgotten.insert("/mnt/old".to_owned(), 2);
        settings
    }

    #[test]
    fn settings_of_format_1_are_read_and_written_so() {
        assert_eq!(settings().to_json(), FIXTURE);
        assert_eq!(Settings::parse(FIXTURE).expect("format 1"), settings());
        let later = FIXTURE.replace("\"format\": 1", "\"format\": 2");
        assert!(matches!(Settings::parse(&later), Err(SettingsError::Format(2))));
        assert!(Settings::parse(&FIXTURE.replace("\"disk\"", "\"cloud\"")).is_err());
        for length in 0..FIXTURE.len() - 1 {
            assert!(Settings::parse(&FIXTURE[..length]).is_err());
        }
    }

    #[test]
    fn a_name_and_a_place_belong_together() {
        let settings = settings();
        let code = |name: &str, path: &str| {
            let place = Place::Directory { path: path.to_owned() };
            settings.has_room_for(&name.parse().expect("a name"), &place).err().map(|fault| fault.code)
        };
        assert_eq!(code("other", "/mnt/other"), None);
        assert_eq!(code("disk", "/mnt/backup"), Some(FaultCode::RepositoryNameTaken));
        assert_eq!(code("disk", "/mnt/other"), Some(FaultCode::RepositoryNameTaken));
        assert_eq!(code("other", "/mnt/backup"), Some(FaultCode::RepositoryNameTaken));
        let unfinished = settings.get(&"cloud".parse().expect("a name")).expect("there");
        assert!(settings.has_room_for(&unfinished.name, &unfinished.place).is_ok(), "adding it may be tried again");
        assert!(!unfinished.is_ready() && !unfinished.is_protected());
    }

    #[test]
    fn what_is_forgotten_leaves_its_token() {
        let mut settings = settings();
        let disk = settings.repositories.last().expect("two").clone();
        settings.forget(&disk.name);
        assert_eq!((settings.repositories.len(), settings.token(&disk.place)), (1, 7));
        settings.put(Entry { token: 8, ..disk.clone() });
        assert_eq!((settings.forgotten.len(), settings.token(&disk.place)), (1, 8));
        assert_eq!(settings.token(&Place::Directory { path: "/mnt/old".to_owned() }), 2);
    }
}
