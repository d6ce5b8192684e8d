//! Checks of pods: their network and what people do with them.

use super::failure::{contains, holds, same};
use super::ledger::check;
use super::pod::{self, HOST_PORT, NODE_PORT, SERVICE};
use super::{Check, Checked, Node};
use serde_json::json;
use std::time::Duration;

pub(super) const CHECKS: &[Check] = &[
    check!("18", pods_start, vital),
    check!("21", pods_and_services_are_reached),
    check!("22", exec_logs_and_port_forward_work),
];

/// Pods of three registries start; the suite needs them from here on.
fn pods_start(node: &mut Node) -> Checked {
    let account = || node.kubectl(&["get", "serviceaccount", "default"]).is_ok();
    node.host.wait_until("the default service account", Duration::from_secs(60), account)?;
    let mut web = pod::pod("web", "ghcr.io");
    web["spec"]["containers"][0]["ports"] = json!([{ "containerPort": 8080, "hostPort": HOST_PORT }]);
    node.apply(&json!({
        "apiVersion": "v1",
        "kind": "List",
        "items": [web, pod::pod("client", "docker.io"), pod::pod("other", "registry.example"), pod::service()],
    }))?;
    ["web", "client", "other"].iter().try_for_each(|name| node.wait_pod(name))
}

fn pods_and_services_are_reached(node: &mut Node) -> Checked {
    let web = node.pod_address("web")?;
    let (direct, through) = (format!("{web}:8080"), format!("{SERVICE}:80"));
    node.host.wait_until("the service in the kernel", Duration::from_secs(10), || {
        node.reached_from("other", &[&through]).is_ok_and(|found| found == [true])
    })?;
    same("other to web, other to the service", vec![true, true], node.reached_from("other", &[&direct, &through])?)?;
    same("web to itself through its service", vec![true], node.reached_from("web", &[&through])?)?;
    // It refuses who speaks no TLS, and tells so; busybox has none.
    let plain = "printf 'GET / HTTP/1.0\\r\\n\\r\\n' | timeout 5 nc -w 2 10.43.0.1 443";
    contains("the API server's answer to a pod", "HTTPS server", &node.exec("other", plain)?.stdout)?;
    let status = node.status_inside(&["--cacert", &node.authority(), "https://10.43.0.1/api"])?;
    same("status of kubernetes.default without credentials", "401", status.as_str())?;
    let host = node.host.address();
    for port in [NODE_PORT, HOST_PORT] {
        let target = format!("{host}:{port}");
        same(&format!("{target} from outside"), Some("web".to_owned()), pod::page_outside(&target))?;
        same(&format!("{target} from the host"), "web", page_inside(node, &target)?.as_str())?;
    }
    same("a pod from the host", "web", page_inside(node, &direct)?.as_str())
}

fn page_inside(node: &Node, target: &str) -> Checked<String> {
    let output = node.curl_inside(&[&format!("http://{target}/")])?;
    Ok((output.stdout + &output.stderr).trim().to_owned())
}

fn exec_logs_and_port_forward_work(node: &mut Node) -> Checked {
    let output = node.exec("client", "echo said; exit 7")?;
    same("exec's output and status", ("said\n", Some(7)), (output.stdout.as_str(), output.status.code()))?;
    let echoed = node.host.command(["kubectl", "exec", "-i", "client", "--", "cat"])?.input("given").run()?;
    same("what exec gives to the pod", "given", echoed.stdout.as_str())?;
    same("logs", "serving", node.kubectl(&["logs", "client"])?.as_str())?;
    let mut forward = node.host.spawn(["kubectl", "port-forward", "pod/client", "17070:8080"])?;
    forward.wait_for_output("Forwarding from 127.0.0.1:17070", Duration::from_secs(20))?;
    let page = page_inside(node, "127.0.0.1:17070")?;
    holds(page == "client", "the page through port-forward", "client", page)
}
