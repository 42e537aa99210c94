//! Sends a run: performs what [`crate::delivery::dispatch`] decides.
//!
//! One loop owns the dispatcher and lines every event up in one queue. What one turn of the loop
//! wants recorded goes to the journal as one piece; permits come back; requests leave.

mod departure;
mod told;
mod wave;

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep_until};

use tokio_util::sync::{CancellationToken, DropGuard};

use self::departure::departs;
use super::budget::{Budget, Lane};
use super::gate::Gate;
use super::orders::Reins;
use super::progress::{Phase, Progress};
use super::recorder::Recorder;
use crate::campaign::{Abort, Priority};
use crate::delivery::abort::Losses;
use crate::delivery::dispatch::{Conclusion, Dispatcher, Effect, Ending, Event, Work};
use crate::delivery::outcome::{ChatId, Fact};
use crate::delivery::patience::Patience;
use crate::delivery::request::Template;
use crate::delivery::variant::Varied;
use crate::desk::Desk;
use crate::journal::clock;
use crate::journal::{Claim, Entry, Journal, JournalError, Permit, RunState, What};

/// A run without progress for this long is worth a line that says why.
const STALLED_AFTER: Duration = Duration::from_secs(30);

/// A chat to ask for when only an answer matters: any id will do.
const ANY_CHAT: ChatId = ChatId(1);

/// What the gate said longer ago is looked at again.
const LONG_AGO: Duration = Duration::from_secs(1);

/// What sending a run needs.
#[derive(Debug)]
pub struct Sender<J> {
    /// The client.
    pub desk: Desk,
    /// The budget of the application.
    pub budget: Budget,
    /// The journal.
    pub recorder: Recorder<J>,
    /// The run, claimed.
    pub claim: Claim,
    /// What its requests have in common, those of a variant each.
    pub templates: Varied<Template>,
    /// How urgent the run is: more of the budget goes to those that are more urgent.
    pub priority: Priority,
    /// Requests in flight at once.
    pub concurrency: usize,
    /// How long Desk may be out of reach before the run is stopped.
    pub give_up_after: Duration,
    /// When so much goes wrong that the run pauses by itself.
    pub abort: Abort,
    /// What may hold it back beside the budget.
    pub gate: Option<Arc<Gate<J>>>,
    /// Told to stop.
    pub reins: Reins,
    /// Where progress is shown.
    pub progress: Progress,
}

/// What the loop is told.
enum Message {
    Event(Event),
    Recorded(Vec<Entry>, Result<Vec<Permit>, JournalError>),
    Loaded(usize, Result<Vec<Work>, JournalError>),
}

impl<J: Journal + 'static> Sender<J> {
    /// Sends until nothing is left, or told to stop, or stopped by a fault. Everything that could
    /// be recorded is recorded when it returns. The run stays claimed.
    pub async fn send(self) -> Ending {
        let seed = self.claim.fence.token as u64 ^ (self.claim.fence.run.0 as u64) << 20;
        let patience = Patience::new(seed, self.give_up_after);
        let claim = self.claim;
        let dispatcher =
            Dispatcher::new(self.concurrency, claim.last_batch, claim.proven, patience);
        let dispatcher = match self.with_wave(dispatcher).await {
            Ok(dispatcher) => dispatcher,
            Err(error) => return Ending::Stopped(error.to_string()),
        };
        let (messages, queue) = mpsc::unbounded_channel();
        let closing = self.reins.stop.child_token();
        let shell = Shell {
            sender: Arc::new(self),
            messages,
            start: Instant::now(),
            permits: HashMap::new(),
            departing: HashMap::new(),
            sizes: HashMap::new(),
            pending: 0,
            owed: Vec::new(),
            losses: Losses::default(),
            _no_more_waiting: closing.clone().drop_guard(),
            closing,
            wake_at: None,
            waits_until: None,
            ending: None,
            progressed_at: Instant::now(),
        };
        // On a worker of the runtime, beside the requests: from any other thread every message of
        // theirs would cross over to it.
        match tokio::spawn(shell.run(dispatcher, queue)).await {
            Ok(ending) => ending,
            Err(error) => std::panic::resume_unwind(error.into_panic()),
        }
    }
}

impl<J> Sender<J> {
    fn lane(&self) -> Lane {
        Lane::Send(self.priority)
    }

    fn key(&self) -> u64 {
        self.claim.fence.run.0.unsigned_abs()
    }
}

/// The state of the loop beside the dispatcher's.
struct Shell<J> {
    sender: Arc<Sender<J>>,
    messages: mpsc::UnboundedSender<Message>,
    start: Instant,
    /// Permits of intents that are durable and not yet posted.
    permits: HashMap<u32, Permit>,
    /// What takes back a request that has not left; dropped when its answer comes.
    departing: HashMap<u32, CancellationToken>,
    /// Customers of the batches in flight, for progress.
    sizes: HashMap<u32, u64>,
    /// Pieces that the journal has not answered yet.
    pending: usize,
    /// Outcomes that the journal could not record: tried once more at the end.
    owed: Vec<Entry>,
    /// What went wrong so far.
    losses: Losses,
    /// Ends what waits at the gate: when the run is told to stop, and when the loop ends.
    closing: CancellationToken,
    _no_more_waiting: DropGuard,
    wake_at: Option<Instant>,
    /// Until when Desk is waited for, and that by the wall clock, as it was first shown.
    waits_until: Option<(Duration, Timestamp)>,
    ending: Option<Ending>,
    /// When an outcome was last concluded, or the watchdog last spoke.
    progressed_at: Instant,
}

impl<J: Journal + 'static> Shell<J> {
    async fn run(
        mut self,
        mut dispatcher: Dispatcher,
        mut queue: mpsc::UnboundedReceiver<Message>,
    ) -> Ending {
        let stop = self.sender.reins.stop.clone();
        let mut told = false;
        let mut effects = Vec::new();
        dispatcher.start(self.start.elapsed(), &mut effects);
        let mut messages = Vec::new();
        loop {
            self.perform(&mut dispatcher, &mut effects);
            if self.pending == 0
                && let Some(ending) = self.ending.take()
            {
                self.settle_debts().await;
                return ending;
            }
            let wake_at = self
                .wake_at
                .unwrap_or_else(|| Instant::now() + Duration::from_secs(3600));
            tokio::select! {
                _ = queue.recv_many(&mut messages, 256) => {}
                () = sleep_until(wake_at), if self.wake_at.is_some() => {
                    self.wake_at = None;
                    messages.push(Message::Event(Event::Woken));
                }
                () = sleep_until(self.progressed_at + STALLED_AFTER) => self.bark(&dispatcher),
                () = stop.cancelled(), if !told => {
                    told = true;
                    messages.push(Message::Event(Event::Stop("stopped by a signal".to_owned())));
                }
            }
            for message in messages.drain(..) {
                self.take(message, &mut dispatcher, &mut effects);
            }
            self.show_phase(&dispatcher);
        }
    }

    fn take(&mut self, message: Message, dispatcher: &mut Dispatcher, effects: &mut Vec<Effect>) {
        let now = self.start.elapsed();
        match message {
            Message::Event(event) => dispatcher.step(now, event, effects),
            Message::Loaded(most, Ok(batches)) => {
                let last = batches.len() < most;
                dispatcher.step(now, Event::Loaded { batches, last }, effects);
            }
            Message::Loaded(_, Err(error)) => {
                let event = Event::JournalFailed {
                    why: error.to_string(),
                    intents: Vec::new(),
                };
                dispatcher.step(now, event, effects);
            }
            Message::Recorded(_, Ok(permits)) => {
                self.pending -= 1;
                for permit in permits {
                    let batch = permit.batch();
                    self.permits.insert(batch, permit);
                    dispatcher.step(now, Event::Recorded(batch), effects);
                }
            }
            Message::Recorded(entries, Err(error)) => {
                self.pending -= 1;
                tracing::error!(%error, "the journal could not record; nothing more is sent");
                let (intents, outcomes): (Vec<_>, Vec<_>) = entries
                    .into_iter()
                    .partition(|entry| matches!(entry.what, What::Intent));
                self.owed.extend(outcomes);
                let intents = intents.into_iter().map(|entry| entry.batch).collect();
                dispatcher.step(
                    now,
                    Event::JournalFailed {
                        why: error.to_string(),
                        intents,
                    },
                    effects,
                );
            }
        }
    }

    /// Carries effects out, in order. A request of the budget that is free at once is taken at
    /// once, which is one more event: hence the loop.
    fn perform(&mut self, dispatcher: &mut Dispatcher, effects: &mut Vec<Effect>) {
        let mut entries = Vec::new();
        let mut at = 0;
        let mut at_gate = None;
        let mut concluded = false;
        while at < effects.len() {
            let effect = std::mem::replace(&mut effects[at], Effect::Probe);
            at += 1;
            match effect {
                Effect::AskBudget => {
                    if let Some(gate) = &self.sender.gate {
                        at_gate = Some(Arc::clone(gate));
                    } else if self.sender.budget.try_acquire(self.sender.lane()) {
                        dispatcher.step(self.start.elapsed(), Event::Granted, effects);
                    } else {
                        self.ask_budget();
                    }
                }
                Effect::Load { after, up_to, most } => self.load(after, up_to, most),
                Effect::Intend {
                    number,
                    attempt,
                    customers,
                } => {
                    self.sizes.insert(number, customers as u64);
                    entries.push(Entry {
                        batch: number,
                        attempt,
                        at: clock::now(),
                        what: What::Intent,
                    });
                }
                Effect::Post { number, customers } => self.post(number, &customers),
                Effect::Recall(number) => {
                    if let Some(departing) = self.departing.remove(&number) {
                        departing.cancel();
                    }
                }
                Effect::Conclude {
                    number,
                    attempt,
                    conclusion,
                } => {
                    self.departing.remove(&number);
                    concluded = true;
                    let customers = self.sizes.remove(&number).unwrap_or(0);
                    self.permits.remove(&number);
                    self.progressed_at = Instant::now();
                    self.sender
                        .progress
                        .update(|snapshot| snapshot.conclude(customers, &conclusion));
                    if self.is_too_much(customers, &conclusion) {
                        // At once: nothing that waits for its turn is to leave any more.
                        let stop = Event::Stop("too much went wrong".to_owned());
                        dispatcher.step(self.start.elapsed(), stop, effects);
                    }
                    let what = What::Outcome(conclusion);
                    entries.push(Entry {
                        batch: number,
                        attempt,
                        at: clock::now(),
                        what,
                    });
                }
                Effect::Pause(wait) => {
                    tracing::warn!(
                        wait_ms = wait.as_millis() as u64,
                        "Desk asks for patience; all requests wait"
                    );
                    self.sender.budget.pause(wait);
                }
                Effect::Probe => self.probe(),
                Effect::WakeAt(at) => self.wake_at = Some(self.start + at),
                Effect::End(ending) => self.ending = Some(ending),
            }
        }
        effects.clear();
        self.record(entries);
        // After what has just been handed over: the gate reckons with it.
        if let Some(gate) = &self.sender.gate {
            gate.tell(dispatcher.next_is_in_wave(), concluded);
        }
        if let Some(gate) = at_gate {
            self.ask_gate(gate);
        }
    }

    /// Whether so much went wrong that the run is paused.
    fn is_too_much(&mut self, customers: u64, conclusion: &Conclusion) -> bool {
        let too_much = self.losses.take(&self.sender.abort, customers, conclusion);
        let Some(why) = too_much else {
            return false;
        };
        // Before the outcome that says so is durable: who comes after a kill counts from nothing,
        // and would let as much go wrong again.
        let (fence, note) = (self.sender.claim.fence, why.clone());
        self.sender
            .recorder
            .tell(move |journal| journal.pause(fence, &note, Timestamp::now()));
        self.sender.reins.hold(RunState::Paused, why);
        true
    }

    fn record(&mut self, entries: Vec<Entry>) {
        if entries.is_empty() {
            return;
        }
        self.pending += 1;
        let messages = self.messages.clone();
        let fence = self.sender.claim.fence;
        self.sender
            .recorder
            .record(fence, entries, move |entries, result| {
                let _ = messages.send(Message::Recorded(entries, result));
            });
    }

    fn load(&self, after: u32, up_to: u32, most: usize) {
        let (sender, messages) = (Arc::clone(&self.sender), self.messages.clone());
        tokio::spawn(async move {
            let run = sender.claim.fence.run;
            let loaded = sender
                .recorder
                .call(move |journal| journal.planned(run, after, up_to, most))
                .await;
            let _ = messages.send(Message::Loaded(most, loaded));
        });
    }

    /// Waits for the gate, and then for the budget; and looks at the gate again where that took long:
    /// a window may have closed meanwhile. Nothing is granted where it is told to stop.
    fn ask_gate(&self, gate: Arc<Gate<J>>) {
        let (sender, messages) = (Arc::clone(&self.sender), self.messages.clone());
        let closing = self.closing.clone();
        tokio::spawn(async move {
            let mut is_acquired = false;
            loop {
                let begun = Instant::now();
                match gate.pass(&closing).await {
                    Ok(true) => {}
                    Ok(false) => return,
                    Err(error) => {
                        let _ = messages.send(Message::Event(Event::Stop(error.to_string())));
                        return;
                    }
                }
                let begun = match is_acquired && begun.elapsed() < LONG_AGO {
                    true => break,
                    false => Instant::now(),
                };
                let acquired = sender.budget.acquire(sender.lane(), sender.key());
                if closing.run_until_cancelled(acquired).await.is_none() {
                    return;
                }
                is_acquired = true;
                if begun.elapsed() < LONG_AGO {
                    break;
                }
            }
            let _ = messages.send(Message::Event(Event::Granted));
        });
    }

    fn ask_budget(&self) {
        let (sender, messages) = (Arc::clone(&self.sender), self.messages.clone());
        let closing = self.closing.clone();
        tokio::spawn(async move {
            // Not beyond the run: who waits holds the journal open.
            let granted = sender.budget.acquire(sender.lane(), sender.key());
            if closing.run_until_cancelled(granted).await.is_some() {
                let _ = messages.send(Message::Event(Event::Granted));
            }
        });
    }

    fn post(&mut self, number: u32, customers: &[u64]) {
        let Some(permit) = self.permits.remove(&number) else {
            return;
        };
        let body = self.sender.templates.of(customers).body(customers);
        let (sender, messages) = (Arc::clone(&self.sender), self.messages.clone());
        let recall = CancellationToken::new();
        self.departing.insert(number, recall.clone());
        tokio::spawn(async move {
            if !departs(&sender.budget, &recall).await {
                let _ = messages.send(Message::Event(Event::Recalled(number)));
                return;
            }
            let fact = sender.desk.create(permit, body).await;
            if let Fact::NotSent(why) | Fact::Barred(why) = &fact
                && sender.progress.snapshot().phase != Phase::Waiting
            {
                tracing::warn!(why, "Desk could not be reached; it is waited for");
            }
            if let Fact::Lost(why) = &fact {
                tracing::warn!(
                    batch = number,
                    why,
                    "no answer to a create: its outcome is unknown"
                );
            }
            let _ = messages.send(Message::Event(Event::Answered(number, fact)));
        });
    }

    fn probe(&self) {
        let (sender, messages) = (Arc::clone(&self.sender), self.messages.clone());
        let closing = self.closing.clone();
        tokio::spawn(async move {
            let asked = async {
                sender.budget.turn(Lane::Read, sender.key()).await;
                sender.desk.serves(ANY_CHAT).await
            };
            if let Some(serves) = closing.run_until_cancelled(asked).await {
                tracing::info!(serves, "asked Desk whether it serves again");
                let _ = messages.send(Message::Event(Event::Probed(serves)));
            }
        });
    }

    /// Outcomes that a commit lost are known all the same: better late than unknown. Each goes by
    /// itself, because the failed commit may have succeeded after all for some.
    async fn settle_debts(&mut self) {
        for entry in std::mem::take(&mut self.owed) {
            let fence = self.sender.claim.fence;
            let batch = entry.batch;
            let recorded = self
                .sender
                .recorder
                .call(move |journal| journal.record(&[(fence, vec![entry])]).remove(0).map(drop))
                .await;
            if let Err(error) = recorded {
                tracing::warn!(batch, %error, "an outcome could not be recorded: it will be unknown");
            }
        }
    }
}
