//! Reading bills of materials that others wrote: CycloneDX and SPDX as JSON, plain or as an in-toto statement.

use serde_json::Value;

use super::sbom::Component;

/// Most components that are taken from one bill.
const MAX_COMPONENTS: usize = 100_000;

/// The components of a bill that have a package URL, sorted; nothing if it is no bill.
pub(super) fn components(document: &[u8]) -> Option<Vec<Component>> {
    let document: Value = serde_json::from_slice(document).ok()?;
    let bill = if document["predicateType"].is_string() { &document["predicate"] } else { &document };
    let mut found: Vec<Component> = if bill["bomFormat"] == "CycloneDX" {
        list(&bill["components"]).iter().filter_map(cyclonedx).collect()
    } else if bill["spdxVersion"].is_string() {
        list(&bill["packages"]).iter().filter_map(spdx).collect()
    } else {
        return None;
    };
    found.sort();
    found.dedup_by(|a, b| a.purl == b.purl);
    found.truncate(MAX_COMPONENTS);
    Some(found)
}

fn cyclonedx(component: &Value) -> Option<Component> {
    let licence = list(&component["licenses"])
        .iter()
        .find_map(|licence| text(&licence["expression"]).or_else(|| text(&licence["license"]["id"])));
    Some(Component {
        purl: purl(component["purl"].as_str()?)?,
        name: text(&component["name"])?,
        version: text(&component["version"]).unwrap_or_default(),
        licence,
    })
}

fn spdx(package: &Value) -> Option<Component> {
    let reference = list(&package["externalRefs"]).iter().find(|reference| reference["referenceType"] == "purl")?;
    let declared = |name: &str| text(&package[name]).filter(|text| text != "NOASSERTION" && text != "NONE");
    Some(Component {
        purl: purl(reference["referenceLocator"].as_str()?)?,
        name: text(&package["name"])?,
        version: text(&package["versionInfo"]).unwrap_or_default(),
        licence: declared("licenseConcluded").or_else(|| declared("licenseDeclared")),
    })
}

/// A package URL without the place in somebody else's image (`#…`).
fn purl(text: &str) -> Option<String> {
    let plain = text.split('#').next().unwrap_or_default();
    (plain.starts_with("pkg:") && plain.len() <= 1000).then(|| plain.to_owned())
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

fn text(value: &Value) -> Option<String> {
    value.as_str().filter(|text| !text.is_empty() && text.len() <= 1000).map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn both_forms_and_statements_are_read() {
        let cyclonedx = json!({ "bomFormat": "CycloneDX", "components": [
            { "name": "b", "version": "2", "purl": "pkg:npm/b@2", "licenses": [{ "license": { "id": "MIT" } }] },
            { "name": "a", "version": "1", "purl": "pkg:npm/a@1" }, { "name": "file" },
        ] });
        let found = components(cyclonedx.to_string().as_bytes()).expect("bill");
        assert_eq!(found.iter().map(|one| one.purl.as_str()).collect::<Vec<_>>(), ["pkg:npm/a@1", "pkg:npm/b@2"]);
        assert_eq!(found[1].licence.as_deref(), Some("MIT"));
        let spdx = json!({ "spdxVersion": "SPDX-2.3", "packages": [
            { "name": "musl", "versionInfo": "1.2.5-r0", "licenseConcluded": "NOASSERTION", "licenseDeclared": "MIT",
              "externalRefs": [{ "referenceType": "purl", "referenceLocator": "pkg:apk/alpine/musl@1.2.5-r0?arch=x86_64" }] },
        ] });
        let statement = json!({ "predicateType": "https://spdx.dev/Document", "predicate": spdx });
        let found = components(statement.to_string().as_bytes()).expect("bill");
        assert_eq!((found[0].name.as_str(), found[0].licence.as_deref()), ("musl", Some("MIT")));
        for text in ["", "{}", "[]", "{\"predicateType\":\"x\"}"] {
            assert_eq!(components(text.as_bytes()), None, "{text}");
        }
    }
}
