//! Where a run stands: read, and moved by the table of [`delivery::run`](crate::delivery::run).

use jiff::Timestamp;
use rusqlite::{OptionalExtension as _, Transaction, params};

use super::millis;
use crate::delivery::run::{RunChange, next};
use crate::journal::{Fence, JournalError, RunId, RunState, give_up};

/// Where a run stands.
pub(super) fn state_of(tx: &Transaction<'_>, run: RunId) -> Result<RunState, JournalError> {
    let name: String = tx.query_row("SELECT state FROM run WHERE id = ?1", [run.0], |row| {
        row.get(0)
    })?;
    known(&name)
}

/// Where a run stands that somebody has a claim to.
///
/// # Errors
/// [`JournalError::Fenced`] where the claim is not the newest any more.
pub(super) fn fenced_state(tx: &Transaction<'_>, fence: Fence) -> Result<RunState, JournalError> {
    let name: Option<String> = tx
        .prepare_cached("SELECT state FROM run WHERE id = ?1 AND fence = ?2")?
        .query_row(params![fence.run.0, fence.token], |row| row.get(0))
        .optional()?;
    known(&name.ok_or(JournalError::Fenced)?)
}

fn known(name: &str) -> Result<RunState, JournalError> {
    RunState::parse(name).ok_or_else(|| {
        JournalError::Store(format!(
            "a run is \"{name}\", which this version does not know"
        ))
    })
}

/// Keeps where a run stands, and nothing else.
pub(super) fn set_state(tx: &Transaction<'_>, run: RunId, state: RunState) -> rusqlite::Result<()> {
    tx.execute(
        "UPDATE run SET state = ?2 WHERE id = ?1",
        params![run.0, state.as_str()],
    )?;
    Ok(())
}

/// Gives a run up in this state, and says in which one it is left: a rule may have paused it.
/// Pauses a run that is being sent; one that is paused already keeps its note.
pub(super) fn pause(
    tx: &Transaction<'_>,
    fence: Fence,
    note: &str,
    now: Timestamp,
) -> Result<(), JournalError> {
    let from = fenced_state(tx, fence)?;
    if from == RunState::Paused {
        return Ok(());
    }
    tx.execute(
        "UPDATE run SET state = ?2, note = ?3, ended_at = ?4 WHERE id = ?1",
        params![
            fence.run.0,
            next(from, RunChange::Pause)?.as_str(),
            note,
            millis(now)
        ],
    )?;
    Ok(())
}

pub(super) fn release(
    tx: &Transaction<'_>,
    fence: Fence,
    state: RunState,
    note: &str,
    now: Timestamp,
) -> Result<RunState, JournalError> {
    let left = next(fenced_state(tx, fence)?, give_up(state)?)?;
    if left == state {
        tx.execute(
            "UPDATE run SET state = ?2, note = ?3, ended_at = ?4 WHERE id = ?1",
            params![fence.run.0, state.as_str(), note, millis(now)],
        )?;
    }
    Ok(left)
}
