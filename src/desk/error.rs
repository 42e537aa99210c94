//! What a call can come to, other than what was asked for.
//!
//! The variants differ in what may be done next, not in what went wrong: that is in the words.

use std::fmt;
use std::time::Duration;

use super::DeskCode;
use crate::delivery::outcome::Words;

/// Why something could not be read. Reading changes nothing, so every one of these may be tried
/// again; what differs is when, and whether it is of any use.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ReadError {
    /// There is no such thing.
    NotFound(Words),
    /// The other side asks for patience, perhaps for this long.
    Throttled(Option<Duration>),
    /// 401, 403 or a redirect: the token or the base URL is wrong.
    Halted(Words),
    /// Any other 4xx: the request is wrong, and the same one will be refused again.
    Refused(Words),
    /// Anything else: not reached, cut, timed out, 5xx, or an answer that cannot be read.
    Failed(Words),
}

impl ReadError {
    /// The other side's words, or ours where it said nothing; none for a 429.
    pub fn words(&self) -> Option<&Words> {
        match self {
            ReadError::Throttled(_) => None,
            ReadError::NotFound(words)
            | ReadError::Halted(words)
            | ReadError::Refused(words)
            | ReadError::Failed(words) => Some(words),
        }
    }

    /// The error code that came with it, if one did.
    pub fn code(&self) -> Option<DeskCode> {
        self.words().and_then(code_of)
    }
}

impl fmt::Display for ReadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.words() {
            Some(words) => words.fmt(f),
            None => f.write_str("429: too many requests"),
        }
    }
}

impl std::error::Error for ReadError {}

/// Why a list could not be read on.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ListError {
    /// This page could not be read; asking again asks for the same page.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// The list moved under the reading, and something may have been passed over.
    #[error(
        "the list changed while it was read: item {last} is no longer where it was, so something may \
         have been passed over; read it again from the beginning"
    )]
    Shifted {
        /// The id of the last item that was read.
        last: u64,
    },
    /// The other side says there is more, and does not give it.
    #[error("the list does not go on after {read} items, although it says that there are more")]
    Stuck {
        /// Items read so far.
        read: u64,
    },
    /// The list has more pages than were to be read.
    #[error("the list was not at its end after {pages} pages, which is as many as were to be read")]
    TooLong {
        /// Pages read so far.
        pages: u32,
    },
}

/// Why a message was not deleted, or is not known to be.
///
/// Deleting is idempotent: whatever became of the first request, a second one deletes nothing
/// else. One that comes too late answers [`DeskCode::AlreadyDeleted`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DeleteError {
    /// Not deleted, for certain: the code says why, [`DeleteError::code`].
    Refused(Words),
    /// Not deleted, for certain: the other side asks for patience, perhaps for this long.
    Throttled(Option<Duration>),
    /// Not deleted, for certain: the token or the base URL is wrong.
    Halted(Words),
    /// Not deleted, for certain: nobody was reached.
    Unreached(Words),
    /// May or may not be deleted: timed out, reset, 5xx, or an answer that cannot be read.
    Unknown(Words),
}

impl DeleteError {
    /// The other side's words, or ours where it said nothing; none for a 429.
    pub fn words(&self) -> Option<&Words> {
        match self {
            DeleteError::Throttled(_) => None,
            DeleteError::Refused(words)
            | DeleteError::Halted(words)
            | DeleteError::Unreached(words)
            | DeleteError::Unknown(words) => Some(words),
        }
    }

    /// The error code that came with it, if one did.
    pub fn code(&self) -> Option<DeskCode> {
        self.words().and_then(code_of)
    }

    /// Whether the message is gone all the same: somebody deleted it before.
    pub fn is_already_deleted(&self) -> bool {
        self.code() == Some(DeskCode::AlreadyDeleted)
    }
}

impl fmt::Display for DeleteError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.words() {
            Some(words) => words.fmt(f),
            None => f.write_str("429: too many requests"),
        }
    }
}

impl std::error::Error for DeleteError {}

/// A question that Desk would refuse, found before a request is spent on it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadQuery {
    /// `limit` is out of its range.
    #[error("a page has 1 to {most} items, not {limit}")]
    Limit {
        /// What was asked for.
        limit: u16,
        /// The most that the reference allows.
        most: u16,
    },
    /// The first day comes after the last.
    #[error("{from} comes after {to}")]
    Backwards {
        /// The first day.
        from: jiff::civil::Date,
        /// The last day.
        to: jiff::civil::Date,
    },
    /// More than a year lies between the days.
    #[error(
        "from {from} to {to} is more than one year, and Desk looks back over one year at a time"
    )]
    TooFarApart {
        /// The first day.
        from: jiff::civil::Date,
        /// The last day.
        to: jiff::civil::Date,
    },
}

fn code_of(words: &Words) -> Option<DeskCode> {
    words.code.as_deref().map(DeskCode::parse)
}
