//! A plan on its way into the store: it lies in temporary tables until it is complete.
//!
//! Reading a large customer file takes seconds, and the store has one writer at a time. So the
//! plan is filled into tables that belong to this connection alone, and copied into the store in
//! one short transaction once all of it is there.

use rusqlite::{CachedStatement, Connection, params};

use super::customers_key;
use crate::campaign::{InvalidId, InvalidRow, NamedRow};
use crate::delivery::batch::BatchState;
use crate::delivery::plan::PlanSink;
use crate::delivery::reason::{Ground, Reason};
use crate::journal::packed::{pack_rows, write_varint};
use crate::journal::{JournalError, RunId};

/// The sink of a plan that is filled into the temporary tables.
pub(super) struct Staged<'t> {
    batch: CachedStatement<'t>,
    left_out: CachedStatement<'t>,
    packed: Vec<u8>,
}

impl<'t> Staged<'t> {
    /// Begins a plan; what is left of an earlier one is thrown away.
    pub(super) fn begin(connection: &'t Connection) -> Result<Staged<'t>, JournalError> {
        connection.execute_batch(
            "CREATE TEMP TABLE IF NOT EXISTS staged_batch (
               number INTEGER PRIMARY KEY, customers INTEGER NOT NULL, packed BLOB NOT NULL) STRICT;
             CREATE TEMP TABLE IF NOT EXISTS staged_left_out (
               id INTEGER PRIMARY KEY, reason TEXT NOT NULL, detail TEXT NOT NULL, packed BLOB NOT NULL,
               by_name INTEGER NOT NULL) STRICT;",
        )?;
        clear(connection)?;
        Ok(Staged {
            batch: connection.prepare_cached(
                "INSERT INTO temp.staged_batch (number, customers, packed) VALUES (?1, ?2, ?3)",
            )?,
            left_out: connection.prepare_cached(
                "INSERT INTO temp.staged_left_out (reason, detail, packed, by_name) VALUES (?1, ?2, ?3, ?4)",
            )?,
            packed: Vec::new(),
        })
    }
}

/// Throws the staged plan away.
pub(super) fn clear(connection: &Connection) -> Result<(), JournalError> {
    Ok(connection
        .execute_batch("DELETE FROM temp.staged_batch; DELETE FROM temp.staged_left_out;")?)
}

/// Copies the staged plan into the store, as that of this run.
pub(super) fn copy(connection: &Connection, run: RunId) -> Result<(), JournalError> {
    connection.execute(
        "INSERT INTO batch (run, number, customers, state)
         SELECT ?1, number, customers, ?2 FROM temp.staged_batch ORDER BY number",
        params![run.0, BatchState::Planned.code()],
    )?;
    connection.execute(
        "INSERT INTO batch_customers (id, packed)
         SELECT ?1 + number, packed FROM temp.staged_batch ORDER BY number",
        [customers_key(run, 0)],
    )?;
    connection.execute(
        "INSERT INTO left_out (run, reason, detail, packed, by_name)
         SELECT ?1, reason, detail, packed, by_name FROM temp.staged_left_out ORDER BY id",
        [run.0],
    )?;
    Ok(())
}

impl PlanSink for Staged<'_> {
    type Error = JournalError;

    fn batch(&mut self, number: u32, customers: &[u64], lines: &[u64]) -> Result<(), JournalError> {
        self.packed.clear();
        pack_rows(customers, lines, &mut self.packed);
        self.batch
            .execute(params![number, customers.len() as i64, self.packed])?;
        Ok(())
    }

    fn left_out(
        &mut self,
        ground: &Ground,
        customers: &[u64],
        lines: &[u64],
    ) -> Result<(), JournalError> {
        self.packed.clear();
        pack_rows(customers, lines, &mut self.packed);
        self.left_out.execute(params![
            ground.reason.as_str(),
            ground.detail,
            self.packed,
            false
        ])?;
        Ok(())
    }

    fn left_out_by_name(&mut self, ground: &Ground, rows: &[NamedRow]) -> Result<(), JournalError> {
        let rows = rows.iter().map(|row| (row.line, &*row.name));
        self.texts(ground, rows)
    }

    fn invalid(&mut self, rows: &[InvalidRow]) -> Result<(), JournalError> {
        // What is wrong with an id of Desk is seen when it is read again, and what is wrong with its
        // row is not.
        let detail = |why: InvalidId| match why {
            InvalidId::TooLong
            | InvalidId::NotText
            | InvalidId::Invisible
            | InvalidId::CellNotText
            | InvalidId::InCell { .. }
            | InvalidId::MissingCell { .. }
            | InvalidId::TooManyFields { .. } => why.to_string(),
            _ => String::new(),
        };
        for rows in rows.chunk_by(|one, other| detail(one.why) == detail(other.why)) {
            let ground = Ground::new(Reason::Invalid, detail(rows[0].why));
            let rows = rows.iter().map(|row| (row.line, row.value.as_str()));
            self.texts(&ground, rows)?;
        }
        Ok(())
    }
}

impl Staged<'_> {
    fn texts<'r>(
        &mut self,
        ground: &Ground,
        rows: impl Iterator<Item = (u64, &'r str)>,
    ) -> Result<(), JournalError> {
        self.packed.clear();
        for (line, text) in rows {
            write_varint(line, &mut self.packed);
            write_varint(text.len() as u64, &mut self.packed);
            self.packed.extend_from_slice(text.as_bytes());
        }
        self.left_out.execute(params![
            ground.reason.as_str(),
            ground.detail,
            self.packed,
            true
        ])?;
        Ok(())
    }
}
