//! The command line of `bridle-bundle`.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Parser, Subcommand};

use super::build::Pins;
use super::cache::Cache;
use super::error::{AssembleError, chain};
use super::source::{Lock, earlier_lock};
use super::{keys, publish};
use crate::comparison;
use crate::file::{FileError, OpenedBundle, ReleaseFile, Section, VerifiedBundle};
use crate::trust::{PublicKey, TrustedKeys};

mod bases;
mod compare;
mod options;
mod show;

use bases::BaseOptions;
pub use options::Surroundings;
use options::WorkOptions;

/// Something failed.
const FAILED: u8 = 1;
/// A signature or a digest does not hold.
const REFUSED: u8 = 6;

/// Makes, inspects and compares release files.
#[derive(Debug, Parser)]
#[command(name = "bridle-bundle", version)]
pub struct Options {
    /// Directory of the cache [default: $BRIDLE_CACHE, or bridle in the user's cache directory]
    #[arg(long, global = true)]
    cache: Option<PathBuf>,
    #[command(subcommand)]
    command: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Make a publisher's key: NAME.key (secret) and NAME.pub
    Keygen {
        /// Path without extension
        #[arg(short, long)]
        output: PathBuf,
        /// File with a password for the secret key, or - for standard input
        #[arg(long)]
        password_file: Option<PathBuf>,
    },
    /// Make every recipe, resolve every image and write bundle.lock; what is pinned already stays where its recipe or
    /// reference has not changed
    Lock {
        /// Folder of release.toml
        source: PathBuf,
        /// Resolve Debian packages, wheels and tags of registries again
        #[arg(long)]
        update: bool,
        #[command(flatten)]
        work: WorkOptions,
    },
    /// Build the signed release from bundle.lock
    Build {
        /// Folder of release.toml and bundle.lock
        source: PathBuf,
        /// Secret key
        #[arg(long)]
        key: PathBuf,
        /// File with the password of the key, or - for standard input
        #[arg(long)]
        password_file: Option<PathBuf>,
        /// Directory for the files
        #[arg(long)]
        output: PathBuf,
        #[command(flatten)]
        bases: BaseOptions,
        #[command(flatten)]
        work: WorkOptions,
    },
    /// Show what a release file holds
    Inspect {
        /// Release file (.run or .bundle)
        file: PathBuf,
        /// As JSON
        #[arg(long)]
        json: bool,
    },
    /// Verify signatures and every byte of a release file
    Verify {
        /// Release file (.run or .bundle)
        file: PathBuf,
        /// Public key of the publisher
        #[arg(long)]
        key: PathBuf,
    },
    /// Show how two release files differ
    Diff {
        /// Older release file
        old: PathBuf,
        /// Newer release file
        new: PathBuf,
        /// As JSON
        #[arg(long)]
        json: bool,
    },
}

impl Options {
    /// Does what was asked for.
    #[must_use]
    pub fn run(self, surroundings: &Surroundings) -> ExitCode {
        let cache = self.cache.unwrap_or_else(|| surroundings.cache.clone());
        match act(self.command, &cache, surroundings) {
            Ok(()) => ExitCode::SUCCESS,
            Err(error) => {
                eprintln!("bridle-bundle: {}", chain(&error));
                ExitCode::from(status(&error))
            }
        }
    }
}

fn act(action: Action, cache: &Path, surroundings: &Surroundings) -> Result<(), AssembleError> {
    match action {
        Action::Keygen { output, password_file } => {
            let password = password_file.map(|path| keys::password(&path)).transpose()?;
            let public = keys::generate(&output, password)?;
            println!("key {} {}", public.id(), public.to_base64());
            println!("fingerprint {}", public.fingerprint());
            Ok(())
        }
        Action::Lock { source, update, work } => {
            let cache = Cache::open(cache)?;
            let path = source.join("bundle.lock");
            let earlier = earlier_lock(&source, update)?;
            let pins = earlier.as_ref().map_or(Pins::Fresh, Pins::Keep);
            let made = work.assemble(&source, pins, &cache, surroundings)?;
            write(&path, &made.lock.text()?)?;
            println!(
                "{} programs, {} images, {} charts locked in {}",
                made.lock.program.len(),
                made.lock.image.len(),
                made.lock.chart.len(),
                path.display()
            );
            Ok(())
        }
        Action::Build { source, key, password_file, output, bases, work } => {
            let password = password_file.map(|path| keys::password(&path)).transpose()?;
            let key = keys::load(&key, password)?;
            let cache = Cache::open(cache)?;
            let lock = Lock::read(&source.join("bundle.lock"))?;
            // What cannot be used is said before anything is made.
            let bases = bases.read(&key.public()?)?;
            let made = work.assemble(&source, Pins::Exact(&lock), &cache, surroundings)?;
            let published = publish::publish(&made, &key, &cache, &output, &bases.known(&made.release)?)?;
            show::published(&made.release, &published);
            Ok(())
        }
        Action::Inspect { file, json } => {
            let (release_file, bundle) = open(&file, None)?;
            show::inspect(&release_file, &bundle, json);
            Ok(())
        }
        Action::Verify { file, key } => verify(&file, &PublicKey::read(&key)?),
        Action::Diff { old, new, json } => {
            let (mut old, mut new) = (open(&old, None)?.1, open(&new, None)?.1);
            compare::show(&comparison::of_files(&mut old, &mut new)?, json)
        }
    }
}

/// Opens a release file; without keys, the one that it says it is signed with is believed (to look at it only).
fn open(path: &Path, keys: Option<&TrustedKeys>) -> Result<(ReleaseFile, VerifiedBundle<Section>), AssembleError> {
    let file = ReleaseFile::open(path)?;
    let opened = OpenedBundle::open(file.bundle()?)?;
    let keys = match keys {
        Some(keys) => keys.clone(),
        None => {
            let claimed = opened.claimed_key().cloned();
            let nobody = || AssembleError::recipe(path.display().to_string(), "carries no key");
            TrustedKeys::new(vec![claimed.ok_or_else(nobody)?])?
        }
    };
    let bundle = opened.verify(&keys, &crate::file::Conditions::default())?;
    Ok((file, bundle))
}

fn verify(path: &Path, key: &PublicKey) -> Result<(), AssembleError> {
    let (file, bundle) = open(path, Some(&TrustedKeys::new(vec![key.clone()])?))?;
    let (left_out, delta) = (bundle.left_out().len(), bundle.delta().cloned());
    let contents = bundle.verify_carried(&mut |_| {})?;
    file.verify_head(&contents.release)?;
    let mut beside = path.as_os_str().to_owned();
    beside.push(".minisig");
    let beside = PathBuf::from(beside);
    let whole = if beside.exists() {
        let signature = crate::trust::Signature::read(&beside)?;
        let content = std::fs::File::open(path).map_err(AssembleError::io("open", path))?;
        TrustedKeys::new(vec![key.clone()])?.verify_stream(content, &signature)?;
        "and its signature beside it "
    } else {
        ""
    };
    if let Some(delta) = delta {
        println!(
            "{} {} {whole}verified: key {}, a delta against {}, without {left_out} of {} blobs",
            contents.release.name,
            contents.release.version,
            key.id(),
            delta.releases().join(", "),
            contents.all().count()
        );
        return Ok(());
    }
    println!(
        "{} {} {whole}verified: key {}, {} blobs, {} bytes",
        contents.release.name,
        contents.release.version,
        key.id(),
        contents.all().count(),
        contents.size()
    );
    Ok(())
}

/// Writes a file beside, then renames it.
fn write(path: &Path, text: &str) -> Result<(), AssembleError> {
    use std::io::Write as _;
    let part = path.with_extension("lock.part");
    let written = std::fs::File::create(&part)
        .and_then(|mut file| file.write_all(text.as_bytes()).and_then(|()| file.sync_all()));
    written.map_err(AssembleError::io("write", &part))?;
    super::cache::rename(&part, path)
}

fn status(error: &AssembleError) -> u8 {
    match error {
        AssembleError::Trust(_) => REFUSED,
        AssembleError::File(FileError::Write(_)) => FAILED,
        AssembleError::File(_) => REFUSED,
        _ => FAILED,
    }
}
