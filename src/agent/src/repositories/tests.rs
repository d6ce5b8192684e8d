//! Decisions about repositories over a worker that answers from a script.

use std::fs;

use bridle_core::backup::key::RepositoryKey;
use bridle_core::backup::lease::Lease;
use bridle_core::backup::recovery_code::RecoveryCode;
use bridle_core::backup::repository::Capabilities;
use bridle_core::backup::repository::place::Place;
use bridle_core::backup::repository::view::{AddOrder, AddedView, CheckOrder};
use bridle_core::backup::worker::{Checked, Content, Folder, OldCode, OpenedBy};
use bridle_core::port::Timestamp;
use bridle_host::clock::SystemClock;

use super::double::Script;
use super::*;

struct Bench {
    folder: tempfile::TempDir,
    script: Arc<Script>,
    repositories: Repositories,
}

const CAPABILITIES: Capabilities =
    Capabilities { conditional_put: true, checksums: false, paging: true, versioning: false };

impl Bench {
    fn new() -> Self {
        let folder = tempfile::tempdir().expect("folder");
        let layout = Layout::under(folder.path());
        files::make_dirs(&layout.data_dir(), 0o755).expect("folder");
        let script = Arc::new(Script::default());
        let repositories = Repositories::new(layout, Arc::clone(&script) as _, Arc::new(SystemClock));
        Self { folder, script, repositories }
    }

    fn layout(&self) -> Layout {
        Layout::under(self.folder.path())
    }

    fn settings(&self) -> Settings {
        self.repositories.files.load().expect("settings").expect("there")
    }

    fn entry(&self) -> Entry {
        self.settings().repositories.first().expect("one").clone()
    }

    /// The worker sees this in a folder on another disk.
    fn sees(&self, content: Content, owner: OwnerSeen) {
        self.sees_on(1, content, owner);
    }

    fn sees_on(&self, device: u64, content: Content, owner: OwnerSeen) {
        let folder = Folder { path: "/mnt/backup".into(), device, mark: None };
        self.script.then(move |request| {
            assert!(matches!(request.work, Work::Look { .. }));
            Ok(Outcome::Looked(Box::new(Sight { folder: Some(folder), capabilities: CAPABILITIES, content, owner })))
        });
    }

    /// The worker makes what it is told to; before that, key and token must be on disk.
    fn makes(&self) {
        let files = RepositoryFiles::on_disk(&self.layout());
        self.script.then(move |request| {
            let (Work::Create { key, lease, .. } | Work::Rotate { key, lease, .. }) = &request.work else {
                panic!("something else was told")
            };
            let settings = files.load().expect("settings").expect("on disk before the store is written to");
            let entry = settings.repositories.first().expect("one");
            assert_eq!(entry.token, lease.lease.token, "the token is on disk before the lease");
            assert!(files.open(&entry.name, entry.secret).is_ok_and(|secrets| secrets.key == *key));
            Ok(coded())
        });
    }

    fn added(&self) -> AddedView {
        self.sees(Content::Nothing, OwnerSeen::Nobody);
        self.makes();
        self.repositories.add(&order(), "root").unwrap_or_else(|fault| panic!("{fault:?}"))
    }

    fn refused(&self, order: &AddOrder) -> FaultCode {
        let fault = self.repositories.add(order, "root").err().expect("refused");
        assert_eq!(self.script.left(), 0, "{fault:?}");
        fault.code
    }
}

fn coded() -> Outcome {
    Outcome::Coded { mark: Some("m".into()), restic: "ab".repeat(32), capabilities: CAPABILITIES }
}

fn order() -> AddOrder {
    AddOrder {
        name: "disk".into(),
        place: Place::Directory { path: "/mnt/backup".into() },
        credentials: None,
        code: None,
        same_disk: false,
        take_over: None,
        replace: false,
    }
}

/// A repository that is there, with a code that was typed.
fn opened(byte: u8) -> Content {
    let (key, id) = (RepositoryKey::from_bytes([byte; 32]), Ulid::new(Timestamp(5), [byte; 10]));
    let code = RecoveryCode::from_random([byte; 32]);
    let wrapped =
        bridle_core::backup::wrapped_key::WrappedKey::new(&key, &code, id, Timestamp(5), "campus", [byte; 32]);
    Content::Opened { key: SecretKey(key), by: Some(OpenedBy { wrapped, restic: "cd".repeat(32) }) }
}

fn lease_of(site: &str) -> OwnerSeen {
    let id = Ulid::new(Timestamp(5), [9; 10]);
    let owner = Owner {
        installation: InstallationId(id),
        incarnation: Incarnation(id),
        session: id,
        site: site.into(),
        host: "other".into(),
    };
    OwnerSeen::Lease(Lease { format: 1, token: 7, owner, renewed: Timestamp(5), expires: Timestamp(5) })
}

/// Everything below a folder, as one heap of bytes.
fn everything(folder: &std::path::Path) -> Vec<u8> {
    let mut bytes = Vec::new();
    for entry in fs::read_dir(folder).expect("list").flatten() {
        let path = entry.path();
        bytes.extend(if path.is_dir() { everything(&path) } else { fs::read(path).expect("read") });
    }
    bytes
}

#[test]
fn a_new_repository_is_not_protected_until_its_code_was_typed_back() {
    let bench = Bench::new();
    assert_eq!(bench.repositories.list().expect("list").repositories, []);
    let added = bench.added();
    let sheet = added.sheet.expect("a new code");
    assert!(added.repository.ready && !added.repository.protected);
    let code = RecoveryCode::read(&sheet.code).expect("a code");
    let kept = everything(bench.folder.path());
    for group in code.groups() {
        assert!(!kept.windows(5).any(|part| part == group.as_bytes()), "the code is nowhere on disk");
    }
    let mistyped = bench.repositories.rehearse("disk", "ABCDE", "root").expect_err("mistyped");
    assert_eq!(mistyped.code, FaultCode::RecoveryCodeMistyped);
    bench.script.then(|request| {
        let Work::Rehearse { .. } = request.work else { panic!("something else was told") };
        let Content::Opened { by: Some(by), .. } = opened(1) else { panic!("not opened") };
        Ok(Outcome::Rehearsed(by))
    });
    let view = bench.repositories.rehearse("disk", &sheet.code, "root").expect("proved");
    assert!(view.protected && bench.repositories.list().expect("list").repositories[0].protected);
}

#[test]
fn what_was_broken_off_goes_on_with_the_same_key() {
    let bench = Bench::new();
    bench.sees(Content::Nothing, OwnerSeen::Nobody);
    bench.script.then(|_| Err(Fault::new(FaultCode::WorkerEnded)));
    assert_eq!(bench.refused(&order()), FaultCode::WorkerEnded);
    let entry = bench.entry();
    let key = bench.repositories.files.open(&entry.name, entry.secret).expect("kept").key;
    assert!(!entry.is_ready());
    for refused in [
        bench.repositories.rehearse("disk", &RecoveryCode::from_random([1; 32]).text(), "root").err(),
        bench.repositories.check("disk", CheckOrder::default(), &|| false, &mut |_, _| {}).err(),
    ] {
        assert_eq!(refused.map(|fault| fault.code), Some(FaultCode::RepositoryUnfinished));
    }
    bench.sees(Content::Begun, OwnerSeen::Nobody);
    let same = key.clone();
    bench.script.then(move |request| {
        assert!(matches!(&request.work, Work::Create { key, again: true, .. } if *key == same));
        Ok(coded())
    });
    assert!(bench.repositories.add(&order(), "root").is_ok_and(|added| added.sheet.is_some()));
    assert!(bench.entry().is_ready() && bench.entry().token > entry.token);
    assert_eq!(fs::read_dir(bench.layout().repository_secrets_dir()).expect("list").count(), 1);
}

#[test]
fn what_is_there_is_taken_with_its_code_only_and_from_nobody_who_lives() {
    let bench = Bench::new();
    bench.sees(Content::Closed, OwnerSeen::Nobody);
    assert_eq!(bench.refused(&order()), FaultCode::RecoveryCodeNeeded);
    bench.sees(Content::Foreign("photos".into()), OwnerSeen::Nobody);
    assert_eq!(bench.refused(&order()), FaultCode::PlaceOccupied);
    bench.sees(Content::Begun, OwnerSeen::Nobody);
    assert_eq!(bench.refused(&order()), FaultCode::PlaceOccupied, "somebody else is making one");
    let order = || AddOrder { code: Some(RecoveryCode::from_random([3; 32]).text()), ..order() };
    bench.sees(opened(3), lease_of("faculty"));
    assert_eq!(bench.refused(&order()), FaultCode::RepositoryOwned);
    bench.sees(opened(3), lease_of("faculty"));
    let wrong = AddOrder { take_over: Some("campus".into()), ..order() };
    assert_eq!(bench.refused(&wrong), FaultCode::RepositoryOwned, "another name was typed");
    bench.sees(opened(3), OwnerSeen::Damaged);
    assert_eq!(bench.refused(&order()), FaultCode::RepositoryOwned);
    assert!(bench.repositories.files.load().expect("settings").is_none_or(|left| left.repositories.is_empty()));
    bench.sees(opened(3), lease_of("faculty"));
    bench.script.then(|request| {
        let Work::Own { lease, .. } = &request.work else { panic!("something else was told") };
        assert_eq!((lease.lease.token, lease.before.is_some()), (8, true));
        Ok(Outcome::Owned)
    });
    let told = AddOrder { take_over: Some("faculty".into()), ..order() };
    let added = bench.repositories.add(&told, "root").unwrap_or_else(|fault| panic!("{fault:?}"));
    assert!(added.sheet.is_none() && added.repository.protected, "the code was typed just now");
}

#[test]
fn a_folder_is_judged_before_and_after_it_was_looked_at() {
    let bench = Bench::new();
    let fstab = bench.layout().at("/etc/fstab");
    files::make_dirs(fstab.parent().expect("parent"), 0o755).expect("folder");
    files::write_atomic(&fstab, b"nas:/b /mnt/backup nfs4 nofail 0 0\n", 0o644).expect("write");
    assert_eq!(bench.refused(&order()), FaultCode::PlaceUnmounted, "nobody looked");
    files::write_atomic(&fstab, b"", 0o644).expect("write");
    let data = facts::device(&bench.layout().data_dir()).expect("device");
    bench.sees_on(data, Content::Nothing, OwnerSeen::Nobody);
    assert_eq!(bench.refused(&order()), FaultCode::PlaceShared);
    bench.sees_on(data, Content::Nothing, OwnerSeen::Nobody);
    bench.makes();
    assert!(bench.repositories.add(&AddOrder { same_disk: true, ..order() }, "root").is_ok());
    let again = AddOrder { name: "other".into(), same_disk: true, ..order() };
    assert_eq!(bench.refused(&again), FaultCode::RepositoryNameTaken);
}

#[test]
fn a_replaced_code_leaves_the_repository_unprotected_however_it_ends() {
    let bench = Bench::new();
    bench.added();
    let mut settings = bench.settings();
    let mut entry = bench.entry();
    let code = entry.code.as_mut().expect("a code");
    code.rehearsed = Some(Timestamp(5));
    let before = code.clone();
    settings.put(entry.clone());
    bench.repositories.files.save(&settings).expect("saved");
    let key = bench.repositories.files.open(&entry.name, entry.secret).expect("kept").key;
    let seen = || Content::Opened { key: key.clone(), by: None };
    bench.sees(seen(), OwnerSeen::Nobody);
    bench.script.then(|_| Err(Fault::new(FaultCode::WorkerLate)));
    let late = bench.repositories.rotate("disk", "root").err().expect("late");
    assert_eq!((late.code, bench.entry().is_protected()), (FaultCode::WorkerLate, false));
    bench.sees(seen(), OwnerSeen::Nobody);
    let files = RepositoryFiles::on_disk(&bench.layout());
    bench.script.then(move |request| {
        let Work::Rotate { old: OldCode::Known { wrapped, restic }, .. } = &request.work else { panic!("not told") };
        assert_eq!((*wrapped, restic), (before.wrapped, &before.restic));
        assert!(!files.load().expect("settings").expect("there").repositories[0].is_protected());
        Ok(coded())
    });
    let rotated = bench.repositories.rotate("disk", "root").unwrap_or_else(|fault| panic!("{fault:?}"));
    assert!(rotated.sheet.is_some() && !rotated.repository.protected);
}

#[test]
fn a_lost_key_comes_back_with_the_code() {
    let bench = Bench::new();
    bench.added();
    fs::remove_file(bench.layout().secrets_dir().join("host.key")).expect("lost");
    let lost = bench.repositories.check("disk", CheckOrder::default(), &|| false, &mut |_, _| {});
    assert_eq!(lost.err().map(|fault| fault.code), Some(FaultCode::RepositoryKeyLost));
    let replace = AddOrder { replace: true, ..order() };
    assert_eq!(bench.refused(&replace), FaultCode::RecoveryCodeNeeded);
    let replace = AddOrder { code: Some(RecoveryCode::from_random([3; 32]).text()), ..replace };
    bench.sees(opened(3), OwnerSeen::Nobody);
    let back = bench.repositories.add(&replace, "root").unwrap_or_else(|fault| panic!("{fault:?}"));
    assert!(back.repository.protected && back.sheet.is_none());
    let entry = bench.entry();
    let key = SecretKey(RepositoryKey::from_bytes([3; 32]));
    assert!(bench.repositories.files.open(&entry.name, entry.secret).is_ok_and(|secrets| secrets.key == key));
}

#[test]
fn one_thing_at_a_time_and_what_is_forgotten_leaves_no_secret() {
    let bench = Bench::new();
    bench.added();
    let job = bench.repositories.begin("disk").expect("claimed");
    assert_eq!(bench.refused(&order()), FaultCode::RepositoriesBusy);
    assert_eq!(bench.repositories.remove("disk", "root").expect_err("busy").code, FaultCode::RepositoriesBusy);
    drop(job);
    bench.script.then(|_| {
        let (snapshots, count) = (0, 2);
        let (damages, remarks, wrapped) = (vec!["a pack".into()], Vec::new(), Vec::new());
        let owner = lease_of("faculty");
        Ok(Outcome::Checked(Checked { snapshots, count, damages, remarks, wrapped, owner }))
    });
    let view = bench.repositories.check("disk", CheckOrder::default(), &|| false, &mut |_, _| {}).expect("checked");
    let findings: Vec<_> = view.findings.iter().map(|finding| finding.code.as_ref()).collect();
    assert_eq!(findings, ["repository-finding-key-gone", "repository-finding-owner-other"]);
    assert_eq!(bench.entry().checked.map(|checked| checked.damages), Some(2));
    let stopped = bench.repositories.check("disk", CheckOrder::default(), &|| true, &mut |_, _| {});
    assert_eq!(stopped.err().map(|fault| fault.code), Some(FaultCode::WorkerStopped));
    assert_eq!(bench.repositories.remove("disk", "root").expect("forgotten").place, "/mnt/backup");
    assert_eq!(bench.repositories.remove("disk", "root").expect_err("gone").code, FaultCode::RepositoryUnknown);
    assert_eq!(fs::read_dir(bench.layout().repository_secrets_dir()).expect("list").count(), 0);
    bench.repositories.close();
}
