//! `explain`: the words of a code before anything is installed that could be asked.

use bridle_core::explain::Topic;
use bridle_core::fault::{Exit, Fault};

use crate::console::Console;

/// Prints what `code` means, or all codes with their sentences.
///
/// # Errors
/// `TopicUnknown` with the codes that may have been meant.
pub fn run(console: &mut Console, code: Option<&str>) -> Result<Exit, Fault> {
    let language = console.language;
    let Some(code) = code else {
        let all: Vec<_> = Topic::all().into_iter().map(|topic| topic.explain(language)).collect();
        for words in &all {
            console.put(&format!("{}  {}", words.code, words.what));
        }
        if console.json {
            console.put_json(&serde_json::json!({ "codes": all }));
        }
        return Ok(Exit::Ok);
    };
    let words = Topic::look_up(code, language)?.explain(language);
    for line in words.lines(language) {
        console.put(&line);
    }
    if console.json {
        console.put_json(&words);
    }
    Ok(Exit::Ok)
}
