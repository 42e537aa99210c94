//! How many chats agents may be faced with: the bound of `max_open`.
//!
//! A message can be answered long after it left, and nothing can stop that. So a batch counts
//! with all of its customers whose chat is not closed for as long as it may be answered (see
//! [`MaxOpen::answers_within`]), and after that with what is open. A batch leaves while that sum
//! is below the bound. Hence never more than the bound, less one, and one batch are open, provided
//! that nobody answers later than that. Old readings are no danger in that time: what they miss
//! are chats that were closed since.

use std::time::Duration;

use jiff::Timestamp;

use super::tracking::{Counts, next_reading};
use crate::campaign::MaxOpen;

/// A batch that Desk has, and of which not everything is closed as far as is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OpenChat {
    /// How many customers it has.
    pub customers: u64,
    /// When Desk surely had it.
    pub made_at: Timestamp,
    /// What it said when it was last read, and when that was.
    pub read: Option<(Timestamp, Counts)>,
}

/// What is to be done about a batch that is about to leave.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Room {
    /// It may.
    Open,
    /// These chats, by their places, are to be read first.
    Read(Vec<usize>),
    /// There is no room; reading anything is of use from this time on, if ever.
    Full {
        /// Chats that are open.
        open: u64,
        /// Messages that may still be answered.
        awaited: u64,
        /// When to look again.
        until: Option<Timestamp>,
    },
}

impl OpenChat {
    fn counts(&self) -> Counts {
        self.read.map(|(_, counts)| counts).unwrap_or_default()
    }

    /// Chats of it that are open, as far as is known.
    pub fn open(&self) -> u64 {
        let counts = self.counts();
        counts.responded.saturating_sub(counts.closed)
    }

    /// Customers of it who may still answer, beside those who have.
    fn awaited(&self, within: Duration) -> u64 {
        let answerable_until = self
            .made_at
            .saturating_add(within)
            .unwrap_or(Timestamp::MAX);
        match self.read {
            Some((at, _)) if at >= answerable_until => 0,
            // A chat may be closed without an answer.
            _ => {
                let counts = self.counts();
                let done = counts.closed.max(counts.responded);
                self.customers.saturating_sub(done)
            }
        }
    }

    /// When it is worth reading again.
    fn due_at(&self, within: Duration, shortest: Duration) -> Timestamp {
        let last = self.read.map_or(self.made_at, |(at, _)| at);
        let age = last.duration_since(self.made_at).try_into();
        let wait = next_reading(age.unwrap_or_default(), shortest);
        let due = last.saturating_add(wait).unwrap_or(Timestamp::MAX);
        let answerable_until = self
            .made_at
            .saturating_add(within)
            .unwrap_or(Timestamp::MAX);
        match self.read {
            None if within.is_zero() => self.made_at,
            _ if last < answerable_until => due.min(answerable_until),
            _ => due,
        }
    }
}

/// Whether there is room for a batch. `in_flight` are customers who may have been messaged with
/// no chat known: they count as if all will answer. No chat is read more often than each
/// `shortest`.
pub fn room(
    rule: &MaxOpen,
    chats: &[OpenChat],
    in_flight: u64,
    shortest: Duration,
    now: Timestamp,
) -> Room {
    let within = rule.answers_within;
    let open: u64 = chats.iter().map(OpenChat::open).sum();
    let awaited: u64 = chats.iter().map(|chat| chat.awaited(within)).sum();
    let awaited = awaited + in_flight;
    let is_full = open + awaited >= rule.open;
    let due: Vec<usize> = (0..chats.len())
        .filter(|place| {
            let chat = &chats[*place];
            // A reading that is old may hide answers only where they are not reckoned with.
            chat.due_at(within, shortest) <= now && (is_full || chat.awaited(within) == 0)
        })
        .collect();
    if !due.is_empty() {
        return Room::Read(due);
    }
    if !is_full {
        return Room::Open;
    }
    let until = chats.iter().map(|chat| chat.due_at(within, shortest)).min();
    Room::Full {
        open,
        awaited,
        until,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::campaign::OpenOf;

    const SHORTEST: Duration = Duration::from_secs(1);

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).expect("a time")
    }

    fn rule(open: u64, answers_within: u64) -> MaxOpen {
        MaxOpen {
            open,
            of: OpenOf::Run,
            answers_within: Duration::from_secs(answers_within),
        }
    }

    fn chat(customers: u64, read: Option<(i64, u64, u64)>) -> OpenChat {
        let counts = |(second, responded, closed)| {
            let sent = customers;
            (
                at(second),
                Counts {
                    sent,
                    responded,
                    closed,
                },
            )
        };
        OpenChat {
            customers,
            made_at: at(0),
            read: read.map(counts),
        }
    }

    #[test]
    fn a_message_that_may_be_answered_counts_as_if_it_will() {
        let full = |awaited, open| Room::Full {
            open,
            awaited,
            until: Some(at(2)),
        };
        let room = |chats: &[OpenChat], in_flight| {
            super::room(&rule(10, 60), chats, in_flight, SHORTEST, at(1))
        };
        assert_eq!(room(&[chat(9, Some((1, 0, 0)))], 0), Room::Open);
        assert_eq!(room(&[chat(10, Some((1, 0, 0)))], 0), full(10, 0));
        assert_eq!(room(&[chat(9, Some((1, 3, 0)))], 1), full(7, 3));
        assert_eq!(room(&[chat(12, Some((1, 3, 3)))], 0), Room::Open);
    }

    #[test]
    fn once_nobody_answers_any_more_what_is_open_counts() {
        let rule = rule(10, 60);
        let room = |read| super::room(&rule, &[chat(100, Some(read))], 0, SHORTEST, at(61));
        assert_eq!(
            room((59, 9, 0)),
            Room::Read(vec![0]),
            "read when it was over"
        );
        assert_eq!(room((60, 9, 0)), Room::Open);
        assert_eq!(
            room((60, 14, 4)),
            Room::Full {
                open: 10,
                awaited: 0,
                until: Some(at(66))
            }
        );
    }

    /// A customer of the proptest: answers after so long, and is closed so long after that.
    type Person = (Option<u64>, u64);

    fn counts(people: &[Person], made_at: i64, now: i64) -> Counts {
        let answered =
            |&&(answers, _): &&Person| answers.is_some_and(|t| made_at + t as i64 <= now);
        let closed = |&&(answers, takes): &&Person| {
            answers.is_some_and(|t| made_at + (t + takes) as i64 <= now)
        };
        Counts {
            sent: people.len() as u64,
            responded: people.iter().filter(answered).count() as u64,
            closed: people.iter().filter(closed).count() as u64,
        }
    }

    proptest! {
        /// Second by second, whoever answers within the time: never as many as the bound and one
        /// batch are open at once; and everything is sent in the end.
        #[test]
        fn never_more_than_the_bound_and_one_batch_are_open(
            batches in prop::collection::vec(
                prop::collection::vec((prop::option::of(0_u64..=20), 1_u64..40), 1..8),
                1..12,
            ),
            most in 1_u64..20,
        ) {
            let rule = rule(most, 20);
            let largest = batches.iter().map(Vec::len).max().unwrap_or(0) as u64;
            let mut left: Vec<(i64, OpenChat)> = Vec::new();
            let mut second = 0;
            while left.len() < batches.len() {
                prop_assert!(second < 10_000, "it comes to an end");
                let chats: Vec<OpenChat> = left.iter().map(|(_, chat)| *chat).collect();
                match room(&rule, &chats, 0, SHORTEST, at(second)) {
                    Room::Open => {
                        let customers = batches[left.len()].len() as u64;
                        let made_at = at(second);
                        left.push((second, OpenChat { customers, made_at, read: None }));
                    }
                    Room::Read(places) => for place in places {
                        let (made_at, chat) = &mut left[place];
                        chat.read = Some((at(second), counts(&batches[place], *made_at, second)));
                    },
                    Room::Full { until, .. } => {
                        prop_assert!(until.is_some_and(|until| until > at(second)));
                        second += 1;
                    }
                }
                let open: u64 = left.iter().zip(&batches).map(|((made_at, _), people)| {
                    let counts = counts(people, *made_at, second);
                    counts.responded - counts.closed
                }).sum();
                prop_assert!(open < most + largest, "{open} are open");
            }
        }
    }
}
