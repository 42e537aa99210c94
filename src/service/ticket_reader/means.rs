//! What goes into a reading and what comes out of it.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use tokio_util::sync::CancellationToken;

use crate::delivery::transcript::Part;
use crate::desk::{ChatMessage, Desk, TicketId};
use crate::service::budget::Budget;

/// A ticket that could not be read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unread {
    /// Its place in the list, from 0.
    pub at: u64,
    /// Its id.
    pub ticket: u64,
    /// Why.
    pub why: String,
}

/// Desk as a whole shows nothing: the token or the address is wrong, or it was away for long. The
/// sentence says which, and what to do.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct NoDesk(pub String);

/// What a reading has come to so far, for whoever watches.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Tickets that are through, of all.
    pub tickets: u64,
    /// Of those, tickets that could not be read.
    pub unread: u64,
    /// Messages that were read.
    pub messages: u64,
    /// Requests of this process.
    pub requests: u64,
    /// Of those, how many were answered with 429.
    pub throttled: u64,
}

/// Shared counts. Clones share them.
#[derive(Clone, Debug, Default)]
pub struct Watched(Arc<Mutex<Counts>>);

impl Watched {
    /// How things stand.
    pub fn counts(&self) -> Counts {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Changes the counts.
    pub fn update(&self, change: impl FnOnce(&mut Counts)) {
        change(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner));
    }
}

/// What it takes to read.
#[derive(Clone, Debug)]
pub struct Means {
    /// The client.
    pub desk: Desk,
    /// The budget of the application.
    pub budget: Budget,
    /// Requests in flight at once.
    pub concurrency: usize,
    /// How long Desk may be out of reach.
    pub give_up_after: Duration,
    /// Told to stop.
    pub stop: CancellationToken,
    /// Where progress is shown.
    pub watched: Watched,
}

/// How far the list was read before.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Reached {
    /// Tickets that are through: the place of the next in the list, from 0.
    pub ticket: u64,
    /// Whether one of them was shown by Desk.
    pub shown: bool,
    /// How far the next one's own list was read, as [`Pages::place`](crate::desk::Pages::place) has it.
    pub place: (u64, Option<u64>),
}

/// Makes of a page of messages what is wanted of it. `place` is where the ticket's list was read to.
pub type Cut<P> =
    Arc<dyn Fn(TicketId, &[ChatMessage], (u64, Option<u64>)) -> P + Send + Sync + 'static>;

/// What comes out, in the order of the list.
#[derive(Debug)]
pub enum Handed<P> {
    /// The next part of the next ticket.
    Part(TicketId, Part<P>),
    /// Time has passed.
    Tick,
}
