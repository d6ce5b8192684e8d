//! Every file of a host: type, mode, owner, size, content, target, extended attributes.
//!
//! Times are left out: the time of a folder changes with every file that was in it for a moment.

use super::volatile;
use rustix::fs::{lgetxattr, llistxattr};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs::{self, File, Metadata};
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::path::Path;

/// Content hashes by device, inode, size and change time.
pub(super) type Contents = BTreeMap<(u64, u64, u64, i64, i64), String>;
/// Largest list of names, and largest value, of extended attributes (the kernel's limit).
const ATTRIBUTES: usize = 64 << 10;

/// All files below `root` by their path on the host but the folder `own`; contents known from before are not read again.
pub(super) fn of(root: &Path, own: &str, known: &Contents) -> (BTreeMap<String, String>, Contents) {
    let mut walk = Walk { own, known, found: BTreeMap::new(), contents: Contents::new() };
    walk.folder(root, "");
    (walk.found, walk.contents)
}

struct Walk<'a> {
    own: &'a str,
    known: &'a Contents,
    found: BTreeMap<String, String>,
    contents: Contents,
}

impl Walk<'_> {
    /// Goes through the folder `real`, which the host has at `path` (without a slash at its end).
    fn folder(&mut self, real: &Path, path: &str) {
        // A folder that is gone by now is a difference that the next digest shows.
        let entries = fs::read_dir(real).into_iter().flatten().flatten();
        for name in entries.map(|entry| entry.file_name()) {
            let path = format!("{path}/{}", escaped(name.as_bytes()));
            let real = real.join(&name);
            let Ok(metadata) = fs::symlink_metadata(&real) else { continue };
            if volatile::is_path(&path) || path == self.own {
                continue;
            }
            let known = self.describe(&real, &metadata).unwrap_or_else(|error| format!("unreadable: {error}"));
            if metadata.is_dir() && !volatile::is_view(&path) {
                self.folder(&real, &path);
            }
            self.found.insert(path, known);
        }
    }

    fn describe(&mut self, real: &Path, metadata: &Metadata) -> io::Result<String> {
        let kind = metadata.file_type();
        let mut text = format!("{:04o} {}:{}", metadata.mode() & 0o7777, metadata.uid(), metadata.gid());
        let what = if kind.is_dir() {
            "folder".to_owned()
        } else if kind.is_symlink() {
            format!("link to {}", escaped(fs::read_link(real)?.as_os_str().as_bytes()))
        } else if kind.is_file() {
            format!("{} bytes sha256:{}", metadata.len(), self.content(real, metadata)?)
        } else if kind.is_fifo() {
            "pipe".to_owned()
        } else if kind.is_socket() {
            "socket".to_owned()
        } else {
            format!("device {:x}", metadata.rdev())
        };
        let _infallible = write!(text, " {what}{}", attributes(real));
        Ok(text)
    }

    fn content(&mut self, real: &Path, metadata: &Metadata) -> io::Result<String> {
        let state = (metadata.dev(), metadata.ino(), metadata.len(), metadata.ctime(), metadata.ctime_nsec());
        let hash = match self.known.get(&state) {
            Some(hash) => hash.clone(),
            None => hash_of(real)?,
        };
        self.contents.insert(state, hash.clone());
        Ok(hash)
    }
}

fn hash_of(path: &Path) -> io::Result<String> {
    let mut hash = Sha256::new();
    io::copy(&mut File::open(path)?, &mut hash)?;
    Ok(hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect())
}

/// The extended attributes as ` name=value`, sorted; nothing where the file system has none.
fn attributes(path: &Path) -> String {
    let mut names = vec![0; ATTRIBUTES];
    let count = llistxattr(path, &mut names[..]).unwrap_or(0);
    let mut names: Vec<&[u8]> = names[..count].split(|byte| *byte == 0).filter(|name| !name.is_empty()).collect();
    names.sort_unstable();
    let mut value = vec![0; if names.is_empty() { 0 } else { ATTRIBUTES }];
    let mut text = String::new();
    for name in names {
        let count = lgetxattr(path, name, &mut value[..]).unwrap_or(0);
        let _infallible = write!(text, " {}={}", escaped(name), escaped(&value[..count]));
    }
    text
}

/// Bytes as printable text; what is not is written as `\xNN`.
fn escaped(bytes: &[u8]) -> String {
    bytes.escape_ascii().to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::{PermissionsExt, symlink};

    fn lines(root: &Path, known: &Contents) -> BTreeMap<String, String> {
        of(root, "", known).0
    }

    #[test]
    fn content_mode_link_and_kind_are_seen() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path();
        fs::create_dir_all(root.join("a/proc")).unwrap();
        fs::write(root.join("a/file"), "one").unwrap();
        fs::write(root.join("a/proc/kept"), "x").unwrap();
        symlink("/nowhere", root.join("link")).unwrap();
        let (first, known) = of(root, "", &Contents::new());
        assert_eq!(first.keys().collect::<Vec<_>>(), ["/a", "/a/file", "/a/proc", "/a/proc/kept", "/link"]);
        assert!(first["/link"].ends_with("link to /nowhere"), "{}", first["/link"]);
        assert_eq!(lines(root, &known), first);
        assert_eq!(of(root, "/a", &known).0.keys().collect::<Vec<_>>(), ["/link"]);
        fs::write(root.join("a/file"), "two").unwrap();
        let second = lines(root, &known);
        assert_ne!(second["/a/file"], first["/a/file"], "a change of the same size");
        fs::set_permissions(root.join("a/file"), fs::Permissions::from_mode(0o600)).unwrap();
        assert!(lines(root, &known)["/a/file"].starts_with("0600"), "the mode");
    }

    #[test]
    fn names_that_are_no_text_are_still_found() {
        let folder = tempfile::tempdir().unwrap();
        let name = std::ffi::OsStr::from_bytes(b"odd\n\xff");
        fs::create_dir(folder.path().join(name)).unwrap();
        fs::write(folder.path().join(name).join("in"), "x").unwrap();
        let found = lines(folder.path(), &Contents::new());
        assert_eq!(found.keys().collect::<Vec<_>>(), ["/odd\\n\\xff", "/odd\\n\\xff/in"]);
    }
}
