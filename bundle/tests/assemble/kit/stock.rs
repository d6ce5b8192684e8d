//! The stock registry (Debian's `docker-registry`, the reference implementation), on loopback.

use std::fs;
use std::net::{TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use base64::Engine as _;
use bridle_core::digest::Digest;
use serde_json::json;
use ureq::tls::{Certificate, RootCerts, TlsConfig};

use super::image::{INDEX, Image, Index, MANIFEST};
use super::tokens::Tokens;

pub const USER: &str = "builder";
pub const PASSWORD: &str = "kq7-Passw0rd";
/// bcrypt of [`PASSWORD`], cost 5.
const HASH: &str = "$2y$05$abcdefghijklmnopqrstuuu.1H51zRQarYxQTAnYA3bPp38mfx4SW";
const START_LIMIT: Duration = Duration::from_secs(30);

/// A running registry. Dropping it ends it and removes its files.
pub struct Stock {
    server: Child,
    port: u16,
    folder: tempfile::TempDir,
    agent: ureq::Agent,
    secure: bool,
}

/// Who may read.
enum Guard<'a> {
    None,
    Password,
    Token(PathBuf, &'a Tokens),
}

impl Stock {
    /// Plain HTTP, for everybody.
    pub fn open() -> Self {
        Self::start(Guard::None)
    }

    /// TLS with a certificate of a private authority, for [`USER`] with [`PASSWORD`].
    pub fn guarded() -> Self {
        Self::start(Guard::Password)
    }

    /// Plain HTTP, with what this one holds, for whoever shows a token.
    pub fn behind_tokens(&self, tokens: &Tokens) -> Self {
        Self::start(Guard::Token(self.folder.path().join("data"), tokens))
    }

    /// `localhost:PORT` where it speaks TLS, `127.0.0.1:PORT` where not.
    pub fn host(&self) -> String {
        if self.secure { format!("localhost:{}", self.port) } else { format!("127.0.0.1:{}", self.port) }
    }

    /// The authority's certificate.
    pub fn authority(&self) -> PathBuf {
        self.folder.path().join("authority.pem")
    }

    /// A file with credentials, as `docker login` writes it.
    pub fn credentials(&self, password: &str) -> String {
        let auth = base64::engine::general_purpose::STANDARD.encode(format!("{USER}:{password}"));
        json!({ "auths": { self.host(): { "auth": auth } } }).to_string()
    }

    /// Pushes a manifest with its blobs under a tag.
    pub fn push(&self, name: &str, tag: &str, image: &Image) {
        for blob in &image.blobs {
            self.push_blob(name, blob);
        }
        self.push_manifest(name, tag, MANIFEST, &image.manifest);
    }

    /// Pushes an index with its images under a tag.
    pub fn push_index(&self, name: &str, tag: &str, index: &Index) {
        for image in &index.images {
            self.push(name, &image.digest().to_string(), image);
        }
        self.push_manifest(name, tag, INDEX, &index.bytes);
    }

    pub fn push_manifest(&self, name: &str, tag: &str, kind: &str, bytes: &[u8]) {
        let url = format!("{}/v2/{name}/manifests/{tag}", self.origin());
        let request = self.agent.put(&url).header("content-type", kind).header("authorization", basic());
        let status = request.send(bytes).expect("push manifest").status();
        assert_eq!(status.as_u16(), 201, "{url}");
    }

    fn push_blob(&self, name: &str, bytes: &[u8]) {
        let url = format!("{}/v2/{name}/blobs/uploads/", self.origin());
        let begun = self.agent.post(&url).header("authorization", basic()).send_empty().expect("begin upload");
        let location = begun.headers()["location"].to_str().expect("location").to_owned();
        let mark = if location.contains('?') { '&' } else { '?' };
        let url = format!("{location}{mark}digest={}", Digest::of(bytes));
        let request = self.agent.put(&url).header("content-type", "application/octet-stream");
        let status = request.header("authorization", basic()).send(bytes).expect("push blob").status();
        assert_eq!(status.as_u16(), 201, "{url}");
    }

    fn origin(&self) -> String {
        format!("{}://{}", if self.secure { "https" } else { "http" }, self.host())
    }

    fn start(guard: Guard<'_>) -> Self {
        let folder = tempfile::tempdir().expect("directory");
        let port = TcpListener::bind("127.0.0.1:0").and_then(|free| free.local_addr()).expect("port").port();
        let mut config = json!({
            "version": 0.1,
            "log": { "level": "error", "accesslog": { "disabled": true } },
            "storage": { "filesystem": { "rootdirectory": folder.path().join("data") } },
            "http": { "addr": format!("127.0.0.1:{port}"), "secret": "of a test" },
        });
        let mut roots = RootCerts::WebPki;
        let path = |name: &str| folder.path().join(name);
        let secure = matches!(guard, Guard::Password);
        if let Guard::Token(data, tokens) = guard {
            fs::write(path("tokens.pem"), &tokens.certificate).expect("write");
            let (service, issuer) = (super::tokens::SERVICE, super::tokens::ISSUER);
            config["auth"] = json!({ "token": {
                "realm": tokens.realm(), "service": service, "issuer": issuer, "rootcertbundle": path("tokens.pem"),
            } });
            config["storage"]["filesystem"]["rootdirectory"] = json!(data);
        } else if secure {
            let authority = certificates(&folder);
            roots = RootCerts::from(vec![Certificate::from_pem(authority.as_bytes()).expect("certificate")]);
            fs::write(path("users"), format!("{USER}:{HASH}\n")).expect("write");
            config["auth"] = json!({ "htpasswd": { "realm": "test", "path": path("users") } });
            config["http"]["tls"] = json!({ "certificate": path("server.pem"), "key": path("server.key") });
        }
        // JSON is YAML.
        fs::write(path("config.yml"), config.to_string()).expect("write");
        let log = fs::File::create(folder.path().join("log")).expect("log");
        // It ends with the thread that started it, even one that is killed.
        let mut command = Command::new("setpriv");
        command.args(["--pdeathsig", "KILL", "docker-registry", "serve"]).arg(path("config.yml")).stdin(Stdio::null());
        command.stdout(log.try_clone().expect("log")).stderr(log);
        let server = command.spawn().expect("docker-registry is one of the packages that the gate installs");
        let tls = TlsConfig::builder().root_certs(roots).build();
        let agent = ureq::Agent::config_builder().tls_config(tls).proxy(None).build().into();
        let stock = Self { server, port, folder, agent, secure };
        stock.wait();
        stock
    }

    fn wait(&self) {
        let end = Instant::now() + START_LIMIT;
        while TcpStream::connect(("127.0.0.1", self.port)).is_err() {
            let log = || fs::read_to_string(self.folder.path().join("log")).unwrap_or_default();
            assert!(Instant::now() < end, "the registry does not listen: {}", log());
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

impl Drop for Stock {
    fn drop(&mut self) {
        let _ = self.server.kill();
        let _ = self.server.wait();
    }
}

fn basic() -> String {
    format!("Basic {}", base64::engine::general_purpose::STANDARD.encode(format!("{USER}:{PASSWORD}")))
}

/// Writes the certificates of an authority and of `localhost`; the authority's as PEM.
fn certificates(folder: &tempfile::TempDir) -> String {
    let mut authority = rcgen::CertificateParams::new(Vec::new()).expect("parameters");
    authority.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
    let authority_key = rcgen::KeyPair::generate().expect("key");
    let root = authority.self_signed(&authority_key).expect("authority").pem();
    let key = rcgen::KeyPair::generate().expect("key");
    let leaf = rcgen::CertificateParams::new(vec!["localhost".to_owned()])
        .expect("parameters")
        .signed_by(&key, &rcgen::Issuer::from_params(&authority, &authority_key))
        .expect("certificate");
    let write = |name: &str, text: &str| fs::write(folder.path().join(name), text).expect("write");
    write("authority.pem", &root);
    write("server.pem", &leaf.pem());
    write("server.key", &key.serialize_pem());
    root
}
