//! Charts, rendered with the release's own helm.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use bridle_core::digest::Digest;
use bridle_core::site::Site;

use super::{NamedProgram, Work};
use crate::assemble::chart::{self, Example, MadeChart, Rendering};
use crate::assemble::error::{AssembleError, chain};
use crate::assemble::image::MadeImage;
use crate::assemble::parallel;
use crate::assemble::progress::Progress;
use crate::assemble::registry::Fetcher;
use crate::assemble::source::ReleaseSource;

/// The release's own values first, then each example of a site.
pub(super) fn examples(folder: &Path, source: &ReleaseSource) -> Result<Vec<Example>, AssembleError> {
    let mut examples = vec![Example { name: None, site: Site::default() }];
    for profile in &source.profile {
        let path = folder.join(&profile.file);
        let refuse = |reason: String| AssembleError::Source { path: path.clone(), reason };
        let text = fs::read_to_string(&path).map_err(AssembleError::io("read", &path))?;
        let site = Site::parse(&text).map_err(|error| refuse(chain(&error)))?;
        let known = |name: &&String| source.chart.iter().any(|chart| chart.name == **name);
        if let Some(unknown) = site.values.keys().find(|name| !known(name)) {
            return Err(refuse(format!("[values.{unknown}]: the release has no chart of that name")));
        }
        examples.push(Example { name: Some(profile.name.clone()), site });
    }
    Ok(examples)
}

/// The charts in the order in which they are applied.
pub(super) fn make(
    folder: &Path,
    source: &ReleaseSource,
    to_do: &Work<'_>,
    fetcher: &Fetcher<'_>,
    programs: &[NamedProgram],
    images: &[MadeImage],
    examples: &[Example],
) -> Result<Vec<MadeChart>, AssembleError> {
    if source.chart.is_empty() {
        return Ok(Vec::new());
    }
    let helm = programs
        .iter()
        .find(|(name, ..)| name == "helm")
        .ok_or_else(|| AssembleError::recipe("charts", "the release has no program helm; add a [[program]] helm"))?;
    let scratch = to_do.cache.scratch()?;
    let path = scratch.path().join("helm");
    fs::copy(to_do.cache.blob(&helm.2.blob.digest), &path).map_err(AssembleError::io("copy", &path))?;
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755))
        .map_err(AssembleError::io("mark executable", &path))?;
    let references: BTreeMap<String, Digest> =
        images.iter().map(|image| (image.locked.reference.clone(), image.descriptor.digest)).collect();
    let rendering = Rendering {
        helm: &path,
        kubernetes: &source.kubernetes,
        global: &source.values.global,
        images: &references,
        examples,
        progress: to_do.progress,
    };
    let mut made = parallel::map(to_do.jobs, &source.chart, |chart| {
        chart::make(fetcher, to_do.cache, folder, chart, to_do.pins.chart(chart), &rendering)
    })?;
    made.sort_by(|a, b| {
        let key = |made: &MadeChart| (made.chart.stage, made.chart.order);
        key(a).cmp(&key(b)).then_with(|| a.chart.name.cmp(&b.chart.name))
    });
    Ok(made)
}

/// Warns of images that nothing uses: they cost every site space.
pub(super) fn warn_of_unused(source: &ReleaseSource, images: &[MadeImage], charts: &[MadeChart], progress: &Progress) {
    let used: BTreeSet<&str> = charts.iter().flat_map(|made| made.uses.iter().map(String::as_str)).collect();
    for image in images {
        let reference = image.locked.reference.as_str();
        if !used.contains(reference) && reference != source.kubernetes.pause {
            let size = image.compressed;
            progress.warn(&format!(
                "image {reference} ({size} bytes) is used by no chart, with no profile: take it out, or add a [[profile]] \
                 that uses it"
            ));
        }
    }
}
