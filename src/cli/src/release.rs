//! `bridle release`.

mod diff;
mod found;
mod have;
mod uploads;

use std::path::Path;

use bridle_client::{Client, ClientConfig};
use bridle_core::fault::{Exit, Fault};
use bridle_core::message::{Language, Message};
use bridle_core::status::ReleaseView;
use bridle_core::store::{ReleaseDetail, SizedPart};
use bridle_core::wording;

use crate::arguments::Release;
use crate::face::Face;
use crate::{store, upload};

/// Runs one of the commands.
pub async fn run(face: &Face, config: &ClientConfig, command: Release) -> Result<Exit, Fault> {
    let client = Client::new(config);
    match command {
        Release::List => list(face, &client).await,
        Release::Add { file: Some(file), .. } => add(face, &client, &file).await,
        Release::Add { file: None, from, yes } => {
            match found::choose(face, &client, config, from.as_deref(), yes).await? {
                Some(file) => add(face, &client, &file).await,
                None => Ok(Exit::Ok),
            }
        }
        Release::Remove { id, yes } => remove(face, &client, &id, yes).await,
        Release::Inspect { id } => inspect(face, &client, &id).await,
        Release::Verify { id } => verify(face, &client, &id).await,
        Release::Have { output } => have::run(face, &client, output.as_deref()).await,
        Release::Diff { old, new } => diff::run(face, &client, &old, &new).await,
        Release::Upload(command) => uploads::run(face, &client, command).await,
    }
}

async fn list(face: &Face, client: &Client) -> Result<Exit, Fault> {
    let releases = client.releases().await.map_err(|error| error.fault())?;
    if face.json {
        face.put_json(&serde_json::json!({ "releases": releases }));
    } else if releases.is_empty() {
        face.say(&Message::new("release-none"));
    } else {
        face.put(&lines(&releases, face.language).join("\n"));
    }
    Ok(Exit::Ok)
}

async fn add(face: &Face, client: &Client, file: &Path) -> Result<Exit, Fault> {
    let added = upload::bring(face, file, async |body| client.add_release(body).await).await?;
    if face.json {
        face.put_json(&added);
    } else {
        let words = Message::new("release-added")
            .with("release", added.id.as_str())
            .with("new", added.new)
            .with("size", wording::bytes(added.bytes, face.language))
            .with("reused", added.reused);
        face.put_lines(&[face.words(&words)]);
        face.say(&Message::new("release-added-next").with("release", added.id.as_str()));
    }
    Ok(Exit::Ok)
}

async fn remove(face: &Face, client: &Client, id: &str, yes: bool) -> Result<Exit, Fault> {
    if !yes && !face.confirm(&Message::new("release-remove-ask").with("release", id), "--yes")? {
        face.say(&Message::new("release-kept"));
        return Ok(Exit::Ok);
    }
    let removed = client.remove_release(id).await.map_err(|error| error.fault())?;
    if face.json {
        face.put_json(&removed);
    } else {
        let words = Message::new("release-removed")
            .with("release", id)
            .with("size", wording::bytes(removed.bytes, face.language));
        face.put(&face.words(&words));
    }
    Ok(Exit::Ok)
}

async fn inspect(face: &Face, client: &Client, id: &str) -> Result<Exit, Fault> {
    let detail = client.release(id).await.map_err(|error| error.fault())?;
    if face.json {
        face.put_json(&detail);
    } else {
        face.put(&described(&detail, face.language).join("\n"));
    }
    Ok(Exit::Ok)
}

async fn verify(face: &Face, client: &Client, id: &str) -> Result<Exit, Fault> {
    let report = store::checked(face, client, Some(id)).await?;
    if !face.json && report.damages.is_empty() {
        let words = Message::new("release-verified")
            .with("release", id)
            .with("blobs", report.blobs)
            .with("size", wording::bytes(report.bytes, face.language));
        face.put(&face.words(&words));
    }
    store::verdict(face, &report)
}

/// What a release is, and its parts with their sizes.
fn described(detail: &ReleaseDetail, language: Language) -> Vec<String> {
    let release = &detail.release;
    let word = |message: Message| message.render(language);
    let title = Message::new("release-head")
        .with("name", release.name.as_str())
        .with("version", release.version.as_str())
        .with("sequence", release.sequence);
    let mut facts = vec![
        (word(Message::new("release-head-architecture")), detail.architecture.clone()),
        (word(Message::new("release-head-kubernetes")), detail.kubernetes.clone()),
        (word(Message::new("release-head-added")), wording::moment(release.added)),
        (word(Message::new("release-head-key")), detail.key.clone()),
        (word(Message::new("release-head-digest")), detail.digest.to_string()),
    ];
    if !detail.upgrades_from.is_empty() {
        facts.push((word(Message::new("release-head-from")), detail.upgrades_from.join(" | ")));
    }
    let width = facts.iter().map(|(label, _)| label.chars().count()).max().unwrap_or(0);
    let mut lines = vec![word(title)];
    lines.extend(facts.iter().map(|(label, value)| format!("  {label:width$}  {value}")));
    for (title, parts) in [
        (Message::new("release-head-programs"), &detail.programs),
        (Message::new("release-head-charts"), &detail.charts),
        (Message::new("release-head-images"), &detail.images),
    ] {
        lines.push(word(title));
        lines.extend(listed(parts, language));
    }
    lines
}

fn listed(parts: &[SizedPart], language: Language) -> impl Iterator<Item = String> {
    let width = parts.iter().map(|part| part.name.chars().count()).max().unwrap_or(0);
    parts.iter().map(move |part| {
        let size = part.bytes.map_or_else(|| "-".to_owned(), |bytes| wording::bytes(bytes, language));
        format!("  {:width$}  {size:>9}  {}", part.name, part.note).trim_end().to_owned()
    })
}

fn lines(releases: &[ReleaseView], language: Language) -> Vec<String> {
    let width = releases.iter().map(|release| release.id.chars().count()).max().unwrap_or(0);
    let line = |release: &ReleaseView| {
        let figures = Message::new("release-figures")
            .with("images", release.images)
            .with("size", wording::bytes(release.bytes, language))
            .with("added", wording::moment(release.added))
            .render(language);
        let current = if release.current { Message::new("release-current").render(language) } else { String::new() };
        format!("{:width$}  {figures}  {current}", release.id).trim_end().to_owned()
    };
    releases.iter().map(line).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use bridle_core::port::Timestamp;

    #[test]
    fn one_line_each() {
        let release = |version: &str, current| ReleaseView {
            id: format!("campus-{version}"),
            name: "campus".to_owned(),
            version: version.to_owned(),
            sequence: 1,
            images: 12,
            bytes: 512_000_000,
            added: Timestamp(1_795_408_999_000),
            current,
        };
        let releases = [release("1.0.0", true), release("1.1.0-rc.1", false)];
        let text = Language::ALL.map(|language| lines(&releases, language).join("\n")).join("\n\n");
        insta::assert_snapshot!(text);
    }
}
