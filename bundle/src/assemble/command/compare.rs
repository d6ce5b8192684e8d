//! A comparison as text or JSON.

use bridle_core::store::diff::{Change, Comparison, Form, Part};
use serde_json::Value;

use crate::assemble::error::AssembleError;

/// Tells how two releases differ.
pub(super) fn show(comparison: &Comparison, as_json: bool) -> Result<(), AssembleError> {
    if as_json {
        let document = serde_json::to_value(comparison)
            .map_err(|error| AssembleError::recipe("comparison as JSON", error.to_string()))?;
        println!("{document:#}");
        return Ok(());
    }
    for line in lines(comparison) {
        println!("{line}");
    }
    Ok(())
}

fn lines(comparison: &Comparison) -> Vec<String> {
    let (old, new) = (&comparison.old, &comparison.new);
    let mut lines = vec![format!("{} {} -> {} {}", old.name, old.version, new.name, new.version)];
    if comparison.is_same() {
        lines.push(format!("the same release ({})", new.digest));
        return lines;
    }
    let kubernetes = match old.kubernetes == new.kubernetes {
        true => format!("same     kubernetes {}", new.kubernetes),
        false => format!("changed  kubernetes {} -> {}", old.kubernetes, new.kubernetes),
    };
    lines.push(kubernetes);
    for (kind, parts) in
        [("program", &comparison.programs), ("image", &comparison.images), ("chart", &comparison.charts)]
    {
        lines.extend(parts.iter().filter(|part| part.change != Change::Same).map(|part| part_line(kind, part)));
        let same: Vec<u64> = parts
            .iter()
            .filter(|part| part.change == Change::Same)
            .filter_map(|part| part.new.as_ref().map(|form| form.size))
            .collect();
        if !same.is_empty() {
            lines.push(format!("same     {} {kind}s with {} bytes", same.len(), same.iter().sum::<u64>()));
        }
    }
    let value = |value: &Option<Value>| value.as_ref().map_or("(not set)".to_owned(), Value::to_string);
    for change in &comparison.values {
        let (old, new) = (value(&change.old), value(&change.new));
        lines.push(format!("value    {} {}: {old} -> {new}", change.chart, change.field));
    }
    match &comparison.components {
        None => lines.push("the components are not compared: a delta does not carry its bill of materials".to_owned()),
        Some(components) => lines.extend(components.iter().map(|component| {
            let versions = |versions: &std::collections::BTreeSet<String>| {
                versions.iter().map(String::as_str).collect::<Vec<_>>().join(", ")
            };
            let versions = match component.change {
                Change::New => versions(&component.new),
                Change::Gone => versions(&component.old),
                _ => format!("{} -> {}", versions(&component.old), versions(&component.new)),
            };
            format!("{:<8} component {} {versions}", word(component.change), component.name)
        })),
    }
    let moved = comparison.moved;
    lines.push(format!("an upgrade moves {} blobs with {} of {} bytes", moved.blobs, moved.bytes, moved.of));
    lines
}

fn part_line(kind: &str, part: &Part) -> String {
    let form = |form: &Form| {
        let version = form.version.as_ref().map(|version| format!("{version} ")).unwrap_or_default();
        format!("{version}{} {} bytes", form.digest.short(), form.size)
    };
    let forms: Vec<String> = part.old.iter().chain(&part.new).map(form).collect();
    format!("{:<8} {kind} {}: {}", word(part.change), part.name, forms.join(" -> "))
}

fn word(change: Change) -> &'static str {
    match change {
        Change::New => "new",
        Change::Gone => "gone",
        Change::Changed => "changed",
        Change::Same => "same",
    }
}
