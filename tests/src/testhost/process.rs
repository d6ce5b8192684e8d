//! Programs run by the kit, on the machine or inside a host: always with a limit and bounded output.

use super::{Error, Result, process_table, wait};
use rustix::process::{Pid, Signal, kill_process, kill_process_group};
use std::ffi::OsStr;
use std::io::{Read, Write};
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

/// How long a program may take where its caller says nothing else.
pub(crate) const DEFAULT_LIMIT: Duration = Duration::from_secs(120);
/// At most so many bytes of each output stream are kept; what follows is read and dropped.
const OUTPUT_LIMIT: usize = 16 << 20;
/// How long to wait for the end of the output once the program itself has ended.
const DRAIN_LIMIT: Duration = Duration::from_secs(2);

/// How a program ended and what it wrote.
#[derive(Debug, Clone)]
pub struct Output {
    /// Its exit status.
    pub status: ExitStatus,
    /// Its standard output, at most 16 MiB, invalid UTF-8 replaced.
    pub stdout: String,
    /// Its standard error, at most 16 MiB, invalid UTF-8 replaced.
    pub stderr: String,
}

impl Output {
    /// Whether the program ended with status 0.
    pub fn success(&self) -> bool {
        self.status.success()
    }
}

/// A program about to be run: arguments, input, environment, limit.
#[derive(Debug)]
pub struct Invocation {
    command: Command,
    shown: String,
    input: Option<Vec<u8>>,
    limit: Duration,
}

impl Invocation {
    /// A program on this machine with its arguments.
    pub(crate) fn new<S: AsRef<OsStr>>(program: &str, arguments: impl IntoIterator<Item = S>) -> Self {
        let mut command = Command::new(program);
        command.args(arguments);
        let shown = shown(&command);
        Self::of(command, shown)
    }

    /// A prepared command, shown in errors as `shown`.
    pub(crate) fn of(command: Command, shown: String) -> Self {
        Self { command, shown, input: None, limit: DEFAULT_LIMIT }
    }

    /// Bytes for its standard input; without, it reads nothing.
    pub fn input(mut self, bytes: impl Into<Vec<u8>>) -> Self {
        self.input = Some(bytes.into());
        self
    }

    /// How long it may take; 120 s if not said. For [`Invocation::spawn`] it has no meaning.
    pub fn limit(mut self, limit: Duration) -> Self {
        self.limit = limit;
        self
    }

    /// One more variable of its environment (a host's programs start with a clean one).
    pub fn env(mut self, name: &str, value: &str) -> Self {
        self.command.env(name, value);
        self
    }

    /// Runs it to its end, whatever its status; killed and [`Error::Late`] after the limit.
    pub fn run(self) -> Result<Output> {
        let limit = self.limit;
        self.spawn()?.wait(limit)
    }

    /// Runs it to its end; another status than 0 is [`Error::Failed`].
    pub fn run_ok(self) -> Result<Output> {
        let shown = self.shown.clone();
        let output = self.run()?;
        if output.success() {
            return Ok(output);
        }
        Err(Error::Failed {
            command: shown,
            status: output.status.to_string(),
            stdout: output.stdout,
            stderr: output.stderr,
        })
    }

    /// Starts it and returns at once.
    pub fn spawn(mut self) -> Result<Running> {
        let stdin = if self.input.is_some() { Stdio::piped() } else { Stdio::null() };
        // Its own process group: Ctrl-C on the test's terminal must not reach it, and it can be
        // killed as a whole.
        let mut child = self
            .command
            .stdin(stdin)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .process_group(0)
            .spawn()
            .map_err(|source| Error::Start { command: self.shown.clone(), source })?;
        if let (Some(mut pipe), Some(bytes)) = (child.stdin.take(), self.input) {
            // A program that does not read to the end closes the pipe: that is its affair.
            thread::spawn(move || pipe.write_all(&bytes));
        }
        let stdout = Capture::of(child.stdout.take());
        let stderr = Capture::of(child.stderr.take());
        Ok(Running { child, shown: self.shown, stdout, stderr, ended: None })
    }
}

/// A started program. Dropping it kills it.
#[derive(Debug)]
pub struct Running {
    child: Child,
    shown: String,
    stdout: Capture,
    stderr: Capture,
    ended: Option<ExitStatus>,
}

impl Running {
    /// What it has written to its standard output so far.
    pub fn stdout(&self) -> String {
        self.stdout.text()
    }

    /// What it has written to its standard error so far.
    pub fn stderr(&self) -> String {
        self.stderr.text()
    }

    /// Its exit status, if it has ended.
    pub fn status(&mut self) -> Option<ExitStatus> {
        if self.ended.is_none() {
            self.ended = self.child.try_wait().ok().flatten();
        }
        self.ended
    }

    /// Waits until one of its outputs holds `text`; [`Error::Late`] if it ends before or takes longer.
    pub fn wait_for_output(&mut self, text: &str, limit: Duration) -> Result<()> {
        let end = Instant::now() + limit;
        loop {
            let ended = self.status().is_some();
            if self.stdout().contains(text) || self.stderr().contains(text) {
                return Ok(());
            }
            let drained = self.stdout.closed() && self.stderr.closed();
            if (ended && drained) || Instant::now() >= end {
                return Err(self.late(format!("{text:?} in the output of `{}`", self.shown), limit));
            }
            thread::sleep(Duration::from_millis(20));
        }
    }

    /// Sends a signal, as a terminal would (`Signal::INT` = Ctrl-C, `Signal::HUP` = terminal lost):
    /// to every process of its group but the one that only carries it into the host.
    pub fn signal(&mut self, signal: Signal) -> Result<()> {
        if self.status().is_some() {
            return Ok(());
        }
        let carrier = self.child.id();
        let group = process_table::entries().into_iter().filter(|entry| entry.group == carrier).map(|entry| entry.pid);
        let mut pids: Vec<u32> = group.filter(|pid| *pid != carrier).collect();
        if pids.is_empty() {
            pids.push(carrier);
        }
        for pid in pids {
            let Some(target) = Pid::from_raw(pid.cast_signed()) else {
                continue;
            };
            match kill_process(target, signal) {
                Ok(()) | Err(rustix::io::Errno::SRCH) => {}
                Err(source) => return Err(Error::file("signal", format!("/proc/{pid}"))(source)),
            }
        }
        Ok(())
    }

    /// Waits for its end; after `limit` it is killed and the result is [`Error::Late`].
    pub fn wait(mut self, limit: Duration) -> Result<Output> {
        let in_time = wait::poll("", limit, Duration::from_millis(5), || self.status().is_some());
        let Some(status) = self.ended.filter(|_| in_time.is_ok()) else {
            let late = self.late(format!("`{}`", self.shown), limit);
            self.kill();
            return Err(late);
        };
        // A process it left behind may hold the pipes open for ever: do not wait for that.
        let drained = || self.stdout.closed() && self.stderr.closed();
        let _still_open = wait::poll("", DRAIN_LIMIT, Duration::from_millis(2), drained);
        Ok(Output { status, stdout: self.stdout(), stderr: self.stderr() })
    }

    fn late(&self, what: String, limit: Duration) -> Error {
        Error::Late { what, limit, seen: format!("stdout: {}\nstderr: {}", self.stdout(), self.stderr()) }
    }

    fn kill(&mut self) {
        if self.status().is_some() {
            return;
        }
        if let Some(group) = Pid::from_raw(self.child.id().cast_signed()) {
            // Fails only if it has ended in the meantime.
            let _ended = kill_process_group(group, Signal::KILL);
        }
        self.ended = Some(self.child.wait().unwrap_or_else(|_| ExitStatus::from_raw(9)));
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.kill();
    }
}

/// A program and its arguments as one would type them.
fn shown(command: &Command) -> String {
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    words.map(OsStr::to_string_lossy).collect::<Vec<_>>().join(" ")
}

/// An output stream that is read in the background.
#[derive(Debug, Clone)]
struct Capture(Arc<Mutex<(Vec<u8>, bool)>>);

impl Capture {
    fn of(stream: Option<impl Read + Send + 'static>) -> Self {
        let capture = Self(Arc::new(Mutex::new((Vec::new(), stream.is_none()))));
        if let Some(mut stream) = stream {
            let filled = capture.clone();
            thread::spawn(move || {
                let mut chunk = [0; 8192];
                while let Ok(count @ 1..) = stream.read(&mut chunk) {
                    filled.add(&chunk[..count]);
                }
                filled.locked().1 = true;
            });
        }
        capture
    }

    fn add(&self, bytes: &[u8]) {
        let mut state = self.locked();
        let room = OUTPUT_LIMIT - state.0.len();
        state.0.extend_from_slice(&bytes[..bytes.len().min(room)]);
    }

    fn text(&self) -> String {
        String::from_utf8_lossy(&self.locked().0).into_owned()
    }

    fn closed(&self) -> bool {
        self.locked().1
    }

    fn locked(&self) -> std::sync::MutexGuard<'_, (Vec<u8>, bool)> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shell(script: &str) -> Invocation {
        Invocation::new("sh", ["-c", script])
    }

    #[test]
    fn output_and_status_are_those_of_the_program() {
        let output = shell("cat; echo bad >&2; exit 3").input("good").run().unwrap();
        assert_eq!(output.status.code(), Some(3));
        assert_eq!((output.stdout.as_str(), output.stderr.as_str()), ("good", "bad\n"));
        assert!(matches!(shell("exit 3").run_ok(), Err(Error::Failed { .. })));
    }

    #[test]
    fn a_program_over_its_limit_is_killed() {
        let begin = Instant::now();
        let late = shell("echo begun; sleep 60").limit(Duration::from_millis(300)).run();
        assert!(matches!(late, Err(Error::Late { seen, .. }) if seen.contains("begun")));
        assert!(begin.elapsed() < Duration::from_secs(30));
    }

    #[test]
    fn a_signal_reaches_a_started_program() {
        let script = "trap 'echo stopped; exit 7' INT; echo ready; while :; do sleep 0.05; done";
        // What a background shell starts inherits "ignore", which a shell's `trap` cannot lift.
        let mut running = Invocation::new("env", ["--default-signal=INT", "sh", "-c", script]).spawn().unwrap();
        running.wait_for_output("ready", Duration::from_secs(10)).unwrap();
        // The loop's `sleep` is in the group, too; the shell itself is the carrier here.
        kill_process(Pid::from_raw(running.child.id().cast_signed()).unwrap(), Signal::INT).unwrap();
        let output = running.wait(Duration::from_secs(10)).unwrap();
        assert_eq!(output.status.code(), Some(7));
        assert!(output.stdout.contains("stopped"));
    }
}
