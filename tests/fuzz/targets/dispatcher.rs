//! Whatever happens, in whatever order: a batch is posted only when its intent is durable, never
//! twice at once and never after an unknown; nobody is lost, and the run ends.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use deskcast::delivery::dispatch::{Conclusion, Dispatcher, Effect, Ending, Event, Work};
use deskcast::delivery::outcome::{Answer, AnswerBody, ChatId, Fact};
use deskcast::delivery::patience::Patience;

use super::source::Source;

/// Events after which a run of a few batches that is served must have ended.
const ENOUGH: u32 = 10_000;

/// Runs a campaign through the events that `data` says, then through good ones to its end.
pub fn fuzz(data: &[u8]) {
    let mut source = Source::new(data);
    let mut shell = Shell::new(&mut source);
    shell.start();
    while !source.is_empty() && shell.ended.is_none() {
        shell.pass(Duration::from_millis(u64::from(source.byte()) * 50));
        let (event, last) = match source.below(32) {
            0 => (shell.bogus(&mut source), true),
            1 => (Some(Event::Stop("told to stop".to_owned())), true),
            2 => (Some(shell.journal_failure()), true),
            _ => (shell.next(source.byte(), &mut source), false),
        };
        if let Some(event) = event {
            shell.feed(event);
        }
        if last && shell.ended.is_some() {
            break;
        }
    }
    let mut events = 0;
    let mut good = Source::new(&[]);
    while shell.ended.is_none() {
        events += 1;
        assert!(events < ENOUGH, "the run does not end: {:?}", shell.todo);
        shell.pass(Duration::from_secs(1));
        let event = shell
            .next(0, &mut good)
            .expect("a run that has not ended waits for something");
        shell.feed(event);
    }
    shell.check_everybody();
}

/// Where a batch is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    Planned,
    Intended,
    Posted,
    Ended,
}

/// Something that the dispatcher waits for.
#[derive(Clone, Debug)]
enum Todo {
    Load(u32, u32, usize),
    Grant,
    Record(u32),
    Answer(u32),
    Recall(u32),
    Probe,
    Wake(Duration),
}

/// Performs effects on a journal and a Desk that are a few maps.
struct Shell {
    dispatcher: Dispatcher,
    now: Duration,
    concurrency: usize,
    customers: BTreeMap<u32, Vec<u64>>,
    places: BTreeMap<u32, Place>,
    attempts: BTreeMap<u32, u32>,
    /// Where each customer ended up.
    settled: BTreeMap<u64, u32>,
    everybody: BTreeSet<u64>,
    todo: Vec<Todo>,
    next_chat: u64,
    ended: Option<Ending>,
}

impl Shell {
    fn new(source: &mut Source<'_>) -> Shell {
        let batches = u32::from(source.below(6)) + 1;
        let size = u64::from(source.below(9)) + 1;
        let concurrency = usize::from(source.below(4)) + 1;
        let patience = Patience::new(u64::from(source.byte()), Duration::from_secs(60));
        let ids = |number: u32| {
            (0..size)
                .map(move |at| u64::from(number) * 100 + at)
                .collect()
        };
        let customers: BTreeMap<u32, Vec<u64>> =
            (1..=batches).map(|number| (number, ids(number))).collect();
        Shell {
            dispatcher: Dispatcher::new(concurrency, batches, source.coin(), patience),
            now: Duration::ZERO,
            concurrency,
            places: customers
                .keys()
                .map(|number| (*number, Place::Planned))
                .collect(),
            attempts: BTreeMap::new(),
            settled: BTreeMap::new(),
            everybody: customers.values().flatten().copied().collect(),
            customers,
            todo: Vec::new(),
            next_chat: 1,
            ended: None,
        }
    }

    fn start(&mut self) {
        let mut effects = Vec::new();
        self.dispatcher.start(self.now, &mut effects);
        self.perform(effects);
    }

    fn pass(&mut self, time: Duration) {
        self.now += time;
    }

    fn feed(&mut self, event: Event) {
        let mut effects = Vec::new();
        self.dispatcher.step(self.now, event, &mut effects);
        self.perform(effects);
    }

    /// The event that one of the things waited for comes to.
    fn next(&mut self, which: u8, source: &mut Source<'_>) -> Option<Event> {
        if self.todo.is_empty() {
            return None;
        }
        let place = usize::from(which) % self.todo.len();
        Some(match self.todo.remove(place) {
            Todo::Load(after, up_to, most) => self.load(after, up_to, most),
            Todo::Grant => Event::Granted,
            Todo::Record(number) => Event::Recorded(number),
            Todo::Answer(number) => Event::Answered(number, self.fact(source)),
            Todo::Recall(number) => Event::Recalled(number),
            Todo::Probe => Event::Probed(source.below(3) != 1),
            Todo::Wake(until) => {
                self.now = self.now.max(until);
                Event::Woken
            }
        })
    }

    fn load(&self, after: u32, up_to: u32, most: usize) -> Event {
        let planned =
            |(number, place): (&u32, &Place)| (*place == Place::Planned).then_some(*number);
        let batches: Vec<Work> = self
            .places
            .range(after + 1..=up_to.max(after))
            .filter_map(planned)
            .take(most)
            .map(|number| self.work(number))
            .collect();
        let last = batches.len() < most;
        Event::Loaded { batches, last }
    }

    fn work(&self, number: u32) -> Work {
        Work {
            number,
            attempts: self.attempts.get(&number).copied().unwrap_or(0),
            customers: self.customers[&number].clone(),
        }
    }

    fn fact(&mut self, source: &mut Source<'_>) -> Fact {
        let refused = |status, message: &str| {
            let code = Some("deskp400201".to_owned());
            let message = message.to_owned();
            let wait = (status == 429).then_some(Duration::from_millis(700));
            Fact::Answered(Answer {
                status,
                wait,
                body: AnswerBody::Error { code, message },
            })
        };
        match source.below(16) {
            1 => Fact::NotSent("connection refused".to_owned()),
            2 => Fact::Lost("reset".to_owned()),
            3 => refused(429, "too many"),
            4 => refused(401, "token"),
            5 => refused(307, ""),
            6 => refused(500, "oops"),
            7 | 8 => refused(400, "no such group"),
            9 | 10 => refused(400, "customers 100, 101 and 203 do not exist"),
            _ => {
                self.next_chat += 1;
                let (status, wait) = (201, None);
                let body = AnswerBody::Chat(ChatId(self.next_chat));
                Fact::Answered(Answer { status, wait, body })
            }
        }
    }

    /// Something about a batch that is not there, or a wake-up that nobody asked for.
    fn bogus(&mut self, source: &mut Source<'_>) -> Option<Event> {
        let fact = self.fact(source);
        Some(match source.below(3) {
            0 => Event::Recorded(9_999),
            1 => Event::Answered(9_999, fact),
            _ => Event::Woken,
        })
    }

    /// Intents that were asked for and are not durable yet fail.
    fn journal_failure(&mut self) -> Event {
        let mut intents = Vec::new();
        self.todo.retain(|todo| match todo {
            Todo::Record(number) => {
                intents.push(*number);
                false
            }
            _ => true,
        });
        for number in &intents {
            self.places.insert(*number, Place::Planned);
        }
        Event::JournalFailed {
            why: "disk full".to_owned(),
            intents,
        }
    }

    fn perform(&mut self, effects: Vec<Effect>) {
        for effect in effects {
            assert!(self.ended.is_none(), "{effect:?} after the end");
            match effect {
                Effect::Load { after, up_to, most } => {
                    self.todo.push(Todo::Load(after, up_to, most))
                }
                Effect::AskBudget => self.todo.push(Todo::Grant),
                Effect::Intend {
                    number,
                    attempt,
                    customers,
                } => self.intend(number, attempt, customers),
                Effect::Post { number, customers } => self.post(number, &customers),
                Effect::Conclude {
                    number,
                    attempt,
                    conclusion,
                } => self.conclude(number, attempt, conclusion),
                Effect::Recall(number) => self.recall(number),
                Effect::Pause(_) => {}
                Effect::Probe => self.todo.push(Todo::Probe),
                Effect::WakeAt(until) => self.wake_at(until),
                Effect::End(ending) => self.ended = Some(ending),
            }
        }
        let busy = |place: &&Place| matches!(place, Place::Intended | Place::Posted);
        assert!(self.places.values().filter(busy).count() <= self.concurrency);
    }

    fn intend(&mut self, number: u32, attempt: u32, customers: usize) {
        let place = self.places.insert(number, Place::Intended);
        assert_eq!(place, Some(Place::Planned), "an intent of batch {number}");
        assert_eq!(self.customers[&number].len(), customers);
        let before = self.attempts.insert(number, attempt).unwrap_or(0);
        assert_eq!(attempt, before + 1, "the attempt of batch {number}");
        self.todo.push(Todo::Record(number));
    }

    fn post(&mut self, number: u32, customers: &[u64]) {
        let recorded = !self
            .todo
            .iter()
            .any(|todo| matches!(todo, Todo::Record(at) if *at == number));
        assert!(
            recorded,
            "batch {number} is posted before its intent is durable"
        );
        let place = self.places.insert(number, Place::Posted);
        assert_eq!(place, Some(Place::Intended), "a post of batch {number}");
        assert_eq!(self.customers[&number], customers);
        self.todo.push(Todo::Answer(number));
    }

    /// What is odd by its number has not left yet.
    fn recall(&mut self, number: u32) {
        assert_eq!(self.places[&number], Place::Posted, "batch {number}");
        let waits = |todo: &Todo| matches!(todo, Todo::Answer(at) if *at == number);
        if number % 2 == 1
            && let Some(place) = self.todo.iter().position(waits)
        {
            self.todo[place] = Todo::Recall(number);
            self.places.insert(number, Place::Intended);
        }
    }

    fn conclude(&mut self, number: u32, attempt: u32, conclusion: Conclusion) {
        assert_eq!(self.attempts.get(&number), Some(&attempt));
        let place = self.places[&number];
        let (next, settled) = match &conclusion {
            Conclusion::NotSent(_) => (Place::Planned, false),
            Conclusion::Split(_, parts) => {
                self.split(number, parts);
                (Place::Ended, false)
            }
            Conclusion::Accepted(_) | Conclusion::Rejected(_) | Conclusion::Unknown(_) => {
                (Place::Ended, true)
            }
        };
        let sent = place == Place::Posted;
        let held_back = place == Place::Intended && next == Place::Planned;
        assert!(
            sent || held_back,
            "batch {number} was {place:?}: {conclusion:?}"
        );
        self.places.insert(number, next);
        if settled {
            for customer in &self.customers[&number] {
                let before = self.settled.insert(*customer, number);
                assert_eq!(before, None, "customer {customer} is settled twice");
            }
        }
    }

    fn split(&mut self, number: u32, parts: &[(u32, Vec<u64>)]) {
        let mut whole = self.customers[&number].clone();
        let mut together: Vec<u64> = parts.iter().flat_map(|(_, part)| part.clone()).collect();
        whole.sort_unstable();
        together.sort_unstable();
        assert_eq!(whole, together, "the parts of batch {number}");
        for (part, customers) in parts {
            assert!(!customers.is_empty());
            assert_eq!(
                self.customers.insert(*part, customers.clone()),
                None,
                "batch {part} is new"
            );
            self.places.insert(*part, Place::Planned);
        }
    }

    /// Only the latest wish counts, as for an alarm clock.
    fn wake_at(&mut self, until: Duration) {
        self.todo.retain(|todo| !matches!(todo, Todo::Wake(_)));
        self.todo.push(Todo::Wake(until));
    }

    /// At the end nothing is on its way, and everybody is settled or still planned, once.
    fn check_everybody(&self) {
        let mut found: Vec<u64> = self.settled.keys().copied().collect();
        for (number, place) in &self.places {
            match place {
                Place::Planned => found.extend(&self.customers[number]),
                Place::Ended => {}
                Place::Intended | Place::Posted => panic!("batch {number} is {place:?} at the end"),
            }
        }
        if self.ended == Some(Ending::Finished) {
            assert_eq!(
                found.len(),
                self.settled.len(),
                "finished, but batches are planned"
            );
        }
        found.sort_unstable();
        let everybody: Vec<u64> = self.everybody.iter().copied().collect();
        assert_eq!(found, everybody);
    }
}
