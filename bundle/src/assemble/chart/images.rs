//! Images in rendered charts: where they stand, and whether the release holds them.

use std::collections::{BTreeMap, BTreeSet};

use bridle_core::digest::Digest;
use serde_json::Value;

/// Longest place that is told.
const MAX_PLACE: usize = 300;

/// A reference to an image in the rendered text of a chart.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Found {
    /// The reference as it stands there.
    pub(super) reference: String,
    /// Template, object and field.
    pub(super) place: String,
    /// Whether a site pulls it for sure; an argument or a variable of a program may mean something else.
    pub(super) certain: bool,
}

/// What a site would make of a reference.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Standing {
    /// The release holds it under this reference.
    Held(String),
    /// The release holds the name with another content.
    Other { name: String, held: Digest },
    /// The release does not hold it.
    Missing,
}

/// One document of the rendered text.
#[derive(Debug)]
pub(super) struct Document<'a> {
    /// Template that it comes from.
    pub(super) template: &'a str,
    text: &'a str,
    /// Its content; nothing where it is no YAML that is understood here.
    value: Option<Value>,
}

/// The documents of what `helm template` prints.
pub(super) fn documents(rendered: &str) -> Vec<Document<'_>> {
    let mut found = Vec::new();
    let (mut texts, mut start, mut at) = (Vec::new(), 0, 0);
    for line in rendered.split_inclusive('\n') {
        if line.trim_end() == "---" {
            texts.push(&rendered[start..at]);
            start = at + line.len();
        }
        at += line.len();
    }
    texts.push(&rendered[start..]);
    for text in texts {
        let template = text.lines().find_map(|line| line.strip_prefix("# Source: ")).unwrap_or("unknown template");
        let value = serde_saphyr::from_str::<Value>(text).ok();
        if value.as_ref().is_none_or(|value| !value.is_null()) {
            found.push(Document { template: template.trim(), text, value });
        }
    }
    found
}

impl Document<'_> {
    /// Whether it is a Service that waits for a provider of load balancers.
    pub(super) fn is_load_balancer(&self) -> bool {
        if let Some(value) = &self.value {
            return value["kind"] == "Service" && value["spec"]["type"] == "LoadBalancer";
        }
        let has = |line: &str| self.text.lines().any(|found| found.trim().replace(['"', '\''], "") == line);
        has("kind: Service") && has("type: LoadBalancer")
    }

    /// Its content, where it is understood.
    pub(super) fn value(&self) -> Option<&Value> {
        self.value.as_ref()
    }

    /// Kind and name of the object.
    pub(super) fn object(&self) -> String {
        let part = |value: &Value| value.as_str().unwrap_or("?").to_owned();
        self.value.as_ref().map_or_else(
            || "unknown object".to_owned(),
            |value| format!("{}/{}", part(&value["kind"]), part(&value["metadata"]["name"])),
        )
    }

    /// Every reference in it.
    pub(super) fn references(&self) -> Vec<Found> {
        let mut found = Vec::new();
        let begin = format!("{}, {}", self.template, self.object());
        match &self.value {
            // A schema speaks of fields, it sets none.
            Some(value) if value["kind"] == "CustomResourceDefinition" => {}
            Some(value) => walk(value, "", &mut |reference, path, certain| {
                let place = format!("{begin}, {path}").chars().take(MAX_PLACE).collect();
                found.push(Found { reference, place, certain });
            }),
            None => {
                for reference in in_text(self.text) {
                    found.push(Found { reference, place: begin.clone(), certain: true });
                }
            }
        }
        found
    }
}

/// Looks a reference up among the release's images.
pub(super) fn standing(reference: &str, known: &BTreeMap<String, Digest>) -> Standing {
    let (name, digest) = match reference.split_once('@') {
        Some((name, digest)) => (name, digest.parse::<Digest>().ok()),
        None => (reference, None),
    };
    let full = full(name);
    let repository = |name: &str| without_tag(&self::full(name.split('@').next().unwrap_or(name))).to_owned();
    let Some(digest) = digest else {
        let held = known.keys().find(|held| self::full(held) == full);
        return held.map_or(Standing::Missing, |held| Standing::Held(held.clone()));
    };
    // Whoever pulls by digest does not look at the tag.
    let same: Vec<_> = known.iter().filter(|(held, _)| repository(held) == without_tag(&full)).collect();
    let exact = same.iter().find(|(_, manifest)| **manifest == digest);
    match (exact, same.first()) {
        (Some((held, _)), _) => Standing::Held((*held).clone()),
        (None, Some((held, manifest))) => Standing::Other { name: (*held).clone(), held: **manifest },
        (None, None) => Standing::Missing,
    }
}

/// A reference as containerd completes it: `docker.io/library/`, `:latest`.
fn full(name: &str) -> String {
    let hosted = name.split_once('/').is_some_and(|(host, _)| host.contains(['.', ':']) || host == "localhost");
    let place = match (hosted, name.contains('/')) {
        (true, _) => name.to_owned(),
        (false, true) => format!("docker.io/{name}"),
        (false, false) => format!("docker.io/library/{name}"),
    };
    if place.contains('@') || without_tag(&place).len() < place.len() { place } else { format!("{place}:latest") }
}

fn without_tag(name: &str) -> &str {
    let end = name.rfind('/').map_or(0, |at| at + 1);
    name[end..].find(':').map_or(name, |at| &name[..end + at])
}

/// Goes through an object and tells each reference with its path.
fn walk(value: &Value, path: &str, tell: &mut dyn FnMut(String, String, bool)) {
    match value {
        Value::Object(fields) => {
            let variable = fields.get("name").and_then(Value::as_str).unwrap_or_default();
            for (key, inner) in fields {
                let place = if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
                match inner {
                    Value::String(text) if key == "image" && !text.is_empty() => tell(text.clone(), place, true),
                    Value::String(text) if is_image_field(key) && is_reference(text) => tell(text.clone(), place, true),
                    Value::String(text) if key == "value" && names_image(variable) && is_reference(text) => {
                        tell(text.clone(), format!("{place} of {variable}"), false);
                    }
                    Value::Object(parts) if key == "image" && parts.get("repository").is_some_and(Value::is_string) => {
                        tell(composed(parts), place, true);
                    }
                    Value::Array(words) if ["args", "command"].contains(&key.as_str()) => {
                        arguments(words, &place, tell)
                    }
                    other => walk(other, &place, tell),
                }
            }
        }
        Value::Array(items) => {
            for (number, item) in items.iter().enumerate() {
                walk(item, &format!("{path}[{number}]"), tell);
            }
        }
        // Pods that a program of the chart makes stand in the texts of a ConfigMap.
        Value::String(text) if text.contains("image") => {
            in_text(text).into_iter().for_each(|reference| tell(reference, path.to_owned(), true));
        }
        _ => {}
    }
}

/// Fields of custom resources that name an image (`imageName`, `baseImage`, `helperImage`, …).
fn is_image_field(key: &str) -> bool {
    key == "imageName" || key.ends_with("Image")
}

fn names_image(word: &str) -> bool {
    word.to_ascii_lowercase().contains("image")
}

/// `--sidecar-image=REF`, or `--sidecar-image` and `REF`.
fn arguments(words: &[Value], path: &str, tell: &mut dyn FnMut(String, String, bool)) {
    let mut before = "";
    for (number, word) in words.iter().enumerate() {
        let Some(word) = word.as_str() else { continue };
        let (name, value) = match word.split_once('=') {
            Some((name, value)) if word.starts_with('-') => (name, value),
            _ => (before, word),
        };
        let place = format!("{path}[{number}]");
        if name.starts_with('-') && names_image(name) && is_reference(value) {
            tell(value.to_owned(), place, false);
        } else if word.contains('\n') {
            in_text(word).into_iter().for_each(|reference| tell(reference, place.clone(), false));
        }
        before = word;
    }
}

/// `{ registry, repository, tag, digest }`.
fn composed(parts: &serde_json::Map<String, Value>) -> String {
    let part = |name: &str| match parts.get(name) {
        Some(Value::String(text)) => text.clone(),
        Some(Value::Number(number)) => number.to_string(),
        _ => String::new(),
    };
    let mut reference = part("repository");
    for (name, mark) in [("registry", ""), ("tag", ":"), ("digest", "@")] {
        match part(name) {
            text if text.is_empty() => {}
            host if name == "registry" => reference = format!("{host}/{reference}"),
            text => reference.push_str(&format!("{mark}{text}")),
        }
    }
    reference
}

/// Whether a text looks like a reference with a place or a tag.
fn is_reference(text: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"-._/:@".contains(&byte);
    let begins = text.bytes().next().is_some_and(|byte| byte.is_ascii_alphanumeric());
    begins && text.len() <= 400 && text.bytes().all(allowed) && !text.contains("://") && text.contains(['/', ':'])
}

/// Values of every `image:` in a text of YAML or JSON.
fn in_text(text: &str) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for line in text.lines() {
        let line = line.split(" #").next().unwrap_or_default();
        for (at, key) in line.match_indices("image") {
            let before = line[..at].chars().next_back();
            if before.is_some_and(|c| c.is_alphanumeric() || "_-./".contains(c)) {
                continue;
            }
            let rest = line[at + key.len()..].trim_start_matches(['"', '\'']);
            let Some(value) = rest.strip_prefix(':') else { continue };
            let value = value.trim_start().trim_start_matches(['"', '\'']);
            let end = value.find(|c: char| c.is_whitespace() || "\"',}]".contains(c)).unwrap_or(value.len());
            if end > 0 && !value.starts_with(['{', '[', '|', '>', '&', '*']) {
                found.insert(value[..end].to_owned());
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(rendered: &str) -> Vec<(String, bool)> {
        let all = documents(rendered).iter().flat_map(Document::references).collect::<Vec<_>>();
        all.into_iter().map(|found| (found.reference, found.certain)).collect()
    }

    #[test]
    fn images_are_found_wherever_they_stand() {
        let pod = "initContainers:\n      - {name: i, image: r.example/init:1}\n      containers:\n      - name: c\n        image: \"r.example/main:1\"\n        imagePullPolicy: Always\n";
        for (kind, spec) in [
            ("Deployment", format!("template:\n    spec:\n      {pod}")),
            ("StatefulSet", format!("template:\n    spec:\n      {pod}")),
            ("CronJob", format!("jobTemplate:\n    spec:\n      {pod}")),
        ] {
            let text =
                format!("---\n# Source: x/templates/a.yaml\nkind: {kind}\nmetadata:\n  name: web\nspec:\n  {spec}");
            let all = documents(&text).iter().flat_map(Document::references).collect::<Vec<_>>();
            assert_eq!(all.len(), 2, "{text} {all:?}");
            assert!(all[0].place.starts_with(&format!("x/templates/a.yaml, {kind}/web, spec.")), "{:?}", all[0]);
        }
    }

    #[test]
    fn custom_resources_texts_arguments_and_variables() {
        let text = "kind: Cluster\nspec:\n  imageName: r.example/pg:15\n  imagePullPolicy: Always\n  exporter:\n    image: {registry: r.example, repository: exporter, tag: 2}\n  helperImage: none\n\
                    ---\nkind: ConfigMap\ndata:\n  pod.yaml: |\n    spec:\n      containers:\n      - image: r.example/helper:1 # note\n  json: '{\"image\":\"r.example/json:1\"}'\n\
                    ---\nkind: Pod\nspec:\n  containers:\n  - args: [--reload-image=r.example/reload:1, --image, r.example/next:1, --port=1:2]\n    env: [{name: RELATED_IMAGE_A, value: \"r.example/env:1\"}, {name: OTHER, value: \"r.example/not:1\"}]\n\
                    ---\nkind: CustomResourceDefinition\nspec:\n  image: x\n";
        let certain = |name: &str| (format!("r.example/{name}"), true);
        let perhaps = |name: &str| (format!("r.example/{name}"), false);
        let mut all = found(text);
        all.sort();
        let mut expected = vec![
            certain("pg:15"),
            certain("exporter:2"),
            certain("helper:1"),
            certain("json:1"),
            perhaps("reload:1"),
            perhaps("next:1"),
            perhaps("env:1"),
        ];
        expected.sort();
        assert_eq!(all, expected);
    }

    #[test]
    fn what_is_no_yaml_is_read_as_text() {
        let text = "# Source: x/t.yaml\nkind: Service\n\tbroken: [\nimage: r.example/a:1\ntype: LoadBalancer\n";
        assert_eq!(found(text), [("r.example/a:1".to_owned(), true)]);
        assert!(documents(text)[0].is_load_balancer());
        assert!(documents("kind: Service\nspec:\n  type: LoadBalancer\n")[0].is_load_balancer());
        assert!(!documents("kind: Service\nspec:\n  type: ClusterIP\n")[0].is_load_balancer());
    }

    #[test]
    fn references_mean_what_containerd_takes_them_for() {
        let digest = Digest::of(b"manifest");
        let known = BTreeMap::from([
            ("docker.io/library/nginx:1.29".to_owned(), digest),
            ("docker.io/library/redis:latest".to_owned(), digest),
            ("r.example:5000/a/b:0".to_owned(), Digest::of(b"earlier")),
            ("r.example:5000/a/b:1".to_owned(), digest),
        ]);
        let held = |name: &str| Standing::Held(name.to_owned());
        assert_eq!(standing("nginx:1.29", &known), held("docker.io/library/nginx:1.29"));
        assert_eq!(standing("redis", &known), held("docker.io/library/redis:latest"));
        assert_eq!(standing("r.example:5000/a/b:1", &known), held("r.example:5000/a/b:1"));
        assert_eq!(standing(&format!("r.example:5000/a/b:1@{digest}"), &known), held("r.example:5000/a/b:1"));
        assert_eq!(standing(&format!("r.example:5000/a/b@{digest}"), &known), held("r.example:5000/a/b:1"));
        let other = Digest::of(b"index");
        let expected = Standing::Other { name: "r.example:5000/a/b:0".to_owned(), held: Digest::of(b"earlier") };
        assert_eq!(standing(&format!("r.example:5000/a/b:1@{other}"), &known), expected);
        for missing in ["nginx", "nginx:1", "r.example/a/b:1", "library/nginx:1"] {
            assert_eq!(standing(missing, &known), Standing::Missing, "{missing}");
        }
    }

    proptest::proptest! {
        #[test]
        fn any_text_ends(text in ".{0,300}") {
            found(&text);
            standing(&text, &BTreeMap::from([("a.b/c:1".to_owned(), Digest::of(b""))]));
        }
    }
}
