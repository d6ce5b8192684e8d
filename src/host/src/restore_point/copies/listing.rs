//! The list of the files of a copy: `data/SOURCE.files`, one JSON object a line (`docs/FORMATS.md`).

use std::ffi::OsString;
use std::os::unix::ffi::{OsStrExt as _, OsStringExt as _};
use std::path::{Component, Path, PathBuf};

use bridle_core::digest::Digest;
use serde::{Deserialize, Serialize};

use super::tree::{Kind, Seen};

/// Longest path of a file below its claim, in bytes, percent signs included.
const LONGEST: usize = 16 * 1024;

/// One file of a copy.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Line {
    /// `CLAIM/PATH`; bytes that are not printable ASCII, and `%`, are `%XX`.
    pub(super) path: String,
    /// What it is.
    pub(super) kind: LineKind,
    pub(super) mode: u32,
    pub(super) uid: u32,
    pub(super) gid: u32,
    /// Seconds and nanoseconds since 1970.
    pub(super) modified: (i64, u32),
    /// What a link says, written as `path`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) target: Option<String>,
    /// Size and digest of a file's content.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) content: Option<(u64, Digest)>,
}

/// Kinds of files that are copied.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum LineKind {
    Folder,
    File,
    Link,
}

impl Line {
    /// The line of a name; none for what is not copied.
    pub(super) fn of(claim: &str, path: &Path, seen: &Seen, content: Option<(u64, Digest)>) -> Option<Self> {
        let (kind, target) = match &seen.kind {
            Kind::Folder => (LineKind::Folder, None),
            Kind::File => (LineKind::File, None),
            Kind::Link(target) => (LineKind::Link, Some(escaped(target))),
            Kind::Meeting | Kind::Device => return None,
        };
        let path = Path::new(claim).join(path);
        let (uid, gid) = seen.owner;
        let path = escaped(path.as_os_str().as_bytes());
        Some(Self { path, kind, mode: seen.mode, uid, gid, modified: seen.modified, target, content })
    }

    /// A line of a list; `None` for one that leads elsewhere or says half of what it should.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let line: Self = serde_json::from_str(text).ok()?;
        let path = plain(&line.path)?;
        let sound = path.components().all(|part| matches!(part, Component::Normal(_)))
            && path.components().next().is_some()
            && line.path.len() <= LONGEST
            && line.mode <= 0o7777
            && (line.kind == LineKind::File) == line.content.is_some()
            && (line.kind == LineKind::Link) == line.target.is_some();
        sound.then_some(line)
    }

    /// Its path below the folder of the copy.
    pub(super) fn place(&self) -> PathBuf {
        plain(&self.path).unwrap_or_default()
    }

    /// What a link says.
    pub(super) fn says(&self) -> Vec<u8> {
        let target = self.target.as_deref().and_then(plain);
        target.map(|path| path.into_os_string().into_vec()).unwrap_or_default()
    }
}

fn escaped(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len());
    for byte in bytes {
        if (b' '..=b'~').contains(byte) && *byte != b'%' {
            text.push(char::from(*byte));
        } else {
            text.push_str(&format!("%{byte:02X}"));
        }
    }
    text
}

fn plain(text: &str) -> Option<PathBuf> {
    let (mut bytes, mut left) = (Vec::with_capacity(text.len()), text.as_bytes());
    while let Some((first, rest)) = left.split_first() {
        left = rest;
        if *first == b'%' {
            let digits = std::str::from_utf8(rest.get(..2)?).ok()?;
            bytes.push(u8::from_str_radix(digits, 16).ok().filter(|byte| *byte != 0)?);
            left = &rest[2..];
        } else {
            bytes.push(*first);
        }
    }
    Some(PathBuf::from(OsString::from_vec(bytes)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_of_any_bytes_comes_back_and_none_leads_elsewhere() {
        let line =
            |path: &str| format!(r#"{{"path":"{path}","kind":"folder","mode":493,"uid":1,"gid":2,"modified":[5,6]}}"#);
        for bytes in [b"data/a b%\xff\n\"\\".as_slice(), "data/é".as_bytes(), b"data"] {
            let text = escaped(bytes);
            assert!(text.bytes().all(|byte| (b' '..=b'~').contains(&byte)), "{text}");
            assert_eq!(plain(&text).expect("plain").as_os_str().as_bytes(), bytes);
        }
        assert_eq!(Line::parse(&line("data/%41")).expect("sound").place(), Path::new("data/A"));
        for bad in ["../x", "data/../x", "/etc", "", "a/%2e%2e/b", "a%00b", "a%4", "a%zz", "./a"] {
            assert_eq!(Line::parse(&line(bad)), None, "{bad}");
        }
        let half = line("a").replace("folder", "file");
        assert_eq!(Line::parse(&half), None, "a file without content");
        assert_eq!(Line::parse(&line("a").replace("493", "65535")), None);
    }
}
