//! Reading a command line in the reader's language.

use std::ffi::OsString;
use std::io::Write as _;
use std::path::Path;

use bridle_core::fault::{Exit, Fault};
use bridle_core::message::Language;
use bridle_core::wording::FaultText;
use clap::error::ErrorKind;
use clap::{Command, Parser};

use crate::usage;
use crate::words::localised;

/// Why a program does not go on after its command line.
#[derive(Debug)]
pub enum Stop {
    /// It asked for help or the version, or said nothing at all.
    Help(Box<clap::Error>),
    /// It cannot be understood.
    Usage(Box<Fault>, Language),
}

/// Reads a command line, the program's own name first; `variable` reads the environment.
///
/// # Errors
/// [`Stop`]: what is to be told instead.
pub fn parse<P: Parser>(line: Vec<OsString>, variable: &dyn Fn(&str) -> Option<String>) -> Result<P, Stop> {
    let language = asked_language(&line).unwrap_or_else(|| Language::of_environment(variable));
    let mut command = P::command();
    // A release file is called as it is named, not as its head.
    let called = line.first().and_then(|name| Path::new(name).file_name()).and_then(|name| name.to_str());
    if let Some(called) = called {
        command = command.bin_name(called.to_owned());
    }
    let command = localised(command, language);
    let result = command.clone().try_get_matches_from(&line).and_then(|mut matches| {
        P::from_arg_matches_mut(&mut matches).map_err(|error| error.format(&mut command.clone()))
    });
    result.map_err(|error| match error.kind() {
        ErrorKind::DisplayHelp | ErrorKind::DisplayVersion | ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand => {
            Stop::Help(Box::new(error))
        }
        _ => Stop::Usage(Box::new(usage::fault(&error, &reached(&command, &line))), language),
    })
}

impl Stop {
    /// Tells it and gives the code to exit with.
    #[must_use]
    pub fn tell(self) -> u8 {
        // Nobody is left to hear that standard output or error is gone.
        match self {
            Self::Help(error) => {
                let _ = error.print();
                u8::try_from(error.exit_code()).unwrap_or(Exit::Usage as u8)
            }
            Self::Usage(fault, language) => {
                let program = std::env::args_os().next().unwrap_or_default();
                let mut lines = FaultText::new(&fault, language).lines_of(&program.to_string_lossy(), language, 1);
                lines.push(String::new());
                let _ = std::io::stderr().write_all(lines.join("\n").as_bytes());
                fault.code.exit() as u8
            }
        }
    }
}

/// The language that `--lang` asks for, before the line is understood as a whole.
fn asked_language(line: &[OsString]) -> Option<Language> {
    let words: Vec<_> = line.iter().filter_map(|word| word.to_str()).collect();
    let name = words.iter().enumerate().find_map(|(index, word)| match word.strip_prefix("--lang") {
        Some("") => words.get(index + 1).copied(),
        Some(value) => value.strip_prefix('='),
        None => None,
    })?;
    Language::ALL.into_iter().find(|language| language.to_string() == name)
}

/// The words of the line that are commands of the tree: `bridle operation attach`; a program that was called by a path stays
/// with it, so that the line can be typed again.
fn reached(command: &Command, line: &[OsString]) -> String {
    let typed = line.first().and_then(|name| name.to_str()).filter(|name| name.contains('/'));
    let name = typed.unwrap_or_else(|| command.get_bin_name().unwrap_or(command.get_name()));
    let mut words = vec![name.to_owned()];
    let mut here = command;
    for word in line.iter().skip(1).filter_map(|word| word.to_str()) {
        if let Some(below) = here.find_subcommand(word) {
            words.push(word.to_owned());
            here = below;
        }
    }
    words.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use bridle_core::fault::FaultCode;

    #[derive(Debug, Parser)]
    #[command(name = "bridle")]
    struct Arguments {
        #[arg(long, global = true)]
        lang: Option<String>,
        #[command(subcommand)]
        command: Sub,
    }

    #[derive(Debug, clap::Subcommand)]
    enum Sub {
        Status {
            #[arg(long)]
            watch: bool,
        },
        Explain {
            #[arg(value_parser = ["one", "two"])]
            code: String,
        },
    }

    fn read(line: &str) -> Result<Arguments, Stop> {
        parse(line.split(' ').map(OsString::from).collect(), &|name| (name == "LANG").then(|| "C".to_owned()))
    }

    fn refused(line: &str) -> (String, String) {
        match read(line) {
            Err(Stop::Usage(fault, language)) => {
                assert_eq!(fault.code, FaultCode::CommandLineInvalid);
                let text = FaultText::new(&fault, language);
                (text.detail.expect("a detail"), text.fix.expect("a cure"))
            }
            other => panic!("{line}: {other:?}"),
        }
    }

    #[test]
    fn what_is_wrong_is_said_with_what_was_meant() {
        assert!(matches!(read("bridle status --watch").map(|read| read.command), Ok(Sub::Status { watch: true })));
        for (line, detail) in [
            ("bridle statsu", "There is no command “statsu”. Perhaps you mean: status"),
            ("bridle status --wach", "There is no option “--wach” here. Perhaps you mean: --watch"),
            ("bridle status now", "There is one word too many: “now”."),
            ("bridle explain three", "“three” does not fit <CODE>; it takes one of: one, two."),
            ("bridle explain", "Something is missing: <CODE>."),
            ("bridle explain one --lang", "--lang <LANG> needs a value."),
        ] {
            assert_eq!(refused(line).0, detail, "{line}");
        }
        assert!(refused("bridle --lang fr statsu").0.contains("Il n’y a pas de commande"));
        assert!(refused("/usr/bin/bridle status --wach").1.ends_with("bridle status --help"));
    }

    #[test]
    fn help_and_version_are_no_faults() {
        for line in ["bridle --help", "bridle help status", "bridle status -h"] {
            match read(line) {
                Err(Stop::Help(error)) => assert_eq!(error.exit_code(), 0, "{line}"),
                other => panic!("{line}: {other:?}"),
            }
        }
        let long = |flag: &str| match read(&format!("bridle status {flag}")) {
            Err(Stop::Help(error)) => error.to_string(),
            other => panic!("{flag}: {other:?}"),
        };
        assert!(long("--help").contains("Exit codes:") && long("--help").contains("last state that was written"));
        assert!(!long("-h").contains("Exit codes:"));
        assert!(matches!(read("bridle"), Err(Stop::Help(error)) if error.exit_code() == 2));
    }
}
