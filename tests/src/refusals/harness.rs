//! Many cases on one host, each counted: prints what libtest prints, so that one host is enough for all of them.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::ExitCode;
use std::time::Instant;

use super::bench::Outcome;

/// One case on something that all of them share.
pub struct Case<'a, T> {
    name: String,
    run: Box<dyn Fn(&T) -> Outcome + 'a>,
}

impl<'a, T> Case<'a, T> {
    /// A case with its name (spaces become `_`, other signs go).
    pub fn new(name: &str, run: impl Fn(&T) -> Outcome + 'a) -> Self {
        let name = name.replace([' ', '-'], "_");
        let name = name.chars().filter(|c| c.is_ascii_alphanumeric() || *c == '_').collect();
        Self { name, run: Box::new(run) }
    }
}

/// Runs the cases that the words of a command line pick (`--list`, parts of names; other options of libtest are passed over),
/// one after the other, on what `make` makes, which is made only if there is a case to run.
pub fn run<T>(words: &[String], cases: &[Case<'_, T>], make: impl FnOnce() -> Outcome<T>) -> ExitCode {
    let parts: Vec<&String> = words.iter().filter(|word| !word.starts_with("--")).collect();
    let exact = words.iter().any(|word| word == "--exact");
    let picked = |case: &&Case<'_, T>| {
        let fits = |part: &&String| if exact { case.name == **part } else { case.name.contains(part.as_str()) };
        parts.is_empty() || parts.iter().any(fits)
    };
    let chosen: Vec<_> = cases.iter().filter(picked).collect();
    if words.iter().any(|word| word == "--list") {
        chosen.iter().for_each(|case| println!("{}: test", case.name));
        return ExitCode::SUCCESS;
    }
    println!("\nrunning {} tests", chosen.len());
    let began = Instant::now();
    let failed = if chosen.is_empty() { Vec::new() } else { failures(&chosen, make) };
    for (name, problem) in &failed {
        println!("\n---- {name} ----\n{problem}");
    }
    let verdict = if failed.is_empty() { "ok" } else { "FAILED" };
    println!(
        "\ntest result: {verdict}. {} passed; {} failed; 0 ignored; 0 measured; {} filtered out; finished in {:.2}s\n",
        chosen.len() - failed.len(),
        failed.len(),
        cases.len() - chosen.len(),
        began.elapsed().as_secs_f64(),
    );
    if failed.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn failures<'a, T>(cases: &[&'a Case<'_, T>], make: impl FnOnce() -> Outcome<T>) -> Vec<(&'a str, String)> {
    let shared = match make() {
        Ok(shared) => shared,
        Err(error) => return cases.iter().map(|case| (case.name.as_str(), format!("not begun: {error}"))).collect(),
    };
    let mut failed = Vec::new();
    for case in cases {
        let began = Instant::now();
        // A failed assertion fails its case, not the others.
        let ended = catch_unwind(AssertUnwindSafe(|| (case.run)(&shared)));
        let ended = ended.unwrap_or_else(|_| Err("panicked; see above".into()));
        let word = if ended.is_ok() { "ok" } else { "FAILED" };
        println!("test {} ... {word} ({:.1} s)", case.name, began.elapsed().as_secs_f64());
        if let Err(error) = ended {
            failed.push((case.name.as_str(), error.to_string()));
        }
    }
    failed
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::cell::Cell;

    fn words(text: &str) -> Vec<String> {
        text.split_whitespace().map(str::to_owned).collect()
    }

    #[test]
    fn all_cases_share_one_thing_and_a_failure_stops_no_other() {
        let made = Cell::new(0);
        let ran = Cell::new(0);
        let count = |_: &u32| {
            ran.set(ran.get() + 1);
            Ok(())
        };
        let cases = [
            Case::new("a good-one", count),
            Case::new("fails", |_| Err("no".into())),
            Case::new("panics", |_| panic!("on purpose")),
            Case::new("another good", count),
        ];
        let make = || {
            made.set(made.get() + 1);
            Ok(7)
        };
        assert_eq!(format!("{:?}", run(&[], &cases, make)), format!("{:?}", ExitCode::FAILURE));
        assert_eq!((made.get(), ran.get()), (1, 2));
        let make = || {
            made.set(made.get() + 1);
            Ok(7)
        };
        assert_eq!(
            format!("{:?}", run(&words("good --test-threads=1"), &cases, make)),
            format!("{:?}", ExitCode::SUCCESS)
        );
        assert_eq!((made.get(), ran.get()), (2, 4));
    }

    #[test]
    fn nothing_is_made_for_a_list_or_for_no_case() {
        let cases = [Case::new("one", |_: &()| Ok(()))];
        for text in ["--list", "absent", "on --exact"] {
            let ended = run(&words(text), &cases, || Err("must not be made".into()));
            assert_eq!(format!("{ended:?}"), format!("{:?}", ExitCode::SUCCESS), "{text}");
        }
    }

    #[test]
    fn what_cannot_be_made_fails_every_case() {
        let cases = [Case::new("one", |_: &()| Ok(()))];
        let ended = run(&[], &cases, || Err("no host".into()));
        assert_eq!(format!("{ended:?}"), format!("{:?}", ExitCode::FAILURE));
    }
}
