//! A journal in memory whose commits fail as told: for tests and simulations.
//!
//! A [`MemoryDisk`] is what survives; a [`MemoryJournal`] is what one process holds of it. A
//! process that is killed loses its handle and everything it owned, and the disk keeps exactly the
//! commits that were made. Nothing here waits, sleeps or draws a random number: what fails, and
//! when, is written into the [script](MemoryDisk::script) beforehand.

mod canary;
mod contents;
mod copies;

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use jiff::Timestamp;

use super::{
    Claim, Entry, Fence, Fill, Journal, JournalError, KnownChat, NewRun, Permit, Purpose, Reading,
    RunId, RunState, Tracked, UnknownBatch, Verdict,
};
use crate::delivery::batch::BatchState;
use crate::delivery::dispatch::Work;
use crate::delivery::moment::Moment;
use crate::delivery::tally::{Owner, Tally};
use crate::journal::place::Place;
use contents::{Contents, kept};
pub use contents::{StoredBatch, StoredRun};

/// What becomes of one commit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// It is made, and its maker is told so.
    Done,
    /// It fails, and nothing of it is durable.
    NotDone,
    /// It is durable, and its maker is told that it failed.
    AnswerLost,
    /// Its maker is killed before anything of it is durable.
    KilledBefore,
    /// Its maker is killed when all of it is durable.
    KilledAfter,
}

/// One process, alive or not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ProcessId(pub u64);

/// What survives every process. Clones share it.
#[derive(Clone, Debug, Default)]
pub struct MemoryDisk(Arc<Mutex<State>>);

/// The disk, and what the kernel knows about who holds what of it.
#[derive(Clone, Debug)]
struct State {
    contents: Contents,
    /// Where it lies.
    found: Place,
    /// The last commit that is known of beside it.
    noted: u64,
    script: VecDeque<Fate>,
    failing_reads: usize,
    processes: u64,
    living: BTreeSet<ProcessId>,
    owners: BTreeMap<RunId, ProcessId>,
}

impl Default for State {
    /// An empty disk where it was made.
    fn default() -> State {
        let home = copies::home();
        State {
            contents: Contents {
                place: home.clone(),
                ..Contents::default()
            },
            found: home,
            noted: 0,
            script: VecDeque::new(),
            failing_reads: 0,
            processes: 0,
            living: BTreeSet::new(),
            owners: BTreeMap::new(),
        }
    }
}

impl State {
    fn end(&mut self, process: ProcessId) {
        self.living.remove(&process);
        self.owners.retain(|_, owner| *owner != process);
    }
}

impl MemoryDisk {
    /// An empty disk.
    pub fn new() -> MemoryDisk {
        MemoryDisk::default()
    }

    /// A new process opens the journal. It ends when the handle is dropped.
    pub fn open(&self) -> MemoryJournal {
        let mut journal = self.handle(self.start());
        journal.outlived = false;
        journal
    }

    /// A new process. It lives until it is killed.
    pub fn start(&self) -> ProcessId {
        let mut state = self.state();
        state.processes += 1;
        let process = ProcessId(state.processes);
        state.living.insert(process);
        process
    }

    /// A handle of a process, which outlives the handle.
    pub fn handle(&self, process: ProcessId) -> MemoryJournal {
        MemoryJournal {
            disk: self.clone(),
            process,
            outlived: true,
        }
    }

    /// The next commits, of whatever process, have these fates; the ones after them are done.
    pub fn script(&self, fates: impl IntoIterator<Item = Fate>) {
        self.state().script.extend(fates);
    }

    /// Forgets what is left of the script.
    pub fn clear_script(&self) {
        self.state().script.clear();
    }

    /// The next reads fail, this many of them.
    pub fn fail_reads(&self, reads: usize) {
        self.state().failing_reads = reads;
    }

    /// Kills a process: what it owned is free, and its handle is good for nothing.
    pub fn kill(&self, process: ProcessId) {
        self.state().end(process);
    }

    /// Whether this process lives.
    pub fn is_alive(&self, process: ProcessId) -> bool {
        self.state().living.contains(&process)
    }

    /// A living owner loses its hold on a run without noticing, as when its lock file is removed.
    pub fn forget_owner(&self, run: RunId) {
        self.state().owners.remove(&run);
    }

    /// Every run as it stands, by number. One that has not changed is the same allocation.
    pub fn runs(&self) -> Vec<(RunId, Arc<StoredRun>)> {
        let state = self.state();
        let runs = state.contents.runs.iter();
        runs.map(|(id, run)| (*id, Arc::clone(run))).collect()
    }

    /// A run as it stands.
    pub fn run(&self, run: RunId) -> Option<Arc<StoredRun>> {
        self.state().contents.runs.get(&run).cloned()
    }

    /// Whether a living process owns this run.
    pub fn owner(&self, run: RunId) -> Owner {
        match self.state().owners.get(&run) {
            Some(_) => Owner::Alive,
            None => Owner::Gone,
        }
    }

    /// The tally of a run.
    pub fn tally(&self, run: RunId) -> Option<Tally> {
        let owner = self.owner(run);
        let run = self.run(run)?;
        let count = |batch: &StoredBatch| (batch.state, 1, batch.customers.len() as u64);
        Some(Tally::of(
            run.listing,
            run.batches.values().map(count),
            owner,
        ))
    }

    /// An independent disk that holds the same, with the same processes alive.
    #[must_use]
    pub fn fork(&self) -> MemoryDisk {
        MemoryDisk(Arc::new(Mutex::new(self.state().clone())))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A process's handle on the journal.
#[derive(Debug)]
pub struct MemoryJournal {
    disk: MemoryDisk,
    process: ProcessId,
    /// Whether the process goes on when the handle is dropped.
    outlived: bool,
}

impl Drop for MemoryJournal {
    fn drop(&mut self) {
        if !self.outlived {
            self.disk.kill(self.process);
        }
    }
}

impl MemoryJournal {
    /// The process that holds it.
    pub fn process(&self) -> ProcessId {
        self.process
    }

    fn state(&self) -> Result<MutexGuard<'_, State>, JournalError> {
        let state = self.disk.state();
        if state.living.contains(&self.process) {
            Ok(state)
        } else {
            Err(JournalError::Store("this process was killed".to_owned()))
        }
    }

    /// All of `change` becomes durable, or nothing of it.
    fn commit<T, E: From<JournalError>>(
        &self,
        change: impl FnOnce(&mut Contents) -> Result<T, E>,
    ) -> Result<T, E> {
        let mut state = self.state()?;
        let failed = || E::from(JournalError::Store("the disk failed".to_owned()));
        let fate = state.script.pop_front().unwrap_or(Fate::Done);
        match fate {
            Fate::NotDone => return Err(failed()),
            Fate::KilledBefore => {
                state.end(self.process);
                return Err(failed());
            }
            Fate::Done | Fate::AnswerLost | Fate::KilledAfter => {}
        }
        let mut next = state.contents.clone();
        let made = change(&mut next)?;
        state.contents = next;
        if matches!(fate, Fate::Done | Fate::AnswerLost) {
            // Who is killed has no time for it.
            state.noted = state.noted.max(state.contents.tick);
        }
        match fate {
            Fate::KilledAfter => {
                state.end(self.process);
                Err(failed())
            }
            Fate::AnswerLost => Err(failed()),
            _ => Ok(made),
        }
    }

    fn reading(&self) -> Result<MutexGuard<'_, State>, JournalError> {
        let mut state = self.state()?;
        if state.failing_reads > 0 {
            state.failing_reads -= 1;
            return Err(JournalError::Store("the disk failed".to_owned()));
        }
        Ok(state)
    }

    fn read_run(&self, run: RunId) -> Result<Arc<StoredRun>, JournalError> {
        let found = self.reading()?.contents.runs.get(&run).cloned();
        found.ok_or_else(|| JournalError::Store(format!("there is no run {}", run.0)))
    }

    /// The batches of a run in this state, by number.
    fn read<T>(
        &self,
        run: RunId,
        wanted: BatchState,
        row: impl Fn(u32, &StoredBatch) -> Option<T>,
    ) -> Result<Vec<T>, JournalError> {
        let state = self.reading()?;
        let Some(run) = state.contents.runs.get(&run) else {
            return Ok(Vec::new());
        };
        let rows = run.batches.iter();
        Ok(rows
            .filter(|(_, batch)| batch.state == wanted)
            .filter_map(|(number, batch)| row(*number, batch))
            .collect())
    }
}

impl Journal for MemoryJournal {
    fn create_run<E: From<JournalError>>(
        &mut self,
        new: &NewRun,
        fill: Fill<'_, E>,
    ) -> Result<RunId, E> {
        self.check_place()?;
        self.commit(|contents| {
            let id = contents.create(new)?;
            let run = contents.run_mut(id)?;
            let summary = fill(run)?;
            run.freeze(&summary);
            Ok(id)
        })
    }

    fn claim(
        &mut self,
        run: RunId,
        purpose: Purpose,
        now: impl Into<Moment>,
    ) -> Result<Claim, JournalError> {
        if self.state()?.owners.contains_key(&run) {
            return Err(JournalError::Owned(
                "the run is being sent by another process".to_owned(),
            ));
        }
        self.check_place()?;
        let claim = self.commit(|contents| contents.claim(run, purpose, now.into()))?;
        self.state()?.owners.insert(run, self.process);
        Ok(claim)
    }

    fn record(&mut self, groups: &[(Fence, Vec<Entry>)]) -> Vec<Result<Vec<Permit>, JournalError>> {
        match self.commit(|contents| contents.record(groups)) {
            Ok(permits) => permits.into_iter().map(Ok).collect(),
            Err(error) if groups.len() == 1 => vec![Err(error)],
            Err(_) => groups
                .chunks(1)
                .map(|group| {
                    self.commit(|contents| contents.record(group))
                        .map(|mut permits| permits.remove(0))
                })
                .collect(),
        }
    }

    fn planned(
        &mut self,
        run: RunId,
        after: u32,
        up_to: u32,
        most: usize,
    ) -> Result<Vec<Work>, JournalError> {
        let mut batches = self.read(run, BatchState::Planned, |number, batch| {
            (number > after && number <= up_to).then(|| Work {
                number,
                attempts: batch.attempt,
                customers: batch.customers.to_vec(),
            })
        })?;
        batches.truncate(most);
        Ok(batches)
    }

    fn all_sent(&mut self, fence: Fence) -> Result<(), JournalError> {
        self.commit(|contents| contents.all_sent(fence))
    }

    fn unclaim(&mut self, fence: Fence) {
        let mut state = self.disk.state();
        if state.owners.get(&fence.run) == Some(&self.process) {
            state.owners.remove(&fence.run);
        }
    }

    fn release(
        &mut self,
        fence: Fence,
        state: RunState,
        note: &str,
        now: Timestamp,
    ) -> Result<(), JournalError> {
        let released = self.commit(|contents| contents.release(fence, state, note, now));
        if !matches!(released, Err(JournalError::Store(_))) {
            self.unclaim(fence);
        }
        released
    }

    fn pause(&mut self, fence: Fence, note: &str, now: Timestamp) -> Result<(), JournalError> {
        self.commit(|contents| contents.pause(fence, note, now))
    }

    fn tracked(&mut self, run: RunId) -> Result<Vec<Tracked>, JournalError> {
        self.read(run, BatchState::Accepted, |number, batch| {
            let (read_at, counts, settled) = match batch.read {
                Some((at, counts, settled)) => (Some(at), counts, settled),
                None => (None, Default::default(), false),
            };
            let chat = batch.chat.filter(|_| !settled)?;
            Some(Tracked {
                batch: number,
                chat,
                customers: batch.customers.len() as u32,
                accepted_at: batch.ended_at.unwrap_or(Timestamp::UNIX_EPOCH),
                read_at,
                counts,
            })
        })
    }

    fn keep_readings(
        &mut self,
        run: RunId,
        readings: &[Reading],
        reads: u64,
    ) -> Result<(), JournalError> {
        self.commit(|contents| {
            // A run that is not there has nothing to keep.
            if let Ok(run) = contents.run_mut(run) {
                readings
                    .iter()
                    .for_each(|reading| run.keep_reading(reading));
                run.reads += reads;
            }
            Ok(())
        })
    }

    fn unknowns(&mut self, run: RunId) -> Result<Vec<UnknownBatch>, JournalError> {
        self.read(run, BatchState::Unknown, |number, batch| {
            Some(UnknownBatch {
                run,
                batch: number,
                attempt: batch.attempt,
                intended_at: batch.intended_at.unwrap_or(Timestamp::UNIX_EPOCH),
                ended_at: batch.ended_at.unwrap_or(Timestamp::UNIX_EPOCH),
                ended: batch.ended,
                intent_tick: batch.intent_tick.unwrap_or(0),
                ended_tick: batch.ended_tick.unwrap_or(0),
                customers: batch.customers.to_vec(),
                looked_at: batch.looked_at,
            })
        })
    }

    fn known_chats(&mut self, run: RunId) -> Result<Vec<KnownChat>, JournalError> {
        let state = self.state()?;
        let runs = &state.contents.runs;
        let Some(base_url) = runs.get(&run).map(|run| &run.new.base_url) else {
            return Ok(Vec::new());
        };
        let mut known: Vec<KnownChat> = runs
            .values()
            .filter(|run| run.new.base_url == *base_url)
            .flat_map(|run| run.batches.values())
            .filter_map(|batch| {
                Some(KnownChat {
                    chat: batch.chat?,
                    intent_tick: batch.intent_tick.unwrap_or(0),
                    intended: batch.intended,
                    ended_tick: batch.ended_tick,
                })
            })
            .collect();
        known.sort_by_key(|known| known.chat);
        Ok(known)
    }

    fn resolve(&mut self, fence: Fence, verdicts: &[Verdict]) -> Result<(), JournalError> {
        self.commit(|contents| contents.resolve(fence, verdicts))
    }
}
