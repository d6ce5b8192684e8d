//! Files of the recipe's folder.

use std::path::Path;

use super::{Kitchen, Place, walk};
use crate::assemble::cache::Product;
use crate::assemble::error::AssembleError;
use crate::assemble::layer::{Content, Entry, Node, Tree, clean};
use crate::assemble::source::{DirectoryEntry, FileEntry, LinkEntry};

impl Kitchen<'_> {
    /// The layer of some files, directories and links.
    pub(super) fn files(
        &self,
        folder: &Path,
        place: &Place,
        files: &[FileEntry],
        directories: &[DirectoryEntry],
        links: &[LinkEntry],
    ) -> Result<Product, AssembleError> {
        let mut tree = Tree::default();
        for directory in directories {
            let entry = Entry { mode: mode(&directory.mode)?, owner: owner(&directory.owner)?, node: Node::Directory };
            tree.put(&place.path(&directory.path)?, entry)?;
        }
        for file in files {
            let root = folder.join(clean(&file.from)?);
            for (name, path) in walk(&root)? {
                let to =
                    if name.is_empty() { file.to.clone() } else { format!("{}/{name}", file.to.trim_end_matches('/')) };
                let entry = Entry {
                    mode: mode(&file.mode)?,
                    owner: owner(&file.owner)?,
                    node: Node::File(Content::Path(path)),
                };
                tree.put(&place.path(&to)?, entry)?;
            }
        }
        for link in links {
            tree.put(&place.path(&link.path)?, Entry::link(&link.to))?;
        }
        tree.pack(self.cache)
    }
}

fn mode(text: &str) -> Result<u32, AssembleError> {
    u32::from_str_radix(text, 8)
        .ok()
        .filter(|mode| *mode <= 0o1777)
        .ok_or_else(|| AssembleError::recipe("files", format!("mode {text:?}: write octal, at most 1777")))
}

fn owner(text: &str) -> Result<(u64, u64), AssembleError> {
    let number = |text: &str| text.parse::<u32>().ok().map(u64::from);
    text.split_once(':')
        .and_then(|(user, group)| Some((number(user)?, number(group)?)))
        .ok_or_else(|| AssembleError::recipe("files", format!("owner {text:?}: write USER:GROUP as numbers")))
}
