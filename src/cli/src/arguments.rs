//! The command line. What people read of it is in `core/locales/help-*.ftl`, named after commands and arguments.

use std::path::PathBuf;

use bridle_core::digest::Digest;
use bridle_core::message::Language;
use bridle_core::operation::OperationId;
use clap::{Parser, Subcommand, ValueEnum};

#[derive(Debug, Parser)]
#[command(name = "bridle", version, propagate_version = true)]
pub struct Arguments {
    #[command(flatten)]
    pub global: Global,
    #[command(subcommand)]
    pub command: Command,
}

#[derive(Debug, clap::Args)]
pub struct Global {
    #[arg(long, global = true, value_name = "PATH", default_value = "/run/bridle/agent.sock")]
    pub socket: PathBuf,
    #[arg(long, global = true, value_name = "PATH", default_value = "/var/lib/bridle", hide = true)]
    pub data: PathBuf,
    #[arg(long, global = true, value_name = "LANGUAGE")]
    pub lang: Option<Lang>,
    #[arg(long, global = true, value_name = "WHEN", default_value = "auto")]
    pub color: Color,
    #[arg(long, global = true)]
    pub json: bool,
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
    Status {
        #[arg(long)]
        watch: bool,
    },
    #[command(subcommand)]
    Operation(Operation),
    #[command(subcommand)]
    Release(Release),
    #[command(subcommand)]
    Upgrade(Upgrade),
    #[command(subcommand)]
    Config(Config),
    #[command(subcommand)]
    Store(Store),
    Explain {
        code: Option<String>,
    },
    #[command(subcommand)]
    Application(Application),
    #[command(subcommand)]
    Cluster(Cluster),
    #[command(subcommand)]
    RestorePoint(RestorePoint),
    #[command(subcommand)]
    Repository(Repository),
    #[command(subcommand)]
    Backup(Backup),
    Uninstall(Uninstall),
    Completions {
        shell: Shell,
    },
    Man {
        folder: PathBuf,
    },
    Tui {
        #[arg(long)]
        accessible: bool,
    },
    /// Started by its unit, as root.
    Agent,
    /// The end of an uninstallation, started by its unit, as root.
    #[command(hide = true)]
    LastAct,
    /// Works on repositories of backups, started by the agent for one request.
    #[command(hide = true)]
    BackupWorker,
}

#[derive(Debug, Subcommand)]
pub enum Application {
    Recreate(Recreate),
}

#[derive(Debug, clap::Args)]
pub struct Recreate {
    #[arg(long)]
    pub dry_run: bool,
    #[arg(long)]
    pub yes: bool,
}

#[derive(Debug, Subcommand)]
pub enum Cluster {
    Restore(ClusterRestore),
}

#[derive(Debug, clap::Args)]
pub struct ClusterRestore {
    #[arg(long, value_name = "NAME")]
    pub restore_point: Option<String>,
    #[arg(long)]
    pub dry_run: bool,
    #[arg(long, value_name = "NAME")]
    pub confirm: Option<String>,
}

#[derive(Debug, Subcommand)]
pub enum RestorePoint {
    List,
    Show { name: Option<String> },
}

#[derive(Debug, Subcommand)]
pub enum Repository {
    Add(Box<RepositoryAdd>),
    List,
    Check {
        name: String,
        #[arg(long)]
        read_data: bool,
    },
    Remove {
        name: String,
        #[arg(long)]
        yes: bool,
    },
}

#[derive(Debug, clap::Args)]
pub struct RepositoryAdd {
    pub name: String,
    #[arg(long, value_name = "PATH", required_unless_present = "s3", conflicts_with_all = ["s3", "credentials"])]
    pub directory: Option<PathBuf>,
    #[arg(long, value_name = "BUCKET", requires = "endpoint")]
    pub s3: Option<String>,
    #[arg(long, value_name = "URL", requires = "s3")]
    pub endpoint: Option<String>,
    #[arg(long, value_name = "NAME", requires = "s3", default_value = "us-east-1")]
    pub region: String,
    #[arg(long, requires = "s3")]
    pub path_style: bool,
    #[arg(long, value_name = "FILE", requires = "s3")]
    pub ca: Option<PathBuf>,
    #[arg(long, value_name = "PREFIX", requires = "s3", default_value = "")]
    pub prefix: String,
    #[arg(long, value_name = "FILE")]
    pub credentials: Option<PathBuf>,
    #[arg(long, value_name = "FILE")]
    pub recovery_code: Option<PathBuf>,
    #[arg(long, requires = "directory")]
    pub same_disk: bool,
    #[arg(long, value_name = "SITE")]
    pub take_over: Option<String>,
    #[arg(long)]
    pub replace: bool,
}

#[derive(Debug, Subcommand)]
pub enum Backup {
    Start {
        #[arg(long, value_name = "NAME")]
        repository: Option<String>,
        #[arg(long)]
        detach: bool,
    },
    List {
        #[arg(long, value_name = "NAME")]
        repository: Option<String>,
    },
    Logs,
    #[command(subcommand)]
    Key(BackupKey),
}

#[derive(Debug, Subcommand)]
pub enum BackupKey {
    Show {
        name: Option<String>,
    },
    Rehearse {
        name: Option<String>,
    },
    Rotate {
        name: String,
        #[arg(long)]
        yes: bool,
    },
}

#[derive(Debug, clap::Args)]
pub struct Uninstall {
    #[arg(long, conflicts_with = "delete_data")]
    pub keep_data: bool,
    #[arg(long)]
    pub delete_data: bool,
    #[arg(long, value_name = "NAME", requires = "delete_data")]
    pub confirm: Option<String>,
    #[arg(long)]
    pub dry_run: bool,
    #[arg(long, conflicts_with = "delete_data")]
    pub yes: bool,
}

#[derive(Debug, Subcommand)]
pub enum Upgrade {
    Plan {
        release: Option<String>,
        #[arg(long)]
        no_data_copy: bool,
        #[arg(long)]
        detailed_exitcode: bool,
    },
    Start {
        release: Option<String>,
        #[command(flatten)]
        how: ChangeOptions,
    },
    Rehearse {
        release: Option<String>,
    },
    Rollback {
        #[command(flatten)]
        how: ChangeOptions,
    },
    History,
}

#[derive(Debug, clap::Args)]
pub struct ChangeOptions {
    #[arg(long, value_name = "DIGEST")]
    pub plan: Option<Digest>,
    #[arg(long)]
    pub no_data_copy: bool,
    #[arg(long, value_name = "NAME")]
    pub even_in: Option<String>,
    #[arg(long)]
    pub yes: bool,
    #[arg(long)]
    pub detach: bool,
}

#[derive(Debug, Subcommand)]
pub enum Config {
    Get {
        key: Option<String>,
    },
    Set {
        #[arg(required = true, num_args = 2.., value_name = "KEY VALUE", allow_negative_numbers = true)]
        pairs: Vec<String>,
        #[command(flatten)]
        how: ConfigOptions,
    },
    Unset {
        #[arg(required = true, value_name = "KEY")]
        keys: Vec<String>,
        #[command(flatten)]
        how: ConfigOptions,
    },
    Edit {
        #[command(flatten)]
        how: ConfigOptions,
    },
    Validate {
        file: Option<PathBuf>,
    },
    Diff {
        #[arg(value_name = "REVISION")]
        from: Option<u64>,
        #[arg(value_name = "REVISION")]
        to: Option<u64>,
    },
    History,
    Test,
    #[command(subcommand)]
    Secret(ConfigSecret),
    Rollback {
        revision: u64,
        #[command(flatten)]
        how: ConfigOptions,
    },
    Apply {
        file: Option<PathBuf>,
        #[command(flatten)]
        how: ConfigOptions,
    },
}

#[derive(Debug, Subcommand)]
pub enum ConfigSecret {
    Set {
        name: String,
        #[arg(long, value_name = "FILE")]
        file: Option<PathBuf>,
        #[command(flatten)]
        how: ConfigOptions,
    },
    List,
    Unset {
        name: String,
        #[command(flatten)]
        how: ConfigOptions,
    },
}

#[derive(Debug, clap::Args)]
pub struct ConfigOptions {
    #[arg(long)]
    pub dry_run: bool,
    #[arg(long, value_name = "NAME")]
    pub even_in: Option<String>,
    #[arg(long)]
    pub yes: bool,
    #[arg(long)]
    pub detach: bool,
}

#[derive(Debug, Subcommand)]
pub enum Operation {
    List,
    Show {
        id: Option<OperationId>,
    },
    Attach {
        id: Option<OperationId>,
        #[arg(long, value_name = "FORMAT")]
        events: Option<EventFormat>,
    },
    Pause {
        id: Option<OperationId>,
    },
    Continue {
        id: Option<OperationId>,
    },
    Retry {
        id: Option<OperationId>,
    },
    Skip {
        id: Option<OperationId>,
        #[arg(long, value_name = "TEXT")]
        reason: String,
    },
    Abort {
        id: Option<OperationId>,
        #[arg(long)]
        yes: bool,
    },
}

#[derive(Debug, Clone, Copy, ValueEnum)]
pub enum EventFormat {
    Json,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Shell {
    Bash,
    Zsh,
    Fish,
}

#[derive(Debug, Subcommand)]
pub enum Release {
    List,
    Add {
        #[arg(conflicts_with_all = ["from", "yes"])]
        file: Option<PathBuf>,
        #[arg(long, value_name = "DIR")]
        from: Option<PathBuf>,
        #[arg(long)]
        yes: bool,
    },
    Remove {
        id: String,
        #[arg(long)]
        yes: bool,
    },
    Inspect {
        id: String,
    },
    Verify {
        id: String,
    },
    Have {
        #[arg(short, long, value_name = "FILE")]
        output: Option<PathBuf>,
    },
    Diff {
        old: String,
        new: String,
    },
    #[command(subcommand)]
    Upload(ReleaseUpload),
}

#[derive(Debug, Subcommand)]
pub enum ReleaseUpload {
    List,
    Remove {
        id: String,
        #[arg(long)]
        yes: bool,
    },
}

#[derive(Debug, Subcommand)]
pub enum Store {
    Check,
    Repair {
        #[arg(long, value_name = "FILE")]
        from: PathBuf,
    },
    Gc {
        #[arg(long)]
        dry_run: bool,
    },
    Space,
}

#[cfg(test)]
mod tests {
    use bridle_core::message::{Language, Message};
    use clap::{Command, CommandFactory as _};

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

    #[test]
    fn every_command_that_a_text_names_exists() {
        let mut tree = Arguments::command();
        tree.build();
        let (mut seen, mut wrong) = (0, Vec::new());
        for code in Message::codes() {
            for language in Language::ALL {
                for line in commands(code, language) {
                    seen += 1;
                    if let Err(word) = exists(&tree, &line) {
                        wrong.push(format!("{code} ({language}): bridle {line}: no {word}"));
                    }
                }
            }
        }
        assert!(wrong.is_empty() && seen > 60, "{seen} seen; {wrong:#?}");
    }

    /// What follows `bridle ` in a text and its parts, to the end of the line or sentence.
    fn commands(code: &'static str, language: Language) -> Vec<String> {
        let message = Message::new(code);
        let mut texts = vec![message.render(language)];
        texts
            .extend(["why", "fix", "example", "examples"].iter().filter_map(|p| message.render_attribute(language, p)));
        let mut found = Vec::new();
        for line in texts.iter().flat_map(|text| text.lines()) {
            let line = line.split(" # ").next().unwrap_or_default();
            let starts = line.match_indices("bridle ").filter(|(at, _)| {
                let before = line[..*at].chars().next_back();
                before.is_none_or(|c| !c.is_alphanumeric() && !"/-_".contains(c))
            });
            found.extend(starts.map(|(at, name)| line[at + name.len()..].to_owned()));
        }
        found
    }

    /// Whether the words are commands and options of the tree, as far as they look like ones.
    fn exists(tree: &Command, line: &str) -> Result<(), String> {
        let mut here = tree;
        for word in line.split_whitespace() {
            let last = word.ends_with([',', '.', ';', ':', ')', '”']);
            let word = word.trim_end_matches([',', '.', ';', ':', ')', '”']);
            if let Some(option) = word.strip_prefix("--") {
                let known = here.get_arguments().any(|argument| argument.get_long() == Some(option));
                known.then_some(()).ok_or_else(|| format!("option {word}"))?;
            } else if here.has_subcommands() {
                here = here.find_subcommand(word).ok_or_else(|| format!("command {word:?}"))?;
            }
            if last {
                break;
            }
        }
        Ok(())
    }
}
