//! Release files that nobody's build makes: entries in any order, documents with any content, signed all the same.

use bridle_core::digest::Digest;
use serde_json::Value;

use super::{Sample, key};
use crate::file::{header, padding};

/// A release file as its entries, which can be changed one by one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Archive(pub Vec<(String, Vec<u8>)>);

/// A JSON document inside a release file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Document {
    /// `index.json`.
    Index,
    /// The release's OCI manifest.
    Release,
    /// The release manifest.
    ReleaseManifest,
    /// Manifest of the first image.
    ImageManifest,
}

const INDEX: usize = 1;
const SIGNATURE: usize = 2;
const RELEASE: usize = 3;
const RELEASE_MANIFEST: usize = 4;
const IMAGE_MANIFEST: usize = 5;

impl Document {
    /// All documents.
    pub const ALL: [Self; 4] = [Self::Index, Self::Release, Self::ReleaseManifest, Self::ImageManifest];

    /// Place of its entry.
    #[must_use]
    pub fn place(self) -> usize {
        match self {
            Self::Index => INDEX,
            Self::Release => RELEASE,
            Self::ReleaseManifest => RELEASE_MANIFEST,
            Self::ImageManifest => IMAGE_MANIFEST,
        }
    }

    /// The documents that name this one by its digest, lowest first.
    fn parents(self) -> &'static [usize] {
        match self {
            Self::Index => &[],
            Self::Release => &[INDEX],
            Self::ReleaseManifest => &[RELEASE, INDEX],
            Self::ImageManifest => &[RELEASE_MANIFEST, RELEASE, INDEX],
        }
    }
}

impl Archive {
    /// The bytes of the file.
    #[must_use]
    pub fn bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        for (name, content) in &self.0 {
            bytes.extend_from_slice(&header(name, content.len() as u64));
            bytes.extend_from_slice(content);
            bytes.resize(bytes.len() + padding(content.len() as u64), 0);
        }
        bytes.resize(bytes.len() + 1024, 0);
        bytes
    }

    /// The content of a document.
    #[must_use]
    pub fn document(&self, document: Document) -> &[u8] {
        self.0.get(document.place()).map_or(&[], |(_, content)| content)
    }

    /// Puts another content in the place of a document, whatever it is, and makes everything that names it right again: the
    /// digests and sizes above it, and the signature.
    #[must_use]
    pub fn with(mut self, document: Document, content: Vec<u8>) -> Self {
        let mut renamed = self.replace(document.place(), content);
        for parent in document.parents() {
            let Some((_, text)) = self.0.get(*parent) else { continue };
            let Ok(mut value) = serde_json::from_slice::<Value>(text) else { continue };
            for (old, new, size) in &renamed {
                relink(&mut value, old, new, *size);
            }
            renamed.extend(self.replace(*parent, value.to_string().into_bytes()));
        }
        self.sign();
        self
    }

    /// Signs the index as it is with the sample publisher's key.
    ///
    /// # Panics
    /// Never: memory can be read.
    pub fn sign(&mut self) {
        let index = self.document(Document::Index).to_vec();
        let signature = key().sign(&index[..], "sample").expect("memory can be read");
        if let Some((_, content)) = self.0.get_mut(SIGNATURE) {
            *content = signature.into_bytes();
        }
    }

    /// Replaces an entry; returns old and new digest with the new size where its name is a digest.
    fn replace(&mut self, place: usize, content: Vec<u8>) -> Vec<(String, String, u64)> {
        let Some((name, old)) = self.0.get_mut(place) else { return Vec::new() };
        let (before, after) = (Digest::of(old), Digest::of(&content));
        *old = content;
        let size = old.len() as u64;
        if !name.starts_with("blobs/") {
            return Vec::new();
        }
        *name = format!("blobs/sha256/{}", after.hex());
        vec![(before.to_string(), after.to_string(), size)]
    }
}

impl Sample {
    /// The release file as its entries.
    ///
    /// # Panics
    /// If the sample cannot be made: a fault of the caller's test.
    #[must_use]
    pub fn archive(&self) -> Archive {
        Archive::of(&self.bundle())
    }
}

impl Archive {
    /// The entries of a file that was written as it should be.
    ///
    /// # Panics
    /// If it was not.
    #[must_use]
    pub fn of(bytes: &[u8]) -> Self {
        let (mut entries, mut at) = (Vec::new(), 0);
        while bytes[at] != 0 {
            let block = &bytes[at..at + 512];
            let text = |range: std::ops::Range<usize>| String::from_utf8_lossy(&block[range]).into_owned();
            let size = usize::from_str_radix(&text(124..135), 8).expect("octal");
            entries.push((text(0..100).trim_end_matches('\0').to_owned(), bytes[at + 512..][..size].to_vec()));
            at += 512 + size + padding(size as u64);
        }
        Self(entries)
    }
}

/// Puts the new digest and size wherever the old digest is named.
fn relink(value: &mut Value, old: &str, new: &str, size: u64) {
    match value {
        Value::Object(object) => {
            if object.get("digest").and_then(Value::as_str) == Some(old) {
                object.insert("digest".to_owned(), new.into());
                object.insert("size".to_owned(), size.into());
            }
            if object.get("manifest").and_then(Value::as_str) == Some(old) {
                object.insert("manifest".to_owned(), new.into());
            }
            object.values_mut().for_each(|inner| relink(inner, old, new, size));
        }
        Value::Array(array) => array.iter_mut().for_each(|inner| relink(inner, old, new, size)),
        _ => {}
    }
}
