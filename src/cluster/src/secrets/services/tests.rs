use std::sync::Mutex;

use bridle_core::configuration::secret::Password;

use super::*;
use crate::fake::{Bench, Told, attempt, is_missing};

/// Passwords in memory: the value of version 3 of `smtp-password` is `value 3 of smtp-password`.
#[derive(Default)]
pub(crate) struct Drawer {
    in_force: Mutex<BTreeMap<String, u64>>,
    broken: bool,
}

impl SealedSecrets for Drawer {
    fn open(&self, name: &str, number: u64) -> Result<Password, Fault> {
        if self.broken {
            return Err(Fault::new(FaultCode::SealedDamaged).with("name", name));
        }
        Password::read(&format!("value {number} of {name}"))
    }

    fn in_force(&self) -> Result<BTreeMap<String, u64>, Fault> {
        Ok(self.in_force.lock().expect("lock").clone())
    }

    fn settle(&self, secrets: &BTreeMap<String, u64>) -> Result<(), Fault> {
        self.in_force.lock().expect("lock").clone_from(secrets);
        Ok(())
    }
}

fn wanted(namespaces: &[&str], secrets: &[(&str, u64)], gone: &[&str]) -> SiteServices {
    let own = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect();
    let secrets = secrets.iter().map(|(name, number)| ((*name).to_owned(), *number)).collect();
    SiteServices { namespaces: own(namespaces), secrets, gone: own(gone) }
}

fn make(bench: &Bench, drawer: &Drawer, step: &SiteServices) -> Result<(), Fault> {
    assert!(is_missing(&probe(&bench.api, step, drawer)), "before");
    attempt(10, &mut Told::default(), |at| apply(&bench.api, step, drawer, at))?;
    assert_eq!(probe(&bench.api, step, drawer), Ok(Standing::Done), "after");
    Ok(())
}

fn values(bench: &Bench, namespace: &str) -> Option<BTreeMap<String, String>> {
    let object = bench.fake.get(&path(namespace))?;
    let text = |value: &Value| {
        String::from_utf8(STANDARD.decode(value.as_str().expect("text")).expect("base64")).expect("text")
    };
    Some(object["data"].as_object()?.iter().map(|(key, value)| (key.clone(), text(value))).collect())
}

#[test]
fn each_namespace_has_exactly_the_passwords_that_are_wanted() {
    let (bench, drawer) = (Bench::new(), Drawer::default());
    let first = wanted(&["campus", "mail"], &[("smtp-password", 1)], &[]);
    make(&bench, &drawer, &first).expect("made");
    let expected = BTreeMap::from([("smtp-password".to_owned(), "value 1 of smtp-password".to_owned())]);
    assert_eq!((values(&bench, "campus"), values(&bench, "mail")), (Some(expected.clone()), Some(expected)));

    // Another version, one more name, one place less, and a key that somebody put there.
    let mut object = bench.fake.get(&path("campus")).expect("made");
    object["data"]["theirs"] = "eA==".into();
    bench.fake.put(&path("campus"), object);
    let second = wanted(&["campus"], &[("proxy-password", 3), ("smtp-password", 2)], &["mail"]);
    make(&bench, &drawer, &second).expect("made");
    let keys: Vec<String> = values(&bench, "campus").expect("there").into_values().collect();
    assert_eq!(keys, ["value 3 of proxy-password", "value 2 of smtp-password"]);
    assert_eq!(values(&bench, "mail"), None);

    make(&bench, &drawer, &wanted(&[], &[], &["campus"])).expect("gone");
    assert_eq!((values(&bench, "campus"), drawer.in_force().expect("mark").len()), (None, 0));
}

#[test]
fn nothing_is_written_that_cannot_be_opened_and_a_stop_is_heard() {
    let (bench, drawer) = (Bench::new(), Drawer { broken: true, ..Drawer::default() });
    let step = wanted(&["campus"], &[("smtp-password", 1)], &[]);
    let fault = attempt(10, &mut Told::default(), |at| apply(&bench.api, &step, &drawer, at)).expect_err("broken");
    assert_eq!(fault.code, FaultCode::SealedDamaged);
    assert!(bench.fake.requests().is_empty());

    let drawer = Drawer::default();
    bench.fake.refuse_at(&path("campus"), 403);
    let fault = attempt(10, &mut Told::default(), |at| apply(&bench.api, &step, &drawer, at)).expect_err("refused");
    assert_eq!(fault.code, FaultCode::KubernetesRefused);
    assert!(!format!("{fault:?}").contains("value 1"));
    assert!(drawer.in_force().expect("mark").is_empty(), "the mark comes last");
    let mut told = Told::default();
    let mut at = Attempt { limit: std::time::Duration::from_secs(1), progress: &mut told, stop: &|| true };
    let stopped = apply(&bench.api, &step, &drawer, &mut at).expect_err("stopped");
    assert_eq!(stopped.code, FaultCode::DeadlinePassed);
}
