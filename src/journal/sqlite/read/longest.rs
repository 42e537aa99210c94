//! How long the texts were that were planned before.

use rusqlite::Connection;

use super::Store;
use crate::journal::JournalError;
use crate::journal::sqlite::StoreJournal;

impl Store {
    /// The number of characters of the longest text that a run was planned with; none where there
    /// was no run yet. Test sends do not count: they are for trying a text out.
    pub fn longest_message(&self) -> Result<Option<u64>, JournalError> {
        Ok(longest(&self.connection)?)
    }
}

impl StoreJournal {
    /// The same as [`Store::longest_message`].
    pub fn longest_message(&self) -> Result<Option<u64>, JournalError> {
        Ok(longest(&self.connection)?)
    }
}

fn longest(connection: &Connection) -> rusqlite::Result<Option<u64>> {
    let mut statement = connection.prepare_cached(
        "SELECT max(characters) FROM (
           SELECT max(length(message)) AS characters FROM run WHERE digest <> '' AND test = 0
           UNION ALL
           SELECT max(length(v.message)) FROM variant v JOIN run r ON r.id = v.run WHERE r.test = 0)",
    )?;
    let longest: Option<i64> = statement.query_row([], |row| row.get(0))?;
    Ok(longest.and_then(|characters| u64::try_from(characters).ok()))
}
