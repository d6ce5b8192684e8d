//! What a PostgreSQL server says of itself, and what a server with other collations would have to mend.
//!
//! Text is sorted by rules of the system's library. When these change, indexes over text can be wrong until they are built
//! anew; since version 15 each database and each collation records with which version of the rules it was built (PostgreSQL
//! documentation, `ALTER DATABASE … REFRESH COLLATION VERSION`). The locales `C` and `C.UTF-8` have no such rules.

use serde::{Deserialize, Serialize};

/// First version that records the rules of whole databases.
const RECORDS_SINCE: u32 = 15;

/// A server.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Server {
    /// Version as a number (`150020`).
    pub number: u32,
    /// Whether it replays the log of another one.
    pub recovering: bool,
    /// Its databases that take connections, by name.
    pub databases: Vec<Database>,
}

/// A database.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Database {
    /// Name.
    pub name: String,
    /// Size in bytes.
    pub bytes: u64,
    /// The rules that it sorts by where nothing else is said; nothing recorded for `C`, and before version 15.
    #[serde(flatten)]
    pub rules: Rules,
    /// Bytes of the indexes that use these rules.
    #[serde(default)]
    pub index_bytes: u64,
    /// Further rules that indexes use.
    #[serde(default)]
    pub collations: Vec<Collation>,
}

/// A collation that indexes use.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Collation {
    /// Name (`fr_FR.utf8`).
    pub name: String,
    /// Its rules.
    #[serde(flatten)]
    pub rules: Rules,
    /// Bytes of the indexes that use it.
    #[serde(default)]
    pub index_bytes: u64,
}

/// A version of the rules by which text is sorted.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rules {
    /// Where they come from: `c` for the system's library, `i` for ICU.
    #[serde(default)]
    pub provider: String,
    /// With which the data were sorted.
    #[serde(default)]
    pub recorded: Option<String>,
    /// Which the running server has.
    #[serde(default)]
    pub actual: Option<String>,
}

/// A database that must be mended under other rules: `REINDEX DATABASE` and `REFRESH COLLATION VERSION`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Affected {
    /// Name of the database.
    pub database: String,
    /// Bytes of the indexes that are to be built anew.
    pub index_bytes: u64,
}

impl Server {
    /// Major version (`15`).
    #[must_use]
    pub const fn major(&self) -> u32 {
        self.number / 10_000
    }

    /// Size of all databases in bytes.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.databases.iter().map(|database| database.bytes).fold(0, u64::saturating_add)
    }

    /// Version of the system's rules that the running server has, if anything there uses them.
    #[must_use]
    pub fn collation(&self) -> Option<&str> {
        let mut all = self.databases.iter().flat_map(Database::rules);
        all.find(|(rules, _)| rules.provider == "c" && rules.actual.is_some())?.0.actual.as_deref()
    }

    /// Whether the server records by which rules whole databases were sorted; if not, only further collations are known.
    #[must_use]
    pub const fn records_rules(&self) -> bool {
        self.major() >= RECORDS_SINCE
    }

    /// Databases whose data were sorted by other rules than the running server has: they are to be mended whatever else
    /// happens.
    #[must_use]
    pub fn mismatched(&self) -> Vec<Affected> {
        self.affected_by(|rules| rules.recorded.is_some() && rules.recorded != rules.actual)
    }

    /// Databases in which anything is sorted by rules that change with a system.
    #[must_use]
    pub fn sorted(&self) -> Vec<Affected> {
        self.affected_by(|rules| rules.recorded.is_some())
    }

    /// Databases that are to be mended under a server whose system has `collation`.
    #[must_use]
    pub fn affected(&self, collation: &str) -> Vec<Affected> {
        self.affected_by(|rules| {
            let recorded = rules.recorded.as_deref();
            rules.provider == "c" && recorded.is_some_and(|recorded| recorded != collation)
                || rules.provider != "c" && recorded.is_some() && rules.recorded != rules.actual
        })
    }

    fn affected_by(&self, is: impl Fn(&Rules) -> bool) -> Vec<Affected> {
        let mut found = Vec::new();
        for database in &self.databases {
            let bytes: Vec<u64> = database.rules().filter(|(rules, _)| is(rules)).map(|(_, bytes)| bytes).collect();
            if !bytes.is_empty() {
                let index_bytes = bytes.into_iter().fold(0, u64::saturating_add);
                found.push(Affected { database: database.name.clone(), index_bytes });
            }
        }
        found
    }
}

impl Database {
    /// All rules with the bytes of the indexes that use them.
    fn rules(&self) -> impl Iterator<Item = (&Rules, u64)> {
        let own = std::iter::once((&self.rules, self.index_bytes));
        own.chain(self.collations.iter().map(|collation| (&collation.rules, collation.index_bytes)))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn server(databases: serde_json::Value) -> Server {
        serde_json::from_value(json!({ "number": 150_020, "recovering": false, "databases": databases }))
            .expect("server")
    }

    #[test]
    fn a_database_without_rules_is_never_affected() {
        let plain = json!([{ "name": "enrolment", "bytes": 8000, "provider": "c", "recorded": null, "actual": null }]);
        let server = server(plain);
        assert_eq!((server.major(), server.bytes(), server.collation()), (15, 8000, None));
        assert!(server.records_rules() && server.mismatched().is_empty() && server.affected("2.41").is_empty());
    }

    #[test]
    fn what_was_sorted_by_other_rules_is_to_be_mended() {
        let server = server(json!([
            { "name": "a", "bytes": 1, "provider": "c", "recorded": "2.31", "actual": "2.36", "index_bytes": 10 },
            { "name": "b", "bytes": 2, "provider": "c", "recorded": "2.36", "actual": "2.36", "index_bytes": 20 },
            { "name": "c", "bytes": 3, "provider": "c", "recorded": null, "actual": null, "index_bytes": 30, "collations": [
                { "name": "fr_FR.utf8", "provider": "c", "recorded": "2.36", "actual": "2.36", "index_bytes": 4 },
                { "name": "und-x-icu", "provider": "i", "recorded": "153.112", "actual": "153.112", "index_bytes": 5 },
            ] },
        ]));
        let names = |found: Vec<Affected>| {
            found.into_iter().map(|found| (found.database, found.index_bytes)).collect::<Vec<_>>()
        };
        assert_eq!(server.collation(), Some("2.36"));
        assert_eq!(names(server.mismatched()), [("a".to_owned(), 10)]);
        assert_eq!(names(server.affected("2.36")), [("a".to_owned(), 10)]);
        let all = [("a".to_owned(), 10), ("b".to_owned(), 20), ("c".to_owned(), 4)];
        assert_eq!(names(server.affected("2.41")), all);
    }

    #[test]
    fn old_servers_do_not_say_by_which_rules_they_sorted() {
        let old: Server =
            serde_json::from_value(json!({ "number": 130_009, "recovering": true, "databases": [] })).expect("server");
        assert_eq!((old.major(), old.records_rules(), old.bytes()), (13, false, 0));
    }
}
