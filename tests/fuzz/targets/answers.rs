//! Any bytes are an answer: only a proactive chat with an id, in a 2xx, makes a batch accepted, and
//! no answer makes us wait longer than an hour.

use std::time::Duration;

use deskcast::delivery::outcome::{AnswerBody, Fact, Outcome, Words, judge};
use deskcast::desk::answer::{to_create, to_refusal};
use deskcast::desk::{
    Agent, ChatMessage, Customer, Deletion, DeskCode, Endpoint, Group, ProactiveChat,
};
use jiff::Timestamp;
use reqwest::header::{HeaderMap, HeaderValue, RETRY_AFTER};

const STATUSES: [u16; 15] = [
    200, 201, 204, 299, 301, 307, 400, 401, 403, 408, 409, 429, 500, 503, 599,
];

/// Reads `data` as an answer: its first line as a header, the whole as a body.
pub fn fuzz(data: &[u8]) {
    let line = data.split(|byte| *byte == b'\n').next().unwrap_or_default();
    let mut headers = HeaderMap::new();
    if let Ok(value) = HeaderValue::from_bytes(line) {
        headers.insert(RETRY_AFTER, value.clone());
        headers.insert("x-ratelimit-retryafter", value);
    }
    let chat: Option<ProactiveChat> = serde_json::from_slice(data).ok();
    if let Some(chat) = &chat {
        assert!(chat.id > 0);
        let figures = chat.figures();
        let sent = chat.sent_count.unwrap_or(0).max(0);
        assert_eq!(figures.counts.sent, sent.unsigned_abs());
    }
    things(data);
    for endpoint in Endpoint::ALL {
        let answer = to_refusal(endpoint, 400, &headers, data, Timestamp::UNIX_EPOCH);
        if let AnswerBody::Error {
            code: Some(code), ..
        } = answer.body
        {
            // A code that was understood is understood again without its endpoint.
            assert_eq!(DeskCode::parse(&code).as_str(), code);
        }
    }
    for status in STATUSES {
        let answer = to_create(status, &headers, data, Timestamp::UNIX_EPOCH);
        assert!(
            answer
                .wait
                .is_none_or(|wait| wait <= Duration::from_secs(3600))
        );
        check(status, judge(Fact::Answered(answer)), chat.as_ref());
    }
}

/// Whatever Desk lists has an id, or is not read.
fn things(data: &[u8]) {
    let message: Option<ChatMessage> = serde_json::from_slice(data).ok();
    assert!(message.is_none_or(|message| message.id.0 > 0));
    let deletion: Option<Deletion> = serde_json::from_slice(data).ok();
    assert!(deletion.is_none_or(|deletion| deletion.id > 0));
    let customer: Option<Customer> = serde_json::from_slice(data).ok();
    assert!(customer.is_none_or(|customer| customer.id > 0));
    let group: Option<Group> = serde_json::from_slice(data).ok();
    assert!(group.is_none_or(|group| group.id > 0));
    let agent: Option<Agent> = serde_json::from_slice(data).ok();
    assert!(agent.is_none_or(|agent| agent.id > 0));
}

fn check(status: u16, outcome: Outcome, chat: Option<&ProactiveChat>) {
    let succeeded = (200..300).contains(&status);
    match outcome {
        Outcome::Accepted(id) => {
            assert!(succeeded, "{status} is accepted");
            // Lists and numbers of any form are passed over; the id is the same by both readings.
            assert!(chat.is_none_or(|chat| chat.id == id.0));
        }
        Outcome::Unknown(words) => {
            assert!(
                matches!(status, 200..=299 | 408 | 500..),
                "{status} is unknown"
            );
            assert!(!succeeded || chat.is_none(), "a chat is not understood");
            shown(&words);
        }
        Outcome::Throttled { words, .. } | Outcome::Refused(words) | Outcome::Halted(words) => {
            assert!(
                (300..500).contains(&status) && status != 408,
                "{status} is certain"
            );
            shown(&words);
        }
        Outcome::Unreached(_) | Outcome::Barred(_) => panic!("an answer came"),
    }
}

fn shown(words: &Words) {
    assert!(words.status.is_some(), "an answer has a status");
    assert!(!words.to_string().is_empty());
}
