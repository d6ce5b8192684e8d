use serde_json::json;

use super::*;

fn webhook(change: impl Fn(&mut Value)) -> Value {
    let mut webhook = json!({
        "name": "check.example", "clientConfig": { "service": { "namespace": "tools", "name": "check" } },
        "rules": [{
            "apiGroups": ["apps"], "apiVersions": ["v1"], "operations": ["CREATE", "UPDATE"],
            "resources": ["deployments"], "scope": "*",
        }],
    });
    change(&mut webhook);
    webhook
}

#[test]
fn a_webhook_is_asked_about_what_its_rules_name() {
    let object = json!({ "kind": "Deployment", "metadata": { "labels": { "app": "web" } } });
    let labels = json!({ "kubernetes.io/metadata.name": "campus" });
    let request = |exists| Request {
        object: &object,
        group: "apps",
        version: "v1",
        resource: "deployments",
        namespace: Some(&labels),
        exists,
    };
    type Change = fn(&mut Value);
    let cases: [(Change, bool); 14] = [
        (|_| {}, true),
        (|it| it["rules"] = json!([]), false),
        (|it| it["rules"][0]["apiGroups"] = json!(["*"]), true),
        (|it| it["rules"][0]["apiGroups"] = json!([""]), false),
        (|it| it["rules"][0]["apiVersions"] = json!(["v1beta1"]), false),
        (|it| it["rules"][0]["resources"] = json!(["*/*"]), true),
        (|it| it["rules"][0]["resources"] = json!(["deployments/*"]), true),
        (|it| it["rules"][0]["resources"] = json!(["deployments/scale"]), false),
        (|it| it["rules"][0]["scope"] = json!("Cluster"), false),
        (|it| it["rules"][0]["operations"] = json!(["DELETE"]), false),
        (|it| it["objectSelector"] = json!({ "matchLabels": { "app": "api" } }), false),
        (|it| it["namespaceSelector"] = json!({ "matchLabels": { "kubernetes.io/metadata.name": "campus" } }), true),
        (
            |it| {
                it["namespaceSelector"] = json!({ "matchExpressions": [
                    { "key": "kubernetes.io/metadata.name", "operator": "NotIn", "values": ["campus"] },
                ] });
            },
            false,
        ),
        (|it| it["namespaceSelector"] = json!({}), true),
    ];
    for (change, asked) in cases {
        let webhook = webhook(change);
        assert_eq!(is_asked(&webhook, &request(true)), asked, "{webhook}");
    }
    let only_new = webhook(|it| it["rules"][0]["operations"] = json!(["CREATE"]));
    assert!(is_asked(&only_new, &request(false)) && !is_asked(&only_new, &request(true)));
}

#[test]
fn a_namespace_is_judged_by_its_own_labels() {
    let namespace = json!({ "kind": "Namespace", "metadata": { "labels": { "tier": "x" } } });
    let request = Request {
        object: &namespace,
        group: "",
        version: "v1",
        resource: "namespaces",
        namespace: None,
        exists: false,
    };
    let with = |tier: &str| {
        webhook(|it| {
            it["rules"][0] = json!({
                "apiGroups": [""], "apiVersions": ["*"], "operations": ["*"], "resources": ["*"],
            });
            it["namespaceSelector"] = json!({ "matchLabels": { "tier": tier } });
        })
    };
    assert!(is_asked(&with("x"), &request));
    assert!(!is_asked(&with("y"), &request));
}

#[test]
fn who_does_not_answer() {
    assert!(fails_closed(&webhook(|_| {})));
    assert!(!fails_closed(&webhook(|it| it["failurePolicy"] = "Ignore".into())));
    assert_eq!(service(&webhook(|_| {})), Some(("tools", "check")));
    assert_eq!(service(&webhook(|it| it["clientConfig"] = json!({ "url": "https://x" }))), None);
    let slice =
        |ready: Value| json!({ "endpoints": [{ "addresses": ["10.42.0.3"], "conditions": { "ready": ready } }] });
    assert!(is_served(&[slice(json!(true))]));
    assert!(is_served(&[slice(json!(false)), slice(Value::Null)]));
    assert!(!is_served(&[slice(json!(false))]));
    assert!(!is_served(&[json!({ "endpoints": null })]));
    assert!(!is_served(&[]));
}
