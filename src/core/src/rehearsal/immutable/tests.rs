use serde_json::json;

use super::*;

/// Kind, live object, rendered object, fields that are told.
fn check(live: &Value, rendered: &Value, wanted: &[&str]) {
    assert_eq!(changed(live, rendered), wanted, "{live}\n{rendered}");
    assert_eq!(changed(live, live), [""; 0], "an object differs from itself: {live}");
}

fn of(api_version: &str, kind: &str, rest: Value) -> Value {
    let mut object = rest;
    object["apiVersion"] = api_version.into();
    object["kind"] = kind.into();
    object
}

#[test]
fn selectors_of_workloads() {
    for kind in ["Deployment", "DaemonSet", "StatefulSet"] {
        let with = |labels: Value| of("apps/v1", kind, json!({ "spec": { "selector": { "matchLabels": labels } } }));
        let live = with(json!({ "app": "web" }));
        check(&live, &with(json!({ "app": "web" })), &[]);
        check(&live, &with(json!({ "app": "other" })), &["spec.selector"]);
        check(&live, &with(json!({ "app": "web", "tier": "x" })), &["spec.selector"]);
        check(&with(json!({ "app": "web", "tier": "x" })), &live, &["spec.selector"]);
    }
}

#[test]
fn stateful_sets() {
    let set = |change: fn(&mut Value)| {
        let mut object = of(
            "apps/v1",
            "StatefulSet",
            json!({ "spec": {
                "replicas": 1, "serviceName": "db", "selector": { "matchLabels": { "app": "db" } },
                "volumeClaimTemplates": [{
                    "metadata": { "name": "data" },
                    "spec": { "accessModes": ["ReadWriteOnce"], "resources": { "requests": { "storage": "1Gi" } } },
                }],
            } }),
        );
        change(&mut object);
        object
    };
    // What the server filled in.
    let live = set(|object| {
        object["spec"]["podManagementPolicy"] = "OrderedReady".into();
        object["spec"]["volumeClaimTemplates"][0]["spec"]["volumeMode"] = "Filesystem".into();
        object["spec"]["volumeClaimTemplates"][0]["status"] = json!({ "phase": "Pending" });
    });
    check(&live, &set(|_| {}), &[]);
    check(&live, &set(|object| object["spec"]["replicas"] = 3.into()), &[]);
    check(&live, &set(|object| object["spec"]["serviceName"] = "other".into()), &["spec.serviceName"]);
    check(
        &live,
        &set(|object| object["spec"]["podManagementPolicy"] = "Parallel".into()),
        &["spec.podManagementPolicy"],
    );
    let template = |object: &mut Value, size: &str| {
        object["spec"]["volumeClaimTemplates"][0]["spec"]["resources"]["requests"]["storage"] = size.into();
    };
    let mut same = set(|_| {});
    template(&mut same, "1024Mi");
    check(&live, &same, &[]);
    let mut larger = set(|_| {});
    template(&mut larger, "2Gi");
    check(&live, &larger, &["spec.volumeClaimTemplates[data].spec.resources.requests.storage"]);
    check(
        &live,
        &set(|object| object["spec"]["volumeClaimTemplates"][0]["metadata"]["name"] = "new".into()),
        &["spec.volumeClaimTemplates[new]"],
    );
    check(&live, &set(|object| object["spec"]["volumeClaimTemplates"] = json!([])), &["spec.volumeClaimTemplates"]);
    check(
        &live,
        &set(|object| {
            object["spec"]["volumeClaimTemplates"][0]["spec"]["storageClassName"] = "fast".into();
        }),
        &["spec.volumeClaimTemplates[data].spec.storageClassName"],
    );
}

#[test]
fn jobs_are_compared_without_what_the_server_fills_in() {
    let job = |image: &str, cpu: Value| {
        of(
            "batch/v1",
            "Job",
            json!({ "spec": { "template": { "metadata": { "labels": { "app": "m" } }, "spec": {
                "restartPolicy": "Never", "tolerations": [],
                "containers": [{ "name": "m", "image": image, "resources": { "limits": { "cpu": cpu } } }],
            } } } }),
        )
    };
    let mut live = job("migrate:1", json!("1"));
    live["spec"]["template"]["metadata"]["labels"]["batch.kubernetes.io/controller-uid"] = "u".into();
    live["spec"]["template"]["spec"]["dnsPolicy"] = "ClusterFirst".into();
    live["spec"]["template"]["spec"]["containers"][0]["imagePullPolicy"] = "IfNotPresent".into();
    live["spec"]["completions"] = 1.into();
    check(&live, &job("migrate:1", json!("1000m")), &[]);
    check(&live, &job("migrate:1", json!(1)), &[]);
    check(&live, &job("migrate:2", json!("1")), &["spec.template"]);
    check(&live, &job("migrate:1", json!("2")), &["spec.template"]);
}

#[test]
fn services() {
    let service = |spec: Value| of("v1", "Service", json!({ "spec": spec }));
    let live = service(json!({ "type": "ClusterIP", "clusterIP": "10.43.0.9", "ipFamilies": ["IPv4"] }));
    check(&live, &service(json!({ "ports": [] })), &[]);
    check(&live, &service(json!({ "clusterIP": "10.43.0.9" })), &[]);
    check(&live, &service(json!({ "clusterIP": "None" })), &["spec.clusterIP"]);
    check(&live, &service(json!({ "clusterIP": "10.43.0.10" })), &["spec.clusterIP"]);
    check(&live, &service(json!({ "type": "ExternalName", "externalName": "x" })), &[]);
    check(&live, &service(json!({ "ipFamilies": ["IPv6"] })), &["spec.ipFamilies"]);
    let headless = service(json!({ "clusterIP": "None" }));
    check(&headless, &service(json!({})), &["spec.clusterIP"]);
}

#[test]
fn claims_may_grow_only() {
    let claim = |size: &str, class: Option<&str>| {
        let mut object = of(
            "v1",
            "PersistentVolumeClaim",
            json!({ "spec": { "accessModes": ["ReadWriteOnce"], "resources": { "requests": { "storage": size } } } }),
        );
        if let Some(class) = class {
            object["spec"]["storageClassName"] = class.into();
        }
        object
    };
    let mut live = claim("2Gi", Some("local-path"));
    live["spec"]["volumeName"] = "pvc-1".into();
    check(&live, &claim("2Gi", None), &[]);
    check(&live, &claim("3Gi", Some("local-path")), &[]);
    check(&live, &claim("1Gi", None), &["spec.resources.requests.storage"]);
    check(&live, &claim("2Gi", Some("fast")), &["spec.storageClassName"]);
    let mut shared = claim("2Gi", None);
    shared["spec"]["accessModes"] = json!(["ReadWriteMany"]);
    check(&live, &shared, &["spec.accessModes"]);
    let mut raw = claim("2Gi", None);
    raw["spec"]["volumeMode"] = "Block".into();
    check(&live, &raw, &["spec.volumeMode"]);
}

#[test]
fn classes_bindings_and_sealed_objects() {
    let class = |rest: Value| of("storage.k8s.io/v1", "StorageClass", rest);
    let live = class(json!({ "provisioner": "a", "reclaimPolicy": "Retain", "volumeBindingMode": "Immediate" }));
    check(&live, &class(json!({ "provisioner": "a", "reclaimPolicy": "Retain", "parameters": {} })), &[]);
    check(&live, &class(json!({ "provisioner": "b", "reclaimPolicy": "Retain" })), &["provisioner"]);
    check(&live, &class(json!({ "provisioner": "a" })), &["reclaimPolicy"]);
    check(
        &live,
        &class(json!({ "provisioner": "a", "reclaimPolicy": "Retain", "parameters": { "x": "1" } })),
        &["parameters"],
    );

    let role = |name: &str| json!({ "apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": name });
    let binding = |name: &str| of("rbac.authorization.k8s.io/v1", "RoleBinding", json!({ "roleRef": role(name) }));
    check(&binding("reader"), &binding("reader"), &[]);
    check(&binding("reader"), &binding("writer"), &["roleRef"]);

    let map = |value: &str, sealed: bool| of("v1", "ConfigMap", json!({ "data": { "k": value }, "immutable": sealed }));
    check(&map("1", false), &map("2", false), &[]);
    check(&map("1", true), &map("1", true), &[]);
    check(&map("1", true), &map("2", true), &["data"]);
    check(&map("1", true), &map("1", false), &["immutable"]);

    let secret = |kind: &str| of("v1", "Secret", json!({ "type": kind, "data": { "k": "MQ==" } }));
    check(&secret("Opaque"), &secret("kubernetes.io/tls"), &["type"]);
    check(&secret("Opaque"), &of("v1", "Secret", json!({ "data": {} })), &[]);

    let other = of("campus.example/v1", "Deployment", json!({ "spec": { "selector": { "a": "b" } } }));
    check(&other, &of("campus.example/v1", "Deployment", json!({ "spec": { "selector": { "a": "c" } } })), &[]);
}
