//! Whether one release may take the place of another, and which ones lie between.

use std::collections::{BTreeMap, VecDeque};

use super::kubernetes;
use crate::fault::{Fault, FaultCode};
use crate::release::ReleaseManifest;

/// Why a release cannot take the place of the one in use.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NoWay {
    /// It is the one in use.
    #[error("plan upgrade: {release} is in use")]
    Same {
        /// The release.
        release: String,
    },
    /// It is another platform.
    #[error("plan upgrade: {to} is not a release of {platform}")]
    OtherPlatform {
        /// The release.
        to: String,
        /// The platform in use.
        platform: String,
    },
    /// Its number is not above that of the one in use.
    #[error("plan upgrade: number {found} of {to} is not above {known}")]
    Older {
        /// The release.
        to: String,
        /// Its number.
        found: u64,
        /// The number of the one in use.
        known: u64,
    },
    /// The publisher wants other releases before it.
    #[error("plan upgrade: {to} does not follow {from} but {accepts}")]
    Between {
        /// The release in use.
        from: String,
        /// The release.
        to: String,
        /// What it follows, as requirements of versions.
        accepts: String,
        /// A way over releases that are known, in order; empty if there is none.
        stops: Vec<String>,
    },
    /// Kubernetes cannot go that way.
    #[error("plan upgrade")]
    Kubernetes(#[source] kubernetes::NoWay),
}

impl NoWay {
    /// The fault in words.
    #[must_use]
    pub fn fault(&self) -> Fault {
        match self {
            Self::Same { release } => Fault::new(FaultCode::AlreadyInUse).with("release", release.as_str()),
            Self::OtherPlatform { .. } => Fault::new(FaultCode::ReleaseOtherPlatform),
            Self::Older { found, known, .. } => {
                Fault::new(FaultCode::ReleaseOlder).with("found", *found).with("known", *known)
            }
            Self::Between { from, to, accepts, stops } => {
                let stops = if stops.is_empty() { "?".to_owned() } else { stops.join(", ") };
                let fault = Fault::new(FaultCode::UpgradeNoWay).with("from", from.as_str()).with("to", to.as_str());
                fault.with("accepts", accepts.as_str()).with("stops", stops)
            }
            Self::Kubernetes(kubernetes::NoWay::Down { from, to } | kubernetes::NoWay::Skips { from, to }) => {
                Fault::new(FaultCode::KubernetesNoWay).with("from", from.to_string()).with("to", to.to_string())
            }
        }
        .because(self)
    }
}

/// Most releases that a way is looked for among.
const MOST: usize = 200;

/// Whether `to` may take the place of `from` in one step; `known` are other releases that could lie between.
///
/// # Errors
/// [`NoWay`] says why not.
pub fn way(from: &ReleaseManifest, to: &ReleaseManifest, known: &[&ReleaseManifest]) -> Result<(), NoWay> {
    if from.id() == to.id() {
        return Err(NoWay::Same { release: to.id() });
    }
    if from.name != to.name {
        return Err(NoWay::OtherPlatform { to: to.id(), platform: from.name.clone() });
    }
    if to.sequence <= from.sequence {
        return Err(NoWay::Older { to: to.id(), found: to.sequence, known: from.sequence });
    }
    if !follows(from, to) {
        let accepts: Vec<String> = to.upgrades_from.iter().map(ToString::to_string).collect();
        let accepts = if accepts.is_empty() { "-".to_owned() } else { accepts.join("; ") };
        return Err(NoWay::Between { from: from.id(), to: to.id(), accepts, stops: stops(from, to, known) });
    }
    kubernetes::way(&from.kubernetes.version, &to.kubernetes.version).map_err(NoWay::Kubernetes)
}

/// The releases between `from` and `to` among `known`, in order, fewest first; empty if there is no way.
#[must_use]
pub fn stops(from: &ReleaseManifest, to: &ReleaseManifest, known: &[&ReleaseManifest]) -> Vec<String> {
    let step = |one: &ReleaseManifest, next: &ReleaseManifest| {
        one.name == next.name
            && next.sequence > one.sequence
            && follows(one, next)
            && kubernetes::way(&one.kubernetes.version, &next.kubernetes.version).is_ok()
    };
    let all: Vec<&ReleaseManifest> = known.iter().copied().take(MOST).chain([to]).collect();
    let mut came: BTreeMap<String, String> = BTreeMap::new();
    let mut queue = VecDeque::from([from]);
    while let Some(here) = queue.pop_front() {
        for next in all.iter().copied().filter(|next| step(here, next)) {
            if next.id() == from.id() || came.contains_key(&next.id()) {
                continue;
            }
            came.insert(next.id(), here.id());
            queue.push_back(next);
        }
    }
    let mut back = Vec::new();
    let mut at = came.get(&to.id());
    while let Some(id) = at.filter(|id| **id != from.id()) {
        back.push(id.clone());
        at = came.get(id);
    }
    back.reverse();
    back
}

fn follows(from: &ReleaseManifest, to: &ReleaseManifest) -> bool {
    to.upgrades_from.iter().any(|accepted| accepted.matches(&from.version))
}
