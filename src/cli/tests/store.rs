//! `bridle release` and `bridle store` against the real agent over a simulated host: what is printed, how it ends, and what
//! is on disk afterwards.
#![allow(clippy::disallowed_methods, reason = "the program under test is run as a person would run it")]

mod machine;

use std::collections::BTreeSet;
use std::fs;
use std::io::Write as _;
use std::ops::Deref;
use std::path::PathBuf;
use std::process::{Child, Stdio};
use std::sync::{Arc, Mutex};

use bridle_agent::sample::Sample;
use bridle_agent::{Seen, Sight, World};
use bridle_core::digest::Digest;
use bridle_core::fault::Fault;
use bridle_core::port::sim::SimWorld;
use bridle_core::run_file::RunFile;
use bridle_core::store::space::SpaceView;
use bridle_core::store::{AddView, CheckView, CollectView, DamageKind, ReleaseDetail, RepairView};

use self::machine::{Machine, Shifted, text, wait};

/// A host with an agent that ends with the test's process.
struct Host {
    machine: Machine,
    images: Arc<Mutex<Option<BTreeSet<String>>>>,
    clock: Arc<Shifted>,
}

/// The cluster's answer about images in use.
struct Pods(Arc<Mutex<Option<BTreeSet<String>>>>);

impl Sight for Pods {
    fn look(&self) -> Result<Seen, Fault> {
        Ok((Vec::new(), Vec::new()))
    }

    fn images(&self) -> Option<BTreeSet<String>> {
        self.0.lock().expect("lock").clone()
    }
}

impl Deref for Host {
    type Target = Machine;

    fn deref(&self) -> &Machine {
        &self.machine
    }
}

impl Host {
    fn start() -> Self {
        let machine = Machine::new();
        let images = Arc::new(Mutex::new(Some(BTreeSet::new())));
        let clock = Arc::new(Shifted::new());
        let sim = Arc::new(SimWorld::default());
        let world = World {
            host: Arc::clone(&sim) as _,
            cluster: sim,
            sight: Arc::new(Pods(Arc::clone(&images))),
            clock: Arc::clone(&clock) as _,
        };
        machine.serve(world);
        Self { machine, images, clock }
    }

    fn store(&self) -> PathBuf {
        self.at("var/lib/bridle/store")
    }

    fn blob(&self, digest: &Digest) -> PathBuf {
        self.store().join("blobs/sha256").join(digest.hex())
    }

    /// `release add -` whose standard input is open.
    fn adding(&self) -> Child {
        let mut command = self.command("release add -");
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command.spawn().expect("starts")
    }
}

fn two() -> Sample {
    Sample::new("1.1.0", 2, &[("a", &[&b"layer ".repeat(200), b"new top"])])
}

#[test]
fn a_release_comes_is_looked_at_and_goes() {
    let host = Host::start();
    let (one, file) = (Sample::one(), host.file("one.bundle", Sample::one().bundle()));
    let added: AddView = host.json(&format!("release add {file}"));
    assert_eq!((added.id.as_str(), added.new, added.reused), ("sample-1.0.0", one.blobs.len() as u64, 0));
    let again: AddView = host.json(&format!("release add {file}"));
    assert_eq!((again.new, again.reused, again.bytes), (0, added.new, 0));

    let list = text(&host.run("release list").stdout);
    assert!(list.contains("sample-1.0.0"), "{list}");
    let detail: ReleaseDetail = host.json("release inspect sample-1.0.0");
    assert_eq!((detail.release.images, detail.architecture.as_str()), (2, "amd64"));
    let shown = text(&host.run("release inspect sample-1.0.0").stdout);
    assert!(shown.contains("bridle.internal/a:1.0.0") && shown.contains(&detail.key), "{shown}");
    let verified = host.run("release verify sample-1.0.0 --lang en");
    assert!(text(&verified.stdout).contains("is whole"), "{}", text(&verified.stderr));

    let space: SpaceView = host.json("store space");
    assert_eq!((space.releases[0].missing, space.unreferenced.files, space.unknown.files), (0, 0, 0));
    host.refused("release inspect sample-9.9.9", 1, "BR-1029");
    host.refused("release verify ../../etc", 1, "BR-1029");
    // Nobody can be asked, so nothing goes.
    host.refused("release remove sample-1.0.0", 4, "BR-1012");
    let gone: CollectView = host.json("release remove sample-1.0.0 --yes");
    assert_eq!(gone.blobs, added.new);
    host.refused("release remove sample-1.0.0 --yes", 1, "BR-1029");
    assert_eq!(fs::read_dir(host.store().join("blobs/sha256")).expect("list").count(), 0);
}

#[test]
fn standard_input_a_cut_connection_and_the_same_command_again() {
    let host = Host::start();
    let bundle = Sample::one().bundle();
    let mut cut = host.adding();
    cut.stdin.take().expect("stdin").write_all(&bundle[..bundle.len() - 2000]).expect("write");
    let output = cut.wait_with_output().expect("ends");
    let told = text(&output.stderr);
    assert!(output.status.code() == Some(6) && told.contains("BR-1024"), "{:?} {told}", output.status);
    assert!(fs::read_dir(host.store().join("releases")).expect("list").next().is_none(), "nothing counts yet");

    // What came is not written again, and that is said.
    let kept = fs::read_dir(host.store().join("blobs/sha256")).expect("list").count();
    let mut whole = host.adding();
    whole.stdin.take().expect("stdin").write_all(&bundle).expect("write");
    let output = whole.wait_with_output().expect("ends");
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    let told = text(&output.stdout);
    assert!(kept > 1 && told.contains(&format!("{kept} were there already")), "{kept}: {told}");
    let check: CheckView = host.json("store check");
    assert_eq!((check.releases, check.damages), (1, Vec::new()));
}

#[test]
fn one_writes_at_a_time() {
    let host = Host::start();
    let bundle = Sample::one().bundle();
    let mut slow = host.adding();
    let mut stdin = slow.stdin.take().expect("stdin");
    let half = bundle.len() - 2000;
    stdin.write_all(&bundle[..half]).expect("write");
    stdin.flush().expect("flush");
    wait("its first blob", || {
        fs::read_dir(host.store().join("blobs/sha256")).is_ok_and(|mut all| all.next().is_some())
    });
    let file = host.file("two.bundle", two().bundle());
    host.refused(&format!("release add {file}"), 5, "BR-1025");
    host.refused("store gc", 5, "BR-1025");
    stdin.write_all(&bundle[half..]).expect("write");
    drop(stdin);
    assert_eq!(slow.wait_with_output().expect("ends").status.code(), Some(0));
}

#[test]
fn what_may_not_come_in() {
    let host = Host::start();
    let (one, two) = (Sample::one(), two());
    let newer = host.file("two.bundle", two.bundle());
    let _added: AddView = host.json(&format!("release add {newer}"));
    // The number goes back.
    host.refused(&format!("release add {}", host.file("one.bundle", one.bundle())), 6, "BR-1009");
    // The same number for something else.
    let twin = Sample::new("1.2.0", 2, &[("a", &[b"other"])]);
    host.refused(&format!("release add {}", host.file("twin.bundle", twin.bundle())), 6, "BR-1122");
    // The same version with another content.
    let double = Sample::new("1.1.0", 3, &[("a", &[b"other"])]);
    host.refused(&format!("release add {}", host.file("double.bundle", double.bundle())), 6, "BR-1130");
    // Damage, and something else altogether.
    let mut damaged = Sample::new("1.3.0", 4, &[("a", &[b"third"])]).bundle();
    let notices = b"notices of 1.3.0";
    let at = damaged.windows(notices.len()).position(|window| window == notices).expect("notices");
    damaged[at] ^= 1;
    let file = host.file("damaged.bundle", &damaged);
    let told = host.refused(&format!("release add {file}"), 6, "BR-1002");
    assert!(!told.contains(" - "), "the file has a name: {told}");
    host.refused(&format!("release add {}", host.file("hello.txt", b"hello ".repeat(1000))), 6, "BR-1127");
    host.refused("release add /nowhere/x.bundle", 1, "BR-1001");
    // No key is trusted.
    fs::remove_file(host.at("etc/bridle/trust/sample.pub")).expect("remove");
    let fourth = Sample::new("1.4.0", 5, &[("a", &[b"fourth"])]);
    host.refused(&format!("release add {}", host.file("fourth.bundle", fourth.bundle())), 6, "BR-1134");
    let list = text(&host.run("release list").stdout);
    assert_eq!(list.lines().count(), 1, "{list}");
}

#[test]
fn the_newest_number_outlives_its_release() {
    let host = Host::start();
    let (first, second) = (host.file("one.bundle", Sample::one().bundle()), host.file("two.bundle", two().bundle()));
    let _one: AddView = host.json(&format!("release add {first}"));
    let _two: AddView = host.json(&format!("release add {second}"));
    for id in ["sample-1.1.0", "sample-1.0.0"] {
        let _gone: CollectView = host.json(&format!("release remove {id} --yes"));
    }
    assert_eq!(text(&host.run("release list").stdout), "");
    host.refused(&format!("release add {first}"), 6, "BR-1009");
    let twin = Sample::new("1.2.0", 2, &[("a", &[b"other"])]);
    host.refused(&format!("release add {}", host.file("twin.bundle", twin.bundle())), 6, "BR-1122");
    let _again: AddView = host.json(&format!("release add {second}"));
    // Where nobody can tell what was seen, nothing new comes in.
    fs::write(host.at("etc/bridle/trust/seen.json"), "{").expect("write");
    let third = Sample::new("1.2.0", 3, &[("a", &[b"third"])]);
    host.refused(&format!("release add {}", host.file("third.bundle", third.bundle())), 1, "BR-1172");
}

#[test]
fn damage_is_named_and_mended() {
    let host = Host::start();
    let (one, two) = (Sample::one(), two());
    let (first, second) = (host.file("one.bundle", one.bundle()), host.file("two.bundle", two.bundle()));
    let _one: AddView = host.json(&format!("release add {first}"));
    let _two: AddView = host.json(&format!("release add {second}"));
    let (rotten, lost) = (one.release.programs["installer"].digest, two.release.notices.digest);
    fs::remove_file(host.blob(&rotten)).expect("remove");
    fs::write(host.blob(&rotten), vec![0; one.blobs[&rotten].len()]).expect("write");
    fs::remove_file(host.blob(&lost)).expect("remove");

    let told = host.run("store check --lang en");
    assert_eq!(told.status.code(), Some(6));
    let (data, words) = (text(&told.stdout), text(&told.stderr));
    assert!(data.contains("program installer: was altered") && data.contains("licence notices: is missing"), "{data}");
    assert!(words.contains("BR-1026") && words.contains("bridle store repair --from"), "{words}");
    let output = host.run("store check --json");
    let check: CheckView = serde_json::from_slice(&output.stdout).expect("one JSON object");
    let kinds: BTreeSet<_> = check.damages.iter().map(|damage| (damage.digest, damage.damage as u8)).collect();
    let wanted = [(Some(rotten), DamageKind::Altered as u8), (Some(lost), DamageKind::Missing as u8)];
    assert_eq!((output.status.code(), kinds), (Some(6), wanted.into()));

    // The first file lacks what only the second release has.
    let partly = host.refused(&format!("store repair --from {first} --lang en"), 6, "BR-1133");
    assert!(partly.contains("1 damaged part"), "{partly}");
    let repaired: RepairView = host.json(&format!("store repair --from {second}"));
    assert_eq!((repaired.repaired, repaired.left), (1, Vec::new()));
    assert_eq!(host.run("store check").status.code(), Some(0));
    assert_eq!(fs::read(host.blob(&rotten)).expect("blob"), one.blobs[&rotten]);
}

#[test]
fn nothing_that_could_be_needed_is_collected() {
    let host = Host::start();
    let one = Sample::one();
    let _one: AddView = host.json(&format!("release add {}", host.file("one.bundle", one.bundle())));
    let _two: AddView = host.json(&format!("release add {}", host.file("two.bundle", two().bundle())));
    let stray = b"of nobody";
    fs::write(host.blob(&Digest::of(stray)), stray).expect("write");
    fs::write(host.store().join("notes.txt"), b"mine").expect("write");

    let young: CollectView = host.json("store gc");
    assert_eq!((young.blobs, young.recent, young.unknown), (0, 1, vec!["notes.txt".to_owned()]));
    *host.clock.days.lock().expect("lock") = 2;
    let dry: CollectView = host.json("store gc --dry-run");
    assert_eq!((dry.dry_run, dry.blobs, dry.bytes), (true, 1, stray.len() as u64));

    // Kubernetes is there, and does not answer.
    fs::create_dir_all(host.at("etc/rancher/k3s")).expect("folder");
    fs::write(host.at("etc/rancher/k3s/k3s.yaml"), b"{}").expect("write");
    *host.images.lock().expect("lock") = None;
    host.refused("store gc", 1, "BR-1027");
    host.refused("release remove sample-1.0.0 --yes", 1, "BR-1027");
    // It does, and a pod uses an image of the older release.
    let manifest = one.release.images["bridle.internal/a:1.0.0"].manifest;
    *host.images.lock().expect("lock") = Some(BTreeSet::from([format!("bridle.internal/a@{manifest}")]));
    host.refused("release remove sample-1.0.0 --yes", 1, "BR-1028");
    *host.images.lock().expect("lock") = Some(BTreeSet::new());
    let collected: CollectView = host.json("store gc");
    assert_eq!((collected.blobs, collected.bytes), (1, dry.bytes));
    assert!(host.store().join("notes.txt").exists());
    let gone: CollectView = host.json("release remove sample-1.0.0 --yes");
    assert!(gone.blobs > 0);
    assert_eq!(host.run("release verify sample-1.1.0").status.code(), Some(0));
}

#[test]
fn the_file_that_an_installation_came_with_is_good_as_well() {
    let host = Host::start();
    let sample = Sample::one();
    let installer = &sample.blobs[&sample.release.programs["installer"].digest];
    let bundle = sample.bundle();
    let file = RunFile::of(installer.len() as u64, bundle.len() as u64);
    let mut run = installer.clone();
    run.resize(usize::try_from(file.bundle.start).expect("small"), 0);
    run.extend(&bundle);
    run.extend(file.footer());
    let added: AddView = host.json(&format!("release add {}", host.file("one.run", &run)));
    assert_eq!(added.id, "sample-1.0.0");
    // The same through standard input.
    let host = Host::start();
    let mut installer_alone = host.adding();
    installer_alone.stdin.take().expect("stdin").write_all(&[b"\x7fELF", &[1; 9000][..]].concat()).expect("write");
    let output = installer_alone.wait_with_output().expect("ends");
    assert_eq!(output.status.code(), Some(6), "{}", text(&output.stderr));
    let mut piped = host.adding();
    piped.stdin.take().expect("stdin").write_all(&run).expect("write");
    let output = piped.wait_with_output().expect("ends");
    assert!(output.status.success(), "{}", text(&output.stderr));
    assert_eq!(host.run("release verify sample-1.0.0").status.code(), Some(0));
}

/// A delta comes over standard input to a server that has its base, and is refused with what is missing by one that has not.
#[test]
fn a_delta_is_for_a_server_that_has_its_base() {
    let delta = two().delta(&[("sample-1.0.0", &Sample::one().digests())]);
    let host = Host::start();
    let file = host.file("two.delta.bundle", &delta);
    let told = host.refused(&format!("release add {file} --lang en"), 6, "BR-1201");
    assert!(told.contains("sample-1.0.0") && told.contains("neither in the delta nor in the store"), "{told}");
    let told = host.refused(&format!("release add {file} --lang fr"), 6, "BR-1201");
    assert!(told.contains("ni dans le delta ni dans le dépôt"), "{told}");
    assert!(text(&host.run("release list --json").stdout).contains("[]"), "nothing is there");
    host.refused("release have", 1, "BR-1203");

    let _one: AddView = host.json(&format!("release add {}", host.file("one.bundle", Sample::one().bundle())));
    let damaged = Digest::of(&b"layer ".repeat(200));
    let good = fs::read(host.blob(&damaged)).expect("read");
    let put = |bytes: &[u8]| {
        fs::remove_file(host.blob(&damaged)).expect("remove");
        fs::write(host.blob(&damaged), bytes).expect("write");
    };
    let mut altered = good.clone();
    altered[3] ^= 1;
    put(&altered);
    let told = host.refused(&format!("release add {file} --lang en"), 6, "BR-1202");
    assert!(told.contains("store repair"), "{told}");
    host.refused(&format!("store repair --from {file}"), 6, "BR-1200");
    put(&good);

    let mut child = host.adding();
    child.stdin.take().expect("stdin").write_all(&delta).expect("write");
    let output = child.wait_with_output().expect("ends");
    assert!(output.status.success(), "{}", text(&output.stderr));
    assert_eq!(host.run("release verify sample-1.1.0").status.code(), Some(0));
    let again: AddView = host.json(&format!("release add {file}"));
    assert_eq!((again.new, again.bytes, again.image_bytes), (0, 0, 0));
    // Whatever is changed in it, it is refused.
    let mut tampered = delta.clone();
    let last = tampered.len() - 1500;
    tampered[last] ^= 1;
    let empty = Host::start();
    let _one: AddView = empty.json(&format!("release add {}", empty.file("one.bundle", Sample::one().bundle())));
    let output = empty.run(&format!("release add {}", empty.file("bad.delta.bundle", &tampered)));
    assert_eq!(output.status.code(), Some(6), "{}", text(&output.stderr));
    empty.refused("release inspect sample-1.1.0", 1, "BR-1029");
}

#[test]
fn the_publisher_is_told_what_is_here() {
    use bridle_core::store::have::HaveList;
    let host = Host::start();
    let one = Sample::one();
    let _one: AddView = host.json(&format!("release add {}", host.file("one.bundle", one.bundle())));
    let printed = host.run("release have");
    let list = HaveList::parse(&printed.stdout).expect("a have-list");
    assert_eq!((list.platform.as_str(), &list.releases[..]), ("sample", &["sample-1.0.0".to_owned()][..]));
    assert!(list.holds(&one.release.programs["k3s"].digest));
    let path = host.at("have.json");
    for (language, word) in [("en", "Give it to the publisher"), ("fr", "Donnez-le à l’éditeur")] {
        let told = host.run(&format!("release have --output {} --lang {language}", path.display()));
        assert!(text(&told.stdout).contains(word), "{} {}", text(&told.stdout), text(&told.stderr));
        assert_eq!(fs::read(&path).expect("written"), printed.stdout);
    }
    host.refused("release have --output /nowhere/have.json", 1, "BR-1021");
    // A delta that leaves out what the list holds fits.
    let held: BTreeSet<Digest> = two().digests().into_iter().filter(|digest| list.holds(digest)).collect();
    let delta = two().delta(&[("sample-1.0.0", &held)]);
    let added: AddView = host.json(&format!("release add {}", host.file("two.delta.bundle", &delta)));
    assert_eq!(added.id, "sample-1.1.0");
}

#[test]
fn two_releases_are_compared() {
    use bridle_core::store::diff::Comparison;
    let host = Host::start();
    let _one: AddView = host.json(&format!("release add {}", host.file("one.bundle", Sample::one().bundle())));
    let two: AddView = host.json(&format!("release add {}", host.file("two.bundle", two().bundle())));
    let told: Comparison = host.json("release diff sample-1.0.0 sample-1.1.0");
    assert_eq!((told.moved.blobs, told.moved.bytes), (two.new, two.bytes), "what an upgrade moves is what it wrote");
    let shown = text(&host.run("release diff sample-1.0.0 sample-1.1.0 --lang fr").stdout);
    assert!(shown.starts_with("sample 1.0.0 → sample 1.1.0") && shown.contains("éléments sont transférés"), "{shown}");
    let same = text(&host.run("release diff sample-1.0.0 sample-1.0.0 --lang en").stdout);
    assert!(same.starts_with("Both are the same release"), "{same}");
    host.refused("release diff sample-1.0.0 sample-9.9.9", 1, "BR-1029");
    host.refused("release diff ../x sample-1.0.0", 1, "BR-1029");
}

/// A folder stands for a stick: what is on it is listed, the one new release comes, a pulled stick is told, and the second try
/// goes on.
#[test]
fn a_release_is_found_on_a_stick() {
    let host = Host::start();
    let stick = host.at("stick");
    fs::create_dir_all(stick.join("campus")).expect("folder");
    let from = format!("release add --from {} --lang en", stick.display());
    let told = host.refused(&from, 1, "BR-1287");
    assert!(told.contains("stick"), "{told}");
    let (one, two) = (Sample::one().bundle(), two().bundle());
    fs::write(stick.join("campus/one.bundle"), &one).expect("write");
    fs::write(stick.join("hello.bundle"), b"hello ".repeat(1000)).expect("write");
    // Nobody can be asked.
    let told = host.refused(&from, 4, "BR-1012");
    let wanted = ["1  ", "campus/one.bundle", "sample 1.0.0, newer than all here", "-  ", "hello.bundle", "BR-1127"];
    assert!(wanted.iter().all(|word| told.contains(word)), "{told}");
    // Cut short, it is listed as not complete and not taken; who names it is refused; whole again, the second try goes on.
    fs::write(stick.join("campus/one.bundle"), &one[..one.len() - 2000]).expect("write");
    let told = host.refused(&format!("{from} --yes"), 1, "BR-1287");
    assert!(told.contains("sample 1.0.0, not complete"), "{told}");
    host.refused(&format!("release add {}", stick.join("campus/one.bundle").display()), 6, "BR-1024");
    fs::write(stick.join("campus/one.bundle"), &one).expect("write");
    let added: AddView = host.json(&format!("{from} --yes"));
    assert!(added.id == "sample-1.0.0" && added.reused > 1, "{added:?}");
    let told = host.refused(&format!("{from} --yes"), 1, "BR-1287");
    assert!(told.contains("in the store already"), "{told}");
    // Of one release the smallest file; of several releases none without being asked.
    fs::write(stick.join("two.bundle"), &two).expect("write");
    let delta = self::two().delta(&[("sample-1.0.0", &Sample::one().digests())]);
    fs::write(stick.join("two.delta.bundle"), &delta).expect("write");
    let third = Sample::new("1.2.0", 3, &[("a", &[b"third"])]).bundle();
    fs::write(stick.join("third.bundle"), third).expect("write");
    let told = host.refused(&format!("{from} --yes"), 4, "BR-1288");
    assert!(told.contains("a delta, newer") && told.contains("sample 1.2.0"), "{told}");
    let told = host.refused(&format!("release add --from {} --lang fr", stick.display()), 4, "BR-1288");
    assert!(told.contains("plus récente") && told.contains("déjà dans le dépôt"), "{told}");
    fs::remove_file(stick.join("third.bundle")).expect("remove");
    let added: AddView = host.json(&format!("{from} --yes"));
    assert_eq!((added.id.as_str(), added.reused > 1), ("sample-1.1.0", true));
    host.refused(&format!("release add x.bundle --from {}", stick.display()), 2, "BR-1150");
}

/// Without a word about where, the folder for releases is searched too.
#[test]
fn a_release_is_found_in_the_folder_for_releases() {
    let host = Host::start();
    let data = host.at("var/lib/bridle");
    // The agent made the folder.
    assert!(data.join("incoming").is_dir());
    let whole = two().bundle();
    fs::write(data.join("incoming/two.bundle"), &whole[..whole.len() - 1500]).expect("write");
    fs::write(data.join("incoming/one.bundle"), Sample::one().bundle()).expect("write");
    let added: AddView = host.json(&format!("release add --yes --data {}", data.display()));
    assert_eq!(added.id, "sample-1.0.0");
}

/// A release in pieces, as a program sends it over the socket.
#[test]
fn a_release_in_pieces() {
    use bridle_client::{Client, ClientConfig, ClientError};
    use bridle_core::fault::FaultCode;
    use bridle_core::message::Arg;
    use bridle_core::upload::{LARGEST_PIECE, UploadOrder, UploadState};
    let host = Host::start();
    let layer: Vec<u8> =
        (0..3_000_000_u32).flat_map(|number| number.wrapping_mul(2_654_435_761).to_le_bytes()).collect();
    let bundle = Sample::new("1.0.0", 1, &[("a", &[&layer, b"top"])]).bundle();
    let client = Client::new(&ClientConfig { socket: host.socket(), ..ClientConfig::default() });
    let fault = |error: ClientError| error.fault();
    let sent = async {
        let order = UploadOrder { name: "one.bundle".to_owned(), size: bundle.len() as u64 };
        let begun = client.begin_upload(&order).await.expect("begun");
        let id = begun.id;
        let wrong = client.send_piece(&id, 7, bundle[7..].to_vec()).await.map_err(fault).expect_err("not there");
        assert_eq!((wrong.code, &wrong.message.args["offset"]), (FaultCode::UploadOffset, &Arg::from(0_u64)));
        let large = client.send_piece(&id, 0, bundle.clone()).await.map_err(fault).expect_err("too large");
        assert_eq!(large.code, FaultCode::RequestInvalid);
        let early = client.add_upload(&id).await.map_err(fault).expect_err("not complete");
        assert_eq!(early.code, FaultCode::UploadIncomplete);
        let mut offset = 0;
        for piece in bundle.chunks(usize::try_from(LARGEST_PIECE).expect("fits")) {
            offset = client.send_piece(&id, offset, piece.to_vec()).await.expect("a piece").offset;
        }
        assert_eq!(client.uploads().await.expect("list")[0].state, UploadState::Complete);
        let added = client.add_upload(&id).await.expect("added");
        let gone = client.upload(&id).await.map_err(fault).expect_err("gone");
        assert_eq!(gone.code, FaultCode::UploadUnknown);
        let other = client.begin_upload(&order).await.expect("begun");
        client.remove_upload(&other.id).await.expect("removed");
        assert_eq!(client.uploads().await.expect("list"), []);
        added
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("runtime");
    assert_eq!(runtime.block_on(sent).id, "sample-1.0.0");
    assert_eq!(host.run("release verify sample-1.0.0").status.code(), Some(0));
}

#[test]
fn uploads_that_wait_are_listed_and_removed() {
    use bridle_client::{Client, ClientConfig};
    use bridle_core::upload::{SMALLEST_PIECE, UploadOrder};
    let host = Host::start();
    let empty: serde_json::Value = host.json("release upload list");
    assert_eq!(empty["uploads"], serde_json::json!([]));
    let client = Client::new(&ClientConfig { socket: host.socket(), ..ClientConfig::default() });
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("runtime");
    let order = |name: &str| UploadOrder { name: name.to_owned(), size: 3 * SMALLEST_PIECE };
    let begin = |name: &str| runtime.block_on(client.begin_upload(&order(name))).expect("begun").id.to_string();
    let one = begin("one.bundle");
    let piece = vec![1; usize::try_from(SMALLEST_PIECE).expect("fits")];
    runtime.block_on(client.send_piece(&one.parse().expect("id"), 0, piece)).expect("a piece");
    let (told, _) = host.ends("release upload list", 0);
    assert!(told.contains(&one) && told.contains("one.bundle") && told.contains(" of 3.1"), "{told}");
    // Nobody can be asked here, and what is no name of an upload is the name of none.
    host.refused(&format!("release upload remove {one}"), 4, "BR-");
    host.refused("release upload remove ../../etc --yes", 1, "BR-1280");
    let (told, _) = host.ends(&format!("release upload remove {one} --yes"), 0);
    assert!(told.contains(&one), "{told}");
    host.refused(&format!("release upload remove {one} --yes"), 1, "BR-1280");

    // Four wait, and a fifth is refused; a day later the oldest makes room, a week later the others are gone.
    let four: Vec<String> = ["a", "b", "c", "d"].iter().map(|name| begin(name)).collect();
    assert!(runtime.block_on(client.begin_upload(&order("e"))).is_err());
    *host.clock.days.lock().expect("lock") = 1;
    let fifth = begin("e");
    let listed = || -> Vec<String> {
        let view: serde_json::Value = host.json("release upload list");
        let uploads = view["uploads"].as_array().expect("list").iter();
        uploads.map(|upload| upload["id"].as_str().expect("id").to_owned()).collect()
    };
    let mut expected = four.get(1..).expect("three").to_vec();
    expected.push(fifth.clone());
    assert_eq!(listed(), expected);
    *host.clock.days.lock().expect("lock") = 7;
    assert_eq!(listed(), [fifth]);
}
