use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use bridle_core::port::{Command, CommandError, CommandOutput, Process};
use bridle_core::rehearsal::Severity;
use bridle_core::rehearsal::interruption::Effect;
use bridle_core::step::ChartStep;
use serde_json::json;

use super::*;
use crate::fake::{Bench, Folder, Told, assert_words, attempt};
use crate::helm::recorded;
use crate::packed::tests::pack;

/// Helm as far as a rehearsal runs it: what each chart renders to, or its words and exit code 1.
#[derive(Default)]
struct Renders(BTreeMap<&'static str, Result<&'static str, &'static str>>);

impl Process for Renders {
    fn run(&self, command: &Command, _stop: &dyn Fn() -> bool) -> Result<CommandOutput, CommandError> {
        assert_eq!(command.args[0], "template");
        let line = command.args.join(" ");
        for wanted in ["--values - ", "--kube-version 1.36", "projectcontour.io/v1,projectcontour.io/v1/HTTPProxy"] {
            assert!(line.contains(wanted), "{line}");
        }
        assert!(command.stdin.as_ref().is_some_and(|values| values.starts_with(b"{")), "values");
        let (stdout, stderr, code) = match self.0[command.args[1].as_str()] {
            Ok(text) => (text, "", 0),
            Err(words) => ("", words, 1),
        };
        Ok(CommandOutput { code, stdout: stdout.into(), stderr: stderr.into() })
    }
}

/// What the servers knows of kinds.
fn known(bench: &Bench) {
    let kind =
        |name: &str, kind: &str, namespaced: bool| json!({ "name": name, "kind": kind, "namespaced": namespaced });
    for (base, resources) in [
        (
            "/api/v1",
            vec![
                kind("namespaces", "Namespace", false),
                kind("configmaps", "ConfigMap", true),
                kind("services", "Service", true),
                kind("secrets", "Secret", true),
                kind("persistentvolumes", "PersistentVolume", false),
                kind("persistentvolumeclaims", "PersistentVolumeClaim", true),
            ],
        ),
        ("/apis/apps/v1", vec![kind("deployments", "Deployment", true), kind("statefulsets", "StatefulSet", true)]),
        ("/apis/policy/v1", vec![kind("poddisruptionbudgets", "PodDisruptionBudget", true)]),
        ("/apis/projectcontour.io/v1", vec![kind("httpproxies", "HTTPProxy", true)]),
        (
            "/apis/admissionregistration.k8s.io/v1",
            vec![
                kind("validatingwebhookconfigurations", "ValidatingWebhookConfiguration", false),
                kind("mutatingwebhookconfigurations", "MutatingWebhookConfiguration", false),
            ],
        ),
        ("/apis/discovery.k8s.io/v1", vec![kind("endpointslices", "EndpointSlice", true)]),
        ("/apis/discovery.k8s.io/v1/namespaces/tools", vec![kind("endpointslices", "EndpointSlice", true)]),
    ] {
        bench.fake.put(base, json!({ "resources": resources }));
    }
    let group = |version: &str| json!({ "versions": [{ "groupVersion": version }] });
    bench.fake.put("/apis", json!({ "groups": [group("apps/v1"), group("projectcontour.io/v1")] }));
    bench.fake.put("/version", json!({ "gitVersion": "v1.35.4+k3s1" }));
    bench.fake.put("/api/v1/namespaces/campus", json!({ "metadata": { "name": "campus", "labels": { "a": "b" } } }));
    bench.fake.put("/metrics", json!("apiserver_request_total 1\n"));
}

fn helm(bench: &Bench, renders: Renders) -> Helm {
    Helm {
        program: Arc::new(|| Ok(PathBuf::from("/opt/helm"))),
        process: Arc::new(renders),
        kubeconfig: PathBuf::from("/etc/k3s.yaml"),
        scratch: PathBuf::from("/run/helm"),
        clock: Arc::clone(&bench.clock) as Arc<dyn Clock>,
    }
}

fn chart(name: &str, package: bridle_core::digest::Digest) -> ChartStep {
    ChartStep {
        name: name.to_owned(),
        version: "1.1.0".to_owned(),
        namespace: "campus".to_owned(),
        package,
        values: serde_json::Map::new(),
        timeout_seconds: 60,
    }
}

/// Rehearses charts that render to this over a cluster where the charts named in `current` are deployed.
fn rehearse(
    bench: &Bench,
    renders: &[(&'static str, Result<&'static str, &'static str>)],
    current: &[&str],
    crds: &str,
) -> Report {
    let blobs = Folder::new();
    let package = blobs.add(&pack(&[("web/crds/kinds.yaml", crds.as_bytes())]));
    let rehearsal = Rehearsal {
        charts: renders.iter().map(|(name, _)| chart(name, package)).collect(),
        current: current
            .iter()
            .map(|name| ChartName { name: (*name).to_owned(), namespace: "campus".to_owned() })
            .collect(),
        kubernetes_target: Minor::one(36),
        crds: if crds.is_empty() { Vec::new() } else { vec![package] },
    };
    let helm = helm(bench, Renders(renders.iter().copied().collect()));
    let stage = Stage { api: &bench.api, helm: &helm, blobs: &blobs, clock: bench.clock.as_ref() };
    let before = bench.fake.objects();
    let report = attempt(60, &mut Told::default(), |at| hold(&stage, &rehearsal, at)).expect("report");
    assert_eq!(bench.fake.objects(), before, "the rehearsal changed something");
    for finding in &report.findings {
        assert_words(&finding.message);
    }
    report
}

/// Severity, code and object of each finding.
fn told(report: &Report) -> Vec<(Severity, &str, String)> {
    let name = |finding: &Finding| finding.object.as_ref().map(ToString::to_string).unwrap_or_default();
    report.findings.iter().map(|finding| (finding.severity, finding.message.code.as_ref(), name(finding))).collect()
}

const WEB: &str = "
apiVersion: apps/v1
kind: Deployment
metadata: { name: web }
spec:
  selector: { matchLabels: { app: web } }
  template: { metadata: { labels: { app: web } }, spec: { containers: [{ name: web, image: 'web:2' }] } }
---
apiVersion: v1
kind: Service
metadata: { name: web }
spec: { ports: [{ port: 80 }] }
";

fn own(object: Value) -> Value {
    let mut object = object;
    object["metadata"]["labels"]["app.kubernetes.io/managed-by"] = "Helm".into();
    object["metadata"]["annotations"] =
        json!({ "meta.helm.sh/release-name": "web", "meta.helm.sh/release-namespace": "campus" });
    object
}

/// The chart `web` is deployed with another image.
fn deployed(bench: &Bench) {
    known(bench);
    let manifest = WEB.replace("web:2", "web:1");
    let (path, record) = recorded("web", "campus", &manifest);
    bench.fake.put(&path, record);
    bench.fake.put(
        "/apis/apps/v1/namespaces/campus/deployments/web",
        own(json!({
            "metadata": { "name": "web", "namespace": "campus" },
            "spec": { "selector": { "matchLabels": { "app": "web" } } },
        })),
    );
}

#[test]
fn a_new_image_finds_nothing_and_rolls() {
    let bench = Bench::new();
    deployed(&bench);
    let report = rehearse(&bench, &[("web", Ok(WEB))], &["web"], "");
    assert_eq!(told(&report), []);
    assert!(!report.blocks());
    assert_eq!((report.objects, report.tried), (2, 2));
    assert_eq!(report.interruptions.len(), 1);
    assert_eq!(report.interruptions[0].effect, Effect::Overlaps);
    let changes: Vec<String> =
        bench.fake.requests().into_iter().filter(|request| !request.starts_with("GET")).collect();
    let wanted = ["/apis/apps/v1/namespaces/campus/deployments/web", "/api/v1/namespaces/campus/services/web"];
    assert_eq!(changes, wanted.map(|path| format!("PATCH {path}")));
}

#[test]
fn what_cannot_be_rendered_is_told_and_the_rest_goes_on() {
    let bench = Bench::new();
    deployed(&bench);
    let report = rehearse(&bench, &[("web", Err("Error: at '/replicas': got string")), ("api", Ok(""))], &["web"], "");
    assert_eq!(told(&report), [(Severity::Blocks, "rehearsal-render", String::new())]);
    assert!(report.findings[0].said.contains("got string") && report.blocks());
    // A chart that was not rendered does not count as gone.
    assert_eq!(report.interruptions, []);
}

#[test]
fn the_server_says_no_in_different_ways() {
    let bench = Bench::new();
    deployed(&bench);
    let at = |kind: &str, name: &str| format!("/api/v1/namespaces/campus/{kind}/{name}");
    bench.fake.object_to(&at("services", "web"), 422, "Service \"web\" is invalid: spec.ports");
    bench.fake.object_to(&at("configmaps", "typo"), 500, "failed to create typed patch object: .dota: not declared");
    bench.fake.object_to(&at("configmaps", "hooked"), 400, "admission webhook \"x\" does not support dry run");
    bench.fake.object_to(&at("secrets", "keys"), 422, "Secret is invalid: data: hunter2");
    let more = "
apiVersion: v1
kind: List
items:
  - { apiVersion: v1, kind: ConfigMap, metadata: { name: typo } }
  - { apiVersion: v1, kind: ConfigMap, metadata: { name: hooked } }
---
{ apiVersion: v1, kind: Secret, metadata: { name: keys } }
";
    let report = rehearse(&bench, &[("web", Ok(WEB)), ("more", Ok(more))], &["web"], "");
    assert_eq!(
        told(&report),
        [
            (Severity::Blocks, "rehearsal-refused", "ConfigMap campus/typo".to_owned()),
            (Severity::Blocks, "rehearsal-refused", "Secret campus/keys".to_owned()),
            (Severity::Blocks, "rehearsal-refused", "Service campus/web".to_owned()),
            (Severity::Warns, "rehearsal-not-tried", "ConfigMap campus/hooked".to_owned()),
        ]
    );
    assert!(report.findings.iter().all(|finding| !finding.said.contains("hunter2")), "a secret in the words");
    assert!(report.findings[2].said.contains("spec.ports"));
}

#[test]
fn fixed_fields_and_owners_are_told_in_plain_words_once() {
    let bench = Bench::new();
    deployed(&bench);
    let web = "/apis/apps/v1/namespaces/campus/deployments/web";
    bench.fake.object_to(web, 422, "field is immutable");
    let renamed: &str = "
apiVersion: apps/v1
kind: Deployment
metadata: { name: web }
spec: { selector: { matchLabels: { app: other } }, template: { metadata: { labels: { app: other } } } }
---
{ apiVersion: v1, kind: ConfigMap, metadata: { name: by-hand } }
---
{ apiVersion: v1, kind: ConfigMap, metadata: { name: of-other } }
";
    let put =
        |name: &str, object: Value| bench.fake.put(&format!("/api/v1/namespaces/campus/configmaps/{name}"), object);
    put("by-hand", json!({ "metadata": { "name": "by-hand", "namespace": "campus" } }));
    let mut other = own(json!({ "metadata": { "name": "of-other", "namespace": "campus" } }));
    other["metadata"]["annotations"]["meta.helm.sh/release-name"] = "wiki".into();
    put("of-other", other);
    let report = rehearse(&bench, &[("web", Ok(renamed))], &["web"], "");
    assert_eq!(
        told(&report),
        [
            (Severity::Blocks, "rehearsal-owned-by-nobody", "ConfigMap campus/by-hand".to_owned()),
            (Severity::Blocks, "rehearsal-owned-by-other", "ConfigMap campus/of-other".to_owned()),
            (Severity::Blocks, "rehearsal-immutable", "Deployment campus/web".to_owned()),
        ]
    );
    assert!(report.findings[2].said.contains("field is immutable"));
}

#[test]
fn what_is_not_there_yet_is_told_and_not_tried() {
    let bench = Bench::new();
    known(&bench);
    let crds = "
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: { name: things.campus.example }
spec: { group: campus.example, names: { kind: Thing }, versions: [{ name: v1, served: true }] }
";
    let text = "
{ apiVersion: campus.example/v1, kind: Thing, metadata: { name: one } }
---
{ apiVersion: nobody.example/v1, kind: Thing, metadata: { name: two } }
---
{ apiVersion: networking.k8s.io/v2, kind: Ingress, metadata: { name: three } }
---
{ apiVersion: v1, kind: ConfigMap, metadata: { name: four, namespace: later } }
---
{ apiVersion: policy/v1beta1, kind: PodDisruptionBudget, metadata: { name: five } }
";
    let report = rehearse(&bench, &[("web", Ok(text))], &[], crds);
    assert_eq!(
        told(&report),
        [
            (Severity::Blocks, "rehearsal-api-removed", "PodDisruptionBudget five".to_owned()),
            (Severity::Blocks, "rehearsal-kind-unknown", "Thing two".to_owned()),
            (Severity::Warns, "rehearsal-kind-later", "Ingress three".to_owned()),
            (Severity::Tells, "rehearsal-namespace-new", String::new()),
            (Severity::Tells, "rehearsal-kind-new", "Thing one".to_owned()),
        ]
    );
    // The definition itself counts and was tried.
    assert_eq!((report.objects, report.tried), (6, 1));
}

#[test]
fn what_is_stored_or_asked_for_through_a_removed_interface_is_found() {
    let bench = Bench::new();
    deployed(&bench);
    let old = "{ apiVersion: policy/v1beta1, kind: PodDisruptionBudget, metadata: { name: old } }";
    let (path, record) = recorded("legacy", "campus", old);
    bench.fake.put(&path, record);
    let asked = "apiserver_requested_deprecated_apis{group=\"x.k8s.io\",removed_release=\"1.36\",resource=\"things\",\
                 subresource=\"\",version=\"v1beta1\"} 1\n";
    bench.fake.put("/metrics", json!(asked));
    let report = rehearse(&bench, &[("web", Ok(WEB))], &["web", "legacy"], "");
    assert_eq!(
        told(&report),
        [
            (Severity::Blocks, "rehearsal-api-recorded", "PodDisruptionBudget old".to_owned()),
            (Severity::Warns, "rehearsal-api-requested", String::new()),
        ]
    );
    bench.fake.delete("/metrics");
    let report = rehearse(&bench, &[("web", Ok(WEB))], &["web"], "");
    assert_eq!(told(&report), [(Severity::Warns, "rehearsal-requests-unknown", String::new())]);
}

#[test]
fn a_closed_gate_is_told_once_and_its_objects_are_not_tried() {
    let bench = Bench::new();
    deployed(&bench);
    let webhook = |policy: &str| {
        json!({ "metadata": { "name": "checks" }, "webhooks": [{
            "name": "check.example", "failurePolicy": policy,
            "clientConfig": { "service": { "namespace": "tools", "name": "check" } },
            "rules": [{ "apiGroups": ["apps"], "apiVersions": ["*"], "operations": ["*"], "resources": ["*"] }],
        }] })
    };
    let path = "/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations/checks";
    bench.fake.put(path, webhook("Fail"));
    let report = rehearse(&bench, &[("web", Ok(WEB))], &["web"], "");
    assert_eq!(told(&report), [(Severity::Blocks, "rehearsal-webhook", String::new())]);
    assert_eq!(report.tried, 1);
    bench.fake.put(path, webhook("Ignore"));
    assert_eq!(told(&rehearse(&bench, &[("web", Ok(WEB))], &["web"], "")), []);
    bench.fake.put(path, webhook("Fail"));
    bench.fake.put(
        "/apis/discovery.k8s.io/v1/namespaces/tools/endpointslices/check-1",
        json!({
            "metadata": { "labels": { "kubernetes.io/service-name": "check" } },
            "endpoints": [{ "conditions": { "ready": true } }],
        }),
    );
    let report = rehearse(&bench, &[("web", Ok(WEB))], &["web"], "");
    assert_eq!((told(&report), report.tried), (Vec::new(), 2));
}

#[test]
fn budgets_claims_and_what_two_charts_want() {
    let bench = Bench::new();
    deployed(&bench);
    bench.fake.put(
        "/api/v1/namespaces/campus/persistentvolumeclaims/files",
        own(json!({ "metadata": { "name": "files", "namespace": "campus" }, "spec": { "volumeName": "pv" } })),
    );
    bench.fake.put(
        "/api/v1/persistentvolumes/pv",
        json!({ "metadata": { "name": "pv" }, "spec": { "persistentVolumeReclaimPolicy": "Delete" } }),
    );
    let strict = "
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata: { name: web }
spec: { minAvailable: 1, selector: { matchLabels: { app: web } } }
";
    let report = rehearse(&bench, &[("web", Ok(WEB)), ("strict", Ok(strict)), ("again", Ok(strict))], &["web"], "");
    assert_eq!(
        told(&report),
        [
            (Severity::Blocks, "rehearsal-claim-lost", "PersistentVolumeClaim campus/files".to_owned()),
            (Severity::Blocks, "rehearsal-budget-all", "PodDisruptionBudget campus/web".to_owned()),
            (Severity::Blocks, "rehearsal-twice", "PodDisruptionBudget campus/web".to_owned()),
        ]
    );
    assert_eq!(report.findings[1].chart, "strict");
}

#[test]
fn it_ends_when_told_to_or_when_its_time_is_over() {
    let bench = Bench::new();
    deployed(&bench);
    let helm = helm(&bench, Renders::default());
    let blobs = Folder::new();
    let stage = Stage { api: &bench.api, helm: &helm, blobs: &blobs, clock: bench.clock.as_ref() };
    let rehearsal = Rehearsal {
        charts: vec![chart("web", bridle_core::digest::Digest::of(b"absent"))],
        current: Vec::new(),
        kubernetes_target: Minor::one(36),
        crds: Vec::new(),
    };
    let fault = attempt(0, &mut Told::default(), |at| hold(&stage, &rehearsal, at)).expect_err("late");
    assert_eq!(fault.code, FaultCode::DeadlinePassed);
    let report = attempt(9, &mut Told::default(), |at| hold(&stage, &rehearsal, at)).expect("report");
    assert_eq!(told(&report), [(Severity::Blocks, "rehearsal-package", String::new())]);
    bench.fake.delete("/version");
    let fault = attempt(9, &mut Told::default(), |at| hold(&stage, &rehearsal, at)).expect_err("no version");
    assert_eq!(fault.code, FaultCode::KubernetesRefused);
}
