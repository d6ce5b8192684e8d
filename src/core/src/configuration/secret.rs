//! Passwords of the site's services: what one may be, and what the agent tells and takes of them. A value leaves the agent
//! only as a Kubernetes Secret; nothing here can be printed with one in it.

use serde::{Deserialize, Serialize};

use crate::digest::Digest;
use crate::fault::{Fault, FaultCode};
use crate::port::Timestamp;

/// Names of all passwords that a site sheet may need.
pub const NAMES: [&str; 2] = ["smtp-password", "proxy-password"];
/// Longest password, in characters.
pub const LONGEST: usize = 1024;

/// A password. It has no `Debug`, so that no log and no fault can hold it.
pub struct Password(String);

impl Password {
    /// What a file or standard input held: one line, with or without its end.
    ///
    /// # Errors
    /// `SecretInvalid`, without the text.
    pub fn read(text: &str) -> Result<Self, Fault> {
        let line = text.strip_suffix('\n').unwrap_or(text);
        let line = line.strip_suffix('\r').unwrap_or(line);
        let fits = !line.is_empty() && line.chars().count() <= LONGEST && !line.chars().any(char::is_control);
        if fits { Ok(Self(line.to_owned())) } else { Err(Fault::new(FaultCode::SecretInvalid)) }
    }

    /// The password itself.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

/// Refuses a name that is none of [`NAMES`].
///
/// # Errors
/// `SecretUnknown` with the first 80 characters of it.
pub fn known(name: &str) -> Result<&'static str, Fault> {
    let found = NAMES.into_iter().find(|known| *known == name);
    found.ok_or_else(|| Fault::new(FaultCode::SecretUnknown).with("name", name.chars().take(80).collect::<String>()))
}

/// All passwords, without their values.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SecretsView {
    /// One entry a name, in the order of [`NAMES`].
    pub secrets: Vec<SecretView>,
}

/// A password, without its value.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SecretView {
    /// Its name.
    pub name: String,
    /// Whether the site sheet names a user that it belongs to.
    pub needed: bool,
    /// When it was set; absent if it is not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub set: Option<Timestamp>,
}

/// A change that is to be looked at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SecretDraft {
    /// Name of the password.
    pub name: String,
    /// Whether it gets a value, or has none any more.
    pub set: bool,
}

/// The order to change a password. No `Debug`: it holds the value.
#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SecretOrder {
    /// Name of the password.
    pub name: String,
    /// Its value; absent if it is to have none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value: Option<String>,
    /// Digest of the plan that was shown.
    pub plan: Digest,
    /// Name of the critical period in which it is done all the same.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub even_in: Option<String>,
}

impl SecretOrder {
    /// The change without the value.
    #[must_use]
    pub fn draft(&self) -> SecretDraft {
        SecretDraft { name: self.name.clone(), set: self.value.is_some() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_one_line() {
        for (text, expected) in [("s3cret\n", "s3cret"), ("with space \r\n", "with space "), ("é\"'$\\", "é\"'$\\")] {
            assert_eq!(Password::read(text).ok().as_ref().map(Password::expose), Some(expected));
        }
        let long = "x".repeat(LONGEST + 1);
        for text in ["", "\n", "two\nlines", "tab\there", "nul\0", long.as_str()] {
            let fault = Password::read(text).err().expect("refused");
            assert_eq!(fault.code, FaultCode::SecretInvalid);
            assert!(text.trim().is_empty() || !format!("{fault:?}").contains(text), "the text is not repeated");
        }
    }

    #[test]
    fn only_names_of_the_site_sheet_are_known() {
        assert_eq!(known("smtp-password"), Ok("smtp-password"));
        assert_eq!(known("../host.key").expect_err("refused").code, FaultCode::SecretUnknown);
    }
}
