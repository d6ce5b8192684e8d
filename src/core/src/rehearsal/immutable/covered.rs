//! Comparing what is rendered with what the server has filled in.

use serde_json::Value;

use crate::rehearsal::text;

/// How a subtree is compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Rules {
    /// Nothing may be there that was not rendered.
    Exact,
    /// The server fills in defaults and labels of its own.
    Filled,
    /// As `Filled`, and texts are amounts (`1000m` is `1`).
    Amounts,
}

impl Rules {
    /// Templates of pods are filled in; everything else stands as it was written.
    pub(super) fn of(path: &str) -> Self {
        if path == "spec.template" { Self::Filled } else { Self::Exact }
    }
}

/// Whether everything that is rendered stands in the live value as it is. What is rendered empty counts as not rendered.
pub(super) fn covered(rendered: &Value, live: &Value, rules: Rules) -> bool {
    match (rendered, live) {
        (Value::Object(wanted), Value::Object(there)) => {
            let all = wanted.iter().all(|(key, value)| {
                let rules = match (rules, key.as_str()) {
                    (Rules::Filled, "requests" | "limits" | "sizeLimit") => Rules::Amounts,
                    (rules, _) => rules,
                };
                is_nothing(value) || there.get(key).is_some_and(|there| covered(value, there, rules))
            });
            all && (rules != Rules::Exact
                || there
                    .iter()
                    .all(|(key, value)| is_nothing(value) || wanted.get(key).is_some_and(|value| !is_nothing(value))))
        }
        (Value::Array(wanted), Value::Array(there)) => {
            wanted.len() == there.len() && wanted.iter().zip(there).all(|(a, b)| covered(a, b, rules))
        }
        (wanted, there) if wanted == there => true,
        (wanted, Value::Null) => is_nothing(wanted),
        (wanted, there) => {
            rules == Rules::Amounts && quantity(wanted).is_some_and(|wanted| Some(wanted) == quantity(there))
        }
    }
}

/// The text at a pointer, or what the server fills in.
pub(super) fn default<'a>(object: &'a Value, pointer: &str, filled_in: &'a str) -> &'a str {
    match text(object, pointer) {
        "" => filled_in,
        found => found,
    }
}

/// An amount of Kubernetes (`1Gi`, `500m`, `2`, `1e3`) in thousandths; `None` for what is none.
pub(super) fn quantity(value: &Value) -> Option<u128> {
    let text = match value {
        Value::String(text) => text.clone(),
        Value::Number(number) => number.to_string(),
        _ => return None,
    };
    let end = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
    let (number, suffix) = text.split_at(end);
    let (whole, part) = number.split_once('.').unwrap_or((number, ""));
    if whole.is_empty() && part.is_empty() || whole.len() > 20 || part.len() > 3 {
        return None;
    }
    let whole: u128 = if whole.is_empty() { 0 } else { whole.parse().ok()? };
    let part: u128 = format!("{part:0<3}").parse().ok()?;
    let thousandths = whole.checked_mul(1000)?.checked_add(part)?;
    let times = |factor: u128| thousandths.checked_mul(factor);
    match suffix {
        "m" => Some(thousandths / 1000),
        "" => Some(thousandths),
        "k" => times(1000),
        "M" => times(1000_u128.pow(2)),
        "G" => times(1000_u128.pow(3)),
        "T" => times(1000_u128.pow(4)),
        "P" => times(1000_u128.pow(5)),
        "Ki" => times(1024),
        "Mi" => times(1024_u128.pow(2)),
        "Gi" => times(1024_u128.pow(3)),
        "Ti" => times(1024_u128.pow(4)),
        "Pi" => times(1024_u128.pow(5)),
        exponent => {
            let digits = exponent.strip_prefix(['e', 'E'])?;
            times(10_u128.checked_pow(digits.parse().ok()?)?)
        }
    }
}

fn is_nothing(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Object(map) => map.is_empty(),
        Value::Array(items) => items.is_empty(),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn amounts_are_read_as_kubernetes_reads_them() {
        for (text, thousandths) in [
            (json!("1Gi"), Some(1024 * 1024 * 1024 * 1000)),
            (json!("1024Mi"), Some(1024 * 1024 * 1024 * 1000)),
            (json!("500m"), Some(500)),
            (json!("0.5"), Some(500)),
            (json!(2), Some(2000)),
            (json!("1e3"), Some(1_000_000)),
            (json!("1G"), Some(1_000_000_000_000)),
            (json!("1.5Gi"), Some(1536 * 1024 * 1024 * 1000)),
            (json!("Gi"), None),
            (json!("much"), None),
            (json!(""), None),
            (json!("1Xi"), None),
            (Value::Null, None),
        ] {
            assert_eq!(quantity(&text), thousandths, "{text}");
        }
    }
}
