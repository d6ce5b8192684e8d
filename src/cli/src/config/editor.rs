//! `bridle config edit`: a copy in the person's own editor, again with what is wrong on top until it can be applied.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use bridle_client::Client;
use bridle_core::configuration::finding::{self, Finding};
use bridle_core::configuration::view::Draft;
use bridle_core::fault::{Exit, Fault, FaultCode};
use bridle_core::message::Message;
use bridle_core::site;

use super::shown;
use crate::arguments::ConfigOptions;
use crate::face::Face;

/// Begins a line that is put on top for the person, and taken away again.
const MARK: &str = "#!";
/// Tried in this order where neither VISUAL nor EDITOR says one.
const USUAL: [&str; 4] = ["sensible-editor", "nano", "vim", "vi"];

/// Edits, checks, and puts what came out in force.
pub async fn run(
    face: &Face,
    client: &Client,
    how: &ConfigOptions,
    variable: &dyn Fn(&str) -> Option<String>,
) -> Result<Exit, Fault> {
    if !face.may_ask() {
        return Err(Fault::new(FaultCode::ConfirmationNeeded));
    }
    let before = client.configuration().await.map_err(|error| error.fault())?;
    let editor =
        chosen(variable).ok_or_else(|| Fault::new(FaultCode::EditorFailed).with("editor", USUAL.join(", ")))?;
    let copy = Copy::new(variable)?;
    let mut content = before.text.clone();
    loop {
        copy.write(&content)?;
        edited(&editor, &copy.path())?;
        let text = without_marks(&copy.read()?);
        // A text that was changed by hand and is not in force yet is worth applying as it is.
        if text == before.text && !before.differs {
            face.say(&Message::new("config-edit-same"));
            return Ok(Exit::Ok);
        }
        let draft = Draft { text, restores: None };
        let view = client.configuration_draft(&draft).await.map_err(|error| error.fault())?;
        if !finding::blocks(&view.findings) {
            return shown(face, client, draft, view, how).await;
        }
        face.put_lines(&super::preview::findings(face, &view.findings));
        if !face.confirm_here(&Message::new("config-edit-again"))? {
            face.say(&Message::new("config-stopped"));
            return Ok(FaultCode::ConfigurationInvalid.exit());
        }
        content = with_marks(face, &draft.text, &view.findings);
    }
}

/// The editor with its own arguments.
fn chosen(variable: &dyn Fn(&str) -> Option<String>) -> Option<Vec<String>> {
    let said = ["VISUAL", "EDITOR"].iter().find_map(|name| variable(name).filter(|value| !value.trim().is_empty()));
    if let Some(said) = said {
        return Some(said.split_whitespace().map(str::to_owned).collect());
    }
    let path = variable("PATH").unwrap_or_default();
    let there = |name: &&&str| path.split(':').any(|dir| Path::new(dir).join(name).is_file());
    USUAL.iter().find(there).map(|name| vec![(*name).to_owned()])
}

#[expect(
    clippy::disallowed_methods,
    reason = "an editor takes the terminal over, which the port for programs does not give"
)]
fn edited(editor: &[String], path: &Path) -> Result<(), Fault> {
    let failed = || Fault::new(FaultCode::EditorFailed).with("editor", editor.join(" "));
    let (program, arguments) = editor.split_first().ok_or_else(failed)?;
    match std::process::Command::new(program).args(arguments).arg(path).status() {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => Err(failed().output(&status.to_string())),
        Err(error) => Err(failed().because(&error)),
    }
}

/// The findings as comments on top; places in them are those that the editor will show.
fn with_marks(face: &Face, text: &str, findings: &[Finding]) -> String {
    let mut marks = vec![face.words(&Message::new("config-edit-heading"))];
    let above = findings.len() + 1;
    marks.extend(findings.iter().map(|finding| {
        let mut finding = finding.clone();
        if let Some(at) = &mut finding.at {
            at.line += above;
        }
        // Words about the profile's own keys hold the line themselves.
        let line = finding.at.map(|at| at.line);
        if let (Some(line), true) = (line, finding.message.args.contains_key("line")) {
            finding.message = finding.message.with("line", line);
        }
        finding.words(face.language).replace('\n', " ")
    }));
    let marks: String = marks.iter().map(|line| format!("{MARK} {line}\n")).collect();
    marks + text
}

fn without_marks(text: &str) -> String {
    text.split_inclusive('\n').filter(|line| !line.starts_with(MARK)).collect()
}

/// A file that only this user can read, gone with this value.
struct Copy {
    dir: PathBuf,
}

impl Copy {
    fn new(variable: &dyn Fn(&str) -> Option<String>) -> Result<Self, Fault> {
        let base = variable("XDG_RUNTIME_DIR").map(PathBuf::from).filter(|dir| dir.is_dir());
        let base = base.unwrap_or_else(|| PathBuf::from("/tmp"));
        let failed = |dir: &Path, error: &io::Error| {
            Fault::new(FaultCode::WriteFailed).with("path", dir.display().to_string()).because(error)
        };
        for number in 0..100 {
            let dir = base.join(format!("bridle-config-{}-{number}", std::process::id()));
            match DirBuilder::new().mode(0o700).create(&dir) {
                Ok(()) => return Ok(Self { dir }),
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                Err(error) => return Err(failed(&dir, &error)),
            }
        }
        Err(failed(&base, &io::ErrorKind::AlreadyExists.into()))
    }

    fn path(&self) -> PathBuf {
        self.dir.join("site.toml")
    }

    fn write(&self, text: &str) -> Result<(), Fault> {
        let path = self.path();
        let written = (|| {
            let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&path)?;
            file.write_all(text.as_bytes())
        })();
        written.map_err(|error: io::Error| {
            Fault::new(FaultCode::WriteFailed).with("path", path.display().to_string()).because(&error)
        })
    }

    fn read(&self) -> Result<String, Fault> {
        let path = self.path();
        let mut text = String::new();
        let limit = 2 * site::LARGEST as u64;
        let read = File::open(&path).and_then(|file| file.take(limit).read_to_string(&mut text));
        read.map_err(|error| {
            Fault::new(FaultCode::FileUnreadable).with("path", path.display().to_string()).because(&error)
        })?;
        Ok(text)
    }
}

impl Drop for Copy {
    fn drop(&mut self) {
        // A file that stays in a folder of our own harms nobody; there is nobody left to tell.
        let _ = fs::remove_dir_all(&self.dir);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_come_off_again_and_nothing_else() {
        let text = "#! not mine? still a mark\nformat = 1 #! not at the beginning\n\n# a comment\n";
        assert_eq!(without_marks(text), "format = 1 #! not at the beginning\n\n# a comment\n");
        assert_eq!(without_marks("a = 1"), "a = 1");
    }

    #[test]
    fn the_persons_own_editor_goes_first_with_its_arguments() {
        let only = |pairs: &'static [(&'static str, &'static str)]| {
            move |name: &str| pairs.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned())
        };
        let said = |editor: &[&str]| Some(editor.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>());
        assert_eq!(chosen(&only(&[("EDITOR", "nano"), ("VISUAL", "code --wait")])), said(&["code", "--wait"]));
        assert_eq!(chosen(&only(&[("EDITOR", "nano"), ("VISUAL", " ")])), said(&["nano"]));
        assert_eq!(chosen(&only(&[("PATH", "/nowhere")])), None);
    }
}
