//! How fast a run is, and so how long it will take: only as long as that can be known.

use std::time::Duration;

use tokio::time::Instant;

/// A run that moves at all is not called stuck before this.
const STUCK_AFTER: Duration = Duration::from_secs(5);

/// What a rate is computed from: batches that were done while nothing held the run back.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pace {
    done_before: u64,
    done: u64,
    /// When it was last looked at, and when something was last done.
    seen: Instant,
    moved: Instant,
    /// How long it was sending, by now and by when something was last done.
    sending: Duration,
    by_then: Duration,
}

impl Pace {
    /// From now on, with so many batches done before.
    pub(super) fn new(done_before: u64, now: Instant) -> Pace {
        Pace {
            done_before,
            done: done_before,
            seen: now,
            moved: now,
            sending: Duration::ZERO,
            by_then: Duration::ZERO,
        }
    }

    /// Batches a second by what was seen so far; none where nothing was done yet, while something
    /// holds the run back, and when it is stuck: how long that lasts nobody knows.
    pub(super) fn rate(&mut self, done: u64, is_held: bool, now: Instant) -> Option<f64> {
        let since = now.duration_since(self.seen);
        self.seen = now;
        if !is_held {
            self.sending += since;
        }
        if done > self.done {
            self.done = done;
            self.moved = now;
            self.by_then = self.sending;
        }
        if is_held {
            // When it goes on it has not been stuck for that long.
            self.moved = now;
            return None;
        }
        let all = done.saturating_sub(self.done_before);
        let seconds = self.sending.as_secs_f64().max(0.001);
        let rate = all as f64 / seconds;
        let usual = 3 * self.by_then / u32::try_from(all.max(1)).unwrap_or(u32::MAX);
        let is_stuck = now.duration_since(self.moved) > STUCK_AFTER.max(usual);
        (all > 0 && !is_stuck).then_some(rate)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wait_makes_a_run_no_slower_and_is_no_time_that_is_left() {
        let begun = Instant::now();
        let at = |seconds| begun + Duration::from_secs(seconds);
        let mut pace = Pace::new(100, begun);
        assert_eq!(pace.rate(100, false, at(1)), None, "nothing was done yet");
        assert_eq!(pace.rate(120, false, at(10)), Some(2.0));
        for second in 11..3_600 {
            assert_eq!(pace.rate(120, true, at(second)), None);
        }
        assert_eq!(pace.rate(120, false, at(3_600)), Some(20.0 / 11.0));
        assert_eq!(pace.rate(140, false, at(3_609)), Some(2.0));
    }

    #[test]
    fn a_run_that_is_stuck_has_no_time_left() {
        let begun = Instant::now();
        let at = |seconds| begun + Duration::from_secs(seconds);
        let mut pace = Pace::new(0, begun);
        assert!(pace.rate(50, false, at(10)).is_some());
        assert!(pace.rate(50, false, at(15)).is_some());
        assert_eq!(pace.rate(50, false, at(16)), None);
        assert!(pace.rate(51, false, at(17)).is_some());
        // One that takes a minute for each batch is not stuck after five seconds.
        let mut slow = Pace::new(0, begun);
        assert!(slow.rate(1, false, at(60)).is_some());
        assert!(slow.rate(1, false, at(119)).is_some());
        assert_eq!(slow.rate(1, false, at(600)), None);
    }
}
