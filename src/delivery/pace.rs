//! The arithmetic of the budget: how long a run takes, and when the next request may leave.

use std::collections::VecDeque;
use std::time::Duration;

/// What is left of the allowed rate when it is used: the headroom that the jitter of a network
/// and of timers may eat before a window at the other side holds one request too many. A rate of
/// 500 a second is paced at 496.
pub const HEADROOM: f64 = 0.008;

/// The pace for an allowed rate, both in requests a second.
pub fn pace(requests_per_second: f64) -> f64 {
    requests_per_second / (1.0 + HEADROOM)
}

/// How long `requests` take at the allowed rate: the first leaves at once, the others follow.
pub fn duration(requests: u64, requests_per_second: f64) -> Duration {
    let gaps = requests.saturating_sub(1) as f64;
    Duration::try_from_secs_f64(gaps / pace(requests_per_second)).unwrap_or(Duration::MAX)
}

/// Keeps any window of the other side within the limit: request k+n leaves no earlier than a
/// window after request k, whatever the pacer in front of it did.
///
/// For a rate of n a second (n ≥ 1) the window is one second; below that it is the time in which
/// one request is allowed. The headroom is added to it.
#[derive(Debug)]
pub struct WindowGuard {
    departures: VecDeque<Duration>,
    most: usize,
    window: Duration,
}

impl WindowGuard {
    /// A guard for an allowed rate in requests a second and a burst of at least 1.
    pub fn new(requests_per_second: f64, burst: u32) -> WindowGuard {
        let most = requests_per_second.floor().max(1.0);
        let window = Duration::from_secs_f64(most / requests_per_second * (1.0 + HEADROOM));
        let most = (most as usize).max(burst as usize);
        WindowGuard {
            departures: VecDeque::new(),
            most,
            window,
        }
    }

    /// The window, headroom included.
    pub fn window(&self) -> Duration {
        self.window
    }

    /// Assumes that the budget was used evenly until `ago` before `now`, by somebody who cannot be
    /// asked any more. Called before the first departure.
    pub fn assume_used(&mut self, now: Duration, ago: Duration) {
        let gap = self.window / u32::try_from(self.most).unwrap_or(u32::MAX);
        let last = now.saturating_sub(ago);
        for back in (0..self.most as u32).rev() {
            if let Some(at) = last.checked_sub(gap * back) {
                self.departures.push_back(at);
            }
        }
    }

    /// The time at which a request that is ready `now` may leave; it counts as leaving then.
    /// Times are offsets from any one fixed instant, and `now` never decreases.
    pub fn depart(&mut self, now: Duration) -> Duration {
        let earliest = match self.departures.len() {
            len if len < self.most => now,
            _ => self
                .departures
                .pop_front()
                .map_or(now, |oldest| oldest + self.window),
        };
        let at = earliest
            .max(now)
            .max(self.departures.back().copied().unwrap_or_default());
        self.departures.push_back(at);
        at
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_first_request_takes_no_time_and_each_further_one_a_gap() {
        assert_eq!(duration(0, 5.0), Duration::ZERO);
        assert_eq!(duration(1, 5.0), Duration::ZERO);
        assert_eq!(duration(101, 5.0), Duration::from_secs_f64(20.16));
        assert_eq!(duration(3, 0.5), Duration::from_secs_f64(4.032));
    }

    proptest! {
        #[test]
        fn no_window_ever_holds_more_than_the_limit(
            rate in prop_oneof![0.2f64..2.0, 2.0f64..50.0],
            gaps in prop::collection::vec(0u64..400, 1..200),
        ) {
            let mut guard = WindowGuard::new(rate, 1);
            let mut now = Duration::ZERO;
            let departures: Vec<Duration> = gaps.iter().map(|gap| {
                now += Duration::from_millis(*gap);
                guard.depart(now)
            }).collect();
            let most = rate.floor().max(1.0) as usize;
            let window = Duration::from_secs_f64(most as f64 / rate);
            for (first, start) in departures.iter().enumerate() {
                let inside = departures[first..].iter().filter(|at| **at < *start + window).count();
                prop_assert!(inside <= most, "{inside} in one window at {rate}/s");
            }
        }

        #[test]
        fn a_request_never_leaves_before_it_is_ready(gaps in prop::collection::vec(0u64..400, 1..100)) {
            let mut guard = WindowGuard::new(5.0, 1);
            let mut now = Duration::ZERO;
            for gap in gaps {
                now += Duration::from_millis(gap);
                prop_assert!(guard.depart(now) >= now);
            }
        }
    }
}
