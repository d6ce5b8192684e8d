//! A clean host with the binary as a service, as the product sets it up.

use super::failure::{holds, same};
use super::registry::Registry;
use super::{Checked, binary};
use crate::testhost::{Error, Host, Invocation, Lab, Output};
use bridle_core::step::KubernetesSettings;
use bridle_host::{k3s::config, units};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Where the product keeps the binary.
pub(super) const PROGRAM: &str = "/opt/bridle/kubernetes/bin/k3s";
/// The data directory.
pub(super) const DATA: &str = "/var/lib/rancher/k3s";
/// The node's name, and the host's.
pub(super) const NAME: &str = "k1";
/// A further name in the API server's certificate.
pub(super) const FURTHER_NAME: &str = "api.contract.internal";
/// Reference of the image that holds a pod.
pub(super) const PAUSE: &str = "bridle.internal/contract/pause:3";
/// From `systemctl start` until it returns. Tried: 6 s.
pub(super) const START_LIMIT: Duration = Duration::from_secs(120);

/// A host with the binary on it.
#[derive(Debug)]
pub struct Node {
    // First: it is ended before the network that it listens on goes.
    pub(super) registry: Registry,
    /// The host.
    pub host: Host,
    /// Its lab.
    pub lab: Lab,
    stand_in: bool,
}

impl Node {
    /// Boots a clean host and gives it the binary at `given` (or the stand-in of the checkout at `root`) with unit and
    /// configuration of the product. The service is not started.
    ///
    /// # Errors
    /// A [`super::Failure`] if the machine cannot boot hosts, or the stand-in or the images cannot be made.
    pub fn prepare(root: &Path, given: Option<PathBuf>) -> Checked<Self> {
        Self::with(&binary::find(root, binary::VERSION, given)?)
    }

    /// As [`Self::prepare`], with this binary.
    pub(super) fn with(program: &Path) -> Checked<Self> {
        let lab = Lab::new("contract")?;
        let registry = Registry::start(&lab)?;
        let mut host = lab.host(NAME).disk_gib(8).build()?;
        host.boot()?;
        host.prepare_for_kubernetes()?;
        host.push(program, PROGRAM)?;
        let version = host.run_ok([PROGRAM, "--version"])?.stdout;
        let node = Self { registry, host, lab, stand_in: version.contains("(bridle-node)") };
        node.configure()?;
        Ok(node)
    }

    /// Whether the binary is the stand-in of this checkout.
    #[must_use]
    pub fn is_stand_in(&self) -> bool {
        self.stand_in
    }

    fn configure(&self) -> Checked {
        let settings = KubernetesSettings {
            node: NAME.to_owned(),
            address: self.host.address().to_string(),
            tls_san: vec![FURTHER_NAME.to_owned()],
            cluster_cidr: "10.42.0.0/16".to_owned(),
            service_cidr: "10.43.0.0/16".to_owned(),
            cluster_dns: "10.43.0.10".to_owned(),
            pause: PAUSE.to_owned(),
            release: "contract-1".to_owned(),
            registry_port: self.registry.address().port(),
            emulated: None,
        };
        // The product's registry is on the host; the suite's is the machine.
        let loopback = format!("127.0.0.1:{}", settings.registry_port);
        let registries = config::registries_yaml(&settings);
        holds(registries.contains(&loopback), "registries.yaml", &loopback, &registries)?;
        let registries = registries.replace(&loopback, &self.registry.address().to_string());
        let config = |name: &str| format!("/etc/rancher/k3s/{name}");
        self.host.write_file(config("resolv.conf"), config::resolver())?;
        self.host.write_file(config("config.yaml"), config::config_yaml(&settings))?;
        self.host.write_file(config("registries.yaml"), registries)?;
        let drop_in = format!("{DATA}/agent/etc/containerd/config-v3.toml.d/50-bridle.toml");
        self.host.write_file(drop_in, config::containerd_drop_in())?;
        self.host.write_file(format!("/etc/systemd/system/{}", units::K3S), units::k3s_unit())?;
        let links = format!(
            "for name in k3s kubectl ctr; do ln -s {PROGRAM} /usr/local/bin/$name; done
             systemctl daemon-reload; systemctl enable --quiet {}; sync",
            units::K3S
        );
        self.host.shell(&links)?;
        Ok(())
    }

    /// Runs the binary to its end, whatever its status; at most `seconds`.
    pub(super) fn k3s(&self, words: &[&str], seconds: u64) -> Checked<Output> {
        let all = std::iter::once(PROGRAM).chain(words.iter().copied());
        Ok(self.host.command(all)?.limit(Duration::from_secs(seconds)).run()?)
    }

    /// Runs kubectl, which must succeed; its standard output, trimmed.
    pub(super) fn kubectl(&self, words: &[&str]) -> Checked<String> {
        let all = std::iter::once("kubectl").chain(words.iter().copied());
        Ok(self.host.run_ok(all)?.stdout.trim().to_owned())
    }

    /// An object as JSON.
    pub(super) fn object(&self, words: &[&str]) -> Checked<serde_json::Value> {
        let text = self.kubectl(&[&["get", "-o", "json"], words].concat())?;
        super::failure::json(&words.join(" "), &text)
    }

    /// Makes an object, or changes it.
    pub(super) fn apply(&self, object: &serde_json::Value) -> Checked {
        self.host.command(["kubectl", "apply", "-f", "-"])?.input(object.to_string()).run_ok()?;
        Ok(())
    }

    /// Runs curl on the machine, outside of the host.
    pub(super) fn curl_outside(words: &[&str]) -> Checked<Output> {
        Ok(Invocation::new("curl", CURL.iter().chain(words)).run()?)
    }

    /// Runs the machine's curl in the host's network: the host has none.
    pub(super) fn curl_inside(&self, words: &[&str]) -> Checked<Output> {
        self.curl_inside_with("", words)
    }

    /// As [`Self::curl_inside`], with more of curl's options on its standard input (for secrets).
    pub(super) fn curl_inside_with(&self, options: &str, words: &[&str]) -> Checked<Output> {
        let leader = self.host.leader()?.to_string();
        let all = [&["--target", &leader, "--net", "curl"], &CURL[..], &["--config", "-"], words].concat();
        Ok(Invocation::new("nsenter", all).input(options).run()?)
    }

    /// The status that an address on the host answers with.
    pub(super) fn status_inside(&self, words: &[&str]) -> Checked<String> {
        let all = [&["--output", "/dev/null", "--write-out", "%{http_code}"], words].concat();
        Ok(self.curl_inside(&all)?.stdout)
    }

    /// The certificate authority of the API server, as a path on this machine.
    pub(super) fn authority(&self) -> String {
        self.host.disk_root().join(format!("{}/server/tls/server-ca.crt", &DATA[1..])).display().to_string()
    }

    /// The main process of the service.
    pub(super) fn main_pid(&self) -> Checked<String> {
        let pid = self.host.shell("systemctl show --property=MainPID --value k3s.service")?;
        holds(pid != "0" && !pid.is_empty(), "the main process of the service", "a pid", &pid)?;
        Ok(pid)
    }

    /// `systemctl VERB k3s`, which must return in time.
    pub(super) fn systemctl(&self, verb: &str) -> Checked {
        let words = ["systemctl", verb, units::K3S];
        let done = self.host.command(words)?.limit(START_LIMIT).run_ok();
        done.map(drop).map_err(|error| match error {
            Error::Late { what, limit, .. } => {
                let seen = self.host.journal(units::K3S).unwrap_or_default();
                Error::Late { what, limit, seen }.into()
            }
            other => other.into(),
        })
    }

    /// Waits until the API server says that it is ready.
    pub(super) fn wait_ready(&self) -> Checked {
        let ready = || self.kubectl(&["get", "--raw=/readyz"]).is_ok_and(|text| text == "ok");
        Ok(self.host.wait_until("/readyz", START_LIMIT, ready)?)
    }

    /// The mode of a file, in octal.
    pub(super) fn mode(&self, path: &str) -> Checked<String> {
        Ok(self.host.shell(&format!("stat -c %a {path}"))?)
    }

    /// The mode of a file is this one.
    pub(super) fn has_mode(&self, path: &str, mode: &str) -> Checked {
        same(&format!("the mode of {path}"), mode, self.mode(path)?.as_str())
    }

    /// What a file holds, as text.
    pub(super) fn text(&self, path: &str) -> Checked<String> {
        Ok(String::from_utf8_lossy(&self.host.read_file(path)?).into_owned())
    }
}

/// Options of every curl: quiet but for errors, in bounded time, straight to the host.
const CURL: [&str; 6] = ["--silent", "--show-error", "--max-time", "5", "--noproxy", "*"];
