use serde_json::json;

use super::*;

#[test]
fn versions_are_read_as_kubernetes_writes_them() {
    for (text, minor) in [("1.36", Some(36)), ("v1.35.4", Some(35)), ("v1.36.3+k3s1", Some(36)), ("1.36+", Some(36))] {
        assert_eq!(text.parse::<Minor>().ok().map(|version| version.minor), minor, "{text}");
    }
    for text in ["", "1", "v", "one.two", "1.x"] {
        assert!(text.parse::<Minor>().is_err(), "{text}");
    }
    assert!(Minor::one(36) > Minor::one(9));
    let written = serde_json::to_string(&Minor::one(36)).expect("written");
    assert_eq!(written, "\"1.36\"");
    assert_eq!(serde_json::from_str::<Minor>(&written).expect("read"), Minor::one(36));
}

#[test]
fn a_kind_is_gone_from_its_version_on() {
    for (api_version, kind, target, since) in [
        ("policy/v1beta1", "PodDisruptionBudget", 24, None),
        ("policy/v1beta1", "PodDisruptionBudget", 25, Some(25)),
        ("policy/v1beta1", "PodDisruptionBudget", 36, Some(25)),
        ("policy/v1", "PodDisruptionBudget", 36, None),
        ("flowcontrol.apiserver.k8s.io/v1beta3", "FlowSchema", 31, None),
        ("flowcontrol.apiserver.k8s.io/v1beta3", "FlowSchema", 36, Some(32)),
        ("networking.k8s.io/v1beta1", "Ingress", 36, Some(22)),
        ("networking.k8s.io/v1beta1", "ServiceCIDR", 36, None),
        ("networking.k8s.io/v1beta1", "ServiceCIDR", 37, Some(37)),
        ("campus.example/v1beta1", "Ingress", 36, None),
    ] {
        let found = removed(api_version, kind, Minor::one(target)).map(|removal| removal.since.minor);
        assert_eq!(found, since, "{api_version} {kind} in 1.{target}");
    }
}

#[test]
fn the_table_is_in_order_and_names_nothing_twice() {
    let key = |removal: &Removal| (removal.since, removal.api_version, removal.kind);
    assert!(REMOVALS.windows(2).all(|pair| key(&pair[0]) < key(&pair[1])));
    for removal in REMOVALS {
        assert!(is_built_in(removal.api_version), "{}", removal.api_version);
        if let Some(replacement) = removal.replacement {
            assert_ne!(replacement, removal.api_version);
            assert_eq!(removed(replacement, removal.kind, Minor::one(36)), None, "{replacement} {}", removal.kind);
        }
    }
    let kinds =
        |now, target| between(Minor::one(now), Minor::one(target)).map(|removal| removal.kind).collect::<Vec<_>>();
    assert_eq!(kinds(34, 35), ["VolumeAttributesClass", "StorageVersionMigration"]);
    assert_eq!(kinds(35, 36), [""; 0]);
}

#[test]
fn custom_resources_are_told_from_kubernetes_own_kinds() {
    for (api_version, own) in [
        ("v1", true),
        ("apps/v1", true),
        ("policy/v1beta1", true),
        ("networking.k8s.io/v1", true),
        ("gateway.networking.k8s.io/v1", false),
        ("projectcontour.io/v1", false),
    ] {
        assert_eq!(is_built_in(api_version), own, "{api_version}");
    }
}

#[test]
fn who_wrote_through_a_removed_interface_is_named_once() {
    let object = json!({
        "kind": "PodDisruptionBudget",
        "metadata": { "managedFields": [
            { "manager": "old-operator", "apiVersion": "policy/v1beta1", "operation": "Update" },
            { "manager": "old-operator", "apiVersion": "policy/v1beta1", "operation": "Apply" },
            { "manager": "helm", "apiVersion": "policy/v1" },
        ] },
    });
    let found = writers(&object, Minor::one(36));
    assert_eq!(found.len(), 1);
    assert_eq!((found[0].0.as_str(), found[0].1.api_version), ("old-operator", "policy/v1beta1"));
    assert_eq!(writers(&object, Minor::one(24)), []);
}

#[test]
fn what_was_asked_for_is_read_from_the_metrics() {
    let metrics = r#"
# HELP apiserver_requested_deprecated_apis [STABLE] Gauge of deprecated APIs that have been requested
# TYPE apiserver_requested_deprecated_apis gauge
apiserver_requested_deprecated_apis{group="",removed_release="",resource="endpoints",subresource="",version="v1"} 1
apiserver_requested_deprecated_apis{group="flowcontrol.apiserver.k8s.io",removed_release="1.36",resource="flowschemas",subresource="",version="v1beta3"} 1
apiserver_requested_deprecated_apis{group="flowcontrol.apiserver.k8s.io",removed_release="1.36",resource="flowschemas",subresource="status",version="v1beta3"} 1
apiserver_requested_deprecated_apis{group="networking.k8s.io",removed_release="1.37",resource="ipaddresses",subresource="",version="v1beta1"} 1
apiserver_requested_deprecated_apis{group="x",removed_release="1.30",resource="y",subresource="",version="v1"} 0
apiserver_requested_deprecated_apis{group="half
apiserver_request_total{code="200"} 12
"#;
    let found = requested(metrics, Minor::one(36));
    let wanted = Requested {
        api_version: "flowcontrol.apiserver.k8s.io/v1beta3".to_owned(),
        resource: "flowschemas".to_owned(),
        since: Minor::one(36),
    };
    assert_eq!(found, [wanted]);
    assert_eq!(requested(metrics, Minor::one(37)).len(), 2);
}
