//! Requests over a folder on the real disk.

use std::fs;

use bridle_core::backup::id::{Incarnation, InstallationId, Ulid};
use bridle_core::backup::lease::{FORMAT, Lease, Owner};
use bridle_core::backup::recovery_code::RecoveryCode;
use bridle_core::backup::repository::place::Place;
use bridle_core::backup::worker::{PROTOCOL, SecretKey};
use bridle_core::backup::wrapped_key::WrappedKey;
use bridle_core::port::Timestamp;
use bridle_core::port::names::Literal;
use bridle_disk::Disk;

use super::*;
use crate::repository::Silent;

pub(super) struct Bench {
    pub(super) folder: tempfile::TempDir,
}

pub(super) fn key(byte: u8) -> SecretKey {
    SecretKey(RepositoryKey::from_bytes([byte; 32]))
}

fn ulid(number: u64) -> Ulid {
    Ulid::new(Timestamp(number), [0; 10])
}

fn code(byte: u8) -> RecoveryCode {
    RecoveryCode::from_random([byte; 32])
}

fn new_code(byte: u8) -> NewCode {
    let (id, made) = (ulid(u64::from(byte)), Timestamp(u64::from(byte)));
    let wrapped = WrappedKey::new(&key(1).0, &code(byte), id, made, "campus", [byte; 32]);
    NewCode { code: code(byte).text(), wrapped }
}

pub(super) fn lease(token: u64) -> Lease {
    let id = ulid(1);
    let (site, host) = ("campus".to_owned(), "one".to_owned());
    let owner = Owner { installation: InstallationId(id), incarnation: Incarnation(id), session: id, site, host };
    Lease { format: FORMAT, token, owner, renewed: Timestamp(5), expires: Timestamp(5) }
}

pub(super) fn first() -> Replacement {
    Replacement { before: None, lease: lease(1) }
}

impl Bench {
    pub(super) fn new() -> Self {
        Self { folder: tempfile::tempdir().expect("folder") }
    }

    pub(super) fn run(&self, work: Work) -> Result<Outcome, Fault> {
        let place = Place::Directory { path: self.folder.path().display().to_string() };
        let store = Store { place, credentials: None, mark: None, capabilities: None };
        let around = Surroundings { fs: Arc::new(Disk), names: Arc::new(Literal) };
        let watch: Arc<dyn Watch> = Arc::new(Silent);
        carry_out(&Request { protocol: PROTOCOL, memory: 1 << 30, store, work }, &around, &watch)
    }

    pub(super) fn refused(&self, work: Work) -> FaultCode {
        self.run(work).err().expect("refused").code
    }

    pub(super) fn create(&self, again: bool) -> Result<Outcome, Fault> {
        self.run(Work::Create { key: key(1), code: new_code(2), lease: first(), again })
    }

    fn look(&self, key: Option<SecretKey>, code: Option<String>) -> Sight {
        match self.run(Work::Look { key, code }).expect("looks") {
            Outcome::Looked(sight) => *sight,
            _ => panic!("another outcome"),
        }
    }

    pub(super) fn names(&self, folder: &str) -> usize {
        fs::read_dir(self.folder.path().join(folder)).map_or(0, Iterator::count)
    }
}

#[test]
fn a_repository_is_made_looked_at_and_checked() {
    let bench = Bench::new();
    let sight = bench.look(None, None);
    assert!(matches!(sight.content, Content::Nothing) && sight.folder.is_some_and(|folder| folder.mark.is_none()));
    assert_eq!(bench.names("."), 0, "looking changes nothing");
    let Outcome::Coded { mark: Some(mark), restic, capabilities } = bench.create(false).expect("made") else {
        panic!("another outcome")
    };
    assert!(capabilities.conditional_put && restic.len() == 64);
    let sight = bench.look(Some(key(1)), None);
    assert_eq!(sight.folder.and_then(|folder| folder.mark), Some(mark));
    assert!(matches!(sight.content, Content::Opened { by: None, .. }));
    assert_eq!(sight.owner, OwnerSeen::Lease(lease(1)));
    // By the code, as a person types it.
    let sight = bench.look(None, Some(code(2).text().to_lowercase().replace('-', " ")));
    assert!(
        matches!(sight.content, Content::Opened { key: found, by: Some(by) } if found == key(1) && by.restic == restic)
    );
    assert!(matches!(bench.look(Some(key(9)), None).content, Content::Closed));
    assert_eq!(bench.refused(Work::Look { key: None, code: Some(code(3).text()) }), FaultCode::RecoveryCodeOther);
    assert_eq!(bench.refused(Work::Look { key: None, code: Some("ABC".into()) }), FaultCode::RecoveryCodeMistyped);
    let Outcome::Checked(checked) = bench.run(Work::Check { key: key(1), data: true }).expect("checks") else {
        panic!("another outcome")
    };
    assert_eq!((checked.snapshots, checked.count, checked.wrapped), (0, 0, vec![ulid(2)]));
    assert_eq!(bench.refused(Work::Check { key: key(9), data: false }), FaultCode::RepositoryKeyWrong);
    assert_eq!(bench.create(false).err().expect("refused").code, FaultCode::RepositoryPresent);
}

#[test]
fn an_attempt_that_was_broken_off_anywhere_is_done_again() {
    let bench = Bench::new();
    bench.create(false).expect("made");
    let at = |name: &str| bench.folder.path().join(name);
    // After the lease: the same once more, with a code of its own.
    assert!(bench.create(true).is_ok());
    assert_eq!((bench.names("keys"), bench.names("bridle/keys")), (2, 1));
    // Before the lease; before the code's keys; before the settings.
    for gone in [["lease.json"].as_slice(), &["lease.json", "bridle"], &["lease.json", "bridle", "config"]] {
        for name in gone {
            let path = at(name);
            let removed = if path.is_dir() { fs::remove_dir_all(path) } else { fs::remove_file(path) };
            removed.expect(name);
        }
        assert!(bench.create(true).is_ok(), "{gone:?}");
        assert_eq!((bench.names("keys"), bench.names("bridle/keys")), (2, 1), "{gone:?}");
        assert!(matches!(bench.look(Some(key(1)), None).content, Content::Opened { .. }));
    }
}

#[test]
fn nothing_else_is_written_to_and_nothing_with_data_is_made_anew() {
    let bench = Bench::new();
    let write = |name: &str| {
        let path = bench.folder.path().join(name);
        fs::create_dir_all(path.parent().expect("parent")).expect("dir");
        fs::File::create(path).expect("file");
    };
    write("photos/one.jpg");
    assert!(matches!(bench.look(None, None).content, Content::Foreign(name) if name == "photos"));
    assert_eq!(bench.create(false).err().expect("refused").code, FaultCode::RepositoryObjectExists);
    assert!(!bench.folder.path().join(crate::store::MARKER).exists());

    let bench = Bench::new();
    bench.create(false).expect("made");
    let at = |name: &str| bench.folder.path().join(name);
    fs::create_dir_all(at("data/ab"))
        .and_then(|()| fs::File::create(at("data/ab").join("ab".repeat(32))))
        .expect("pack");
    fs::remove_file(at("config")).expect("lost");
    assert_eq!(
        bench.create(true).err().expect("refused").code,
        FaultCode::RepositoryPresent,
        "its data are left alone"
    );
    assert!(at("data/ab").join("ab".repeat(32)).exists());
}

#[test]
fn a_code_is_replaced_and_the_old_one_opens_no_more() {
    let bench = Bench::new();
    let Outcome::Coded { restic, .. } = bench.create(false).expect("made") else { panic!("another outcome") };
    let rehearse = |byte: u8| bench.run(Work::Rehearse { code: code(byte).text() });
    assert!(matches!(rehearse(2), Ok(Outcome::Rehearsed(by)) if by.restic == restic && by.wrapped.id == ulid(2)));
    let old = OldCode::Known { wrapped: ulid(2), restic };
    let replacement = Replacement { before: Some(lease(1)), lease: lease(2) };
    let rotate = || Work::Rotate { key: key(1), code: new_code(3), old: old.clone(), lease: replacement.clone() };
    assert!(bench.run(rotate()).is_ok());
    assert_eq!(rehearse(2).err().map(|fault| fault.code), Some(FaultCode::RecoveryCodeOther));
    assert!(rehearse(3).is_ok());
    assert_eq!((bench.names("keys"), bench.names("bridle/keys")), (2, 1));
    // A wrapped key that was altered opens with nothing.
    let path = bench.folder.path().join(new_code(3).wrapped.object());
    let text = fs::read_to_string(&path).expect("there").replace("campus", "campuz");
    std::io::Write::write_all(&mut fs::File::create(&path).expect("file"), text.as_bytes()).expect("altered");
    assert_eq!(rehearse(3).err().map(|fault| fault.code), Some(FaultCode::RecoveryCodeOther));
}

#[test]
fn an_owner_that_changed_meanwhile_is_not_written_over() {
    let bench = Bench::new();
    bench.create(false).expect("made");
    let own = |before: Option<Lease>, token| {
        let lease = Replacement { before, lease: lease(token) };
        bench.run(Work::Own { key: key(1), lease }).err().map(|fault| fault.code)
    };
    assert_eq!(own(None, 2), Some(FaultCode::RepositoryOwned), "there is one already");
    assert_eq!(own(Some(lease(7)), 8), Some(FaultCode::RepositoryOwned), "another one than was seen");
    assert_eq!(own(Some(lease(1)), 2), None);
    assert_eq!(own(Some(lease(1)), 2), None, "the same request again");
    let path = bench.folder.path().join("lease.json");
    let text = fs::read_to_string(&path).expect("there").replace("campus", "campuz");
    std::io::Write::write_all(&mut fs::File::create(&path).expect("file"), text.as_bytes()).expect("altered");
    assert_eq!(bench.look(Some(key(1)), None).owner, OwnerSeen::Damaged);
    assert_eq!(own(Some(lease(2)), 3), Some(FaultCode::RepositoryOwned));
}

#[test]
fn a_medium_that_is_another_one_is_noticed() {
    let bench = Bench::new();
    bench.create(false).expect("made");
    let place = Place::Directory { path: bench.folder.path().display().to_string() };
    let store = Store { place, credentials: None, mark: Some("other".to_owned()), capabilities: None };
    let around = Surroundings { fs: Arc::new(Disk), names: Arc::new(Literal) };
    let watch: Arc<dyn Watch> = Arc::new(Silent);
    let work = Work::Check { key: key(1), data: false };
    let request = Request { protocol: PROTOCOL, memory: 1 << 30, store, work };
    let fault = carry_out(&request, &around, &watch).err().expect("refused");
    assert_eq!(fault.code, FaultCode::RepositoryNotMounted);
}
