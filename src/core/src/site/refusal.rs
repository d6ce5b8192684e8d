//! Where a profile goes wrong, in words that lead to the line.

use super::{FORMAT, SiteError};
use crate::message::Message;

/// Longest name of a field that is repeated, in characters.
const LONGEST: usize = 80;

impl SiteError {
    /// What is wrong at which line and column of `text`, the profile that was read.
    #[must_use]
    pub fn detail(&self, text: &str) -> Option<Message> {
        match self {
            Self::Toml(error) => of_toml(error, text),
            Self::Value { field, found } => {
                let value = Message::new("profile-value").with("field", *field).with("value", found.as_str());
                Some(at(value, text, value_of(text, field).unwrap_or(0)))
            }
            Self::Format { found } => Some(Message::new("profile-format").with("found", *found).with("known", FORMAT)),
            Self::Write(_) => None,
        }
    }
}

fn of_toml(error: &toml::de::Error, text: &str) -> Option<Message> {
    // The kind of an error of serde stands in its text only.
    let message = error.message();
    if let Some(rest) = message.strip_prefix("missing field ") {
        return Some(Message::new("profile-field-missing").with("field", quoted(rest).next()?));
    }
    let start = error.span()?.start;
    let Some(rest) = message.strip_prefix("unknown field ") else {
        return Some(at(Message::new("profile-place"), text, start));
    };
    let mut names = quoted(rest);
    let field: String = names.next()?.chars().take(LONGEST).collect();
    let known = names.collect::<Vec<_>>().join(", ");
    Some(at(Message::new("profile-field-unknown").with("field", field).with("known", known), text, start))
}

/// The names between backticks.
fn quoted(text: &str) -> impl Iterator<Item = &str> {
    text.split('`').skip(1).step_by(2)
}

/// Adds line and column of a byte, both from 1; columns are characters.
fn at(message: Message, text: &str, byte: usize) -> Message {
    let before = text.get(..byte).unwrap_or(text);
    let line = before.matches('\n').count() + 1;
    let column = before.rsplit('\n').next().map_or(0, |last| last.chars().count()) + 1;
    message.with("line", line).with("column", column)
}

/// Where the value of a field outside all tables begins.
fn value_of(text: &str, field: &str) -> Option<usize> {
    let mut start = 0;
    for line in text.split_inclusive('\n') {
        let bare = line.trim_start();
        if bare.starts_with('[') {
            return None;
        }
        if let Some(rest) = bare.strip_prefix(field)
            && let Some(value) = rest.trim_start().strip_prefix('=')
        {
            return Some(start + line.len() - value.trim_start().len());
        }
        start += line.len();
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::message::Language;
    use crate::site::Site;

    fn said(text: &str, language: Language) -> String {
        let error = Site::parse(text).expect_err("refused");
        error.detail(text).expect("a place").render(language).replace('\u{a0}', " ")
    }

    #[test]
    fn a_slip_is_found_by_line_and_column_in_both_languages() {
        let text = "format = 1\nname = \"x\"\nhots = \"campus.example\"\n";
        let english = said(text, Language::En);
        assert!(
            english.starts_with("Line 3, column 1: there is no field “hots”. There are: format, name, host,"),
            "{english}"
        );
        let french = said(text, Language::Fr);
        assert!(
            french.starts_with("Ligne 3, colonne 1 : il n’y a pas de champ « hots ». Il y a : format, name,"),
            "{french}"
        );
        let nested = "format = 1\nname = \"é\" # x\nhost = \"x\"\n[kubernetes]\n  allow = true\n";
        assert!(
            said(nested, Language::En)
                .starts_with("Line 5, column 3: there is no field “allow”. There are: allow_cgroup_v1")
        );
    }

    #[test]
    fn values_syntax_and_gaps_are_told_apart() {
        let value = "format = 1\n  host =  \"UPPER\"\nname = \"x\"\n";
        let said_value = said(value, Language::En);
        assert!(said_value.starts_with("Line 2, column 11: “UPPER” does not fit host. It takes"), "{said_value}");
        let broken = "format = 1\nname = x\n";
        assert!(said(broken, Language::En).starts_with("Line 2, column 8: "), "{}", said(broken, Language::En));
        assert_eq!(said("format = 1\nname = \"x\"\n", Language::En), "The field “host” is missing.");
        let format = "format = 7\nname = \"x\"\nhost = \"x\"\n";
        assert_eq!(said(format, Language::En), "It has format 7, this program reads format 1.");
    }
}
