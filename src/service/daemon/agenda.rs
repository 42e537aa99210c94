//! Schedules: which fires are due, and what becomes of each.
//!
//! [`decide`] decides, from the time and the journal alone; this asks it when something is due and
//! hands the decisions on. While decisions of a campaign are being made durable nothing new is
//! decided of it: what a failed commit lost is decided again.

use std::collections::{BTreeMap, HashSet};

use jiff::Timestamp;

use super::definitions::Definitions;
use super::planner::{Job, Step};
use crate::campaign::{
    CampaignName, Decision, Overlap, Schedule, Situation, Timetable, Zone, decide,
};
use crate::journal::orders::OrderId;
use crate::journal::sqlite::read::{RunRecord, Store};
use crate::journal::sqlite::schedule::Unlaunched;
use crate::journal::{JournalError, Launch, RunState, Tended};
use crate::service::launch::Asked;
use crate::service::planning::Campaign;

/// The schedules in force.
#[derive(Debug)]
pub(super) struct Agenda {
    default_zone: Option<Zone>,
    watching_since: Timestamp,
    entries: BTreeMap<CampaignName, Entry>,
    /// Orders to launch that were given to the planner.
    orders: HashSet<OrderId>,
}

#[derive(Debug)]
struct Entry {
    timetable: Timetable,
    /// Up to when its fires are decided.
    decided: Option<Timestamp>,
    /// Whether decisions are being made durable.
    busy: bool,
    /// When there is something to decide; none when nothing is ever due again.
    wake_at: Option<Timestamp>,
}

impl Agenda {
    pub(super) fn new(default_zone: Option<Zone>) -> Agenda {
        Agenda {
            default_zone,
            watching_since: Timestamp::now(),
            entries: BTreeMap::new(),
            orders: HashSet::new(),
        }
    }

    /// Takes in a definition that is new or changed. A schedule that was changed says nothing
    /// about the time before it was.
    pub(super) fn load(&mut self, store: &Store, campaign: &Campaign) -> Result<(), JournalError> {
        let name = &campaign.definition.name;
        let Some(timetable) = self.timetable(campaign.definition.schedule.as_ref(), name) else {
            self.entries.remove(name);
            return Ok(());
        };
        let now = Timestamp::now();
        let decided = match self.entries.get(name) {
            Some(old) if old.timetable == timetable => return Ok(()),
            Some(old) => old.decided.max(Some(now)),
            None => store.decided(name)?,
        };
        let entry = Entry {
            timetable,
            decided,
            busy: self.entries.get(name).is_some_and(|old| old.busy),
            wake_at: Some(now),
        };
        self.entries.insert(name.clone(), entry);
        Ok(())
    }

    fn timetable(&self, schedule: Option<&Schedule>, name: &CampaignName) -> Option<Timetable> {
        schedule?
            .in_zone(self.default_zone.as_ref())
            .map_err(|error| tracing::error!(campaign = %name, %error, "it is never launched"))
            .ok()
    }

    pub(super) fn remove(&mut self, name: &CampaignName) {
        self.entries.remove(name);
    }

    /// Takes in that decisions of a campaign are durable, up to here.
    pub(super) fn done(&mut self, name: &CampaignName, decided: Option<Timestamp>) {
        if let Some(entry) = self.entries.get_mut(name) {
            entry.busy = false;
            entry.decided = entry.decided.max(decided);
            // What was not decided is decided now; what was, has its own time.
            entry.wake_at = Some(Timestamp::MIN);
        }
    }

    /// Whether this order was not given to the planner yet.
    pub(super) fn is_new_order(&mut self, order: OrderId) -> bool {
        self.orders.insert(order)
    }

    /// What is to be made durable of the fires that have come.
    pub(super) fn due(
        &mut self,
        store: &Store,
        definitions: &Definitions,
        now: Timestamp,
    ) -> Result<Vec<Job>, JournalError> {
        let is_due = |entry: &Entry| !entry.busy && entry.wake_at.is_some_and(|at| at <= now);
        if !self.entries.values().any(is_due) {
            return Ok(Vec::new());
        }
        let open = store.open_runs()?;
        let mut jobs = Vec::new();
        for (name, entry) in &mut self.entries {
            if !is_due(entry) {
                continue;
            }
            let Some(campaign) = definitions.get(name) else {
                continue;
            };
            let situation = situation(name, entry.decided, &open, self.watching_since, now);
            let plan = decide(&entry.timetable, &situation);
            entry.wake_at = plan.wake_at;
            if entry
                .decided
                .is_some_and(|decided| decided >= plan.watermark)
            {
                continue;
            }
            let paused = store.paused_campaign(name)?.map(|(_, by)| by);
            let mut steps = steps(&plan.decisions, &entry.timetable, paused.as_deref(), now);
            steps.push(Step::Unlaunched {
                fires: Vec::new(),
                decided: plan.watermark,
            });
            entry.busy = true;
            jobs.push(Job::Fires { campaign, steps });
        }
        Ok(jobs)
    }
}

/// What the journal knows of the runs of a campaign. A queued run waits only while another one is
/// unfinished; else it is the unfinished one itself.
fn situation<'a>(
    name: &'a CampaignName,
    watermark: Option<Timestamp>,
    open: &[RunRecord],
    watching_since: Timestamp,
    now: Timestamp,
) -> Situation<'a> {
    let mut runs = open
        .iter()
        .filter(|run| run.key.campaign == *name && !run.test);
    let first = runs.next().map(|run| run.key.due);
    let (waiting, begun): (Vec<_>, Vec<_>) = runs.partition(|run| run.queued);
    let last = |runs: &[&RunRecord]| runs.last().map(|run| run.key.due);
    Situation {
        campaign: name,
        watermark,
        now,
        watching_since,
        unfinished: last(&begun).or(first),
        queued: last(&waiting),
    }
}

/// The steps that make decisions durable, in order.
fn steps(
    decisions: &[Decision],
    timetable: &Timetable,
    paused: Option<&str>,
    now: Timestamp,
) -> Vec<Step> {
    let beside = timetable.schedule().overlap != Overlap::Skip;
    let launch = |due: Timestamp, queued: bool| match paused {
        Some(by) => skipped(due, format!("the campaign was paused by {by}")),
        None => Step::Launch(Asked {
            expected: None,
            beside,
            at: now,
            due: Some(due),
            launch: Launch {
                tended: Tended::ByDaemon,
                decided: Some(due),
                queued,
                ..Launch::default()
            },
        }),
    };
    let step = |decision: &Decision| match decision {
        Decision::Launch { due, .. } => launch(*due, false),
        Decision::Queue { due } => launch(*due, true),
        Decision::Skipped { due, why } => skipped(*due, why.to_string()),
        Decision::Missed {
            first,
            last,
            count: 1,
            why,
        } => unlaunched(*first, *last, RunState::Missed, why.to_string()),
        Decision::Missed {
            first,
            last,
            count,
            why,
        } => {
            let why = format!("{why}; stands for {count} due times, up to {last:.0}");
            unlaunched(*first, *last, RunState::Missed, why)
        }
    };
    decisions.iter().map(step).collect()
}

fn skipped(due: Timestamp, why: String) -> Step {
    unlaunched(due, due, RunState::Skipped, why)
}

fn unlaunched(due: Timestamp, decided: Timestamp, state: RunState, why: String) -> Step {
    Step::Unlaunched {
        fires: vec![Unlaunched { due, state, why }],
        decided,
    }
}
