//! `bridle explain`: the words of a code, without the agent and without a network.

use bridle_core::explain::Topic;
use bridle_core::fault::{Exit, Fault};

use crate::face::Face;

/// Prints what `code` means, or all codes with their sentences.
///
/// # Errors
/// `TopicUnknown` with the codes that may have been meant.
pub fn run(face: &Face, code: Option<&str>) -> Result<Exit, Fault> {
    match code {
        Some(code) => one(face, code)?,
        None => all(face),
    }
    Ok(Exit::Ok)
}

fn one(face: &Face, code: &str) -> Result<(), Fault> {
    let topic = Topic::look_up(code, face.language)?;
    let words = topic.explain(face.language);
    if face.json {
        face.put_json(&words);
    } else {
        face.put(&words.lines(face.language).join("\n"));
    }
    Ok(())
}

fn all(face: &Face) {
    let words: Vec<_> = Topic::all().into_iter().map(|topic| topic.explain(face.language)).collect();
    if face.json {
        return face.put_json(&serde_json::json!({ "codes": words }));
    }
    let width = words.iter().map(|words| words.code.len()).max().unwrap_or(0);
    for words in words {
        face.put(&format!("{:width$}  {}", words.code, words.what));
    }
}
