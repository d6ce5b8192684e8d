//! Packed charts: as they come, and as a tar that is packed here, so that what is inside the gzip is reached.

// By itself: the crate it belongs to would bring the whole Kubernetes client into a build for fuzzing.
#[path = "../../../src/cluster/src/packed/archive.rs"]
#[expect(dead_code, reason = "what reads files is not here")]
mod packed;

use std::io::Write as _;

use flate2::Compression;
use flate2::write::GzEncoder;

/// What is read out of a chart lies below its folder and keeps the limits.
pub(crate) fn chart(data: &[u8]) {
    let Some((mode, rest)) = data.split_first() else { return };
    let found = if mode.is_multiple_of(2) { packed::crd_files(rest) } else { packed::crd_files(&pack(rest)) };
    let Ok(files) = found else { return };
    assert!(files.len() <= 1000);
    for file in &files {
        assert!(file.text.len() <= 4 << 20);
        assert!(file.path.split('/').all(|part| !matches!(part, "" | "." | "..")), "{:?}", file.path);
    }
}

fn pack(bytes: &[u8]) -> Vec<u8> {
    let mut packer = GzEncoder::new(Vec::new(), Compression::none());
    packer.write_all(bytes).and_then(|()| packer.finish()).expect("memory can be written")
}

pub(crate) fn seeds() -> Vec<Vec<u8>> {
    let mut archive = tar::Builder::new(Vec::new());
    let long = format!("demo/crds/{}.yaml", "long/".repeat(30));
    for (path, text) in [("demo/Chart.yaml", "name: demo"), ("demo/crds/a.yaml", "kind: A"), (&*long, "kind: B")] {
        let mut header = tar::Header::new_gnu();
        header.set_mode(0o644);
        header.set_size(text.len() as u64);
        archive.append_data(&mut header, path, text.as_bytes()).expect("memory can be written");
    }
    let tar = archive.into_inner().expect("memory can be written");
    vec![[&[1], &tar[..]].concat(), [&[0], &pack(&tar)[..]].concat(), [&[1], &tar[..1024]].concat()]
}
