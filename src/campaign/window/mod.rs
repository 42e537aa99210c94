//! When messages of a campaign may leave: the `[window]` of a definition.
//!
//! Outside it a run waits; nothing is lost by that. A [`SendWindow`] is what the operator wrote, in
//! civil times; in a [`Zone`] it becomes [`OpenHours`], which knows when it is open. A window that
//! runs over midnight belongs to the day on which it opens.

mod frozen;
mod hours;
mod read;

use jiff::civil::{Date, DateTime, Time, Weekday};

pub use self::hours::{Ending, OpenHours};
pub(super) use self::read::window;
use super::schedule::{NoZone, Zone};

/// What a definition says about when messages may leave, read and found valid.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SendWindow {
    /// When it opens; midnight where the definition says nothing.
    pub from: Time,
    /// When it closes; at or before `from` it is a time of the next day.
    pub to: Time,
    /// The days on which it opens.
    pub days: Days,
    /// Days on which it stays closed all the same, in order.
    pub except: Vec<Date>,
    /// The zone of all these; none leaves it to the schedule.
    pub timezone: Option<Zone>,
    /// When it closes for good.
    pub finish_by: Option<DateTime>,
    /// What becomes of what is not sent by then.
    pub unfinished: Unfinished,
}

/// Days of the week; at least one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Days([bool; 7]);

/// What becomes of what is not sent when a window closes for good.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Unfinished {
    /// The run stops, and waits for the operator's word: `"hold"`, the default.
    #[default]
    Hold,
    /// The run is cancelled: `"cancel"`.
    Cancel,
}

impl SendWindow {
    /// When it is open, in its own zone or else in `default`.
    ///
    /// # Errors
    /// A sentence for the operator when neither names a zone.
    pub fn in_zone(&self, default: Option<&Zone>) -> Result<OpenHours, NoZone> {
        let zone = self.timezone.as_ref().or(default).ok_or(NoZone("window"))?;
        Ok(OpenHours::new(self.clone(), zone.clone()))
    }

    /// The civil times between which it is open on the day it opens; none on a day it does not.
    fn on(&self, day: Date) -> Option<(DateTime, DateTime)> {
        if !self.days.contains(day.weekday()) || self.except.contains(&day) {
            return None;
        }
        let closes_on = match self.to <= self.from {
            true => day.tomorrow().ok()?,
            false => day,
        };
        Some((day.to_datetime(self.from), closes_on.to_datetime(self.to)))
    }
}

impl Days {
    /// Every day.
    pub const ALL: Self = Self([true; 7]);

    /// These days; none without any.
    pub fn new(days: impl IntoIterator<Item = Weekday>) -> Option<Self> {
        let mut set = [false; 7];
        for day in days {
            set[place(day)] = true;
        }
        set.contains(&true).then_some(Self(set))
    }

    /// Whether this day is one of them.
    pub fn contains(&self, day: Weekday) -> bool {
        self.0[place(day)]
    }

    /// The days, from Monday on.
    pub fn iter(&self) -> impl Iterator<Item = Weekday> {
        let week = Weekday::Monday.cycle_forward().take(7);
        week.filter(|day| self.contains(*day))
    }
}

fn place(day: Weekday) -> usize {
    usize::try_from(day.to_monday_zero_offset()).unwrap_or_default()
}
