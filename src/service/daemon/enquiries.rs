//! Enquiries: Sendbird user ids are looked up in Desk before the planner is given a campaign.
//!
//! They take as long as the budget makes them, so each is a task of its own, and nobody else's plan
//! waits for it. Scheduled campaigns are looked up ahead, when they are read and every hour after
//! that; at the due time it is what has come since.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use tokio::sync::mpsc::UnboundedSender;
use tokio::task::{JoinSet, block_in_place};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::Note;
use super::definitions::Definitions;
use super::planner::Job;
use crate::campaign::CampaignName;
use crate::journal::schedule::Unlaunched;
use crate::journal::{JournalError, RunState, StoreJournal, StoreUrl};
use crate::service::fires::Step;
use crate::service::lookups::{LookUps, NotLookedUp, Unresolved, resolve};
use crate::service::planning::Campaign;
use crate::service::prepare::Terms;
use crate::service::voyage::Line;

/// How often scheduled campaigns are looked up ahead.
const AHEAD_EVERY: Duration = Duration::from_secs(3600);

/// The enquiries under way.
#[derive(Debug, Default)]
pub(super) struct Enquiries {
    tasks: JoinSet<()>,
    /// Those ahead of time: when the next one is, and what ends the last one.
    ahead: HashMap<CampaignName, (Instant, CancellationToken)>,
}

/// What an enquiry needs.
#[derive(Debug)]
pub(super) struct Means<'a> {
    pub(super) line: &'a Line<StoreJournal>,
    pub(super) terms: &'a Terms,
    pub(super) stop: &'a CancellationToken,
}

impl Enquiries {
    /// Looks up who is behind a job before it is handed back as a note; a job that needs nothing of
    /// the kind is returned at once.
    pub(super) fn before(
        &mut self,
        job: Job,
        means: &Means<'_>,
        notes: &UnboundedSender<Note>,
    ) -> Option<Job> {
        let Some(campaign) = campaign_of(&job) else {
            return Some(job);
        };
        // What it has found is in the store.
        if let Some((_, ahead)) = self.ahead.get(&campaign.definition.name) {
            ahead.cancel();
        }
        let enquiry = Enquiry::of(campaign, means, means.stop.clone());
        let notes = notes.clone();
        self.tasks.spawn(async move {
            let job = match enquiry.make().await {
                Ok(()) | Err(Failed::Unresolved) => job,
                // It is decided again by the next daemon.
                Err(Failed::NotLookedUp(NotLookedUp::Stopped { .. })) => return,
                Err(Failed::NotLookedUp(error)) => failed(job, &error.to_string()),
            };
            let _ = notes.send(Note::LookedUp(job));
        });
        None
    }

    /// Looks up the scheduled campaigns whose time for that has come.
    pub(super) fn look_ahead(&mut self, definitions: &Definitions, means: &Means<'_>) {
        while self.tasks.try_join_next().is_some() {}
        let now = Instant::now();
        for campaign in definitions.all() {
            let definition = &campaign.definition;
            let concerns = definition.customers.by_sendbird_id && definition.schedule.is_some();
            let next = self.ahead.get(&definition.name).map(|(next, _)| *next);
            if !concerns || next.is_some_and(|next| next > now) {
                continue;
            }
            let stop = means.stop.child_token();
            let ahead = (now + AHEAD_EVERY, stop.clone());
            if let Some((_, last)) = self.ahead.insert(definition.name.clone(), ahead) {
                last.cancel();
            }
            let enquiry = Enquiry::of(Arc::clone(&campaign), means, stop);
            self.tasks.spawn(async move {
                let name = &enquiry.campaign.definition.name;
                match enquiry.make().await {
                    Ok(()) | Err(Failed::NotLookedUp(NotLookedUp::Stopped { .. })) => {}
                    Err(Failed::NotLookedUp(error)) => {
                        tracing::warn!(campaign = %name, %error, "could not be looked up ahead");
                    }
                    // Said when it is due.
                    Err(Failed::Unresolved) => {}
                }
            });
        }
    }

    /// Has a campaign looked up ahead anew, as its definition is another one.
    pub(super) fn renew(&mut self, campaign: &CampaignName) {
        if let Some((_, ahead)) = self.ahead.remove(campaign) {
            ahead.cancel();
        }
    }

    /// Waits for those that were told to stop.
    pub(super) async fn end(&mut self) {
        while self.tasks.join_next().await.is_some() {}
    }
}

/// The campaign that is to be looked up before this job.
fn campaign_of(job: &Job) -> Option<Arc<Campaign>> {
    let campaign = match job {
        Job::Fires { campaign, steps } => {
            let launches = |step: &Step| matches!(step, Step::Launch(_));
            steps.iter().any(launches).then_some(campaign)?
        }
        Job::Order { campaign, .. } => campaign,
        Job::Clock | Job::Refuse { .. } => return None,
    };
    let by_name = campaign.definition.customers.by_sendbird_id;
    by_name.then(|| Arc::clone(campaign))
}

/// What becomes of a job that cannot be planned, as it is not known who is who.
fn failed(job: Job, why: &str) -> Job {
    match job {
        Job::Fires { campaign, steps } => Job::Fires {
            campaign,
            steps: steps
                .into_iter()
                .map(|step| failed_step(step, why))
                .collect(),
        },
        Job::Order { order, .. } => Job::Refuse {
            order,
            why: why.to_owned(),
        },
        other @ (Job::Clock | Job::Refuse { .. }) => other,
    }
}

fn failed_step(step: Step, why: &str) -> Step {
    match step {
        Step::Launch(asked) => {
            let due = asked.due.unwrap_or(asked.at);
            Step::Unlaunched {
                fires: vec![Unlaunched {
                    due,
                    state: RunState::Failed,
                    why: format!("could not be planned: {why}"),
                }],
                decided: due,
            }
        }
        other @ Step::Unlaunched { .. } => other,
    }
}

/// One campaign being looked up.
struct Enquiry {
    campaign: Arc<Campaign>,
    terms: Terms,
    look_ups: LookUps,
    store: StoreUrl,
}

/// Why not everybody was looked up.
enum Failed {
    /// A file cannot be read; whoever plans the campaign says so.
    Unresolved,
    NotLookedUp(NotLookedUp),
}

impl From<JournalError> for Failed {
    fn from(error: JournalError) -> Failed {
        Failed::NotLookedUp(error.into())
    }
}

impl From<NotLookedUp> for Failed {
    fn from(error: NotLookedUp) -> Failed {
        Failed::NotLookedUp(error)
    }
}

impl Enquiry {
    fn of(campaign: Arc<Campaign>, means: &Means<'_>, stop: CancellationToken) -> Enquiry {
        let line = means.line;
        Enquiry {
            campaign,
            terms: means.terms.clone(),
            look_ups: LookUps {
                desk: line.desk.clone(),
                budget: line.budget.clone(),
                concurrency: line.concurrency,
                give_up_after: line.give_up_after,
                stop,
                done: Arc::default(),
            },
            store: line.store.clone(),
        }
    }

    async fn make(&self) -> Result<(), Failed> {
        let (mut journal, missing) = block_in_place(|| self.missing())?;
        let count = missing.len() as u64;
        let base_url = &self.terms.base_url;
        if count > 0 {
            let name = &self.campaign.definition.name;
            tracing::info!(campaign = %name, ids = count, "looking up Sendbird user ids in Desk");
            self.look_ups
                .look_up(missing, &mut journal, base_url)
                .await?;
        }
        Ok(())
    }

    fn missing(&self) -> Result<(StoreJournal, Vec<Box<str>>), Failed> {
        let journal = self.store.open()?;
        let (suppress, url) = (&self.terms.suppress, &self.terms.base_url);
        let resolved = resolve(
            &self.campaign,
            suppress,
            Some(&journal),
            url,
            Timestamp::now(),
        );
        match resolved {
            Ok(resolved) => Ok((journal, resolved.missing)),
            Err(Unresolved::Mistake(_)) => Err(Failed::Unresolved),
            Err(Unresolved::Journal(error)) => Err(error.into()),
        }
    }
}
