//! Which addresses pods and services get: the release's, unless the site chose others.

use serde::{Deserialize, Serialize};

use crate::network::Network;
use crate::release::ReleaseManifest;
use crate::site::Site;

/// Place of the cluster's name service in the range of services (k3s's own rule).
const NAME_SERVICE: u32 = 10;

/// The two ranges as they are written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ranges {
    /// Addresses of pods.
    pub pods: String,
    /// Addresses of services.
    pub services: String,
}

impl Ranges {
    /// The ranges of `release` at `site`.
    #[must_use]
    pub fn of(release: &ReleaseManifest, site: &Site) -> Self {
        Self::chosen(site, &release.kubernetes.cluster_cidr, &release.kubernetes.service_cidr)
    }

    /// What `site` chose, else these of a release.
    #[must_use]
    pub fn chosen(site: &Site, pods: &str, services: &str) -> Self {
        let chosen = &site.kubernetes;
        Self {
            pods: chosen.cluster_cidr.map_or_else(|| pods.to_owned(), |range| range.to_string()),
            services: chosen.service_cidr.map_or_else(|| services.to_owned(), |range| range.to_string()),
        }
    }

    /// Address of the cluster's name service; empty for a range of services that is none.
    #[must_use]
    pub fn name_service(&self) -> String {
        let range: Option<Network> = self.services.parse().ok();
        range.and_then(|range| range.nth(NAME_SERVICE)).map(|address| address.to_string()).unwrap_or_default()
    }
}
