//! `cargo demo`: the whole path on this machine, from nothing to a running platform on a clean host without internet.

use std::path::Path;
use std::process::ExitCode;
use std::time::Instant;

use bridle_journeys::campus::{self, HOST, Installation};
use bridle_journeys::gate;
use bridle_journeys::simulated;
use bridle_journeys::testhost::{self, Lab};

/// Name of the demo's lab and of its host.
const LAB: &str = "demo";
const SERVER: &str = "campus1";

fn main() -> ExitCode {
    // `cargo demo -- --simulated` arrives with the separator, `cargo demo --destroy` without.
    let arguments: Vec<String> = std::env::args().skip(1).filter(|word| word != "--").collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let result = match words[..] {
        [] => demo(),
        ["--destroy"] => destroy(),
        ["--simulated"] => simulated(),
        _ => {
            eprintln!("usage: cargo demo | cargo demo --destroy | cargo demo -- --simulated");
            return ExitCode::from(2);
        }
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("demo: {error}");
            ExitCode::FAILURE
        }
    }
}

type Outcome = Result<(), Box<dyn std::error::Error>>;

fn demo() -> Outcome {
    let began = Instant::now();
    if let Err(missing) = machine() {
        eprintln!("This machine cannot boot the demo's host:");
        missing.iter().for_each(|line| eprintln!("  {line}"));
        return Err("the real agent over a simulated machine needs none of this: cargo demo -- --simulated".into());
    }
    destroy()?;
    say(began, "building the publisher's tool, Kubernetes, images and the signed release (long the first time)");
    let campus = campus::build(checkout()?)?;
    say(began, "booting a clean Debian host without internet");
    let lab = Lab::new(LAB)?;
    let mut host = lab.host(SERVER).disk_gib(16).build()?;
    host.boot()?;
    let installation = Installation::prepare(&host, &campus)?;
    say(began, &format!("installing on it: {}", Installation::words().join(" ")));
    let installed = Instant::now();
    let output = installation.run()?;
    print!("{}{}", output.stdout, output.stderr);
    if !output.success() {
        lab.keep()?;
        return Err(
            format!("the installation ended with {}; the host is kept: cargo demo --destroy", output.status).into()
        );
    }
    let seconds = installed.elapsed().as_secs();
    let (address, leader) = (host.address(), host.leader()?);
    lab.keep()?;
    println!(
        "
The platform runs: installed in {seconds} s on the host {SERVER} ({address}).

  the front page     curl --insecure --resolve {HOST}:443:{address} https://{HOST}/
  a shell on it      nsenter -t {leader} -m -u -i -n -p -C bash -l
  and there          bridle status        bridle tui        kubectl get pods -A        helm list -A
  when done          cargo demo --destroy
"
    );
    Ok(())
}

fn simulated() -> Outcome {
    let root = tempfile::tempdir()?;
    println!(
        "The real agent, engine, journal and command line over a simulated machine: nothing of this machine is changed."
    );
    let status = simulated::show(checkout()?, root.path())?;
    if status.success() { Ok(()) } else { Err(format!("bridle ended with {status}").into()) }
}

fn checkout() -> Result<&'static Path, &'static str> {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().ok_or("the crate does not lie in a checkout")
}

fn destroy() -> Outcome {
    if let Some(lab) = Lab::find(LAB)? {
        lab.destroy()?;
        println!("the demo's host is gone");
    }
    Ok(())
}

/// Installs what is missing; what this machine can never do is told line by line.
fn machine() -> Result<(), Vec<String>> {
    let lacking = gate::missing();
    if !lacking.is_empty() {
        gate::install_missing(&lacking).map_err(|error| vec![error.to_string()])?;
    }
    testhost::available().map_err(|missing| missing.iter().map(ToString::to_string).collect())
}

fn say(began: Instant, what: &str) {
    println!("[{:>4} s] {what}", began.elapsed().as_secs());
}
