//! Licence notices: the texts that everything inside a release asks to be kept with it.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::Read as _;
use std::path::Path;

use bridle_core::release::Blob;
use serde::{Deserialize, Serialize};

use super::cache::Cache;
use super::error::AssembleError;

/// Largest licence text in bytes.
const MAX_TEXT: u64 = 2 << 20;

/// A licence text (a blob of the cache) and the component that brings it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Notice {
    /// Name and version of the component.
    pub(super) component: String,
    /// The text.
    pub(super) text: Blob,
}

/// Licence files that lie directly in `directory`.
pub(super) fn of_directory(cache: &Cache, component: &str, directory: &Path) -> Result<Vec<Notice>, AssembleError> {
    let Ok(entries) = fs::read_dir(directory) else { return Ok(Vec::new()) };
    let mut paths: Vec<_> = entries.flatten().map(|entry| entry.path()).filter(|path| is_licence(path)).collect();
    paths.sort();
    paths.iter().map(|path| of_file(cache, component, path)).collect()
}

/// The licence file `path`.
pub(super) fn of_file(cache: &Cache, component: &str, path: &Path) -> Result<Notice, AssembleError> {
    let file = fs::File::open(path).map_err(AssembleError::io("open", path))?;
    Ok(Notice { component: component.to_owned(), text: cache.put_reader(&mut file.take(MAX_TEXT), path)? })
}

/// The document of a release: every text once, with the components that bring it.
pub(super) fn document(cache: &Cache, title: &str, notices: &[Notice]) -> Result<Vec<u8>, AssembleError> {
    let mut by_text: BTreeMap<String, (BTreeSet<&str>, &Blob)> = BTreeMap::new();
    for notice in notices {
        let entry = by_text.entry(notice.text.digest.hex()).or_insert_with(|| (BTreeSet::new(), &notice.text));
        entry.0.insert(&notice.component);
    }
    let mut texts: Vec<(BTreeSet<&str>, &Blob)> = by_text.into_values().collect();
    texts.sort_by(|a, b| (&a.0, a.1.digest).cmp(&(&b.0, b.1.digest)));
    let mut out = format!("Licence notices of {title}\n").into_bytes();
    for (components, text) in texts {
        out.extend_from_slice(format!("\n{}\n", "=".repeat(78)).as_bytes());
        for component in components {
            out.extend_from_slice(format!("{component}\n").as_bytes());
        }
        out.extend_from_slice(format!("{}\n\n", "-".repeat(78)).as_bytes());
        let path = cache.blob(&text.digest);
        out.extend_from_slice(&fs::read(&path).map_err(AssembleError::io("read", &path))?);
        out.push(b'\n');
    }
    Ok(out)
}

fn is_licence(path: &Path) -> bool {
    let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default().to_ascii_uppercase();
    let begins = ["LICENSE", "LICENCE", "COPYING", "NOTICE", "COPYRIGHT", "UNLICENSE"];
    begins.iter().any(|word| name.starts_with(word)) && path.is_file()
}
