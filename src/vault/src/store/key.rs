//! Names of objects, such that every store and file system takes them and none can point outside.

use std::fmt;

/// The longest name, in bytes; S3 takes 1024, of which a prefix may have half.
const MOST_LENGTH: usize = 512;

/// The name of an object: parts of `A–Z a–z 0–9 . _ -` between slashes; no part is empty or begins with a dot.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Key(String);

impl Key {
    /// Takes a name; `None` if it breaks the rule.
    #[must_use]
    pub fn new(name: impl Into<String>) -> Option<Self> {
        let name = name.into();
        let part = |part: &str| {
            !part.is_empty()
                && !part.starts_with('.')
                && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-'))
        };
        (name.len() <= MOST_LENGTH && name.split('/').all(part)).then_some(Self(name))
    }

    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// What follows the last slash.
    #[must_use]
    pub fn file_name(&self) -> &str {
        self.0.rsplit('/').next().unwrap_or(&self.0)
    }
}

impl fmt::Display for Key {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_stay_inside() {
        for good in ["config", "data/ab/abcdef", "wal/7/1.0/0000_1-2"] {
            assert_eq!(Key::new(good).expect(good).as_str(), good);
        }
        for bad in ["", "/a", "a/", "a//b", "..", "a/../b", ".hidden", "a/.b", "a b", "a\\b", "ä", "a\0b"] {
            assert_eq!(Key::new(bad), None, "{bad:?}");
        }
        assert_eq!(Key::new("a".repeat(MOST_LENGTH + 1)), None);
        assert_eq!(Key::new("a/b/c").map(|key| key.file_name().to_owned()).as_deref(), Some("c"));
    }
}
