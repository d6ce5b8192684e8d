//! What the cluster knew before it went back to a restore point: `changes/NAME.json` in the folder of the point.

use std::path::PathBuf;

use bridle_core::fault::{Fault, FaultCode};
use bridle_core::port::Exports;
use bridle_core::trial::is_release;

use crate::files;
use crate::layout::Layout;

const CHANGES: &str = "changes";

/// Exports below the restore points of one host.
#[derive(Debug, Clone)]
pub struct ChangesFiles {
    layout: Layout,
}

impl ChangesFiles {
    /// Over this layout.
    #[must_use]
    pub fn new(layout: Layout) -> Self {
        Self { layout }
    }

    /// Where an export is.
    ///
    /// # Errors
    /// `RequestInvalid` for names that are no plain ones.
    pub fn path(&self, point: &str, name: &str) -> Result<PathBuf, Fault> {
        if is_release(point) && is_release(name) {
            return Ok(self.layout.restore_points_dir().join(point).join(CHANGES).join(format!("{name}.json")));
        }
        Err(Fault::new(FaultCode::RequestInvalid).with("what", "restore point"))
    }
}

impl Exports for ChangesFiles {
    fn holds(&self, point: &str, name: &str) -> Result<bool, Fault> {
        // Written atomically: it is there as a whole or not at all.
        Ok(self.path(point, name)?.is_file())
    }

    fn keep(&self, point: &str, name: &str, text: &str) -> Result<(), Fault> {
        let path = self.path(point, name)?;
        files::make_dirs(path.parent().unwrap_or(&path), 0o700)?;
        Ok(files::write_atomic(&path, text.as_bytes(), 0o600)?)
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    #[test]
    fn is_kept_for_root_alone_and_nowhere_else() {
        let dir = tempfile::tempdir().expect("dir");
        let exports = ChangesFiles::new(Layout::under(dir.path()));
        assert_eq!(exports.holds("0001-before-a", "changes-0007"), Ok(false));
        exports.keep("0001-before-a", "changes-0007", "{}").expect("kept");
        assert_eq!(exports.holds("0001-before-a", "changes-0007"), Ok(true));
        let path = exports.path("0001-before-a", "changes-0007").expect("plain names");
        assert_eq!(path.metadata().expect("there").permissions().mode() & 0o777, 0o600);
        for name in ["../a", "a/b", ""] {
            assert_eq!(exports.holds(name, "a").map_err(|fault| fault.code), Err(FaultCode::RequestInvalid), "{name}");
        }
    }
}
