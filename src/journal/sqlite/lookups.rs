//! What Desk said of Sendbird user ids, kept so that nobody is asked about twice.
//!
//! A customer keeps its id for as long as there is one, so that what is known of one is known for
//! good. Whom Desk does not know it may know tomorrow: that is asked again after a day.

use jiff::{SignedDuration, Timestamp};
use rusqlite::{Connection, OptionalExtension as _, TransactionBehavior, params};

use super::read::Store;
use super::{StoreJournal, millis};
use crate::journal::JournalError;
use crate::journal::lookups::{Kept, Looked};

/// For how long it holds that Desk knows nobody by an id.
const NOBODY_FOR: SignedDuration = SignedDuration::from_hours(24);

impl StoreJournal {
    /// Keeps answers of the Desk at this address, in one commit.
    ///
    /// # Errors
    /// When the store cannot be written.
    pub fn keep_looked_up(
        &mut self,
        base_url: &str,
        looked: &[Looked],
        at: Timestamp,
    ) -> Result<(), JournalError> {
        let tx = self
            .connection
            .transaction_with_behavior(TransactionBehavior::Immediate)?;
        let mut statement = tx.prepare_cached(
            "INSERT OR REPLACE INTO known_customer (base_url, sendbird_id, customer, looked_up_at)
             VALUES (?1, ?2, ?3, ?4)",
        )?;
        for (name, customer) in looked {
            let customer = customer.map(|id| id as i64);
            statement.execute(params![base_url, &**name, customer, millis(at)])?;
        }
        drop(statement);
        Ok(tx.commit()?)
    }

    /// The same as [`Store::looked_up`].
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn looked_up(
        &self,
        base_url: &str,
        name: &str,
        now: Timestamp,
    ) -> Result<Option<Kept>, JournalError> {
        looked_up(&self.connection, base_url, name, now)
    }
}

impl Store {
    /// What the Desk at this address said of a Sendbird user id; none where it was not asked.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn looked_up(
        &self,
        base_url: &str,
        name: &str,
        now: Timestamp,
    ) -> Result<Option<Kept>, JournalError> {
        looked_up(&self.connection, base_url, name, now)
    }
}

fn looked_up(
    connection: &Connection,
    base_url: &str,
    name: &str,
    now: Timestamp,
) -> Result<Option<Kept>, JournalError> {
    let fresh = millis(now.saturating_sub(NOBODY_FOR).unwrap_or(Timestamp::MIN));
    let mut statement = connection.prepare_cached(
        "SELECT customer, looked_up_at FROM known_customer WHERE base_url = ?1 AND sendbird_id = ?2",
    )?;
    let kept = statement.query_row(params![base_url, name], |row| {
        let customer: Option<i64> = row.get(0)?;
        let at: i64 = row.get(1)?;
        Ok(Kept {
            customer: customer.map(i64::unsigned_abs),
            stale: customer.is_none() && at <= fresh,
        })
    });
    Ok(kept.optional()?)
}
