//! Chats whose figures cannot be.

use rusqlite::{Row, params};

use super::{Store, unsigned};
use crate::delivery::batch::BatchState;
use crate::delivery::figures::{Doubtful, Doubts};
use crate::journal::JournalError;
use crate::journal::reading::NAMED;
use crate::journal::runs::RunRecord;
use crate::journal::sqlite::counts_at;

/// What [`crate::delivery::figures::Figures::contradict`] says, of a batch in the store.
pub(super) const CONTRADICT: &str =
    "(below_zero OR sent > customers OR responded > sent OR closed > sent)";
impl Store {
    /// The figures of a run that cannot be.
    pub(super) fn doubts(&self, run: &RunRecord) -> Result<Doubts, JournalError> {
        let accepted = BatchState::Accepted.code();
        let mut doubts = self
            .connection
            .prepare_cached(&format!(
                "SELECT sum({CONTRADICT}), sum(fell), count(*) FROM batch
                 WHERE run = ?1 AND state = ?2 AND ({CONTRADICT} OR fell)"
            ))?
            .query_row(params![run.id.0, accepted], |row| {
                Ok(Doubts {
                    contradicting: unsigned(row, 0)?,
                    fell: unsigned(row, 1)?,
                    chats: unsigned(row, 2)?,
                    first: Vec::new(),
                })
            })?;
        if doubts.chats > 0 {
            let mut statement = self.connection.prepare_cached(&format!(
                "SELECT chat, number, customers, sent, responded, closed, below_zero, fell FROM batch
                 WHERE run = ?1 AND state = ?2 AND ({CONTRADICT} OR fell) ORDER BY chat LIMIT ?3"
            ))?;
            let rows = statement.query_map(params![run.id.0, accepted, NAMED as i64], doubtful)?;
            doubts.first = rows.collect::<Result<_, _>>()?;
        }
        Ok(doubts)
    }
}

fn doubtful(row: &Row<'_>) -> rusqlite::Result<Doubtful> {
    Ok(Doubtful {
        chat: unsigned(row, 0)?,
        batch: row.get(1)?,
        customers: unsigned(row, 2)?,
        counts: counts_at(row, 3)?,
        below_zero: row.get(6)?,
        fell: row.get(7)?,
    })
}
