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

/// Removes everything of a lab, its record last.
pub(crate) fn remove_lab(record: &Record) -> Result<()> {
    let id = record.id();
    let prefix = format!("{id}-");
    for name in groups::named(&prefix)? {
        groups::kill_all(&name)?;
        groups::remove(&name)?;
    }
    release_disks(&record.folder)?;
    network::remove_all(&id)?;
    match fs::remove_dir_all(&record.folder) {
        Ok(()) => {}
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
        Err(error) => return Err(Error::file("remove", &record.folder)(error)),
    }
    record.forget()
}

/// Unmounts all disks below the lab's folder and gives their loop devices back.
fn release_disks(folder: &Path) -> Result<()> {
    for mount_point in disk::mount_points()? {
        if mount_point.starts_with(folder) {
            let image = mount_point.with_extension("ext4");
            Disk { image, mount_point }.detach()?;
        }
    }
    // A run may be killed between making the loop device and mounting it.
    Disk { image: folder.to_owned(), mount_point: folder.to_owned() }.detach()
}
