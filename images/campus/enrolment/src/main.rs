//! Enrolment service of the sample platform: a small REST API over PostgreSQL.
//!
//! It starts without its database, gets ready once the schema is in place, and says no longer ready
//! before it stops. It keeps nothing: every copy is as good as another.
// A program that lives in a pod, outside the rings of Bridle: it may read its files and its clock itself.
#![allow(clippy::disallowed_methods, clippy::disallowed_types)]

mod api;
mod arguments;
mod enrolment;
#[cfg(feature = "faults")]
mod fault;
mod log;
mod metrics;
mod pool;
mod problem;
mod readiness;
mod schema;
mod service;

use clap::Parser as _;

fn main() -> std::process::ExitCode {
    let arguments = arguments::Arguments::parse();
    #[cfg(feature = "faults")]
    if arguments.fault == Some(fault::Fault::Crash) {
        return failed("this release ends at its start");
    }
    let runtime = match tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return failed(&format!("start the runtime: {error}")),
    };
    match runtime.block_on(service::run(arguments)) {
        Ok(()) => std::process::ExitCode::SUCCESS,
        Err(error) => failed(&error.to_string()),
    }
}

fn failed(what: &str) -> std::process::ExitCode {
    log::line("error", "failed", &[("error", what)]);
    std::process::ExitCode::FAILURE
}
