//! `bridle-fuzz --target=NAME …`: under libFuzzer with libFuzzer's own arguments, otherwise with files to try.
//! `bridle-fuzz --seeds=FOLDER` writes the inputs to begin with, a folder for each target.

#![cfg_attr(fuzzing, no_main)]

#[cfg(fuzzing)]
mod driven {
    use std::sync::OnceLock;

    static TARGET: OnceLock<&bridle_fuzz::Target> = OnceLock::new();

    libfuzzer_sys::fuzz_target!(
        init: {
            // libFuzzer leaves alone what begins with two dashes.
            let name = std::env::args().find_map(|word| word.strip_prefix("--target=").map(str::to_owned));
            let target = name.as_deref().and_then(bridle_fuzz::target).expect("--target=NAME names a target");
            TARGET.get_or_init(|| target);
        },
        |data: &[u8]| {
            if let Some(target) = TARGET.get() {
                (target.run)(data);
            }
        }
    );
}

#[cfg(not(fuzzing))]
fn main() -> std::process::ExitCode {
    match replay() {
        Ok(count) => {
            println!("{count} inputs");
            std::process::ExitCode::SUCCESS
        }
        Err(problem) => {
            eprintln!("bridle-fuzz: {problem}");
            std::process::ExitCode::FAILURE
        }
    }
}

/// Runs the files that are named, or writes the seeds.
#[cfg(not(fuzzing))]
fn replay() -> Result<usize, Box<dyn std::error::Error>> {
    let mut target = None;
    let mut count = 0;
    for word in std::env::args().skip(1) {
        if let Some(folder) = word.strip_prefix("--seeds=") {
            return write_seeds(std::path::Path::new(folder));
        }
        match (word.strip_prefix("--target="), target) {
            (Some(name), _) => target = Some(bridle_fuzz::target(name).ok_or_else(|| format!("no target {name:?}"))?),
            (None, Some(target)) => {
                (target.run)(&std::fs::read(&word)?);
                count += 1;
            }
            (None, None) => return Err("first say --target=NAME".into()),
        }
    }
    Ok(count)
}

#[cfg(not(fuzzing))]
fn write_seeds(folder: &std::path::Path) -> Result<usize, Box<dyn std::error::Error>> {
    let mut count = 0;
    for target in bridle_fuzz::TARGETS {
        let folder = folder.join(target.name);
        std::fs::create_dir_all(&folder)?;
        for (number, seed) in (target.seeds)().into_iter().enumerate() {
            std::fs::write(folder.join(format!("seed-{number:03}")), seed)?;
            count += 1;
        }
    }
    Ok(count)
}
