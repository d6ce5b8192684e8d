//! Sources that extend one another, read from a folder.

use std::collections::BTreeMap;

use bridle_core::digest::Digest;
use semver::{Version, VersionReq};

use super::*;
use crate::assemble::source::{ImageSource, LockedImage};

struct Sources {
    folder: tempfile::TempDir,
}

impl Sources {
    fn new(over: &str) -> Self {
        let sources = Self { folder: tempfile::tempdir().expect("folder") };
        sources.write("release.toml", include_str!("../sample.toml"));
        sources.write("releases/1.1.0/release.toml", &format!("format = 1\nextends = \"../../release.toml\"\n{over}"));
        sources
    }

    fn write(&self, name: &str, text: &str) {
        let path = self.folder.path().join(name);
        fs::create_dir_all(path.parent().expect("folder")).expect("make");
        fs::write(path, text).expect("write");
    }

    fn read(&self, name: &str) -> Result<ReleaseSource, AssembleError> {
        let (home, source) = read_release(&self.folder.path().join(name))?;
        assert_eq!(home.canonicalize().expect("home"), self.folder.path().canonicalize().expect("folder"));
        source.check(Path::new("release.toml"))?;
        Ok(source)
    }

    fn refusal(&self) -> String {
        self.read("releases/1.1.0").expect_err("refused").to_string()
    }
}

const NEXT: &str = "[release]\nversion = \"1.1.0\"\nsequence = 2\nupgrades_from = [\">=1.0.0, <1.1.0\"]\n";

#[test]
fn what_is_said_lies_over_what_is_extended() {
    let more = "[[chart]]\nname = \"coredns\"\nrenames = [{ from = \"a\", to = \"b\" }]\nmigration = \"expand\"\n\
                [chart.values]\nreplicas = 2\n[[chart]]\nname = \"more\"\npath = \"charts/more\"\nnamespace = \"campus\"\n\
                stage = \"application\"\norder = 1\n[[check]]\nkind = \"cpus\"\nminimum = 7\n";
    let sources = Sources::new(&format!("{NEXT}{more}"));
    let (before, after) = (sources.read("").expect("base"), sources.read("releases/1.1.0").expect("over"));
    assert_eq!((after.release.version.to_string().as_str(), after.release.sequence), ("1.1.0", 2));
    assert_eq!((before.release.name, before.chart.len() + 1), (after.release.name, after.chart.len()));
    let chart = after.chart.iter().find(|chart| chart.name == "coredns").expect("chart");
    assert_eq!((chart.crds.len(), chart.values["replicas"].as_u64(), chart.renames.len()), (1, Some(2), 1));
    assert!(after.check.iter().any(|check| check.minimum == 7));
    // A release of its own says itself what is new in it.
    assert!(!before.release.notes.is_empty() && after.release.notes.is_empty());
}

#[test]
fn what_one_release_says_about_an_upgrade_is_not_the_next_ones() {
    let chart = "[[chart]]\nname = \"coredns\"\nrenames = [{ from = \"a\", to = \"b\" }]\nmigration = \"expand\"\n";
    let sources = Sources::new(&format!("{NEXT}{chart}"));
    let last = "format = 1\nextends = \"../1.1.0/release.toml\"\n[release]\nversion = \"1.2.0-bad.x\"\nsequence = 3\n";
    sources.write("releases/1.2.0/release.toml", last);
    let said = sources.read("releases/1.2.0").expect_err("no rule where it may come from").to_string();
    assert!(said.contains("upgrades_from"), "{said}");
    sources.write("releases/1.2.0/release.toml", &format!("{last}upgrades_from = [\">=1.1.0, <1.2.0\"]\n"));
    let source = sources.read("releases/1.2.0").expect("read");
    let chart = source.chart.iter().find(|chart| chart.name == "coredns").expect("chart");
    assert!(chart.renames.is_empty() && chart.migration.is_none());
}

#[test]
fn parts_are_left_out_by_name_or_not_at_all() {
    let without = |text: &str| Sources::new(&format!("without = {text}\n{NEXT}"));
    let source = without("{ image = [\"../pause\"] }").read("releases/1.1.0").expect("read");
    assert!(source.image.iter().all(|image| matches!(image, ImageSource::Registry(_))));
    let source = without("{ secret = [\"campus/front-door-tls\"] }").read("releases/1.1.0").expect("read");
    assert_eq!(source.secrets().len(), 1);
    for (text, said) in [("{ image = [\"pause\"] }", "\"pause\""), ("{ page = [] }", "[[page]]"), ("7", "table")] {
        let refusal = without(text).refusal();
        assert!(refusal.contains(said), "{refusal}");
    }
}

#[test]
fn chains_that_lead_nowhere_are_refused() {
    let over = Sources::new("[release]\nversion = \"1.1.0\"\n");
    assert!(over.refusal().contains("sequence"), "a release has a number of its own: {}", over.refusal());
    over.write("releases/1.1.0/release.toml", "format = 1\nextends = \"../1.1.0/release.toml\"\n");
    assert!(over.refusal().contains("extend one another"));
    over.write("releases/1.1.0/release.toml", "format = 1\nextends = \"../../other.toml\"\n");
    assert!(over.refusal().contains("extends names"));
    over.write("releases/1.1.0/release.toml", "format = 1\nwithout = { image = [] }\n");
    assert!(over.refusal().contains("extends nothing"));
    over.write("releases/1.1.0/release.toml", "format = 2\nextends = \"../../release.toml\"\n");
    assert!(over.refusal().contains("format = 1"));
}

fn lock(images: &[(&str, &str)]) -> Lock {
    let image = |(reference, content): &(&str, &str)| LockedImage {
        reference: (*reference).to_owned(),
        from: None,
        inputs: None,
        platform: None,
        index: None,
        manifest: Digest::of(content.as_bytes()),
        sbom: None,
        layer: Vec::new(),
    };
    Lock {
        format: FORMAT,
        platform: "linux/amd64".to_owned(),
        tools: BTreeMap::new(),
        program: Vec::new(),
        image: images.iter().map(image).collect(),
        chart: Vec::new(),
    }
}

#[test]
fn what_two_releases_share_is_pinned_by_the_one_that_is_extended() {
    let sources = Sources::new(NEXT);
    let folder = sources.folder.path().join("releases/1.1.0");
    let said = earlier_lock(&folder, false).expect_err("the base has no lock").to_string();
    assert!(said.contains("lock it first"), "{said}");
    sources.write("bundle.lock", &lock(&[("a.b/c:1", "base")]).text().expect("text"));
    let pins = earlier_lock(&folder, false).expect("read").expect("pins");
    assert_eq!(pins, lock(&[("a.b/c:1", "base")]));
    let own = lock(&[("a.b/c:1", "own"), ("a.b/d:1", "own")]);
    sources.write("releases/1.1.0/bundle.lock", &own.text().expect("text"));
    let pins = earlier_lock(&folder, false).expect("read").expect("pins");
    let manifest = |reference: &str| pins.image(reference).map(|image| image.manifest);
    assert_eq!(manifest("a.b/c:1"), Some(Digest::of(b"base")));
    assert_eq!(manifest("a.b/d:1"), Some(Digest::of(b"own")));
    let again = earlier_lock(&folder, true).expect("read").expect("pins");
    assert_eq!(again, lock(&[("a.b/c:1", "base")]));
    assert_eq!(earlier_lock(sources.folder.path(), true).expect("read"), None);
}

#[test]
fn a_rule_for_releases_before_lets_no_bad_one_through() {
    let rule: VersionReq = ">=1.1.0, <1.2.0".parse().expect("rule");
    let allows = |text: &str| rule.matches(&text.parse::<Version>().expect("version"));
    assert!(allows("1.1.0") && allows("1.1.7"));
    for other in ["1.0.0", "1.2.0", "1.2.0-bad.crash", "1.1.0-rc.1"] {
        assert!(!allows(other), "{other}");
    }
}
