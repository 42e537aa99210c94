//! What goes on after a run was sent: its chats are followed, its unknown batches looked for.

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use jiff::Timestamp;
use tokio::sync::mpsc::UnboundedSender;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::Note;
use crate::delivery::reconcile::Scope;
use crate::journal::sqlite::SqliteJournal;
use crate::journal::sqlite::read::RunRecord;
use crate::journal::{Journal as _, JournalError, Purpose, RunId, RunState};
use crate::service::progress::Progress;
use crate::service::reconciler::Reconciled;
use crate::service::tracker::{Tracking, Until};
use crate::service::voyage::{Line, sent};

/// How long after its end the chats of a run are followed; later ones are read by hand.
pub(super) const FOLLOW_FOR: Duration = Duration::from_secs(30 * 24 * 3600);
/// When chats that could not be read are tried again.
const FOLLOW_AGAIN: Duration = Duration::from_secs(600);
/// When unknown batches are looked for again after they were not found; doubles from there.
const FIRST_LOOK: Duration = Duration::from_secs(30);
/// At the latest after this long.
const LAST_LOOK: Duration = Duration::from_secs(6 * 3600);

/// Runs that are sent and not yet settled.
#[derive(Debug, Default)]
pub(super) struct Aftercare {
    followed: HashSet<RunId>,
    looks: HashMap<RunId, Look>,
    /// Runs that are being looked after for unknown batches.
    looking: HashSet<RunId>,
}

#[derive(Clone, Copy, Debug)]
struct Look {
    at: Instant,
    distance: Duration,
}

impl Aftercare {
    /// Follows the chats of a run that is not sending, where they are not followed already.
    pub(super) fn follow(
        &mut self,
        run: &RunRecord,
        line: &Line<SqliteJournal>,
        stop: &CancellationToken,
        notes: &UnboundedSender<Note>,
    ) {
        let ended = run.ended_at.unwrap_or(run.created_at);
        let age = Timestamp::now().duration_since(ended).try_into();
        let left = FOLLOW_FOR.saturating_sub(age.unwrap_or_default());
        if left.is_zero() || !self.followed.insert(run.id) {
            return;
        }
        let tracker = line.tracker(stop.clone(), Progress::default());
        let (run, notes) = (run.id, notes.clone());
        tokio::spawn(async move {
            let until = Until::Settled(Some(Instant::now() + left));
            while let Tracking::Failed(why) = tracker.track(&[run], until).await {
                tracing::warn!(why, "chats could not be read; they will be again");
                tokio::time::sleep(FOLLOW_AGAIN).await;
            }
            let _ = notes.send(Note::Followed(run));
        });
    }

    /// Takes in that the chats of a run are not followed any more.
    pub(super) fn followed(&mut self, run: RunId) {
        self.followed.remove(&run);
    }

    /// Looks for the unknown batches of these runs, of each when its time has come.
    pub(super) fn look(
        &mut self,
        runs: Vec<RunRecord>,
        line: &Line<SqliteJournal>,
        stop: &CancellationToken,
        notes: &UnboundedSender<Note>,
    ) {
        let now = Instant::now();
        for run in runs {
            let look = self.looks.entry(run.id).or_insert(Look {
                at: now,
                distance: FIRST_LOOK,
            });
            if look.at > now || !self.looking.insert(run.id) {
                continue;
            }
            look.at = now + look.distance;
            look.distance = look.distance.saturating_mul(2).min(LAST_LOOK);
            let (line, stop, notes) = (line.clone(), stop.clone(), notes.clone());
            tokio::spawn(async move {
                let settled = settle(&run, &line, stop).await;
                let _ = notes.send(Note::Looked(run.id, settled));
            });
        }
    }

    /// Takes in that the unknown batches of a run were looked for.
    pub(super) fn looked(&mut self, run: RunId, done: bool) {
        self.looking.remove(&run);
        if done {
            self.looks.remove(&run);
        }
    }
}

/// Looks for the unknown batches of a run that nobody sends; none where somebody does.
async fn settle(
    run: &RunRecord,
    line: &Line<SqliteJournal>,
    stop: CancellationToken,
) -> Result<Option<Reconciled>, JournalError> {
    let id = run.id;
    let claimed = line
        .recorder
        .call(move |journal| journal.claim(id, Purpose::Settling, Timestamp::now()))
        .await;
    let claim = match claimed {
        Err(JournalError::Owned(_)) => return Ok(None),
        claimed => claimed?,
    };
    let reconciler = line.reconciler(stop);
    // What is absent can be proved only when nothing can be applied any more.
    let done = reconciler
        .reconcile(
            claim.fence,
            &sent(run),
            claim.unknown,
            scope(run, line.grace),
        )
        .await;
    let resend = done.as_ref().is_ok_and(|done| done.resent > 0);
    line.recorder
        .call(move |journal| {
            if !resend {
                journal.unclaim(claim.fence);
                return Ok(());
            }
            journal.adopt(claim.fence.run)?;
            let note = "batches that were unknown are proved absent, and planned again";
            journal.release(claim.fence, RunState::Stopped, note, Timestamp::now())
        })
        .await?;
    done.map(Some)
}

fn scope(run: &RunRecord, grace: Duration) -> Scope {
    let since = Timestamp::now().duration_since(run.ended_at.unwrap_or(run.created_at));
    match Duration::try_from(since) {
        Ok(age) if age > grace => Scope::Full,
        _ => Scope::Near,
    }
}
