//! Which batch goes when: `step(now, event) -> effects`.
//!
//! The dispatcher owns what is being done with one run and decides everything about it; it
//! performs nothing. A shell feeds it events and carries out its effects, in order. It keeps two
//! rules by construction: an effect to post a batch follows only the event that its intent is
//! durable, and an unknown batch is never in its hands again.
//!
//! A run starts with one request at a time until Desk has accepted one, so that a wrong group,
//! agent or message costs a handful of requests and not an audience.

mod chats;
mod first_wave;
mod streak;
mod vocabulary;

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::time::Duration;

use self::chats::Chats;
use self::first_wave::FirstWave;
use self::streak::Streak;
use self::vocabulary::{Breaker, halted};
pub use self::vocabulary::{Conclusion, Effect, Ending, Event, Work};
use super::outcome::{Fact, Outcome, Words};
use super::patience::{BREAKER_AT, Patience, Tries};
use super::split::{self, Refusal};

/// Refusals of single customers from different places in a row, all with one code and nothing
/// accepted between, after which it is the definition that is wrong.
const PROBES: u32 = 5;
/// Refusals in a row after which the definition may be wrong, once something was accepted.
const SUSPICIOUS_AT: u32 = 8;
/// More batches are loaded when fewer than this are at hand, in multiples of the concurrency.
const LOW_WATER: usize = 4;

/// The dispatcher of one run. Two that are equal decide alike for ever, which lets a model checker
/// visit each state once.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Dispatcher {
    concurrency: usize,
    ready: VecDeque<Work>,
    in_flight: BTreeMap<u32, Work>,
    /// Posted and not recalled: what waits for its departure is among them.
    posted: BTreeSet<u32>,
    wave: FirstWave,
    chats: Chats,
    loaded_to: u32,
    load_up_to: u32,
    next_number: u32,
    loading: bool,
    all_loaded: bool,
    asked: bool,
    proven: bool,
    streak: Streak,
    unknown_in_a_row: u32,
    breaker: Breaker,
    tries: Tries,
    probing: bool,
    patience: Patience,
    wait_until: Option<Duration>,
    /// Nothing was let through at the last try.
    barred: bool,
    ending: Option<Ending>,
    ended: bool,
}

impl Dispatcher {
    /// A dispatcher for a run with `batches` batches so far.
    ///
    /// `proven` says that Desk has accepted something of this run before.
    pub fn new(concurrency: usize, batches: u32, proven: bool, patience: Patience) -> Dispatcher {
        Dispatcher {
            concurrency: concurrency.max(1),
            ready: VecDeque::new(),
            in_flight: BTreeMap::new(),
            posted: BTreeSet::new(),
            wave: FirstWave::default(),
            chats: Chats::default(),
            loaded_to: 0,
            load_up_to: batches,
            next_number: batches + 1,
            loading: false,
            all_loaded: false,
            asked: false,
            proven,
            streak: Streak::default(),
            unknown_in_a_row: 0,
            breaker: Breaker::Closed,
            tries: Tries::default(),
            probing: false,
            patience,
            wait_until: None,
            barred: false,
            ending: None,
            ended: false,
        }
    }

    /// Whether Desk is being waited for, until when and why it is so.
    pub fn is_waiting(&self) -> bool {
        self.wait_until.is_some() || self.breaker == Breaker::Open
    }

    /// Until when nothing new is sent, where that is known.
    pub fn waits_until(&self) -> Option<Duration> {
        self.wait_until
    }

    /// Why nothing new is sent right now, in words.
    pub fn why_not_now(&self) -> &'static str {
        if self.ending.is_some() {
            "it is ending, and waits for the requests in flight"
        } else if self.breaker == Breaker::Open {
            "Desk answered with failures only; it is asked now and then whether it serves again"
        } else if self.wait_until.is_some() {
            "Desk asked for patience or could not be reached"
        } else if self.asked {
            "the budget allows no request yet"
        } else if self.in_flight.len() >= self.limit() {
            "as many requests are in flight as may be, and none is answered"
        } else {
            "batches are being loaded from the journal"
        }
    }

    /// Takes an event at `now` (an offset from any fixed instant, never decreasing) and appends
    /// what is to be done. The first effects come from [`Dispatcher::start`].
    pub fn step(&mut self, now: Duration, event: Event, effects: &mut Vec<Effect>) {
        match event {
            Event::Loaded { batches, last } => self.take(batches, last),
            Event::Granted => self.granted(now, effects),
            Event::Recorded(number) => self.recorded(now, number, effects),
            Event::Recalled(number) => self.withhold(number, effects),
            Event::Answered(number, fact) => self.answered(now, number, fact, effects),
            Event::Probed(serves) => self.probed(now, serves),
            Event::Woken => {}
            Event::Stop(why) => self.end_with(Ending::Stopped(why)),
            Event::JournalFailed { why, intents } => {
                for number in intents {
                    self.in_flight.remove(&number);
                }
                // It outranks every other end, also one that was told already: that one rested
                // on outcomes that are not durable after all.
                self.ending = Some(Ending::Stopped(why));
                self.ended = false;
            }
        }
        self.recall(now, effects);
        self.pump(now, effects);
    }

    /// The first effects.
    pub fn start(&mut self, now: Duration, effects: &mut Vec<Effect>) {
        self.pump(now, effects);
    }

    fn take(&mut self, batches: Vec<Work>, last: bool) {
        self.loading = false;
        self.all_loaded = last;
        if let Some(batch) = batches.last() {
            self.loaded_to = batch.number;
        }
        let is_new = |work: &Work| !self.wave.was_at_hand(work.number);
        self.ready.extend(batches.into_iter().filter(is_new));
    }

    fn granted(&mut self, now: Duration, effects: &mut Vec<Effect>) {
        self.asked = false;
        // What was asked for may be too much by the time it is granted.
        if self.is_held(now) || self.in_flight.len() >= self.limit() {
            return;
        }
        let next = self.next_place().and_then(|place| self.ready.remove(place));
        let Some(mut work) = next else {
            return;
        };
        work.attempts += 1;
        effects.push(Effect::Intend {
            number: work.number,
            attempt: work.attempts,
            customers: work.customers.len(),
        });
        self.in_flight.insert(work.number, work);
    }

    fn recorded(&mut self, now: Duration, number: u32, effects: &mut Vec<Effect>) {
        let Some(work) = self.in_flight.get(&number) else {
            return;
        };
        if self.is_held(now) {
            // Told to stop or to wait between the intent and the request: it is not sent after all.
            self.withhold(number, effects);
            return;
        }
        effects.push(Effect::Post {
            number,
            customers: work.customers.clone(),
        });
        self.posted.insert(number);
    }

    /// A batch whose intent is durable and whose request has not left is planned again.
    fn withhold(&mut self, number: u32, effects: &mut Vec<Effect>) {
        let words = match &self.ending {
            Some(Ending::Stopped(why) | Ending::Failed(why)) => format!("not sent: {why}"),
            Some(Ending::Finished) | None => "not sent: Desk is waited for".to_owned(),
        };
        self.put_back(number, Conclusion::NotSent(Words::own(words)), effects);
    }

    /// Nothing that has not left waits for Desk with an intent: a kill would make it unknown.
    fn recall(&mut self, now: Duration, effects: &mut Vec<Effect>) {
        if self.is_held(now) {
            let posted = std::mem::take(&mut self.posted);
            effects.extend(posted.into_iter().map(Effect::Recall));
        }
    }

    fn answered(&mut self, now: Duration, number: u32, fact: Fact, effects: &mut Vec<Effect>) {
        if !self.in_flight.contains_key(&number) {
            return;
        }
        match self.chats.judge(number, fact) {
            Outcome::Accepted(chat) => {
                self.served();
                self.proven = true;
                self.streak = Streak::default();
                self.conclude(number, Conclusion::Accepted(chat), effects);
            }
            Outcome::Throttled { wait, words } => {
                self.unknown_in_a_row = 0;
                self.throttled(now, wait, effects);
                self.put_back(number, Conclusion::NotSent(words), effects);
            }
            Outcome::Unreached(words) => {
                self.wait_for_desk(now, &words);
                self.put_back(number, Conclusion::NotSent(words), effects);
            }
            Outcome::Barred(words) => {
                self.barred(now, &words);
                self.put_back(number, Conclusion::NotSent(words), effects);
            }
            Outcome::Halted(words) => {
                self.end_with(Ending::Stopped(halted(&words)));
                self.put_back(number, Conclusion::NotSent(words), effects);
            }
            Outcome::Refused(words) => self.refused(number, words, effects),
            Outcome::Unknown(words) => self.lost(now, number, words, effects),
        }
    }

    /// Answers in flight together ask together: one wait answers them all, the longest asked for.
    fn throttled(&mut self, now: Duration, asked: Option<Duration>, effects: &mut Vec<Effect>) {
        if asked.is_none() && self.wait_until.is_some_and(|until| now < until) {
            return;
        }
        let wait = self.patience.unserved(now, asked);
        effects.push(Effect::Pause(wait));
        self.hold_until(now + wait);
    }

    fn refused(&mut self, number: u32, words: Words, effects: &mut Vec<Effect>) {
        let Some(work) = self.in_flight.get(&number) else {
            return;
        };
        let probed = self.is_suspicious();
        self.streak.add(&words, work.customers.len(), probed);
        let suspicious = self.is_suspicious();
        let refusal = if suspicious {
            split::probe(&work.customers, self.streak.singles)
        } else {
            split::divide(&work.customers, &words)
        };
        self.served();
        if self.streak.singles >= PROBES && suspicious {
            self.end_with(Ending::Failed(format!(
                "Desk refused {} requests in a row, the last {PROBES} for single customers, all with \
                 the same code: it is the group, the agent or the message that is wrong, not the \
                 customers. It said: {words}",
                self.streak.refusals
            )));
        }
        match refusal {
            Refusal::Reject => self.conclude(number, Conclusion::Rejected(words), effects),
            Refusal::Divide(first, second) => {
                let parts: Vec<(u32, Vec<u64>)> = [first, second]
                    .into_iter()
                    .map(|customers| {
                        self.next_number += 1;
                        (self.next_number - 1, customers)
                    })
                    .collect();
                self.wave.inherit(number, &parts);
                self.put_parts(&parts, suspicious);
                self.conclude(number, Conclusion::Split(words, parts), effects);
            }
        }
    }

    /// Parts go next. While the definition is suspected, only the probe does.
    fn put_parts(&mut self, parts: &[(u32, Vec<u64>)], suspicious: bool) {
        for (at, (number, customers)) in parts.iter().enumerate().rev() {
            let work = Work {
                number: *number,
                attempts: 0,
                customers: customers.clone(),
            };
            if suspicious && at == 0 {
                self.ready.push_back(work);
            } else {
                self.ready.push_front(work);
            }
        }
    }

    /// What goes next: in the order of the plan, but far from the last refusal while the
    /// definition is suspected. Bad customers often stand side by side, and prove nothing there.
    fn next_place(&self) -> Option<usize> {
        let from_the_back = self.is_suspicious() && self.streak.refusals > 0;
        self.wave.next_place(&self.ready, from_the_back)
    }

    fn lost(&mut self, now: Duration, number: u32, words: Words, effects: &mut Vec<Effect>) {
        self.unknown_in_a_row += 1;
        if self.breaker == Breaker::HalfOpen {
            self.tries.failed(now, self.unknown_in_a_row);
        }
        if self.breaker == Breaker::HalfOpen || self.unknown_in_a_row >= BREAKER_AT {
            self.breaker = Breaker::Open;
            self.wait_for_desk(now, &words);
        }
        self.conclude(number, Conclusion::Unknown(words), effects);
    }

    /// It may have been a moment's: a second try shows. Requests in flight together are one try.
    fn barred(&mut self, now: Duration, words: &Words) {
        let is_second_try = self.barred && self.wait_until.is_none_or(|until| now >= until);
        if is_second_try {
            self.end_with(Ending::Stopped(format!("nothing can be sent: {words}")));
            return;
        }
        self.barred = true;
        self.wait_for_desk(now, words);
    }

    fn served(&mut self) {
        self.barred = false;
        self.patience.served();
        self.unknown_in_a_row = 0;
        self.tries = Tries::default();
        self.breaker = Breaker::Closed;
    }

    fn probed(&mut self, now: Duration, serves: bool) {
        self.probing = false;
        if !serves {
            self.wait_for_desk(now, &Words::own("Desk does not serve"));
            return;
        }
        self.patience.reached();
        match self.tries.wait_until(now) {
            Some(until) => self.hold_until(until),
            None => self.breaker = Breaker::HalfOpen,
        }
    }

    /// Requests in flight together fail together: they count as one failure.
    fn wait_for_desk(&mut self, now: Duration, words: &Words) {
        if self.wait_until.is_none_or(|until| now >= until) {
            let wait = self.patience.unserved(now, None);
            self.hold_until(now + wait);
        }
        if self.patience.is_over(now) {
            self.end_with(Ending::Stopped(format!(
                "Desk could not be reached for too long: {words}"
            )));
        }
    }

    fn hold_until(&mut self, until: Duration) {
        self.wait_until = Some(self.wait_until.map_or(until, |at| at.max(until)));
    }

    /// The first reason to end stays; a failure of the definition outranks a stop.
    fn end_with(&mut self, ending: Ending) {
        match (&self.ending, &ending) {
            (None, _) | (Some(Ending::Stopped(_)), Ending::Failed(_)) => self.ending = Some(ending),
            _ => {}
        }
    }

    fn put_back(&mut self, number: u32, conclusion: Conclusion, effects: &mut Vec<Effect>) {
        if let Some(work) = self.in_flight.get(&number) {
            self.ready.push_front(work.clone());
        }
        self.conclude(number, conclusion, effects);
    }

    fn conclude(&mut self, number: u32, conclusion: Conclusion, effects: &mut Vec<Effect>) {
        self.posted.remove(&number);
        if let Some(work) = self.in_flight.remove(&number) {
            effects.push(Effect::Conclude {
                number,
                attempt: work.attempts,
                conclusion,
            });
        }
    }

    /// Whether it may be the definition that is refused. Not when something was accepted and only
    /// parts of refused batches are left: then there is nobody to be spared, and whoever is left is
    /// accepted or rejected by name.
    fn is_suspicious(&self) -> bool {
        !self.proven || (self.streak.refusals >= SUSPICIOUS_AT && !self.only_parts_left())
    }

    fn only_parts_left(&self) -> bool {
        self.all_loaded && self.ready.iter().all(|work| work.number > self.load_up_to)
    }

    fn is_held(&self, now: Duration) -> bool {
        self.ending.is_some()
            || self.breaker == Breaker::Open
            || self.wait_until.is_some_and(|until| now < until)
    }

    fn limit(&self) -> usize {
        // After an unknown the next goes alone: if Desk takes nothing, nobody else is left unknown.
        let in_doubt = self.unknown_in_a_row > 0 || self.breaker == Breaker::HalfOpen;
        match in_doubt || self.is_suspicious() {
            true => 1,
            false => self.concurrency,
        }
    }

    /// What follows from the state as it is: load, ask, wait or end.
    fn pump(&mut self, now: Duration, effects: &mut Vec<Effect>) {
        if self.ended {
            return;
        }
        if self.wait_until.is_some_and(|until| now >= until) {
            self.wait_until = None;
        }
        let nothing_left = self.all_loaded && self.ready.is_empty();
        if self.in_flight.is_empty() && (self.ending.is_some() || nothing_left) {
            self.ended = true;
            effects.push(Effect::End(self.ending.clone().unwrap_or(Ending::Finished)));
            return;
        }
        if self.ending.is_some() {
            return;
        }
        if let Some(until) = self.wait_until {
            effects.push(Effect::WakeAt(until));
            return;
        }
        if self.breaker == Breaker::Open {
            if !self.probing {
                self.probing = true;
                effects.push(Effect::Probe);
            }
            return;
        }
        self.load(effects);
        if !self.asked && !self.ready.is_empty() && self.in_flight.len() < self.limit() {
            self.asked = true;
            effects.push(Effect::AskBudget);
        }
    }

    fn load(&mut self, effects: &mut Vec<Effect>) {
        let low = self.concurrency * LOW_WATER;
        if !self.loading && !self.all_loaded && self.ready.len() < low {
            self.loading = true;
            effects.push(Effect::Load {
                after: self.loaded_to,
                up_to: self.load_up_to,
                most: low.max(256),
            });
        }
    }
}

#[cfg(test)]
#[path = "dispatch_tests.rs"]
mod tests;
