use serde_json::json;

use super::*;
use crate::configuration::finding::blocks;
use crate::message::Language;

const HEAD: &str = "format = 1\nname = \"x\"\nhost = \"campus.example\"\n";

fn release() -> ReleaseManifest {
    ReleaseManifest::parse(include_bytes!("../../../tests/fixtures/release-v1.json")).expect("sample")
}

fn map(value: Value) -> Map<String, Value> {
    let Value::Object(map) = value else { panic!("{value} is no map") };
    map
}

fn facts(name: &str, violations: Vec<Violation>) -> ChartFacts {
    let schema = json!({
        "type": "object",
        "properties": {
            "replicas": { "type": "integer" },
            "resources": { "$ref": "#/$defs/resources" },
            "labels": { "type": "object", "additionalProperties": { "type": "string" } },
        },
        "$defs": { "resources": { "properties": { "cpu": {}, "memory": {} } } },
    });
    ChartFacts {
        name: name.to_owned(),
        defaults: map(
            json!({ "replicas": 2, "image": "i", "resources": { "cpu": "1" }, "free": {}, "drainSeconds": 5 }),
        ),
        schema: Some(schema),
        violations,
    }
}

fn violation(path: &[&str], wants: Wants) -> Violation {
    Violation { path: path.iter().map(|part| (*part).to_owned()).collect(), wants }
}

fn chart_of(release: &ReleaseManifest) -> String {
    release.charts.last().expect("a chart").name.clone()
}

#[test]
fn each_refusal_has_the_place_of_the_value_that_caused_it() {
    let release = release();
    let chart = chart_of(&release);
    let text = format!("{HEAD}[values.{chart}]\nreplicas = \"three\"\nlist = [1,\n  2]\nresources = {{ cpus = 1 }}\n");
    let found = findings(
        &Profile::of(text),
        &release,
        &[facts(
            &chart,
            vec![
                violation(&["replicas"], Wants::Type(vec!["integer".to_owned()])),
                violation(&["list", "1"], Wants::Most("1".to_owned())),
                violation(
                    &["resources"],
                    Wants::NoKeys {
                        found: vec!["cpus".to_owned()],
                        known: vec!["cpu".to_owned(), "memory".to_owned()],
                    },
                ),
                violation(&["resources"], Wants::Required("memory".to_owned())),
                violation(&["drainSeconds"], Wants::Least("10".to_owned())),
            ],
        )],
    );
    let places: Vec<_> = found
        .iter()
        .filter(|one| one.severity == Severity::Blocks)
        .map(|one| (one.key.as_ref().expect("key").last(), one.at.map(|at| (at.line, at.column)), one.origin))
        .collect();
    assert_eq!(
        places,
        [
            ("replicas", Some((5, 12)), Origin::Site),
            ("1", Some((7, 3)), Origin::Site),
            ("memory", Some((8, 1)), Origin::Site),
            ("cpus", Some((8, 15)), Origin::Site),
            ("drainSeconds", None, Origin::Chart),
        ]
    );
    let said = found.iter().map(|one| one.words(Language::En)).collect::<Vec<_>>().join("\n");
    assert!(said.contains("Did you mean “cpu”?") && said.contains("must be a whole number"), "{said}");
    assert!(said.contains("the chart's own default"), "{said}");
}

#[test]
fn a_value_of_the_release_is_said_to_be_the_releases() {
    let mut release = release();
    let chart = chart_of(&release);
    release.charts.last_mut().expect("chart").values = map(json!({ "replicas": "many" }));
    let wants = vec![violation(&["replicas"], Wants::Type(vec!["integer".to_owned()]))];
    let found = findings(&Profile::of(HEAD), &release, &[facts(&chart, wants)]);
    assert_eq!((found[0].origin, found[0].at), (Origin::Release, None));
}

#[test]
fn keys_that_nothing_reads_are_told_and_do_not_block() {
    let release = release();
    let chart = chart_of(&release);
    let text = format!(
        "{HEAD}[values.{chart}]\nreplica = 3\nimage = \"j\"\ncolour = 1\nglobal = {{ x = 1 }}\n\
         free = {{ any = 1 }}\nlabels = {{ mine = \"a\" }}\nresources = {{ memry = 1, memory = 2 }}\n\
         [values.{chart}x]\na = 1\n[values.nowhere-at-all]\na = 1\n"
    );
    let found = findings(&Profile::of(text), &release, &[facts(&chart, vec![])]);
    let told: Vec<_> = found
        .iter()
        .map(|one| (one.message.code.as_ref(), one.at.expect("place").line, one.message.args.contains_key("meant")))
        .collect();
    assert_eq!(
        told,
        [
            ("config-unread-meant", 5, true),
            ("config-unread", 7, false),
            ("config-unread-meant", 11, true),
            ("config-no-chart-meant", 12, true),
            ("config-no-chart", 14, false),
        ]
    );
    assert!(!blocks(&found));
}

#[test]
fn secrets_among_the_values_are_warned_of_and_their_values_never_said() {
    let release = release();
    let chart = chart_of(&release);
    let text =
        format!("{HEAD}[values.{chart}]\nfree = {{ adminPassword = \"tell-nobody\", existingSecret = \"name\" }}\n");
    let found = findings(&Profile::of(text), &release, &[facts(&chart, vec![])]);
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].message.code, "config-secret-value");
    assert!(!serde_json::to_string(&found).expect("json").contains("tell-nobody"));
}

#[test]
fn a_profile_that_cannot_be_read_is_told_alone_and_wholly() {
    let text = "format = 1\nname = \"X\"\nhost = \"a b\"\n[services]\ndns = [\"192.0.2.1\", \"ns1\"]\n";
    let found = findings(&Profile::of(text), &release(), &[]);
    assert_eq!(found.len(), 3, "{found:?}");
    assert!(blocks(&found) && found.iter().all(|one| one.at.is_some()));
    assert_eq!(found.iter().map(|one| one.at.expect("place").line).collect::<Vec<_>>(), [2, 3, 5]);
}

#[test]
fn findings_are_few_and_in_the_same_order_whatever_came_first() {
    let release = release();
    let chart = chart_of(&release);
    let many: Vec<_> = (0..300).map(|number| violation(&[&format!("k{number:03}")], Wants::Unique)).collect();
    let forward = findings(&Profile::of(HEAD), &release, &[facts(&chart, many.clone())]);
    let backward = findings(&Profile::of(HEAD), &release, &[facts(&chart, many.into_iter().rev().collect())]);
    assert_eq!((forward.len(), &forward), (50, &backward));
}

#[test]
fn a_schema_that_refers_to_itself_is_walked_to_an_end() {
    let schema = json!({ "$ref": "#/$defs/a", "$defs": { "a": { "allOf": [{ "$ref": "#/$defs/a" }, { "$ref": "#" }],
        "properties": { "tree": { "$ref": "#" } } } } });
    let shape = Shape { root: &schema, here: vec![&schema] };
    let Says::Known(below) = shape.says("tree") else { panic!("known") };
    assert!(matches!(below.says("tree"), Says::Known(_)));
    assert!(matches!(below.says("other"), Says::Foreign(_)));
}

#[test]
fn every_want_has_words() {
    let text = || "x".to_owned();
    for wants in [
        Wants::Type(vec!["string".into()]),
        Wants::Type(vec!["string".into(), "null".into()]),
        Wants::OneOf(vec![text()]),
        Wants::Required(text()),
        Wants::Least(text()),
        Wants::Above(text()),
        Wants::Most(text()),
        Wants::Below(text()),
        Wants::Longer(1),
        Wants::Shorter(1),
        Wants::Pattern(text()),
        Wants::Format(text()),
        Wants::Unique,
        Wants::Other(text()),
    ] {
        for language in Language::ALL {
            let message = wants.message();
            let said = message.render(language);
            assert!(said != message.code && !said.contains('{'), "{wants:?}: {said}");
        }
    }
}
