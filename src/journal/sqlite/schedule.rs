//! Fires of schedules in the store: which are decided, and those that became no run.

use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension as _, TransactionBehavior, params};

use super::read::Store;
use super::{SqliteJournal, millis, timestamp};
use crate::campaign::CampaignName;
use crate::journal::{JournalError, RunState};

/// A fire that became no run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unlaunched {
    /// When it was due.
    pub due: Timestamp,
    /// Missed, skipped, or failed where its plan could not be made.
    pub state: RunState,
    /// Why.
    pub why: String,
}

impl SqliteJournal {
    /// Records fires of a schedule that became no run, and up to when its fires are decided, in one
    /// commit. A due time that has a run already keeps it; returns those that had none.
    pub fn decide(
        &mut self,
        campaign: &CampaignName,
        mut unlaunched: Vec<Unlaunched>,
        decided: Timestamp,
        now: Timestamp,
    ) -> Result<Vec<Unlaunched>, JournalError> {
        let tx = self
            .connection
            .transaction_with_behavior(TransactionBehavior::Immediate)?;
        let mut new = Vec::with_capacity(unlaunched.len());
        for fire in &unlaunched {
            let changed = tx
                .prepare_cached(
                    "INSERT OR IGNORE INTO run (campaign, due, state, note, message, group_key, agent_id, priority,
                       batch_size, base_url, customers_file, created_at, ended_at, tended)
                     VALUES (?1, ?2, ?3, ?4, '', '', 0, 'MEDIUM', 0, '', '', ?5, ?5, 'daemon')",
                )?
                .execute(params![
                    campaign.as_str(),
                    millis(fire.due),
                    fire.state.as_str(),
                    fire.why,
                    millis(now),
                ])?;
            new.push(changed == 1);
        }
        move_decided(&tx, campaign, decided)?;
        tx.commit()?;
        let mut new = new.into_iter();
        unlaunched.retain(|_| new.next().unwrap_or(false));
        Ok(unlaunched)
    }
}

/// Fires up to `decided` are decided; never moves back.
pub(super) fn move_decided(
    connection: &Connection,
    campaign: &CampaignName,
    decided: Timestamp,
) -> Result<(), JournalError> {
    connection
        .prepare_cached(
            "INSERT INTO schedule (campaign, decided) VALUES (?1, ?2)
             ON CONFLICT (campaign) DO UPDATE SET decided = max(decided, ?2)",
        )?
        .execute(params![campaign.as_str(), millis(decided)])?;
    Ok(())
}

impl Store {
    /// Up to when the fires of this campaign's schedule are decided; none before the first.
    pub fn decided(&self, campaign: &CampaignName) -> Result<Option<Timestamp>, JournalError> {
        Ok(self
            .connection
            .prepare_cached("SELECT decided FROM schedule WHERE campaign = ?1")?
            .query_row([campaign.as_str()], |row| row.get(0))
            .optional()?
            .map(timestamp))
    }
}
