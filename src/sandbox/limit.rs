//! The rate limit: at most so many requests in a second, counted in fixed or sliding windows.
//!
//! It never waits and never reads a clock; it is told the time and answers yes, or for how long
//! no. Refused requests are not counted, so a client that waits as asked gets through.

use std::collections::VecDeque;

/// One second, in microseconds.
const SECOND: i64 = 1_000_000;

/// How the second is measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Window {
    /// Any second: the strictest reading of "per second".
    #[default]
    Sliding,
    /// Seconds of the clock, each starting from nothing.
    Fixed,
}

/// At most `per_second` requests in a window of one second.
#[derive(Debug, Clone)]
pub struct Limit {
    per_second: u32,
    window: Window,
    /// Arrival times of those let through, oldest first, at most `per_second` of them.
    admitted: VecDeque<i64>,
}

/// What the limit says to one request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// Let through; so many more would be, now.
    Admitted {
        /// Requests still allowed in this window.
        remaining: u32,
    },
    /// Refused.
    Throttled {
        /// Microseconds until the next would be let through, at least 1.
        wait_micros: i64,
    },
}

impl Limit {
    /// A limit of `per_second` requests, at least 1.
    pub fn new(per_second: u32, window: Window) -> Limit {
        Limit {
            per_second: per_second.max(1),
            window,
            admitted: VecDeque::new(),
        }
    }

    /// Requests allowed in one second.
    pub fn per_second(&self) -> u32 {
        self.per_second
    }

    /// Judges a request that arrived at `now`, microseconds of any clock that does not run back.
    pub fn judge(&mut self, now: i64) -> Verdict {
        while self
            .admitted
            .front()
            .is_some_and(|at| self.is_over(*at, now))
        {
            self.admitted.pop_front();
        }
        let used = u32::try_from(self.admitted.len()).unwrap_or(u32::MAX);
        if used < self.per_second {
            self.admitted.push_back(now);
            return Verdict::Admitted {
                remaining: self.per_second - used - 1,
            };
        }
        let oldest = self.admitted.front().copied().unwrap_or(now);
        let free_at = match self.window {
            Window::Sliding => oldest + SECOND,
            Window::Fixed => (oldest.div_euclid(SECOND) + 1) * SECOND,
        };
        Verdict::Throttled {
            wait_micros: (free_at - now).max(1),
        }
    }

    fn is_over(&self, at: i64, now: i64) -> bool {
        match self.window {
            Window::Sliding => now - at >= SECOND,
            Window::Fixed => now.div_euclid(SECOND) > at.div_euclid(SECOND),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_fixed_window_starts_from_nothing_each_second() {
        let mut limit = Limit::new(2, Window::Fixed);
        assert_eq!(limit.judge(900_000), Verdict::Admitted { remaining: 1 });
        assert_eq!(limit.judge(950_000), Verdict::Admitted { remaining: 0 });
        assert_eq!(
            limit.judge(950_000),
            Verdict::Throttled {
                wait_micros: 50_000
            }
        );
        assert_eq!(limit.judge(1_000_000), Verdict::Admitted { remaining: 1 });
    }

    proptest! {
        #[test]
        fn no_sliding_second_holds_more_than_the_limit(
            gaps in prop::collection::vec(0_i64..400_000, 1..200), per_second in 1_u32..8,
        ) {
            let mut limit = Limit::new(per_second, Window::Sliding);
            let (mut now, mut admitted) = (0, Vec::new());
            for gap in gaps {
                now += gap;
                match limit.judge(now) {
                    Verdict::Admitted { .. } => admitted.push(now),
                    Verdict::Throttled { wait_micros } => {
                        now += wait_micros;
                        let after = limit.judge(now);
                        let let_in = matches!(after, Verdict::Admitted { .. });
                        prop_assert!(let_in, "asked to wait, then refused: {after:?}");
                        admitted.push(now);
                    }
                }
            }
            let full = per_second as usize;
            for pair in admitted.windows(full + 1) {
                prop_assert!(pair[full] - pair[0] >= SECOND);
            }
        }
    }
}
