//! Fires of schedules in the store: which are decided, and those that became no run.

use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension as _, Row, TransactionBehavior, params};

use super::read::Store;
use super::{StoreJournal, boot_time, millis, timestamp};
use crate::campaign::CampaignName;
use crate::delivery::ahead::Decided;
use crate::delivery::moment::Moment;
use crate::journal::JournalError;
use crate::journal::schedule::Unlaunched;

impl StoreJournal {
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

/// Fires up to `decided` are decided; never moves back. Whatever is decided is decided by the clock as
/// it is: how long that lay ahead before says nothing any more.
pub(super) fn move_decided(
    connection: &Connection,
    campaign: &CampaignName,
    decided: Timestamp,
) -> Result<(), JournalError> {
    connection
        .prepare_cached(
            "INSERT INTO schedule (campaign, decided) VALUES (?1, ?2)
             ON CONFLICT (campaign) DO UPDATE
             SET decided = max(decided, ?2), seen_at = NULL, seen_boot = NULL, seen_boot_ms = NULL",
        )?
        .execute(params![campaign.as_str(), millis(decided)])?;
    Ok(())
}

impl Store {
    /// Up to when the fires of this campaign's schedule are decided; none before the first.
    pub fn decided(&self, campaign: &CampaignName) -> Result<Option<Decided>, JournalError> {
        Ok(self
            .connection
            .prepare_cached(
                "SELECT decided, ahead, seen_boot, seen_boot_ms, seen_at FROM schedule WHERE campaign = ?1",
            )?
            .query_row([campaign.as_str()], decided)
            .optional()?)
    }
}

/// How far the fires of a schedule are decided, from the columns of [`Store::decided`].
pub(super) fn decided(row: &Row<'_>) -> rusqlite::Result<Decided> {
    let time = |at: Option<i64>| at.map(timestamp);
    let boot = boot_time(row, 2)?;
    Ok(Decided {
        up_to: timestamp(row.get(0)?),
        ahead: time(row.get(1)?),
        seen: time(row.get(4)?).map(|wall| Moment { wall, boot }),
    })
}
