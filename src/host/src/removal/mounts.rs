//! Mounts that k3s and its pods made: found in the mount table of process 1, undone there.
//!
//! The agent's unit has a mount table of its own (`PrivateTmp=`), into which the host's changes come and out of which
//! none goes: so umount(8) runs in the host's (nsenter(1)), and then here for what is left here alone.

use std::path::{Path, PathBuf};
use std::time::Duration;

use bridle_core::fault::{Fault, FaultCode};
use bridle_core::port::{Command, Process};
use bridle_core::removal::Receipt;

use crate::files;
use crate::layout::Layout;

/// Largest mount table that is read, in bytes.
const LARGEST: u64 = 64 * 1024 * 1024;
/// Mount points for one call of umount(8).
const AT_ONCE: usize = 100;
const LIMIT: Duration = Duration::from_secs(60);
/// Below these, everything mounted is Kubernetes'.
const PLACES: &[&str] = &["/run/k3s", "/var/lib/rancher", "/var/lib/kubelet", "/run/flannel"];
/// Names of the network namespaces of pods (containerd's CNI library).
const NAMESPACES: &str = "/run/netns/cni-";
/// The same library makes this folder a mount, so that the names are seen everywhere.
const NAMESPACES_FOLDER: &str = "/run/netns";
const HOST: &str = "/proc/1/mountinfo";
const OWN: &str = "/proc/self/mountinfo";

/// The first mount of Kubernetes that is left on the host.
///
/// # Errors
/// A [`Fault`] if the mount table cannot be read.
pub(super) fn left(layout: &Layout, receipt: &Receipt) -> Result<Option<PathBuf>, Fault> {
    Ok(table(layout, HOST, receipt)?.into_iter().next())
}

/// Unmounts them, the newest first; what is in use is taken out of sight at once and goes when its last user has ended.
///
/// # Errors
/// A [`Fault`] if something stays mounted.
pub(super) fn undo(layout: &Layout, receipt: &Receipt, process: &dyn Process) -> Result<(), Fault> {
    for (list, inside) in
        [(HOST, &["/usr/bin/nsenter", "--target=1", "--mount", "--", "/bin/umount"][..]), (OWN, &["/bin/umount"])]
    {
        for lazy in [false, true] {
            let found = table(layout, list, receipt)?;
            for points in found.chunks(AT_ONCE) {
                let mut words: Vec<String> = inside[1..].iter().map(|word| (*word).to_owned()).collect();
                words.extend(lazy.then(|| "--lazy".to_owned()));
                words.extend(points.iter().map(|point| point.display().to_string()));
                let command = Command::new(inside[0]).args(words).env("LC_ALL", "C").limit(LIMIT);
                // Whether it worked is read from the table.
                let _looked_at_below = process.run(&command, &|| false);
            }
        }
        if let Some(point) = table(layout, list, receipt)?.first() {
            return Err(Fault::new(FaultCode::StillMounted).with("path", point.display().to_string()));
        }
    }
    Ok(())
}

fn table(layout: &Layout, list: &str, receipt: &Receipt) -> Result<Vec<PathBuf>, Fault> {
    Ok(files::read_limited(&layout.at(list), LARGEST)?.map_or(Vec::new(), |text| ours(&text, receipt)))
}

/// Mount points of Kubernetes in a mount table, the newest first; what was mounted before is not among them.
fn ours(table: &str, receipt: &Receipt) -> Vec<PathBuf> {
    // proc(5): the fifth field is the mount point.
    let points = table.lines().filter_map(|line| line.split(' ').nth(4)).map(unescaped);
    let is_ours = |point: &PathBuf| {
        let text = point.to_string_lossy();
        let below = PLACES.iter().any(|place| point.starts_with(place)) || text.starts_with(NAMESPACES);
        let folder = point == Path::new(NAMESPACES_FOLDER) && !receipt.paths.is_empty();
        (below || folder) && !receipt.paths.contains_key(text.as_ref())
    };
    let mut found: Vec<PathBuf> = points.filter(is_ours).collect();
    found.reverse();
    found
}

/// Space, tab, newline and backslash stand as `\` and three octal digits.
fn unescaped(text: &str) -> PathBuf {
    use std::os::unix::ffi::OsStringExt as _;
    let bytes = text.as_bytes();
    let mut plain = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        let octal = text.get(at + 1..at + 4).filter(|_| bytes[at] == b'\\');
        match octal.and_then(|digits| u8::from_str_radix(digits, 8).ok()) {
            Some(byte) => {
                plain.push(byte);
                at += 4;
            }
            None => {
                plain.push(bytes[at]);
                at += 1;
            }
        }
    }
    std::ffi::OsString::from_vec(plain).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    const TABLE: &str = "\
22 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw
30 22 8:2 / /var/lib/kubelet rw - ext4 /dev/sdb1 rw
31 22 8:1 /var/lib/bridle/volumes/campus/data /var/lib/kubelet/pods/1/volumes/local/data rw - ext4 /dev/sda1 rw
32 22 0:50 / /run/k3s/containerd/io.containerd.runtime.v2.task/k8s.io/a/rootfs rw - overlay overlay rw
33 22 0:51 / /run/netns rw shared:2 - tmpfs tmpfs rw
34 33 0:4 net:[402] /run/netns/cni-1 rw - nsfs nsfs rw
35 33 0:4 net:[403] /run/netns/mine rw - nsfs nsfs rw
36 22 0:60 / /var/lib/kubelet/pods/1/volumes/with\\040space rw - tmpfs tmpfs rw
37 22 0:61 / /var/lib/kubelet2 rw - tmpfs tmpfs rw
";

    #[test]
    fn only_kubernetes_own_mounts_newest_first() {
        let mut receipt = Receipt::default();
        receipt.paths.insert("/var/lib/kubelet".to_owned(), 0o755);
        receipt.paths.insert("/run/netns".to_owned(), 0o755);
        let found = ours(TABLE, &receipt);
        let wanted = [
            "/var/lib/kubelet/pods/1/volumes/with space",
            "/run/netns/cni-1",
            "/run/k3s/containerd/io.containerd.runtime.v2.task/k8s.io/a/rootfs",
            "/var/lib/kubelet/pods/1/volumes/local/data",
        ];
        assert_eq!(found, wanted.map(PathBuf::from));
        receipt.paths.remove("/run/netns");
        assert!(ours(TABLE, &receipt).contains(&PathBuf::from("/run/netns")));
        assert!(!ours(TABLE, &Receipt::default()).contains(&PathBuf::from("/run/netns")), "nobody knows whose");
    }
}
