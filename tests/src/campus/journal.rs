//! Journals of operations as they lie on a host's disk, read from outside: also while the host is off, and whatever version
//! of the agent wrote them (docs/FORMATS.md; the schema is `bridle_core::event`).

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

/// Where they lie.
const FOLDER: &str = "var/lib/bridle/journal";

/// The journal of one operation, as far as it is on the disk.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Journal {
    records: Vec<Value>,
}

impl Journal {
    /// Of the newest operation of the host whose disk is at `root`; empty if there is none.
    #[must_use]
    pub fn newest(root: &Path) -> Self {
        Self::at(root, |_| true)
    }

    /// Of the newest operation of this kind (`upgrade`); empty if there is none.
    #[must_use]
    pub fn newest_of(root: &Path, kind: &str) -> Self {
        Self::at(root, |name| name.ends_with(&format!("-{kind}.journal")))
    }

    fn at(root: &Path, fits: impl Fn(&str) -> bool) -> Self {
        let files = fs::read_dir(root.join(FOLDER)).into_iter().flatten().flatten().map(|entry| entry.path());
        let is_journal = |path: &PathBuf| {
            let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
            name.ends_with(".journal") && fits(name)
        };
        // Their names begin with the time.
        let newest = files.filter(is_journal).max();
        Self::read(&newest.and_then(|path| fs::read_to_string(path).ok()).unwrap_or_default())
    }

    /// The whole records of a journal; a last line that is being written is none yet.
    #[must_use]
    pub fn read(text: &str) -> Self {
        let json = text.lines().filter_map(|line| line.split_once(' ').map(|(_, json)| json));
        Self { records: json.filter_map(|json| serde_json::from_str(json).ok()).collect() }
    }

    /// The records.
    #[must_use]
    pub fn records(&self) -> &[Value] {
        &self.records
    }

    /// Whether the operation has been approved.
    #[must_use]
    pub fn is_there(&self) -> bool {
        !self.records.is_empty()
    }

    fn plan(&self) -> &Value {
        self.records.first().map_or(&Value::Null, |record| &record["kind"]["plan"])
    }

    /// Kind of the operation.
    #[must_use]
    pub fn kind(&self) -> Option<&str> {
        self.plan()["kind"].as_str()
    }

    /// How many steps the approved plan has.
    #[must_use]
    pub fn steps(&self) -> u64 {
        self.plan()["steps"].as_array().map_or(0, |steps| steps.len() as u64)
    }

    /// The first step behind the commit.
    #[must_use]
    pub fn commit(&self) -> Option<u64> {
        self.plan()["commit"].as_u64()
    }

    /// What the steps do, in order: `switch_kubernetes`, `charts database, enrolment`.
    #[must_use]
    pub fn titles(&self) -> Vec<String> {
        titles(self.plan())
    }

    /// Whether a record of this type names this step, on its way forward or back.
    fn says(&self, kinds: &[&str], step: u64, undo: bool) -> bool {
        self.records.iter().map(|record| &record["kind"]).any(|kind| {
            let is = kind["type"].as_str().is_some_and(|found| kinds.contains(&found));
            is && kind["step"] == step && kind["undo"].as_bool().unwrap_or(false) == undo
        })
    }

    /// Whether this step has begun, or was found done.
    #[must_use]
    pub fn begun(&self, step: u64) -> bool {
        self.says(&["intent", "done"], step, false)
    }

    /// Whether this step has begun to go back, or was found taken back.
    #[must_use]
    pub fn taken_back(&self, step: u64) -> bool {
        self.says(&["intent", "done"], step, true)
    }

    /// The steps that have begun to go back, in the order in which they did.
    #[must_use]
    pub fn way_back(&self) -> Vec<u64> {
        let mut steps = Vec::new();
        for kind in self.records.iter().map(|record| &record["kind"]) {
            if let (Some("intent" | "done"), Some(true), Some(step)) =
                (kind["type"].as_str(), kind["undo"].as_bool(), kind["step"].as_u64())
                && !steps.contains(&step)
            {
                steps.push(step);
            }
        }
        steps
    }

    /// Whether a step behind the commit has begun: from there nothing goes back.
    #[must_use]
    pub fn is_past_commit(&self) -> bool {
        self.commit().is_some_and(|commit| (commit..=self.steps()).any(|step| self.begun(step)))
    }

    /// The state that the operation was last in.
    #[must_use]
    pub fn state(&self) -> Option<&str> {
        let states = self.records.iter().rev().filter(|record| record["kind"]["type"] == "state");
        states.filter_map(|record| record["kind"]["state"].as_str()).next()
    }

    /// The last failure of a step, as its stable code.
    #[must_use]
    pub fn fault(&self) -> Option<&str> {
        let failed = self.records.iter().rev().filter(|record| record["kind"]["type"] == "failed");
        failed.filter_map(|record| record["kind"]["fault"]["code"].as_str()).next()
    }

    /// Release before and after, as the plan has them.
    #[must_use]
    pub fn releases(&self) -> (Option<&str>, Option<&str>) {
        (self.plan()["from"].as_str(), self.plan()["to"].as_str())
    }

    /// Everything but the plan, a record a line, for a person who looks for the cause of a failure.
    #[must_use]
    pub fn told(&self) -> String {
        self.records.iter().skip(1).map(|record| format!("{} {}\n", record["time"], record["kind"])).collect()
    }
}

/// What the steps of a plan do, in order.
#[must_use]
pub fn titles(plan: &Value) -> Vec<String> {
    let steps = plan["steps"].as_array().into_iter().flatten();
    let inner = |step: &Value| step["step"].as_object().and_then(|step| step.values().next()).map(short);
    steps.map(|step| inner(step).unwrap_or_default()).collect()
}

fn short(step: &Value) -> String {
    let name = step.as_object().and_then(|step| step.keys().next()).map_or_else(|| step.to_string(), Clone::clone);
    let name = name.trim_matches('"').to_owned();
    let several = step[&name].as_array().or(step["charts"].as_array()).into_iter().flatten();
    let one = step["chart"]["name"].as_str().or(step["custom_resources"]["chart"].as_str());
    let charts: Vec<&str> = several.filter_map(|chart| chart["name"].as_str()).chain(one).collect();
    format!("{name} {}", charts.join(", ")).trim_end().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// An upgrade of three steps, the last one behind the commit; cut in the second, taken back.
    const RECORDED: &str = include_str!("journal/upgrade-taken-back.journal");

    fn upto(lines: usize) -> Journal {
        Journal::read(&RECORDED.lines().take(lines).map(|line| format!("{line}\n")).collect::<String>())
    }

    #[test]
    fn the_recorded_journal_is_one_that_the_product_reads() {
        let read = bridle_core::journal::decode(RECORDED.as_bytes()).unwrap();
        assert_eq!(read.events.len(), Journal::read(RECORDED).records().len());
        assert_eq!(read.sound, RECORDED.len() as u64);
    }

    #[test]
    fn it_tells_how_far_an_operation_is() {
        assert!(!upto(0).is_there() && upto(0).steps() == 0 && upto(0).state().is_none());
        let approved = upto(1);
        assert_eq!((approved.kind(), approved.steps(), approved.commit()), (Some("upgrade"), 3, Some(3)));
        assert_eq!(approved.releases(), (Some("campus-1.0.0"), Some("campus-1.1.0")));
        assert_eq!(approved.titles(), ["store_complete", "switch_agent", "settle_programs"]);
        assert!(!approved.begun(1));
        let whole = Journal::read(RECORDED);
        assert!(whole.begun(1) && whole.begun(2) && !whole.begun(3) && !whole.is_past_commit());
        assert!(whole.taken_back(2) && whole.taken_back(1));
        assert_eq!(whole.way_back(), [2, 1]);
        assert_eq!((whole.state(), whole.fault()), (Some("rolled_back"), Some("BR-1021")));
    }

    #[test]
    fn a_step_that_goes_back_is_not_taken_for_one_that_goes_forward() {
        // Up to the intent of taking the second step back.
        let lines = RECORDED.lines().position(|line| line.contains("\"undo\":true")).unwrap() + 1;
        let journal = upto(lines);
        assert!(journal.taken_back(2) && !journal.taken_back(1));
        assert_eq!(journal.state(), Some("rolling_back"));
    }

    #[test]
    fn a_step_behind_the_commit_is_past_it_and_a_torn_line_is_none() {
        let journal = upto(3);
        let step = r#"0 {"kind":{"type":"intent","step":3,"attempt":1,"undo":false}}"#;
        let text: String = RECORDED.lines().take(3).map(|line| format!("{line}\n")).collect();
        assert!(Journal::read(&format!("{text}{step}\n")).is_past_commit());
        assert_eq!(Journal::read(&format!("{text}{}", &step[..30])), journal);
    }

    #[test]
    fn the_newest_of_a_kind_is_found() {
        let root = tempfile::tempdir().unwrap();
        let folder = root.path().join(FOLDER);
        fs::create_dir_all(&folder).unwrap();
        fs::write(folder.join("20260101-000000-upgrade.journal"), RECORDED).unwrap();
        fs::write(folder.join("20260102-000000-backup.journal"), "").unwrap();
        fs::write(folder.join("20260103-000000-upgrade.partial"), "").unwrap();
        assert!(!Journal::newest(root.path()).is_there());
        assert_eq!(Journal::newest_of(root.path(), "upgrade").kind(), Some("upgrade"));
        assert!(!Journal::newest_of(root.path(), "rollback").is_there());
    }
}
