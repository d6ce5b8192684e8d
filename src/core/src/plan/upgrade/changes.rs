//! What a change would bring, as people are shown it.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::release::ReleaseManifest;

/// What one release has that another has not.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Changes {
    /// Version of Kubernetes before and after.
    pub kubernetes: (String, String),
    /// Images.
    pub images: ImageChanges,
    /// Charts that come, go or change.
    pub charts: Vec<ChartChange>,
    /// Charts that stay as they are.
    pub unchanged_charts: u64,
}

/// Images of two releases side by side.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ImageChanges {
    /// References that come.
    pub new: Vec<String>,
    /// References that go.
    pub gone: Vec<String>,
    /// References that mean another image than before.
    pub moved: Vec<String>,
    /// Those that stay.
    pub unchanged: u64,
    /// Bytes of the images that come or are moved, compressed.
    pub bytes: u64,
    /// The same unpacked.
    pub unpacked: u64,
}

/// What becomes of a chart.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChartChange {
    /// Its name.
    pub name: String,
    /// Version before; none if it comes.
    pub from: Option<String>,
    /// Version after; none if it goes.
    pub to: Option<String>,
    /// Whether its pods cannot run beside those that they replace.
    pub interrupts: bool,
}

impl Changes {
    /// What `new` brings over `old`.
    #[must_use]
    pub fn between(old: &ReleaseManifest, new: &ReleaseManifest) -> Self {
        let mut charts = Vec::new();
        let mut unchanged_charts = 0;
        for chart in &new.charts {
            match old.charts.iter().find(|before| before.name == chart.name) {
                Some(before) if before.package == chart.package && before.values == chart.values => {
                    unchanged_charts += 1
                }
                before => charts.push(ChartChange {
                    name: chart.name.clone(),
                    from: before.map(|before| before.version.clone()),
                    to: Some(chart.version.clone()),
                    interrupts: before.is_some() && chart.interrupts,
                }),
            }
        }
        for chart in old.charts.iter().filter(|chart| !new.charts.iter().any(|next| next.name == chart.name)) {
            let (name, from) = (chart.name.clone(), Some(chart.version.clone()));
            charts.push(ChartChange { name, from, to: None, interrupts: true });
        }
        let kubernetes = (old.kubernetes.version.to_string(), new.kubernetes.version.to_string());
        Self { kubernetes, images: images(old, new), charts, unchanged_charts }
    }
}

/// References that mean another image in `new` than in `old`.
pub(super) fn moved(old: &ReleaseManifest, new: &ReleaseManifest) -> Vec<String> {
    let other = |(reference, image): &(&String, &crate::release::ImageEntry)| {
        old.images.get(*reference).is_some_and(|before| before.manifest != image.manifest)
    };
    new.images.iter().filter(other).map(|(reference, _)| reference.clone()).collect()
}

fn images(old: &ReleaseManifest, new: &ReleaseManifest) -> ImageChanges {
    let moved = moved(old, new);
    let names = |release: &ReleaseManifest| release.images.keys().cloned().collect::<BTreeSet<String>>();
    let (before, after) = (names(old), names(new));
    let comes: Vec<String> = after.difference(&before).cloned().collect();
    let brought = || comes.iter().chain(&moved).filter_map(|name| new.images.get(name));
    let bytes = brought().map(|image| image.compressed).sum();
    let unpacked = brought().map(|image| image.unpacked).sum();
    ImageChanges {
        unchanged: (after.len() - comes.len() - moved.len()) as u64,
        gone: before.difference(&after).cloned().collect(),
        new: comes,
        moved,
        bytes,
        unpacked,
    }
}
