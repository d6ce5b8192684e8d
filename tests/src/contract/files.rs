//! Checks of the first start: what answers, what lies on the disk, what the node is.

use super::failure::{contains, holds, json, same};
use super::ledger::check;
use super::node::{DATA, FURTHER_NAME, NAME};
use super::{Check, Checked, Node};
use sha2::{Digest, Sha256};
use std::time::Duration;

const KUBECONFIG: &str = "/etc/rancher/k3s/k3s.yaml";
const DROP_INS: &str = "/etc/rancher/k3s/config.yaml.d";

pub(super) const CHECKS: &[Check] = &[
    check!("8", start_returns_when_it_is_ready, vital),
    check!("9", kubeconfig_is_for_root_and_loopback),
    check!("10", token_names_the_authority),
    check!("11", supervisor_answers_who_may_ask),
    check!("12", health_endpoints_answer),
    check!("13", node_becomes_ready, vital),
    check!("5", drop_ins_are_read_in_order),
    check!("24", kubelet_obeys_arguments_and_drop_ins),
    check!("14", no_secret_is_in_arguments_or_environment),
    check!("15", certificate_holds_further_names),
];

/// `systemctl start` returns, and at once everything answers.
fn start_returns_when_it_is_ready(node: &mut Node) -> Checked {
    // Read by later checks: order of files, lists that grow, arguments, snapshots every minute.
    let first = "node-label:\n  - contract/lost=1\nkubelet-arg+:\n  - max-pods=70\netcd-snapshot-retention: 9\n";
    let second = "node-label:\n  - contract/first=1\netcd-snapshot-schedule-cron: '* * * * *'\n\
         etcd-snapshot-retention: 1\n";
    let third = "node-label+:\n  - contract/second=2\nkubelet-arg+:\n  - max-pods=77\n";
    for (name, text) in [("10-first", first), ("20-second", second), ("95-third", third)] {
        node.host.write_file(format!("{DROP_INS}/{name}.yaml"), text)?;
    }
    let kubelet = "apiVersion: kubelet.config.k8s.io/v1beta1\nkind: KubeletConfiguration\n\
         imageGCHighThresholdPercent: 91\n";
    node.host.write_file(format!("{DATA}/agent/etc/kubelet.conf.d/60-contract.conf"), kubelet)?;
    node.host.run_ok(["sync"])?;
    node.systemctl("start")?;
    same("/readyz right after the start", "ok", &node.kubectl(&["get", "--raw=/readyz"])?)?;
    let etcd = node.curl_inside(&["http://127.0.0.1:2381/health"])?;
    contains("127.0.0.1:2381/health", r#""health":"true""#, &etcd.stdout)
}

fn kubeconfig_is_for_root_and_loopback(node: &mut Node) -> Checked {
    node.has_mode(KUBECONFIG, "600")?;
    contains(KUBECONFIG, "server: https://127.0.0.1:6443", &node.text(KUBECONFIG)?)
}

fn token_names_the_authority(node: &mut Node) -> Checked {
    let path = format!("{DATA}/server/token");
    node.has_mode(&path, "600")?;
    let token = node.text(&path)?;
    let authority = node.host.read_file(format!("{DATA}/server/tls/server-ca.crt"))?;
    let digest: String = Sha256::digest(&authority).iter().map(|byte| format!("{byte:02x}")).collect();
    // What follows is secret and not shown.
    let head: String = token.chars().take_while(|sign| *sign != ':').collect();
    same("the token's first part", format!("K10{digest}"), head)?;
    let user = token.trim().split("::").nth(1).and_then(|rest| rest.split(':').next());
    same("the token's user", Some("server"), user)?;
    node.host.run_ok(["test", "-s", &format!("{DATA}/server/node-token")])?;
    Ok(())
}

fn supervisor_answers_who_may_ask(node: &mut Node) -> Checked {
    let authority = node.authority();
    let at = |path: &str| format!("https://127.0.0.1:6443{path}");
    let ping = node.curl_inside(&["--cacert", &authority, &at("/ping")])?;
    same("/ping", "pong", ping.stdout.trim())?;
    let served = node.curl_inside(&["--insecure", &at("/cacerts")])?.stdout;
    same("/cacerts", node.text(&format!("{DATA}/server/tls/server-ca.crt"))?, served)?;
    for path in ["/v1-k3s/readyz", "/readyz"] {
        let status = node.status_inside(&["--cacert", &authority, &at(path)])?;
        same(&format!("status of {path} without credentials"), "401", status.as_str())?;
    }
    let options = format!("user = \"node:{}\"\n", secret(node)?);
    let words = ["--cacert", &authority, "--output", "/dev/null", "--write-out", "%{http_code}", &at("/v1-k3s/readyz")];
    let answer = node.curl_inside_with(&options, &words)?;
    same("status of /v1-k3s/readyz with the node's credentials", "200", answer.stdout.as_str())
}

fn health_endpoints_answer(node: &mut Node) -> Checked {
    for port in [10248, 10256] {
        let url = format!("http://127.0.0.1:{port}/healthz");
        // Both parts start after the API server.
        node.host.wait_until(&url, Duration::from_secs(60), || {
            node.status_inside(&[&url]).is_ok_and(|status| status == "200")
        })?;
    }
    same("who listens on 10255", "", node.host.shell("ss -Hltn 'sport = :10255'")?.as_str())
}

fn node_becomes_ready(node: &mut Node) -> Checked {
    let there = || node.kubectl(&["get", "node", NAME]).is_ok();
    node.host.wait_until("the node in the API", Duration::from_secs(60), there)?;
    node.kubectl(&["wait", "--for=condition=Ready", "node", NAME, "--timeout=90s"])?;
    let no_taint = || node.object(&["node", NAME]).is_ok_and(|found| found["spec"]["taints"].is_null());
    node.host.wait_until("the end of the node's taints", Duration::from_secs(30), no_taint)?;
    let found = node.object(&["node", NAME])?;
    let labels = &found["metadata"]["labels"];
    for role in ["control-plane", "etcd"] {
        let label = format!("node-role.kubernetes.io/{role}");
        same(&label, Some("true"), labels[label.as_str()].as_str())?;
    }
    let version = node.k3s(&["--version"], 30)?.stdout;
    let version = version.split(' ').nth(2);
    same("the kubelet's version", version, found["status"]["nodeInfo"]["kubeletVersion"].as_str())
}

fn drop_ins_are_read_in_order(node: &mut Node) -> Checked {
    let labels = node.object(&["node", NAME])?["metadata"]["labels"].clone();
    for (label, value) in [("contract/first", Some("1")), ("contract/second", Some("2")), ("contract/lost", None)] {
        same(&format!("the node's label {label}"), value, labels[label].as_str())?;
    }
    Ok(())
}

fn kubelet_obeys_arguments_and_drop_ins(node: &mut Node) -> Checked {
    let text = node.kubectl(&["get", &format!("--raw=/api/v1/nodes/{NAME}/proxy/configz")])?;
    let config = json("configz", &text)?["kubeletconfig"].clone();
    for (key, value) in [("maxPods", 77), ("imageGCHighThresholdPercent", 91)] {
        same(&format!("the kubelet's {key}"), Some(value), config[key].as_i64())?;
    }
    Ok(())
}

fn no_secret_is_in_arguments_or_environment(node: &mut Node) -> Checked {
    let places = "grep --files-with-matches --no-messages --fixed-strings --file=- /proc/[0-9]*/cmdline \
         /proc/[0-9]*/environ || test $? -le 2";
    let find =
        |what: String| -> Checked<String> { Ok(node.host.command(["sh", "-c", places])?.input(what).run_ok()?.stdout) };
    // What is there is found, too: the search works.
    let pid = node.main_pid()?;
    contains(
        "processes that hold the service's name",
        &format!("/proc/{pid}/"),
        &find("NOTIFY_SOCKET\nk3s\n".into())?,
    )?;
    same("places that hold the token's secret", "", find(format!("{}\n", secret(node)?))?.as_str())
}

fn certificate_holds_further_names(node: &mut Node) -> Checked {
    let address = node.host.address();
    let resolve = format!("{FURTHER_NAME}:6443:{address}");
    let authority = node.authority();
    for url in [format!("https://{FURTHER_NAME}:6443/ping"), format!("https://{address}:6443/ping")] {
        let answer = Node::curl_outside(&["--cacert", &authority, "--resolve", &resolve, &url])?;
        same(&url, "pong", (answer.stdout + &answer.stderr).trim())?;
    }
    Ok(())
}

/// The secret part of the token: never to be shown.
fn secret(node: &Node) -> Checked<String> {
    let token = node.text(&format!("{DATA}/server/token"))?;
    let secret = token.trim().rsplit(':').next().unwrap_or_default().to_owned();
    holds(secret.len() >= 16, "the token's secret", "at least 16 characters", secret.len())?;
    Ok(secret)
}
