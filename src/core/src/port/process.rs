//! Running a program, as a port.

use std::path::PathBuf;
use std::time::Duration;

/// A program to run. Arguments and environment are readable by every user of a host: never a secret.
#[derive(Debug, Clone)]
pub struct Command {
    /// Absolute path of the program.
    pub program: PathBuf,
    /// Arguments.
    pub args: Vec<String>,
    /// The whole environment (nothing is inherited).
    pub env: Vec<(String, String)>,
    /// Standard input; empty if absent.
    pub stdin: Option<Vec<u8>>,
    /// After this the program and its children are killed.
    pub limit: Duration,
    /// How many bytes of each output stream are kept (the last ones).
    pub keep_output: usize,
}

impl Command {
    /// A program without arguments, limited to one minute and 64 KiB of output.
    #[must_use]
    pub fn new(program: impl Into<PathBuf>) -> Self {
        Self {
            program: program.into(),
            args: Vec::new(),
            env: Vec::new(),
            stdin: None,
            limit: Duration::from_secs(60),
            keep_output: 64 * 1024,
        }
    }

    /// Adds arguments.
    #[must_use]
    pub fn args<T: Into<String>>(mut self, args: impl IntoIterator<Item = T>) -> Self {
        self.args.extend(args.into_iter().map(Into::into));
        self
    }

    /// Adds a variable of the environment.
    #[must_use]
    pub fn env(mut self, name: &str, value: impl Into<String>) -> Self {
        self.env.push((name.to_owned(), value.into()));
        self
    }

    /// Sets the limit.
    #[must_use]
    pub const fn limit(mut self, limit: Duration) -> Self {
        self.limit = limit;
        self
    }
}

/// How a program ended.
#[derive(Debug, Clone, Default)]
pub struct CommandOutput {
    /// Exit code; 128 + signal where a signal ended it.
    pub code: i32,
    /// The end of standard output.
    pub stdout: Vec<u8>,
    /// The end of standard error.
    pub stderr: Vec<u8>,
}

impl CommandOutput {
    /// Exit code 0.
    #[must_use]
    pub const fn ok(&self) -> bool {
        self.code == 0
    }

    /// Standard output as text.
    #[must_use]
    pub fn stdout_text(&self) -> String {
        String::from_utf8_lossy(&self.stdout).into_owned()
    }

    /// Standard error as text, or standard output where that is empty.
    #[must_use]
    pub fn complaint(&self) -> String {
        let text = String::from_utf8_lossy(&self.stderr);
        if text.trim().is_empty() { self.stdout_text() } else { text.into_owned() }
    }
}

/// Why a program did not run to its end.
#[derive(Debug, thiserror::Error)]
pub enum CommandError {
    /// Could not be started.
    #[error("start {program}")]
    Start {
        /// The program.
        program: PathBuf,
        /// The cause.
        #[source]
        source: std::io::Error,
    },
    /// The limit passed; the program was killed.
    #[error("run {program}: killed after {} s", limit.as_secs())]
    Limit {
        /// The program.
        program: PathBuf,
        /// The limit.
        limit: Duration,
    },
    /// The operation was told to stop; the program was killed.
    #[error("run {program}: stopped")]
    Stopped {
        /// The program.
        program: PathBuf,
    },
}

/// Runs programs.
pub trait Process: Send + Sync {
    /// Runs `command` to its end; a non-zero exit code is an answer, not an error. `stop` is asked several times a second.
    ///
    /// # Errors
    /// [`CommandError`] if the program cannot be started, passes its limit or is stopped.
    fn run(&self, command: &Command, stop: &dyn Fn() -> bool) -> Result<CommandOutput, CommandError>;
}
