//! What must hold in a release manifest beyond its shape: names that can be file names and Kubernetes names, numbers
//! within limits, nothing named twice.

use std::collections::BTreeSet;
use std::net::IpAddr;

use super::{
    Chart, DataKind, DataSource, DatabaseLog, LARGEST_CLAIM, LONGEST_PATH, MOST_LAYERS, MOST_PARTS, MOST_REQUESTS,
    PodCommands, Probe, ReleaseError, ReleaseManifest, Rename, SOAK_LIMITS, Secret, SecretContent, Whole, is_reference,
};

/// Longest reason why data are not saved, and longest word of a command in a pod, in bytes.
const LONGEST_REASON: usize = 500;
const LONGEST_WORD: usize = 16 * 1024;

/// Checks a whole manifest.
///
/// # Errors
/// [`ReleaseError::Name`], [`ReleaseError::Twice`] or [`ReleaseError::Limit`].
pub(super) fn all(release: &ReleaseManifest) -> Result<(), ReleaseError> {
    name(&release.name, "release", 40)?;
    plain(&release.architecture, "architecture", 20)?;
    counts(release)?;
    kubernetes(release)?;
    for namespace in &release.namespaces {
        name(&namespace.name, "namespace", 63)?;
    }
    release.secrets.iter().try_for_each(secret)?;
    release.charts.iter().try_for_each(chart)?;
    release.probes.iter().try_for_each(probe)?;
    for program in release.programs.keys() {
        name(program, "program", 40)?;
    }
    for (reference, image) in &release.images {
        fits(is_reference(reference), "image", reference)?;
        within("size of an image", image.compressed, 0, LARGEST_CLAIM)?;
        within("unpacked size of an image", image.unpacked, 0, LARGEST_CLAIM)?;
    }
    release.data.iter().try_for_each(data)?;
    within("soak", u64::from(release.soak_seconds), u64::from(SOAK_LIMITS.0), u64::from(SOAK_LIMITS.1))?;
    once("namespaces", release.namespaces.iter().map(|namespace| namespace.name.clone()))?;
    once("secrets", release.secrets.iter().map(|secret| format!("{}/{}", secret.namespace, secret.name)))?;
    once("charts", release.charts.iter().map(|chart| format!("{}/{}", chart.namespace, chart.name)))?;
    once("data", release.data.iter().map(|data| data.name.clone()))?;
    once("probes", release.probes.iter().map(|probe| probe.name.clone()))
}

fn counts(release: &ReleaseManifest) -> Result<(), ReleaseError> {
    let most = |what, found: usize, most: usize| within(what, found as u64, 0, most as u64);
    most("number of programs and charts", release.programs.len() + release.charts.len(), MOST_LAYERS)?;
    most("number of namespaces", release.namespaces.len(), MOST_PARTS)?;
    most("number of secrets", release.secrets.len(), MOST_PARTS)?;
    most("number of data sources", release.data.len(), MOST_PARTS)?;
    most("number of probes", release.probes.len(), MOST_PARTS)?;
    most("number of checks", release.checks.len(), MOST_PARTS)?;
    most("number of upgrade rules", release.upgrades_from.len(), MOST_PARTS)?;
    most("number of notes", release.notes.len(), MOST_PARTS)
}

fn kubernetes(release: &ReleaseManifest) -> Result<(), ReleaseError> {
    let kubernetes = &release.kubernetes;
    for range in [&kubernetes.cluster_cidr, &kubernetes.service_cidr] {
        fits(is_range(range), "address range", range)?;
    }
    fits(release.images.contains_key(&kubernetes.pause), "pause image", &kubernetes.pause)
}

fn secret(secret: &Secret) -> Result<(), ReleaseError> {
    name(&secret.name, "secret", 63)?;
    name(&secret.namespace, "namespace", 63)?;
    let SecretContent::Random { keys, fixed } = &secret.content else { return Ok(()) };
    within("number of keys of a secret", (keys.len() + fixed.len()) as u64, 0, MOST_PARTS as u64)?;
    for key in keys.keys().chain(fixed.keys()) {
        plain(key, "secret key", 253)?;
    }
    keys.values().try_for_each(|bytes| within("bytes of a random secret", u64::from(*bytes), 16, 64))
}

fn chart(chart: &Chart) -> Result<(), ReleaseError> {
    name(&chart.name, "chart", 53)?; // Helm's limit for a release name
    name(&chart.namespace, "namespace", 63)?;
    plain(&chart.version, "chart version", 128)?;
    within("deadline of a chart", u64::from(chart.timeout_seconds), 1, 24 * 3600)?;
    chart.images.iter().try_for_each(|image| fits(is_reference(image), "image", image))?;
    within("number of renamed values", chart.renames.len() as u64, 0, MOST_PARTS as u64)?;
    chart.renames.iter().try_for_each(rename)?;
    once("renamed values", chart.renames.iter().map(|rename| rename.from.clone()))
}

fn rename(rename: &Rename) -> Result<(), ReleaseError> {
    for path in [&rename.from, &rename.to] {
        fits(is_path(path), "value", path)?;
    }
    fits(rename.from != rename.to, "new value", &rename.to)
}

fn log(log: &DatabaseLog) -> Result<(), ReleaseError> {
    name(&log.claim, "claim", 63)?;
    name(&log.data, "folder of a database", 63)?;
    name(&log.spool, "folder of a log", 63)?;
    fits(log.data != log.spool, "folder of a log", &log.spool)
}

fn data(data: &DataSource) -> Result<(), ReleaseError> {
    name(&data.name, "data", 63)?;
    name(&data.namespace, "namespace", 63)?;
    let of_postgresql = data.postgresql.is_some() || data.migrate.is_some();
    fits(data.kind == DataKind::Postgresql || !of_postgresql, "PostgreSQL source", &data.name)?;
    fits(data.kind == DataKind::Volume || data.whole == Whole::default(), "volume source", &data.name)?;
    fits((data.kind == DataKind::Command) == data.command.is_some(), "command source", &data.name)?;
    fits((data.kind == DataKind::None) != data.reason.is_empty(), "reason of a data source", &data.name)?;
    let fit = data.reason.len() <= LONGEST_REASON && !data.reason.chars().any(char::is_control);
    fits(fit, "reason of a data source", &data.reason)?;
    data.command.iter().try_for_each(commands)?;
    fits(data.kind == DataKind::Postgresql || data.log.is_none(), "log of a data source", &data.name)?;
    data.log.iter().try_for_each(log)?;
    let Some(server) = &data.postgresql else { return Ok(()) };
    // 10 was the first whose major version is one number.
    within("major version of PostgreSQL", u64::from(server.major), 10, 999)?;
    plain(&server.collation, "collation version", 40)
}

/// They reach the container as words, never as part of a script.
fn commands(commands: &PodCommands) -> Result<(), ReleaseError> {
    if !commands.container.is_empty() {
        name(&commands.container, "container", 63)?;
    }
    for words in [&commands.dump, &commands.restore] {
        within("number of words of a command", words.len() as u64, 1, MOST_REQUESTS as u64)?;
        for word in words {
            fits(word.len() <= LONGEST_WORD && !word.contains('\0'), "word of a command", word)?;
        }
        fits(!words[0].is_empty() && !words[0].starts_with('-'), "command", &words[0])?;
    }
    Ok(())
}

fn probe(probe: &Probe) -> Result<(), ReleaseError> {
    name(&probe.name, "probe", 63)?;
    within("deadline of a probe", u64::from(probe.timeout_seconds), 1, 120)?;
    within("number of requests of a probe", probe.requests.len() as u64, 1, MOST_REQUESTS as u64)?;
    for request in &probe.requests {
        let known = ["GET", "POST", "PUT", "DELETE", "HEAD"].contains(&request.method.as_str());
        fits(known, "method", &request.method)?;
        let path = request.path.starts_with('/') && request.path.bytes().all(|byte| byte.is_ascii_graphic());
        fits(path, "path", &request.path)?;
        within("status of a probe", u64::from(request.expect_status), 100, 599)?;
    }
    Ok(())
}

/// A name that is a file name, a Kubernetes name and harmless in a command line.
fn name(text: &str, what: &'static str, longest: usize) -> Result<(), ReleaseError> {
    let allowed = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    let fit = !text.is_empty() && text.len() <= longest && text.bytes().all(allowed) && !text.starts_with('-');
    fits(fit, what, text)
}

/// A word in printable ASCII that is harmless in a command line and on a terminal.
fn plain(text: &str, what: &'static str, longest: usize) -> Result<(), ReleaseError> {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.+".contains(&byte);
    let fit = !text.is_empty() && text.len() <= longest && text.bytes().all(allowed) && !text.starts_with('-');
    fits(fit, what, text)
}

/// A dotted path of a value: keys as charts name theirs.
fn is_path(text: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"-_".contains(&byte);
    let is_key = |key: &str| !key.is_empty() && key.bytes().all(allowed);
    text.len() <= LONGEST_PATH && text.split('.').all(is_key)
}

/// `address/bits`.
fn is_range(text: &str) -> bool {
    let Some((address, bits)) = text.split_once('/') else { return false };
    let most = match address.parse() {
        Ok(IpAddr::V4(_)) => 32,
        Ok(IpAddr::V6(_)) => 128,
        Err(_) => return false,
    };
    bits.len() <= 3 && bits.bytes().all(|byte| byte.is_ascii_digit()) && bits.parse().is_ok_and(|bits: u8| bits <= most)
}

fn fits(fit: bool, what: &'static str, found: &str) -> Result<(), ReleaseError> {
    if fit { Ok(()) } else { Err(ReleaseError::Name { what, found: found.chars().take(80).collect() }) }
}

fn within(what: &'static str, found: u64, least: u64, most: u64) -> Result<(), ReleaseError> {
    if (least..=most).contains(&found) { Ok(()) } else { Err(ReleaseError::Limit { what, found, least, most }) }
}

fn once(what: &'static str, names: impl Iterator<Item = String>) -> Result<(), ReleaseError> {
    let mut seen = BTreeSet::new();
    for name in names {
        if !seen.insert(name.clone()) {
            return Err(ReleaseError::Twice { what, found: name });
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn changed(change: impl Fn(&mut Value)) -> Result<ReleaseManifest, ReleaseError> {
        let mut value: Value =
            serde_json::from_slice(include_bytes!("../../tests/fixtures/release-v1.json")).expect("fixture");
        change(&mut value);
        ReleaseManifest::parse(value.to_string().as_bytes())
    }

    #[test]
    fn names_that_climb_or_speak_to_a_terminal_are_refused() {
        changed(|_| {}).expect("the fixture is sound");
        for text in ["", "../x", "a/b", "-x", "A", "a b", "a\u{0}", "a\u{1b}[2J", "é", &"a".repeat(64)] {
            let refused = |change: &dyn Fn(&mut Value)| {
                assert!(matches!(changed(change), Err(ReleaseError::Name { .. })), "{text:?}");
            };
            refused(&|value| value["name"] = text.into());
            refused(&|value| value["charts"][0]["name"] = text.into());
            refused(&|value| value["charts"][0]["namespace"] = text.into());
            refused(&|value| value["namespaces"][0]["name"] = text.into());
            refused(&|value| value["programs"][text] = value["programs"]["k3s"].clone());
        }
        for text in ["", "-x", "amd64\u{1b}", "a/b", "a\nb"] {
            assert!(matches!(changed(|value| value["architecture"] = text.into()), Err(ReleaseError::Name { .. })));
            let version = changed(|value| value["charts"][0]["version"] = text.into());
            assert!(matches!(version, Err(ReleaseError::Name { .. })), "{text:?}");
        }
        let image = changed(|value| value["images"]["x:1"] = value["images"]["bridle.internal/pause:3.10"].clone());
        assert!(matches!(image, Err(ReleaseError::Name { what: "image", .. })));
    }

    #[test]
    fn claims_and_counts_have_limits() {
        let limit = |change: &dyn Fn(&mut Value), what: &str| match changed(change) {
            Err(ReleaseError::Limit { what: found, .. }) => assert_eq!(found, what),
            other => panic!("{what}: {other:?}"),
        };
        for field in ["compressed", "unpacked"] {
            let what = if field == "compressed" { "size of an image" } else { "unpacked size of an image" };
            limit(&|value| value["images"]["bridle.internal/pause:3.10"][field] = u64::MAX.into(), what);
        }
        limit(&|value| value["charts"][0]["timeout_seconds"] = 0.into(), "deadline of a chart");
        limit(
            &|value| value["checks"] = vec![json!({ "kind": "cpus", "minimum": 1 }); MOST_PARTS + 1].into(),
            "number of checks",
        );
        limit(
            &|value| value["charts"] = vec![value["charts"][0].clone(); MOST_LAYERS].into(),
            "number of programs and charts",
        );
    }

    #[test]
    fn nothing_is_named_twice() {
        let twice = changed(|value| {
            let chart = value["charts"][0].clone();
            value["charts"].as_array_mut().expect("charts").push(chart);
        });
        assert!(matches!(twice, Err(ReleaseError::Twice { what: "charts", .. })));
    }

    #[test]
    fn what_is_said_about_an_upgrade_has_limits() {
        let limit = |change: &dyn Fn(&mut Value)| assert!(matches!(changed(change), Err(ReleaseError::Limit { .. })));
        let named = |change: &dyn Fn(&mut Value)| assert!(matches!(changed(change), Err(ReleaseError::Name { .. })));
        for seconds in [0, 9, 86_401] {
            limit(&|value| value["soak_seconds"] = seconds.into());
        }
        for (from, to) in [("", "a"), ("a..b", "c"), ("a", "b."), ("a", "a"), ("a/b", "c"), ("a", "b\u{1b}")] {
            named(&|value| value["charts"][0]["renames"] = json!([{ "from": from, "to": to }]));
        }
        let twice = json!([{ "from": "a", "to": "b" }, { "from": "a", "to": "c" }]);
        let twice = changed(|value| value["charts"][0]["renames"] = twice.clone());
        assert!(matches!(twice, Err(ReleaseError::Twice { .. })));
        for major in [0, 9, 1000] {
            limit(&|value| value["data"][0]["postgresql"] = json!({ "major": major, "collation": "2.36" }));
        }
        named(&|value| value["data"][0]["postgresql"] = json!({ "major": 15, "collation": "" }));
        for (key, said) in
            [("postgresql", json!({ "major": 15, "collation": "2.36" })), ("migrate", "dump-restore".into())]
        {
            named(&|value| {
                value["data"][0]["kind"] = "volume".into();
                value["data"][0][key] = said.clone();
            });
        }
    }

    #[test]
    fn a_data_source_says_what_its_kind_needs_and_nothing_else() {
        let source = |change: &dyn Fn(&mut Value)| {
            changed(|value| {
                let data = &mut value["data"][0];
                *data = json!({ "name": "a", "kind": "command", "namespace": "n", "workload": "Deployment/a",
                    "command": { "dump": ["dump", ""], "restore": ["restore", "-x"] } });
                change(data);
            })
        };
        assert_eq!(source(&|_| ()).expect("sound").data[0].whole, Whole::Moment);
        let volume = source(&|data| {
            data["kind"] = "volume".into();
            data["whole"] = "file".into();
            data.as_object_mut().expect("data").remove("command");
        });
        assert_eq!(volume.expect("sound").data[0].whole, Whole::File);
        let wrong: [&dyn Fn(&mut Value); 10] = [
            &|data| data["kind"] = "volume".into(),
            &|data| data["whole"] = "file".into(),
            &|data| drop(data.as_object_mut().expect("data").remove("command")),
            &|data| data["command"]["dump"] = json!([]),
            &|data| data["command"]["restore"] = json!(["--x"]),
            &|data| data["command"]["restore"] = json!(["a", "b\0"]),
            &|data| data["command"]["container"] = "A".into(),
            &|data| data["reason"] = "it is saved".into(),
            &|data| data["log"] = json!({ "claim": "c", "data": "d", "spool": "s" }),
            &|data| *data = json!({ "name": "a", "kind": "none", "namespace": "n", "workload": "Deployment/a" }),
        ];
        for (number, change) in wrong.into_iter().enumerate() {
            assert!(source(change).is_err(), "{number}");
        }
    }

    #[test]
    fn the_log_of_a_server_is_two_plain_folders_of_one_volume() {
        let source = |log: Value| {
            changed(|value| {
                value["data"][0] = json!({ "name": "a", "kind": "postgresql", "namespace": "n", "workload": "StatefulSet/a",
                    "log": log });
            })
        };
        let log = |claim: &str, data: &str, spool: &str| json!({ "claim": claim, "data": data, "spool": spool });
        assert!(source(log("data-a-0", "pgdata", "spool")).is_ok());
        for (claim, data, spool) in [
            ("", "pgdata", "spool"),
            ("../x", "pgdata", "spool"),
            ("data", "a/b", "spool"),
            ("data", "pgdata", ".."),
            ("data", "pgdata", "pgdata"),
        ] {
            assert!(source(log(claim, data, spool)).is_err(), "{claim} {data} {spool}");
        }
        assert!(source(json!({ "claim": "data", "data": "pgdata", "spool": "spool", "more": 1 })).is_err());
    }

    #[test]
    fn to_a_manifest_that_says_nothing_about_upgrades_nothing_is_added() {
        let bytes = include_bytes!("../../tests/fixtures/release-v1.json");
        let mut before: Value = serde_json::from_slice(bytes).expect("fixture");
        before["probes"][0]["requests"][0]["cleanup"] = false.into();
        let release = ReleaseManifest::parse(bytes).expect("sound");
        assert_eq!(release.soak_seconds, super::super::SOAK_SECONDS);
        assert_eq!(serde_json::to_value(&release).expect("json"), before);
    }

    #[test]
    fn a_manifest_that_says_everything_reads_and_writes_the_same() {
        let bytes = include_bytes!("../../tests/fixtures/release-v1-upgrade.json");
        let before: Value = serde_json::from_slice(bytes).expect("fixture");
        let release = ReleaseManifest::parse(bytes).expect("sound");
        assert_eq!(release.soak_seconds, 20);
        assert!(release.charts.iter().any(|chart| chart.interrupts && chart.migration.is_some()));
        assert_eq!(serde_json::to_value(&release).expect("json"), before);
    }

    #[test]
    fn address_ranges() {
        for good in ["10.42.0.0/16", "fd00::/108", "0.0.0.0/0"] {
            assert!(is_range(good), "{good}");
        }
        for bad in ["", "10.42.0.0", "10.42.0.0/33", "10.42.0.0/+8", "x/8", "10.42.0.0/16\n"] {
            assert!(!is_range(bad), "{bad}");
        }
    }
}
