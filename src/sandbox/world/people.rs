//! What becomes of a message: when it goes out, who replies, when agents answer and close.
//!
//! Nothing is stored and nothing happens in the background: a customer's whole story is computed
//! from the seed, the chat and the customer whenever someone asks. Ten million waiting customers
//! cost no memory, and the order of questions never changes an answer.

use std::time::Duration;

use super::config::People;
use crate::sandbox::chance::{self, Draw};

/// What one customer lives through, in microseconds since the epoch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Story {
    pub(crate) sent: i64,
    pub(crate) replied: Option<i64>,
    pub(crate) answered: Option<i64>,
    pub(crate) closed: Option<i64>,
}

/// The counts of a chat at one moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Counts {
    pub(crate) sent: u64,
    pub(crate) replied: u64,
    pub(crate) closed: u64,
    /// When the last of them changed.
    pub(crate) changed_at: i64,
}

/// The story of one customer in one chat.
pub(crate) fn story(people: &People, seed: u64, chat: u64, customer: u64, made_at: i64) -> Story {
    let ids = [chat, customer];
    let draw = |what| chance::fraction(seed, what, &ids);
    let sent = made_at + micros(people, people.sent_within, draw(Draw::Sent));
    if draw(Draw::Replies) >= people.reply_share {
        return Story {
            sent,
            replied: None,
            answered: None,
            closed: None,
        };
    }
    // Cubed: most reply soon, a few take the whole time.
    let replied = sent + 1 + micros(people, people.reply_within, draw(Draw::ReplyDelay).powi(3));
    let handling = micros(people, people.close_within, draw(Draw::CloseDelay));
    let answered = replied + 1 + (handling as f64 * draw(Draw::AgentDelay)) as i64;
    let closed = replied + 2 + handling;
    let closes = draw(Draw::Closes) < people.close_share;
    Story {
        sent,
        replied: Some(replied),
        answered: Some(answered),
        closed: closes.then_some(closed),
    }
}

/// The counts at `now`; costs a few hashes a customer.
pub(crate) fn count(stories: impl Iterator<Item = Story>, made_at: i64, now: i64) -> Counts {
    let mut counts = Counts {
        changed_at: made_at,
        ..Counts::default()
    };
    let mut happened = |at: Option<i64>| match at {
        Some(at) if at <= now => {
            counts.changed_at = counts.changed_at.max(at);
            1
        }
        _ => 0,
    };
    let (mut sent, mut replied, mut closed) = (0, 0, 0);
    for story in stories {
        sent += happened(Some(story.sent));
        replied += happened(story.replied);
        closed += happened(story.closed);
    }
    Counts {
        sent,
        replied,
        closed,
        ..counts
    }
}

/// The most that are replied to and not closed at one time.
pub(crate) fn most_open(stories: impl Iterator<Item = Story>) -> u64 {
    let mut changes: Vec<(i64, i64)> = Vec::new();
    for story in stories {
        changes.extend(story.replied.map(|at| (at, 1)));
        changes.extend(story.closed.map(|at| (at, -1)));
    }
    // What closes in the moment in which another opens makes room for it.
    changes.sort_unstable();
    let (mut open, mut most) = (0_i64, 0);
    for (_, change) in changes {
        open += change;
        most = most.max(open);
    }
    most.unsigned_abs()
}

fn micros(people: &People, within: Duration, fraction: f64) -> i64 {
    let speed = if people.speed > 0.0 {
        people.speed
    } else {
        1.0
    };
    (within.as_secs_f64() * fraction / speed * 1e6) as i64
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn stories_run_forward(seed: u64, chat: u64, customer: u64, speed in 0.1_f64..1e4) {
            let people = People { speed, sent_within: Duration::from_secs(9), ..People::default() };
            let story = story(&people, seed, chat, customer, 1_000);
            prop_assert!(story.sent >= 1_000);
            if let (Some(replied), Some(answered), Some(closed)) = (story.replied, story.answered, story.closed) {
                prop_assert!(story.sent < replied && replied < answered && answered < closed);
            } else {
                prop_assert_eq!((story.replied, story.closed), (None, None));
            }
        }

        #[test]
        fn counts_only_grow(seed: u64, times in prop::collection::vec(0_i64..60_000_000, 2..8)) {
            let people = People { sent_within: Duration::from_secs(600), ..People::default() };
            let at = |now| count((1..50).map(|id| story(&people, seed, 9, id, 0)), 0, now);
            let mut times = times;
            times.sort_unstable();
            for pair in times.windows(2) {
                let (early, late) = (at(pair[0]), at(pair[1]));
                prop_assert!(early.sent <= late.sent && early.replied <= late.replied && early.closed <= late.closed);
                prop_assert!(late.closed <= late.replied && late.replied <= late.sent);
                prop_assert!(late.changed_at >= early.changed_at && late.changed_at <= pair[1].max(0));
            }
        }
    }

    #[test]
    fn a_default_campaign_comes_to_rest_within_a_minute() {
        let people = People::default();
        let at = |now| count((1..1_000).map(|id| story(&people, 1, 9, id, 0)), 0, now);
        let (minute, hour) = (at(60_000_000), at(3_600_000_000));
        assert_eq!(minute, hour);
        assert_eq!(minute.closed, minute.replied);
        assert!((300..400).contains(&minute.replied));
    }
}
