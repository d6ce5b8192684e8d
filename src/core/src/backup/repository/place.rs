//! Where a repository is, and whether it may be there.

use std::path::{Component, Path};

use serde::{Deserialize, Serialize};

use super::invalid;
use crate::fault::{Fault, FaultCode};

/// Largest certificates, in bytes.
pub const LARGEST_CA: usize = 1 << 20;
/// Longest path, address, bucket or prefix, in bytes.
const LONGEST: usize = 512;
/// Folders that a repository must not be in: everything in them belongs to Bridle or to the system.
const FORBIDDEN: [&str; 8] =
    ["/var/lib/bridle", "/etc", "/opt/bridle", "/run/bridle", "/proc", "/sys", "/dev", "/var/lib/rancher"];

/// Where a repository is; never with a secret.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Place {
    /// A folder: another disk, a removable one, a mounted network file system.
    Directory {
        /// Absolute path.
        path: String,
    },
    /// A bucket of a server that speaks S3.
    S3(Bucket),
}

/// A bucket, or what is below a prefix of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Bucket {
    /// `https://HOST[:PORT]`.
    pub endpoint: String,
    /// The region that requests are signed for.
    pub region: String,
    /// The bucket.
    pub bucket: String,
    /// What names of objects begin with; empty for the whole bucket.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub prefix: String,
    /// Whether the bucket stands in the path.
    #[serde(default)]
    pub path_style: bool,
    /// Certificates (PEM) of who may sign the server's; empty: those that the system trusts.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub ca: String,
}

impl Place {
    /// The place that `text` names, as [`Self::shown`] shows one: a folder, or `s3:https://HOST/BUCKET/PREFIX`.
    ///
    /// # Errors
    /// `RepositoryOrderInvalid` with what is wrong.
    pub fn named(text: &str, region: &str, path_style: bool, ca: String) -> Result<Self, Fault> {
        let place = match text.strip_prefix("s3:") {
            None => Self::Directory { path: text.trim_end_matches('/').to_owned() },
            Some(address) => {
                let (scheme, rest) = address.split_once("://").ok_or_else(|| invalid("endpoint"))?;
                let (host, rest) = rest.split_once('/').ok_or_else(|| invalid("bucket"))?;
                let (bucket, prefix) = rest.split_once('/').unwrap_or((rest, ""));
                Self::S3(Bucket {
                    endpoint: format!("{scheme}://{host}"),
                    region: region.to_owned(),
                    bucket: bucket.to_owned(),
                    prefix: prefix.trim_matches('/').to_owned(),
                    path_style,
                    ca,
                })
            }
        };
        place.check().map(|()| place)
    }

    /// Checks what a person typed.
    ///
    /// # Errors
    /// `RepositoryOrderInvalid` with what is wrong.
    pub fn check(&self) -> Result<(), Fault> {
        match self {
            Self::Directory { path } => directory(path),
            Self::S3(bucket) => bucket.check(),
        }
    }

    /// Where it is, as stock `restic` names it.
    #[must_use]
    pub fn shown(&self) -> String {
        match self {
            Self::Directory { path } => path.clone(),
            Self::S3(bucket) => {
                let Bucket { endpoint, bucket, prefix, .. } = bucket;
                let slash = if prefix.is_empty() { "" } else { "/" };
                format!("s3:{}/{bucket}{slash}{prefix}", endpoint.trim_end_matches('/'))
            }
        }
    }

    /// Whether both mean the same objects, whatever is said about how they are reached.
    #[must_use]
    pub fn is_same(&self, other: &Self) -> bool {
        self.shown() == other.shown()
    }
}

fn directory(path: &str) -> Result<(), Fault> {
    let plain = Path::new(path).components().all(|part| matches!(part, Component::RootDir | Component::Normal(_)));
    let fits = path.len() <= LONGEST && path.len() > 1 && path.starts_with('/') && !path.chars().any(char::is_control);
    let forbidden = FORBIDDEN.iter().any(|folder| Path::new(path).starts_with(folder));
    if fits && plain && !forbidden { Ok(()) } else { Err(invalid("directory")) }
}

impl Bucket {
    fn check(&self) -> Result<(), Fault> {
        let plain = |text: &str| text.len() <= LONGEST && text.bytes().all(|byte| byte.is_ascii_graphic());
        let host = self.endpoint.strip_prefix("https://").or_else(|| self.endpoint.strip_prefix("http://"));
        // A password in an address would be printed with it.
        let host = host.filter(|host| plain(host) && !host.is_empty() && !host.contains(['@', '?', '#']));
        if host.is_none_or(|host| host.trim_end_matches('/').contains('/')) {
            return Err(invalid("endpoint"));
        }
        let name = |byte: u8| byte.is_ascii_alphanumeric() || b".-_".contains(&byte);
        if !(3..=63).contains(&self.bucket.len()) || !self.bucket.bytes().all(name) {
            return Err(invalid("bucket"));
        }
        let part = |part: &str| !part.is_empty() && !part.starts_with('.') && part.bytes().all(name);
        if self.prefix.len() > LONGEST / 2 || !(self.prefix.is_empty() || self.prefix.split('/').all(part)) {
            return Err(invalid("prefix"));
        }
        if self.region.is_empty() || !plain(&self.region) {
            return Err(invalid("region"));
        }
        if self.ca.len() > LARGEST_CA || !(self.ca.is_empty() || self.ca.contains("-----BEGIN CERTIFICATE-----")) {
            return Err(invalid("ca"));
        }
        Ok(())
    }
}

/// What is known of a folder that is to hold a repository.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FolderFacts {
    /// A mount point at or above it that the table of file systems names and where nothing is mounted.
    pub unmounted: Option<String>,
    /// It lies on the file system of the platform's data.
    pub shared: bool,
}

/// Whether a folder may hold a repository. `accepted`: somebody knows that the disk of the data holds it too.
///
/// # Errors
/// `PlaceUnmounted`, which nothing permits; `PlaceShared`.
pub fn judge(path: &str, facts: &FolderFacts, accepted: bool) -> Result<(), Fault> {
    if let Some(point) = &facts.unmounted {
        return Err(Fault::new(FaultCode::PlaceUnmounted).with("place", path).with("point", point.as_str()));
    }
    if facts.shared && !accepted {
        return Err(Fault::new(FaultCode::PlaceShared).with("place", path));
    }
    Ok(())
}

/// The mount point at or above `path` that `/etc/fstab` names and that is not among the `mounted` ones.
#[must_use]
pub fn unmounted(path: &Path, fstab: &str, mounted: &[String]) -> Option<String> {
    let points = fstab.lines().take(10_000).filter_map(|line| {
        let mut fields = line.split('#').next()?.split_whitespace();
        let point = fields.nth(1)?.replace("\\040", " ");
        (point.starts_with('/') && point != "/" && path.starts_with(&point)).then_some(point)
    });
    // The innermost one: it may be mounted although one above it is not in the table any more.
    let innermost = points.max_by_key(String::len)?;
    let here = innermost.trim_end_matches('/');
    (!mounted.iter().any(|mounted| mounted == here)).then(|| here.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bucket() -> Bucket {
        Bucket {
            endpoint: "https://s3.example:9000/".to_owned(),
            region: "us-east-1".to_owned(),
            bucket: "backup".to_owned(),
            prefix: "campus/a".to_owned(),
            path_style: true,
            ca: String::new(),
        }
    }

    #[test]
    fn places_are_named_as_restic_names_them() {
        let place = Place::S3(bucket());
        assert!(place.check().is_ok());
        assert_eq!(place.shown(), "s3:https://s3.example:9000/backup/campus/a");
        let folder = Place::Directory { path: "/mnt/backup".to_owned() };
        assert!(folder.check().is_ok() && folder.shown() == "/mnt/backup" && !folder.is_same(&place));
    }

    #[test]
    fn what_cannot_be_a_place_is_refused() {
        for path in ["", "/", "mnt", "/mnt/../etc", "/var/lib/bridle/x", "/etc/x", "/mnt/\u{7}", "/dev/shm"] {
            let place = Place::Directory { path: path.to_owned() };
            assert!(place.check().is_err(), "{path:?}");
        }
        let wrong: [fn(&mut Bucket); 9] = [
            |bucket| bucket.endpoint = "https://name:word@host".to_owned(),
            |bucket| bucket.endpoint = "s3.example".to_owned(),
            |bucket| bucket.endpoint = "https://host/path".to_owned(),
            |bucket| bucket.bucket = "a".to_owned(),
            |bucket| bucket.bucket = "a/b/c".to_owned(),
            |bucket| bucket.prefix = "/a".to_owned(),
            |bucket| bucket.prefix = "a/../b".to_owned(),
            |bucket| bucket.region = String::new(),
            |bucket| bucket.ca = "no certificate".to_owned(),
        ];
        for alter in wrong {
            let mut bucket = bucket();
            alter(&mut bucket);
            let fault = bucket.check().expect_err("refused");
            assert!(!format!("{fault:?}").contains("word"));
        }
    }

    const FSTAB: &str = "\
UUID=1 / ext4 errors=remount-ro 0 1
UUID=2 none swap sw 0 0
# /dev/sdb1 /mnt/old ext4 defaults 0 2
nas:/backup /mnt/backup nfs4 nofail 0 0
/dev/sdc1 /mnt/two\\040words ext4 noauto
nonsense";

    #[test]
    fn a_mount_point_without_its_medium_is_noticed() {
        let of = |path: &str, mounted: &[&str]| {
            let mounted: Vec<String> = mounted.iter().map(|point| (*point).to_owned()).collect();
            unmounted(Path::new(path), FSTAB, &mounted)
        };
        assert_eq!(of("/mnt/backup/campus", &["/"]).as_deref(), Some("/mnt/backup"));
        assert_eq!(of("/mnt/backup", &["/", "/mnt/backup"]), None);
        assert_eq!(of("/mnt/backup2", &["/"]), None);
        assert_eq!(of("/mnt/old", &["/"]), None);
        assert_eq!(of("/mnt/two words/x", &["/"]).as_deref(), Some("/mnt/two words"));
        let code = |facts: &FolderFacts, accepted| judge("/a", facts, accepted).err().map(|fault| fault.code);
        let shared = FolderFacts { unmounted: None, shared: true };
        assert_eq!((code(&shared, false), code(&shared, true)), (Some(FaultCode::PlaceShared), None));
        let absent = FolderFacts { unmounted: Some("/a".to_owned()), shared: true };
        assert_eq!(code(&absent, true), Some(FaultCode::PlaceUnmounted));
    }
}
