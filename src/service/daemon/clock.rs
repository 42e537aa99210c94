//! A clock that was put right, or that is behind: what is decided up to a time that has not come is
//! said at once and then every hour, and set back when the clock is believed. See
//! [`crate::delivery::ahead`].

use std::time::{Duration, Instant};

use jiff::Timestamp;

use super::Daemon;
use super::planner::Job;
use crate::campaign::CampaignName;
use crate::delivery::ahead::{Look, Told};
use crate::journal::schedule::Ahead;
use crate::service::observed::Concern;

/// How often it is looked at.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// And how often while something lies ahead.
const LOOK_AGAIN: Duration = Duration::from_secs(5);
/// How often the same is said.
const SAY_EVERY: Duration = Duration::from_secs(3_600);

/// The last look.
#[derive(Debug)]
pub(super) struct ClockWatch {
    look_at: Instant,
    /// The campaigns that the planner is asked about; none where it is not asked.
    asked: Vec<CampaignName>,
    /// When it was last said that something lies ahead; none where nothing does.
    said_at: Option<Instant>,
}

impl Default for ClockWatch {
    fn default() -> ClockWatch {
        ClockWatch {
            look_at: Instant::now(),
            asked: Vec::new(),
            said_at: None,
        }
    }
}

impl Daemon {
    /// Has the planner look at the campaigns whose fires are decided up to a time that has not come.
    pub(super) fn look_at_clock(&mut self, now: Timestamp) {
        if !self.clock.asked.is_empty() || Instant::now() < self.clock.look_at {
            return;
        }
        self.clock.look_at = Instant::now() + LOOK_EVERY;
        self.clock.asked = self.agenda.ahead(now);
        if !self.clock.asked.is_empty() {
            self.plan(Job::Clock);
        } else if self.clock.said_at.take().is_some() {
            tracing::info!("what was decided by a clock that was ahead has come, or is set back");
            self.given.observed.set_ahead(Duration::ZERO);
            self.given.observed.settle(Concern::Clock);
        }
    }

    /// Takes in what the planner found; without anything where the store failed it.
    pub(super) fn looked_at_clock(&mut self, found: Option<Vec<Ahead>>) {
        self.clock.look_at = Instant::now() + LOOK_AGAIN;
        let asked = std::mem::take(&mut self.clock.asked);
        let Some(found) = found else { return };
        let now = Timestamp::now();
        let mut waiting: Vec<(Told, CampaignName)> = Vec::new();
        for name in asked {
            let of = found.iter().find(|one| one.campaign == name);
            match of.map(|one| (one.look, one.decided)) {
                Some((Look::Wait { since, until, .. }, decided)) => {
                    let (up_to, watched) = (decided.up_to, Some((since, until)));
                    waiting.push((Told { up_to, watched }, name));
                }
                Some((Look::Back(to), decided)) => {
                    tracing::warn!(
                        campaign = %name,
                        decided = %decided.up_to,
                        "the clock is believed: what is due after {to:.0} is due again, save what was launched or \
                         skipped"
                    );
                    self.agenda.set_back(&name, to, Some(decided.up_to));
                }
                // Only its new schedule was taken in by the clock that was ahead.
                Some((Look::Come, _)) | None => self.agenda.set_back(&name, now, None),
            }
        }
        self.say_ahead(waiting, now);
    }

    fn say_ahead(&mut self, mut waiting: Vec<(Told, CampaignName)>, now: Timestamp) {
        waiting.sort_by_key(|(told, _)| std::cmp::Reverse(told.up_to));
        let Some((told, first)) = waiting.first() else {
            self.clock.look_at = Instant::now();
            return;
        };
        let whose = match waiting.len() - 1 {
            0 => format!("the due times of {first} are"),
            1 => format!("the due times of {first} and of another campaign are"),
            others => format!("the due times of {first} and of {others} other campaigns are"),
        };
        let why = format!("{whose} {told}");
        if self
            .clock
            .said_at
            .is_none_or(|at| at.elapsed() >= SAY_EVERY)
        {
            tracing::error!(why, "the clock was set back");
            self.clock.said_at = Some(Instant::now());
        }
        let ahead = Duration::try_from(told.up_to.duration_since(now)).unwrap_or_default();
        self.given.observed.set_ahead(ahead);
        self.given.observed.concern(Concern::Clock, why);
    }
}
