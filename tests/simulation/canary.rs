//! Stories of a first wave: batches of it are refused and split, put back and lost, and whoever
//! sends it is killed and goes on. Nobody outside of it is messaged before it was judged.

use std::collections::BTreeMap;
use std::time::Duration;

use deskcast::delivery::batch::BatchState::{self, Planned, Sending, Split, Unknown};
use deskcast::delivery::canary::{last_of_wave, members};
use deskcast::delivery::dispatch::{Conclusion, Dispatcher, Effect, Event, Work};
use deskcast::delivery::outcome::{Answer, AnswerBody, ChatId, Fact};
use deskcast::delivery::patience::Patience;

use super::chance::Chance;

const MOST_STEPS: u32 = 100_000;

/// How it is told whether a batch may leave.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Rule {
    /// By whether it belongs to the wave.
    Named,
    /// The planted bug: by how many customers were tried or are under way.
    Counted,
}

struct Batch {
    parent: Option<u32>,
    customers: Vec<u64>,
    state: BatchState,
    attempts: u32,
}

enum Todo {
    Load(u32, u32, usize),
    Grant,
    Tell(Event),
    Answer(u32),
    Wake(Duration),
}

struct Canary {
    chance: Chance,
    rule: Rule,
    batches: BTreeMap<u32, Batch>,
    customers: u64,
    last: u32,
    judged: bool,
    concurrency: usize,
    dispatcher: Dispatcher,
    now: Duration,
    todo: Vec<Todo>,
    ended: bool,
}

/// Lets one seed's story happen; what is wrong with it, where something is.
pub(crate) fn story(seed: u64, rule: Rule) -> Result<(), String> {
    let mut chance = Chance::new(seed);
    let mut batches = BTreeMap::new();
    let mut next = 1;
    for number in 1..=chance.between(3, 12) as u32 {
        let size = chance.between(1, 6);
        let batch = Batch {
            parent: None,
            customers: (next..next + size).collect(),
            state: Planned,
            attempts: 0,
        };
        batches.insert(number, batch);
        next += size;
    }
    let customers = chance.between(1, next - 1);
    let sizes = batches
        .iter()
        .map(|(number, batch)| (*number, batch.customers.len() as u64));
    let last = last_of_wave(customers, sizes).unwrap_or(0);
    let mut canary = Canary {
        concurrency: chance.pick(&[1, 2, 4, 8]),
        dispatcher: Dispatcher::new(1, 0, false, Patience::new(0, Duration::ZERO)),
        chance,
        rule,
        batches,
        customers,
        last,
        judged: false,
        now: Duration::ZERO,
        todo: Vec::new(),
        ended: false,
    };
    canary.start()?;
    for _ in 0..MOST_STEPS {
        if canary.ended {
            return Ok(());
        }
        canary.step()?;
    }
    Err("it does not end".to_owned())
}

impl Canary {
    fn start(&mut self) -> Result<(), String> {
        let last = self.batches.keys().last().copied().unwrap_or(0);
        let proven = self
            .batches
            .values()
            .any(|batch| batch.state == BatchState::Accepted);
        let patience = Patience::new(1, Duration::from_secs(100_000));
        self.dispatcher = Dispatcher::new(self.concurrency, last, proven, patience);
        if self.rule == Rule::Named && !self.judged {
            let all = self
                .batches
                .iter()
                .map(|(number, batch)| (*number, batch.parent));
            let wave = members(self.last, all);
            let planned = |number: &&u32| self.batches[*number].state == Planned;
            let at_hand = wave.iter().filter(planned).map(|number| self.work(*number));
            let at_hand = at_hand.collect();
            self.dispatcher = self.dispatcher.clone().with_wave(wave, at_hand);
        }
        let mut effects = Vec::new();
        self.dispatcher.start(self.now, &mut effects);
        self.perform(effects)
    }

    fn work(&self, number: u32) -> Work {
        let batch = &self.batches[&number];
        Work {
            number,
            attempts: batch.attempts,
            customers: batch.customers.clone(),
        }
    }

    fn step(&mut self) -> Result<(), String> {
        if self.chance.strikes(0.02) {
            for batch in self
                .batches
                .values_mut()
                .filter(|batch| batch.state == Sending)
            {
                batch.state = Unknown;
            }
            self.todo.clear();
            return self.start();
        }
        if self.todo.is_empty() {
            return Err("nothing is left to happen".to_owned());
        }
        let place = self.chance.next() as usize % self.todo.len();
        let event = match self.todo.swap_remove(place) {
            Todo::Load(after, up_to, most) => {
                let planned =
                    |(number, batch): (&u32, &Batch)| (batch.state == Planned).then_some(*number);
                let numbers = self.batches.range(after + 1..=up_to.max(after));
                let numbers: Vec<u32> = numbers.filter_map(planned).take(most).collect();
                let batches: Vec<Work> = numbers.iter().map(|n| self.work(*n)).collect();
                let last = batches.len() < most;
                Event::Loaded { batches, last }
            }
            Todo::Grant if self.may_go() => Event::Granted,
            Todo::Grant => {
                self.todo.push(Todo::Grant);
                return Ok(());
            }
            Todo::Tell(event) => event,
            Todo::Answer(number) => Event::Answered(number, self.fact(number)),
            Todo::Wake(at) => {
                self.now = self.now.max(at);
                Event::Woken
            }
        };
        let mut effects = Vec::new();
        self.dispatcher.step(self.now, event, &mut effects);
        self.perform(effects)
    }

    fn sum(&self, counts: impl Fn(&u32, &Batch) -> bool) -> u64 {
        let counted = self
            .batches
            .iter()
            .filter(|(number, batch)| counts(number, batch));
        counted.map(|(_, batch)| batch.customers.len() as u64).sum()
    }

    /// As the gate decides, which judges a wave that is out.
    fn may_go(&mut self) -> bool {
        if self.judged {
            return true;
        }
        let under_way = match self.rule {
            Rule::Named => {
                if self.dispatcher.next_is_in_wave() {
                    return true;
                }
                let comes = |number: &u32, batch: &Batch| {
                    self.is_in_wave(*number) && matches!(batch.state, Planned | Sending)
                };
                self.sum(comes)
            }
            Rule::Counted => {
                let tried = |_: &u32, batch: &Batch| !matches!(batch.state, Planned | Split);
                if self.sum(tried) < self.customers {
                    return true;
                }
                self.sum(|_, batch| batch.state == Sending)
            }
        };
        self.judged = under_way == 0;
        self.judged
    }

    fn is_in_wave(&self, number: u32) -> bool {
        match self.batches[&number].parent {
            Some(parent) => self.is_in_wave(parent),
            None => number <= self.last,
        }
    }

    fn fact(&mut self, number: u32) -> Fact {
        let is_bad = |id: &u64| id.is_multiple_of(5);
        let answered = |status, wait, body| Fact::Answered(Answer { status, wait, body });
        let refusal = |message: &str| AnswerBody::Error {
            code: Some("deskp400201".to_owned()),
            message: message.to_owned(),
        };
        match self.chance.between(0, 11) {
            0 => Fact::Lost("reset".to_owned()),
            1 => answered(429, Some(Duration::from_millis(700)), refusal("too many")),
            2 => Fact::NotSent("connection refused".to_owned()),
            _ if self.batches[&number].customers.iter().any(is_bad) => {
                answered(400, None, refusal("no such customer"))
            }
            _ => answered(201, None, AnswerBody::Chat(ChatId(number.into()))),
        }
    }

    fn perform(&mut self, effects: Vec<Effect>) -> Result<(), String> {
        for effect in effects {
            match effect {
                Effect::Load { after, up_to, most } => {
                    self.todo.push(Todo::Load(after, up_to, most));
                }
                Effect::AskBudget => self.todo.push(Todo::Grant),
                Effect::Intend { number, .. } => {
                    if let Some(batch) = self.batches.get_mut(&number) {
                        batch.state = Sending;
                        batch.attempts += 1;
                    }
                    self.todo.push(Todo::Tell(Event::Recorded(number)));
                }
                Effect::Post { number, .. } => {
                    if !self.judged && !self.is_in_wave(number) {
                        return Err(format!(
                            "batch {number} leaves before the wave up to {} was judged",
                            self.last
                        ));
                    }
                    self.todo.push(Todo::Answer(number));
                }
                Effect::Recall(number) => self.recall(number),
                Effect::Conclude {
                    number, conclusion, ..
                } => self.conclude(number, conclusion),
                Effect::Pause(_) => {}
                Effect::Probe => self.todo.push(Todo::Tell(Event::Probed(true))),
                Effect::WakeAt(at) => {
                    self.todo.retain(|todo| !matches!(todo, Todo::Wake(_)));
                    self.todo.push(Todo::Wake(at));
                }
                Effect::End(_) => self.ended = true,
            }
        }
        Ok(())
    }

    fn recall(&mut self, number: u32) {
        let waits = |todo: &Todo| matches!(todo, Todo::Answer(of) if *of == number);
        if self.chance.half()
            && let Some(place) = self.todo.iter().position(waits)
        {
            self.todo[place] = Todo::Tell(Event::Recalled(number));
        }
    }

    fn conclude(&mut self, number: u32, conclusion: Conclusion) {
        if let Some(batch) = self.batches.get_mut(&number) {
            batch.state = conclusion.change().to();
        }
        if let Conclusion::Split(_, parts) = conclusion {
            for (part, customers) in parts {
                let batch = Batch {
                    parent: Some(number),
                    customers,
                    state: Planned,
                    attempts: 0,
                };
                self.batches.insert(part, batch);
            }
        }
    }
}
