//! Due times that are decided up to a moment that has not come: the clock was ahead when they were, and
//! has been put right; or it is behind now, and will be.
//!
//! Which of both it is the clock alone cannot say. As long as it might be behind nothing is launched:
//! at a wrong time of day nobody is to be messaged. A clock that has gone on for ten minutes as the
//! boot clock has, and was not set in between, is believed: what is due after the moment from which
//! on it did is due again. What was launched or skipped meanwhile has its own record, and keeps it.
//!
//! Should the clock come to where the other one had been after all, what was decided then holds again.

use std::fmt;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use super::moment::Moment;

/// What lies ahead by no more than this is the usual correction of a clock, and is waited for.
pub const TOLERATED: Duration = Duration::from_secs(60);
/// A clock is believed when it has gone on for this long without being set.
pub const STEADY_FOR: Duration = Duration::from_secs(600);

/// Up to when the fires of a campaign's schedule are decided.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Decided {
    /// By the clock that is believed.
    pub up_to: Timestamp,
    /// By one that was ahead of it; none where there was none.
    pub ahead: Option<Timestamp>,
    /// Since when `up_to` is known to lie ahead.
    pub seen: Option<Moment>,
}

/// What there is to do about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Look {
    /// Nothing: it has come.
    Come,
    /// To wait. What is due after `since` is due again at `until`, unless the clock is set.
    Wait {
        /// Since when the clock has gone on steadily, as far as is known.
        since: Timestamp,
        /// When that will have been long enough.
        until: Timestamp,
        /// Whether that is to be noted.
        is_new: bool,
    },
    /// The clock is believed: fires are decided up to this moment and no further.
    Back(Timestamp),
}

impl Decided {
    /// Up to when fires are decided, by the clock as it is now.
    pub fn at(&self, now: Timestamp) -> Timestamp {
        let ahead = self.ahead.filter(|ahead| *ahead <= now);
        ahead.map_or(self.up_to, |ahead| self.up_to.max(ahead))
    }

    /// What there is to do now.
    pub fn look(&self, now: Moment) -> Look {
        if !is_ahead(self.up_to, now.wall) {
            return Look::Come;
        }
        let seen = self.seen.filter(|seen| is_steady(*seen, now));
        let since = seen.unwrap_or(now).wall;
        let until = since.checked_add(STEADY_FOR).unwrap_or(Timestamp::MAX);
        match seen {
            Some(_) if until <= now.wall => Look::Back(since),
            _ => Look::Wait {
                since,
                until,
                is_new: seen.is_none(),
            },
        }
    }
}

/// Whether a time lies ahead of the clock, by more than is usual.
pub fn is_ahead(at: Timestamp, now: Timestamp) -> bool {
    at.duration_since(now) > SignedDuration::try_from(TOLERATED).unwrap_or(SignedDuration::MAX)
}

/// Whether the clock on the wall was not set between two moments.
fn is_steady(earlier: Moment, now: Moment) -> bool {
    let (Some(first), Some(second)) = (earlier.boot, now.boot) else {
        return false;
    };
    let Ok(wall) = Duration::try_from(now.wall.duration_since(earlier.wall)) else {
        return false;
    };
    let boot = second.since.checked_sub(first.since);
    first.boot == second.boot && boot.is_some_and(|boot| boot.abs_diff(wall) <= TOLERATED)
}

/// What is wrong, and what becomes of it: the end of a sentence that begins with whose fires they are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Told {
    /// Up to when they are decided.
    pub up_to: Timestamp,
    /// When what is due again is launched, where somebody watches the clock; and since when it is.
    pub watched: Option<(Timestamp, Timestamp)>,
}

impl fmt::Display for Told {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "decided up to {:.0}, which has not come: the clock was ahead then, or is behind now, and nothing is \
             launched. If it is behind, set it right. ",
            self.up_to
        )?;
        match self.watched {
            Some((since, until)) => write!(
                f,
                "If it is right, there is nothing to do: unless it is set before {until:.0}, what is due after \
                 {since:.0} is due again then"
            ),
            None => f.write_str(
                "If it is right, leave it alone: what comes due is launched again once the daemon, or run \
                 --scheduled, has watched it for 10 minutes",
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::delivery::moment::BootTime;

    fn wall(secs: i64) -> Timestamp {
        Timestamp::from_second(1_772_355_600 + secs).expect("a time")
    }

    fn moment(secs: i64, boot: u64, since: u64) -> Moment {
        let since = Duration::from_secs(since);
        Moment {
            wall: wall(secs),
            boot: Some(BootTime { boot, since }),
        }
    }

    fn decided(up_to: i64, seen: Option<Moment>) -> Decided {
        Decided {
            up_to: wall(up_to),
            ahead: None,
            seen,
        }
    }

    const YEAR: i64 = 366 * 86_400;

    #[test]
    fn what_has_come_or_lies_within_a_usual_correction_is_left_alone() {
        for up_to in [-YEAR, 0, 60] {
            let look = decided(up_to, None).look(moment(0, 1, 100));
            assert_eq!(look, Look::Come, "{up_to}");
        }
        let wait = Look::Wait {
            since: wall(0),
            until: wall(600),
            is_new: true,
        };
        assert_eq!(decided(61, None).look(moment(0, 1, 100)), wait);
    }

    #[test]
    fn a_clock_that_goes_on_steadily_is_believed_after_ten_minutes() {
        let of = decided(YEAR, Some(moment(0, 1, 100)));
        for secs in [0, 1, 599] {
            let wait = Look::Wait {
                since: wall(0),
                until: wall(600),
                is_new: false,
            };
            let now = moment(secs, 1, 100 + secs.unsigned_abs());
            assert_eq!(of.look(now), wait, "{secs}");
        }
        assert_eq!(of.look(moment(600, 1, 700)), Look::Back(wall(0)));
        assert_eq!(of.look(moment(3_600, 1, 3_730)), Look::Back(wall(0)));
    }

    #[test]
    fn a_clock_that_was_set_or_a_machine_that_was_booted_is_watched_anew() {
        let of = decided(YEAR, Some(moment(0, 1, 100)));
        let no_boot_clock = Moment::from(wall(700));
        for now in [
            moment(7_200, 1, 800),
            moment(-7_200, 1, 800),
            moment(700, 2, 800),
            moment(700, 1, 50),
            no_boot_clock,
        ] {
            let look = of.look(now);
            let since = now.wall;
            assert!(
                matches!(look, Look::Wait { since: at, is_new: true, .. } if at == since),
                "{now:?}: {look:?}"
            );
        }
    }

    #[test]
    fn what_a_clock_that_was_ahead_decided_holds_again_once_the_clock_comes_there() {
        let of = Decided {
            up_to: wall(0),
            ahead: Some(wall(YEAR)),
            seen: None,
        };
        assert_eq!(of.at(wall(10)), wall(0));
        assert_eq!(of.at(wall(YEAR - 1)), wall(0));
        assert_eq!(of.at(wall(YEAR)), wall(YEAR));
        assert_eq!(decided(0, None).at(wall(YEAR)), wall(0));
    }
}
