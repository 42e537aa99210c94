//! Due times in a zone: what becomes of civil times that the clock skips or shows twice.
//!
//! An expression is matched in civil time, where no hour is missing and none comes twice; each
//! match is then placed in the zone by one rule:
//!
//! - A time that exists once is due then.
//! - A schedule that names every hour of the day (`0 * * * *`, `*/15 * * * *`) follows the clock: it
//!   is due in both passes of a repeated hour, and not at times that the clock skips, as the next
//!   hour comes at once. So every real hour has its runs, and none has more.
//! - Any other schedule is held to the times that it names, by `dst_gap` and `dst_fold`: a skipped time
//!   moves to the first moment after the gap or falls away, a repeated one is due in the first pass,
//!   the second, or both. Several times that move to one moment are one.
//!
//! No change of a zone's offset can end the due times, make them run backwards or repeat one.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::time::Duration;

use jiff::civil::DateTime;
use jiff::tz::AmbiguousOffset;
use jiff::{SignedDuration, Timestamp};
use sha2::{Digest as _, Sha256};

use super::{DstFold, DstGap, Rule, Schedule, Zone};
use crate::campaign::CampaignName;

/// Longer than any change of an offset there has been, with room to spare.
const LONGEST_CHANGE: SignedDuration = SignedDuration::from_hours(26);

/// A schedule in its zone: every due time there will ever be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Timetable {
    schedule: Schedule,
    zone: Zone,
}

/// A moment at which a campaign is due.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Fire {
    /// The moment, to the second: the identity of the run.
    pub due: Timestamp,
    /// What the clocks of the zone do to the civil time, where they do something.
    pub note: Option<Note>,
    /// The civil time that the schedule names.
    pub civil: DateTime,
}

/// Why a due time is not simply the moment at which the clock shows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Note {
    /// The clock skips the civil time; this is the first moment after the gap.
    Gap,
    /// The clock shows the civil time twice; this is the first time.
    FoldFirst,
    /// The clock shows the civil time twice; this is the second time.
    FoldSecond,
}

impl Timetable {
    pub(super) fn new(schedule: Schedule, zone: Zone) -> Self {
        Self { schedule, zone }
    }

    /// What the operator wrote.
    pub fn schedule(&self) -> &Schedule {
        &self.schedule
    }

    /// The zone that due times are computed in.
    pub fn zone(&self) -> &Zone {
        &self.zone
    }

    /// Every due time after `after`, in order, each once.
    pub fn fires_after(&self, after: Timestamp) -> Fires<'_> {
        Fires {
            timetable: self,
            after,
            next: self.schedule.civil_from(self.first_civil(after)),
            ready: BinaryHeap::new(),
        }
    }

    /// The first `count` due times after `after`; fewer where the schedule ends before.
    pub fn next(&self, after: Timestamp, count: usize) -> Vec<Fire> {
        self.fires_after(after).take(count).collect()
    }

    /// When the run of a due time starts: at once, or up to the schedule's jitter later. How much is
    /// drawn by a hash of both, so that it is the same on every machine and after every restart.
    pub fn starts_at(&self, campaign: &CampaignName, due: Timestamp) -> Timestamp {
        let jitter = u64::try_from(self.schedule.jitter.as_millis()).unwrap_or(u64::MAX);
        if jitter == 0 {
            return due;
        }
        let hash = Sha256::digest(format!("{campaign}@{due:.0}"));
        let drawn = hash
            .iter()
            .take(8)
            .fold(0, |sum, byte| sum << 8 | u64::from(*byte));
        let delay = Duration::from_millis(drawn % (jitter.saturating_add(1)));
        due.checked_add(delay).unwrap_or(due)
    }

    /// A civil time at or before each that has a moment after `after`: what the clock shows then,
    /// or what it will be set back to soon.
    fn first_civil(&self, after: Timestamp) -> DateTime {
        let rules = self.zone.rules();
        let shown = rules.to_datetime(after);
        let Ok(end) = after.checked_add(LONGEST_CHANGE) else {
            return shown;
        };
        rules
            .following(after)
            .take_while(|change| change.timestamp() < end)
            .map(|change| rules.to_datetime(change.timestamp()))
            .fold(shown, DateTime::min)
    }

    /// The moments of a civil time, and one that none of a later civil time is before; none at the
    /// end of time.
    fn place(&self, civil: DateTime) -> Option<(Timestamp, [Option<Fire>; 2])> {
        let rules = self.zone.rules();
        let fire = |due, note| Fire { due, note, civil };
        let ambiguous = rules.to_ambiguous_timestamp(civil);
        let follows_clock = matches!(&self.schedule.rule, Rule::Cron(cron) if cron.is_hourly());
        match ambiguous.offset() {
            AmbiguousOffset::Unambiguous { offset } => {
                let due = offset.to_timestamp(civil).ok()?;
                Some((due, [Some(fire(due, None)), None]))
            }
            AmbiguousOffset::Gap { after, .. } => {
                // Read with the offset after the gap, the time lies just before it.
                let before = after.to_timestamp(civil).ok()?;
                let due = rules.following(before).next()?.timestamp();
                let shift = !follows_clock && self.schedule.dst_gap == DstGap::Shift;
                Some((due, [shift.then(|| fire(due, Some(Note::Gap))), None]))
            }
            AmbiguousOffset::Fold { before, after } => {
                let first = before.to_timestamp(civil).ok()?;
                let second = after.to_timestamp(civil).ok()?;
                let fold = self.schedule.dst_fold;
                let both = follows_clock || fold == DstFold::Both;
                let in_first = both || fold == DstFold::First;
                let in_second = both || fold == DstFold::Second;
                let fires = [
                    in_first.then(|| fire(first, Some(Note::FoldFirst))),
                    in_second.then(|| fire(second, Some(Note::FoldSecond))),
                ];
                Some((first, fires))
            }
        }
    }
}

/// Due times in order, each once.
#[derive(Clone, Debug)]
pub struct Fires<'a> {
    timetable: &'a Timetable,
    /// The last one that was given out, or the moment to begin after.
    after: Timestamp,
    /// The next civil time to be placed.
    next: Option<DateTime>,
    /// Placed and not given out yet: no more than a repeated hour holds.
    ready: BinaryHeap<Reverse<Fire>>,
}

impl Fires<'_> {
    /// Places civil times until none to come can be due before, or at the moment of, the first
    /// that is ready.
    fn fill(&mut self) {
        while let Some(civil) = self.next {
            let Some((earliest, fires)) = self.timetable.place(civil) else {
                self.next = None;
                return;
            };
            if let Some(Reverse(first)) = self.ready.peek()
                && first.due < earliest
            {
                return;
            }
            let late = fires
                .into_iter()
                .flatten()
                .filter(|fire| fire.due > self.after);
            self.ready.extend(late.map(Reverse));
            let second = SignedDuration::from_secs(1);
            let following = civil.checked_add(second).ok();
            self.next = following.and_then(|from| self.timetable.schedule.civil_from(from));
        }
    }
}

impl Iterator for Fires<'_> {
    type Item = Fire;

    fn next(&mut self) -> Option<Fire> {
        loop {
            self.fill();
            let Reverse(fire) = self.ready.pop()?;
            // What moved to a moment that already had its run is no second one.
            if fire.due > self.after {
                self.after = fire.due;
                return Some(fire);
            }
        }
    }
}
