//! What a host writes down of a set while it is made: an outline when it begins, a record for each part that is saved, and the
//! set itself right before it is written to its repository (`docs/FORMATS.md`).

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::id::SetId;
use super::repository::RepositoryName;
use super::set::{self, Installation, LogPosition, ReleaseName, SetManifest, Source, SourceKind, Wholeness};
use super::worker::Saved;
use crate::plan::backup::{DUMP, of_source, own};
use crate::port::Timestamp;
use crate::release::ReleaseManifest;

/// Version of the formats that this code writes.
pub const FORMAT: u32 = 1;
/// Place of the first data source in the order of restoring; before it come the parts of the installation itself.
const FIRST_DATA: u32 = 10;

/// What a set is to hold.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Outline {
    /// Version of the format.
    pub format: u32,
    /// The set.
    pub set: SetId,
    /// The repository that it is made in.
    pub repository: RepositoryName,
    /// The restore point whose copies are saved.
    pub point: String,
    /// When the backup began.
    pub began: Timestamp,
    /// The release in use.
    pub release: ReleaseName,
    /// Revision of the configuration in force.
    pub revision: u64,
    /// The parts, in the order of restoring.
    pub parts: Vec<OutlinePart>,
}

/// One part.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OutlinePart {
    /// Its name.
    pub name: String,
    /// What it is.
    pub kind: SourceKind,
    /// Place in the order of restoring.
    pub order: u32,
    /// Why nothing is saved.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub reason: String,
}

/// A part that is in the repository.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PartRecord {
    /// Version of the format.
    pub format: u32,
    /// What came of it.
    pub saved: Saved,
    /// How long it took, in milliseconds.
    pub millis: u64,
    /// Where the log of a server stood that this is the physical copy of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub postgresql: Option<LogPosition>,
}

impl Outline {
    /// The outline of a set of everything that `release` has.
    #[must_use]
    pub fn new(
        (set, repository, point): (SetId, RepositoryName, String),
        began: Timestamp,
        (name, release): (ReleaseName, &ReleaseManifest),
        revision: u64,
    ) -> Self {
        let mut all = Vec::new();
        for (order, part) in (0..).zip(own(release)) {
            all.push(OutlinePart { name: part.name, kind: part.kind, order, reason: String::new() });
        }
        // The parts of one source have one place in the order: they are two ways to the same data.
        for (order, data) in (FIRST_DATA..).zip(&release.data) {
            let parts = of_source(data).into_iter();
            all.extend(parts.map(|part| OutlinePart {
                name: part.name,
                kind: part.kind,
                order,
                reason: data.reason.clone(),
            }));
        }
        Self { format: FORMAT, set, repository, point, began, release: name, revision, parts: all }
    }

    /// The data source that a part is of.
    #[must_use]
    pub fn source_of<'a>(&self, part: &'a str) -> &'a str {
        let server =
            |name: &&str| self.parts.iter().any(|part| part.kind == SourceKind::Postgresql && part.name == **name);
        part.strip_suffix(DUMP).filter(server).unwrap_or(part)
    }

    /// The set, once every part is saved; `None` if one is not.
    #[must_use]
    pub fn manifest(
        &self,
        saved: &BTreeMap<String, PartRecord>,
        installation: Installation,
        made: Timestamp,
    ) -> Option<SetManifest> {
        let source = |part: &OutlinePart| {
            let record = saved.get(&part.name);
            if record.is_none() && part.kind != SourceKind::None {
                return None;
            }
            let of = |value: fn(&Saved) -> u64| record.map_or(0, |record| value(&record.saved));
            Some(Source {
                name: part.name.clone(),
                kind: part.kind,
                order: part.order,
                snapshot: record.map(|record| record.saved.snapshot),
                whole: Wholeness::Whole,
                files: of(|saved| saved.files),
                bytes: of(|saved| saved.bytes),
                stored: of(|saved| saved.stored),
                millis: record.map_or(0, |record| record.millis),
                counts: BTreeMap::new(),
                postgresql: record.and_then(|record| record.postgresql.clone()),
                etcd_revision: None,
                reason: part.reason.clone(),
            })
        };
        let sources = self.parts.iter().map(source).collect::<Option<Vec<_>>>()?;
        // Before the last copy of a server was consistent there is no instant that all can be brought to.
        let stops = sources.iter().filter_map(|source| Some(source.postgresql.as_ref()?.stop_time));
        let consistent_at = stops.max().unwrap_or(self.began).max(self.began);
        Some(SetManifest {
            format: set::FORMAT,
            id: self.set,
            began: self.began,
            made: made.max(consistent_at),
            consistent_at,
            installation,
            release: self.release.clone(),
            revision: self.revision,
            tags: BTreeSet::new(),
            sources,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::backup::id::{Incarnation, InstallationId, Ulid};
    use crate::backup::record::Record as _;
    use crate::digest::Digest;

    fn release() -> ReleaseManifest {
        ReleaseManifest::parse(include_bytes!("../../tests/fixtures/release-v1.json")).expect("fixture")
    }

    fn outline() -> Outline {
        outline_of(&release())
    }

    fn outline_of(release: &ReleaseManifest) -> Outline {
        let set = SetId(Ulid::new(Timestamp(5), [3; 10]));
        let name = ReleaseName {
            name: release.name.clone(),
            version: release.version.clone(),
            sequence: release.sequence,
            index: Digest::of(b"index"),
        };
        let repository = "attic".parse().expect("a name");
        Outline::new((set, repository, "0007-for-backup".to_owned()), Timestamp(5), (name, release), 4)
    }

    fn saved(outline: &Outline) -> BTreeMap<String, PartRecord> {
        let parts = outline.parts.iter().filter(|part| part.kind != SourceKind::None);
        let record = |name: &str| {
            let saved = Saved { snapshot: Digest::of(name.as_bytes()), files: 1, bytes: 10, stored: 4 };
            PartRecord { format: FORMAT, saved, millis: 3, postgresql: None }
        };
        parts.map(|part| (part.name.clone(), record(&part.name))).collect()
    }

    fn installation() -> Installation {
        let id = Ulid::new(Timestamp(1), [1; 10]);
        Installation { id: InstallationId(id), incarnation: Incarnation(id), site: "campus".to_owned() }
    }

    #[test]
    fn a_set_is_made_of_an_outline_whose_parts_are_all_saved() {
        let outline = outline();
        let all = saved(&outline);
        let set = outline.manifest(&all, installation(), Timestamp(9)).expect("a set");
        assert_eq!(set.doubt(), Ok(()));
        assert_eq!(
            (set.made, set.size(), set.revision),
            (Timestamp(9), (10 * all.len() as u64, 4 * all.len() as u64), 4)
        );
        for name in all.keys() {
            let mut lacking = all.clone();
            lacking.remove(name);
            assert_eq!(outline.manifest(&lacking, installation(), Timestamp(9)), None, "{name}");
        }
        // A clock that went back makes no set that was made before it began.
        assert_eq!(outline.manifest(&all, installation(), Timestamp(1)).map(|set| set.made), Some(Timestamp(5)));
    }

    #[test]
    fn a_server_with_a_log_has_two_parts_and_the_set_says_where_its_log_stood() {
        let mut release = release();
        release.data[0].log = serde_json::from_str(r#"{"claim":"c","data":"pgdata","spool":"spool"}"#).expect("a log");
        let outline = outline_of(&release);
        assert_eq!((outline.source_of("database.dump"), outline.source_of("database")), ("database", "database"));
        assert_eq!(outline.source_of("other.dump"), "other.dump");
        let mut all = saved(&outline);
        let text = include_str!("../../tests/fixtures/backup-part-postgresql-v1.json");
        let record: PartRecord = serde_json::from_str(text).expect("read");
        assert_eq!(serde_json::to_string(&record).expect("text"), text.trim_end());
        let stop_time = record.postgresql.as_ref().map(|log| log.stop_time).expect("a position");
        let lacking = outline.manifest(&all, installation(), Timestamp(9)).expect("a set");
        assert!(lacking.doubt().is_err(), "files of a server without a place in its log");
        all.insert("database".to_owned(), record);
        let set = outline.manifest(&all, installation(), Timestamp(9)).expect("a set");
        assert_eq!(set.doubt(), Ok(()));
        assert_eq!((set.consistent_at, set.made), (stop_time, stop_time), "not before the copy is consistent");
    }

    #[test]
    fn an_outline_and_a_part_are_read_as_the_first_version_wrote_them() {
        let text = include_str!("../../tests/fixtures/backup-outline-v1.json");
        let read: Outline = serde_json::from_str(text).expect("read");
        assert_eq!((read.format, read.parts.len(), read.point.as_str()), (1, 5, "0007-for-backup"));
        assert_eq!(serde_json::to_string(&read).expect("text"), text.trim_end());
        assert!(serde_json::from_str::<Outline>(&text.replace("\"point\"", "\"other\"")).is_err());
        let text = include_str!("../../tests/fixtures/backup-part-v1.json");
        let read: PartRecord = serde_json::from_str(text).expect("read");
        assert_eq!((read.format, read.saved.bytes, read.millis), (1, 110_000, 45));
        assert_eq!(serde_json::to_string(&read).expect("text"), text.trim_end());
    }
}
