//! Every file below the store's directory, and what it is.

use bridle_core::digest::Digest;
use bridle_core::port::fs::{Cost, Kind};
use bridle_core::store::space::{Held, Sort, SpaceView, account};

use super::error::StoreError;
use super::place::{self, failed};
use super::{Store, catalogue, pin};

/// Deepest directory that is looked into: the store's own are two deep.
const DEEPEST: usize = 8;

/// A file or directory of the store.
#[derive(Debug, Clone)]
pub(super) struct Counted {
    pub(super) sort: Sort,
    /// File name.
    pub(super) name: String,
    /// Bytes of its content; 0 for a directory.
    pub(super) bytes: u64,
    pub(super) cost: Cost,
}

impl Store {
    /// Where the space went: every file counted once.
    ///
    /// # Errors
    /// [`StoreError`] if the store cannot be read. What a damaged release names counts as not referenced.
    pub fn space(&self) -> Result<SpaceView, StoreError> {
        let named = catalogue::named_by_release(self)?;
        let held: Vec<Held> = self
            .census()?
            .into_iter()
            .map(|file| Held { sort: file.sort, bytes: file.bytes, allocated: file.cost.allocated })
            .collect();
        let free = self.fs().space(self.root()).map_err(failed("measure", self.root()))?.bytes;
        Ok(account(&named.releases, &held, free))
    }

    /// Everything below the store's directory and itself. Files that go while it looks are left out.
    pub(super) fn census(&self) -> Result<Vec<Counted>, StoreError> {
        let mut found = Vec::new();
        let cost = self.fs().cost(self.root()).map_err(failed("look at", self.root()))?;
        found.push(Counted { sort: Sort::Record, name: String::new(), bytes: 0, cost });
        self.descend("", DEEPEST, &mut found)?;
        Ok(found)
    }

    fn descend(&self, below: &str, deep: usize, found: &mut Vec<Counted>) -> Result<(), StoreError> {
        for (name, path) in place::list(self.fs(), &self.root().join(below))? {
            let relative = if below.is_empty() { name.clone() } else { format!("{below}/{name}") };
            let (look, cost) = match (self.fs().look(&path), self.fs().cost(&path)) {
                (Ok(look), Ok(cost)) => (look, cost),
                (Err(error), _) | (_, Err(error)) if error.kind() == std::io::ErrorKind::NotFound => continue,
                (Err(error), _) | (_, Err(error)) => return Err(failed("look at", &path)(error)),
            };
            let directory = look.kind == Kind::Directory;
            let bytes = if directory { 0 } else { look.size };
            let sort = sort(&relative, below, &name, look.kind);
            found.push(Counted { sort, name, bytes, cost });
            if directory && deep > 0 {
                self.descend(&relative, deep - 1, found)?;
            }
        }
        Ok(())
    }
}

/// What stands at a path below the store.
fn sort(relative: &str, below: &str, name: &str, kind: Kind) -> Sort {
    let unknown = || Sort::Unknown(relative.to_owned());
    match (below, kind) {
        ("" | "blobs", Kind::Directory) => match relative {
            "blobs" | "blobs/sha256" | "ingest" | "releases" => Sort::Record,
            _ => unknown(),
        },
        ("blobs/sha256", Kind::File) => Digest::from_hex(name).map_or_else(|_| unknown(), Sort::Blob),
        ("ingest", Kind::File) if name == "lock" => Sort::Record,
        ("ingest", Kind::File) if name.strip_suffix(".part").is_some_and(|hex| Digest::from_hex(hex).is_ok()) => {
            Sort::Partial
        }
        ("releases", Kind::File) if pin::is_record(name) => Sort::Record,
        ("releases", Kind::File) if name.strip_suffix(".part").is_some_and(pin::is_record) => Sort::Partial,
        _ => unknown(),
    }
}
