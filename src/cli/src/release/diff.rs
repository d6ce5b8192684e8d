//! `bridle release diff`: how two releases of the store differ.

use bridle_client::Client;
use bridle_core::fault::{Exit, Fault};
use bridle_core::message::{Language, Message};
use bridle_core::store::diff::{Change, Comparison, Form, Part};
use bridle_core::wording;

use crate::face::Face;

/// Compares them and prints what is not the same.
pub async fn run(face: &Face, client: &Client, old: &str, new: &str) -> Result<Exit, Fault> {
    let comparison = client.compare_releases(old, new).await.map_err(|error| error.fault())?;
    if face.json {
        face.put_json(&comparison);
    } else {
        face.put(&lines(&comparison, face.language).join("\n"));
    }
    Ok(Exit::Ok)
}

fn lines(comparison: &Comparison, language: Language) -> Vec<String> {
    let word = |message: Message| message.render(language);
    let (old, new) = (&comparison.old, &comparison.new);
    if comparison.is_same() {
        return vec![word(Message::new("diff-same").with("digest", new.digest.to_string()))];
    }
    let title = |side: &bridle_core::store::diff::Side| format!("{} {}", side.name, side.version);
    let mut lines = vec![word(Message::new("diff-head").with("old", title(old)).with("new", title(new)))];
    lines.push(word(match old.kubernetes == new.kubernetes {
        true => Message::new("diff-kubernetes-same").with("version", new.kubernetes.to_string()),
        false => Message::new("diff-kubernetes")
            .with("old", old.kubernetes.to_string())
            .with("new", new.kubernetes.to_string()),
    }));
    for (heading, parts) in [
        ("diff-programs", &comparison.programs),
        ("diff-images", &comparison.images),
        ("diff-charts", &comparison.charts),
    ] {
        if !parts.is_empty() {
            lines.push(word(Message::new(heading)));
            lines.extend(listed(parts, language));
        }
    }
    if !comparison.values.is_empty() {
        lines.push(word(Message::new("diff-values")));
        let value = |value: &Option<serde_json::Value>| {
            value.as_ref().map_or_else(|| word(Message::new("diff-unset")), ToString::to_string)
        };
        lines.extend(comparison.values.iter().map(|change| {
            format!("  {} {}: {} → {}", change.chart, change.field, value(&change.old), value(&change.new))
        }));
    }
    let moved = comparison.moved;
    let moved = Message::new("diff-moved")
        .with("blobs", moved.blobs)
        .with("size", wording::bytes(moved.bytes, language))
        .with("of", wording::bytes(moved.of, language));
    lines.push(word(moved));
    lines
}

/// The parts that differ one by one, those that do not together.
fn listed(parts: &[Part], language: Language) -> Vec<String> {
    let word = |change: Change| {
        let code = match change {
            Change::New => "diff-new",
            Change::Gone => "diff-gone",
            Change::Changed => "diff-changed",
            Change::Same => return String::new(),
        };
        Message::new(code).render(language)
    };
    let form = |form: &Form| {
        let version = form.version.as_ref().map(|version| format!("{version} ")).unwrap_or_default();
        format!("{version}{} ({})", form.digest.short(), wording::bytes(form.size, language))
    };
    let (same, other): (Vec<&Part>, Vec<&Part>) = parts.iter().partition(|part| part.change == Change::Same);
    let width = other.iter().map(|part| word(part.change).chars().count()).max().unwrap_or(0);
    let mut lines: Vec<String> = other
        .into_iter()
        .map(|part| {
            let forms: Vec<String> = part.old.iter().chain(&part.new).map(form).collect();
            format!("  {:width$}  {}  {}", word(part.change), part.name, forms.join(" → "))
        })
        .collect();
    if !same.is_empty() {
        let size = same.iter().filter_map(|part| part.new.as_ref()).map(|form| form.size).sum();
        let words = Message::new("diff-unchanged")
            .with("count", same.len() as u64)
            .with("size", wording::bytes(size, language));
        lines.push(format!("  {}", words.render(language)));
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_differs_in_both_languages() {
        let form = |content: &str, size, version: Option<&str>| {
            let digest = bridle_core::digest::Digest::of(content.as_bytes());
            serde_json::json!({ "digest": digest, "size": size, "version": version })
        };
        let side = |version: &str, kubernetes: &str| {
            let digest = bridle_core::digest::Digest::of(version.as_bytes());
            serde_json::json!({ "name": "campus", "version": version, "sequence": 1, "digest": digest,
                "kubernetes": kubernetes })
        };
        let comparison: Comparison = serde_json::from_value(serde_json::json!({
            "format": 1,
            "old": side("1.0.0", "1.35.4"),
            "new": side("1.1.0", "1.36.3"),
            "programs": [
                { "name": "helm", "change": "same", "old": form("h", 5, None), "new": form("h", 5, None) },
                { "name": "k3s", "change": "changed", "old": form("a", 70_000_000, None), "new": form("b", 71_000_000, None) },
            ],
            "images": [
                { "name": "bridle.internal/a:1", "change": "new", "new": form("c", 1_200_000, None) },
                { "name": "bridle.internal/b:1", "change": "gone", "old": form("d", 900, None) },
            ],
            "charts": [
                { "name": "web", "change": "changed", "old": form("e", 10, Some("1.0.0")), "new": form("f", 11, Some("1.1.0")) },
            ],
            "values": [{ "chart": "web", "field": "replicas", "old": 1 }],
            "components": null,
            "moved": { "blobs": 3, "bytes": 72_200_011, "of": 400_000_000 },
        }))
        .expect("the shape of a comparison");
        let text = Language::ALL.map(|language| lines(&comparison, language).join("\n")).join("\n\n");
        insta::assert_snapshot!(text);
        let mut same = comparison;
        same.new.digest = same.old.digest;
        assert_eq!(lines(&same, Language::En).len(), 1);
    }
}
