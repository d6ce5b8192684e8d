use super::*;
use crate::configuration::finding::blocks;
use crate::release::Rename;

const TEXT: &str = "format = 1\nname = \"x\"\nhost = \"campus.example\"\n[values.@]\n# So that nobody waits.\ndrainSeconds = 9 # long\n";

fn release(renames: &[(&str, &str)]) -> (ReleaseManifest, String) {
    let mut release =
        ReleaseManifest::parse(include_bytes!("../../../tests/fixtures/release-v1.json")).expect("sample");
    let chart = release.charts.last_mut().expect("chart");
    chart.renames = renames.iter().map(|(from, to)| Rename { from: (*from).into(), to: (*to).into() }).collect();
    let name = chart.name.clone();
    (release, name)
}

#[test]
fn values_move_with_their_comments_and_only_once() {
    let (release, chart) = release(&[("drainSeconds", "shutdown.drainSeconds"), ("absent", "elsewhere")]);
    let text = TEXT.replace('@', &chart);
    let moved = renamed(&text, &release).expect("TOML");
    assert_eq!(moved.renamed.len(), 1);
    assert_eq!(moved.renamed[0].to.to_string(), format!("values.{chart}.shutdown.drainSeconds"));
    assert!(moved.text.contains("drainSeconds = 9 # long") && moved.text.contains("shutdown]"), "{}", moved.text);
    assert!(moved.text.contains("# So that nobody waits."), "{}", moved.text);
    let again = renamed(&moved.text, &release).expect("TOML");
    assert_eq!((again.text, again.renamed.len(), again.findings.len()), (moved.text, 0, 0));
}

#[test]
fn nothing_is_overwritten() {
    let (release, chart) = release(&[("drainSeconds", "shutdown.drainSeconds")]);
    let both = TEXT.replace('@', &chart) + "shutdown = { drainSeconds = 3 }\n";
    let blocked = TEXT.replace('@', &chart) + "shutdown = 3\n";
    for (text, code) in [(both, "config-renamed-both"), (blocked, "config-renamed-blocked")] {
        let moved = renamed(&text, &release).expect("TOML");
        assert_eq!((moved.text.as_str(), moved.renamed.len()), (text.as_str(), 0));
        assert!(blocks(&moved.findings));
        assert_eq!((moved.findings[0].message.code.as_ref(), moved.findings[0].at.expect("place").line), (code, 6));
    }
}

#[test]
fn a_release_without_renames_leaves_every_byte() {
    let (release, _) = release(&[]);
    let text = "format=1 # odd\n\n\nname   = 'x'\nhost=\"h\"";
    assert_eq!(renamed(text, &release).expect("TOML").text, text);
}
