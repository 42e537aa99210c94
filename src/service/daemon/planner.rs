//! The daemon's planner: a thread with a journal of its own that makes plans, one after another.
//!
//! A plan may take seconds, and a thousand campaigns may be due at once; meanwhile the loop turns
//! and other runs are sent. What becomes of a fire or an order is durable before anybody is told.

use std::path::Path;
use std::sync::{Arc, mpsc};

use jiff::Timestamp;
use tokio::sync::mpsc::UnboundedSender;

use super::Note;
use crate::campaign::CampaignName;
use crate::journal::orders::OrderId;
use crate::journal::sqlite::SqliteJournal;
use crate::journal::sqlite::read::Store;
use crate::journal::sqlite::schedule::Unlaunched;
use crate::journal::{JournalError, RunKey, RunState};
use crate::service::launch::{Asked, Launched, NotLaunched, Terms, launch};
use crate::service::planning::Campaign;

/// What becomes of one fire, or of several that became no run.
#[derive(Debug)]
pub(super) enum Step {
    /// It is to become a run.
    Launch(Asked),
    /// They become no run. Up to when the fires are decided then.
    Unlaunched {
        fires: Vec<Unlaunched>,
        decided: Timestamp,
    },
}

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
        asked: Asked,
        order: OrderId,
    },
    /// An order to launch a campaign that cannot be.
    Refuse { order: OrderId, why: String },
}

/// What came of a job.
#[derive(Debug, Default)]
pub(super) struct Done {
    /// The campaign whose fires were decided.
    pub(super) decided_of: Option<CampaignName>,
    /// Up to when they are decided now, where that has changed.
    pub(super) decided: Option<Timestamp>,
    /// The runs that were launched.
    pub(super) launched: Vec<RunKey>,
    /// The fires that were missed.
    pub(super) missed: u64,
    /// Why the store could not be used, if it could not.
    pub(super) failed: Option<JournalError>,
}

/// A handle to the planner. It ends when this is dropped.
#[derive(Debug)]
pub(super) struct Planner {
    jobs: mpsc::Sender<Job>,
}

impl Planner {
    pub(super) fn start(
        store: &Path,
        terms: Terms,
        notes: UnboundedSender<Note>,
    ) -> Result<Planner, JournalError> {
        let journal = SqliteJournal::open(store)?;
        let reading = Store::open(store)?;
        let (jobs, queue) = mpsc::channel();
        let mut desk = Bench {
            journal,
            reading,
            terms,
        };
        std::thread::spawn(move || {
            for job in queue {
                if notes.send(Note::Planned(desk.perform(job))).is_err() {
                    return;
                }
            }
        });
        Ok(Planner { jobs })
    }

    pub(super) fn give(&self, job: Job) {
        // The thread ends only when the daemon does.
        let _ = self.jobs.send(job);
    }
}

/// What the thread works with.
struct Bench {
    journal: SqliteJournal,
    reading: Store,
    terms: Terms,
}

impl Bench {
    fn perform(&mut self, job: Job) -> Done {
        let mut done = Done::default();
        let performed = match job {
            Job::Fires { campaign, steps } => {
                done.decided_of = Some(campaign.definition.name.clone());
                steps
                    .into_iter()
                    .try_for_each(|step| self.step(&campaign, step, &mut done))
            }
            Job::Order {
                campaign,
                asked,
                order,
            } => self.order(&campaign, &asked, order, &mut done),
            Job::Refuse { order, why } => self.answer(order, None, &why),
        };
        done.failed = performed.err();
        done
    }

    fn step(
        &mut self,
        campaign: &Campaign,
        step: Step,
        done: &mut Done,
    ) -> Result<(), JournalError> {
        match step {
            Step::Unlaunched { fires, decided } => {
                self.unlaunched(&campaign.definition.name, &fires, decided, done)
            }
            Step::Launch(asked) => self.launch(campaign, &asked, done),
        }
    }

    fn launch(
        &mut self,
        campaign: &Campaign,
        asked: &Asked,
        done: &mut Done,
    ) -> Result<(), JournalError> {
        let name = &campaign.definition.name;
        let due = asked.due.unwrap_or(asked.at);
        let (state, why) = match launch(&mut self.journal, campaign, &self.terms, asked) {
            Ok(Launched::New(key)) => {
                done.decided = Some(due);
                done.launched.push(key);
                return Ok(());
            }
            // Somebody else launched it.
            Ok(Launched::There(_)) => return self.unlaunched(name, &[], due, done),
            Ok(Launched::Unfinished(key)) => {
                (RunState::Skipped, format!("the run {key} was unfinished"))
            }
            Err(NotLaunched::Mistake(mistake)) => {
                (RunState::Failed, format!("could not be planned: {mistake}"))
            }
            Err(NotLaunched::Journal(error)) => return Err(error),
        };
        self.unlaunched(name, &[Unlaunched { due, state, why }], due, done)
    }

    fn unlaunched(
        &mut self,
        campaign: &CampaignName,
        fires: &[Unlaunched],
        decided: Timestamp,
        done: &mut Done,
    ) -> Result<(), JournalError> {
        self.journal
            .decide(campaign, fires, decided, Timestamp::now())?;
        for fire in fires {
            tracing::warn!(%campaign, due = %fire.due, state = fire.state.as_str(), why = fire.why, "a run was due and not launched");
            done.missed += u64::from(fire.state == RunState::Missed);
        }
        done.decided = Some(decided);
        Ok(())
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
                done.launched.push(key);
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
