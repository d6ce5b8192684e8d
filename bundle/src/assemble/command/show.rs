//! What a release file holds, as text or JSON.

use bridle_core::release::ReleaseManifest;
use serde_json::json;

use crate::assemble::publish::Published;
use crate::file::{Delta, ReleaseFile, Section, VerifiedBundle};

/// Tells what was written, with the size of each part.
pub(super) fn published(release: &ReleaseManifest, published: &Published) {
    for (name, blob) in &release.programs {
        println!("{:>12}  program {name}", blob.size);
    }
    for (reference, image) in &release.images {
        println!("{:>12}  image {reference} ({} unpacked)", image.compressed, image.unpacked);
    }
    for chart in &release.charts {
        println!("{:>12}  chart {} {}", chart.package.size, chart.name, chart.version);
    }
    println!("{:>12}  bill of materials", release.sbom.size);
    println!("{:>12}  licence notices", release.notices.size);
    for (path, size) in std::iter::once(&published.bundle).chain(&published.run) {
        println!("{size:>12}  {}", path.display());
    }
    if let Some(delta) = &published.delta {
        let (path, size) = &delta.file;
        println!("{size:>12}  {}", path.display());
        let parts = size.saturating_mul(1000) / published.bundle.1.max(1);
        println!(
            "delta   {}.{} % of the whole file: without {} blobs with {} bytes of {}",
            parts / 10,
            parts % 10,
            delta.left_out,
            delta.left_out_bytes,
            delta.releases.join(", ")
        );
    }
    println!("release {}", published.digest);
}

/// Tells what a file holds. The signature was checked with the key that the file names itself.
pub(super) fn inspect(file: &ReleaseFile, bundle: &VerifiedBundle<Section>, as_json: bool) {
    let (contents, signer) = (bundle.contents(), bundle.signer());
    let release = &contents.release;
    if as_json {
        let document = json!({
            "kind": if bundle.delta().is_some() { "delta" } else if file.is_run() { "run" } else { "bundle" },
            "bases": bundle.delta().map(Delta::releases),
            "left_out": bundle.left_out(),
            "size": file.bundle_size(),
            "digest": contents.digest,
            "key": { "id": signer.id().to_string(), "public": signer.to_base64(), "fingerprint": signer.fingerprint(), "trusted": false },
            "release": release,
            "blobs": contents.all().collect::<Vec<_>>(),
        });
        println!("{document:#}");
        return;
    }
    println!("{} {} (sequence {}, {})", release.name, release.version, release.sequence, release.architecture);
    println!("release      {}", contents.digest);
    println!("key          {} (not checked against a trusted one)", signer.id());
    println!("fingerprint  {}", signer.fingerprint());
    println!("kubernetes   {}", release.kubernetes.version);
    println!("blobs        {} with {} bytes", contents.all().count(), contents.size());
    if let Some(delta) = bundle.delta() {
        let bytes: u64 = bundle.left_out().iter().map(|blob| blob.size).sum();
        println!("delta        without {} blobs with {bytes} bytes", bundle.left_out().len());
        println!("against      {}", delta.releases().join(", "));
    }
    for (name, blob) in &release.programs {
        println!("program      {name} {} {}", blob.digest.short(), blob.size);
    }
    for (reference, image) in &release.images {
        println!("image        {reference} {} {}", image.manifest.short(), image.compressed);
    }
    for chart in &release.charts {
        println!("chart        {} {} in {}", chart.name, chart.version, chart.namespace);
    }
}
