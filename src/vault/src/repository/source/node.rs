//! Metadata of a file as restic keeps them.

use std::ffi::OsStr;
use std::fs::Metadata as Stat;
use std::io;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::{FileTypeExt as _, MetadataExt as _};
use std::path::Path;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use rustic_core::jiff::Timestamp;
use rustic_core::repofile::{Metadata, Node, NodeType};
use rustix::io::Errno;
use serde::de::DeserializeOwned;

/// The largest list of names, and the largest value, of extended attributes (`XATTR_LIST_MAX`, `XATTR_SIZE_MAX`).
const MOST_ATTRIBUTE: usize = 65_536;

/// The node of what is at `path`, whose `stat` is of the name itself, not of where a link points.
pub(super) fn node_of(path: &Path, stat: &Stat) -> io::Result<Node> {
    let kind = stat.file_type();
    let node_type = if kind.is_file() {
        NodeType::File
    } else if kind.is_dir() {
        NodeType::Dir
    } else if kind.is_symlink() {
        NodeType::from_link(&std::fs::read_link(path)?)
    } else if kind.is_block_device() {
        NodeType::Dev { device: stat.rdev() }
    } else if kind.is_char_device() {
        NodeType::Chardev { device: stat.rdev() }
    } else if kind.is_fifo() {
        NodeType::Fifo
    } else {
        NodeType::Socket
    };
    let mut meta = Metadata {
        mode: Some(go_mode(stat.mode())),
        mtime: time(stat.mtime(), stat.mtime_nsec()),
        atime: None, // of no use, and a change of it alone would write every tree anew
        ctime: time(stat.ctime(), stat.ctime_nsec()),
        uid: Some(stat.uid()),
        gid: Some(stat.gid()),
        inode: stat.ino(),
        device_id: stat.dev(),
        size: if kind.is_file() { stat.len() } else { 0 },
        links: if kind.is_dir() { 0 } else { stat.nlink() },
        ..Metadata::default()
    };
    if !kind.is_symlink() {
        meta.extended_attributes = attributes(path)?;
    }
    let name = path.file_name().unwrap_or_default();
    Ok(Node::new_node(name, node_type, meta))
}

/// Permission bits as Go's `os.FileMode` keeps them, which is what restic stores.
pub(crate) fn go_mode(mode: u32) -> u32 {
    const KINDS: [(u32, u32); 6] = [
        (0o04_0000, 1 << 31),               // directory
        (0o12_0000, 1 << 27),               // link
        (0o06_0000, 1 << 26),               // block device
        (0o02_0000, (1 << 26) | (1 << 21)), // character device
        (0o01_0000, 1 << 25),               // pipe
        (0o14_0000, 1 << 24),               // socket
    ];
    let kind = KINDS.iter().find(|(unix, _)| mode & 0o17_0000 == *unix).map_or(0, |(_, go)| *go);
    let special = [(0o4000, 1 << 23), (0o2000, 1 << 22), (0o1000, 1 << 20)];
    let special: u32 = special.iter().filter(|(unix, _)| mode & unix != 0).map(|(_, go)| go).sum();
    (mode & 0o777) | kind | special
}

fn time(seconds: i64, nanoseconds: i64) -> Option<Timestamp> {
    Timestamp::new(seconds, i32::try_from(nanoseconds).ok()?).ok()
}

/// The extended attributes of a file, as the engine keeps them in JSON; it does not name their type.
fn attributes<T: DeserializeOwned>(path: &Path) -> io::Result<T> {
    let mut names = vec![0_u8; MOST_ATTRIBUTE];
    let length = match rustix::fs::llistxattr(path, &mut names) {
        Ok(length) => length,
        Err(Errno::NOTSUP) => 0,
        Err(error) => return Err(error.into()),
    };
    let mut found = Vec::new();
    for name in names[..length].split(|byte| *byte == 0).filter(|name| !name.is_empty()) {
        let mut value = vec![0_u8; MOST_ATTRIBUTE];
        let name = OsStr::from_bytes(name);
        match rustix::fs::lgetxattr(path, name, &mut value) {
            Ok(length) => value.truncate(length),
            Err(Errno::NODATA) => continue, // removed meanwhile; the change of ctime is found
            Err(error) => return Err(error.into()),
        }
        found.push(serde_json::json!({ "name": name.to_string_lossy(), "value": BASE64_STANDARD.encode(&value) }));
    }
    serde_json::from_value(found.into()).map_err(io::Error::other)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn modes_are_those_of_go() {
        assert_eq!(go_mode(0o10_0644), 0o644);
        assert_eq!(go_mode(0o04_1777), 0o777 | (1 << 31) | (1 << 20));
        assert_eq!(go_mode(0o10_4755), 0o755 | (1 << 23));
        assert_eq!(go_mode(0o12_0777), 0o777 | (1 << 27));
    }
}
