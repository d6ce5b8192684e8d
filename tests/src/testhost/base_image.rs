//! The clean Debian that every host's disk starts from: made once, kept outside the checkout.

use super::process::Invocation;
use super::{Error, Result};
use rustix::fs::{FlockOperation, flock};
use sha2::{Digest, Sha256};
use std::env;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// The Debian release of the hosts.
const SUITE: &str = "bookworm";
/// What a minimal server has beside Debian's essential packages. What a release needs on its hosts
/// and is not here must come with the release.
const PACKAGES: [&str; 8] = ["dbus", "iproute2", "kmod", "netbase", "nftables", "procps", "systemd", "systemd-sysv"];
/// Part of the recipe's digest; to be raised when this module makes another image from the same list.
const RECIPE_VERSION: u32 = 1;
/// Tried: 20 s with a near mirror.
const MAKE_LIMIT: Duration = Duration::from_secs(900);

/// The folder for all that tests keep outside the checkout (`$XDG_CACHE_HOME/bridle`).
pub fn cache_folder() -> PathBuf {
    let home = || PathBuf::from(env::var_os("HOME").unwrap_or_else(|| "/root".into())).join(".cache");
    let cache = env::var_os("XDG_CACHE_HOME").map(PathBuf::from);
    cache.filter(|path| path.is_absolute()).unwrap_or_else(home).join("bridle")
}

/// The archive (tar) of the clean Debian; made where the cache does not have it yet.
pub(crate) fn archive() -> Result<PathBuf> {
    let folder = cache_folder().join("hosts");
    let archive = folder.join(format!("{}.tar", recipe()));
    if archive.exists() {
        return Ok(archive);
    }
    fs::create_dir_all(&folder).map_err(Error::file("create", &folder))?;
    let lock_path = folder.join("lock");
    let lock = File::create(&lock_path).map_err(Error::file("create", &lock_path))?;
    flock(&lock, FlockOperation::LockExclusive).map_err(Error::file("lock", &lock_path))?;
    if !archive.exists() {
        make(&folder, &archive)?;
    }
    Ok(archive)
}

fn make(folder: &Path, archive: &Path) -> Result<()> {
    let partial = folder.join("partial.tar");
    let options = [
        "--variant=minbase".to_owned(),
        "--format=tar".to_owned(),
        "--aptopt=APT::Install-Recommends \"false\"".to_owned(),
        "--aptopt=Acquire::Retries \"3\"".to_owned(),
        format!("--include={}", PACKAGES.join(",")),
        SUITE.to_owned(),
        partial.to_string_lossy().into_owned(),
    ];
    Invocation::new("mmdebstrap", options).limit(MAKE_LIMIT).run_ok()?;
    let made = File::open(&partial).map_err(Error::file("open", &partial))?;
    made.sync_all().map_err(Error::file("sync", &partial))?;
    fs::rename(&partial, archive).map_err(Error::file("rename", &partial))?;
    let parent = File::open(folder).map_err(Error::file("open", folder))?;
    parent.sync_all().map_err(Error::file("sync", folder))
}

/// What names the clean Debian as this module makes it.
pub(crate) fn recipe() -> String {
    digest(SUITE, &PACKAGES)
}

/// The digest of everything that decides what is in the image, 16 hexadecimal digits.
fn digest(suite: &str, packages: &[&str]) -> String {
    let text = format!("{RECIPE_VERSION} {suite} {}", packages.join(" "));
    let bytes = Sha256::digest(text.as_bytes());
    bytes[..8].iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_recipe_has_another_digest() {
        let digests = [digest("bookworm", &["a", "b"]), digest("bookworm", &["a"]), digest("trixie", &["a", "b"])];
        assert_eq!(digests[0].len(), 16);
        assert!(digests[0] != digests[1] && digests[0] != digests[2]);
        assert_eq!(digests[0], digest("bookworm", &["a", "b"]));
    }
}
