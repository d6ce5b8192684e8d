//! The binary under test.

use super::{Checked, Failure};
use crate::gate::path_with_go;
use crate::testhost::{Invocation, cache_folder};
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// The version of the stand-in that is checked.
const VERSION: &str = "1.36.3";
/// Compiling all of Kubernetes on two busy cores; from the cache it takes a second.
const BUILD_LIMIT: Duration = Duration::from_secs(40 * 60);

/// The binary at `given`, or else the stand-in of the checkout at `root`, built where the cache does not have it.
pub(super) fn find(root: &Path, given: Option<PathBuf>) -> Checked<PathBuf> {
    if let Some(path) = given {
        return Ok(path);
    }
    let folder = cache_folder().join("contract");
    fs::create_dir_all(&folder).map_err(Failure::file("create", folder.display()))?;
    let output = folder.join("k3s");
    let script = root.join("images/node/build.sh");
    Invocation::new(&script.to_string_lossy(), [VERSION.as_ref(), output.as_os_str()])
        .env("PATH", &path_with_go().to_string_lossy())
        .limit(BUILD_LIMIT)
        .run_ok()?;
    Ok(output)
}
