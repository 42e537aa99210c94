//! Orders in the store: given, obeyed, kept.

use std::path::Path;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use rusqlite::{OptionalExtension as _, Row, Transaction, TransactionBehavior, params};

use super::read::Store;
use super::runs::state_of;
use super::{StoreJournal, millis, owner, record, tick, timestamp};
use crate::campaign::CampaignName;
use crate::delivery::run::next;
use crate::journal::clock;
use crate::journal::orders::{NewOrder, Order, OrderId, Verb};
use crate::journal::{Claim, Journal as _, JournalError, Purpose, RunId, RunState};

/// How long who only looks for unknown batches may take to give a run up.
const GIVEN_UP_WITHIN: Duration = Duration::from_secs(5);
/// How often a claim is tried meanwhile.
const TRY_EVERY: Duration = Duration::from_millis(50);

const COLUMNS: &str = "id, at, by, verb, campaign, run, why, obeyed_at, answer";

impl StoreJournal {
    /// Gives an order to a run. A run that nobody sends obeys at once; else the process that sends
    /// it does, and the order is pending when this returns.
    pub fn order_run(
        &mut self,
        run: RunId,
        campaign: &CampaignName,
        order: &NewOrder,
    ) -> Result<OrderId, JournalError> {
        // Held while the order is carried out, so that nobody begins to send in between.
        let lock = match owner::Lock::take(&self.path, run) {
            Ok(lock) => Some(lock),
            Err(JournalError::Owned(_)) => None,
            Err(error) => return Err(error),
        };
        let tx = self
            .connection
            .transaction_with_behavior(TransactionBehavior::Immediate)?;
        let id = insert(&tx, campaign, Some(run), order)?;
        let tick = match lock {
            Some(_) => obey(&tx, run, order.at)?,
            None if order.verb == Verb::Resume
                && is_under_way(state_of(&tx, run)?)
                && !is_to_stop(&tx, run)? =>
            {
                answer(&tx, id, order.at, "it is under way, not paused")?;
                None
            }
            None => None,
        };
        tx.commit()?;
        if let Some(tick) = tick {
            self.ticks.note(tick);
        }
        Ok(id)
    }

    /// Has a run obey what is pending for it where nobody sends it: the process that did may have
    /// ended, or given it up while the order was written. False where somebody sends it.
    pub fn obey_where_idle(&mut self, run: RunId, now: Timestamp) -> Result<bool, JournalError> {
        let _lock = match owner::Lock::take(&self.path, run) {
            Err(JournalError::Owned(_)) => return Ok(false),
            lock => lock?,
        };
        let tx = self
            .connection
            .transaction_with_behavior(TransactionBehavior::Immediate)?;
        let tick = obey(&tx, run, now)?;
        tx.commit()?;
        if let Some(tick) = tick {
            self.ticks.note(tick);
        }
        Ok(true)
    }

    /// Whether somebody wants to have this run, who finds it claimed by who only looks for its
    /// unknown batches.
    pub(in crate::journal) fn is_wanted(store: &Path, run: RunId) -> bool {
        owner::Lock::is_wanted(store, run)
    }

    /// Claims a run as [`claim`](crate::journal::Journal::claim) does. Where somebody only looks for its unknown batches,
    /// it is waited until he has given it up, which he does within a moment.
    ///
    /// # Errors
    /// Those of [`claim`](crate::journal::Journal::claim).
    pub fn claim_from_who_looks(
        &mut self,
        run: RunId,
        purpose: Purpose,
    ) -> Result<Claim, JournalError> {
        let start = Instant::now();
        let mut wanted = None;
        loop {
            let claimed = self.claim(run, purpose, clock::now());
            if !matches!(claimed, Err(JournalError::Owned(_)))
                || start.elapsed() > GIVEN_UP_WITHIN
                || is_under_way(self.state(run)?)
            {
                return claimed;
            }
            if wanted.is_none() {
                wanted = owner::Lock::want(&self.path, run).ok();
            }
            std::thread::sleep(TRY_EVERY);
        }
    }

    fn state(&mut self, run: RunId) -> Result<RunState, JournalError> {
        let tx = self.connection.transaction()?;
        state_of(&tx, run)
    }

    /// Gives an order to a campaign: to pause or resume its schedule, which is obeyed at once, or
    /// to launch it, which a daemon does.
    pub fn order_campaign(
        &mut self,
        campaign: &CampaignName,
        order: &NewOrder,
    ) -> Result<OrderId, JournalError> {
        let tx = self
            .connection
            .transaction_with_behavior(TransactionBehavior::Immediate)?;
        let id = insert(&tx, campaign, None, order)?;
        let paused = match order.verb {
            Verb::Pause => Some(Some(millis(order.at))),
            Verb::Resume => Some(None),
            Verb::Cancel | Verb::Launch | Verb::Approve => None,
        };
        if let Some(paused_at) = paused {
            // A campaign that was never decided on is decided up to now: what its schedule
            // fires while it is paused is skipped, and recorded.
            tx.execute(
                "INSERT INTO schedule (campaign, decided, paused_at, paused_by) VALUES (?1, ?2, ?3, ?4)
                 ON CONFLICT (campaign) DO UPDATE SET paused_at = ?3, paused_by = ?4",
                params![campaign.as_str(), millis(order.at), paused_at, order.by],
            )?;
            answer(&tx, id, order.at, order.verb.done())?;
        }
        tx.commit()?;
        Ok(id)
    }

    /// Gives a run into the daemon's hands.
    pub fn adopt(&mut self, run: RunId) -> Result<(), JournalError> {
        self.connection
            .execute("UPDATE run SET tended = 'daemon' WHERE id = ?1", [run.0])?;
        Ok(())
    }

    /// Takes a pending order to launch; false when somebody else has.
    pub fn take_order(&mut self, id: OrderId, now: Timestamp) -> Result<bool, JournalError> {
        let changed = self.connection.execute(
            "UPDATE orders SET obeyed_at = ?2 WHERE id = ?1 AND obeyed_at IS NULL",
            params![id.0, millis(now)],
        )?;
        Ok(changed == 1)
    }

    /// Says what came of an order to a campaign, and which run it made.
    pub fn answer_order(
        &mut self,
        id: OrderId,
        now: Timestamp,
        run: Option<RunId>,
        words: &str,
    ) -> Result<(), JournalError> {
        self.connection.execute(
            "UPDATE orders SET obeyed_at = coalesce(obeyed_at, ?2), run = coalesce(run, ?3), answer = ?4
             WHERE id = ?1",
            params![id.0, millis(now), run.map(|run| run.0), words],
        )?;
        Ok(())
    }
}

pub(super) fn insert(
    tx: &Transaction<'_>,
    campaign: &CampaignName,
    run: Option<RunId>,
    order: &NewOrder,
) -> Result<OrderId, JournalError> {
    tx.execute(
        "INSERT INTO orders (at, by, verb, campaign, run, why) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        params![
            millis(order.at),
            order.by,
            order.verb.as_str(),
            campaign.as_str(),
            run.map(|run| run.0),
            order.why,
        ],
    )?;
    Ok(OrderId(tx.last_insert_rowid()))
}

pub(super) fn answer(
    tx: &Transaction<'_>,
    id: OrderId,
    now: Timestamp,
    words: &str,
) -> Result<(), JournalError> {
    tx.execute(
        "UPDATE orders SET obeyed_at = ?2, answer = ?3 WHERE id = ?1",
        params![id.0, millis(now), words],
    )?;
    Ok(())
}

/// Carries out what is pending for a run whose lock the caller holds, in the order in which it was
/// asked for. Returns the tick of the commit where batches changed.
pub(super) fn obey(
    tx: &Transaction<'_>,
    run: RunId,
    now: Timestamp,
) -> Result<Option<u64>, JournalError> {
    let mut statement = tx.prepare_cached(&format!(
        "SELECT {COLUMNS} FROM orders WHERE run = ?1 AND obeyed_at IS NULL ORDER BY id"
    ))?;
    let pending: Vec<Order> = statement
        .query_map([run.0], order)?
        .collect::<Result<_, _>>()?;
    if pending.is_empty() {
        return Ok(None);
    }
    // Its sender may have died with requests in flight.
    let tick = tick::next(tx)?;
    record::recover(tx, run, clock::at(now), tick)?;
    for order in pending {
        let state = state_of(tx, run)?;
        let words = match order.verb.change().map(|change| next(state, change)) {
            Some(Ok(next)) => {
                set_state(tx, run, next, &order.note(), now)?;
                order.verb.done().to_owned()
            }
            Some(Err(refusal)) => refusal.to_string(),
            None => format!("it is {}", state.as_str()),
        };
        answer(tx, order.id, now, &words)?;
    }
    Ok(Some(tick))
}

/// Answers what is pending for a run that was given up in this state: the order that the state
/// carries out is obeyed, and what else was asked for is done now, in turn.
pub(super) fn answer_pending(
    tx: &Transaction<'_>,
    run: RunId,
    state: RunState,
    now: Timestamp,
) -> Result<(), JournalError> {
    tx.execute(
        "UPDATE orders SET obeyed_at = ?2, answer = ?3 WHERE id =
           (SELECT min(id) FROM orders WHERE run = ?1 AND obeyed_at IS NULL
            AND ((verb = 'pause' AND ?3 = 'paused') OR (verb = 'cancel' AND ?3 = 'cancelled')))",
        params![run.0, millis(now), state.as_str()],
    )?;
    obey(tx, run, now).map(drop)
}

/// Whether who has the run sends it. Of any other, somebody looks for unknown batches: he gives it
/// up within a moment, and then the order is carried out.
fn is_under_way(state: RunState) -> bool {
    matches!(state, RunState::Sending | RunState::Reading)
}

/// Whether the process that sends a run has been told to stop, and has not obeyed yet.
fn is_to_stop(tx: &Transaction<'_>, run: RunId) -> rusqlite::Result<bool> {
    tx.query_row(
        "SELECT EXISTS (SELECT 1 FROM orders WHERE run = ?1 AND obeyed_at IS NULL AND verb IN ('pause', 'cancel'))",
        [run.0],
        |row| row.get(0),
    )
}

fn set_state(
    tx: &Transaction<'_>,
    run: RunId,
    state: RunState,
    note: &str,
    now: Timestamp,
) -> Result<(), JournalError> {
    // A resumed run is gone on with by the daemon, where there is one.
    tx.execute(
        "UPDATE run SET state = ?2, note = ?3, ended_at = ?4, fence = fence + 1,
           tended = CASE WHEN ?2 = 'stopped' THEN 'daemon' ELSE tended END WHERE id = ?1",
        params![run.0, state.as_str(), note, millis(now)],
    )?;
    Ok(())
}

fn order(row: &Row<'_>) -> rusqlite::Result<Order> {
    Ok(Order {
        id: OrderId(row.get(0)?),
        at: timestamp(row.get(1)?),
        by: row.get(2)?,
        verb: super::read::named(row, 3, Verb::parse)?,
        campaign: super::read::named(row, 4, |text| CampaignName::new(text).ok())?,
        run: row.get::<_, Option<i64>>(5)?.map(RunId),
        why: row.get(6)?,
        obeyed_at: row.get::<_, Option<i64>>(7)?.map(timestamp),
        answer: row.get(8)?,
    })
}

impl Store {
    /// A number that changes whenever another connection has changed the store.
    pub fn version(&self) -> Result<i64, JournalError> {
        Ok(self
            .connection
            .prepare_cached("PRAGMA data_version")?
            .query_row([], |row| row.get(0))?)
    }

    /// The orders that nobody has obeyed yet, the earliest first.
    pub fn pending_orders(&self) -> Result<Vec<Order>, JournalError> {
        self.orders("obeyed_at IS NULL AND ?1 = 0", 0)
    }

    /// Every order that was given to this run, the earliest first.
    pub fn orders_of(&self, run: RunId) -> Result<Vec<Order>, JournalError> {
        self.orders("run = ?1", run.0)
    }

    /// One order.
    pub fn order(&self, id: OrderId) -> Result<Option<Order>, JournalError> {
        Ok(self.orders("id = ?1", id.0)?.pop())
    }

    fn orders(&self, which: &str, value: i64) -> Result<Vec<Order>, JournalError> {
        let sql = format!("SELECT {COLUMNS} FROM orders WHERE {which} ORDER BY id");
        let mut statement = self.connection.prepare_cached(&sql)?;
        Ok(statement
            .query_map([value], order)?
            .collect::<Result<_, _>>()?)
    }

    /// Since when a campaign's schedule is paused, and by whom.
    pub fn paused_campaign(
        &self,
        campaign: &CampaignName,
    ) -> Result<Option<(Timestamp, String)>, JournalError> {
        Ok(self
            .connection
            .prepare_cached(
                "SELECT paused_at, paused_by FROM schedule WHERE campaign = ?1 AND paused_at IS NOT NULL",
            )?
            .query_row([campaign.as_str()], |row| {
                Ok((timestamp(row.get(0)?), row.get(1)?))
            })
            .optional()?)
    }
}
