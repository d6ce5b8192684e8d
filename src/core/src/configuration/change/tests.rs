use super::*;

const OLD: &str =
    "format = 1\nname = \"x\"\nhost = \"h\"\n[values.web]\nreplicas = 2\npassword = \"old-one\"\nlist = [1]\n";

fn told(new: &str) -> Vec<(String, Option<String>, Option<String>)> {
    between(OLD, new).expect("TOML").into_iter().map(|one| (one.key.to_string(), one.old, one.new)).collect()
}

#[test]
fn only_what_differs_is_told_leaf_by_leaf() {
    assert_eq!(told(OLD), []);
    assert_eq!(told(&format!("# another comment\n{OLD}")), []);
    let new = OLD.replace("replicas = 2", "replicas = 3").replace("list = [1]\n", "[services.smtp]\nhost = \"m\"\n");
    let some = |text: &str| Some(text.to_owned());
    assert_eq!(
        told(&new),
        [
            ("services.smtp.host".to_owned(), None, some("\"m\"")),
            ("values.web.list".to_owned(), some("[1]"), None),
            ("values.web.replicas".to_owned(), some("2"), some("3")),
        ]
    );
}

#[test]
fn a_secret_is_told_to_differ_but_not_shown() {
    let changes = between(OLD, &OLD.replace("old-one", "new-one")).expect("TOML");
    assert_eq!(changes.len(), 1);
    let text = serde_json::to_string(&changes).expect("json");
    assert!(text.contains(HIDDEN) && !text.contains("-one"), "{text}");
    let table: toml::Value =
        toml::from_str::<toml::Table>("[in]\ntoken = \"t-1\"\nlist = [{ passphrase = \"t-2\" }]\n")
            .expect("TOML")
            .into();
    let text = shown(&Key::of(["values", "web"]), &table);
    assert!(!text.contains("t-1") && !text.contains("t-2"), "{text}");
}

#[test]
fn a_whole_text_is_shown_without_its_secrets() {
    let text = "# mine\n[values.web]\npassword = \"s-1\" # old\nlist = [{ token = \"s-2\" }, 3]\ntokens = 3\n\
                [[values.web.users]]\nname = \"a\"\npassphrase = \"s-3\"\n";
    let masked = masked(text).expect("TOML");
    assert!(!masked.contains("s-"), "{masked}");
    assert!(masked.contains("# mine") && masked.contains(" # old") && masked.contains("name = \"a\""), "{masked}");
    assert_eq!(masked.matches(HIDDEN).count(), 3);
    assert_eq!(
        super::masked(OLD.split("password").next().expect("text")).as_deref(),
        Ok("format = 1\nname = \"x\"\nhost = \"h\"\n[values.web]\nreplicas = 2\n")
    );
}

#[test]
fn charts_that_get_other_values_are_named() {
    let release = ReleaseManifest::parse(include_bytes!("../../../tests/fixtures/release-v1.json")).expect("sample");
    let chart = release.charts.last().expect("chart").name.clone();
    let old = Site::default();
    assert_eq!(touched(&release, &old, &old, "192.0.2.1"), []);
    let mut new = old.clone();
    let values = serde_json::Map::from_iter([("a".to_owned(), 1.into())]);
    new.values.insert(chart.clone(), values);
    let names: Vec<_> = touched(&release, &old, &new, "192.0.2.1").into_iter().map(|one| one.chart).collect();
    assert_eq!(names, [chart]);
    // What every chart is told touches every chart.
    new.host = "other.example".to_owned();
    assert_eq!(touched(&release, &old, &new, "192.0.2.1").len(), release.charts.len());
}

#[test]
fn ranges_are_fixed() {
    let old = Site::default();
    let mut new = old.clone();
    new.name = "other".to_owned();
    assert_eq!(fixed(&old, &new), []);
    new.kubernetes.service_cidr = Some("10.99.0.0/16".parse().expect("network"));
    assert_eq!(fixed(&old, &new), [Key::of(["kubernetes", "service_cidr"])]);
}
