//! The table of mounts: which file system a path is on.

use std::path::Path;

/// A mount.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Mount {
    /// Where.
    pub point: String,
    /// `major:minor`.
    pub device: String,
    /// Kind of the file system.
    pub kind: String,
    pub read_only: bool,
    pub noexec: bool,
}

/// Most mounts that are read: a busy node has a few thousand.
const MOST: usize = 100_000;

/// The mounts of `/proc/self/mountinfo` (proc(5)); lines that are none are passed over.
pub(super) fn read(mountinfo: &str) -> Vec<Mount> {
    mountinfo.lines().take(MOST).filter_map(mount).collect()
}

fn mount(line: &str) -> Option<Mount> {
    let (front, back) = line.split_once(" - ")?;
    let front: Vec<&str> = front.split(' ').collect();
    let [_, _, device, _, point, options, ..] = front.as_slice() else { return None };
    let mut back = back.split(' ');
    let (kind, _, of_file_system) = (back.next()?, back.next()?, back.next().unwrap_or_default());
    let has = |options: &str, name: &str| options.split(',').any(|option| option == name);
    Some(Mount {
        point: unescaped(point),
        device: (*device).to_owned(),
        kind: kind.to_owned(),
        read_only: has(options, "ro") || has(of_file_system, "ro"),
        noexec: has(options, "noexec"),
    })
}

/// Spaces, tabs, line ends and backslashes stand there as `\` and three octal digits.
fn unescaped(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, tail)) = rest.split_first() {
        let octal = (*first == b'\\').then(|| tail.get(..3)).flatten();
        let octal = octal.and_then(|digits| u8::from_str_radix(std::str::from_utf8(digits).ok()?, 8).ok());
        if let Some(byte) = octal {
            bytes.push(byte);
            rest = &tail[3..];
        } else {
            bytes.push(*first);
            rest = tail;
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// The mount that holds `path`: the longest one above it, and of those at one place the last, which covers the others.
pub(super) fn of<'a>(mounts: &'a [Mount], path: &Path) -> Option<&'a Mount> {
    let above = mounts.iter().filter(|mount| path.starts_with(&mount.point));
    above.max_by_key(|mount| Path::new(&mount.point).components().count())
}

#[cfg(test)]
mod tests {
    use super::*;

    const TABLE: &str = "\
21 1 254:1 / / rw,relatime shared:1 - ext4 /dev/vda1 rw,errors=remount-ro
22 21 0:20 / /proc rw,nosuid - proc proc rw
30 21 254:2 / /var rw,relatime - xfs /dev/vdb ro,attr2
31 21 0:30 / /run rw,nosuid,nodev,noexec,relatime shared:5 master:2 - tmpfs tmpfs rw,size=800000k
32 30 0:40 /@lib /var/lib\\040two rw - btrfs /dev/vdc rw
33 21 254:3 / /opt ro,noexec - ext4 /dev/vdd rw
34 21 254:4 / /opt rw - ext4 /dev/vde rw
nonsense
35 21 254:5 / - ext4
";

    #[test]
    fn which_file_system_a_path_is_on() {
        let mounts = read(TABLE);
        assert_eq!(mounts.len(), 7);
        let on = |path: &str| of(&mounts, Path::new(path)).map(|mount| (mount.point.as_str(), mount.device.as_str()));
        assert_eq!(on("/etc/bridle"), Some(("/", "254:1")));
        assert_eq!(on("/var/lib/rancher"), Some(("/var", "254:2")));
        assert_eq!(on("/variable"), Some(("/", "254:1")));
        assert_eq!(on("/var/lib two/x"), Some(("/var/lib two", "0:40")));
        assert_eq!(on("/opt/bridle"), Some(("/opt", "254:4")), "what is mounted last covers the rest");
        assert_eq!(of(&[], Path::new("/")), None);
    }

    #[test]
    fn what_may_be_done_there() {
        let mounts = read(TABLE);
        let flags = |point: &str| {
            let mount = mounts.iter().find(|mount| mount.point == point).expect("mount");
            (mount.read_only, mount.noexec)
        };
        assert_eq!(
            (flags("/"), flags("/var"), flags("/run"), flags("/opt")),
            ((false, false), (true, false), (false, true), (true, true))
        );
    }

    #[test]
    fn odd_escapes_are_kept_as_they_are() {
        for (text, plain) in
            [("a\\040b", "a b"), ("a\\04", "a\\04"), ("\\999", "\\999"), ("\\134", "\\"), ("é\\", "é\\")]
        {
            assert_eq!(unescaped(text), plain);
        }
    }
}
