//! YAML of charts as JSON values.

use serde_json::Value;

/// Documents of a YAML stream, empty ones left out. At most 4096 documents come back.
///
/// # Errors
/// If the text is not YAML, or is larger than the reader's budget.
pub(crate) fn documents(text: &str) -> Result<Vec<Value>, serde_saphyr::Error> {
    let documents: Vec<Value> = serde_saphyr::from_multiple(text)?;
    Ok(documents.into_iter().filter(|document| !document.is_null()).take(MOST_DOCUMENTS).collect())
}

const MOST_DOCUMENTS: usize = 4096;
