use bridle_core::configuration::Profile;
use bridle_core::configuration::check;
use bridle_core::configuration::finding::Origin;
use bridle_core::message::Language;
use bridle_core::release::ReleaseManifest;
use serde_json::json;

use super::*;
use crate::packed::tests::pack;

fn map(value: Value) -> Map<String, Value> {
    let Value::Object(map) = value else { panic!("{value} is no map") };
    map
}

fn chart(schema: &Value) -> ChartValues {
    let schema = schema.to_string();
    ChartValues::of(&pack(&[
        ("demo/Chart.yaml", b"name: demo"),
        ("demo/values.yaml", b"replicas: 2\nimage: a\nlimits: {}\nsub: { port: 81 }\n"),
        ("demo/values.schema.json", schema.as_bytes()),
        ("demo/charts/sub/values.yaml", b"port: 80\nname: sub\n"),
        (
            "demo/charts/sub/values.schema.json",
            br#"{"properties":{"port":{"maximum":100},"global":{"required":["site"]}}}"#,
        ),
        ("demo/templates/values.yaml", b"not: read"),
    ]))
    .expect("a chart")
}

fn wants(schema: Value, above: Value) -> Vec<(String, Wants)> {
    let mut above = map(above);
    above.insert("global".to_owned(), json!({ "site": {} }));
    let facts = chart(&schema).facts("demo", &above).expect("schemas");
    facts.violations.into_iter().map(|one| (one.path.join("."), one.wants)).collect()
}

fn texts(list: &[&str]) -> Vec<String> {
    list.iter().map(|text| (*text).to_owned()).collect()
}

#[test]
fn defaults_of_sub_charts_lie_below_those_of_the_chart() {
    let values = chart(&json!({}));
    let defaults = json!({ "replicas": 2, "image": "a", "limits": {}, "sub": { "port": 81, "name": "sub" } });
    assert_eq!(Value::Object(values.defaults), defaults);
}

#[test]
fn each_word_of_a_schema_becomes_what_it_wants() {
    let one = |schema: Value, value: Value| {
        let found = wants(json!({ "properties": { "x": schema } }), json!({ "x": value }));
        assert_eq!(found.len(), 1, "{found:?}");
        assert_eq!(found[0].0, "x");
        found[0].1.clone()
    };
    assert_eq!(one(json!({ "type": "integer" }), json!("3")), Wants::Type(texts(&["integer"])));
    assert_eq!(one(json!({ "enum": ["a", 1] }), json!("b")), Wants::OneOf(texts(&["\"a\"", "1"])));
    assert_eq!(one(json!({ "const": true }), json!(false)), Wants::OneOf(texts(&["true"])));
    assert_eq!(one(json!({ "minimum": 2 }), json!(1)), Wants::Least("2".to_owned()));
    assert_eq!(one(json!({ "exclusiveMaximum": 2 }), json!(2)), Wants::Below("2".to_owned()));
    assert_eq!(one(json!({ "minLength": 2 }), json!("a")), Wants::Longer(2));
    assert_eq!(one(json!({ "maxItems": 1 }), json!([1, 2])), Wants::Shorter(1));
    assert_eq!(one(json!({ "pattern": "^[a-z]+$" }), json!("A")), Wants::Pattern("^[a-z]+$".to_owned()));
    assert_eq!(one(json!({ "uniqueItems": true }), json!([1, 1])), Wants::Unique);
    assert_eq!(one(json!({ "multipleOf": 5 }), json!(7)), Wants::Other("multipleOf".to_owned()));
    // What Helm does not hold either.
    assert_eq!(wants(json!({ "properties": { "x": { "format": "ipv4" } } }), json!({ "x": "y" })), []);
}

#[test]
fn choices_tell_what_was_nearest() {
    let schema = json!({ "properties": { "x": { "oneOf": [
        { "type": "string" },
        { "type": "object", "properties": { "port": { "type": "integer" } } },
    ] } } });
    assert_eq!(
        wants(schema, json!({ "x": { "port": "a" } })),
        [("x.port".to_owned(), Wants::Type(texts(&["integer"])))]
    );
}

#[test]
fn unknown_keys_come_with_the_known_ones_also_behind_a_reference() {
    let schema = json!({
        "$defs": { "limits": { "type": "object", "additionalProperties": false, "properties": { "cpu": {}, "memory": {} } } },
        "properties": { "limits": { "$ref": "#/$defs/limits" } },
    });
    let found = wants(schema, json!({ "limits": { "cpus": 1 } }));
    let no_keys = Wants::NoKeys { found: texts(&["cpus"]), known: texts(&["cpu", "memory"]) };
    assert_eq!(found, [("limits".to_owned(), no_keys)]);
}

#[test]
fn a_null_takes_a_default_away_before_the_schema_is_asked() {
    let schema = json!({ "required": ["image"] });
    assert_eq!(wants(schema.clone(), json!({})), []);
    assert_eq!(wants(schema, json!({ "image": null })), [(String::new(), Wants::Required("image".to_owned()))]);
}

#[test]
fn sub_charts_are_asked_for_their_part_with_what_is_for_all() {
    let found = wants(json!({}), json!({ "sub": { "port": 101 } }));
    assert_eq!(found, [("sub.port".to_owned(), Wants::Most("100".to_owned()))]);
    let facts = chart(&json!({})).facts("demo", &map(json!({ "global": {} }))).expect("schemas");
    assert_eq!(facts.violations[0].path, ["sub", "global"]);
}

#[test]
fn nothing_is_fetched_and_no_schema_is_a_fault() {
    for schema in [
        json!({ "$ref": "https://example.org/x.json" }),
        json!({ "$ref": "file:///etc/hostname" }),
        json!({ "type": 3 }),
    ] {
        let error = chart(&schema).facts("demo", &Map::new()).expect_err("refused");
        assert_eq!(error.code, FaultCode::ChartFailed, "{schema}");
    }
    assert!(ChartValues::of(&pack(&[("demo/values.schema.json", b"{")])).is_err());
    assert!(ChartValues::of(&pack(&[("demo/values.yaml", b"a: [")])).is_err());
    assert!(
        ChartValues::of(&pack(&[])).expect("empty").facts("demo", &Map::new()).expect("nothing").violations.is_empty()
    );
}

#[test]
fn the_words_of_a_refusal_never_hold_the_value() {
    let schema = json!({ "properties": { "password": { "not": { "type": "string" } }, "token": { "contains": { "type": "integer" } } } });
    let found = wants(schema, json!({ "password": "tell-nobody", "token": ["tell-nobody"] }));
    assert_eq!(found.len(), 2);
    assert!(!format!("{found:?}").contains("tell-nobody"), "{found:?}");
}

/// The sample release's own schemas, a profile with slips in it, and what a person reads.
#[test]
fn slips_in_the_values_of_the_sample_release_in_both_languages() {
    let mut release =
        ReleaseManifest::parse(include_bytes!("../../../core/tests/fixtures/release-v1.json")).expect("sample");
    release.charts[0].name = "enrolment".to_owned();
    let read = |file: &[u8]| file.to_vec();
    let schema = read(include_bytes!("../../../../images/campus/charts/enrolment/values.schema.json"));
    let defaults = read(include_bytes!("../../../../images/campus/charts/enrolment/values.yaml"));
    let values =
        ChartValues::of(&pack(&[("enrolment/values.yaml", &defaults), ("enrolment/values.schema.json", &schema)]));
    let text = "format = 1\nname = \"x\"\nhost = \"campus.example\"\n\n[values.enrolment]\nreplica = 3\ndrainSeconds = \"long\"\n\
                database = { port = 0, hots = \"db\" }\n";
    let profile = Profile::of(text);
    let own = profile.site().expect("sound").values["enrolment"].clone();
    let facts = values.expect("chart").facts("enrolment", &own).expect("schema");
    let found = check::findings(&profile, &release, &[facts]);
    assert!(found.iter().all(|one| one.origin == Origin::Site && one.at.is_some()), "{found:?}");
    let said: Vec<String> = found.iter().flat_map(|one| Language::ALL.map(|language| one.words(language))).collect();
    let joined = said.join("\n");
    for part in [
        "Line 6, column 1: values.enrolment.replica is not known here. Did you mean “replicas”?",
        "Line 7, column 16: values.enrolment.drainSeconds must be a whole number",
        "Line 8, column 21: values.enrolment.database.port must be at least 1.",
        "Line 8, column 24: values.enrolment.database.hots is not known here. Did you mean “host”?",
        "Ligne 6, colonne 1\u{a0}:",
    ] {
        assert!(joined.contains(part), "no {part:?} in\n{joined}");
    }
}
