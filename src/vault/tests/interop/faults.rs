//! A real server behind a proxy that spoils its answers: what comes through, what is given up, and which cure is named.

use bridle_core::fault::Fault;
use bridle_vault::store::{Key, Put, Trouble};
use bytes::Bytes;

use super::*;
use crate::proxy::{Proxy, Rule, Spoil};

const OFTEN: u32 = 1000;

fn rule(words: &'static [&'static str], after: u32, times: u32, what: Spoil) -> Rule {
    Rule { words, after, times, what }
}

fn object(name: &str) -> Key {
    Key::new(name).expect("name")
}

#[test]
fn troubles_of_a_server_are_told_apart_and_passing_ones_pass() {
    let server = Server::s3s_fs();
    let proxy = Proxy::before(&server.endpoint);
    let mut patient = settings(&proxy.endpoint, "faults");
    patient.patience.attempt = Duration::from_secs(5);
    let store = S3::open_probed(patient.clone(), Arc::new(Literal)).expect("probe");
    let bytes = Bytes::from(noise(1, 200_000));
    store.put(&object("data/one"), std::slice::from_ref(&bytes), Put::New).expect("put");

    // What passes: bursts of 5xx, closed connections, answers that end early.
    for what in [Spoil::Answer(503, "SlowDown"), Spoil::Answer(500, "InternalError"), Spoil::Reset, Spoil::Cut(100)] {
        proxy.rule(&[rule(&["GET", "data/one"], 0, 3, what.clone())]);
        assert!(store.get(&object("data/one"), 1 << 20).expect("passes") == bytes, "{what:?}");
        assert_eq!(proxy.spoiled(), 3, "{what:?}");
    }
    // A put whose answer was lost was done; the second try must not take it for somebody else's.
    proxy.rule(&[rule(&["PUT", "data/lost"], 0, 1, Spoil::Cut(0))]);
    store
        .put(&object("data/lost"), std::slice::from_ref(&bytes), Put::New)
        .expect("the answer is lost, not the object");
    assert_eq!(proxy.spoiled(), 1);
    proxy.rule(&[]);
    let taken = store.put(&object("data/lost"), &[Bytes::from_static(b"else")], Put::New).expect_err("taken");
    assert_eq!(taken.trouble, Trouble::Exists);

    // What does not pass, each with its cure and after a bounded number of tries.
    for (status, code, trouble, tries) in [
        (503, "SlowDown", Trouble::Retryable, 5),
        (403, "ExpiredToken", Trouble::Auth, 1),
        (403, "AccessDenied", Trouble::Auth, 1),
        (403, "RequestTimeTooSkewed", Trouble::ClockSkew, 1),
        (507, "XMinioStorageFull", Trouble::Quota, 1),
        (404, "NoSuchBucket", Trouble::NotFound, 1),
    ] {
        proxy.rule(&[rule(&["PUT", "data/two"], 0, OFTEN, Spoil::Answer(status, code))]);
        let error = store.put(&object("data/two"), std::slice::from_ref(&bytes), Put::New).expect_err(code);
        assert_eq!((error.trouble, proxy.spoiled()), (trouble, tries), "{code}: {error:?}");
        assert!(!format!("{error:?}{:?}", Fault::from(&error)).contains(SECRET), "no secret in errors");
    }
    let mut hasty = patient;
    hasty.patience.attempt = Duration::from_millis(200);
    hasty.patience.attempts = 2;
    let hasty = S3::open(hasty, store.capabilities(), Arc::new(Literal)).expect("open");
    proxy.rule(&[rule(&["HEAD"], 0, OFTEN, Spoil::Silence)]);
    assert_eq!(hasty.head(&object("data/one")).expect_err("silence").trouble, Trouble::Retryable);
    assert_eq!(proxy.spoiled(), 2);
}

#[test]
fn a_listing_whose_second_page_fails_is_an_error() {
    let server = Server::versitygw();
    let proxy = Proxy::before(&server.endpoint);
    let store = S3::open_probed(settings(&proxy.endpoint, "pages"), Arc::new(Literal)).expect("probe");
    assert!(store.capabilities().paging);
    // Pages have 1000 names.
    for number in 0..1003 {
        store.put(&object(&format!("snapshots/{number:04}")), &[Bytes::from_static(b"x")], Put::Replace).expect("put");
    }
    assert_eq!(store.list("snapshots/").expect("list").len(), 1003);
    let second: &[&str] = &["GET", "list-type=2", "continuation-token"];
    proxy.rule(&[rule(second, 0, 2, Spoil::Answer(503, "SlowDown"))]);
    assert_eq!(store.list("snapshots/").expect("passes").len(), 1003);
    assert_eq!(proxy.spoiled(), 2, "the second page was asked for");
    for what in [Spoil::Answer(500, "InternalError"), Spoil::Cut(300), Spoil::Reset] {
        proxy.rule(&[rule(second, 0, OFTEN, what)]);
        let error = store.list("snapshots/").expect_err("never a shorter list");
        assert_eq!(error.trouble, Trouble::Retryable, "{error:?}");
    }
}

#[test]
fn a_backup_through_a_failing_network_is_whole_or_absent() {
    let server = Server::s3s_fs();
    let proxy = Proxy::before(&server.endpoint);
    let store = S3::open_probed(settings(&proxy.endpoint, "network"), Arc::new(Literal)).expect("probe");
    let repository = Repository::create(Arc::new(store), &key(), None).expect("create");
    let folder = tempfile::tempdir().expect("folder");
    let root = source(folder.path());
    let bumpy = [
        rule(&["PUT", "/data/"], 0, 2, Spoil::Answer(503, "SlowDown")),
        rule(&["PUT", "/index/"], 0, 1, Spoil::Reset),
        rule(&["PUT", "/snapshots/"], 0, 1, Spoil::Cut(0)),
        rule(&["HEAD", "/data/"], 0, 1, Spoil::Reset),
    ];
    proxy.rule(&bumpy);
    let saved = save(&repository, &root, None);
    assert!(proxy.spoiled() >= 4, "{}", proxy.spoiled());
    proxy.rule(&[]);
    let target = folder.path().join("restored");
    let what =
        Restoring { snapshot: saved.snapshot, path: "/volumes/files".into(), target: target.clone(), exact: false };
    repository.restore(&what, &watch()).expect("restore");
    assert_eq!(contents(&root), contents(&target));
    fs::remove_file(root.join("data/large")).expect("remove");
    let tree = Tree { name: "files".to_owned(), root, as_path: "/volumes/files".into(), exclude: Vec::new() };
    for words in [&["PUT", "/index/"], &["PUT", "/snapshots/"]] {
        proxy.rule(&[rule(words, 0, OFTEN, Spoil::Answer(403, "ExpiredToken"))]);
        let error = repository.archive_tree(&tree, &Outline::default(), &watch()).expect_err("refused");
        assert_eq!(Fault::from(&error).code, Trouble::Auth.code(), "{error}");
        proxy.rule(&[]);
        assert_eq!(repository.snapshots().expect("list").len(), 1, "{words:?}");
    }
}

/// An authority and a certificate of it for this machine, with its key (PEM).
fn certificates() -> (String, String, String) {
    let authority_key = rcgen::KeyPair::generate().expect("key");
    let mut authority = rcgen::CertificateParams::new(Vec::new()).expect("parameters");
    authority.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
    let key = rcgen::KeyPair::generate().expect("key");
    let certificate = rcgen::CertificateParams::new(vec!["127.0.0.1".to_owned()]).expect("parameters");
    let issuer = rcgen::Issuer::from_params(&authority, &authority_key);
    let certificate = certificate.signed_by(&key, &issuer).expect("signed");
    (authority.self_signed(&authority_key).expect("signed").pem(), certificate.pem(), key.serialize_pem())
}

#[test]
fn a_server_is_trusted_if_the_authority_that_was_given_signed_it() {
    let (authority, certificate, key) = certificates();
    let server = Server::versitygw_with_tls(&certificate, &key);
    let mut settings = settings(&server.endpoint, "tls");
    settings.ca = authority.into_bytes();
    let store = S3::open_probed(settings.clone(), Arc::new(Literal)).expect("trusted");
    store.put(&object("data/one"), &[Bytes::from_static(b"one")], Put::New).expect("put");
    assert_eq!(store.get(&object("data/one"), 3).expect("get"), "one");
    for ca in [certificates().0.into_bytes(), Vec::new()] {
        let foreign = S3Settings { ca, ..settings.clone() };
        let error =
            S3::open(foreign, store.capabilities(), Arc::new(Literal)).expect("open").list("").expect_err("untrusted");
        assert_eq!(error.trouble, Trouble::Untrusted, "{error:?}");
    }
}
