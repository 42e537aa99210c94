//! Every customer of a run, one batch after the other, in memory that does not grow with the run.

use rusqlite::Row;

use super::Store;
use super::listing::ground;
use crate::delivery::batch::BatchState;
use crate::delivery::outcome::{ChatId, Words};
use crate::delivery::reason::{Ground, Reason};
use crate::journal::packed::{self, Damaged, read_varint};
use crate::journal::reading::{BatchRows, LeftOut, Resolved};
use crate::journal::sqlite::timestamp;
use crate::journal::{JournalError, RunId};

impl Store {
    /// Hands over every batch of a run that was not split, parts instead of the whole, by number:
    /// every planned customer once.
    ///
    /// # Errors
    /// What `each` returns, or why the store cannot be read.
    pub fn each_batch<E: From<JournalError>>(
        &self,
        run: RunId,
        each: &mut dyn FnMut(&BatchRows) -> Result<(), E>,
    ) -> Result<(), E> {
        let sql = "SELECT b.number, b.state, b.chat, b.intended_at, b.ended_at, c.packed,
               a.attempt, a.status, a.code, a.message, r.at, r.by, r.result, r.evidence
             FROM batch b JOIN batch_customers c ON c.id = (b.run << 32) | b.number
             LEFT JOIN attempt a ON a.run = b.run AND a.batch = b.number AND a.attempt = b.attempt
             LEFT JOIN resolution r ON r.id = CASE WHEN b.state IN (?3, ?4) THEN
               (SELECT max(id) FROM resolution WHERE run = b.run AND batch = b.number) END
             WHERE b.run = ?1 AND b.state <> ?2 ORDER BY b.number";
        let mut statement = self.connection.prepare_cached(sql).map_err(store)?;
        let mut rows = statement
            .query([
                run.0,
                BatchState::Split.code(),
                BatchState::Unknown.code(),
                BatchState::Abandoned.code(),
            ])
            .map_err(store)?;
        while let Some(row) = rows.next().map_err(store)? {
            each(&batch_rows(row)?)?;
        }
        Ok(())
    }

    /// Hands over every row of a run's customer file that is in no batch, in the order in which
    /// they were found.
    ///
    /// # Errors
    /// What `each` returns, or why the store cannot be read.
    pub fn each_left_out<E: From<JournalError>>(
        &self,
        run: RunId,
        each: &mut dyn FnMut(LeftOut<'_>) -> Result<(), E>,
    ) -> Result<(), E> {
        let mut statement = self
            .connection
            .prepare_cached(
                "SELECT reason, detail, packed, by_name FROM left_out WHERE run = ?1 ORDER BY id",
            )
            .map_err(store)?;
        let mut rows = statement.query([run.0]).map_err(store)?;
        while let Some(row) = rows.next().map_err(store)? {
            let ground = ground(row, 0).map_err(store)?;
            let blob = blob(row, 2)?;
            // Invalid rows are kept by what stands in them since ever.
            if ground.reason == Reason::Invalid || row.get(3).map_err(store)? {
                each_text(blob, &ground, each)?;
                continue;
            }
            let (customers, lines) = packed::rows(blob).map_err(JournalError::from)?;
            for (customer, line) in customers.into_iter().zip(lines) {
                let ground = &ground;
                each(LeftOut::Customer {
                    ground,
                    customer,
                    line,
                })?;
            }
        }
        Ok(())
    }
}

fn store<E: From<JournalError>>(error: rusqlite::Error) -> E {
    JournalError::from(error).into()
}

/// The blob in a column.
pub(in crate::journal::sqlite) fn blob<'r>(
    row: &'r Row<'_>,
    column: usize,
) -> Result<&'r [u8], JournalError> {
    let value = row.get_ref(column)?;
    Ok(value.as_blob().map_err(|_| Damaged)?)
}

fn batch_rows(row: &Row<'_>) -> Result<BatchRows, JournalError> {
    let (customers, lines) = packed::rows(blob(row, 5)?)?;
    Ok(BatchRows {
        number: row.get(0)?,
        state: state(row, 1)?,
        chat: row.get::<_, Option<i64>>(2)?.map(|id| ChatId(id as u64)),
        intended_at: row.get::<_, Option<i64>>(3)?.map(timestamp),
        ended_at: row.get::<_, Option<i64>>(4)?.map(timestamp),
        words: match row.get::<_, Option<u32>>(6)? {
            Some(_) => Some(words(row, 7)?),
            None => None,
        },
        resolved: match row.get::<_, Option<i64>>(10)? {
            Some(_) => Some(resolved(row, 10)?),
            None => None,
        },
        customers,
        lines,
    })
}

/// The state behind the number in a column.
pub(in crate::journal::sqlite) fn state(
    row: &Row<'_>,
    column: usize,
) -> Result<BatchState, JournalError> {
    let code = row.get(column)?;
    BatchState::from_code(code).ok_or_else(|| {
        JournalError::Store(format!(
            "the store is damaged: it has a batch in state {code}, which does not exist. Restore a backup"
        ))
    })
}

/// The words in the three columns from `first`.
pub(super) fn words(row: &Row<'_>, first: usize) -> rusqlite::Result<Words> {
    Ok(Words {
        status: row.get(first)?,
        code: row.get(first + 1)?,
        message: row.get(first + 2)?,
    })
}

/// What looking into an unknown outcome came to, in the four columns from `first`.
pub(super) fn resolved(row: &Row<'_>, first: usize) -> rusqlite::Result<Resolved> {
    Ok(Resolved {
        at: timestamp(row.get(first)?),
        by: row.get(first + 1)?,
        result: row.get(first + 2)?,
        evidence: row.get(first + 3)?,
    })
}

fn each_text<E: From<JournalError>>(
    mut blob: &[u8],
    ground: &Ground,
    each: &mut dyn FnMut(LeftOut<'_>) -> Result<(), E>,
) -> Result<(), E> {
    while !blob.is_empty() {
        let (line, text) = text(&mut blob).map_err(JournalError::from)?;
        each(match ground.reason {
            Reason::Invalid => LeftOut::Invalid {
                value: text,
                why: &ground.detail,
                line,
            },
            _ => LeftOut::Named {
                ground,
                name: text,
                line,
            },
        })?;
    }
    Ok(())
}

fn text<'b>(blob: &mut &'b [u8]) -> Result<(u64, &'b str), Damaged> {
    let line = read_varint(blob)?;
    let length = usize::try_from(read_varint(blob)?).map_err(|_| Damaged)?;
    let (value, rest) = blob.split_at_checked(length).ok_or(Damaged)?;
    *blob = rest;
    Ok((line, std::str::from_utf8(value).map_err(|_| Damaged)?))
}
