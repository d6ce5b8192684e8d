//! From one Kubernetes to another: what is possible (`k3s-contract.md` §7), and what must be switched.

use semver::Version;

use super::{Current, Wanted, settings_of};
use crate::plan::OperationKind;
use crate::step::{KubernetesSettings, KubernetesSwitch};

/// What becomes of Kubernetes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Kubernetes {
    /// Program and configuration stay.
    Stays,
    /// It is restarted with other programs or settings.
    Switch {
        /// As it is to run after the commit.
        to: Box<KubernetesSwitch>,
        /// Minor version that it behaves like until then.
        emulated: Option<String>,
        /// Release whose programs ran before.
        release: String,
        /// Version that ran before.
        version: String,
    },
}

/// Why Kubernetes cannot go from one version to another.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NoWay {
    /// Down.
    #[error("plan Kubernetes: {from} to {to} goes down")]
    Down {
        /// Version that runs.
        from: Version,
        /// Version wanted.
        to: Version,
    },
    /// Over a minor version.
    #[error("plan Kubernetes: {from} to {to} leaves a minor version out")]
    Skips {
        /// Version that runs.
        from: Version,
        /// Version wanted.
        to: Version,
    },
}

/// Whether Kubernetes may go from `from` to `to`: up by patches, or by one minor version.
///
/// # Errors
/// [`NoWay`] says why not.
pub fn way(from: &Version, to: &Version) -> Result<(), NoWay> {
    if (to.major, to.minor, to.patch) < (from.major, from.minor, from.patch) {
        return Err(NoWay::Down { from: from.clone(), to: to.clone() });
    }
    if to.major != from.major || to.minor > from.minor + 1 {
        return Err(NoWay::Skips { from: from.clone(), to: to.clone() });
    }
    Ok(())
}

/// The minor version of `1.35.4`: `1.35`.
#[must_use]
pub fn minor(version: &str) -> Option<String> {
    let mut parts = version.split('.');
    let (major, minor) = (parts.next()?, parts.next()?);
    let number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    (number(major) && number(minor)).then(|| format!("{major}.{minor}"))
}

impl Kubernetes {
    /// What becomes of it when `wanted` takes the place of `current`.
    #[must_use]
    pub fn between(current: &Current<'_>, wanted: &Wanted<'_>, kind: OperationKind) -> Self {
        let applied = current.applied;
        let wanted_settings = settings_of(wanted);
        let version = wanted.release.kubernetes.version.to_string();
        let same_minor = minor(&version) == minor(&applied.kubernetes);
        // After a commit the minor version never goes back (`design.md` §1.6): what runs goes on running.
        let keeps = kind == OperationKind::Rollback && !same_minor;
        let before = applied.settings.clone().unwrap_or_else(|| wanted_settings.clone());
        let (settings, version) = if keeps {
            (
                KubernetesSettings {
                    release: before.release.clone(),
                    emulated: before.emulated.clone(),
                    ..wanted_settings
                },
                applied.kubernetes.clone(),
            )
        } else {
            (wanted_settings, version)
        };
        let like = |settings: &KubernetesSettings| KubernetesSettings { release: String::new(), ..settings.clone() };
        let same_program = keeps || current.release.program("k3s") == wanted.release.program("k3s");
        if same_program && version == applied.kubernetes && like(&settings) == like(&before) {
            return Self::Stays;
        }
        let emulated = (!same_minor && !keeps).then(|| minor(&applied.kubernetes)).flatten();
        Self::Switch {
            to: Box::new(KubernetesSwitch { settings, version }),
            emulated,
            release: before.release,
            version: applied.kubernetes.clone(),
        }
    }
}
