//! From package files to a tree.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::io;
use std::path::Path;

use globset::{GlobBuilder, GlobSet, GlobSetBuilder};

use super::{MERGED, Wanted, file, merged};
use crate::assemble::cache::{Cache, Product};
use crate::assemble::error::AssembleError;
use crate::assemble::layer::{Content, Entry, Node, Tree, clean};
use crate::assemble::notices::{self, Notice};
use crate::assemble::source::LockedPackage;
use crate::assemble::tool::Tool;

/// Makes the layer of some package files that are in the cache.
pub(super) fn layer(cache: &Cache, wanted: &Wanted<'_>, packages: &[LockedPackage]) -> Result<Product, AssembleError> {
    let scratch = cache.scratch()?;
    let mut unpacked = Unpacked { without: patterns(wanted.without)?, ..Unpacked::default() };
    for name in MERGED {
        unpacked.tree.put(name, Entry::link(&format!("usr/{name}")))?;
        unpacked.tree.put(&format!("usr/{name}"), Entry::directory())?;
    }
    for package in packages {
        let directory = scratch.path().join(&package.name);
        fs::create_dir(&directory).map_err(AssembleError::io("make directory", &directory))?;
        let archive = directory.join("tar");
        let out = File::create(&archive).map_err(AssembleError::io("create", &archive))?;
        Tool::new("dpkg-deb").arg("--fsys-tarfile").arg(file(cache, &package.sha256)).into_file(out)?;
        unpacked
            .package(&archive, &directory)
            .map_err(|error| AssembleError::recipe(format!("Debian package {}", package.name), error))?;
        fs::remove_file(&archive).map_err(AssembleError::io("remove", &archive))?;
    }
    let Unpacked { mut tree, emptied, .. } = unpacked;
    remove_emptied(&mut tree, emptied);
    if let Some((passwd, group)) = &wanted.accounts {
        for (path, text) in [("etc/passwd", passwd), ("etc/group", group)] {
            if !tree.0.contains_key(path) {
                tree.put(path, Entry::file(0o644, Content::Bytes(text.clone().into_bytes())))?;
            }
        }
    }
    let notices = copyrights(cache, &tree, packages)?;
    let product = tree.pack(cache)?;
    Ok(Product { notices, ..product })
}

#[derive(Default)]
struct Unpacked {
    tree: Tree,
    without: GlobSet,
    emptied: BTreeSet<String>,
}

impl Unpacked {
    /// Adds the files of one package. The package is what its pinned SHA-256 says, so its archive is Debian's.
    fn package(&mut self, archive: &Path, directory: &Path) -> Result<(), String> {
        let text = |error: io::Error| error.to_string();
        let mut reader = tar::Archive::new(File::open(archive).map_err(text)?);
        let mut originals: BTreeMap<String, Content> = BTreeMap::new();
        for (number, entry) in reader.entries().map_err(text)?.enumerate() {
            let mut entry = entry.map_err(text)?;
            let path = entry.path().map_err(text)?.display().to_string();
            if matches!(path.trim_end_matches('/'), "." | "" | "./") {
                continue;
            }
            let path = clean(&path).map_err(|error| error.to_string())?;
            let header = entry.header();
            let kind = header.entry_type();
            let owner = (header.uid().map_err(text)?, header.gid().map_err(text)?);
            // Programs that take on another user have no place in a pod.
            let mode = header.mode().map_err(text)? & 0o1777;
            let target = entry.link_name().map_err(text)?.map(|target| target.display().to_string());
            let node = match (kind, target) {
                (tar::EntryType::Directory, _) => Node::Directory,
                (tar::EntryType::Symlink, Some(target)) => Node::Link(target),
                (tar::EntryType::Link, Some(target)) => {
                    let original = clean(&target).map_err(|error| error.to_string())?;
                    Node::File(
                        originals
                            .get(&original)
                            .cloned()
                            .ok_or_else(|| format!("{path} links to {target}, which is not there"))?,
                    )
                }
                (tar::EntryType::Regular, _) => {
                    let to = directory.join(number.to_string());
                    io::copy(&mut entry, &mut File::create(&to).map_err(text)?).map_err(text)?;
                    originals.insert(path.clone(), Content::Path(to.clone()));
                    Node::File(Content::Path(to))
                }
                (other, _) => return Err(format!("{path} is of kind {other:?}")),
            };
            self.add(&path, Entry { mode, owner, node })?;
        }
        Ok(())
    }

    fn add(&mut self, path: &str, entry: Entry) -> Result<(), String> {
        if self.without.is_match(path) && !is_copyright(path, &entry) {
            let parents = path.match_indices('/').map(|(at, _)| merged(&path[..at]));
            self.emptied.extend(parents);
            return Ok(());
        }
        if MERGED.contains(&path) || (matches!(entry.node, Node::Directory) && self.tree.0.contains_key(&merged(path)))
        {
            return Ok(());
        }
        self.tree.put(&merged(path), entry).map_err(|error| error.to_string())
    }
}

/// Licence texts always stay, and so do links to another package's.
fn is_copyright(path: &str, entry: &Entry) -> bool {
    let Some(rest) = path.strip_prefix("usr/share/doc/") else { return false };
    let mut parts = rest.split('/');
    match (parts.next(), parts.next(), parts.next()) {
        (Some(_), None, None) => matches!(entry.node, Node::Link(_)),
        (Some(_), Some("copyright"), None) => true,
        _ => false,
    }
}

/// Takes away directories that have nothing left in them because everything was left out.
fn remove_emptied(tree: &mut Tree, emptied: BTreeSet<String>) {
    for path in emptied.into_iter().rev() {
        let beneath = format!("{path}/");
        let is_empty = tree.0.range(beneath.clone()..).next().is_none_or(|(next, _)| !next.starts_with(&beneath));
        if is_empty && !path.strip_prefix("usr/").is_some_and(|name| MERGED.contains(&name)) {
            tree.0.remove(&path);
        }
    }
}

fn copyrights(cache: &Cache, tree: &Tree, packages: &[LockedPackage]) -> Result<Vec<Notice>, AssembleError> {
    let mut found = Vec::new();
    for package in packages {
        let folder = format!("usr/share/doc/{}", package.name);
        // `usr/share/doc/libgcc-s1` is a link to `gcc-12-base`; a copyright file may be a link as well.
        let folder = match tree.0.get(&folder).map(|entry| &entry.node) {
            Some(Node::Link(target)) => beside(&folder, target),
            _ => folder,
        };
        let mut path = format!("{folder}/copyright");
        if let Some(Node::Link(target)) = tree.0.get(&path).map(|entry| &entry.node) {
            path = beside(&path, target);
        }
        let label = format!("{} {} (Debian)", package.name, package.version);
        if let Some(Node::File(Content::Path(file))) = tree.0.get(&path).map(|entry| &entry.node) {
            found.push(notices::of_file(cache, &label, file)?);
        }
    }
    Ok(found)
}

/// Where a link at `path` leads, inside the tree.
fn beside(path: &str, target: &str) -> String {
    let mut parts: Vec<&str> = if target.starts_with('/') { Vec::new() } else { path.split('/').collect() };
    parts.pop();
    for part in target.split('/').filter(|part| !part.is_empty() && *part != ".") {
        if part == ".." {
            parts.pop();
        } else {
            parts.push(part);
        }
    }
    parts.join("/")
}

fn patterns(texts: &[String]) -> Result<GlobSet, AssembleError> {
    let mut set = GlobSetBuilder::new();
    for text in texts {
        let glob = GlobBuilder::new(text).literal_separator(true).build();
        set.add(glob.map_err(|error| AssembleError::recipe("debian layer", error.to_string()))?);
    }
    set.build().map_err(|error| AssembleError::recipe("debian layer", error.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_left_out_leaves_no_directories() {
        let mut unpacked = Unpacked {
            without: patterns(&["usr/share/doc/**".to_owned(), "usr/lib/llvm*".to_owned()]).expect("patterns"),
            ..Unpacked::default()
        };
        let file = || Entry::file(0o644, Content::Bytes(Vec::new()));
        for (path, entry) in [
            ("usr/share/doc", Entry::directory()),
            ("usr/share/doc/x", Entry::directory()),
            ("usr/share/doc/x/README", file()),
            ("usr/share/doc/y", Entry::directory()),
            ("usr/share/doc/y/copyright", file()),
            ("usr/share/doc/z", Entry::link("y")),
            ("usr/lib/llvm.so", file()),
            ("lib/x.so", file()),
        ] {
            unpacked.add(path, entry).expect("add");
        }
        let Unpacked { mut tree, emptied, .. } = unpacked;
        remove_emptied(&mut tree, emptied);
        let names: Vec<&str> = tree.0.keys().map(String::as_str).collect();
        assert_eq!(
            names,
            [
                "usr",
                "usr/lib",
                "usr/lib/x.so",
                "usr/share",
                "usr/share/doc",
                "usr/share/doc/y",
                "usr/share/doc/y/copyright",
                "usr/share/doc/z"
            ]
        );
        assert_eq!(beside("usr/share/doc/z", "y"), "usr/share/doc/y");
        assert_eq!(beside("usr/share/doc/a/copyright", "../b/copyright"), "usr/share/doc/b/copyright");
    }
}
