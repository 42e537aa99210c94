//! The durable record. What is not in it did not happen, and nothing leaves before it is in it.
//!
//! A journal has few verbs. [`Journal::create_run`] freezes a plan in one step;
//! [`Journal::claim`] makes one process the owner of a run and turns what its predecessor left in
//! flight into unknowns; [`Journal::record`] makes intents and outcomes durable, many in one
//! commit, and hands out a [`Permit`] for each intent: the only thing that lets a request leave.
//!
//! Every change of a batch is a compare-and-set on its state, its attempt and the run's fencing
//! token, so that even two processes that both believe to own a run cannot send one batch twice.
//!
//! This is the only room that knows a database. A [`StoreUrl`] opens what it names: a [`StoreJournal`]
//! for who changes it, a [`Store`] for who only reads, a [`GateBook`](gate::GateBook) for the gate of
//! a run. What they take and return are plain values, in modules named after who asks:
//!
//! | module | who asks |
//! |---|---|
//! | `sending`, `settling` | the process that has a run: claims, permits, intents, outcomes, readings |
//! | [`runs`], [`reading`] | commands, reports and pages: how runs stand, what became of whom |
//! | [`planning`] | who makes a plan: who was messaged, how many there were before |
//! | [`gate`] | a run before each batch: what holds it back |
//! | [`orders`] | operators, and who obeys them |
//! | [`schedule`] | the daemon: due times that became no run |
//! | [`lookups`] | who looks up Sendbird user ids |
//! | [`retraction`] | the job that deletes messages |
//! | [`store`] | `deskcast store`: what a store is, and whether it is a copy |

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
mod sending;
mod settling;
mod sqlite;
pub mod store;

pub use address::StoreUrl;
use jiff::Timestamp;
pub use runs::{Launch, NewRun, RunId, RunKey, Tended};
pub use sending::{Claim, Entry, Fence, Permit, Purpose, What};
pub use settling::{KnownChat, Reading, Resolution, Tracked, UnknownBatch, Verdict};
pub use sqlite::StoreJournal;
pub use sqlite::daemon::DaemonLock;
pub use sqlite::read::Store;

use crate::delivery::dispatch::Work;
use crate::delivery::moment::Moment;
use crate::delivery::plan::{PlanSink, PlanSummary};
pub use crate::delivery::run::RunState;
use crate::delivery::run::{Left, RunChange, RunRefusal};

/// What is noted with a run whose sender died, once somebody else has it.
const SENDER_ENDED: &str = "the process that was sending it ended";

/// The change by which a sender gives a run up in this state.
fn give_up(state: RunState) -> Result<RunChange, RunRefusal> {
    let left = Left::in_state(state).ok_or(RunRefusal::NotSending(state))?;
    Ok(RunChange::GiveUp(left))
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
