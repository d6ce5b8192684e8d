//! A chart's files: from a folder, from an archive; packed the same way each time.

use std::collections::BTreeMap;
use std::fs;
use std::io::{self, Read};
use std::path::Path;

use crate::assemble::error::AssembleError;
use crate::assemble::layer::clean;
use crate::assemble::recipe::walk;

/// Most files of a chart with its subcharts.
const MAX_FILES: usize = 10_000;
/// Largest chart unpacked, in bytes.
const MAX_SIZE: u64 = 128 << 20;

/// Files of a chart by path below its folder.
pub(super) type Files = BTreeMap<String, Vec<u8>>;

/// The files below a folder, or in an archive.
pub(super) fn read(path: &Path) -> Result<Files, AssembleError> {
    if path.is_file() {
        let file = fs::File::open(path).map_err(AssembleError::io("open", path))?;
        return unpack(file).map_err(AssembleError::io("unpack", path));
    }
    let mut files = Files::new();
    for (name, path) in walk(path)? {
        files.insert(name, fs::read(&path).map_err(AssembleError::io("read", &path))?);
    }
    Ok(files)
}

/// The files of a packed chart, without the folder that all are in. Links, climbing paths and claims beyond the limits
/// are refused.
pub(super) fn unpack(from: impl Read) -> io::Result<Files> {
    let refuse = |reason: String| io::Error::new(io::ErrorKind::InvalidData, reason);
    let mut archive = tar::Archive::new(flate2::read::MultiGzDecoder::new(io::BufReader::new(from)).take(MAX_SIZE));
    let mut files = Files::new();
    let mut top: Option<String> = None;
    let mut size = 0;
    for entry in archive.entries()? {
        let mut entry = entry?;
        let name = String::from_utf8_lossy(&entry.path_bytes()).into_owned();
        match entry.header().entry_type() {
            tar::EntryType::Regular => {}
            tar::EntryType::Directory | tar::EntryType::XGlobalHeader => continue,
            kind => return Err(refuse(format!("{name} is a {kind:?}; a chart has plain files only"))),
        }
        let path = clean(&name).map_err(|_| refuse(format!("{name:?} is no path inside a chart")))?;
        let (folder, path) = path.split_once('/').ok_or_else(|| refuse(format!("{name} is in no folder")))?;
        if top.get_or_insert_with(|| folder.to_owned()) != folder {
            return Err(refuse(format!("{name} is in another folder than the files before it")));
        }
        size += entry.size();
        if files.len() >= MAX_FILES || size > MAX_SIZE {
            return Err(refuse(format!("more than {MAX_FILES} files or {MAX_SIZE} bytes")));
        }
        let mut bytes = Vec::new();
        entry.read_to_end(&mut bytes)?;
        if files.insert(path.to_owned(), bytes).is_some() {
            return Err(refuse(format!("{name} stands twice")));
        }
    }
    Ok(files)
}

/// The chart as Helm packs it: `NAME/…` in a gzipped tar, sorted, without times.
pub(super) fn pack(name: &str, files: &Files) -> io::Result<Vec<u8>> {
    let gzip = flate2::GzBuilder::new().mtime(0).write(Vec::new(), flate2::Compression::best());
    let mut archive = tar::Builder::new(gzip);
    // Helm reads the head first.
    let first = files.get_key_value("Chart.yaml").into_iter();
    for (path, bytes) in first.chain(files.iter().filter(|(path, _)| *path != "Chart.yaml")) {
        let mut header = tar::Header::new_gnu();
        header.set_mode(0o644);
        header.set_mtime(0);
        header.set_size(bytes.len() as u64);
        header.set_entry_type(tar::EntryType::Regular);
        archive.append_data(&mut header, format!("{name}/{path}"), &bytes[..])?;
    }
    archive.into_inner()?.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    type Packer = tar::Builder<flate2::write::GzEncoder<Vec<u8>>>;

    fn files() -> Files {
        Files::from([
            ("Chart.yaml".to_owned(), b"name: x\nversion: 1.0.0\n".to_vec()),
            ("templates/a".to_owned(), b"a".to_vec()),
            ("charts/y/Chart.yaml".to_owned(), b"name: y\n".to_vec()),
        ])
    }

    #[test]
    fn same_chart_same_bytes_and_back() {
        let packed = pack("x", &files()).expect("pack");
        assert_eq!(packed, pack("x", &files()).expect("pack"));
        assert_eq!(unpack(&packed[..]).expect("unpack"), files());
    }

    #[test]
    fn tricks_are_refused() {
        let archive = |fill: &dyn Fn(&mut Packer)| {
            let gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
            let mut packer = Packer::new(gzip);
            fill(&mut packer);
            packer.into_inner().expect("archive").finish().expect("gzip")
        };
        let file = |packer: &mut Packer, name: &str| {
            let mut header = tar::Header::new_gnu();
            header.set_size(1);
            // The builder itself refuses such names.
            header.as_gnu_mut().expect("gnu").name[..name.len()].copy_from_slice(name.as_bytes());
            header.set_cksum();
            packer.append(&header, &b"x"[..]).expect("append");
        };
        for names in [&["../x"][..], &["x/../../y"], &["single"], &["x/a", "y/a"], &["x/a", "x/a"], &["/"]] {
            let bytes = archive(&|builder| names.iter().for_each(|name| file(builder, name)));
            assert!(unpack(&bytes[..]).is_err(), "{names:?}");
        }
        let link = archive(&|builder| {
            let mut header = tar::Header::new_gnu();
            header.set_entry_type(tar::EntryType::Symlink);
            header.set_size(0);
            builder.append_link(&mut header, "x/a", "/etc/passwd").expect("append");
        });
        assert!(unpack(&link[..]).is_err());
        assert!(unpack(&b"no archive"[..]).is_err());
    }
}
