//! What is settled after sending: chats that are read, unknown batches, and how they end.

use jiff::Timestamp;

use super::RunId;
use crate::delivery::batch::Change;
use crate::delivery::moment::BootTime;
use crate::delivery::outcome::ChatId;
use crate::delivery::tracking::Counts;

/// One reading of a proactive chat.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reading {
    /// The batch of the chat.
    pub batch: u32,
    /// When it was read.
    pub at: Timestamp,
    /// What it said.
    pub figures: crate::delivery::figures::Figures,
    /// Whether nothing more is to come of it.
    pub settled: bool,
}

/// An accepted batch as the tracker sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tracked {
    /// The number of the batch.
    pub batch: u32,
    /// Its chat.
    pub chat: ChatId,
    /// How many customers it has.
    pub customers: u32,
    /// When Desk accepted it.
    pub accepted_at: Timestamp,
    /// When it was last read.
    pub read_at: Option<Timestamp>,
    /// What it said then.
    pub counts: Counts,
}

/// A batch whose outcome is unknown, with all that is needed to look for it in Desk.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnknownBatch {
    /// The run.
    pub run: RunId,
    /// The number of the batch.
    pub batch: u32,
    /// The attempt whose outcome is unknown.
    pub attempt: u32,
    /// When its intent was recorded: nothing left before that.
    pub intended_at: Timestamp,
    /// When it was given up as unknown.
    pub ended_at: Timestamp,
    /// The same by the boot clock, where that was recorded.
    pub ended: Option<BootTime>,
    /// The commit that recorded the intent.
    pub intent_tick: u64,
    /// The commit that recorded that it is unknown.
    pub ended_tick: u64,
    /// Its customers, in order.
    pub customers: Vec<u64>,
    /// When it was last looked for.
    pub looked_at: Option<Timestamp>,
}

/// A chat that is known to belong to a batch, as evidence of the order of ids.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KnownChat {
    /// Its id.
    pub chat: ChatId,
    /// The commit that recorded the intent: the chat was made after it.
    pub intent_tick: u64,
    /// When that was by the boot clock, where that was recorded.
    pub intended: Option<BootTime>,
    /// The commit that recorded the outcome: the chat was made before it. None for a chat that was
    /// found by reading Desk back, whose time of making is known only from the other side.
    pub ended_tick: Option<u64>,
}

/// How an unknown batch ends, or that it does not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Resolution {
    /// Desk has it.
    Found(ChatId),
    /// It is given up.
    Abandoned,
    /// It is planned again.
    Resend,
    /// It stays unknown; what was looked at is kept.
    Unsettled,
}

impl Resolution {
    /// The change of state it amounts to; none where it stays unknown.
    pub fn change(self) -> Option<Change> {
        match self {
            Resolution::Found(_) => Some(Change::Find),
            Resolution::Abandoned => Some(Change::Abandon),
            Resolution::Resend => Some(Change::Resend),
            Resolution::Unsettled => None,
        }
    }
}

/// A resolution with its grounds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// The batch.
    pub batch: u32,
    /// The attempt it is about.
    pub attempt: u32,
    /// When it was reached.
    pub at: Timestamp,
    /// Who reached it: "deskcast", or the operator's name.
    pub by: String,
    /// What it is.
    pub resolution: Resolution,
    /// What it rests on.
    pub evidence: String,
}
