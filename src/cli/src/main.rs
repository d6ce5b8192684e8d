//! `bridle`: every command on a host, as a client of the agent.

mod application;
mod arguments;
mod attach;
mod backup;
mod cluster;
mod completions;
mod config;
mod explain;
mod face;
mod flow;
mod man;
mod meter;
mod operation;
mod release;
mod repository;
mod restore_point;
mod screen;
mod status;
mod steps;
mod store;
mod typed;
mod uninstall;
mod upgrade;
mod upload;

use std::process::ExitCode;
use std::sync::Arc;

use bridle_client::ClientConfig;
use bridle_core::fault::{Exit, Fault, FaultCode};

use crate::arguments::{Arguments, Command};
use crate::face::Face;

fn main() -> ExitCode {
    #[allow(clippy::disallowed_methods, reason = "locale, TERM and NO_COLOR are a face's own business, read once here")]
    let variable = |name: &str| std::env::var(name).ok();
    let arguments: Arguments = match bridle_manual::parse(std::env::args_os().collect(), &variable) {
        Ok(arguments) => arguments,
        Err(stop) => return ExitCode::from(stop.tell()),
    };
    let face = Face::new(&arguments.global, &variable);
    let config = ClientConfig { socket: arguments.global.socket, data: arguments.global.data };
    match run(&face, &config, arguments.command, &variable) {
        Ok(exit) => ExitCode::from(exit as u8),
        Err(fault) => {
            face.fault(&fault);
            ExitCode::from(fault.code.exit() as u8)
        }
    }
}

fn run(
    face: &Face,
    config: &ClientConfig,
    command: Command,
    variable: &dyn Fn(&str) -> Option<String>,
) -> Result<Exit, Fault> {
    match command {
        Command::Status { watch } => block_on(status::run(face, config, watch)),
        Command::Operation(command) => block_on(operation::run(face, config, command)),
        Command::Release(command) => block_on(release::run(face, config, command)),
        Command::Upgrade(command) => block_on(upgrade::run(face, config, command)),
        Command::Config(command) => block_on(config::run(face, config, command, variable)),
        Command::Store(command) => block_on(store::run(face, config, command)),
        Command::Explain { code } => explain::run(face, code.as_deref()),
        Command::Completions { shell } => {
            completions::run(face, shell);
            Ok(Exit::Ok)
        }
        Command::Man { folder } => man::run(face, &folder),
        Command::Agent => agent(),
        Command::LastAct => bridle_agent::remove_rest().map(|()| Exit::Ok),
        Command::Application(command) => block_on(application::run(face, config, &command)),
        Command::Cluster(command) => block_on(cluster::run(face, config, &command)),
        Command::BackupWorker => Ok(backup_worker()),
        Command::Repository(command) => block_on(repository::run(face, config, command)),
        Command::Backup(command) => block_on(backup::run(face, config, command)),
        Command::RestorePoint(command) => block_on(restore_point::run(face, config, &command)),
        Command::Uninstall(options) => block_on(uninstall::run(face, config, &options)),
        Command::Tui { accessible } => {
            let wanted =
                |name: &str, values: &[&str]| variable(name).is_some_and(|value| values.contains(&value.as_str()));
            match accessible || wanted("BRIDLE_ACCESSIBLE", &["1", "true"]) || wanted("TERM", &["dumb"]) {
                true => block_on(bridle_tui::run_accessible(config, face.language)),
                false => block_on(bridle_tui::run(config, face.language, face.paint.0)),
            }
        }
    }
}

/// Runs a client's work to its end; the agent and what needs no agent go without this runtime.
fn block_on(work: impl Future<Output = Result<Exit, Fault>>) -> Result<Exit, Fault> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.map_err(|error| Fault::new(FaultCode::Internal).because(&error))?.block_on(work)
}

fn agent() -> Result<Exit, Fault> {
    let options = bridle_agent::AgentOptions::default();
    bridle_agent::run(&options).map(|()| Exit::Ok).map_err(|error| Fault::new(FaultCode::Internal).because(&error))
}

fn backup_worker() -> Exit {
    match bridle_agent::run_backup_worker(Arc::new(bridle_disk::Disk)) {
        true => Exit::Ok,
        false => Exit::Failed,
    }
}
