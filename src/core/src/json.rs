//! JSON of outside input: measured before any of it is believed.
//!
//! A document is walked once with the tokenizer that will read it, without keeping it. Nesting, number of values and
//! lengths of texts have limits, so that a small file cannot become a large tree in memory; a name that stands twice in
//! one object is refused, so that no two readers can understand two different things.

use std::cell::Cell;
use std::collections::BTreeSet;
use std::fmt;

use serde::de::{DeserializeOwned, DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};

/// Limits of a document.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Deepest nesting of arrays and objects; at most 100 (`serde_json` itself ends at 128).
    pub depth: u32,
    /// Most values: texts, numbers, arrays, objects and their names together.
    pub values: u32,
    /// Longest text or name, in bytes.
    pub text: usize,
}

/// Reads a document that keeps the limits.
///
/// # Errors
/// The error of the tokenizer with line and column; a broken limit is one, too.
pub fn read<T: DeserializeOwned>(bytes: &[u8], limits: &Limits) -> Result<T, serde_json::Error> {
    measure(bytes, limits)?;
    serde_json::from_slice(bytes)
}

/// Checks that a document keeps the limits and has no name twice in one object.
///
/// # Errors
/// As [`read`].
pub fn measure(bytes: &[u8], limits: &Limits) -> Result<(), serde_json::Error> {
    let mut document = serde_json::Deserializer::from_slice(bytes);
    let left = Cell::new(limits.values);
    Measured { limits, left: &left, depth: 0 }.deserialize(&mut document)?;
    document.end()
}

/// A value that is measured and dropped.
#[derive(Clone, Copy)]
struct Measured<'a> {
    limits: &'a Limits,
    left: &'a Cell<u32>,
    depth: u32,
}

impl<'a> Measured<'a> {
    fn count<E: Error>(self) -> Result<(), E> {
        let left = self.left.get().checked_sub(1);
        self.left.set(left.ok_or_else(|| E::custom(format_args!("more than {} values", self.limits.values)))?);
        Ok(())
    }

    fn text<E: Error>(self, text: &str) -> Result<(), E> {
        if text.len() > self.limits.text {
            return Err(E::custom(format_args!("a text of more than {} bytes", self.limits.text)));
        }
        self.count()
    }

    fn deeper<E: Error>(self) -> Result<Self, E> {
        self.count()?;
        if self.depth >= self.limits.depth {
            return Err(E::custom(format_args!("deeper than {}", self.limits.depth)));
        }
        Ok(Self { depth: self.depth + 1, ..self })
    }
}

impl<'de> DeserializeSeed<'de> for Measured<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Measured<'_> {
    type Value = ();

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("any JSON")
    }

    fn visit_bool<E: Error>(self, _: bool) -> Result<(), E> {
        self.count()
    }

    fn visit_i64<E: Error>(self, _: i64) -> Result<(), E> {
        self.count()
    }

    fn visit_u64<E: Error>(self, _: u64) -> Result<(), E> {
        self.count()
    }

    fn visit_f64<E: Error>(self, _: f64) -> Result<(), E> {
        self.count()
    }

    fn visit_unit<E: Error>(self) -> Result<(), E> {
        self.count()
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<(), E> {
        self.text(text)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut array: A) -> Result<(), A::Error> {
        let inner = self.deeper()?;
        while array.next_element_seed(inner)?.is_some() {}
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut object: A) -> Result<(), A::Error> {
        let inner = self.deeper()?;
        let mut names = BTreeSet::new();
        while let Some(name) = object.next_key::<String>()? {
            inner.text(&name)?;
            if names.contains(&name) {
                let name: String = name.chars().take(80).collect();
                return Err(A::Error::custom(format_args!("the name {name:?} stands twice in one object")));
            }
            names.insert(name);
            object.next_value_seed(inner)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMITS: Limits = Limits { depth: 3, values: 10, text: 5 };

    fn fault(text: &str) -> String {
        measure(text.as_bytes(), &LIMITS).expect_err("refused").to_string()
    }

    #[test]
    fn what_keeps_the_limits_is_read() {
        let value: serde_json::Value = read(br#"{"a":[1,-2,0.5,null,true,"x"]}"#, &LIMITS).expect("read");
        assert_eq!(value["a"][5], "x");
        measure(b"[[[1,2,3,4,5,6]]]", &LIMITS).expect("three deep");
    }

    #[test]
    fn each_limit_is_held() {
        assert!(fault("[[[[]]]]").starts_with("deeper than 3 at line 1 column"));
        assert!(fault("[1,2,3,4,5,6,7,8,9,10]").starts_with("more than 10 values at line 1 column"));
        assert!(fault(r#"["123456"]"#).starts_with("a text of more than 5 bytes"));
        assert!(fault(r#"{"123456":1}"#).starts_with("a text of more than 5 bytes"));
        assert!(fault("[1] x").contains("trailing characters"));
    }

    #[test]
    fn a_name_stands_once_however_it_is_spelled() {
        assert!(fault(r#"{"a":1,"a":2}"#).starts_with(r#"the name "a" stands twice in one object"#));
        assert!(fault(r#"[{"a":1,"\u0061":2}]"#).starts_with(r#"the name "a" stands twice in one object"#));
        measure(br#"{"a":{"a":1}}"#, &LIMITS).expect("in two objects");
    }

    #[test]
    fn a_million_brackets_are_refused_without_a_deep_stack() {
        let bomb = "[".repeat(1_000_000);
        assert!(fault(&bomb).starts_with("deeper than 3"));
    }
}
