//! What a store is, read from outside without changing a byte of it.

use std::path::Path;

use rusqlite::{Connection, OpenFlags, OptionalExtension as _};

use super::read::Store;
use super::{open, timestamp};
use crate::journal::JournalError;
use crate::journal::store::{Inspected, StoreFacts};

/// Looks at a file; nothing where it is no store of deskcast's, or cannot be read.
pub(in crate::journal) fn inspect(path: &Path, base_url: &str) -> Option<Inspected> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags).ok()?;
    open::is_ours(&connection).ok().filter(|ours| *ours)?;
    let row = connection.query_row(
        "SELECT count(*), coalesce(sum(base_url = ?1), 0), max(due) FROM run",
        [base_url],
        |row| Ok((row.get(0)?, row.get(1)?, row.get::<_, Option<i64>>(2)?)),
    );
    let (runs, here, latest): (i64, i64, _) = row.ok()?;
    Some(Inspected {
        runs: runs.unsigned_abs(),
        to_this_desk: here.unsigned_abs(),
        latest: latest.map(timestamp),
    })
}

/// A sentence where a store was at this path, and is not any more.
pub(in crate::journal) fn lost(path: &Path) -> Option<String> {
    open::lost_at(path)
}

impl Store {
    /// What this store says of itself.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn facts(&self) -> Result<StoreFacts, JournalError> {
        let count = |sql: &str| -> rusqlite::Result<u64> {
            let count: i64 = self.connection.query_row(sql, [], |row| row.get(0))?;
            Ok(count.unsigned_abs())
        };
        let id = "SELECT id FROM place";
        let adopted = "SELECT by, at FROM adoption ORDER BY id DESC LIMIT 1";
        Ok(StoreFacts {
            id: self.connection.query_row(id, [], |row| row.get(0))?,
            version: open::version(&self.connection)?,
            commits: super::tick::last(&self.connection)?,
            runs: count("SELECT count(*) FROM run")?,
            batches: count("SELECT count(*) FROM batch")?,
            adopted: self
                .connection
                .query_row(adopted, [], |row| Ok((row.get(0)?, timestamp(row.get(1)?))))
                .optional()?,
            differences: super::place::differences(&self.connection, &self.path)?,
        })
    }
}
