//! What a request to a registry asks for (OCI distribution specification 1.1, the pull part): the half of the agent's
//! registry that decides and touches nothing.

use crate::digest::Digest;

/// Longest path of a request behind `/v2/`, and longest name of a registry, in bytes.
pub const LONGEST: usize = 512;

/// What is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Asked {
    /// The manifest of `host/name:tag` or `host/name@digest`.
    Manifest(String),
    /// A blob of any repository.
    Blob(Digest),
    /// The tags of the repository `host/name`.
    Tags(String),
    /// What refers to a manifest.
    Referrers(Digest),
}

/// Why a request is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refused {
    /// No such thing can exist here (`NAME_UNKNOWN`).
    Name,
    /// A digest that is none (`DIGEST_INVALID`).
    Digest,
}

/// Reads a path behind `/v2/`, already percent-decoded. `host` is the registry that the client believes to talk to (`ns` of
/// the query), in front of every name.
///
/// # Errors
/// [`Refused`]
pub fn asked(path: &str, host: Option<&str>) -> Result<Asked, Refused> {
    let harmless = |text: &str| text.len() <= LONGEST && text.bytes().all(|byte| byte.is_ascii_graphic());
    let plain = |part: &str| !matches!(part, "" | "." | "..");
    if !harmless(path) || !host.is_none_or(|host| harmless(host) && plain(host) && !host.contains('/')) {
        return Err(Refused::Name);
    }
    let full = |name: &str| match host {
        _ if !name.split('/').all(plain) => Err(Refused::Name),
        Some(host) => Ok(format!("{host}/{name}")),
        None => Ok(name.to_owned()),
    };
    if let Some((name, reference)) = path.rsplit_once("/manifests/") {
        if reference.is_empty() || reference.contains('/') {
            return Err(Refused::Name);
        }
        // A tag has no colon, a digest always has one.
        let separator = if reference.contains(':') { '@' } else { ':' };
        return Ok(Asked::Manifest(format!("{}{separator}{reference}", full(name)?)));
    }
    if let Some((name, digest)) = path.rsplit_once("/blobs/") {
        full(name)?;
        return digest.parse().map(Asked::Blob).map_err(|_| Refused::Digest);
    }
    if let Some(name) = path.strip_suffix("/tags/list") {
        return full(name).map(Asked::Tags);
    }
    match path.rsplit_once("/referrers/") {
        Some((name, digest)) => {
            full(name)?;
            digest.parse().map(Asked::Referrers).map_err(|_| Refused::Digest)
        }
        None => Err(Refused::Name),
    }
}

/// Which bytes of a blob are served.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Range {
    /// From, up to but not including; never empty.
    Part(u64, u64),
    /// Not one that is served in parts: the whole is a valid answer (RFC 9110, 14.2).
    Ignored,
    /// Begins behind the end.
    Impossible,
}

/// Reads a `Range` header for a blob of `size` bytes: `bytes=A-B`, `bytes=A-`, `bytes=-N`.
#[must_use]
pub fn range(text: &str, size: u64) -> Range {
    let Some((from, until)) = text.strip_prefix("bytes=").and_then(|range| range.split_once('-')) else {
        return Range::Ignored;
    };
    // Digits only: the standard library would take a sign, too.
    let number =
        |text: &str| text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse::<u64>().ok()).flatten();
    let (from, until) = match (number(from), number(until)) {
        (Some(from), Some(last)) if last >= from => (from, last.saturating_add(1).min(size)),
        (Some(from), None) if until.is_empty() => (from, size),
        (None, Some(count)) if from.is_empty() && count > 0 => (size.saturating_sub(count), size),
        _ => return Range::Ignored,
    };
    if from < size { Range::Part(from, until) } else { Range::Impossible }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges() {
        for (text, wanted) in [
            ("bytes=0-9", Range::Part(0, 10)),
            ("bytes=90-200", Range::Part(90, 100)),
            ("bytes=99-", Range::Part(99, 100)),
            ("bytes=-10", Range::Part(90, 100)),
            ("bytes=-1000", Range::Part(0, 100)),
            ("bytes=0-18446744073709551615", Range::Part(0, 100)),
            ("bytes=100-", Range::Impossible),
            ("bytes=9-3", Range::Ignored),
            ("bytes=-0", Range::Ignored),
            ("bytes=+1-+2", Range::Ignored),
            ("bytes=-", Range::Ignored),
            ("bytes=1-2,5-6", Range::Ignored),
            ("bytes=99999999999999999999-", Range::Ignored),
            ("items=1-2", Range::Ignored),
        ] {
            assert_eq!(range(text, 100), wanted, "{text}");
        }
        assert_eq!(range("bytes=-10", 0), Range::Impossible);
    }

    #[test]
    fn requests() {
        let digest = Digest::of(b"x");
        let host = Some("a.example");
        assert_eq!(asked("team/app/manifests/1.2", host), Ok(Asked::Manifest("a.example/team/app:1.2".to_owned())));
        assert_eq!(asked("app/manifests/sha256:00", host), Ok(Asked::Manifest("a.example/app@sha256:00".to_owned())));
        assert_eq!(asked(&format!("app/blobs/{digest}"), None), Ok(Asked::Blob(digest)));
        assert_eq!(asked("app/tags/list", host), Ok(Asked::Tags("a.example/app".to_owned())));
        assert_eq!(asked(&format!("app/referrers/{digest}"), None), Ok(Asked::Referrers(digest)));
        assert_eq!(asked("app/blobs/sha256:00", None), Err(Refused::Digest));
        for path in [
            "",
            "app",
            "/manifests/1",
            "app/manifests/",
            "app/manifests/a/b",
            "app/manifests/ts/",
            "a/../b/manifests/1",
            "a//b/tags/list",
            "a\n/manifests/1",
            "é/manifests/1",
        ] {
            assert_eq!(asked(path, host), Err(Refused::Name), "{path:?}");
        }
        for host in ["", ".", "..", "a/b", "a\r\nx", &"x".repeat(600)] {
            assert_eq!(asked("app/manifests/1", Some(host)), Err(Refused::Name), "{host:?}");
        }
    }
}
