//! The two images: what programs see, what is on disk, and what lies between.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::io;
use std::path::{Component, Path, PathBuf};

use super::power::{Change, PowerCut, contents_left, names_left};
use crate::port::fs::{Entry, Kind, Look};

/// Number of a file, directory or link.
pub(super) type Number = usize;

const ROOT: Number = 0;
/// Links that one path may go through.
const MOST_LINKS: usize = 16;

#[derive(Debug, Clone)]
enum Node {
    File(File),
    Directory(Directory),
    Link(PathBuf),
}

#[derive(Debug, Clone, Default)]
struct File {
    mode: u32,
    live: Vec<u8>,
    disk: Vec<u8>,
    waiting: Vec<Change>,
}

type Names = BTreeMap<OsString, Number>;

#[derive(Debug, Clone, Default)]
struct Directory {
    mode: u32,
    live: Names,
    disk: Names,
    waiting: Vec<Renaming>,
}

/// A change of one directory's names; both halves of a rename within it are one.
#[derive(Debug, Clone)]
struct Renaming {
    gone: Option<OsString>,
    there: Option<(OsString, Number)>,
}

/// Both images.
#[derive(Debug, Clone)]
pub(super) struct Image {
    nodes: BTreeMap<Number, Node>,
    next: Number,
}

impl Default for Image {
    fn default() -> Self {
        let root = Node::Directory(Directory { mode: 0o755, ..Directory::default() });
        Self { nodes: BTreeMap::from([(ROOT, root)]), next: ROOT + 1 }
    }
}

/// Looking.
impl Image {
    pub(super) fn look(&self, path: &Path) -> io::Result<Look> {
        Ok(match self.node(self.find(path, false)?)? {
            Node::File(file) => Look { kind: Kind::File, size: file.live.len() as u64, mode: file.mode },
            Node::Directory(directory) => Look { kind: Kind::Directory, size: 0, mode: directory.mode },
            Node::Link(target) => Look { kind: Kind::Link, size: target.as_os_str().len() as u64, mode: 0o777 },
        })
    }

    pub(super) fn content(&self, path: &Path) -> io::Result<Vec<u8>> {
        match self.node(self.find(path, true)?)? {
            Node::File(file) => Ok(file.live.clone()),
            _ => Err(io::ErrorKind::IsADirectory.into()),
        }
    }

    pub(super) fn file(&self, path: &Path) -> io::Result<Number> {
        let number = self.find(path, false)?;
        match self.node(number)? {
            Node::File(_) => Ok(number),
            _ => Err(io::ErrorKind::InvalidInput.into()),
        }
    }

    pub(super) fn read_link(&self, path: &Path) -> io::Result<PathBuf> {
        match self.node(self.find(path, false)?)? {
            Node::Link(target) => Ok(target.clone()),
            _ => Err(io::ErrorKind::InvalidInput.into()),
        }
    }

    pub(super) fn list(&self, path: &Path, most: usize) -> io::Result<Vec<Entry>> {
        let directory = self.directory(self.find(path, true)?)?;
        let entry = |(name, number): (&OsString, &Number)| Entry {
            name: name.clone(),
            directory: matches!(self.nodes.get(number), Some(Node::Directory(_))),
        };
        Ok(directory.live.iter().take(most).map(entry).collect())
    }

    pub(super) fn tree(&self, root: &Path) -> Vec<(PathBuf, String, Vec<u8>)> {
        let mut found = Vec::new();
        if let Ok(number) = self.find(root, true) {
            self.walk(number, root, &mut found);
        }
        found
    }

    fn walk(&self, number: Number, path: &Path, found: &mut Vec<(PathBuf, String, Vec<u8>)>) {
        match self.nodes.get(&number) {
            Some(Node::File(file)) => found.push((path.to_owned(), format!("file {:o}", file.mode), file.live.clone())),
            Some(Node::Link(target)) => found.push((path.to_owned(), format!("link {}", target.display()), Vec::new())),
            Some(Node::Directory(directory)) => {
                found.push((path.to_owned(), format!("dir {:o}", directory.mode), Vec::new()));
                directory.live.iter().for_each(|(name, inner)| self.walk(*inner, &path.join(name), found));
            }
            None => {}
        }
    }
}

/// Changing.
impl Image {
    pub(super) fn create(&mut self, path: &Path, mode: u32) -> io::Result<Number> {
        self.make(path, Node::File(File { mode, ..File::default() }))
    }

    pub(super) fn make_dir(&mut self, path: &Path, mode: u32) -> io::Result<()> {
        self.make(path, Node::Directory(Directory { mode, ..Directory::default() })).map(|_| ())
    }

    pub(super) fn symlink(&mut self, target: &Path, link: &Path) -> io::Result<()> {
        self.make(link, Node::Link(target.to_owned())).map(|_| ())
    }

    pub(super) fn link(&mut self, file: &Path, name: &Path, mode: u32) -> io::Result<()> {
        let number = self.find(file, false)?;
        let (parent, name) = self.place(name)?;
        if self.directory(parent)?.live.contains_key(&name) {
            return Err(io::ErrorKind::AlreadyExists.into());
        }
        let Some(Node::File(linked)) = self.nodes.get_mut(&number) else {
            return Err(io::ErrorKind::PermissionDenied.into());
        };
        linked.mode = mode;
        self.renaming(parent, Renaming { gone: None, there: Some((name, number)) })
    }

    pub(super) fn rename(&mut self, from: &Path, to: &Path) -> io::Result<()> {
        let (old_parent, old_name) = self.place(from)?;
        let (new_parent, new_name) = self.place(to)?;
        let number = *self.directory(old_parent)?.live.get(&old_name).ok_or(io::ErrorKind::NotFound)?;
        let over = self.directory(new_parent)?.live.get(&new_name).copied();
        if over.is_some_and(|over| matches!(self.nodes.get(&over), Some(Node::Directory(_)))) {
            return Err(io::ErrorKind::IsADirectory.into());
        }
        if over == Some(number) {
            return Ok(()); // two names of one file both stay (rename(2))
        }
        if old_parent == new_parent {
            let both = Renaming { gone: Some(old_name), there: Some((new_name, number)) };
            return self.renaming(old_parent, both);
        }
        self.renaming(new_parent, Renaming { gone: None, there: Some((new_name, number)) })?;
        self.renaming(old_parent, Renaming { gone: Some(old_name), there: None })
    }

    pub(super) fn remove(&mut self, path: &Path, directory: bool) -> io::Result<()> {
        let (parent, name) = self.place(path)?;
        let number = *self.directory(parent)?.live.get(&name).ok_or(io::ErrorKind::NotFound)?;
        match (self.node(number)?, directory) {
            (Node::Directory(_), false) => return Err(io::ErrorKind::IsADirectory.into()),
            (Node::File(_) | Node::Link(_), true) => return Err(io::ErrorKind::NotADirectory.into()),
            (Node::Directory(inner), true) if !inner.live.is_empty() => {
                return Err(io::ErrorKind::DirectoryNotEmpty.into());
            }
            _ => {}
        }
        self.renaming(parent, Renaming { gone: Some(name), there: None })
    }

    pub(super) fn append(&mut self, number: Number, bytes: &[u8]) {
        if let Some(Node::File(file)) = self.nodes.get_mut(&number) {
            file.waiting.push(Change::Write { at: file.live.len(), bytes: bytes.to_vec() });
            file.live.extend_from_slice(bytes);
        }
    }

    pub(super) fn truncate(&mut self, number: Number, size: usize) {
        if let Some(Node::File(file)) = self.nodes.get_mut(&number) {
            file.waiting.push(Change::Truncate(size));
            file.live.resize(size, 0);
        }
    }

    pub(super) fn overwrite(&mut self, path: &Path, bytes: &[u8]) -> io::Result<()> {
        let number = self.find(path, true)?;
        let Some(Node::File(file)) = self.nodes.get_mut(&number) else { return Err(io::ErrorKind::NotFound.into()) };
        file.waiting.clear();
        file.live = bytes.to_vec();
        file.disk = bytes.to_vec();
        Ok(())
    }

    fn make(&mut self, path: &Path, node: Node) -> io::Result<Number> {
        let (parent, name) = self.place(path)?;
        if self.directory(parent)?.live.contains_key(&name) {
            return Err(io::ErrorKind::AlreadyExists.into());
        }
        let number = self.next;
        self.next += 1;
        self.nodes.insert(number, node);
        self.renaming(parent, Renaming { gone: None, there: Some((name, number)) })?;
        Ok(number)
    }

    fn renaming(&mut self, parent: Number, renaming: Renaming) -> io::Result<()> {
        let Some(Node::Directory(directory)) = self.nodes.get_mut(&parent) else {
            return Err(io::ErrorKind::NotADirectory.into());
        };
        renaming.clone().apply(&mut directory.live);
        directory.waiting.push(renaming);
        Ok(())
    }
}

/// Going to disk.
impl Image {
    /// Brings a content to disk, or (`works` = false) forgets that it should go there.
    pub(super) fn sync_file(&mut self, number: Number, works: bool) {
        if let Some(Node::File(file)) = self.nodes.get_mut(&number) {
            for change in std::mem::take(&mut file.waiting) {
                if works {
                    change.apply(&mut file.disk);
                }
            }
        }
    }

    pub(super) fn sync_dir(&mut self, path: &Path, works: bool) -> io::Result<()> {
        let number = self.find(path, true)?;
        self.directory(number)?;
        if works {
            self.sync_names(number);
        }
        Ok(())
    }

    pub(super) fn sync_all(&mut self, path: &Path, works: bool) -> io::Result<()> {
        self.find(path, true)?;
        let numbers: Vec<Number> = self.nodes.keys().copied().collect();
        for number in numbers {
            self.sync_file(number, works);
            if works {
                self.sync_names(number);
            }
        }
        Ok(())
    }

    /// What is on disk becomes what is seen; `cut` says how much of what waited made it there.
    pub(super) fn lose_power(&mut self, cut: PowerCut) {
        for (number, node) in &mut self.nodes {
            let salt = *number as u64;
            match node {
                Node::File(file) => {
                    let waiting = std::mem::take(&mut file.waiting);
                    contents_left(&mut file.disk, &waiting, cut.contents, salt);
                    file.live = file.disk.clone();
                }
                Node::Directory(directory) => {
                    let waiting = std::mem::take(&mut directory.waiting);
                    let kept = names_left(waiting.len(), cut.names, salt);
                    waiting.into_iter().take(kept).for_each(|renaming| renaming.apply(&mut directory.disk));
                    directory.live = directory.disk.clone();
                }
                Node::Link(_) => {}
            }
        }
    }

    fn sync_names(&mut self, number: Number) {
        if let Some(Node::Directory(directory)) = self.nodes.get_mut(&number) {
            let waiting = std::mem::take(&mut directory.waiting);
            waiting.into_iter().for_each(|renaming| renaming.apply(&mut directory.disk));
        }
    }
}

/// Finding.
impl Image {
    /// Directory and name of a path that may not exist.
    fn place(&self, path: &Path) -> io::Result<(Number, OsString)> {
        let name = path.file_name().ok_or(io::ErrorKind::InvalidInput)?;
        let parent = self.find(path.parent().unwrap_or(Path::new("/")), true)?;
        self.directory(parent)?;
        Ok((parent, name.to_owned()))
    }

    fn find(&self, path: &Path, follow: bool) -> io::Result<Number> {
        self.find_from(ROOT, path, follow, MOST_LINKS)
    }

    fn find_from(&self, from: Number, path: &Path, follow: bool, links: usize) -> io::Result<Number> {
        let mut trail = vec![from];
        let parts: Vec<Component<'_>> = path.components().collect();
        for (index, part) in parts.iter().enumerate() {
            let here = *trail.last().expect("the trail begins at a directory");
            match part {
                Component::RootDir | Component::Prefix(_) => trail = vec![ROOT],
                Component::CurDir => {}
                Component::ParentDir => trail.truncate(trail.len().max(2) - 1),
                Component::Normal(name) => {
                    let mut next = self.child(here, name)?;
                    let last = index + 1 == parts.len();
                    if let (Some(Node::Link(target)), true) = (self.nodes.get(&next), follow || !last) {
                        let links = links.checked_sub(1).ok_or_else(|| io::Error::from_raw_os_error(40))?; // ELOOP
                        next = self.find_from(here, target, true, links)?;
                    }
                    trail.push(next);
                }
            }
        }
        Ok(*trail.last().expect("the trail begins at a directory"))
    }

    fn child(&self, directory: Number, name: &OsStr) -> io::Result<Number> {
        Ok(*self.directory(directory)?.live.get(name).ok_or(io::ErrorKind::NotFound)?)
    }

    fn node(&self, number: Number) -> io::Result<&Node> {
        self.nodes.get(&number).ok_or_else(|| io::ErrorKind::NotFound.into())
    }

    fn directory(&self, number: Number) -> io::Result<&Directory> {
        match self.node(number)? {
            Node::Directory(directory) => Ok(directory),
            _ => Err(io::ErrorKind::NotADirectory.into()),
        }
    }
}

impl Renaming {
    fn apply(self, names: &mut Names) {
        if let Some(gone) = self.gone {
            names.remove(&gone);
        }
        names.extend(self.there);
    }
}
