//! Unknown batches: what is known about them, and how they end.

use jiff::Timestamp;
use rusqlite::{Connection, TransactionBehavior, params};

use super::{boot_time, millis, record, runs, timestamp};
use crate::delivery::batch::BatchState;
use crate::delivery::outcome::ChatId;
use crate::delivery::run::{RunChange, next};
use crate::journal::{Fence, JournalError, KnownChat, Resolution, RunId, UnknownBatch, Verdict};

pub(super) fn unknowns(
    connection: &Connection,
    run: RunId,
) -> Result<Vec<UnknownBatch>, JournalError> {
    let mut statement = connection.prepare_cached(
        "SELECT b.number, b.attempt, coalesce(b.intended_at, 0), coalesce(b.ended_at, 0),
           coalesce(b.intent_tick, 0), coalesce(b.ended_tick, 0), c.packed,
           (SELECT max(r.at) FROM resolution r
            WHERE r.run = b.run AND r.batch = b.number AND r.attempt = b.attempt), b.ended_boot, b.ended_boot_ms
         FROM batch b JOIN batch_customers c ON c.id = (b.run << 32) + b.number
         WHERE b.run = ?1 AND b.state = ?2 ORDER BY b.number",
    )?;
    let mut rows = statement.query(params![run.0, BatchState::Unknown.code()])?;
    let mut unknowns = Vec::new();
    while let Some(row) = rows.next()? {
        let packed = row.get_ref(6)?.as_blob().map_err(super::damaged)?;
        unknowns.push(UnknownBatch {
            run,
            batch: row.get(0)?,
            attempt: row.get(1)?,
            intended_at: timestamp(row.get(2)?),
            ended_at: timestamp(row.get(3)?),
            ended: boot_time(row, 8)?,
            intent_tick: row.get::<_, i64>(4)?.unsigned_abs(),
            ended_tick: row.get::<_, i64>(5)?.unsigned_abs(),
            customers: crate::journal::packed::customers(packed)?,
            looked_at: row.get::<_, Option<i64>>(7)?.map(timestamp),
        });
    }
    Ok(unknowns)
}

pub(super) fn known_chats(
    connection: &Connection,
    run: RunId,
) -> Result<Vec<KnownChat>, JournalError> {
    let mut statement = connection.prepare_cached(
        "SELECT chat, coalesce(intent_tick, 0), ended_tick, intent_boot, intent_boot_ms FROM batch
         WHERE chat IS NOT NULL
           AND run IN (SELECT id FROM run WHERE base_url = (SELECT base_url FROM run WHERE id = ?1))
         ORDER BY chat",
    )?;
    let rows = statement.query_map([run.0], |row| {
        Ok(KnownChat {
            chat: ChatId(row.get::<_, i64>(0)?.unsigned_abs()),
            intent_tick: row.get::<_, i64>(1)?.unsigned_abs(),
            intended: boot_time(row, 3)?,
            ended_tick: row.get::<_, Option<i64>>(2)?.map(i64::unsigned_abs),
        })
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// Gives up a run whose unknown batches were planned again: it can be gone on with, unless an
/// operator holds it.
pub(super) fn reopen(
    connection: &mut Connection,
    fence: Fence,
    note: &str,
    now: Timestamp,
) -> Result<(), JournalError> {
    let tx = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let from = runs::fenced_state(&tx, fence)?;
    let state = next(from, RunChange::PlanAgain)?;
    if !from.is_held() {
        tx.execute(
            "UPDATE run SET state = ?4, note = ?2, ended_at = ?3 WHERE id = ?1",
            params![fence.run.0, note, millis(now), state.as_str()],
        )?;
    }
    super::orders::obey(&tx, fence.run, now)?;
    Ok(tx.commit()?)
}

pub(super) fn resolve(
    connection: &mut Connection,
    fence: Fence,
    verdicts: &[Verdict],
) -> Result<(), JournalError> {
    let tx = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    record::check_fence(&tx, fence)?;
    for verdict in verdicts {
        let chat = match verdict.resolution {
            Resolution::Found(chat) => Some(chat.0 as i64),
            _ => None,
        };
        let change = verdict.resolution.change();
        if let Some(change) = change {
            // A chat that was found keeps no tick of its end: it was made long before this commit.
            let changed = tx
                .prepare_cached(
                    "UPDATE batch SET state = ?4, ended_at = ?5, chat = ?6, ended_tick = NULL
                     WHERE run = ?1 AND number = ?2 AND attempt = ?3 AND state = ?7",
                )?
                .execute(params![
                    fence.run.0,
                    verdict.batch,
                    verdict.attempt,
                    change.to().code(),
                    millis(verdict.at),
                    chat,
                    change.from().code(),
                ])?;
            record::exactly_one(changed, verdict.batch, "resolution")?;
        }
        let result = change.map_or("unknown", |change| change.to().as_str());
        // Looking again and seeing the same is no news, save for the time.
        let again = tx
            .prepare_cached(
                "UPDATE resolution SET at = ?4 WHERE (?3, ?5, ?6, ?7) = (attempt, by, result, evidence)
                   AND id = (SELECT max(id) FROM resolution WHERE run = ?1 AND batch = ?2)",
            )?
            .execute(params![
                fence.run.0,
                verdict.batch,
                verdict.attempt,
                millis(verdict.at),
                verdict.by,
                result,
                verdict.evidence,
            ])?;
        if again > 0 {
            continue;
        }
        tx.prepare_cached(
            "INSERT INTO resolution (run, batch, attempt, at, by, result, chat, evidence)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
        )?
        .execute(params![
            fence.run.0,
            verdict.batch,
            verdict.attempt,
            millis(verdict.at),
            verdict.by,
            result,
            chat,
            verdict.evidence,
        ])?;
    }
    Ok(tx.commit()?)
}
