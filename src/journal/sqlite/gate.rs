//! What the gate of a run asks the store, and the little that it writes: what the run waits for.

use std::path::Path;
use std::time::Duration;

use jiff::Timestamp;
use rusqlite::{Connection, Row, Transaction, TransactionBehavior, named_params, params};

use super::{boot_code, boot_millis, counts_at, millis, open, runs, timestamp};
use crate::campaign::{CampaignName, MaxOpen, OpenOf};
use crate::delivery::batch::BatchState;
use crate::delivery::canary::{Judgement, Wave, WaveBatch, last_of_wave, members};
use crate::delivery::moment::Moment;
use crate::delivery::open_chats::OpenChat;
use crate::delivery::outcome::ChatId;
use crate::delivery::run::{RunChange, next};
use crate::delivery::sliding::Messaged;
use crate::journal::gate::CountedChat;
use crate::journal::{Fence, JournalError, RunId};

/// Older chats count for a group only while something of them is open: it is not looked whether
/// anybody answers them still.
const OLD: Duration = Duration::from_secs(30 * 24 * 3600);

/// When the outcome of a batch was recorded, on the wall as it is set at `:now`. What was recorded in
/// this boot is as long ago as the boot clock says: a wall clock that was set in between frees no
/// limit and ends no hold. A chat that was found by reading back counts from when it was found.
const ENDED_AT: &str = "CASE WHEN ended_boot = :boot AND ended_tick IS NOT NULL
    THEN :now - (:boot_ms - ended_boot_ms) ELSE ended_at END";

/// The gate's own connection to the store.
#[derive(Debug)]
pub struct GateBook {
    connection: Connection,
}

impl GateBook {
    /// Opens an existing store.
    pub(in crate::journal) fn open(path: &Path) -> Result<GateBook, JournalError> {
        Ok(GateBook {
            connection: open::writable(path)?.0,
        })
    }

    /// Notes what a run waits for; an empty note ends that. Nothing happens where the run was
    /// claimed by somebody else since.
    pub fn note(&self, fence: Fence, note: &str) -> Result<(), JournalError> {
        self.connection.execute(
            "UPDATE run SET note = ?3 WHERE id = ?1 AND fence = ?2 AND state = 'sending'",
            params![fence.run.0, fence.token, note],
        )?;
        Ok(())
    }

    /// Records that a first wave was looked at, and what was found. The same commit pauses a run
    /// whose wave went wrong: who comes after a kill must not take it for one that was resumed.
    /// It counts as later than every approval so far, whatever the clock on the wall says.
    pub fn judge(
        &self,
        fence: Fence,
        judgement: &Judgement,
        now: Timestamp,
    ) -> Result<(), JournalError> {
        let tx = Transaction::new_unchecked(&self.connection, TransactionBehavior::Immediate)?;
        let from = runs::fenced_state(&tx, fence)?;
        let state = match judgement.passed {
            true => from,
            false => next(from, RunChange::Pause)?,
        };
        tx.execute(
            "UPDATE run SET canary_passed = ?3, canary = ?4, state = ?5,
               canary_at = max(?2, coalesce((SELECT max(at) + 1 FROM approval WHERE run = ?1), 0)),
               note = CASE WHEN ?3 THEN note ELSE ?4 END,
               ended_at = CASE WHEN ?3 THEN ended_at ELSE ?2 END
             WHERE id = ?1",
            params![
                fence.run.0,
                millis(now),
                judgement.passed,
                judgement.sentence,
                state.as_str()
            ],
        )?;
        Ok(tx.commit()?)
    }

    /// Whether a run's plan is approved, and when that was last said.
    pub fn approved_at(&self, run: RunId) -> Result<Option<Timestamp>, JournalError> {
        let at: Option<i64> = self
            .connection
            .prepare_cached(
                "SELECT max(a.at) FROM approval a JOIN run r ON r.id = a.run AND r.digest = a.digest WHERE a.run = ?1",
            )?
            .query_row([run.0], |row| row.get(0))?;
        Ok(at.map(timestamp))
    }

    /// Whether an operator has resumed a run at this time or after.
    pub fn resumed_since(&self, run: RunId, since: Timestamp) -> Result<bool, JournalError> {
        Ok(self
            .connection
            .prepare_cached(
                "SELECT EXISTS (SELECT 1 FROM orders WHERE run = ?1 AND verb = 'resume' AND answer = 'resumed' AND at >= ?2)",
            )?
            .query_row(params![run.0, millis(since)], |row| row.get(0))?)
    }

    /// What came of the first wave of a run, which is the first batches with so many customers.
    pub fn wave(&self, run: RunId, customers: u64, now: Moment) -> Result<Wave, JournalError> {
        let judged: (Option<i64>, bool) = self
            .connection
            .prepare_cached("SELECT canary_at, canary_passed FROM run WHERE id = ?1")?
            .query_row([run.0], |row| Ok((row.get(0)?, row.get(1)?)))?;
        let mut wave = Wave {
            judged: judged.0.map(|at| (timestamp(at), judged.1)),
            approved_at: self.approved_at(run)?,
            ..Wave::default()
        };
        if wave.judged.is_some() {
            return Ok(wave);
        }
        for batch in self.wave_batches(run, customers, now)? {
            wave.add(&batch);
        }
        Ok(wave)
    }

    /// The batches of the first wave, parts of split ones included; none once it was judged.
    pub fn unjudged_wave(
        &self,
        run: RunId,
        customers: u64,
        now: Moment,
    ) -> Result<Vec<(u32, BatchState)>, JournalError> {
        let judged: bool = self
            .connection
            .prepare_cached("SELECT canary_at IS NOT NULL FROM run WHERE id = ?1")?
            .query_row([run.0], |row| row.get(0))?;
        if judged {
            return Ok(Vec::new());
        }
        let batches = self.wave_batches(run, customers, now)?;
        let of = |batch: WaveBatch| (batch.number, batch.state);
        Ok(batches.into_iter().map(of).collect())
    }

    fn wave_batches(
        &self,
        run: RunId,
        customers: u64,
        now: Moment,
    ) -> Result<Vec<WaveBatch>, JournalError> {
        let Some(last) = self.last_of_wave(run, customers)? else {
            return Ok(Vec::new());
        };
        let mut statement = self.connection.prepare_cached(&format!(
            "SELECT number, parent, customers, state, responded, {ENDED_AT} FROM batch
             WHERE run = :run AND (number <= :last OR parent IS NOT NULL) ORDER BY number"
        ))?;
        let (boot, boot_ms) = boot_columns(now);
        let asked = named_params! {
            ":run": run.0,
            ":last": last,
            ":now": millis(now.wall),
            ":boot": boot,
            ":boot_ms": boot_ms,
        };
        let batches: Vec<WaveBatch> = statement
            .query_map(asked, |row| {
                Ok(WaveBatch {
                    number: row.get(0)?,
                    parent: row.get(1)?,
                    customers: row.get::<_, u32>(2)?.into(),
                    state: state(row.get(3)?)?,
                    responded: row.get::<_, i64>(4)?.unsigned_abs(),
                    ended_at: row.get::<_, Option<i64>>(5)?.map(timestamp),
                })
            })?
            .collect::<Result<_, _>>()?;
        let of = |batch: &WaveBatch| (batch.number, batch.parent);
        let members = members(last, batches.iter().map(of));
        let belongs = |batch: &WaveBatch| members.contains(&batch.number);
        Ok(batches.into_iter().filter(belongs).collect())
    }

    fn last_of_wave(&self, run: RunId, customers: u64) -> Result<Option<u32>, JournalError> {
        let mut statement = self.connection.prepare_cached(
            "SELECT number, customers FROM batch WHERE run = ?1 AND parent IS NULL ORDER BY number",
        )?;
        let mut rows = statement.query([run.0])?;
        let mut sizes = Vec::new();
        let mut sum = 0;
        while let Some(row) = rows.next()? {
            let (number, size): (u32, u32) = (row.get(0)?, row.get(1)?);
            sizes.push((number, u64::from(size)));
            sum += u64::from(size);
            if sum >= customers {
                break;
            }
        }
        Ok(last_of_wave(customers, sizes))
    }

    /// The chats of a run that were not read since `since`.
    pub fn unread_since(
        &self,
        run: RunId,
        since: Timestamp,
    ) -> Result<Vec<CountedChat>, JournalError> {
        let mut statement = self.connection.prepare_cached(
            "SELECT run, number, chat, customers, coalesce(ended_at, 0), read_at, sent, responded, closed
             FROM batch WHERE run = ?1 AND state = ?2 AND settled = 0 AND chat IS NOT NULL
               AND coalesce(read_at, 0) < ?3 ORDER BY number",
        )?;
        let accepted = BatchState::Accepted.code();
        let rows = statement.query_map(params![run.0, accepted, millis(since)], counted)?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// Customers of a campaign who were messaged within this span before `now`, or may have been;
    /// what is under way counts as of `now`.
    pub fn messaged(
        &self,
        campaign: &CampaignName,
        within: Duration,
        now: Moment,
    ) -> Result<Vec<Messaged>, JournalError> {
        let mut statement = self.connection.prepare_cached(&format!(
            "SELECT coalesce({ENDED_AT}, :now) AS at, customers FROM batch
             WHERE run IN (SELECT id FROM run WHERE campaign = :campaign AND test = 0
                           AND (ended_at IS NULL OR ended_at > :since))
               AND state IN (:sending, :accepted, :unknown, :abandoned) AND at > :since"
        ))?;
        let [sending, accepted, unknown, abandoned] = PERHAPS_MESSAGED;
        let (boot, boot_ms) = boot_columns(now);
        let since = now.wall.saturating_sub(within).unwrap_or(Timestamp::MIN);
        let rows = statement.query_map(
            named_params! {
                ":campaign": campaign.as_str(),
                ":since": millis(since),
                ":now": millis(now.wall),
                ":boot": boot,
                ":boot_ms": boot_ms,
                ":sending": sending.code(),
                ":accepted": accepted.code(),
                ":unknown": unknown.code(),
                ":abandoned": abandoned.code(),
            },
            |row| {
                Ok(Messaged {
                    at: timestamp(row.get(0)?),
                    customers: row.get::<_, u32>(1)?.into(),
                })
            },
        )?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// The chats that count for a run, and how many customers count of whom it is not known
    /// whether they were messaged.
    pub fn chats(
        &self,
        run: RunId,
        rule: &MaxOpen,
        now: Timestamp,
    ) -> Result<(Vec<CountedChat>, u64), JournalError> {
        let runs = match rule.of {
            OpenOf::Run => "SELECT ?1",
            OpenOf::Group => {
                "SELECT r.id FROM run r JOIN run this ON this.id = ?1
                 WHERE r.group_key = this.group_key AND r.base_url = this.base_url"
            }
        };
        let mut statement = self.connection.prepare_cached(&format!(
            "SELECT run, number, chat, customers, coalesce(ended_at, 0), read_at, sent, responded, closed
             FROM batch WHERE run IN ({runs}) AND state = {} AND settled = 0 AND chat IS NOT NULL
               AND (ended_at > ?2 OR responded > closed)
             ORDER BY run, number",
            BatchState::Accepted.code()
        ))?;
        let before = |span| millis(now.saturating_sub(span).unwrap_or(Timestamp::MIN));
        let chats = statement
            .query_map(params![run.0, before(OLD)], counted)?
            .collect::<Result<_, _>>()?;
        let in_flight: i64 = self
            .connection
            .prepare_cached(&format!(
                "SELECT coalesce(sum(customers), 0) FROM batch
                 WHERE run IN ({runs}) AND (state = {} OR state = {} AND ended_at > ?2)",
                BatchState::Sending.code(),
                BatchState::Unknown.code()
            ))?
            .query_row(params![run.0, before(rule.answers_within)], |row| {
                row.get(0)
            })?;
        Ok((chats, in_flight.unsigned_abs()))
    }
}

/// The states of batches whose customers were messaged, or may have been.
pub(super) const PERHAPS_MESSAGED: [BatchState; 4] = [
    BatchState::Sending,
    BatchState::Accepted,
    BatchState::Unknown,
    BatchState::Abandoned,
];

/// A moment's reading of the boot clock, as it is stored.
fn boot_columns(now: Moment) -> (Option<i64>, Option<i64>) {
    let boot = now.boot.map(|at| at.rounded_down());
    (boot.map(boot_code), boot.map(boot_millis))
}

fn state(code: i64) -> rusqlite::Result<BatchState> {
    BatchState::from_code(code).ok_or(rusqlite::Error::IntegralValueOutOfRange(3, code))
}

fn counted(row: &Row<'_>) -> rusqlite::Result<CountedChat> {
    let read_at: Option<i64> = row.get(5)?;
    let counts = counts_at(row, 6)?;
    Ok(CountedChat {
        run: RunId(row.get(0)?),
        batch: row.get(1)?,
        chat: ChatId(row.get::<_, i64>(2)?.unsigned_abs()),
        open: OpenChat {
            customers: row.get::<_, u32>(3)?.into(),
            made_at: timestamp(row.get(4)?),
            read: read_at.map(|at| (timestamp(at), counts)),
        },
    })
}
