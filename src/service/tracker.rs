//! Reads chats back, so that a report has counts: once after sending, or until all is closed.
//!
//! Readings spend from the same budget as sends and come after them. A chat is read often at
//! first and ever less often; one that is settled is never read again.

mod unanswered;

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap};
use std::time::Duration;

use jiff::Timestamp;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until};
use tokio_util::sync::CancellationToken;

pub use self::unanswered::Unanswered;
use super::budget::{Budget, Lane};
use super::progress::{Phase, Progress};
use super::recorder::Recorder;
use crate::delivery::figures::Figures;
use crate::delivery::tracking::{is_settled, next_reading};
use crate::desk::{Desk, ReadError};
use crate::journal::{Journal, JournalError, Reading, RunId, Tracked};

/// Readings of one commit, at most.
const READINGS_A_COMMIT: usize = 256;
/// How long readings wait for others to share a commit with, at most.
const COMMIT_EVERY: Duration = Duration::from_millis(500);
/// The first try again after a reading failed; it doubles from there.
const FIRST_RETRY: Duration = Duration::from_secs(1);
/// A chat that could not be read this many times in a row is left alone when each is read once.
const TRIES: u32 = 4;

/// How long to go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Until {
    /// Each chat that was never read before was read once.
    Unread,
    /// Each chat was read once.
    ReadOnce,
    /// Every chat is settled, or this time has come.
    Settled(Option<Instant>),
}

/// How tracking ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Tracking {
    /// Everything asked for was read, or could not be.
    Done {
        /// Chats that Desk did not show.
        unread: Unanswered,
    },
    /// Time was up, or told to stop, with so many chats still open.
    Ended {
        /// Chats not settled.
        open: usize,
        /// Those among them that Desk did not show when they were last asked for.
        unread: Unanswered,
    },
    /// The token or the base URL is wrong, or the journal failed.
    Failed(String),
}

/// Reads the chats of runs.
#[derive(Clone, Debug)]
pub struct Tracker<J> {
    /// The client.
    pub desk: Desk,
    /// The budget of the application.
    pub budget: Budget,
    /// The journal.
    pub recorder: Recorder<J>,
    /// Requests in flight at once.
    pub concurrency: usize,
    /// The shortest time between two readings of a chat.
    pub shortest: Duration,
    /// Told to stop.
    pub stop: CancellationToken,
    /// Where progress is shown.
    pub progress: Progress,
}

/// A chat and what is known of it.
#[derive(Clone, Copy, Debug)]
struct Chat {
    run: RunId,
    tracked: Tracked,
    failures: u32,
    /// Whether it was read since this tracker began.
    shown: bool,
    /// Whether its figures contradicted themselves then.
    contradicts: bool,
}

/// The index of a chat and what reading it gave.
type ReadChat = (usize, Result<Figures, ReadError>);

/// The readings that are under way or waiting.
struct Round {
    chats: Vec<Chat>,
    due: BinaryHeap<Reverse<(Instant, usize)>>,
    kept: HashMap<RunId, (Vec<Reading>, u64)>,
    kept_count: usize,
    unread: Unanswered,
    settled: usize,
}

impl<J: Journal + 'static> Tracker<J> {
    /// Reads the open chats of these runs.
    pub async fn track(&self, runs: &[RunId], until: Until) -> Tracking {
        match self.read(runs, until).await {
            Ok(tracking) => tracking,
            Err(error) => Tracking::Failed(error.to_string()),
        }
    }

    async fn read(&self, runs: &[RunId], until: Until) -> Result<Tracking, JournalError> {
        let mut round = self.begin(runs, until).await?;
        let deadline = match until {
            Until::Settled(deadline) => deadline,
            Until::Unread | Until::ReadOnce => None,
        };
        let mut flush_at = Instant::now() + COMMIT_EVERY;
        let mut reads: JoinSet<ReadChat> = JoinSet::new();
        let ended = loop {
            while reads.len() < self.concurrency
                && let Some(chat) = round.take_due()
            {
                self.spawn(&mut reads, chat, round.chats[chat]);
            }
            if reads.is_empty() && round.due.is_empty() {
                break Tracking::Done {
                    unread: round.unread.clone(),
                };
            }
            let next_due = round.next_due().filter(|_| reads.len() < self.concurrency);
            let far = Instant::now() + Duration::from_secs(3600);
            tokio::select! {
                Some(read) = reads.join_next(), if !reads.is_empty() => {
                    if let Ok((chat, answer)) = read
                        && let Some(failure) = self.take(&mut round, chat, answer, until)
                    {
                        break Tracking::Failed(failure);
                    }
                }
                () = sleep_until(next_due.unwrap_or(far)), if next_due.is_some() => {}
                () = sleep_until(flush_at), if round.kept_count > 0 => {
                    self.flush(&mut round).await?;
                }
                () = sleep_until(deadline.unwrap_or(far)), if deadline.is_some() => {
                    break round.ended();
                }
                () = self.stop.cancelled() => {
                    break round.ended();
                }
            }
            if round.kept_count == 0 {
                flush_at = Instant::now() + COMMIT_EVERY;
            } else if round.kept_count >= READINGS_A_COMMIT {
                self.flush(&mut round).await?;
            }
        };
        self.flush(&mut round).await?;
        Ok(ended)
    }

    async fn begin(&self, runs: &[RunId], until: Until) -> Result<Round, JournalError> {
        let mut chats = Vec::new();
        for run in runs.iter().copied() {
            let tracked = self
                .recorder
                .call(move |journal| journal.tracked(run))
                .await?;
            let wanted = |chat: &Tracked| until != Until::Unread || chat.read_at.is_none();
            chats.extend(tracked.into_iter().filter(wanted).map(|tracked| Chat {
                run,
                tracked,
                failures: 0,
                shown: false,
                contradicts: false,
            }));
        }
        let now = Instant::now();
        let due = (0..chats.len()).map(|chat| Reverse((now, chat))).collect();
        self.progress.update(|snapshot| {
            snapshot.phase = Phase::Reading;
            snapshot.chats = chats.len() as u64;
            snapshot.chats_read = 0;
            snapshot.contradicting = 0;
            for chat in &chats {
                snapshot.counts += chat.tracked.counts;
            }
        });
        Ok(Round {
            chats,
            due,
            kept: HashMap::new(),
            kept_count: 0,
            unread: Unanswered::default(),
            settled: 0,
        })
    }

    fn spawn(&self, reads: &mut JoinSet<ReadChat>, index: usize, chat: Chat) {
        let (desk, budget) = (self.desk.clone(), self.budget.clone());
        let key = chat.run.0.unsigned_abs();
        reads.spawn(async move {
            let read = budget
                .spend(Lane::Read, key, desk.chat(chat.tracked.chat))
                .await;
            (index, read.map(|read| read.figures()))
        });
    }

    /// Takes an answer in; returns why tracking cannot go on, where it cannot.
    fn take(
        &self,
        round: &mut Round,
        index: usize,
        answer: Result<Figures, ReadError>,
        until: Until,
    ) -> Option<String> {
        let now = Timestamp::now();
        let chat = &mut round.chats[index];
        let kept = round.kept.entry(chat.run).or_default();
        kept.1 += 1;
        match answer {
            Ok(figures) => {
                let settled = is_settled(figures, u64::from(chat.tracked.customers));
                kept.0.push(Reading {
                    batch: chat.tracked.batch,
                    at: now,
                    figures,
                    settled,
                });
                round.kept_count += 1;
                self.show(chat, figures);
                chat.shown = true;
                chat.contradicts = figures.contradict(chat.tracked.customers.into());
                let first = chat.tracked.read_at.is_none();
                chat.failures = 0;
                round.unread.remove(chat.tracked.chat.0);
                chat.tracked.counts = figures.counts;
                chat.tracked.read_at = Some(now);
                round.settled += usize::from(settled);
                if !settled && matches!(until, Until::Settled(_)) {
                    let wait = if first {
                        self.shortest
                    } else {
                        next_reading(age(chat, now), self.shortest)
                    };
                    round.again(index, wait);
                }
                None
            }
            Err(ReadError::Halted(words)) => Some(format!(
                "Desk refused to show a chat ({words}). Check the API token and desk.base_url; then run deskcast track"
            )),
            Err(ReadError::Throttled(asked)) => {
                round.again(index, asked.unwrap_or_default());
                None
            }
            Err(error) => {
                chat.failures += 1;
                let failures = chat.failures;
                let id = chat.tracked.chat.0;
                if failures >= TRIES && round.unread.add(id, &error) {
                    // Once for each answer: there may be as many chats as batches.
                    tracing::warn!(chat = id, %error, "Desk does not show a chat; others with the same answer are not logged");
                }
                if failures < TRIES || matches!(until, Until::Settled(_)) {
                    tracing::debug!(chat = id, %error, "a chat could not be read yet");
                    let wait = again_after(failures, &error, age(&round.chats[index], now));
                    round.again(index, wait.max(self.shortest));
                }
                None
            }
        }
    }

    fn show(&self, chat: &Chat, figures: Figures) {
        let (before, counts) = (chat.tracked, figures.counts);
        let contradicts = figures.contradict(before.customers.into());
        self.progress.update(|snapshot| {
            snapshot.chats_read += u64::from(!chat.shown);
            snapshot.contradicting += u64::from(contradicts);
            snapshot.contradicting -= u64::from(chat.contradicts).min(snapshot.contradicting);
            let total = &mut snapshot.counts;
            total.sent = total.sent - before.counts.sent.min(total.sent) + counts.sent;
            total.responded =
                total.responded - before.counts.responded.min(total.responded) + counts.responded;
            total.closed = total.closed - before.counts.closed.min(total.closed) + counts.closed;
        });
    }

    async fn flush(&self, round: &mut Round) -> Result<(), JournalError> {
        round.kept_count = 0;
        for (run, (readings, reads)) in round.kept.drain() {
            self.recorder
                .call(move |journal| journal.keep_readings(run, &readings, reads))
                .await?;
        }
        Ok(())
    }
}

fn age(chat: &Chat, now: Timestamp) -> Duration {
    let age = now.duration_since(chat.tracked.accepted_at).try_into();
    age.unwrap_or_default()
}

/// When a chat that was not shown is asked for again. What Desk answers for good is as rarely asked
/// for as a chat of that age is read.
fn again_after(failures: u32, error: &ReadError, age: Duration) -> Duration {
    let wait = FIRST_RETRY * 2_u32.pow((failures - 1).min(6));
    match error {
        ReadError::NotFound(_) | ReadError::Refused(_) if failures >= TRIES => {
            next_reading(age, wait)
        }
        _ => wait,
    }
}

impl Round {
    fn ended(&self) -> Tracking {
        Tracking::Ended {
            open: self.chats.len() - self.settled,
            unread: self.unread.clone(),
        }
    }

    fn again(&mut self, index: usize, wait: Duration) {
        self.due.push(Reverse((Instant::now() + wait, index)));
    }

    fn next_due(&self) -> Option<Instant> {
        self.due.peek().map(|Reverse((at, _))| *at)
    }

    fn take_due(&mut self) -> Option<usize> {
        let at = self.next_due()?;
        if at > Instant::now() {
            return None;
        }
        self.due.pop().map(|Reverse((_, index))| index)
    }
}
