//! Several releases from one source, through the publisher's commands.

use std::fs;

use crate::kit::Bench;

const NEXT: &str = "format = 1\nextends = \"../../release.toml\"\n[release]\nversion = \"1.1.0\"\nsequence = 2\n\
                    upgrades_from = [\">=1.0.0, <1.1.0\"]\n";

fn built(bench: &Bench, source: &str) -> String {
    bench.ok(&["build", source, "--key", "key.key", "--output", "out"])
}

#[test]
fn what_two_releases_share_is_the_same_byte_for_byte() {
    let bench = Bench::new();
    let folder = "releases/1.1.0";
    bench.write(&format!("{folder}/release.toml"), NEXT);
    let (code, said) = bench.fails(&["lock", folder]);
    assert!(code == Some(1) && said.contains("lock it first"), "{said}");
    bench.ok(&["lock", "."]);
    bench.ok(&["lock", folder]);
    assert_eq!(bench.read("bundle.lock"), bench.read(&format!("{folder}/bundle.lock")), "nothing in it differs");
    built(&bench, ".");
    built(&bench, folder);
    let (old, new) = ("out/small-1.0.0-amd64.bundle", "out/small-1.1.0-amd64.bundle");
    let told: serde_json::Value = serde_json::from_str(&bench.ok(&["diff", old, new, "--json"])).expect("json");
    for list in ["programs", "images"] {
        let parts = told[list].as_array().expect("list");
        assert!(!parts.is_empty() && parts.iter().all(|part| part["change"] == "same"), "{told}");
    }
    // Manifests and papers carry the version; nothing else moves.
    assert!(told["moved"]["blobs"].as_u64().is_some_and(|blobs| blobs <= 4), "{told}");
    let release = &bench.inspect(new)["release"];
    assert_eq!(release["upgrades_from"], serde_json::json!([">=1.0.0, <1.1.0"]));
    assert!(release.get("notes").and_then(|notes| notes.get("fr")).is_none(), "notes are of one release: {release}");
}

#[test]
fn a_release_says_what_differs_and_leaves_the_rest() {
    let bench = Bench::new();
    bench.ok(&["lock", "."]);
    let folder = "releases/1.1.0";
    let more = "without = { image = [\"pages\"] }\n[[image]]\nrecipe = \"releases/1.1.0/pages\"\n";
    let head = NEXT.replace("[release]", &format!("{more}[release]"));
    bench.write(&format!("{folder}/release.toml"), head);
    for file in ["image.toml", "hello.c", "site/index.html"] {
        let text = fs::read_to_string(bench.path(&format!("pages/{file}"))).expect("read");
        bench.write(&format!("{folder}/pages/{file}"), text.replace("<p>hello", "<p>hello again"));
    }
    bench.ok(&["lock", folder]);
    built(&bench, ".");
    built(&bench, folder);
    let (old, new) = ("out/small-1.0.0-amd64.bundle", "out/small-1.1.0-amd64.bundle");
    let text = bench.ok(&["diff", old, new]);
    assert!(text.contains("changed  image bridle.internal/pages:1: "), "{text}");
    assert!(text.contains("same     2 programs"), "{text}");
    // A lock of its own is as binding as that of the first.
    bench.write(&format!("{folder}/pages/site/index.html"), "<p>other");
    let (_, said) = bench.fails(&["build", folder, "--key", "key.key", "--output", "out"]);
    assert!(said.contains("image bridle.internal/pages:1, layer 2 (files)"), "{said}");
}

#[test]
fn a_delta_for_sites_that_could_never_take_it_is_refused() {
    let bench = Bench::new();
    let folder = "releases/1.1.0";
    bench.write(&format!("{folder}/release.toml"), NEXT);
    bench.ok(&["lock", "."]);
    built(&bench, ".");
    let delta = ["build", folder, "--key", "key.key", "--output", "delta", "--since", "out/small-1.0.0-amd64.run"];
    let lock_and = |text: String| {
        bench.write(&format!("{folder}/release.toml"), text);
        bench.ok(&["lock", folder]);
    };
    lock_and(format!("{NEXT}[kubernetes]\nversion = \"1.38.0\"\n"));
    let (code, said) = bench.fails(&delta);
    assert!(code == Some(1) && said.contains("small-1.1.0 after small-1.0.0") && said.contains("1.38.0"), "{said}");
    lock_and(NEXT.replace("[\">=1.0.0, <1.1.0\"]", "[]"));
    let (_, said) = bench.both(&delta);
    assert!(said.contains("warning: small-1.0.0 may not be upgraded to small-1.1.0 in one step"), "{said}");
    lock_and(NEXT.to_owned());
    let (_, said) = bench.both(&delta);
    assert!(!said.contains("warning"), "{said}");
}
