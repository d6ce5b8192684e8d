//! `bridle release`.

use bridle_client::{Client, ClientConfig};
use bridle_core::fault::{Exit, Fault};
use bridle_core::message::{Language, Message};
use bridle_core::status::ReleaseView;
use bridle_core::wording;

use crate::face::Face;

/// Prints the releases in the store.
pub async fn list(face: &Face, config: &ClientConfig) -> Result<Exit, Fault> {
    let releases = Client::new(config).releases().await.map_err(|error| error.fault())?;
    if face.json {
        face.put_json(&serde_json::json!({ "releases": releases }));
    } else if releases.is_empty() {
        face.say(&Message::new("release-none"));
    } else {
        face.put(&lines(&releases, face.language).join("\n"));
    }
    Ok(Exit::Ok)
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
