//! Schedules: which fires are due, and what becomes of each.
//!
//! [`Question`] is asked when something is due, and what it answers handed on. While decisions of a campaign are being made durable nothing new is
//! decided of it: what a failed commit lost is decided again.

use std::collections::{BTreeMap, HashSet};
use std::time::Duration;

use jiff::Timestamp;

use super::definitions::Definitions;
use super::planner::Job;
use crate::campaign::{CampaignName, Schedule, Timetable, Zone};
use crate::delivery::ahead::{Decided, is_ahead};
use crate::journal::orders::OrderId;
use crate::journal::{JournalError, Store, Tended};
use crate::service::fires::Question;
use crate::service::planning::Campaign;

/// When decisions that the store failed to keep are made again.
const AGAIN: Duration = Duration::from_secs(5);

/// The schedules in force.
#[derive(Debug)]
pub(super) struct Agenda {
    default_zone: Option<Zone>,
    watching_since: Timestamp,
    /// Whether the campaigns that were there at the start are loaded.
    is_watching: bool,
    /// Nothing is due before this: a thousand campaigns are not looked at several times a second.
    quiet_until: Timestamp,
    entries: BTreeMap<CampaignName, Entry>,
    /// Orders to launch that were given to the planner.
    orders: HashSet<OrderId>,
}

#[derive(Debug)]
struct Entry {
    timetable: Timetable,
    /// Up to when its fires are decided.
    decided: Option<Timestamp>,
    /// Up to when a clock had decided them that was ahead.
    ahead: Option<Timestamp>,
    /// Whether decisions are being made durable.
    busy: bool,
    /// When there is something to decide; none when nothing is ever due again.
    wake_at: Option<Timestamp>,
}

impl Entry {
    /// Up to when its fires are decided, by the clock as it is now.
    fn decided_at(&self, now: Timestamp) -> Option<Timestamp> {
        let decided = self.decided.map(|up_to| Decided {
            up_to,
            ahead: self.ahead,
            seen: None,
        });
        decided.map(|decided| decided.at(now))
    }
}

impl Agenda {
    pub(super) fn new(default_zone: Option<Zone>) -> Agenda {
        Agenda {
            default_zone,
            watching_since: Timestamp::now(),
            is_watching: false,
            quiet_until: Timestamp::MIN,
            entries: BTreeMap::new(),
            orders: HashSet::new(),
        }
    }

    /// What is loaded from now on was not there before.
    pub(super) fn watch(&mut self) {
        self.is_watching = true;
    }

    /// How many campaigns have a schedule.
    pub(super) fn len(&self) -> usize {
        self.entries.len()
    }

    /// The campaign that is due next after `now`, and when.
    pub(super) fn next(&self, now: Timestamp) -> Option<(&CampaignName, Timestamp)> {
        let times = self.entries.iter();
        times
            .filter_map(|(name, entry)| Some((name, entry.wake_at.filter(|at| *at > now)?)))
            .min_by_key(|(_, at)| *at)
    }

    /// When this campaign is due next; none where it never is.
    pub(super) fn next_of(&self, name: &CampaignName, now: Timestamp) -> Option<Timestamp> {
        let entry = self.entries.get(name)?;
        let next = entry.timetable.fires_after(now).next();
        next.map(|fire| fire.due)
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
        let (decided, ahead) = match self.entries.get(name) {
            Some(old) if old.timetable == timetable => return Ok(()),
            Some(old) => (old.decided.max(Some(now)), old.ahead),
            None => {
                let stored = store.decided(name)?;
                let decided = stored.map(|stored| match self.is_watching {
                    // It was away, or had no schedule, for a while: nothing was due then.
                    true => stored.up_to.max(now),
                    false => stored.up_to,
                });
                (decided, stored.and_then(|stored| stored.ahead))
            }
        };
        let entry = Entry {
            timetable,
            decided,
            ahead,
            busy: self.entries.get(name).is_some_and(|old| old.busy),
            wake_at: Some(now),
        };
        self.entries.insert(name.clone(), entry);
        self.quiet_until = Timestamp::MIN;
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

    /// Takes in that decisions of a campaign are durable, up to here; the rest of them is tried
    /// again in a while where the store has `failed`.
    pub(super) fn done(&mut self, name: &CampaignName, decided: Option<Timestamp>, failed: bool) {
        if let Some(entry) = self.entries.get_mut(name) {
            self.quiet_until = Timestamp::MIN;
            entry.busy = false;
            entry.decided = entry.decided.max(decided);
            // What was not decided is decided now; what was, has its own time.
            entry.wake_at = match failed {
                true => Timestamp::now().checked_add(AGAIN).ok(),
                false => Some(Timestamp::MIN),
            };
        }
    }

    /// The campaigns whose fires are decided up to a time that has not come.
    pub(super) fn ahead(&self, now: Timestamp) -> Vec<CampaignName> {
        let ahead = |entry: &Entry| entry.decided.is_some_and(|at| is_ahead(at, now));
        let found = self.entries.iter().filter(|(_, entry)| ahead(entry));
        found.map(|(name, _)| name.clone()).collect()
    }

    /// Takes in that the fires of a campaign are decided up to `to` alone, and what a clock had
    /// decided that was ahead.
    pub(super) fn set_back(
        &mut self,
        name: &CampaignName,
        to: Timestamp,
        ahead: Option<Timestamp>,
    ) {
        if let Some(entry) = self.entries.get_mut(name) {
            self.quiet_until = Timestamp::MIN;
            entry.decided = Some(to);
            entry.ahead = entry.ahead.max(ahead);
            entry.wake_at = Some(Timestamp::MIN);
        }
    }

    /// Whether this order was not given to the planner yet.
    pub(super) fn is_new_order(&mut self, order: OrderId) -> bool {
        self.orders.insert(order)
    }

    /// When there is something to decide next, as far as nothing changes until then.
    fn next_wake(&self) -> Timestamp {
        let idle = self.entries.values().filter(|entry| !entry.busy);
        let next = idle.filter_map(|entry| entry.wake_at).min();
        next.unwrap_or(Timestamp::MAX)
    }

    /// What is to be made durable of the fires that have come; and what failed, where the store
    /// could not be read for all of them.
    pub(super) fn due(
        &mut self,
        store: &Store,
        definitions: &Definitions,
        now: Timestamp,
    ) -> (Vec<Job>, Option<JournalError>) {
        let mut jobs = Vec::new();
        if now < self.quiet_until {
            return (jobs, None);
        }
        let mut due: Vec<(&CampaignName, &mut Entry)> = self
            .entries
            .iter_mut()
            .filter(|(_, entry)| !entry.busy && entry.wake_at.is_some_and(|at| at <= now))
            .collect();
        if due.is_empty() {
            self.quiet_until = self.next_wake();
            return (jobs, None);
        }
        let open = match store.open_runs() {
            Ok(open) => open,
            Err(error) => return (jobs, Some(error)),
        };
        for (name, entry) in &mut due {
            let Some(campaign) = definitions.get(name) else {
                continue;
            };
            let question = Question {
                campaign: name,
                timetable: &entry.timetable,
                decided: entry.decided_at(now),
                watching_since: self.watching_since,
                now,
                tended: Tended::ByDaemon,
            };
            match question.answer(store, &open) {
                Ok((plan, steps)) => {
                    entry.wake_at = plan.wake_at;
                    if !steps.is_empty() {
                        entry.busy = true;
                        jobs.push(Job::Fires { campaign, steps });
                    }
                }
                // Those before it are on their way all the same.
                Err(error) => return (jobs, Some(error)),
            }
        }
        (jobs, None)
    }
}
