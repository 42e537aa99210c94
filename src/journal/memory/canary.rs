//! First waves in memory: what [`crate::journal::gate::GateBook`] asks and keeps of them.

use std::time::Duration;

use jiff::Timestamp;

use super::contents::{Contents, StoredBatch, StoredRun};
use super::{MemoryJournal, kept};
use crate::delivery::batch::BatchState;
use crate::delivery::canary::{Wave, WaveBatch, last_of_wave, members};
use crate::delivery::moment::{BootTime, Moment};
use crate::delivery::run::{RunChange, next};
use crate::journal::{Fence, Journal as _, JournalError, RunId, RunState};

impl MemoryJournal {
    /// What came of the first wave of a run, which is the first batches with so many customers.
    pub fn wave(&mut self, run: RunId, customers: u64, now: Moment) -> Result<Wave, JournalError> {
        let run = self.read_run(run)?;
        let mut wave = Wave {
            judged: run.judged,
            approved_at: run.approved_at,
            ..Wave::default()
        };
        if wave.judged.is_some() {
            return Ok(wave);
        }
        for number in run.wave(customers) {
            wave.add(&run.batches[&number].of_wave(number, now));
        }
        Ok(wave)
    }

    /// The batches of the first wave, parts of split ones included; none once it was judged.
    pub fn unjudged_wave(
        &mut self,
        run: RunId,
        customers: u64,
    ) -> Result<Vec<(u32, BatchState)>, JournalError> {
        let run = self.read_run(run)?;
        if run.judged.is_some() {
            return Ok(Vec::new());
        }
        let of = |number: u32| (number, run.batches[&number].state);
        Ok(run.wave(customers).into_iter().map(of).collect())
    }

    /// Records that a first wave was looked at; a run whose wave went wrong is paused by the same
    /// commit.
    pub fn judge(
        &mut self,
        fence: Fence,
        passed: bool,
        note: &str,
        now: Timestamp,
    ) -> Result<(), JournalError> {
        self.commit(|contents| contents.judge(fence, passed, note, now))
    }

    /// Somebody resumes a run that is paused and that nobody sends.
    pub fn resume(&mut self, run: RunId) -> Result<(), JournalError> {
        if self.state()?.owners.contains_key(&run) {
            return Err(JournalError::Owned("the run is being sent".to_owned()));
        }
        self.commit(|contents| {
            let run = contents.run_mut(run)?;
            run.state = next(run.state, RunChange::Resume)?;
            Ok(())
        })
    }

    /// Gives up a run whose unknown batches were planned again, and that can be gone on with
    /// therefore; one that is held stays so.
    pub fn reopen(&mut self, fence: Fence, note: &str, now: Timestamp) -> Result<(), JournalError> {
        let reopened = self.commit(|contents| {
            let run = contents.fenced(fence)?;
            let state = next(run.state, RunChange::PlanAgain)?;
            if state != run.state {
                run.note = note.to_owned();
                run.ended_at = Some(kept(now));
            }
            run.state = state;
            Ok(())
        });
        self.unclaim(fence);
        reopened
    }

    /// Somebody agrees to the plan of a run.
    pub fn approve(&mut self, run: RunId, now: Timestamp) -> Result<(), JournalError> {
        self.commit(|contents| {
            let run = contents.run_mut(run)?;
            let judged_at = run.judged.map(|(at, _)| at);
            run.approved_at = judged_at.max(Some(kept(now)));
            Ok(())
        })
    }
}

impl Contents {
    fn judge(
        &mut self,
        fence: Fence,
        passed: bool,
        note: &str,
        now: Timestamp,
    ) -> Result<(), JournalError> {
        let run = self.fenced(fence)?;
        // After every approval that was given before, whatever the clock on the wall says.
        let after = run.approved_at.map(|at| at + Duration::from_millis(1));
        run.judged = after.max(Some(kept(now))).map(|at| (at, passed));
        match passed {
            true => Ok(()),
            false => self.pause(fence, note, now),
        }
    }

    /// A rule pauses a run while it is sent; one that is paused already keeps its note.
    pub(super) fn pause(
        &mut self,
        fence: Fence,
        note: &str,
        now: Timestamp,
    ) -> Result<(), JournalError> {
        let run = self.fenced(fence)?;
        if run.state != RunState::Paused {
            run.state = next(run.state, RunChange::Pause)?;
            run.note = note.to_owned();
            run.ended_at = Some(kept(now));
        }
        Ok(())
    }
}

impl StoredRun {
    /// The numbers of the batches that belong to the first wave with so many customers.
    fn wave(&self, customers: u64) -> Vec<u32> {
        let of_plan = self
            .batches
            .iter()
            .filter(|(_, batch)| batch.parent.is_none());
        let sizes = of_plan.map(|(number, batch)| (*number, batch.customers.len() as u64));
        let Some(last) = last_of_wave(customers, sizes) else {
            return Vec::new();
        };
        let all = self.batches.iter();
        let members = members(last, all.map(|(number, batch)| (*number, batch.parent)));
        members.into_iter().collect()
    }
}

impl StoredBatch {
    fn of_wave(&self, number: u32, now: Moment) -> WaveBatch {
        WaveBatch {
            number,
            parent: self.parent,
            state: self.state,
            customers: self.customers.len() as u64,
            responded: self.read.map_or(0, |(_, counts, _)| counts.responded),
            ended_at: ended_at(self, now),
        }
    }
}

/// When the outcome of a batch was recorded, on the wall as it is set now: in whole milliseconds, as
/// the stores reckon.
fn ended_at(batch: &StoredBatch, now: Moment) -> Option<Timestamp> {
    let boot = now.boot.map(BootTime::rounded_down);
    match (boot, batch.ended, batch.ended_tick) {
        (Some(boot), Some(ended), Some(_)) if boot.boot == ended.boot => {
            let wall = kept(now.wall).checked_sub(boot.since).ok()?;
            wall.checked_add(ended.since).ok()
        }
        _ => batch.ended_at,
    }
}
