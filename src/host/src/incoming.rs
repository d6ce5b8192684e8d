//! The folder where operators put release files for `release add` to find.

use std::os::unix::fs::{PermissionsExt as _, chown};

use crate::files::{self, FileError};
use crate::layout::Layout;

/// Whoever may operate the platform may put files there and take them away; nobody else may look.
const MODE: u32 = 0o770;

/// Makes the folder where it is missing, and gives it to root and `group`; files in it stay as they are.
///
/// # Errors
/// [`FileError`] if it cannot be made, or something else has its name.
pub fn make(layout: &Layout, group: Option<u32>) -> Result<(), FileError> {
    let path = layout.incoming_dir();
    // Nobody but root until it is the group's.
    files::make_dirs(&path, 0o700)?;
    if let Some(group) = group {
        chown(&path, None, Some(group)).map_err(FileError::new("give away", &path))?;
        let permissions = std::fs::Permissions::from_mode(MODE);
        std::fs::set_permissions(&path, permissions).map_err(FileError::new("set the mode of", &path))?;
    }
    files::sync_dir(&path)
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::MetadataExt as _;

    use super::*;

    #[test]
    #[expect(clippy::disallowed_methods, reason = "a test's own file")]
    fn it_is_made_once_and_is_the_groups() {
        let root = tempfile::tempdir().expect("folder");
        let layout = Layout::under(root.path());
        let own = fs::metadata(root.path()).expect("metadata").gid();
        make(&layout, None).expect("without a group");
        let mode = || fs::metadata(layout.incoming_dir()).expect("metadata").mode() & 0o7777;
        assert_eq!(mode(), 0o700, "nobody's but root's");
        fs::write(layout.incoming_dir().join("one.bundle"), "one").expect("write");
        make(&layout, Some(own)).expect("with a group");
        assert_eq!((mode(), fs::metadata(layout.incoming_dir()).expect("metadata").gid()), (MODE, own));
        make(&layout, Some(own)).expect("again");
        assert_eq!(fs::read(layout.incoming_dir().join("one.bundle")).expect("it stays"), b"one");
    }

    #[test]
    #[expect(clippy::disallowed_methods, reason = "a test's own file")]
    fn what_has_its_name_is_not_replaced() {
        let root = tempfile::tempdir().expect("folder");
        let layout = Layout::under(root.path());
        fs::create_dir_all(layout.data_dir()).expect("folder");
        fs::write(layout.incoming_dir(), "mine").expect("write");
        assert!(make(&layout, None).is_err());
        assert_eq!(fs::read(layout.incoming_dir()).expect("it stays"), b"mine");
    }
}
