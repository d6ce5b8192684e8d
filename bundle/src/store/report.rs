//! What the store did and found, in the shapes that faces show.

use bridle_core::message::Message;
use bridle_core::store::{CheckView, CollectView, DamageView, RepairView};

use super::{Checked, Collected, Damage, Repaired};

impl From<Damage> for DamageView {
    fn from(damage: Damage) -> Self {
        let part = match &damage.blob {
            Some(blob) => blob.named_by.message(),
            None => Message::new("store-part-record"),
        };
        Self {
            release: damage.release,
            digest: damage.blob.as_ref().map(|blob| blob.digest),
            size: damage.blob.map_or(0, |blob| blob.size),
            part,
            damage: damage.kind,
        }
    }
}

impl From<Checked> for CheckView {
    fn from(checked: Checked) -> Self {
        Self {
            releases: checked.releases,
            blobs: checked.blobs,
            bytes: checked.bytes,
            damages: checked.damages.into_iter().map(DamageView::from).collect(),
        }
    }
}

impl From<Repaired> for RepairView {
    fn from(repaired: Repaired) -> Self {
        Self {
            id: repaired.id,
            repaired: repaired.blobs,
            bytes: repaired.bytes,
            left: repaired.left.into_iter().map(DamageView::from).collect(),
        }
    }
}

impl Collected {
    /// The same for faces.
    #[must_use]
    pub fn view(self, dry_run: bool) -> CollectView {
        CollectView {
            dry_run,
            blobs: self.sweep.blobs.len() as u64,
            parts: self.sweep.parts.len() as u64,
            bytes: self.sweep.bytes,
            in_use: self.sweep.in_use,
            recent: self.sweep.recent,
            unknown: self.unknown,
        }
    }
}
