//! The command line. Its help is English for now; everything that commands print exists in all languages.

use std::path::PathBuf;

use bridle_core::message::Language;
use clap::{Parser, Subcommand, ValueEnum};

const EXAMPLES: &str = "\
Examples:
  ./campus-1.0.0-amd64.run verify --publisher-key campus.pub
  sudo ./campus-1.0.0-amd64.run install --plan-only --explain
  sudo ./campus-1.0.0-amd64.run install
  sudo ./campus-1.0.0-amd64.run install --yes --publisher-key campus.pub --config site.toml

Before running it at all:  minisign -V -p campus.pub -m campus-1.0.0-amd64.run

Exit codes:
  0 done  1 failed  2 usage  3 this host does not meet the requirements  4 needs confirmation
  5 another operation runs  6 verification failed  130 left, the operation goes on";

/// Installs the release that is inside this file on this host; nothing is loaded from a network.
#[derive(Debug, Parser)]
#[command(name = "installer", version, after_help = EXAMPLES)]
pub struct Arguments {
    #[command(flatten)]
    pub global: Global,
    #[command(subcommand)]
    pub command: Command,
}

#[derive(Debug, clap::Args)]
pub struct Global {
    /// Language of what is printed [default: from LC_ALL, LC_MESSAGES or LANG].
    #[arg(long, global = true, value_name = "LANGUAGE")]
    pub lang: Option<Lang>,
    /// When to use colours; NO_COLOR and TERM=dumb also turn them off.
    #[arg(long, global = true, value_name = "WHEN", default_value = "auto")]
    pub color: Color,
    /// Print one JSON object instead of text.
    #[arg(long, global = true)]
    pub json: bool,
    /// Never ask; fail where a question would be needed.
    #[arg(long, global = true)]
    pub no_input: bool,
    /// Trust exactly this key (a minisign .pub file that the publisher gave you by another way).
    #[arg(long, global = true, value_name = "FILE")]
    pub publisher_key: Option<PathBuf>,
    /// The release file, for development: normally it is this program's own file.
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
    /// Check this host, show the plan, ask, and install.
    Install(Install),
    /// Check signature and content of the whole file.
    Verify,
    /// Show what the file holds.
    Inspect,
}

#[derive(Debug, Clone, Default, clap::Args)]
pub struct Install {
    /// Show the plan and the findings, change nothing.
    #[arg(long)]
    pub plan_only: bool,
    /// Say for each step its limits and what happens if it fails.
    #[arg(long)]
    pub explain: bool,
    /// Do not ask; needs a trusted publisher key.
    #[arg(long)]
    pub yes: bool,
    /// Configuration of this site (site.toml).
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    #[test]
    fn command_line_is_consistent() {
        super::Arguments::command().debug_assert();
    }
}
