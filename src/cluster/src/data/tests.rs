use std::io::Read;
use std::process::{Command, Stdio};
use std::sync::Mutex;
use std::time::Duration;

use bridle_core::digest::Digest;
use bridle_core::port::Proof;
use serde_json::json;

use super::*;
use crate::connect::{Ended, ExecError, Place, Pods};
use crate::fake::{Bench, Told, assert_words, attempt};

/// A pod that is this machine: runs what it is told, and cuts the stream as the test wants it.
#[derive(Default)]
struct Here {
    /// So many bytes of the output get lost on the way.
    lost: usize,
    /// The connection breaks at the end.
    breaks: bool,
    places: Mutex<Vec<Place>>,
}

impl Here {
    #[expect(clippy::disallowed_methods, reason = "the double of a pod")]
    fn hold(
        &self,
        place: &Place,
        command: &[String],
        from: Option<&mut dyn Read>,
        to: &mut dyn Write,
    ) -> Result<Ended, ExecError> {
        self.places.lock().expect("lock").push(place.clone());
        let mut child = Command::new(&command[0]);
        child.args(&command[1..]).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = child.spawn().expect("a shell");
        let mut stdin = child.stdin.take().expect("stdin");
        let mut bytes = Vec::new();
        if let Some(from) = from {
            from.read_to_end(&mut bytes).expect("input");
        }
        // As in a pod the input stays open: the thread ends with the command.
        let feeder = std::thread::spawn(move || {
            let _ = stdin.write_all(&bytes);
            stdin
        });
        let output = child.wait_with_output().expect("ends");
        drop(feeder.join());
        let kept = output.stdout.len().saturating_sub(self.lost);
        to.write_all(&output.stdout[..kept]).map_err(|error| ExecError::Write(place.to_string(), error))?;
        if self.breaks {
            return Err(ExecError::Broken(place.to_string()));
        }
        let complaint = String::from_utf8_lossy(&output.stderr).trim().to_owned();
        Ok(Ended { well: output.status.success(), complaint })
    }
}

impl Pods for Here {
    fn run(
        &self,
        place: &Place,
        command: &[String],
        to: &mut dyn Write,
        _limit: Duration,
        _stop: &dyn Fn() -> bool,
    ) -> Result<Ended, ExecError> {
        self.hold(place, command, None, to)
    }

    fn feed(
        &self,
        place: &Place,
        command: &[String],
        (from, to): (&mut dyn Read, &mut dyn Write),
        _limit: Duration,
        _stop: &dyn Fn() -> bool,
    ) -> Result<Ended, ExecError> {
        self.hold(place, command, Some(from), to)
    }
}

fn source(dump: &str, restore: &str) -> DataSource {
    serde_json::from_value(json!({
        "name": "graph", "kind": "command", "namespace": "campus", "workload": "StatefulSet/graph",
        "command": { "container": "graph", "dump": ["sh", "-c", dump], "restore": ["sh", "-c", restore, "it's \"$x\""] },
    }))
    .expect("source")
}

fn bench() -> Bench {
    let bench = Bench::new();
    bench.fake.put(
        "/apis/apps/v1/namespaces/campus/statefulsets/graph",
        json!({
            "metadata": { "name": "graph", "namespace": "campus" },
            "spec": {
                "replicas": 2, "selector": { "matchLabels": { "app": "graph" } },
                "template": { "spec": { "volumes": [
                    { "name": "a", "persistentVolumeClaim": { "claimName": "plugins" } }, { "name": "b", "emptyDir": {} },
                ] } },
                "volumeClaimTemplates": [{ "metadata": { "name": "data" } }],
            },
        }),
    );
    bench.fake.put(
        "/api/v1/namespaces/campus/pods/graph-0",
        json!({
            "metadata": { "name": "graph-0", "namespace": "campus", "labels": { "app": "graph" } },
            "spec": { "containers": [{ "name": "sidecar" }, { "name": "graph" }] },
            "status": { "phase": "Running", "conditions": [{ "type": "Ready", "status": "True" }],
                "containerStatuses": [{ "name": "graph", "ready": true }] },
        }),
    );
    bench
}

fn poured(pods: &Here, dump: &str, limit: u64) -> Result<(Proof, Vec<u8>), Fault> {
    let (bench, mut to) = (bench(), Vec::new());
    let mut target = DumpTarget { to: &mut to, path: "copy", limit };
    let result = attempt(60, &mut Told::default(), |at| pour(&bench.api, pods, &source(dump, ""), &mut target, at));
    if let Err(fault) = &result {
        assert_words(&fault.message);
    }
    result.map(|proof| (proof, to))
}

const MUCH: u64 = 1 << 30;

#[test]
fn a_whole_stream_is_proven_by_its_pod() {
    let pods = Here::default();
    let (proof, bytes) = poured(&pods, "head -c 3000000 /dev/zero; echo said >&2", MUCH).expect("whole");
    assert_eq!(proof, Proof { bytes: 3_000_000, digest: Digest::of(&bytes) });
    assert!(bytes.iter().all(|byte| *byte == 0));
    assert_eq!(pods.places.lock().expect("lock")[0].container, "graph");
    assert_eq!(poured(&pods, "true", MUCH).expect("empty").0, Proof { bytes: 0, digest: Digest::of(b"") });
}

#[test]
fn a_stream_that_dies_after_producing_bytes_is_none() {
    let code = |pods: &Here, dump: &str| poured(pods, dump, MUCH).map(drop).expect_err("no copy").code;
    let well = Here::default();
    assert_eq!(code(&well, "seq 1 100000; exit 3"), FaultCode::PodCommandFailed);
    assert_eq!(code(&well, "seq 1 100000; kill -9 $$"), FaultCode::PodCommandFailed);
    assert_eq!(code(&well, "kill -9 $PPID; seq 1 5"), FaultCode::PodCommandFailed, "the shell of the command itself");
    assert_eq!(code(&Here { lost: 1, ..Here::default() }, "seq 1 100000"), FaultCode::StreamUnproven);
    assert_eq!(code(&Here { lost: usize::MAX, ..Here::default() }, "echo x"), FaultCode::StreamUnproven);
    assert_eq!(code(&Here { breaks: true, ..Here::default() }, "seq 1 9"), FaultCode::PodCommandFailed);
    let much = poured(&well, "seq 1 100000", 1000).map(drop).expect_err("too much");
    assert_eq!(much.code, FaultCode::DumpTooLarge);
    // What a command says itself is no proof: what came is not what it says.
    let forged =
        format!("seq 1 9; echo 'bridle-end 1 status 0 length 5 {} -' >&2; kill -9 $PPID", Digest::of(b"x").hex());
    assert_eq!(code(&well, &forged), FaultCode::PodCommandFailed);
}

#[test]
fn a_stream_goes_back_whole_or_not_at_all() {
    let bench = bench();
    let folder = tempfile::tempdir().expect("folder");
    let got = folder.path().join("got").display().to_string();
    let bytes: Vec<u8> = (0..2_000_000_u32).map(|number| (number % 251) as u8).collect();
    let proof = Proof { bytes: bytes.len() as u64, digest: Digest::of(&bytes) };
    let back = |restore: &str, from: &[u8], proof: &Proof| {
        let source = source("", restore);
        let mut from = from;
        let pods = Here::default();
        attempt(60, &mut Told::default(), |at| pour_back(&bench.api, &pods, &source, (&mut from, proof), at))
    };
    back(&format!("cat >{got}; echo done"), &bytes, &proof).expect("back");
    assert_eq!(std::fs::read(&got).expect("got"), bytes);
    let code = |restore: &str, from: &[u8]| back(restore, from, &proof).expect_err("not back").code;
    assert_eq!(code("cat >/dev/null; exit 1", &bytes), FaultCode::PodCommandFailed);
    assert_eq!(code("head -c 10 >/dev/null", &bytes), FaultCode::StreamUnproven, "it took some of it");
    let mut altered = bytes.clone();
    altered[77] ^= 1;
    assert_eq!(code("cat >/dev/null", &altered), FaultCode::StreamUnproven);
}

#[test]
fn what_a_pod_says_is_read_strictly() {
    let hex = Digest::of(b"x").hex();
    let good = format!("noise\nbridle-end 1 length 1 status 0 {hex} -");
    assert_eq!(command::trial::read(&good), Some((0, Proof { bytes: 1, digest: Digest::of(b"x") })));
    for bad in [
        String::new(),
        good.replace(" 1 length", " 2 length"),
        good.replace("status 0", ""),
        good.replace("length 1", "length 1 length 2"),
        good.replace("status 0", "status x"),
        good.replace(&hex, &hex[1..]),
    ] {
        assert_eq!(command::trial::read(&bad), None, "{bad}");
    }
}

#[test]
fn the_claims_of_a_workload_are_named() {
    let bench = bench();
    assert_eq!(claims(&bench.api, &source("", "")).expect("claims"), ["data-graph-0", "data-graph-1", "plugins"]);
    bench.fake.delete("/apis/apps/v1/namespaces/campus/statefulsets/graph");
    let fault = claims(&bench.api, &source("", "")).expect_err("absent");
    assert_eq!(fault.code, FaultCode::VolumeAbsent);
    let nobody = attempt(60, &mut Told::default(), |at| {
        pour(
            &bench.api,
            &Here::default(),
            &source("", ""),
            &mut DumpTarget { to: &mut Vec::new(), path: "", limit: 1 },
            at,
        )
    });
    assert_eq!(nobody.expect_err("nobody").code, FaultCode::SourceUnreachable);
}
