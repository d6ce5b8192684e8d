//! The command line. What people read of it is in `core/locales/help-*.ftl`, named after commands and arguments.

use std::path::PathBuf;

use bridle_core::message::Language;
use clap::{Parser, Subcommand, ValueEnum};

#[derive(Debug, Parser)]
#[command(name = "installer", version, propagate_version = true)]
pub struct Arguments {
    #[command(flatten)]
    pub global: Global,
    #[command(subcommand)]
    pub command: Command,
}

#[derive(Debug, clap::Args)]
pub struct Global {
    #[arg(long, global = true, value_name = "LANGUAGE")]
    pub lang: Option<Lang>,
    #[arg(long, global = true, value_name = "WHEN", default_value = "auto")]
    pub color: Color,
    #[arg(long, global = true)]
    pub json: bool,
    #[arg(long, global = true)]
    pub no_input: bool,
    #[arg(long, global = true, value_name = "FILE")]
    pub publisher_key: Option<PathBuf>,
    #[arg(long, global = true, value_name = "FILE", default_value = "/proc/self/exe", hide = true)]
    pub file: PathBuf,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
pub enum Lang {
    En,
    Fr,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Color {
    Auto,
    Always,
    Never,
}

impl From<Lang> for Language {
    fn from(lang: Lang) -> Self {
        match lang {
            Lang::En => Self::En,
            Lang::Fr => Self::Fr,
        }
    }
}

#[derive(Debug, Subcommand)]
pub enum Command {
    Install(Install),
    Recover(Box<Recover>),
    Verify,
    Inspect,
    Explain { code: Option<String> },
}

#[derive(Debug, Clone, Default, clap::Args)]
pub struct Install {
    #[arg(long)]
    pub plan_only: bool,
    #[arg(long)]
    pub explain: bool,
    #[arg(long, conflicts_with = "plan_only")]
    pub fix: bool,
    #[arg(long)]
    pub yes: bool,
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
}

#[derive(Debug, Clone, Default, clap::Args)]
pub struct Recover {
    #[arg(long, value_name = "REPOSITORY")]
    pub from: String,
    #[arg(long, value_name = "NAME", default_value = "us-east-1")]
    pub region: String,
    #[arg(long)]
    pub path_style: bool,
    #[arg(long, value_name = "FILE")]
    pub ca: Option<PathBuf>,
    #[arg(long, value_name = "FILE")]
    pub credentials: Option<PathBuf>,
    #[arg(long, value_name = "FILE")]
    pub recovery_code: Option<PathBuf>,
    #[arg(long)]
    pub list: bool,
    #[arg(long, value_name = "ID", conflicts_with = "at")]
    pub set: Option<String>,
    #[arg(long, value_name = "TIME")]
    pub at: Option<String>,
    #[arg(long, value_name = "SOURCE")]
    pub without: Vec<String>,
    #[arg(long, value_name = "SITE")]
    pub take_over: Option<String>,
    #[arg(long)]
    pub plan_only: bool,
    #[arg(long)]
    pub explain: bool,
    #[arg(long)]
    pub yes: bool,
}

#[cfg(test)]
mod tests {
    use bridle_core::message::Language;
    use clap::CommandFactory as _;

    use super::Arguments;

    #[test]
    fn command_line_is_consistent() {
        Arguments::command().debug_assert();
    }

    #[test]
    fn every_command_and_argument_has_words_and_an_example_in_both_languages() {
        let gaps: Vec<_> = Language::ALL
            .into_iter()
            .flat_map(|language| bridle_manual::gaps(Arguments::command(), language))
            .collect();
        assert_eq!(gaps, Vec::<String>::new(), "to be written in core/locales");
    }
}
