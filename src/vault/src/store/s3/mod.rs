//! A store on a server that speaks S3.

mod call;
mod client;
mod probe;
mod trouble;

use std::fmt;
use std::sync::Arc;

use aws_sdk_s3::Client;
use aws_sdk_s3::operation::head_object::HeadObjectOutput;
use aws_sdk_s3::primitives::ByteStream;
use aws_sdk_s3::types::ChecksumMode;
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use bridle_core::port::names::Names;
use bytes::{Bytes, BytesMut};
use sha2::{Digest as _, Sha256};
use tokio::runtime::Runtime;

use self::trouble::Failed;
use super::{
    Capabilities, Key, MOST_BYTES, MOST_OBJECTS, Object, ObjectStore, Patience, Put, StoreError, Trouble, size_of,
};

/// An object of at most this size is compared byte by byte where it is unclear who wrote it.
const COMPARED: u64 = 1 << 20;

/// Where a bucket is and how it is spoken to.
#[derive(Debug, Clone)]
pub struct S3Settings {
    /// `https://HOST[:PORT]` or `http://…`.
    pub endpoint: String,
    /// The region that requests are signed for; many servers take any.
    pub region: String,
    /// The bucket.
    pub bucket: String,
    /// What names of objects begin with, without a slash at either end; empty for the whole bucket.
    pub prefix: String,
    /// Whether the bucket stands in the path (most servers) or in the host name (large providers).
    pub path_style: bool,
    /// Certificates (PEM) of who may sign the server's; empty: those that browsers trust.
    pub ca: Vec<u8>,
    /// With what is signed.
    pub credentials: S3Credentials,
    /// How long and how often is tried.
    pub patience: Patience,
}

/// An access key. `Debug` shows its name only.
#[derive(Clone, PartialEq, Eq)]
pub struct S3Credentials {
    /// Its public part.
    pub key_id: String,
    /// Its secret part.
    pub secret: String,
    /// The token of credentials that last for a while only.
    pub token: Option<String>,
}

impl fmt::Debug for S3Credentials {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "S3Credentials({})", self.key_id)
    }
}

/// A bucket, or what is below a prefix of it.
pub struct S3 {
    /// `None` only while it is dropped.
    runtime: Option<Runtime>,
    client: Client,
    settings: S3Settings,
    capabilities: Capabilities,
}

impl fmt::Debug for S3 {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "S3({})", self.location())
    }
}

impl S3 {
    /// A bucket whose server's capabilities are known; nothing is sent yet.
    ///
    /// # Errors
    /// [`StoreError`] if the settings cannot be used.
    pub fn open(settings: S3Settings, capabilities: Capabilities, names: Arc<dyn Names>) -> Result<Self, StoreError> {
        let wrong = |why| StoreError::new(Trouble::Other, "open", &settings.bucket, place(&settings), why);
        let client = client::client(&settings, names).map_err(wrong)?;
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(2).thread_name("s3").enable_all().build();
        let runtime = runtime.map_err(|error| wrong(error.to_string()))?;
        Ok(Self { runtime: Some(runtime), client, settings, capabilities })
    }

    /// A bucket whose server is asked what it can do, with objects below `probe/` that are removed again.
    ///
    /// # Errors
    /// [`StoreError`]; a server whose listings are not complete is refused.
    pub fn open_probed(settings: S3Settings, names: Arc<dyn Names>) -> Result<Self, StoreError> {
        let none = Capabilities { conditional_put: false, checksums: false, paging: false, versioning: false };
        let mut store = Self::open(settings, none, names)?;
        store.capabilities = store.probe()?;
        Ok(store)
    }

    fn name(&self, key: &str) -> String {
        if self.settings.prefix.is_empty() { key.to_owned() } else { format!("{}/{key}", self.settings.prefix) }
    }

    async fn head_object(&self, key: &Key) -> Result<Option<HeadObjectOutput>, Failed> {
        let mut request = self.client.head_object().bucket(&self.settings.bucket).key(self.name(key.as_str()));
        if self.capabilities.checksums {
            request = request.checksum_mode(ChecksumMode::Enabled);
        }
        match request.send().await.map_err(Failed::from) {
            Ok(head) => Ok(Some(head)),
            // The answer to a HEAD has no body that could say whether the object or the bucket is not there.
            Err(failed) if failed.trouble == Trouble::NotFound => Ok(None),
            Err(failed) => Err(failed),
        }
    }

    async fn get_object(&self, key: &Key, range: Option<String>, limit: u64) -> Result<Bytes, Failed> {
        let request = self.client.get_object().bucket(&self.settings.bucket).key(self.name(key.as_str()));
        let mut answer = request.set_range(range).send().await.map_err(Failed::from)?;
        let expected = answer.content_length().and_then(|length| u64::try_from(length).ok());
        if expected.is_some_and(|length| length > limit) {
            return Err(Failed::new(Trouble::Corrupt, "longer than it may be"));
        }
        let mut bytes = BytesMut::new();
        while let Some(piece) = answer.body.try_next().await.map_err(|error| Failed::new(Trouble::Retryable, error))? {
            bytes.extend_from_slice(&piece);
            if bytes.len() as u64 > limit {
                return Err(Failed::new(Trouble::Corrupt, "longer than it may be"));
            }
        }
        if expected.is_some_and(|length| length != bytes.len() as u64) {
            return Err(Failed::new(Trouble::Retryable, "the answer ended early"));
        }
        Ok(bytes.freeze())
    }

    async fn put_object(&self, key: &Key, bytes: &Bytes, how: Put, checksum: Option<&str>) -> Result<(), Failed> {
        let request = self.client.put_object().bucket(&self.settings.bucket).key(self.name(key.as_str()));
        let request = request.body(ByteStream::from(bytes.clone())).set_checksum_sha256(checksum.map(str::to_owned));
        let conditional = how == Put::New && self.capabilities.conditional_put;
        let request = request.set_if_none_match(conditional.then(|| "*".to_owned()));
        request.send().await.map_err(Failed::from).map(|_| ())
    }

    /// Looks at what was put: a server that says "done" and has nothing, or something else, is not believed.
    async fn proven(&self, key: &Key, bytes: &Bytes, checksum: Option<&str>) -> Result<(), Failed> {
        let head = self.head_object(key).await?;
        let head = head.ok_or_else(|| Failed::new(Trouble::Retryable, "it was put, and is not there"))?;
        let size = head.content_length().and_then(|length| u64::try_from(length).ok());
        let differs = checksum.is_some_and(|wanted| head.checksum_sha256().is_some_and(|found| found != wanted));
        if size != Some(bytes.len() as u64) || differs {
            return Err(Failed::new(Trouble::Retryable, "it was put, and is another one"));
        }
        Ok(())
    }

    /// Whether the object is `bytes`: then an earlier try of ours wrote it, whose answer was lost.
    async fn same(&self, key: &Key, bytes: &Bytes, checksum: Option<&str>) -> Result<bool, Failed> {
        if bytes.len() as u64 <= COMPARED {
            let found = self.get_object(key, None, COMPARED).await;
            return match found {
                Ok(found) => Ok(found == *bytes),
                Err(failed) if failed.trouble == Trouble::Corrupt => Ok(false),
                Err(failed) => Err(failed),
            };
        }
        Ok(self.proven(key, bytes, checksum).await.is_ok())
    }

    /// One page of a listing and the mark of the next.
    async fn page(
        &self,
        prefix: &str,
        mark: Option<String>,
        most: Option<i32>,
    ) -> Result<(Vec<(String, u64)>, Option<String>), Failed> {
        let request = self.client.list_objects_v2().bucket(&self.settings.bucket).prefix(self.name(prefix));
        let answer =
            request.set_continuation_token(mark.clone()).set_max_keys(most).send().await.map_err(Failed::from)?;
        let contradiction = |why: &str| Failed::new(Trouble::Corrupt, why);
        let next = answer.next_continuation_token().map(str::to_owned);
        let next = match (answer.is_truncated().unwrap_or(false), next) {
            (false, _) => None,
            (true, None) => return Err(contradiction("there is more, but no way to ask for it")),
            (true, next) if next == mark => return Err(contradiction("the same page again")),
            (true, next) => next,
        };
        if answer.key_count().is_some_and(|count| usize::try_from(count) != Ok(answer.contents().len())) {
            return Err(contradiction("as many were announced as did not come"));
        }
        let mut found = Vec::with_capacity(answer.contents().len());
        for object in answer.contents() {
            let size = object.size().and_then(|size| u64::try_from(size).ok());
            let (name, size) = object.key().zip(size).ok_or_else(|| contradiction("an object without name or size"))?;
            found.push((name.to_owned(), size));
        }
        Ok((found, next))
    }

    fn listed(&self, prefix: &str, most: Option<i32>) -> Result<(Vec<Object>, u32), StoreError> {
        let corrupt = |why: &str| StoreError::new(Trouble::Corrupt, "list", prefix, self.location(), why);
        let (mut found, mut mark, mut pages) = (Vec::new(), None, 0);
        loop {
            let (page, next) = self.call("list", prefix, 0, async |_| self.page(prefix, mark.clone(), most).await)?;
            pages += 1;
            for (name, size) in page {
                let own = if self.settings.prefix.is_empty() {
                    Some(name.as_str())
                } else {
                    name.strip_prefix(self.settings.prefix.as_str()).and_then(|rest| rest.strip_prefix('/'))
                };
                let own = own.filter(|own| own.starts_with(prefix));
                let key = own
                    .and_then(Key::new)
                    .ok_or_else(|| corrupt("something that was not asked for, or belongs not here"))?;
                found.push(Object { key, size });
            }
            if found.len() > MOST_OBJECTS {
                return Err(corrupt("more objects than a repository can have"));
            }
            mark = next;
            if mark.is_none() {
                break;
            }
        }
        found.sort_unstable();
        if found.windows(2).any(|two| two[0].key == two[1].key) {
            return Err(corrupt("an object twice: pages were made anew in between"));
        }
        Ok((found, pages))
    }
}

impl ObjectStore for S3 {
    fn location(&self) -> String {
        place(&self.settings)
    }

    fn capabilities(&self) -> Capabilities {
        self.capabilities
    }

    fn list(&self, prefix: &str) -> Result<Vec<Object>, StoreError> {
        self.listed(prefix, None).map(|(found, _)| found)
    }

    fn head(&self, key: &Key) -> Result<Option<u64>, StoreError> {
        let head = self.call("head", key, 0, async |_| self.head_object(key).await)?;
        let size = head.map(|head| head.content_length().and_then(|length| u64::try_from(length).ok()));
        size.map(|size| size.ok_or_else(|| StoreError::new(Trouble::Corrupt, "head", key, self.location(), "no size")))
            .transpose()
    }

    fn get(&self, key: &Key, limit: u64) -> Result<Bytes, StoreError> {
        self.call("get", key, limit.min(MOST_BYTES), async |_| self.get_object(key, None, limit).await)
    }

    fn get_range(&self, key: &Key, offset: u64, length: u64) -> Result<Bytes, StoreError> {
        if length == 0 {
            return Ok(Bytes::new());
        }
        let range = format!("bytes={offset}-{}", offset.saturating_add(length - 1));
        let bytes =
            self.call("get range of", key, length, async |_| self.get_object(key, Some(range.clone()), length).await)?;
        if bytes.len() as u64 != length {
            return Err(StoreError::new(Trouble::Corrupt, "get range of", key, self.location(), "shorter than it was"));
        }
        Ok(bytes)
    }

    fn put(&self, key: &Key, parts: &[Bytes], how: Put) -> Result<(), StoreError> {
        let size = size_of(parts);
        if size > MOST_BYTES {
            return Err(StoreError::new(
                Trouble::Other,
                "put",
                key,
                self.location(),
                "larger than anything that is written",
            ));
        }
        let bytes = if let [one] = parts { one.clone() } else { Bytes::from(parts.concat()) };
        let checksum = self.capabilities.checksums.then(|| BASE64_STANDARD.encode(Sha256::digest(&bytes)));
        let checksum = checksum.as_deref();
        if how == Put::New && !self.capabilities.conditional_put && self.head(key)?.is_some() {
            return Err(StoreError::new(Trouble::Exists, "put", key, self.location(), "the name is taken"));
        }
        let taken = || Failed::new(Trouble::Exists, "the name is taken");
        self.call("put", key, size, async |again: bool| {
            // An earlier try may have written it and lost its answer. Sending all of it again would not tell: many servers
            // refuse a taken name before they have read the body, and close, which looks like another lost answer.
            if again && how == Put::New && self.head_object(key).await?.is_some() {
                return if self.same(key, &bytes, checksum).await? { Ok(()) } else { Err(taken()) };
            }
            self.put_object(key, &bytes, how, checksum).await?;
            self.proven(key, &bytes, checksum).await
        })
    }

    fn delete(&self, key: &Key) -> Result<(), StoreError> {
        self.call("delete", key, 0, async |_| {
            let request = self.client.delete_object().bucket(&self.settings.bucket).key(self.name(key.as_str()));
            match request.send().await.map_err(Failed::from) {
                Err(failed) if failed.trouble != Trouble::NotFound => Err(failed),
                _ => Ok(()),
            }
        })
    }
}

impl Drop for S3 {
    fn drop(&mut self) {
        // Not even a call that hangs keeps its owner from ending.
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

/// Where a bucket is, for people.
fn place(settings: &S3Settings) -> String {
    let slash = if settings.prefix.is_empty() { "" } else { "/" };
    format!("{}/{}{slash}{}", settings.endpoint.trim_end_matches('/'), settings.bucket, settings.prefix)
}
