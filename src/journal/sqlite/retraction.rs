//! Retractions in the store: what was found, every intent to delete, and what came of it.

use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension as _, Row, TransactionBehavior, params};

use super::read::Store;
use super::{StoreJournal, millis, owner, timestamp};
use crate::delivery::retract::{ALREADY, End, Wanted, Writer, Writers};
use crate::journal::JournalError;
use crate::journal::retraction::{
    Came, LookedThrough, MessageRecord, NewRetraction, RetractionId, RetractionRecord, Taken,
};

/// Says that this process is at a retraction, for as long as it is held and the process lives.
#[derive(Debug)]
pub struct RetractionLock {
    _lock: owner::Lock,
}

impl StoreJournal {
    /// Goes on with the unfinished retraction of this identity, or begins one.
    ///
    /// # Errors
    /// [`JournalError::Owned`] when another process is at it.
    pub fn take_retraction(
        &mut self,
        new: &NewRetraction,
        now: Timestamp,
    ) -> Result<Taken, JournalError> {
        let tx = self
            .connection
            .transaction_with_behavior(TransactionBehavior::Immediate)?;
        let matching = matching(&new.wanted, &new.writers);
        let before: Option<i64> = tx
            .query_row(
                "SELECT max(id) FROM retraction WHERE ended_at IS NULL AND base_url = ?1
                   AND tickets_digest = ?2 AND matching = ?3 AND wanted = ?4",
                params![new.base_url, new.digest, matching, new.wanted.text()],
                |row| row.get(0),
            )
            .optional()?
            .flatten();
        let id = match before {
            Some(id) => id,
            None => {
                tx.execute(
                    "INSERT INTO retraction (created_at, created_by, base_url, tickets_digest, tickets, matching,
                       wanted, run) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
                    params![
                        millis(now),
                        new.by,
                        new.base_url,
                        new.digest,
                        new.tickets.cast_signed(),
                        matching,
                        new.wanted.text(),
                        new.run,
                    ],
                )?;
                tx.last_insert_rowid()
            }
        };
        let mut path = self.path.as_os_str().to_owned();
        path.push(format!("-retraction{id}.lock"));
        let taken = "another process on this machine is at this retraction";
        let lock = owner::Lock::take_file(path.into(), taken)?;
        // What was under way when its process died may or may not be deleted.
        tx.execute(
            "UPDATE retraction_message SET state = 'planned', uncertain = 1
             WHERE retraction = ?1 AND state = 'deleting'",
            [id],
        )?;
        let (looked_through, shown): (i64, bool) = tx.query_row(
            "SELECT count(*), coalesce(max(unread = ''), 0) FROM retraction_ticket WHERE retraction = ?1",
            [id],
            |row| Ok((row.get(0)?, row.get(1)?)),
        )?;
        tx.commit()?;
        Ok(Taken {
            id: RetractionId(id),
            resumed: before.is_some(),
            looked_through: looked_through.cast_unsigned(),
            shown,
            lock: RetractionLock { _lock: lock },
        })
    }

    /// Keeps what was found in tickets, and how many requests that took.
    pub fn keep_found(
        &mut self,
        id: RetractionId,
        tickets: &[LookedThrough],
        reads: u64,
    ) -> Result<(), JournalError> {
        let tx = self
            .connection
            .transaction_with_behavior(TransactionBehavior::Immediate)?;
        for ticket in tickets {
            tx.prepare_cached(
                "INSERT INTO retraction_ticket (retraction, place, ticket, unread) VALUES (?1, ?2, ?3, ?4)",
            )?
            .execute(params![
                id.0,
                ticket.place.cast_signed(),
                ticket.ticket.cast_signed(),
                ticket.unread
            ])?;
            for found in &ticket.found {
                tx.prepare_cached(
                    "INSERT OR IGNORE INTO retraction_message (retraction, message, place, ticket, user_type, state)
                     VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
                )?
                .execute(params![
                    id.0,
                    found.message.cast_signed(),
                    ticket.place.cast_signed(),
                    ticket.ticket.cast_signed(),
                    found.user_type,
                    if found.is_meant { "planned" } else { End::Left.as_str() },
                ])?;
            }
        }
        add_requests(&tx, id, reads, 0)?;
        Ok(tx.commit()?)
    }

    /// Keeps in one commit what came of some deletes, and that others are about to leave.
    pub fn keep_deletes(
        &mut self,
        id: RetractionId,
        outcomes: &[(u64, Came)],
        intents: &[u64],
        now: Timestamp,
    ) -> Result<(), JournalError> {
        let tx = self
            .connection
            .transaction_with_behavior(TransactionBehavior::Immediate)?;
        for (message, came) in outcomes {
            keep_outcome(&tx, id, *message, came, now)?;
        }
        for message in intents {
            tx.prepare_cached(
                "UPDATE retraction_message SET state = 'deleting', attempts = attempts + 1, intended_at = ?3
                 WHERE retraction = ?1 AND message = ?2",
            )?
            .execute(params![id.0, message.cast_signed(), millis(now)])?;
        }
        add_requests(&tx, id, 0, intents.len() as u64)?;
        Ok(tx.commit()?)
    }

    /// The messages without an end, ticket by ticket: `(ticket, message)`.
    pub fn undeleted(&mut self, id: RetractionId) -> Result<Vec<(u64, u64)>, JournalError> {
        let mut statement = self.connection.prepare_cached(
            "SELECT ticket, message FROM retraction_message
             WHERE retraction = ?1 AND state IN ('planned', 'deleting') ORDER BY place, message",
        )?;
        let rows = statement.query_map([id.0], |row| Ok((number(row, 0)?, number(row, 1)?)))?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// The messages that are deleted and that no deletion log is known of, and when the first
    /// delete of the retraction left.
    pub fn unproved(
        &mut self,
        id: RetractionId,
    ) -> Result<(Vec<u64>, Option<Timestamp>), JournalError> {
        let mut statement = self.connection.prepare_cached(
            "SELECT message FROM retraction_message
             WHERE retraction = ?1 AND state = 'deleted' AND logged_from = '' ORDER BY message",
        )?;
        let rows = statement.query_map([id.0], |row| number(row, 0))?;
        let messages = rows.collect::<Result<_, _>>()?;
        let first: Option<i64> = self.connection.query_row(
            "SELECT created_at FROM retraction WHERE id = ?1",
            [id.0],
            |row| row.get(0),
        )?;
        Ok((messages, first.map(timestamp)))
    }

    /// Keeps which messages the deletion logs show, and what asked for their deletion.
    pub fn keep_proof(
        &mut self,
        id: RetractionId,
        logged: &[(u64, String)],
        reads: u64,
    ) -> Result<(), JournalError> {
        let tx = self
            .connection
            .transaction_with_behavior(TransactionBehavior::Immediate)?;
        for (message, from) in logged {
            tx.prepare_cached(
                "UPDATE retraction_message SET logged_from = ?3 WHERE retraction = ?1 AND message = ?2",
            )?
            .execute(params![id.0, message.cast_signed(), from])?;
        }
        add_requests(&tx, id, reads, 0)?;
        Ok(tx.commit()?)
    }

    /// The retraction is through: the same command begins another one.
    pub fn finish_retraction(
        &mut self,
        id: RetractionId,
        now: Timestamp,
    ) -> Result<(), JournalError> {
        self.connection.execute(
            "UPDATE retraction SET ended_at = ?2 WHERE id = ?1",
            params![id.0, millis(now)],
        )?;
        Ok(())
    }
}

fn keep_outcome(
    tx: &Connection,
    id: RetractionId,
    message: u64,
    came: &Came,
    now: Timestamp,
) -> Result<(), JournalError> {
    match came {
        Came::Ended(end, why) => tx
            .prepare_cached(
                "UPDATE retraction_message SET state = ?3, ended_at = ?4,
                   why = CASE WHEN uncertain AND ?5 = ?6 THEN 'by a request whose answer was lost' ELSE ?5 END
                 WHERE retraction = ?1 AND message = ?2",
            )?
            .execute(params![
                id.0,
                message.cast_signed(),
                end.as_str(),
                millis(now),
                why,
                ALREADY
            ])?,
        Came::Planned { why, uncertain } => tx
            .prepare_cached(
                "UPDATE retraction_message SET state = 'planned', why = ?3, uncertain = max(uncertain, ?4)
                 WHERE retraction = ?1 AND message = ?2",
            )?
            .execute(params![id.0, message.cast_signed(), why, uncertain])?,
    };
    Ok(())
}

fn add_requests(
    tx: &Connection,
    id: RetractionId,
    reads: u64,
    deletes: u64,
) -> Result<(), JournalError> {
    tx.prepare_cached(
        "UPDATE retraction SET reads = reads + ?2, deletes = deletes + ?3 WHERE id = ?1",
    )?
    .execute(params![id.0, reads.cast_signed(), deletes.cast_signed()])?;
    Ok(())
}

impl Store {
    /// A retraction with all its messages; none where there is no such one.
    pub fn retraction(&self, id: RetractionId) -> Result<Option<RetractionRecord>, JournalError> {
        let found = self
            .connection
            .query_row(
                "SELECT matching, wanted, tickets, reads, deletes, ended_at IS NOT NULL FROM retraction WHERE id = ?1",
                [id.0],
                |row| {
                    let matching: String = row.get(0)?;
                    Ok(RetractionRecord {
                        id,
                        wanted: wanted(&matching, row.get(1)?),
                        writers: writers(&matching),
                        tickets: number(row, 2)?,
                        looked_through: 0,
                        unread: Vec::new(),
                        requests: (number(row, 3)?, number(row, 4)?),
                        finished: row.get(5)?,
                        messages: Vec::new(),
                    })
                },
            )
            .optional()?;
        let Some(mut record) = found else {
            return Ok(None);
        };
        record.looked_through = self.connection.query_row(
            "SELECT count(*) FROM retraction_ticket WHERE retraction = ?1 AND unread = ''",
            [id.0],
            |row| number(row, 0),
        )?;
        let mut unread = self.connection.prepare_cached(
            "SELECT ticket, unread FROM retraction_ticket WHERE retraction = ?1 AND unread <> '' ORDER BY place",
        )?;
        let rows = unread.query_map([id.0], |row| Ok((number(row, 0)?, row.get(1)?)))?;
        record.unread = rows.collect::<Result<_, _>>()?;
        let mut messages = self.connection.prepare_cached(
            "SELECT ticket, message, user_type, state, attempts, ended_at, why, logged_from FROM retraction_message
             WHERE retraction = ?1 ORDER BY place, message",
        )?;
        let rows = messages.query_map([id.0], message)?;
        record.messages = rows.collect::<Result<_, _>>()?;
        Ok(Some(record))
    }
}

fn message(row: &Row<'_>) -> rusqlite::Result<MessageRecord> {
    let state: String = row.get(3)?;
    let ended_at: Option<i64> = row.get(5)?;
    Ok(MessageRecord {
        ticket: number(row, 0)?,
        message: number(row, 1)?,
        user_type: row.get(2)?,
        end: End::parse(&state),
        attempts: number(row, 4)?,
        ended_at: ended_at.map(timestamp),
        why: row.get(6)?,
        logged_from: row.get(7)?,
    })
}

/// Ids and counts are kept as signed numbers, as SQLite has no others; none of them is ever below 0.
fn number(row: &Row<'_>, column: usize) -> rusqlite::Result<u64> {
    row.get::<_, i64>(column).map(i64::cast_unsigned)
}

/// How the text is meant, and whose messages: `exactly by AGENT, EVENT`.
fn matching(wanted: &Wanted, writers: &Writers) -> String {
    let how = match wanted {
        Wanted::Exactly(_) => EXACTLY,
        Wanted::Containing(_) => CONTAINING,
    };
    format!("{how}{BY}{writers}")
}

const EXACTLY: &str = "exactly";
const CONTAINING: &str = "containing";
const BY: &str = " by ";

fn wanted(matching: &str, text: String) -> Wanted {
    match matching.split(BY).next() {
        Some(CONTAINING) => Wanted::Containing(text),
        _ => Wanted::Exactly(text),
    }
}

/// Whoever began one before writers were told apart meant everybody. It is shown so, and never gone on
/// with, as its identity is another one.
fn writers(matching: &str) -> Writers {
    match matching.split_once(BY) {
        Some((_, words)) => Writers::of(words.split(", ").filter_map(Writer::parse)),
        None => Writers::all(),
    }
}
