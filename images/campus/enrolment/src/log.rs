//! One JSON object a line on standard output, for whatever collects the logs of pods.

use std::io::Write as _;
use std::time::{SystemTime, UNIX_EPOCH};

/// Writes one line: seconds since 1970, level, event and its fields.
pub(crate) fn line(level: &str, event: &str, fields: &[(&str, &str)]) {
    let mut object = serde_json::Map::new();
    let time = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0.0, |since| since.as_secs_f64());
    object.insert("time".to_owned(), time.into());
    object.insert("level".to_owned(), level.into());
    object.insert("event".to_owned(), event.into());
    for (name, value) in fields {
        object.insert((*name).to_owned(), (*value).into());
    }
    // A log that nobody takes is no reason to stop.
    let _ = writeln!(std::io::stdout().lock(), "{}", serde_json::Value::Object(object));
}
