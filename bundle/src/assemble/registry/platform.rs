//! Choosing from a multi-architecture index.

use std::collections::BTreeMap;
use std::fmt;

use bridle_core::digest::Digest;
use serde::Deserialize;

/// What an image is made for.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub(in crate::assemble) struct Platform {
    os: String,
    architecture: String,
    #[serde(default)]
    variant: Option<String>,
}

/// A multi-architecture index, OCI's or Docker's.
#[derive(Debug, Deserialize)]
pub(super) struct Offers {
    pub(super) manifests: Vec<Offer>,
}

/// One manifest of an index.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Offer {
    pub(super) digest: Digest,
    #[serde(default)]
    pub(super) artifact_type: Option<String>,
    #[serde(default)]
    pub(super) platform: Option<Platform>,
    #[serde(default)]
    pub(super) annotations: BTreeMap<String, String>,
}

impl Platform {
    /// The platform of every host: amd64 of the first level, which all of them run.
    pub(in crate::assemble) fn of_hosts() -> Self {
        Self { os: "linux".to_owned(), architecture: "amd64".to_owned(), variant: None }
    }

    /// `linux/amd64` or `linux/amd64/VARIANT`; releases are for this processor only.
    pub(in crate::assemble) fn parse(text: &str) -> Option<Self> {
        let mut parts = text.split('/');
        let (os, architecture, variant) = (parts.next()?, parts.next()?, parts.next());
        let known = os == "linux" && architecture == "amd64" && parts.next().is_none();
        let named = variant.is_none_or(|variant| matches!(variant, "v1" | "v2" | "v3" | "v4"));
        (known && named).then(|| Self { variant: variant.map(str::to_owned), ..Self::of_hosts() })
    }

    /// How the lock names it: only where another than that of all hosts was asked for.
    pub(in crate::assemble) fn chosen(&self) -> Option<String> {
        self.variant.as_ref().map(|_| self.to_string())
    }

    /// Whether the system and the processor are the same, of whatever variant.
    pub(super) fn same_processor(&self, other: &Self) -> bool {
        self.os == other.os && self.architecture == other.architecture
    }

    /// Whether an image for `offered` runs where this one is wanted. No variant means the first one.
    fn takes(&self, offered: &Self) -> bool {
        let level = |platform: &Self| platform.variant.clone().unwrap_or_else(|| "v1".to_owned());
        self.os == offered.os && self.architecture == offered.architecture && level(self) == level(offered)
    }
}

impl fmt::Display for Platform {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}/{}", self.os, self.architecture)?;
        self.variant.as_ref().map_or(Ok(()), |variant| write!(formatter, "/{variant}"))
    }
}

impl Offers {
    /// The first manifest for `wanted` (OCI image index: the first match counts), or all platforms as a text.
    pub(super) fn choose(&self, wanted: &Platform) -> Result<&Offer, String> {
        let fits = |offer: &&Offer| offer.platform.as_ref().is_some_and(|platform| wanted.takes(platform));
        self.manifests.iter().find(fits).ok_or_else(|| {
            let known = self.manifests.iter().filter_map(|offer| offer.platform.as_ref());
            let mut names: Vec<String> = known.filter(|known| known.os != "unknown").map(Platform::to_string).collect();
            names.sort();
            names.dedup();
            if names.is_empty() { "none that names a platform".to_owned() } else { names.join(", ") }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn offers(platforms: &[&str]) -> Offers {
        let manifests = platforms.iter().map(|text| {
            let parts: Vec<&str> = text.split('/').collect();
            serde_json::json!({
                "digest": Digest::of(text.as_bytes()),
                "platform": { "os": parts[0], "architecture": parts[1], "variant": parts.get(2) },
            })
        });
        let document = serde_json::json!({ "manifests": manifests.collect::<Vec<_>>() });
        serde_json::from_value(document).expect("offers")
    }

    #[test]
    fn the_level_that_every_host_runs_is_taken() {
        let choose = |platforms: &[&str], wanted: &str| {
            offers(platforms).choose(&Platform::parse(wanted).expect("wanted")).map(|offer| offer.digest)
        };
        let all = ["linux/arm64/v8", "linux/amd64/v3", "linux/amd64", "linux/amd64/v2"];
        assert_eq!(choose(&all, "linux/amd64"), Ok(Digest::of(b"linux/amd64")));
        assert_eq!(choose(&all, "linux/amd64/v3"), Ok(Digest::of(b"linux/amd64/v3")));
        assert_eq!(choose(&["linux/amd64/v1"], "linux/amd64"), Ok(Digest::of(b"linux/amd64/v1")));
        let refused = choose(&["linux/arm64/v8", "linux/amd64/v3", "unknown/unknown"], "linux/amd64");
        assert_eq!(refused, Err("linux/amd64/v3, linux/arm64/v8".to_owned()));
    }

    #[test]
    fn releases_are_for_one_processor() {
        for text in ["linux/arm64", "linux", "windows/amd64", "linux/amd64/v9", "linux/amd64/v1/x"] {
            assert_eq!(Platform::parse(text), None, "{text}");
        }
    }
}
