//! Release files that no publisher made, and some that one should not have made: with the signature in order wherever the
//! trick lies behind it.

use bridle_core::digest::Digest;
use bridle_core::oci::{LAYER_ZSTD, REF_NAME};
use serde_json::{Value, json};

use super::archive::{Entry, run_file};
use super::release::{Draft, blob_name, descriptor, foreign_key, key, program, signature};

/// A file that must be refused.
#[derive(Debug)]
pub struct Hostile {
    /// What is wrong with it.
    pub name: &'static str,
    /// The code of the refusal.
    pub code: &'static str,
    /// The file.
    pub bytes: Vec<u8>,
}

/// The place of the first blob among the entries.
const FIRST_BLOB: usize = 3;
/// The size field of 2⁶² bytes in GNU's binary form.
const BINARY_SIZE: [u8; 12] = [0x80, 0, 0, 0, 0x40, 0, 0, 0, 0, 0, 0, 0];

/// All of them.
#[must_use]
pub fn files() -> Vec<Hostile> {
    let mut files = signatures();
    files.extend(entries());
    files.extend(claims());
    files.extend(signed());
    files.extend(deltas());
    files
}

fn head() -> Vec<u8> {
    program("installer")
}

fn good() -> Vec<Entry> {
    Draft::new(&head()).entries()
}

fn hostile(name: &'static str, code: &'static str, entries: &[Entry]) -> Hostile {
    Hostile { name, code, bytes: run_file(&head(), entries).0 }
}

/// A good file whose entries are changed.
fn changed(name: &'static str, code: &'static str, change: impl FnOnce(&mut Vec<Entry>)) -> Hostile {
    let mut entries = good();
    change(&mut entries);
    hostile(name, code, &entries)
}

/// A release that is altered before it is signed.
fn altered(name: &'static str, code: &'static str, alter: impl FnOnce(&mut Draft)) -> Hostile {
    let mut draft = Draft::new(&head());
    alter(&mut draft);
    hostile(name, code, &draft.entries())
}

/// An index that is signed as it is.
fn indexed(name: &'static str, code: &'static str, index: Vec<u8>) -> Hostile {
    changed(name, code, |entries| {
        entries[2] = Entry::file("index.json.minisig", signature(&key(), &index));
        entries[1] = Entry::file("index.json", index);
    })
}

fn signatures() -> Vec<Hostile> {
    let signed =
        |by: &bridle_bundle::trust::SigningKey, what: &[u8]| Entry::file("index.json.minisig", signature(by, what));
    let index = Draft::new(&head()).sign().index;
    let mut same_id = Draft::new(&head());
    same_id.unpacked += 1;
    let other = same_id.sign().index;
    vec![
        changed("a foreign signature", "BR-1004", |entries| entries[2] = signed(&foreign_key(), &index)),
        changed("no signature", "BR-1003", |entries| drop(entries.remove(2))),
        changed("an empty signature", "BR-1003", |entries| entries[2] = Entry::file("index.json.minisig", "")),
        changed("the signature of another release", "BR-1003", |entries| entries[2] = signed(&key(), &other)),
        changed("the index of another release", "BR-1003", |entries| {
            entries[1] = Entry::file("index.json", other.clone());
        }),
        changed("a signature with a fifth line", "BR-1003", |entries| {
            entries[2] = Entry::file("index.json.minisig", format!("{}more\n", signature(&key(), &index)));
        }),
    ]
}

/// Parts of a release: what lacks blobs and says so is no file to install from, and what says it wrongly is none at all.
fn deltas() -> Vec<Hostile> {
    let release = Draft::new(&head()).sign();
    let (artifact, layer) = (&release.blobs[0], release.blobs.last().expect("a release has blobs"));
    let note = |blobs: Value| {
        let base = json!({ "releases": ["sample-0.9.0"], "blobs": blobs });
        json!({ "format": 1, "release": Digest::of(artifact), "bases": [base] }).to_string().into_bytes()
    };
    let lacks = |name, code, note: &[u8], signed: String| {
        changed(name, code, |entries| {
            entries.pop();
            let papers = [Entry::file("delta.json", note), Entry::file("delta.json.minisig", signed.into_bytes())];
            entries.splice(FIRST_BLOB..FIRST_BLOB, papers);
        })
    };
    let (good, more) = (note(json!([Digest::of(layer)])), note(json!([Digest::of(layer), Digest::of(artifact)])));
    vec![
        lacks("a delta", "BR-1200", &good, signature(&key(), &good)),
        lacks("a delta whose note another key signed", "BR-1004", &good, signature(&foreign_key(), &good)),
        lacks("a delta whose note was altered", "BR-1003", &more, signature(&key(), &good)),
        lacks("a delta without a signature of its note", "BR-1003", &good, String::new()),
        lacks("a delta that leaves a manifest out", "BR-1125", &more, signature(&key(), &more)),
    ]
}

fn entries() -> Vec<Hostile> {
    let mut files = vec![
        changed("an unknown entry", "BR-1120", |entries| entries.insert(FIRST_BLOB, Entry::file("extra", "x"))),
        changed("an unknown entry at the end", "BR-1120", |entries| entries.push(Entry::file("extra", "x"))),
        changed("a blob that nothing names", "BR-1120", |entries| {
            entries.push(Entry::file(blob_name(b"extra"), "extra"));
        }),
        changed("the index twice", "BR-1003", |entries| entries.insert(2, entries[1].clone())),
        changed("the index twice, around its signature", "BR-1120", |entries| entries.insert(3, entries[1].clone())),
        changed("a blob twice", "BR-1120", |entries| entries.push(entries[entries.len() - 1].clone())),
        // The first of them is not where it belongs: to a reader that never goes back it is missing.
        changed("two blobs exchanged", "BR-1008", |entries| {
            let last = entries.len() - 1;
            entries.swap(last, last - 1);
        }),
        changed("a blob missing", "BR-1008", |entries| drop(entries.pop())),
        changed("manifests missing", "BR-1120", |entries| drop(entries.drain(FIRST_BLOB..FIRST_BLOB + 2))),
        changed("thousands of empty entries", "BR-1120", |entries| {
            entries.extend((0..20_000).map(|number| Entry::file(format!("e{number}"), "")));
        }),
    ];
    for (name, path) in [
        ("a path above the root", &b"../../../etc/cron.d/evil"[..]),
        ("an absolute path", b"/etc/cron.d/evil"),
        ("a path that goes up in the middle", b"blobs/sha256/../../../etc/passwd"),
        ("a path with backslashes", b"blobs\\sha256\\x"),
        ("a path with a point before it", b"./index.json"),
        ("a folder's path", b"blobs/sha256/"),
    ] {
        files.push(changed(name, "BR-1120", |entries| entries.push(Entry::file(path, "x"))));
    }
    for (name, path) in [("a path that is no text", &b"blobs/\xff\xfe"[..]), ("a path behind a zero", b"index.json\0x")]
    {
        files.push(changed(name, "BR-1002", |entries| entries.push(Entry::file(path, "x"))));
    }
    let last_as = |name, kind, link: &'static str| {
        changed(name, "BR-1002", move |entries| {
            let last = entries.len() - 1;
            entries[last] = entries[last].clone().of_kind(kind, link);
        })
    };
    files.extend([
        last_as("a hard link", b'1', "/etc/shadow"),
        last_as("a symbolic link", b'2', "/etc/shadow"),
        last_as("a character device", b'3', ""),
        last_as("a block device", b'4', ""),
        last_as("a folder", b'5', ""),
        last_as("a pipe", b'6', ""),
        last_as("a sparse file", b'S', ""),
        last_as("a file with an old type", 0, ""),
        changed("a header that says another size for the next entry", "BR-1002", |entries| {
            entries.insert(FIRST_BLOB, Entry::file("pax", "19 size=8589934591\n").of_kind(b'x', ""));
        }),
        changed("a header that says another size for all entries", "BR-1002", |entries| {
            entries.insert(FIRST_BLOB, Entry::file("pax", "19 size=8589934591\n").of_kind(b'g', ""));
        }),
        changed("a long name before an entry", "BR-1002", |entries| {
            entries.insert(FIRST_BLOB, Entry::file("././@LongLink", "../../etc/passwd\0").of_kind(b'L', ""));
        }),
    ]);
    files
}

/// Sizes and counts that the file does not hold, or that nobody may ask for.
fn claims() -> Vec<Hostile> {
    let largest = (8 << 30) - 1;
    vec![
        changed("an index of 8 GiB", "BR-1121", |entries| entries[1] = entries[1].clone().claiming(largest)),
        changed("a blob of 8 GiB", "BR-1120", |entries| {
            let last = entries.len() - 1;
            entries[last] = entries[last].clone().claiming(largest);
        }),
        changed("a blob a byte shorter than named", "BR-1120", |entries| {
            let last = entries.len() - 1;
            let size = entries[last].content.len() as u64;
            entries[last] = entries[last].clone().claiming(size - 1);
        }),
        changed("a size in binary", "BR-1002", |entries| {
            let last = entries.len() - 1;
            entries[last] = entries[last].clone().claiming_raw(BINARY_SIZE);
        }),
        changed("a negative size", "BR-1002", |entries| {
            let last = entries.len() - 1;
            entries[last] = entries[last].clone().claiming_raw(*b"-0000000001\0");
        }),
        altered("a manifest that claims 5 MiB", "BR-1121", |draft| {
            draft.index = |index| index["manifests"][1]["size"] = (5 << 20).into();
        }),
        altered("a layer that claims 16 EiB", "BR-1121", |draft| {
            draft.image = |image| image["layers"][0]["size"] = u64::MAX.into();
        }),
        altered("a layer that claims a negative size", "BR-1125", |draft| {
            draft.image = |image| image["layers"][0]["size"] = (-1).into();
        }),
        altered("an image that claims 16 EiB unpacked", "BR-1125", |draft| draft.unpacked = u64::MAX),
        altered("one blob with two sizes", "BR-1125", |draft| {
            draft.image = |image| {
                let mut again = image["layers"][0].clone();
                again["size"] = 1.into();
                image["layers"].as_array_mut().expect("layers").push(again);
            };
        }),
        altered("an image with 70 000 layers", "BR-1121", |draft| draft.image = |image| many_layers(image, 70_000)),
        altered("an image with 300 layers", "BR-1125", |draft| draft.image = |image| many_layers(image, 300)),
        altered("five thousand images", "BR-1121", |draft| draft.index = |index| many_images(index, 5_000)),
        indexed("an index of 5 MiB", "BR-1121", vec![b' '; 5 << 20]),
    ]
}

/// Documents that are signed and still not to be believed.
fn signed() -> Vec<Hostile> {
    let index = Draft::new(&head()).sign().index;
    let text = String::from_utf8(index).expect("JSON is text");
    vec![
        altered("a release for another processor", "BR-1007", |draft| {
            draft.release = |release| release["architecture"] = "arm64".into();
        }),
        altered("a release of a later format", "BR-1124", |draft| {
            draft.release = |release| release["format"] = 2.into();
        }),
        altered("a release with an unknown field", "BR-1125", |draft| {
            draft.release = |release| release["evil"] = true.into();
        }),
        altered("a release named like a path", "BR-1125", |draft| {
            draft.release = |release| release["name"] = "../../etc".into();
        }),
        altered("a program named like a path", "BR-1125", |draft| {
            let bytes = program("evil");
            draft.programs.insert("../../../usr/bin/evil".to_owned(), bytes);
        }),
        altered("a release without an agent", "BR-1002", |draft| drop(draft.programs.remove("bridle"))),
        altered("an image that the release does not name", "BR-1125", |draft| {
            draft.release = |release| {
                let images = release["images"].as_object_mut().expect("images");
                let mut other = images.values().next().expect("one image").clone();
                other["manifest"] = Value::String(Digest::of(b"other").to_string());
                images.insert("bridle.internal/zz:1".to_owned(), other);
            };
        }),
        altered("a program that is not what the release names", "BR-1125", |draft| {
            draft.artifact = |artifact| artifact["layers"][0]["digest"] = Digest::of(b"evil").to_string().into();
        }),
        indexed("an index that is a list of lists", "BR-1125", [vec![b'['; 100_000], vec![b']'; 100_000]].concat()),
        indexed("an index with a name twice", "BR-1125", text.replacen('{', "{\"manifests\":[],", 1).into_bytes()),
        indexed("an index that is also a manifest", "BR-1125", text.replacen('{', "{\"layers\":[],", 1).into_bytes()),
        indexed("an index that is no text", "BR-1125", vec![0xff; 1000]),
        indexed("an empty index", "BR-1125", b"{}".to_vec()),
        Hostile {
            name: "another installer in front of a signed release",
            code: "BR-1006",
            bytes: run_file(b"#!/bin/sh\necho evil\n", &good()).0,
        },
        changed("an image archive of another tool", "BR-1127", |entries| {
            entries[0] = Entry::file("oci-layout", "{\"imageLayoutVersion\": \"1.0.0\"}");
        }),
        Hostile { name: "a web page", code: "BR-1127", bytes: b"<!DOCTYPE html><title>404</title>".repeat(40) },
        Hostile { name: "an empty file", code: "BR-1008", bytes: Vec::new() },
        Hostile { name: "zeros", code: "BR-1120", bytes: vec![0; 1 << 20] },
    ]
}

fn many_layers(image: &mut Value, count: u32) {
    image["layers"] = (0..count).map(|number| descriptor(LAYER_ZSTD, &number.to_le_bytes())).collect();
}

/// As many images in the index as `count`, all with the manifest of the first.
fn many_images(index: &mut Value, count: usize) {
    let manifests = index["manifests"].as_array_mut().expect("an index lists manifests");
    let image = manifests[1].clone();
    manifests.extend((0..count).map(|number| {
        let mut image = image.clone();
        image["annotations"] = json!({ REF_NAME: format!("bridle.internal/z{number:05}:1") });
        image
    }));
}

#[cfg(test)]
mod tests {
    use super::super::release::key;
    use super::*;
    use bridle_bundle::file::{Conditions, FileError, OpenedBundle, ReleaseFile};
    use bridle_bundle::trust::TrustedKeys;
    use std::collections::BTreeSet;
    use std::io::Write as _;
    use std::path::Path;

    fn read(path: &Path) -> Result<(), FileError> {
        let file = ReleaseFile::open(path)?;
        let trusted = TrustedKeys::new(vec![key().public().unwrap()])?;
        let conditions = Conditions { architecture: Some("amd64".to_owned()), ..Conditions::default() };
        let bundle = OpenedBundle::open(file.bundle()?)?.verify(&trusted, &conditions)?;
        file.verify_head(&bundle.contents().release)?;
        bundle.verify_all(&mut |_| {}).map(drop)
    }

    #[test]
    fn the_reader_refuses_each_with_its_code() {
        let mut names = BTreeSet::new();
        let mut wrong = Vec::new();
        for file in files() {
            assert!(names.insert(file.name), "{} stands twice", file.name);
            let mut on_disk = tempfile::NamedTempFile::new().unwrap();
            on_disk.write_all(&file.bytes).unwrap();
            let code = read(on_disk.path()).err().map_or("accepted", |error| error.code().code());
            // What the release lacks for an installation only the installer asks.
            if code != file.code && file.name != "a release without an agent" {
                wrong.push((file.name, code, file.code));
            }
        }
        assert!(names.len() > 50);
        assert!(wrong.is_empty(), "{wrong:#?}");
    }
}
