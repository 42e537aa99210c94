//! A list of people who are not to be messaged, and what it came to in a plan. A list that leaves
//! nobody out looks like one that was never read; so each is counted, and named wherever the plan is
//! shown.

use std::sync::Arc;

use jiff::Timestamp;

use crate::campaign::Seen;

/// A list, and what became of its entries.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct List {
    /// Its name, as the operator wrote it.
    pub name: String,
    /// How many different people it has.
    pub entries: u64,
    /// When its file was last changed.
    pub changed_at: Timestamp,
    /// How many of them are in the audience: in the customer files, and not left out by `where`.
    pub matched: u64,
    /// How many of those it left out; an earlier list may have done so with the others.
    pub left_out: u64,
    /// Whether somebody of it was seen whom `where` leaves out, while nobody of it was in the audience.
    pub only_filtered: bool,
    /// What was seen of its file; none of a run that was planned before.
    pub seen: Option<Arc<Seen>>,
}

impl List {
    /// A list that was read, and held against nobody yet.
    pub fn new(name: impl Into<String>, entries: u64, changed_at: Timestamp) -> List {
        List {
            name: name.into(),
            entries,
            changed_at,
            matched: 0,
            left_out: 0,
            only_filtered: false,
            seen: None,
        }
    }

    /// How many entries are of nobody in the audience.
    pub fn of_nobody(&self) -> u64 {
        self.entries.saturating_sub(self.matched)
    }

    /// How many of the audience an earlier list had left out already.
    pub fn on_earlier(&self) -> u64 {
        self.matched.saturating_sub(self.left_out)
    }

    /// Whether it has entries, and all of them are of nobody whom the customer files list.
    pub fn is_of_nobody(&self) -> bool {
        self.entries > 0 && self.matched == 0 && !self.only_filtered
    }
}
