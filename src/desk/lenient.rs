//! Fields that may be missing or take another form than documented: read where they can be, left
//! out where not. An answer is refused for nothing but an id that is not there.

use jiff::Timestamp;
use serde::{Deserialize, Deserializer};
use serde_json::Value;

/// Ids are stored as signed numbers of 64 bits.
const LARGEST_ID: u64 = i64::MAX.unsigned_abs();

/// An id: 1 to 2^63 - 1, as a number or as text.
pub(super) fn positive<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u64, D::Error> {
    let value = Value::deserialize(deserializer)?;
    id_of(&value).ok_or_else(|| serde::de::Error::custom("the id is not a positive integer"))
}

/// An id that may be missing.
pub(super) fn id<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<u64>, D::Error> {
    Ok(id_of(&Value::deserialize(deserializer)?))
}

fn id_of(value: &Value) -> Option<u64> {
    as_number(value).filter(|id| (1..=LARGEST_ID).contains(id))
}

pub(super) fn as_number(value: &Value) -> Option<u64> {
    match value {
        Value::Number(number) => number.as_u64(),
        Value::String(text) => text.trim().parse().ok(),
        _ => None,
    }
}

pub(super) fn number<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<u64>, D::Error> {
    Ok(as_number(&Value::deserialize(deserializer)?))
}

/// The highest count that is taken as it is: sums of a million of them are still numbers.
const HIGHEST_COUNT: i64 = 1_000_000_000_000;

/// A count. Below zero is what nothing can be, and is told from 0; a count beyond all reason is the
/// highest.
pub(super) fn count<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<i64>, D::Error> {
    let whole = match Value::deserialize(deserializer)? {
        Value::Number(number) => number
            .as_i64()
            .or_else(|| number.is_u64().then_some(HIGHEST_COUNT)),
        Value::String(text) => text.trim().parse().ok(),
        _ => None,
    };
    Ok(whole.map(|count| count.min(HIGHEST_COUNT)))
}

pub(super) fn text<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    Ok(match Value::deserialize(deserializer)? {
        Value::String(text) => Some(text),
        _ => None,
    })
}

/// Text, or the JSON of anything else that is not null.
pub(super) fn text_or_json<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<String>, D::Error> {
    Ok(match Value::deserialize(deserializer)? {
        Value::Null => None,
        Value::String(text) => Some(text),
        other => Some(other.to_string()),
    })
}

/// ISO 8601 with a fraction of any length or none, and `Z` or `±hh:mm`.
pub(super) fn time<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<Timestamp>, D::Error> {
    Ok(Value::deserialize(deserializer)?
        .as_str()
        .and_then(|text| text.trim().parse().ok()))
}

/// A nested object; none where it is missing or something else.
pub(super) fn nested<'de, D, T>(deserializer: D) -> Result<Option<T>, D::Error>
where
    D: Deserializer<'de>,
    T: serde::de::DeserializeOwned,
{
    Ok(serde_json::from_value(Value::deserialize(deserializer)?).ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_of_any_fraction_and_offset_are_one_instant() {
        #[derive(Deserialize)]
        struct At {
            #[serde(default, deserialize_with = "time")]
            at: Option<Timestamp>,
        }
        let at = |date: &str| {
            serde_json::from_str::<At>(&format!(r#"{{"at":{date}}}"#))
                .expect("an object")
                .at
        };
        let noon: Timestamp = "2020-05-11T12:00:00.5Z".parse().expect("a time");
        for form in [
            "2020-05-11T12:00:00.5Z",
            "2020-05-11T12:00:00.500000Z",
            "2020-05-11T12:00:00.500000000Z",
            "2020-05-11T14:00:00.500+02:00",
            "2020-05-11T05:30:00.50-06:30",
            " 2020-05-11T12:00:00.500Z ",
        ] {
            assert_eq!(at(&format!("\"{form}\"")), Some(noon), "{form}");
        }
        for form in ["null", "7", "\"\"", "\"noon\"", "\"2020-05-11T12:00:00\""] {
            assert_eq!(at(form), None, "{form}");
        }
    }

    #[test]
    fn an_id_is_a_positive_number_in_either_form() {
        #[derive(Deserialize)]
        struct Thing {
            #[serde(deserialize_with = "positive")]
            id: u64,
        }
        let id = |json: &str| {
            serde_json::from_str::<Thing>(json)
                .map(|thing| thing.id)
                .ok()
        };
        assert_eq!(id(r#"{"id":7}"#), Some(7));
        assert_eq!(id(r#"{"id":"7"}"#), Some(7));
        for bad in ["0", "-1", "1.5", "null", "\"\"", "9223372036854775808"] {
            assert_eq!(id(&format!(r#"{{"id":{bad}}}"#)), None, "{bad}");
        }
    }
}
