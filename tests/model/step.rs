//! What follows from an event: the shell around the dispatcher, in small.

use std::time::Duration;

use deskcast::delivery::batch::BatchState;
use deskcast::delivery::dispatch::{Dispatcher, Effect, Ending, Event};
use deskcast::delivery::outcome::{Answer, AnswerBody, ChatId, Fact};
use deskcast::delivery::patience::Patience;
use deskcast::journal::memory::Fate;
use deskcast::journal::{Journal, JournalError, Permit, Purpose, RunState, What};

use super::check::{Checked, broken};
use super::event::{Heard, Step};
use super::scene::{Flight, Process, RUN, Scene, entry, noon};

impl Scene {
    /// Lets it happen.
    pub(crate) fn take(&mut self, step: Step) -> Checked {
        match step {
            Step::Load(succeeds) => self.load(succeeds),
            Step::Grant => {
                self.with(|process| process.asked = false);
                self.step(Event::Granted)
            }
            Step::Commit(fate) => self.commit(fate),
            Step::Reach(key) => {
                self.reach(key);
                Ok(())
            }
            Step::Hear(key, heard) => self.hear(key, heard),
            Step::Wake => {
                self.with(|process| {
                    let at = process.wake_at.take().unwrap_or_default();
                    process.now = process.now.max(at);
                });
                self.step(Event::Woken)
            }
            Step::Probed(serves) => {
                self.with(|process| process.probing = false);
                self.step(Event::Probed(serves))
            }
            Step::Stop => {
                self.with(|process| process.told_to_stop = true);
                self.step(Event::Stop("told to stop".to_owned()))
            }
            Step::Kill => {
                self.kill();
                Ok(())
            }
            Step::Restart => self.restart(),
        }
    }

    fn with(&mut self, change: impl FnOnce(&mut Process)) {
        if let Some(process) = &mut self.process {
            change(process);
        }
    }

    pub(crate) fn restart(&mut self) -> Checked {
        let in_flight = self.in_flight();
        let id = self.disk.start();
        let mut journal = self.disk.handle(id);
        let claim = journal.claim(RUN, Purpose::Sending, noon()).unwrap();
        if claim.recovered as usize != in_flight.len() {
            return broken("what was in flight becomes unknown", format!("{claim:?}"));
        }
        let patience = Patience::new(1, Duration::from_secs(600));
        let mut dispatcher = Dispatcher::new(2, claim.last_batch, claim.proven, patience);
        let mut effects = Vec::new();
        dispatcher.start(Duration::ZERO, &mut effects);
        self.process = Some(Process {
            id,
            fence: claim.fence,
            dispatcher,
            now: Duration::ZERO,
            permits: Default::default(),
            pieces: Vec::new(),
            owed: Vec::new(),
            loading: None,
            asked: false,
            probing: false,
            recalled: Default::default(),
            wake_at: None,
            ending: None,
            told_to_stop: false,
            failed: false,
        });
        self.perform(effects)
    }

    fn kill(&mut self) {
        if let Some(process) = self.process.take() {
            let in_flight = self.in_flight();
            self.causes.extend(in_flight);
            self.disk.kill(process.id);
        }
        self.flights
            .values_mut()
            .for_each(|flight| flight.awaited = false);
        // Refusals that nobody hears of change nothing any more.
        self.flights.retain(|_, flight| flight.done.is_none());
    }

    fn in_flight(&self) -> Vec<(u32, u32)> {
        let run = self.disk.run(RUN).unwrap();
        let sending = run
            .batches
            .iter()
            .filter(|(_, batch)| batch.state == BatchState::Sending);
        sending
            .map(|(number, batch)| (*number, batch.attempt))
            .collect()
    }

    pub(crate) fn load(&mut self, succeeds: bool) -> Checked {
        let Some(process) = &mut self.process else {
            return Ok(());
        };
        let Some((after, up_to, most)) = process.loading.take() else {
            return Ok(());
        };
        let mut journal = self.disk.handle(process.id);
        self.disk.fail_reads(usize::from(!succeeds));
        let loaded = journal.planned(RUN, after, up_to, most);
        let event = match loaded {
            Ok(batches) => Event::Loaded {
                last: batches.len() < most,
                batches,
            },
            Err(error) => failed(&error, Vec::new()),
        };
        self.step(event)
    }

    fn step(&mut self, event: Event) -> Checked {
        let mut effects = Vec::new();
        self.with(|process| {
            let now = process.now;
            process.dispatcher.step(now, event, &mut effects);
        });
        self.perform(effects)
    }

    fn perform(&mut self, effects: Vec<Effect>) -> Checked {
        let mut piece = Vec::new();
        for effect in effects {
            let Some(process) = &mut self.process else {
                return Ok(());
            };
            match effect {
                Effect::Load { after, up_to, most } => process.loading = Some((after, up_to, most)),
                Effect::AskBudget => process.asked = true,
                Effect::Intend {
                    number, attempt, ..
                } => piece.push(entry(number, attempt, What::Intent)),
                Effect::Conclude {
                    number,
                    attempt,
                    conclusion,
                } => {
                    process.permits.retain(|(batch, _)| *batch != number);
                    piece.push(entry(number, attempt, What::Outcome(conclusion)));
                }
                Effect::Post { number, customers } => self.post(number, customers)?,
                Effect::Recall(number) => process.recalled.extend([number]),
                Effect::Pause(_) => {}
                Effect::Probe => process.probing = true,
                Effect::WakeAt(at) => process.wake_at = Some(at),
                Effect::End(ending) => process.ending = Some(ending),
            }
        }
        if !piece.is_empty() {
            self.with(|process| process.pieces.push(piece));
        }
        self.finish_if_done();
        Ok(())
    }

    /// A request leaves: once for each attempt, with a durable intent, and not after a stop.
    fn post(&mut self, number: u32, customers: Vec<u64>) -> Checked {
        let Some(process) = &mut self.process else {
            return Ok(());
        };
        let permit = process.permits.iter().find(|(batch, _)| *batch == number);
        let Some(permit) = permit.copied() else {
            return broken("every request has a permit", format!("batch {number}"));
        };
        process.permits.remove(&permit);
        if process.told_to_stop {
            return broken("nothing is sent after a stop", format!("batch {number}"));
        }
        if !self.in_flight().contains(&permit) {
            return broken("every request has a durable intent", format!("{permit:?}"));
        }
        let flight = Flight {
            customers,
            done: None,
            awaited: true,
        };
        match self.flights.insert(permit, flight) {
            Some(_) => broken("one request an attempt", format!("{permit:?}")),
            None => Ok(()),
        }
    }

    fn commit(&mut self, fate: Fate) -> Checked {
        let Some(process) = &mut self.process else {
            return Ok(());
        };
        let pieces = std::mem::take(&mut process.pieces);
        let groups: Vec<_> = pieces
            .into_iter()
            .map(|piece| (process.fence, piece))
            .collect();
        let mut journal = self.disk.handle(process.id);
        // Pieces that are tried once more by themselves meet the same fate.
        self.disk.script(vec![fate; groups.len() + 1]);
        let results = journal.record(&groups);
        self.disk.clear_script();
        if !self.disk.is_alive(process.id) {
            self.kill();
            return Ok(());
        }
        if fate == Fate::Done && !process.failed {
            nothing_is_forbidden(&results)?;
        }
        process.failed |= results.iter().any(Result::is_err);
        for ((_, piece), result) in groups.into_iter().zip(results) {
            self.recorded(piece, result)?;
        }
        Ok(())
    }

    fn recorded(
        &mut self,
        piece: Vec<deskcast::journal::Entry>,
        result: Result<Vec<Permit>, JournalError>,
    ) -> Checked {
        match result {
            Ok(permits) => {
                for permit in permits {
                    let key = (permit.batch(), permit.attempt());
                    self.with(|process| process.permits.extend([key]));
                    self.step(Event::Recorded(permit.batch()))?;
                }
                self.finish_if_done();
                Ok(())
            }
            Err(error) => {
                self.causes
                    .extend(piece.iter().map(|entry| (entry.batch, entry.attempt)));
                let (intents, outcomes): (Vec<_>, Vec<_>) = piece
                    .into_iter()
                    .partition(|entry| matches!(entry.what, What::Intent));
                self.with(|process| process.owed.extend(outcomes));
                let intents = intents.iter().map(|entry| entry.batch).collect();
                self.step(failed(&error, intents))
            }
        }
    }

    /// The other side applies all of it or nothing.
    fn reach(&mut self, key: (u32, u32)) {
        let Some(flight) = self.flights.get_mut(&key) else {
            return;
        };
        let good = flight.customers.iter().all(|id| !self.bad.contains(id));
        if good {
            let chat = self.applied.keys().last().map_or(1, |last| last + 1);
            self.applied.insert(chat, flight.customers.clone());
            flight.done = Some(Ok(ChatId(chat)));
        } else {
            flight.done = Some(Err(()));
        }
        if !flight.awaited {
            self.flights.remove(&key);
        }
    }

    fn hear(&mut self, key: (u32, u32), heard: Heard) -> Checked {
        let Some(flight) = self.flights.remove(&key) else {
            return Ok(());
        };
        self.with(|process| process.recalled.retain(|number| *number != key.0));
        if heard == Heard::NotLeft {
            return self.step(Event::Recalled(key.0));
        }
        let answered = |status, body| {
            Fact::Answered(Answer {
                status,
                wait: None,
                body,
            })
        };
        let error = || AnswerBody::Error {
            code: Some("deskp400201".to_owned()),
            message: "no".to_owned(),
        };
        let fact = match (heard, &flight.done) {
            (Heard::Truth, Some(Ok(chat))) => answered(201, AnswerBody::Chat(*chat)),
            (Heard::Truth | Heard::NotLeft, _) => answered(400, error()),
            (Heard::Throttled, _) => answered(429, error()),
            (Heard::Unauthorized, _) => answered(401, error()),
            (Heard::Refused, _) => Fact::NotSent("connection refused".to_owned()),
            (Heard::ServerError, _) => {
                self.causes.insert(key);
                answered(500, error())
            }
            (Heard::Cut, _) => {
                self.causes.insert(key);
                answered(201, AnswerBody::Unreadable("cut".to_owned()))
            }
            (Heard::Nothing, _) => {
                self.causes.insert(key);
                if flight.done.is_none() {
                    let lost = Flight {
                        awaited: false,
                        ..flight
                    };
                    self.flights.insert(key, lost);
                }
                Fact::Lost("timed out".to_owned())
            }
        };
        self.step(Event::Answered(key.0, fact))
    }

    /// The end of a session: what is owed is recorded after all, and the run is given up.
    fn finish_if_done(&mut self) {
        let Some(process) = &mut self.process else {
            return;
        };
        if !process.pieces.is_empty() {
            return;
        }
        let Some(ending) = process.ending.take() else {
            return;
        };
        let (fence, id) = (process.fence, process.id);
        let mut journal = self.disk.handle(id);
        for owed in std::mem::take(&mut process.owed) {
            // One that was durable all along is refused now.
            let _ = journal.record(&[(fence, vec![owed])]);
        }
        let (state, note) = match ending {
            Ending::Finished => (RunState::Finished, String::new()),
            Ending::Stopped(why) => (RunState::Stopped, why),
            Ending::Failed(why) => (RunState::Failed, why),
        };
        journal.release(fence, state, &note, noon()).unwrap();
        self.disk.kill(id);
        self.process = None;
    }
}

fn failed(error: &JournalError, intents: Vec<u32>) -> Event {
    Event::JournalFailed {
        why: error.to_string(),
        intents,
    }
}

/// A dispatcher never asks a journal that works for what the table of states does not allow.
fn nothing_is_forbidden(results: &[Result<Vec<Permit>, JournalError>]) -> Checked {
    let forbidden = |result: &&Result<_, _>| matches!(result, Err(JournalError::Forbidden { .. }));
    match results.iter().find(forbidden) {
        Some(result) => broken("nothing forbidden is asked for", format!("{result:?}")),
        None => Ok(()),
    }
}
