//! `lab`: makes and removes test hosts by hand.
//!
//! ```text
//! lab check                 what this machine lacks for test hosts
//! lab boot NAME [HOST...]   a lab that stays, with running hosts (h1 if none is named)
//! lab run NAME HOST CMD...  runs a program on a host of a kept lab
//! lab start|poweroff|crash|power-cut NAME HOST
//! lab destroy NAME          removes it
//! lab hold NAME             a lab with the running host h1, removed at the end of the standard input
//! lab sweep                 removes what killed runs have left
//! ```

use bridle_journeys::testhost::{Error, Lab, available, sweep};
use std::env;
use std::io::{self, Read};
use std::process::ExitCode;
use std::time::Duration;

const USAGE: &str = "usage: lab check | boot NAME [HOST...] | run NAME HOST CMD... | destroy NAME | hold NAME | sweep";
/// `lab run` is for people; a program may take its time.
const RUN_LIMIT: Duration = Duration::from_secs(3600);

fn main() -> ExitCode {
    let words: Vec<String> = env::args().skip(1).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let done = match words.as_slice() {
        ["check"] => check(),
        ["boot", name, hosts @ ..] => boot(name, hosts),
        ["run", name, host, command @ ..] if !command.is_empty() => run(name, host, command),
        [change @ ("start" | "poweroff" | "crash" | "power-cut"), name, host] => switch(change, name, host),
        ["destroy", name] => destroy(name),
        ["hold", name] => hold(name),
        ["sweep"] => sweep().map(|names| {
            println!("removed: {names:?}");
            ExitCode::SUCCESS
        }),
        _ => {
            eprintln!("{USAGE}");
            return ExitCode::from(2);
        }
    };
    done.unwrap_or_else(|error| {
        eprintln!("lab: {error}");
        ExitCode::FAILURE
    })
}

fn check() -> Result<ExitCode, Error> {
    let Err(missing) = available() else {
        println!("this machine can boot test hosts");
        return Ok(ExitCode::SUCCESS);
    };
    missing.iter().for_each(|missing| println!("missing: {missing}"));
    Ok(ExitCode::FAILURE)
}

fn boot(name: &str, hosts: &[&str]) -> Result<ExitCode, Error> {
    let hosts = if hosts.is_empty() { &["h1"] } else { hosts };
    let lab = Lab::new(name)?;
    for host in hosts {
        let mut host = lab.host(host).build()?;
        host.boot()?;
        println!("{} {} process 1 is {}", host.name(), host.address(), host.leader()?);
        lab.keep()?;
    }
    Ok(ExitCode::SUCCESS)
}

fn run(name: &str, host: &str, command: &[&str]) -> Result<ExitCode, Error> {
    let output = kept(name)?.existing_host(host)?.command(command)?.limit(RUN_LIMIT).run()?;
    print!("{}", output.stdout);
    eprint!("{}", output.stderr);
    Ok(if output.success() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn switch(change: &str, name: &str, host: &str) -> Result<ExitCode, Error> {
    let mut host = kept(name)?.existing_host(host)?;
    match change {
        "start" => host.boot(),
        "poweroff" => host.poweroff(),
        "crash" => host.crash(),
        _ => host.power_cut(),
    }?;
    Ok(ExitCode::SUCCESS)
}

fn destroy(name: &str) -> Result<ExitCode, Error> {
    kept(name)?.destroy()?;
    Ok(ExitCode::SUCCESS)
}

fn hold(name: &str) -> Result<ExitCode, Error> {
    let lab = Lab::new(name)?;
    let mut host = lab.host("h1").disk_gib(1).build()?;
    host.boot()?;
    println!("holding {} {}", lab.id(), host.address());
    let mut rest = Vec::new();
    io::stdin().read_to_end(&mut rest).map_err(|source| Error::File {
        operation: "read",
        path: "/dev/stdin".into(),
        source,
    })?;
    Ok(ExitCode::SUCCESS)
}

fn kept(name: &str) -> Result<Lab, Error> {
    Lab::find(name)?.ok_or_else(|| Error::Name { name: name.to_owned(), why: "no kept lab has it" })
}
