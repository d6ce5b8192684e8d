//! What a server can do: tried out, because none announces it and some say "done" to what they ignore.

use aws_sdk_s3::types::BucketVersioningStatus;
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use bytes::Bytes;
use sha2::{Digest as _, Sha256};

use super::S3;
use super::trouble::Failed;
use crate::store::{Capabilities, Key, ObjectStore as _, Put, StoreError, Trouble};

/// Objects that a listing of two a page is tried with.
const OBJECTS: usize = 5;

impl S3 {
    /// Tries everything out below `probe/`, and removes it again.
    pub(super) fn probe(&mut self) -> Result<Capabilities, StoreError> {
        let mut random = [0_u8; 8];
        getrandom::fill(&mut random)
            .map_err(|error| StoreError::new(Trouble::Other, "probe", "probe", self.location(), error.to_string()))?;
        let folder = format!("probe/{:016x}", u64::from_be_bytes(random));
        let keys: Vec<Key> = (0..OBJECTS).filter_map(|number| Key::new(format!("{folder}/{number}"))).collect();
        let tried = self.tried(&folder, &keys);
        let removed = keys.iter().try_for_each(|key| self.delete(key));
        let capabilities = tried?;
        removed?;
        Ok(capabilities)
    }

    fn tried(&mut self, folder: &str, keys: &[Key]) -> Result<Capabilities, StoreError> {
        let bytes = Bytes::from_static(b"This is a test and can be removed.");
        for key in keys {
            self.put(key, std::slice::from_ref(&bytes), Put::Replace)?;
        }
        let (found, pages) = self.listed(&format!("{folder}/"), Some(2))?;
        if found.len() != keys.len() || found.iter().zip(keys).any(|(object, key)| object.key != *key) {
            let why = format!("{} of {} objects came", found.len(), keys.len());
            return Err(StoreError::new(Trouble::Corrupt, "list", folder, self.location(), why));
        }
        let versioning = self.call("ask about versions of", folder, 0, async |_| {
            let answer = self.client.get_bucket_versioning().bucket(&self.settings.bucket).send().await;
            Ok(answer.is_ok_and(|answer| answer.status() == Some(&BucketVersioningStatus::Enabled)))
        })?;
        Ok(Capabilities {
            conditional_put: self.refuses_a_taken_name(&keys[0], &bytes)?,
            checksums: self.checks_digests(&keys[1], &bytes)?,
            paging: pages > 1,
            versioning,
        })
    }

    fn refuses_a_taken_name(&mut self, key: &Key, bytes: &Bytes) -> Result<bool, StoreError> {
        self.capabilities.conditional_put = true;
        let answer = self.call("probe", key, 0, async |_| match self.put_object(key, bytes, Put::New, None).await {
            Ok(()) => Ok(false), // ignored, and overwritten
            Err(failed) if failed.trouble == Trouble::Exists => Ok(true),
            Err(failed) if failed.trouble == Trouble::Other => Ok(false), // not understood
            Err(failed) => Err(failed),
        });
        self.capabilities.conditional_put = false;
        answer
    }

    /// A right digest must be told again, and a wrong one refused.
    fn checks_digests(&mut self, key: &Key, bytes: &Bytes) -> Result<bool, StoreError> {
        self.capabilities.checksums = true;
        let [right, wrong] = [&bytes[..], b"else"].map(|bytes| BASE64_STANDARD.encode(Sha256::digest(bytes)));
        let answer = self.call("probe", key, 0, async |_| {
            match self.put_object(key, bytes, Put::Replace, Some(&right)).await {
                Err(failed) if failed.trouble == Trouble::Other => return Ok(false),
                answer => answer?,
            }
            let told = self.head_object(key).await?;
            let told = told.is_some_and(|head| head.checksum_sha256() == Some(right.as_str()));
            let refused: Result<(), Failed> = self.put_object(key, bytes, Put::Replace, Some(&wrong)).await;
            Ok(told && refused.is_err())
        });
        self.capabilities.checksums = false;
        answer
    }
}
