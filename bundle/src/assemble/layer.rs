//! Layers: a tree of files as tar + zstd, the same bytes for the same tree.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Write};
use std::path::PathBuf;

use bridle_core::digest::Digest;
use sha2::{Digest as _, Sha256};

use super::cache::{Cache, Product};
use super::error::AssembleError;

/// Compression level: larger ones cost minutes and win a percent.
const LEVEL: i32 = 10;
/// Window of 8 MiB: every decoder must take that much (RFC 8878, 3.1.1.1.2).
const WINDOW_LOG: u32 = 23;

/// A tree of files by path without a leading slash.
#[derive(Debug, Default)]
pub(super) struct Tree(pub(super) BTreeMap<String, Entry>);

/// A file, directory or symbolic link.
#[derive(Debug, Clone)]
pub(super) struct Entry {
    pub(super) mode: u32,
    pub(super) owner: (u64, u64),
    pub(super) node: Node,
}

/// What an entry is.
#[derive(Debug, Clone)]
pub(super) enum Node {
    Directory,
    Link(String),
    File(Content),
}

/// Where a file's bytes are.
#[derive(Debug, Clone)]
pub(super) enum Content {
    Path(PathBuf),
    Bytes(Vec<u8>),
}

impl Entry {
    /// A directory of root's.
    pub(super) fn directory() -> Self {
        Self { mode: 0o755, owner: (0, 0), node: Node::Directory }
    }

    /// A file of root's.
    pub(super) fn file(mode: u32, content: Content) -> Self {
        Self { mode, owner: (0, 0), node: Node::File(content) }
    }

    /// A symbolic link.
    pub(super) fn link(target: &str) -> Self {
        Self { mode: 0o777, owner: (0, 0), node: Node::Link(target.to_owned()) }
    }
}

impl Tree {
    /// Puts an entry at `path` (with or without leading slash) and directories above it.
    pub(super) fn put(&mut self, path: &str, entry: Entry) -> Result<(), AssembleError> {
        let path = clean(path)?;
        for (at, _) in path.match_indices('/') {
            self.0.entry(path[..at].to_owned()).or_insert_with(Entry::directory);
        }
        self.0.insert(path, entry);
        Ok(())
    }

    /// Writes the tree as a layer.
    pub(super) fn pack(&self, cache: &Cache) -> Result<Product, AssembleError> {
        let failed = |error: io::Error| AssembleError::recipe("layer", error.to_string());
        let blob = cache.begin()?;
        let mut encoder = zstd::stream::write::Encoder::new(blob, LEVEL).map_err(failed)?;
        encoder.set_parameter(zstd::stream::raw::CParameter::WindowLog(WINDOW_LOG)).map_err(failed)?;
        encoder.include_checksum(true).map_err(failed)?;
        let mut archive = tar::Builder::new(Counted { inner: encoder, hash: Sha256::new(), size: 0 });
        for (path, entry) in &self.0 {
            append(&mut archive, path, entry).map_err(|error| AssembleError::recipe(path, error.to_string()))?;
        }
        let counted = archive.into_inner().map_err(failed)?;
        let (diff_id, unpacked) = (Digest::from_bytes(counted.hash.finalize().into()), counted.size);
        let blob = counted.inner.finish().map_err(failed)?.finish()?;
        Ok(Product { blob, diff_id: Some(diff_id), unpacked, components: Vec::new(), notices: Vec::new() })
    }
}

/// A path without leading slash, refused if it climbs.
pub(super) fn clean(path: &str) -> Result<String, AssembleError> {
    let path = path.trim_start_matches("./").trim_matches('/');
    let odd = path.is_empty()
        || path.len() > 1000
        || path.split('/').any(|part| part.is_empty() || part == "." || part == "..");
    if odd { Err(AssembleError::recipe(path, "not a path inside an image")) } else { Ok(path.to_owned()) }
}

fn append<W: Write>(archive: &mut tar::Builder<W>, path: &str, entry: &Entry) -> io::Result<()> {
    let mut header = tar::Header::new_gnu();
    header.set_mode(entry.mode);
    header.set_uid(entry.owner.0);
    header.set_gid(entry.owner.1);
    header.set_mtime(0);
    header.set_size(0);
    match &entry.node {
        Node::Directory => {
            header.set_entry_type(tar::EntryType::Directory);
            archive.append_data(&mut header, format!("{path}/"), io::empty())
        }
        Node::Link(target) => {
            header.set_entry_type(tar::EntryType::Symlink);
            archive.append_link(&mut header, path, target)
        }
        Node::File(Content::Bytes(bytes)) => {
            header.set_entry_type(tar::EntryType::Regular);
            header.set_size(bytes.len() as u64);
            archive.append_data(&mut header, path, &bytes[..])
        }
        Node::File(Content::Path(from)) => {
            let file = File::open(from)?;
            header.set_entry_type(tar::EntryType::Regular);
            header.set_size(file.metadata()?.len());
            archive.append_data(&mut header, path, file)
        }
    }
}

/// Counts and hashes what passes.
struct Counted<W> {
    inner: W,
    hash: Sha256,
    size: u64,
}

impl<W: Write> Write for Counted<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let count = self.inner.write(bytes)?;
        self.hash.update(&bytes[..count]);
        self.size += count as u64;
        Ok(count)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn same_tree_same_bytes() {
        let directory = tempfile::tempdir().expect("directory");
        let cache = Cache::open(directory.path()).expect("cache");
        let tree = |reverse: bool| {
            let mut parts = vec![
                ("/usr/bin/x", Entry::file(0o755, Content::Bytes(b"x".to_vec()))),
                ("bin", Entry::link("usr/bin")),
            ];
            if reverse {
                parts.reverse();
            }
            let mut tree = Tree::default();
            for (path, entry) in parts {
                tree.put(path, entry).expect("put");
            }
            tree.pack(&cache).expect("pack")
        };
        assert_eq!(tree(false), tree(true));
        let bytes = zstd::decode_all(File::open(cache.blob(&tree(false).blob.digest)).expect("open")).expect("decode");
        assert_eq!(Some(Digest::of(&bytes)), tree(false).diff_id);
        let names: Vec<String> = tar::Archive::new(&bytes[..])
            .entries()
            .expect("entries")
            .map(|entry| entry.expect("entry").path().expect("path").display().to_string())
            .collect();
        assert_eq!(names, ["bin", "usr/", "usr/bin/", "usr/bin/x"]);
    }

    #[test]
    fn climbing_paths_are_refused() {
        for path in ["", "/", "../x", "a/../b", "a//b", "a/./b"] {
            assert!(clean(path).is_err(), "{path}");
        }
        assert_eq!(clean("./usr/lib/").expect("clean"), "usr/lib");
    }
}
