use bridle_core::configuration::errand::Way;
use bridle_core::message::Message;
use serde_json::json;

use super::*;
use crate::fake::{Bench, Told, attempt};

const PATH: &str = "/api/v1/namespaces/campus/pods/bridle-errand";
const LOG: &str = "/api/v1/namespaces/campus/pods/bridle-errand/log";

fn errand() -> Errand {
    let question =
        |way, host: &str, port| Question { about: Message::new("wait-api"), way, host: host.to_owned(), port };
    Errand {
        namespace: "campus".to_owned(),
        image: "bridle.internal/busybox:1".to_owned(),
        questions: vec![question(Way::Name, "192.0.2.53", 53), question(Way::Stream, "mail.example", 25)],
    }
}

fn send(bench: &Bench) -> Result<Vec<Reply>, Fault> {
    attempt(60, &mut Told::default(), |at| hold(&bench.api, bench.clock.as_ref(), &errand(), at))
}

/// Pods end at the third look with this phase.
fn ends(bench: &Bench, phase: &'static str) {
    let mut looks = 0;
    bench.fake.control(move |objects| {
        looks += 1;
        if let Some(pod) = objects.get_mut(PATH).filter(|_| looks > 3) {
            pod["status"] = json!({ "phase": phase });
        }
    });
}

#[test]
fn the_pod_has_no_rights_and_is_removed_once_it_has_told() {
    let bench = Bench::new();
    ends(&bench, "Succeeded");
    bench.fake.put(LOG, json!("1 no nc: timed out\n0 yes\n"));
    let replies = send(&bench).expect("held");
    assert_eq!(replies, [Reply::Answered, Reply::Nothing("nc: timed out".to_owned())]);
    assert!(bench.fake.get(PATH).is_none());
    let pod = pod(&errand());
    let container = &pod["spec"]["containers"][0];
    assert_eq!(container["securityContext"]["capabilities"]["drop"], json!(["ALL"]));
    assert_eq!(container["securityContext"]["allowPrivilegeEscalation"], false);
    assert_eq!(pod["spec"]["securityContext"]["runAsNonRoot"], true);
    assert_eq!(pod["spec"]["automountServiceAccountToken"], false);
    assert_eq!(pod["spec"]["activeDeadlineSeconds"], 60);
    let words = container["command"].as_array().expect("words");
    assert_eq!(
        words[4..],
        [json!("name"), json!("192.0.2.53"), json!("53"), json!("stream"), json!("mail.example"), json!("25")]
    );
}

#[test]
fn one_that_never_ends_is_removed_at_the_deadline() {
    let bench = Bench::new();
    let fault = send(&bench).expect_err("late");
    assert_eq!(fault.code, FaultCode::ErrandFailed);
    assert!(bench.clock.monotonic() >= LIMIT && bench.clock.monotonic() < LIMIT * 2);
    assert!(bench.fake.get(PATH).is_none());
}

#[test]
fn what_an_earlier_agent_left_goes_first_but_nothing_of_others() {
    let bench = Bench::new();
    bench.fake.put(PATH, json!({ "metadata": { "name": NAME, "labels": { LABEL: "services" } } }));
    bench.fake.put(LOG, json!("0 yes\n1 yes\n"));
    ends(&bench, "Failed");
    assert_eq!(send(&bench).expect("held"), [Reply::Answered, Reply::Answered]);
    let requests = bench.fake.requests();
    let place = |what: &str| requests.iter().position(|line| line.starts_with(what)).expect(what);
    assert!(place("DELETE") < place("POST"));

    let bench = Bench::new();
    bench.fake.put(PATH, json!({ "metadata": { "name": NAME } }));
    assert_eq!(send(&bench).expect_err("not ours").code, FaultCode::ErrandFailed);
    assert!(bench.fake.get(PATH).is_some());
}

#[test]
fn a_pod_that_may_not_be_made_says_why() {
    let bench = Bench::new();
    bench.fake.refuse_at("/api/v1/namespaces/campus/pods", 403);
    let fault = send(&bench).expect_err("refused");
    assert_eq!(fault.code, FaultCode::ErrandFailed);
    assert!(!fault.causes.is_empty());
}
