//! From what was heard to what it means. Status, headers and bytes become an [`Answer`] in pure
//! functions, so that they can be fuzzed.

use jiff::Timestamp;
use reqwest::header::HeaderMap;
use serde::Deserialize;
use serde_json::Value;

use super::transport::Heard;
use super::{DeleteError, DeskCode, Endpoint, MessageId, ReadError, lenient, wait};
use crate::delivery::outcome::{Answer, AnswerBody, ChatId, Fact, Outcome, Words, judge};

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
        _ => error_body(body, Endpoint::CreateChat),
    };
    with_wait(status, headers, body, now)
}

/// An answer that is no success, from its status, its headers, all of its body and the time it
/// came. A code that is a number alone becomes what `endpoint` means by it.
pub fn to_refusal(
    endpoint: Endpoint,
    status: u16,
    headers: &HeaderMap,
    body: &[u8],
    now: Timestamp,
) -> Answer {
    with_wait(status, headers, error_body(body, endpoint), now)
}

/// What a create came to.
pub(super) fn to_fact(heard: Heard) -> Fact {
    match heard {
        Heard::NotSent(why) => Fact::NotSent(why),
        Heard::Barred(why) => Fact::Barred(why),
        Heard::Lost(why) => Fact::Lost(why),
        Heard::Answered(head, Ok(body)) => {
            Fact::Answered(to_create(head.status, &head.headers, &body, head.at))
        }
        // The status is known and decides; a refusal is a refusal without its words, too.
        Heard::Answered(head, Err(why)) => Fact::Answered(Answer {
            status: head.status,
            wait: wait::asked(&head.headers, "", head.at),
            body: AnswerBody::Unreadable(why),
        }),
    }
}

/// What a reading came to: the body of a success.
pub(super) fn to_read(endpoint: Endpoint, heard: Heard) -> Result<Vec<u8>, ReadError> {
    let (status, refused) = match to_body(endpoint, heard) {
        Ok((_, body)) => return Ok(body),
        Err((status, fact)) => (status, judge(fact)),
    };
    Err(match refused {
        Outcome::Throttled { wait, .. } => ReadError::Throttled(wait),
        Outcome::Halted(words) => ReadError::Halted(words),
        Outcome::Refused(words) if status == 404 => ReadError::NotFound(words),
        Outcome::Refused(words) => ReadError::Refused(words),
        Outcome::Unknown(words) | Outcome::Unreached(words) | Outcome::Barred(words) => {
            ReadError::Failed(words)
        }
        Outcome::Accepted(chat) => {
            ReadError::Failed(Words::own(format!("an unexpected chat {chat}")))
        }
    })
}

/// What a delete came to. A success without a body is one; one that speaks of another message, or
/// of none, is not known to be.
pub(super) fn to_delete(heard: Heard, message: MessageId) -> Result<MessageId, DeleteError> {
    let (status, body) = match to_body(Endpoint::DeleteMessage, heard) {
        Ok((204, _)) => return Ok(message),
        Ok(answer) => answer,
        Err((_, fact)) => return Err(not_deleted(judge(fact))),
    };
    match serde_json::from_slice::<Created>(&body) {
        Ok(deleted) if deleted.id == message.0 => Ok(message),
        said => {
            let why = match said {
                Ok(deleted) => format!("it names message {}", deleted.id),
                Err(error) => error.to_string(),
            };
            Err(DeleteError::Unknown(Words {
                status: Some(status),
                code: None,
                message: format!(
                    "the answer does not confirm that message {message} was deleted ({why}): {}",
                    excerpt(&body)
                ),
            }))
        }
    }
}

fn not_deleted(outcome: Outcome) -> DeleteError {
    match outcome {
        Outcome::Throttled { wait, .. } => DeleteError::Throttled(wait),
        Outcome::Halted(words) => DeleteError::Halted(words),
        Outcome::Refused(words) => DeleteError::Refused(words),
        Outcome::Unreached(words) | Outcome::Barred(words) => DeleteError::Unreached(words),
        Outcome::Unknown(words) => DeleteError::Unknown(words),
        Outcome::Accepted(chat) => {
            DeleteError::Unknown(Words::own(format!("an unexpected chat {chat}")))
        }
    }
}

/// Status and body of a success, or the status (0 without one) and fact of anything else.
fn to_body(endpoint: Endpoint, heard: Heard) -> Result<(u16, Vec<u8>), (u16, Fact)> {
    match heard {
        Heard::NotSent(why) => Err((0, Fact::NotSent(why))),
        Heard::Barred(why) => Err((0, Fact::Barred(why))),
        Heard::Lost(why) => Err((0, Fact::Lost(why))),
        Heard::Answered(head, Ok(body)) if (200..300).contains(&head.status) => {
            Ok((head.status, body))
        }
        Heard::Answered(head, body) => {
            let answer = match body {
                Ok(body) => to_refusal(endpoint, head.status, &head.headers, &body, head.at),
                Err(why) => Answer {
                    status: head.status,
                    wait: wait::asked(&head.headers, "", head.at),
                    body: AnswerBody::Unreadable(why),
                },
            };
            Err((head.status, Fact::Answered(answer)))
        }
    }
}

fn with_wait(status: u16, headers: &HeaderMap, body: AnswerBody, now: Timestamp) -> Answer {
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

/// What counts of a chat that was made, or of a message that was deleted: its id.
#[derive(Deserialize)]
struct Created {
    #[serde(deserialize_with = "lenient::positive")]
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
fn error_body(body: &[u8], endpoint: Endpoint) -> AnswerBody {
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
    let code = code.as_ref().and_then(text);
    AnswerBody::Error {
        code: code.map(|code| DeskCode::read(&code, endpoint).to_string()),
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

/// Whether a body is nothing to show: more than a tenth of its beginning is no text.
fn is_binary(body: &[u8]) -> bool {
    let text = String::from_utf8_lossy(&body[..body.len().min(4 * EXCERPT)]);
    let strange = |c: &char| {
        *c == char::REPLACEMENT_CHARACTER || (c.is_control() && !matches!(c, '\t' | '\r' | '\n'))
    };
    text.chars().filter(strange).count() * 10 > text.chars().count()
}

/// The beginning of a body on one line, without control characters or markup.
pub(super) fn excerpt(body: &[u8]) -> String {
    if is_binary(body) {
        return format!("{} bytes that are no text", body.len());
    }
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
