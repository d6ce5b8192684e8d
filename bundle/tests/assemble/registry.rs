//! Locking and building from registries: the stock one behind TLS and passwords, and the same behind a front that fails.

use bridle_core::digest::Digest;

use crate::kit::image::{INDEX, MANIFEST, noise};
use crate::kit::{Bench, Front, Image, Index, PASSWORD, Proxy, RELEASE, Rules, Stock, Tokens, wire};
use serde_json::json;

const STATUS: &[u8] = b"Package: libc6\nStatus: install ok installed\nArchitecture: amd64\nVersion: 2.36-9\n";
const LARGE: usize = 3 << 20;
const SPDX: &str = r#"{"spdxVersion":"SPDX-2.3","packages":[{"name":"left-pad","versionInfo":"1.3.0","externalRefs":
[{"referenceType":"purl","referenceLocator":"pkg:npm/left-pad@1.3.0"}]}]}"#;

fn image(platform: &str) -> Image {
    let large = noise(7, LARGE);
    Image::new(platform, &[&[("var/lib/dpkg/status", STATUS), ("etc/os-release", b"ID=debian\n")], &[("app", &large)]])
}

/// An index for four platforms with BuildKit's attestation for the plain amd64.
fn index() -> Index {
    let small = |platform: &str| Image::new(platform, &[&[("app", platform.as_bytes())]]);
    let own = image("linux/amd64");
    let digest = own.digest();
    let statement = format!("{{\"predicateType\":\"https://spdx.dev/Document\",\"predicate\":{SPDX}}}");
    let kind = json!({ "in-toto.io/predicate-type": "https://spdx.dev/Document" });
    let attestation = Image::artifact(
        ("application/vnd.oci.image.config.v1+json", b"{\"architecture\":\"unknown\",\"os\":\"unknown\"}"),
        &[("application/vnd.in-toto+json", statement.as_bytes(), kind)],
    );
    Index::new(vec![small("linux/arm64/v8"), small("linux/amd64/v3"), own], Some((attestation, digest)))
}

/// A front before a registry with [`image`] as `team/app:1`, and a bench that pulls it.
fn faulty(rules: Rules) -> (Stock, Front, Bench, Image) {
    let (stock, image) = (Stock::open(), image("linux/amd64"));
    stock.push("team/app", "1", &image);
    let front = Front::start(&stock.host(), rules);
    let bench = Bench::pulling(&format!("{}/team/app:1", front.address()), "");
    (stock, front, bench, image)
}

const PLAIN: [&str; 4] = ["lock", ".", "--plain-http", "127.0.0.1"];

#[test]
fn a_guarded_registry_with_many_architectures() {
    let (stock, index) = (Stock::guarded(), index());
    stock.push_index("team/app", "1", &index);
    let bench = Bench::pulling(&format!("{}/team/app:1", stock.host()), "");
    bench.write("auth.json", stock.credentials(PASSWORD));
    let authority = format!("{}={}", stock.host(), stock.authority().display());
    let reach = ["--registry-ca", &authority, "--registry-auth", "auth.json"];
    let (_, told) = bench.both(&[&["lock", "."], &reach[..]].concat());
    assert!(told.contains("blobs with 3.2 MB downloaded"), "{told}");
    let lock = bench.read("bundle.lock");
    let chosen = &index.images[2];
    assert!(lock.contains(&format!("index = \"{}\"", index.digest())), "{lock}");
    assert!(lock.contains(&format!("manifest = \"{}\"", chosen.digest())), "{lock}");
    assert!(lock.contains("sbom = \"sha256:"), "{lock}");
    let first = bench.build_with("one", &reach);
    bench.forget();
    // From here on everything comes from the lock: a new tag changes nothing.
    stock.push("team/app", "1", &Image::new("linux/amd64", &[&[("app", b"newer")]]));
    assert_eq!(first, bench.build_with("two", &reach), "from an empty cache");
    assert_eq!(bench.read("bundle.lock"), lock);
    drop(stock);
    assert_eq!(first, bench.build("three"), "from the cache, without the registry");
    let release = bench.inspect("one/small-1.0.0-amd64.bundle");
    assert_eq!(release["release"]["images"]["bridle.internal/pages:1"]["manifest"], chosen.digest().to_string());
    let bill = bench.cached(release["release"]["sbom"]["digest"].as_str().expect("digest"));
    let bill = String::from_utf8(bill).expect("text");
    assert!(bill.contains("pkg:npm/left-pad@1.3.0"), "the attached bill is taken: {bill}");
    assert!(!bill.contains("libc6"), "not the lists of the layers: {bill}");
}

#[test]
fn who_may_not_read_is_told_what_to_do_and_no_secret() {
    let stock = Stock::guarded();
    stock.push("team/app", "1", &image("linux/amd64"));
    let bench = Bench::pulling(&format!("{}/team/app:1", stock.host()), "");
    let authority = stock.authority().display().to_string();
    let (code, said) = bench.fails(&["lock", ".", "--tries", "1"]);
    assert_eq!(code, Some(1));
    assert!(said.contains(&format!("--registry-ca {}=FILE", stock.host())), "{said}");
    let with_authority = ["lock", ".", "--registry-ca", &authority];
    let (_, said) = bench.fails(&with_authority);
    assert!(said.contains("asks for credentials") && said.contains("--registry-auth"), "{said}");
    bench.write("auth.json", stock.credentials("wrong-hunter2"));
    let (_, said) = bench.fails(&[&with_authority[..], &["--registry-auth", "auth.json"]].concat());
    assert!(said.contains("refuses access to team/app") && !said.contains("hunter2"), "{said}");
    let helper = json!({ "auths": { stock.host(): {} }, "credsStore": "desktop" });
    bench.write(".docker/config.json", helper.to_string());
    let (_, said) = bench.fails(&with_authority);
    assert!(said.contains("helper \"desktop\"") && said.contains("--registry-auth"), "{said}");
    // The usual file of docker counts where no other is named.
    bench.write(".docker/config.json", stock.credentials(PASSWORD));
    let (out, told) = bench.both(&with_authority);
    assert!(!format!("{out}{told}").contains(PASSWORD));
    let bill = bench.build_with("out", &["--registry-ca", &authority]);
    assert!(!bill.is_empty());
}

#[test]
fn packages_of_the_layers_are_listed() {
    let stock = Stock::open();
    stock.push("team/app", "1", &image("linux/amd64"));
    let bench = Bench::pulling(&format!("{}/team/app:1", stock.host()), "");
    bench.ok(&PLAIN);
    bench.build_with("out", &["--plain-http", "127.0.0.1"]);
    let release = bench.inspect("out/small-1.0.0-amd64.bundle");
    let bill = bench.cached(release["release"]["sbom"]["digest"].as_str().expect("digest"));
    assert!(String::from_utf8_lossy(&bill).contains("pkg:deb/debian/libc6@2.36-9?arch=amd64"));
}

#[test]
fn plain_http_must_be_allowed_and_platforms_must_fit() {
    let (stock, index) = (Stock::open(), index());
    stock.push_index("team/app", "1", &index);
    stock.push("team/app", "arm", &index.images[0]);
    let reference = format!("{}/team/app:1", stock.host());
    let bench = Bench::pulling(&reference, "");
    let (_, said) = bench.fails(&["lock", ".", "--tries", "1"]);
    assert!(said.contains(&format!("--plain-http {}", stock.host())), "{said}");
    let bench = Bench::pulling(&reference, "platform = \"linux/amd64/v2\"");
    let (_, said) = bench.fails(&PLAIN);
    let offered = "there is none for linux/amd64/v2; offered: linux/amd64, linux/amd64/v3, linux/arm64/v8";
    assert!(said.contains(offered), "{said}");
    let bench = Bench::pulling(&reference, "platform = \"linux/amd64/v3\"");
    bench.ok(&PLAIN);
    let lock = bench.read("bundle.lock");
    assert!(lock.contains("platform = \"linux/amd64/v3\""), "{lock}");
    assert!(lock.contains(&index.images[1].digest().to_string()), "{lock}");
    let bench = Bench::new();
    let by_digest = reference.replace("app:1", &format!("app@{}", index.digest()));
    bench.write("release.toml", format!("{RELEASE}\n[[image]]\nreference = \"{by_digest}\"\n"));
    assert!(bench.fails(&PLAIN).1.contains("digest of a multi-architecture index"));
    let bench = Bench::pulling(&by_digest, "");
    bench.ok(&PLAIN);
    assert!(bench.read("bundle.lock").contains(&index.images[2].digest().to_string()));
    let bench = Bench::pulling(&reference.replace(":1", ":arm"), "");
    let (_, said) = bench.fails(&PLAIN);
    let bench = Bench::pulling(&format!("{}/team/app:none", stock.host()), "");
    assert!(said.contains("linux/arm64/v8"), "{said}");
    assert!(bench.fails(&PLAIN).1.contains("no such image"));
}

#[test]
fn the_stock_registry_behind_tokens() {
    let (open, tokens) = (Stock::open(), Tokens::start("team/app"));
    open.push("team/app", "1", &image("linux/amd64"));
    let stock = open.behind_tokens(&tokens);
    let bench = Bench::pulling(&format!("{}/team/app:1", stock.host()), "");
    assert!(bench.fails(&PLAIN).1.contains("asks for credentials"));
    bench.write("wrong.json", stock.credentials("hunter2"));
    let (_, said) = bench.fails(&[&PLAIN[..], &["--registry-auth", "wrong.json"]].concat());
    assert!(said.contains("refuses access to team/app") && !said.contains("hunter2"), "{said}");
    bench.write("auth.json", stock.credentials(PASSWORD));
    bench.ok(&[&PLAIN[..], &["--registry-auth", "auth.json"]].concat());
    assert!((1..=4).contains(&tokens.given()), "one token serves many requests: {}", tokens.given());
}

#[test]
fn tokens_are_renewed_and_stay_with_their_registry() {
    let (stock, front, bench, _image) = faulty(Rules { token_lives: Some(2), ..Rules::default() });
    let blobs = Front::start(&stock.host(), Rules::default());
    let elsewhere = blobs.address().replace("127.0.0.1", "localhost");
    front.rules(|rules| rules.blobs_at = Some(format!("http://{elsewhere}")));
    bench.write("auth.json", stock.credentials(PASSWORD).replace(&stock.host(), &front.address()));
    let options = ["--transfers", "1", "--registry-auth", "auth.json", "--plain-http", "localhost"];
    let (out, told) = bench.both(&[&PLAIN[..], &options].concat());
    assert!(front.tokens() >= 2, "{} tokens", front.tokens());
    assert!(!blobs.requests_for("?signature=secret").is_empty(), "{:?}", blobs.requests());
    for request in blobs.requests() {
        assert_eq!(request.header("authorization"), None, "{request:?}");
    }
    for secret in [PASSWORD, "token-", "signature"] {
        assert!(!format!("{out}{told}").contains(secret));
    }
    // An address that nobody allowed is not followed.
    bench.forget();
    let (_, said) = bench.fails(&[&PLAIN[..], &options[..4]].concat());
    assert!(said.contains("--plain-http localhost"), "{said}");
    assert!(!said.contains("signature"), "{said}");
}

#[test]
fn identity_tokens_are_exchanged() {
    let (_stock, front, bench, _image) = faulty(Rules { token_lives: Some(100), ..Rules::default() });
    let login = |token: &str| json!({ "auths": { front.address(): { "identitytoken": token } } }).to_string();
    bench.write("wrong.json", login("hunter2"));
    let (_, said) = bench.fails(&[&PLAIN[..], &["--registry-auth", "wrong.json"]].concat());
    assert!(said.contains("refuses access") && !said.contains("hunter2"), "{said}");
    bench.write("auth.json", login("identity+1"));
    bench.ok(&[&PLAIN[..], &["--registry-auth", "auth.json"]].concat());
    assert!(front.tokens() >= 1);
}

#[test]
fn a_broken_transfer_goes_on_where_it_ended() {
    let cuts = [1 << 20, 1 << 20].into();
    let (_stock, front, bench, image) = faulty(Rules { cuts, ..Rules::default() });
    let (_, told) = bench.both(&PLAIN);
    assert!(told.contains("tries repeated: 2"), "{told}");
    let starts: Vec<_> =
        front.requests_for(&image.largest().to_string()).iter().map(wire::Request::range_start).collect();
    assert_eq!(starts.len(), 3, "{starts:?}");
    assert!(starts[0].is_none() && starts[1] > Some(500_000) && starts[2] > starts[1], "{starts:?}");
}

#[test]
fn the_next_run_goes_on_where_this_one_ended() {
    let (_stock, front, bench, image) = faulty(Rules { cuts: [2 << 20, 0].into(), ..Rules::default() });
    let (code, said) = bench.fails(&[&PLAIN[..], &["--tries", "1"]].concat());
    assert_eq!(code, Some(1));
    assert!(said.contains("what came so far is kept"), "{said}");
    assert!(!bench.path("bundle.lock").exists());
    let (_, told) = bench.both(&PLAIN);
    assert!(told.contains("there from before"), "{told}");
    let requests = front.requests_for(&image.largest().to_string());
    assert!(requests.last().and_then(wire::Request::range_start) > Some(1 << 20), "{requests:?}");
}

#[test]
fn servers_without_ranges_and_damaged_halves() {
    let rules = Rules { cuts: [1 << 20].into(), ignores_ranges: true, ..Rules::default() };
    let (_stock, front, bench, image) = faulty(rules);
    bench.ok(&PLAIN);
    assert_eq!(front.requests_for(&image.largest().to_string()).len(), 2);
    // The first half was damaged on its way: it is taken once more as a whole.
    let rules = Rules { cuts: [1 << 20].into(), corrupt: 1, ..Rules::default() };
    let (_stock, front, bench, image) = faulty(rules);
    bench.ok(&[&PLAIN[..], &["--transfers", "1"]].concat());
    let starts: Vec<_> =
        front.requests_for(&image.largest().to_string()).iter().map(wire::Request::range_start).collect();
    assert!(starts.len() == 3 && starts[1].is_some() && starts[2].is_none(), "{starts:?}");
}

#[test]
fn a_registry_that_lies_is_refused() {
    let (_stock, _front, bench, _image) = faulty(Rules { corrupt: 100, ..Rules::default() });
    let (code, said) = bench.fails(&PLAIN);
    assert_eq!(code, Some(1));
    assert!(said.contains("came with other content"), "{said}");
    assert!(!bench.path("bundle.lock").exists());
}

#[test]
fn busy_servers_are_waited_for_as_they_ask() {
    let statuses = [(503, Some(1)), (429, Some(0)), (500, None), (502, Some(0))].into();
    let (_stock, front, bench, _image) = faulty(Rules { statuses, ..Rules::default() });
    let (_, told) = bench.both(&PLAIN);
    assert!(told.contains("answers 503") && told.contains("next try in 1.0 s"), "{told}");
    let calm = front.requests().len();
    front.rules(|rules| rules.statuses = [(503, Some(0)); 3].into());
    bench.forget();
    let (_, said) = bench.fails(&[&PLAIN[..], &["--update", "--tries", "3"]].concat());
    assert!(said.contains("3 tries in a row brought nothing new"), "{said}");
    assert_eq!(front.requests().len(), calm + 3);
}

#[test]
fn through_a_proxy() {
    let (stock, proxy) = (Stock::guarded(), Proxy::start());
    stock.push("team/app", "1", &image("linux/amd64"));
    let mut bench = Bench::pulling(&format!("{}/team/app:1", stock.host()), "");
    bench.write("auth.json", stock.credentials(PASSWORD));
    let authority = stock.authority().display().to_string();
    let lock = ["lock", ".", "--registry-ca", &authority, "--registry-auth", "auth.json"];
    bench.ok(&[&lock[..], &["--proxy", &proxy.url()]].concat());
    assert!(
        !proxy.places().is_empty() && proxy.places().iter().all(|place| *place == stock.host()),
        "{:?}",
        proxy.places()
    );
    let seen = proxy.places().len();
    bench.forget();
    bench.environment = vec![("HTTPS_PROXY", proxy.url())];
    bench.ok(&lock);
    let later = proxy.places().len();
    assert!(later > seen);
    bench.forget();
    bench.environment.push(("NO_PROXY", "localhost".to_owned()));
    bench.ok(&lock);
    bench.forget();
    bench.ok(&[&lock[..], &["--proxy", &proxy.url()]].concat());
    assert_eq!(proxy.places().len(), later, "NO_PROXY holds for both");
    let (code, said) = bench.fails(&[&lock[..], &["--proxy", "http://me:hunter2@127.0.0.1:1"]].concat());
    assert_eq!(code, Some(1));
    assert!(!said.contains("hunter2"), "{said}");
}

#[test]
fn bills_that_refer_to_an_image_are_taken() {
    let (stock, image) = (Stock::open(), image("linux/amd64"));
    stock.push("team/app", "1", &image);
    let bill = Image::artifact(
        ("application/vnd.oci.empty.v1+json", b"{}"),
        &[("application/spdx+json", SPDX.as_bytes(), json!({}))],
    );
    stock.push("team/app", "bill", &bill);
    // The registry has no list of referrers: then a tag names them.
    let referrers = json!({ "schemaVersion": 2, "mediaType": INDEX, "manifests": [
        { "mediaType": MANIFEST, "digest": bill.digest().to_string(), "size": bill.manifest.len(),
          "artifactType": "application/spdx+json" },
    ] });
    let tag = image.digest().to_string().replace(':', "-");
    stock.push_manifest("team/app", &tag, INDEX, referrers.to_string().as_bytes());
    let bench = Bench::pulling(&format!("{}/team/app:1", stock.host()), "");
    bench.ok(&PLAIN);
    assert!(bench.read("bundle.lock").contains(&format!("sbom = \"{}\"", Digest::of(SPDX.as_bytes()))));
}

#[test]
fn programs_of_an_address_come_the_same_way() {
    let (_stock, front, bench, image) = faulty(Rules { cuts: [1 << 20].into(), ..Rules::default() });
    let digest = image.largest();
    let url = format!("http://{}/v2/team/app/blobs/{digest}", front.address());
    let k3s = format!("k3s = {{ url = \"{url}\", sha256 = \"{}\" }}", digest.hex());
    bench.write("release.toml", RELEASE.replace("k3s = { path = \"k3s\" }", &k3s));
    assert!(bench.fails(&["lock", "."]).1.contains("--plain-http 127.0.0.1"));
    bench.ok(&PLAIN);
    assert_eq!(front.requests_for(&digest.to_string()).len(), 2);
    assert!(bench.read("bundle.lock").contains(&digest.to_string()));
}

#[test]
fn pulling_needs_no_compiler() {
    let (_stock, _front, mut bench, _image) = faulty(Rules::default());
    bench.environment = vec![("PATH", bench.path("site").display().to_string())];
    bench.ok(&PLAIN);
    assert!(bench.read("bundle.lock").contains("go = \"absent\""));
}
