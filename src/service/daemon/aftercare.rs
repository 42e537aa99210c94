//! What goes on after a run was sent: its chats are followed, its unknown batches looked for.

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use jiff::Timestamp;
use tokio::sync::mpsc::UnboundedSender;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::Note;
use crate::delivery::reconcile::Scope;
use crate::journal::runs::RunRecord;
use crate::journal::{RunId, StoreJournal};
use crate::service::progress::Progress;
use crate::service::settling::{SentBy, settle};
use crate::service::tracker::{Tracking, Until};
use crate::service::voyage::Line;

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
    /// Runs whose chats are followed, each with what ends that.
    followed: HashMap<RunId, CancellationToken>,
    /// Runs whose chats could not be read, and when they are tried again.
    unreadable: HashMap<RunId, Instant>,
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
    /// Follows the chats of runs that are not sending, where they are not followed already.
    pub(super) fn follow(
        &mut self,
        run: &RunRecord,
        line: &Line<StoreJournal>,
        stop: &CancellationToken,
        notes: &UnboundedSender<Note>,
    ) {
        let rests = self.unreadable.get(&run.id);
        if self.followed.contains_key(&run.id) || rests.is_some_and(|at| Instant::now() < *at) {
            return;
        }
        let ended = run.ended_at.unwrap_or(run.created_at);
        let age = Timestamp::now().duration_since(ended).try_into();
        let left = FOLLOW_FOR.saturating_sub(age.unwrap_or_default());
        if left.is_zero() {
            return;
        }
        let given_up = stop.child_token();
        self.followed.insert(run.id, given_up.clone());
        let tracker = line.tracker(given_up.clone(), Progress::default());
        let (run, notes) = (run.id, notes.clone());
        tokio::spawn(async move {
            let until = Until::Settled(Some(Instant::now() + left));
            let tracking = tracker.track(&[run], until).await;
            if !given_up.is_cancelled() {
                let _ = notes.send(Note::Followed(run, tracking));
            }
        });
    }

    /// Follows the chats of a run that was sending until now: there are more of them than were
    /// followed before.
    pub(super) fn follow_anew(
        &mut self,
        run: &RunRecord,
        line: &Line<StoreJournal>,
        stop: &CancellationToken,
        notes: &UnboundedSender<Note>,
    ) {
        if let Some(given_up) = self.followed.remove(&run.id) {
            given_up.cancel();
        }
        self.follow(run, line, stop, notes);
    }

    /// Takes in that the chats of a run are not followed any more.
    pub(super) fn followed(&mut self, run: RunId, tracking: &Tracking) {
        self.followed.remove(&run);
        if let Tracking::Failed(why) = tracking {
            tracing::warn!(
                run = run.0,
                why,
                "chats could not be read; they will be again"
            );
            let again = Instant::now() + FOLLOW_AGAIN;
            self.unreadable.insert(run, again);
        }
    }

    /// Lets everything that could not be looked at be tried again at once.
    pub(super) fn wake(&mut self) {
        self.unreadable.clear();
        let now = Instant::now();
        for look in self.looks.values_mut() {
            look.at = now;
        }
    }

    /// Looks for the unknown batches of these runs, of each when its time has come.
    pub(super) fn look(
        &mut self,
        runs: Vec<RunRecord>,
        line: &Line<StoreJournal>,
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
                let scope = scope(&run, line.grace);
                let settled = settle(&line, &run, scope, SentBy::Daemon, &stop).await;
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

/// What is absent can be proved only when nothing can be applied any more.
fn scope(run: &RunRecord, grace: Duration) -> Scope {
    let since = Timestamp::now().duration_since(run.ended_at.unwrap_or(run.created_at));
    match Duration::try_from(since) {
        Ok(age) if age > grace => Scope::Full,
        _ => Scope::Near,
    }
}
