//! The durable record. What is not in it did not happen, and nothing leaves before it is in it.
//!
//! A journal has few verbs. [`Journal::create_run`] freezes a plan in one step;
//! [`Journal::claim`] makes one process the owner of a run and turns what its predecessor left in
//! flight into unknowns; [`Journal::record`] makes intents and outcomes durable, many in one
//! commit, and hands out a [`Permit`] for each intent: the only thing that lets a request leave.
//!
//! Every change of a batch is a compare-and-set on its state, its attempt and the run's fencing
//! token, so that even two processes that both believe to own a run cannot send one batch twice.

mod address;
pub mod clock;
pub mod gate;
pub mod limits;
pub mod lookups;
pub mod memory;
pub mod orders;
pub mod packed;
pub mod place;
pub mod planning;
pub mod reading;
pub mod retraction;
pub mod runs;
pub mod schedule;
mod sqlite;
pub mod store;

pub use address::StoreUrl;
use jiff::Timestamp;
pub use sqlite::StoreJournal;
pub use sqlite::daemon::DaemonLock;
pub use sqlite::read::Store;

use crate::campaign::{CampaignName, Priority, Restraints, UnknownPolicy};
use crate::delivery::batch::Change;
use crate::delivery::dispatch::{Conclusion, Work};
use crate::delivery::moment::{BootTime, Moment};
use crate::delivery::outcome::ChatId;
use crate::delivery::plan::{PlanSink, PlanSummary};
pub use crate::delivery::run::RunState;
use crate::delivery::run::{Left, RunChange, RunRefusal};
use crate::delivery::tracking::Counts;
use crate::delivery::variant::Variant;

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
    /// The text of the message; where there are variants, the first one's.
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
    /// The customer files, as the definition names them, one a line.
    pub customers_file: String,
    /// What becomes of unknown batches that are not found in Desk.
    pub unknown: UnknownPolicy,
    /// Whether it may begin although another run of its campaign was unfinished when it was asked
    /// for.
    pub beside: bool,
    /// When it was asked for.
    pub created_at: Timestamp,
    /// How it came about, and what it waits for.
    pub launch: Launch,
}

/// How a run comes about, and what it waits for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Launch {
    /// Who goes on with it when it was stopped.
    pub tended: Tended,
    /// The due time up to which the fires of the campaign's schedule are decided by this run.
    pub decided: Option<Timestamp>,
    /// Whether it waits for the end of the earlier runs of its campaign.
    pub queued: bool,
    /// When messages may leave, as [`crate::campaign::SendWindow`] is written; empty for always.
    pub window: String,
    /// What holds it back while it is sent.
    pub restraints: Box<Restraints>,
    /// Its texts where it has several; none where everybody is told the same.
    pub variants: Vec<Variant>,
    /// Whether it is a test send: left out of counts, caps, and of who was messaged before.
    pub test: bool,
}

/// Who goes on with a run that was stopped.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Tended {
    /// Whoever types `deskcast run`.
    #[default]
    ByHand,
    /// The daemon.
    ByDaemon,
}

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
    fn change(self) -> RunChange {
        match self {
            Purpose::Sending => RunChange::ClaimToSend,
            Purpose::Settling => RunChange::ClaimToSettle,
        }
    }
}

/// What is noted with a run whose sender died, once somebody else has it.
const SENDER_ENDED: &str = "the process that was sending it ended";

/// The change by which a sender gives a run up in this state.
fn give_up(state: RunState) -> Result<RunChange, RunRefusal> {
    let left = Left::in_state(state).ok_or(RunRefusal::NotSending(state))?;
    Ok(RunChange::GiveUp(left))
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

/// Why a journal could not do what it was asked to. The sentence is for the operator.
#[derive(Debug, thiserror::Error)]
pub enum JournalError {
    /// The store cannot be used or could not be written.
    #[error("{0}")]
    Store(String),
    /// Another process owns the run.
    #[error("{0}")]
    Owned(String),
    /// The run has failed: nothing more of it is sent, whoever asks.
    #[error("the run has failed: Desk refused what it sends, and nothing more of it is sent")]
    Failed,
    /// The run is paused, cancelled, or was never launched: nothing of it is sent.
    #[error("the run is {0}")]
    Held(&'static str),
    /// Another process has claimed the run since.
    #[error("the run was taken over by another process; this one sends nothing more of it")]
    Fenced,
    /// A run with this campaign and due time exists.
    #[error("the run {0} exists already")]
    Exists(RunKey),
    /// A run of this campaign is unfinished, and the new one was not to begin beside it.
    #[error("the run {0} is unfinished")]
    Unfinished(RunKey),
    /// A change of a run that its table of states does not allow: a defect of deskcast.
    #[error("the journal refused a change of a run that must not happen ({0}); please report this")]
    OutOfPlace(RunRefusal),
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

impl From<RunRefusal> for JournalError {
    fn from(refusal: RunRefusal) -> JournalError {
        match refusal {
            RunRefusal::Failed => JournalError::Failed,
            RunRefusal::Held(state) => JournalError::Held(state.as_str()),
            other => JournalError::OutOfPlace(other),
        }
    }
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

    /// Makes this process the owner of a run. What a dead owner left in flight becomes unknown. A
    /// run that has failed in the meantime can be settled and not sent.
    fn claim(
        &mut self,
        run: RunId,
        purpose: Purpose,
        now: impl Into<Moment>,
    ) -> Result<Claim, JournalError>;

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

    /// Says that nothing of a run that was claimed for sending is left to send.
    fn all_sent(&mut self, fence: Fence) -> Result<(), JournalError>;

    /// Gives up a run that was claimed for settling; its state stays.
    fn unclaim(&mut self, fence: Fence);

    /// Gives up a run that was claimed for sending, in this state and with this note. One that a
    /// rule has paused meanwhile stays paused, with the note of that.
    fn release(
        &mut self,
        fence: Fence,
        state: RunState,
        note: &str,
        now: Timestamp,
    ) -> Result<(), JournalError>;

    /// A rule pauses a run while it is sent. It stays so however its sender ends, so that who comes
    /// after a kill does not go on. One that is paused already keeps its note.
    fn pause(&mut self, fence: Fence, note: &str, now: Timestamp) -> Result<(), JournalError>;

    /// Accepted batches that are not settled, in order.
    fn tracked(&mut self, run: RunId) -> Result<Vec<Tracked>, JournalError>;

    /// Keeps readings, and counts `reads` requests.
    fn keep_readings(
        &mut self,
        run: RunId,
        readings: &[Reading],
        reads: u64,
    ) -> Result<(), JournalError>;

    /// The unknown batches of a run, in order.
    fn unknowns(&mut self, run: RunId) -> Result<Vec<UnknownBatch>, JournalError>;

    /// Every chat that this journal knows of the application of this run, in order of ids.
    fn known_chats(&mut self, run: RunId) -> Result<Vec<KnownChat>, JournalError>;

    /// Records how unknown batches ended, all or none; none ([`JournalError::Forbidden`]) where one is not any more.
    fn resolve(&mut self, fence: Fence, verdicts: &[Verdict]) -> Result<(), JournalError>;
}
