//! The runs that the daemon sends: which may begin, which are under way, which rest.

use std::collections::HashMap;
use std::time::Duration;

use jiff::Timestamp;
use tokio::sync::mpsc::UnboundedSender;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::Note;
use crate::delivery::dispatch::Ending;
use crate::delivery::tally::Owner;
use crate::journal::orders::Order;
use crate::journal::runs::RunRecord;
use crate::journal::{
    Journal as _, JournalError, Purpose, RunId, RunState, StoreJournal, Tended, clock,
};
use crate::service::orders::Reins;
use crate::service::progress::Progress;
use crate::service::voyage::{self, Line, Stranded, Voyage};

/// How long a run that stopped by a fault rests before it is tried again; doubles from there.
const FIRST_REST: Duration = Duration::from_secs(15);
/// A run that another process has is looked at again so soon: that one may die.
const BESIDE_ANOTHER: Duration = Duration::from_secs(1);
/// It rests no longer than this.
const LONGEST_REST: Duration = Duration::from_secs(900);

/// How a run left the daemon's hands.
#[derive(Debug)]
pub(super) enum Left {
    /// It came to this end, or to this stop.
    Ended(Ending),
    /// It could not be brought to the state it came to.
    Stranded(Stranded),
    /// It was not begun: another process has it, or it is held.
    Refused(JournalError),
}

/// A run that stopped by a fault.
#[derive(Clone, Copy, Debug)]
struct Rest {
    /// None once it was tried again.
    until: Option<Instant>,
    length: Duration,
}

/// The runs in the daemon's hands.
#[derive(Debug, Default)]
pub(super) struct Crew {
    under_way: HashMap<RunId, Reins>,
    resting: HashMap<RunId, Rest>,
}

impl Crew {
    /// How many runs are under way.
    pub(super) fn len(&self) -> usize {
        self.under_way.len()
    }

    pub(super) fn is_under_way(&self, run: RunId) -> bool {
        self.under_way.contains_key(&run)
    }

    /// Passes orders on to the runs they are about.
    pub(super) fn heed(&mut self, orders: &[Order]) {
        for order in orders {
            if let Some(reins) = order.run.and_then(|run| self.under_way.get(&run)) {
                reins.obey(order);
            }
        }
    }

    /// Lets every run that rests be tried again at once.
    pub(super) fn wake(&mut self) {
        self.resting.clear();
    }

    /// When a rest ends next.
    pub(super) fn next_wake(&self) -> Option<Instant> {
        self.resting.values().filter_map(|rest| rest.until).min()
    }

    /// Of the runs that are not ended, the earliest due first, those that may begin now.
    pub(super) fn ready(&mut self, open: &[RunRecord], base_url: &str) -> Vec<RunRecord> {
        for held in open.iter().filter(|run| run.state.is_held()) {
            self.resting.remove(&held.id);
        }
        let now = Instant::now();
        for rest in self.resting.values_mut() {
            rest.until = rest.until.filter(|until| now < *until);
        }
        let mut ready = Vec::new();
        for (place, run) in open.iter().enumerate() {
            if !is_ours(run, base_url) || self.is_under_way(run.id) || self.rests(run.id) {
                continue;
            }
            let behind =
                |earlier: &RunRecord| earlier.key.campaign == run.key.campaign && !earlier.test;
            if run.queued && open[..place].iter().any(behind) {
                continue;
            }
            ready.push(run.clone());
        }
        ready
    }

    fn rests(&self, run: RunId) -> bool {
        let now = Instant::now();
        let rest = self.resting.get(&run);
        rest.is_some_and(|rest| rest.until.is_some_and(|until| now < until))
    }

    /// Begins a run; the note that it has left comes through `notes`.
    pub(super) fn begin(
        &mut self,
        record: RunRecord,
        line: &Line<StoreJournal>,
        stop: &CancellationToken,
        notes: &UnboundedSender<Note>,
    ) {
        let reins = Reins::under(stop);
        self.under_way.insert(record.id, reins.clone());
        let (line, notes) = (line.clone(), notes.clone());
        tokio::spawn(async move {
            let run = record.id;
            let left = sail(&record, line, reins).await;
            let _ = notes.send(Note::Left(run, left));
        });
    }

    /// Takes in that a run has left, and is in this state now.
    pub(super) fn left(&mut self, run: RunId, left: &Left, state: Option<RunState>) {
        self.under_way.remove(&run);
        // It is for whoever holds a run to say when it goes on: then at once.
        let is_held = state.is_some_and(RunState::is_held);
        match left {
            _ if is_held => {
                self.resting.remove(&run);
            }
            Left::Ended(Ending::Finished | Ending::Failed(_)) => {
                self.resting.remove(&run);
            }
            Left::Refused(JournalError::Owned(_)) => {
                let until = Some(Instant::now() + BESIDE_ANOTHER);
                let length = self
                    .resting
                    .get(&run)
                    .map_or(FIRST_REST / 2, |it| it.length);
                self.resting.insert(run, Rest { until, length });
            }
            Left::Ended(Ending::Stopped(_)) | Left::Stranded(_) | Left::Refused(_) => {
                let length = self.resting.get(&run).map_or(FIRST_REST, |rest| {
                    rest.length.saturating_mul(2).min(LONGEST_REST)
                });
                let until = Some(Instant::now() + length);
                self.resting.insert(run, Rest { until, length });
            }
        }
    }
}

/// Whether another process sends this run: should it die, nothing but a look tells.
pub(super) fn is_with_another(run: &RunRecord) -> bool {
    run.owner == Owner::Alive && matches!(run.state, RunState::Sending | RunState::Reading)
}

/// Whether it is for the daemon to go on with this run: one that it launched or was given, or one
/// whose sender died.
fn is_ours(run: &RunRecord, base_url: &str) -> bool {
    let wanted = match run.state {
        RunState::Planned | RunState::Stopped => run.tended == Tended::ByDaemon,
        RunState::Sending | RunState::Reading => run.owner == Owner::Gone,
        _ => false,
    };
    wanted && run.base_url == base_url
}

async fn sail(record: &RunRecord, line: Line<StoreJournal>, reins: Reins) -> Left {
    let run = record.id;
    let claimed = line
        .recorder
        .call(move |journal| journal.claim(run, Purpose::Sending, clock::now()))
        .await;
    let claim = match claimed {
        Ok(claim) => claim,
        Err(error) => return Left::Refused(error),
    };
    voyage::say_recovered(&claim, record);
    if let Some(why) = voyage::clock_set_back(&claim, Timestamp::now()) {
        let note = why.clone();
        let released = line.recorder.call(move |journal| {
            journal.release(claim.fence, RunState::Stopped, &note, Timestamp::now())
        });
        return match released.await {
            Ok(()) => Left::Ended(Ending::Stopped(why)),
            Err(error) => Left::Stranded(Stranded::Journal(error)),
        };
    }
    tracing::info!(run = %record.key, "sending");
    let voyage = Voyage {
        line,
        record,
        follow: None,
        reins,
        progress: Progress::default(),
    };
    match voyage.sail(claim).await {
        Ok(ending) => Left::Ended(ending),
        Err(stranded) => Left::Stranded(stranded),
    }
}
