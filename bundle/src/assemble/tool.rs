//! Running the tools of the machine: the only place of this crate that starts processes.
#![allow(clippy::disallowed_methods, reason = "the publisher's tools run here, with a deadline each")]

use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io::{Read as _, Seek as _, SeekFrom};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use super::error::AssembleError;

/// Bytes of a tool's last words that go into an error.
const LAST_WORDS: u64 = 4000;
/// Largest output that is taken into memory, in bytes.
const MAX_OUTPUT: u64 = 256 << 20;

/// A tool to run.
#[derive(Debug)]
pub(super) struct Tool {
    program: OsString,
    arguments: Vec<OsString>,
    environment: Vec<(String, OsString)>,
    directory: Option<PathBuf>,
    limit: Duration,
}

impl Tool {
    /// `program`, with ten minutes to end.
    pub(super) fn new(program: impl AsRef<OsStr>) -> Self {
        Self {
            program: program.as_ref().to_owned(),
            arguments: Vec::new(),
            environment: Vec::new(),
            directory: None,
            limit: Duration::from_secs(600),
        }
    }

    pub(super) fn arg(mut self, argument: impl AsRef<OsStr>) -> Self {
        self.arguments.push(argument.as_ref().to_owned());
        self
    }

    pub(super) fn args<T: AsRef<OsStr>>(mut self, arguments: impl IntoIterator<Item = T>) -> Self {
        self.arguments.extend(arguments.into_iter().map(|argument| argument.as_ref().to_owned()));
        self
    }

    pub(super) fn env(mut self, name: &str, value: impl AsRef<OsStr>) -> Self {
        self.environment.push((name.to_owned(), value.as_ref().to_owned()));
        self
    }

    pub(super) fn directory(mut self, directory: &Path) -> Self {
        self.directory = Some(directory.to_owned());
        self
    }

    pub(super) fn limit(mut self, limit: Duration) -> Self {
        self.limit = limit;
        self
    }

    /// Runs it and returns what it printed.
    pub(super) fn output(self) -> Result<Vec<u8>, AssembleError> {
        let mut file = self.scratch()?;
        let out = file.try_clone().map_err(|error| self.failed(&error.to_string(), String::new()))?;
        let name = self.name();
        self.run_into(Stdio::from(out))?;
        let mut bytes = Vec::new();
        let read = file.seek(SeekFrom::Start(0)).and_then(|_| file.take(MAX_OUTPUT).read_to_end(&mut bytes));
        read.map_err(|error| AssembleError::Tool { program: name, reason: error.to_string(), output: String::new() })?;
        Ok(bytes)
    }

    /// Runs it and returns what it printed as text.
    pub(super) fn text(self) -> Result<String, AssembleError> {
        Ok(String::from_utf8_lossy(&self.output()?).into_owned())
    }

    /// Runs it, output into `file`.
    pub(super) fn into_file(self, file: File) -> Result<(), AssembleError> {
        self.run_into(Stdio::from(file))
    }

    fn run_into(self, out: Stdio) -> Result<(), AssembleError> {
        let mut words = self.scratch()?;
        let errors = words.try_clone().map_err(|error| self.failed(&error.to_string(), String::new()))?;
        let mut command = Command::new(&self.program);
        command.args(&self.arguments).envs(self.environment.iter().map(|(name, value)| (name, value)));
        command.stdin(Stdio::null()).stdout(out).stderr(Stdio::from(errors));
        if let Some(directory) = &self.directory {
            command.current_dir(directory);
        }
        let mut child = command.spawn().map_err(|error| self.failed(&error.to_string(), String::new()))?;
        let end = Instant::now() + self.limit;
        let status = loop {
            match child.try_wait() {
                Ok(Some(status)) => break status,
                Ok(None) if Instant::now() < end => std::thread::sleep(Duration::from_millis(10)),
                Ok(None) => {
                    let _ = child.kill();
                    let _ = child.wait();
                    return Err(self.failed(&format!("not done after {} s", self.limit.as_secs()), last(&mut words)));
                }
                Err(error) => return Err(self.failed(&error.to_string(), String::new())),
            }
        };
        if status.success() { Ok(()) } else { Err(self.failed(&status.to_string(), last(&mut words))) }
    }

    fn scratch(&self) -> Result<File, AssembleError> {
        rustix::fs::memfd_create("output", rustix::fs::MemfdFlags::CLOEXEC)
            .map(File::from)
            .map_err(|error| self.failed(&error.to_string(), String::new()))
    }

    fn failed(&self, reason: &str, output: String) -> AssembleError {
        let first: Vec<String> =
            self.arguments.iter().take(3).map(|text| text.to_string_lossy().into_owned()).collect();
        AssembleError::Tool {
            program: format!("{} {}", self.name(), first.join(" ")),
            reason: reason.to_owned(),
            output,
        }
    }

    fn name(&self) -> String {
        self.program.to_string_lossy().into_owned()
    }
}

fn last(file: &mut File) -> String {
    let mut bytes = Vec::new();
    let size = file.seek(SeekFrom::End(0)).unwrap_or(0);
    let read = file.seek(SeekFrom::Start(size.saturating_sub(LAST_WORDS))).and_then(|_| file.read_to_end(&mut bytes));
    if read.is_err() {
        return String::new();
    }
    String::from_utf8_lossy(&bytes).into_owned()
}
