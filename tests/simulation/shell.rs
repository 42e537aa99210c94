//! The shell around the dispatcher, with simulated time and a journal that fails: it carries out
//! effects in order, records what one turn wants recorded as one piece, commits together what has
//! queued up, and can be killed before every effect.

use std::time::Duration;

use deskcast::delivery::dispatch::{Conclusion, Effect, Ending, Event};
use deskcast::delivery::outcome::ChatId;
use deskcast::journal::memory::{Fate, ProcessId};
use deskcast::journal::{Entry, Fence, Journal, JournalError, Permit, RunState, What};

use super::mutation::Mutation;
use super::network::{Sent, Wanted};
use super::process::Session;
use super::world::{Happening, World, tell};

impl World {
    fn session(&mut self, id: ProcessId, fence: Fence) -> Option<(&mut Session, Duration)> {
        let process = self.processes.get_mut(&id)?;
        let since = self.now - process.started;
        let session = process.sessions.get_mut(&fence.run)?;
        (session.claim.fence == fence).then_some((session, since))
    }

    pub(crate) fn step(&mut self, id: ProcessId, fence: Fence, event: Event) {
        self.turn(id, fence, Some(event));
    }

    /// One turn of the loop: an event (or none at the beginning), and all that follows from it.
    pub(crate) fn turn(&mut self, id: ProcessId, fence: Fence, event: Option<Event>) {
        let mut effects = Vec::new();
        let Some((session, now)) = self.session(id, fence) else {
            return;
        };
        match event {
            Some(event) => {
                session.told_to_stop |= matches!(event, Event::Stop(_));
                session.dispatcher.step(now, event, &mut effects);
            }
            None => session.dispatcher.start(now, &mut effects),
        }
        self.perform(id, fence, effects);
    }

    fn perform(&mut self, id: ProcessId, fence: Fence, mut effects: Vec<Effect>) {
        let mut entries = Vec::new();
        let mut at = 0;
        while at < effects.len() {
            if self.chance.strikes(self.weather.kill_at_effect) {
                self.kill(id, "before an effect");
                return;
            }
            let effect = std::mem::replace(&mut effects[at], Effect::Probe);
            at += 1;
            tell!(self, "  {id:?} {effect:?}");
            match effect {
                Effect::AskBudget if self.ask_gate(id, fence) => {}
                Effect::AskBudget => self.ask_budget(id, fence, &mut effects),
                Effect::Load { after, up_to, most } => {
                    let wait = self.chance.millis(2);
                    self.after(wait, Happening::Load(id, fence, (after, up_to, most)));
                }
                Effect::Intend {
                    number, attempt, ..
                } => {
                    if self.mutation == Mutation::SendBeforeDurable {
                        self.post_early(id, fence, number, attempt);
                    }
                    entries.push(self.entry(number, attempt, What::Intent));
                }
                Effect::Post { number, customers } => self.post(id, fence, number, &customers),
                Effect::Conclude {
                    number,
                    attempt,
                    conclusion,
                } => {
                    if let Some((session, _)) = self.session(id, fence) {
                        session.permits.remove(&number);
                    }
                    if self.mutation != Mutation::CheckpointAtFetch {
                        entries.push(self.entry(number, attempt, What::Outcome(conclusion)));
                    }
                }
                Effect::Recall(number) => {
                    if self.take_back(id, fence, number) {
                        let event = Event::Recalled(number);
                        self.after(Duration::ZERO, Happening::Tell(id, fence, event));
                    }
                }
                Effect::Pause(wait) => {
                    let until = self.now + wait;
                    if let Some((session, _)) = self.session(id, fence) {
                        session.paused_until = session.paused_until.max(until);
                    }
                }
                Effect::Probe => self.probe(id, fence),
                Effect::WakeAt(at) => {
                    let started = self.processes.get(&id).map_or(self.now, |p| p.started);
                    let wait = (started + at).saturating_sub(self.now);
                    self.after(wait, Happening::Tell(id, fence, Event::Woken));
                }
                Effect::End(ending) => {
                    if let Some((session, _)) = self.session(id, fence) {
                        session.ending = Some(ending);
                    }
                }
            }
        }
        self.record(id, fence, entries);
        self.finish_if_done(id, fence);
    }

    fn entry(&self, batch: u32, attempt: u32, what: What) -> Entry {
        Entry {
            batch,
            attempt,
            at: self.moment(),
            what,
        }
    }

    /// A request that the budget allows at once is one more event of this very turn.
    fn ask_budget(&mut self, id: ProcessId, fence: Fence, effects: &mut Vec<Effect>) {
        let at_once = self.chance.half();
        let wait = self.chance.millis(300);
        let world_now = self.now;
        let Some((session, now)) = self.session(id, fence) else {
            return;
        };
        let paused = session.paused_until.saturating_sub(world_now);
        if at_once && paused.is_zero() {
            session.dispatcher.step(now, Event::Granted, effects);
        } else {
            let granted = Happening::Tell(id, fence, Event::Granted);
            self.after(paused.max(wait), granted);
        }
    }

    fn post(&mut self, id: ProcessId, fence: Fence, number: u32, customers: &[u64]) {
        let Some((session, _)) = self.session(id, fence) else {
            return;
        };
        let told_to_stop = session.told_to_stop;
        let Some(permit) = session.permits.remove(&number) else {
            self.fail("every request has a permit", format!("batch {number}"));
            return;
        };
        if told_to_stop {
            self.fail("nothing is sent after a stop", format!("batch {number}"));
        }
        let attempt = (fence.run, number, permit.attempt());
        if self.mutation == Mutation::SendBeforeDurable && self.posted.contains(&attempt) {
            return;
        }
        self.send(id, fence, permit.batch(), permit.attempt(), customers);
    }

    /// The planted bug: the request leaves before its intent is durable.
    fn post_early(&mut self, id: ProcessId, fence: Fence, number: u32, attempt: u32) {
        let stored = self.disk.run(fence.run);
        let batch = stored.as_ref().and_then(|run| run.batches.get(&number));
        if let Some(customers) = batch.map(|batch| batch.customers.to_vec()) {
            self.send(id, fence, number, attempt, &customers);
        }
    }

    fn send(&mut self, id: ProcessId, fence: Fence, batch: u32, attempt: u32, customers: &[u64]) {
        self.check_departure(fence.run, batch, attempt);
        if self.mutation == Mutation::None {
            self.must_be_in_turn(fence.run, customers);
        }
        self.leaves(id, fence, batch);
        let campaign = &self.campaigns[self.created[&fence.run]];
        let body = campaign.templates.of(customers).body(customers);
        let wanted = Wanted::Create {
            batch,
            attempt,
            body,
        };
        self.depart(Sent {
            process: id,
            fence,
            at: Duration::ZERO,
            wanted,
        });
    }

    fn probe(&mut self, id: ProcessId, fence: Fence) {
        self.depart(Sent {
            process: id,
            fence,
            at: Duration::ZERO,
            wanted: Wanted::Probe,
        });
    }

    fn depart(&mut self, mut sent: Sent) {
        let mut at = self.now;
        while let Err(later) = self
            .pacer
            .account()
            .depart(at, 0)
            .expect("what is in memory is not damaged")
        {
            at = later;
        }
        self.departures.push(at);
        sent.at = at;
        let wait = at - self.now + self.chance.millis(30);
        self.after(wait, Happening::Arrive(Box::new(sent)));
    }

    fn record(&mut self, id: ProcessId, fence: Fence, entries: Vec<Entry>) {
        let wait = match self.weather.slow_disk {
            Some(most) if self.chance.between(1, 8) == 1 => self.chance.millis(most),
            _ => self.chance.millis(8),
        };
        let Some(process) = self.processes.get_mut(&id) else {
            return;
        };
        let Some(session) = process.sessions.get_mut(&fence.run) else {
            return;
        };
        if entries.is_empty() || session.claim.fence != fence {
            return;
        }
        session.pending += 1;
        process.queue.push((fence, entries));
        if !std::mem::replace(&mut process.committing, true) {
            self.after(wait, Happening::Commit(id));
        }
    }

    pub(crate) fn commit(&mut self, id: ProcessId) {
        let fates: Vec<_> = (0..4).map(|_| self.fate()).collect();
        let Some(process) = self.processes.get_mut(&id) else {
            return;
        };
        process.committing = false;
        let groups = std::mem::take(&mut process.queue);
        let is_calm = !process.failed && fates.iter().all(|fate| *fate == Fate::Done);
        self.disk.script(fates);
        let results = process.journal.record(&groups);
        self.disk.clear_script();
        process.failed |= results.iter().any(Result::is_err);
        self.figures.commits += 1;
        let forbidden =
            |result: &&Result<_, _>| matches!(result, Err(JournalError::Forbidden { .. }));
        if let Some(result) = results.iter().find(forbidden)
            && is_calm
            && self.mutation == Mutation::None
        {
            // A dispatcher never asks a journal that works for what the table does not allow.
            self.fail("nothing forbidden is asked for", format!("{result:?}"));
        }
        if !self.disk.is_alive(id) {
            self.kill(id, "within a commit");
            return;
        }
        for ((fence, entries), result) in groups.into_iter().zip(results) {
            let wait = self.chance.millis(1);
            self.after(wait, Happening::Recorded(id, fence, entries, result));
        }
    }

    pub(crate) fn recorded(
        &mut self,
        id: ProcessId,
        fence: Fence,
        entries: Vec<Entry>,
        result: Result<Vec<Permit>, JournalError>,
    ) {
        let is_untold = self.mutation == Mutation::UntoldFailure;
        let Some((session, now)) = self.session(id, fence) else {
            return;
        };
        session.pending -= 1;
        let mut effects = Vec::new();
        let mut taken = Vec::new();
        match result {
            Ok(permits) => {
                for permit in permits {
                    let batch = permit.batch();
                    taken.push((batch, permit.attempt()));
                    session.permits.insert(batch, permit);
                    session
                        .dispatcher
                        .step(now, Event::Recorded(batch), &mut effects);
                }
            }
            Err(_) if is_untold => {}
            Err(error) => {
                let is_intent = |entry: &Entry| matches!(entry.what, What::Intent);
                let touched = entries.iter().map(|entry| (entry.batch, entry.attempt));
                let touched: Vec<(u32, u32)> = touched.collect();
                let intents = entries.iter().filter(|entry| is_intent(entry));
                let intents = intents.map(|entry| entry.batch).collect();
                let outcomes = entries.into_iter().filter(|entry| !is_intent(entry));
                session.owed.extend(outcomes);
                let why = error.to_string();
                let event = Event::JournalFailed { why, intents };
                session.dispatcher.step(now, event, &mut effects);
                self.causes.entry(fence.run).or_default().extend(touched);
            }
        }
        self.perform(id, fence, effects);
        if self.mutation == Mutation::CheckpointAtFetch {
            let moved = taken.into_iter().map(|(batch, attempt)| {
                let accepted = Conclusion::Accepted(ChatId(1));
                self.entry(batch, attempt, What::Outcome(accepted))
            });
            let moved = moved.collect();
            self.record(id, fence, moved);
        }
    }

    pub(crate) fn load(&mut self, id: ProcessId, fence: Fence, what: (u32, u32, usize)) {
        if self.session(id, fence).is_none() {
            return;
        }
        let fails = self.chance.strikes(self.weather.read_fails);
        self.disk.fail_reads(usize::from(fails));
        let (after, up_to, most) = what;
        let Some(process) = self.processes.get_mut(&id) else {
            return;
        };
        let loaded = process.journal.planned(fence.run, after, up_to, most);
        let event = match loaded {
            Ok(batches) => Event::Loaded {
                last: batches.len() < most,
                batches,
            },
            Err(error) => Event::JournalFailed {
                why: error.to_string(),
                intents: Vec::new(),
            },
        };
        self.step(id, fence, event);
    }

    pub(crate) fn finish_if_done(&mut self, id: ProcessId, fence: Fence) {
        let Some((session, _)) = self.session(id, fence) else {
            return;
        };
        if session.pending > 0 {
            return;
        }
        let Some(ending) = session.ending.take() else {
            return;
        };
        let owed = std::mem::take(&mut session.owed);
        for entry in owed {
            let fate = self.fate();
            self.disk.script([fate]);
            if let Some(process) = self.processes.get_mut(&id) {
                let _ = process.journal.record(&[(fence, vec![entry])]);
            }
            self.disk.clear_script();
        }
        let held = self
            .session(id, fence)
            .and_then(|(session, _)| session.held.take());
        let (state, note) = match (ending, held) {
            (Ending::Finished, _) => (RunState::Finished, String::new()),
            (Ending::Stopped(_), Some(why)) => (RunState::Paused, why),
            (Ending::Stopped(why), None) => (RunState::Stopped, why),
            (Ending::Failed(why), _) => (RunState::Failed, why),
        };
        if state == RunState::Paused {
            self.resume_later(fence.run);
        }
        self.release(id, fence, state, &note);
    }

    fn release(&mut self, id: ProcessId, fence: Fence, state: RunState, note: &str) {
        tell!(self, "{id:?} releases {fence:?} as {state:?}: {note}");
        let wall = self.wall();
        let fate = self.fate();
        self.disk.script([fate]);
        let Some(process) = self.processes.get_mut(&id) else {
            return;
        };
        let released = process.journal.release(fence, state, note, wall);
        self.disk.clear_script();
        if !self.disk.is_alive(id) {
            self.kill(id, "while it gave a run up");
            return;
        }
        process.sessions.remove(&fence.run);
        if let Err(JournalError::Store(_)) = released {
            self.tell_to_stop(id);
        }
        self.end_if_idle(id);
    }
}
