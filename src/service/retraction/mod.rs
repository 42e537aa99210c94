//! Retractions: messages are looked for in tickets, deleted, and the deletions proved.
//!
//! What is found is kept in the store before anything is deleted; every delete is recorded there
//! before it leaves. So a retraction can be ended at any moment and is gone on with by the same
//! command, and nothing is deleted that was not found by exactly the words that were given.

mod deleting;
mod proof;
mod search;

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use super::recorder::Recorder;
use super::ticket_reader::{Means, NoDesk};
use crate::delivery::retract::{Wanted, Writers};
use crate::desk::TicketId;
use crate::journal::retraction::{RetractionId, Taken};
use crate::journal::{JournalError, StoreJournal};

pub use self::proof::Proof;
pub use self::search::{Example, Shown, show};

/// What a retraction is doing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Phase {
    /// Tickets are looked through.
    #[default]
    Searching,
    /// Messages are deleted.
    Deleting,
    /// All that is left waits for open tickets.
    Waiting,
    /// The deletion logs are read.
    Proving,
}

/// How far the deleting is, for whoever watches.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Deleting {
    /// What it is doing.
    pub phase: Phase,
    /// Messages that were still to be deleted when this process began to.
    pub messages: u64,
    /// Of those, how many have come to their end.
    pub ended: u64,
    /// Of those, how many were deleted.
    pub deleted: u64,
    /// Requests that were answered with 429.
    pub throttled: u64,
}

/// Shared figures. Clones share them.
#[derive(Clone, Debug, Default)]
pub struct WatchedDeleting(Arc<Mutex<Deleting>>);

impl WatchedDeleting {
    /// How things stand.
    pub fn figures(&self) -> Deleting {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn update(&self, change: impl FnOnce(&mut Deleting)) {
        change(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner));
    }
}

/// A retraction at work.
#[derive(Debug)]
pub struct Retraction {
    /// What it takes to read and to delete.
    pub means: Means,
    /// The store.
    pub recorder: Recorder<StoreJournal>,
    /// Its number.
    pub id: RetractionId,
    /// Which messages are meant.
    pub wanted: Wanted,
    /// Whose they are.
    pub writers: Writers,
    /// For how long open tickets are tried again; none for not at all.
    pub until: Option<Duration>,
    /// Where the deleting is shown.
    pub watched: WatchedDeleting,
}

/// Why a retraction did not come to its end. The same command goes on with it.
#[derive(Debug, thiserror::Error)]
pub enum Stopped {
    /// It was told to.
    #[error("stopped by a signal")]
    Told,
    /// Desk refuses the token, or was away for long.
    #[error(transparent)]
    Desk(#[from] NoDesk),
    /// The store failed.
    #[error(transparent)]
    Journal(#[from] JournalError),
}

impl Retraction {
    /// Looks through the tickets that were not looked through yet, deletes what was found, and
    /// reads the deletion logs.
    ///
    /// # Errors
    /// [`Stopped`], when it cannot go on, or was told not to.
    pub async fn perform(&self, tickets: &[TicketId], taken: &Taken) -> Result<Proof, Stopped> {
        self.search(tickets, taken).await?;
        self.delete().await?;
        self.watched
            .update(|figures| figures.phase = Phase::Proving);
        let proof = self.prove().await?;
        let id = self.id;
        let finish =
            move |journal: &mut StoreJournal| journal.finish_retraction(id, jiff::Timestamp::now());
        self.recorder.call(finish).await?;
        Ok(proof)
    }
}
