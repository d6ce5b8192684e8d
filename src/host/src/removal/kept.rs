//! Secrets that outlive an uninstallation, on disk beside the data that were made with them.

use bridle_core::fault::{Fault, FaultCode};
use bridle_core::message::{Language, Message};
use bridle_core::port::KeptSecrets;
use bridle_core::removal::Kept;

use crate::files;
use crate::layout::Layout;

/// Largest file that is read, in bytes.
const LARGEST: u64 = 16 * 1024 * 1024;
const SECRETS: &str = "secrets.json";
const README: &str = "README.txt";

/// The folder of what is kept: root's alone.
pub struct Keeper {
    layout: Layout,
}

impl Keeper {
    /// That of this host.
    #[must_use]
    pub fn new(layout: Layout) -> Self {
        Self { layout }
    }

    /// Removes what was kept, once an installation uses it.
    ///
    /// # Errors
    /// A [`Fault`] if it cannot be removed.
    pub fn forget(&self) -> Result<(), Fault> {
        let dir = self.layout.kept_dir();
        for name in [SECRETS, README] {
            files::remove_if_there(&dir.join(name))?;
        }
        let _not_empty_or_gone = std::fs::remove_dir(&dir);
        Ok(())
    }
}

impl KeptSecrets for Keeper {
    fn read(&self) -> Result<Kept, Fault> {
        let path = self.layout.kept_dir().join(SECRETS);
        let unreadable = || Fault::new(FaultCode::FileUnreadable).with("path", path.display().to_string());
        match files::read_limited(&path, LARGEST)? {
            None => Ok(Kept::default()),
            Some(text) => Kept::parse(&text).map_err(|error| unreadable().because(&error)),
        }
    }

    fn write(&self, kept: &Kept) -> Result<(), Fault> {
        let dir = self.layout.kept_dir();
        files::make_dirs(&dir, 0o700)?;
        let words = Language::ALL.map(|language| Message::new("kept-readme").render(language)).join("\n\n");
        files::write_atomic(&dir.join(README), format!("{words}\n").as_bytes(), 0o600)?;
        Ok(files::write_atomic(&dir.join(SECRETS), kept.text().as_bytes(), 0o600)?)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::os::unix::fs::PermissionsExt as _;

    use bridle_core::removal::KeptSecret;

    use super::*;

    #[test]
    fn what_is_kept_is_roots_alone_and_goes_when_it_is_used() {
        let dir = tempfile::tempdir().expect("dir");
        let layout = Layout::under(dir.path());
        let keeper = Keeper::new(layout.clone());
        assert_eq!(keeper.read().expect("nothing"), Kept::default());
        let mut kept = Kept::default();
        let data = BTreeMap::from([("password".to_owned(), "eA==".to_owned())]);
        kept.put(KeptSecret { namespace: "campus".to_owned(), name: "owner".to_owned(), data });
        keeper.write(&kept).expect("written");
        assert_eq!(keeper.read().expect("read"), kept);
        let mode = |path: &std::path::Path| std::fs::metadata(path).expect("there").permissions().mode() & 0o777;
        assert_eq!(mode(&layout.kept_dir().join(SECRETS)), 0o600);
        assert_eq!(mode(&layout.kept_dir()), 0o700);
        keeper.forget().expect("forgotten");
        keeper.forget().expect("twice");
        assert!(!layout.kept_dir().exists());
    }
}
