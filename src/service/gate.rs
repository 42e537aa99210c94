//! The gate of one run: gathers what [`crate::delivery::gate`] decides on, and waits.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use tokio::sync::Notify;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::budget::Lane;
use super::orders::Reins;
use super::progress::Progress;
use super::voyage::Line;
use crate::campaign::{OpenHours, Restraints};
use crate::delivery::batch::BatchState;
use crate::delivery::figures::Figures;
use crate::delivery::gate::{Decision, Facts, Held, Hours, Waiting, decide};
use crate::delivery::moment::Moment;
use crate::delivery::tracking::is_settled;
use crate::desk::ReadError;
use crate::journal::gate::{CountedChat, GateBook};
use crate::journal::runs::RunRecord;
use crate::journal::{Fence, Journal, JournalError, Reading, RunState, clock};

/// How far back messages matter: the longest window.
const DAY: Duration = Duration::from_secs(24 * 3600);
/// How long it is waited at most before it is looked again.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// And at least.
const SHORTEST_LOOK: Duration = Duration::from_millis(10);
/// The shortest time between two readings of a chat: while they are waited for, nothing else uses
/// the budget.
const SHORTEST_READING: Duration = Duration::from_secs(1);

/// The gate of a run.
#[derive(Debug)]
pub struct Gate<J> {
    book: Mutex<GateBook>,
    /// When messages may leave by the clock; none for always.
    hours: Option<OpenHours>,
    line: Line<J>,
    fence: Fence,
    record: RunRecord,
    reins: Reins,
    progress: Progress,
    /// What is noted with the run.
    noted: Mutex<String>,
    /// Whether the batch that goes next belongs to the first wave.
    next_in_wave: AtomicBool,
    /// Something came of a batch, or another one goes next.
    news: Notify,
}

/// The hours that were frozen with a run.
fn hours_of(record: &RunRecord) -> Result<Option<OpenHours>, JournalError> {
    if record.window.is_empty() {
        return Ok(None);
    }
    let hours = OpenHours::parse(&record.window).ok_or_else(|| {
        JournalError::Store(format!(
            "the send window of {} cannot be read by this version",
            record.key
        ))
    })?;
    Ok(Some(hours))
}

/// What the clock says of these hours. Who resumes a run after it was to be through has said that
/// it goes on all the same: `resumed` tells whether somebody did since then.
fn by_the_clock(
    hours: &OpenHours,
    now: Timestamp,
    resumed: impl FnOnce(Timestamp) -> Result<bool, JournalError>,
) -> Result<Hours, JournalError> {
    let over = hours.finish_by().filter(|end| *end <= now);
    let opens_at = match over {
        None => hours.opens_at(now),
        Some(finish_by) if !resumed(finish_by)? => {
            let cancel = hours.cancels();
            return Ok(Hours::Over { finish_by, cancel });
        }
        Some(_) => hours.without_end().opens_at(now),
    };
    Ok(match opens_at {
        Some(at) if at <= now => Hours::Open,
        Some(at) => Hours::From(at),
        // No day is left between now and its end: it will be over then.
        None => Hours::From(hours.finish_by().unwrap_or(now)),
    })
}

impl<J: Journal + 'static> Gate<J> {
    /// The gate of a claimed run; none where nothing can hold it back.
    pub fn of(
        line: &Line<J>,
        fence: Fence,
        record: &RunRecord,
        reins: &Reins,
        progress: &Progress,
    ) -> Result<Option<Arc<Gate<J>>>, JournalError> {
        let hours = hours_of(record)?;
        if !record.restraints.may_wait() && hours.is_none() {
            return Ok(None);
        }
        Ok(Some(Arc::new(Gate {
            book: Mutex::new(line.store.gate_book()?),
            hours,
            line: line.clone(),
            fence,
            record: record.clone(),
            reins: reins.clone(),
            progress: progress.clone(),
            noted: Mutex::default(),
            next_in_wave: AtomicBool::new(false),
            news: Notify::new(),
        })))
    }

    /// Is told whether the batch that goes next belongs to the first wave, and whether anything came
    /// of a batch that was handed to the recorder.
    pub fn tell(&self, next_in_wave: bool, concluded: bool) {
        let before = self.next_in_wave.swap(next_in_wave, Ordering::SeqCst);
        if concluded || before != next_in_wave {
            self.news.notify_one();
        }
    }

    /// The batches of the first wave while it was not looked at, and the numbers of those whose
    /// turn is still to come.
    pub fn wave(&self) -> Result<(BTreeSet<u32>, Vec<u32>), JournalError> {
        let Some(canary) = &self.restraints().canary else {
            return Ok((BTreeSet::new(), Vec::new()));
        };
        let wave = self
            .book()
            .unjudged_wave(self.fence.run, canary.customers, clock::now())?;
        let planned = |(number, state): &(u32, BatchState)| {
            (*state == BatchState::Planned).then_some(*number)
        };
        let planned = wave.iter().filter_map(planned).collect();
        Ok((
            wave.into_iter().map(|(number, _)| number).collect(),
            planned,
        ))
    }

    /// Waits until the next batch may leave; false when `closing` came before that.
    ///
    /// Whatever was handed to the recorder before is reckoned with.
    pub async fn pass(&self, closing: &CancellationToken) -> Result<bool, JournalError> {
        loop {
            if closing.is_cancelled() {
                return Ok(false);
            }
            // What leaves next must know of everything that left before.
            self.line.recorder.call(|_| Ok(())).await?;
            let moment = clock::now();
            let now = moment.wall;
            let (facts, chats) = self.facts(moment)?;
            match decide(self.restraints(), &facts, now) {
                Decision::Open => {
                    self.say(None)?;
                    return Ok(true);
                }
                Decision::Read(places) => {
                    let chats = places.into_iter().map(|place| chats[place]).collect();
                    self.read(chats, closing).await?;
                }
                Decision::Hold(held, why) => self.hold(held, why),
                Decision::Judge(since) => self.judge(since, closing).await?,
                Decision::Wait(waiting) => {
                    let until = waiting.until;
                    self.say(Some(waiting))?;
                    self.rest(until, now, closing).await;
                }
            }
        }
    }

    fn hold(&self, held: Held, why: String) {
        let state = match held {
            Held::Paused => RunState::Paused,
            Held::Cancelled => RunState::Cancelled,
        };
        self.reins.hold(state, why);
    }

    fn restraints(&self) -> &Restraints {
        &self.record.restraints
    }

    fn facts(&self, moment: Moment) -> Result<(Facts, Vec<CountedChat>), JournalError> {
        let now = moment.wall;
        let pace = self.restraints().pace;
        let mut facts = Facts {
            next: self.record.batch_size.into(),
            shortest: self.line.shortest.min(SHORTEST_READING),
            ..Facts::default()
        };
        let book = self.book();
        if let Some(hours) = &self.hours {
            facts.hours = by_the_clock(hours, now, |since| {
                book.resumed_since(self.fence.run, since)
            })?;
        }
        if self.restraints().approval {
            facts.approved = book.approved_at(self.fence.run)?.is_some();
        }
        if let Some(canary) = &self.restraints().canary {
            facts.in_wave = self.next_in_wave.load(Ordering::SeqCst);
            facts.wave = book.wave(self.fence.run, canary.customers, moment)?;
        }
        if pace.customers_per_hour.is_some() || pace.customers_per_day.is_some() {
            facts.messaged = book.messaged(&self.record.key.campaign, DAY, moment)?;
        }
        let Some(rule) = &pace.max_open else {
            return Ok((facts, Vec::new()));
        };
        let (chats, in_flight) = book.chats(self.fence.run, rule, now)?;
        facts.chats = chats.iter().map(|chat| chat.open).collect();
        facts.in_flight = in_flight;
        Ok((facts, chats))
    }

    /// Says what is waited for: to whoever watches, in the log, and with the run.
    fn say(&self, waiting: Option<Waiting>) -> Result<(), JournalError> {
        let (why, figures) = match waiting {
            Some(waiting) => (waiting.why, waiting.figures),
            None => (String::new(), String::new()),
        };
        let mut noted = self.noted.lock().unwrap_or_else(PoisonError::into_inner);
        if *noted != why {
            if !why.is_empty() {
                tracing::info!(run = %self.record.key, "{why}");
            }
            self.book().note(self.fence, &why)?;
            noted.clone_from(&why);
        }
        let shown = match figures.is_empty() {
            true => why,
            false => format!("{why}: {figures}"),
        };
        self.progress.waits_for(shown);
        Ok(())
    }

    async fn rest(&self, until: Option<Timestamp>, now: Timestamp, closing: &CancellationToken) {
        let wait = until.and_then(|until| Duration::try_from(until.duration_since(now)).ok());
        let wait = wait.unwrap_or(LOOK_EVERY).clamp(SHORTEST_LOOK, LOOK_EVERY);
        tokio::select! {
            () = tokio::time::sleep(wait) => {}
            () = self.news.notified() => {}
            () = closing.cancelled() => {}
        }
    }

    /// Looks at the first wave, once its chats are read, and pauses the run where that is no
    /// pleasant sight.
    async fn judge(
        &self,
        since: Timestamp,
        closing: &CancellationToken,
    ) -> Result<(), JournalError> {
        let Some(canary) = &self.restraints().canary else {
            return Ok(());
        };
        let unread = self.book().unread_since(self.fence.run, since)?;
        if !unread.is_empty() {
            self.say(Some(Waiting {
                why: "reads the chats of its canary".to_owned(),
                figures: String::new(),
                until: None,
            }))?;
            return self.read(unread, closing).await;
        }
        let book = self.book();
        let now = clock::now();
        let judgement = book
            .wave(self.fence.run, canary.customers, now)?
            .judge(canary);
        if !judgement.passed {
            // First: a commit whose answer is lost may be durable, and must not end as stopped.
            self.reins
                .hold(RunState::Paused, judgement.sentence.clone());
        }
        book.judge(self.fence, &judgement, now.wall)?;
        drop(book);
        if judgement.passed {
            tracing::info!(run = %self.record.key, "{}", judgement.sentence);
        }
        Ok(())
    }

    /// Reads these chats and keeps what they say.
    async fn read(
        &self,
        chats: Vec<CountedChat>,
        closing: &CancellationToken,
    ) -> Result<(), JournalError> {
        let mut waiting = chats.into_iter();
        let mut reads = JoinSet::new();
        let mut failed = false;
        loop {
            while reads.len() < self.line.concurrency
                && !closing.is_cancelled()
                && let Some(chat) = waiting.next()
            {
                self.spawn(&mut reads, chat);
            }
            // What is waited for may be the end of a pause of Desk: a stop does not wait for it.
            let Some(Some(read)) = closing.run_until_cancelled(reads.join_next()).await else {
                break;
            };
            let Ok((chat, read)) = read else { continue };
            failed |= !self.keep(&chat, read).await?;
        }
        if failed {
            self.rest(None, Timestamp::now(), closing).await;
        }
        Ok(())
    }

    fn spawn(&self, reads: &mut JoinSet<ReadChat>, chat: CountedChat) {
        let (desk, budget, key) = (
            self.line.desk.clone(),
            self.line.budget.clone(),
            self.fence.run.0.unsigned_abs(),
        );
        reads.spawn(async move {
            let read = async {
                // What it says is true of a time after this one.
                let at = Timestamp::now();
                let read = desk.chat(chat.chat).await?;
                Ok((at, read.figures()))
            };
            (chat, budget.spend(Lane::Read, key, read).await)
        });
    }

    /// Keeps a reading; false where there is none.
    async fn keep(
        &self,
        chat: &CountedChat,
        read: Result<(Timestamp, Figures), ReadError>,
    ) -> Result<bool, JournalError> {
        let (at, figures) = match read {
            Ok(read) => read,
            Err(ReadError::Halted(words)) => {
                self.reins.hold(
                    RunState::Stopped,
                    format!(
                        "Desk refused to show a chat ({words}). Check the API token and desk.base_url; then run again"
                    ),
                );
                return Ok(false);
            }
            Err(error) => {
                tracing::debug!(chat = chat.chat.0, %error, "a chat could not be read yet");
                return Ok(false);
            }
        };
        let reading = Reading {
            batch: chat.batch,
            at,
            figures,
            settled: is_settled(figures, chat.open.customers),
        };
        let run = chat.run;
        self.line
            .recorder
            .call(move |journal| journal.keep_readings(run, &[reading], 1))
            .await?;
        Ok(true)
    }

    fn book(&self) -> MutexGuard<'_, GateBook> {
        self.book.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A chat, when it was asked for, and what it said.
type ReadChat = (CountedChat, Result<(Timestamp, Figures), ReadError>);
