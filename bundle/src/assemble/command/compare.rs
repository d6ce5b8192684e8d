//! How two releases differ.

use std::collections::{BTreeMap, BTreeSet};

use bridle_core::digest::Digest;
use serde_json::json;

use crate::file::Contents;

/// Tells which parts are new, gone or changed, and what an upgrade moves.
pub(super) fn show(old: &Contents, new: &Contents, as_json: bool) {
    let (before, after) = (parts(old), parts(new));
    let known: BTreeSet<Digest> = old.all().map(|blob| blob.digest).collect();
    let moved: Vec<u64> = new.all().filter(|blob| !known.contains(&blob.digest)).map(|blob| blob.size).collect();
    let mut lines = Vec::new();
    for (name, digest) in &after {
        match before.get(name) {
            None => lines.push(("new", name)),
            Some(earlier) if earlier != digest => lines.push(("changed", name)),
            Some(_) => {}
        }
    }
    lines.extend(before.keys().filter(|name| !after.contains_key(*name)).map(|name| ("gone", name)));
    let bytes: u64 = moved.iter().sum();
    if as_json {
        let changes: Vec<_> = lines.iter().map(|(kind, name)| json!({ "change": kind, "part": name })).collect();
        let version = |contents: &Contents| json!({ "version": contents.release.version, "digest": contents.digest });
        let document = json!({
            "old": version(old), "new": version(new), "changes": changes, "blobs": moved.len(), "bytes": bytes,
        });
        println!("{document:#}");
        return;
    }
    println!("{} {} -> {}", new.release.name, old.release.version, new.release.version);
    for (kind, name) in lines {
        println!("{kind:<8} {name}");
    }
    println!("{} blobs with {bytes} bytes to move", moved.len());
}

fn parts(contents: &Contents) -> BTreeMap<String, Digest> {
    let release = &contents.release;
    let programs = release.programs.iter().map(|(name, blob)| (format!("program {name}"), blob.digest));
    let images = release.images.iter().map(|(reference, image)| (format!("image {reference}"), image.manifest));
    let charts = release.charts.iter().map(|chart| (format!("chart {}", chart.name), chart.package.digest));
    programs.chain(images).chain(charts).collect()
}
