//! Documents that a publisher or an administrator writes: release manifest, OCI index and manifest, `site.toml`.

use bridle_bundle::sample::{Document, Sample};
use bridle_core::oci::{Index, MAX_LAYERS, Manifest};
use bridle_core::release::ReleaseManifest;
use bridle_core::site::Site;

/// The release manifest of a whole platform.
const RELEASE: &[u8] = include_bytes!("../../../src/core/tests/fixtures/release-v1.json");

/// What is accepted says the same when it is written and read again, and its name is a file name.
pub(crate) fn release(data: &[u8]) {
    let Ok(release) = ReleaseManifest::parse(data) else { return };
    let text = serde_json::to_vec(&release).expect("what was read can be written");
    let again = ReleaseManifest::parse(&text).expect("what was written can be read");
    assert_eq!(serde_json::to_vec(&again).expect("written"), text, "it changes when it is written and read again");
    let id = release.id();
    assert!(!id.starts_with(['.', '-']) && id.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'/'), "{id:?}");
    let claims = release
        .images
        .values()
        .try_fold(0_u64, |sum, image| sum.checked_add(image.compressed)?.checked_add(image.unpacked));
    assert!(claims.is_some(), "sums of claims overflow");
}

pub(crate) fn release_seeds() -> Vec<Vec<u8>> {
    let compact = |text: &[u8]| serde_json::from_slice::<serde_json::Value>(text).expect("fixture").to_string();
    let sample = Sample::one().archive();
    vec![compact(RELEASE).into_bytes(), sample.document(Document::ReleaseManifest).to_vec(), b"{\"format\":2}".to_vec()]
}

/// No document is both index and manifest, and what is accepted keeps the limits.
pub(crate) fn oci(data: &[u8]) {
    let (index, manifest) = (Index::read(data), Manifest::read(data));
    assert!(index.is_err() || manifest.is_err(), "index and manifest at once");
    if let Ok(index) = index {
        let text = serde_json::to_vec(&index).expect("what was read can be written");
        assert_eq!(Index::read(&text).expect("what was written can be read"), index);
    }
    if let Ok(manifest) = manifest {
        assert!(manifest.layers.len() <= MAX_LAYERS);
        let text = serde_json::to_vec(&manifest).expect("what was read can be written");
        assert_eq!(Manifest::read(&text).expect("what was written can be read"), manifest);
    }
}

pub(crate) fn oci_seeds() -> Vec<Vec<u8>> {
    let sample = Sample::one().archive();
    [Document::Index, Document::Release, Document::ImageManifest].map(|one| sample.document(one).to_vec()).into()
}

/// What is accepted holds nothing that could leave a line, a path or a command line, and survives being written.
pub(crate) fn site(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let Ok(site) = Site::parse(text) else { return };
    assert!(site.name.bytes().chain(site.host.bytes()).all(|byte| byte.is_ascii_graphic() && byte != b'/'));
    // A value that TOML has no word for may be refused, but never become another.
    if let Ok(text) = site.to_toml() {
        let again = Site::parse(&text).expect("what was written can be read");
        assert_eq!(again.to_toml().ok(), Some(text), "it changes when it is written and read again");
    }
}

pub(crate) fn site_seeds() -> Vec<Vec<u8>> {
    let whole = "format = 1\nname = \"univ-demo\"\nhost = \"campus.example.org\"\naddress = \"192.0.2.10\"\n\
        language = \"fr\"\n[values.enrolment]\nreplicas = 2\nlist = [1, 2.5, true, \"x\"]\nmap = { a = 1979-05-27 }\n\
        [kubernetes]\nallow_cgroup_v1 = true\n";
    vec![whole.into(), Site::default().to_toml().expect("the default can be written").into_bytes()]
}
