//! `bridle explain`: the words of a fault code, without the agent and without a network.

use bridle_core::fault::{Exit, Fault, FaultCode};
use bridle_core::message::Language;
use bridle_core::wording::FaultText;

use crate::face::Face;

/// Prints what `code` means.
pub fn run(face: &Face, code: &str) -> Result<Exit, Fault> {
    let wanted = code.trim().to_uppercase();
    let found = FaultCode::ALL.iter().find(|known| known.code() == wanted || known.code()["BR-".len()..] == wanted);
    let Some(found) = found else {
        return Err(Fault::new(FaultCode::RequestInvalid).with("what", wanted));
    };
    let text = general(*found, face.language);
    if face.json {
        face.put_json(&serde_json::json!({
            "code": text.code, "what": text.what, "why": text.why, "fix": text.fix, "exit": found.exit() as u8,
        }));
    } else {
        let mut lines = text.lines(face.language, 0);
        lines.pop(); // where to read more: here
        face.put(&lines.join("\n"));
    }
    Ok(Exit::Ok)
}

/// The words of a code in general: a place that a real fault fills with a name shows as `…`.
fn general(code: FaultCode, language: Language) -> FaultText {
    let text = FaultText::new(&Fault::new(code), language);
    FaultText {
        what: blank(&text.what),
        why: text.why.as_deref().map(blank),
        fix: text.fix.as_deref().map(blank),
        ..text
    }
}

/// Replaces what Fluent shows for an argument that is absent (`{$name}`).
fn blank(text: &str) -> String {
    let mut parts = text.split("{$");
    let mut result = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        result.push('…');
        result.push_str(part.split_once('}').map_or("", |(_, rest)| rest));
    }
    result
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_is_explained_without_gaps() {
        for code in FaultCode::ALL {
            for language in Language::ALL {
                let text = general(*code, language);
                let all = text.lines(language, 0).join("\n");
                assert!(!all.contains('$'), "{all}");
                assert!(text.why.is_some() && text.fix.is_some(), "{}", code.code());
            }
        }
    }
}
