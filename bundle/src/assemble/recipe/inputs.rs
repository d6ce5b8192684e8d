//! Files of a recipe, and their digest.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use bridle_core::digest::Digest;
use sha2::{Digest as _, Sha256};

use crate::assemble::error::AssembleError;

/// Most files of a recipe.
const MAX_FILES: usize = 20_000;

/// Regular files below `root` by relative path, sorted; without hidden ones and `target` folders.
pub(in crate::assemble) fn walk(root: &Path) -> Result<Vec<(String, PathBuf)>, AssembleError> {
    let mut open = vec![(String::new(), root.to_owned())];
    let mut files = Vec::new();
    while let Some((name, path)) = open.pop() {
        let metadata = fs::metadata(&path).map_err(AssembleError::io("read", &path))?;
        if metadata.is_file() {
            files.push((name, path));
        } else if metadata.is_dir() {
            for entry in fs::read_dir(&path).map_err(AssembleError::io("list", &path))? {
                let entry = entry.map_err(AssembleError::io("list", &path))?;
                let text = entry.file_name().to_string_lossy().into_owned();
                if !text.starts_with('.') && text != "target" {
                    let name = if name.is_empty() { text } else { format!("{name}/{text}") };
                    open.push((name, entry.path()));
                }
            }
        }
        if files.len() + open.len() > MAX_FILES {
            return Err(AssembleError::recipe(root.display().to_string(), format!("more than {MAX_FILES} files")));
        }
    }
    files.sort();
    Ok(files)
}

/// Digest of names, modes and contents of all files below the given paths of `folder`.
pub(in crate::assemble) fn digest_of(folder: &Path, inputs: &[String]) -> Result<Digest, AssembleError> {
    let mut hash = Sha256::new();
    for input in inputs {
        for (name, path) in walk(&folder.join(input))? {
            let bytes = fs::read(&path).map_err(AssembleError::io("read", &path))?;
            let mode = fs::metadata(&path).map_err(AssembleError::io("read", &path))?.permissions().mode() & 0o111;
            hash.update(format!("{input}\0{name}\0{}\0{}\0", mode != 0, bytes.len()));
            hash.update(&bytes);
        }
    }
    Ok(Digest::from_bytes(hash.finalize().into()))
}
