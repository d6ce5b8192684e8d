use serde_json::json;

use super::*;
use crate::fake::{Bench, Folder, Told, attempt, is_missing};
use crate::packed::tests::pack;

const PATH: &str = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions/things.x.org";
const THING: &str = "apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\nmetadata:\n  creationTimestamp: null\n  name: things.x.org\nspec: { group: x.org }\nstatus: {}\n";

fn definitions(text: &str) -> Result<Vec<Definition>, Fault> {
    let folder = Folder::new();
    let digest = folder.add(&pack(&[("demo/crds/x.yaml", text.as_bytes())]));
    read(&folder, "demo", &digest)
}

/// The API server's part: a definition is established a few looks after it came.
fn establishing(bench: &Bench, condition: &'static str, status: &'static str) {
    let mut looks = 0;
    bench.fake.control(move |objects| {
        let Some(object) = objects.get_mut(PATH) else { return };
        looks += 1;
        if looks == 3 {
            object["status"] = json!({ "conditions": [{ "type": condition, "status": status }] });
        }
    });
}

#[test]
fn definitions_are_applied_and_established() {
    let bench = Bench::new();
    let wanted = definitions(&format!("# comment\n---\n{THING}---\n")).expect("read");
    assert!(is_missing(&probe(&bench.api, "demo", &wanted)));
    establishing(&bench, "Established", "True");
    let mut told = Told::default();
    attempt(30, &mut told, |at| apply(&bench.api, bench.clock.as_ref(), "demo", &wanted, at)).expect("applied");
    assert_eq!(told.codes(), ["wait-crd"]);
    assert_eq!(probe(&bench.api, "demo", &wanted), Ok(Standing::Done));
    let object = bench.fake.get(PATH).expect("definition");
    assert_eq!(object["spec"], json!({ "group": "x.org" }));
    assert!(object["metadata"].get("creationTimestamp").is_none());

    let changed = definitions(&THING.replace("group: x.org", "group: x.org, scope: Cluster")).expect("read");
    assert!(is_missing(&probe(&bench.api, "demo", &changed)), "another text must be applied again");
}

#[test]
fn refused_names_end_the_wait_at_once() {
    let bench = Bench::new();
    establishing(&bench, "NamesAccepted", "False");
    let wanted = definitions(THING).expect("read");
    let fault = attempt(30, &mut Told::default(), |at| apply(&bench.api, bench.clock.as_ref(), "demo", &wanted, at))
        .expect_err("refused");
    assert_eq!(fault.code, FaultCode::ChartFailed);
    assert!(bench.clock.monotonic() < std::time::Duration::from_secs(5));
}

#[test]
fn anything_else_in_the_folder_is_refused() {
    for text in
        ["kind: ConfigMap\napiVersion: v1\nmetadata: { name: x }", "- 1", "a: [", "kind: CustomResourceDefinition"]
    {
        assert_eq!(definitions(text).expect_err(text).code, FaultCode::ChartFailed, "{text}");
    }
    let absent = Digest::of(b"absent");
    assert_eq!(read(&Folder::new(), "demo", &absent).expect_err("absent").code, FaultCode::ChartFailed);
}
