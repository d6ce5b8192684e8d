//! The command line. Its help is English for now; everything that commands print exists in all languages.

use std::path::PathBuf;

use bridle_core::message::Language;
use bridle_core::operation::OperationId;
use clap::{Parser, Subcommand, ValueEnum};

const EXAMPLES: &str = "\
Examples:
  bridle status --watch             the state of everything, live
  bridle operation attach           follow what runs now; Ctrl-C leaves, the operation goes on
  bridle operation retry            try the failed step again
  bridle explain BR-1042            what a code means and what to do

Exit codes:
  0 done  1 failed  2 usage  4 needs confirmation  5 another operation runs  6 verification failed
  7 rolled back  8 roll back incomplete  9 agent unreachable  130 left, the operation goes on";

/// Keeps a cloud-native platform installed and healthy on this host.
#[derive(Debug, Parser)]
#[command(name = "bridle", version, after_help = EXAMPLES, propagate_version = true)]
pub struct Arguments {
    #[command(flatten)]
    pub global: Global,
    #[command(subcommand)]
    pub command: Command,
}

#[derive(Debug, clap::Args)]
pub struct Global {
    /// Socket of the agent.
    #[arg(long, global = true, value_name = "PATH", default_value = "/run/bridle/agent.sock")]
    pub socket: PathBuf,
    /// What is read when the agent does not answer: journals and last status.
    #[arg(long, global = true, value_name = "PATH", default_value = "/var/lib/bridle", hide = true)]
    pub data: PathBuf,
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
    /// The state of everything.
    Status {
        /// Stay and show changes.
        #[arg(long)]
        watch: bool,
    },
    /// Operations: what changes this platform, or changed it.
    #[command(subcommand)]
    Operation(Operation),
    /// Releases in the store.
    #[command(subcommand)]
    Release(Release),
    /// What a fault code means, and what to do.
    Explain {
        /// The code, such as BR-1042.
        code: String,
    },
    /// The terminal screen.
    Tui,
    /// The daemon that runs operations; started by its unit.
    Agent,
}

#[derive(Debug, Subcommand)]
pub enum Operation {
    /// All operations, newest first.
    List,
    /// One operation with its steps [default: the newest].
    Show { id: Option<OperationId> },
    /// Follow an operation to its end; Ctrl-C leaves, the operation goes on [default: the newest].
    Attach {
        id: Option<OperationId>,
        /// Print each event as one line of JSON.
        #[arg(long, value_name = "FORMAT")]
        events: Option<EventFormat>,
    },
    /// Stop after the running step.
    Pause { id: Option<OperationId> },
    /// Go on after a pause.
    Continue { id: Option<OperationId> },
    /// Try the failed step again.
    Retry { id: Option<OperationId> },
    /// Go on without the failed step.
    Skip {
        id: Option<OperationId>,
        /// Why, at most 400 characters; kept in the journal.
        #[arg(long)]
        reason: String,
    },
    /// Take everything back that the operation did.
    Abort {
        id: Option<OperationId>,
        /// Do not ask.
        #[arg(long)]
        yes: bool,
    },
}

#[derive(Debug, Clone, Copy, ValueEnum)]
pub enum EventFormat {
    Json,
}

#[derive(Debug, Subcommand)]
pub enum Release {
    /// All releases in the store.
    List,
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    #[test]
    fn command_line_is_consistent() {
        super::Arguments::command().debug_assert();
    }
}
