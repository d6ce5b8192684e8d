//! The gzipped tar of a chart: what is read of it, and how much at most. Fuzzed by itself (`tests/fuzz`).

use std::io::Read;
use std::path::{Component, Path};

use bridle_core::digest::Digest;
use flate2::read::GzDecoder;

/// Largest packed chart, and largest sum of what is read out of one.
pub(super) const LARGEST: u64 = 16 * 1024 * 1024;
/// Largest stream inside the gzip; what lies beyond is not looked at but refused.
pub(super) const LARGEST_UNPACKED: u64 = 64 * 1024 * 1024;
/// Largest single file.
pub(super) const LARGEST_ENTRY: u64 = 4 * 1024 * 1024;
/// Files that are kept, and entries that are looked at.
pub(super) const MOST_FILES: usize = 1000;
pub(super) const MOST_ENTRIES: usize = 10_000;

/// A file of a chart: its path below the chart's folder, and its text.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct ChartFile {
    pub(crate) path: String,
    pub(crate) text: String,
}

/// Why a packed chart is refused.
#[derive(Debug, thiserror::Error)]
pub(crate) enum PackedError {
    /// Cannot be read, or is no gzipped tar.
    #[error("read packed chart")]
    Read(#[from] std::io::Error),
    /// The bytes are not the ones that the release names.
    #[error("read packed chart: digest is {found}, the release names {wanted}")]
    Digest {
        /// Digest of the bytes.
        found: Digest,
        /// Digest of the release.
        wanted: Digest,
    },
    /// A limit is passed.
    #[error("read packed chart: {what} is larger than {limit}")]
    Limit {
        /// What is too large.
        what: String,
        /// The limit in bytes or entries.
        limit: u64,
    },
    /// A file that should be text is not.
    #[error("read packed chart: {0} is not UTF-8")]
    Text(String),
}

/// The custom resource definitions of a chart and of its sub-charts (`crds/` folders), in the order of their paths.
pub(crate) fn crd_files(packed: &[u8]) -> Result<Vec<ChartFile>, PackedError> {
    files(packed, crd_path)
}

/// The default values and schemas of a chart and of its sub-charts, in the order of their paths below the chart's folder.
pub(crate) fn value_files(packed: &[u8]) -> Result<Vec<ChartFile>, PackedError> {
    files(packed, |path| {
        let parts = plain(path)?;
        let (_, mut rest) = parts.split_first()?;
        let below = rest.join("/");
        while let ["charts", _, inner @ ..] = rest {
            rest = inner;
        }
        matches!(rest, ["values.yaml" | "values.schema.json"]).then_some(below)
    })
}

/// The files that `select` gives a name.
fn files(packed: &[u8], select: impl Fn(&Path) -> Option<String>) -> Result<Vec<ChartFile>, PackedError> {
    let unpacked = GzDecoder::new(packed).take(LARGEST_UNPACKED);
    let mut archive = tar::Archive::new(unpacked);
    let mut files = Vec::new();
    let mut left = LARGEST;
    for (index, entry) in archive.entries()?.enumerate() {
        let entry = entry?;
        if index >= MOST_ENTRIES || files.len() >= MOST_FILES {
            return Err(PackedError::Limit { what: "the number of files".to_owned(), limit: MOST_ENTRIES as u64 });
        }
        let Some(path) = select(&entry.path()?) else { continue };
        if !entry.header().entry_type().is_file() {
            continue;
        }
        let size = entry.size();
        if size > LARGEST_ENTRY || size > left {
            return Err(PackedError::Limit { what: path, limit: LARGEST_ENTRY.min(left) });
        }
        left -= size;
        let mut bytes = Vec::with_capacity(usize::try_from(size).unwrap_or_default());
        entry.take(LARGEST_ENTRY).read_to_end(&mut bytes)?;
        let text = String::from_utf8(bytes).map_err(|_| PackedError::Text(path.clone()))?;
        files.push(ChartFile { path, text });
    }
    files.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(files)
}

/// The path below the chart's folder, if it is a definition: `[charts/NAME/]*crds/…` and YAML or JSON (Helm's rule).
fn crd_path(path: &Path) -> Option<String> {
    let parts = plain(path)?;
    let (_, mut rest) = parts.split_first()?;
    let below = rest.join("/");
    while let ["charts", _, inner @ ..] = rest {
        rest = inner;
    }
    let extension = path.extension()?.to_str()?.to_ascii_lowercase();
    let definition = rest.len() >= 2 && rest[0] == "crds" && matches!(extension.as_str(), "yaml" | "yml" | "json");
    definition.then_some(below)
}

/// The names of a path that is nothing but names.
fn plain(path: &Path) -> Option<Vec<&str>> {
    let name = |part| match part {
        Component::Normal(name) => name.to_str(),
        _ => None,
    };
    path.components().map(name).collect()
}
