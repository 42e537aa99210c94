//! What is on the disk, and how one commit changes it.
//!
//! Every change is the same compare-and-set as in the other journals. A function here may leave
//! half of a change behind when it fails: the commit around it then throws its copy away.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;

use crate::campaign::UnknownPolicy;
use crate::campaign::{InvalidRow, NamedRow};
use crate::delivery::batch::{BatchState, Change};
use crate::delivery::dispatch::Conclusion;
use crate::delivery::list::List;
use crate::delivery::moment::{BootTime, Moment};
use crate::delivery::outcome::{ChatId, Words};
use crate::delivery::plan::{PlanSink, PlanSummary};
use crate::delivery::reason::Ground;
use crate::delivery::run::{RunChange, next};
use crate::delivery::tally::Listing;
use crate::delivery::tracking::Counts;
use crate::journal::place::Place;
use crate::journal::{
    Claim, Entry, Fence, JournalError, NewRun, Permit, Purpose, Reading, Resolution, RunId,
    RunState, SENDER_ENDED, Verdict, What, give_up,
};

/// A run as it stands.
#[derive(Clone, Debug)]
pub struct StoredRun {
    /// What was frozen.
    pub new: NewRun,
    /// Where its sending stands.
    pub state: RunState,
    /// Why it stands there, in words.
    pub note: String,
    /// When it was last given up.
    pub ended_at: Option<Timestamp>,
    /// Counts its claims.
    pub fence: i64,
    /// What the rows of the file came to.
    pub listing: Listing,
    /// The lists of those whom it leaves out.
    pub lists: Vec<List>,
    /// The identity of the plan.
    pub digest: String,
    /// Requests that read.
    pub reads: u64,
    /// When its first wave was judged, and whether it went well.
    pub judged: Option<(Timestamp, bool)>,
    /// When somebody last agreed to its plan.
    pub approved_at: Option<Timestamp>,
    /// Its batches, by number.
    pub batches: BTreeMap<u32, StoredBatch>,
    /// How unknown batches ended or did not, in order.
    pub verdicts: Vec<Arc<Verdict>>,
}

/// A batch as it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredBatch {
    /// The refused batch it is a part of.
    pub parent: Option<u32>,
    /// Its state.
    pub state: BatchState,
    /// How many attempts it has had.
    pub attempt: u32,
    /// When the last intent was recorded.
    pub intended_at: Option<Timestamp>,
    /// When its outcome was recorded.
    pub ended_at: Option<Timestamp>,
    /// When the last intent was recorded, by the boot clock.
    pub intended: Option<BootTime>,
    /// When its outcome was recorded, by the boot clock.
    pub ended: Option<BootTime>,
    /// The commit that recorded the intent.
    pub intent_tick: Option<u64>,
    /// The commit that recorded the outcome.
    pub ended_tick: Option<u64>,
    /// When it was last looked for in Desk.
    pub looked_at: Option<Timestamp>,
    /// Its chat.
    pub chat: Option<ChatId>,
    /// Its customers, in order.
    pub customers: Arc<[u64]>,
    /// The line of each.
    pub lines: Arc<[u64]>,
    /// What was last read of its chat, and when.
    pub read: Option<(Timestamp, Counts, bool)>,
}

impl StoredBatch {
    fn planned(parent: Option<u32>, customers: &[u64], lines: &[u64]) -> StoredBatch {
        StoredBatch {
            parent,
            state: BatchState::Planned,
            attempt: 0,
            intended_at: None,
            ended_at: None,
            intended: None,
            ended: None,
            intent_tick: None,
            ended_tick: None,
            looked_at: None,
            chat: None,
            customers: customers.into(),
            lines: lines.into(),
            read: None,
        }
    }
}

/// Everything that is durable. A copy costs next to nothing until one of its runs is changed.
#[derive(Clone, Debug, Default)]
pub(super) struct Contents {
    pub(super) runs: BTreeMap<RunId, Arc<StoredRun>>,
    /// Counts the commits of intents and outcomes.
    pub(super) tick: u64,
    /// Where it was when it was last settled.
    pub(super) place: Place,
}

/// A time as the stores keep it: whole milliseconds.
pub(super) fn kept(at: Timestamp) -> Timestamp {
    Timestamp::from_millisecond(at.as_millisecond()).unwrap_or(Timestamp::UNIX_EPOCH)
}

impl Contents {
    pub(super) fn create(&mut self, new: &NewRun) -> Result<RunId, JournalError> {
        let due = kept(new.key.due);
        // What ended after now ended by a clock that was ahead: it is over.
        let now = kept(Timestamp::now());
        let unfinished = |run: &&Arc<StoredRun>| {
            let since_asked = |at: Timestamp| at > kept(new.created_at) && at <= now;
            let ended_later = run.ended_at.is_some_and(since_asked);
            let real = !run.new.launch.test;
            real && run.new.key.campaign == new.key.campaign && (run.state.is_open() || ended_later)
        };
        let latest = self
            .runs
            .values()
            .filter(unfinished)
            .max_by_key(|run| run.new.key.due);
        if let Some(run) = latest.filter(|_| !new.beside) {
            return Err(JournalError::Unfinished(run.new.key.clone()));
        }
        let same = |run: &Arc<StoredRun>| {
            run.new.key.campaign == new.key.campaign && kept(run.new.key.due) == due
        };
        if self.runs.values().any(same) {
            return Err(JournalError::Exists(new.key.clone()));
        }
        let id = RunId(self.runs.keys().last().map_or(1, |last| last.0 + 1));
        let run = StoredRun {
            new: new.clone(),
            state: RunState::Planned,
            note: String::new(),
            ended_at: None,
            fence: 0,
            listing: Listing::default(),
            lists: Vec::new(),
            digest: String::new(),
            reads: 0,
            judged: None,
            approved_at: None,
            batches: BTreeMap::new(),
            verdicts: Vec::new(),
        };
        self.runs.insert(id, Arc::new(run));
        Ok(id)
    }

    pub(super) fn run_mut(&mut self, run: RunId) -> Result<&mut StoredRun, JournalError> {
        let found = self.runs.get_mut(&run).map(Arc::make_mut);
        found.ok_or_else(|| JournalError::Store(format!("there is no run {}", run.0)))
    }

    pub(super) fn fenced(&mut self, fence: Fence) -> Result<&mut StoredRun, JournalError> {
        self.run_mut(fence.run)
            .ok()
            .filter(|run| run.fence == fence.token)
            .ok_or(JournalError::Fenced)
    }

    pub(super) fn claim(
        &mut self,
        id: RunId,
        purpose: Purpose,
        now: Moment,
    ) -> Result<Claim, JournalError> {
        self.tick += 1;
        let tick = self.tick;
        let run = self.run_mut(id)?;
        let state = next(run.state, purpose.change())?;
        let last_intent_at = run
            .batches
            .values()
            .filter_map(|batch| batch.intended_at)
            .max();
        let recovered = run.recover(now, tick)?;
        run.fence += 1;
        match purpose {
            Purpose::Sending => {
                run.note.clear();
                run.ended_at = None;
            }
            Purpose::Settling if state != run.state => {
                run.note = SENDER_ENDED.to_owned();
            }
            Purpose::Settling => {}
        }
        run.state = state;
        let proven = |batch: &StoredBatch| batch.state == BatchState::Accepted;
        Ok(Claim {
            fence: Fence {
                run: id,
                token: run.fence,
            },
            last_batch: run.batches.keys().last().copied().unwrap_or(0),
            proven: run.batches.values().any(proven),
            // Nothing of a cancelled run is sent any more, whatever is proved of it.
            unknown: match run.state {
                RunState::Cancelled => UnknownPolicy::Hold,
                _ => run.new.unknown,
            },
            recovered,
            last_intent_at,
        })
    }

    pub(super) fn record(
        &mut self,
        groups: &[(Fence, Vec<Entry>)],
    ) -> Result<Vec<Vec<Permit>>, JournalError> {
        self.tick += 1;
        let tick = self.tick;
        groups
            .iter()
            .map(|(fence, entries)| {
                let run = self.fenced(*fence)?;
                entries
                    .iter()
                    .filter_map(|entry| run.record_entry(fence.run, entry, tick).transpose())
                    .collect()
            })
            .collect()
    }

    pub(super) fn resolve(
        &mut self,
        fence: Fence,
        verdicts: &[Verdict],
    ) -> Result<(), JournalError> {
        let run = self.fenced(fence)?;
        for verdict in verdicts {
            if let Some(change) = verdict.resolution.change() {
                let batch = run.changed(verdict.batch, verdict.attempt, change, "resolution")?;
                batch.ended_at = Some(kept(verdict.at));
                batch.ended_tick = None;
                batch.chat = match verdict.resolution {
                    Resolution::Found(chat) => Some(chat),
                    _ => None,
                };
            }
            if let Some(batch) = run.batches.get_mut(&verdict.batch) {
                batch.looked_at = Some(kept(verdict.at));
            }
            // Looking again and seeing the same is no news.
            let last = run
                .verdicts
                .iter()
                .rev()
                .find(|last| last.batch == verdict.batch);
            let same = last.is_some_and(|last| {
                (
                    last.attempt,
                    &last.by,
                    last.resolution.change(),
                    &last.evidence,
                ) == (
                    verdict.attempt,
                    &verdict.by,
                    verdict.resolution.change(),
                    &verdict.evidence,
                )
            });
            if !same {
                run.verdicts.push(Arc::new(verdict.clone()));
            }
        }
        Ok(())
    }

    pub(super) fn all_sent(&mut self, fence: Fence) -> Result<(), JournalError> {
        let run = self.fenced(fence)?;
        run.state = next(run.state, RunChange::AllSent)?;
        Ok(())
    }

    pub(super) fn release(
        &mut self,
        fence: Fence,
        state: RunState,
        note: &str,
        now: Timestamp,
    ) -> Result<(), JournalError> {
        let run = self.fenced(fence)?;
        let left = next(run.state, give_up(state)?)?;
        if left == state {
            run.note = note.to_owned();
            run.ended_at = Some(kept(now));
        }
        run.state = left;
        Ok(())
    }
}

impl StoredRun {
    pub(super) fn freeze(&mut self, summary: &PlanSummary) {
        self.listing = summary.listing;
        let lists = summary.lists.iter().cloned().map(|list| List {
            changed_at: kept(list.changed_at),
            ..list
        });
        self.lists = lists.collect();
        self.digest = summary.digest.to_string();
    }

    fn record_entry(
        &mut self,
        run: RunId,
        entry: &Entry,
        tick: u64,
    ) -> Result<Option<Permit>, JournalError> {
        match &entry.what {
            What::Intent => {
                self.intend(entry, tick)?;
                Ok(Some(Permit {
                    run,
                    batch: entry.batch,
                    attempt: entry.attempt,
                }))
            }
            What::Outcome(conclusion) => {
                self.conclude(entry, conclusion, tick)?;
                Ok(None)
            }
        }
    }

    /// The batch after `change`, which was allowed for this attempt of it.
    fn changed(
        &mut self,
        number: u32,
        attempt: u32,
        change: Change,
        what: &'static str,
    ) -> Result<&mut StoredBatch, JournalError> {
        let batch = self
            .batches
            .get_mut(&number)
            .filter(|batch| batch.attempt == attempt && batch.state == change.from())
            .ok_or(JournalError::Forbidden {
                batch: number,
                what,
            })?;
        batch.state = change.to();
        Ok(batch)
    }

    fn intend(&mut self, entry: &Entry, tick: u64) -> Result<(), JournalError> {
        let before = entry.attempt.wrapping_sub(1);
        let batch = self.changed(entry.batch, before, Change::Intend, "intent")?;
        batch.attempt = entry.attempt;
        batch.intended_at = Some(kept(entry.at.wall));
        batch.intended = entry.at.boot.map(BootTime::rounded_down);
        batch.ended = None;
        batch.intent_tick = Some(tick);
        batch.ended_at = None;
        batch.ended_tick = None;
        Ok(())
    }

    fn conclude(
        &mut self,
        entry: &Entry,
        conclusion: &Conclusion,
        tick: u64,
    ) -> Result<(), JournalError> {
        let batch = self.changed(entry.batch, entry.attempt, conclusion.change(), "outcome")?;
        batch.ended_at = Some(kept(entry.at.wall));
        batch.ended = entry.at.boot.map(BootTime::rounded_up);
        batch.ended_tick = Some(tick);
        batch.chat = match conclusion {
            Conclusion::Accepted(chat) => Some(*chat),
            _ => None,
        };
        match conclusion {
            Conclusion::Split(_, parts) => self.add_parts(entry.batch, parts),
            _ => Ok(()),
        }
    }

    fn add_parts(&mut self, parent: u32, parts: &[(u32, Vec<u64>)]) -> Result<(), JournalError> {
        let refused = || JournalError::Forbidden {
            batch: parent,
            what: "split",
        };
        let whole = self.batches.get(&parent).ok_or_else(refused)?;
        let rows = whole.customers.iter().copied().zip(whole.lines.iter());
        let mut line_of: BTreeMap<u64, u64> = rows.map(|(id, line)| (id, *line)).collect();
        for (number, customers) in parts {
            let lines: Vec<u64> = customers
                .iter()
                .filter_map(|id| line_of.remove(id))
                .collect();
            if lines.len() != customers.len() {
                return Err(refused());
            }
            let part = StoredBatch::planned(Some(parent), customers, &lines);
            if self.batches.insert(*number, part).is_some() {
                return Err(JournalError::Store(format!(
                    "batch {number} is there already"
                )));
            }
        }
        if line_of.is_empty() {
            Ok(())
        } else {
            Err(refused())
        }
    }

    fn recover(&mut self, now: Moment, tick: u64) -> Result<u32, JournalError> {
        let in_flight: Vec<(u32, u32)> = self
            .batches
            .iter()
            .filter(|(_, batch)| batch.state == BatchState::Sending)
            .map(|(number, batch)| (*number, batch.attempt))
            .collect();
        for (batch, attempt) in &in_flight {
            let entry = Entry {
                batch: *batch,
                attempt: *attempt,
                at: now,
                what: What::Outcome(Conclusion::Unknown(Words::default())),
            };
            self.record_entry(RunId(0), &entry, tick)?;
        }
        Ok(in_flight.len() as u32)
    }

    pub(super) fn keep_reading(&mut self, reading: &Reading) {
        let at = kept(reading.at);
        if let Some(batch) = self.batches.get_mut(&reading.batch)
            && batch.read.is_none_or(|(last, ..)| last <= at)
        {
            batch.read = Some((at, reading.figures.counts, reading.settled));
        }
    }
}

/// The sink of a journaled plan. Rows that are left out are counted by the planner; who they are
/// is not kept here.
impl PlanSink for StoredRun {
    type Error = JournalError;

    fn batch(&mut self, number: u32, customers: &[u64], lines: &[u64]) -> Result<(), JournalError> {
        let batch = StoredBatch::planned(None, customers, lines);
        self.batches.insert(number, batch);
        Ok(())
    }

    fn left_out(&mut self, _: &Ground, _: &[u64], _: &[u64]) -> Result<(), JournalError> {
        Ok(())
    }

    fn left_out_by_name(&mut self, _: &Ground, _: &[NamedRow]) -> Result<(), JournalError> {
        Ok(())
    }

    fn invalid(&mut self, _: &[InvalidRow]) -> Result<(), JournalError> {
        Ok(())
    }
}
