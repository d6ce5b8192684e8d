//! Writing the signed files of a release.

use std::fs::{self, File};
use std::io::{BufWriter, Read, Write as _};
use std::path::{Path, PathBuf};

use bridle_core::digest::Digest;

use super::build::Assembled;
use super::cache::Cache;
use super::error::AssembleError;
use crate::file::compose::compose;
use crate::file::{Contents, Delta, FileError, INSTALLER, Known, SignedNote, contents_of, write_bundle, write_run};
use crate::trust::SigningKey;

/// The files that were written, with their sizes in bytes.
#[derive(Debug)]
pub struct Published {
    /// The bundle.
    pub bundle: (PathBuf, u64),
    /// The `.run` file, if the release has an installer.
    pub run: Option<(PathBuf, u64)>,
    /// The delta, if one was asked for.
    pub delta: Option<PublishedDelta>,
    /// Digest of the release's OCI manifest.
    pub digest: Digest,
}

/// A delta that was written.
#[derive(Debug)]
pub struct PublishedDelta {
    /// Its path and size in bytes.
    pub file: (PathBuf, u64),
    /// Releases that it was made against.
    pub releases: Vec<String>,
    /// Blobs that it leaves out.
    pub left_out: u64,
    /// Their bytes.
    pub left_out_bytes: u64,
}

/// Signs a release and writes `.bundle`, `.run` and their signatures into `output`; where somebody's store is `known`, also
/// a `.delta.bundle` without what it holds.
///
/// # Errors
/// [`AssembleError`]; files that are not complete keep the name `….part`.
pub fn publish(
    assembled: &Assembled,
    key: &SigningKey,
    cache: &Cache,
    output: &Path,
    known: &[Known<'_>],
) -> Result<Published, AssembleError> {
    fs::create_dir_all(output).map_err(AssembleError::io("make directory", output))?;
    let release = &assembled.release;
    let composed = compose(release, &assembled.images, &key.public()?)?;
    for bytes in composed.blobs.values() {
        cache.put(bytes)?;
    }
    let comment = format!("{} {} sequence {}", release.name, release.version, release.sequence);
    let signature = key.sign(&composed.index[..], &comment).map_err(FileError::Write)?;
    let stem = format!("{}-{}-{}", release.name, release.version, release.architecture);

    let mut open = |digest: &Digest| cache.open_blob(digest).map(|file| Box::new(file) as Box<dyn Read>);
    let bundle = finish(output, &format!("{stem}.bundle"), key, &comment, |file| {
        write_bundle(BufWriter::with_capacity(1 << 20, file), &composed.index, &signature, &mut open, None)
    })?;
    let delta = match known {
        [] => None,
        known => {
            let contents = contents_of(&composed.index, &mut open)?;
            let note = Delta::new(&contents, known);
            let text = note.to_json()?;
            let comment = format!("{comment} delta");
            let noted = key.sign(&text[..], &comment).map_err(FileError::Write)?;
            let signed = SignedNote { note: &text, signature: &noted };
            let file = finish(output, &format!("{stem}.delta.bundle"), key, &comment, |file| {
                let file = BufWriter::with_capacity(1 << 20, file);
                write_bundle(file, &composed.index, &signature, &mut open, Some(signed))
            })?;
            Some(published(file, &note, &contents))
        }
    };
    let run = match release.program(INSTALLER) {
        None => None,
        Some(installer) => {
            let open = |path: &Path| File::open(path).map_err(AssembleError::io("open", path));
            let mut head = open(&cache.blob(&installer.digest))?;
            let mut body = open(&bundle.0)?;
            Some(finish(output, &format!("{stem}.run"), key, &comment, |file| {
                use std::os::unix::fs::PermissionsExt as _;
                file.set_permissions(fs::Permissions::from_mode(0o755)).map_err(FileError::Write)?;
                write_run(BufWriter::with_capacity(1 << 20, file), &mut head, &mut body)
            })?)
        }
    };
    Ok(Published { bundle, run, delta, digest: composed.digest })
}

fn published(file: (PathBuf, u64), note: &Delta, contents: &Contents) -> PublishedDelta {
    let left_out = note.left_out();
    let sizes = contents.blobs.iter().filter(|blob| left_out.contains_key(&blob.digest)).map(|blob| blob.size);
    PublishedDelta {
        file,
        releases: note.releases().into_iter().map(str::to_owned).collect(),
        left_out: left_out.len() as u64,
        left_out_bytes: sizes.sum(),
    }
}

/// Writes one file and its signature: partial file, sync, rename, signature last.
fn finish(
    output: &Path,
    name: &str,
    key: &SigningKey,
    comment: &str,
    write: impl FnOnce(&File) -> Result<u64, FileError>,
) -> Result<(PathBuf, u64), AssembleError> {
    let (path, part) = (output.join(name), output.join(format!("{name}.part")));
    let file = File::create(&part).map_err(AssembleError::io("create", &part))?;
    let size = write(&file)?;
    file.sync_all().map_err(AssembleError::io("sync", &part))?;
    super::cache::rename(&part, &path)?;
    let whole = File::open(&path).map_err(AssembleError::io("open", &path))?;
    let signature = key.sign(whole, comment).map_err(AssembleError::io("sign", &path))?;
    let beside = output.join(format!("{name}.minisig"));
    let mut file = File::create(&beside).map_err(AssembleError::io("create", &beside))?;
    file.write_all(signature.as_bytes()).and_then(|()| file.sync_all()).map_err(AssembleError::io("write", &beside))?;
    File::open(output).and_then(|directory| directory.sync_all()).map_err(AssembleError::io("sync", output))?;
    Ok((path, size))
}
