//! Changing a profile as a person would: what is not meant stays as it was, with its order and its comments.

use toml_edit::{Array, DocumentMut, InlineTable, Item, Table, Value};

use super::key::Key;

/// Why a change cannot be made.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EditError {
    /// The profile is not TOML.
    #[error("read profile: {0}")]
    Toml(String),
    /// On the way to the key stands something that is no table and no list.
    #[error("change profile: {0} holds no keys")]
    NoTable(Key),
    /// A list has no such place.
    #[error("change profile: there is no place {0}")]
    NoPlace(Key),
    /// A whole table cannot be replaced by one value.
    #[error("change profile: {0} is a table")]
    IsTable(Key),
    /// There is no such key.
    #[error("change profile: there is no key {0}")]
    Absent(Key),
}

/// The value of `key`; `None` if it is not said.
///
/// # Errors
/// [`EditError::Toml`].
pub fn get(text: &str, key: &Key) -> Result<Option<toml::Value>, EditError> {
    let table: toml::Table = toml::from_str(text).map_err(|error| EditError::Toml(error.message().to_owned()))?;
    let mut here = toml::Value::Table(table);
    for part in key.parts() {
        let next = match &mut here {
            toml::Value::Table(table) => table.remove(part),
            toml::Value::Array(list) => {
                part.parse().ok().filter(|index| *index < list.len()).map(|index: usize| list.swap_remove(index))
            }
            _ => None,
        };
        match next {
            Some(next) => here = next,
            None => return Ok(None),
        }
    }
    Ok(Some(here))
}

/// What a person typed as a value: a literal of TOML where it is one, else a text. With `wanted` "string", always a text
/// unless it stands in quotation marks.
#[must_use]
pub fn typed(text: &str, wanted: Option<&str>) -> Value {
    let literal = || text.trim().parse::<Value>().ok();
    match wanted {
        Some("string") => literal().filter(Value::is_str).unwrap_or_else(|| Value::from(text)),
        // Nothing of the kind: a file that says TOML's own error helps less than the schema's.
        _ => literal().unwrap_or_else(|| Value::from(text)),
    }
}

/// `text` with `key` set to `value`; tables on the way are made.
///
/// # Errors
/// [`EditError`] if the way is blocked.
pub fn set(text: &str, key: &Key, value: Value) -> Result<String, EditError> {
    let mut document = read(text)?;
    let parts = key.parts();
    let (last, way) = parts.split_last().ok_or_else(|| EditError::Absent(key.clone()))?;
    let parent = walk(document.as_table_mut(), way, true)?;
    match parent {
        Place::Table(table) => set_in_table(table, last, value, key)?,
        Place::Inline(table) => match table.get_mut(last) {
            Some(old) => replace(old, value),
            None => drop(table.insert(*last, value)),
        },
        Place::List(list) => set_in_list(list, last, value, key)?,
        Place::Tables => return Err(EditError::NoPlace(key.clone())),
    }
    Ok(document.to_string())
}

/// `text` without `key`; tables that are left empty by it stay where they hold comments, and go elsewhere.
///
/// # Errors
/// [`EditError::Absent`] if there is none.
pub fn unset(text: &str, key: &Key) -> Result<String, EditError> {
    let mut document = read(text)?;
    let parts = key.parts();
    let absent = || EditError::Absent(key.clone());
    let (last, way) = parts.split_last().ok_or_else(absent)?;
    match walk(document.as_table_mut(), way, false).map_err(|_| absent())? {
        Place::Table(table) => {
            if let Some(tables) = table.get_mut(last).and_then(Item::as_array_of_tables_mut) {
                tables.clear();
            }
            table.remove(last).ok_or_else(absent)?;
        }
        Place::Inline(table) => drop(table.remove(last).ok_or_else(absent)?),
        Place::List(list) => {
            let index = last.parse().ok().filter(|index| *index < list.len()).ok_or_else(absent)?;
            list.remove(index);
        }
        Place::Tables => {
            let tables = way.split_last().and_then(|(name, above)| {
                let Ok(Place::Table(table)) = walk(document.as_table_mut(), above, false) else { return None };
                table.get_mut(name)?.as_array_of_tables_mut()
            });
            let tables = tables.ok_or_else(absent)?;
            let index = last.parse().ok().filter(|index| *index < tables.len()).ok_or_else(absent)?;
            tables.remove(index);
        }
    }
    Ok(document.to_string())
}

/// `text` where the value of `from` stands under `to`; the way there is made, and what it leaves empty goes.
///
/// # Errors
/// [`EditError`] if `from` is not there or the way to `to` is blocked.
pub fn rename(text: &str, from: &Key, to: &Key) -> Result<String, EditError> {
    let mut document = read(text)?;
    let (from_parts, to_parts) = (from.parts(), to.parts());
    let absent = || EditError::Absent(from.clone());
    let (old, old_way) = from_parts.split_last().ok_or_else(absent)?;
    let (new, new_way) = to_parts.split_last().ok_or_else(absent)?;
    let (decor, item) = match walk(document.as_table_mut(), old_way, false).map_err(|_| absent())? {
        Place::Table(table) => {
            let decor = table.key(old).map(|key| key.leaf_decor().clone());
            (decor, table.remove(old).ok_or_else(absent)?)
        }
        Place::Inline(table) => (None, Item::Value(table.remove(old).ok_or_else(absent)?)),
        Place::List(_) | Place::Tables => return Err(EditError::NoTable(from.clone())),
    };
    match walk(document.as_table_mut(), new_way, true)? {
        Place::Table(table) => {
            table.insert(new, item);
            if let (Some(decor), Some(mut key)) = (decor, table.key_mut(new)) {
                *key.leaf_decor_mut() = decor;
            }
        }
        Place::Inline(table) => {
            let value = item.into_value().map_err(|_| EditError::IsTable(from.clone()))?;
            table.insert(*new, value);
        }
        Place::List(_) | Place::Tables => return Err(EditError::NoTable(to.clone())),
    }
    prune(document.as_table_mut(), old_way);
    Ok(document.to_string())
}

fn read(text: &str) -> Result<DocumentMut, EditError> {
    text.parse().map_err(|error: toml_edit::TomlError| EditError::Toml(error.message().to_owned()))
}

enum Place<'a> {
    Table(&'a mut Table),
    Inline(&'a mut InlineTable),
    List(&'a mut Array),
    /// A list of tables as a whole.
    Tables,
}

fn walk<'a>(top: &'a mut Table, way: &[&str], make: bool) -> Result<Place<'a>, EditError> {
    let mut here = Place::Table(top);
    for (index, part) in way.iter().enumerate() {
        let key = || Key::of(way[..=index].iter().copied());
        // Tables of a list are reached through the list: two parts of the key at once.
        here = match here {
            Place::Table(table) => {
                if make && !table.contains_key(part) {
                    let mut new = Table::new();
                    // Only the innermost one has a heading of its own.
                    new.set_implicit(index + 1 < way.len());
                    table.insert(part, Item::Table(new));
                }
                match table.get_mut(part).ok_or_else(|| EditError::NoTable(key()))? {
                    Item::Table(inner) => {
                        if make && index + 1 == way.len() {
                            inner.set_implicit(false);
                        }
                        Place::Table(inner)
                    }
                    Item::ArrayOfTables(tables) => match way.get(index + 1) {
                        None => return Ok(Place::Tables),
                        Some(number) => {
                            let at = number.parse().ok().filter(|at: &usize| *at < tables.len());
                            let inner =
                                at.and_then(|at| tables.get_mut(at)).ok_or_else(|| EditError::NoPlace(key()))?;
                            return walk(inner, &way[index + 2..], make);
                        }
                    },
                    Item::Value(value) => of_value(value).ok_or_else(|| EditError::NoTable(key()))?,
                    Item::None => return Err(EditError::NoTable(key())),
                }
            }
            Place::Inline(table) => {
                if make && !table.contains_key(part) {
                    table.insert(*part, Value::InlineTable(InlineTable::new()));
                }
                let inner = table.get_mut(part).ok_or_else(|| EditError::NoTable(key()))?;
                of_value(inner).ok_or_else(|| EditError::NoTable(key()))?
            }
            Place::List(list) => {
                let at = part
                    .parse::<usize>()
                    .ok()
                    .and_then(|at| list.get_mut(at))
                    .ok_or_else(|| EditError::NoPlace(key()))?;
                of_value(at).ok_or_else(|| EditError::NoTable(key()))?
            }
            Place::Tables => return Err(EditError::NoPlace(key())),
        };
    }
    Ok(here)
}

fn of_value(value: &mut Value) -> Option<Place<'_>> {
    match value {
        Value::InlineTable(table) => Some(Place::Inline(table)),
        Value::Array(list) => Some(Place::List(list)),
        _ => None,
    }
}

fn set_in_table(table: &mut Table, last: &str, value: Value, key: &Key) -> Result<(), EditError> {
    match table.get_mut(last) {
        Some(Item::Value(old)) => replace(old, value),
        Some(Item::Table(_) | Item::ArrayOfTables(_)) => return Err(EditError::IsTable(key.clone())),
        Some(Item::None) | None => drop(table.insert(last, Item::Value(value))),
    }
    Ok(())
}

fn set_in_list(list: &mut Array, last: &str, value: Value, key: &Key) -> Result<(), EditError> {
    let index: usize = last.parse().map_err(|_| EditError::NoPlace(key.clone()))?;
    let length = list.len();
    match list.get_mut(index) {
        Some(old) => replace(old, value),
        None if index == length => list.push(value),
        None => return Err(EditError::NoPlace(key.clone())),
    }
    Ok(())
}

/// A new value in the place of an old one, with the comment behind it.
fn replace(old: &mut Value, mut new: Value) {
    *new.decor_mut() = old.decor().clone();
    *old = new;
}

/// Takes away the tables on the way that nothing is in any more, unless a comment stands at one.
fn prune(top: &mut Table, way: &[&str]) {
    let Some((last, above)) = way.split_last() else { return };
    let parent = match walk(top, above, false) {
        Ok(Place::Table(parent)) => parent,
        Ok(Place::Inline(parent)) => {
            if parent.get(last).and_then(Value::as_inline_table).is_some_and(InlineTable::is_empty) {
                parent.remove(last);
                prune(top, above);
            }
            return;
        }
        _ => return,
    };
    let bare = |table: &Table| {
        let comment = |text: Option<&toml_edit::RawString>| {
            text.and_then(toml_edit::RawString::as_str).is_some_and(|text| text.contains('#'))
        };
        table.is_empty() && !comment(table.decor().prefix()) && !comment(table.decor().suffix())
    };
    let empty = match parent.get(last) {
        Some(Item::Table(table)) => bare(table),
        Some(Item::Value(Value::InlineTable(table))) => table.is_empty(),
        _ => false,
    };
    if empty {
        parent.remove(last);
        prune(top, above);
    }
}

#[cfg(test)]
mod tests;
