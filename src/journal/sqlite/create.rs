//! Freezing a plan: the run and all of its batches in one transaction.

use rusqlite::{CachedStatement, Connection, Transaction, TransactionBehavior, params};

use super::schedule::move_decided;
use super::{customers_key, millis, timestamp};
use crate::campaign::InvalidRow;
use crate::delivery::batch::BatchState;
use crate::delivery::plan::{PlanSink, PlanSummary};
use crate::journal::packed::{pack_rows, write_varint};
use crate::journal::{Fill, JournalError, NewRun, RunId, RunKey, RunState, Tended};

pub(super) fn create_run<E: From<JournalError>>(
    connection: &mut Connection,
    new: &NewRun,
    fill: Fill<'_, E>,
) -> Result<RunId, E> {
    let tx = connection
        .transaction_with_behavior(TransactionBehavior::Immediate)
        .map_err(|error| E::from(error.into()))?;
    let run = insert_run(&tx, new)?;
    let summary = fill(&mut Rows::new(&tx, run)?)?;
    freeze(&tx, run, &summary)?;
    tx.commit().map_err(|error| E::from(error.into()))?;
    Ok(run)
}

fn insert_run(tx: &Transaction<'_>, new: &NewRun) -> Result<RunId, JournalError> {
    let due = millis(new.key.due);
    let unfinished = unfinished(tx, new)?;
    if let Some(due) = unfinished.filter(|_| !new.beside) {
        let key = RunKey {
            campaign: new.key.campaign.clone(),
            due: timestamp(due),
        };
        return Err(JournalError::Unfinished(key));
    }
    let taken: bool = tx.query_row(
        "SELECT EXISTS (SELECT 1 FROM run WHERE campaign = ?1 AND due = ?2)",
        params![new.key.campaign.as_str(), due],
        |row| row.get(0),
    )?;
    if taken {
        return Err(JournalError::Exists(new.key.clone()));
    }
    tx.execute(
        "INSERT INTO run (campaign, due, state, message, group_key, agent_id, priority, batch_size, base_url,
           customers_file, unknown_policy, created_at, tended, queued, send_window)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15)",
        params![
            new.key.campaign.as_str(),
            due,
            RunState::Planned.as_str(),
            new.message,
            new.group,
            new.agent_id as i64,
            new.priority.as_str(),
            new.batch_size,
            new.base_url,
            new.customers_file,
            new.unknown.as_str(),
            millis(new.created_at),
            tended(new.launch.tended),
            new.launch.queued,
            new.launch.window,
        ],
    )?;
    if let Some(decided) = new.launch.decided {
        move_decided(tx, &new.key.campaign, decided)?;
    }
    Ok(RunId(tx.last_insert_rowid()))
}

fn tended(by: Tended) -> &'static str {
    match by {
        Tended::ByHand => "hand",
        Tended::ByDaemon => "daemon",
    }
}

/// When the latest run of this campaign was due that was not finished yet when the new one was
/// asked for. Looked up in the transaction that adds the new one, so that of two processes that
/// start at once one finds the other's run, even where that one is through already.
fn unfinished(tx: &Transaction<'_>, new: &NewRun) -> Result<Option<i64>, JournalError> {
    // Of what never had a plan, such as a missed run, nothing can be unfinished.
    let mut statement = tx.prepare_cached(
        "SELECT due, state, ended_at FROM run WHERE campaign = ?1 AND digest <> '' ORDER BY due DESC",
    )?;
    let mut rows = statement.query([new.key.campaign.as_str()])?;
    while let Some(row) = rows.next()? {
        let state: String = row.get(1)?;
        let ended_at: Option<i64> = row.get(2)?;
        let is_open = RunState::parse(&state).is_some_and(RunState::is_open);
        if is_open || ended_at.is_some_and(|at| at > millis(new.created_at)) {
            return Ok(Some(row.get(0)?));
        }
    }
    Ok(None)
}

fn freeze(tx: &Transaction<'_>, run: RunId, summary: &PlanSummary) -> Result<(), JournalError> {
    let listing = summary.listing;
    tx.execute(
        "UPDATE run SET digest = ?2, listed = ?3, duplicates = ?4, invalid = ?5, excluded = ?6 WHERE id = ?1",
        params![
            run.0,
            summary.digest.to_string(),
            listing.listed as i64,
            listing.duplicates as i64,
            listing.invalid as i64,
            listing.excluded as i64,
        ],
    )?;
    Ok(())
}

/// The sink of a journaled plan.
struct Rows<'t> {
    run: RunId,
    batch: CachedStatement<'t>,
    customers: CachedStatement<'t>,
    left_out: CachedStatement<'t>,
    packed: Vec<u8>,
}

impl<'t> Rows<'t> {
    fn new(tx: &'t Transaction<'_>, run: RunId) -> Result<Rows<'t>, JournalError> {
        Ok(Rows {
            run,
            batch: tx.prepare_cached(
                "INSERT INTO batch (run, number, customers, state) VALUES (?1, ?2, ?3, ?4)",
            )?,
            customers: tx
                .prepare_cached("INSERT INTO batch_customers (id, packed) VALUES (?1, ?2)")?,
            left_out: tx
                .prepare_cached("INSERT INTO left_out (run, reason, packed) VALUES (?1, ?2, ?3)")?,
            packed: Vec::new(),
        })
    }
}

impl PlanSink for Rows<'_> {
    type Error = JournalError;

    fn batch(&mut self, number: u32, customers: &[u64], lines: &[u64]) -> Result<(), JournalError> {
        self.packed.clear();
        pack_rows(customers, lines, &mut self.packed);
        let planned = BatchState::Planned.code();
        self.batch
            .execute(params![self.run.0, number, customers.len() as i64, planned])?;
        self.customers
            .execute(params![customers_key(self.run, number), self.packed])?;
        Ok(())
    }

    fn duplicates(&mut self, customers: &[u64], lines: &[u64]) -> Result<(), JournalError> {
        self.packed.clear();
        pack_rows(customers, lines, &mut self.packed);
        self.left_out
            .execute(params![self.run.0, "duplicate", self.packed])?;
        Ok(())
    }

    fn invalid(&mut self, rows: &[InvalidRow]) -> Result<(), JournalError> {
        self.packed.clear();
        for row in rows {
            write_varint(row.line, &mut self.packed);
            write_varint(row.value.len() as u64, &mut self.packed);
            self.packed.extend_from_slice(row.value.as_bytes());
        }
        self.left_out
            .execute(params![self.run.0, "invalid", self.packed])?;
        Ok(())
    }
}
