use bridle_core::release::SecretContent;

use super::*;
use crate::fake::{Bench, Memory, OnePair, Told, attempt, is_missing};

fn wanted() -> Vec<Secret> {
    let content = SecretContent::Random {
        keys: BTreeMap::from([("password".to_owned(), 24)]),
        fixed: BTreeMap::from([("username".to_owned(), "enrolment".to_owned())]),
    };
    vec![Secret { name: "owner".to_owned(), namespace: "campus".to_owned(), content }]
}

fn install(bench: &Bench, kept: &Memory) {
    let pair = OnePair { certificate: String::new(), key: String::new() };
    take_over(&bench.api, &wanted(), kept).expect("taken over");
    attempt(10, &mut Told::default(), |at| secrets::apply(&bench.api, &wanted(), "h", &pair, at)).expect("made");
}

fn keep_all(bench: &Bench, kept: &Memory) -> Result<(), Fault> {
    attempt(10, &mut Told::default(), |at| keep(&bench.api, &wanted(), kept, at))
}

#[test]
fn a_second_cluster_gets_the_passwords_of_the_first() {
    let (first, kept) = (Bench::new(), Memory::default());
    install(&first, &kept);
    assert!(is_missing(&probe(&first.api, &wanted(), &kept)));
    keep_all(&first, &kept).expect("kept");
    assert_eq!(probe(&first.api, &wanted(), &kept), Ok(Standing::Done));

    let second = Bench::new();
    install(&second, &kept);
    let password =
        |bench: &Bench| bench.fake.get("/api/v1/namespaces/campus/secrets/owner").expect("secret")["data"].clone();
    assert_eq!(password(&first), password(&second));
    assert_eq!(probe(&second.api, &wanted(), &kept), Ok(Standing::Done));
}

#[test]
fn what_a_cluster_has_is_never_changed_and_what_it_lacks_stays_kept() {
    let (first, kept) = (Bench::new(), Memory::default());
    install(&first, &kept);
    let empty = Bench::new();
    let before = kept.read().expect("read");
    keep_all(&empty, &kept).expect("nothing to keep");
    assert_eq!(kept.read().expect("read"), before);
    keep_all(&first, &kept).expect("kept");
    keep_all(&empty, &kept).expect("an installation that failed before its secrets");
    assert_eq!(kept.read().expect("read").secrets().len(), 1);

    let other = Bench::new();
    install(&other, &Memory::default());
    let before = other.fake.get("/api/v1/namespaces/campus/secrets/owner");
    take_over(&other.api, &wanted(), &kept).expect("nothing to do");
    assert_eq!(other.fake.get("/api/v1/namespaces/campus/secrets/owner"), before);
}

#[test]
fn a_cluster_that_refuses_is_named() {
    let (bench, kept) = (Bench::new(), Memory::default());
    bench.fake.refuse(&[403]);
    let fault = keep_all(&bench, &kept).expect_err("refused");
    assert_eq!(fault.code, FaultCode::SecretsNotKept);
    assert!(fault.detail.is_some());
}
