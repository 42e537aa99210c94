//! What one POST came to: the one table from facts of the network to outcomes.
//!
//! It is total: whatever is not recognised is [`Outcome::Unknown`], because a guess in either
//! direction messages somebody twice or loses somebody.

use std::time::Duration;

/// The id of a proactive chat, as Desk gave it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ChatId(pub u64);

impl std::fmt::Display for ChatId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}", self.0)
    }
}

/// What the network showed of one request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fact {
    /// Not a byte of the request left: the name did not resolve, the connection was refused or
    /// timed out, the TLS handshake failed.
    NotSent(String),
    /// Not a byte of it left, and an operator has to put something right first: a certificate that
    /// is not trusted, a proxy that refuses its user.
    Barred(String),
    /// The head of an answer arrived.
    Answered(Answer),
    /// The request left, wholly or in part, and no usable answer came.
    Lost(String),
}

/// An answer, as far as it matters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// The HTTP status.
    pub status: u16,
    /// How long the answer asks us to wait.
    pub wait: Option<Duration>,
    /// What its body said.
    pub body: AnswerBody,
}

/// The body of an answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AnswerBody {
    /// A proactive chat with its id.
    Chat(ChatId),
    /// One of the error shapes of the API, or any other text: its code and its words.
    Error {
        /// The error code, kept as text with its prefix.
        code: Option<String>,
        /// What it says.
        message: String,
    },
    /// Cut short, or not to be understood.
    Unreadable(String),
}

/// The other side's words, or ours where it said nothing: what an operator reads as the reason.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Words {
    /// The HTTP status, where an answer came.
    pub status: Option<u16>,
    /// The error code, as text.
    pub code: Option<String>,
    /// The message.
    pub message: String,
}

impl Words {
    /// Words of our own, without an answer.
    pub fn own(message: impl Into<String>) -> Words {
        Words {
            message: message.into(),
            ..Words::default()
        }
    }
}

impl std::fmt::Display for Words {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match (self.status, &self.code) {
            (Some(status), Some(code)) => write!(f, "{status} {code}: {}", self.message),
            (Some(status), None) => write!(f, "{status}: {}", self.message),
            (None, _) => f.write_str(&self.message),
        }
    }
}

/// What became of one POST.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Applied, and its chat is known.
    Accepted(ChatId),
    /// Not applied for certain, because the other side asks for patience: the whole budget waits.
    Throttled {
        /// How long it asked for.
        wait: Option<Duration>,
        /// Its words.
        words: Words,
    },
    /// Not applied for certain, because nobody was reached.
    Unreached(Words),
    /// Not applied for certain, because nobody was reached, and only an operator can change that.
    Barred(Words),
    /// Not applied for certain: this request is refused.
    Refused(Words),
    /// Not applied for certain, and nothing else is tried: the token or the base URL is wrong.
    Halted(Words),
    /// May or may not have been applied.
    Unknown(Words),
}

/// The table.
pub fn judge(fact: Fact) -> Outcome {
    match fact {
        Fact::NotSent(why) => Outcome::Unreached(Words::own(why)),
        Fact::Barred(why) => Outcome::Barred(Words::own(why)),
        Fact::Lost(why) => Outcome::Unknown(Words::own(why)),
        Fact::Answered(answer) => judge_answer(answer),
    }
}

fn judge_answer(answer: Answer) -> Outcome {
    let Answer { status, wait, body } = answer;
    if let (200..=299, AnswerBody::Chat(id)) = (status, &body) {
        return Outcome::Accepted(*id);
    }
    let words = words(status, body);
    match status {
        429 => Outcome::Throttled { wait, words },
        300..=399 => Outcome::Halted(words),
        401 | 403 => Outcome::Halted(words),
        408 => Outcome::Unknown(words),
        400..=499 => Outcome::Refused(words),
        _ => Outcome::Unknown(words),
    }
}

fn words(status: u16, body: AnswerBody) -> Words {
    let (code, message) = match body {
        AnswerBody::Chat(id) => (None, format!("an answer with proactive chat {id}")),
        AnswerBody::Error { code, message } => (code, message),
        AnswerBody::Unreadable(why) => (None, why),
    };
    Words {
        status: Some(status),
        code,
        message,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answered(status: u16) -> Outcome {
        judge(Fact::Answered(Answer {
            status,
            wait: None,
            body: AnswerBody::Error {
                code: None,
                message: "m".into(),
            },
        }))
    }

    #[test]
    fn only_a_2xx_with_an_id_is_accepted() {
        for status in [200, 201, 202] {
            let body = AnswerBody::Chat(ChatId(7));
            let fact = Fact::Answered(Answer {
                status,
                wait: None,
                body,
            });
            assert_eq!(judge(fact), Outcome::Accepted(ChatId(7)));
        }
        assert!(matches!(answered(201), Outcome::Unknown(_)));
        let chat_in_an_error = Answer {
            status: 500,
            wait: None,
            body: AnswerBody::Chat(ChatId(7)),
        };
        assert!(matches!(
            judge(Fact::Answered(chat_in_an_error)),
            Outcome::Unknown(_)
        ));
    }

    #[test]
    fn a_cut_2xx_is_unknown_and_its_evidence_says_2xx() {
        let fact = Fact::Answered(Answer {
            status: 201,
            wait: None,
            body: AnswerBody::Unreadable("cut after 12 bytes".into()),
        });
        let Outcome::Unknown(words) = judge(fact) else {
            panic!("not unknown")
        };
        assert_eq!(words.to_string(), "201: cut after 12 bytes");
    }

    #[test]
    fn every_status_has_its_row() {
        for status in 100..=999_u16 {
            let expected_kind = match status {
                429 => "throttled",
                300..=399 | 401 | 403 => "halted",
                408 => "unknown",
                400..=499 => "refused",
                _ => "unknown",
            };
            let kind = match answered(status) {
                Outcome::Accepted(_) => "accepted",
                Outcome::Throttled { .. } => "throttled",
                Outcome::Unreached(_) => "unreached",
                Outcome::Refused(_) => "refused",
                Outcome::Barred(_) => "barred",
                Outcome::Halted(_) => "halted",
                Outcome::Unknown(_) => "unknown",
            };
            assert_eq!(kind, expected_kind, "status {status}");
        }
    }

    #[test]
    fn a_lost_request_is_unknown_and_an_unsent_one_is_not() {
        assert!(matches!(
            judge(Fact::Lost("reset".into())),
            Outcome::Unknown(_)
        ));
        assert!(matches!(
            judge(Fact::NotSent("refused".into())),
            Outcome::Unreached(_)
        ));
        assert!(matches!(
            judge(Fact::Barred("not trusted".into())),
            Outcome::Barred(_)
        ));
    }
}
