//! A retraction as the journal has it: what was found, and what came of it.

use jiff::Timestamp;

pub use super::sqlite::retraction::RetractionLock;
use crate::delivery::retract::{End, Wanted, Writers};

/// The number of a retraction in its store.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RetractionId(pub i64);

/// What a retraction is: two with the same identity, the one unfinished, are one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewRetraction {
    /// The Desk.
    pub base_url: String,
    /// The digest of the list of tickets.
    pub digest: String,
    /// How many they are.
    pub tickets: u64,
    /// Which messages are meant.
    pub wanted: Wanted,
    /// Whose they are.
    pub writers: Writers,
    /// The run whose message it is, where it was given so.
    pub run: String,
    /// Who asks for it.
    pub by: String,
}

/// A retraction that this process has taken.
#[derive(Debug)]
pub struct Taken {
    /// Its number.
    pub id: RetractionId,
    /// Whether an earlier process began it.
    pub resumed: bool,
    /// Tickets that were looked through, or given up, by then.
    pub looked_through: u64,
    /// Whether one of them was shown.
    pub shown: bool,
    /// Keeps others away.
    pub lock: RetractionLock,
}

/// A ticket that was looked through.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LookedThrough {
    /// Its place in the list, from 0.
    pub place: u64,
    /// Its id.
    pub ticket: u64,
    /// Why it could not be read; empty where it could.
    pub unread: String,
    /// The messages with the text.
    pub found: Vec<FoundMessage>,
}

/// A message with the text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FoundMessage {
    /// Its id.
    pub message: u64,
    /// Who wrote it.
    pub user_type: String,
    /// Whether it is meant; otherwise it is left alone.
    pub is_meant: bool,
}

/// What came of an attempt to delete a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Came {
    /// It has come to its end.
    Ended(End, String),
    /// It is planned again: what was said. `uncertain` where it may be deleted all the same.
    Planned {
        /// What was said, or not heard.
        why: String,
        /// Whether it may be deleted all the same.
        uncertain: bool,
    },
}

/// A message of a retraction as it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MessageRecord {
    /// Its ticket.
    pub ticket: u64,
    /// Its id.
    pub message: u64,
    /// Who wrote it.
    pub user_type: String,
    /// How it ended; none where it did not yet.
    pub end: Option<End>,
    /// Deletes that were sent for it.
    pub attempts: u64,
    /// When it ended.
    pub ended_at: Option<Timestamp>,
    /// What was said last.
    pub why: String,
    /// What the deletion logs say asked for it; empty where they do not show it.
    pub logged_from: String,
}

/// A retraction as it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RetractionRecord {
    /// Its number.
    pub id: RetractionId,
    /// Which messages are meant.
    pub wanted: Wanted,
    /// Whose they are.
    pub writers: Writers,
    /// Tickets of the list.
    pub tickets: u64,
    /// Tickets that were looked through.
    pub looked_through: u64,
    /// Tickets that could not be read, with the reason.
    pub unread: Vec<(u64, String)>,
    /// Requests that read and that deleted.
    pub requests: (u64, u64),
    /// Whether it is finished.
    pub finished: bool,
    /// The messages, in the order of the list.
    pub messages: Vec<MessageRecord>,
}
