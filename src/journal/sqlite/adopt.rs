//! Adopting a store: an operator says that this copy is the one that goes on.
//!
//! Another copy may have sent whatever was planned here, and may have decided what is unknown here.
//! So every batch that is not ended becomes unknown, and stays so until its chat is found in Desk
//! or an operator decides: that it is absent is never concluded from the order of commits of this
//! copy, which says nothing of the other's. Due times up to now count as decided.

use jiff::Timestamp;
use rusqlite::{Transaction, TransactionBehavior, params};

use super::{StoreJournal, millis, owner, place, tick};
use crate::delivery::batch::BatchState;
use crate::journal::place::BEYOND_EVERY_TICK;
use crate::journal::store::{Adoption, NewAdoption};
use crate::journal::{JournalError, RunId};

const SAID: &str = "another copy of the store may have sent it before this one was adopted";
/// The states of runs of which something may still be sent.
const OPEN: &str = "('planned', 'sending', 'reading', 'stopped', 'paused')";

impl StoreJournal {
    /// What tells that this store is a copy, or was put back; nothing where it is the original.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn differences(&self) -> Result<Vec<String>, JournalError> {
        self.file.check()?;
        place::differences(&self.connection, &self.path)
    }

    /// Makes this store the one that goes on: everything that another copy may have sent becomes
    /// unknown, unless they say that there is nothing, and this is its place from now on.
    ///
    /// # Errors
    /// While a process sends one of its runs.
    pub fn adopt_store(&mut self, new: &NewAdoption) -> Result<Adoption, JournalError> {
        self.file.check()?;
        let differences = place::differences(&self.connection, &self.path)?;
        // Held until the end, so that nobody begins to send what becomes unknown.
        let _locks = self.hold_open_runs()?;
        let tx = self
            .connection
            .transaction_with_behavior(TransactionBehavior::Immediate)?;
        let noted = tick::read(&self.path).tick.unwrap_or(0);
        tx.execute("UPDATE tick SET last = max(last, ?1)", [noted as i64])?;
        let tick = tick::next(&tx)?;
        let (batches, customers) = match new.nothing_since {
            true => (0, 0),
            false => take_as_unknown(&tx, tick, new.at)?,
        };
        tx.execute(
            "INSERT INTO adoption (at, by, why, differences, nothing_since, batches, customers)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
            params![
                millis(new.at),
                new.by,
                new.why,
                differences.join("\n"),
                new.nothing_since,
                batches as i64,
                customers as i64,
            ],
        )?;
        place::resettle(&tx, &self.path, tick)?;
        tx.commit()?;
        self.ticks.look_again();
        Ok(Adoption {
            differences,
            batches,
            customers,
        })
    }

    fn hold_open_runs(&self) -> Result<Vec<owner::Lock>, JournalError> {
        let open: Vec<RunId> = self
            .connection
            .prepare(&format!("SELECT id FROM run WHERE state IN {OPEN}"))?
            .query_map([], |row| row.get(0).map(RunId))?
            .collect::<Result<_, _>>()?;
        open.into_iter()
            .map(|run| owner::Lock::take(&self.path, run))
            .collect()
    }
}

/// Takes every batch that is not ended as unknown; returns how many became so, and their customers.
fn take_as_unknown(
    tx: &Transaction<'_>,
    tick: u64,
    now: Timestamp,
) -> Result<(u64, u64), JournalError> {
    let (planned, sending) = (BatchState::Planned.code(), BatchState::Sending.code());
    let unknown = BatchState::Unknown.code();
    let open = format!(
        "state IN ({planned}, {sending}) AND run IN (SELECT id FROM run WHERE state IN {OPEN})"
    );
    let taken: (i64, i64) = tx.query_row(
        &format!("SELECT count(*), coalesce(sum(customers), 0) FROM batch WHERE {open}"),
        [],
        |row| Ok((row.get(0)?, row.get(1)?)),
    )?;
    // The other copy's intent and its loss in one: since when it may have been, nobody knows here.
    tx.execute(
        &format!(
            "UPDATE batch SET attempt = attempt + 1, intent_tick = ?1, intent_boot = NULL, intent_boot_ms = NULL,
               intended_at = (SELECT created_at FROM run WHERE id = batch.run)
             WHERE state = {planned} AND {open}"
        ),
        [tick as i64],
    )?;
    tx.execute(
        &format!(
            "INSERT INTO attempt (run, batch, attempt, intended_at, ended_at, outcome, message)
             SELECT run, number, attempt, intended_at, ?1, 'unknown', ?2 FROM batch WHERE {open}"
        ),
        params![millis(now), SAID],
    )?;
    tx.execute(
        &format!("UPDATE batch SET state = {unknown} WHERE {open}"),
        [],
    )?;
    // Also those that were unknown before: the other copy may have sent them again since.
    tx.execute(
        &format!(
            "UPDATE batch SET ended_at = ?1, ended_tick = ?2, ended_boot = NULL, ended_boot_ms = NULL
             WHERE state = {unknown}"
        ),
        params![millis(now), BEYOND_EVERY_TICK],
    )?;
    tx.execute(
        "UPDATE schedule SET decided = max(decided, ?1)",
        [millis(now)],
    )?;
    Ok((taken.0.unsigned_abs(), taken.1.unsigned_abs()))
}
