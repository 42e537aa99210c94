//! One rule for every source: a value is its text, and the type that receives it parses it.
//!
//! The environment holds nothing but text, a file also has numbers and booleans. Reading both as
//! text means that either takes exactly the same values. It also keeps out the conversions that
//! the `config` crate would make by itself, where 2.7 becomes the integer 3 and `yes` becomes 1.

use config::{Value, ValueKind};
use serde::de::{Deserialize, Deserializer, Error};

/// A type that can be read from a setting.
pub(super) trait FromText: Sized {
    /// Parses `text`. The error says what the setting takes, as in "a whole number from 1 to 9".
    fn from_text(text: &str) -> Result<Self, String>;
}

/// Deserialises a setting; the error's message is what [`FromText`] says that it takes.
pub(super) fn parse<'de, D, T>(deserializer: D) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: FromText,
{
    let value = Value::deserialize(deserializer)?;
    let text =
        scalar(&value).ok_or_else(|| D::Error::custom("a single value, not a list or a table"))?;
    T::from_text(&text).map_err(D::Error::custom)
}

/// As [`parse`], for a setting without a default.
pub(super) fn some<'de, D, T>(deserializer: D) -> Result<Option<T>, D::Error>
where
    D: Deserializer<'de>,
    T: FromText,
{
    parse(deserializer).map(Some)
}

/// The text of a single value, or `None` for a list or a table.
pub(super) fn scalar(value: &Value) -> Option<String> {
    match &value.kind {
        ValueKind::Nil | ValueKind::Table(_) | ValueKind::Array(_) => None,
        single => Some(single.to_string()),
    }
}
