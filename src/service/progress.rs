//! What a run has come to so far, for whoever watches.

use std::sync::{Arc, Mutex, PoisonError};

use jiff::Timestamp;

use crate::delivery::dispatch::Conclusion;
use crate::delivery::tracking::Counts;

/// What a run is doing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Phase {
    /// Batches go out.
    #[default]
    Sending,
    /// Desk is waited for.
    Waiting,
    /// Unknown batches are looked for in Desk.
    Reconciling,
    /// Chats are read.
    Reading,
}

/// A snapshot. Customers and batches of the whole run, not of this process.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Snapshot {
    /// What it is doing.
    pub phase: Phase,
    /// Until when Desk is waited for, where that is known and not in a moment.
    pub waits_until: Option<Timestamp>,
    /// Batches of the plan, parts of split ones instead of the whole.
    pub batches: u64,
    /// Batches with an end.
    pub batches_done: u64,
    /// Customers of the plan.
    pub customers: u64,
    /// Customers whose batch has an end.
    pub customers_done: u64,
    /// Customers whose outcome is unknown.
    pub unknown: u64,
    /// Customers who were rejected.
    pub rejected: u64,
    /// Requests that Desk asked to wait with.
    pub throttled: u64,
    /// Chats read, of those to be read.
    pub chats_read: u64,
    /// Chats to be read.
    pub chats: u64,
    /// The counts of the run.
    pub counts: Counts,
    /// Chats that were read whose figures contradict themselves.
    pub contradicting: u64,
}

impl Snapshot {
    /// Takes in what came of a batch with this many customers.
    pub fn conclude(&mut self, customers: u64, conclusion: &Conclusion) {
        match conclusion {
            Conclusion::NotSent(words) => {
                self.throttled += u64::from(words.status == Some(429));
                return;
            }
            Conclusion::Split(..) => {
                self.batches += 1;
                return;
            }
            Conclusion::Accepted(_) => {}
            Conclusion::Rejected(_) => self.rejected += customers,
            Conclusion::Unknown(_) => self.unknown += customers,
        }
        self.batches_done += 1;
        self.customers_done += customers;
    }
}

/// A shared snapshot. Clones share it.
#[derive(Clone, Debug, Default)]
pub struct Progress(Arc<Shared>);

#[derive(Debug, Default)]
struct Shared {
    snapshot: Mutex<Snapshot>,
    waiting: Mutex<String>,
}

impl Progress {
    /// How things stand.
    pub fn snapshot(&self) -> Snapshot {
        *self
            .0
            .snapshot
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// Changes the snapshot.
    pub fn update(&self, change: impl FnOnce(&mut Snapshot)) {
        change(
            &mut self
                .0
                .snapshot
                .lock()
                .unwrap_or_else(PoisonError::into_inner),
        );
    }

    /// Says what a run is held back by, in words; nothing where it is not.
    pub fn waits_for(&self, what: String) {
        *self
            .0
            .waiting
            .lock()
            .unwrap_or_else(PoisonError::into_inner) = what;
    }

    /// What it is held back by; empty where it is not.
    pub fn waiting(&self) -> String {
        self.0
            .waiting
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// Whether it is held back by something.
    pub fn is_waiting_for_something(&self) -> bool {
        !self.waiting().is_empty()
    }
}
