//! `verify` and `inspect`: the file alone, nothing on the host is touched.

use std::path::Path;

use bridle_bundle::file::{Conditions, Contents};
use bridle_core::fault::{Exit, Fault, FaultCode};
use bridle_core::message::Message;
use bridle_core::wording;
use bridle_host::layout::Layout;
use serde_json::json;

use crate::console::Console;
use crate::fault::of_file;
use crate::opening::{self, Trust};

/// Reads the whole file against a trusted key.
pub fn verify(console: &mut Console, file: &Path, pinned: Option<&Path>, layout: &Layout) -> Result<Exit, Fault> {
    let opened = opening::open(file, pinned, &layout.trust_dir(), &Conditions::default())?;
    if opened.trust == Trust::Claimed {
        return Err(Fault::new(FaultCode::PublisherKeyNeeded));
    }
    let key = opened.signer().clone();
    let contents = opened.bundle.verify_all(&mut |_| {}).map_err(|error| of_file(&error, file))?;
    let release = contents.release.id();
    if console.json {
        console.put_json(&json!({
            "release": release, "verified": true,
            "publisher": { "key": key.id().to_string(), "fingerprint": key.fingerprint() },
        }));
    }
    let message = Message::new("verify-ok").with("release", release).with("fingerprint", key.fingerprint());
    let line = console.words(&message);
    console.put(&line);
    Ok(Exit::Ok)
}

/// Shows what the file holds. Without a trusted key that is what the file says about itself.
pub fn inspect(console: &mut Console, file: &Path, pinned: Option<&Path>, layout: &Layout) -> Result<Exit, Fault> {
    let opened = opening::open(file, pinned, &layout.trust_dir(), &Conditions::default())?;
    let trusted = opened.trust != Trust::Claimed;
    let (key, contents) = (opened.signer(), opened.bundle.contents());
    if console.json {
        console.put_json(&json!({
            "release": contents.release, "release_manifest": contents.digest, "size": contents.size(),
            "publisher": { "key": key.id().to_string(), "fingerprint": key.fingerprint(), "trusted": trusted },
        }));
        return Ok(Exit::Ok);
    }
    for line in lines(console, contents) {
        console.put(&line);
    }
    let fingerprint = Message::new("install-fingerprint").with("fingerprint", key.fingerprint());
    let line = console.words(&fingerprint);
    console.put(&line);
    if !trusted {
        console.say(&Message::new("inspect-unverified"));
    }
    Ok(Exit::Ok)
}

fn lines(console: &Console, contents: &Contents) -> Vec<String> {
    let release = &contents.release;
    let size = |bytes| wording::bytes(bytes, console.language);
    let words = |message: Message| console.words(&message);
    let mut lines = vec![
        words(
            Message::new("inspect-release")
                .with("name", release.name.as_str())
                .with("version", release.version.to_string())
                .with("sequence", release.sequence)
                .with("architecture", release.architecture.as_str()),
        ),
        words(Message::new("inspect-kubernetes").with("version", release.kubernetes.version.to_string())),
        words(
            Message::new("inspect-size")
                .with("images", release.images.len())
                .with("parts", contents.all().count())
                .with("size", size(contents.size())),
        ),
    ];
    if let Some(notes) = release.notes.get(&console.language.to_string()).or_else(|| release.notes.values().next()) {
        let clean = |line: &str| line.chars().filter(|c| !c.is_control()).collect::<String>();
        lines.extend(notes.lines().map(|line| format!("  {}", clean(line))));
    }
    lines.push(words(Message::new("inspect-programs")));
    lines.extend(release.programs.iter().map(|(name, blob)| format!("  {name}  {}", size(blob.size))));
    lines.push(words(Message::new("inspect-charts")));
    lines.extend(release.charts.iter().map(|chart| format!("  {} {}", chart.name, chart.version)));
    lines.push(words(Message::new("inspect-images")));
    let image = |(name, image): (&String, &bridle_core::release::ImageEntry)| {
        format!("  {name}  {}  {}", image.manifest.short(), size(image.compressed))
    };
    lines.extend(release.images.iter().map(image));
    lines
}
