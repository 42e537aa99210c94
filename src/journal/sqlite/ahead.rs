//! Schedules whose fires are decided up to a time that has not come: noted, and set back once the clock
//! is believed. See [`crate::delivery::ahead`].

use rusqlite::{Connection, TransactionBehavior, params};

use super::schedule::decided;
use super::{StoreJournal, boot_code, boot_millis, millis};
use crate::campaign::CampaignName;
use crate::delivery::ahead::Look;
use crate::delivery::moment::Moment;
use crate::journal::JournalError;
use crate::journal::schedule::Ahead;

impl StoreJournal {
    /// Looks for such campaigns, in one commit with what is noted of them. What was launched, skipped
    /// or failed keeps its record; a due time that was only recorded as missed, and comes after all,
    /// is launched in the place of that record.
    pub fn settle_ahead(&mut self, now: Moment) -> Result<Vec<Ahead>, JournalError> {
        // Nothing is locked for what is almost never there.
        if find(&self.connection, now)?.is_empty() {
            return Ok(Vec::new());
        }
        let tx = self
            .connection
            .transaction_with_behavior(TransactionBehavior::Immediate)?;
        let found = find(&tx, now)?;
        for one in &found {
            let campaign = one.campaign.as_str();
            match one.look {
                Look::Come | Look::Wait { is_new: false, .. } => {}
                Look::Wait { is_new: true, .. } => {
                    let boot = now.boot.map(boot_code);
                    let boot_ms = now.boot.map(|at| boot_millis(at.rounded_up()));
                    tx.execute(
                        "UPDATE schedule SET seen_at = ?2, seen_boot = ?3, seen_boot_ms = ?4 WHERE campaign = ?1",
                        params![campaign, millis(now.wall), boot, boot_ms],
                    )?;
                }
                Look::Back(to) => {
                    tx.execute(
                        "UPDATE schedule SET ahead = max(coalesce(ahead, decided), decided), decided = ?2,
                           seen_at = NULL, seen_boot = NULL, seen_boot_ms = NULL WHERE campaign = ?1",
                        params![campaign, millis(to)],
                    )?;
                }
            }
        }
        tx.commit()?;
        Ok(found)
    }
}

fn find(connection: &Connection, now: Moment) -> Result<Vec<Ahead>, JournalError> {
    let mut statement = connection.prepare_cached(
        "SELECT decided, ahead, seen_boot, seen_boot_ms, seen_at, campaign FROM schedule
         WHERE decided > ?1 ORDER BY campaign",
    )?;
    let mut rows = statement.query([millis(now.wall)])?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        let name: String = row.get(5)?;
        let decided = decided(row)?;
        let look = decided.look(now);
        if let Ok(campaign) = CampaignName::new(&name)
            && look != Look::Come
        {
            found.push(Ahead {
                campaign,
                decided,
                look,
            });
        }
    }
    Ok(found)
}
