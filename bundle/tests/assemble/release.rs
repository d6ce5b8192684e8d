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
}

/// `build --since` and `--have`: the smaller file beside the whole one, which does not change by it.
#[test]
fn a_delta_stands_beside_the_whole_file() {
    let bench = Bench::new();
    bench.ok(&["lock", "."]);
    bench.build("one");
    bench.write("release.toml", RELEASE.replace("1.0.0", "1.1.0").replace("sequence = 1", "sequence = 2"));
    bench.write("pages/site/index.html", "<p>other");
    bench.ok(&["lock", "."]);
    let plain = bench.build("plain");
    let size = |path: &str| fs::metadata(bench.path(path)).expect("metadata").len();
    let file = "small-1.1.0-amd64.delta.bundle";
    for (folder, old) in [("bundle", "one/small-1.0.0-amd64.bundle"), ("run", "one/small-1.0.0-amd64.run")] {
        let mut made = bench.build_with(folder, &["--since", old]);
        assert!(made.remove(file).is_some() && made.remove(&format!("{file}.minisig")).is_some());
        assert_eq!(made, plain, "the whole files do not change");
    }
    let delta = format!("bundle/{file}");
    assert!(size(&delta) * 2 < size("plain/small-1.1.0-amd64.bundle"));
    assert_eq!(bench.read_bytes(&delta), bench.read_bytes(&format!("run/{file}")), "whatever form the base has");
    let said = bench.ok(&["verify", &delta, "--key", "key.pub"]);
    assert!(said.contains("signature beside it") && said.contains("a delta against small-1.0.0, without"), "{said}");
    let told = bench.inspect(&delta);
    assert_eq!((&told["kind"], &told["bases"]), (&"delta".into(), &serde_json::json!(["small-1.0.0"])));
    assert!(told["left_out"].as_array().is_some_and(|out| !out.is_empty()));
    // What a server that has the first release says of itself leaves out the same, but for empty parts.
    let digests = bench.inspect("one/small-1.0.0-amd64.bundle");
    let digests = digests["blobs"].as_array().expect("blobs").iter();
    let digests = digests.map(|blob| blob["digest"].as_str().expect("text").parse().expect("digest"));
    let list = bridle_core::store::have::HaveList::new("small", vec!["small-1.0.0".to_owned()], digests);
    bench.write("have.json", serde_json::to_vec(&list).expect("json"));
    bench.build_with("have", &["--have", "have.json"]);
    assert_eq!(bench.read_bytes(&delta), bench.read_bytes(&format!("have/{file}")));
    // Against itself nothing but manifests is left.
    let again =
        bench.ok(&["build", ".", "--key", "key.key", "--output", "own", "--since", "plain/small-1.1.0-amd64.run"]);
    assert!(again.contains("of the whole file: without"), "{again}");
    assert!(size(&format!("own/{file}")) < size(&delta));
    // A delta names all of its release, so the next one can be made against it.
    let next = bench.ok(&["build", ".", "--key", "key.key", "--output", "next", "--since", &delta]);
    assert!(next.contains("small-1.1.0"), "{next}");
    assert_eq!(size(&format!("next/{file}")), size(&format!("own/{file}")));
}

#[test]
fn a_delta_is_made_only_against_what_is_known_to_be_somebodys() {
    let bench = Bench::new();
    bench.ok(&["lock", "."]);
    bench.build("one");
    let old = "one/small-1.0.0-amd64.bundle";
    let fails =
        |option: &str, file: &str| bench.fails(&["build", ".", "--key", "key.key", "--output", "out", option, file]);
    // Signed by somebody else, unless that key is named.
    bench.ok(&["keygen", "--output", "other"]);
    let by_other = ["build", ".", "--key", "other.key", "--output", "two", "--since", old];
    assert_eq!(bench.fails(&by_other).0, Some(6));
    bench.ok(&[&by_other[..], &["--publisher-key", "key.pub"]].concat());
    // Damaged, absent, another platform's.
    let mut bytes = bench.read_bytes(old);
    bytes[2000] ^= 1;
    bench.write("bad.bundle", &bytes);
    assert_eq!(fails("--since", "bad.bundle").0, Some(6));
    assert_eq!(fails("--since", "absent").0, Some(6));
    let hostile = [
        "",
        "{}",
        "{\"format\":2}",
        "\u{0}",
        "[[[[",
        "{\"format\":1,\"platform\":\"small\",\"releases\":[],\"parts\":[]}",
    ];
    for text in hostile {
        bench.write("have.json", text);
        let (code, said) = fails("--have", "have.json");
        assert!(code == Some(1) && said.contains("have.json"), "{text:?}: {said}");
    }
    let list = bridle_core::store::have::HaveList::new("large", vec!["large-1.0.0".to_owned()], std::iter::empty());
    bench.write("have.json", serde_json::to_vec(&list).expect("json"));
    let (_, said) = fails("--have", "have.json");
    assert!(said.contains("is of large, the delta is of small"), "{said}");
    assert!(!bench.path("out").exists());
}
