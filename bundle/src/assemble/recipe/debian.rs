//! Debian packages with their dependencies, unpacked without running any of their scripts.

mod apt;
mod unpack;

use bridle_core::digest::Digest;

use super::{Kitchen, MadeLayer};
use crate::assemble::cache::{Cache, Product};
use crate::assemble::error::AssembleError;
use crate::assemble::sbom::Component;
use crate::assemble::source::LockedPackage;

/// Directories that are links into `usr` on every Debian since 12.
const MERGED: [&str; 4] = ["bin", "lib", "lib64", "sbin"];

/// What a recipe asks for.
#[derive(Debug)]
pub(super) struct Wanted<'a> {
    pub(super) suite: &'a str,
    pub(super) packages: &'a [String],
    pub(super) without: &'a [String],
    pub(super) excluded: &'a [String],
    /// Content of `/etc/passwd` and `/etc/group`, where the image needs them from here.
    pub(super) accounts: Option<(String, String)>,
}

impl Kitchen<'_> {
    /// The layer of some packages: those of the lock, or else what apt finds now.
    pub(super) fn debian(
        &self,
        wanted: &Wanted<'_>,
        locked: Option<&[LockedPackage]>,
    ) -> Result<MadeLayer, AssembleError> {
        let packages = match locked {
            Some(locked) => locked.to_vec(),
            None => apt::resolve(self.cache, wanted)?,
        };
        apt::fetch(self.cache, wanted.suite, &packages)?;
        let list: Vec<String> = packages.iter().map(|package| package.sha256.hex()).collect();
        let accounts = wanted.accounts.clone().unwrap_or_default();
        let parts = ["debian", &list.join(","), &wanted.without.join("\0"), &accounts.0, &accounts.1];
        let mut product = self.cache.product(&Cache::key(&parts), || unpack::layer(self.cache, wanted, &packages))?;
        product.components =
            packages.iter().map(|package| Component::new("deb", &package.name, &package.version)).collect();
        Ok(MadeLayer { product: Product { ..product }, packages, wheel: None })
    }
}

/// The path after the merge of `/bin`, `/lib`, `/lib64` and `/sbin` into `/usr`.
pub(super) fn merged(path: &str) -> String {
    let first = path.split('/').next().unwrap_or_default();
    if MERGED.contains(&first) && path.len() > first.len() { format!("usr/{path}") } else { path.to_owned() }
}

/// Path of a package file in the cache.
fn file(cache: &Cache, sha256: &Digest) -> std::path::PathBuf {
    cache.directory("deb").join(format!("{}.deb", sha256.hex()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_top_directories_are_merged() {
        for (from, to) in [
            ("bin/sh", "usr/bin/sh"),
            ("lib64/x", "usr/lib64/x"),
            ("libx/y", "libx/y"),
            ("bin", "bin"),
            ("opt/bin/x", "opt/bin/x"),
        ] {
            assert_eq!(merged(from), to);
        }
    }
}
