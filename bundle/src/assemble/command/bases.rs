//! What a delta leaves out: earlier releases, and what a host says that it has.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use bridle_core::digest::Digest;
use bridle_core::release::ReleaseManifest;
use bridle_core::store::have::{HaveList, MAX_HAVE};
use clap::Args;

use crate::assemble::error::AssembleError;
use crate::assemble::succession;
use crate::file::{Known, MAX_BASES};
use crate::trust::{PublicKey, TrustedKeys};

/// Options of `build` for a delta.
#[derive(Debug, Args)]
pub(super) struct BaseOptions {
    /// Besides the whole file write NAME-VERSION-ARCH.delta.bundle without what this earlier release holds (.run, .bundle or
    /// a delta; may be repeated)
    #[arg(long, value_name = "FILE")]
    since: Vec<PathBuf>,
    /// … and without what a server has: the list that bridle release have prints there (may be repeated)
    #[arg(long, value_name = "FILE")]
    have: Vec<PathBuf>,
    /// Public key that an earlier release may be signed with, beside the one of --key (may be repeated)
    #[arg(long, value_name = "FILE")]
    publisher_key: Vec<PathBuf>,
}

/// Everything that was named, read and checked.
#[derive(Debug)]
pub(super) struct Bases {
    releases: Vec<(ReleaseManifest, PathBuf, BTreeSet<Digest>)>,
    lists: Vec<(HaveList, PathBuf)>,
}

impl BaseOptions {
    /// Reads earlier releases, whose signatures must be of `own` or a key that was named, and have-lists.
    pub(super) fn read(&self, own: &PublicKey) -> Result<Bases, AssembleError> {
        if self.since.len() + self.have.len() > MAX_BASES {
            return Err(AssembleError::recipe("delta", format!("more than {MAX_BASES} releases and lists")));
        }
        let mut keys = vec![own.clone()];
        for path in &self.publisher_key {
            keys.push(PublicKey::read(path)?);
        }
        let trusted = TrustedKeys::new(keys)?;
        let mut bases = Bases { releases: Vec::new(), lists: Vec::new() };
        for path in &self.since {
            let contents = super::open(path, Some(&trusted))?.1;
            let contents = contents.contents();
            let blobs = contents.blobs.iter().map(|blob| blob.digest).collect();
            bases.releases.push((contents.release.clone(), path.clone(), blobs));
        }
        for path in &self.have {
            bases.lists.push((have_list(path)?, path.clone()));
        }
        Ok(bases)
    }
}

fn have_list(path: &Path) -> Result<HaveList, AssembleError> {
    let mut bytes = Vec::new();
    File::open(path)
        .and_then(|file| file.take(MAX_HAVE + 1).read_to_end(&mut bytes))
        .map_err(AssembleError::io("read", path))?;
    let refuse = |error| AssembleError::recipe(path.display().to_string(), crate::assemble::error::chain(&error));
    HaveList::parse(&bytes).map_err(refuse)
}

impl Bases {
    /// The bases of a delta of `release`: nobody's server has another platform's releases or another processor's.
    pub(super) fn known<'a>(&'a self, release: &ReleaseManifest) -> Result<Vec<Known<'a>>, AssembleError> {
        let foreign = |path: &Path, found: &str, wanted: &str| {
            AssembleError::recipe(path.display().to_string(), format!("is of {found}, the delta is of {wanted}"))
        };
        let mut known = Vec::new();
        for (base, path, blobs) in &self.releases {
            for (found, wanted) in [(&base.name, &release.name), (&base.architecture, &release.architecture)] {
                if found != wanted {
                    return Err(foreign(path, found, wanted));
                }
            }
            for told in succession::check(base, release)? {
                eprintln!("warning: {told}");
            }
            known.push(Known { releases: vec![base.id()], holds: Box::new(|digest| blobs.contains(digest)) });
        }
        for (list, path) in &self.lists {
            if list.platform != release.name {
                return Err(foreign(path, &list.platform, &release.name));
            }
            known.push(Known { releases: list.releases.clone(), holds: Box::new(|digest| list.holds(digest)) });
        }
        Ok(known)
    }
}
