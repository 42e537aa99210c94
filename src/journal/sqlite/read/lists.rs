//! The lists of people whom a run leaves out.

use super::{Store, unsigned};
use crate::delivery::list::List;
use crate::journal::RunId;
use crate::journal::sqlite::timestamp;

impl Store {
    /// The lists of a run; none for runs that were planned before lists were kept.
    pub(super) fn lists(&self, run: RunId) -> rusqlite::Result<Vec<List>> {
        let mut statement = self.connection.prepare_cached(
            "SELECT name, entries, changed_at, matched, left_out FROM list WHERE run = ?1 ORDER BY number",
        )?;
        let rows = statement.query_map([run.0], |row| {
            let name: String = row.get(0)?;
            let list = List::new(name, unsigned(row, 1)?, timestamp(row.get(2)?));
            Ok(List {
                matched: unsigned(row, 3)?,
                left_out: unsigned(row, 4)?,
                ..list
            })
        })?;
        rows.collect()
    }
}
