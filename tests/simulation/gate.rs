//! First waves in the storms: the real gate decides whether the next batch may leave, over what the
//! journal says; operators agree, and resume what the gate held.

use std::collections::BTreeSet;
use std::time::Duration;

use deskcast::campaign::{Canary, Share, Then};
use deskcast::delivery::batch::BatchState;
use deskcast::delivery::canary::Wave;
use deskcast::delivery::dispatch::{Dispatcher, Event};
use deskcast::delivery::gate::{Decision, Facts, decide};
use deskcast::delivery::moment::Moment;
use deskcast::journal::memory::{ProcessId, StoredRun};
use deskcast::journal::{Fence, Journal, JournalError, RunId, RunState};
use jiff::Timestamp;

use super::chance::Chance;
use super::mutation::Mutation;
use super::world::{Happening, World, tell};

/// How long it is waited at most, and at least, before the gate is looked at again.
const LOOK_EVERY: Duration = Duration::from_secs(1);
const SHORTEST_LOOK: Duration = Duration::from_millis(10);
/// What the gate said longer ago is looked at again.
const LONG_AGO: Duration = Duration::from_secs(1);

/// A first wave, for half of all runs.
pub(crate) fn draw(chance: &mut Chance, planned: u64) -> Option<Canary> {
    if chance.half() {
        return None;
    }
    let share = |share| Share::new(share).unwrap_or_default();
    Some(Canary {
        customers: chance.between(1, planned.max(1)),
        hold: hold(chance),
        max_rejected: share(chance.pick(&[0.0, 0.3, 1.0])),
        max_unknown: share(chance.pick(&[0.0, 0.3, 1.0])),
        min_responded: Share::default(),
        then: chance.pick(&[Then::Continue, Then::Ask]),
    })
}

/// Whole milliseconds, as a definition has it.
fn hold(chance: &mut Chance) -> Duration {
    let most = chance.pick(&[1, 3_000, 60_000]);
    Duration::from_millis(chance.between(0, most))
}

impl World {
    fn canary(&self, run: RunId) -> Option<Canary> {
        let campaign = &self.campaigns[*self.created.get(&run)?];
        campaign.new.launch.restraints.canary
    }

    /// The dispatcher with what is left of a first wave that was not looked at, at hand.
    pub(crate) fn with_wave(
        &mut self,
        id: ProcessId,
        run: RunId,
        dispatcher: Dispatcher,
    ) -> Result<Dispatcher, JournalError> {
        let (Some(canary), Some(process)) = (self.canary(run), self.processes.get_mut(&id)) else {
            return Ok(dispatcher);
        };
        if self.mutation == Mutation::CanaryByCount {
            return Ok(dispatcher);
        }
        let fails = self.chance.strikes(self.weather.read_fails);
        self.disk.fail_reads(usize::from(fails));
        let wave = process.journal.unjudged_wave(run, canary.customers)?;
        let mut at_hand = Vec::new();
        for (number, state) in &wave {
            if *state == BatchState::Planned {
                at_hand.extend(process.journal.planned(run, number - 1, *number, 1)?);
            }
        }
        let members = wave.into_iter().map(|(number, _)| number).collect();
        Ok(dispatcher.with_wave(members, at_hand))
    }

    /// Asks the gate first, where the run has one. False where it has none.
    pub(crate) fn ask_gate(&mut self, id: ProcessId, fence: Fence) -> bool {
        let has_gate = self.canary(fence.run).is_some();
        if has_gate {
            let wait = self.chance.millis(3);
            self.after(wait, Happening::Gate(id, fence, false));
        }
        has_gate
    }

    /// A run at its gate, with the budget's word or without.
    pub(crate) fn at_gate(&mut self, id: ProcessId, fence: Fence, acquired: bool) {
        let Some(canary) = self.canary(fence.run) else {
            return;
        };
        match self.decided(id, fence, canary) {
            None => {}
            Some(Err(error)) => self.step(id, fence, Event::Stop(error.to_string())),
            Some(Ok(Decision::Open)) if acquired => self.step(id, fence, Event::Granted),
            Some(Ok(Decision::Open)) => self.acquire(id, fence),
            Some(Ok(Decision::Judge(_))) => {
                // Its chats are read.
                let wait = self.chance.millis(2_000);
                self.after(wait, Happening::Judge(id, fence));
            }
            Some(Ok(Decision::Wait(waiting))) => self.rest(id, fence, waiting.until, canary),
            Some(Ok(other)) => self.fail("the gate has its reasons", format!("{other:?}")),
        }
    }

    /// What the gate says; nothing where there is nobody to tell, or the recorder is behind.
    fn decided(
        &mut self,
        id: ProcessId,
        fence: Fence,
        canary: Canary,
    ) -> Option<Result<Decision, JournalError>> {
        let now = self.gate_moment();
        let fails = self.chance.strikes(self.weather.read_fails);
        let process = self.processes.get_mut(&id)?;
        let session = process.sessions.get(&fence.run)?;
        if session.claim.fence != fence || session.told_to_stop {
            return None;
        }
        if process.committing {
            // What leaves next must know of everything that left before.
            self.after(Duration::from_millis(1), Happening::Gate(id, fence, false));
            return None;
        }
        self.disk.fail_reads(usize::from(fails));
        let mut facts = Facts {
            in_wave: session.dispatcher.next_is_in_wave(),
            ..Facts::default()
        };
        facts.wave = match process.journal.wave(fence.run, canary.customers, now) {
            Ok(wave) => wave,
            Err(error) => return Some(Err(error)),
        };
        if self.mutation == Mutation::CanaryByCount {
            (facts.in_wave, facts.wave) = self.counted(fence.run, canary, facts.wave);
        }
        let restraints = &self.campaigns[self.created[&fence.run]]
            .new
            .launch
            .restraints;
        Some(Ok(decide(restraints, &facts, now.wall)))
    }

    fn gate_moment(&self) -> Moment {
        match self.mutation {
            // A boot clock that runs backwards would end no hold.
            Mutation::GraceByTheWallClock => Moment::from(self.wall()),
            _ => self.moment(),
        }
    }

    /// The planted bug: a batch may leave while fewer customers were tried than the wave has, and
    /// the wave is out when nothing is under way.
    fn counted(&self, run: RunId, canary: Canary, wave: Wave) -> (bool, Wave) {
        let stored = self.disk.run(run);
        let sum = |counts: fn(BatchState) -> bool| -> u64 {
            let batches = stored.iter().flat_map(|run| run.batches.values());
            let counted = batches.filter(|batch| counts(batch.state));
            counted.map(|batch| batch.customers.len() as u64).sum()
        };
        let tried = sum(|state| !matches!(state, BatchState::Planned | BatchState::Split));
        let counted = Wave {
            planned: 0,
            ended_at: wave.ended_at.or(Some(Timestamp::UNIX_EPOCH)),
            in_flight: sum(|state| state == BatchState::Sending),
            ..wave
        };
        (tried < canary.customers, counted)
    }

    /// The budget's word, and the gate's once more where that took long.
    fn acquire(&mut self, id: ProcessId, fence: Fence) {
        let wait = self.chance.millis(300);
        let now = self.now;
        let Some(session) = self
            .processes
            .get(&id)
            .and_then(|p| p.sessions.get(&fence.run))
        else {
            return;
        };
        let wait = wait.max(session.paused_until.saturating_sub(now));
        let then = match wait < LONG_AGO {
            true => Happening::Tell(id, fence, Event::Granted),
            false => Happening::Gate(id, fence, true),
        };
        self.after(wait, then);
    }

    fn rest(&mut self, id: ProcessId, fence: Fence, until: Option<Timestamp>, canary: Canary) {
        let left = |world: &World| {
            let left = until.map(|until| until.duration_since(world.wall()));
            left.and_then(|left| Duration::try_from(left).ok())
        };
        // It is waited as long as a clock was ahead when a wave ended: a story has no such time.
        if let Some(wait) = left(self).filter(|wait| *wait > canary.hold + LOOK_EVERY)
            && self.is_clear()
        {
            self.set_clock_forward(wait);
        }
        let wait = left(self).unwrap_or(LOOK_EVERY);
        let wait = wait.clamp(SHORTEST_LOOK, LOOK_EVERY);
        self.after(wait, Happening::Gate(id, fence, false));
    }

    /// A wave is looked at; a run whose wave went wrong is held.
    pub(crate) fn judge_wave(&mut self, id: ProcessId, fence: Fence) {
        let (now, fate) = (self.gate_moment(), self.fate());
        let Some(canary) = self.canary(fence.run) else {
            return;
        };
        let live = |session: &&mut super::process::Session| {
            session.claim.fence == fence && !session.told_to_stop
        };
        let Some(process) = self.processes.get_mut(&id) else {
            return;
        };
        let Some(session) = process.sessions.get_mut(&fence.run).filter(live) else {
            return;
        };
        self.disk.fail_reads(0);
        let judgement = match process.journal.wave(fence.run, canary.customers, now) {
            Ok(wave) => wave.judge(&canary),
            Err(error) => return self.step(id, fence, Event::Stop(error.to_string())),
        };
        self.disk.script([fate]);
        let (passed, why) = (judgement.passed, judgement.sentence);
        // Before it is recorded: what came of a commit may stay unknown.
        session.held = (!passed).then(|| why.clone());
        let judged = process.journal.judge(fence, passed, &why, now.wall);
        self.disk.clear_script();
        tell!(self, "{id:?} judges {fence:?}: {why}, {judged:?}");
        self.note_judgement(fence.run, canary);
        if !self.disk.is_alive(id) {
            return self.kill(id, "as it judged");
        }
        match judged {
            Ok(()) if passed => self.at_gate(id, fence, false),
            Ok(()) => self.step(id, fence, Event::Stop(why)),
            Err(error) => self.step(id, fence, Event::Stop(error.to_string())),
        }
    }

    /// Somebody hears of it where it is durable, and does what there is to do.
    fn note_judgement(&mut self, run: RunId, canary: Canary) {
        let Some(stored) = self.disk.run(run) else {
            return;
        };
        let wait = self.chance.millis(30_000);
        self.figures.waves += u64::from(stored.judged.is_some());
        let split = |batch: &&u32| stored.batches[*batch].state == BatchState::Split;
        let of_wave = wave_of_plan(&stored, canary);
        let parts = stored
            .batches
            .iter()
            .filter(|(_, batch)| batch.customers.iter().all(|id| of_wave.contains(id)));
        let numbers: Vec<u32> = parts.map(|(number, _)| *number).collect();
        self.figures.wave_splits += numbers.iter().filter(split).count() as u64;
        match stored.judged {
            Some((_, true)) if canary.then == Then::Ask => {
                self.after(wait, Happening::Approve(run));
            }
            Some((_, false)) => {
                self.figures.held += 1;
                self.resume_later(run);
            }
            Some((_, true)) | None => {}
        }
    }

    /// An operator agrees to the plan of a run, before its first wave was looked at or after that.
    pub(crate) fn approve(&mut self, run: RunId) {
        let now = self.wall();
        let approved = self.disk.open().approve(run, now);
        if approved.is_ok() && self.disk.run(run).is_some_and(|run| run.judged.is_some()) {
            self.agreed.insert(run);
        }
    }

    /// An operator will resume a run that was held.
    pub(crate) fn resume_later(&mut self, run: RunId) {
        let wait = self.chance.millis(30_000);
        self.after(wait, Happening::Resume(run));
    }

    /// An operator resumes a run that was held, as soon as nobody sends it any more.
    pub(crate) fn resume(&mut self, run: RunId) {
        let stored = self.disk.run(run);
        let Some(stored) = stored.filter(|run| run.state == RunState::Paused) else {
            return;
        };
        match self.disk.open().resume(run) {
            Ok(()) if stored.judged.is_some() => drop(self.resumed.insert(run)),
            Ok(()) => {}
            Err(_) => self.after(LOOK_EVERY, Happening::Resume(run)),
        }
    }

    /// Why these customers of a run may not be messaged yet, if they may not: whoever is outside of
    /// the first wave has to wait for what comes of it.
    pub(crate) fn out_of_turn(&self, run: RunId, customers: &[u64]) -> Option<&'static str> {
        let canary = self.canary(run)?;
        let stored = self.disk.run(run)?;
        let of_wave = wave_of_plan(&stored, canary);
        if customers.iter().all(|id| of_wave.contains(id)) {
            return None;
        }
        match stored.judged {
            None => Some("the first wave was not judged"),
            Some((_, false)) if !self.resumed.contains(&run) => {
                Some("the first wave went wrong, and nobody resumed the run")
            }
            Some((_, true)) if canary.then == Then::Ask && !self.agreed.contains(&run) => {
                Some("nobody agreed to what came of the first wave")
            }
            Some(_) => None,
        }
    }

    /// Checks that these customers may be messaged now.
    pub(crate) fn must_be_in_turn(&mut self, run: RunId, customers: &[u64]) {
        if let Some(why) = self.out_of_turn(run, customers) {
            let what = format!("{customers:?} of {run:?}: {why}");
            self.fail("nobody outside of the first wave before its time", what);
        }
    }
}

/// The customers of the first wave, from the plan alone: whole batches, as many as it takes.
fn wave_of_plan(run: &StoredRun, canary: Canary) -> BTreeSet<u64> {
    let mut wave = BTreeSet::new();
    for batch in run.batches.values().filter(|batch| batch.parent.is_none()) {
        if wave.len() as u64 >= canary.customers {
            break;
        }
        wave.extend(batch.customers.iter().copied());
    }
    wave
}
