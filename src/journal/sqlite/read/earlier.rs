//! How many an earlier run of a campaign was for.

use rusqlite::{Connection, OptionalExtension as _, params};

use super::Store;
use crate::journal::JournalError;
use crate::journal::planning::Alike;
use crate::journal::sqlite::StoreJournal;

impl Store {
    /// How many customers were in the audience of the latest such run: in the files, and not left out by
    /// `where`. None where there was none; test sends, and what was cancelled or refused, do not count.
    pub fn audience_before(&self, alike: Alike<'_>) -> Result<Option<u64>, JournalError> {
        Ok(before(&self.connection, alike)?)
    }
}

impl StoreJournal {
    /// The same as [`Store::audience_before`].
    pub fn audience_before(&self, alike: Alike<'_>) -> Result<Option<u64>, JournalError> {
        Ok(before(&self.connection, alike)?)
    }
}

fn before(connection: &Connection, alike: Alike<'_>) -> rusqlite::Result<Option<u64>> {
    let mut statement = connection.prepare_cached(
        "SELECT listed - duplicates - invalid - ifnull((
           SELECT sum(customers) FROM listing WHERE listing.run = run.id AND reason = 'filtered'), 0)
         FROM run WHERE campaign = ?1 AND base_url = ?2 AND customers_file = ?3 AND digest <> '' AND test = 0
           AND state NOT IN ('cancelled', 'failed')
         ORDER BY due DESC, id DESC LIMIT 1",
    )?;
    let Alike {
        campaign,
        base_url,
        customers_file,
    } = alike;
    let parameters = params![campaign.as_str(), base_url, customers_file];
    let audience: Option<i64> = statement
        .query_row(parameters, |row| row.get(0))
        .optional()?;
    Ok(audience.and_then(|customers| u64::try_from(customers).ok()))
}
