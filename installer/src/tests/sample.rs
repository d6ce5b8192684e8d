//! A small signed release as a `.run` file, and a host in a directory.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Cursor, Read, Seek as _, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use bridle_bundle::file::compose::compose;
use bridle_bundle::file::{write_bundle, write_run};
use bridle_bundle::trust::SigningKey;
use bridle_core::digest::Digest;
use bridle_core::facts::HostFacts;
use bridle_core::facts::sample::good_host;
use bridle_core::fault::Fault;
use bridle_core::message::Language;
use bridle_core::oci::{CONFIG, Descriptor, LAYER_ZSTD, MANIFEST, Manifest};
use bridle_core::port::sim::SimClock;
use bridle_core::port::{Command, CommandError, CommandOutput, Process};
use bridle_core::release::{Blob, FORMAT, ImageEntry, Kubernetes, ReleaseManifest};
use bridle_host::layout::Layout;

use crate::arguments::Install;
use crate::console::Console;
use crate::install::{self, Next, Surroundings};
use crate::place::Host;

const IMAGE: &str = "bridle.internal/pause:1";

pub fn key() -> SigningKey {
    SigningKey::from_seed([1; 32], [1; 8])
}

/// The bytes of a `.run` file with release `campus` `version`.
pub fn run_file(version: &str, sequence: u64) -> Vec<u8> {
    run_file_with(version, sequence, &["k3s", "bridle", "bridle-launch"])
}

/// The same with other programs beside the installer.
pub fn run_file_with(version: &str, sequence: u64, names: &[&str]) -> Vec<u8> {
    let mut blobs = BTreeMap::new();
    let mut add = |bytes: &[u8]| {
        let blob = Blob { digest: Digest::of(bytes), size: bytes.len() as u64 };
        blobs.insert(blob.digest, bytes.to_vec());
        blob
    };
    let described = |media_type, blob: &Blob| Descriptor::new(media_type, blob.digest, blob.size);
    let manifest = Manifest {
        schema_version: 2,
        media_type: Some(MANIFEST.to_owned()),
        artifact_type: None,
        config: described(CONFIG, &add(br#"{"architecture":"amd64","os":"linux","config":{}}"#)),
        layers: vec![described(LAYER_ZSTD, &add(&b"layer ".repeat(20_000)))],
        annotations: BTreeMap::new(),
    };
    let manifest = add(&serde_json::to_vec(&manifest).expect("json"));
    let installer = b"\x7fELF installer".repeat(50);
    let program = |name: &str| (name.to_owned(), format!("{name} of {version}").into_bytes());
    let mut programs: BTreeMap<String, Blob> =
        names.iter().map(|name| program(name)).map(|(name, bytes)| (name, add(&bytes))).collect();
    programs.insert("installer".to_owned(), add(&installer));
    let release = ReleaseManifest {
        format: FORMAT,
        name: "campus".to_owned(),
        version: version.parse().expect("version"),
        sequence,
        architecture: "amd64".to_owned(),
        upgrades_from: Vec::new(),
        soak_seconds: bridle_core::release::SOAK_SECONDS,
        notes: BTreeMap::new(),
        kubernetes: Kubernetes {
            version: "1.36.3".parse().expect("version"),
            cluster_cidr: "10.42.0.0/16".to_owned(),
            service_cidr: "10.43.0.0/16".to_owned(),
            pause: IMAGE.to_owned(),
        },
        programs,
        images: BTreeMap::from([(
            IMAGE.to_owned(),
            ImageEntry { manifest: manifest.digest, compressed: 120_000, unpacked: 120_000 },
        )]),
        namespaces: Vec::new(),
        secrets: Vec::new(),
        global: serde_json::Map::new(),
        charts: Vec::new(),
        data: Vec::new(),
        probes: Vec::new(),
        checks: Vec::new(),
        sbom: add(b"{}"),
        notices: add(b"notices"),
    };
    let images = BTreeMap::from([(IMAGE.to_owned(), described(MANIFEST, &manifest))]);
    let composed = compose(&release, &images, &key().public().expect("key")).expect("compose");
    blobs.extend(composed.blobs);
    let signature = key().sign(&composed.index[..], "test").expect("sign");
    let mut bundle = Vec::new();
    let mut open = |digest: &Digest| -> io::Result<Box<dyn Read>> {
        Ok(Box::new(Cursor::new(blobs.get(digest).cloned().ok_or(io::ErrorKind::NotFound)?)))
    };
    write_bundle(&mut bundle, &composed.index, &signature, &mut open, None).expect("bundle");
    let mut run = Vec::new();
    write_run(&mut run, &mut temporary(&installer), &mut temporary(&bundle)).expect("run");
    run
}

fn temporary(bytes: &[u8]) -> File {
    let mut file = tempfile::tempfile().expect("file");
    file.write_all(bytes).expect("write");
    file.rewind().expect("rewind");
    file
}

/// Programs that only remember that they were run.
#[derive(Default)]
pub struct Programs {
    pub ran: Mutex<Vec<String>>,
    /// Ctrl-C comes while this program runs.
    pub stop_at: Mutex<Option<(&'static str, Arc<AtomicBool>)>>,
}

impl Process for Programs {
    fn run(&self, command: &Command, _stop: &dyn Fn() -> bool) -> Result<CommandOutput, CommandError> {
        let name = command.program.file_name().unwrap_or_default().to_string_lossy();
        let line = format!("{name} {}", command.args.join(" "));
        let mut ran = self.ran.lock().expect("lock");
        if let Some((at, stop)) = &*self.stop_at.lock().expect("lock") {
            stop.fetch_or(line.starts_with(at), Ordering::Relaxed);
        }
        let made = ran.iter().any(|line| line.starts_with("groupadd"));
        let code = if name == "getent" && !made { 2 } else { 0 };
        ran.push(line);
        Ok(CommandOutput { code, ..CommandOutput::default() })
    }
}

/// A host below a temporary directory, with a release file beside it.
pub struct TestHost {
    folder: tempfile::TempDir,
    pub layout: Layout,
    pub programs: Arc<Programs>,
    pub facts: HostFacts,
    pub stop: Arc<AtomicBool>,
    pub pinned: Option<PathBuf>,
    pub said: Arc<Mutex<Vec<u8>>>,
    pub printed: Arc<Mutex<Vec<u8>>>,
    answers: Option<&'static str>,
    pub json: bool,
    pub language: Language,
}

impl TestHost {
    /// A clean host that meets the requirements; nobody can be asked, and the publisher's key is named.
    pub fn new() -> Self {
        let folder = tempfile::tempdir().expect("folder");
        let layout = Layout::under(&folder.path().join("root"));
        let host = Self {
            layout,
            programs: Arc::default(),
            facts: good_host(),
            stop: Arc::default(),
            pinned: Some(folder.path().join("publisher.pub")),
            said: Arc::default(),
            printed: Arc::default(),
            answers: None,
            json: false,
            language: Language::En,
            folder,
        };
        std::fs::create_dir(host.root()).expect("root");
        host.file("publisher.pub", key().public().expect("key").to_text().as_bytes());
        host.file("x.run", &run_file("1.0.0", 1));
        host
    }

    pub fn answering(mut self, answers: &'static str) -> Self {
        self.answers = Some(answers);
        self
    }

    pub fn root(&self) -> PathBuf {
        self.folder.path().join("root")
    }

    /// Puts a file beside the host's root.
    #[allow(clippy::disallowed_methods, reason = "a file of a test need not survive a power cut")]
    pub fn file(&self, name: &str, bytes: &[u8]) -> PathBuf {
        let path = self.folder.path().join(name);
        std::fs::write(&path, bytes).expect("write");
        path
    }

    /// Runs `install`.
    pub fn install(&self, options: &Install) -> Result<Next, Fault> {
        let (out, err) = (Shared(Arc::clone(&self.printed)), Shared(Arc::clone(&self.said)));
        let mut console = Console::scripted(self.json, Box::new(out), Box::new(err), self.answers);
        console.language = self.language;
        let around = Surroundings {
            host: Host {
                layout: self.layout.clone(),
                process: Arc::clone(&self.programs) as Arc<dyn Process>,
                clock: Arc::new(SimClock::default()),
                stop: Arc::clone(&self.stop),
            },
            root: self.facts.root,
            architecture: self.facts.architecture.clone(),
            facts: &|| self.facts.clone(),
            guard: &|| Ok(()),
            file: self.folder.path().join("x.run"),
            pinned: self.pinned.clone(),
            by: "root".to_owned(),
        };
        install::run(&mut console, options, &around)
    }

    pub fn said(&self) -> String {
        String::from_utf8(self.said.lock().expect("lock").clone()).expect("text")
    }

    pub fn printed(&self) -> String {
        String::from_utf8(self.printed.lock().expect("lock").clone()).expect("text")
    }

    /// Every path below the root with the content of files and the target of links.
    pub fn tree(&self) -> BTreeMap<PathBuf, String> {
        let mut found = BTreeMap::new();
        walk(&self.root(), &mut found);
        found
    }
}

fn walk(folder: &Path, found: &mut BTreeMap<PathBuf, String>) {
    for entry in std::fs::read_dir(folder).expect("list") {
        let path = entry.expect("entry").path();
        if path.is_symlink() {
            found.insert(path.clone(), format!("{:?}", std::fs::read_link(&path).expect("link")));
        } else if path.is_dir() {
            found.insert(path.clone(), String::new());
            walk(&path, found);
        } else {
            found.insert(path.clone(), String::from_utf8_lossy(&std::fs::read(&path).expect("read")).into_owned());
        }
    }
}

struct Shared(Arc<Mutex<Vec<u8>>>);

impl Write for Shared {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().expect("lock").extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
