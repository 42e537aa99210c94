//! Open hours: a window in its zone, as intervals of real time.
//!
//! Each opening is an interval from a moment on to another, which itself is outside. A time to open
//! or to close that the clock skips is the first moment after the gap; one that it shows twice is the
//! first of the two.

use std::time::Duration;

use jiff::civil::{Date, DateTime};
use jiff::tz::AmbiguousOffset;
use jiff::{SignedDuration, Timestamp};

use super::SendWindow;
use crate::campaign::schedule::Zone;

/// Most openings that are looked at to find the end of a run: over 27 years of days.
const OPENINGS: usize = 10_000;

/// A window in its zone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OpenHours {
    window: SendWindow,
    zone: Zone,
}

/// When a run that keeps to a window has sent everything.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// It has sent everything by then.
    At(Timestamp),
    /// The window closes for good with so much time of sending left.
    Unfinished(Duration),
    /// Not within 10,000 openings of the window.
    TooFar,
}

impl OpenHours {
    pub(super) fn new(window: SendWindow, zone: Zone) -> Self {
        Self { window, zone }
    }

    /// What the operator wrote.
    pub fn window(&self) -> &SendWindow {
        &self.window
    }

    /// The zone that it is meant in.
    pub fn zone(&self) -> &Zone {
        &self.zone
    }

    /// Whether messages may leave.
    pub fn is_open(&self, now: Timestamp) -> bool {
        self.opens_at(now) == Some(now)
    }

    /// When messages may leave next: `now` where they may; none when it has closed for good.
    pub fn opens_at(&self, now: Timestamp) -> Option<Timestamp> {
        self.openings(now).next().map(|(from, _)| from)
    }

    /// When the opening that `now` is in ends; none when it is closed.
    ///
    /// Where one opening ends as the next begins, as with whole days, it is the last one's end, or
    /// the end of the hundredth.
    pub fn closes_at(&self, now: Timestamp) -> Option<Timestamp> {
        let mut openings = self.openings(now).take(100);
        let (_, end) = openings.next().filter(|(from, _)| *from == now)?;
        Some(openings.fold(end, |end, (from, to)| if from == end { to } else { end }))
    }

    /// When it closes for good.
    pub fn finish_by(&self) -> Option<Timestamp> {
        self.window.finish_by.and_then(|time| self.moment(time))
    }

    /// The same hours without a time at which they close for good.
    pub fn without_end(&self) -> OpenHours {
        let mut hours = self.clone();
        hours.window.finish_by = None;
        hours
    }

    /// Whether what is not sent at [`OpenHours::finish_by`] is cancelled; else it is held.
    pub fn cancels(&self) -> bool {
        self.window.unfinished == super::Unfinished::Cancel
    }

    /// When a run that begins at `begin` has sent for so long, waiting while the window is closed.
    pub fn ending(&self, begin: Timestamp, sending: Duration) -> Ending {
        let mut left = SignedDuration::try_from(sending).unwrap_or(SignedDuration::MAX);
        for (from, to) in self.openings(begin).take(OPENINGS) {
            let open = to.duration_since(from);
            if left <= open {
                return from.checked_add(left).map_or(Ending::TooFar, Ending::At);
            }
            left -= open;
        }
        match self.window.finish_by {
            Some(_) => Ending::Unfinished(Duration::try_from(left).unwrap_or_default()),
            None => Ending::TooFar,
        }
    }

    /// The intervals in which it is open, without what lies before `now`, in order.
    fn openings(&self, now: Timestamp) -> impl Iterator<Item = (Timestamp, Timestamp)> {
        let today = self.zone.rules().to_datetime(now).date();
        // One that opened yesterday may still be open; a day longer, where a day was left out.
        let first = today.checked_sub(SignedDuration::from_hours(48)).ok();
        let days = std::iter::successors(first, |day| day.tomorrow().ok());
        let end = self.finish_by().unwrap_or(Timestamp::MAX);
        // Closed days in a row end, as the list of exceptions does.
        let most_closed = self.window.except.len() * 7 + 16;
        let openings = days.scan(0, move |closed, day| {
            let opening = self.opening(day);
            *closed = if opening.is_some() { 0 } else { *closed + 1 };
            (*closed <= most_closed).then_some(opening)
        });
        openings
            .flatten()
            .map(move |(from, to)| (from.max(now), to.min(end)))
            .take_while(move |(from, _)| *from < end)
            .filter(|(from, to)| from < to)
    }

    fn opening(&self, day: Date) -> Option<(Timestamp, Timestamp)> {
        let (from, to) = self.window.on(day)?;
        Some((self.moment(from)?, self.moment(to)?))
    }

    fn moment(&self, civil: DateTime) -> Option<Timestamp> {
        let rules = self.zone.rules();
        match rules.to_ambiguous_timestamp(civil).offset() {
            AmbiguousOffset::Unambiguous { offset } => offset.to_timestamp(civil).ok(),
            AmbiguousOffset::Fold { before, .. } => before.to_timestamp(civil).ok(),
            AmbiguousOffset::Gap { after, .. } => {
                let before = after.to_timestamp(civil).ok()?;
                Some(rules.following(before).next()?.timestamp())
            }
        }
    }
}
