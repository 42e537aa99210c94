//! When a campaign runs: the `[schedule]` of a definition, its due times, and what to do about them.
//!
//! Three steps, each a value. A [`Schedule`] is what the operator wrote. In a [`Zone`] it becomes a
//! [`Timetable`], which knows every due time there will ever be. [`decide`] holds the timetable
//! against a clock that the caller read and says what is to be launched, what was missed and when
//! to look again. Nothing here reads a clock, so a year of restarts and clock steps is a test that
//! takes a second.
//!
//! | file | what it knows |
//! |---|---|
//! | `read` | the keys of `[schedule]`, their defaults and their limits |
//! | `cron` | the cron dialect, and what to say about an expression that is not in it |
//! | `zone` | time zones by name, from the rules that are built in |
//! | `timetable` | due times in a zone: what a skipped and a repeated hour do |
//! | `planner` | due times against the clock: launch, miss, skip, queue |

mod cron;
mod planner;
mod read;
mod timetable;
mod zone;

use std::time::Duration;

use jiff::SignedDuration;
use jiff::civil::{Date, DateTime, date};

pub use self::cron::{Cron, CronMistake};
pub use self::planner::{Decision, MissedWhy, Plan, Situation, SkippedWhy, Watermark, decide};
pub(super) use self::read::{date_time, day, schedule, zone};
pub use self::timetable::{Fire, Fires, Note, Timetable};
pub use self::zone::{UnknownZone, Zone, use_newer_rules};

/// Nothing is due before: no campaign is as old, and every date after it is in the calendar that is
/// used everywhere.
const EARLIEST: DateTime = date(2000, 1, 1).at(0, 0, 0, 0);

/// What a definition says about when its campaign runs, read and found valid.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Schedule {
    /// The civil times at which it is due.
    pub rule: Rule,
    /// The zone that those times are in; none leaves it to the settings.
    pub timezone: Option<Zone>,
    /// The first day on which it may be due.
    pub not_before: Option<Date>,
    /// The last day on which it may be due.
    pub not_after: Option<Date>,
    /// How late a run may start; 15 minutes where the definition says nothing.
    pub starting_deadline: Duration,
    /// What becomes of due times that were missed.
    pub missed: MissedPolicy,
    /// What becomes of a due time while an earlier run is unfinished.
    pub overlap: Overlap,
    /// What a due time does that the clock skips.
    pub dst_gap: DstGap,
    /// What a due time does that the clock shows twice.
    pub dst_fold: DstFold,
    /// By how much a start may be delayed, so that campaigns do not all begin on the hour.
    pub jitter: Duration,
}

/// The civil times of a schedule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Rule {
    /// Every time that an expression matches.
    Cron(Cron),
    /// These, in ascending order, each once; never empty.
    At(Vec<DateTime>),
}

/// What becomes of due times that were missed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum MissedPolicy {
    /// They are recorded and not made up for: `"skip"`, the default.
    #[default]
    Skip,
    /// The latest of them is launched, once for all of them: `"run-once"`.
    RunOnce,
}

/// What becomes of a due time while an earlier run of the campaign is unfinished.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Overlap {
    /// It is skipped, and that is recorded: `"skip"`, the default.
    #[default]
    Skip,
    /// It waits for the run to end; one at most, the others are skipped: `"queue"`.
    Queue,
    /// It is launched beside the run: `"allow"`.
    Allow,
}

/// What a due time does that the clock skips, as 02:30 where 02:00 becomes 03:00.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum DstGap {
    /// It moves to the first moment after the gap: `"shift"`, the default.
    #[default]
    Shift,
    /// It falls away on that day: `"skip"`.
    Skip,
}

/// What a due time does that the clock shows twice, as 01:30 where 02:00 becomes 01:00.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum DstFold {
    /// It is due the first time: `"first"`, the default.
    #[default]
    First,
    /// It is due the second time: `"second"`.
    Second,
    /// It is due both times: `"both"`.
    Both,
}

impl Schedule {
    /// How late a run may start where a definition says nothing: 15 minutes.
    pub const STARTING_DEADLINE: Duration = Duration::from_secs(15 * 60);

    /// The due times, in the schedule's own zone or else in `default`.
    ///
    /// # Errors
    /// A sentence for the operator when neither names a zone.
    pub fn in_zone(&self, default: Option<&Zone>) -> Result<Timetable, NoZone> {
        let zone = self
            .timezone
            .as_ref()
            .or(default)
            .ok_or(NoZone("schedule"))?;
        Ok(Timetable::new(self.clone(), zone.clone()))
    }

    /// The first civil time, where one can be told without knowing when the campaign was written.
    pub(super) fn first_known(&self) -> Option<DateTime> {
        match (&self.rule, self.not_before) {
            (Rule::Cron(_), None) => None,
            (Rule::At(_), _) | (_, Some(_)) => self.civil_from(EARLIEST),
        }
    }

    /// The first civil time from `from` on, within the first and the last day.
    fn civil_from(&self, from: DateTime) -> Option<DateTime> {
        let begin = self.not_before.map_or(EARLIEST, |day| day.at(0, 0, 0, 0));
        let from = begin.max(from);
        let time = match &self.rule {
            Rule::Cron(cron) => cron.next(whole_second(from)?),
            Rule::At(times) => times.iter().copied().find(|time| *time >= from),
        };
        time.filter(|time| self.not_after.is_none_or(|last| time.date() <= last))
    }

    /// Every civil time, in order.
    fn civil_times(&self) -> impl Iterator<Item = DateTime> {
        std::iter::successors(self.civil_from(EARLIEST), |last| {
            self.civil_from(last.checked_add(SignedDuration::from_secs(1)).ok()?)
        })
    }
}

/// The next whole second, as cron knows nothing finer.
fn whole_second(time: DateTime) -> Option<DateTime> {
    if time.subsec_nanosecond() == 0 {
        return Some(time);
    }
    let next = time.checked_add(SignedDuration::from_secs(1)).ok()?;
    next.with().subsec_nanosecond(0).build().ok()
}

/// Neither the campaign nor the settings say in which time zone its schedule or window is meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "the {0} has no time zone: add a line such as timezone = \"America/New_York\" to [{0}], or set \
     schedule.timezone in deskcast.toml for all campaigns"
)]
pub struct NoZone(pub(in crate::campaign) &'static str);
