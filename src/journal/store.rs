//! What a store is: made, inspected, adopted.

use jiff::Timestamp;

/// Whether `create` made a store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Creation {
    /// It did.
    Made,
    /// There was one.
    Exists,
}

/// What a file that may be a store holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Inspected {
    /// Its runs.
    pub runs: u64,
    /// Those that were sent to the Desk that was asked for.
    pub to_this_desk: u64,
    /// When the latest was due.
    pub latest: Option<Timestamp>,
}

/// What a store says of itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoreFacts {
    /// Its identity, which copies share.
    pub id: String,
    /// The version of its tables.
    pub version: i64,
    /// The last commit of an intent or an outcome.
    pub commits: u64,
    /// Its runs.
    pub runs: u64,
    /// Their batches.
    pub batches: u64,
    /// Who adopted it last, and when.
    pub adopted: Option<(String, Timestamp)>,
    /// What tells that it is a copy, or was put back; nothing where it is the original.
    pub differences: Vec<String>,
}

/// Who adopts a store, and what they say.
#[derive(Clone, Debug)]
pub struct NewAdoption {
    /// When.
    pub at: Timestamp,
    /// Who.
    pub by: String,
    /// Why.
    pub why: String,
    /// Whether they say that no other copy has sent anything since.
    pub nothing_since: bool,
}

/// What adopting a store did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Adoption {
    /// What told that it is a copy, or was put back.
    pub differences: Vec<String>,
    /// Batches that are unknown now.
    pub batches: u64,
    /// Their customers.
    pub customers: u64,
}
