//! Images made of layers: configuration and manifest.

use std::collections::BTreeMap;
use std::path::Path;

use bridle_core::digest::Digest;
use bridle_core::oci::{CONFIG, Descriptor, LAYER_ZSTD, MANIFEST, Manifest};
use serde_json::json;

use super::error::AssembleError;
use super::notices::Notice;
use super::recipe::Kitchen;
use super::sbom::Component;
use super::source::{ImageRecipe, LockedImage, LockedLayer};

/// An image, ready to go into a release.
#[derive(Debug)]
pub(super) struct MadeImage {
    /// Descriptor of its manifest.
    pub(super) descriptor: Descriptor,
    /// Bytes of all its blobs.
    pub(super) compressed: u64,
    /// Bytes of its layers unpacked.
    pub(super) unpacked: u64,
    /// What is inside.
    pub(super) components: Vec<Component>,
    /// Licences of what is inside.
    pub(super) notices: Vec<Notice>,
    /// What the lock says about it.
    pub(super) locked: LockedImage,
}

/// Makes the image of the recipe in `folder`, whose digest is `inputs`; `locked` are the pins to use.
pub(super) fn make(
    kitchen: &Kitchen<'_>,
    folder: &Path,
    recipe: &ImageRecipe,
    inputs: Digest,
    locked: Option<&LockedImage>,
) -> Result<MadeImage, AssembleError> {
    let mut layers = Vec::new();
    for number in 0..recipe.layer.len() {
        let pins = locked.and_then(|locked| locked.layer.get(number));
        let pins = pins.filter(|pins| pins.kind == recipe.layer[number].kind());
        layers.push(kitchen.layer(folder, recipe, number, pins)?);
    }
    let diff_ids: Vec<Digest> = layers.iter().filter_map(|layer| layer.product.diff_id).collect();
    let config = kitchen.cache.put(config(recipe, &diff_ids).as_bytes())?;
    let descriptors: Vec<Descriptor> = layers
        .iter()
        .map(|layer| Descriptor::new(LAYER_ZSTD, layer.product.blob.digest, layer.product.blob.size))
        .collect();
    let manifest = Manifest {
        schema_version: 2,
        media_type: Some(MANIFEST.to_owned()),
        artifact_type: None,
        config: Descriptor::new(CONFIG, config.digest, config.size),
        layers: descriptors,
        annotations: BTreeMap::new(),
    };
    let bytes =
        serde_json::to_vec(&manifest).map_err(|error| AssembleError::recipe(&recipe.reference, error.to_string()))?;
    let blob = kitchen.cache.put(&bytes)?;
    let locked = LockedImage {
        reference: recipe.reference.clone(),
        from: None,
        inputs: Some(inputs),
        platform: None,
        index: None,
        manifest: blob.digest,
        sbom: None,
        layer: recipe
            .layer
            .iter()
            .zip(&layers)
            .map(|(recipe, made)| LockedLayer {
                kind: recipe.kind().to_owned(),
                digest: made.product.blob.digest,
                wheel: made.wheel,
                package: made.packages.clone(),
            })
            .collect(),
    };
    Ok(MadeImage {
        descriptor: Descriptor::new(MANIFEST, blob.digest, blob.size),
        compressed: size(&manifest, blob.size),
        unpacked: layers.iter().map(|layer| layer.product.unpacked).sum(),
        components: layers.iter().flat_map(|layer| layer.product.components.iter().cloned()).collect(),
        notices: layers.iter().flat_map(|layer| layer.product.notices.iter().cloned()).collect(),
        locked,
    })
}

/// Bytes of manifest, configuration and distinct layers.
pub(super) fn size(manifest: &Manifest, own: u64) -> u64 {
    let layers: BTreeMap<Digest, u64> = manifest.layers.iter().map(|layer| (layer.digest, layer.size)).collect();
    own + manifest.config.size + layers.values().sum::<u64>()
}

/// The configuration, without any time of its own.
fn config(recipe: &ImageRecipe, diff_ids: &[Digest]) -> String {
    let mut run = serde_json::Map::new();
    let mut put = |name: &str, value: serde_json::Value| run.insert(name.to_owned(), value);
    if !recipe.user.is_empty() {
        put("User", json!(recipe.user));
    }
    if !recipe.env.is_empty() {
        put("Env", json!(recipe.env.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>()));
    }
    if !recipe.entrypoint.is_empty() {
        put("Entrypoint", json!(recipe.entrypoint));
    }
    if !recipe.cmd.is_empty() {
        put("Cmd", json!(recipe.cmd));
    }
    if !recipe.workdir.is_empty() {
        put("WorkingDir", json!(recipe.workdir));
    }
    if !recipe.labels.is_empty() {
        put("Labels", json!(recipe.labels));
    }
    json!({
        "created": "1970-01-01T00:00:00Z", "architecture": "amd64", "os": "linux", "config": run,
        "rootfs": { "type": "layers", "diff_ids": diff_ids },
        "history": diff_ids.iter().map(|_| json!({ "created": "1970-01-01T00:00:00Z", "created_by": "bridle-bundle" })).collect::<Vec<_>>(),
    })
    .to_string()
}
