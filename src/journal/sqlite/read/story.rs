//! One customer's story: every run, line, batch and attempt they were part of.

use std::collections::BTreeMap;

use jiff::Timestamp;
use rusqlite::{OptionalExtension as _, Row, params};

use super::Store;
use super::customers::{blob, resolved, state, words};
use super::listing::ground;
use crate::campaign::CustomerId;
use crate::delivery::batch::BatchState;
use crate::delivery::outcome::ChatId;
use crate::delivery::reason::Reason;
use crate::journal::packed;
use crate::journal::reading::{Attempt, Part, Resolved, Story};
use crate::journal::runs::RunRecord;
use crate::journal::sqlite::{counts_at, timestamp};
use crate::journal::{JournalError, RunId};

impl Store {
    /// What these runs know of a customer, in their order; runs that do not know them are left
    /// out.
    pub fn stories<'r>(
        &self,
        customer: CustomerId,
        runs: &'r [RunRecord],
    ) -> Result<Vec<(&'r RunRecord, Story)>, JournalError> {
        let ids = runs.iter().map(|run| run.id.0);
        let (Some(first), Some(last)) = (ids.clone().min(), ids.max()) else {
            return Ok(Vec::new());
        };
        let mut found = BTreeMap::new();
        self.find_batches(customer.get(), first, last, &mut found)?;
        self.find_left_out(customer.get(), first, last, &mut found)?;
        let known = runs
            .iter()
            .filter_map(|run| Some((run, found.remove(&run.id)?)));
        Ok(known.collect())
    }

    /// Unpacks every batch between these runs. Nothing is kept by customer, so that ten million of
    /// them cost a hundred thousand rows; looking for one is rare, and takes a second.
    fn find_batches(
        &self,
        customer: u64,
        first: i64,
        last: i64,
        found: &mut BTreeMap<RunId, Story>,
    ) -> Result<(), JournalError> {
        let mut statement = self.connection.prepare_cached(
            "SELECT id, packed FROM batch_customers WHERE id >= ?1 AND id < ?2 ORDER BY id",
        )?;
        let mut rows = statement.query([first << 32, (last + 1) << 32])?;
        while let Some(row) = rows.next()? {
            let packed = blob(row, 1)?;
            let customers = packed::customers(packed)?;
            let Some(place) = customers.iter().position(|id| *id == customer) else {
                continue;
            };
            let id: i64 = row.get(0)?;
            let run = RunId(id >> 32);
            let Some(part) = self.part(run, (id & 0xffff_ffff) as u32)? else {
                continue;
            };
            let story: &mut Story = found.entry(run).or_default();
            story.line = packed::rows(packed)?.1.get(place).copied();
            story.parts.push(part);
        }
        Ok(())
    }

    fn find_left_out(
        &self,
        customer: u64,
        first: i64,
        last: i64,
        found: &mut BTreeMap<RunId, Story>,
    ) -> Result<(), JournalError> {
        let mut statement = self.connection.prepare_cached(
            "SELECT run, packed, reason, detail FROM left_out
             WHERE reason <> 'invalid' AND by_name = 0 AND run BETWEEN ?1 AND ?2 ORDER BY id",
        )?;
        let mut rows = statement.query([first, last])?;
        while let Some(row) = rows.next()? {
            let (customers, lines) = packed::rows(blob(row, 1)?)?;
            let of_customer = customers.iter().zip(lines);
            let mut lines = of_customer.filter(|(id, _)| **id == customer).peekable();
            if lines.peek().is_some() {
                let story = found.entry(RunId(row.get(0)?)).or_default();
                let ground = ground(row, 2)?;
                match ground.reason {
                    Reason::Duplicate => story.duplicates.extend(lines.map(|(_, line)| line)),
                    _ => story
                        .left_out
                        .extend(lines.map(|(_, line)| (line, ground.clone()))),
                }
            }
        }
        Ok(())
    }

    fn part(&self, run: RunId, batch: u32) -> Result<Option<Part>, JournalError> {
        let part = self
            .connection
            .prepare_cached(
                "SELECT number, parent, customers, state, attempt, intended_at, ended_at, chat,
                   sent, responded, closed, read_at, below_zero, fell
                 FROM batch WHERE run = ?1 AND number = ?2",
            )?
            .query_row(params![run.0, batch], |row| Ok(self.read_part(run, row)))
            .optional()?;
        part.transpose()
    }

    fn read_part(&self, run: RunId, row: &Row<'_>) -> Result<Part, JournalError> {
        let time = |column| -> rusqlite::Result<Option<Timestamp>> {
            Ok(row.get::<_, Option<i64>>(column)?.map(timestamp))
        };
        let (batch, state) = (row.get(0)?, state(row, 3)?);
        let (begun_at, ended_at) = (time(5)?, time(6)?);
        let mut attempts = self.attempts(run, batch)?;
        let last: u32 = row.get(4)?;
        let told = attempts.iter().any(|attempt| attempt.number == last);
        if !told && matches!(state, BatchState::Accepted | BatchState::Sending) {
            attempts.push(Attempt {
                number: last,
                begun_at,
                ended_at,
                outcome: state.as_str().to_owned(),
                words: None,
            });
        }
        Ok(Part {
            batch,
            parent: row.get(1)?,
            customers: row.get(2)?,
            state,
            at: ended_at.or(begun_at),
            attempts,
            resolutions: self.resolutions(run, batch)?,
            chat: row.get::<_, Option<i64>>(7)?.map(|id| ChatId(id as u64)),
            counts: counts_at(row, 8)?,
            read_at: time(11)?,
            below_zero: row.get(12)?,
            fell: row.get(13)?,
        })
    }

    /// How an unknown batch was looked for or decided on, the first time first.
    pub fn resolutions(&self, run: RunId, batch: u32) -> Result<Vec<Resolved>, JournalError> {
        let mut statement = self.connection.prepare_cached(
            "SELECT at, by, result, evidence FROM resolution WHERE run = ?1 AND batch = ?2 ORDER BY id",
        )?;
        let rows = statement.query_map(params![run.0, batch], |row| resolved(row, 0))?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    fn attempts(&self, run: RunId, batch: u32) -> Result<Vec<Attempt>, JournalError> {
        let mut statement = self.connection.prepare_cached(
            "SELECT attempt, intended_at, ended_at, outcome, status, code, message FROM attempt
             WHERE run = ?1 AND batch = ?2 ORDER BY attempt",
        )?;
        let rows = statement.query_map(params![run.0, batch], |row| {
            Ok(Attempt {
                number: row.get(0)?,
                begun_at: row.get::<_, Option<i64>>(1)?.map(timestamp),
                ended_at: Some(timestamp(row.get(2)?)),
                outcome: row.get(3)?,
                words: Some(words(row, 4)?),
            })
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }
}
