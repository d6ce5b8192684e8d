use std::collections::BTreeMap;

use serde_json::json;

use super::*;
use crate::fake::{Bench, OnePair, Told, attempt, is_missing};

const PATH: &str = "/api/v1/namespaces/campus/secrets/owner";

fn pair(text: &str) -> OnePair {
    OnePair { certificate: format!("certificate {text}"), key: format!("key {text}") }
}

fn secret(content: SecretContent) -> Vec<Secret> {
    vec![Secret { name: "owner".to_owned(), namespace: "campus".to_owned(), content }]
}

fn random_secret(keys: &[(&str, u32)]) -> Vec<Secret> {
    secret(SecretContent::Random {
        keys: keys.iter().map(|(key, bytes)| ((*key).to_owned(), *bytes)).collect(),
        fixed: BTreeMap::from([("username".to_owned(), "enrolment".to_owned())]),
    })
}

fn value(bench: &Bench, key: &str) -> String {
    let object = bench.fake.get(PATH).expect("secret");
    let data = object["data"][key].as_str().expect("key");
    String::from_utf8(STANDARD.decode(data).expect("base64")).expect("text")
}

fn make(bench: &Bench, secrets: &[Secret], pair: &OnePair) -> Result<(), Fault> {
    attempt(10, &mut Told::default(), |at| apply(&bench.api, secrets, "campus.internal", pair, at))
}

#[test]
fn random_keys_are_made_once_and_never_changed() {
    let (bench, none) = (Bench::new(), pair(""));
    let secrets = random_secret(&[("password", 24), ("short", 1)]);
    assert!(is_missing(&probe(&bench.api, &secrets, "h", &none)));
    make(&bench, &secrets, &none).expect("made");
    assert_eq!(probe(&bench.api, &secrets, "h", &none), Ok(Standing::Done));
    let password = value(&bench, "password");
    assert_eq!(password.len(), 32, "24 bytes as base64url without padding");
    assert!(password.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_'));
    assert_eq!(value(&bench, "short").len(), 22, "never fewer than 16 bytes");
    assert_eq!(value(&bench, "username"), "enrolment");

    let more = random_secret(&[("password", 64), ("short", 16), ("token", 16)]);
    assert!(is_missing(&probe(&bench.api, &more, "h", &none)));
    make(&bench, &more, &none).expect("made");
    assert_eq!(value(&bench, "password"), password);
    assert_eq!(value(&bench, "token").len(), 22);
    make(&bench, &more, &none).expect("made");
    assert_eq!(value(&bench, "password"), password);
}

#[test]
fn two_secrets_never_get_the_same_value() {
    let bench = Bench::new();
    let secrets = random_secret(&[("a", 16), ("b", 16)]);
    make(&bench, &secrets, &pair("")).expect("made");
    assert_ne!(value(&bench, "a"), value(&bench, "b"));
}

#[test]
fn whoever_writes_at_the_same_moment_keeps_what_he_wrote() {
    let bench = Bench::new();
    let secrets = random_secret(&[("password", 24)]);
    bench.fake.put(PATH, json!({ "data": {} }));
    let mut looks = 0;
    bench.fake.control(move |objects| {
        looks += 1;
        if looks == 2 {
            // Between our look and our write.
            objects.insert(
                PATH.to_owned(),
                json!({ "metadata": { "resourceVersion": "99" }, "data": { "password": STANDARD.encode("theirs") } }),
            );
        }
    });
    make(&bench, &secrets, &pair("")).expect("made");
    assert_eq!(value(&bench, "password"), "theirs");
    assert_eq!(value(&bench, "username"), "enrolment");
}

#[test]
fn a_tls_secret_follows_the_certificate() {
    let bench = Bench::new();
    let secrets = secret(SecretContent::Tls);
    make(&bench, &secrets, &pair("one")).expect("made");
    assert_eq!(bench.fake.get(PATH).expect("secret")["type"], "kubernetes.io/tls");
    assert_eq!(probe(&bench.api, &secrets, "h", &pair("one")), Ok(Standing::Done));
    assert!(is_missing(&probe(&bench.api, &secrets, "h", &pair("two"))));
    make(&bench, &secrets, &pair("two")).expect("made");
    assert_eq!(value(&bench, "tls.crt"), "certificate two");
    assert_eq!(value(&bench, "tls.key"), "key two");
}

#[test]
fn a_refusal_shows_no_value() {
    let bench = Bench::new();
    bench.fake.refuse(&[404, 403]);
    let fault = make(&bench, &secret(SecretContent::Tls), &pair("canary")).expect_err("refused");
    let shown = format!("{fault:?}");
    assert!(!shown.contains("canary") && !shown.contains(&STANDARD.encode("key canary")), "{shown}");
}
