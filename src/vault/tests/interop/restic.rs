//! Stock restic, which Debian ships.

use std::fs;
use std::process::{Command, Stdio};

/// A repository as stock restic sees it.
pub struct Restic {
    location: String,
    folder: tempfile::TempDir,
    environment: Vec<(String, String)>,
}

impl Restic {
    pub fn new(location: &str, password: &str) -> Self {
        let folder = tempfile::tempdir().expect("folder");
        let file = fs::File::create(folder.path().join("password"));
        file.and_then(|mut file| std::io::Write::write_all(&mut file, password.as_bytes())).expect("password");
        Self { location: location.to_owned(), folder, environment: Vec::new() }
    }

    pub fn env(mut self, name: &str, value: &str) -> Self {
        self.environment.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Runs it; it must succeed.
    #[expect(clippy::disallowed_methods, reason = "the rival is a program")]
    pub fn run(&self, words: &[&str]) -> Vec<u8> {
        let mut command = Command::new("restic");
        command.arg("--repo").arg(&self.location).arg("--password-file").arg(self.folder.path().join("password"));
        command.arg("--cache-dir").arg(self.folder.path().join("cache")).args(words).stdin(Stdio::null());
        command.envs(self.environment.iter().map(|(name, value)| (name, value)));
        let output = command.output().expect("restic is there: the gate installs it");
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(
            output.status.success(),
            "restic {words:?}: {}\n{said}{}",
            output.status,
            String::from_utf8_lossy(&output.stdout)
        );
        output.stdout
    }
}
