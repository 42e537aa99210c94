//! What became of runs so far: customers, batches, counts and requests.

use jiff::Timestamp;

use super::{RunRecord, Store, unsigned};
use crate::delivery::batch::BatchState;
use crate::delivery::tally::Tally;
use crate::delivery::tracking::Counts;
use crate::journal::JournalError;
use crate::journal::sqlite::{counts_at, timestamp};

/// What became of a run so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Standing {
    /// Customers and batches.
    pub tally: Tally,
    /// Sent, responded, closed.
    pub counts: Counts,
    /// Requests made.
    pub requests: Requests,
    /// Accepted batches that are not settled.
    pub open_chats: u64,
    /// Accepted batches that were never read.
    pub unread_chats: u64,
    /// When a chat of it was last read.
    pub read_at: Option<Timestamp>,
}

/// Requests of a run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub struct Requests {
    /// Creates that were attempted.
    pub creates: u64,
    /// Readings.
    pub reads: u64,
    /// Creates that Desk answered with 429.
    pub throttled: u64,
}

/// The batches and customers of each state, while they are counted.
type States = [(BatchState, u64, u64); BatchState::ALL.len()];

impl Store {
    /// What became of each of these runs so far, in their order.
    pub fn standings(&self, runs: &[RunRecord]) -> Result<Vec<Standing>, JournalError> {
        runs.iter().map(|run| self.standing(run)).collect()
    }

    /// What became of a run so far.
    pub fn standing(&self, run: &RunRecord) -> Result<Standing, JournalError> {
        let mut standing = Standing::default();
        let mut states = BatchState::ALL.map(|state| (state, 0, 0));
        self.count_batches(run, &mut standing, &mut states)?;
        standing.tally = Tally::of(run.listing, states, run.owner);
        standing.requests.reads = run.reads;
        standing.requests.throttled = self
            .connection
            .prepare_cached("SELECT count(*) FROM attempt WHERE run = ?1 AND status = 429")?
            .query_row([run.id.0], |row| unsigned(row, 0))?;
        Ok(standing)
    }

    /// Counts here and not in SQL: a GROUP BY on the state would have to sort every batch first,
    /// which takes twice as long as reading them.
    fn count_batches(
        &self,
        run: &RunRecord,
        standing: &mut Standing,
        states: &mut States,
    ) -> Result<(), JournalError> {
        let mut statement = self.connection.prepare_cached(
            "SELECT state, customers, attempt, sent, responded, closed, read_at, settled
             FROM batch WHERE run = ?1",
        )?;
        let mut read_at = None;
        let mut rows = statement.query([run.id.0])?;
        while let Some(row) = rows.next()? {
            let code: i64 = row.get(0)?;
            if let Some(of_state) = states.iter_mut().find(|(state, ..)| state.code() == code) {
                of_state.1 += 1;
                of_state.2 += unsigned(row, 1)?;
            }
            standing.requests.creates += unsigned(row, 2)?;
            if code == BatchState::Accepted.code() {
                standing.counts += counts_at(row, 3)?;
                let read: Option<i64> = row.get(6)?;
                standing.unread_chats += u64::from(read.is_none());
                standing.open_chats += u64::from(!row.get::<_, bool>(7)?);
                read_at = read_at.max(read);
            }
        }
        standing.read_at = read_at.map(timestamp);
        Ok(())
    }
}
