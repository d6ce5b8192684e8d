//! Checks of network policies. Each leaves no policy behind.

use super::failure::{holds, same};
use super::ledger::check;
use super::pod::{self, HOST_PORT, NODE_PORT, POLICY_LIMIT, SERVICE};
use super::{Check, Checked, Node};
use serde_json::{Value, json};
use std::time::Duration;

pub(super) const CHECKS: &[Check] = &[
    check!("26", default_deny_keeps_all_but_the_host_out),
    check!("27", chosen_pods_and_ports_are_let_in),
    check!("27", ranges_and_address_blocks_are_let_in),
    check!("28", denied_egress_covers_the_api_and_the_host),
    check!("29", a_pod_denied_from_birth_gets_nothing_out),
];

/// A policy over the pods that `selector` chooses.
fn policy(name: &str, selector: &Value, kind: &str, rules: &Value) -> Value {
    let mut spec = json!({ "podSelector": selector, "policyTypes": [kind] });
    spec[kind.to_lowercase()] = rules.clone();
    json!({ "apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy", "metadata": { "name": name }, "spec": spec })
}

/// Nothing comes in, to any pod.
pub(super) fn deny_all() -> Value {
    policy("deny", &json!({}), "Ingress", &json!([]))
}

/// Runs a check with policies in force and takes them away afterwards, whatever it found.
fn with_policies(node: &Node, policies: &[Value], check: impl FnOnce() -> Checked) -> Checked {
    let result = policies.iter().try_for_each(|policy| node.apply(policy)).and_then(|()| check());
    let gone = node.kubectl(&["delete", "networkpolicy", "--all"]);
    result.and(gone.map(drop))
}

fn default_deny_keeps_all_but_the_host_out(node: &mut Node) -> Checked {
    let direct = format!("{}:8080", node.pod_address("web")?);
    let through = format!("{SERVICE}:80");
    with_policies(node, &[deny_all()], || {
        refused_outside(node)?;
        node.reaches_soon("default deny", "other", &[(&direct, false), (&through, false)])?;
        let host = node.curl_inside(&[&format!("http://{direct}/")])?;
        same("a denied pod from the host", "web", host.stdout.trim())?;
        // The probe asks every second and gives up after three.
        let path = "--output=jsonpath={.status.conditions[?(@.type==\"Ready\")].status}";
        let unready = || node.kubectl(&["get", "pod", "web", path]).is_ok_and(|status| status != "True");
        let lost = crate::testhost::wait_until("a failed probe", Duration::from_secs(5), unready);
        holds(lost.is_err(), "the probe of a denied pod", "ready for 5 s", "not ready")
    })?;
    node.reaches_soon("no policy any more", "other", &[(&direct, true), (&through, true)])
}

/// NodePort and hostPort are closed to the outside, within the time a change may take.
pub(super) fn refused_outside(node: &Node) -> Checked {
    for port in [NODE_PORT, HOST_PORT] {
        let target = format!("{}:{port}", node.host.address());
        let refused = || pod::page_outside(&target).is_none();
        node.host.wait_until(&format!("the refusal of {target} to the outside"), POLICY_LIMIT, refused)?;
    }
    Ok(())
}

fn chosen_pods_and_ports_are_let_in(node: &mut Node) -> Checked {
    let web = node.pod_address("web")?;
    let (first, second, through) = (format!("{web}:8080"), format!("{web}:8081"), format!("{SERVICE}:80"));
    let from = json!([{
        "from": [{ "podSelector": { "matchLabels": { "app": "client" } } }],
        "ports": [{ "protocol": "TCP", "port": 8080 }],
    }]);
    let allow = policy("allow", &json!({ "matchLabels": { "app": "web" } }), "Ingress", &from);
    with_policies(node, &[deny_all(), allow], || {
        let allowed = [(&*first, true), (&*second, false), (&*through, true)];
        node.reaches_soon("a chosen pod to a chosen port", "client", &allowed)?;
        let denied = [(&*first, false), (&*second, false), (&*through, false)];
        node.reaches_soon("a pod that is not chosen", "other", &denied)?;
        refused_outside(node)
    })?;
    node.reaches_soon("no policy any more", "other", &[(&first, true), (&second, true)])
}

fn ranges_and_address_blocks_are_let_in(node: &mut Node) -> Checked {
    let web = node.pod_address("web")?;
    let (first, second) = (format!("{web}:8080"), format!("{web}:8081"));
    let but = format!("{}/32", node.pod_address("client")?);
    let from = json!([{
        "from": [{ "ipBlock": { "cidr": "10.42.0.0/16", "except": [but] } }],
        "ports": [{ "protocol": "TCP", "port": 8000, "endPort": 8080 }],
    }]);
    let allow = policy("range", &json!({ "matchLabels": { "app": "web" } }), "Ingress", &from);
    with_policies(node, &[allow], || {
        node.reaches_soon("a block and a range", "other", &[(&first, true), (&second, false)])?;
        node.reaches_soon("an exception of a block", "client", &[(&first, false), (&second, false)])
    })
}

fn denied_egress_covers_the_api_and_the_host(node: &mut Node) -> Checked {
    let web = format!("{}:8080", node.pod_address("web")?);
    let through = format!("{SERVICE}:80");
    // These speak TLS only: a connection is enough.
    let host = node.host.address();
    let script = format!(
        "for target in '10.43.0.1 443' '{host} 6443' '{host} 10250'; do timeout 5 nc -w 2 $target < /dev/null && echo yes || echo no; done"
    );
    let opened = |what: &str, wanted: &str| -> Checked {
        let output = node.exec("client", &script)?;
        let found = output.stdout.split_whitespace().collect::<Vec<_>>().join(" ");
        same(&format!("{what}: connections to the API's service, its port on the host, the kubelet"), wanted, &found)
    };
    opened("no policy", "yes yes yes")?;
    let seal = policy("seal", &json!({ "matchLabels": { "app": "client" } }), "Egress", &json!([]));
    with_policies(node, &[seal], || {
        node.reaches_soon("denied egress", "client", &[(&web, false), (&through, false)])?;
        opened("denied egress", "no no no")?;
        node.reaches_soon("another pod", "other", &[(&web, true)])
    })?;
    node.reaches_soon("no policy any more", "client", &[(&web, true)])
}

/// Ten pods try as soon as they live; one page got is one too many.
fn a_pod_denied_from_birth_gets_nothing_out(node: &mut Node) -> Checked {
    let web = node.pod_address("web")?;
    let attempts = |name: &str, count: usize, sealed: &str| -> Vec<Value> {
        let attempt = |number| {
            let mut pod = pod::pod(&format!("{name}{number}"), "docker.io");
            pod["metadata"]["labels"] = json!({ "sealed": sealed });
            pod["spec"]["restartPolicy"] = "Never".into();
            pod["spec"]["containers"][0]["command"] = json!(["/bin/sh", "-c", pod::get(&web, "8080")]);
            if let Some(container) = pod["spec"]["containers"][0].as_object_mut() {
                container.remove("readinessProbe");
            }
            pod
        };
        (0..count).map(attempt).collect()
    };
    let seal = policy("born", &json!({ "matchLabels": { "sealed": "yes" } }), "Egress", &json!([]));
    let result = with_policies(node, &[seal], || {
        let items = [attempts("sealed", 10, "yes"), attempts("open", 1, "no")].concat();
        node.apply(&json!({ "apiVersion": "v1", "kind": "List", "items": items }))?;
        let phases = |sealed: &str| {
            let path = "--output=jsonpath={.items[*].status.phase}";
            node.kubectl(&["get", "pods", "--selector", &format!("sealed={sealed}"), path])
        };
        let ended = |text: &str| text.split(' ').all(|phase| phase == "Succeeded" || phase == "Failed");
        node.host.wait_until("the end of 11 attempts", Duration::from_secs(90), || {
            phases("yes").is_ok_and(|text| ended(&text)) && phases("no").is_ok_and(|text| ended(&text))
        })?;
        same("the attempt of a pod without a policy", "Succeeded", phases("no")?.as_str())?;
        same("the attempts of sealed pods", "Failed ".repeat(10).trim(), phases("yes")?.as_str())
    });
    result.and(node.kubectl(&["delete", "pods", "--selector", "sealed", "--now"]).map(drop))
}
