//! When something happened, by two clocks of this machine.
//!
//! The clock on the wall can be set, by hand or by a time server, in both directions and by any
//! amount. It says *when* something was, for people, and proves no span. The boot clock counts from
//! the start of the machine, sleep included; nobody can set it. It proves spans, and only between
//! two moments of one boot.

use std::time::Duration;

use jiff::Timestamp;

/// A reading of the boot clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct BootTime {
    /// Which boot of which machine: half of its random id.
    pub boot: u64,
    /// Since that boot, sleep included.
    pub since: Duration,
}

impl BootTime {
    /// The whole millisecond that it is in: not later than it.
    #[must_use]
    pub fn rounded_down(self) -> BootTime {
        self.at_millis(self.since.as_millis())
    }

    /// The next whole millisecond: not earlier than it.
    #[must_use]
    pub fn rounded_up(self) -> BootTime {
        self.at_millis(self.since.as_nanos().div_ceil(1_000_000))
    }

    fn at_millis(self, millis: u128) -> BootTime {
        BootTime {
            since: Duration::from_millis(u64::try_from(millis).unwrap_or(u64::MAX)),
            ..self
        }
    }

    /// Whether this is at least `span` later than `earlier`. What was read in another boot, or on
    /// another machine, proves nothing.
    pub fn is_later_by(self, span: Duration, earlier: BootTime) -> bool {
        self.boot == earlier.boot
            && earlier
                .since
                .checked_add(span)
                .is_some_and(|at| at <= self.since)
    }
}

/// One moment, by both clocks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Moment {
    /// By the clock on the wall.
    pub wall: Timestamp,
    /// By the boot clock; none where the machine has none that can be read.
    pub boot: Option<BootTime>,
}

/// A moment of which nothing but the wall clock's time is known: it proves no span.
impl From<Timestamp> for Moment {
    fn from(wall: Timestamp) -> Moment {
        Moment { wall, boot: None }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(boot: u64, secs: u64) -> BootTime {
        BootTime {
            boot,
            since: Duration::from_secs(secs),
        }
    }

    #[test]
    fn a_moment_is_rounded_to_the_side_that_proves_less() {
        let exact = at(1, 5);
        assert_eq!((exact.rounded_down(), exact.rounded_up()), (exact, exact));
        let between = BootTime {
            since: Duration::from_nanos(5_000_000_001),
            ..exact
        };
        assert_eq!(between.rounded_down(), exact);
        assert_eq!(between.rounded_up().since, Duration::from_millis(5_001));
    }

    #[test]
    fn a_span_is_proved_within_one_boot_only() {
        let span = Duration::from_secs(60);
        assert!(at(1, 160).is_later_by(span, at(1, 100)));
        assert!(!at(1, 159).is_later_by(span, at(1, 100)));
        assert!(!at(2, 100_000).is_later_by(span, at(1, 100)));
        assert!(!at(1, 100).is_later_by(Duration::MAX, at(1, 100)));
    }
}
