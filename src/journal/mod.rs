//! The durable record. What is not in it did not happen, and nothing leaves before it is in it.
//!
//! A journal has few verbs. [`Journal::create_run`] freezes a plan in one step;
//! [`Journal::claim`] makes one process the owner of a run and turns what its predecessor left in
//! flight into unknowns; [`Journal::record`] makes intents and outcomes durable, many in one
//! commit, and hands out a [`Permit`] for each intent: the only thing that lets a request leave.
//!
//! Every change of a batch is a compare-and-set on its state, its attempt and the run's fencing
//! token, so that even two processes that both believe to own a run cannot send one batch twice.

pub mod packed;
pub mod sqlite;

use jiff::Timestamp;

use crate::campaign::{CampaignName, Priority};
use crate::delivery::dispatch::{Conclusion, Work};
use crate::delivery::outcome::ChatId;
use crate::delivery::plan::{PlanSink, PlanSummary};
use crate::delivery::tracking::Counts;

/// The number of a run in this journal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RunId(pub i64);

/// What makes a run one run, on every machine: its campaign and its due time.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct RunKey {
    /// The campaign.
    pub campaign: CampaignName,
    /// When it was due, in whole seconds; for a run started by hand, when that was.
    pub due: Timestamp,
}

impl std::fmt::Display for RunKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}@{}", self.campaign, self.due)
    }
}

impl RunKey {
    /// Parses `NAME@2026-11-21T09:00:00Z`.
    pub fn parse(text: &str) -> Option<RunKey> {
        let (campaign, due) = text.split_once('@')?;
        Some(RunKey {
            campaign: CampaignName::new(campaign).ok()?,
            due: due.parse().ok()?,
        })
    }
}

/// Everything a run needs, frozen when it is planned: editing a file never changes a run.
#[derive(Clone, Debug)]
pub struct NewRun {
    /// Its identity.
    pub key: RunKey,
    /// The text of the message.
    pub message: String,
    /// The key of the group.
    pub group: String,
    /// The agent in whose name it is sent.
    pub agent_id: u64,
    /// The priority of the chats.
    pub priority: Priority,
    /// The most customers of a batch.
    pub batch_size: u32,
    /// The base URL of the application it was planned for.
    pub base_url: String,
    /// The customer file, as the definition names it.
    pub customers_file: String,
    /// When it was planned.
    pub created_at: Timestamp,
}

/// Where the sending of a run stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum RunState {
    /// Nothing of it was tried yet.
    Planned,
    /// A process claimed it; whether that one still lives, [`Journal::claim`] finds out.
    Sending,
    /// Stopped before the end; it can be resumed.
    Stopped,
    /// No batch is left to send.
    Finished,
    /// The definition was refused; nothing more is sent.
    Failed,
}

impl RunState {
    /// Every state.
    pub const ALL: [RunState; 5] = [
        RunState::Planned,
        RunState::Sending,
        RunState::Stopped,
        RunState::Finished,
        RunState::Failed,
    ];

    /// The word for it in output and in the journal.
    pub fn as_str(self) -> &'static str {
        match self {
            RunState::Planned => "planned",
            RunState::Sending => "sending",
            RunState::Stopped => "stopped",
            RunState::Finished => "finished",
            RunState::Failed => "failed",
        }
    }

    /// The state with this name.
    pub fn parse(name: &str) -> Option<RunState> {
        RunState::ALL
            .into_iter()
            .find(|state| state.as_str() == name)
    }

    /// Whether sending can go on.
    pub fn is_open(self) -> bool {
        matches!(
            self,
            RunState::Planned | RunState::Sending | RunState::Stopped
        )
    }
}

/// The right to change a run, held by one owner at a time. A newer claim makes it worthless.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Fence {
    /// The run.
    pub run: RunId,
    /// Counts the claims of the run.
    pub token: i64,
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
    /// Batches that were in flight when the last owner died, and are unknown now.
    pub recovered: u32,
    /// When the last intent of any run was recorded: the budget does not burst across a restart.
    pub last_intent_at: Option<Timestamp>,
}

/// The right to send one attempt of one batch, once. Only a journal can make one, and only when
/// the intent is durable: sending without a durable record does not compile.
#[derive(Debug, PartialEq, Eq)]
pub struct Permit {
    run: RunId,
    batch: u32,
    attempt: u32,
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
    /// When it happened.
    pub at: Timestamp,
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

/// One reading of a proactive chat.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reading {
    /// The batch of the chat.
    pub batch: u32,
    /// When it was read.
    pub at: Timestamp,
    /// What it said.
    pub counts: Counts,
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

/// Why a journal could not do what it was asked to. The sentence is for the operator.
#[derive(Debug, thiserror::Error)]
pub enum JournalError {
    /// The store cannot be used or could not be written.
    #[error("{0}")]
    Store(String),
    /// Another process owns the run.
    #[error("{0}")]
    Owned(String),
    /// Another process has claimed the run since.
    #[error("the run was taken over by another process; this one sends nothing more of it")]
    Fenced,
    /// A run with this campaign and due time exists.
    #[error("the run {0} exists already")]
    Exists(RunKey),
    /// A change that the table of states does not allow: a defect of deskcast.
    #[error(
        "the journal refused a change of batch {batch} that must not happen ({what}); please report this"
    )]
    Forbidden {
        /// The batch.
        batch: u32,
        /// The change.
        what: &'static str,
    },
}

/// Fills the plan of a new run through the sink it is given.
pub type Fill<'a, E> =
    &'a mut dyn FnMut(&mut dyn PlanSink<Error = JournalError>) -> Result<PlanSummary, E>;

/// The durable record.
pub trait Journal: Send {
    /// Records a run and its whole plan in one step: when `fill` fails, nothing of it is there.
    fn create_run<E: From<JournalError>>(
        &mut self,
        new: &NewRun,
        fill: Fill<'_, E>,
    ) -> Result<RunId, E>;

    /// Makes this process the owner of a run. What a dead owner left in flight becomes unknown.
    fn claim(&mut self, run: RunId, now: Timestamp) -> Result<Claim, JournalError>;

    /// Makes entries durable, all or none of each fence's, in one commit. Returns one permit for
    /// each intent, in order; the outer list has one result for each fence.
    fn record(&mut self, groups: &[(Fence, Vec<Entry>)]) -> Vec<Result<Vec<Permit>, JournalError>>;

    /// Planned batches with numbers above `after` and up to `up_to`, in order.
    fn planned(
        &mut self,
        run: RunId,
        after: u32,
        up_to: u32,
        most: usize,
    ) -> Result<Vec<Work>, JournalError>;

    /// Gives the run up, in this state and with this note.
    fn release(
        &mut self,
        fence: Fence,
        state: RunState,
        note: &str,
        now: Timestamp,
    ) -> Result<(), JournalError>;

    /// Accepted batches that are not settled, in order.
    fn tracked(&mut self, run: RunId) -> Result<Vec<Tracked>, JournalError>;

    /// Keeps readings, and counts `reads` requests.
    fn keep_readings(
        &mut self,
        run: RunId,
        readings: &[Reading],
        reads: u64,
    ) -> Result<(), JournalError>;
}
