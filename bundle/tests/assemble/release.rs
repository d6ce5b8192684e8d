//! The publisher's commands on a small release.

use std::fs;

use crate::kit::{Bench, RELEASE};

#[test]
fn two_builds_are_the_same_and_verify() {
    let bench = Bench::new();
    bench.ok(&["lock", "."]);
    let first = bench.build("one");
    bench.forget();
    assert_eq!(first, bench.build("two"), "also from an empty cache");
    let stem = "small-1.0.0-amd64";
    let names = ["bundle", "bundle.minisig", "run", "run.minisig"].map(|end| format!("{stem}.{end}"));
    assert_eq!(first.keys().collect::<Vec<_>>(), names.iter().collect::<Vec<_>>());
    for end in ["bundle", "run"] {
        let said = bench.ok(&["verify", &format!("one/{stem}.{end}"), "--key", "key.pub"]);
        assert!(said.contains("signature beside it"), "{said}");
    }
    let told = bench.ok(&["inspect", &format!("one/{stem}.run"), "--json"]);
    let told: serde_json::Value = serde_json::from_str(&told).expect("json");
    assert_eq!(told["kind"], "run");
    assert_eq!(told["release"]["notes"]["fr"], "Un essai.");
    assert!(told["release"]["images"]["bridle.internal/pages:1"]["unpacked"].as_u64() > Some(1000));
}

#[test]
fn damage_and_strangers_are_refused_with_their_own_code() {
    let bench = Bench::new();
    bench.ok(&["lock", "."]);
    bench.build("out");
    let path = bench.path("out/small-1.0.0-amd64.bundle");
    let mut bytes = fs::read(&path).expect("read");
    let at = bytes.windows(7).position(|window| window == b"exit 0\n").expect("installer");
    bytes[at] ^= 1;
    fs::write(bench.path("bad.bundle"), &bytes).expect("write");
    let (code, said) = bench.fails(&["verify", "bad.bundle", "--key", "key.pub"]);
    assert_eq!(code, Some(6));
    assert!(said.contains("program installer"), "{said}");
    bench.ok(&["keygen", "--output", "other"]);
    let (code, _) = bench.fails(&["verify", "out/small-1.0.0-amd64.bundle", "--key", "other.pub"]);
    assert_eq!(code, Some(6));
    assert_eq!(bench.fails(&["verify"]).0, Some(2));
    assert_eq!(bench.fails(&["verify", "absent", "--key", "absent"]).0, Some(6));
}

#[test]
fn a_build_takes_only_what_was_locked() {
    let bench = Bench::new();
    bench.ok(&["lock", "."]);
    bench.write("pages/site/index.html", "<p>other");
    let (code, said) = bench.fails(&["build", ".", "--key", "key.key", "--output", "out"]);
    assert_eq!(code, Some(1));
    assert!(said.contains("image bridle.internal/pages:1, layer 2 (files)"), "{said}");
    assert!(!bench.path("out").exists());
}

#[test]
fn an_upgrade_moves_only_what_is_new() {
    let bench = Bench::new();
    bench.ok(&["lock", "."]);
    bench.build("one");
    bench.write("release.toml", RELEASE.replace("1.0.0", "1.1.0").replace("sequence = 1", "sequence = 2"));
    bench.write("pages/site/index.html", "<p>other");
    bench.ok(&["lock", "."]);
    bench.build("two");
    let (old, new) = ("one/small-1.0.0-amd64.bundle", "two/small-1.1.0-amd64.bundle");
    let told: serde_json::Value = serde_json::from_str(&bench.ok(&["diff", old, new, "--json"])).expect("json");
    assert_eq!((&told["format"], &told["new"]["version"]), (&1.into(), &"1.1.0".into()));
    let image = &told["images"][0];
    assert_eq!((&image["name"], &image["change"]), (&"bridle.internal/pages:1".into(), &"changed".into()));
    assert_eq!(told["programs"][0]["change"], "same");
    assert_eq!(told["components"], serde_json::json!([]));
    let moved = told["moved"]["bytes"].as_u64().expect("bytes");
    assert!(moved > 0 && moved * 2 < told["moved"]["of"].as_u64().expect("bytes"), "{told}");
    let text = bench.ok(&["diff", old, new]);
    assert!(text.contains("changed  image bridle.internal/pages:1: "), "{text}");
    assert!(text.contains(&format!("with {moved} of ")), "{text}");
    assert!(bench.ok(&["diff", old, old]).contains("the same release"));
    bench.ok(&["build", ".", "--key", "key.key", "--output", "delta", "--without", old]);
    let size = |path: &str| fs::metadata(bench.path(path)).expect("metadata").len();
    assert!(size("delta/small-1.1.0-amd64.delta.bundle") * 2 < size(new));
}
