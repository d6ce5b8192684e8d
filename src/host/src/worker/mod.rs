//! The worker process, from its parent's side: started with nothing of the parent's but three pipes, spoken to in lines, and
//! ended at its deadline. From its own side: [`child`].

pub mod child;

use std::io::{BufRead as _, BufReader, Read, Write as _};
use std::os::unix::process::{CommandExt as _, ExitStatusExt as _};
use std::path::PathBuf;
use std::process::{Child, ChildStdin, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, sync_channel};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use bridle_core::backup::worker::{LARGEST_LINE, Line, MOST_LINES, Outcome, Request};
use bridle_core::fault::{Fault, FaultCode};
use bridle_core::message::Message;
use bridle_core::port::{BackupWorker, Clock as _};
use rustix::process::{Pid, Signal};

use crate::clock::SystemClock;

/// The words that make the program a worker.
pub const COMMAND: &str = "backup-worker";
/// How often it is asked whether to stop.
const LOOK: Duration = Duration::from_millis(20);
/// How long a killed process is waited for: one that hangs in the kernel is left to it.
const GONE: Duration = Duration::from_secs(5);
/// How long a process may live on after its last line.
const LAST: Duration = Duration::from_secs(5);
/// Lines that wait for a reader.
const LINES: usize = 64;

/// Starts a process for each request.
#[derive(Debug, Clone)]
pub struct BackupProcess {
    program: PathBuf,
}

/// How a worker came to an end.
enum End {
    /// It told its last line.
    Told(Box<Result<Outcome, Fault>>),
    /// It ended without.
    Silent,
    Late,
    Stopped,
}

impl BackupProcess {
    /// By this program, which knows [`COMMAND`].
    #[must_use]
    pub fn of(program: impl Into<PathBuf>) -> Self {
        Self { program: program.into() }
    }

    /// By the program that is running, also where its file was replaced meanwhile.
    #[must_use]
    pub fn of_this_program() -> Self {
        Self::of("/proc/self/exe")
    }

    #[expect(clippy::disallowed_methods, reason = "this is the port's implementation")]
    fn start(&self) -> std::io::Result<Child> {
        std::process::Command::new(&self.program)
            .arg0("bridle")
            .arg(COMMAND)
            .env_clear()
            .current_dir("/")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            // Whatever a library writes there could hold a part of the request.
            .stderr(Stdio::null())
            .process_group(0)
            .spawn()
    }
}

impl BackupWorker for BackupProcess {
    fn run(
        &self,
        request: &Request,
        limit: Duration,
        stop: &dyn Fn() -> bool,
        progress: &mut dyn FnMut(u64, u64),
    ) -> Result<Outcome, Fault> {
        let place = request.store.place.shown();
        let ended = || Fault::new(FaultCode::WorkerEnded).with("repository", place.as_str());
        let mut child = self.start().map_err(|error| ended().because(&error))?;
        let (Some(input), Some(output)) = (child.stdin.take(), child.stdout.take()) else { return Err(ended()) };
        // Its end of the pipe stays open until here is nothing left to say: the worker ends when it closes.
        let speaking = speak(input, request.to_line());
        let lines = listen(output);
        let end = attend(&lines, limit, stop, progress);
        drop(lines);
        let status = if matches!(end, End::Told(_) | End::Silent) { wait(&mut child, LAST) } else { None };
        let status = status.or_else(|| {
            kill(&child);
            wait(&mut child, GONE)
        });
        if status.is_none() {
            // It hangs in the kernel, and ends when that lets go of it.
            thread::spawn(move || child.wait());
        }
        drop(speaking);
        let seconds = limit.as_secs();
        match end {
            End::Told(said) => *said,
            End::Silent => Err(explained(ended(), status, request.memory)),
            End::Late => {
                let late = Fault::new(FaultCode::WorkerLate).with("seconds", seconds);
                Err(late.with("repository", place.as_str()))
            }
            End::Stopped => Err(Fault::new(FaultCode::WorkerStopped).with("repository", place.as_str())),
        }
    }
}

/// Hands the request over and gives the pipe back, which stays open.
fn speak(mut input: ChildStdin, line: Vec<u8>) -> JoinHandle<ChildStdin> {
    thread::spawn(move || {
        // A worker that does not read says why in how it ends.
        let _told = input.write_all(&line).and_then(|()| input.flush());
        input
    })
}

/// Reads lines until the last one, the end, or something that is none.
fn listen(output: impl Read + Send + 'static) -> Receiver<Line> {
    let (sender, receiver) = sync_channel(LINES);
    thread::spawn(move || {
        let mut output = BufReader::new(output);
        for _ in 0..MOST_LINES {
            let mut bytes = Vec::new();
            let read = output.by_ref().take(LARGEST_LINE as u64 + 1).read_until(b'\n', &mut bytes);
            if !matches!(read, Ok(count) if count > 0) || bytes.last() != Some(&b'\n') {
                return;
            }
            let Ok(line) = Line::parse(&bytes) else { return };
            if sender.send(line).is_err() {
                return;
            }
        }
    });
    receiver
}

fn attend(lines: &Receiver<Line>, limit: Duration, stop: &dyn Fn() -> bool, progress: &mut dyn FnMut(u64, u64)) -> End {
    let until = SystemClock.monotonic() + limit;
    loop {
        if stop() {
            return End::Stopped;
        }
        let left = until.saturating_sub(SystemClock.monotonic());
        if left.is_zero() {
            return End::Late;
        }
        match lines.recv_timeout(LOOK.min(left)) {
            Ok(Line::Progress { done, total }) => progress(done, total),
            Ok(Line::Done(outcome)) => return End::Told(Box::new(Ok(outcome))),
            Ok(Line::Failed(fault)) => return End::Told(Box::new(Err(fault))),
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => return End::Silent,
        }
    }
}

fn wait(child: &mut Child, limit: Duration) -> Option<ExitStatus> {
    let until = SystemClock.monotonic() + limit;
    loop {
        if let Ok(Some(status)) = child.try_wait() {
            return Some(status);
        }
        if SystemClock.monotonic() >= until {
            return None;
        }
        SystemClock.sleep(LOOK);
    }
}

fn kill(child: &Child) {
    if let Some(pid) = i32::try_from(child.id()).ok().and_then(Pid::from_raw) {
        let _gone = rustix::process::kill_process_group(pid, Signal::KILL);
    }
}

fn explained(fault: Fault, status: Option<ExitStatus>, memory: u64) -> Fault {
    let memory = format!("{} MiB", memory >> 20);
    match status.map(|status| (status.signal(), status.code())) {
        Some((Some(signal), _)) => fault
            .detail(Message::new("worker-ended-signal").with("signal", signal.unsigned_abs()).with("memory", memory)),
        Some((None, Some(code))) => fault.detail(Message::new("worker-ended-code").with("code", code.unsigned_abs())),
        _ => fault,
    }
}

#[cfg(test)]
mod tests;
