//! The daemon: launches campaigns when they are due, sends, follows and reconciles, until told to
//! stop.
//!
//! One loop owns everything and only decides who does what next; it never waits for a plan, a
//! request or a commit. Whatever happens comes to it as a `Note`. It can be killed between any two
//! of its steps: what it knows is in the journal, and a restart finds it there.
//!
//! | file | what it looks after |
//! |---|---|
//! | `definitions` | the campaigns folder: what is in force |
//! | `folder` | its changes: noticed, and read again |
//! | `agenda` | schedules: which fires are due, and what becomes of them |
//! | `enquiries` | Sendbird user ids, which are looked up in Desk before they are planned |
//! | `heed` | orders that operators have given |
//! | `clock` | due times that are decided although they have not come |
//! | `planner` | a thread that turns fires and orders into runs |
//! | `crew` | runs that may begin, are under way, or rest after a fault |
//! | `aftercare` | chats of sent runs, and unknown batches |

mod aftercare;
mod agenda;
mod clock;
mod crew;
pub mod definitions;
mod enquiries;
mod folder;
mod heed;
mod place;
mod planner;

use std::path::PathBuf;
use std::time::Duration;

use jiff::Timestamp;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::time::{Instant, MissedTickBehavior, interval};
use tokio_util::sync::CancellationToken;

use self::aftercare::{Aftercare, FOLLOW_FOR};
use self::agenda::Agenda;
use self::clock::ClockWatch;
use self::crew::{Crew, Left, is_with_another};
use self::definitions::Definitions;
use self::enquiries::{Enquiries, Means};
use self::place::PlaceWatch;
use self::planner::{Done, Job, Planner};
use super::alarm::Alarm;
use super::observed::{Concern, Observed};
use super::orders::{LOOK_EVERY, OrderBook};
use super::prepare::Terms;
use super::reconciler::Reconciled;
use super::supervisor::Supervisor;
use super::tracker::Tracking;
use super::voyage::Line;
use crate::campaign::{CampaignName, Zone};
use crate::delivery::dispatch::Ending;
use crate::journal::runs::RunRecord;
use crate::journal::schedule::Unlaunched;
use crate::journal::{DaemonLock, JournalError, RunId, RunState, Store, StoreJournal, StoreUrl};

/// The alarm that wakes the loop: every second.
const EVERY_SECOND: &str = "* * * * * *";
/// And at the latest after this long, whatever the clock does.
const AT_THE_LATEST: Duration = Duration::from_secs(30);
/// How often runs, unknown batches and the folder are looked at although nothing was heard of them.
const ROUND_EVERY: Duration = Duration::from_secs(30);
/// How often chats are looked for that others made: it takes a look at every batch of a month.
const FIND_CHATS_EVERY: Duration = Duration::from_secs(300);
/// How often what it is doing is put into words.
const DESCRIBE_EVERY: Duration = Duration::from_secs(1);
/// A folder that changes is read when it has been quiet for this long.
const QUIET: Duration = Duration::from_millis(200);

/// What a daemon is given.
#[derive(Debug)]
pub struct Given {
    /// The store.
    pub store: StoreUrl,
    /// The folder of definitions.
    pub campaigns: PathBuf,
    /// The zone of schedules that name none.
    pub timezone: Option<Zone>,
    /// What holds for all campaigns.
    pub terms: Terms,
    /// What all runs share.
    pub line: Line<StoreJournal>,
    /// Where it tells of itself.
    pub observed: Observed,
    /// Who watches over it.
    pub supervisor: Supervisor,
    /// Told to stop.
    pub stop: CancellationToken,
}

/// What the loop is told.
#[derive(Debug)]
enum Note {
    /// A run has left.
    Left(RunId, Left),
    /// Who is behind a job is looked up: it can be planned.
    LookedUp(Job),
    /// The planner is through with something.
    Planned(Done),
    /// The chats of a run are not followed any more.
    Followed(RunId, Tracking),
    /// The unknown batches of a run were looked for.
    Looked(RunId, Result<Option<Reconciled>, JournalError>),
    /// Something changed in the campaigns folder.
    FolderChanged,
}

/// The daemon.
#[derive(Debug)]
pub struct Daemon {
    given: Given,
    store: Store,
    book: OrderBook,
    definitions: Definitions,
    agenda: Agenda,
    crew: Crew,
    aftercare: Aftercare,
    enquiries: Enquiries,
    planner: Planner,
    notes: UnboundedSender<Note>,
    heard: UnboundedReceiver<Note>,
    /// Whether runs may have become ready to begin.
    look_for_runs: bool,
    /// Whether another process sends a run, which is to be taken over should that one die.
    others_send: bool,
    /// Whether the store may be sent from.
    place: PlaceWatch,
    /// Whether due times are decided that have not come.
    clock: ClockWatch,
    /// What was last said of the store, where it failed.
    store_trouble: Option<String>,
    /// Whether it was writing that failed.
    cannot_write: bool,
    /// Campaigns whose schedules could not be taken in for a failure of the store.
    unloaded: Vec<CampaignName>,
    /// Nothing can be launched any more.
    planner_has_ended: bool,
    /// When the folder is read, if something was heard of it.
    reread_at: Option<Instant>,
    /// What was last said of it in a line.
    status: String,
    /// When that is looked at again.
    describe_at: Instant,
    /// When chats that others made are looked for.
    find_chats_at: Instant,
    /// Says that a daemon lives, for those who give it orders.
    lock: DaemonLock,
}

impl Daemon {
    /// Reads the campaigns; nothing is launched yet.
    ///
    /// # Errors
    /// When the store cannot be used.
    pub fn new(given: Given) -> Result<Daemon, JournalError> {
        let (notes, heard) = unbounded_channel();
        let planner = Planner::start(&given.store, given.terms.clone(), notes.clone())?;
        let mut daemon = Daemon {
            store: given.store.read()?,
            book: OrderBook::open(&given.store)?,
            definitions: Definitions::of(&given.campaigns),
            agenda: Agenda::new(given.timezone.clone()),
            crew: Crew::default(),
            aftercare: Aftercare::default(),
            enquiries: Enquiries::default(),
            planner,
            notes,
            heard,
            look_for_runs: true,
            others_send: false,
            place: PlaceWatch::default(),
            clock: ClockWatch::default(),
            store_trouble: None,
            cannot_write: false,
            planner_has_ended: false,
            unloaded: Vec::new(),
            reread_at: None,
            status: String::new(),
            describe_at: Instant::now(),
            find_chats_at: Instant::now(),
            lock: given.store.daemon_lock()?,
            given,
        };
        daemon.reread();
        daemon.agenda.watch();
        Ok(daemon)
    }

    /// Works until told to stop; then waits for the requests in flight.
    ///
    /// # Errors
    /// A sentence when the clock cannot wake it.
    pub async fn work(mut self, mut hangup: impl AsyncFnMut()) -> Result<(), String> {
        let alarm = Alarm::start(EVERY_SECOND, AT_THE_LATEST)
            .await
            .map_err(|error| format!("cannot wake up by the clock: {error}"))?;
        let stop = self.given.stop.clone();
        let mut orders = interval(LOOK_EVERY);
        orders.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut rounds = interval(ROUND_EVERY);
        rounds.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let _watch = self.watch();
        let supervisor = self.given.supervisor;
        let informed = tokio::spawn(supervisor.keep_informed(self.given.observed.clone()));
        self.turn();
        self.given.observed.settle(Concern::Starting);
        supervisor.ready(&self.status);
        tracing::info!(
            campaigns = self.definitions.in_force(),
            scheduled = self.agenda.len(),
            beside_another_daemon = self.lock.is_beside_another,
            "the daemon is at work"
        );
        while !self.planner_has_ended {
            self.turn();
            tokio::select! {
                biased;
                () = stop.cancelled() => break,
                Some(note) = self.heard.recv() => self.hear(note),
                _ = orders.tick() => self.heed(),
                () = alarm.rings() => self.look_for_runs |= self.others_send,
                _ = rounds.tick() => self.round(),
                () = hangup() => self.renew(),
            }
        }
        let stopping = "finishing the requests in flight";
        self.given.observed.concern(Concern::Stopping, stopping);
        supervisor.stopping(stopping);
        stop.cancel();
        alarm.stop().await;
        self.enquiries.end().await;
        while self.crew.len() > 0 {
            match self.heard.recv().await {
                Some(note) => self.hear(note),
                None => break,
            }
        }
        informed.abort();
        match self.planner_has_ended {
            // Whoever started the daemon starts it again.
            true => Err("plans cannot be made any more; this is a defect, please report it".into()),
            false => Ok(()),
        }
    }

    /// One turn of the loop: whatever is due by now is set going.
    fn turn(&mut self) {
        let now = Timestamp::now();
        self.given.observed.beat();
        if !self.place.look(&self.store, &self.given.observed) {
            return;
        }
        if self.reread_at.is_some_and(|at| Instant::now() >= at) {
            self.reread();
        }
        self.look_at_clock(now);
        let (jobs, failed) = self.agenda.due(&self.store, &self.definitions, now);
        jobs.into_iter().for_each(|job| self.give(job));
        if let Some(error) = failed {
            self.store_failed(&error);
        }
        let rested = self.crew.next_wake().is_some_and(|at| Instant::now() >= at);
        if self.look_for_runs || rested {
            self.begin_runs();
        }
        // A thousand campaigns are not looked through at every turn to say the same.
        if Instant::now() >= self.describe_at {
            self.describe_at = Instant::now() + DESCRIBE_EVERY;
            let status = self.describe();
            if status != self.status {
                self.given.supervisor.status(&status);
                self.status = status;
            }
        }
    }

    fn give(&mut self, job: Job) {
        let Given {
            line, terms, stop, ..
        } = &self.given;
        let means = Means { line, terms, stop };
        if let Some(job) = self.enquiries.before(job, &means, &self.notes) {
            self.plan(job);
        }
    }

    fn plan(&mut self, job: Job) {
        self.planner_has_ended |= !self.planner.give(job);
    }

    /// What it is doing, in a line.
    fn describe(&self) -> String {
        let runs = self.crew.len();
        let campaigns = self.definitions.in_force();
        let scheduled = self.agenda.len();
        let next = match self.agenda.next(Timestamp::now()) {
            Some((name, at)) => format!("; next: {name} at {at:.0}"),
            None => String::new(),
        };
        format!("runs under way: {runs}; campaigns: {campaigns}, scheduled: {scheduled}{next}")
    }

    fn begin_runs(&mut self) {
        self.look_for_runs = false;
        let open = match self.store.open_runs() {
            Ok(open) => open,
            Err(error) => return self.store_failed(&error),
        };
        self.others_send = open
            .iter()
            .any(|run| !self.crew.is_under_way(run.id) && is_with_another(run));
        for run in self.crew.ready(&open, &self.given.terms.base_url) {
            self.crew
                .begin(run, &self.given.line, &self.given.stop, &self.notes);
        }
    }

    fn hear(&mut self, note: Note) {
        match note {
            Note::Left(run, left) => self.left(run, &left),
            Note::LookedUp(job) => self.plan(job),
            Note::Planned(done) => self.planned(done),
            Note::Followed(run, tracking) => self.aftercare.followed(run, &tracking),
            Note::Looked(run, settled) => self.looked(run, settled),
            Note::FolderChanged => self.reread_at = Some(Instant::now() + QUIET),
        }
    }

    fn left(&mut self, run: RunId, left: &Left) {
        let found = self.store.run_numbered(run);
        let state = found
            .as_ref()
            .ok()
            .and_then(|run| Some(run.as_ref()?.state));
        self.crew.left(run, left, state);
        if !matches!(left, Left::Ended(Ending::Finished)) {
            self.place.look_now();
        }
        let record = match found {
            Ok(Some(record)) => record,
            Ok(None) => return,
            Err(error) => return self.store_failed(&error),
        };
        match left {
            Left::Ended(Ending::Finished) => tracing::info!(run = %record.key, "finished"),
            Left::Ended(Ending::Stopped(why)) => {
                let why = if record.state.is_held() {
                    &record.note
                } else {
                    why
                };
                tracing::warn!(run = %record.key, state = record.state.as_str(), why, "stopped");
            }
            Left::Ended(Ending::Failed(why)) => {
                tracing::error!(run = %record.key, why, "failed: nothing more of it is sent");
            }
            Left::Stranded(why) => tracing::error!(run = %record.key, %why, "stopped"),
            Left::Refused(JournalError::Owned(_) | JournalError::Held(_)) => {}
            Left::Refused(error) => tracing::error!(run = %record.key, %error, "cannot be sent"),
        }
        if !matches!(left, Left::Refused(_)) {
            self.aftercare
                .follow_anew(&record, &self.given.line, &self.given.stop, &self.notes);
        }
        // Another run may have waited for this one.
        self.look_for_runs = true;
    }

    fn planned(&mut self, done: Done) {
        self.cannot_write = done.failed.is_some();
        match &done.failed {
            Some(error) => self.store_failed(error),
            None => self.store_works(),
        }
        if let Some(campaign) = &done.decided_of {
            self.agenda
                .done(campaign, done.settled.decided, done.failed.is_some());
            let missed = |fire: &&Unlaunched| fire.state == RunState::Missed;
            let missed = done.settled.unlaunched.iter().filter(missed).count();
            (0..missed).for_each(|_| self.given.observed.missed(campaign));
        }
        if done.of_clock {
            self.looked_at_clock(done.ahead);
        }
        for key in done.settled.launched {
            let lag = Timestamp::now().duration_since(key.due);
            let lag = Duration::try_from(lag).unwrap_or_default();
            self.given.observed.launched(&key.campaign, lag);
            if self.definitions.get(&key.campaign).is_none() {
                self.given.observed.removed(&key.campaign);
            }
            tracing::info!(run = %key, lag_ms = lag.as_millis() as u64, "launched");
            self.look_for_runs = true;
        }
    }

    fn looked(&mut self, run: RunId, settled: Result<Option<Reconciled>, JournalError>) {
        let done = match settled {
            Ok(Some(done)) => {
                if done.found + done.resent > 0 {
                    tracing::info!(
                        run = run.0,
                        found = done.found,
                        planned_again = done.resent,
                        unknown = done.unknown,
                        "looked for unknown batches in Desk"
                    );
                }
                self.look_for_runs |= done.resent > 0;
                done.unknown == 0
            }
            Ok(None) => false,
            Err(error) => {
                tracing::warn!(run = run.0, %error, "unknown batches could not be looked for");
                false
            }
        };
        self.aftercare.looked(run, done);
    }

    /// What is looked at now and then although nothing was heard of it.
    fn round(&mut self) {
        self.look_for_runs = true;
        self.given.observed.forget_old();
        self.look_ahead();
        self.reread_at = Some(Instant::now());
        self.look_after();
    }

    fn look_ahead(&mut self) {
        let Given {
            line, terms, stop, ..
        } = &self.given;
        let means = Means { line, terms, stop };
        self.enquiries.look_ahead(&self.definitions, &means);
    }

    /// Looks after the runs that are sent: their unknown batches and their chats.
    fn look_after(&mut self) {
        if !self.place.is_right() {
            return;
        }
        let since = Timestamp::now()
            .saturating_sub(FOLLOW_FOR)
            .unwrap_or(Timestamp::MIN);
        let mut open = Vec::new();
        let mut found = self.store.runs_with_unknown();
        if Instant::now() >= self.find_chats_at {
            self.find_chats_at = Instant::now() + FIND_CHATS_EVERY;
            found = found.and_then(|unknown| {
                open = self.store.runs_to_follow(since)?;
                Ok(unknown)
            });
        }
        let unknown = match found {
            Ok(unknown) => unknown,
            Err(error) => return self.store_failed(&error),
        };
        if !self.cannot_write {
            self.store_works();
        }
        // A run whose sender died is gone on with first, and looks for its unknown batches itself.
        let is_idle = |run: &RunRecord| {
            !self.crew.is_under_way(run.id)
                && !matches!(run.state, RunState::Sending | RunState::Reading)
                && run.base_url == self.given.terms.base_url
        };
        let unknown = unknown.into_iter().filter(is_idle).collect();
        let open: Vec<RunRecord> = open.into_iter().filter(is_idle).collect();
        let Given { line, stop, .. } = &self.given;
        self.aftercare.look(unknown, line, stop, &self.notes);
        for run in &open {
            self.aftercare.follow(run, line, stop, &self.notes);
        }
    }

    /// Says once what is wrong with the store, however often it is found.
    fn store_failed(&mut self, error: &JournalError) {
        let why = error.to_string();
        if self.store_trouble.as_ref() != Some(&why) {
            tracing::error!(why, "the store could not be used");
            self.given.observed.concern(Concern::Store, why.clone());
            self.store_trouble = Some(why);
        }
    }

    /// The store could be used: written, where that was what failed.
    fn store_works(&mut self) {
        if self.store_trouble.take().is_some() {
            tracing::info!("the store can be used again");
            self.given.observed.settle(Concern::Store);
        }
    }

    /// SIGHUP: everything that an operator may have changed is read again, and what rested after
    /// a fault is tried at once.
    fn renew(&mut self) {
        tracing::info!("reading definitions again");
        self.given.supervisor.reloading();
        self.reread();
        self.given.supervisor.ready(&self.status);
        self.crew.wake();
        self.aftercare.wake();
        self.find_chats_at = Instant::now();
        self.look_for_runs = true;
        self.look_after();
    }
}
