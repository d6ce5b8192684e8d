//! The access key of an object store, as providers hand it out. Never printed, never logged.

use serde::{Deserialize, Serialize};

use crate::backup::worker::SecretKey;
use crate::fault::{Fault, FaultCode};

/// Most that is read, in bytes.
pub const LARGEST: usize = 16 * 1024;
/// Longest part of an access key, in characters; tokens of temporary keys have about a thousand.
const LONGEST: usize = 4096;

/// An access key. No `Debug`: it reaches no log.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Credentials {
    /// Its public part.
    pub key_id: String,
    /// Its secret part.
    pub secret: String,
    /// The token of credentials that last for a while only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token: Option<String>,
}

/// What a host keeps sealed of a repository. No `Debug`: it reaches no log.
#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RepositorySecrets {
    /// Its key.
    pub key: SecretKey,
    /// The access key of its object store.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub credentials: Option<Credentials>,
}

impl Credentials {
    /// Reads a file as S3's own tools write it: `aws_access_key_id = …`, `aws_secret_access_key = …` and possibly
    /// `aws_session_token = …`, below at most one `[section]`. Other settings are passed over.
    ///
    /// # Errors
    /// `CredentialsInvalid`, without the text.
    pub fn parse(text: &str) -> Result<Self, Fault> {
        let invalid = || Fault::new(FaultCode::CredentialsInvalid);
        let (mut key_id, mut secret, mut token) = (None, None, None);
        let mut sections = 0;
        if text.len() > LARGEST {
            return Err(invalid());
        }
        for line in text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with(['#', ';'])) {
            if line.starts_with('[') {
                sections += 1;
                continue;
            }
            let (name, value) = line.split_once('=').ok_or_else(invalid)?;
            let field = match name.trim().to_ascii_lowercase().as_str() {
                "aws_access_key_id" => &mut key_id,
                "aws_secret_access_key" => &mut secret,
                "aws_session_token" => &mut token,
                _ => continue,
            };
            if field.replace(value.trim().to_owned()).is_some() {
                return Err(invalid()); // two keys: nobody can tell which one is meant
            }
        }
        let read = Self { key_id: key_id.ok_or_else(invalid)?, secret: secret.ok_or_else(invalid)?, token };
        if sections > 1 {
            return Err(invalid());
        }
        read.checked()
    }

    /// The same, if its parts can be an access key.
    ///
    /// # Errors
    /// `CredentialsInvalid`, without the text.
    pub fn checked(self) -> Result<Self, Fault> {
        let fits = |part: &str| (1..=LONGEST).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_graphic());
        let all = fits(&self.key_id) && fits(&self.secret) && self.token.as_deref().is_none_or(fits);
        if all { Ok(self) } else { Err(Fault::new(FaultCode::CredentialsInvalid)) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_file_of_the_usual_tools_is_read() {
        let text = "[default]\n# ours\naws_access_key_id = AKIA\nAWS_SECRET_ACCESS_KEY=a/b+c=\nregion = x\n";
        let read = Credentials::parse(text).expect("read");
        assert_eq!((read.key_id.as_str(), read.secret.as_str(), read.token), ("AKIA", "a/b+c=", None));
    }

    #[test]
    fn what_is_not_clear_is_refused_and_not_repeated() {
        let long = format!("aws_access_key_id=a\naws_secret_access_key={}", "s".repeat(LONGEST + 1));
        for text in [
            "",
            "AKIA\nsecret",
            "aws_access_key_id=a",
            "aws_access_key_id=a\naws_secret_access_key=",
            "aws_access_key_id=a\naws_secret_access_key=hush hush",
            "aws_access_key_id=a\naws_access_key_id=b\naws_secret_access_key=hush",
            "[one]\naws_access_key_id=a\n[two]\naws_secret_access_key=hush",
            &long,
        ] {
            let fault = Credentials::parse(text).err().expect("refused");
            assert_eq!(fault.code, FaultCode::CredentialsInvalid);
            assert!(!format!("{fault:?}").contains("hush"));
        }
    }
}
