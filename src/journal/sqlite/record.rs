//! Intents and outcomes: many batches, one commit, each change a compare-and-set.

use rusqlite::{Connection, OptionalExtension as _, Transaction, TransactionBehavior, params};

use super::place::OpenFile;
use super::tick::{self, TickFile};
use super::{boot_code, boot_millis, customers_key, millis};
use crate::delivery::batch::{BatchState, Change};
use crate::delivery::dispatch::Conclusion;
use crate::delivery::moment::Moment;
use crate::delivery::outcome::Words;
use crate::journal::packed::{pack_rows, rows};
use crate::journal::{Entry, Fence, JournalError, Permit, Reading, RunId, What};

/// What is said of a batch whose sender died.
const DIED: &str = "the process that was sending it ended before it could record what came of it";

type Recorded = Result<Vec<Permit>, JournalError>;

/// Records the groups in one commit. When one of them cannot be recorded, each is tried in a
/// commit of its own, so that one run's trouble is not another's.
pub(super) fn record(
    connection: &mut Connection,
    file: &OpenFile,
    ticks: &TickFile,
    groups: &[(Fence, Vec<Entry>)],
) -> Vec<Recorded> {
    match record_together(connection, file, ticks, groups) {
        Ok(permits) => permits.into_iter().map(Ok).collect(),
        Err(error) if groups.len() == 1 => vec![Err(error)],
        Err(_) => groups
            .chunks(1)
            .map(|group| {
                record_together(connection, file, ticks, group).map(|mut permits| permits.remove(0))
            })
            .collect(),
    }
}

fn record_together(
    connection: &mut Connection,
    file: &OpenFile,
    ticks: &TickFile,
    groups: &[(Fence, Vec<Entry>)],
) -> Result<Vec<Vec<Permit>>, JournalError> {
    // Who writes into a file that nobody else finds has recorded nothing.
    file.check()?;
    let tx = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let tick = tick::next(&tx)?;
    let permits = groups
        .iter()
        .map(|(fence, entries)| {
            check_fence(&tx, *fence)?;
            entries
                .iter()
                .filter_map(|entry| record_entry(&tx, fence.run, entry, tick).transpose())
                .collect()
        })
        .collect::<Result<_, JournalError>>()?;
    tx.commit()?;
    file.check_commit()?;
    ticks.note(tick);
    Ok(permits)
}

pub(super) fn check_fence(tx: &Transaction<'_>, fence: Fence) -> Result<(), JournalError> {
    let held: Option<i64> = tx
        .prepare_cached("SELECT fence FROM run WHERE id = ?1")?
        .query_row([fence.run.0], |row| row.get(0))
        .optional()?;
    if held == Some(fence.token) {
        Ok(())
    } else {
        Err(JournalError::Fenced)
    }
}

/// A permit comes of an intent alone, and counts only when the commit that follows succeeds.
fn record_entry(
    tx: &Transaction<'_>,
    run: RunId,
    entry: &Entry,
    tick: u64,
) -> Result<Option<Permit>, JournalError> {
    match &entry.what {
        What::Intent => {
            intend(tx, run, entry, tick)?;
            Ok(Some(Permit {
                run,
                batch: entry.batch,
                attempt: entry.attempt,
            }))
        }
        What::Outcome(conclusion) => {
            conclude(tx, run, entry, conclusion, tick)?;
            Ok(None)
        }
    }
}

fn intend(tx: &Transaction<'_>, run: RunId, entry: &Entry, tick: u64) -> Result<(), JournalError> {
    let changed = tx
        .prepare_cached(
            "UPDATE batch SET state = ?4, attempt = ?3, intended_at = ?5, intent_tick = ?7, ended_at = NULL,
               ended_tick = NULL, intent_boot = ?8, intent_boot_ms = ?9, ended_boot = NULL, ended_boot_ms = NULL
             WHERE run = ?1 AND number = ?2 AND attempt = ?3 - 1 AND state = ?6",
        )?
        .execute(params![
            run.0,
            entry.batch,
            entry.attempt,
            Change::Intend.to().code(),
            millis(entry.at.wall),
            Change::Intend.from().code(),
            tick as i64,
            entry.at.boot.map(boot_code),
            entry.at.boot.map(|at| boot_millis(at.rounded_down())),
        ])?;
    exactly_one(changed, entry.batch, "intent")
}

fn conclude(
    tx: &Transaction<'_>,
    run: RunId,
    entry: &Entry,
    conclusion: &Conclusion,
    tick: u64,
) -> Result<(), JournalError> {
    let change = conclusion.change();
    let chat = match conclusion {
        Conclusion::Accepted(chat) => Some(chat.0 as i64),
        _ => None,
    };
    let changed = tx
        .prepare_cached(
            "UPDATE batch SET state = ?4, ended_at = ?5, chat = ?6, ended_tick = ?8,
               ended_boot = ?9, ended_boot_ms = ?10
             WHERE run = ?1 AND number = ?2 AND attempt = ?3 AND state = ?7",
        )?
        .execute(params![
            run.0,
            entry.batch,
            entry.attempt,
            change.to().code(),
            millis(entry.at.wall),
            chat,
            change.from().code(),
            tick as i64,
            entry.at.boot.map(boot_code),
            entry.at.boot.map(|at| boot_millis(at.rounded_up())),
        ])?;
    exactly_one(changed, entry.batch, "outcome")?;
    if let Some(words) = conclusion.words() {
        keep_attempt(tx, run, entry, outcome_name(change), words)?;
    }
    if let Conclusion::Split(_, parts) = conclusion {
        add_parts(tx, run, entry.batch, parts)?;
    }
    Ok(())
}

pub(super) fn exactly_one(
    changed: usize,
    batch: u32,
    what: &'static str,
) -> Result<(), JournalError> {
    if changed == 1 {
        Ok(())
    } else {
        Err(JournalError::Forbidden { batch, what })
    }
}

fn outcome_name(change: Change) -> &'static str {
    match change {
        Change::NotSent => "not sent",
        other => other.to().as_str(),
    }
}

fn keep_attempt(
    tx: &Transaction<'_>,
    run: RunId,
    entry: &Entry,
    outcome: &str,
    words: &Words,
) -> Result<(), JournalError> {
    tx.prepare_cached(
        "INSERT INTO attempt (run, batch, attempt, intended_at, ended_at, outcome, status, code, message)
         SELECT ?1, ?2, ?3, intended_at, ?4, ?5, ?6, ?7, ?8 FROM batch WHERE run = ?1 AND number = ?2",
    )?
    .execute(params![
        run.0,
        entry.batch,
        entry.attempt,
        millis(entry.at.wall),
        outcome,
        words.status,
        words.code,
        words.message,
    ])?;
    Ok(())
}

/// The parts of a split batch, each customer with the line it was listed in. Every customer of the
/// batch must be in exactly one of them.
fn add_parts(
    tx: &Transaction<'_>,
    run: RunId,
    parent: u32,
    parts: &[(u32, Vec<u64>)],
) -> Result<(), JournalError> {
    let refused = JournalError::Forbidden {
        batch: parent,
        what: "split",
    };
    let (customers, lines) = rows_of(tx, run, parent)?;
    let mut line_of: std::collections::HashMap<u64, u64> =
        customers.into_iter().zip(lines).collect();
    for (number, customers) in parts {
        let lines: Vec<u64> = customers
            .iter()
            .filter_map(|id| line_of.remove(id))
            .collect();
        if lines.len() != customers.len() {
            return Err(refused);
        }
        tx.prepare_cached(
            "INSERT INTO batch (run, number, parent, customers, state) VALUES (?1, ?2, ?3, ?4, ?5)",
        )?
        .execute(params![
            run.0,
            number,
            parent,
            customers.len() as i64,
            BatchState::Planned.code()
        ])?;
        let mut packed = Vec::new();
        pack_rows(customers, &lines, &mut packed);
        tx.prepare_cached("INSERT INTO batch_customers (id, packed) VALUES (?1, ?2)")?
            .execute(params![customers_key(run, *number), packed])?;
    }
    if line_of.is_empty() {
        Ok(())
    } else {
        Err(refused)
    }
}

fn rows_of(
    tx: &Transaction<'_>,
    run: RunId,
    batch: u32,
) -> Result<(Vec<u64>, Vec<u64>), JournalError> {
    let packed: Vec<u8> = tx
        .prepare_cached("SELECT packed FROM batch_customers WHERE id = ?1")?
        .query_row([customers_key(run, batch)], |row| row.get(0))?;
    Ok(rows(&packed)?)
}

/// Turns what a dead owner left in flight into unknowns, and says how many there were.
pub(super) fn recover(
    tx: &Transaction<'_>,
    run: RunId,
    now: Moment,
    tick: u64,
) -> Result<u32, JournalError> {
    let in_flight: Vec<(u32, u32)> = tx
        .prepare_cached("SELECT number, attempt FROM batch WHERE run = ?1 AND state = ?2")?
        .query_map(params![run.0, BatchState::Sending.code()], |row| {
            Ok((row.get(0)?, row.get(1)?))
        })?
        .collect::<Result<_, _>>()?;
    for (batch, attempt) in &in_flight {
        let what = What::Outcome(Conclusion::Unknown(Words::own(DIED)));
        record_entry(
            tx,
            run,
            &Entry {
                batch: *batch,
                attempt: *attempt,
                at: now,
                what,
            },
            tick,
        )?;
    }
    Ok(in_flight.len() as u32)
}

/// Keeps a reading; in the time series only where it says something new.
pub(super) fn keep_reading(
    tx: &Transaction<'_>,
    run: RunId,
    reading: &Reading,
) -> Result<(), JournalError> {
    let counts = reading.figures.counts;
    let (sent, responded, closed) = (
        counts.sent as i64,
        counts.responded as i64,
        counts.closed as i64,
    );
    tx.prepare_cached(
        "INSERT OR REPLACE INTO reading (run, batch, at, sent, responded, closed)
         SELECT ?1, ?2, ?3, ?4, ?5, ?6 FROM batch
         WHERE run = ?1 AND number = ?2 AND (read_at IS NULL OR (sent, responded, closed) IS NOT (?4, ?5, ?6))",
    )?
    .execute(params![run.0, reading.batch, millis(reading.at), sent, responded, closed])?;
    tx.prepare_cached(
        "UPDATE batch SET read_at = ?3, sent = ?4, responded = ?5, closed = ?6, settled = ?7, below_zero = ?8,
           fell = fell OR ?4 < sent OR ?5 < responded OR ?6 < closed
         WHERE run = ?1 AND number = ?2 AND (read_at IS NULL OR read_at <= ?3)",
    )?
    .execute(params![
        run.0,
        reading.batch,
        millis(reading.at),
        sent,
        responded,
        closed,
        reading.settled,
        reading.figures.below_zero
    ])?;
    Ok(())
}
