//! What who sends a run holds and records: the claim to it, permits, intents and outcomes.

use jiff::Timestamp;

use super::RunId;
use crate::campaign::UnknownPolicy;
use crate::delivery::dispatch::Conclusion;
use crate::delivery::moment::Moment;
use crate::delivery::run::RunChange;

/// The right to change a run, held by one owner at a time. A newer claim makes it worthless.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Fence {
    /// The run.
    pub run: RunId,
    /// Counts the claims of the run.
    pub token: i64,
}

/// What a run is claimed for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// To send what is left of it: its state becomes sending.
    Sending,
    /// To settle unknown batches: its state stays, save that a run whose sender died is stopped.
    Settling,
}

impl Purpose {
    pub(super) fn change(self) -> RunChange {
        match self {
            Purpose::Sending => RunChange::ClaimToSend,
            Purpose::Settling => RunChange::ClaimToSettle,
        }
    }
}

/// A claimed run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Claim {
    /// The right to change it.
    pub fence: Fence,
    /// The highest batch number so far.
    pub last_batch: u32,
    /// Whether Desk has accepted something of it.
    pub proven: bool,
    /// What becomes of unknown batches that are not found in Desk.
    pub unknown: UnknownPolicy,
    /// Batches that were in flight when the last owner died, and are unknown now.
    pub recovered: u32,
    /// When the last intent of any run was recorded: the budget does not burst across a restart.
    pub last_intent_at: Option<Timestamp>,
}

/// The right to send one attempt of one batch, once. Only a journal can make one, and only when
/// the intent is durable: sending without a durable record does not compile.
#[derive(Debug, PartialEq, Eq)]
pub struct Permit {
    pub(super) run: RunId,
    pub(super) batch: u32,
    pub(super) attempt: u32,
}

impl Permit {
    /// The run.
    pub fn run(&self) -> RunId {
        self.run
    }

    /// The number of the batch.
    pub fn batch(&self) -> u32 {
        self.batch
    }

    /// The attempt, from 1.
    pub fn attempt(&self) -> u32 {
        self.attempt
    }
}

/// One thing to make durable about a batch.
#[derive(Clone, Debug)]
pub struct Entry {
    /// The number of the batch.
    pub batch: u32,
    /// The attempt, from 1.
    pub attempt: u32,
    /// When it happened: for an intent not later, for an outcome not earlier than that.
    pub at: Moment,
    /// What.
    pub what: What,
}

/// What an [`Entry`] says.
#[derive(Clone, Debug)]
pub enum What {
    /// The batch is about to be sent.
    Intent,
    /// What came of it.
    Outcome(Conclusion),
}
