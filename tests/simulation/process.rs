//! A process: it starts, looks for runs that are not over, takes them, is told to stop, is killed,
//! and starts again in its slot.

use std::collections::BTreeMap;
use std::time::Duration;

use deskcast::delivery::batch::BatchState;
use deskcast::delivery::dispatch::{Dispatcher, Ending, Event};
use deskcast::delivery::patience::Patience;
use deskcast::journal::memory::{MemoryJournal, ProcessId};
use deskcast::journal::{
    Claim, Entry, Fence, Journal, JournalError, Permit, Purpose, Resolution, RunId, Verdict,
};

use super::mutation::Mutation;
use super::world::{Happening, World, tell};

/// How long Desk may be out of reach.
const GIVE_UP_AFTER: Duration = Duration::from_secs(600);

/// One process and the runs it sends.
pub(crate) struct Process {
    pub(crate) slot: usize,
    pub(crate) journal: MemoryJournal,
    pub(crate) started: Duration,
    pub(crate) sessions: BTreeMap<RunId, Session>,
    /// Pieces that wait for the next commit.
    pub(crate) queue: Vec<(Fence, Vec<Entry>)>,
    pub(crate) committing: bool,
    /// A commit has failed: what follows from it may be refused.
    pub(crate) failed: bool,
    /// Told to stop, or unable to go on: it ends when nothing is under way any more.
    pub(crate) ending: bool,
}

/// One run being sent.
pub(crate) struct Session {
    pub(crate) claim: Claim,
    pub(crate) dispatcher: Dispatcher,
    pub(crate) permits: BTreeMap<u32, Permit>,
    /// Pieces that the journal has not answered yet.
    pub(crate) pending: usize,
    pub(crate) owed: Vec<Entry>,
    pub(crate) ending: Option<Ending>,
    pub(crate) told_to_stop: bool,
    /// Why it is paused when it ends, where its first wave went wrong.
    pub(crate) held: Option<String>,
    pub(crate) paused_until: Duration,
}

impl World {
    pub(crate) fn start(&mut self, slot: usize) {
        let journal = self.disk.open();
        let id = journal.process();
        let process = Process {
            slot,
            journal,
            started: self.now,
            sessions: BTreeMap::new(),
            queue: Vec::new(),
            committing: false,
            failed: false,
            ending: false,
        };
        self.processes.insert(id, process);
        self.after(Duration::ZERO, Happening::Look(id));
    }

    pub(crate) fn look(&mut self, id: ProcessId) {
        let Some(process) = self.processes.get(&id) else {
            return;
        };
        if process.ending {
            return;
        }
        for (run, stored) in self.disk.runs() {
            let is_to_send = stored.state.is_open() && !stored.state.is_held();
            if is_to_send && self.chance.between(1, 3) > 1 {
                let wait = self.chance.millis(20);
                self.after(wait, Happening::Claim(id, run));
            }
        }
        let wait = Duration::from_millis(self.chance.between(500, 4_000));
        self.after(wait, Happening::Look(id));
    }

    pub(crate) fn claim(&mut self, id: ProcessId, run: RunId) {
        let now = self.moment();
        let in_flight = self.attempts_in(run, BatchState::Sending);
        let fate = self.fate();
        let Some(process) = self.processes.get_mut(&id).filter(|p| !p.ending) else {
            return;
        };
        self.disk.script([fate]);
        let claimed = process.journal.claim(run, Purpose::Sending, now);
        self.disk.clear_script();
        if !matches!(claimed, Err(JournalError::Owned(_))) {
            self.blame_a_lost_lock(id, run, &in_flight);
        }
        match claimed {
            Ok(claim) => self.begin(id, claim, in_flight.len()),
            Err(JournalError::Failed) if self.mutation == Mutation::SendFailed => {
                self.send_failed(id, run);
            }
            Err(JournalError::Owned(_) | JournalError::Failed | JournalError::Held(_)) => {}
            Err(error) => self.give_up(id, &error),
        }
    }

    /// A run is ours: what the last owner left in flight is unknown now.
    fn begin(&mut self, id: ProcessId, claim: Claim, in_flight: usize) {
        let run = claim.fence.run;
        self.figures.recovered += u64::from(claim.recovered);
        if claim.recovered as usize != in_flight {
            self.fail(
                "a dead owner's batches become unknown",
                format!("{claim:?}"),
            );
        }
        if self.mutation == Mutation::ResendUnknown {
            self.resend_unknowns(id, claim.fence);
        }
        let seed = claim.fence.token as u64 ^ (run.0 as u64) << 20;
        let patience = Patience::new(seed, GIVE_UP_AFTER);
        let dispatcher =
            Dispatcher::new(self.concurrency, claim.last_batch, claim.proven, patience);
        let waved = self.with_wave(id, run, dispatcher.clone());
        let failed = waved.as_ref().err().map(|error| error.to_string());
        let dispatcher = waved.unwrap_or(dispatcher);
        let session = Session {
            claim,
            dispatcher,
            permits: BTreeMap::new(),
            pending: 0,
            owed: Vec::new(),
            ending: failed.clone().map(Ending::Stopped),
            told_to_stop: false,
            held: None,
            paused_until: Duration::ZERO,
        };
        if let Some(process) = self.processes.get_mut(&id) {
            // One whose lock was lost may come back to a run it still sends.
            process.sessions.insert(run, session);
        }
        match failed {
            Some(_) => self.finish_if_done(id, claim.fence),
            None => self.turn(id, claim.fence, None),
        }
    }

    /// A living owner that lost its hold cannot be told from a dead one.
    fn blame_a_lost_lock(&mut self, id: ProcessId, run: RunId, in_flight: &[(u32, u32)]) {
        let lives_on = self
            .processes
            .values()
            .any(|process| process.sessions.contains_key(&run));
        if lives_on {
            self.causes.entry(run).or_default().extend(in_flight);
            tell!(self, "{id:?} takes {run:?} over from a living owner");
        }
    }

    /// The planted bug: a run that has failed is sent like any other.
    fn send_failed(&mut self, id: ProcessId, run: RunId) {
        let now = self.moment();
        if let Some(process) = self.processes.get_mut(&id)
            && let Ok(claim) = process.journal.claim(run, Purpose::Settling, now)
        {
            self.begin(id, claim, 0);
        }
    }

    fn resend_unknowns(&mut self, id: ProcessId, fence: Fence) {
        let at = self.wall();
        let Some(process) = self.processes.get_mut(&id) else {
            return;
        };
        let unknowns = process.journal.unknowns(fence.run).unwrap_or_default();
        let verdicts: Vec<Verdict> = unknowns
            .iter()
            .map(|unknown| Verdict {
                batch: unknown.batch,
                attempt: unknown.attempt,
                at,
                by: "a bug".to_owned(),
                resolution: Resolution::Resend,
                evidence: String::new(),
            })
            .collect();
        let _ = process.journal.resolve(fence, &verdicts);
    }

    /// The journal cannot be used: this process sends nothing more.
    pub(crate) fn give_up(&mut self, id: ProcessId, error: &JournalError) {
        tell!(self, "{id:?} gives up: {error}");
        if !self.disk.is_alive(id) {
            self.kill(id, "within a commit");
            return;
        }
        self.tell_to_stop(id);
    }

    pub(crate) fn tell_to_stop(&mut self, id: ProcessId) {
        let Some(process) = self.processes.get_mut(&id) else {
            return;
        };
        process.ending = true;
        let fences: Vec<Fence> = process
            .sessions
            .values()
            .map(|session| session.claim.fence)
            .collect();
        for fence in fences {
            self.step(id, fence, Event::Stop("told to stop".to_owned()));
        }
        self.end_if_idle(id);
    }

    pub(crate) fn end_if_idle(&mut self, id: ProcessId) {
        let idle = |process: &Process| process.ending && process.sessions.is_empty();
        if self.processes.get(&id).is_some_and(idle) {
            self.leave(id);
        }
    }

    fn leave(&mut self, id: ProcessId) {
        if let Some(process) = self.processes.remove(&id) {
            let wait = self.chance.millis(3_000);
            self.after(wait, Happening::Start(process.slot));
        }
    }

    pub(crate) fn kill(&mut self, id: ProcessId, when: &str) {
        tell!(self, "{id:?} is killed {when}");
        self.figures.kills += 1;
        let Some(process) = self.processes.get(&id) else {
            return;
        };
        let runs: Vec<RunId> = process.sessions.keys().copied().collect();
        for run in runs {
            let in_flight = self.attempts_in(run, BatchState::Sending);
            self.causes.entry(run).or_default().extend(in_flight);
        }
        self.drop_what_has_not_left(id);
        self.disk.kill(id);
        self.leave(id);
    }

    pub(crate) fn attempts_in(&self, run: RunId, state: BatchState) -> Vec<(u32, u32)> {
        let Some(run) = self.disk.run(run) else {
            return Vec::new();
        };
        run.batches
            .iter()
            .filter(|(_, batch)| batch.state == state)
            .map(|(number, batch)| (*number, batch.attempt))
            .collect()
    }
}
