//! Pods of the suite and what they reach.

use super::failure::{holds, same};
use super::{Checked, Node};
use crate::testhost::Output;
use serde_json::{Value, json};
use std::time::Duration;

/// The image behind every reference of the suite, whatever registry it names.
pub(super) const IMAGE: &str = "contract/all:1";
/// Address of the service over the pod `web`.
pub(super) const SERVICE: &str = "10.43.0.80";
/// Port of that service on every address of the host.
pub(super) const NODE_PORT: u16 = 30080;
/// Port of the host that leads to the pod `web`.
pub(super) const HOST_PORT: u16 = 18080;
/// How soon a change of a policy is in force (`CONTRACT.md`, 27).
pub(super) const POLICY_LIMIT: Duration = Duration::from_secs(2);

/// A pod that serves its own name on 8080 and 8081 and an echo on 9000; `app` is its only label.
pub(super) fn pod(name: &str, registry: &str) -> Value {
    json!({
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": { "name": name, "labels": { "app": name } },
        "spec": {
            "terminationGracePeriodSeconds": 3,
            "automountServiceAccountToken": false,
            "enableServiceLinks": false,
            "containers": [{
                "name": "all",
                "image": format!("{registry}/{IMAGE}"),
                "readinessProbe": { "httpGet": { "port": 8080 }, "periodSeconds": 1 },
            }],
        },
    })
}

/// The service over the pod `web`.
pub(super) fn service() -> Value {
    json!({
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": { "name": "web" },
        "spec": {
            "type": "NodePort",
            "clusterIP": SERVICE,
            "selector": { "app": "web" },
            "ports": [{ "port": 80, "targetPort": 8080, "nodePort": NODE_PORT }],
        },
    })
}

/// A shell command that succeeds if a web server answers there. Debian's static busybox crashes in `wget`, whatever
/// the address; `nc` does without the C library's names.
pub(super) fn get(address: &str, port: &str) -> String {
    format!("printf 'GET / HTTP/1.0\\r\\n\\r\\n' | timeout 5 nc -w 2 {address} {port} 2> /dev/null | grep -q '200 OK'")
}

impl Node {
    /// Waits until a pod is ready.
    pub(super) fn wait_pod(&self, name: &str) -> Checked {
        let waited = self.kubectl(&["wait", "--for=condition=Ready", &format!("pod/{name}"), "--timeout=60s"]);
        if waited.is_ok() {
            return Ok(());
        }
        let seen = self.kubectl(&["describe", "pod", name])?;
        holds(false, &format!("pod {name}"), "ready within 60 s", seen)
    }

    /// The address of a pod.
    pub(super) fn pod_address(&self, name: &str) -> Checked<String> {
        let address = self.kubectl(&["get", "pod", name, "--output=jsonpath={.status.podIP}"])?;
        holds(address.starts_with("10.42."), &format!("the address of pod {name}"), "one of 10.42.0.0/16", &address)?;
        Ok(address)
    }

    /// Runs a script in a pod, whatever its status.
    pub(super) fn exec(&self, pod: &str, script: &str) -> Checked<Output> {
        Ok(self.host.run(["kubectl", "exec", pod, "--", "sh", "-c", script])?)
    }

    /// Which of these `ADDRESS:PORT` a pod gets a page from.
    pub(super) fn reached_from(&self, pod: &str, targets: &[&str]) -> Checked<Vec<bool>> {
        let each = get("${target%:*}", "${target#*:}");
        let script = format!("for target in {}; do {each} && echo yes || echo no; done", targets.join(" "));
        let output = self.exec(pod, &script)?;
        let answers: Vec<bool> = output.stdout.lines().map(|line| line == "yes").collect();
        // A command that could not be run in the pod says nothing about its network.
        let seen = format!("{}{}", output.stdout, output.stderr);
        holds(answers.len() == targets.len(), &format!("answers of pod {pod}"), targets.len(), seen)?;
        Ok(answers)
    }

    /// Within the time that a change of a policy may take, a pod reaches exactly what is marked `true`.
    pub(super) fn reaches_soon(&self, what: &str, pod: &str, targets: &[(&str, bool)]) -> Checked {
        let addresses: Vec<&str> = targets.iter().map(|(address, _)| *address).collect();
        let wanted: Vec<bool> = targets.iter().map(|(_, wanted)| *wanted).collect();
        let mut last = Ok(Vec::new());
        let in_time = crate::testhost::wait_until(what, POLICY_LIMIT, || {
            last = self.reached_from(pod, &addresses);
            last.as_ref().is_ok_and(|found| *found == wanted)
        });
        match (in_time, last?) {
            (Ok(()), _) => Ok(()),
            (Err(_), found) => same(&format!("{what}: what {pod} reaches of {addresses:?}"), wanted, found),
        }
    }
}

/// What a page outside of the host says, with `ADDRESS:PORT`; none if it cannot be had.
pub(super) fn page_outside(target: &str) -> Option<String> {
    let output = Node::curl_outside(&["--connect-timeout", "1", &format!("http://{target}/")]).ok()?;
    output.success().then(|| output.stdout.trim().to_owned())
}
