//! Requests to the worker over a server that speaks S3, and stock restic over what they made.

use bridle_core::backup::id::{Incarnation, InstallationId, Ulid};
use bridle_core::backup::lease::{FORMAT, Lease, Owner};
use bridle_core::backup::recovery_code::RecoveryCode;
use bridle_core::backup::repository::Capabilities;
use bridle_core::backup::repository::credentials::Credentials;
use bridle_core::backup::repository::place::{Bucket, Place};
use bridle_core::backup::worker::{
    Content, NewCode, OldCode, Outcome, OwnerSeen, PROTOCOL, Replacement, Request, SecretKey, Sight, Store, Work,
};
use bridle_core::backup::wrapped_key::WrappedKey;
use bridle_core::fault::{Fault, FaultCode};
use bridle_core::port::Timestamp;
use bridle_vault::worker::{Surroundings, carry_out};

use super::*;

struct Bench {
    store: Store,
}

fn id(number: u64) -> Ulid {
    Ulid::new(Timestamp(number), [0; 10])
}

fn code(byte: u8) -> (RecoveryCode, NewCode) {
    let code = RecoveryCode::from_random([byte; 32]);
    let number = u64::from(byte);
    let wrapped = WrappedKey::new(&key(), &code, id(number), Timestamp(number), "campus", [byte; 32]);
    (code.clone(), NewCode { code: code.text(), wrapped })
}

fn lease(token: u64) -> Lease {
    let (site, host) = ("campus".to_owned(), "one".to_owned());
    let owner =
        Owner { installation: InstallationId(id(1)), incarnation: Incarnation(id(1)), session: id(1), site, host };
    Lease { format: FORMAT, token, owner, renewed: Timestamp(5), expires: Timestamp(5) }
}

impl Bench {
    fn new(server: &Server, secret: &str) -> Self {
        let place = Place::S3(Bucket {
            endpoint: server.endpoint.clone(),
            region: "us-east-1".to_owned(),
            bucket: BUCKET.to_owned(),
            prefix: "campus/one".to_owned(),
            path_style: true,
            ca: String::new(),
        });
        place.check().expect("a place");
        let credentials = Credentials { key_id: KEY_ID.to_owned(), secret: secret.to_owned(), token: None };
        Self { store: Store { place, credentials: Some(credentials), mark: None, capabilities: None } }
    }

    fn run(&self, work: Work) -> Result<Outcome, Fault> {
        let around = Surroundings { fs: Arc::new(Disk), names: Arc::new(Literal) };
        let request = Request { protocol: PROTOCOL, memory: 1 << 30, store: self.store.clone(), work };
        carry_out(&request, &around, &watch())
    }

    fn look(&self) -> Sight {
        match self.run(Work::Look { key: Some(SecretKey(key())), code: None }).expect("looks") {
            Outcome::Looked(sight) => *sight,
            _ => panic!("another outcome"),
        }
    }
}

#[test]
fn a_repository_on_a_server_is_made_proved_given_another_code_and_checked() {
    let server = Server::versitygw();
    let mut bench = Bench::new(&server, SECRET);
    let sight = bench.look();
    assert!(matches!(sight.content, Content::Nothing) && sight.folder.is_none() && sight.capabilities.paging);
    bench.store.capabilities = Some(sight.capabilities);
    let (first, new) = code(2);
    let lease_of = |before: Option<u64>, token| Replacement { before: before.map(lease), lease: lease(token) };
    let create = Work::Create { key: SecretKey(key()), code: new, lease: lease_of(None, 1), again: false };
    let Outcome::Coded { mark: None, restic, capabilities } = bench.run(create).expect("made") else {
        panic!("another outcome")
    };
    assert_eq!(
        Capabilities { versioning: false, ..capabilities },
        Capabilities { versioning: false, ..sight.capabilities }
    );
    let sight = bench.look();
    assert!(matches!(sight.content, Content::Opened { .. }));
    assert_eq!(sight.owner, OwnerSeen::Lease(lease(1)));
    // As the sheet says: the place as restic names it, and the code.
    let stock = |code: &RecoveryCode| {
        let stock = Restic::new(&bench.store.place.shown(), &code.text());
        stock.env("AWS_ACCESS_KEY_ID", KEY_ID).env("AWS_SECRET_ACCESS_KEY", SECRET)
    };
    stock(&first).run(&["check", "--no-lock"]);
    let (second, new) = code(3);
    let old = OldCode::Known { wrapped: id(2), restic };
    let rotate = Work::Rotate { key: SecretKey(key()), code: new, old, lease: lease_of(Some(1), 2) };
    assert!(bench.run(rotate).is_ok());
    let rehearse = |code: &RecoveryCode| bench.run(Work::Rehearse { code: code.text() }).err().map(|fault| fault.code);
    assert_eq!((rehearse(&first), rehearse(&second)), (Some(FaultCode::RecoveryCodeOther), None));
    stock(&second).run(&["check", "--no-lock"]);
    let checked = bench.run(Work::Check { key: SecretKey(key()), data: true });
    let Ok(Outcome::Checked(checked)) = checked else { panic!("not checked") };
    assert_eq!((checked.count, checked.wrapped, checked.owner), (0, vec![id(3)], OwnerSeen::Lease(lease(2))));

    let wrong = Bench::new(&server, "canary-5be1").run(Work::Look { key: None, code: None }).err().expect("refused");
    assert_eq!(wrong.code, FaultCode::RepositoryForbidden);
    assert!(!format!("{wrong:?}").contains("canary"), "{wrong:?}");
}
