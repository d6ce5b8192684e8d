//! `bridle man`: a manual page for each command, in English, from the same tree as the help.

use std::io::Write as _;
use std::path::Path;

use bridle_core::explain::exit_words;
use bridle_core::fault::{Exit, Fault, FaultCode};
use bridle_core::message::Language;
use bridle_manual::Words;
use clap::{Command, CommandFactory as _};
use clap_mangen::Man;

use crate::arguments::Arguments;
use crate::face::Face;

/// Section of commands.
const SECTION: &str = "1";
const LANGUAGE: Language = Language::En;
const SOURCE: &str = concat!("Bridle ", env!("CARGO_PKG_VERSION"));

/// Writes all pages into `folder` and prints their paths.
///
/// # Errors
/// `WriteFailed` with the path that cannot be written.
pub fn run(face: &Face, folder: &Path) -> Result<Exit, Fault> {
    let mut written = Vec::new();
    for (name, text) in pages() {
        let path = folder.join(name);
        let failed = |error: std::io::Error| {
            Fault::new(FaultCode::WriteFailed).with("path", path.display().to_string()).because(&error)
        };
        // Made again at any time, so it need not survive a power cut.
        std::fs::File::create(&path).and_then(|mut file| file.write_all(text.as_bytes())).map_err(failed)?;
        written.push(path.display().to_string());
    }
    if face.json {
        face.put_json(&serde_json::json!({ "written": written }));
    } else {
        face.put(&written.join("\n"));
    }
    Ok(Exit::Ok)
}

/// File name and text of each page.
fn pages() -> Vec<(String, String)> {
    let tree = bridle_manual::localised(Arguments::command(), LANGUAGE);
    let mut pages = Vec::new();
    gather(&tree, &[tree.get_name().to_owned()], &mut pages);
    pages
}

fn gather(command: &Command, path: &[String], pages: &mut Vec<(String, String)>) {
    pages.push((format!("{}.{SECTION}", path.join("-")), page(command, path)));
    for below in command.get_subcommands().filter(|below| below.get_name() != "help" && !below.is_hide_set()) {
        gather(below, &[path, &[below.get_name().to_owned()]].concat(), pages);
    }
}

fn page(command: &Command, path: &[String]) -> String {
    // Sections that are ours come in the usual order of man-pages(7).
    let man =
        Man::new(command.clone()).title(path.join("-").to_uppercase()).section(SECTION).manual("Bridle").source(SOURCE);
    let mut bytes = Vec::new();
    let rendered = [
        man.render_title(&mut bytes),
        man.render_name_section(&mut bytes),
        man.render_synopsis_section(&mut bytes),
        man.render_description_section(&mut bytes),
        man.render_options_section(&mut bytes),
    ];
    rendered.into_iter().collect::<Result<(), _>>().expect("memory takes every byte");
    let mut text = String::from_utf8(bytes).expect("a page is made of names and words, which are text");
    if command.get_subcommands().any(|below| below.get_name() != "help") {
        text.push_str(&commands(command, path));
    }
    text.push_str(&examples(path));
    text.push_str(&exits());
    text.push_str(&see_also(path));
    plain(&text)
}

/// The same in ASCII, which every formatter reads, whatever it takes for the encoding of its input.
fn plain(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '\u{0}'..='\u{7f}' => out.push(character),
            _ => out.push_str(&format!("\\[u{:04X}]", u32::from(character))),
        }
    }
    out
}

fn commands(command: &Command, path: &[String]) -> String {
    let mut text = ".SH COMMANDS\n".to_owned();
    for below in command.get_subcommands().filter(|below| below.get_name() != "help" && !below.is_hide_set()) {
        let about = below.get_about().map(ToString::to_string).unwrap_or_default();
        let page = format!("{}-{}", path.join("-"), below.get_name());
        text.push_str(&format!(".TP\n\\fB{}\\fR({SECTION})\n{}\n", escaped(&page), escaped(&about)));
    }
    text
}

fn examples(path: &[String]) -> String {
    let mut text = ".SH EXAMPLES\n".to_owned();
    for example in Words::of(path, LANGUAGE).examples() {
        let does = if example.does.is_empty() { String::new() } else { format!("{}\n", escaped(&example.does)) };
        text.push_str(&format!(".TP\n\\fB{}\\fR\n{does}", escaped(&example.line)));
    }
    text
}

fn exits() -> String {
    let mut text = ".SH EXIT STATUS\n".to_owned();
    for exit in Exit::ALL {
        let words = exit_words(*exit as u8, LANGUAGE);
        let (code, words) = words.split_once(' ').unwrap_or((&words, ""));
        text.push_str(&format!(".TP\n\\fB{code}\\fR\n{}\n", escaped(words)));
    }
    text
}

fn see_also(path: &[String]) -> String {
    let others = match path {
        [_] => "\\fBsystemctl\\fR(1), \\fBjournalctl\\fR(1)".to_owned(),
        [above @ .., _] => format!("\\fB{}\\fR({SECTION})", escaped(&above.join("-"))),
        [] => String::new(),
    };
    format!(".SH SEE ALSO\n{others}\n")
}

/// Text as roff takes it: no escapes, no requests at the start of a line, hyphens that can be searched for.
fn escaped(text: &str) -> String {
    let text = text.replace('\\', "\\e").replace('-', "\\-").replace('\n', " ");
    if text.starts_with(['.', '\'']) { format!("\\&{text}") } else { text }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_command_has_a_page_with_all_sections() {
        let pages = pages();
        for wanted in ["bridle.1", "bridle-status.1", "bridle-operation-attach.1", "bridle-explain.1"] {
            assert!(pages.iter().any(|(name, _)| name == wanted), "no {wanted}");
        }
        for (name, text) in &pages {
            for section in ["NAME", "SYNOPSIS", "DESCRIPTION", "OPTIONS", "EXAMPLES", "EXIT STATUS", "SEE ALSO"] {
                assert!(
                    text.contains(&format!(".SH {section}\n")) || text.contains(&format!(".SH \"{section}\"\n")),
                    "{name}: no {section}\n{text}"
                );
            }
        }
    }

    #[test]
    fn words_cannot_be_taken_for_roff() {
        assert_eq!(escaped(".x a-b\\c\nd"), "\\&.x a\\-b\\ec d");
        assert_eq!(plain("it’s\n"), "it\\[u2019]s\n");
    }
}
