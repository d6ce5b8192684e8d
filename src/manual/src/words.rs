//! Words for each command and argument of a clap tree.

use bridle_core::explain::exit_words;
use bridle_core::fault::Exit;
use bridle_core::message::{Language, Message};
use clap::{Arg, Command};

/// Longest line of an example that still has room for its words beside it, in columns.
const EXAMPLE_WIDTH: usize = 40;
/// Bold, as terminals show headings; clap drops it where colours are off.
const BOLD: (&str, &str) = ("\u{1b}[1m", "\u{1b}[0m");
/// What is said of one command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Words {
    message: Message,
    language: Language,
}

/// A line to type and what it does, which may be nothing that needs words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Example {
    /// The line.
    pub line: String,
    /// What it does; may be empty.
    pub does: String,
}

impl Words {
    /// The words of the command that is reached by these names, the program's own first.
    #[must_use]
    pub fn of(path: &[String], language: Language) -> Self {
        let code = if path.last().is_some_and(|name| name == "help") {
            "help-command".to_owned()
        } else {
            // Below `help`, clap repeats the tree: the same words belong there.
            let names: Vec<_> = path.iter().map(String::as_str).filter(|name| *name != "help").collect();
            format!("help-{}", names.join("-"))
        };
        Self { message: Message { code: code.into(), args: Default::default() }, language }
    }

    /// One line that says what the command is for, if there are words.
    #[must_use]
    pub fn about(&self) -> Option<String> {
        let text = self.message.render(self.language);
        (text != self.message.code).then_some(text)
    }

    /// What else is to be known, as one paragraph.
    #[must_use]
    pub fn more(&self) -> Option<String> {
        self.attribute("more").map(|text| text.replace('\n', " "))
    }

    /// Examples of its use.
    #[must_use]
    pub fn examples(&self) -> Vec<Example> {
        let text = self.attribute("examples").unwrap_or_default();
        text.lines()
            .map(|line| {
                // Fluent takes a line that begins with a point for something else.
                let line = line.strip_prefix("$ ").unwrap_or(line);
                let (line, does) = line.split_once(" # ").unwrap_or((line, ""));
                Example { line: line.trim().to_owned(), does: does.trim().to_owned() }
            })
            .collect()
    }

    /// What the argument with this identifier is for.
    #[must_use]
    pub fn argument(&self, id: &str) -> Option<String> {
        self.attribute(&id.replace('_', "-"))
    }

    fn attribute(&self, name: &str) -> Option<String> {
        self.message.render_attribute(self.language, name)
    }
}

/// The program's tree of commands with all its help in `language`.
#[must_use]
pub fn localised(command: Command, language: Language) -> Command {
    let mut command = with_long_help(command);
    // Adds what clap adds by itself, so that it gets words, too: --help, --version, `help`, global options everywhere.
    command.build();
    let root = Words::of(&[command.get_name().to_owned()], language);
    let path = vec![command.get_name().to_owned()];
    speak(command, &path, &root, language)
}

/// Commands and arguments without words in `language`, or without an example, as identifiers of what is to be written.
#[must_use]
pub fn gaps(mut command: Command, language: Language) -> Vec<String> {
    command.build();
    let path = vec![command.get_name().to_owned()];
    let root = Words::of(&path, language);
    let mut found = Vec::new();
    search(&command, &path, &root, language, &mut found);
    found
}

/// Clap decides when it builds a tree whether `--help` says more than `-h`; the words come after that.
fn with_long_help(command: Command) -> Command {
    command.after_long_help(" ").mut_subcommands(with_long_help)
}

fn search(command: &Command, path: &[String], root: &Words, language: Language, found: &mut Vec<String>) {
    let words = Words::of(path, language);
    if words.about().is_none() {
        found.push(format!("{} ({language})", words.message.code));
    }
    if words.examples().is_empty() {
        found.push(format!("{}.examples ({language})", words.message.code));
    }
    for argument in command.get_arguments() {
        let id = argument.get_id().as_str();
        if argument_words(id, &words, root, language).is_none() {
            found.push(format!("{}.{} ({language})", words.message.code, id.replace('_', "-")));
        }
    }
    for below in command.get_subcommands().filter(|below| below.get_name() != "help") {
        let path = [path, &[below.get_name().to_owned()]].concat();
        search(below, &path, root, language, found);
    }
}

fn speak(command: Command, path: &[String], root: &Words, language: Language) -> Command {
    let words = Words::of(path, language);
    let heading = |code: &'static str| Message::new(code).render(language);
    let template = template(&command, &words, &heading);
    let mut command = command
        .mut_args(|argument| match argument_words(argument.get_id().as_str(), &words, root, language) {
            Some(text) => describe(argument, &text, language),
            None => argument,
        })
        .help_template(template)
        .after_long_help(exits(&heading("help-heading-exits"), language));
    if let Some(about) = words.about() {
        let long = words.more().map_or_else(|| about.clone(), |more| format!("{about}.\n\n{more}"));
        command = command.about(about).long_about(long);
    }
    command.mut_subcommands(|below| {
        let path = [path, &[below.get_name().to_owned()]].concat();
        speak(below, &path, root, language)
    })
}

/// Words of an argument: the command's own, else those of the program's options that hold everywhere.
fn argument_words(id: &str, words: &Words, root: &Words, language: Language) -> Option<String> {
    match id {
        "help" => Some(Message::new("help-flag").render(language)),
        "version" => Some(Message::new("help-version").render(language)),
        "subcommand" => Some(Message::new("help-command-words").render(language)),
        id => words.argument(id).or_else(|| root.argument(id)),
    }
}

/// Gives an argument its words, with its values and its default, which clap would tell in English.
fn describe(argument: Arg, text: &str, language: Language) -> Arg {
    let mut text = text.to_owned();
    if argument.get_action().takes_values() {
        let values: Vec<_> = argument.get_possible_values().iter().map(|value| value.get_name().to_owned()).collect();
        if !values.is_empty() {
            let values = Message::new("help-values").with("values", values.join(", "));
            text = format!("{text} {}", values.render(language));
        }
        if let [value] = argument.get_default_values() {
            let value = Message::new("help-default").with("value", value.to_string_lossy().into_owned());
            text = format!("{text} {}", value.render(language));
        }
    }
    argument.help(text).long_help(None::<&str>).hide_possible_values(true).hide_default_value(true)
}

/// What clap fills in: sentence, examples, usage, then commands, arguments and options.
fn template(command: &Command, words: &Words, heading: &dyn Fn(&'static str) -> String) -> String {
    let bold = |code| format!("{}{}{}", BOLD.0, heading(code), BOLD.1);
    let mut text = "{about-with-newline}\n".to_owned();
    let examples = example_lines(&words.examples());
    if !examples.is_empty() {
        text.push_str(&format!("{}\n{}\n\n", bold("help-heading-examples"), examples.join("\n")));
    }
    text.push_str(&format!("{} {{usage}}", bold("help-heading-usage")));
    if command.has_subcommands() {
        text.push_str(&format!("\n\n{}\n{{subcommands}}", bold("help-heading-commands")));
    }
    if command.get_positionals().next().is_some() {
        text.push_str(&format!("\n\n{}\n{{positionals}}", bold("help-heading-arguments")));
    }
    if command.get_opts().next().is_some() || command.get_arguments().any(|argument| !argument.is_positional()) {
        text.push_str(&format!("\n\n{}\n{{options}}", bold("help-heading-options")));
    }
    text.push_str("{after-help}");
    text
}

fn example_lines(examples: &[Example]) -> Vec<String> {
    let width = examples.iter().map(|example| example.line.chars().count()).max().unwrap_or(0);
    let beside = width <= EXAMPLE_WIDTH;
    let mut lines = Vec::new();
    for Example { line, does } in examples {
        match (does.is_empty(), beside) {
            (true, _) => lines.push(format!("  {line}")),
            (false, true) => lines.push(format!("  {line:width$}   {does}")),
            (false, false) => lines.extend([format!("  # {does}"), format!("  {line}")]),
        }
    }
    lines
}

fn exits(heading: &str, language: Language) -> String {
    let codes = Exit::ALL.iter().map(|exit| {
        let words = exit_words(*exit as u8, language);
        let (code, words) = words.split_once(' ').unwrap_or((&words, ""));
        format!("\n  {code:>3}  {words}")
    });
    format!("{}{heading}{}{}", BOLD.0, BOLD.1, codes.collect::<String>())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn examples_stand_beside_or_below_their_words() {
        let example = |line: &str, does: &str| Example { line: line.to_owned(), does: does.to_owned() };
        let short = [example("a", "does a"), example("a --long", "")];
        assert_eq!(example_lines(&short), ["  a          does a", "  a --long"]);
        let long = "x".repeat(EXAMPLE_WIDTH + 1);
        assert_eq!(example_lines(&[example(&long, "does x")]), ["  # does x".to_owned(), format!("  {long}")]);
    }

    #[test]
    fn what_has_no_words_is_named() {
        let command = Command::new("bridle")
            .subcommand(Command::new("status").arg(Arg::new("of_nothing").long("of-nothing")))
            .subcommand(Command::new("unheard"));
        let gaps = gaps(command, Language::Fr);
        for wanted in ["help-bridle-status.of-nothing (fr)", "help-bridle-unheard (fr)"] {
            assert!(gaps.iter().any(|gap| gap == wanted), "{wanted} is not in {gaps:?}");
        }
    }

    #[test]
    fn help_is_wholly_in_the_readers_language() {
        let color = Arg::new("color").long("color").value_parser(["auto", "never"]).default_value("auto").global(true);
        let command = Command::new("bridle").version("1").arg(color).subcommand(Command::new("status"));
        let mut french = localised(command, Language::Fr).term_width(200);
        let text = french.render_long_help().to_string();
        for wanted in
            ["Utilisation\u{a0}:", "Commandes\u{a0}:", "[au choix\u{a0}: auto, never] [par défaut\u{a0}: auto]"]
        {
            assert!(text.contains(wanted), "no {wanted:?} in {text}");
        }
        for english in ["Usage:", "Print", "Commands", "default:", "possible values"] {
            assert!(!text.contains(english), "{english:?} in {text}");
        }
        let example = text.find("Exemples").expect("examples");
        assert!(example < text.find("Utilisation").expect("usage"), "examples come first");
    }
}
