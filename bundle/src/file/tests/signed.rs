//! Hostile, but signed by a trusted key: what a stolen key or a broken build could bring.

use serde_json::{Value, json};

use super::*;
use crate::sample::Document;

/// The sample with one document changed and everything above it made right again.
fn signed(document: Document, change: impl FnOnce(&mut Value)) -> Result<Contents, FileError> {
    let archive = Sample::one().archive();
    let mut value: Value = serde_json::from_slice(archive.document(document)).expect("json");
    change(&mut value);
    read(&archive.with(document, value.to_string().into_bytes()).bytes())
}

#[test]
fn a_document_signed_again_as_it_was_is_accepted() {
    for document in Document::ALL {
        signed(document, |_| {}).unwrap_or_else(|error| panic!("{document:?}: {error:?}"));
    }
}

#[test]
fn counts_beyond_the_limits_are_refused() {
    let layer = |value: &Value| value["layers"][0].clone();
    let layers = signed(Document::ImageManifest, |value| value["layers"] = vec![layer(value); 300].into());
    assert!(matches!(layers, Err(FileError::Oci { what, .. }) if what.starts_with("manifest of image")));
    let annotations: std::collections::BTreeMap<String, &str> = (0..200).map(|n| (format!("k{n}"), "x")).collect();
    let noted = signed(Document::Index, |value| value["manifests"][1]["annotations"] = json!(annotations));
    assert!(matches!(noted, Err(FileError::Oci { what, .. }) if what == "index.json"));
    let many = signed(Document::ReleaseManifest, |value| {
        value["checks"] = vec![json!({ "kind": "cpus", "minimum": 1 }); 5000].into();
    });
    assert!(matches!(many, Err(FileError::Release(_))));
}

#[test]
fn claims_beyond_the_limits_are_refused() {
    for size in [u64::MAX, 1 << 63, 1 << 33, (4 << 20) + 1] {
        let manifest = signed(Document::Index, |value| value["manifests"][1]["size"] = size.into());
        assert!(
            matches!(&manifest, Err(FileError::Limit { what, .. }) if what.contains("manifest of image")),
            "{size}: {manifest:?}"
        );
    }
    for size in [u64::MAX, 1 << 33] {
        let layer = signed(Document::ImageManifest, |value| value["layers"][0]["size"] = size.into());
        assert!(matches!(layer, Err(FileError::Limit { what, .. }) if what.contains("layer 1")));
    }
    let less = signed(Document::ImageManifest, |value| value["layers"][0]["size"] = 1.into());
    assert!(matches!(less, Err(FileError::Size { .. } | FileError::Contradiction(_))), "{less:?}");
    for field in ["compressed", "unpacked"] {
        let claim = signed(Document::ReleaseManifest, |value| {
            value["images"]["bridle.internal/a:1.0.0"][field] = u64::MAX.into();
        });
        assert!(matches!(claim, Err(FileError::Release(_))), "{field}");
    }
}

#[test]
fn nesting_and_doubled_names_are_refused() {
    for document in Document::ALL {
        let archive = Sample::one().archive();
        let text = String::from_utf8(archive.document(document).to_vec()).expect("UTF-8");
        let deep = format!("{{\"x\":{}{},{}", "[".repeat(5000), "]".repeat(5000), &text[1..]);
        let doubled = format!("{{\"x\":1,\"x\":2,{}", &text[1..]);
        for (what, changed) in [("deep", deep), ("doubled", doubled), ("cut", text[..text.len() - 1].to_owned())] {
            let found = read(&archive.clone().with(document, changed.into_bytes()).bytes());
            assert!(
                matches!(found, Err(FileError::Oci { .. } | FileError::Release(_))),
                "{document:?} {what}: {found:?}"
            );
        }
    }
}

#[test]
fn names_that_are_paths_or_speak_to_a_terminal_are_refused() {
    for name in ["../../etc/passwd", "a.example/\u{1b}[2J:1", "a.example/x\0:1", "a.example/é:1", "/x:1"] {
        let found = signed(Document::Index, |value| {
            value["manifests"][2]["annotations"]["org.opencontainers.image.ref.name"] = name.into();
        });
        assert!(matches!(found, Err(FileError::Contradiction(_))), "{name:?}: {found:?}");
    }
    for name in ["../x", "x/y", "X", "", "x\0"] {
        let found = signed(Document::ReleaseManifest, |value| value["name"] = name.into());
        assert!(matches!(found, Err(FileError::Release(_))), "{name:?}");
    }
}

#[test]
fn parts_that_disagree_are_refused() {
    let other_kind = signed(Document::Index, |value| value["manifests"][1]["mediaType"] = "text/plain".into());
    assert!(matches!(other_kind, Err(FileError::Contradiction(_))));
    let two_things = signed(Document::ImageManifest, |value| value["manifests"] = json!([]));
    assert!(matches!(two_things, Err(FileError::Oci { .. })));
    let one_less = signed(Document::Release, |value| {
        value["layers"].as_array_mut().expect("layers").pop();
    });
    assert!(matches!(one_less, Err(FileError::Contradiction(_))));
    let newer = signed(Document::ReleaseManifest, |value| value["format"] = 2.into());
    assert_eq!(newer.expect_err("newer").code(), bridle_core::fault::FaultCode::ReleaseOtherFormat);
}
