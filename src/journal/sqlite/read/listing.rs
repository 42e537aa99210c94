//! What the rows of a run's customer files came to, by reason.

use rusqlite::Row;

use super::{Store, unsigned};
use crate::delivery::reason::{Ground, Reason};
use crate::delivery::tally::Listing;
use crate::journal::{JournalError, RunId};

impl Store {
    /// How many rows of a run were left out for what, in the order in which the reasons are
    /// tested; nothing for runs that were planned before reasons were kept.
    pub fn grounds(&self, run: RunId) -> Result<Vec<(Ground, u64)>, JournalError> {
        Ok(self.grounds_of(run)?)
    }

    fn grounds_of(&self, run: RunId) -> rusqlite::Result<Vec<(Ground, u64)>> {
        let mut statement = self
            .connection
            .prepare_cached("SELECT reason, detail, customers FROM listing WHERE run = ?1")?;
        let rows = statement.query_map([run.0], |row| Ok((ground(row, 0)?, unsigned(row, 2)?)))?;
        let mut grounds: Vec<(Ground, u64)> = rows.collect::<Result<_, _>>()?;
        grounds.sort();
        Ok(grounds)
    }

    /// The listing in the four columns from `first`, with the reasons of whoever was excluded.
    pub(super) fn listing(
        &self,
        run: RunId,
        row: &Row<'_>,
        first: usize,
    ) -> rusqlite::Result<Listing> {
        let mut listing = Listing {
            listed: unsigned(row, first)?,
            duplicates: unsigned(row, first + 1)?,
            invalid: unsigned(row, first + 2)?,
            excluded: unsigned(row, first + 3)?,
            ..Listing::default()
        };
        if listing.excluded > 0 {
            for (ground, customers) in self.grounds_of(run)? {
                listing.excluded_by.add(ground.reason, customers);
            }
        }
        Ok(listing)
    }
}

/// A reason and its particulars, in the two columns from `first`.
pub(super) fn ground(row: &Row<'_>, first: usize) -> rusqlite::Result<Ground> {
    Ok(Ground {
        reason: super::named(row, first, Reason::parse)?,
        detail: row.get(first + 1)?,
    })
}
