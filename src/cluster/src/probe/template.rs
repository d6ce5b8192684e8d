//! `{name}` in paths, bodies and expectations.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::connect::segment;

/// Values by name: `run` and what was captured.
pub(super) type Captured = BTreeMap<String, Value>;

/// A name that stands for nothing yet.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("nothing was captured as {{{0}}}")]
pub(super) struct Unknown(pub(super) String);

/// Fills a path: what is put in is percent-encoded, so that no answer can change which resource is asked for.
pub(super) fn path(template: &str, captured: &Captured) -> Result<String, Unknown> {
    fill(template, captured, |text| segment(&text))
}

/// Fills a text.
pub(super) fn text(template: &str, captured: &Captured) -> Result<String, Unknown> {
    fill(template, captured, |text| text)
}

/// Fills all strings of a JSON value. A string that is one name as a whole becomes the captured value with its type.
pub(super) fn json(template: &Value, captured: &Captured) -> Result<Value, Unknown> {
    Ok(match template {
        Value::String(template) => match whole(template) {
            Some(name) => captured.get(name).ok_or_else(|| Unknown(name.to_owned()))?.clone(),
            None => Value::String(text(template, captured)?),
        },
        Value::Array(items) => Value::Array(items.iter().map(|item| json(item, captured)).collect::<Result<_, _>>()?),
        Value::Object(map) => Value::Object(
            map.iter().map(|(key, value)| Ok((key.clone(), json(value, captured)?))).collect::<Result<_, Unknown>>()?,
        ),
        other => other.clone(),
    })
}

fn fill(template: &str, captured: &Captured, encode: impl Fn(String) -> String) -> Result<String, Unknown> {
    let mut out = String::with_capacity(template.len());
    let mut rest = template;
    while let Some(start) = rest.find('{') {
        out.push_str(&rest[..start]);
        rest = &rest[start..];
        let name = rest[1..].split_once('}').map(|(name, _)| name).filter(|name| is_name(name));
        let Some(name) = name else {
            out.push('{'); // a brace of the text's own
            rest = &rest[1..];
            continue;
        };
        let value = captured.get(name).ok_or_else(|| Unknown(name.to_owned()))?;
        out.push_str(&encode(match value {
            Value::String(text) => text.clone(),
            other => other.to_string(),
        }));
        rest = &rest[name.len() + 2..];
    }
    out.push_str(rest);
    Ok(out)
}

fn whole(template: &str) -> Option<&str> {
    template.strip_prefix('{')?.strip_suffix('}').filter(|name| is_name(name))
}

fn is_name(name: &str) -> bool {
    !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-')
}
