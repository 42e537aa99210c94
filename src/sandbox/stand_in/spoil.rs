//! What a struck request gets instead of its answer.
//!
//! Where a fault has several faces (how a 429 says how long, what an unreadable body looks like),
//! the seed picks one.

use std::time::Duration;

use jiff::Timestamp;
use serde_json::json;

use super::{Answer, Delivery};
use crate::sandbox::chance::{self, Draw};
use crate::sandbox::faults::{Effect, Strike};
use crate::sandbox::limit::{Limit, Verdict};
use crate::sandbox::requests::Purpose;
use crate::sandbox::world::{Codes, Refusal, Reply};

/// How late `late` and `apply-late` are unless told otherwise.
pub(super) const LATE: Duration = Duration::from_secs(2);
/// How long a 429 asks to wait unless told otherwise.
const WAIT: Duration = Duration::from_secs(1);
/// Ways in which a 429 says how long to wait, the last being not at all.
const THROTTLE_FLAVOURS: u64 = 5;

/// Bodies that a client cannot learn a chat's id from.
const GARBAGE: [&[u8]; 9] = [
    b"",
    b"OK",
    b"null",
    b"[]",
    b"{}",
    b"{\"id\": 12",
    b"{\"id\": null, \"message\": \"?\"}",
    b"<html><body>Welcome back</body></html>",
    b"\xff\xfe\x00{\x00",
];

/// Bytes that are no HTTP answer.
const NOISE: [&[u8]; 4] = [
    b"\x15\x03\x03\x00\x02\x02\x28",
    b"SSH-2.0-OpenSSH_9.2\r\n",
    b"HTTP/9.9 banana\r\n\r\n",
    b"\x00\x00\x00\x00\x00\x00\x00\x00",
];

/// The answer to a struck request; `reply` is what Desk said, if it was applied, and `drawn` the
/// seed and the request's number.
pub(super) fn spoil(
    strike: &Strike,
    reply: Option<Reply>,
    purpose: Purpose,
    drawn: (u64, u64),
    now: i64,
) -> Answer {
    let flavour = chance::hash(drawn.0, Draw::Flavour, &[drawn.1]);
    let internal = || Refusal::internal().reply(Codes::Text);
    let reply = reply.unwrap_or_else(internal);
    match strike.kind.effect {
        Effect::Throttle => throttled(strike.duration.unwrap_or(WAIT), flavour, now),
        Effect::Status(500) => Answer::whole(internal()),
        Effect::Status(status) => {
            Answer::whole(Refusal::plain(status, reason(status)).reply(Codes::Text))
        }
        Effect::Html(status) => Answer::whole(html(status)),
        Effect::Redirect => Answer::whole(redirect(purpose)),
        Effect::Reset => Answer::lost(Delivery::Reset),
        Effect::Close => Answer::lost(Delivery::Close),
        Effect::Hang | Effect::HangThenApply => Answer::lost(Delivery::Hang),
        Effect::CutBody => Answer {
            delivery: Delivery::CutBody,
            ..Answer::whole(reply)
        },
        Effect::CutHead => Answer {
            delivery: Delivery::CutHead,
            ..Answer::whole(reply)
        },
        Effect::Garbage => Answer::whole(garbage(purpose, flavour)),
        Effect::Noise => Answer::lost(Delivery::Noise(NOISE[(flavour % 4) as usize])),
        Effect::Late => Answer {
            delay: strike.duration.unwrap_or(LATE),
            ..Answer::whole(reply)
        },
    }
}

/// A 429 whose flavour decides how it says for how long: `Retry-After` in seconds, the fractional
/// `X-RateLimit-RetryAfter`, words in the message, `Retry-After` as a date, or nothing.
pub(super) fn throttled(wait: Duration, flavour: u64, now: i64) -> Answer {
    let flavour = flavour % THROTTLE_FLAVOURS;
    let seconds = wait.as_secs_f64();
    let message = match flavour {
        2 => format!("You've exceeded the rate limit. retry_after: {seconds:.4}s"),
        _ => "You've exceeded the rate limit.".to_owned(),
    };
    let reply = Reply::json(
        429,
        &json!({"message": message, "code": 500910, "error": true}),
    );
    Answer::whole(match flavour {
        0 => reply.with("retry-after", format!("{:.0}", seconds.ceil().max(1.0))),
        1 => reply.with("x-ratelimit-retryafter", format!("{seconds:.4}")),
        3 => reply.with("retry-after", http_date(now, seconds)),
        _ => reply,
    })
}

/// RFC 9110, section 5.6.7; whole seconds, rounded up.
fn http_date(now: i64, seconds: f64) -> String {
    let at = (now as f64 / 1e6 + seconds).ceil() as i64;
    let at = Timestamp::from_second(at).unwrap_or_default();
    at.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string()
}

/// The headers that the vendor's Chat API sends with any answer.
pub(super) fn with_limit(reply: Reply, limit: &Limit, verdict: Verdict) -> Reply {
    let (remaining, reset) = match verdict {
        Verdict::Admitted { remaining } => (remaining, 1.0),
        Verdict::Throttled { wait_micros } => (0, wait_micros as f64 / 1e6),
    };
    reply
        .with("x-ratelimit-limit", format!("{};w=1", limit.per_second()))
        .with("x-ratelimit-remaining", remaining.to_string())
        .with("x-ratelimit-reset", format!("{reset:.4}"))
}

fn redirect(purpose: Purpose) -> Reply {
    let location = match purpose {
        Purpose::Create => "/platform/v1/proactive_chats",
        _ => "/platform/v1/groups",
    };
    Reply::new(307, "text/html", Vec::new()).with("location", location)
}

fn garbage(purpose: Purpose, flavour: u64) -> Reply {
    let status = if purpose == Purpose::Create { 201 } else { 200 };
    let body = GARBAGE[(flavour % GARBAGE.len() as u64) as usize];
    Reply::new(status, "application/json", body.to_vec())
}

fn html(status: u16) -> Reply {
    let reason = reason(status);
    let body = format!(
        "<html>\r\n<head><title>{status} {reason}</title></head>\r\n<body><center><h1>{status} \
         {reason}</h1></center></body>\r\n</html>\r\n"
    );
    Reply::new(status, "text/html", body.into_bytes())
}

fn reason(status: u16) -> &'static str {
    match status {
        400 => "Bad Request",
        401 => "Unauthorized",
        403 => "Forbidden",
        408 => "Request Timeout",
        500 => "Internal Server Error",
        502 => "Bad Gateway",
        503 => "Service Unavailable",
        504 => "Gateway Timeout",
        _ => "Error",
    }
}
