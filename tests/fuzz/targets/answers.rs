//! Any bytes are an answer: only a proactive chat with an id, in a 2xx, makes a batch accepted.

use deskcast::delivery::outcome::{Answer, AnswerBody, ChatId, Fact, Outcome, judge};
use deskcast::desk::ProactiveChat;

/// Reads `data` as the body of an answer, under every kind of status.
pub fn fuzz(data: &[u8]) {
    let chat: Option<ProactiveChat> = serde_json::from_slice(data).ok();
    if let Some(chat) = &chat {
        assert!(chat.id > 0);
        let counts = chat.counts();
        assert_eq!(counts.sent, chat.sent_count.unwrap_or(0));
    }
    for status in [
        200, 201, 204, 299, 301, 307, 400, 401, 403, 408, 409, 429, 500, 503, 599,
    ] {
        let body = match &chat {
            Some(chat) => AnswerBody::Chat(ChatId(chat.id)),
            None => AnswerBody::Unreadable(String::from_utf8_lossy(data).into_owned()),
        };
        let wait = None;
        let outcome = judge(Fact::Answered(Answer { status, wait, body }));
        let succeeded = (200..300).contains(&status);
        match (outcome, &chat) {
            (Outcome::Accepted(id), Some(chat)) => assert!(succeeded && id.0 == chat.id),
            (Outcome::Accepted(_), None) => panic!("accepted without a chat"),
            (Outcome::Unknown(_), _) => {
                assert!(
                    matches!(status, 200..=299 | 408 | 500..),
                    "{status} is unknown"
                );
                assert!(!succeeded || chat.is_none());
            }
            _ => assert!((300..500).contains(&status), "{status} is certain"),
        }
    }
}
