//! What the layers of a pulled image hold: sizes, digests unpacked, and the package lists of Debian and Alpine.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Read};

use bridle_core::digest::Digest;
use bridle_core::oci::Descriptor;
use bridle_core::release::Blob;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::cache::Cache;
use super::error::AssembleError;
use super::packages;
use super::sbom::Component;
use super::unpacked;

/// Most entries of a layer.
const MAX_ENTRIES: usize = 2_000_000;
/// Largest package list that is kept, in bytes.
const MAX_LIST: u64 = 32 << 20;
/// Files that tell what is inside.
const LISTS: [&str; 5] =
    ["etc/os-release", "lib/apk/db/installed", "usr/lib/apk/db/installed", "usr/lib/os-release", "var/lib/dpkg/status"];
/// Folder with one list for each package (images without a package manager).
const LIST_FOLDER: &str = "var/lib/dpkg/status.d";

/// What one layer holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Survey {
    /// Bytes of the tar stream.
    pub(super) unpacked: u64,
    /// Digest of the tar stream.
    pub(super) diff_id: Digest,
    /// Package lists by path.
    lists: BTreeMap<String, Blob>,
    /// Paths above or at package lists that the layer removes from those below it.
    removed: BTreeSet<String>,
}

/// Looks through a layer of the cache, once.
pub(super) fn of_layer(cache: &Cache, layer: &Descriptor) -> Result<Survey, AssembleError> {
    let key = Cache::key(&["survey", &layer.digest.hex(), &layer.media_type]);
    cache.remembered(
        &key,
        |survey: &Survey| survey.lists.values().all(|blob| cache.has(blob)),
        || {
            look(cache, layer).map_err(|error| AssembleError::Fetch {
                what: format!("layer {}", layer.digest),
                reason: format!("it cannot be unpacked ({error}); push the image again"),
            })
        },
    )
}

/// Packages of an image, from the lists that its layers leave, lowest layer first.
pub(super) fn components(cache: &Cache, layers: &[Survey]) -> Result<Vec<Component>, AssembleError> {
    let mut lists: BTreeMap<&str, &Blob> = BTreeMap::new();
    for layer in layers {
        lists.retain(|path, _| !layer.removed.iter().any(|removed| is_at_or_below(path, removed)));
        lists.extend(layer.lists.iter().map(|(path, blob)| (path.as_str(), blob)));
    }
    let mut texts = BTreeMap::new();
    for (path, blob) in lists {
        let bytes =
            std::fs::read(cache.blob(&blob.digest)).map_err(AssembleError::io("read", &cache.blob(&blob.digest)))?;
        texts.insert(path, String::from_utf8_lossy(&bytes).into_owned());
    }
    Ok(packages::of_lists(&texts))
}

fn look(cache: &Cache, layer: &Descriptor) -> io::Result<Survey> {
    let file = cache.open_blob(&layer.digest)?;
    let stream = unpacked::open(file, layer)?;
    let limit = stream.limit();
    let mut archive = tar::Archive::new(Counted { inner: stream, hash: Sha256::new(), size: 0 });
    let (mut lists, mut removed) = (BTreeMap::new(), BTreeSet::new());
    for (number, entry) in archive.entries()?.enumerate() {
        if number >= MAX_ENTRIES {
            return Err(io::Error::other(format!("more than {MAX_ENTRIES} entries")));
        }
        let entry = entry?;
        let path = String::from_utf8_lossy(&entry.path_bytes()).trim_start_matches("./").trim_matches('/').to_owned();
        let (folder, name) = path.rsplit_once('/').unwrap_or(("", &path));
        if let Some(hidden) = name.strip_prefix(".wh.") {
            let gone = match (hidden, folder) {
                (".wh..opq", folder) => folder.to_owned(),
                (hidden, "") => hidden.to_owned(),
                (hidden, folder) => format!("{folder}/{hidden}"),
            };
            if LISTS.iter().chain([&LIST_FOLDER]).any(|list| is_at_or_below(list, &gone)) || is_list(&gone) {
                removed.insert(gone);
            }
        } else if is_list(&path) && entry.header().entry_type().is_file() {
            let blob = cache.put_reader(&mut entry.take(MAX_LIST), std::path::Path::new(&path));
            lists.insert(path, blob.map_err(|error| io::Error::other(error.to_string()))?);
        }
    }
    let mut rest = archive.into_inner();
    io::copy(&mut rest, &mut io::sink())?;
    if rest.inner.limit() == 0 {
        return Err(io::Error::other(format!("more than {limit} bytes")));
    }
    Ok(Survey { unpacked: rest.size, diff_id: Digest::from_bytes(rest.hash.finalize().into()), lists, removed })
}

fn is_list(path: &str) -> bool {
    let single =
        path.strip_prefix(LIST_FOLDER).is_some_and(|rest| rest.starts_with('/') && !rest.ends_with(".md5sums"));
    single || LISTS.contains(&path)
}

fn is_at_or_below(path: &str, above: &str) -> bool {
    above.is_empty() || path.strip_prefix(above).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// Counts and hashes what is read.
struct Counted<R> {
    inner: R,
    hash: Sha256,
    size: u64,
}

impl<R: Read> Read for Counted<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.inner.read(buffer)?;
        self.hash.update(&buffer[..count]);
        self.size += count as u64;
        Ok(count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn layer(cache: &Cache, files: &[(&str, &str)]) -> Descriptor {
        let mut archive = tar::Builder::new(Vec::new());
        for (path, text) in files {
            let mut header = tar::Header::new_gnu();
            header.set_size(text.len() as u64);
            header.set_mode(0o644);
            archive.append_data(&mut header, path, text.as_bytes()).expect("append");
        }
        let bytes = zstd::encode_all(&archive.into_inner().expect("archive")[..], 1).expect("compress");
        let blob = cache.put(&bytes).expect("put");
        Descriptor::new("application/vnd.oci.image.layer.v1.tar+zstd", blob.digest, blob.size)
    }

    fn names(cache: &Cache, layers: &[Descriptor]) -> Vec<String> {
        let surveys: Vec<Survey> = layers.iter().map(|layer| of_layer(cache, layer).expect("look")).collect();
        components(cache, &surveys).expect("components").into_iter().map(|component| component.purl).collect()
    }

    #[test]
    fn upper_layers_count() {
        let directory = tempfile::tempdir().expect("directory");
        let cache = Cache::open(directory.path()).expect("cache");
        let status =
            |name: &str| format!("Package: {name}\nStatus: install ok installed\nVersion: 1\nArchitecture: amd64\n");
        let base = layer(
            &cache,
            &[
                ("./var/lib/dpkg/status", &status("a")),
                ("etc/os-release", "ID=ubuntu\n"),
                ("var/lib/dpkg/status.d/one", "Package: single\nVersion: 2\n"),
                ("var/lib/dpkg/status.d/one.md5sums", "junk"),
            ],
        );
        let both = names(&cache, std::slice::from_ref(&base));
        assert_eq!(both, ["pkg:deb/ubuntu/a@1?arch=amd64", "pkg:deb/ubuntu/single@2"]);
        let above = layer(&cache, &[("var/lib/dpkg/status", &status("b")), ("var/lib/dpkg/.wh.status.d", "")]);
        assert_eq!(names(&cache, &[base.clone(), above]), ["pkg:deb/ubuntu/b@1?arch=amd64"]);
        let hidden = layer(&cache, &[("var/lib/.wh..wh..opq", "")]);
        assert_eq!(names(&cache, &[base.clone(), hidden]), Vec::<String>::new());
        let one_gone = layer(&cache, &[("var/lib/dpkg/status.d/.wh.one", "")]);
        assert_eq!(names(&cache, &[base, one_gone]), ["pkg:deb/ubuntu/a@1?arch=amd64"]);
    }

    #[test]
    fn what_is_no_archive_is_refused() {
        let directory = tempfile::tempdir().expect("directory");
        let cache = Cache::open(directory.path()).expect("cache");
        let blob = cache.put(&[7; 2000]).expect("put");
        let layer = Descriptor::new("application/vnd.oci.image.layer.v1.tar", blob.digest, blob.size);
        assert!(of_layer(&cache, &layer).is_err());
        let layer = Descriptor::new("application/vnd.oci.image.layer.v1.tar+gzip", blob.digest, blob.size);
        assert!(of_layer(&cache, &layer).is_err());
    }
}
