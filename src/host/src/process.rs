//! Runs programs: own process group, nothing inherited, bounded time and output.

use std::io::{Read, Write as _};
use std::os::unix::process::{CommandExt as _, ExitStatusExt as _};
use std::process::{Child, Stdio};
use std::thread::JoinHandle;
use std::time::Duration;

use bridle_core::port::{Clock as _, Command, CommandError, CommandOutput, Process};
use rustix::process::{Pid, Signal};

use crate::clock::SystemClock;

/// Programs of this machine.
#[derive(Debug, Clone, Copy, Default)]
pub struct Processes;

/// How often a running program is looked at.
const LOOK: Duration = Duration::from_millis(20);

impl Process for Processes {
    fn run(&self, command: &Command, stop: &dyn Fn() -> bool) -> Result<CommandOutput, CommandError> {
        let mut child =
            start(command).map_err(|source| CommandError::Start { program: command.program.clone(), source })?;
        let writer = child.stdin.take().zip(command.stdin.clone()).map(|(mut pipe, bytes)| {
            // A program that does not read its input to the end says why in its exit code.
            std::thread::spawn(move || drop(pipe.write_all(&bytes)))
        });
        let readers = [
            child.stdout.take().map(|pipe| keep_end(pipe, command.keep_output)),
            child.stderr.take().map(|pipe| keep_end(pipe, command.keep_output)),
        ];
        let ended = wait(&mut child, command, stop);
        if ended.is_err() {
            kill_group(&child);
            let _reaped = child.wait();
        }
        let [stdout, stderr] = readers.map(|reader| reader.and_then(|reader| reader.join().ok()).unwrap_or_default());
        if let Some(writer) = writer {
            let _finished = writer.join();
        }
        ended.map(|code| CommandOutput { code, stdout, stderr })
    }
}

#[expect(clippy::disallowed_methods, reason = "this is the port's implementation")]
fn start(command: &Command) -> std::io::Result<Child> {
    std::process::Command::new(&command.program)
        .args(&command.args)
        .env_clear()
        .envs(command.env.iter().map(|(name, value)| (name, value)))
        .stdin(if command.stdin.is_some() { Stdio::piped() } else { Stdio::null() })
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .process_group(0)
        .spawn()
}

fn wait(child: &mut Child, command: &Command, stop: &dyn Fn() -> bool) -> Result<i32, CommandError> {
    let clock = SystemClock;
    let until = clock.monotonic() + command.limit;
    loop {
        match child.try_wait() {
            Ok(Some(status)) => {
                return Ok(status.code().unwrap_or_else(|| 128 + status.signal().unwrap_or(0)));
            }
            Ok(None) => {}
            Err(source) => return Err(CommandError::Start { program: command.program.clone(), source }),
        }
        if clock.monotonic() >= until {
            return Err(CommandError::Limit { program: command.program.clone(), limit: command.limit });
        }
        if stop() {
            return Err(CommandError::Stopped { program: command.program.clone() });
        }
        clock.sleep(LOOK);
    }
}

fn kill_group(child: &Child) {
    if let Some(pid) = i32::try_from(child.id()).ok().and_then(Pid::from_raw) {
        let _gone = rustix::process::kill_process_group(pid, Signal::KILL);
    }
}

/// Reads a pipe to its end and keeps the last `limit` bytes.
fn keep_end(mut pipe: impl Read + Send + 'static, limit: usize) -> JoinHandle<Vec<u8>> {
    std::thread::spawn(move || {
        let mut kept = Vec::new();
        let mut buffer = [0; 8192];
        while let Ok(count) = pipe.read(&mut buffer) {
            if count == 0 {
                break;
            }
            kept.extend_from_slice(&buffer[..count]);
            if kept.len() > 2 * limit {
                kept.drain(..kept.len() - limit);
            }
        }
        if kept.len() > limit {
            kept.drain(..kept.len() - limit);
        }
        kept
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shell(script: &str) -> Command {
        Command::new("/bin/sh").args(["-c", script])
    }

    #[test]
    fn gives_code_and_both_outputs() {
        let mut command = shell("cat; echo bad >&2; exit 3");
        command.stdin = Some(b"in".to_vec());
        let output = Processes.run(&command, &|| false).expect("runs");
        assert_eq!((output.code, output.stdout_text().as_str(), output.complaint().as_str()), (3, "in", "bad\n"));
    }

    #[test]
    fn inherits_no_environment() {
        let output = Processes.run(&shell("echo ${HOME-none} $X").env("X", "y"), &|| false).expect("runs");
        assert_eq!(output.stdout_text(), "none y\n");
    }

    #[test]
    fn keeps_the_end_of_a_long_output() {
        let mut command = shell("i=0; while [ $i -lt 5000 ]; do echo line $i; i=$((i+1)); done");
        command.keep_output = 100;
        let output = Processes.run(&command, &|| false).expect("runs");
        assert!(output.stdout.len() == 100 && output.stdout_text().ends_with("line 4999\n"));
    }

    #[test]
    fn limit_and_stop_kill_the_children_too() {
        let command = shell("sleep 1000 & sleep 1000").limit(Duration::from_millis(50));
        assert!(matches!(Processes.run(&command, &|| false), Err(CommandError::Limit { .. })));
        let command = shell("sleep 1000 & sleep 1000");
        assert!(matches!(Processes.run(&command, &|| true), Err(CommandError::Stopped { .. })));
    }
}
