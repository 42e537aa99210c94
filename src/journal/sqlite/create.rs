//! Freezing a plan: the run and all of its batches in one transaction, which is a short one.

use jiff::Timestamp;
use rusqlite::{Connection, Transaction, TransactionBehavior, params};

use super::messaged::{latest_run, messaged};
use super::schedule::move_decided;
use super::staged::{self, Staged};
use super::{StoreJournal, millis, timestamp};
use crate::campaign::Repeat;
use crate::delivery::plan::PlanSummary;
use crate::journal::planning::{Asking, FillWithout};
use crate::journal::{JournalError, NewRun, RunId, RunKey, RunState, Tended};

/// How often a plan is made again because somebody else planned a run meanwhile, before that is
/// kept from happening.
const ROUNDS: usize = 3;

impl StoreJournal {
    /// Records a run and its whole plan in one step, as [`create_run`](crate::journal::Journal::create_run) does, where the
    /// plan leaves out whom these rules leave out: of two runs that are planned at once, the later
    /// one knows whom the earlier one messages.
    ///
    /// The store can be written by others while the plan is made; it is locked for the moment of
    /// copying the plan. Who was messaged is asked before; when another run that matters was
    /// planned by then, the plan is made again, and after a few rounds under the lock.
    ///
    /// # Errors
    /// Those of `fill`, and those of [`create_run`](crate::journal::Journal::create_run).
    pub fn plan_run<E: From<JournalError>>(
        &mut self,
        new: &NewRun,
        repeat: &Repeat,
        fill: FillWithout<'_, E>,
    ) -> Result<RunId, E> {
        let asking = Asking {
            campaign: &new.key.campaign,
            base_url: &new.base_url,
            repeat,
            now: new.created_at,
        };
        self.check_place()?;
        let connection = &mut self.connection;
        for _ in 0..ROUNDS {
            if let Some(run) = try_plan(connection, new, &asking, fill)? {
                return Ok(run);
            }
        }
        let tx = begin(connection, TransactionBehavior::Immediate)?;
        let summary = stage(&tx, &asking, fill)?;
        let run = keep(&tx, new, &summary)?;
        commit(tx)?;
        Ok(run)
    }
}

/// One round: none where another run was planned meanwhile.
fn try_plan<E: From<JournalError>>(
    connection: &mut Connection,
    new: &NewRun,
    asking: &Asking<'_>,
    fill: FillWithout<'_, E>,
) -> Result<Option<RunId>, E> {
    // Only the temporary tables are written in here: nobody waits for it.
    let tx = begin(connection, TransactionBehavior::Deferred)?;
    check(&tx, new)?;
    let latest = latest_run(&tx, asking)?;
    let summary = stage(&tx, asking, fill)?;
    commit(tx)?;
    let tx = begin(connection, TransactionBehavior::Immediate)?;
    check(&tx, new)?;
    if latest_run(&tx, asking)? != latest {
        return Ok(None);
    }
    let run = keep(&tx, new, &summary)?;
    commit(tx)?;
    Ok(Some(run))
}

fn begin(
    connection: &mut Connection,
    behavior: TransactionBehavior,
) -> Result<Transaction<'_>, JournalError> {
    Ok(connection.transaction_with_behavior(behavior)?)
}

fn commit(tx: Transaction<'_>) -> Result<(), JournalError> {
    Ok(tx.commit()?)
}

fn stage<E: From<JournalError>>(
    tx: &Transaction<'_>,
    asking: &Asking<'_>,
    fill: FillWithout<'_, E>,
) -> Result<PlanSummary, E> {
    let messaged = messaged(tx, asking)?;
    fill(messaged, &mut Staged::begin(tx)?)
}

/// Copies the staged plan into the store.
fn keep(tx: &Transaction<'_>, new: &NewRun, summary: &PlanSummary) -> Result<RunId, JournalError> {
    check(tx, new)?;
    let run = insert_run(tx, new)?;
    staged::copy(tx, run)?;
    staged::clear(tx)?;
    freeze(tx, run, summary)?;
    Ok(run)
}

/// Refuses a run that exists, and one that is not to begin beside one that is unfinished.
fn check(tx: &Transaction<'_>, new: &NewRun) -> Result<(), JournalError> {
    let due = millis(new.key.due);
    let unfinished = unfinished(tx, new)?;
    if let Some(due) = unfinished.filter(|_| !new.beside) {
        let key = RunKey {
            campaign: new.key.campaign.clone(),
            due: timestamp(due),
        };
        return Err(JournalError::Unfinished(key));
    }
    // What a clock that was ahead called missed, and comes after all, is launched in its place.
    let taken: bool = tx.query_row(
        "SELECT EXISTS (SELECT 1 FROM run WHERE campaign = ?1 AND due = ?2 AND NOT (?3 AND state = 'missed' AND
           due <= coalesce((SELECT ahead FROM schedule WHERE campaign = ?1), due - 1)))",
        params![new.key.campaign.as_str(), due, new.launch.decided.is_some()],
        |row| row.get(0),
    )?;
    match taken {
        true => Err(JournalError::Exists(new.key.clone())),
        false => Ok(()),
    }
}

fn insert_run(tx: &Transaction<'_>, new: &NewRun) -> Result<RunId, JournalError> {
    tx.execute(
        "DELETE FROM run WHERE campaign = ?1 AND due = ?2 AND state = 'missed'",
        params![new.key.campaign.as_str(), millis(new.key.due)],
    )?;
    tx.execute(
        "INSERT INTO run (campaign, due, state, message, group_key, agent_id, priority, batch_size, base_url,
           customers_file, unknown_policy, created_at, tended, queued, send_window)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15)",
        params![
            new.key.campaign.as_str(),
            millis(new.key.due),
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
    let run = RunId(tx.last_insert_rowid());
    tx.execute(
        "UPDATE run SET restraints = ?2, test = ?3 WHERE id = ?1",
        params![run.0, new.launch.restraints.text(), new.launch.test],
    )?;
    for (number, variant) in new.launch.variants.iter().enumerate() {
        tx.execute(
            "INSERT INTO variant (run, number, name, message, weight) VALUES (?1, ?2, ?3, ?4, ?5)",
            params![
                run.0,
                number as i64,
                variant.name,
                variant.message,
                variant.weight
            ],
        )?;
    }
    if let Some(decided) = new.launch.decided {
        move_decided(tx, &new.key.campaign, decided)?;
    }
    Ok(run)
}

fn tended(by: Tended) -> &'static str {
    match by {
        Tended::ByHand => "hand",
        Tended::ByDaemon => "daemon",
    }
}

/// When the latest run of this campaign was due that was not finished yet when the new one was
/// asked for. Looked up in the transaction that adds the new one, so that of two processes that
/// start at once one finds the other's run, even where that one is through already. One that ended
/// after now ended by a clock that was ahead and has been put right: it is over.
fn unfinished(tx: &Transaction<'_>, new: &NewRun) -> Result<Option<i64>, JournalError> {
    // Of what never had a plan, such as a missed run, nothing can be unfinished.
    let mut statement = tx.prepare_cached(
        "SELECT due, state, ended_at FROM run WHERE campaign = ?1 AND test = 0 AND digest <> ''
         ORDER BY due DESC",
    )?;
    let mut rows = statement.query([new.key.campaign.as_str()])?;
    let since_asked = millis(new.created_at) + 1..=millis(Timestamp::now());
    while let Some(row) = rows.next()? {
        let state: String = row.get(1)?;
        let ended_at: Option<i64> = row.get(2)?;
        let is_open = RunState::parse(&state).is_some_and(RunState::is_open);
        if is_open || ended_at.is_some_and(|at| since_asked.contains(&at)) {
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
    let mut statement = tx.prepare_cached(
        "INSERT INTO listing (run, reason, detail, customers) VALUES (?1, ?2, ?3, ?4)",
    )?;
    for (ground, customers) in &summary.left_out {
        let (reason, detail) = (ground.reason.as_str(), &ground.detail);
        statement.execute(params![run.0, reason, detail, *customers as i64])?;
    }
    let mut statement = tx.prepare_cached(
        "INSERT INTO list (run, number, name, entries, changed_at, matched, left_out)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
    )?;
    for (number, list) in summary.lists.iter().enumerate() {
        statement.execute(params![
            run.0,
            number as i64,
            list.name,
            list.entries as i64,
            millis(list.changed_at),
            list.matched as i64,
            list.left_out as i64,
        ])?;
    }
    Ok(())
}
