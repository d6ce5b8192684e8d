//! The same parts, put in place as an expert would by hand on an identical host: Kubernetes started, each image imported
//! from its archive, the namespaces and secrets made, each chart installed in order and waited for.
//!
//! Everything that needs no clock is done beforehand: archives are on the host, commands are written down.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use bridle_core::step::{ChartStep, ClusterStep, HostStep, KubernetesSettings, Step};
use bridle_host::k3s::config;
use bridle_host::units;
use bridle_journeys::campus::{Campus, HOST, SITE, site_profile};
use bridle_journeys::testhost::{Host, Lab};
use serde_json::{Value, json};

use crate::Outcome;
use crate::by_bridle::{DISK_GIB, GREEN_LIMIT, served, wait_served};
use crate::hosts::Want;

/// Where the parts lie on the host.
const PARTS: &str = "/root/parts";
/// containerd of the node answers.
const CONTAINERD: &str = "until ctr -n k8s.io version >/dev/null 2>&1; do sleep 0.2; done";
/// Every image from its archive, one after the other.
const IMPORT: &str =
    "for archive in /root/parts/images/*.tar; do ctr -n k8s.io images import \"$archive\" >/dev/null; done";

/// The node's own containerd with its own settings, alone, as k3s has it while it imports: no pod starts before the last image.
fn import_before_the_start() -> String {
    const BIN: &str = "/var/lib/rancher/k3s/data/current/bin";
    const SETTINGS: &str = "/var/lib/rancher/k3s/agent/etc/containerd/config.toml";
    format!(
        "systemd-run --quiet --unit=import --setenv=PATH={BIN}:/usr/sbin:/usr/bin {BIN}/containerd -c {SETTINGS}; \
         {CONTAINERD}; {IMPORT}; systemctl stop import"
    )
}

/// What was measured.
#[derive(Debug)]
pub struct Hand {
    /// From the first command to the first time that users are served.
    pub install: Option<Duration>,
    /// What the parts of it took, in words.
    pub shares: String,
    /// From power on, with a sequential import of all images, to the first time that users are served.
    pub restart: Option<Duration>,
    /// The imports of the restart alone.
    pub restart_imports: Option<Duration>,
}

/// Installs by hand and measures.
pub fn measure(campus: &Campus, want: Want) -> Outcome<Hand> {
    let lab = Lab::new("bench-hand")?;
    let mut host = lab.host("b1").disk_gib(DISK_GIB).build()?;
    host.boot()?;
    host.prepare_for_kubernetes()?;
    let parts = tempfile::Builder::new().prefix("bench-").tempdir_in(bridle_journeys::testhost::cache_folder())?;
    eprintln!("laying out the parts for the installation by hand");
    let charts = lay_out(&host, campus, parts.path())?;
    eprintln!("installing by hand");
    let began = Instant::now();
    let start = timed(&host, &format!("systemctl start k3s; {CONTAINERD}"))?;
    let import = timed(&host, IMPORT)?;
    let make =
        timed(&host, &format!("kubectl apply -f {PARTS}/namespaces.json; kubectl apply -f {PARTS}/secrets.json"))?;
    let charts_took = timed(&host, &install_charts(&charts))?;
    let mut student = String::new();
    host.wait_until("green", GREEN_LIMIT, || served(&host).map(|id| student = id).is_ok())?;
    let install = began.elapsed();
    let words = |name: &str, time: Duration| format!("{name} {:.1} s", time.as_secs_f64());
    let shares = [words("start", start), words("import", import), words("objects", make), words("helm", charts_took)];
    let mut hand = Hand {
        install: want.install.then_some(install),
        shares: format!("by hand: {}", shares.join(", ")),
        restart: None,
        restart_imports: None,
    };
    if want.restart {
        eprintln!("restarting with a sequential import");
        host.poweroff()?;
        let began = Instant::now();
        host.boot()?;
        hand.restart_imports = Some(timed(&host, &import_before_the_start())?);
        timed(&host, "systemctl start k3s")?;
        wait_served(&host, &student)?;
        hand.restart = Some(began.elapsed());
    }
    Ok(hand)
}

fn timed(host: &Host, script: &str) -> Outcome<Duration> {
    let began = Instant::now();
    let script = format!("export KUBECONFIG=/etc/rancher/k3s/k3s.yaml; {script}");
    host.command(["bash", "-euo", "pipefail", "-c", &script])?.limit(GREEN_LIMIT).run_ok()?;
    Ok(began.elapsed())
}

/// Brings everything to the host; gives the charts in order.
fn lay_out(host: &Host, campus: &Campus, scratch: &Path) -> Outcome<Vec<ChartStep>> {
    let steps = plan(host, campus)?;
    let bundle = scratch.join("bundle");
    fs::create_dir_all(&bundle)?;
    run(Command::new("tar").arg("-xf").arg(&campus.bundle).arg("-C").arg(&bundle))?;
    let blob = |digest: &str| bundle.join("blobs/sha256").join(digest.trim_start_matches("sha256:"));
    programs(host, campus, &blob)?;
    images(host, &bundle, scratch)?;
    let mut charts = Vec::new();
    for step in steps {
        match step {
            Step::Host(HostStep::ConfigureKubernetes(settings)) => configure(host, &settings)?,
            Step::Cluster(ClusterStep::Namespaces { namespaces }) => {
                let objects = namespaces.iter().map(|namespace| namespace_object(&json!(namespace))).collect();
                host.write_file(format!("{PARTS}/namespaces.json"), list(objects))?;
            }
            Step::Cluster(ClusterStep::SiteSecrets { secrets, .. }) => {
                let certificate = certificate(host, scratch)?;
                let objects = secrets.iter().map(|secret| secret_object(&json!(secret), &certificate)).collect();
                host.write_file(format!("{PARTS}/secrets.json"), list(objects))?;
            }
            Step::Cluster(ClusterStep::Chart(chart)) => charts.push(*chart),
            // By hand one follows the other.
            Step::Cluster(ClusterStep::Charts(group)) => charts.extend(group),
            _ => {}
        }
    }
    for chart in &charts {
        host.push(blob(&chart.package.to_string()), format!("{PARTS}/{}.tgz", chart.name))?;
        host.write_file(format!("{PARTS}/{}.json", chart.name), json!(chart.values).to_string())?;
    }
    host.shell("systemctl daemon-reload; sync")?;
    Ok(charts)
}

/// The plan that Bridle would follow on this host.
fn plan(host: &Host, campus: &Campus) -> Outcome<Vec<Step>> {
    host.write_file(SITE, site_profile())?;
    host.push(&campus.run, "/root/campus.run")?;
    host.push(&campus.key, "/root/campus.pub")?;
    host.run_ok(["chmod", "0755", "/root/campus.run"])?;
    let words = ["/root/campus.run", "install", "--plan-only", "--json", "--config", SITE];
    let key = ["--publisher-key", "/root/campus.pub"];
    let output = host.run_ok(words.into_iter().chain(key))?;
    host.run_ok(["rm", "/root/campus.run"])?;
    let preview: Value = serde_json::from_str(&output.stdout)?;
    let steps = preview["plan"]["steps"].as_array().ok_or("the plan has steps")?;
    steps.iter().map(|planned| Ok(serde_json::from_value(planned["step"].clone())?)).collect()
}

fn programs(host: &Host, campus: &Campus, blob: &dyn Fn(&str) -> PathBuf) -> Outcome<()> {
    let output = Command::new(&campus.run).args(["inspect", "--json", "--publisher-key"]).arg(&campus.key).output()?;
    let inspected: Value = serde_json::from_slice(&output.stdout)?;
    for name in ["k3s", "helm"] {
        let digest = inspected["release"]["programs"][name]["digest"].as_str().ok_or("a program has a digest")?;
        let path = format!("/opt/bridle/current/bin/{name}");
        host.push(blob(digest), &path)?;
        host.run_ok(["chmod", "0755", &path])?;
    }
    let links = "for name in k3s kubectl ctr; do ln -s /opt/bridle/current/bin/k3s /usr/local/bin/$name; done; \
                 ln -s /opt/bridle/current/bin/helm /usr/local/bin/helm";
    host.shell(links)?;
    Ok(())
}

/// Each image as an archive of its own that `ctr images import` takes, layers compressed as in the release.
fn images(host: &Host, bundle: &Path, scratch: &Path) -> Outcome<()> {
    let index: Value = serde_json::from_slice(&fs::read(bundle.join("index.json"))?)?;
    let name =
        |manifest: &Value| manifest["annotations"]["org.opencontainers.image.ref.name"].as_str().map(str::to_owned);
    let references: Vec<String> = index["manifests"].as_array().into_iter().flatten().filter_map(name).collect();
    for (number, reference) in references.iter().enumerate() {
        let layout = scratch.join(format!("image-{number:02}"));
        let (from, to) = (format!("oci:{}:{reference}", bundle.display()), format!("oci:{}", layout.display()));
        run(Command::new("skopeo").args(["--insecure-policy", "copy", "--quiet", "--preserve-digests", &from, &to]))?;
        let path = layout.join("index.json");
        let mut index: Value = serde_json::from_slice(&fs::read(&path)?)?;
        index["manifests"][0]["annotations"] = json!({ "io.containerd.image.name": reference });
        fs::write(&path, index.to_string())?;
        let archive = layout.with_extension("tar");
        run(Command::new("tar").arg("-C").arg(&layout).arg("-cf").arg(&archive).arg("."))?;
        host.push(&archive, format!("{PARTS}/images/image-{number:02}.tar"))?;
        fs::remove_dir_all(&layout)?;
        fs::remove_file(&archive)?;
    }
    Ok(())
}

/// The product's configuration and unit, without the mirror: images come from the archives, and stay in containerd's store.
fn configure(host: &Host, settings: &KubernetesSettings) -> Outcome<()> {
    host.write_file("/etc/rancher/k3s/resolv.conf", config::resolver())?;
    host.write_file("/etc/rancher/k3s/config.yaml", config::config_yaml(settings))?;
    Ok(host.write_file(format!("/etc/systemd/system/{}", units::K3S), units::k3s_unit())?)
}

fn install_charts(charts: &[ChartStep]) -> String {
    let line = |chart: &ChartStep| {
        format!(
            "helm install {name} {PARTS}/{name}.tgz --namespace {} --values {PARTS}/{name}.json --wait --wait-for-jobs \
             --timeout {}s",
            chart.namespace,
            chart.timeout_seconds,
            name = chart.name
        )
    };
    charts.iter().map(line).collect::<Vec<_>>().join("; ")
}

fn namespace_object(namespace: &Value) -> Value {
    let level = &namespace["pod_security"];
    let labels: serde_json::Map<String, Value> = ["enforce", "audit", "warn"]
        .map(|mode| (format!("pod-security.kubernetes.io/{mode}"), level.clone()))
        .into_iter()
        .collect();
    json!({ "apiVersion": "v1", "kind": "Namespace", "metadata": { "name": namespace["name"], "labels": labels } })
}

fn secret_object(secret: &Value, (certificate, key): &(String, String)) -> Value {
    let mut data = serde_json::Map::new();
    let random = &secret["content"]["random"];
    let kind = if random.is_object() { "Opaque" } else { "kubernetes.io/tls" };
    if random.is_object() {
        let keys = random["keys"].as_object().into_iter().flatten();
        data.extend(keys.map(|(name, _)| (name.clone(), Value::from("a-password-for-an-hour-of-measuring"))));
        data.extend(
            random["fixed"].as_object().into_iter().flatten().map(|(name, value)| (name.clone(), value.clone())),
        );
    } else {
        data.insert("tls.crt".to_owned(), certificate.as_str().into());
        data.insert("tls.key".to_owned(), key.as_str().into());
    }
    let metadata = json!({ "name": secret["name"], "namespace": secret["namespace"] });
    json!({ "apiVersion": "v1", "kind": "Secret", "type": kind, "metadata": metadata, "stringData": data })
}

/// A certificate for the front door that is its own authority, where the kit's client looks for one.
fn certificate(host: &Host, scratch: &Path) -> Outcome<(String, String)> {
    let (certificate, key) = (scratch.join("tls.crt"), scratch.join("tls.key"));
    let name = format!("subjectAltName=DNS:{HOST}");
    let subject = format!("/CN={HOST}");
    run(Command::new("openssl")
        .args(["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2"])
        .args(["-subj", &subject, "-addext", &name, "-keyout"])
        .arg(&key)
        .arg("-out")
        .arg(&certificate))?;
    let (certificate, key) = (fs::read_to_string(certificate)?, fs::read_to_string(key)?);
    host.write_file("/etc/bridle/pki/ca.pem", &certificate)?;
    Ok((certificate, key))
}

fn list(items: Vec<Value>) -> String {
    json!({ "apiVersion": "v1", "kind": "List", "items": items }).to_string()
}

fn run(command: &mut Command) -> Outcome<()> {
    let output = command.output()?;
    if output.status.success() {
        return Ok(());
    }
    Err(format!("{command:?} ended with {}: {}", output.status, String::from_utf8_lossy(&output.stderr)).into())
}
