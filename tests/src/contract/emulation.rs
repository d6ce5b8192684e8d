//! Which minor of Kubernetes the control plane behaves as, and telling it to.

use super::failure::{contains, json, same};
use super::node::DATA;
use super::{Checked, Node};
use std::time::Duration;

/// Settings beside the product's own.
const EMULATION: &str = "/etc/rancher/k3s/config.yaml.d/80-emulation.yaml";
/// Controller manager and scheduler start after the API server.
const SERVED: Duration = Duration::from_secs(60);

impl Node {
    /// Writes which minor all three parts of the control plane emulate, or none; from the next start on it holds.
    pub(super) fn emulate(&self, minor: Option<&str>) -> Checked {
        let Some(minor) = minor else {
            self.host.run_ok(["rm", EMULATION])?;
            return Ok(());
        };
        let parts = ["kube-apiserver", "kube-controller-manager", "kube-scheduler"];
        let lines = parts.map(|part| format!("{part}-arg+: [emulated-version=1.{minor}]\n"));
        Ok(self.host.write_file(EMULATION, lines.concat())?)
    }

    /// The API server is this binary (`v1.35.4+k3s1`), and all three parts of the control plane emulate this minor (`35`).
    pub(super) fn behaves_as(&self, version: &str, emulated: &str) -> Checked {
        let found = json("/version", &self.kubectl(&["get", "--raw=/version"])?)?;
        let found = ["gitVersion", "emulationMajor", "emulationMinor"].map(|key| found[key].as_str());
        same("gitVersion, emulationMajor, emulationMinor", [version, "1", emulated].map(Some), found)?;
        // The other two tell it by their metrics.
        for port in [10257, 10259] {
            let url = format!("https://127.0.0.1:{port}/metrics");
            let mut told = String::new();
            self.host.wait_until(&url, SERVED, || {
                told = self.version_metric(&url).unwrap_or_default();
                !told.is_empty()
            })?;
            contains(&url, &format!("emulation=\"1.{emulated}\""), &told)?;
        }
        Ok(())
    }

    fn version_metric(&self, url: &str) -> Checked<String> {
        let tls = |name: &str| self.host.disk_root().join(format!("{}/server/tls/{name}", &DATA[1..]));
        let [certificate, key] = ["client-admin.crt", "client-admin.key"].map(|name| tls(name).display().to_string());
        let text = self.curl_inside(&["--insecure", "--cert", &certificate, "--key", &key, url])?.stdout;
        let line = text.lines().find(|line| line.starts_with("version_info{") && line.contains("component=\"kube\""));
        Ok(line.unwrap_or_default().to_owned())
    }
}
