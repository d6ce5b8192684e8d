//! How two releases differ: parts, values, components, and what an upgrade moves. For the publisher and for hosts.

mod bill;
mod values;

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};

use bridle_core::digest::Digest;
use bridle_core::release::ReleaseManifest;
use bridle_core::store::diff::{Change, Comparison, FORMAT, Form, Moved, Part, Side};

pub use bill::read_bill;

use crate::file::{Contents, FileError, Source, VerifiedBundle};

/// Compares two releases; the bills of materials are the JSON documents that they carry.
#[must_use]
pub fn between(old: &Contents, new: &Contents, bills: Option<(&[u8], &[u8])>) -> Comparison {
    let known: BTreeSet<Digest> = old.all().map(|blob| blob.digest).collect();
    let moved: Vec<u64> = new.all().filter(|blob| !known.contains(&blob.digest)).map(|blob| blob.size).collect();
    Comparison {
        format: FORMAT,
        old: side(old),
        new: side(new),
        programs: parts(&programs(&old.release), &programs(&new.release)),
        images: parts(&images(&old.release), &images(&new.release)),
        charts: parts(&charts(&old.release), &charts(&new.release)),
        values: values::between(&old.release, &new.release),
        components: bills.and_then(|(old, new)| bill::between(old, new)),
        moved: Moved { blobs: moved.len() as u64, bytes: moved.iter().sum(), of: new.size() },
    }
}

/// Compares two release files whose signatures were checked, reading them up to their bills of materials.
///
/// # Errors
/// [`FileError`] for damage on the way.
pub fn of_files<S: Source>(old: &mut VerifiedBundle<S>, new: &mut VerifiedBundle<S>) -> Result<Comparison, FileError> {
    let bills = (read_bill(old)?, read_bill(new)?);
    let bills = bills.0.as_deref().zip(bills.1.as_deref());
    Ok(between(old.contents(), new.contents(), bills))
}

fn side(contents: &Contents) -> Side {
    let release = &contents.release;
    Side {
        name: release.name.clone(),
        version: release.version.clone(),
        sequence: release.sequence,
        digest: contents.digest,
        kubernetes: release.kubernetes.version.clone(),
    }
}

type Forms = BTreeMap<String, Form>;

fn programs(release: &ReleaseManifest) -> Forms {
    let form = |digest, size| Form { digest, size, version: None };
    release.programs.iter().map(|(name, blob)| (name.clone(), form(blob.digest, blob.size))).collect()
}

fn images(release: &ReleaseManifest) -> Forms {
    let form = |digest, size| Form { digest, size, version: None };
    release.images.iter().map(|(name, image)| (name.clone(), form(image.manifest, image.compressed))).collect()
}

fn charts(release: &ReleaseManifest) -> Forms {
    let one = |chart: &bridle_core::release::Chart| {
        let version = Some(chart.version.clone());
        (chart.name.clone(), Form { digest: chart.package.digest, size: chart.package.size, version })
    };
    release.charts.iter().map(one).collect()
}

fn parts(old: &Forms, new: &Forms) -> Vec<Part> {
    let names: BTreeSet<&String> = old.keys().chain(new.keys()).collect();
    let part = |name: &String| {
        let (old, new) = (old.get(name).cloned(), new.get(name).cloned());
        let change = match (&old, &new) {
            (None, _) => Change::New,
            (_, None) => Change::Gone,
            (Some(old), Some(new)) if old.digest == new.digest => Change::Same,
            _ => Change::Changed,
        };
        Part { name: name.clone(), change, old, new }
    };
    names.into_iter().map(part).collect()
}
