//! `release.toml`.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use bridle_core::digest::Digest;
use bridle_core::release::{
    Check, DataSource, Migration, Namespace, Probe, ProbeRequest, Rename, SOAK_LIMITS, SOAK_SECONDS, Secret,
    SecretContent, Stage,
};
use semver::{Version, VersionReq};
use serde::Deserialize;
use serde_json::{Map, Value};

use crate::assemble::error::AssembleError;
use crate::assemble::registry::Platform;

/// A release as its publisher writes it.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReleaseSource {
    /// Version of the format.
    pub format: u32,
    /// Name, version, notes.
    pub release: Header,
    /// The Kubernetes part.
    pub kubernetes: KubernetesSource,
    /// Programs beside k3s.
    #[serde(default)]
    pub program: Vec<NamedProgram>,
    /// Images.
    #[serde(default)]
    pub image: Vec<ImageSource>,
    /// Namespaces.
    #[serde(default)]
    pub namespace: Vec<Namespace>,
    /// Secrets of the site.
    #[serde(default)]
    secret: Vec<SecretSource>,
    /// Values for all charts.
    #[serde(default)]
    pub values: Values,
    /// Charts.
    #[serde(default)]
    pub chart: Vec<ChartSource>,
    /// Examples of sites, with which the charts are rendered as well.
    #[serde(default)]
    pub profile: Vec<ProfileSource>,
    /// Data to save.
    #[serde(default)]
    pub data: Vec<DataSource>,
    /// Probes.
    #[serde(default)]
    pub probe: Vec<ProbeSource>,
    /// Requirements.
    #[serde(default)]
    pub check: Vec<Check>,
    /// Licences.
    #[serde(default)]
    pub licences: Licences,
}

/// `[release]`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Header {
    /// Name.
    pub name: String,
    /// Version.
    pub version: Version,
    /// Sequence.
    pub sequence: u64,
    /// Versions that may be upgraded. A release after the first says it, also where it is none.
    pub upgrades_from: Option<Vec<VersionReq>>,
    /// How long health must hold after an upgrade, in seconds.
    #[serde(default = "soak_seconds")]
    pub soak_seconds: u32,
    /// Notes by language.
    #[serde(default)]
    pub notes: BTreeMap<String, String>,
}

/// `[kubernetes]`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KubernetesSource {
    /// Upstream version.
    pub version: Version,
    /// Where k3s comes from.
    pub k3s: ProgramSource,
    /// Addresses of pods.
    #[serde(default = "cluster_cidr")]
    pub cluster_cidr: String,
    /// Addresses of services.
    #[serde(default = "service_cidr")]
    pub service_cidr: String,
    /// Sandbox image.
    pub pause: String,
}

/// `[[program]]`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NamedProgram {
    /// Name.
    pub name: String,
    /// Where it comes from.
    pub source: ProgramSource,
}

/// Where a program comes from.
#[derive(Debug, Clone, Deserialize)]
#[serde(untagged)]
pub enum ProgramSource {
    /// A folder with `program.toml`.
    Recipe(RecipeSource),
    /// A file.
    Path(PathSource),
    /// An address.
    Url(UrlSource),
}

/// `{ recipe = … }`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RecipeSource {
    /// Folder, relative to `release.toml`.
    pub recipe: String,
}

/// `{ path = … }`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PathSource {
    /// File, relative to `release.toml` or absolute.
    pub path: String,
}

/// `{ url = …, sha256 = … }`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct UrlSource {
    /// Address.
    pub url: String,
    /// SHA-256 of what is there, hex.
    pub sha256: String,
}

/// `[[image]]`.
#[derive(Debug, Clone, Deserialize)]
#[serde(untagged)]
pub enum ImageSource {
    /// A folder with `image.toml`.
    Recipe(RecipeSource),
    /// An image of a registry.
    Registry(RegistrySource),
}

/// `{ reference = …, as = … }`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RegistrySource {
    /// Reference it is pulled from.
    pub reference: String,
    /// Reference inside the release.
    #[serde(rename = "as")]
    pub name: Option<String>,
    /// `linux/amd64/VARIANT` where another than the one of all hosts is meant.
    pub platform: Option<String>,
}

/// `[[secret]]`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct SecretSource {
    name: String,
    namespace: String,
    kind: SecretKind,
    #[serde(default)]
    keys: Vec<SecretKey>,
    #[serde(default)]
    fixed: BTreeMap<String, String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum SecretKind {
    Random,
    Tls,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct SecretKey {
    name: String,
    bytes: u32,
}

/// `[values]`.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Values {
    /// Under `global` in every chart's values.
    #[serde(default)]
    pub global: Map<String, Value>,
}

/// `[[chart]]`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ChartSource {
    /// Name.
    pub name: String,
    /// Folder, archive (`.tgz`), or `oci://HOST/NAME`.
    pub path: String,
    /// Version of a chart in a registry.
    pub version: Option<String>,
    /// Schema of its values, for a chart of others that has none.
    pub schema: Option<String>,
    /// Folders whose files are laid over those of the chart, one after the other.
    #[serde(default)]
    pub over: Vec<String>,
    /// Custom resource definitions to add.
    #[serde(default)]
    pub crds: Vec<CrdSource>,
    /// Namespace.
    pub namespace: String,
    /// Stage.
    pub stage: Stage,
    /// Place within the stage.
    pub order: u32,
    /// Deadline in seconds.
    #[serde(default = "timeout")]
    pub timeout_seconds: u32,
    /// Values.
    #[serde(default)]
    pub values: Map<String, Value>,
    /// Values that have another place than in an earlier release.
    #[serde(default)]
    pub renames: Vec<Rename>,
    /// What its application does to its data.
    pub migration: Option<Migration>,
}

/// `[[profile]]`: an example of a site.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProfileSource {
    /// Name.
    pub name: String,
    /// A `site.toml` below the folder of `release.toml`.
    pub file: String,
}

/// A file with custom resource definitions.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CrdSource {
    /// Go module that has it.
    pub go: String,
    /// Its version.
    pub version: String,
    /// Path in the module.
    pub file: String,
}

/// `[[probe]]`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProbeSource {
    /// Name.
    pub name: String,
    /// Title by language.
    pub title: BTreeMap<String, String>,
    /// Limit of a request in seconds.
    pub timeout_seconds: u32,
    /// Requests.
    pub request: Vec<ProbeRequest>,
}

/// `[licences]`.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Licences {
    /// Further files to carry.
    #[serde(default)]
    pub extra: Vec<String>,
}

impl ReleaseSource {
    /// Checks what the types do not say.
    ///
    /// # Errors
    /// [`AssembleError::Source`] with the first thing that is wrong.
    pub fn check(&self, path: &Path) -> Result<(), AssembleError> {
        self.problem().map_or(Ok(()), |reason| Err(AssembleError::Source { path: path.to_owned(), reason }))
    }

    /// The secrets in the form of the release manifest.
    #[must_use]
    pub fn secrets(&self) -> Vec<Secret> {
        let secret = |source: &SecretSource| Secret {
            name: source.name.clone(),
            namespace: source.namespace.clone(),
            content: match source.kind {
                SecretKind::Tls => SecretContent::Tls,
                SecretKind::Random => SecretContent::Random {
                    keys: source.keys.iter().map(|key| (key.name.clone(), key.bytes)).collect(),
                    fixed: source.fixed.clone(),
                },
            },
        };
        self.secret.iter().map(secret).collect()
    }

    /// The probes in the form of the release manifest.
    #[must_use]
    pub fn probes(&self) -> Vec<Probe> {
        let probe = |source: &ProbeSource| Probe {
            name: source.name.clone(),
            title: source.title.clone(),
            timeout_seconds: source.timeout_seconds,
            requests: source.request.clone(),
        };
        self.probe.iter().map(probe).collect()
    }

    fn problem(&self) -> Option<String> {
        let header = &self.release;
        if header.sequence > 1 && header.upgrades_from.is_none() {
            let advice = "say which versions may be upgraded, e.g. [\">=1.0.0, <1.1.0\"], or [] if none may";
            return Some(format!("[release]: sequence {} has no upgrades_from: {advice}", header.sequence));
        }
        if !(SOAK_LIMITS.0..=SOAK_LIMITS.1).contains(&header.soak_seconds) {
            return Some(format!("[release]: soak_seconds must be {} to {}", SOAK_LIMITS.0, SOAK_LIMITS.1));
        }
        let texts = [("release", &self.release.name, 40_usize)]
            .into_iter()
            .chain(self.program.iter().map(|program| ("program", &program.name, 40)))
            .chain(self.namespace.iter().map(|namespace| ("namespace", &namespace.name, 63)))
            .chain(self.secret.iter().map(|secret| ("secret", &secret.name, 63)))
            .chain(self.chart.iter().map(|chart| ("chart", &chart.name, 53)))
            .chain(self.profile.iter().map(|profile| ("profile", &profile.name, 63)))
            .chain(self.data.iter().map(|data| ("data", &data.name, 63)))
            .chain(self.probe.iter().map(|probe| ("probe", &probe.name, 63)));
        let mut seen = BTreeSet::new();
        for (kind, name, longest) in texts {
            if !is_name(name, longest) {
                return Some(format!("{kind} name {name:?}: use a-z, 0-9 and -, at most {longest}"));
            }
            // The same secret may be made in several namespaces.
            if kind != "secret" && !seen.insert((kind, name)) {
                return Some(format!("{kind} {name:?} stands twice"));
            }
        }
        let namespaces: BTreeSet<&str> = self.namespace.iter().map(|namespace| namespace.name.as_str()).collect();
        let known = |name: &str| namespaces.contains(name) || name.starts_with("kube-") || name == "default";
        self.secret_problem(&known)
            .or_else(|| self.chart.iter().find_map(|chart| chart.problem(&known)))
            .or_else(|| {
                let outside = self.profile.iter().find(|profile| !is_inside(&profile.file))?;
                Some(format!("profile {:?}: {:?} is not inside the folder of release.toml", outside.name, outside.file))
            })
            .or_else(|| self.probe.iter().find_map(ProbeSource::problem))
            .or_else(|| self.image.iter().find_map(ImageSource::problem))
            .or_else(|| self.program.iter().find_map(|program| program.source.problem()))
            .or_else(|| self.kubernetes.k3s.problem())
    }

    fn secret_problem(&self, known: &dyn Fn(&str) -> bool) -> Option<String> {
        self.secret.iter().find_map(|secret| {
            let name = &secret.name;
            let random = secret.kind == SecretKind::Random;
            if !known(&secret.namespace) {
                Some(format!("secret {name:?}: namespace {:?} is not declared", secret.namespace))
            } else if random == secret.keys.is_empty() || (!random && !secret.fixed.is_empty()) {
                Some(format!("secret {name:?}: a random one has keys, a tls one has none"))
            } else {
                secret
                    .keys
                    .iter()
                    .find(|key| !(16..=64).contains(&key.bytes))
                    .map(|key| format!("secret {name:?}: key {:?} needs 16 to 64 bytes", key.name))
            }
        })
    }
}

impl ChartSource {
    fn problem(&self, known: &dyn Fn(&str) -> bool) -> Option<String> {
        if !known(&self.namespace) {
            return Some(format!("chart {:?}: namespace {:?} is not declared", self.name, self.namespace));
        }
        if !(1..=7200).contains(&self.timeout_seconds) {
            return Some(format!("chart {:?}: timeout_seconds must be 1 to 7200", self.name));
        }
        let refuse = |reason: &str| Some(format!("chart {:?}: {reason}", self.name));
        match (self.path.strip_prefix("oci://"), &self.version) {
            (Some(address), Some(version)) if is_repository(address) && is_version(version) => None,
            (Some(_), None) => refuse("a chart of a registry needs its version, e.g. version = \"1.2.3\""),
            (Some(_), Some(_)) => refuse("write path = \"oci://HOST/NAME\" without a tag, and version = \"1.2.3\""),
            (None, Some(_)) => refuse("version is for charts of a registry; others have theirs in Chart.yaml"),
            (None, None) => None,
        }
        .or_else(|| {
            let local = self.path.strip_prefix("oci://").is_none().then_some(&self.path);
            let outside = local.into_iter().chain(&self.schema).chain(&self.over).find(|path| !is_inside(path))?;
            refuse(&format!("{outside:?} is not inside the folder of release.toml"))
        })
    }
}

impl ProbeSource {
    fn problem(&self) -> Option<String> {
        let methods = ["GET", "POST", "PUT", "DELETE", "HEAD"];
        if !(1..=32).contains(&self.request.len()) || !(1..=120).contains(&self.timeout_seconds) {
            return Some(format!("probe {:?}: 1 to 32 requests, timeout_seconds 1 to 120", self.name));
        }
        self.request
            .iter()
            .find(|request| !methods.contains(&request.method.as_str()) || !request.path.starts_with('/'))
            .map(|request| format!("probe {:?}: request {} {:?}", self.name, request.method, request.path))
    }
}

impl ImageSource {
    fn problem(&self) -> Option<String> {
        let Self::Registry(source) = self else { return None };
        let name = source.name.as_ref().unwrap_or(&source.reference);
        if let Some(platform) = source.platform.as_ref().filter(|platform| Platform::parse(platform).is_none()) {
            return Some(format!(
                "image {name:?}: platform {platform:?}: write linux/amd64 or linux/amd64/v2 (v3, v4)"
            ));
        }
        if is_reference(name) { None } else { Some(format!("image {name:?}: write host/name:tag")) }
    }
}

impl ProgramSource {
    fn problem(&self) -> Option<String> {
        match self {
            Self::Url(source) if Digest::from_hex(&source.sha256).is_err() => {
                Some(format!("address {:?}: sha256 needs 64 lower-case hex digits", source.url))
            }
            _ => None,
        }
    }
}

/// Whether a text is a full image reference with a host and a tag or digest.
#[must_use]
pub(in crate::assemble) fn is_reference(text: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"-._/:@".contains(&byte);
    let Some((host, rest)) = text.split_once('/') else { return false };
    let full = host.contains(['.', ':']) || host == "localhost";
    full && text.len() <= 255 && text.bytes().all(allowed) && rest.contains([':', '@']) && !rest.starts_with(['/', ':'])
}

/// Whether a text is `HOST/NAME` without tag or digest.
fn is_repository(text: &str) -> bool {
    let bare = text.split_once('/').is_some_and(|(_, name)| !name.contains([':', '@']));
    bare && is_reference(&format!("{text}:1"))
}

/// Whether a path leads into the folder that it is relative to.
fn is_inside(path: &str) -> bool {
    !path.starts_with('/') && path.split('/').all(|part| part != "..")
}

fn is_version(text: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"-._+".contains(&byte);
    !text.is_empty() && text.len() <= 128 && text.bytes().all(allowed)
}

fn is_name(text: &str, longest: usize) -> bool {
    let allowed = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    !text.is_empty() && text.len() <= longest && text.bytes().all(allowed) && !text.starts_with('-')
}

fn cluster_cidr() -> String {
    "10.42.0.0/16".to_owned()
}

fn service_cidr() -> String {
    "10.43.0.0/16".to_owned()
}

const fn timeout() -> u32 {
    300
}

const fn soak_seconds() -> u32 {
    SOAK_SECONDS
}
