use proptest::prelude::*;

use super::*;
use crate::message::Language;

const GOOD: &str = "format = 1\nname = \"x\"\nhost = \"campus.example\"\n";

fn refused(text: &str) -> SiteError {
    Site::parse(text).expect_err(text)
}

#[test]
fn default_survives_a_round_trip() {
    let mut site = Site::default();
    assert_eq!(Site::parse(&site.to_toml().expect("toml")).expect("parse"), site);
    site.kubernetes.cluster_cidr = Some("10.44.0.0/16".parse().expect("network"));
    assert_eq!(Site::parse(&site.to_toml().expect("toml")).expect("parse"), site);
}

#[test]
fn refuses_hostile_names() {
    for host in ["", "a b", "../x", "-x", "x\n", "X"] {
        let text = format!("format = 1\nname = \"x\"\nhost = {host:?}\n");
        assert!(matches!(refused(&text), SiteError::Value { field: "host", at: Some(Position { line: 3, .. }), .. }));
    }
    for (line, field) in [("address = \"fd00::1\"", "address"), ("language = \"de\"", "language")] {
        let error = refused(&format!("{GOOD}{line}\n"));
        assert!(matches!(error, SiteError::Value { field: found, at: Some(_), .. } if found == field), "{error:?}");
    }
}

#[test]
fn every_mistake_has_a_place_and_words() {
    let cases = [
        ("a typo at the top", format!("{GOOD}adress = \"192.0.2.1\"\n")),
        ("a typo in a table", format!("{GOOD}[kubernetes]\n  allow_cgroups_v1 = true\n")),
        ("a typo of a table", format!("{GOOD}[kubernets]\n")),
        ("nothing like it", format!("{GOOD}[kubernetes]\nturbo = true\n")),
        ("not TOML", "format = 1\nname = x\nhost = \"campus.example\"\n".to_owned()),
        ("not closed", "format = 1\nname = \"x\n".to_owned()),
        ("another type", "format = 1\nname = 7\nhost = \"campus.example\"\n".to_owned()),
        ("a flag", format!("{GOOD}[kubernetes]\nallow_cgroup_v1 = \"yes\"\n")),
        ("a table", format!("{GOOD}kubernetes = true\n")),
        ("values of a chart", format!("{GOOD}[values]\nfrontend = 3\n")),
        ("twice", format!("{GOOD}name = \"y\"\n")),
        ("a missing field", "format = 1\nname = \"x\"\n".to_owned()),
        ("no network", format!("{GOOD}[kubernetes]\ncluster_cidr = \"10.42.0.1/16\"\n")),
        ("a host name", "format = 1\nname = \"x\"\nhost = \"Campus Example\"\n".to_owned()),
        ("another format", GOOD.replace("format = 1", "format = 9")),
    ];
    let mut said = String::new();
    for (case, text) in cases {
        let message = refused(&text).detail().expect("words");
        said += &format!("{case}\n");
        for language in Language::ALL {
            said += &format!("  {}\n", message.render(language));
        }
    }
    insta::assert_snapshot!(said);
}

proptest! {
    #[test]
    fn no_text_makes_it_panic_and_no_unknown_key_is_taken(text in ".{0,200}", key in "[a-z_]{1,12}") {
        if let Err(error) = Site::parse(&text) {
            prop_assert!(error.detail().is_some());
        }
        let known = ["format", "name", "host", "address", "language", "values", "kubernetes"];
        prop_assume!(!known.contains(&key.as_str()));
        let error = Site::parse(&format!("{GOOD}{key} = 1\n")).expect_err("unknown key");
        let placed = matches!(error, SiteError::Key { at: Position { line: 4, column: 1 }, .. });
        prop_assert!(placed);
    }
}
