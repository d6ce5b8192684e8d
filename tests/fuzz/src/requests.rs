//! Requests to the registry on loopback.

use bridle_core::pull::{Asked, LONGEST, Range, asked, range};

/// Lines: path, `ns`, `Range`, size of the blob. What comes out of it can stand in a header and in a log.
pub(crate) fn registry(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let mut lines = text.splitn(4, '\n');
    let mut line = || lines.next().unwrap_or_default();
    let (path, host, wanted, size) = (line(), line(), line(), line());
    let host = (!host.is_empty()).then_some(host);
    if let Ok(Asked::Manifest(name) | Asked::Tags(name)) = asked(path, host) {
        assert!(name.len() <= 2 * LONGEST + 1 && name.bytes().all(|byte| byte.is_ascii_graphic()));
        assert!(name.split('/').all(|part| !matches!(part, "" | "." | "..")), "{name}");
        assert!(host.is_none_or(|host| name.starts_with(host)));
    }
    let size = size.trim().parse().unwrap_or(u64::MAX);
    if let Range::Part(from, until) = range(wanted, size) {
        assert!(from < until && until <= size, "{from}-{until} of {size}");
    }
}

pub(crate) fn registry_seeds() -> Vec<Vec<u8>> {
    let digest = bridle_core::digest::Digest::of(b"x");
    [
        "team/app/manifests/1.2\nbridle.internal\nbytes=0-9\n100".to_owned(),
        format!("app/manifests/{digest}\nregistry.example:5000\nbytes=-5\n3"),
        format!("app/blobs/{digest}\n\nbytes=5-\n18446744073709551615"),
        "app/tags/list\nlocalhost\nbytes=9-3\n0".to_owned(),
        format!("app/referrers/{digest}\n\nbytes=1-2,4-5\n10"),
    ]
    .map(String::into_bytes)
    .into()
}
