//! The release file as stock tools see it: skopeo reads every image, minisign accepts every signature, and the same lock
//! gives the same bytes.

use std::path::Path;
use std::process::Command;

use bridle_journeys::campus;

type Outcome = Result<(), Box<dyn std::error::Error>>;

fn ok(command: &mut Command) -> Result<String, Box<dyn std::error::Error>> {
    let output = command.output()?;
    if !output.status.success() {
        return Err(format!("{command:?}: {}\n{}", output.status, String::from_utf8_lossy(&output.stderr)).into());
    }
    Ok(String::from_utf8(output.stdout)?)
}

#[test]
fn stock_tools_read_it_and_the_same_lock_gives_the_same_bytes() -> Outcome {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().ok_or("the crate lies in the checkout")?;
    let campus = campus::build(root)?;
    let scratch = tempfile::tempdir()?;

    for file in [&campus.run, &campus.bundle] {
        ok(Command::new("minisign").args(["-V", "-p"]).arg(&campus.key).arg("-m").arg(file))?;
    }
    ok(Command::new("tar")
        .arg("--directory")
        .arg(scratch.path())
        .arg("-xf")
        .arg(&campus.bundle)
        .args(["index.json", "index.json.minisig"]))?;
    ok(Command::new("minisign").args(["-V", "-p"]).arg(&campus.key).arg("-m").arg(scratch.path().join("index.json")))?;

    let index: serde_json::Value = serde_json::from_slice(&std::fs::read(scratch.path().join("index.json"))?)?;
    let manifests = index["manifests"].as_array().ok_or("an index lists manifests")?;
    let references: Vec<&str> = manifests
        .iter()
        .filter_map(|manifest| manifest["annotations"]["org.opencontainers.image.ref.name"].as_str())
        .collect();
    assert!(references.len() >= 10, "{references:?}");
    for reference in references.iter().filter(|reference| reference.contains('/')) {
        let source = format!("oci-archive:{}:{reference}", campus.bundle.display());
        let seen: serde_json::Value = serde_json::from_str(&ok(Command::new("skopeo").arg("inspect").arg(&source))?)?;
        assert_eq!((&seen["Architecture"], &seen["Os"]), (&"amd64".into(), &"linux".into()), "{reference}");
    }

    let again = campus::build_from_lock(root, &campus, scratch.path())?;
    ok(Command::new("cmp").arg(&campus.run).arg(&again.run))?;
    ok(Command::new("cmp").arg(&campus.bundle).arg(&again.bundle))?;
    Ok(())
}
