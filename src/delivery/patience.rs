//! How long to wait when the other side does not serve: backoff with full jitter, a budget for
//! extra requests, and when to give up.

use std::time::Duration;

/// The first wait before jitter.
pub const FIRST_WAIT: Duration = Duration::from_millis(500);
/// No wait is longer than this, unless the other side asks for it.
pub const LONGEST_WAIT: Duration = Duration::from_secs(60);
/// Unknown outcomes in a row that open the circuit breaker.
pub const BREAKER_AT: u32 = 3;
/// How long no create is tried after one that was tried by itself is unknown, too; it doubles from
/// there with every unknown in a row.
pub const FIRST_TRY_AGAIN: Duration = Duration::from_secs(240);
/// So many unknowns in a row are enough for an hour: the next create is tried after it.
const ENOUGH_FOR_AN_HOUR: u32 = 7;
const AN_HOUR: Duration = Duration::from_secs(3600);
/// At the latest after this long.
const LAST_TRY_AGAIN: Duration = Duration::from_secs(2 * 3600);

/// A seeded source of jitter (splitmix64): the same seed gives the same waits, so a simulated run
/// can be replayed.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Jitter(u64);

impl Jitter {
    /// A source with this seed.
    pub fn new(seed: u64) -> Jitter {
        Jitter(seed)
    }

    /// A duration anywhere from nothing to `most`.
    pub fn up_to(&mut self, most: Duration) -> Duration {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        let fraction = ((z ^ (z >> 31)) >> 11) as f64 / (1u64 << 53) as f64;
        most.mul_f64(fraction)
    }
}

/// Extra requests a run may make: one for every ten that were answered well, ten to begin with.
/// When it is used up, waits are the longest ones, so that a sick server is not burdened more.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Extra {
    tenths: u32,
}

impl Extra {
    const MOST: u32 = 100;

    fn earn(&mut self) {
        self.tenths = (self.tenths + 1).min(Extra::MOST);
    }

    fn spend(&mut self) -> bool {
        let affordable = self.tenths >= 10;
        self.tenths = self.tenths.saturating_sub(10);
        affordable
    }
}

/// The state of our patience with one Desk.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Patience {
    jitter: Jitter,
    extra: Extra,
    failures: u32,
    unserved_since: Option<Duration>,
    give_up_after: Duration,
}

impl Patience {
    /// Patience that ends when nothing was served for `give_up_after`.
    pub fn new(seed: u64, give_up_after: Duration) -> Patience {
        Patience {
            jitter: Jitter::new(seed),
            extra: Extra {
                tenths: Extra::MOST,
            },
            failures: 0,
            unserved_since: None,
            give_up_after,
        }
    }

    /// Desk served a request.
    pub fn served(&mut self) {
        self.failures = 0;
        self.unserved_since = None;
        self.extra.earn();
    }

    /// Desk did not serve a request at `now`: how long to wait, what it asked for winning over
    /// our own backoff.
    pub fn unserved(&mut self, now: Duration, asked: Option<Duration>) -> Duration {
        self.unserved_since.get_or_insert(now);
        let affordable = self.extra.spend();
        let doubled = FIRST_WAIT.saturating_mul(1 << self.failures.min(16));
        let ceiling = if affordable {
            doubled.min(LONGEST_WAIT)
        } else {
            LONGEST_WAIT
        };
        self.failures += 1;
        asked.unwrap_or_else(|| self.jitter.up_to(ceiling))
    }

    /// Desk has shown something, which proves that it can be reached and not that it takes what is
    /// sent: what was waited so far does not count as being out of reach.
    pub fn reached(&mut self) {
        self.unserved_since = None;
    }

    /// Whether it has lasted too long.
    pub fn is_over(&self, now: Duration) -> bool {
        self.unserved_since
            .is_some_and(|since| now >= since + self.give_up_after)
    }
}

/// When a create may be tried after unknown ones in a row. Reading something proves nothing about
/// creating: under maintenance Desk may show all and take nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Tries {
    not_before: Option<Duration>,
}

impl Tries {
    /// A create that was tried by itself is unknown, too: the last of `in_a_row` unknowns, those
    /// that were in flight when it began among them.
    pub fn failed(&mut self, now: Duration, in_a_row: u32) {
        // What was in flight from before tells nothing new.
        if self.wait_until(now).is_some() {
            return;
        }
        let doublings = in_a_row.saturating_sub(BREAKER_AT + 1).min(8);
        let mut wait = FIRST_TRY_AGAIN.saturating_mul(1 << doublings);
        if in_a_row >= ENOUGH_FOR_AN_HOUR {
            wait = wait.max(AN_HOUR);
        }
        self.not_before = Some(now + wait.min(LAST_TRY_AGAIN));
    }

    /// Until when no create may be tried.
    pub fn wait_until(&self, now: Duration) -> Option<Duration> {
        self.not_before.filter(|at| now < *at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn patience() -> Patience {
        Patience::new(1, Duration::from_secs(600))
    }

    #[test]
    fn waits_stay_below_a_ceiling_that_doubles_to_a_minute() {
        for failures in 0..12_u32 {
            let ceiling = Duration::from_millis(500 << failures.min(9)).min(LONGEST_WAIT);
            for seed in 0..200 {
                let mut patience = Patience::new(seed, LONGEST_WAIT);
                patience.failures = failures;
                assert!(patience.unserved(Duration::ZERO, None) <= ceiling);
            }
        }
    }

    #[test]
    fn what_desk_asks_for_wins() {
        let asked = Duration::from_secs(120);
        assert_eq!(patience().unserved(Duration::ZERO, Some(asked)), asked);
    }

    #[test]
    fn one_extra_request_is_earned_by_ten_served_ones() {
        let mut patience = patience();
        let spent = (0..20).filter(|_| patience.extra.spend()).count();
        assert_eq!(spent, 10);
        (0..10).for_each(|_| patience.served());
        assert!(patience.extra.spend());
        assert!(!patience.extra.spend());
    }

    #[test]
    fn patience_ends_after_the_time_given_and_begins_anew_when_served() {
        let mut patience = patience();
        patience.unserved(Duration::from_secs(10), None);
        assert!(!patience.is_over(Duration::from_secs(609)));
        assert!(patience.is_over(Duration::from_secs(610)));
        patience.served();
        assert!(!patience.is_over(Duration::from_secs(10_000)));
    }
}
