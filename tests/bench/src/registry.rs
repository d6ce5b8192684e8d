//! The agent's registry against the stock one (CNCF distribution, Debian's `docker-registry`): 20 pulls at once over
//! loopback, the same images out of the very same files, both from memory.

use std::fs::{create_dir_all, hard_link};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::ops::ControlFlow;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use bridle_bundle::file::{Conditions, OpenedBundle, ReleaseFile};
use bridle_bundle::store::Store;
use bridle_core::oci::Manifest;
use bridle_host::layout::Layout;
use bridle_journeys::testhost::{cache_folder, wait_until};
use serde_json::json;

use crate::pull::{self, Taken};
use crate::record::{Row, median};
use crate::{Outcome, ingest, synthetic};

/// Pulls at once.
const PULLERS: usize = 20;
/// Pulls that each of them does, one after the other.
const EACH: usize = 6;
const IMAGES: usize = 10;
/// Sizes of the layers of each image: a base, a runtime, an application.
const LAYERS: [u64; 4] = [24 << 20, 8 << 20, 2 << 20, 1 << 16];
const ROUNDS: usize = 3;
const START_LIMIT: Duration = Duration::from_secs(30);

/// Measures, alternating the two.
pub fn run() -> Outcome<Vec<Row>> {
    let cache = cache_folder();
    create_dir_all(&cache)?;
    let folder = tempfile::Builder::new().prefix("bench-").tempdir_in(&cache)?;
    let root = folder.path().join("host");
    eprintln!("making and ingesting a release");
    fill(folder.path(), &root)?;
    copy_for_stock(&root, &folder.path().join("stock"))?;
    let ours = Server::ours(&root)?;
    let stock = Server::stock(folder.path())?;
    let query = format!("?ns={}", synthetic::REGISTRY);
    for (server, query) in [(&ours, query.as_str()), (&stock, "")] {
        load(server.address, query, 1)?; // everything into memory
    }
    let (mut our_rates, mut stock_rates) = (Vec::new(), Vec::new());
    let (mut our_times, mut stock_times) = (Taken::default(), Taken::default());
    for round in 0..ROUNDS {
        eprintln!("run {} of {ROUNDS}", round + 1);
        for (server, query, rates, times) in
            [(&ours, query.as_str(), &mut our_rates, &mut our_times), (&stock, "", &mut stock_rates, &mut stock_times)]
        {
            let began = Instant::now();
            let taken = load(server.address, query, EACH)?;
            rates.push(taken.bytes as f64 / began.elapsed().as_secs_f64() / 1e6);
            times.add(taken);
        }
    }
    let remark = format!("{} pulls of 36 MB, {PULLERS} at once on the machine of the server", PULLERS * EACH);
    let row = |what: &str, ours: f64, stock: f64, unit: &str| Row {
        section: "registry",
        what: what.to_owned(),
        ours: format!("{ours:.1} {unit}"),
        rival: format!("{stock:.1} {unit}"),
        ratio: Some(ours / stock),
        remark: remark.clone(),
    };
    let first = |taken: &Taken| percentile(&taken.first_bytes, 0.99) * 1e3;
    let whole = |taken: &Taken| percentile(&taken.pulls, 0.99) * 1e3;
    Ok(vec![
        row("throughput (more is better)", median(&our_rates), median(&stock_rates), "MB/s"),
        row("first byte of an answer, p99", first(&our_times), first(&stock_times), "ms"),
        row("whole pull, p99", whole(&our_times), whole(&stock_times), "ms"),
        row("peak memory of the server", ours.peak()?, stock.peak()?, "MiB"),
    ])
}

/// The measured program: the agent over a simulated machine, with the real store and registry.
pub fn child(root: &Path, port: u16) -> Outcome<()> {
    bridle_journeys::simulated::agent(root, port)
}

fn fill(folder: &Path, root: &Path) -> Outcome<()> {
    let file = folder.join("release.bundle");
    synthetic::write(&file, IMAGES, &LAYERS)?;
    let store = Layout::under(root).store_dir();
    create_dir_all(store.parent().ok_or("a store lies in a folder")?)?;
    let bundle = OpenedBundle::open(ReleaseFile::open(&file)?.bundle()?)?;
    let bundle = bundle.verify(&synthetic::trusted()?, &Conditions::default())?;
    Store::open(&store)?.ingest(bundle, 0, &mut |_| ControlFlow::Continue(()))?;
    Ok(std::fs::remove_file(file)?)
}

/// The same files, under the names that the stock registry gives them.
fn copy_for_stock(root: &Path, to: &Path) -> Outcome<()> {
    let store = Store::open(&Layout::under(root).store_dir())?;
    let base = to.join("docker/registry/v2");
    for number in 0..IMAGES {
        let name = synthetic::name(number);
        let reference = format!("{}/{name}:{}", synthetic::REGISTRY, synthetic::TAG);
        let descriptor = store.resolve(&reference, None)?.ok_or_else(|| format!("{reference} is not in the store"))?;
        let manifest = Manifest::read(&std::fs::read(store.blob_path(&descriptor.digest))?)?;
        let repository = base.join("repositories").join(&name);
        let link = |folder: &str, digest: &bridle_core::digest::Digest| -> Outcome<()> {
            let path = repository.join(folder);
            create_dir_all(&path)?;
            Ok(std::fs::write(path.join("link"), digest.to_string())?)
        };
        let hex = descriptor.digest.hex();
        link(&format!("_manifests/revisions/sha256/{hex}"), &descriptor.digest)?;
        link(&format!("_manifests/tags/{}/current", synthetic::TAG), &descriptor.digest)?;
        link(&format!("_manifests/tags/{}/index/sha256/{hex}", synthetic::TAG), &descriptor.digest)?;
        let blobs = std::iter::once(&manifest.config).chain(&manifest.layers).map(|blob| blob.digest);
        for digest in blobs.clone() {
            link(&format!("_layers/sha256/{}", digest.hex()), &digest)?;
        }
        for digest in blobs.chain([descriptor.digest]) {
            let hex = digest.hex();
            let folder = base.join("blobs/sha256").join(&hex[..2]).join(&hex);
            create_dir_all(&folder)?;
            hard_link(store.blob_path(&digest), folder.join("data"))?;
        }
    }
    Ok(())
}

/// Pulls from all pullers at once; each takes the images in an order of its own.
fn load(address: SocketAddr, query: &str, each: usize) -> Outcome<Taken> {
    let pullers: Vec<_> = (0..PULLERS)
        .map(|puller| {
            let query = query.to_owned();
            std::thread::spawn(move || {
                let mut taken = Taken::default();
                for turn in 0..each {
                    let name = synthetic::name((puller * 7 + turn * 3) % IMAGES);
                    pull::image(address, &name, synthetic::TAG, &query, &mut taken)
                        .map_err(|error| error.to_string())?;
                }
                Ok::<_, String>(taken)
            })
        })
        .collect();
    let mut all = Taken::default();
    for puller in pullers {
        all.add(puller.join().map_err(|_| "a puller panicked")??);
    }
    Ok(all)
}

fn percentile(figures: &[f64], share: f64) -> f64 {
    let mut sorted = figures.to_vec();
    sorted.sort_by(f64::total_cmp);
    let index = (sorted.len() as f64 * share).ceil() as usize;
    sorted.get(index.saturating_sub(1)).copied().unwrap_or(f64::NAN)
}

/// A running server; ended when dropped.
struct Server {
    process: Child,
    address: SocketAddr,
}

impl Server {
    fn ours(root: &Path) -> Outcome<Self> {
        let address = free_address()?;
        let mut command = ingest::own()?;
        command.arg("child-registry").arg(root).arg(address.port().to_string());
        Self::start(command, address)
    }

    fn stock(folder: &Path) -> Outcome<Self> {
        let address = free_address()?;
        let config = json!({
            "version": 0.1,
            "log": { "level": "error", "accesslog": { "disabled": true } },
            "storage": { "filesystem": { "rootdirectory": folder.join("stock") } },
            "http": { "addr": address.to_string() },
        });
        let path = folder.join("stock.yml");
        std::fs::write(&path, config.to_string())?; // JSON is YAML
        let mut command = Command::new("docker-registry");
        command.arg("serve").arg(&path);
        Self::start(command, address)
    }

    fn start(mut command: Command, address: SocketAddr) -> Outcome<Self> {
        let process = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn()?;
        let server = Self { process, address };
        wait_until("the server", START_LIMIT, || TcpStream::connect_timeout(&address, Duration::from_secs(1)).is_ok())?;
        Ok(server)
    }

    /// Its peak memory in MiB.
    fn peak(&self) -> Outcome<f64> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.process.id()))?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).ok_or("no VmHWM")?;
        Ok(line.trim().trim_end_matches("kB").trim().parse::<f64>()? / 1024.0)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended by itself, which the figures show.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// A port that the kernel has just given is free.
fn free_address() -> Outcome<SocketAddr> {
    Ok(TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles() {
        let figures: Vec<f64> = (1..=100).map(f64::from).collect();
        assert!((percentile(&figures, 0.99) - 99.0).abs() < f64::EPSILON);
        assert!((percentile(&[5.0], 0.99) - 5.0).abs() < f64::EPSILON);
    }
}
