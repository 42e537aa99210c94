//! What became of runs so far: customers, batches, counts and requests.

use rusqlite::params;

use super::customers::state;
use super::{Store, unsigned};
use crate::delivery::batch::BatchState;
use crate::delivery::tally::Tally;
use crate::delivery::tracking::Counts;
use crate::journal::JournalError;
use crate::journal::reading::Standing;
use crate::journal::runs::RunRecord;
use crate::journal::sqlite::timestamp;

/// A state with how many batches and customers stand there.
type StateSum = (BatchState, u64, u64);

impl Store {
    /// What became of each of these runs so far, in their order.
    ///
    /// Many runs are counted in two halves at once, the second one over a connection of its own.
    pub fn standings(&self, runs: &[RunRecord]) -> Result<Vec<Standing>, JournalError> {
        const MANY: usize = 100;
        if runs.len() < MANY {
            return self.standings_in_turn(runs);
        }
        let (first, second) = runs.split_at(runs.len() / 2);
        std::thread::scope(|scope| {
            let path = &self.path;
            let other = scope.spawn(move || Store::open(path)?.standings_in_turn(second));
            let mut standings = self.standings_in_turn(first)?;
            match other.join() {
                Ok(others) => standings.extend(others?),
                Err(panic) => std::panic::resume_unwind(panic),
            }
            Ok(standings)
        })
    }

    /// Within one transaction: all of one moment, and the file locked once instead of each time.
    fn standings_in_turn(&self, runs: &[RunRecord]) -> Result<Vec<Standing>, JournalError> {
        let _moment = self.connection.unchecked_transaction()?;
        runs.iter().map(|run| self.standing(run)).collect()
    }

    /// What became of a run so far.
    pub fn standing(&self, run: &RunRecord) -> Result<Standing, JournalError> {
        let mut standing = Standing::default();
        let accepted = self.add_accepted(run, &mut standing)?;
        let mut states = BatchState::ALL.map(|state| (state, 0, 0));
        self.add_others(run, &mut standing, &mut states)?;
        let states = states.into_iter().chain([accepted]);
        standing.tally = Tally::of(run.listing, states, run.owner);
        standing.doubts = self.doubts(run)?;
        standing.variants = self.variant_standings(run)?;
        standing.requests.reads = run.reads;
        standing.requests.throttled = self
            .connection
            .prepare_cached("SELECT count(*) FROM attempt WHERE run = ?1 AND status = 429")?
            .query_row([run.id.0], |row| unsigned(row, 0))?;
        Ok(standing)
    }

    /// Nearly all batches are accepted sooner or later, and only they have chats: they are summed
    /// up by themselves. A GROUP BY on the state would have to sort every batch, which takes
    /// several times as long as reading them.
    fn add_accepted(
        &self,
        run: &RunRecord,
        standing: &mut Standing,
    ) -> Result<StateSum, JournalError> {
        let accepted = BatchState::Accepted;
        let mut statement = self.connection.prepare_cached(
            "SELECT count(*), sum(customers), sum(sent), sum(responded), sum(closed), sum(attempt),
               sum(settled), count(read_at), max(read_at)
             FROM batch WHERE run = ?1 AND state = ?2",
        )?;
        let sums = statement.query_row(params![run.id.0, accepted.code()], |row| {
            let batches = unsigned(row, 0)?;
            standing.counts = Counts {
                sent: unsigned(row, 2)?,
                responded: unsigned(row, 3)?,
                closed: unsigned(row, 4)?,
            };
            standing.requests.creates = unsigned(row, 5)?;
            standing.open_chats = batches - unsigned(row, 6)?.min(batches);
            standing.unread_chats = batches - unsigned(row, 7)?.min(batches);
            standing.read_at = row.get::<_, Option<i64>>(8)?.map(timestamp);
            Ok((accepted, batches, unsigned(row, 1)?))
        })?;
        Ok(sums)
    }

    fn add_others(
        &self,
        run: &RunRecord,
        standing: &mut Standing,
        states: &mut [StateSum],
    ) -> Result<(), JournalError> {
        let mut statement = self.connection.prepare_cached(
            "SELECT state, customers, attempt FROM batch WHERE run = ?1 AND state <> ?2",
        )?;
        let mut rows = statement.query(params![run.id.0, BatchState::Accepted.code()])?;
        while let Some(row) = rows.next()? {
            let state = state(row, 0)?;
            if let Some(sum) = states.iter_mut().find(|(of, ..)| *of == state) {
                sum.1 += 1;
                sum.2 += unsigned(row, 1)?;
            }
            standing.requests.creates += unsigned(row, 2)?;
        }
        Ok(())
    }
}
