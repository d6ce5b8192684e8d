//! The publisher's keys, in the files of minisign.

use std::fs::{self, File, OpenOptions};
use std::io::{Read as _, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use minisign::{KeyPair, SecretKeyBox};

use super::error::AssembleError;
use crate::trust::{PublicKey, SigningKey, TrustError};

/// Where key number and secret key lie in minisign's secret key.
const NUMBER: std::ops::Range<usize> = 54..62;
const SECRET: std::ops::Range<usize> = 62..126;

/// Makes `path.key` (mode 0600) and `path.pub`; neither may exist. Returns the public key.
pub(super) fn generate(path: &Path, password: Option<String>) -> Result<PublicKey, AssembleError> {
    let failed = |reason: String| AssembleError::recipe("key", reason);
    let pair = match password {
        Some(password) => KeyPair::generate_encrypted_keypair(Some(password)),
        None => KeyPair::generate_unencrypted_keypair(),
    };
    let pair = pair.map_err(|error| failed(error.to_string()))?;
    let secret =
        pair.sk.to_box(Some("bridle publisher, secret")).map_err(|error| failed(error.to_string()))?.into_string();
    let public = PublicKey::parse(pair.pk.to_base64().as_bytes())?;
    create(&with_extension(path, "key"), 0o600, secret.as_bytes())?;
    create(&with_extension(path, "pub"), 0o644, public.to_text().as_bytes())?;
    Ok(public)
}

/// Reads a secret key.
pub(super) fn load(path: &Path, password: Option<String>) -> Result<SigningKey, AssembleError> {
    let failed = |reason: String| AssembleError::Source { path: path.to_owned(), reason };
    let text = fs::read_to_string(path).map_err(AssembleError::io("read", path))?;
    let boxed = SecretKeyBox::from_string(&text).map_err(|error| failed(error.to_string()))?;
    let key = match password {
        Some(password) => boxed.into_secret_key(Some(password)),
        None => boxed.into_unencrypted_secret_key(),
    };
    let bytes = key.map_err(|error| failed(error.to_string()))?.to_bytes();
    let (Some(number), Some(secret)) = (bytes.get(NUMBER), bytes.get(SECRET)) else {
        return Err(failed("too short".to_owned()));
    };
    let (mut id, mut seed) = ([0; 8], [0; 32]);
    id.copy_from_slice(number);
    seed.copy_from_slice(&secret[..32]);
    let key = SigningKey::from_seed(seed, id);
    // The file holds the public half as well: a key that does not fit itself must not sign.
    if key.public()?.to_base64() != public_half(&id, &secret[32..])? {
        return Err(failed("damaged".to_owned()));
    }
    Ok(key)
}

/// A password from a file or, for `-`, from standard input: its first line.
pub(super) fn password(from: &Path) -> Result<String, AssembleError> {
    let mut text = String::new();
    let read = if from == Path::new("-") {
        std::io::stdin().take(4096).read_to_string(&mut text)
    } else {
        File::open(from).and_then(|file| file.take(4096).read_to_string(&mut text))
    };
    read.map_err(AssembleError::io("read password from", from))?;
    Ok(text.lines().next().unwrap_or_default().to_owned())
}

fn public_half(id: &[u8; 8], key: &[u8]) -> Result<String, TrustError> {
    use base64::Engine as _;
    let bytes = [b"Ed".as_slice(), id, key].concat();
    Ok(PublicKey::parse(base64::engine::general_purpose::STANDARD.encode(bytes).as_bytes())?.to_base64())
}

fn with_extension(path: &Path, extension: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".");
    name.push(extension);
    PathBuf::from(name)
}

fn create(path: &Path, mode: u32, bytes: &[u8]) -> Result<(), AssembleError> {
    let file = OpenOptions::new().create_new(true).write(true).mode(mode).open(path);
    let written = file.and_then(|mut file| file.write_all(bytes).and_then(|()| file.sync_all()));
    written.map_err(AssembleError::io("create", path))
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    #[test]
    fn keys_survive_a_round_trip() {
        let directory = tempfile::tempdir().expect("directory");
        let path = directory.path().join("publisher");
        let public = generate(&path, None).expect("generate");
        assert_eq!(load(&with_extension(&path, "key"), None).expect("load").public().expect("public"), public);
        assert_eq!(PublicKey::read(&with_extension(&path, "pub")).expect("read"), public);
        let mode = fs::metadata(with_extension(&path, "key")).expect("metadata").permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        assert!(generate(&path, None).is_err(), "a key is never overwritten");
    }
}
