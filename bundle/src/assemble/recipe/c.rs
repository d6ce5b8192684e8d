//! Static executables from one C file.

use std::path::Path;

use super::{Kitchen, go};
use crate::assemble::cache::{Cache, Product};
use crate::assemble::error::AssembleError;
use crate::assemble::sbom::Component;
use crate::assemble::source::CSource;
use crate::assemble::tool::Tool;

impl Kitchen<'_> {
    /// The executable of a C file.
    pub(super) fn c(&self, folder: &Path, source: &CSource) -> Result<Product, AssembleError> {
        let (file, mut notices, components) = match source {
            CSource::File { file } => {
                let path = folder.join(crate::assemble::layer::clean(file)?);
                (self.cache.put_file(&path)?, Vec::new(), Vec::new())
            }
            CSource::Go { go, version, file } => {
                let (blob, notices) = go::module_file(self.cache, go, version, file)?;
                (blob, notices, vec![Component::new("golang", go, version)])
            }
        };
        let compiled = self.cache.product(&Cache::key(&["c", &self.gcc, &file.digest.hex()]), || {
            let scratch = self.cache.scratch()?;
            Tool::new("gcc")
                .args(["-Os", "-static", "-s", "-Wl,--build-id=none", "-x", "c", "-o", "program"])
                .arg(format!("-ffile-prefix-map={}=/", self.cache.directory("blob").display()))
                .arg(self.cache.blob(&file.digest))
                .directory(scratch.path())
                .output()?;
            let blob = self.cache.put_file(&scratch.path().join("program"))?;
            let libc = Path::new("/usr/share/doc/libc6/copyright");
            let notices = if libc.is_file() {
                vec![crate::assemble::notices::of_file(self.cache, "GNU C library", libc)?]
            } else {
                Vec::new()
            };
            Ok(Product { blob, diff_id: None, unpacked: 0, components: Vec::new(), notices })
        })?;
        notices.extend(compiled.notices.iter().cloned());
        Ok(Product { components, notices, ..compiled })
    }
}
