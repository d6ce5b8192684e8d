//! A stock registry on the machine's side of the lab.

use super::images::{self, Image};
use super::{Checked, Failure};
use crate::testhost::{Invocation, Lab, Running, wait_until};
use serde_json::json;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::time::Duration;

const START_LIMIT: Duration = Duration::from_secs(30);

/// A running registry with the images of the suite. Dropping it ends it and removes its files.
#[derive(Debug)]
pub struct Registry {
    server: Running,
    address: SocketAddr,
    _folder: tempfile::TempDir,
}

impl Registry {
    /// Starts one that the hosts of `lab` reach, and fills it.
    pub(super) fn start(lab: &Lab) -> Checked<Self> {
        let folder = tempfile::tempdir().map_err(Failure::file("make", "a temporary folder"))?;
        let address = free_address(lab)?;
        let config = json!({
            "version": 0.1,
            "log": { "level": "error" },
            "storage": { "filesystem": { "rootdirectory": folder.path().join("data") } },
            "http": { "addr": address.to_string() },
        });
        let path = folder.path().join("config.yml");
        // JSON is YAML.
        std::fs::write(&path, config.to_string()).map_err(Failure::file("write", path.display()))?;
        // It ends with the thread that started it, even one that is killed.
        let words = ["--pdeathsig", "KILL", "docker-registry", "serve", &path.to_string_lossy()];
        let server = Invocation::new("setpriv", words).spawn()?;
        let seen = || TcpStream::connect_timeout(&address, Duration::from_secs(1)).is_ok();
        wait_until("the registry", START_LIMIT, seen)?;
        for image in images::make(folder.path())? {
            push(&image, address)?;
        }
        Ok(Self { server, address, _folder: folder })
    }

    /// Where it listens.
    pub(super) fn address(&self) -> SocketAddr {
        self.address
    }

    /// The requests so far, oldest first, as lines of its access log.
    pub(super) fn requests(&self) -> Vec<String> {
        let log = self.server.stdout();
        log.lines().filter(|line| line.contains("\"GET ") || line.contains("\"HEAD ")).map(str::to_owned).collect()
    }
}

/// A port that the kernel has just given is free.
fn free_address(lab: &Lab) -> Checked<SocketAddr> {
    let found = TcpListener::bind((lab.machine_address(), 0)).and_then(|listener| listener.local_addr());
    found.map_err(Failure::file("listen on", lab.machine_address()))
}

fn push(image: &Image, address: SocketAddr) -> Checked {
    let from = format!("oci:{}", image.layout.display());
    let to = format!("docker://{address}/{}:{}", image.repository, image.tag);
    let words = ["--insecure-policy", "copy", "--quiet", "--dest-tls-verify=false", &from, &to];
    Invocation::new("skopeo", words).env("NO_PROXY", "*").run_ok()?;
    Ok(())
}
