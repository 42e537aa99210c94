//! Fires of a schedule: what becomes of each is decided, and made durable, in order.
//!
//! [`decide`] decides, from the time and the journal alone. The daemon asks it when something is due;
//! a one-shot that cron or systemd starts asks it once. Each step is durable before the next one
//! is taken, and the first that fails ends it: what was not decided then is decided again.

use jiff::Timestamp;

use super::launch::{Asked, Launched, NotLaunched, launch};
use super::planning::Campaign;
use super::prepare::Terms;
use crate::campaign::{
    CampaignName, Decision, MissedWhy, Overlap, Plan, Situation, Timetable, decide,
};
use crate::journal::runs::RunRecord;
use crate::journal::schedule::Unlaunched;
use crate::journal::{JournalError, Launch, RunKey, RunState, Store, StoreJournal, Tended};

/// What becomes of one fire, or of several that became no run.
#[derive(Clone, Debug)]
pub enum Step {
    /// It is to become a run.
    Launch(Box<Asked>),
    /// They become no run.
    Unlaunched {
        /// The fires.
        fires: Vec<Unlaunched>,
        /// Up to when the fires of the schedule are decided then.
        decided: Timestamp,
    },
}

/// What the steps came to.
#[derive(Debug, Default)]
pub struct Settled {
    /// Up to when the fires are decided now, where that has changed.
    pub decided: Option<Timestamp>,
    /// The runs that were launched.
    pub launched: Vec<RunKey>,
    /// The fires that became no run, with the reason.
    pub unlaunched: Vec<Unlaunched>,
}

/// What decides about the fires of a campaign.
#[derive(Clone, Copy, Debug)]
pub struct Question<'a> {
    /// Whose fires they are.
    pub campaign: &'a CampaignName,
    /// Its due times.
    pub timetable: &'a Timetable,
    /// Up to when they are decided.
    pub decided: Option<Timestamp>,
    /// Since when the clock is watched.
    pub watching_since: Timestamp,
    /// The time.
    pub now: Timestamp,
    /// Who goes on with a run that is stopped.
    pub tended: Tended,
}

impl Question<'_> {
    /// What becomes of the fires that have come, given the runs of the store that are not ended.
    pub fn answer(
        &self,
        store: &Store,
        open: &[RunRecord],
    ) -> Result<(Plan, Vec<Step>), JournalError> {
        let plan = decide(self.timetable, &self.situation(open));
        if self
            .decided
            .is_some_and(|decided| decided >= plan.watermark)
        {
            return Ok((plan, Vec::new()));
        }
        let paused = store.paused_campaign(self.campaign)?.map(|(_, by)| by);
        let mut steps: Vec<Step> = Vec::new();
        for decision in &plan.decisions {
            match (self.step(decision, paused.as_deref()), steps.last_mut()) {
                // A thousand missed runs are one commit.
                (
                    Step::Unlaunched { fires, decided },
                    Some(Step::Unlaunched {
                        fires: before,
                        decided: so_far,
                    }),
                ) => {
                    before.extend(fires);
                    *so_far = decided;
                }
                (step, _) => steps.push(step),
            }
        }
        // A launch moves the watermark itself: one commit less.
        let last = match steps.last() {
            Some(Step::Launch(asked)) => asked.due,
            Some(Step::Unlaunched { decided, .. }) => Some(*decided),
            None => None,
        };
        if last.is_none_or(|last| last < plan.watermark) {
            steps.push(Step::Unlaunched {
                fires: Vec::new(),
                decided: plan.watermark,
            });
        }
        Ok((plan, steps))
    }

    /// What the journal knows of the runs of the campaign. A queued run waits only while another
    /// one is unfinished; else it is the unfinished one itself.
    fn situation(&self, open: &[RunRecord]) -> Situation<'_> {
        let mut runs = open
            .iter()
            .filter(|run| run.key.campaign == *self.campaign && !run.test);
        let first = runs.next().map(|run| run.key.due);
        let (waiting, begun): (Vec<_>, Vec<_>) = runs.partition(|run| run.queued);
        let last = |runs: &[&RunRecord]| runs.last().map(|run| run.key.due);
        Situation {
            campaign: self.campaign,
            watermark: self.decided,
            now: self.now,
            watching_since: self.watching_since,
            unfinished: last(&begun).or(first),
            queued: last(&waiting),
        }
    }

    fn step(&self, decision: &Decision, paused: Option<&str>) -> Step {
        match (decision, paused) {
            (Decision::Launch { due, .. } | Decision::Queue { due }, Some(by)) => {
                let why = format!("the campaign was paused by {by}");
                unlaunched(*due, *due, RunState::Skipped, why)
            }
            (
                Decision::Missed {
                    first,
                    last,
                    count,
                    why: MissedWhy::CaughtUp(_),
                },
                Some(by),
            ) => {
                let why = format!("the campaign was paused by {by}");
                unlaunched(
                    *first,
                    *last,
                    RunState::Skipped,
                    of_many(why, *count, *last),
                )
            }
            (Decision::Launch { due, .. }, None) => self.launch(*due, false),
            (Decision::Queue { due }, None) => self.launch(*due, true),
            (Decision::Skipped { due, why }, _) => {
                unlaunched(*due, *due, RunState::Skipped, why.to_string())
            }
            (
                Decision::Missed {
                    first,
                    last,
                    count,
                    why,
                },
                _,
            ) => {
                let why = of_many(why.to_string(), *count, *last);
                unlaunched(*first, *last, RunState::Missed, why)
            }
        }
    }

    fn launch(&self, due: Timestamp, queued: bool) -> Step {
        Step::Launch(Box::new(Asked {
            expected: None,
            beside: self.timetable.schedule().overlap != Overlap::Skip,
            at: self.now,
            due: Some(due),
            launch: Launch {
                tended: self.tended,
                decided: Some(due),
                queued,
                ..Launch::default()
            },
            unasked: None,
        }))
    }
}

/// The reason of a record for so many due times.
fn of_many(why: String, count: u64, last: Timestamp) -> String {
    match count {
        1 => why,
        _ => format!("{why}; this line is for {count} due times, up to {last:.0}"),
    }
}

fn unlaunched(due: Timestamp, decided: Timestamp, state: RunState, why: String) -> Step {
    Step::Unlaunched {
        fires: vec![Unlaunched { due, state, why }],
        decided,
    }
}

/// Makes steps durable, one after another. `settled` has those that are, also when one fails.
pub fn settle(
    journal: &mut StoreJournal,
    campaign: &Campaign,
    terms: &Terms,
    steps: Vec<Step>,
    settled: &mut Settled,
) -> Result<(), JournalError> {
    for step in steps {
        let (fires, decided) = match step {
            Step::Unlaunched { fires, decided } => (fires, decided),
            Step::Launch(asked) => match to_run(journal, campaign, terms, &asked)? {
                Ok(key) => {
                    settled.decided = settled.decided.max(Some(key.due));
                    settled.launched.push(key);
                    continue;
                }
                Err(fires) => (fires, asked.due.unwrap_or(asked.at)),
            },
        };
        let name = &campaign.definition.name;
        let fires = journal.decide(name, fires, decided, Timestamp::now())?;
        for fire in &fires {
            tracing::warn!(campaign = %name, due = %fire.due, state = fire.state.as_str(), why = fire.why, "a run was due and not launched");
        }
        settled.decided = settled.decided.max(Some(decided));
        settled.unlaunched.extend(fires);
    }
    Ok(())
}

/// The run that a fire became, or what is recorded of it instead: nothing where somebody else
/// launched it.
fn to_run(
    journal: &mut StoreJournal,
    campaign: &Campaign,
    terms: &Terms,
    asked: &Asked,
) -> Result<Result<RunKey, Vec<Unlaunched>>, JournalError> {
    let (state, why) = match launch(journal, campaign, terms, asked) {
        Ok(Launched::New(key)) => return Ok(Ok(key)),
        Ok(Launched::There(_)) => return Ok(Err(Vec::new())),
        Ok(Launched::Unfinished(key)) => {
            (RunState::Skipped, format!("the run {key} was unfinished"))
        }
        Err(NotLaunched::Mistake(mistake)) => {
            (RunState::Failed, format!("could not be planned: {mistake}"))
        }
        Err(NotLaunched::Nobody(nobody)) => (RunState::Skipped, nobody.to_string()),
        Err(NotLaunched::Journal(error)) => return Err(error),
        // What a schedule launches is not asked about.
        Err(refused @ NotLaunched::Unconfirmed(_)) => (RunState::Failed, refused.to_string()),
    };
    let due = asked.due.unwrap_or(asked.at);
    Ok(Err(vec![Unlaunched { due, state, why }]))
}
