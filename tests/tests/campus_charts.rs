//! The sample's charts, rendered by the release's own helm with the values that the agent gives them at a site.

use std::fs;
use std::io::Write as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use bridle_core::plan::ranges::Ranges;
use bridle_core::plan::values::Surroundings;
use bridle_core::release::ReleaseManifest;
use bridle_core::site::Site;
use bridle_journeys::campus;
use serde_json::Value;

type Outcome<T = ()> = Result<T, Box<dyn std::error::Error>>;

const SITE: &str = "format = 1\nname = \"demo\"\nhost = \"campus.internal\"\n";

/// A release file with its helm unpacked.
struct Release {
    scratch: tempfile::TempDir,
    bundle: PathBuf,
    manifest: ReleaseManifest,
}

impl Release {
    fn open(bundle: &Path) -> Outcome<Self> {
        let index: Value = serde_json::from_slice(&entry(bundle, "index.json")?)?;
        let digest = |value: &Value| value["digest"].as_str().unwrap_or_default().replace(':', "/");
        let artifact: Value = serde_json::from_slice(&entry(bundle, &blob(&digest(&index["manifests"][0])))?)?;
        let manifest = serde_json::from_slice(&entry(bundle, &blob(&digest(&artifact["config"])))?)?;
        let release = Self { scratch: tempfile::tempdir()?, bundle: bundle.to_owned(), manifest };
        let helm = release.manifest.programs.get("helm").ok_or("no helm")?.digest;
        let path = release.helm();
        fs::write(&path, entry(bundle, &blob(&format!("sha256/{}", helm.hex())))?)?;
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755))?;
        Ok(release)
    }

    fn helm(&self) -> PathBuf {
        self.scratch.path().join("helm")
    }

    /// All objects of a chart as one text, at the site of this profile.
    fn rendered(&self, name: &str, site: &Site) -> Outcome<String> {
        let chart = self.manifest.charts.iter().find(|chart| chart.name == name).ok_or("no such chart")?;
        let package = self.scratch.path().join(format!("{name}.tgz"));
        fs::write(&package, entry(&self.bundle, &blob(&format!("sha256/{}", chart.package.digest.hex())))?)?;
        let ranges = Ranges::of(&self.manifest, site);
        let around = Surroundings { global: &self.manifest.global, site, ranges, address: "192.0.2.7" };
        let values = serde_json::to_vec(&around.values(name, &chart.values))?;
        let mut command = Command::new(self.helm());
        command.args(["template", name]).arg(&package).args(["--namespace", &chart.namespace, "--values", "-"]);
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn()?;
        child.stdin.take().ok_or("no input")?.write_all(&values)?;
        let output = child.wait_with_output()?;
        assert!(output.status.success(), "{name}: {}", String::from_utf8_lossy(&output.stderr));
        Ok(String::from_utf8(output.stdout)?)
    }
}

fn blob(digest: &str) -> String {
    format!("blobs/{digest}")
}

fn entry(bundle: &Path, name: &str) -> Outcome<Vec<u8>> {
    let output = Command::new("tar").arg("-xOf").arg(bundle).arg(name).output()?;
    assert!(output.status.success(), "{name}: {}", String::from_utf8_lossy(&output.stderr));
    Ok(output.stdout)
}

fn site(services: &str) -> Outcome<Site> {
    Ok(Site::parse(&format!("{SITE}{services}"))?)
}

#[test]
fn a_site_sheet_reaches_what_uses_it_and_nothing_else() -> Outcome {
    let release = Release::open(&campus::built().bundle)?;
    let plain = site("")?;

    // Names: nobody is asked, then the site's servers in their order, then what the chart's own value says.
    let nobody = release.rendered("coredns", &plain)?;
    assert!(nobody.contains("rcode NXDOMAIN") && !nobody.contains("forward ."), "{nobody}");
    let named = site("[services]\ndns = [\"192.0.2.53\", \"2001:db8::53\"]\n")?;
    let asked = release.rendered("coredns", &named)?;
    assert!(asked.contains("forward . 192.0.2.53 2001:db8::53 {\n") && asked.contains("policy sequential"), "{asked}");
    assert!(!asked.contains("NXDOMAIN"), "{asked}");
    let checksum = |text: &str| text.lines().find(|line| line.contains("checksum/config")).map(str::to_owned);
    assert!(checksum(&asked).is_some() && checksum(&asked) != checksum(&nobody), "its pods are replaced");
    let own = site("[services]\ndns = [\"192.0.2.53\"]\n[values.coredns]\nupstreams = [\"203.0.113.1\"]\n")?;
    assert!(release.rendered("coredns", &own)?.contains("forward . 203.0.113.1 {\n"));
    let many: Vec<String> = (1..=16).map(|number| format!("\"192.0.2.{number}\"")).collect();
    let many = release.rendered("coredns", &site(&format!("[services]\ndns = [{}]\n", many.join(", ")))?)?;
    assert!(many.contains(" 192.0.2.15 {\n") && !many.contains("192.0.2.16"), "CoreDNS takes 15");
    for chart in ["enrolment", "frontend", "database", "ingress"] {
        assert_eq!(release.rendered(chart, &named)?, release.rendered(chart, &plain)?, "pods of {chart} stay");
    }

    // Passwords: a number, so that pods are replaced, and the Secret by its name.
    let mut mail = site("[services.smtp]\nhost = \"mail.example\"\nfrom = \"a@b.example\"\nuser = \"campus\"\n")?;
    let without = release.rendered("enrolment", &mail)?;
    assert!(!without.contains("site-services"), "there is no Secret yet");
    let mut texts = Vec::new();
    for number in [3, 4] {
        mail.services.sealed.insert("smtp-password".to_owned(), number);
        let text = release.rendered("enrolment", &mail)?;
        assert!(text.contains(&format!("site-services/version: \"smtp-password-{number}\"")), "{text}");
        assert!(text.contains("secretName: bridle-site-services"), "{text}");
        texts.push(text);
    }
    assert_ne!(texts.first(), texts.last());
    assert_eq!(release.rendered("frontend", &mail)?, release.rendered("frontend", &plain)?, "it uses none");
    Ok(())
}
