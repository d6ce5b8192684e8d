//! A release beside one that it may follow: what would be refused on every site is refused when it is built.

use bridle_core::plan::upgrade::{NoWay, way};
use bridle_core::release::{DataSource, Migration, ReleaseManifest};

use super::error::{AssembleError, chain};

/// What a publisher should know before `new` goes to sites that have `old`.
///
/// # Errors
/// [`AssembleError::Recipe`] where no site could go from one to the other: not the same platform, Kubernetes down or over a minor, another major version of PostgreSQL without a way for the data.
pub fn check(old: &ReleaseManifest, new: &ReleaseManifest) -> Result<Vec<String>, AssembleError> {
    let refuse = |reason: String| AssembleError::recipe(format!("{} after {}", new.id(), old.id()), reason);
    let mut told = Vec::new();
    match way(old, new, &[]) {
        Ok(()) | Err(NoWay::Same { .. }) => {}
        Err(NoWay::Older { found, known, .. }) => {
            told.push(format!("no site with {} takes {}: its sequence is {found}, theirs {known}", old.id(), new.id()))
        }
        Err(NoWay::Between { accepts, .. }) => told.push(format!(
            "{} may not be upgraded to {} in one step: upgrades_from has {accepts}",
            old.id(),
            new.id()
        )),
        Err(no_way) => return Err(refuse(chain(&no_way))),
    }
    for before in &old.data {
        match new.data.iter().find(|after| after.name == before.name) {
            Some(after) => told.extend(server(before, after).map_err(&refuse)?),
            None => told.push(format!(
                "data {} is in {} and no longer in {}: sites keep it, and save it no more",
                before.name,
                old.id(),
                new.id()
            )),
        }
    }
    let contracts = new.charts.iter().filter(|chart| chart.migration == Some(Migration::Contract));
    told.extend(contracts.map(|chart| {
        format!(
            "chart {} takes away what {} needs (migration = \"contract\"): going back restores the data of before; let one \
             release lie between the one that adds and the one that takes away",
            chart.name,
            old.id()
        )
    }));
    Ok(told)
}

/// What changes for the data of a PostgreSQL.
fn server(before: &DataSource, after: &DataSource) -> Result<Option<String>, String> {
    let (Some(old), Some(new)) = (&before.postgresql, &after.postgresql) else { return Ok(None) };
    if old.major != new.major && after.migrate.is_none() {
        return Err(format!(
            "data {} goes from PostgreSQL {} to {}, which does not read its files; say migrate = \"dump-restore\", or stay",
            after.name, old.major, new.major
        ));
    }
    // What is written out and read again is sorted anew anyway.
    Ok((old.collation != new.collation && after.migrate.is_none()).then(|| {
        format!(
            "data {} is sorted by collations {} instead of {}: its indexes on text are built again, which takes its time",
            after.name, new.collation, old.collation
        )
    }))
}

#[cfg(test)]
mod tests {
    use bridle_core::release::{Migrate, PostgresqlVersion};

    use super::*;

    /// The manifest of 1.1.0 that says everything, and one of 1.0.0 before it.
    fn pair() -> (ReleaseManifest, ReleaseManifest) {
        let bytes = include_bytes!("../../../src/core/tests/fixtures/release-v1-upgrade.json");
        let mut new = ReleaseManifest::parse(bytes).expect("fixture");
        new.data[0].migrate = None;
        let mut old = new.clone();
        old.version = "1.0.0".parse().expect("version");
        old.sequence = 1;
        (old, new)
    }

    fn refusal(change: impl Fn(&mut ReleaseManifest)) -> String {
        let (old, mut new) = pair();
        change(&mut new);
        check(&old, &new).expect_err("refused").to_string()
    }

    fn told(change: impl Fn(&mut ReleaseManifest)) -> String {
        let (old, mut new) = pair();
        change(&mut new);
        check(&old, &new).expect("allowed").join("\n")
    }

    fn server(release: &mut ReleaseManifest, major: u32, collation: &str) {
        release.data[0].postgresql = Some(PostgresqlVersion { major, collation: collation.to_owned() });
    }

    #[test]
    fn what_no_site_could_do_is_refused() {
        assert_eq!(told(|_| {}), "");
        assert_eq!(told(|new| new.version = "1.0.0".parse().expect("version")), "", "against itself");
        assert!(refusal(|new| new.name = "other".to_owned()).contains("other-1.1.0"));
        assert!(refusal(|new| new.kubernetes.version = "1.38.0".parse().expect("version")).contains("1.38.0"));
        assert!(refusal(|new| new.kubernetes.version = "1.35.9".parse().expect("version")).contains("1.35.9"));
        assert!(refusal(|new| server(new, 17, "2.36")).contains("from PostgreSQL 15 to 17"));
        assert!(refusal(|new| server(new, 13, "2.36")).contains("from PostgreSQL 15 to 13"));
        let moved = told(|new| {
            server(new, 17, "2.41");
            new.data[0].migrate = Some(Migrate::DumpRestore);
        });
        assert_eq!(moved, "");
    }

    #[test]
    fn what_takes_time_or_care_is_told() {
        assert!(told(|new| server(new, 15, "2.41")).contains("collations 2.41 instead of 2.36"));
        assert!(told(|new| new.sequence = 1).contains("its sequence is 1, theirs 1"));
        assert!(told(|new| new.data.clear()).contains("no longer in"));
        assert!(told(|new| new.charts[0].migration = Some(Migration::Contract)).contains("chart frontend takes away"));
        assert!(told(|new| new.upgrades_from = vec![">=1.0.5".parse().expect("rule")]).contains(">=1.0.5"));
    }
}
