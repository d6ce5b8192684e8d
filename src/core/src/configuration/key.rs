//! Keys of a profile as people type them: names joined by dots, numbers for places in a list.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// A key: at least one part. A part with a dot or another unusual character is put into quotation marks.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Key(Vec<String>);

/// Most parts of a key.
pub const MOST_PARTS: usize = 32;

impl Key {
    /// The key of these parts.
    #[must_use]
    pub fn of<T: Into<String>>(parts: impl IntoIterator<Item = T>) -> Self {
        Self(parts.into_iter().map(Into::into).collect())
    }

    /// The parts.
    #[must_use]
    pub fn parts(&self) -> Vec<&str> {
        self.0.iter().map(String::as_str).collect()
    }

    /// The key of what lies below under `part`.
    #[must_use]
    pub fn below(&self, part: impl Into<String>) -> Self {
        let mut parts = self.0.clone();
        parts.push(part.into());
        Self(parts)
    }

    /// The last part.
    #[must_use]
    pub fn last(&self) -> &str {
        self.0.last().map_or("", String::as_str)
    }

    /// Whether the name says that the value is a secret: then it is shown nowhere.
    #[must_use]
    pub fn names_a_secret(&self) -> bool {
        self.0.iter().any(|part| {
            let plain: String = part.chars().filter(char::is_ascii_alphanumeric).collect::<String>().to_lowercase();
            // Names of Secrets are not secret: charts call them `existingSecret` and `secretName`.
            let endings =
                ["password", "passwd", "passphrase", "token", "privatekey", "apikey", "secretkey", "accesskey"];
            plain == "secret" || endings.iter().any(|ending| plain.ends_with(ending))
        })
    }
}

impl fmt::Display for Key {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, part) in self.0.iter().enumerate() {
            if index > 0 {
                formatter.write_str(".")?;
            }
            if is_bare(part) {
                formatter.write_str(part)?;
            } else {
                write!(formatter, "\"{}\"", part.replace('\\', "\\\\").replace('"', "\\\""))?;
            }
        }
        Ok(())
    }
}

fn is_bare(part: &str) -> bool {
    !part.is_empty() && part.chars().all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_')
}

impl FromStr for Key {
    type Err = KeyError;

    fn from_str(text: &str) -> Result<Self, KeyError> {
        let refused = || KeyError(text.chars().take(80).collect());
        let mut parts = Vec::new();
        let mut rest = text;
        loop {
            let (part, after) = match rest.strip_prefix('"') {
                Some(quoted) => quoted_part(quoted).ok_or_else(refused)?,
                None => {
                    let end = rest.find('.').unwrap_or(rest.len());
                    let part = &rest[..end];
                    if !is_bare(part) {
                        return Err(refused());
                    }
                    (part.to_owned(), &rest[end..])
                }
            };
            parts.push(part);
            match after.strip_prefix('.') {
                Some(next) if parts.len() < MOST_PARTS => rest = next,
                None if after.is_empty() => return Ok(Self(parts)),
                _ => return Err(refused()),
            }
        }
    }
}

/// The part up to the closing quotation mark, and what follows it.
fn quoted_part(text: &str) -> Option<(String, &str)> {
    let mut part = String::new();
    let mut chars = text.char_indices();
    while let Some((at, c)) = chars.next() {
        match c {
            '"' => return Some((part, &text[at + 1..])),
            '\\' => part.push(chars.next().map(|(_, c)| c).filter(|c| "\"\\".contains(*c))?),
            c if c.is_control() => return None,
            c => part.push(c),
        }
    }
    None
}

impl TryFrom<String> for Key {
    type Error = KeyError;

    fn try_from(text: String) -> Result<Self, KeyError> {
        text.parse()
    }
}

impl From<Key> for String {
    fn from(key: Key) -> Self {
        key.to_string()
    }
}

/// Not a key.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("read key {0:?}")]
pub struct KeyError(pub String);

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn what_is_shown_can_be_typed(parts in prop::collection::vec("[a-zé .\"\\\\_-]{0,6}", 1..6)) {
            let key = Key::of(parts);
            prop_assert_eq!(key.to_string().parse::<Key>(), Ok(key));
        }

        #[test]
        fn no_text_makes_it_panic(text in ".{0,60}") {
            if let Ok(key) = text.parse::<Key>() {
                prop_assert_eq!(key.to_string().parse::<Key>(), Ok(key));
            }
        }
    }

    #[test]
    fn what_is_a_key_and_what_is_none() {
        assert_eq!("values.web.replicas".parse::<Key>().map(|key| key.parts().len()), Ok(3));
        assert_eq!("values.\"a.b\".0".parse::<Key>().map(|key| key.last().to_owned()), Ok("0".to_owned()));
        for text in ["", ".", "a.", ".a", "a..b", "a b", "\"a", "\"a\"b", "a=1", &"a.".repeat(40)] {
            assert!(text.parse::<Key>().is_err(), "{text:?}");
        }
    }

    #[test]
    fn names_of_secrets_are_not_secrets() {
        for (key, secret) in [
            ("values.web.password", true),
            ("values.web.adminPassword", true),
            ("values.web.smtp.auth_token", true),
            ("values.web.secret", true),
            ("values.database.existingSecret", false),
            ("values.web.tls.secretName", false),
            ("values.web.tokens", false),
        ] {
            assert_eq!(key.parse::<Key>().expect("key").names_a_secret(), secret, "{key}");
        }
    }
}
