//! The binary under test.

use super::{Checked, Failure};
use crate::gate::path_with_go;
use crate::testhost::{Invocation, cache_folder};
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// The version of the stand-in that is checked.
pub(super) const VERSION: &str = "1.36.3";
/// The stand-in of the minor before it.
pub(super) const OLDER: &str = "1.35.4";
/// Compiling all of Kubernetes on two busy cores; from the cache it takes a second.
const BUILD_LIMIT: Duration = Duration::from_secs(40 * 60);

/// The binary at `given`, or else this version of the stand-in of the checkout at `root`, built where the cache does not
/// have it.
pub(super) fn find(root: &Path, version: &str, given: Option<PathBuf>) -> Checked<PathBuf> {
    if let Some(path) = given {
        return Ok(path);
    }
    let folder = cache_folder().join("contract");
    fs::create_dir_all(&folder).map_err(Failure::file("create", folder.display()))?;
    let output = folder.join(format!("k3s-{version}"));
    let script = root.join("images/node/build.sh");
    Invocation::new(&script.to_string_lossy(), [version.as_ref(), output.as_os_str()])
        .env("PATH", &path_with_go().to_string_lossy())
        .limit(BUILD_LIMIT)
        .run_ok()?;
    Ok(output)
}
