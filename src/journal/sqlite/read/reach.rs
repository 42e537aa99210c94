//! Whom a campaign has reached, and whom it has not.

use std::ops::Not as _;

use roaring::RoaringTreemap;
use rusqlite::params;

use super::Store;
use crate::campaign::CampaignName;
use crate::delivery::batch::BatchState;
use crate::journal::runs::RunRecord;
use crate::journal::{JournalError, RunState, packed};

impl Store {
    /// The latest run of a campaign that has a plan and is no test.
    pub fn last_planned(&self, campaign: &CampaignName) -> Result<Option<RunRecord>, JournalError> {
        let runs = self.runs(Some(campaign))?;
        let planned = |run: &RunRecord| {
            let never = matches!(run.state, RunState::Missed | RunState::Skipped);
            run.test.not() && never.not() && run.digest.is_empty().not()
        };
        Ok(runs.into_iter().find(planned))
    }

    /// The customers of a run who are in this state, with their lines, in the order of the file;
    /// without those whom any run of the campaign, tests aside, has messaged or may have.
    pub fn not_reached(
        &self,
        run: &RunRecord,
        state: BatchState,
    ) -> Result<Vec<(u64, u64)>, JournalError> {
        let _moment = self.connection.unchecked_transaction()?;
        let reached = self.reached(&run.key.campaign)?;
        let mut statement = self.connection.prepare_cached(
            "SELECT c.packed FROM batch b JOIN batch_customers c ON c.id = (b.run << 32) | b.number
             WHERE b.run = ?1 AND b.state = ?2",
        )?;
        let mut rows = statement.query([run.id.0, state.code()])?;
        let mut customers = Vec::new();
        while let Some(row) = rows.next()? {
            let blob: Vec<u8> = row.get(0)?;
            let (ids, lines) = packed::rows(&blob)?;
            let listed = ids.into_iter().zip(lines);
            customers.extend(listed.filter(|(customer, _)| !reached.contains(*customer)));
        }
        customers.sort_by_key(|(_, line)| *line);
        Ok(customers)
    }

    fn reached(&self, campaign: &CampaignName) -> Result<RoaringTreemap, JournalError> {
        let mut statement = self.connection.prepare_cached(
            "SELECT c.packed FROM run r JOIN batch b ON b.run = r.id
               JOIN batch_customers c ON c.id = (b.run << 32) | b.number
             WHERE r.campaign = ?1 AND r.test = 0 AND b.state IN (?2, ?3, ?4, ?5)",
        )?;
        let [sending, accepted, unknown, abandoned] = super::super::gate::PERHAPS_MESSAGED;
        let mut rows = statement.query(params![
            campaign.as_str(),
            sending.code(),
            accepted.code(),
            unknown.code(),
            abandoned.code(),
        ])?;
        let mut reached = RoaringTreemap::new();
        while let Some(row) = rows.next()? {
            let blob: Vec<u8> = row.get(0)?;
            reached.extend(packed::customers(&blob)?);
        }
        Ok(reached)
    }
}
