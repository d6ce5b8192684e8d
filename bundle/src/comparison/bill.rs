//! Components of two bills of materials.

use std::collections::{BTreeMap, BTreeSet};

use bridle_core::store::diff::{Change, ComponentChange};
use serde_json::Value;

use crate::file::{FileError, Source, VerifiedBundle};

/// Largest bill of materials of a release that is read into memory, in bytes.
const MAX_BILL: u64 = 256 << 20;
/// Bytes that are read at a time.
const CHUNK: usize = 256 << 10;

/// The bill of materials of a release file, which is read up to it; nothing if the file (a delta) leaves it out.
///
/// # Errors
/// [`FileError`] for damage on the way.
pub fn read_bill<S: Source>(bundle: &mut VerifiedBundle<S>) -> Result<Option<Vec<u8>>, FileError> {
    let bill = bundle.contents().release.sbom.clone();
    while let Some(mut blob) = bundle.next_blob()? {
        if blob.blob().digest != bill.digest || bill.size > MAX_BILL {
            blob.skip()?;
            continue;
        }
        let (mut bytes, mut buffer) = (Vec::new(), vec![0; CHUNK]);
        loop {
            match blob.chunk(&mut buffer)? {
                0 => break,
                count => bytes.extend_from_slice(&buffer[..count]),
            }
        }
        blob.finish()?;
        return Ok(Some(bytes));
    }
    Ok(None)
}

/// Components that are not the same in two CycloneDX documents; nothing if one of them is none.
pub(super) fn between(old: &[u8], new: &[u8]) -> Option<Vec<ComponentChange>> {
    let (mut before, mut after) = (versions(old)?, versions(new)?);
    let names: BTreeSet<String> = before.keys().chain(after.keys()).cloned().collect();
    let mut found = Vec::new();
    for name in names {
        let (old, new) = (before.remove(&name).unwrap_or_default(), after.remove(&name).unwrap_or_default());
        let change = match (old.is_empty(), new.is_empty()) {
            _ if old == new => continue,
            (true, _) => Change::New,
            (_, true) => Change::Gone,
            _ => Change::Changed,
        };
        found.push(ComponentChange { name, change, old, new });
    }
    Some(found)
}

/// Versions by package URL without version.
fn versions(document: &[u8]) -> Option<BTreeMap<String, BTreeSet<String>>> {
    let document: Value = serde_json::from_slice(document).ok()?;
    let mut found: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for component in document["components"].as_array()? {
        // Parts of the release itself have no package URL: they are compared as parts.
        let Some(purl) = component["purl"].as_str() else { continue };
        let plain = purl.split(['?', '#']).next().unwrap_or(purl);
        let name = plain.rsplit_once('@').map_or(plain, |(name, _)| name);
        let version = component["version"].as_str().unwrap_or_default();
        found.entry(name.to_owned()).or_default().insert(version.to_owned());
    }
    Some(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bill(components: &[(&str, &str)]) -> Vec<u8> {
        let one = |(purl, version): &(&str, &str)| serde_json::json!({ "purl": format!("{purl}@{version}?arch=amd64"), "version": version });
        let parts = [serde_json::json!({ "name": "a part of the release" })];
        let all: Vec<Value> = parts.into_iter().chain(components.iter().map(one)).collect();
        serde_json::json!({ "components": all }).to_string().into_bytes()
    }

    #[test]
    fn versions_are_compared_by_component() {
        let (a, b, c, d) = ("pkg:deb/debian/a", "pkg:golang/x.example/b", "pkg:npm/c", "pkg:npm/d");
        let old = bill(&[(a, "1"), (b, "1"), (b, "2"), (c, "1"), (d, "1")]);
        let new = bill(&[(a, "2"), (b, "2"), (c, "1"), ("pkg:npm/e", "1")]);
        let set = |versions: &[&str]| versions.iter().map(|text| (*text).to_owned()).collect::<BTreeSet<_>>();
        let change = |name: &str, change, old: &[&str], new: &[&str]| ComponentChange {
            name: name.to_owned(),
            change,
            old: set(old),
            new: set(new),
        };
        assert_eq!(
            between(&old, &new).expect("bills"),
            [
                change(a, Change::Changed, &["1"], &["2"]),
                change(b, Change::Changed, &["1", "2"], &["2"]),
                change(d, Change::Gone, &["1"], &[]),
                change("pkg:npm/e", Change::New, &[], &["1"]),
            ]
        );
        assert_eq!(between(b"{}", &new), None);
    }
}
