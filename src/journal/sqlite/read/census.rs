//! How many of everything there are, over all runs: for those who watch from outside.

use rusqlite::Connection;

use super::customers::state;
use super::{Store, named, unsigned};
use crate::delivery::batch::BatchState;
use crate::delivery::tally::Owner;
use crate::journal::reading::Census;
use crate::journal::sqlite::{owner, timestamp};
use crate::journal::{JournalError, RunId, RunState};

impl Store {
    /// Counts everything there is. It reads every batch, and nothing of it but a few numbers: less
    /// than 50 ms for 100,000 of them, which the benchmarks hold it to.
    pub fn census(&self) -> Result<Census, JournalError> {
        let moment = self.connection.unchecked_transaction()?;
        let mut census = Census::default();
        self.count_runs(&moment, &mut census)?;
        count_batches(&moment, &mut census)?;
        Ok(census)
    }

    fn count_runs(&self, moment: &Connection, census: &mut Census) -> Result<(), JournalError> {
        let mut statement = moment.prepare_cached("SELECT id, state FROM run")?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            let of = named(row, 1, RunState::parse)?;
            if of == RunState::Sending && self.owner(RunId(row.get(0)?)) == Owner::Gone {
                census.interrupted += 1;
            } else if let Some((_, count)) = census.runs.iter_mut().find(|(state, _)| *state == of)
            {
                *count += 1;
            }
        }
        Ok(())
    }

    fn owner(&self, run: RunId) -> Owner {
        if owner::Lock::is_held(&self.path, run) {
            Owner::Alive
        } else {
            Owner::Gone
        }
    }
}

fn count_batches(moment: &Connection, census: &mut Census) -> Result<(), JournalError> {
    // Summed up here: a GROUP BY would sort every batch.
    let sql = "SELECT state, customers, CASE state WHEN ?1 THEN ended_at END FROM batch";
    let mut statement = moment.prepare_cached(sql)?;
    let mut rows = statement.query([BatchState::Unknown.code()])?;
    while let Some(row) = rows.next()? {
        let of = state(row, 0)?;
        if let Some(count) = census.batches.iter_mut().find(|count| count.state == of) {
            count.batches += 1;
            count.customers += unsigned(row, 1)?;
        }
        if let Some(at) = row.get::<_, Option<i64>>(2)?.map(timestamp) {
            let oldest = census.oldest_unknown.unwrap_or(at);
            census.oldest_unknown = Some(oldest.min(at));
        }
    }
    Ok(())
}
