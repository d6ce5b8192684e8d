//! What is on this host because of an installation, with its sizes: for the lists that are shown before anything goes.

use std::fs;
use std::path::{Path, PathBuf};

use bridle_core::event::EventKind;
use bridle_core::fault::Fault;
use bridle_core::plan::uninstall::Installed;
use bridle_core::plan::{OperationKind, Plan};
use bridle_core::port::KeptSecrets as _;
use bridle_core::removal::{Data, Item, Thing};
use bridle_core::site::Site;

use super::tree;
use super::{Keeper, places};
use crate::layout::Layout;
use crate::{files, journal};

/// Files that are looked at for all sizes together; beyond that a size is too small rather than late.
const BUDGET: u64 = 1_000_000;
/// Most volumes that are listed one by one.
const MOST_VOLUMES: usize = 1000;
/// Largest site profile that is read, in bytes.
const LARGEST: u64 = 1024 * 1024;

/// What the planner needs to know; `api` is whether Kubernetes answers.
///
/// # Errors
/// A [`Fault`] if the plan of the last installation cannot be read and `data` stay: nobody knows then which secrets they
/// need. Where all data go, it is done without.
pub fn installed(layout: &Layout, api: bool, data: Data) -> Result<Installed, Fault> {
    let (install, since) = match last_install(layout) {
        Err(_) if data == Data::Delete => (None, Vec::new()),
        plans => plans?,
    };
    let last = since.iter().rev().chain(install.as_ref()).next();
    let release = last.map(|plan| plan.to().to_owned()).unwrap_or_default();
    let node = rustix::system::uname().nodename().to_string_lossy().into_owned();
    Ok(Installed {
        node,
        release,
        install,
        since,
        api,
        datastore: layout.k3s_data().join("server/db").is_dir(),
        volumes: !volumes(layout).is_empty(),
    })
}

/// Names that confirm the loss of all data: the site's and the release's, else the host's.
#[must_use]
pub fn names(layout: &Layout, installed: &Installed) -> Vec<String> {
    let text = files::read_limited(&layout.site_file(), LARGEST).ok().flatten();
    let site = text.and_then(|text| Site::parse(&text).ok()).map(|site| site.name);
    let mut names: Vec<String> = site.into_iter().chain([installed.release.clone()]).collect();
    names.retain(|name| !name.is_empty());
    if names.is_empty() {
        names.push(installed.node.clone());
    }
    names
}

/// Everything that is there.
#[must_use]
pub fn items(layout: &Layout) -> Vec<Item> {
    let mut budget = BUDGET;
    let mut found = Vec::new();
    let volumes_dir = layout.volumes_dir();
    for volume in volumes(layout) {
        let name = volume.strip_prefix(&volumes_dir).unwrap_or(&volume).display().to_string();
        found.push(Item { thing: Thing::Volume, name, bytes: Some(tree::size(&volume, &mut budget)) });
    }
    let kept = Keeper::new(layout.clone()).read().is_ok_and(|kept| !kept.secrets().is_empty());
    if kept || layout.k3s_data().join("server/db").is_dir() {
        found.push(Item { thing: Thing::Secrets, name: shown(&layout.kept_dir()), bytes: None });
    }
    let mut sized = |thing, path: PathBuf| {
        if path.symlink_metadata().is_ok() {
            found.push(Item { thing, name: shown(&path), bytes: Some(tree::size(&path, &mut budget)) });
        }
    };
    sized(Thing::Configuration, layout.etc_dir());
    sized(Thing::Configuration, layout.config_dir());
    sized(Thing::Receipt, layout.receipt_file());
    for path in places::kubernetes(layout) {
        sized(Thing::Kubernetes, path);
    }
    sized(Thing::Store, layout.store_dir());
    sized(Thing::Programs, layout.at("/opt/bridle"));
    sized(Thing::History, layout.journal_dir());
    for path in places::own_files(layout).filter(|path| path.symlink_metadata().is_ok()) {
        found.push(Item { thing: Thing::Programs, name: shown(&path), bytes: None });
    }
    found.push(Item { thing: Thing::Running, name: "k3s".to_owned(), bytes: None });
    found
}

/// The plan of the newest installation, and those of the changes since, oldest first, however far they came.
fn last_install(layout: &Layout) -> Result<(Option<Plan>, Vec<Plan>), Fault> {
    let dir = layout.journal_dir();
    let mut since = Vec::new();
    for id in journal::list(&dir)?.iter().rev().filter(|id| id.kind() != Some(OperationKind::Uninstall)) {
        // The plan stands in the first record; what became of the operation does not matter here.
        let EventKind::Approved { plan, .. } = journal::first(&dir, id)?.kind else { continue };
        if plan.kind() == OperationKind::Install {
            since.reverse();
            return Ok((Some(*plan), since));
        }
        since.push(*plan);
    }
    Ok((None, Vec::new()))
}

/// Folders of volumes: NAMESPACE/CLAIM (`design.md` §1.7).
fn volumes(layout: &Layout) -> Vec<PathBuf> {
    let folders = |path: &Path| {
        let entries = fs::read_dir(path).into_iter().flatten().flatten();
        let mut found: Vec<PathBuf> = entries.map(|entry| entry.path()).collect();
        found.sort();
        found
    };
    let all = folders(&layout.volumes_dir()).into_iter().flat_map(|namespace| folders(&namespace));
    all.take(MOST_VOLUMES).collect()
}

fn shown(path: &Path) -> String {
    path.display().to_string()
}
