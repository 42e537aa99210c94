//! What goes in and what comes out, as plain values, and the shapes that errors take.
//!
//! Nothing here knows about sockets, so a simulation can speak to the world directly.

use std::borrow::Cow;

use serde::Serialize;
use serde_json::{Value, json};

use super::config::Codes;

/// One HTTP request, as far as Desk looks at it.
#[derive(Debug, Clone, Copy, Default)]
pub struct Request<'a> {
    /// In capitals, such as `GET`.
    pub method: &'a str,
    /// From the first slash to the query, such as `/platform/v1/proactive_chats`.
    pub path: &'a str,
    /// What follows the question mark; empty without one.
    pub query: &'a str,
    /// The header `SENDBIRDDESKAPITOKEN`.
    pub token: Option<&'a str>,
    /// The header `Host`; the URLs of pages start with it.
    pub host: &'a str,
    /// The body; empty without one.
    pub body: &'a [u8],
}

/// One HTTP answer.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Reply {
    /// 100 to 599.
    pub status: u16,
    /// Names in small letters.
    pub headers: Vec<(&'static str, Cow<'static, str>)>,
    /// The body; its length is for the transport to say.
    pub body: Vec<u8>,
}

impl Reply {
    /// A JSON answer.
    pub fn json(status: u16, body: &impl Serialize) -> Reply {
        let body = serde_json::to_vec(body).unwrap_or_default();
        Reply::new(status, "application/json", body)
    }

    /// An answer with a body of any type.
    pub fn new(status: u16, content_type: &'static str, body: Vec<u8>) -> Reply {
        Reply {
            status,
            headers: vec![("content-type", content_type.into())],
            body,
        }
    }

    /// The same answer with one more header.
    #[must_use]
    pub fn with(mut self, name: &'static str, value: impl Into<Cow<'static, str>>) -> Reply {
        self.headers.push((name, value.into()));
        self
    }
}

/// A request that Desk will not do, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Refusal {
    pub(crate) status: u16,
    pub(crate) code: Option<&'static str>,
    pub(crate) message: String,
}

/// One or more required parameters are missing.
pub(crate) const MISSING: &str = "deskp400105";
/// A parameter is in an incorrect format.
pub(crate) const FORMAT: &str = "deskp400111";
/// A parameter is out of its acceptable range.
pub(crate) const RANGE: &str = "deskp400113";
/// What a parameter points to doesn't exist.
pub(crate) const NOT_THERE: &str = "deskp400201";
/// The message was already deleted.
pub(crate) const DELETED: &str = "deskp400500";
/// The ticket is not closed yet.
pub(crate) const NOT_CLOSED: &str = "deskp400600";
/// The message can't be deleted.
pub(crate) const NOT_DELETABLE: &str = "deskp400601";
/// An internal error has occurred.
pub(crate) const INTERNAL: &str = "desk500500";

impl Refusal {
    /// A 400 with a documented code.
    pub(crate) fn bad(code: &'static str, message: impl Into<String>) -> Refusal {
        Refusal {
            status: 400,
            code: Some(code),
            message: message.into(),
        }
    }

    pub(crate) fn missing(parameter: &str) -> Refusal {
        Refusal::bad(MISSING, format!("The {parameter} parameter is required."))
    }

    pub(crate) fn should_be(parameter: &str, kind: &str) -> Refusal {
        Refusal::bad(
            FORMAT,
            format!("The value of {parameter} should be {kind}."),
        )
    }

    pub(crate) fn out_of_range(parameter: &str, range: &str) -> Refusal {
        Refusal::bad(
            RANGE,
            format!("The value of {parameter} should be {range}."),
        )
    }

    /// A 404 about a resource; its code is not documented, the nearest documented one is used.
    pub(crate) fn not_found(what: &str) -> Refusal {
        let message = format!("The specified {what} doesn't exist.");
        Refusal {
            status: 404,
            code: Some(NOT_THERE),
            message,
        }
    }

    /// An answer from in front of Desk, in the shape without a `desk…` code.
    pub(crate) fn plain(status: u16, message: impl Into<String>) -> Refusal {
        Refusal {
            status,
            code: None,
            message: message.into(),
        }
    }

    pub(crate) fn internal() -> Refusal {
        let message = "An internal error has occurred.".to_owned();
        Refusal {
            status: 500,
            code: Some(INTERNAL),
            message,
        }
    }

    pub(crate) fn reply(&self, codes: Codes) -> Reply {
        let Some(code) = self.code else {
            return Reply::json(self.status, &json!({"detail": self.message}));
        };
        let code = match codes {
            Codes::Text => json!(code),
            Codes::Number => number(code),
        };
        let body = json!({"message": self.message, "code": code, "error": true});
        Reply::json(self.status, &body)
    }
}

/// `400600` of `deskp400600`.
fn number(code: &str) -> Value {
    let digits = code.trim_start_matches(|c: char| !c.is_ascii_digit());
    digits.parse::<u64>().map_or(Value::Null, Value::from)
}
