//! One member of a wheel: programs that are published as Python packages.

use std::fs;
use std::time::Duration;

use bridle_core::digest::Digest;

use super::Kitchen;
use crate::assemble::cache::{self, Cache, Product};
use crate::assemble::error::AssembleError;
use crate::assemble::notices::Notice;
use crate::assemble::sbom::Component;
use crate::assemble::tool::Tool;

/// Prints one member of a zip file.
const PRINT: &str = "import shutil,sys,zipfile\nwith zipfile.ZipFile(sys.argv[1]).open(sys.argv[2]) as f: shutil.copyfileobj(f,sys.stdout.buffer)";
/// Prints all licence files of a wheel.
const LICENCES: &str = "import sys,zipfile\nz=zipfile.ZipFile(sys.argv[1])\nfor n in sorted(z.namelist()):\n b=n.rsplit('/',1)[-1].upper()\n if '.dist-info/' in n and b.startswith(('LICEN','COPYING','NOTICE')): sys.stdout.buffer.write(z.read(n)+b'\\n')";

impl Kitchen<'_> {
    /// The member and the digest of its wheel, which must be `locked` if there is a lock.
    pub(super) fn pypi(
        &self,
        package: &str,
        version: &str,
        member: &str,
        locked: Option<Digest>,
    ) -> Result<(Digest, Product), AssembleError> {
        let wheel = match locked.filter(|digest| self.wheel(digest).is_file()) {
            Some(digest) => digest,
            None => self.fetch_wheel(package, version)?,
        };
        if let Some(locked) = locked.filter(|locked| *locked != wheel) {
            let what = format!("wheel of {package} {version}");
            return Err(AssembleError::Differs { what, locked: locked.to_string(), found: wheel.to_string() });
        }
        let product = self.cache.product(&Cache::key(&["pypi", &wheel.hex(), member]), || {
            let scratch = self.cache.scratch()?;
            let path = scratch.path().join("member");
            let file = fs::File::create(&path).map_err(AssembleError::io("create", &path))?;
            Tool::new("python3").args(["-c", PRINT]).arg(self.wheel(&wheel)).arg(member).into_file(file)?;
            let text = Tool::new("python3").args(["-c", LICENCES]).arg(self.wheel(&wheel)).output()?;
            let notices = if text.is_empty() {
                Vec::new()
            } else {
                vec![Notice { component: format!("{package} {version}"), text: self.cache.put(&text)? }]
            };
            let blob = self.cache.put_file(&path)?;
            let components = vec![Component::new("pypi", package, version)];
            Ok(Product { blob, diff_id: None, unpacked: 0, components, notices })
        })?;
        Ok((wheel, product))
    }

    fn wheel(&self, digest: &Digest) -> std::path::PathBuf {
        self.cache.directory("wheel").join(format!("{}.whl", digest.hex()))
    }

    fn fetch_wheel(&self, package: &str, version: &str) -> Result<Digest, AssembleError> {
        let scratch = self.cache.scratch()?;
        Tool::new("python3")
            .args(["-m", "pip", "download", "--quiet", "--no-deps", "--only-binary=:all:"])
            .args([
                "--platform",
                "manylinux_2_31_x86_64",
                "--platform",
                "manylinux2014_x86_64",
                "--platform",
                "any",
                "--dest",
            ])
            .arg(scratch.path())
            .arg(format!("{package}=={version}"))
            .limit(Duration::from_secs(1800))
            .output()?;
        let mut wheels = Vec::new();
        for entry in fs::read_dir(scratch.path()).map_err(AssembleError::io("list", scratch.path()))?.flatten() {
            if entry.path().extension().is_some_and(|extension| extension == "whl") {
                wheels.push(entry.path());
            }
        }
        let [path] = &wheels[..] else {
            return Err(AssembleError::Fetch {
                what: format!("wheel of {package} {version}"),
                reason: format!("{} files came", wheels.len()),
            });
        };
        let bytes = fs::read(path).map_err(AssembleError::io("read", path))?;
        let digest = Digest::of(&bytes);
        cache::rename(path, &self.wheel(&digest))?;
        Ok(digest)
    }
}
