//! Physical copies of database servers: what one says of itself. It came out of a pod, so nothing in it is believed to be small.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufReader, Read, Seek};

use bridle_core::backup::wal::base_backup::{
    Base, BaseError, CONTROL_FILE, Files, LARGEST_CONTROL, LARGEST_MANIFEST, LARGEST_VERSION, MANIFEST_FILE,
    VERSION_FILE, copy_name,
};
use bridle_core::fault::Fault;
use tar::Archive;

use super::DataCopies;
use super::put_back::damaged;
use crate::files::FileError;

/// What is read of an archive, with its largest size.
const WANTED: [(&str, u64); 3] =
    [(VERSION_FILE, LARGEST_VERSION), (CONTROL_FILE, LARGEST_CONTROL), (MANIFEST_FILE, LARGEST_MANIFEST)];
/// Most entries of an archive.
const MOST: usize = 20_000_000;

impl DataCopies {
    /// What the physical copy of `source` says of itself.
    ///
    /// # Errors
    /// `CopyDamaged` if there is none or it is not understood, or what the disk says.
    pub(super) fn read_base(&self, point: &str, source: &str) -> Result<Base, Fault> {
        let name = copy_name(source);
        let path = self.path(point, &name)?;
        let file = File::open(&path).map_err(FileError::new("read", &path))?;
        read(BufReader::new(file)).map_err(|error| damaged(point, &name, &path).because(&error))
    }
}

fn read(archive: impl Read + Seek) -> Result<Base, BaseError> {
    let broken = |_| BaseError::Archive;
    let mut found: BTreeMap<&str, (Vec<u8>, u64)> = BTreeMap::new();
    let mut archive = Archive::new(archive);
    // No extensions are followed: their sizes are the pod's, and the server writes none.
    for entry in archive.entries_with_seek().map_err(broken)?.raw(true).take(MOST) {
        let mut entry = entry.map_err(broken)?;
        let path = entry.path_bytes().into_owned();
        let Some((name, largest)) = WANTED.iter().find(|(name, _)| name.as_bytes() == path) else { continue };
        let mut bytes = Vec::new();
        entry.by_ref().take(largest + 1).read_to_end(&mut bytes).map_err(broken)?;
        let written = entry.header().mtime().map_err(broken)?;
        if bytes.len() as u64 > *largest || found.insert(name, (bytes, written)).is_some() {
            return Err(BaseError::File(name));
        }
    }
    let file = |name: &'static str| found.get(name).ok_or(BaseError::File(name));
    let ((version, _), (control, _)) = (file(VERSION_FILE)?, file(CONTROL_FILE)?);
    let (manifest, written) = file(MANIFEST_FILE)?;
    Base::read(&Files { version, control, manifest, written: *written })
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use super::*;

    fn archive(files: &[(&str, &[u8])]) -> Vec<u8> {
        let mut builder = tar::Builder::new(Vec::new());
        for (name, bytes) in files {
            let mut header = tar::Header::new_ustar();
            header.set_size(bytes.len() as u64);
            header.set_mtime(1_795_000_000);
            builder.append_data(&mut header, name, *bytes).expect("in memory");
        }
        builder.into_inner().expect("in memory")
    }

    #[test]
    fn an_archive_that_lacks_something_is_no_copy() {
        let whole: [(&str, &[u8]); 4] =
            [("PG_VERSION", b"15\n"), ("base/1/1255", b"x"), ("global/pg_control", b"y"), ("backup_manifest", b"{}")];
        assert_eq!(read(Cursor::new(archive(&whole))), Err(BaseError::Control), "all three are there");
        for (gone, name) in [(0, "PG_VERSION"), (2, "global/pg_control"), (3, "backup_manifest")] {
            let mut files = whole.to_vec();
            files.remove(gone);
            assert_eq!(read(Cursor::new(archive(&files))), Err(BaseError::File(name)));
        }
        let twice = [&whole[..], &whole[..1]].concat();
        assert_eq!(read(Cursor::new(archive(&twice))), Err(BaseError::File("PG_VERSION")));
        let large = vec![b'1'; 65];
        assert_eq!(read(Cursor::new(archive(&[("PG_VERSION", &large)]))), Err(BaseError::File("PG_VERSION")));
        assert_eq!(read(Cursor::new(vec![7; 2000])), Err(BaseError::Archive));
    }
}
