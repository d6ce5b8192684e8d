//! The receipt on disk: written by the installer before it touches anything, read by the removal.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use bridle_core::fault::{Fault, FaultCode};
use bridle_core::port::Process;
use bridle_core::removal::Receipt;

use super::{kernel, network, places};
use crate::files;
use crate::layout::Layout;

/// Most paths that are written down; a clean host has fewer than a hundred in these places.
const MOST: usize = 100_000;
/// The group whose members may talk to the agent.
pub(super) const GROUP: &str = "bridle";
/// Largest receipt that is read, in bytes.
const LARGEST: u64 = 64 * 1024 * 1024;

/// Writes down what is on the host, unless that was done before: the first installation counts, also after data were kept.
///
/// # Errors
/// A [`Fault`] if there is too much to write down, or it cannot be written.
pub fn record(layout: &Layout, process: &dyn Process) -> Result<(), Fault> {
    let path = layout.receipt_file();
    // A host that an earlier version installed has no receipt: what is ours could not be told from what was there.
    if path.exists() || layout.journal_dir().exists() || layout.releases_dir().exists() {
        return Ok(());
    }
    let receipt = Receipt {
        paths: paths(layout)?,
        group: has_group(layout)?,
        settings: kernel::settings(layout),
        modules: kernel::modules(layout),
        interfaces: network::interfaces(layout),
        tables: network::tables(process)?.into_iter().collect(),
        ..Receipt::default()
    };
    files::make_dirs(&layout.data_dir(), 0o711)?;
    Ok(files::write_atomic(&path, receipt.text().as_bytes(), 0o600)?)
}

/// Whether this host's own file has the group; one that comes from elsewhere cannot be removed here anyway.
fn has_group(layout: &Layout) -> Result<bool, Fault> {
    let text = files::read_limited(&layout.at("/etc/group"), LARGEST)?.unwrap_or_default();
    Ok(text.lines().any(|line| line.split(':').next() == Some(GROUP)))
}

/// The receipt of this host; one that says nothing if there is none.
///
/// # Errors
/// `ReceiptInvalid` if it is there and cannot be used.
pub(super) fn read(layout: &Layout) -> Result<Receipt, Fault> {
    let path = layout.receipt_file();
    let invalid = || Fault::new(FaultCode::ReceiptInvalid).with("path", path.display().to_string());
    let text = files::read_limited(&path, LARGEST).map_err(|error| invalid().because(&error))?;
    text.map_or(Ok(Receipt::default()), |text| Receipt::parse(&text).map_err(|error| invalid().because(&error)))
}

/// The name of a path of the layout as the receipt has it.
pub(super) fn name(layout: &Layout, path: &Path) -> String {
    let below = path.strip_prefix(layout.at("/")).unwrap_or(path);
    Path::new("/").join(below).to_string_lossy().into_owned()
}

/// Gives folders that were there before the mode that they had.
pub(super) fn restore_modes(layout: &Layout, receipt: &Receipt) {
    for (name, mode) in &receipt.paths {
        let path = layout.at(name);
        let is_ours = places::kubernetes(layout).iter().any(|tree| path.starts_with(tree));
        let changed = |now: fs::Metadata| now.is_dir() && now.permissions().mode() & 0o7777 != *mode;
        if is_ours && path.symlink_metadata().is_ok_and(changed) {
            let _nobody_depends_on_it = fs::set_permissions(&path, fs::Permissions::from_mode(*mode));
        }
    }
}

fn paths(layout: &Layout) -> Result<BTreeMap<String, u32>, Fault> {
    let mut found = BTreeMap::new();
    let single = places::files(layout).into_iter().chain(places::shared(layout));
    for path in single.chain(places::trees(layout)) {
        for above in path.ancestors() {
            note(layout, above, &mut found);
        }
    }
    for tree in places::trees(layout) {
        walk(layout, &tree, &mut found)?;
    }
    Ok(found)
}

fn walk(layout: &Layout, folder: &Path, found: &mut BTreeMap<String, u32>) -> Result<(), Fault> {
    if folder.symlink_metadata().is_ok_and(|metadata| metadata.is_dir()) {
        for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
            note(layout, &entry.path(), found);
            if found.len() > MOST {
                let what = format!("more than {MOST} files in {}", folder.display());
                return Err(Fault::new(FaultCode::PreflightBlocked).output(&what));
            }
            walk(layout, &entry.path(), found)?;
        }
    }
    Ok(())
}

fn note(layout: &Layout, path: &Path, found: &mut BTreeMap<String, u32>) {
    if let Ok(metadata) = path.symlink_metadata() {
        found.insert(name(layout, path), metadata.permissions().mode() & 0o7777);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::removal::tests::Nothing;

    #[test]
    fn the_first_installation_counts() {
        let dir = tempfile::tempdir().expect("dir");
        let layout = Layout::under(dir.path());
        let drop_in = layout.at("/etc/rancher/k3s/config.yaml.d/90-site.yaml");
        files::make_dirs(drop_in.parent().expect("parent"), 0o755).expect("folder");
        files::write_atomic(&drop_in, b"x", 0o640).expect("file");
        files::make_dirs(&layout.at("/proc/net"), 0o755).expect("folder");
        let table = b"Inter-| Receive\n face |bytes\n    lo: 0 0\n  eth0: 12 1\n";
        files::write_atomic(&layout.at("/proc/net/dev"), table, 0o644).expect("interfaces");
        files::write_atomic(&layout.at("/etc/group"), b"root:x:0:\nbridle:x:999:me\n", 0o644).expect("groups");
        record(&layout, &Nothing).expect("recorded");
        let first = read(&layout).expect("read");
        assert_eq!(first.paths.get("/etc/rancher/k3s/config.yaml.d/90-site.yaml"), Some(&0o640));
        assert!(first.paths.contains_key("/etc") && !first.paths.contains_key("/var/lib/bridle"));
        assert!(first.group && first.interfaces.iter().eq(["eth0", "lo"]));

        files::write_atomic(&layout.at("/etc/rancher/k3s/config.yaml"), b"x", 0o600).expect("ours");
        record(&layout, &Nothing).expect("again");
        assert_eq!(read(&layout).expect("read"), first);
    }

    #[test]
    fn an_older_installation_gets_none_and_a_damaged_one_is_refused() {
        let dir = tempfile::tempdir().expect("dir");
        let layout = Layout::under(dir.path());
        files::make_dirs(&layout.journal_dir(), 0o750).expect("journals");
        record(&layout, &Nothing).expect("passes");
        assert_eq!(read(&layout).expect("none"), Receipt::default());
        files::write_atomic(&layout.receipt_file(), b"{", 0o600).expect("file");
        assert_eq!(read(&layout).expect_err("damaged").code, FaultCode::ReceiptInvalid);
    }
}
