//! Charts of a release: where they come from, and what is refused because a site could not run it.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use crate::kit::image::{archive, gzip};
use crate::kit::{Bench, Image, PASSWORD, RELEASE, Stock};
use serde_json::json;

const CHART: &str = "apiVersion: v2\nname: web\nversion: 1.2.0\n";
const VALUES: &str = "replicas: 1\nimage: bridle.internal/pages:1\nextra: false\n";
const SCHEMA: &str =
    r#"{"type":"object","properties":{"replicas":{"type":"integer","minimum":1},"image":{"type":"string"}}}"#;
const TEMPLATE: &str = r#"apiVersion: apps/v1
kind: StatefulSet
metadata: {name: web}
spec:
  replicas: {{ .Values.replicas }}
  template:
    spec:
      initContainers: [{name: first, image: {{ .Values.image }}}]
      containers: [{name: web, image: {{ .Values.image }}}]
{{- if .Values.extra }}
---
apiVersion: batch/v1
kind: CronJob
metadata: {name: nightly}
spec: {jobTemplate: {spec: {template: {spec: {containers: [{name: x, image: "docker.io/library/nightly:3"}]}}}}}
{{- end }}
"#;

/// The release's helm: built once into the user's cache, as the gate builds it for the sample release.
fn helm() -> &'static Path {
    static HELM: OnceLock<PathBuf> = OnceLock::new();
    HELM.get_or_init(|| {
        let recipe = Path::new(env!("CARGO_MANIFEST_DIR")).join("../images/helm").canonicalize().expect("recipe");
        let bench = Bench::new();
        let program =
            format!("[[program]]\nname = \"helm\"\nsource = {{ recipe = \"{}\" }}\n[licences]", recipe.display());
        bench.write("release.toml", RELEASE.replace("[licences]", &program));
        let mut command = Command::new(env!("CARGO_BIN_EXE_bridle-bundle"));
        let output = command.args(["lock", "."]).current_dir(bench.path(".")).output().expect("run");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let lock: toml::Table = toml::from_str(&bench.read("bundle.lock")).expect("lock");
        let programs = lock["program"].as_array().expect("programs");
        let helm = programs.iter().find(|program| program["name"].as_str() == Some("helm")).expect("helm");
        let hex = helm["digest"].as_str().expect("digest").trim_start_matches("sha256:").to_owned();
        user_cache().join("blob").join(hex)
    })
}

/// Where the program keeps its cache without `BRIDLE_CACHE`.
fn user_cache() -> PathBuf {
    let set = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    set("BRIDLE_CACHE").unwrap_or_else(|| {
        set("XDG_CACHE_HOME").unwrap_or_else(|| set("HOME").expect("home").join(".cache")).join("bridle")
    })
}

/// A bench whose release has the chart `web`, with further lines in its source.
fn bench(path: &str, more: &str) -> Bench {
    let bench = Bench::new();
    let parts = format!(
        "[[program]]\nname = \"helm\"\nsource = {{ path = \"{}\" }}\n[[chart]]\nname = \"web\"\nnamespace = \"default\"\n\
         stage = \"application\"\norder = 1\npath = \"{path}\"\n{more}\n[licences]",
        helm().display()
    );
    bench.write("release.toml", RELEASE.replace("[licences]", &parts));
    for (name, text) in [
        ("Chart.yaml", CHART),
        ("values.yaml", VALUES),
        ("values.schema.json", SCHEMA),
        ("templates/web.yaml", TEMPLATE),
    ] {
        bench.write(&format!("web/{name}"), text);
    }
    bench
}

fn packed(name: &str) -> Vec<u8> {
    let files: [(&str, &str); 4] = [
        ("Chart.yaml", CHART),
        ("values.yaml", VALUES),
        ("values.schema.json", SCHEMA),
        ("templates/web.yaml", TEMPLATE),
    ];
    let named: Vec<(String, &str)> = files.iter().map(|(path, text)| (format!("{name}/{path}"), *text)).collect();
    gzip(&archive(&named.iter().map(|(path, text)| (path.as_str(), text.as_bytes())).collect::<Vec<_>>()))
}

fn digest_of(bench: &Bench) -> String {
    let lock: toml::Table = toml::from_str(&bench.read("bundle.lock")).expect("lock");
    lock["chart"][0]["digest"].as_str().expect("digest").to_owned()
}

#[test]
fn the_same_chart_from_a_folder_an_archive_and_a_registry() {
    let folder = bench("web", "");
    folder.ok(&["lock", "."]);
    let file = bench("web-1.2.0.tgz", "");
    file.write("web-1.2.0.tgz", packed("web"));
    file.ok(&["lock", "."]);
    assert_eq!(digest_of(&folder), digest_of(&file));

    let stock = Stock::guarded();
    let chart = packed("web");
    let image = Image::artifact(
        ("application/vnd.cncf.helm.config.v1+json", b"{\"name\":\"web\"}"),
        &[("application/vnd.cncf.helm.chart.content.v1.tar+gzip", &chart, json!({}))],
    );
    stock.push("charts/web", "1.2.0", &image);
    let registry = bench(&format!("oci://{}/charts/web", stock.host()), "version = \"1.2.0\"");
    registry.write("auth.json", stock.credentials(PASSWORD));
    let authority = stock.authority().display().to_string();
    let reach = ["--registry-ca", &authority, "--registry-auth", "auth.json"];
    registry.ok(&[&["lock", "."], &reach[..]].concat());
    assert_eq!(digest_of(&folder), digest_of(&registry));
    let lock = registry.read("bundle.lock");
    assert!(lock.contains(&format!("manifest = \"{}\"", image.digest())), "{lock}");
    let first = registry.build_with("one", &reach);
    // The tag moves; the lock does not.
    let other = Image::artifact(
        ("application/vnd.cncf.helm.config.v1+json", b"{}"),
        &[("application/vnd.cncf.helm.chart.content.v1.tar+gzip", &packed("other"), json!({}))],
    );
    stock.push("charts/web", "1.2.0", &other);
    registry.forget();
    assert_eq!(first, registry.build_with("two", &reach), "from an empty cache");
    stock.push("charts/web", "9.9.9", &Image::new("linux/amd64", &[&[("app", b"x")]]));
    let wrong = bench(&format!("oci://{}/charts/web", stock.host()), "version = \"9.9.9\"");
    wrong.write("auth.json", stock.credentials(PASSWORD));
    let (_, said) = wrong.fails(&[&["lock", "."], &reach[..]].concat());
    assert!(said.contains("images belong into [[image]]"), "{said}");
}

#[test]
fn values_must_fit_the_schema() {
    let bench = bench("web", "values = { replicas = \"many\" }");
    let (code, said) = bench.fails(&["lock", "."]);
    assert_eq!(code, Some(1));
    assert!(said.contains("chart web") && said.contains("/replicas"), "{said}");
    assert!(said.contains("values.schema.json do not fit each other"), "{said}");
}

#[test]
fn defaults_must_fit_the_schema() {
    let bench = bench("web", "");
    bench.write("web/values.yaml", VALUES.replace("replicas: 1", "replicas: 0"));
    let (_, said) = bench.fails(&["lock", "."]);
    assert!(said.contains("/replicas"), "{said}");
}

#[test]
fn a_schema_for_the_chart_of_others() {
    let more = "schema = \"schemas/web.json\"";
    let bench = bench("web", more);
    bench.write("schemas/web.json", SCHEMA);
    let (_, said) = bench.fails(&["lock", "."]);
    assert!(said.contains("has a values.schema.json of its own"), "{said}");
    std::fs::remove_file(bench.path("web/values.schema.json")).expect("remove");
    bench.ok(&["lock", "."]);
}

#[test]
fn images_that_only_a_profile_renders_are_found() {
    let profile = "[[profile]]\nname = \"nightly\"\nfile = \"profiles/nightly.toml\"";
    let bench = bench("web", profile);
    let site = "format = 1\nname = \"x\"\nhost = \"x.example\"\n";
    bench.write("profiles/nightly.toml", format!("{site}[values.web]\nextra = true\n"));
    let (code, said) = bench.fails(&["lock", "."]);
    assert_eq!(code, Some(1));
    let place = "image docker.io/library/nightly:3 at web/templates/web.yaml, CronJob/nightly, \
                 spec.jobTemplate.spec.template.spec.containers[0].image";
    assert!(said.contains(place) && said.contains("with profile nightly"), "{said}");
    bench.write("profiles/nightly.toml", format!("{site}[values.wbe]\nextra = true\n"));
    let (_, said) = bench.fails(&["lock", "."]);
    assert!(said.contains("[values.wbe]: the release has no chart of that name"), "{said}");
    bench.write("profiles/nightly.toml", format!("{site}[values.web]\nreplicas = 2\n"));
    bench.ok(&["lock", "."]);
}

#[test]
fn charts_get_the_facts_of_the_site_that_an_installation_gives_them() {
    let profile = "[[profile]]\nname = \"other\"\nfile = \"profiles/other.toml\"";
    let bench = bench("web", profile);
    let site = "format = 1\nname = \"x\"\nhost = \"x.example\"\n[kubernetes]\nservice_cidr = \"10.99.0.0/16\"\n";
    bench.write("profiles/other.toml", site);
    let said = "{{ fail (.Values.global.site | toJson) }}";
    bench.write("web/templates/web.yaml", format!("{said}\n{TEMPLATE}"));
    let (_, told) = bench.fails(&["lock", "."]);
    for fact in ["pod_range", "service_range", "name_service"] {
        assert!(told.contains(fact), "{fact}: {told}");
    }
    assert!(told.contains("10.43.0.10") && told.contains("192.0.2.1"), "{told}");
    let only = "{{ if eq .Values.global.site.name \"x\" }}{{ fail .Values.global.site.name_service }}{{ end }}";
    bench.write("web/templates/web.yaml", format!("{only}\n{TEMPLATE}"));
    let (_, told) = bench.fails(&["lock", "."]);
    assert!(told.contains("with profile other") && told.contains("10.99.0.10"), "{told}");
}

#[test]
fn unused_images_and_doubtful_arguments_are_warned_of() {
    let stock = Stock::open();
    stock.push("team/spare", "1", &Image::new("linux/amd64", &[&[("app", b"x")]]));
    let bench = bench("web", &format!("[[image]]\nreference = \"{}/team/spare:1\"", stock.host()));
    let args = TEMPLATE.replace("name: web, image", "name: web, args: [\"--reload-image=r.example/reload:1\"], image");
    bench.write("web/templates/web.yaml", args);
    let (_, told) = bench.both(&["lock", ".", "--plain-http", "127.0.0.1"]);
    assert!(told.contains(&format!("warning: image {}/team/spare:1 (", stock.host())), "{told}");
    assert!(told.contains("is used by no chart"), "{told}");
    assert!(told.contains("r.example/reload:1 at web/templates/web.yaml"), "{told}");
    assert!(!told.contains("image bridle.internal/pages:1 ("), "what charts or Kubernetes use: {told}");
    assert!(told.contains("no bill of materials is attached"), "{told}");
}

const DATA: &str =
    "[[data]]\nname = \"files\"\nkind = \"volume\"\nnamespace = \"default\"\nworkload = \"StatefulSet/web\"";

#[test]
fn what_interrupts_is_found_by_rendering() {
    let manifest = |bench: &Bench| {
        bench.ok(&["lock", "."]);
        bench.build("out");
        bench.inspect("out/small-1.0.0-amd64.bundle")["release"]["charts"][0].clone()
    };
    assert_eq!(manifest(&bench("web", ""))["interrupts"], true, "one copy cannot run beside its successor");
    assert_eq!(manifest(&bench("web", "values = { replicas = 2 }")).get("interrupts"), None);
}

#[test]
fn data_are_those_of_a_workload_that_is_there() {
    bench("web", DATA).ok(&["lock", "."]);
    let (code, said) = bench("web", &DATA.replace("StatefulSet/web", "StatefulSet/base")).fails(&["lock", "."]);
    assert_eq!(code, Some(1));
    assert!(said.contains("no chart renders StatefulSet/base in namespace default"), "{said}");
    let database = DATA.replace("volume", "postgresql");
    let (_, said) = bench("web", &database).fails(&["lock", "."]);
    assert!(said.contains("say postgresql = "), "an image of one C program says nothing of a database: {said}");
    let declared = bench("web", &format!("{database}\npostgresql = {{ major = 17, collation = \"none\" }}"));
    declared.ok(&["lock", "."]);
    declared.build("out");
    let data = &declared.inspect("out/small-1.0.0-amd64.bundle")["release"]["data"][0];
    assert_eq!(data["postgresql"], json!({ "major": 17, "collation": "none" }));
}

#[test]
fn renamed_values_have_their_new_place_and_files_lie_over_a_chart() {
    let more = "renames = [{ from = \"copies\", to = \"replicas\" }]\nmigration = \"expand\"\nover = [\"over\"]";
    let bench = bench("web", more);
    let (_, said) = bench.fails(&["lock", "."]);
    assert!(said.contains("over names") && said.contains("which is no folder"), "{said}");
    bench.write("over/values.yaml", VALUES.replace("replicas", "copies"));
    let (_, said) = bench.fails(&["lock", "."]);
    assert!(said.contains("still has copies"), "{said}");
    bench.write("over/values.yaml", VALUES.replace("replicas: 1", "replicas: 3"));
    bench.ok(&["lock", "."]);
    bench.build("out");
    let chart = &bench.inspect("out/small-1.0.0-amd64.bundle")["release"]["charts"][0];
    assert_eq!(chart["renames"], json!([{ "from": "copies", "to": "replicas" }]));
    assert_eq!((&chart["migration"], chart.get("interrupts")), (&"expand".into(), None), "three copies: {chart}");
}
