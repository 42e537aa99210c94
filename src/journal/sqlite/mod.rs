//! The journal in a SQLite file: the default, for one machine.
//!
//! Durability is SQLite's safest setting, set and read back at every start. Who owns a run is
//! decided by a lock file that the kernel releases when its holder dies, whatever it dies of: the
//! run of a killed process can be taken over at once, and that of a living one never.

mod adopt;
mod ahead;
mod approval;
mod create;
pub(super) mod daemon;
pub(super) mod facts;
pub(super) mod gate;
mod lookups;
mod messaged;
mod open;
mod orders;
mod owner;
mod place;
pub(super) mod read;
mod record;
pub(super) mod retraction;
mod runs;
mod schedule;
mod settle;
mod staged;
mod tick;

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use jiff::Timestamp;
use rusqlite::{Connection, TransactionBehavior, params};

use super::{
    Claim, Entry, Fence, Fill, Journal, JournalError, KnownChat, NewRun, Permit, Purpose, Reading,
    RunId, RunState, SENDER_ENDED, Tracked, UnknownBatch, Verdict,
};
use crate::campaign::{Repeat, UnknownPolicy};
use crate::delivery::batch::BatchState;
use crate::delivery::dispatch::Work;
use crate::delivery::moment::{BootTime, Moment};
use crate::delivery::outcome::ChatId;
use crate::delivery::run::{RunChange, next};
use crate::delivery::tracking::Counts;
use crate::journal::store::Creation;

/// A journal in a SQLite file.
#[derive(Debug)]
pub struct StoreJournal {
    connection: Connection,
    file: place::OpenFile,
    path: PathBuf,
    owned: HashMap<RunId, owner::Lock>,
    ticks: tick::TickFile,
}

impl StoreJournal {
    /// Opens an existing store.
    ///
    /// Refuses, with a sentence, a file that is no store, that a newer deskcast wrote, that cannot
    /// be written, or whose file system cannot do what durability needs.
    pub(in crate::journal) fn open(path: &Path) -> Result<StoreJournal, JournalError> {
        let (connection, file) = open::writable(path)?;
        Ok(StoreJournal {
            connection,
            file,
            path: path.to_owned(),
            owned: HashMap::new(),
            ticks: tick::TickFile::open(path),
        })
    }

    /// Makes a store with permissions for its owner only, unless there is one.
    ///
    /// # Errors
    /// As [`StoreJournal::open`]; and where something is left of a store that is gone.
    pub(in crate::journal) fn create(path: &Path) -> Result<Creation, JournalError> {
        open::create(path)
    }

    /// Refuses a store that must not be sent from: a copy, one that was put back, or one whose
    /// file was taken away while it was open.
    ///
    /// # Errors
    /// Says what tells so, and what to do.
    pub fn check_place(&self) -> Result<(), JournalError> {
        self.file.check()?;
        place::check(&self.connection, &self.path)
    }

    /// Gives up a run whose unknown batches were planned again, and that can be gone on with
    /// therefore; one that is paused stays so.
    pub fn reopen(&mut self, fence: Fence, note: &str, now: Timestamp) -> Result<(), JournalError> {
        let reopened = settle::reopen(&mut self.connection, fence, note, now);
        self.owned.remove(&fence.run);
        reopened
    }
}

/// The file beside the store whose name ends so.
fn beside(store: &Path, end: &str) -> PathBuf {
    let mut name = store.as_os_str().to_owned();
    name.push(end);
    PathBuf::from(name)
}

/// A time as the store keeps it.
fn millis(at: Timestamp) -> i64 {
    at.as_millisecond()
}

/// A stored time. A damaged one becomes 1970: it is shown, and decides nothing.
fn timestamp(millis: i64) -> Timestamp {
    Timestamp::from_millisecond(millis).unwrap_or(Timestamp::UNIX_EPOCH)
}

/// A boot as it is stored.
fn boot_code(at: BootTime) -> i64 {
    at.boot.cast_signed()
}

/// A reading of the boot clock as it is stored, rounded as its side asks for.
fn boot_millis(at: BootTime) -> i64 {
    i64::try_from(at.since.as_millis()).unwrap_or(i64::MAX)
}

/// A stored reading of the boot clock, from the two columns that begin at `column`.
fn boot_time(row: &rusqlite::Row<'_>, column: usize) -> rusqlite::Result<Option<BootTime>> {
    let boot: Option<i64> = row.get(column)?;
    let millis: Option<i64> = row.get(column + 1)?;
    Ok(boot.zip(millis).map(|(boot, millis)| BootTime {
        boot: boot.cast_unsigned(),
        since: Duration::from_millis(millis.unsigned_abs()),
    }))
}

/// The key of a batch's customers.
fn customers_key(run: RunId, batch: u32) -> i64 {
    (run.0 << 32) | i64::from(batch)
}

impl From<rusqlite::Error> for JournalError {
    fn from(error: rusqlite::Error) -> JournalError {
        JournalError::Store(open::sentence(&error))
    }
}

impl From<super::packed::Damaged> for JournalError {
    fn from(_: super::packed::Damaged) -> JournalError {
        JournalError::Store(
            "the store is damaged: a packed list of customers cannot be read. Restore a backup"
                .to_owned(),
        )
    }
}

impl Journal for StoreJournal {
    fn create_run<E: From<JournalError>>(
        &mut self,
        new: &NewRun,
        fill: Fill<'_, E>,
    ) -> Result<RunId, E> {
        self.plan_run(new, &Repeat::always(), &mut |_, sink| fill(sink))
    }

    fn claim(
        &mut self,
        run: RunId,
        purpose: Purpose,
        now: impl Into<Moment>,
    ) -> Result<Claim, JournalError> {
        let moment = now.into();
        let now = moment.wall;
        let lock = owner::Lock::take(&self.path, run)?;
        let tx = self
            .connection
            .transaction_with_behavior(TransactionBehavior::Immediate)?;
        self.file.check()?;
        place::check(&tx, &self.path)?;
        self.ticks.look_again();
        orders::obey(&tx, run, now)?;
        let from = runs::state_of(&tx, run)?;
        let state = match next(from, purpose.change()) {
            Ok(state) => state,
            Err(refusal) => {
                // What was ordered is obeyed all the same.
                let tick = tick::last(&tx)?;
                tx.commit()?;
                self.ticks.note(tick);
                return Err(refusal.into());
            }
        };
        let tick = tick::next(&tx)?;
        let last_intent_at: Option<i64> = tx.query_row(
            "SELECT max(intended_at) FROM batch WHERE run = ?1",
            [run.0],
            |row| row.get(0),
        )?;
        let recovered = record::recover(&tx, run, moment, tick)?;
        tx.execute(
            "UPDATE run SET fence = fence + 1, owner = ?2 WHERE id = ?1",
            params![run.0, owner::name()],
        )?;
        match purpose {
            Purpose::Sending => {
                tx.execute(
                    "UPDATE run SET state = ?3, note = '', ended_at = NULL,
                       started_at = coalesce(started_at, ?2) WHERE id = ?1",
                    params![run.0, millis(now), state.as_str()],
                )?;
            }
            Purpose::Settling if state != from => {
                tx.execute(
                    "UPDATE run SET state = ?2, note = ?3 WHERE id = ?1",
                    params![run.0, state.as_str(), SENDER_ENDED],
                )?;
            }
            Purpose::Settling => {}
        }
        // Nothing of a cancelled run is sent any more, whatever is proved of it.
        let (token, last_batch, proven, policy): (i64, u32, bool, String) = tx.query_row(
            "SELECT fence, (SELECT coalesce(max(number), 0) FROM batch WHERE run = ?1),
               EXISTS (SELECT 1 FROM batch WHERE run = ?1 AND state = ?2),
               CASE state WHEN 'cancelled' THEN 'hold' ELSE unknown_policy END
             FROM run WHERE id = ?1",
            params![run.0, BatchState::Accepted.code()],
            |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?)),
        )?;
        tx.commit()?;
        self.ticks.note(tick);
        self.owned.insert(run, lock);
        Ok(Claim {
            fence: Fence { run, token },
            last_batch,
            proven,
            unknown: UnknownPolicy::parse(&policy).unwrap_or_default(),
            recovered,
            last_intent_at: last_intent_at.map(timestamp),
        })
    }

    fn record(&mut self, groups: &[(Fence, Vec<Entry>)]) -> Vec<Result<Vec<Permit>, JournalError>> {
        record::record(&mut self.connection, &self.file, &self.ticks, groups)
    }

    fn planned(
        &mut self,
        run: RunId,
        after: u32,
        up_to: u32,
        most: usize,
    ) -> Result<Vec<Work>, JournalError> {
        let mut statement = self.connection.prepare_cached(
            "SELECT b.number, b.attempt, c.packed FROM batch b
               JOIN batch_customers c ON c.id = (b.run << 32) + b.number
             WHERE b.run = ?1 AND b.number > ?2 AND b.number <= ?3 AND b.state = ?4 ORDER BY b.number LIMIT ?5",
        )?;
        let mut rows = statement.query(params![
            run.0,
            after,
            up_to,
            BatchState::Planned.code(),
            i64::try_from(most).unwrap_or(i64::MAX)
        ])?;
        let mut batches = Vec::new();
        while let Some(row) = rows.next()? {
            let customers = super::packed::customers(row.get_ref(2)?.as_blob().map_err(damaged)?)?;
            batches.push(Work {
                number: row.get(0)?,
                attempts: row.get(1)?,
                customers,
            });
        }
        Ok(batches)
    }

    fn all_sent(&mut self, fence: Fence) -> Result<(), JournalError> {
        let tx = self
            .connection
            .transaction_with_behavior(TransactionBehavior::Immediate)?;
        let from = runs::fenced_state(&tx, fence)?;
        let state = next(from, RunChange::AllSent)?;
        runs::set_state(&tx, fence.run, state)?;
        Ok(tx.commit()?)
    }

    fn unclaim(&mut self, fence: Fence) {
        self.owned.remove(&fence.run);
    }

    fn release(
        &mut self,
        fence: Fence,
        state: RunState,
        note: &str,
        now: Timestamp,
    ) -> Result<(), JournalError> {
        let tx = self
            .connection
            .transaction_with_behavior(TransactionBehavior::Immediate)?;
        let released = runs::release(&tx, fence, state, note, now);
        if let Ok(left) = &released {
            orders::answer_pending(&tx, fence.run, *left, now)?;
        }
        tx.commit()?;
        self.owned.remove(&fence.run);
        released.map(drop)
    }

    fn pause(&mut self, fence: Fence, note: &str, now: Timestamp) -> Result<(), JournalError> {
        let tx = self
            .connection
            .transaction_with_behavior(TransactionBehavior::Immediate)?;
        runs::pause(&tx, fence, note, now)?;
        Ok(tx.commit()?)
    }

    fn tracked(&mut self, run: RunId) -> Result<Vec<Tracked>, JournalError> {
        let mut statement = self.connection.prepare_cached(
            "SELECT number, chat, customers, coalesce(ended_at, 0), read_at, sent, responded, closed FROM batch
             WHERE run = ?1 AND state = ?2 AND settled = 0 AND chat IS NOT NULL ORDER BY number",
        )?;
        let rows = statement.query_map(params![run.0, BatchState::Accepted.code()], |row| {
            Ok(Tracked {
                batch: row.get(0)?,
                chat: ChatId(row.get::<_, i64>(1)? as u64),
                customers: row.get(2)?,
                accepted_at: timestamp(row.get(3)?),
                read_at: row.get::<_, Option<i64>>(4)?.map(timestamp),
                counts: counts_at(row, 5)?,
            })
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    fn unknowns(&mut self, run: RunId) -> Result<Vec<UnknownBatch>, JournalError> {
        settle::unknowns(&self.connection, run)
    }

    fn known_chats(&mut self, run: RunId) -> Result<Vec<KnownChat>, JournalError> {
        settle::known_chats(&self.connection, run)
    }

    fn resolve(&mut self, fence: Fence, verdicts: &[Verdict]) -> Result<(), JournalError> {
        settle::resolve(&mut self.connection, fence, verdicts)
    }

    fn keep_readings(
        &mut self,
        run: RunId,
        readings: &[Reading],
        reads: u64,
    ) -> Result<(), JournalError> {
        let tx = self
            .connection
            .transaction_with_behavior(TransactionBehavior::Immediate)?;
        for reading in readings {
            record::keep_reading(&tx, run, reading)?;
        }
        tx.execute(
            "UPDATE run SET reads = reads + ?2 WHERE id = ?1",
            params![run.0, reads as i64],
        )?;
        Ok(tx.commit()?)
    }
}

fn damaged(_: rusqlite::types::FromSqlError) -> JournalError {
    super::packed::Damaged.into()
}

/// Counts in the columns from `first`.
fn counts_at(row: &rusqlite::Row<'_>, first: usize) -> rusqlite::Result<Counts> {
    Ok(Counts {
        sent: row.get::<_, i64>(first)? as u64,
        responded: row.get::<_, i64>(first + 1)? as u64,
        closed: row.get::<_, i64>(first + 2)? as u64,
    })
}
