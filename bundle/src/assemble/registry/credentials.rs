//! Credentials of registries: the `auths` of docker's `config.json` (skopeo and podman write the same).

use std::collections::BTreeMap;
use std::fmt;
use std::fs::File;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;

use super::error::RegistryError;
use super::reference::Reference;

/// Largest file with credentials, in bytes.
const MAX_FILE: u64 = 1 << 20;

/// A text that no log, error or debug output shows.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Secret(pub(super) String);

impl fmt::Debug for Secret {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("…")
    }
}

/// What a registry is shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Credentials {
    /// User and password, as an `Authorization` header takes them.
    Basic { user: String, header: Secret },
    /// A token with which others are asked for.
    Identity(Secret),
}

/// The file, read once.
#[derive(Debug, Default)]
pub(super) struct AuthFile {
    path: Option<PathBuf>,
    auths: BTreeMap<String, Entry>,
    helpers: BTreeMap<String, String>,
    store: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Document {
    #[serde(default)]
    auths: BTreeMap<String, Entry>,
    #[serde(default)]
    cred_helpers: BTreeMap<String, String>,
    #[serde(default)]
    creds_store: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
struct Entry {
    #[serde(default, deserialize_with = "hidden")]
    auth: Option<Secret>,
    #[serde(default)]
    username: Option<String>,
    #[serde(default, deserialize_with = "hidden")]
    password: Option<Secret>,
    #[serde(default, deserialize_with = "hidden")]
    identitytoken: Option<Secret>,
}

fn hidden<'de, D: serde::Deserializer<'de>>(from: D) -> Result<Option<Secret>, D::Error> {
    Ok(Option::<String>::deserialize(from)?.filter(|text| !text.is_empty()).map(Secret))
}

impl AuthFile {
    /// Reads the file.
    pub(super) fn read(path: &Path) -> Result<Self, RegistryError> {
        let refuse = |reason: String| RegistryError::File { path: path.to_owned(), reason };
        let file = File::open(path).map_err(|error| refuse(error.to_string()))?;
        let mut bytes = Vec::new();
        file.take(MAX_FILE + 1).read_to_end(&mut bytes).map_err(|error| refuse(error.to_string()))?;
        if bytes.len() as u64 > MAX_FILE {
            return Err(refuse(format!("more than {MAX_FILE} bytes, this is no file with credentials")));
        }
        // The parser's own words may show a value: only the place is told.
        let document: Document = serde_json::from_slice(&bytes).map_err(|error| {
            refuse(format!(
                "line {}, column {} is not what docker's config.json has; write it with docker login or skopeo login \
                 --authfile",
                error.line(),
                error.column()
            ))
        })?;
        Ok(Self {
            path: Some(path.to_owned()),
            auths: document.auths.into_iter().map(|(key, entry)| (normal(&key), entry)).collect(),
            helpers: document.cred_helpers.into_iter().map(|(key, name)| (normal(&key), name)).collect(),
            store: document.creds_store.filter(|name| !name.is_empty()),
        })
    }

    /// Credentials for a repository: those of the longest path that the file names, at last those of the host.
    ///
    /// # Errors
    /// If only a helper program has them, or the entry is damaged. Both say what to do.
    pub(super) fn find(&self, reference: &Reference) -> Result<Option<Credentials>, RegistryError> {
        let host = normal(&reference.host);
        let mut key = format!("{host}/{}", reference.name);
        loop {
            let entry = self.auths.get(&key).map(|entry| self.read_entry(&key, entry)).transpose()?;
            if let Some(found) = entry.flatten() {
                return Ok(Some(found));
            }
            match key.rfind('/') {
                Some(at) => key.truncate(at),
                None => break,
            }
        }
        match self.helpers.get(&host).or(self.store.as_ref()) {
            None => Ok(None),
            Some(helper) => Err(self.refuse(format!(
                "has the credentials of {host} only with the helper {helper:?}; a build starts no foreign program for \
                 secrets: write them into a file of their own with skopeo login --authfile FILE {host} and give it with \
                 --registry-auth FILE"
            ))),
        }
    }

    /// What to do where no credentials were found.
    pub(super) fn advice(&self, reference: &Reference) -> String {
        let host = &reference.host;
        let which = match &self.path {
            Some(path) => format!("{} has none for {host}", path.display()),
            None => "no file with credentials was given".to_owned(),
        };
        format!(
            "{host} asks for credentials and {which}; write one with skopeo login --authfile FILE {host} and give it with --registry-auth FILE"
        )
    }

    fn read_entry(&self, key: &str, entry: &Entry) -> Result<Option<Credentials>, RegistryError> {
        if let Some(token) = &entry.identitytoken {
            return Ok(Some(Credentials::Identity(token.clone())));
        }
        let pair = match (&entry.auth, &entry.username, &entry.password) {
            (Some(auth), ..) => {
                let bytes = STANDARD.decode(auth.0.trim()).ok().and_then(|bytes| String::from_utf8(bytes).ok());
                // Docker pads with zero bytes.
                let text = bytes.map(|text| text.trim_end_matches('\0').to_owned());
                let Some(text) = text.filter(|text| text.contains(':')) else {
                    return Err(self.refuse(format!(
                        "has an entry for {key} whose auth is not base64 of user:password; log in again"
                    )));
                };
                text
            }
            (None, Some(user), Some(password)) => format!("{user}:{}", password.0),
            // Docker leaves an empty entry where a helper has the credentials.
            _ => return Ok(None),
        };
        let user = pair.split(':').next().unwrap_or_default().to_owned();
        Ok(Some(Credentials::Basic { user, header: Secret(format!("Basic {}", STANDARD.encode(pair))) }))
    }

    fn refuse(&self, reason: String) -> RegistryError {
        RegistryError::File { path: self.path.clone().unwrap_or_default(), reason }
    }
}

/// Key of an entry: host with port and perhaps a path, without scheme and version of the API.
fn normal(key: &str) -> String {
    let key = key.trim_start_matches("https://").trim_start_matches("http://").trim_end_matches('/');
    let key = key.trim_end_matches("/v1").trim_end_matches("/v2");
    match key {
        "index.docker.io" | "registry-1.docker.io" => "docker.io".to_owned(),
        other => other.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(text: &str) -> Result<AuthFile, RegistryError> {
        let file = tempfile::NamedTempFile::new().expect("file");
        std::fs::write(file.path(), text).expect("write");
        AuthFile::read(file.path())
    }

    fn basic(user: &str, password: &str) -> Credentials {
        let header = Secret(format!("Basic {}", STANDARD.encode(format!("{user}:{password}"))));
        Credentials::Basic { user: user.to_owned(), header }
    }

    fn find(file: &AuthFile, reference: &str) -> Result<Option<Credentials>, RegistryError> {
        file.find(&Reference::parse(reference).expect("reference"))
    }

    #[test]
    fn the_longest_path_counts() {
        let text = format!(
            r#"{{"auths":{{"https://index.docker.io/v1/":{{"auth":"{}"}},"x.example:5000":{{"username":"u","password":"p"}},
            "x.example:5000/team":{{"auth":"{}"}},"y.example":{{"identitytoken":"t"}}}}}}"#,
            STANDARD.encode("hub:secret"),
            STANDARD.encode("team:s:3"),
        );
        let file = file(&text).expect("read");
        assert_eq!(find(&file, "docker.io/library/a:1").expect("find"), Some(basic("hub", "secret")));
        assert_eq!(find(&file, "x.example:5000/other/a:1").expect("find"), Some(basic("u", "p")));
        assert_eq!(find(&file, "x.example:5000/team/a:1").expect("find"), Some(basic("team", "s:3")));
        assert_eq!(find(&file, "x.example:5000/teams/a:1").expect("find"), Some(basic("u", "p")));
        assert!(matches!(find(&file, "y.example/a:1"), Ok(Some(Credentials::Identity(_)))));
        assert_eq!(find(&file, "z.example/a:1").expect("find"), None);
    }

    #[test]
    fn helpers_are_refused_only_where_they_are_needed() {
        let file = file(
            r#"{"auths":{"x.example":{},"y.example":{"username":"u","password":"p"}},"credHelpers":{"x.example":"pass"}}"#,
        )
        .expect("read");
        let said = find(&file, "x.example/a:1").expect_err("helper").to_string();
        assert!(said.contains("\"pass\"") && said.contains("--registry-auth"), "{said}");
        assert!(find(&file, "y.example/a:1").expect("find").is_some());
        assert!(find(&file, "z.example/a:1").expect("find").is_none());
    }

    #[test]
    fn nothing_of_a_secret_is_told() {
        for text in [r#"{"auths":{"x.example":"hunter2"}}"#, r#"{"auths":{"x.example":{"auth":["hunter2"]}}}"#] {
            let said = format!("{:?}", file(text).expect_err("damaged"));
            assert!(!said.contains("hunter2"), "{said}");
        }
        let damaged = file(r#"{"auths":{"x.example":{"auth":"hunter2"}}}"#).expect("read");
        let said = format!("{:?} {damaged:?}", find(&damaged, "x.example/a:1").expect_err("damaged"));
        assert!(!said.contains("hunter2") && said.contains("log in again"), "{said}");
        assert!(!format!("{:?}", basic("u", "hunter2")).contains("hunter2"));
    }
}
