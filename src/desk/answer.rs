//! From status, headers and bytes to an [`Answer`]: pure, so that it can be fuzzed.

use jiff::Timestamp;
use reqwest::header::HeaderMap;
use serde::Deserialize;
use serde_json::Value;

use super::{chat, wait};
use crate::delivery::outcome::{Answer, AnswerBody, ChatId};

/// How much of an unexplained body is shown.
const EXCERPT: usize = 160;

/// The answer to a create, from its status, its headers, all of its body and the time it came.
pub fn to_create(status: u16, headers: &HeaderMap, body: &[u8], now: Timestamp) -> Answer {
    let body = match serde_json::from_slice::<Created>(body) {
        Ok(chat) if (200..300).contains(&status) => AnswerBody::Chat(ChatId(chat.id)),
        Err(error) if (200..300).contains(&status) => AnswerBody::Unreadable(format!(
            "the answer is no proactive chat ({error}): {}",
            excerpt(body)
        )),
        _ => error_body(body),
    };
    let message = match &body {
        AnswerBody::Error { message, .. } => message.as_str(),
        _ => "",
    };
    Answer {
        status,
        wait: wait::asked(headers, message, now),
        body,
    }
}

/// What counts of a chat that was made; the customers it names are those that were sent.
#[derive(Deserialize)]
struct Created {
    #[serde(deserialize_with = "chat::positive")]
    id: u64,
}

/// The two JSON shapes of an error: `{"message", "code", "error"}` and `{"code", "detail"}`.
#[derive(Deserialize)]
struct ErrorShape {
    code: Option<Value>,
    message: Option<Value>,
    detail: Option<Value>,
}

/// What a body that is no success says, whatever its shape.
pub(super) fn error_body(body: &[u8]) -> AnswerBody {
    let shape: Option<ErrorShape> = serde_json::from_slice(body).ok();
    let Some(ErrorShape {
        code,
        message,
        detail,
    }) = shape
    else {
        return AnswerBody::Error {
            code: None,
            message: excerpt(body),
        };
    };
    let message = message
        .or(detail)
        .as_ref()
        .and_then(text)
        .map_or_else(|| excerpt(body), |message| shortened(&message));
    AnswerBody::Error {
        code: code.as_ref().and_then(text),
        message,
    }
}

/// A message as it is shown and kept: without control characters, and of bounded length.
fn shortened(message: &str) -> String {
    const LONGEST: usize = 500;
    let plain = |c: char| if c.is_control() { ' ' } else { c };
    message.chars().take(LONGEST).map(plain).collect()
}

fn text(value: &Value) -> Option<String> {
    match value {
        Value::Null => None,
        Value::String(text) => Some(text.clone()),
        other => Some(other.to_string()),
    }
}

/// The beginning of a body on one line, without control characters or markup.
fn excerpt(body: &[u8]) -> String {
    let text = String::from_utf8_lossy(&body[..body.len().min(4 * EXCERPT)]);
    let mut plain = String::new();
    let mut in_tag = false;
    for c in text.chars() {
        match c {
            '<' => in_tag = true,
            '>' if in_tag => {
                in_tag = false;
                plain.push(' ');
            }
            _ if in_tag => {}
            c if c.is_control() => plain.push(' '),
            c => plain.push(c),
        }
    }
    let words: Vec<&str> = plain.split_whitespace().collect();
    let line = words.join(" ");
    match line.char_indices().nth(EXCERPT) {
        Some((at, _)) => format!("{}…", &line[..at]),
        None if line.is_empty() => "an answer without a message".to_owned(),
        None => line,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(status: u16, body: &str) -> AnswerBody {
        let now = "2026-11-21T09:00:00Z".parse().expect("a time");
        to_create(status, &HeaderMap::new(), body.as_bytes(), now).body
    }

    fn error(code: Option<&str>, message: &str) -> AnswerBody {
        AnswerBody::Error {
            code: code.map(str::to_owned),
            message: message.to_owned(),
        }
    }

    #[test]
    fn all_error_shapes_are_understood_and_codes_stay_text() {
        let cases = [
            (
                r#"{"message":"Not closed.","code":400600,"error":true}"#,
                error(Some("400600"), "Not closed."),
            ),
            (
                r#"{"message":"Gone.","code":"deskp400500","error":true}"#,
                error(Some("deskp400500"), "Gone."),
            ),
            (
                r#"{"code":"desk500500","detail":"Oops."}"#,
                error(Some("desk500500"), "Oops."),
            ),
            (
                r#"{"detail":"Invalid token."}"#,
                error(None, "Invalid token."),
            ),
            (
                "<html><h1>500</h1>Server <b>Error</b></html>",
                error(None, "500 Server Error"),
            ),
            ("", error(None, "an answer without a message")),
        ];
        for (body, expected) in cases {
            assert_eq!(answer(400, body), expected, "{body}");
        }
    }

    #[test]
    fn a_2xx_that_is_no_chat_is_unreadable() {
        for body in ["", "{}", "<html>", r#"{"id":0}"#, r#"{"id":12"#] {
            assert!(
                matches!(answer(201, body), AnswerBody::Unreadable(_)),
                "{body}"
            );
        }
        assert_eq!(answer(201, r#"{"id":12}"#), AnswerBody::Chat(ChatId(12)));
    }
}
