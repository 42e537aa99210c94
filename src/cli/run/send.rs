//! Sends what is left of a run, ends its unknowns, reads its chats, and says how it stands.

use std::path::Path;
use std::time::Duration;

use jiff::Timestamp;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::super::connection::Connection;
use super::super::exit::Exit;
use super::super::failure::Failure;
use super::super::{Context, progress};
use super::RunArgs;
use super::target::Target;
use crate::delivery::dispatch::Ending;
use crate::delivery::reconcile::Scope;
use crate::delivery::request::Template;
use crate::journal::sqlite::SqliteJournal;
use crate::journal::sqlite::read::{RunRecord, Standing, Store};
use crate::journal::{Claim, Fence, Journal, JournalError, Purpose, RunState};
use crate::service::dispatcher::Sender;
use crate::service::progress::{Phase, Progress};
use crate::service::reconciler::{Reconciled, Reconciler, Sent};
use crate::service::recorder::Recorder;
use crate::service::stop;
use crate::service::tracker::{Tracker, Tracking, Until};
use crate::settings::Settings;

/// How long the chats of a campaign in the sandbox are followed.
const SANDBOX_FOLLOW: Duration = Duration::from_secs(12);
/// When unknowns are looked for after sending: a chat may be hidden for a moment after it was made.
const LOOK_AFTER: [Duration; 2] = [Duration::ZERO, Duration::from_secs(6)];

/// A step back that time servers make in the ordinary course is no reason to stop.
const CLOCK_MAY_STEP_BACK: Duration = Duration::from_secs(60);

/// A run under way.
struct Voyage<'a> {
    context: &'a Context,
    args: &'a RunArgs,
    target: &'a Target,
    record: &'a RunRecord,
    connection: Connection,
    recorder: Recorder<SqliteJournal>,
    stop: CancellationToken,
    progress: Progress,
}

/// Sends what is left, ends unknowns, reads the chats, and says how it stands.
pub(in crate::cli) async fn send_and_read(
    context: &Context,
    args: &RunArgs,
    mut journal: SqliteJournal,
    target: &Target,
    record: &RunRecord,
) -> Result<(RunRecord, Standing, Exit), Failure> {
    let stop = stop::on_signals()
        .map_err(|error| Failure::stopped(format!("cannot listen for signals: {error}")))?;
    let claim = journal
        .claim(record.id, Purpose::Sending, Timestamp::now())
        .map_err(|error| owned(error, record))?;
    if claim.recovered > 0 {
        tracing::warn!(
            batches = claim.recovered,
            "requests were in flight when the last process ended: their outcome is unknown"
        );
    }
    if let Some(why) = clock_set_back(&claim, Timestamp::now()) {
        journal.release(claim.fence, RunState::Stopped, &why, Timestamp::now())?;
        return Err(Failure::stopped(why));
    }
    let last_request = claim
        .last_intent_at
        .and_then(|at| Timestamp::now().duration_since(at).try_into().ok());
    let connection = Connection::new(
        &context.settings,
        &target.base_url,
        target.token.clone(),
        last_request,
    )?;
    let (recorder, thread) = Recorder::start(journal);
    let progress = Progress::default();
    begin_progress(&progress, &target.store, record)?;
    let shown = progress::show(
        progress.clone(),
        &context.bars,
        context.on_terminal,
        record.key.to_string(),
    );
    let voyage = Voyage {
        context,
        args,
        target,
        record,
        connection,
        recorder,
        stop,
        progress,
    };
    let ending = voyage.sail(claim).await;
    drop(shown);
    drop(voyage);
    let _ = thread.join();
    let ending = ending?;
    let store = Store::open(&target.store)?;
    let record = store
        .run(&record.key)?
        .ok_or_else(|| Failure::stopped("the run is not in the store any more"))?;
    let standing = store.standing(&record)?;
    let exit = exit(&ending, &standing);
    Ok((record, standing, exit))
}

/// The sentence for a clock that is behind what the journal knows. The order of what happened is
/// kept without clocks; but the budget and the report would be wrong, and so may everything else on
/// this machine.
fn clock_set_back(claim: &Claim, now: Timestamp) -> Option<String> {
    let last = claim.last_intent_at?;
    let latest = now.saturating_add(CLOCK_MAY_STEP_BACK).unwrap_or(now);
    (last > latest).then(|| {
        format!(
            "the clock was set back: the last request of this run was recorded at {last}, and it is {now} now. \
             Set the clock right; then run again"
        )
    })
}

impl Voyage<'_> {
    async fn sail(&self, claim: Claim) -> Result<Ending, Failure> {
        let ending = self.send(claim).await?;
        if ending == Ending::Finished && !self.stop.is_cancelled() {
            self.track().await;
        }
        // Last of all: a process that is killed while it reads must find the same run again when
        // it is started again, and not begin another one.
        self.release(claim.fence, &ending).await?;
        Ok(ending)
    }

    /// Sends; and again what was proved absent.
    async fn send(&self, mut claim: Claim) -> Result<Ending, Failure> {
        loop {
            let ending = self.sender(claim).send().await;
            if ending != Ending::Finished {
                return Ok(ending);
            }
            let fence = claim.fence;
            self.recorder
                .call(move |journal| journal.all_sent(fence))
                .await?;
            match self.reconcile(&claim).await {
                Ok(reconciled) if reconciled.resent > 0 => claim.proven = true,
                Ok(_) => return Ok(ending),
                Err(error) => return Ok(Ending::Stopped(error.to_string())),
            }
        }
    }

    fn sender(&self, claim: Claim) -> Sender<SqliteJournal> {
        Sender {
            desk: self.connection.desk.clone(),
            budget: self.connection.budget.clone(),
            recorder: self.recorder.clone(),
            claim,
            template: template_of(self.record),
            concurrency: self.connection.concurrency,
            give_up_after: self.context.settings.limits.give_up_after.get(),
            stop: self.stop.clone(),
            progress: self.progress.clone(),
        }
    }

    /// Looks for unknown batches, a few times at growing distances.
    async fn reconcile(&self, claim: &Claim) -> Result<Reconciled, JournalError> {
        let reconciler = reconciler(
            &self.context.settings,
            &self.connection,
            &self.recorder,
            self.stop.clone(),
        );
        let mut total = Reconciled::default();
        for wait in LOOK_AFTER {
            self.progress
                .update(|snapshot| snapshot.phase = Phase::Reconciling);
            tokio::select! {
                () = tokio::time::sleep(wait) => {}
                () = self.stop.cancelled() => break,
            }
            let round = reconciler
                .reconcile(claim.fence, &sent(self.record), claim.unknown, Scope::Near)
                .await?;
            total.found += round.found;
            total.resent += round.resent;
            total.unknown = round.unknown;
            if round.found + round.reads > 0 {
                tracing::info!(
                    found = round.found,
                    unknown = round.unknown,
                    reads = round.reads,
                    "looked for unknown batches in Desk"
                );
            }
            let looked = round.found + round.reads > 0;
            if round.unknown == 0 || total.resent > 0 || !looked {
                break;
            }
        }
        Ok(total)
    }

    async fn release(&self, fence: Fence, ending: &Ending) -> Result<(), Failure> {
        let (state, note) = match ending.clone() {
            Ending::Finished => (RunState::Finished, String::new()),
            Ending::Stopped(why) => (RunState::Stopped, why),
            Ending::Failed(why) => (RunState::Failed, why),
        };
        let shown = note.clone();
        let released = self
            .recorder
            .call(move |journal| journal.release(fence, state, &note, Timestamp::now()))
            .await;
        match released {
            Err(error) if *ending == Ending::Finished => Err(error.into()),
            // A journal that cannot record why it stopped is the reason itself.
            Err(_) => Err(Failure::stopped(shown)),
            Ok(()) => Ok(()),
        }
    }

    async fn track(&self) {
        let follow = match (&self.args.follow, self.target.sandbox.is_some()) {
            (Some(Some(duration)), _) => Some(Some(Duration::from(*duration))),
            (Some(None), _) => Some(None),
            (None, true) => Some(Some(SANDBOX_FOLLOW)),
            (None, false) => None,
        };
        let until = match follow {
            None => Until::Unread,
            Some(duration) => Until::Settled(duration.map(|duration| Instant::now() + duration)),
        };
        let tracker = Tracker {
            desk: self.connection.desk.clone(),
            budget: self.connection.budget.clone(),
            recorder: self.recorder.clone(),
            concurrency: self.connection.concurrency,
            shortest: Duration::from_secs(if self.target.sandbox.is_some() { 1 } else { 5 }),
            stop: self.stop.clone(),
            progress: self.progress.clone(),
        };
        match tracker.track(&[self.record.id], until).await {
            Tracking::Failed(why) => tracing::warn!(why, "the chats could not be read"),
            Tracking::Done { unread } if unread > 0 => {
                tracing::warn!(
                    chats = unread,
                    "some chats could not be read; try deskcast track"
                );
            }
            Tracking::Done { .. } | Tracking::Ended { .. } => {}
        }
    }
}

/// A reconciler by the settings.
pub(in crate::cli) fn reconciler(
    settings: &Settings,
    connection: &Connection,
    recorder: &Recorder<SqliteJournal>,
    stop: CancellationToken,
) -> Reconciler<SqliteJournal> {
    Reconciler {
        desk: connection.desk.clone(),
        budget: connection.budget.clone(),
        recorder: recorder.clone(),
        concurrency: connection.concurrency,
        reads: settings.reconcile.reads.get().into(),
        grace: settings.reconcile.grace.get(),
        stop,
    }
}

/// What the requests of a run said.
pub(in crate::cli) fn sent(record: &RunRecord) -> Sent {
    Sent {
        message: record.message.clone(),
        group: record.group.clone(),
        priority: record.priority.as_str().to_owned(),
    }
}

fn template_of(record: &RunRecord) -> Template {
    Template::new(
        &record.message,
        &record.group,
        record.agent_id,
        record.priority,
    )
}

fn owned(error: JournalError, record: &RunRecord) -> Failure {
    match error {
        JournalError::Owned(_) => Failure::stopped(format!(
            "the run {} is being sent by another process on this machine ({}); nothing was done",
            record.key, record.owner_name
        )),
        error => error.into(),
    }
}

fn begin_progress(progress: &Progress, store: &Path, record: &RunRecord) -> Result<(), Failure> {
    let tally = Store::open(store)?.standing(record)?.tally;
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

fn exit(ending: &Ending, standing: &Standing) -> Exit {
    match ending {
        Ending::Stopped(_) => Exit::Stopped,
        Ending::Failed(_)
            if standing.tally.customers.accepted + standing.tally.customers.unknown == 0 =>
        {
            Exit::Mistake
        }
        Ending::Failed(_) => Exit::Attention,
        Ending::Finished if standing.tally.all_accepted() => Exit::Done,
        Ending::Finished => Exit::Attention,
    }
}
