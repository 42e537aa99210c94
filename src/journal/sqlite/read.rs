//! What people ask the journal: runs, tallies, one customer's story. It changes nothing.

mod census;
mod customers;
mod doubts;
mod earlier;
mod listing;
mod lists;
mod longest;
mod reach;
mod standing;
mod story;
mod variants;

use std::path::{Path, PathBuf};

use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension as _, Row, params};

pub(super) use customers::{blob, state};

use super::{open, owner, timestamp};
use crate::campaign::{CampaignName, Priority, Restraints, UnknownPolicy};
use crate::delivery::tally::Owner;
use crate::journal::runs::RunRecord;
use crate::journal::{JournalError, RunId, RunKey, RunState, Tended};

/// The reading side of a store. Sees whatever was committed, also beside a process that writes.
#[derive(Debug)]
pub struct Store {
    pub(super) connection: Connection,
    file: super::place::OpenFile,
    pub(super) path: PathBuf,
}

const RUN_COLUMNS: &str = "id, campaign, due, state, note, owner, message, group_key, agent_id, priority, \
    batch_size, base_url, customers_file, digest, listed, duplicates, invalid, excluded, reads, created_at, \
    started_at, ended_at, tended, queued, send_window, unknown_policy, restraints, test";

impl Store {
    /// Opens an existing store.
    pub(in crate::journal) fn open(path: &Path) -> Result<Store, JournalError> {
        let (connection, file) = open::readable(path)?;
        Ok(Store {
            connection,
            file,
            path: path.to_owned(),
        })
    }

    /// As [`check_place`](super::StoreJournal::check_place).
    ///
    /// # Errors
    /// Says what tells that it must not be sent from, and what to do.
    pub fn check_place(&self) -> Result<(), JournalError> {
        self.file.check()?;
        super::place::check(&self.connection, &self.path)
    }

    /// All runs, the latest due first; of one campaign only where it is named.
    pub fn runs(&self, campaign: Option<&CampaignName>) -> Result<Vec<RunRecord>, JournalError> {
        self.latest(campaign, usize::MAX)
    }

    /// The latest runs, at most `most`, the latest due first; of one campaign only where it is
    /// named.
    pub fn latest(
        &self,
        campaign: Option<&CampaignName>,
        most: usize,
    ) -> Result<Vec<RunRecord>, JournalError> {
        let sql = format!(
            "SELECT {RUN_COLUMNS} FROM run WHERE ?1 IS NULL OR campaign = ?1
             ORDER BY due DESC, id DESC LIMIT ?2"
        );
        let most = i64::try_from(most).unwrap_or(i64::MAX);
        let mut statement = self.connection.prepare_cached(&sql)?;
        let campaign = campaign.map(CampaignName::as_str);
        let rows = statement.query_map(params![campaign, most], |row| self.run_record(row))?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// The runs that are not ended, the earliest due first.
    pub fn open_runs(&self) -> Result<Vec<RunRecord>, JournalError> {
        self.runs_where("state IN ('planned', 'sending', 'reading', 'stopped', 'paused')")
    }

    /// The runs that may need a person, or go on: those that are not ended, those with unknown
    /// batches, and a failed one that no later run of its campaign was launched after. The latest
    /// due first.
    pub fn runs_to_look_at(&self) -> Result<Vec<RunRecord>, JournalError> {
        let mut runs = self.runs_where(
            "state IN ('planned', 'sending', 'reading', 'stopped', 'paused')
             OR id IN (SELECT run FROM batch WHERE state = 5)
             OR (state = 'failed' AND NOT EXISTS
                  (SELECT 1 FROM run later WHERE later.campaign = run.campaign AND later.id > run.id
                     AND later.test = 0 AND later.state NOT IN ('missed', 'skipped')))",
        )?;
        runs.reverse();
        Ok(runs)
    }

    /// The runs that have unknown batches and are not under way, the earliest due first.
    pub fn runs_with_unknown(&self) -> Result<Vec<RunRecord>, JournalError> {
        self.runs_where("id IN (SELECT run FROM batch WHERE state = 5)")
    }

    /// The runs that ended after `since` and have accepted batches, the earliest due first.
    pub fn runs_to_follow(&self, since: Timestamp) -> Result<Vec<RunRecord>, JournalError> {
        self.runs_where(&format!(
            "ended_at > {} AND EXISTS
               (SELECT 1 FROM batch WHERE run = run.id AND state = 2 AND settled = 0)",
            super::millis(since)
        ))
    }

    fn runs_where(&self, which: &str) -> Result<Vec<RunRecord>, JournalError> {
        let sql = format!("SELECT {RUN_COLUMNS} FROM run WHERE {which} ORDER BY due, id");
        let mut statement = self.connection.prepare(&sql)?;
        let rows = statement.query_map([], |row| self.run_record(row))?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// The run with this number.
    pub fn run_numbered(&self, run: RunId) -> Result<Option<RunRecord>, JournalError> {
        let sql = format!("SELECT {RUN_COLUMNS} FROM run WHERE id = ?1");
        Ok(self
            .connection
            .prepare_cached(&sql)?
            .query_row([run.0], |row| self.run_record(row))
            .optional()?)
    }

    /// The run with this key.
    pub fn run(&self, key: &RunKey) -> Result<Option<RunRecord>, JournalError> {
        let sql = format!("SELECT {RUN_COLUMNS} FROM run WHERE campaign = ?1 AND due = ?2");
        let found = self
            .connection
            .prepare_cached(&sql)?
            .query_row(
                params![key.campaign.as_str(), super::millis(key.due)],
                |row| self.run_record(row),
            )
            .optional()?;
        Ok(found)
    }

    fn run_record(&self, row: &Row<'_>) -> rusqlite::Result<RunRecord> {
        let id = RunId(row.get(0)?);
        let state = named(row, 3, RunState::parse)?;
        // Nobody can be sending a run that is closed: no need to look for its lock.
        let alive = state.is_open() && owner::Lock::is_held(&self.path, id);
        Ok(RunRecord {
            id,
            key: RunKey {
                campaign: named(row, 1, |text| CampaignName::new(text).ok())?,
                due: timestamp(row.get(2)?),
            },
            state,
            note: row.get(4)?,
            owner: if alive { Owner::Alive } else { Owner::Gone },
            owner_name: row.get(5)?,
            message: row.get(6)?,
            variants: self.variants(id)?,
            group: row.get(7)?,
            agent_id: unsigned(row, 8)?,
            priority: named(row, 9, Priority::parse)?,
            batch_size: row.get(10)?,
            base_url: row.get(11)?,
            customers_files: row
                .get::<_, String>(12)?
                .split('\n')
                .map(str::to_owned)
                .collect(),
            digest: row.get(13)?,
            listing: self.listing(id, row, 14)?,
            lists: self.lists(id)?,
            reads: unsigned(row, 18)?,
            created_at: timestamp(row.get(19)?),
            started_at: row.get::<_, Option<i64>>(20)?.map(timestamp),
            ended_at: row.get::<_, Option<i64>>(21)?.map(timestamp),
            tended: match row.get_ref(22)?.as_str()? {
                "daemon" => Tended::ByDaemon,
                _ => Tended::ByHand,
            },
            queued: row.get(23)?,
            window: row.get(24)?,
            unknown: UnknownPolicy::parse(row.get_ref(25)?.as_str()?).unwrap_or_default(),
            restraints: named(row, 26, Restraints::parse)?,
            test: row.get(27)?,
        })
    }
}

/// A count; negative ones cannot have been stored.
fn unsigned(row: &Row<'_>, column: usize) -> rusqlite::Result<u64> {
    Ok(row
        .get::<_, Option<i64>>(column)?
        .map_or(0, i64::unsigned_abs))
}

pub(super) fn named<T>(
    row: &Row<'_>,
    column: usize,
    parse: impl Fn(&str) -> Option<T>,
) -> rusqlite::Result<T> {
    let text: String = row.get(column)?;
    parse(&text).ok_or_else(|| {
        rusqlite::Error::FromSqlConversionFailure(
            column,
            rusqlite::types::Type::Text,
            format!("\"{text}\" is not known to this version").into(),
        )
    })
}
