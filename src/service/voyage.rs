//! One run under way: sends what is left, ends its unknowns, reads its chats, and gives it up in
//! the state it came to.
//!
//! The one-shot and the daemon both run exactly this.

use std::time::Duration;

use jiff::Timestamp;
use tokio::time::Instant;

use super::budget::Budget;
use super::dispatcher::Sender;
use super::gate::Gate;
use super::orders::Reins;
use super::progress::{Phase, Progress};
use super::reconciler::{Reconciled, Reconciler, Sent};
use super::recorder::Recorder;
use super::tracker::{Tracker, Tracking, Until};
use crate::delivery::dispatch::Ending;
use crate::delivery::reconcile::Scope;
use crate::delivery::request::Template;
use crate::delivery::variant::Varied;
use crate::desk::Desk;
use crate::journal::runs::RunRecord;
use crate::journal::{Claim, Fence, Journal, JournalError, RunState, Store, StoreUrl};

/// When unknowns are looked for after sending: a chat may be hidden for a moment after it was made.
const LOOK_AFTER: [Duration; 2] = [Duration::ZERO, Duration::from_secs(6)];
/// A step back that time servers make in the ordinary course is no reason to stop.
const CLOCK_MAY_STEP_BACK: Duration = Duration::from_secs(60);

/// What the runs of a process have in common. Cheap to clone: clones share it.
#[derive(Debug)]
pub struct Line<J> {
    /// The client.
    pub desk: Desk,
    /// The budget of the application.
    pub budget: Budget,
    /// The journal.
    pub recorder: Recorder<J>,
    /// Requests in flight at once.
    pub concurrency: usize,
    /// How long Desk may be out of reach before a run is stopped.
    pub give_up_after: Duration,
    /// The most chats read for one unknown batch.
    pub reads: u64,
    /// How long after it was given up an attempt may still be applied.
    pub grace: Duration,
    /// The shortest time between two readings of a chat.
    pub shortest: Duration,
    /// The store, for what only it can tell.
    pub store: StoreUrl,
}

impl<J> Clone for Line<J> {
    fn clone(&self) -> Self {
        Line {
            desk: self.desk.clone(),
            budget: self.budget.clone(),
            recorder: self.recorder.clone(),
            concurrency: self.concurrency,
            give_up_after: self.give_up_after,
            reads: self.reads,
            grace: self.grace,
            shortest: self.shortest,
            store: self.store.clone(),
        }
    }
}

impl<J: Journal + 'static> Line<J> {
    /// A reconciler of runs.
    pub fn reconciler(&self, stop: tokio_util::sync::CancellationToken) -> Reconciler<J> {
        Reconciler {
            desk: self.desk.clone(),
            budget: self.budget.clone(),
            recorder: self.recorder.clone(),
            concurrency: self.concurrency,
            reads: self.reads,
            grace: self.grace,
            stop,
        }
    }

    /// A reader of chats.
    pub fn tracker(
        &self,
        stop: tokio_util::sync::CancellationToken,
        progress: Progress,
    ) -> Tracker<J> {
        Tracker {
            desk: self.desk.clone(),
            budget: self.budget.clone(),
            recorder: self.recorder.clone(),
            concurrency: self.concurrency,
            shortest: self.shortest,
            stop,
            progress,
        }
    }
}

/// A run under way.
#[derive(Debug)]
pub struct Voyage<'a, J> {
    /// What it shares with others.
    pub line: Line<J>,
    /// The run.
    pub record: &'a RunRecord,
    /// How long its chats are followed before it is given up: once each, or until all are closed,
    /// for at most the time in it.
    pub follow: Option<Option<Duration>>,
    /// What stops it.
    pub reins: Reins,
    /// Where progress is shown.
    pub progress: Progress,
}

/// Why a run could not be brought to the state it came to.
#[derive(Debug)]
pub enum Stranded {
    /// The journal failed.
    Journal(JournalError),
    /// It stopped for this reason, and not even that could be recorded.
    Unrecorded(String),
}

impl std::fmt::Display for Stranded {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Stranded::Journal(error) => error.fmt(f),
            Stranded::Unrecorded(why) => f.write_str(why),
        }
    }
}

impl From<JournalError> for Stranded {
    fn from(error: JournalError) -> Stranded {
        Stranded::Journal(error)
    }
}

/// The sentence for a clock that is behind what the journal knows. The order of what happened is
/// kept without clocks; but the budget and the report would be wrong, and so may everything else on
/// this machine.
pub fn clock_set_back(claim: &Claim, now: Timestamp) -> Option<String> {
    let last = claim.last_intent_at?;
    let latest = now.saturating_add(CLOCK_MAY_STEP_BACK).unwrap_or(now);
    (last > latest).then(|| {
        format!(
            "the clock was set back: the last request of this run was recorded at {last}, and it is {now} now. \
             Set the clock right; then run again"
        )
    })
}

/// Says what a claim found of a dead owner's.
pub fn say_recovered(claim: &Claim, record: &RunRecord) {
    if claim.recovered > 0 {
        tracing::warn!(
            run = %record.key,
            batches = claim.recovered,
            "requests were in flight when the last process ended: their outcome is unknown"
        );
    }
}

/// Shows where a run stands before it goes on.
pub fn begin_progress(
    progress: &Progress,
    store: &Store,
    record: &RunRecord,
) -> Result<(), JournalError> {
    let tally = store.standing(record)?.tally;
    progress.update(|snapshot| {
        snapshot.batches = tally.batches.planned;
        snapshot.batches_done = tally.batches.planned - tally.batches.remaining;
        snapshot.customers = tally.customers.planned;
        snapshot.customers_done = tally.customers.planned - tally.customers.remaining;
        snapshot.unknown = tally.customers.unknown;
        snapshot.rejected = tally.customers.rejected;
    });
    Ok(())
}

impl<J: Journal + 'static> Voyage<'_, J> {
    /// Goes to the end, or to where it is stopped, and gives the run up there.
    pub async fn sail(&self, claim: Claim) -> Result<Ending, Stranded> {
        let sailed = self.to_its_end(claim).await;
        if sailed.is_err() {
            // Whoever comes next, this process itself perhaps, must find it without an owner.
            let fence = claim.fence;
            let dropped = self.line.recorder.call(move |journal| {
                journal.unclaim(fence);
                Ok(())
            });
            let _ = dropped.await;
        }
        sailed
    }

    async fn to_its_end(&self, claim: Claim) -> Result<Ending, Stranded> {
        let ending = self.send(claim).await?;
        if ending == Ending::Finished && !self.reins.stop.is_cancelled() {
            self.track().await;
        }
        // Last of all: a process that is killed while it reads must find the same run again when
        // it is started again, and not begin another one.
        self.release(claim.fence, &ending).await?;
        Ok(ending)
    }

    /// Sends; and again what was proved absent.
    async fn send(&self, mut claim: Claim) -> Result<Ending, JournalError> {
        loop {
            let ending = self.sender(claim)?.send().await;
            if ending != Ending::Finished {
                return Ok(ending);
            }
            let fence = claim.fence;
            self.line
                .recorder
                .call(move |journal| journal.all_sent(fence))
                .await?;
            match self.reconcile(&claim).await {
                Ok(reconciled) if reconciled.resent > 0 => claim.proven = true,
                Ok(_) => return Ok(ending),
                Err(error) => return Ok(Ending::Stopped(error.to_string())),
            }
        }
    }

    fn sender(&self, claim: Claim) -> Result<Sender<J>, JournalError> {
        let restraints = &self.record.restraints;
        let gate = Gate::of(
            &self.line,
            claim.fence,
            self.record,
            &self.reins,
            &self.progress,
        )?;
        let budget = &self.line.budget;
        Ok(Sender {
            desk: self.line.desk.clone(),
            budget: match restraints.pace.requests_per_second {
                Some(rate) => budget.limited(rate.per_second()),
                None => budget.clone(),
            },
            recorder: self.line.recorder.clone(),
            claim,
            templates: templates_of(self.record),
            priority: self.record.priority,
            concurrency: self.line.concurrency,
            give_up_after: self.line.give_up_after,
            abort: restraints.abort,
            gate,
            reins: self.reins.clone(),
            progress: self.progress.clone(),
        })
    }

    /// Looks for unknown batches, a few times at growing distances.
    async fn reconcile(&self, claim: &Claim) -> Result<Reconciled, JournalError> {
        let reconciler = self.line.reconciler(self.reins.stop.clone());
        let mut total = Reconciled::default();
        for wait in LOOK_AFTER {
            self.progress
                .update(|snapshot| snapshot.phase = Phase::Reconciling);
            tokio::select! {
                () = tokio::time::sleep(wait) => {}
                () = self.reins.stop.cancelled() => break,
            }
            let round = reconciler
                .reconcile(claim.fence, &sent(self.record), claim.unknown, Scope::Near)
                .await?;
            total.found += round.found;
            total.resent += round.resent;
            total.unknown = round.unknown;
            let looked = round.found + round.reads > 0;
            if looked {
                tracing::info!(
                    run = %self.record.key,
                    found = round.found,
                    unknown = round.unknown,
                    reads = round.reads,
                    "looked for unknown batches in Desk"
                );
            }
            if round.unknown == 0 || total.resent > 0 || !looked {
                break;
            }
        }
        Ok(total)
    }

    async fn release(&self, fence: Fence, ending: &Ending) -> Result<(), Stranded> {
        let (state, note) = self.end_state(ending);
        let shown = note.clone();
        let released = self
            .line
            .recorder
            .call(move |journal| journal.release(fence, state, &note, Timestamp::now()))
            .await;
        match released {
            Err(error) if *ending == Ending::Finished => Err(error.into()),
            // A journal that cannot record why it stopped is the reason itself.
            Err(_) => Err(Stranded::Unrecorded(shown)),
            Ok(()) => Ok(()),
        }
    }

    fn end_state(&self, ending: &Ending) -> (RunState, String) {
        match (ending, self.reins.word()) {
            (Ending::Finished, _) => (RunState::Finished, String::new()),
            (Ending::Stopped(_), Some(word)) => word,
            (Ending::Stopped(why), None) => (RunState::Stopped, why.clone()),
            (Ending::Failed(why), _) => (RunState::Failed, why.clone()),
        }
    }

    async fn track(&self) {
        let until = match self.follow {
            None => Until::Unread,
            Some(time) => Until::Settled(time.map(|time| Instant::now() + time)),
        };
        let tracker = self
            .line
            .tracker(self.reins.stop.clone(), self.progress.clone());
        match tracker.track(&[self.record.id], until).await {
            Tracking::Failed(why) => {
                tracing::warn!(run = %self.record.key, why, "the chats could not be read");
            }
            Tracking::Done { unread } | Tracking::Ended { unread, .. } if !unread.is_empty() => {
                tracing::warn!(
                    run = %self.record.key,
                    chats = unread.chats(),
                    answers = %unread,
                    "Desk did not show some chats; try deskcast track"
                );
            }
            Tracking::Done { .. } | Tracking::Ended { .. } => {}
        }
    }
}

/// What the requests of a run said.
pub fn sent(record: &RunRecord) -> Sent {
    Sent {
        messages: varied(record, str::to_owned),
        group: record.group.clone(),
        priority: record.priority.as_str().to_owned(),
    }
}

fn templates_of(record: &RunRecord) -> Varied<Template> {
    varied(record, |text| {
        Template::new(text, &record.group, record.agent_id, record.priority)
    })
}

fn varied<T>(record: &RunRecord, make: impl Fn(&str) -> T) -> Varied<T> {
    let campaign = &record.key.campaign;
    Varied::of_texts(campaign, &record.message, &record.variants, make)
}
