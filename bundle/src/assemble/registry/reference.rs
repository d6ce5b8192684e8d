//! References of images and charts in registries.

use std::fmt;

use bridle_core::digest::Digest;

use super::error::RegistryError;

/// `host/name:tag`, `host/name@digest` or `host/name:tag@digest` in its parts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::assemble) struct Reference {
    /// Host with port, as the reference has it.
    pub(in crate::assemble) host: String,
    /// Repository.
    pub(in crate::assemble) name: String,
    /// Tag, or the digest where there is one.
    pub(in crate::assemble) version: String,
}

impl Reference {
    pub(in crate::assemble) fn parse(text: &str) -> Result<Self, RegistryError> {
        let refuse = |reason: &str| RegistryError::Reference { text: text.to_owned(), reason: reason.to_owned() };
        if !crate::assemble::source::is_reference(text) {
            return Err(refuse("write host/name:tag or host/name@sha256:…"));
        }
        let (host, rest) = text.split_once('/').unwrap_or_default();
        let (name, version) = match rest.split_once('@') {
            Some((name, digest)) => {
                digest.parse::<Digest>().map_err(|_| refuse("after @ stands sha256: and 64 hex digits"))?;
                (name.split(':').next().unwrap_or(name), digest)
            }
            None => rest.rsplit_once(':').unwrap_or((rest, "latest")),
        };
        Ok(Self { host: host.to_owned(), name: name.to_owned(), version: version.to_owned() })
    }

    /// Digest, where the reference has one.
    pub(super) fn digest(&self) -> Option<Digest> {
        self.version.parse().ok()
    }

    /// Host that answers for it: Docker Hub has another name for its registry.
    pub(super) fn server(&self) -> &str {
        if ["docker.io", "index.docker.io"].contains(&self.host.as_str()) { "registry-1.docker.io" } else { &self.host }
    }
}

impl fmt::Display for Reference {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mark = if self.digest().is_some() { '@' } else { ':' };
        write!(formatter, "{}/{}{mark}{}", self.host, self.name, self.version)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_in_their_parts() {
        let parts = |text: &str| {
            Reference::parse(text).map(|reference| (reference.host.clone(), reference.name.clone(), reference.version))
        };
        let expect = |host: &str, name: &str, version: &str| (host.to_owned(), name.to_owned(), version.to_owned());
        assert_eq!(parts("127.0.0.1:5000/a/b:1.2").expect("parse"), expect("127.0.0.1:5000", "a/b", "1.2"));
        assert_eq!(parts("x.example/a:1").expect("parse"), expect("x.example", "a", "1"));
        let digest = Digest::of(b"").to_string();
        assert_eq!(parts(&format!("localhost/a:1@{digest}")).expect("parse"), expect("localhost", "a", &digest));
        for text in ["a", "a/b", "a/b:1", "x.example/a", "x.example/a b:1", "x.example/a@sha256:12"] {
            assert!(parts(text).is_err(), "{text}");
        }
    }

    #[test]
    fn docker_hub_has_another_server() {
        assert_eq!(Reference::parse("docker.io/library/x:1").expect("parse").server(), "registry-1.docker.io");
        assert_eq!(Reference::parse("x.example/x:1").expect("parse").server(), "x.example");
    }
}
