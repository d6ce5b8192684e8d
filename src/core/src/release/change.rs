//! What a release says about coming from an earlier one: renamed values, migrations, versions of databases.

use serde::{Deserialize, Serialize};

/// How long health must hold after an upgrade where a release says nothing, in seconds.
pub const SOAK_SECONDS: u32 = 300;
/// Shortest and longest soak that a release may ask for, in seconds.
pub const SOAK_LIMITS: (u32, u32) = (10, 86_400);
/// Longest dotted path of a value, in bytes.
pub const LONGEST_PATH: usize = 200;

/// A value of a chart that has another place since an earlier release.
///
/// Applied in the order of the list to what a site has set. A `from` that the site did not set changes nothing, and a
/// `to` that it has set already stays. Several `from` of one `to` are allowed: sites come from several releases.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rename {
    /// Dotted path in the values of the earlier release (`drainSeconds`).
    pub from: String,
    /// Dotted path in the values of this one (`shutdown.drainSeconds`).
    pub to: String,
}

/// What a chart's application does to its data when it starts in this release for the first time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Migration {
    /// It adds: the earlier release goes on working beside and after it.
    Expand,
    /// It takes away: the earlier release no longer works, and going back needs the data of before.
    Contract,
}

/// Version of a PostgreSQL server, and of what it sorts text by.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PostgresqlVersion {
    /// Major version; another one does not read the files.
    pub major: u32,
    /// Version of the collations of the system as the server tells it (`pg_collation_actual_version`; that of glibc).
    /// Indexes on text that were made under another one must be built again.
    pub collation: String,
}

/// How data come from one major version of its server to the next.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Migrate {
    /// Written out by the old server and read by the new one.
    DumpRestore,
}

pub(super) const fn soak_seconds() -> u32 {
    SOAK_SECONDS
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands a reference")]
pub(super) const fn is_usual_soak(seconds: &u32) -> bool {
    *seconds == SOAK_SECONDS
}
