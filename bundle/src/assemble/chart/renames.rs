//! Renamed values: the chart must know the new place and no longer the old one.

use bridle_core::release::Rename;
use serde_json::Value;

use super::archive::Files;

/// Most references that are followed in a schema.
const MOST_REFERENCES: usize = 32;

/// Checks the renames against the chart's defaults and its schema.
pub(super) fn check(files: &Files, renames: &[Rename]) -> Result<(), String> {
    if renames.is_empty() {
        return Ok(());
    }
    let text = |name: &str| files.get(name).map(|bytes| String::from_utf8_lossy(bytes).into_owned());
    let defaults = text("values.yaml").and_then(|text| serde_saphyr::from_str::<Value>(&text).ok()).unwrap_or_default();
    let schema = text("values.schema.json").unwrap_or_default();
    let schema: Value = serde_json::from_str(&schema).map_err(|error| format!("values.schema.json: {error}"))?;
    let knows = |path: &str| stands(&defaults, path) || is_described(&schema, path);
    for Rename { from, to } in renames {
        if !knows(to) {
            return Err(format!(
                "renames {from} to {to}, but neither values.yaml nor values.schema.json has {to}; correct the name"
            ));
        }
        // `drain` may become `drain.seconds`, and the other way round.
        let nested = to.strip_prefix(from.as_str()).or_else(|| from.strip_prefix(to.as_str()));
        if !nested.is_some_and(|rest| rest.starts_with('.')) && knows(from) {
            return Err(format!(
                "renames {from} to {to}, but values.yaml or values.schema.json still has {from}; take it out, or the rename"
            ));
        }
    }
    Ok(())
}

fn stands(values: &Value, path: &str) -> bool {
    path.split('.').try_fold(values, |value, key| value.get(key)).is_some()
}

/// Whether a schema describes a property at the path.
fn is_described(schema: &Value, path: &str) -> bool {
    let found = path.split('.').try_fold(schema, |at, key| followed(schema, at).get("properties")?.get(key));
    found.is_some()
}

/// The schema that a reference inside the document names.
fn followed<'a>(schema: &'a Value, mut at: &'a Value) -> &'a Value {
    for _ in 0..MOST_REFERENCES {
        let named = at.get("$ref").and_then(Value::as_str).and_then(|name| schema.pointer(name.strip_prefix('#')?));
        match named {
            Some(named) => at = named,
            None => break,
        }
    }
    at
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(from: &str, to: &str) -> Option<String> {
        let schema = r##"{ "properties": { "shutdown": { "$ref": "#/$defs/end" }, "loop": { "$ref": "#/properties/loop" },
            "kept": {} }, "$defs": { "end": { "properties": { "drainSeconds": { "type": "integer" } } } } }"##;
        let files = Files::from([
            ("values.yaml".to_owned(), b"front: { copies: 2 }\n".to_vec()),
            ("values.schema.json".to_owned(), schema.as_bytes().to_vec()),
        ]);
        check(&files, &[Rename { from: from.to_owned(), to: to.to_owned() }]).err()
    }

    #[test]
    fn the_chart_knows_the_new_place_and_not_the_old_one() {
        assert_eq!(said("drainSeconds", "shutdown.drainSeconds"), None);
        assert_eq!(said("copies", "front.copies"), None);
        assert_eq!(said("front", "front.copies"), None, "a value may move below its own name");
        assert!(said("drainSeconds", "shutdown.drain").expect("refused").contains("correct the name"));
        assert!(said("drainSeconds", "loop.further").is_some());
        for old in ["kept", "front.copies"] {
            assert!(said(old, "shutdown.drainSeconds").expect("refused").contains("still has"), "{old}");
        }
    }
}
