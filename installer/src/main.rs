//! The head of a `.run` file: check, plan, place, hand over, and become a follower of the operation.

mod arguments;
mod console;
mod explain;
mod fault;
mod inspect;
mod install;
mod mend;
mod opening;
mod place;
mod preview;
mod recover;
mod site;
#[cfg(test)]
mod tests;

use std::os::unix::process::CommandExt as _;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use bridle_core::fault::{Fault, FaultCode};
use bridle_core::operation::OperationId;
use bridle_host::clock::SystemClock;
use bridle_host::layout::Layout;
use bridle_host::process::Processes;
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};

use crate::arguments::{Arguments, Command, Global};
use crate::console::Console;
use crate::install::{Next, Surroundings};
use crate::place::Host;

fn main() -> ExitCode {
    #[allow(clippy::disallowed_methods, reason = "the environment is read once, here")]
    let variable = |name: &str| std::env::var(name).ok();
    let arguments: Arguments = match bridle_manual::parse(std::env::args_os().collect(), &variable) {
        Ok(arguments) => arguments,
        Err(stop) => return ExitCode::from(stop.tell()),
    };
    let mut console = Console::new(&arguments.global, &variable);
    let layout = Layout::system();
    let exit = match run(&mut console, arguments, &layout, &variable) {
        Ok(Next::End(exit)) => Ok(exit),
        Ok(Next::Follow(id)) => Err(follow(&console, &layout, &id)),
        Err(fault) => Err(fault),
    };
    let exit = exit.unwrap_or_else(|fault| {
        console.fault(&fault);
        fault.code.exit()
    });
    ExitCode::from(exit as u8)
}

fn run(
    console: &mut Console,
    arguments: Arguments,
    layout: &Layout,
    variable: &dyn Fn(&str) -> Option<String>,
) -> Result<Next, Fault> {
    let global = arguments.global;
    let pinned = global.publisher_key.as_deref();
    match arguments.command {
        Command::Verify => inspect::verify(console, &global.file, pinned, layout).map(Next::End),
        Command::Inspect => inspect::inspect(console, &global.file, pinned, layout).map(Next::End),
        Command::Explain { code } => explain::run(console, code.as_deref()).map(Next::End),
        Command::Install(options) => {
            over(&global, layout, variable, &mut |around| install::run(console, &options, around))
        }
        Command::Recover(options) => {
            over(&global, layout, variable, &mut |around| recover::run(console, &options, around))
        }
    }
}

/// Does something with this host.
fn over(
    global: &Global,
    layout: &Layout,
    variable: &dyn Fn(&str) -> Option<String>,
    act: &mut dyn FnMut(&Surroundings<'_>) -> Result<Next, Fault>,
) -> Result<Next, Fault> {
    let stop = Arc::new(AtomicBool::new(false));
    act(&Surroundings {
        host: Host {
            layout: layout.clone(),
            process: Arc::new(Processes),
            clock: Arc::new(SystemClock),
            stop: Arc::clone(&stop),
        },
        root: rustix::process::geteuid().is_root(),
        architecture: bridle_host::facts::architecture(),
        facts: &|| bridle_host::facts::gather(layout, &SystemClock),
        guard: &|| guard(&stop),
        file: global.file.clone(),
        pinned: global.publisher_key.clone(),
        by: person(variable),
    })
}

/// Ctrl-C and a polite end stop at the next safe point; a lost terminal changes nothing.
fn guard(stop: &Arc<AtomicBool>) -> Result<(), Fault> {
    let ignored = Arc::new(AtomicBool::new(false));
    for (signal, flag) in [(SIGINT, stop), (SIGTERM, stop), (SIGHUP, &ignored)] {
        signal_hook::flag::register(signal, Arc::clone(flag))
            .map_err(|error| Fault::new(FaultCode::Internal).because(&error))?;
    }
    Ok(())
}

/// Who runs this: for the journal, not for a decision.
fn person(variable: &dyn Fn(&str) -> Option<String>) -> String {
    let name = variable("SUDO_USER").filter(|name| !name.is_empty() && name.len() <= 64);
    let name = name.filter(|name| name.chars().all(|c| c.is_alphanumeric() || "-_.@".contains(c)));
    name.map_or_else(|| "root".to_owned(), |name| format!("{name} (sudo)"))
}

/// Becomes `bridle operation attach`; returns only if that cannot be started.
#[allow(clippy::disallowed_methods, reason = "the installer ends by becoming another program; nothing is waited for")]
fn follow(console: &Console, layout: &Layout, id: &OperationId) -> Fault {
    let program = layout.bridle_link();
    let mut command = std::process::Command::new(&program);
    command.args(["operation", "attach", id.as_str(), "--lang", &console.language.to_string()]);
    if console.json {
        command.arg("--json");
    }
    let error = command.exec();
    Fault::new(FaultCode::ProgramFailed).with("program", program.display().to_string()).because(&error)
}
