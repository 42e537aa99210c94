//! How long an answer asks us to wait.
//!
//! In this order: `Retry-After` (seconds or an HTTP date), `X-RateLimit-RetryAfter` (seconds,
//! possibly with a fraction), `retry_after: 0.0697s` inside the message. The last two are what the
//! vendor's Chat API documents.

use std::time::Duration;

use jiff::Timestamp;
use reqwest::header::HeaderMap;

/// No answer makes us wait longer than this: a wrong date must not stop a run for days.
const LONGEST: Duration = Duration::from_secs(3600);

/// The wait asked for by these headers or this message, at `now`.
pub(super) fn asked(headers: &HeaderMap, message: &str, now: Timestamp) -> Option<Duration> {
    let header = |name: &str| headers.get(name)?.to_str().ok().map(str::trim);
    header("retry-after")
        .and_then(|value| seconds(value).or_else(|| until(value, now)))
        .or_else(|| header("x-ratelimit-retryafter").and_then(seconds))
        .or_else(|| in_message(message))
        .map(|wait| wait.min(LONGEST))
}

fn seconds(value: &str) -> Option<Duration> {
    let seconds: f64 = value.parse().ok()?;
    Duration::try_from_secs_f64(seconds).ok()
}

fn until(value: &str, now: Timestamp) -> Option<Duration> {
    let zoned = jiff::fmt::rfc2822::parse(value).ok()?;
    Some(
        zoned
            .timestamp()
            .duration_since(now)
            .try_into()
            .unwrap_or_default(),
    )
}

fn in_message(message: &str) -> Option<Duration> {
    let (_, after) = message.split_once("retry_after")?;
    let number = after.trim_start_matches([':', '=', '"', '\'', ' ']);
    let end = number
        .find(|c: char| !c.is_ascii_digit() && c != '.')
        .unwrap_or(number.len());
    seconds(&number[..end])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked_by(header: Option<(&'static str, &str)>, message: &str) -> Option<Duration> {
        let mut headers = HeaderMap::new();
        if let Some((name, value)) = header {
            headers.insert(name, value.parse().expect("a header value"));
        }
        let now = "2026-11-21T09:00:00Z".parse().expect("a time");
        asked(&headers, message, now)
    }

    #[test]
    fn every_way_of_asking_is_understood() {
        let cases = [
            (Some(("retry-after", "2")), "", Some(2.0)),
            (
                Some(("retry-after", "Sat, 21 Nov 2026 09:00:30 GMT")),
                "",
                Some(30.0),
            ),
            (
                Some(("retry-after", "Sat, 21 Nov 2026 08:00:30 GMT")),
                "",
                Some(0.0),
            ),
            (
                Some(("retry-after", "Sat, 21 Nov 2099 08:00:30 GMT")),
                "",
                Some(3600.0),
            ),
            (Some(("x-ratelimit-retryafter", "0.25")), "", Some(0.25)),
            (
                None,
                "Too many requests. retry_after: 0.0697s",
                Some(0.0697),
            ),
            (None, "retry_after", None),
            (Some(("retry-after", "-1")), "", None),
            (Some(("retry-after", "NaN")), "", None),
            (None, "", None),
        ];
        for (header, message, expected) in cases {
            let expected = expected.map(Duration::from_secs_f64);
            assert_eq!(asked_by(header, message), expected, "{header:?} {message}");
        }
    }

    #[test]
    fn the_header_wins_over_the_message() {
        let wait = asked_by(Some(("retry-after", "3")), "retry_after: 1s");
        assert_eq!(wait, Some(Duration::from_secs(3)));
    }
}
