//! Asking Desk about many Sendbird user ids, and keeping what it says.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use jiff::Timestamp;
use tokio::task::{JoinSet, block_in_place};
use tokio::time::{Instant, sleep_until};
use tokio_util::sync::CancellationToken;

use super::question::{Answer, Open, ask};
use crate::desk::Desk;
use crate::journal::lookups::Looked;
use crate::journal::{JournalError, StoreJournal};
use crate::service::budget::Budget;

/// How many answers are kept at once, so that a kill loses no more.
const KEPT_AT_ONCE: usize = 50;
/// Answers are not held longer than this.
const KEPT_WITHIN: Duration = Duration::from_secs(2);
/// How often Desk is asked about one id that it fails to answer.
const TRIES: u32 = 6;
/// After so many ids that cannot be looked up it is not the ids: no more are asked about.
const MOST_FAILED: usize = 100;
/// The first wait after a failure; each one after it is twice as long.
const FIRST_WAIT: Duration = Duration::from_secs(1);
/// The longest wait after a failure.
const LONGEST_WAIT: Duration = Duration::from_secs(30);

/// Asks Desk about Sendbird user ids.
#[derive(Clone, Debug)]
pub struct LookUps {
    /// The client.
    pub desk: Desk,
    /// The budget of the application.
    pub budget: Budget,
    /// Requests in flight at once.
    pub concurrency: usize,
    /// How long Desk may fail to answer anything before it is given up.
    pub give_up_after: Duration,
    /// Told to stop.
    pub stop: CancellationToken,
    /// How many ids are looked up.
    pub done: Arc<AtomicU64>,
}

/// Why not every id was looked up. What was is kept.
#[derive(Debug, thiserror::Error)]
pub enum NotLookedUp {
    /// Told to stop.
    #[error("stopped: {left} ids are still to be looked up in Desk; what was looked up is kept")]
    Stopped {
        /// How many are left.
        left: usize,
    },
    /// Desk refuses the token, or is not at this address.
    #[error(
        "customers cannot be looked up: Desk turned the request away ({0}). Check the API token and desk.base_url"
    )]
    TurnedAway(String),
    /// Desk was away for long.
    #[error("customers cannot be looked up: Desk has not answered for {}: {why}", seconds(*after))]
    Away {
        /// For how long.
        after: Duration,
        /// What it said last.
        why: String,
    },
    /// Desk answers, but not about these.
    #[error("{}", complaint(.0))]
    Failed(Vec<(Box<str>, String)>),
    /// The store could not be written.
    #[error(transparent)]
    Journal(#[from] JournalError),
}

fn seconds(after: Duration) -> String {
    format!("{} s", after.as_secs())
}

fn complaint(failed: &[(Box<str>, String)]) -> String {
    const SHOWN: usize = 20;
    let ids = if failed.len() == 1 { "id" } else { "ids" };
    let mut text = format!(
        "{} {ids} could not be looked up in Desk, and nobody is left out for that; run it again, or remove them:",
        failed.len()
    );
    for (name, why) in failed.iter().take(SHOWN) {
        text.push_str(&format!("\n  \"{}\": {why}", name.escape_debug()));
    }
    if failed.len() > SHOWN {
        text.push_str(&format!("\n  and {} more", failed.len() - SHOWN));
    }
    text
}

impl LookUps {
    /// Asks Desk about each of these, and keeps what it says. Must be called on a tokio runtime of
    /// several threads.
    ///
    /// # Errors
    /// When not all of them could be looked up.
    pub async fn look_up(
        &self,
        names: Vec<Box<str>>,
        journal: &mut StoreJournal,
        base_url: &str,
    ) -> Result<(), NotLookedUp> {
        let mut work = Work {
            fresh: names.into_iter(),
            again: VecDeque::new(),
            answers: Vec::new(),
            kept_at: Instant::now(),
            served_at: Instant::now(),
            failed: Vec::new(),
        };
        let ended = self.ask_all(&mut work, journal, base_url).await;
        // Also what was answered before it failed.
        work.keep(journal, base_url)?;
        ended?;
        match work.failed.is_empty() {
            true => Ok(()),
            false => Err(NotLookedUp::Failed(work.failed)),
        }
    }

    async fn ask_all(
        &self,
        work: &mut Work,
        journal: &mut StoreJournal,
        base_url: &str,
    ) -> Result<(), NotLookedUp> {
        let mut requests: JoinSet<(Open, Answer)> = JoinSet::new();
        loop {
            while requests.len() < self.concurrency && !self.stop.is_cancelled() {
                let Some(open) = work.next(Instant::now()) else {
                    break;
                };
                requests.spawn(ask(self.desk.clone(), self.budget.clone(), open));
            }
            if self.stop.is_cancelled() {
                return self.stopped(requests, work).await;
            }
            let at_end = requests.is_empty() && work.again.is_empty();
            if at_end || work.failed.len() >= MOST_FAILED {
                return Ok(());
            }
            let wake_at = work.wake_at();
            tokio::select! {
                () = self.stop.cancelled() => {}
                Some(Ok((open, answer))) = requests.join_next() => self.take(work, open, answer)?,
                () = sleep_until(wake_at) => {}
            }
            if work.answers.len() >= KEPT_AT_ONCE || work.kept_at.elapsed() >= KEPT_WITHIN {
                work.keep(journal, base_url)?;
            }
        }
    }

    /// Takes what is answered by now; who waits for the budget is not asked any more.
    async fn stopped(
        &self,
        mut requests: JoinSet<(Open, Answer)>,
        work: &mut Work,
    ) -> Result<(), NotLookedUp> {
        let mut left = work.fresh.len() + work.again.len() + requests.len();
        requests.abort_all();
        while let Some(ended) = requests.join_next().await {
            if let Ok((open, Answer::Found(customer))) = ended {
                work.answers.push((open.name, customer));
                left -= 1;
            }
        }
        Err(NotLookedUp::Stopped { left })
    }

    fn take(&self, work: &mut Work, open: Open, answer: Answer) -> Result<(), NotLookedUp> {
        let why = match answer {
            Answer::Found(customer) => {
                work.served();
                work.answers.push((open.name, customer));
                self.done.fetch_add(1, Ordering::Relaxed);
                return Ok(());
            }
            Answer::Halted(why) => return Err(NotLookedUp::TurnedAway(why)),
            Answer::Refused(why) => {
                work.served();
                work.failed.push((open.name, why));
                return Ok(());
            }
            Answer::Throttled => {
                // The budget holds it back, and everything else with it.
                work.wait(open, Duration::ZERO);
                "429: too many requests".to_owned()
            }
            Answer::Failed(why) if open.failures + 1 >= TRIES => {
                work.failed.push((open.name, why.clone()));
                why
            }
            Answer::Failed(why) => {
                let failures = open.failures + 1;
                work.wait(Open { failures, ..open }, backoff(failures));
                why
            }
        };
        let after = work.served_at.elapsed();
        match after > self.give_up_after {
            true => Err(NotLookedUp::Away { after, why }),
            false => Ok(()),
        }
    }
}

fn backoff(failures: u32) -> Duration {
    let doubled = 2_u32.saturating_pow(failures.saturating_sub(1));
    FIRST_WAIT.saturating_mul(doubled).min(LONGEST_WAIT)
}

/// What is done and what is left.
struct Work {
    fresh: std::vec::IntoIter<Box<str>>,
    /// Those to be asked about again, and when.
    again: VecDeque<(Instant, Open)>,
    /// What is not kept yet.
    answers: Vec<Looked>,
    kept_at: Instant,
    served_at: Instant,
    failed: Vec<(Box<str>, String)>,
}

impl Work {
    fn next(&mut self, now: Instant) -> Option<Open> {
        let due = self.again.iter().position(|(at, _)| *at <= now);
        if let Some((_, open)) = due.and_then(|place| self.again.remove(place)) {
            return Some(open);
        }
        let name = self.fresh.next()?;
        Some(Open { name, failures: 0 })
    }

    fn wait(&mut self, open: Open, wait: Duration) {
        self.again.push_back((Instant::now() + wait, open));
    }

    fn served(&mut self) {
        self.served_at = Instant::now();
    }

    /// When there is something to do even if nothing is answered.
    fn wake_at(&self) -> Instant {
        let soon = Instant::now() + KEPT_WITHIN;
        let again = self.again.iter().map(|(at, _)| *at);
        // What is due now waits for a request to end, not for the clock.
        let again = again.filter(|at| *at > Instant::now()).min();
        again.map_or(soon, |at| at.min(soon))
    }

    fn keep(&mut self, journal: &mut StoreJournal, base_url: &str) -> Result<(), JournalError> {
        self.kept_at = Instant::now();
        if self.answers.is_empty() {
            return Ok(());
        }
        // A commit may wait for the disk, or for another process's.
        block_in_place(|| journal.keep_looked_up(base_url, &self.answers, Timestamp::now()))?;
        self.answers.clear();
        Ok(())
    }
}
