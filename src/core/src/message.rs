//! Texts for users as data: a code and arguments, rendered to words only at the face (`design.md` §1.12).

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;
use std::sync::OnceLock;

use fluent_bundle::concurrent::FluentBundle;
use fluent_bundle::{FluentArgs, FluentResource, FluentValue};
use serde::{Deserialize, Serialize};

/// A text for users: a code of the Fluent files and its arguments.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Message {
    /// Identifier in `locales/*.ftl`.
    pub code: Cow<'static, str>,
    /// Arguments by name.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub args: BTreeMap<Cow<'static, str>, Arg>,
}

/// An argument of a message; numbers follow the plural rules of the language.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Arg {
    /// A whole number.
    Number(i64),
    /// A text, put in as it is (control characters are dropped when rendered).
    Text(String),
}

/// Languages that every text exists in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Language {
    /// English.
    En,
    /// French.
    Fr,
}

impl Message {
    /// A message without arguments.
    #[must_use]
    pub const fn new(code: &'static str) -> Self {
        Self { code: Cow::Borrowed(code), args: BTreeMap::new() }
    }

    /// Adds an argument.
    #[must_use]
    pub fn with(mut self, name: &'static str, value: impl Into<Arg>) -> Self {
        self.args.insert(Cow::Borrowed(name), value.into());
        self
    }

    /// The words in `language`; the bare code where a newer program wrote a message that this one does not know.
    #[must_use]
    pub fn render(&self, language: Language) -> String {
        self.part(language, None).unwrap_or_else(|| self.code.to_string())
    }

    /// An attribute of the message (`why`, `fix`), if it has one.
    #[must_use]
    pub fn render_attribute(&self, language: Language, attribute: &str) -> Option<String> {
        self.part(language, Some(attribute))
    }

    /// Identifiers of all messages that this program knows, in the order of the files.
    pub fn codes() -> impl Iterator<Item = &'static str> {
        let lines = ENGLISH_FILES.iter().flat_map(|file| file.lines());
        lines.filter(|line| line.starts_with(|c: char| c.is_ascii_alphabetic())).filter_map(|line| {
            let (code, _) = line.split_once('=')?;
            Some(code.trim_end())
        })
    }

    fn part(&self, language: Language, attribute: Option<&str>) -> Option<String> {
        let bundle = language.bundle();
        let message = bundle.get_message(&self.code)?;
        let pattern = match attribute {
            Some(name) => message.get_attribute(name)?.value(),
            None => message.value()?,
        };
        let mut args = FluentArgs::with_capacity(self.args.len());
        for (name, value) in &self.args {
            let value = match value {
                Arg::Number(number) => FluentValue::from(*number),
                Arg::Text(text) => FluentValue::from(text.chars().filter(|c| !c.is_control()).collect::<String>()),
            };
            args.set(name.as_ref(), value);
        }
        Some(bundle.format_pattern(pattern, Some(&args), &mut Vec::new()).into_owned())
    }
}

impl Language {
    /// Both languages.
    pub const ALL: [Self; 2] = [Self::En, Self::Fr];

    /// The language of a locale name such as `fr_FR.UTF-8`; English for any other.
    #[must_use]
    pub fn of_locale(locale: &str) -> Self {
        if locale.to_ascii_lowercase().starts_with("fr") { Self::Fr } else { Self::En }
    }

    /// The language that `LC_ALL`, `LC_MESSAGES` or `LANG` asks for, in this order; `variable` reads the environment.
    #[must_use]
    pub fn of_environment(variable: &dyn Fn(&str) -> Option<String>) -> Self {
        let names = ["LC_ALL", "LC_MESSAGES", "LANG"];
        let locale = names.iter().find_map(|name| variable(name).filter(|value| !value.is_empty()));
        Self::of_locale(&locale.unwrap_or_default())
    }

    fn bundle(self) -> &'static FluentBundle<FluentResource> {
        static ENGLISH: OnceLock<FluentBundle<FluentResource>> = OnceLock::new();
        static FRENCH: OnceLock<FluentBundle<FluentResource>> = OnceLock::new();
        let (cell, name, sources) = match self {
            Self::En => (&ENGLISH, "en", ENGLISH_FILES),
            Self::Fr => (&FRENCH, "fr", FRENCH_FILES),
        };
        cell.get_or_init(|| {
            let locale = name.parse().expect("en and fr are language tags");
            let mut bundle = FluentBundle::new_concurrent(vec![locale]);
            bundle.set_use_isolating(false);
            for source in sources {
                let resource = FluentResource::try_new((*source).to_owned())
                    .map_err(|(_, errors)| errors)
                    .expect("embedded Fluent files parse: the test both_languages_hold_the_same_messages reads them");
                bundle.add_resource_overriding(resource);
            }
            bundle
        })
    }
}

impl fmt::Display for Language {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::En => "en",
            Self::Fr => "fr",
        })
    }
}

impl From<&str> for Arg {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<String> for Arg {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<u64> for Arg {
    fn from(number: u64) -> Self {
        Self::Number(i64::try_from(number).unwrap_or(i64::MAX))
    }
}

impl From<u32> for Arg {
    fn from(number: u32) -> Self {
        Self::Number(i64::from(number))
    }
}

impl From<usize> for Arg {
    fn from(number: usize) -> Self {
        Self::Number(i64::try_from(number).unwrap_or(i64::MAX))
    }
}

const ENGLISH_FILES: &[&str] = &[
    include_str!("../locales/en.ftl"),
    include_str!("../locales/faces-en.ftl"),
    include_str!("../locales/cluster-en.ftl"),
    include_str!("../locales/store-en.ftl"),
    include_str!("../locales/crash-en.ftl"),
    include_str!("../locales/vault-en.ftl"),
    include_str!("../locales/preflight-en.ftl"),
    include_str!("../locales/refusal-en.ftl"),
    include_str!("../locales/help-en.ftl"),
    include_str!("../locales/reader-en.ftl"),
    include_str!("../locales/uninstall-en.ftl"),
    include_str!("../locales/configuration-en.ftl"),
    include_str!("../locales/upgrade-en.ftl"),
    include_str!("../locales/delta-en.ftl"),
    include_str!("../locales/rehearsal-en.ftl"),
    include_str!("../locales/configuration-en.ftl"),
    include_str!("../locales/switch-en.ftl"),
    include_str!("../locales/soak-en.ftl"),
    include_str!("../locales/recreate-en.ftl"),
    include_str!("../locales/upgrade-screen-en.ftl"),
    include_str!("../locales/upload-en.ftl"),
    include_str!("../locales/backup-en.ftl"),
    include_str!("../locales/repository-en.ftl"),
    include_str!("../locales/recovery-en.ftl"),
    include_str!("../locales/restore-en.ftl"),
    include_str!("../locales/data-en.ftl"),
];
const FRENCH_FILES: &[&str] = &[
    include_str!("../locales/fr.ftl"),
    include_str!("../locales/faces-fr.ftl"),
    include_str!("../locales/cluster-fr.ftl"),
    include_str!("../locales/store-fr.ftl"),
    include_str!("../locales/crash-fr.ftl"),
    include_str!("../locales/vault-fr.ftl"),
    include_str!("../locales/preflight-fr.ftl"),
    include_str!("../locales/refusal-fr.ftl"),
    include_str!("../locales/help-fr.ftl"),
    include_str!("../locales/reader-fr.ftl"),
    include_str!("../locales/uninstall-fr.ftl"),
    include_str!("../locales/configuration-fr.ftl"),
    include_str!("../locales/upgrade-fr.ftl"),
    include_str!("../locales/delta-fr.ftl"),
    include_str!("../locales/rehearsal-fr.ftl"),
    include_str!("../locales/configuration-fr.ftl"),
    include_str!("../locales/switch-fr.ftl"),
    include_str!("../locales/soak-fr.ftl"),
    include_str!("../locales/recreate-fr.ftl"),
    include_str!("../locales/upgrade-screen-fr.ftl"),
    include_str!("../locales/upload-fr.ftl"),
    include_str!("../locales/backup-fr.ftl"),
    include_str!("../locales/repository-fr.ftl"),
    include_str!("../locales/recovery-fr.ftl"),
    include_str!("../locales/restore-fr.ftl"),
    include_str!("../locales/data-fr.ftl"),
];

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    /// `identifier` and `identifier.attribute` lines with the variables that each uses.
    fn entries(source: &str) -> BTreeSet<(String, BTreeSet<String>)> {
        let mut found: Vec<(String, BTreeSet<String>)> = Vec::new();
        let mut top = String::new();
        for line in source.lines().filter(|line| !line.starts_with('#')) {
            let (head, _) = line.split_once('=').unwrap_or(("", ""));
            let head = head.trim();
            let name = |text: &str| !text.is_empty() && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '-');
            if !line.starts_with(' ') && name(head) {
                top = head.to_owned();
                found.push((top.clone(), BTreeSet::new()));
            } else if head.strip_prefix('.').is_some_and(name) {
                found.push((format!("{top}{head}"), BTreeSet::new()));
            }
            let Some((_, variables)) = found.last_mut() else { continue };
            for part in line.split('$').skip(1) {
                variables.insert(part.chars().take_while(|c| c.is_ascii_alphanumeric() || *c == '-').collect());
            }
        }
        found.into_iter().collect()
    }

    #[test]
    fn both_languages_hold_the_same_messages() {
        for source in ENGLISH_FILES.iter().chain(FRENCH_FILES) {
            let resource = FluentResource::try_new((*source).to_owned());
            assert!(resource.is_ok(), "{:?}", resource.err().map(|(_, errors)| errors));
        }
        let [english, french] = [ENGLISH_FILES, FRENCH_FILES].map(|files| entries(&files.concat()));
        let missing: Vec<_> = english.symmetric_difference(&french).collect();
        assert!(missing.is_empty(), "in one language only, or with other arguments: {missing:?}");
        let names: BTreeSet<_> = english.iter().map(|(name, _)| name).collect();
        assert_eq!(names.len(), english.len(), "a message stands in two files");
        assert!(english.len() > 20);
    }

    #[test]
    fn control_characters_of_arguments_do_not_reach_a_terminal() {
        let message = Message::new("step-start-kubernetes").with("version", "1\u{1b}[2J\n2");
        assert!(!message.render(Language::En).contains(['\u{1b}', '\n']));
    }

    #[test]
    fn unknown_code_is_shown_as_it_is() {
        let message = Message { code: Cow::Owned("from-the-future".to_owned()), args: BTreeMap::new() };
        assert_eq!(message.render(Language::Fr), "from-the-future");
    }
}
