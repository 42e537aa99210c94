//! The daemon's planner: a thread with a journal of its own that makes plans, one after another.
//!
//! A plan may take seconds, and a thousand campaigns may be due at once; meanwhile the loop turns
//! and other runs are sent. What becomes of a fire or an order is durable before anybody is told.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, mpsc};
use std::thread::JoinHandle;

use jiff::Timestamp;
use tokio::sync::mpsc::UnboundedSender;

use super::Note;
use crate::campaign::CampaignName;
use crate::journal::orders::OrderId;
use crate::journal::schedule::Ahead;
use crate::journal::{JournalError, RunKey, Store, StoreJournal, StoreUrl, clock};
use crate::service::fires::{Settled, Step, settle};
use crate::service::launch::{Asked, Launched, launch};
use crate::service::planning::Campaign;
use crate::service::prepare::Terms;

/// Something to be made durable about a campaign.
#[derive(Debug)]
pub(super) enum Job {
    /// Fires of its schedule, in order; the first one that fails ends it.
    Fires {
        campaign: Arc<Campaign>,
        steps: Vec<Step>,
    },
    /// An operator's order to launch.
    Order {
        campaign: Arc<Campaign>,
        asked: Box<Asked>,
        order: OrderId,
    },
    /// To look at what is decided up to a time that has not come.
    Clock,
    /// An order to launch a campaign that cannot be.
    Refuse { order: OrderId, why: String },
}

/// What came of a job.
#[derive(Debug, Default)]
pub(super) struct Done {
    /// The campaign whose fires were decided.
    pub(super) decided_of: Option<CampaignName>,
    /// Whether it was looked at what lies ahead of the clock.
    pub(super) of_clock: bool,
    /// What was found then.
    pub(super) ahead: Option<Vec<Ahead>>,
    /// What was made durable.
    pub(super) settled: Settled,
    /// Why the store could not be used, if it could not.
    pub(super) failed: Option<JournalError>,
}

/// A handle to the planner. It ends when this is dropped, and the drop waits for it: whoever closes
/// the store last tidies it up, and only the recorder's journal can.
#[derive(Debug)]
pub(super) struct Planner {
    jobs: Option<mpsc::Sender<Job>>,
    thread: Option<JoinHandle<()>>,
    /// Tells the thread that what waits in its queue is not to be begun any more: it is decided
    /// again by the next daemon.
    closed: Arc<AtomicBool>,
}

impl Drop for Planner {
    fn drop(&mut self) {
        self.jobs = None;
        self.closed.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

impl Planner {
    pub(super) fn start(
        store: &StoreUrl,
        terms: Terms,
        notes: UnboundedSender<Note>,
    ) -> Result<Planner, JournalError> {
        let journal = store.open()?;
        let reading = store.read()?;
        let (jobs, queue) = mpsc::channel();
        let mut desk = Bench {
            journal,
            reading,
            terms,
        };
        let closed = Arc::new(AtomicBool::new(false));
        let is_closed = Arc::clone(&closed);
        let thread = std::thread::spawn(move || {
            for job in queue {
                if is_closed.load(Ordering::Relaxed) {
                    return;
                }
                if notes.send(Note::Planned(desk.perform(job))).is_err() {
                    return;
                }
            }
        });
        Ok(Planner {
            jobs: Some(jobs),
            thread: Some(thread),
            closed,
        })
    }

    /// Hands a job over; false when the thread has ended, which only a defect does to it.
    #[must_use]
    pub(super) fn give(&self, job: Job) -> bool {
        let jobs = self.jobs.as_ref();
        jobs.is_some_and(|jobs| jobs.send(job).is_ok())
    }
}

/// What the thread works with.
struct Bench {
    journal: StoreJournal,
    reading: Store,
    terms: Terms,
}

impl Bench {
    fn perform(&mut self, job: Job) -> Done {
        let mut done = Done::default();
        let performed = match job {
            Job::Fires { campaign, steps } => {
                done.decided_of = Some(campaign.definition.name.clone());
                let settled = &mut done.settled;
                settle(&mut self.journal, &campaign, &self.terms, steps, settled)
            }
            Job::Order {
                campaign,
                asked,
                order,
            } => self.order(&campaign, &asked, order, &mut done),
            Job::Clock => {
                done.of_clock = true;
                let found = self.journal.settle_ahead(clock::now());
                found.map(|found| done.ahead = Some(found))
            }
            Job::Refuse { order, why } => self.answer(order, None, &why),
        };
        done.failed = performed.err();
        done
    }

    fn order(
        &mut self,
        campaign: &Campaign,
        asked: &Asked,
        order: OrderId,
        done: &mut Done,
    ) -> Result<(), JournalError> {
        if !self.journal.take_order(order, asked.at)? {
            // Another daemon was faster.
            return Ok(());
        }
        match launch(&mut self.journal, campaign, &self.terms, asked) {
            Ok(Launched::New(key) | Launched::There(key)) => {
                self.answer(order, Some(&key), "launched")?;
                done.settled.launched.push(key);
                Ok(())
            }
            Ok(Launched::Unfinished(key)) => {
                let why = format!("the run {key} is unfinished; nothing was launched beside it");
                self.answer(order, None, &why)
            }
            Err(error) => self.answer(order, None, &error.to_string()),
        }
    }

    fn answer(
        &mut self,
        order: OrderId,
        run: Option<&RunKey>,
        words: &str,
    ) -> Result<(), JournalError> {
        let run = match run {
            Some(key) => self.reading.run(key)?.map(|run| run.id),
            None => None,
        };
        self.journal
            .answer_order(order, Timestamp::now(), run, words)
    }
}
