//! The bill of materials: CycloneDX 1.5 as JSON, without time or random identifiers, so that builds repeat.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// A thing inside a release.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(super) struct Component {
    /// Package URL: `pkg:golang/…`, `pkg:deb/debian/…`, `pkg:cargo/…`, `pkg:pypi/…`, `pkg:oci/…`, `pkg:helm/…`.
    pub(super) purl: String,
    /// Name.
    pub(super) name: String,
    /// Version.
    pub(super) version: String,
    /// Licence expression where one is declared.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) licence: Option<String>,
}

impl Component {
    pub(super) fn new(kind: &str, name: &str, version: &str) -> Self {
        let purl = match kind {
            "deb" => format!("pkg:deb/debian/{name}@{}?arch=amd64", escape(version)),
            _ => format!("pkg:{kind}/{}@{}", escape_path(name), escape(version)),
        };
        Self { purl, name: name.to_owned(), version: version.to_owned(), licence: None }
    }

    /// A package of a distribution.
    pub(super) fn package(kind: &str, distribution: &str, name: &str, version: &str, arch: Option<&str>) -> Self {
        let suffix = arch.map(|arch| format!("?arch={}", escape(arch))).unwrap_or_default();
        let purl = format!("pkg:{kind}/{distribution}/{}@{}{suffix}", escape(name), escape(version));
        Self { purl, name: name.to_owned(), version: version.to_owned(), licence: None }
    }
}

/// A part of the release (program, image, chart) with what is inside it.
#[derive(Debug, Clone)]
pub(super) struct Part {
    /// `program`, `image` or `chart`.
    pub(super) kind: &'static str,
    /// Name or reference.
    pub(super) name: String,
    /// Version, may be empty.
    pub(super) version: String,
    /// SHA-256 of its blob or manifest, hex.
    pub(super) digest: String,
    /// What is inside.
    pub(super) components: Vec<Component>,
}

/// The document for a release.
pub(super) fn document(name: &str, version: &str, parts: &[Part]) -> Vec<u8> {
    let mut libraries: BTreeMap<&str, &Component> = BTreeMap::new();
    for component in parts.iter().flat_map(|part| &part.components) {
        libraries.entry(&component.purl).or_insert(component);
    }
    let own = |part: &Part| {
        let kind = if part.kind == "image" { "container" } else { "application" };
        let mut value = json!({
            "type": kind, "bom-ref": format!("{}:{}", part.kind, part.name), "name": part.name,
            "hashes": [{ "alg": "SHA-256", "content": part.digest }],
        });
        if !part.version.is_empty() {
            value["version"] = json!(part.version);
        }
        value
    };
    let library = |component: &&Component| {
        let mut value = json!({
            "type": "library", "bom-ref": component.purl, "name": component.name, "version": component.version,
            "purl": component.purl,
        });
        if let Some(licence) = &component.licence {
            value["licenses"] = json!([{ "expression": licence }]);
        }
        value
    };
    let depends = |part: &Part| {
        let mut on: Vec<&str> = part.components.iter().map(|component| component.purl.as_str()).collect();
        on.sort_unstable();
        on.dedup();
        json!({ "ref": format!("{}:{}", part.kind, part.name), "dependsOn": on })
    };
    let components: Vec<Value> = parts.iter().map(own).chain(libraries.values().map(library)).collect();
    let document = json!({
        "bomFormat": "CycloneDX", "specVersion": "1.5", "version": 1,
        "metadata": { "component": { "type": "application", "bom-ref": "release", "name": name, "version": version } },
        "components": components,
        "dependencies": parts.iter().map(depends).collect::<Vec<_>>(),
    });
    let mut text = format!("{document:#}").into_bytes();
    text.push(b'\n');
    text
}

fn escape_path(text: &str) -> String {
    text.split('/').map(escape).collect::<Vec<_>>().join("/")
}

/// Percent-encoding of the package URL specification, which is also good for the values of a query.
pub(super) fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~:".contains(&byte) {
            escaped.push(char::from(byte));
        } else {
            escaped.push_str(&format!("%{byte:02X}"));
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn purls_are_escaped() {
        assert_eq!(Component::new("golang", "k8s.io/api", "v1.0.0+x").purl, "pkg:golang/k8s.io/api@v1.0.0%2Bx");
        assert_eq!(
            Component::new("deb", "libc6", "2.36-9+deb12u1").purl,
            "pkg:deb/debian/libc6@2.36-9%2Bdeb12u1?arch=amd64"
        );
    }

    #[test]
    fn one_library_stands_once() {
        let part = |name: &str| Part {
            kind: "image",
            name: name.to_owned(),
            version: String::new(),
            digest: "00".to_owned(),
            components: vec![Component::new("cargo", "serde", "1.0.0")],
        };
        let text = document("x", "1.0.0", &[part("a"), part("b")]);
        let read: Value = serde_json::from_slice(&text).expect("json");
        assert_eq!(read["components"].as_array().expect("components").len(), 3);
        assert_eq!(read["dependencies"][1]["dependsOn"][0], "pkg:cargo/serde@1.0.0");
    }
}
