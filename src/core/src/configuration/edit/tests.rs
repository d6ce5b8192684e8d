use proptest::prelude::*;

use super::*;

const TEXT: &str = r#"# The site of our university.
format = 1
name = "campus"   # typed to confirm
host = "campus.example"

# Settings of charts.
[values.enrolment]
# More than two for the first week of term.
replicas = 3 # was 2
resources = { requests = { cpu = "20m" }, limits = {} }
names = ["a", "b"] # in this order

[[calendar]]
name = "exams" # spring
kind = "critical"

[kubernetes]
allow_cgroup_v1 = false
"#;

fn key(text: &str) -> Key {
    text.parse().expect(text)
}

fn set_to(text: &str, name: &str, value: &str) -> String {
    set(text, &key(name), typed(value, None)).expect(name)
}

#[test]
fn a_value_is_replaced_where_it_stands() {
    for (name, value, before, after) in [
        ("values.enrolment.replicas", "5", "replicas = 3 # was 2", "replicas = 5 # was 2"),
        ("name", "new-campus", "name = \"campus\"   # typed", "name = \"new-campus\"   # typed"),
        ("values.enrolment.resources.requests.cpu", "\"1\"", "cpu = \"20m\"", "cpu = \"1\""),
        ("values.enrolment.resources.limits.memory", "\"1Gi\"", "limits = {}", "limits = { memory = \"1Gi\" }"),
        ("values.enrolment.names.1", "\"c\"", "[\"a\", \"b\"] # in", "[\"a\", \"c\"] # in"),
        ("values.enrolment.names", "[]", "[\"a\", \"b\"] # in", "[] # in"),
        ("calendar.0.name", "finals", "name = \"exams\" # spring", "name = \"finals\" # spring"),
        ("kubernetes.allow_cgroup_v1", "true", "allow_cgroup_v1 = false", "allow_cgroup_v1 = true"),
    ] {
        assert!(TEXT.contains(before), "{before}");
        assert_eq!(set_to(TEXT, name, value), TEXT.replace(before, after), "{name}");
    }
}

#[test]
fn new_keys_come_behind_the_old_ones_of_their_table() {
    let text = set_to(TEXT, "values.enrolment.drainSeconds", "9");
    assert!(text.contains("names = [\"a\", \"b\"] # in this order\ndrainSeconds = 9\n"), "{text}");
    let text = set_to(TEXT, "services.smtp.host", "mail.campus.example");
    assert!(text.contains("\n[services.smtp]\nhost = \"mail.campus.example\"\n"), "{text}");
    assert!(!text.contains("[services]\n"), "{text}");
    let text = set_to(TEXT, "values.web.a.b", "1");
    assert!(text.contains("\n[values.web.a]\nb = 1\n"), "{text}");
    let text = set_to(TEXT, "language", "fr");
    assert!(text.contains("host = \"campus.example\"\nlanguage = \"fr\"\n"), "{text}");
    assert_eq!(
        get(&set_to(TEXT, "values.enrolment.names.2", "c"), &key("values.enrolment.names.2")),
        Ok(Some("c".into()))
    );
}

#[test]
fn unset_takes_only_what_was_named() {
    let text = unset(TEXT, &key("values.enrolment.names")).expect("there");
    assert_eq!(text, TEXT.replace("names = [\"a\", \"b\"] # in this order\n", ""));
    for name in
        ["values.enrolment", "calendar.0", "values.enrolment.names.0", "values.enrolment.resources.requests.cpu"]
    {
        let text = unset(TEXT, &key(name)).expect(name);
        assert_ne!(text, TEXT);
        assert!(text.contains("# The site of our university.") && text.contains("[kubernetes]"), "{text}");
    }
    for name in ["absent", "values.absent.a", "values.enrolment.names.7", "calendar.4", "name.first"] {
        assert_eq!(unset(TEXT, &key(name)), Err(EditError::Absent(key(name))), "{name}");
    }
}

#[test]
fn what_cannot_be_done_is_refused() {
    let refused = |name: &str| set(TEXT, &key(name), Value::from(1)).expect_err(name);
    assert_eq!(refused("name.first"), EditError::NoTable(key("name")));
    assert_eq!(refused("values.enrolment"), EditError::IsTable(key("values.enrolment")));
    assert_eq!(refused("values.enrolment.names.9"), EditError::NoPlace(key("values.enrolment.names.9")));
    assert_eq!(refused("values.enrolment.names.x"), EditError::NoPlace(key("values.enrolment.names.x")));
    assert_eq!(refused("calendar.1.name"), EditError::NoPlace(key("calendar")));
    assert_eq!(refused("calendar.0"), EditError::NoPlace(key("calendar.0")));
    assert!(matches!(set("a = ", &key("a"), Value::from(1)), Err(EditError::Toml(_))));
    assert!(matches!(get("a = ", &key("a")), Err(EditError::Toml(_))));
}

#[test]
fn a_rename_keeps_value_and_comments() {
    let text = rename(TEXT, &key("values.enrolment.replicas"), &key("values.enrolment.copies")).expect("renamed");
    assert!(text.contains("# More than two for the first week of term.\ncopies = 3 # was 2\n"), "{text}");
    let text = rename(TEXT, &key("values.enrolment.replicas"), &key("values.enrolment.scale.copies")).expect("renamed");
    assert!(text.contains("copies = 3 # was 2\n") && !text.contains("replicas"), "{text}");
    assert_eq!(get(&text, &key("values.enrolment.scale.copies")), Ok(Some(3.into())));
    let text =
        rename(TEXT, &key("values.enrolment.resources.requests.cpu"), &key("values.enrolment.cpu")).expect("renamed");
    assert_eq!(get(&text, &key("values.enrolment.cpu")), Ok(Some("20m".into())));
    assert_eq!(get(&text, &key("values.enrolment.resources.requests")), Ok(None), "what is empty goes: {text}");
    let text = rename("[values.a.b]\nc = 1\n", &key("values.a.b.c"), &key("values.a.d")).expect("renamed");
    assert_eq!(get(&text, &key("values.a.b")), Ok(None), "{text}");
    let text =
        rename("[values.a.b]\nc = 1\nx = [{ y = 2 }]\n", &key("values.a.b"), &key("values.a.z")).expect("a table");
    assert_eq!(get(&text, &key("values.a.z.x.0.y")), Ok(Some(2.into())), "{text}");
}

#[test]
fn values_as_they_are_typed() {
    for (text, wanted, value) in [
        ("3", None, "3"),
        ("true", None, "true"),
        ("text with spaces", None, "\"text with spaces\""),
        ("[1, 2]", None, "[1, 2]"),
        ("3", Some("string"), "\"3\""),
        ("\"3\"", Some("string"), "\"3\""),
        ("1.35", Some("string"), "\"1.35\""),
        ("2026-08-25", Some("string"), "\"2026-08-25\""),
        ("3", Some("integer"), "3"),
        ("three", Some("integer"), "\"three\""),
        ("", None, "\"\""),
    ] {
        assert_eq!(typed(text, wanted).to_string().trim(), value, "{text:?} as {wanted:?}");
    }
}

fn values() -> impl Strategy<Value = toml::Value> {
    let leaf = prop_oneof![
        any::<i64>().prop_map(toml::Value::from),
        any::<bool>().prop_map(toml::Value::from),
        ".{0,12}".prop_map(toml::Value::from),
    ];
    leaf.prop_recursive(2, 8, 3, |inner| prop::collection::vec(inner, 0..3).prop_map(toml::Value::Array))
}

/// Keys that have a place in [`TEXT`], or can get one.
fn keys() -> impl Strategy<Value = Key> {
    let way = prop_oneof![
        Just(vec![]),
        Just(vec!["values", "enrolment"]),
        Just(vec!["values", "enrolment", "resources"]),
        Just(vec!["values", "enrolment", "resources", "limits"]),
        Just(vec!["values", "new chart"]),
        Just(vec!["kubernetes"]),
        Just(vec!["calendar", "0"]),
    ];
    (way, "[a-z]{9}|[é. \"]{1,4}").prop_map(|(way, last)| Key::of(way).below(last))
}

proptest! {
    #[test]
    fn what_was_set_is_got_and_nothing_else_changes(key in keys(), value in values()) {
        let literal: Value = value.to_string().parse().expect("a value of TOML");
        let text = set(TEXT, &key, literal).expect("can be set");
        prop_assert_eq!(get(&text, &key), Ok(Some(value)));
        for line in TEXT.lines().filter(|line| !line.contains("resources")) {
            prop_assert!(text.lines().any(|kept| kept == line), "lost: {}\n{}", line, text);
        }
        let back = unset(&text, &key).expect("there");
        let read = |text: &str| {
            let mut table = toml::from_str::<toml::Table>(text).expect("TOML");
            drop_empty(&mut table);
            table
        };
        prop_assert_eq!(read(&back), read(TEXT));
        for comment in ["# The site", "# typed", "# Settings", "# More than", "# was 2", "# in this", "# spring"] {
            prop_assert!(back.contains(comment), "lost {} in {}", comment, back);
        }
    }

    #[test]
    fn setting_twice_is_setting_once(key in keys(), one in values(), two in values()) {
        let literal = |value: &toml::Value| value.to_string().parse::<Value>().expect("a value of TOML");
        let once = set(TEXT, &key, literal(&two)).expect("can be set");
        let again = set(&set(TEXT, &key, literal(&one)).expect("can be set"), &key, literal(&two)).expect("again");
        prop_assert_eq!(get(&once, &key), get(&again, &key));
    }

    #[test]
    fn no_text_makes_it_panic(text in "[a-z.=\\[\\]{}\"#\n 0-9]{0,80}", key in keys()) {
        let _ = set(&text, &key, Value::from(1));
        let _ = unset(&text, &key);
        let _ = get(&text, &key);
        let _ = rename(&text, &key, &Key::of(["values", "x"]));
    }
}

/// A table that was made on the way and holds nothing any more says nothing.
fn drop_empty(table: &mut toml::Table) {
    for (_, value) in table.iter_mut() {
        if let toml::Value::Table(inner) = value {
            drop_empty(inner);
        }
    }
    table.retain(|_, value| !value.as_table().is_some_and(toml::Table::is_empty));
}
