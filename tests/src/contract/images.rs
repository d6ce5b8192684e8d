//! Two small images: Debian's static busybox as a server of everything, and the same as the holder of a pod.

use super::{Checked, Failure};
use crate::testhost::{Invocation, cache_folder};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use std::ffi::OsStr;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

/// What every pod of the suite runs: two web servers and an echo, ended by SIGTERM at once.
const SERVE: &str = "trap 'exit 0' TERM; echo serving; mkdir -p /tmp/www; hostname > /tmp/www/index.html; \
     httpd -p 8080 -h /tmp/www; httpd -p 8081 -h /tmp/www; nc -ll -p 9000 -e cat & tail -f /dev/null & wait";
/// What the holder of a pod runs: nothing, until it is told to end.
const HOLD: &str = "trap 'exit 0' TERM; /bin/busybox tail -f /dev/null & wait";
const DOWNLOAD_LIMIT: Duration = Duration::from_secs(180);

/// An image of a registry: repository, tag, and the folder (OCI layout) it is pushed from.
#[derive(Debug)]
pub(super) struct Image {
    pub repository: &'static str,
    pub tag: &'static str,
    pub layout: PathBuf,
}

/// Makes the images below `scratch`.
pub(super) fn make(scratch: &Path) -> Checked<[Image; 2]> {
    let layer = layer(scratch)?;
    let image = |repository: &'static str, tag: &'static str, script: &str| -> Checked<Image> {
        let layout = scratch.join(repository.replace('/', "-"));
        write_layout(&layout, &layer, script)?;
        Ok(Image { repository, tag, layout })
    };
    Ok([image("contract/all", "1", SERVE)?, image("contract/pause", "3", HOLD)?])
}

/// One layer with busybox under all its names.
fn layer(scratch: &Path) -> Checked<Vec<u8>> {
    let busybox = busybox()?;
    let root = scratch.join("root");
    let bin = root.join("bin");
    fs::create_dir_all(&bin).map_err(Failure::file("create", bin.display()))?;
    fs::create_dir_all(root.join("tmp")).map_err(Failure::file("create", root.display()))?;
    fs::copy(&busybox, bin.join("busybox")).map_err(Failure::file("copy", busybox.display()))?;
    let names = Invocation::new(&busybox.to_string_lossy(), ["--list"]).run_ok()?.stdout;
    for name in names.lines().filter(|name| *name != "busybox") {
        symlink("busybox", bin.join(name)).map_err(Failure::file("link", name))?;
    }
    let archive = scratch.join("layer.tar");
    let words = ["--create", "--owner=0", "--group=0", "--numeric-owner", "--mtime=@0", "--sort=name", "--file"];
    let words = words.iter().map(OsStr::new);
    let places = [archive.as_os_str(), OsStr::new("--directory"), root.as_os_str(), OsStr::new(".")];
    Invocation::new("tar", words.chain(places)).run_ok()?;
    fs::read(&archive).map_err(Failure::file("read", archive.display()))
}

/// Debian's static busybox, kept outside the checkout.
fn busybox() -> Checked<PathBuf> {
    let folder = cache_folder().join("contract");
    let program = folder.join("busybox");
    if program.is_file() {
        return Ok(program);
    }
    fs::create_dir_all(&folder).map_err(Failure::file("create", folder.display()))?;
    let scratch = tempfile::tempdir_in(&folder).map_err(Failure::file("make a folder in", folder.display()))?;
    let script = "set -e; apt-get -q -o Acquire::Retries=3 download busybox-static; \
         dpkg-deb -x busybox-static_*.deb .; sync";
    let mut command = Command::new("sh");
    command.args(["-c", script]).current_dir(scratch.path());
    Invocation::of(command, "apt-get download busybox-static".to_owned()).limit(DOWNLOAD_LIMIT).run_ok()?;
    let unpacked = scratch.path().join("bin/busybox");
    fs::rename(&unpacked, &program).map_err(Failure::file("rename", unpacked.display()))?;
    Ok(program)
}

/// An OCI layout with one image: the layer, and `script` as what it runs.
fn write_layout(folder: &Path, layer: &[u8], script: &str) -> Checked {
    let layer = write_blob(folder, "application/vnd.oci.image.layer.v1.tar", layer)?;
    let config = json!({
        "architecture": "amd64",
        "os": "linux",
        "config": { "Entrypoint": ["/bin/sh", "-c", script], "Env": ["PATH=/bin"] },
        "rootfs": { "type": "layers", "diff_ids": [layer["digest"]] },
    });
    let config = write_blob(folder, "application/vnd.oci.image.config.v1+json", config.to_string().as_bytes())?;
    let kind = "application/vnd.oci.image.manifest.v1+json";
    let manifest = json!({ "schemaVersion": 2, "mediaType": kind, "config": config, "layers": [layer] });
    let manifest = write_blob(folder, kind, manifest.to_string().as_bytes())?;
    let index = json!({ "schemaVersion": 2, "manifests": [manifest] });
    for (name, text) in [("index.json", index.to_string()), ("oci-layout", r#"{"imageLayoutVersion":"1.0.0"}"#.into())]
    {
        fs::write(folder.join(name), text).map_err(Failure::file("write", name))?;
    }
    Ok(())
}

/// Writes a blob and returns its descriptor.
fn write_blob(folder: &Path, kind: &str, bytes: &[u8]) -> Checked<Value> {
    let digest: String = Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect();
    let blobs = folder.join("blobs/sha256");
    fs::create_dir_all(&blobs).map_err(Failure::file("create", blobs.display()))?;
    fs::write(blobs.join(&digest), bytes).map_err(Failure::file("write", &digest))?;
    Ok(json!({ "mediaType": kind, "digest": format!("sha256:{digest}"), "size": bytes.len() }))
}
