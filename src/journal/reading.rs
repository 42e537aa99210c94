//! What those who only read are told: sums over runs, the rows of a run, one customer's story.

use jiff::Timestamp;

use super::RunState;
use crate::delivery::batch::BatchState;
use crate::delivery::figures::{Doubtful, Doubts};
use crate::delivery::outcome::{ChatId, Words};
use crate::delivery::reason::Ground;
use crate::delivery::significance::Answers;
use crate::delivery::tally::Tally;
use crate::delivery::tracking::Counts;

/// What became of a run so far.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Standing {
    /// Customers and batches.
    pub tally: Tally,
    /// Sent, responded, closed.
    pub counts: Counts,
    /// Figures that cannot be.
    pub doubts: Doubts,
    /// Requests made.
    pub requests: Requests,
    /// Accepted batches that are not settled.
    pub open_chats: u64,
    /// Accepted batches that were never read.
    pub unread_chats: u64,
    /// When a chat of it was last read.
    pub read_at: Option<Timestamp>,
    /// Each of its variants; empty where everybody is told the same.
    pub variants: Vec<VariantStanding>,
}

/// Requests of a run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub struct Requests {
    /// Creates that were attempted.
    pub creates: u64,
    /// Readings.
    pub reads: u64,
    /// Creates that Desk answered with 429.
    pub throttled: u64,
}

/// What became of one variant of a run so far.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VariantStanding {
    /// Its name.
    pub name: String,
    /// Customers of the plan.
    pub customers: u64,
    /// Chats that were sent.
    pub sent: u64,
    /// Chats that a customer answered.
    pub responded: u64,
    /// Chats of it whose figures contradict themselves.
    pub contradicting: u64,
}

impl VariantStanding {
    /// Who answered, of those who were messaged; nobody is known to where figures contradict
    /// themselves.
    pub fn answers(&self) -> Answers {
        let known = u64::from(self.contradicting == 0);
        Answers {
            answered: self.responded * known,
            asked: self.sent * known,
        }
    }
}

/// As many are named.
pub const NAMED: usize = 3;

/// How many of everything there are in a store.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Census {
    /// Runs by state, in the order of [`RunState::ALL`]; without those that are interrupted.
    pub runs: [(RunState, u64); RunState::ALL.len()],
    /// Runs whose sender died.
    pub interrupted: u64,
    /// Batches by state, in the order of [`BatchState::ALL`].
    pub batches: [StateCount; 7],
    /// When the oldest of the unknown batches was given up.
    pub oldest_unknown: Option<Timestamp>,
}

impl Default for Census {
    fn default() -> Self {
        Census {
            runs: RunState::ALL.map(|state| (state, 0)),
            interrupted: 0,
            batches: BatchState::ALL.map(|state| StateCount {
                state,
                batches: 0,
                customers: 0,
            }),
            oldest_unknown: None,
        }
    }
}

/// Batches that stand in one state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StateCount {
    /// The state.
    pub state: BatchState,
    /// How many batches.
    pub batches: u64,
    /// How many customers are in them.
    pub customers: u64,
}

/// A batch with its customers, as it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BatchRows {
    /// Its number.
    pub number: u32,
    /// Where it stands.
    pub state: BatchState,
    /// Its proactive chat, once it is accepted.
    pub chat: Option<ChatId>,
    /// When its last attempt was begun.
    pub intended_at: Option<Timestamp>,
    /// When its last attempt ended.
    pub ended_at: Option<Timestamp>,
    /// What was said of its last attempt, unless that one was accepted.
    pub words: Option<Words>,
    /// What its unknown outcome came to when it was last looked into, while it is unknown or
    /// abandoned.
    pub resolved: Option<Resolved>,
    /// Its customers, in file order.
    pub customers: Vec<u64>,
    /// The line of the customer file for each of `customers`.
    pub lines: Vec<u64>,
}

/// A row of the customer file that is in no batch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LeftOut<'a> {
    /// It has a usable id, and a rule left it out, or its id stood in an earlier row.
    Customer {
        /// Why.
        ground: &'a Ground,
        /// The id.
        customer: u64,
        /// The line of the file.
        line: u64,
    },
    /// It has a Sendbird user id, and a rule left it out before it mattered who that is.
    Named {
        /// Why.
        ground: &'a Ground,
        /// The Sendbird user id.
        name: &'a str,
        /// The line of the file.
        line: u64,
    },
    /// It has no usable id.
    Invalid {
        /// What stands in its place.
        value: &'a str,
        /// What is wrong with it; empty where that is seen from the value itself.
        why: &'a str,
        /// The line of the file.
        line: u64,
    },
}

/// What one run knows of one customer.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Story {
    /// The line of the customer file that counted.
    pub line: Option<u64>,
    /// The lines that repeated it, and were left out.
    pub duplicates: Vec<u64>,
    /// Other lines that were left out, and why.
    pub left_out: Vec<(u64, Ground)>,
    /// The batches they were in, each a part of the one before; the last one tells the outcome.
    pub parts: Vec<Part>,
}

/// A batch that the customer was in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    /// Its number.
    pub batch: u32,
    /// The refused batch it is a part of.
    pub parent: Option<u32>,
    /// How many customers it has.
    pub customers: u32,
    /// Where it stands.
    pub state: BatchState,
    /// When it came to stand there; for a batch in flight, when that attempt was begun.
    pub at: Option<Timestamp>,
    /// Its attempts, the first one first.
    pub attempts: Vec<Attempt>,
    /// How it was looked for or decided on while it was unknown, the first time first.
    pub resolutions: Vec<Resolved>,
    /// Its proactive chat.
    pub chat: Option<ChatId>,
    /// What that chat said when it was last read.
    pub counts: Counts,
    /// Whether a count of it was below zero then, and was read as 0.
    pub below_zero: bool,
    /// Whether one was ever higher before.
    pub fell: bool,
    /// When it was last read.
    pub read_at: Option<Timestamp>,
}

impl Part {
    /// Its chat, where the figures of that are doubtful.
    pub fn doubtful(&self) -> Option<Doubtful> {
        let doubtful = Doubtful {
            chat: self.chat?.0,
            batch: self.batch,
            customers: self.customers.into(),
            counts: self.counts,
            below_zero: self.below_zero,
            fell: self.fell,
        };
        (!doubtful.why().is_empty()).then_some(doubtful)
    }
}

/// One attempt to send a batch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attempt {
    /// Its number, from 1.
    pub number: u32,
    /// When it was begun.
    pub begun_at: Option<Timestamp>,
    /// When its end was recorded.
    pub ended_at: Option<Timestamp>,
    /// What came of it: accepted, not sent, rejected, split, unknown; or sending.
    pub outcome: String,
    /// What was said of it; nothing where it was accepted or has no end.
    pub words: Option<Words>,
}

/// One look at an unknown batch, or one decision about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Resolved {
    /// When.
    pub at: Timestamp,
    /// By whom: deskcast, or an operator.
    pub by: String,
    /// What the batch was then: accepted, abandoned, planned, unknown.
    pub result: String,
    /// What it rests on.
    pub evidence: String,
}
