//! Cures that are safe to apply on request, and the record that lets them be taken back.
//!
//! Safe means: nothing is deleted, nothing that runs is stopped, nothing of the administrator's is overwritten, and what
//! was changed is written down first.

use serde::{Deserialize, Serialize};

use crate::message::Message;
use crate::port::Timestamp;

/// Version of the record's format.
pub const CURES_FORMAT: u32 = 1;
/// Most cures in a record: each is applied once, and there are a few dozen kinds.
const MOST: usize = 1000;

/// A safe cure.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Cure {
    /// Loads a kernel module now and at every start.
    LoadModule {
        /// Its name.
        module: String,
    },
    /// Sets a kernel parameter now and at every start.
    SetParameter {
        /// Its name, with points (`fs.inotify.max_user_instances`).
        name: String,
        /// Its value.
        value: u64,
    },
}

impl Cure {
    /// What it does, in words.
    #[must_use]
    pub fn title(&self) -> Message {
        match self {
            Self::LoadModule { module } => Message::new("cure-load-module").with("module", module.as_str()),
            Self::SetParameter { name, value } => {
                Message::new("cure-set-parameter").with("parameter", name.as_str()).with("value", *value)
            }
        }
    }

    /// The file that keeps it for the next start.
    #[must_use]
    pub fn file(&self) -> String {
        match self {
            Self::LoadModule { module } => format!("/etc/modules-load.d/bridle-{module}.conf"),
            Self::SetParameter { name, .. } => format!("/etc/sysctl.d/60-bridle-{name}.conf"),
        }
    }

    /// The content of that file.
    #[must_use]
    pub fn text(&self) -> String {
        match self {
            Self::LoadModule { module } => format!("# Made by Bridle.\n{module}\n"),
            Self::SetParameter { name, value } => format!("# Made by Bridle.\n{name} = {value}\n"),
        }
    }

    /// The same by hand.
    #[must_use]
    pub fn commands(&self) -> Vec<String> {
        match self {
            Self::LoadModule { module } => vec![format!("modprobe {module}")],
            Self::SetParameter { name, value } => vec![format!("sysctl -w {name}={value}")],
        }
    }

    /// Whether its names can only be what they say, in a path and in a command.
    fn is_sound(&self) -> bool {
        let (Self::LoadModule { module: name } | Self::SetParameter { name, .. }) = self;
        let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "_-.".contains(c);
        !name.is_empty()
            && name.len() <= 80
            && name.chars().all(plain)
            && !name.contains("..")
            && !name.starts_with('.')
    }
}

/// A cure that was applied, or was about to be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AppliedCure {
    /// When.
    pub time: Timestamp,
    /// Which.
    pub cure: Cure,
    /// How it was before: whether the module was loaded (0, 1), or the parameter's value.
    pub before: u64,
}

/// What the preflight changed (`/var/lib/bridle/preflight-cures.json`): written before each change, so that whoever
/// takes an installation back also takes these back, the last one first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CureRecord {
    /// Version of the format.
    pub format: u32,
    /// The changes in their order.
    pub cures: Vec<AppliedCure>,
}

impl Default for CureRecord {
    fn default() -> Self {
        Self { format: CURES_FORMAT, cures: Vec::new() }
    }
}

impl CureRecord {
    /// Reads a record.
    ///
    /// # Errors
    /// [`CureRecordError`] for anything that this program cannot have written.
    pub fn parse(text: &str) -> Result<Self, CureRecordError> {
        let record: Self = serde_json::from_str(text).map_err(CureRecordError::Json)?;
        if record.format != CURES_FORMAT {
            return Err(CureRecordError::Format { found: record.format });
        }
        if record.cures.len() > MOST || !record.cures.iter().all(|applied| applied.cure.is_sound()) {
            return Err(CureRecordError::Content);
        }
        Ok(record)
    }

    /// The text of the record.
    #[must_use]
    pub fn text(&self) -> String {
        serde_json::to_string_pretty(self).expect("a record holds only strings and numbers")
    }

    /// Adds a cure; the first state before it is what counts, so one that is applied again is not added again.
    pub fn add(&mut self, applied: AppliedCure) {
        if !self.cures.iter().any(|known| known.cure == applied.cure) {
            self.cures.push(applied);
        }
    }
}

/// Why a record is refused.
#[derive(Debug, thiserror::Error)]
pub enum CureRecordError {
    /// Not the JSON that the format asks for.
    #[error("read record of cures")]
    Json(#[source] serde_json::Error),
    /// Another format.
    #[error("read record of cures: format {found}, this program reads {CURES_FORMAT}")]
    Format {
        /// The format found.
        found: u32,
    },
    /// Too many, or names that no cure has.
    #[error("read record of cures: it holds what no cure does")]
    Content,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record() -> CureRecord {
        let mut record = CureRecord::default();
        let module = Cure::LoadModule { module: "br_netfilter".to_owned() };
        record.add(AppliedCure { time: Timestamp(1), cure: module.clone(), before: 0 });
        record.add(AppliedCure { time: Timestamp(2), cure: module, before: 1 });
        let parameter = Cure::SetParameter { name: "fs.inotify.max_user_instances".to_owned(), value: 512 };
        record.add(AppliedCure { time: Timestamp(3), cure: parameter, before: 128 });
        record
    }

    #[test]
    fn the_first_state_before_is_kept() {
        let record = record();
        assert_eq!(record.cures.iter().map(|applied| applied.before).collect::<Vec<_>>(), [0, 128]);
        assert_eq!(CureRecord::parse(&record.text()).expect("record"), record);
    }

    #[test]
    fn the_written_form_stays() {
        insta::assert_snapshot!(record().text());
    }

    #[test]
    fn refuses_what_it_cannot_have_written() {
        let good = record().text();
        for (from, to) in [
            ("\"format\": 1", "\"format\": 2"),
            ("br_netfilter", "../../etc/passwd"),
            ("br_netfilter", "a b; reboot"),
            ("br_netfilter", ""),
            ("\"before\": 0", "\"before\": -1"),
            ("load_module", "delete_everything"),
            ("\"time\": 1", "\"time\": 1, \"more\": 2"),
        ] {
            assert!(good.contains(from), "{from}");
            assert!(CureRecord::parse(&good.replace(from, to)).is_err(), "{from} -> {to}");
        }
        assert!(CureRecord::parse("").is_err() && CureRecord::parse("{}").is_err());
    }
}
