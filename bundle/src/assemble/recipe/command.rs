//! Programs that a command of the recipe makes.

use std::fs;
use std::path::Path;
use std::time::Duration;

use super::{Kitchen, digest_of, walk};
use crate::assemble::cache::{Cache, Product};
use crate::assemble::error::AssembleError;
use crate::assemble::source::CommandRecipe;
use crate::assemble::tool::Tool;

const LIMIT: Duration = Duration::from_secs(2 * 3600);

impl Kitchen<'_> {
    /// The program, made again only when the inputs, the command or the version change.
    pub(super) fn command(
        &self,
        folder: &Path,
        recipe: &CommandRecipe,
        version: &str,
    ) -> Result<Product, AssembleError> {
        let inputs = digest_of(folder, &recipe.inputs)?.hex();
        let parts = ["command", &self.go, &recipe.run.join("\0"), version, &inputs];
        self.cache.product(&Cache::key(&parts), || {
            let scratch = self.cache.scratch()?;
            let output = scratch.path().join("program");
            let parts = scratch.path().join("parts");
            fs::create_dir(&parts).map_err(AssembleError::io("make directory", &parts))?;
            let filled: Vec<String> = recipe
                .run
                .iter()
                .map(|part| {
                    part.replace("{version}", version)
                        .replace("{output}", &output.display().to_string())
                        .replace("{parts}", &parts.display().to_string())
                })
                .collect();
            let (program, arguments) = filled
                .split_first()
                .ok_or_else(|| AssembleError::recipe(folder.display().to_string(), "no command"))?;
            // A program of the folder is found there, not where this process happens to be.
            let program = if program.contains('/') { folder.join(program).into_os_string() } else { program.into() };
            Tool::new(program).args(arguments).directory(folder).limit(LIMIT).output()?;
            let (mut components, mut notices) = self.inside(&output)?;
            for (_, part) in walk(&parts)? {
                let (more, licences) = self.inside(&part)?;
                components.extend(more);
                notices.extend(licences);
            }
            let blob = self.cache.put_file(&output)?;
            Ok(Product { blob, diff_id: None, unpacked: 0, components, notices })
        })
    }
}
