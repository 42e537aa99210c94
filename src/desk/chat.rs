//! The proactive chat, as Desk describes it.

use jiff::Timestamp;
use serde::{Deserialize, Deserializer};
use serde_json::Value;

use super::Requester;
use super::lenient::{self, as_number};
use crate::delivery::figures::Figures;
use crate::delivery::tracking::Counts;

/// A proactive chat (reference page "Proactive Chat", resource representation).
///
/// Only the id must be there: whatever else is missing or takes another form is left out rather
/// than refused, because an answer that cannot be read makes a delivered batch unknown.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ProactiveChat {
    /// The unique id; ids grow with time and have gaps.
    #[serde(deserialize_with = "lenient::positive")]
    pub id: u64,
    /// The Desk project.
    #[serde(default, deserialize_with = "lenient::id")]
    pub project: Option<u64>,
    /// The text of the message.
    #[serde(default, deserialize_with = "lenient::text")]
    pub message: Option<String>,
    /// Messages within the chat.
    #[serde(default, deserialize_with = "lenient::number")]
    pub message_count: Option<u64>,
    /// The agent who made it.
    #[serde(default, deserialize_with = "lenient::nested")]
    pub created_by: Option<Requester>,
    /// The key of the group it is assigned to.
    #[serde(default, rename = "assignedGroup", deserialize_with = "group_key")]
    pub group: Option<String>,
    /// Chats sent out.
    #[serde(default, deserialize_with = "lenient::count")]
    pub sent_count: Option<i64>,
    /// Chats that received a response.
    #[serde(default, deserialize_with = "lenient::count")]
    pub responded_count: Option<i64>,
    /// Chats that have been closed.
    #[serde(default, deserialize_with = "lenient::count")]
    pub closed_count: Option<i64>,
    /// Its customers, in any of the forms this field is known to take.
    #[serde(default, rename = "customersList", deserialize_with = "customers_list")]
    pub customers: Option<Vec<u64>>,
    /// When it was made.
    #[serde(default, deserialize_with = "lenient::time")]
    pub created_at: Option<Timestamp>,
    /// When it last changed.
    #[serde(default, deserialize_with = "lenient::time")]
    pub updated_at: Option<Timestamp>,
    /// LOW, MEDIUM, HIGH or URGENT.
    #[serde(default, deserialize_with = "lenient::text")]
    pub priority: Option<String>,
}

impl ProactiveChat {
    /// The three counts; one that is missing or below zero is 0.
    pub fn figures(&self) -> Figures {
        let counts = [self.sent_count, self.responded_count, self.closed_count];
        let counts = counts.map(Option::unwrap_or_default);
        let [sent, responded, closed] = counts.map(|count| count.max(0).unsigned_abs());
        Figures {
            counts: Counts {
                sent,
                responded,
                closed,
            },
            below_zero: counts.into_iter().any(i64::is_negative),
        }
    }
}

fn group_key<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    let value = Value::deserialize(deserializer)?;
    let key = value
        .get("key")
        .or_else(|| value.get("groupKey"))
        .unwrap_or(&value);
    Ok(key.as_str().map(str::to_owned))
}

/// `"[1, 2]"`, `"1,2"`, a JSON list of numbers or of numbers as text, or null.
fn customers_list<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<Vec<u64>>, D::Error> {
    let value = Value::deserialize(deserializer)?;
    Ok(match &value {
        Value::Array(items) => items.iter().map(as_number).collect(),
        Value::String(text) => listed(text),
        _ => None,
    })
}

fn listed(text: &str) -> Option<Vec<u64>> {
    let inner = text
        .trim()
        .trim_start_matches(['[', '(', '{'])
        .trim_end_matches([']', ')', '}'])
        .trim();
    if inner.is_empty() {
        return Some(Vec::new());
    }
    inner
        .split(',')
        .map(|item| item.trim().trim_matches(['"', '\'']).parse().ok())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chat(json: &str) -> ProactiveChat {
        serde_json::from_str(json).expect("a chat")
    }

    #[test]
    fn customers_are_read_in_every_known_form() {
        for form in [
            r#""[1, 2]""#,
            r#""1,2""#,
            "[1,2]",
            r#"["1","2"]"#,
            r#""[\"1\", \"2\"]""#,
            r#"" 1 , 2 ""#,
        ] {
            assert_eq!(
                chat(&format!(r#"{{"id":1,"customersList":{form}}}"#)).customers,
                Some(vec![1, 2]),
                "{form}"
            );
        }
        for form in ["null", "7", r#""1 and 2""#, r#"[1,{}]"#] {
            assert_eq!(
                chat(&format!(r#"{{"id":1,"customersList":{form}}}"#)).customers,
                None,
                "{form}"
            );
        }
        assert_eq!(
            chat(r#"{"id":1,"customersList":"[]"}"#).customers,
            Some(vec![])
        );
        assert_eq!(chat(r#"{"id":1}"#).customers, None);
    }

    #[test]
    fn only_the_id_must_be_there() {
        assert_eq!(
            chat(r#"{"id":"12","sentCount":null,"createdAt":7,"assignedGroup":[]}"#).id,
            12
        );
        for bad in [
            r#"{"id":0}"#,
            r#"{"id":-1}"#,
            r#"{"id":1.5}"#,
            r#"{"id":null}"#,
            "{}",
            "[]",
            "7",
        ] {
            assert!(serde_json::from_str::<ProactiveChat>(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_count_below_zero_is_told_from_0_and_one_beyond_all_reason_can_be_summed_up() {
        let figures = |sent: &str| chat(&format!(r#"{{"id":1,"sentCount":{sent}}}"#)).figures();
        for (text, sent, below_zero) in [
            ("40", 40, false),
            ("\"40\"", 40, false),
            ("null", 0, false),
            ("\"many\"", 0, false),
            ("-3", 0, true),
            ("\"-3\"", 0, true),
            ("18446744073709551615", 1_000_000_000_000, false),
        ] {
            let figures = figures(text);
            assert_eq!(
                (figures.counts.sent, figures.below_zero),
                (sent, below_zero),
                "{text}"
            );
        }
    }

    #[test]
    fn dates_of_any_fraction_and_offset_are_read() {
        let at = |date: &str| chat(&format!(r#"{{"id":1,"createdAt":"{date}"}}"#)).created_at;
        let expected: Timestamp = "2020-05-11T14:25:54Z".parse().expect("a time");
        assert_eq!(at("2020-05-11T14:25:54Z"), Some(expected));
        assert_eq!(at("2020-05-11T16:25:54.000000+02:00"), Some(expected));
        assert_eq!(at("2020-05-11T14:25:54.000Z"), Some(expected));
        assert_eq!(at("yesterday"), None);
    }
}
