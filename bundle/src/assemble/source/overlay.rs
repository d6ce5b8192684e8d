//! A release source that extends another one: what it says is laid over what that one says, so that several releases share
//! one source and differ in nothing but what is written down.

use std::fs;
use std::path::{Path, PathBuf};

use serde::Deserialize as _;
use toml::{Table, Value};

use super::{FORMAT, Lock, MAX_SOURCE, ReleaseSource};
use crate::assemble::error::AssembleError;

/// Most sources that extend one another.
const MOST_SOURCES: usize = 16;
/// Tables of which one way of several is chosen, or that belong together: they replace the ones below as a whole.
const WHOLE: [&str; 4] = ["source", "k3s", "notes", "body"];
/// What is said about coming from an earlier release holds for the release that says it, not for those that extend it.
const OWN: [(&str, &[&str]); 3] = [
    ("release", &["version", "sequence", "upgrades_from", "notes"]),
    ("chart", &["renames", "migration"]),
    ("data", &["migrate"]),
];

/// The release source in `folder` with all that it extends, and the folder that its paths are relative to: the one of the
/// source that extends nothing.
///
/// # Errors
/// [`AssembleError`] if one cannot be read or is not what the format asks for.
pub fn read_release(folder: &Path) -> Result<(PathBuf, ReleaseSource), AssembleError> {
    let chain = chain(folder)?;
    let (first, base) = chain.last().expect("a chain has the source itself");
    let home = first.parent().unwrap_or(Path::new(".")).to_owned();
    if chain.len() == 1 {
        // Read as it stands, so that a refusal names line and column.
        return Ok((home, super::read(first)?));
    }
    let mut whole = base.clone();
    for (path, table) in chain[..chain.len() - 1].iter().rev() {
        disown(&mut whole);
        let refuse = |reason| AssembleError::Source { path: path.clone(), reason };
        leave_out(&mut whole, table.get("without")).map_err(refuse)?;
        let mut over = table.clone();
        over.remove("without");
        over.remove("extends");
        lay(over, &mut whole).map_err(refuse)?;
    }
    let path = &chain[0].0;
    let source = ReleaseSource::deserialize(Value::Table(whole)).map_err(|error| AssembleError::Source {
        path: path.clone(),
        reason: format!("together with what it extends: {}", error.message()),
    })?;
    Ok((home, source))
}

/// What an earlier lock pins for the release source in `folder`: first of all what the source that it extends is locked to,
/// so that what two releases share is the same in both. Its own earlier lock counts unless everything is resolved again.
///
/// # Errors
/// [`AssembleError`] if a lock cannot be read, or if the source extends one that is not locked yet.
pub fn earlier_lock(folder: &Path, again: bool) -> Result<Option<Lock>, AssembleError> {
    let chain = chain(folder)?;
    let mut pins: Option<Lock> = None;
    for (number, (path, _)) in chain.iter().enumerate().rev() {
        let lock = path.with_file_name("bundle.lock");
        match (lock.exists(), number == 0) {
            (true, true) if again => {}
            (true, _) => {
                let found = Lock::read(&lock)?;
                pins = Some(match pins {
                    None => found,
                    Some(below) => found.over(below),
                });
            }
            (false, true) => {}
            (false, false) => {
                let reason = "lock it first: a release that extends it takes what it pins".to_owned();
                return Err(AssembleError::Source { path: path.clone(), reason });
            }
        }
    }
    Ok(pins)
}

/// The source in `folder` first, then what each extends; with paths.
fn chain(folder: &Path) -> Result<Vec<(PathBuf, Table)>, AssembleError> {
    let mut path = folder.join("release.toml");
    let mut chain = Vec::new();
    loop {
        let table = table(&path)?;
        let refuse = |reason: &str| AssembleError::Source { path: path.clone(), reason: reason.to_owned() };
        let next = match table.get("extends") {
            None if table.contains_key("without") => {
                return Err(refuse("without leaves out parts of what is extended, and this extends nothing"));
            }
            None => None,
            Some(Value::String(next)) if next.ends_with("release.toml") => Some(path.with_file_name(next)),
            Some(_) => return Err(refuse("extends names another release.toml, relative to this one")),
        };
        chain.push((path.clone(), table));
        match next {
            None => return Ok(chain),
            Some(_) if chain.len() >= MOST_SOURCES => {
                return Err(refuse(&format!("more than {MOST_SOURCES} sources extend one another")));
            }
            Some(next) => path = next.canonicalize().map_err(AssembleError::io("find", &next))?,
        }
    }
}

fn table(path: &Path) -> Result<Table, AssembleError> {
    let refuse = |reason: String| AssembleError::Source { path: path.to_owned(), reason };
    let size = fs::metadata(path).map_err(AssembleError::io("read", path))?.len();
    if size > MAX_SOURCE {
        return Err(refuse(format!("{size} bytes, the limit is {MAX_SOURCE}")));
    }
    let text = fs::read_to_string(path).map_err(AssembleError::io("read", path))?;
    let table: Table = toml::from_str(&text).map_err(|error| refuse(error.to_string()))?;
    match table.get("format") {
        Some(Value::Integer(format)) if *format == i64::from(FORMAT) => Ok(table),
        _ => Err(refuse(format!("needs format = {FORMAT}"))),
    }
}

/// Takes away what a source says about itself alone.
fn disown(below: &mut Table) {
    for (name, keys) in OWN {
        let parts = match below.get_mut(name) {
            Some(Value::Table(part)) => vec![part],
            Some(Value::Array(parts)) => parts.iter_mut().filter_map(Value::as_table_mut).collect(),
            _ => continue,
        };
        for part in parts {
            keys.iter().for_each(|key| drop(part.remove(*key)));
        }
    }
}

/// Takes parts away: `without = { image = ["enrolment"] }`.
fn leave_out(below: &mut Table, without: Option<&Value>) -> Result<(), String> {
    let Some(without) = without else { return Ok(()) };
    let shape = || "without is a table of lists of names, e.g. without = { image = [\"recipe\"] }".to_owned();
    for (list, names) in without.as_table().ok_or_else(shape)? {
        let parts = below.get_mut(list).and_then(Value::as_array_mut);
        let parts = parts.ok_or_else(|| format!("without.{list}: what is extended has no [[{list}]]"))?;
        for name in names.as_array().ok_or_else(shape)? {
            let name = name.as_str().ok_or_else(shape)?;
            let place = parts.iter().position(|part| identity(list, part).as_deref() == Some(name));
            let place = place.ok_or_else(|| format!("without.{list}: what is extended has no {name:?}"))?;
            parts.remove(place);
        }
    }
    Ok(())
}

/// Lays one source over another: tables by key, lists of parts by the name of each, everything else as a whole.
fn lay(over: Table, below: &mut Table) -> Result<(), String> {
    for (key, value) in over {
        match (below.get_mut(&key), value) {
            (Some(Value::Array(parts)), Value::Array(list)) => merge(&key, list, parts)?,
            (Some(Value::Table(table)), Value::Table(over)) if !WHOLE.contains(&key.as_str()) => cover(over, table),
            (_, value) => drop(below.insert(key, value)),
        }
    }
    Ok(())
}

fn merge(list: &str, over: Vec<Value>, parts: &mut Vec<Value>) -> Result<(), String> {
    for part in over {
        let name = identity(list, &part).ok_or_else(|| format!("[[{list}]]: a part has no name"))?;
        match (parts.iter_mut().find(|below| identity(list, below).as_deref() == Some(&name)), part) {
            (Some(Value::Table(below)), Value::Table(over)) => cover(over, below),
            (_, part) => parts.push(part),
        }
    }
    Ok(())
}

fn cover(over: Table, below: &mut Table) {
    for (key, value) in over {
        match (below.get_mut(&key), value) {
            (Some(Value::Table(table)), Value::Table(over)) if !WHOLE.contains(&key.as_str()) => cover(over, table),
            (_, value) => drop(below.insert(key, value)),
        }
    }
}

/// What a part is called: its name (a secret's with its namespace), an image's reference in the release or its recipe, what
/// a check measures.
fn identity(list: &str, part: &Value) -> Option<String> {
    let text = |key: &str| part.get(key).and_then(Value::as_str);
    let name = match list {
        "image" => text("as").or_else(|| text("reference")).or_else(|| text("recipe")),
        "check" => text("kind"),
        _ => text("name"),
    }?;
    Some(if list == "secret" { format!("{}/{name}", text("namespace")?) } else { name.to_owned() })
}

#[cfg(test)]
#[path = "overlay/tests.rs"]
mod tests;
