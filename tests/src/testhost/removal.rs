//! Removing what a lab has made: by its owner, or by a later run after the owner was killed.
//!
//! Both take the same way: everything is found by the lab's id, not by what the owner remembers.

use super::control_groups as groups;
use super::disk::{self, Disk};
use super::registry::{self, Record};
use super::{Error, Result, network};
use std::fs;
use std::path::Path;

/// Removes the labs whose owner no longer runs; their names.
///
/// Labs of running owners and kept ones are not touched.
pub fn sweep() -> Result<Vec<String>> {
    let lock = registry::lock()?;
    sweep_locked(&lock)
}

/// As [`sweep`], by a caller that holds the lock already.
pub(crate) fn sweep_locked(lock: &registry::Lock) -> Result<Vec<String>> {
    let boot = registry::boot_id()?;
    let mut removed = Vec::new();
    for record in lock.records()? {
        if record.is_abandoned(&boot) {
            remove_lab(&record)?;
            removed.push(record.name);
        }
    }
    Ok(removed)
}

/// Removes everything of a lab, its record last. What cannot be removed does not keep the rest; the
/// record then stays, so that a later sweep tries again.
pub(crate) fn remove_lab(record: &Record) -> Result<()> {
    let id = record.id();
    let steps: [&dyn Fn() -> Result<()>; 4] =
        [&|| end_processes(&id), &|| release_disks(&record.folder), &|| network::remove_all(&id), &|| {
            remove_folder(&record.folder)
        }];
    let failures = steps.into_iter().filter_map(|step| step().err());
    // The first is the cause of the others.
    failures.reduce(|first, _| first).map_or(Ok(()), Err)?;
    record.forget()
}

fn end_processes(id: &str) -> Result<()> {
    for name in groups::named(&format!("{id}-"))? {
        groups::kill_all(&name)?;
        groups::remove(&name)?;
    }
    Ok(())
}

fn remove_folder(folder: &Path) -> Result<()> {
    // Never through a mount: what is still mounted is not to be emptied.
    if disk::mount_points()?.iter().any(|mount_point| mount_point.starts_with(folder)) {
        return Err(Error::Name { name: folder.display().to_string(), why: "still in use as a mount" });
    }
    match fs::remove_dir_all(folder) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(Error::file("remove", folder)(error)),
        _ => Ok(()),
    }
}

/// Unmounts all disks below the lab's folder and gives their loop devices back.
fn release_disks(folder: &Path) -> Result<()> {
    for mount_point in disk::mount_points()? {
        if mount_point.starts_with(folder) && mount_point != folder {
            let image = mount_point.with_extension("ext4");
            Disk { image, mount_point }.detach()?;
        }
    }
    disk::unshare(folder)?;
    // A run may be killed between making the loop device and mounting it.
    Disk { image: folder.to_owned(), mount_point: folder.to_owned() }.detach()
}
