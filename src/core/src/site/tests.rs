use proptest::prelude::*;

use super::*;
use crate::message::Language;

const GOOD: &str = "format = 1\nname = \"x\"\nhost = \"campus.example\"\n";

const ENTRY: &str = "[[calendar]]\nkind = \"critical\"\nname = \"exams\"\n";

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
fn a_whole_site_sheet_and_calendar_survive_a_round_trip() {
    let text = format!(
        "{GOOD}{}",
        r#"
[services]
dns = ["192.0.2.53", "2001:db8::53"]
ntp = ["time.campus.example", "192.0.2.123"]
ca = "/etc/ssl/certs/campus.pem"
[services.smtp]
host = "mail.campus.example"
security = "starttls"
from = "platform@campus.example"
user = "platform"
[services.proxy]
url = "http://proxy.campus.example:3128"
exceptions = [".campus.example", "192.0.2.0/24", "*.internal"]
[services.syslog]
host = "log.campus.example"
[[calendar]]
kind = "critical"
name = "Exams: spring"
from = 2027-05-10
to = 2027-05-28T18:00:00
zone = "Europe/Paris"
[[calendar]]
kind = "maintenance"
name = "Sunday night"
days = ["sun"]
from = 22:00:00
to = "04:00"
zone = "Europe/Paris"
"#
    );
    let site = Site::parse(&text).expect("sound");
    assert_eq!(Site::parse(&site.to_toml().expect("toml")).expect("parse"), site);
    assert_eq!((site.calendar[0].from.as_str(), site.calendar[1].from.as_str()), ("2027-05-10", "22:00:00"));
    assert_eq!(site.services.smtp.as_ref().map(services::Smtp::port), Some(587));
    let values = site.services.values();
    assert!(values.get("secret").is_none(), "no password is kept, so there is no Secret");
    let mut kept = site.services.clone();
    kept.sealed = [("smtp-password".to_owned(), 4), ("proxy-password".to_owned(), 5)].into();
    let values_kept = kept.values();
    assert_eq!(
        (&values_kept["secret"], &values_kept["secret_version"]),
        (&services::SECRET.into(), &"smtp-password-4".into())
    );
    assert_eq!(Site { services: kept, ..site.clone() }.to_toml().ok(), site.to_toml().ok(), "never part of a profile");
    assert_eq!(values["syslog"]["port"], 514);
    assert!(values.get("ca").is_none(), "a path means nothing to a chart");
}

#[test]
fn everything_is_told_at_once() {
    let text = "format = 1\nname = \"x\"\nhots = \"h\"\n[kubernetes]\nturbo = 1\n[services]\ndns = 3\n";
    let errors = Site::read(text).expect_err("wrong");
    assert_eq!(errors.len(), 4, "{errors:?}");
    let many: String = (0..200).map(|number| format!("k{number} = 1\n")).collect();
    assert_eq!(Site::read(&format!("{GOOD}{many}")).expect_err("wrong").len(), MOST_MISTAKES);
}

#[test]
fn hosts_and_what_is_none() {
    for good in ["a", "mail.campus.example", "192.0.2.1", "2001:db8::1", "X-1.example"] {
        assert!(services::is_host(good), "{good}");
    }
    for bad in ["", ".", "a..b", "-a", "a-", "a b", "192.0.2", "192.0.2.256", "a_b", "a/b", "a:1", &"a".repeat(64)] {
        assert!(!services::is_host(bad), "{bad}");
    }
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
        ("a relay without sender", format!("{GOOD}[services.smtp]\nhost = \"mail.campus.example\"\n")),
        ("a word", format!("{GOOD}[services.syslog]\nhost = \"log\"\nprotocol = \"tls\"\n")),
        ("a list", format!("{GOOD}[services]\nntp = \"time.campus.example\"\n")),
        ("a name for an address", format!("{GOOD}[services]\ndns = [\"192.0.2.1\", \"ns\"]\n")),
        ("a password in an address", format!("{GOOD}[services.proxy]\nurl = \"http://me:you@proxy:3128\"\n")),
        ("a private key", format!("{GOOD}[services]\nca = \"-----BEGIN PRIVATE KEY-----\"\n")),
        ("a zone", format!("{GOOD}{ENTRY}zone = \"Paris\"\nfrom = 2026-08-25\nto = 2026-08-26\n")),
        ("an end before its beginning", format!("{GOOD}{ENTRY}zone = \"UTC\"\nfrom = 2026-08-25\nto = 2026-08-24\n")),
        ("a time for a date", format!("{GOOD}{ENTRY}zone = \"UTC\"\nfrom = \"22:00\"\nto = \"04:00\"\n")),
        ("a day", format!("{GOOD}{ENTRY}zone = \"UTC\"\ndays = [\"mo\"]\nfrom = \"22:00\"\nto = \"04:00\"\n")),
        ("a table for a list", format!("{GOOD}[calendar]\nname = \"x\"\n")),
        ("too much", format!("{GOOD}# {}\n", "x".repeat(super::LARGEST))),
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
        let known = ["format", "name", "host", "address", "language", "values", "kubernetes", "services", "calendar"];
        prop_assume!(!known.contains(&key.as_str()));
        let error = Site::parse(&format!("{GOOD}{key} = 1\n")).expect_err("unknown key");
        let placed = matches!(error, SiteError::Key { at: Position { line: 4, column: 1 }, .. });
        prop_assert!(placed);
    }
}
