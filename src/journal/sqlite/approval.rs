//! Approvals: who agreed to which plan of which run.

use rusqlite::{TransactionBehavior, params};

use super::orders::{answer, insert};
use super::read::Store;
use super::runs::state_of;
use super::{StoreJournal, millis, timestamp};
use crate::campaign::CampaignName;
use crate::journal::orders::{Approval, NewOrder, OrderId};
use crate::journal::{JournalError, RunId};

impl StoreJournal {
    /// Approves the plan of a run, whoever sends it. Only one that is not ended can be. It counts as
    /// later than the look at the first wave, where there was one, whatever the clock on the wall says.
    pub fn approve(
        &mut self,
        run: RunId,
        campaign: &CampaignName,
        order: &NewOrder,
    ) -> Result<OrderId, JournalError> {
        let tx = self
            .connection
            .transaction_with_behavior(TransactionBehavior::Immediate)?;
        let id = insert(&tx, campaign, Some(run), order)?;
        let state = state_of(&tx, run)?;
        if state.is_open() {
            tx.execute(
                "INSERT INTO approval (run, digest, at, by, why) SELECT id, digest, max(?2, coalesce(canary_at, 0)), ?3, ?4
                 FROM run WHERE id = ?1",
                params![run.0, millis(order.at), order.by, order.why],
            )?;
            answer(&tx, id, order.at, order.verb.done())?;
        } else {
            answer(
                &tx,
                id,
                order.at,
                &format!("it is {} already", state.as_str()),
            )?;
        }
        tx.commit()?;
        Ok(id)
    }
}

impl Store {
    /// The approvals of a run's plan, the earliest first.
    pub fn approvals(&self, run: RunId) -> Result<Vec<Approval>, JournalError> {
        let mut statement = self.connection.prepare_cached(
            "SELECT a.digest, a.at, a.by, a.why FROM approval a JOIN run r ON r.id = a.run AND r.digest = a.digest
             WHERE a.run = ?1 ORDER BY a.id",
        )?;
        let rows = statement.query_map([run.0], |row| {
            Ok(Approval {
                digest: row.get(0)?,
                at: timestamp(row.get(1)?),
                by: row.get(2)?,
                why: row.get(3)?,
            })
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }
}
