//! The arithmetic of the budget: how long a run takes, and when the next request may leave.

use std::cell::Cell;
use std::num::NonZeroU32;
use std::time::Duration;

use governor::clock::Clock;
use governor::middleware::NoOpMiddleware;
use governor::nanos::Nanos;
use governor::state::{NotKeyed, StateStore};
use governor::{Quota, RateLimiter};

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

/// Requests are let out in leases of one while no more than this many fit in a window; of several
/// above that, so that what it costs to take one stays small beside what it allows.
pub const MOST_LEASES: u32 = 2000;
/// How late a timer may ring without its time being lost.
const FORGIVENESS: Duration = Duration::from_millis(10);
/// Slower than this is paced like this: it keeps the sums of nanoseconds far from their ends.
const LONGEST_GAP: Duration = Duration::from_secs(864_000);

/// What a setting allows: a rate and a burst.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Allowance {
    requests_per_second: f64,
    burst: u32,
}

impl Allowance {
    /// So many requests a second, over 0, of which `burst` may leave at once after a quiet time.
    pub fn new(requests_per_second: f64, burst: NonZeroU32) -> Allowance {
        Allowance {
            requests_per_second,
            burst: burst.get(),
        }
    }

    /// Requests a second.
    pub fn requests_per_second(self) -> f64 {
        self.requests_per_second
    }

    /// Requests that may leave at once.
    pub fn burst(self) -> u32 {
        self.burst
    }

    /// What two allow together: the slower rate and the smaller burst.
    pub fn stricter(self, other: Allowance) -> Allowance {
        Allowance {
            requests_per_second: self.requests_per_second.min(other.requests_per_second),
            burst: self.burst.min(other.burst),
        }
    }

    /// The requests of a window: those of a second, or one where a second allows none.
    fn requests(self) -> u32 {
        (self.requests_per_second.floor().max(1.0) as u32).max(self.burst)
    }

    /// Requests that are taken from the budget at once.
    pub fn lease(self) -> u32 {
        self.requests().div_ceil(MOST_LEASES)
    }

    /// The most leases that may begin to leave in a window, at least 1.
    pub fn most(self) -> u32 {
        self.requests() / self.lease()
    }

    /// For a rate of n a second (n ≥ 1) the window is one second; below that it is the time in
    /// which one request is allowed. The headroom is added to it.
    pub fn window(self) -> Duration {
        let requests = self.requests_per_second.floor().max(1.0);
        seconds(requests / self.requests_per_second * (1.0 + HEADROOM))
    }

    /// No more than [`Allowance::most`] leave within this, whatever happens: half of the headroom
    /// is left to the network, and half to departures that are late for the next one's sake.
    pub fn guard(self) -> Duration {
        let requests = self.requests_per_second.floor().max(1.0);
        seconds(requests / self.requests_per_second * (1.0 + HEADROOM / 2.0))
    }

    /// How departures are spaced.
    pub fn exit(self) -> Exit {
        Exit::new(self.gap(), self.burst_of_leases())
    }

    /// Leases that may leave at once after a quiet time.
    pub fn burst_of_leases(self) -> u32 {
        (self.burst / self.lease()).max(1)
    }

    /// From one lease to the next when they are paced evenly.
    pub fn gap(self) -> Duration {
        seconds(f64::from(self.lease()) / pace(self.requests_per_second))
    }
}

fn seconds(seconds: f64) -> Duration {
    Duration::try_from_secs_f64(seconds)
        .unwrap_or(LONGEST_GAP)
        .clamp(Duration::from_nanos(1), LONGEST_GAP)
}

/// governor, as a function: from when the next request is due and the time to what may be taken.
///
/// What governor remembers is one time, in and out of each call, so that it can lie in a file that
/// several processes share. Each request costs many of governor's cells: that lets a late timer be
/// forgiven by a fraction of a request, where whole requests would lose up to a millisecond each.
#[derive(Clone, Copy, Debug)]
pub struct Pacer {
    quota: Quota,
    cells: NonZeroU32,
}

impl Pacer {
    /// One each `gap`, and `burst` at once after a quiet time.
    pub fn new(gap: Duration, burst: u32) -> Pacer {
        // No cell is shorter than 10 µs, so that rounding to nanoseconds does not shift the rate.
        let cells = (gap.as_nanos() / 10_000).clamp(1, 100) as u32;
        let cell = (gap / cells).max(Duration::from_nanos(1));
        let forgiven = (FORGIVENESS.as_nanos() / cell.as_nanos()).min(1_000_000) as u32;
        let cells = NonZeroU32::new(cells).unwrap_or(NonZeroU32::MIN);
        let burst = NonZeroU32::new(burst).unwrap_or(NonZeroU32::MIN);
        let quota = Quota::with_period(cell)
            .unwrap_or(Quota::per_second(cells))
            .allow_burst(cells.saturating_mul(burst).saturating_add(forgiven));
        Pacer { quota, cells }
    }

    /// Takes one if it is free `now`; or says when it will be, and takes nothing. `due` is what is
    /// remembered between calls, none at first. Times are offsets from any one fixed instant.
    pub fn take(&self, due: &mut Option<Duration>, now: Duration) -> Result<(), Duration> {
        let memory = Cell::new(due.map(|due| Nanos::from(due).as_u64()));
        let limiter = RateLimiter::<_, _, _, NoOpMiddleware<Duration>>::new(
            self.quota,
            Memory(&memory),
            Hand(Cell::new(Duration::ZERO)),
        );
        // governor counts from the time at which it was made: from zero, so that what it remembers
        // means the same to whoever reads it.
        limiter.clock().0.set(now);
        match limiter.check_n(self.cells) {
            Ok(Ok(())) => {
                *due = memory.get().map(Duration::from_nanos);
                Ok(())
            }
            Ok(Err(not_until)) => Err(not_until.earliest_possible().max(now)),
            // The quota always holds one: see `new`.
            Err(_) => Err(now + Duration::from_secs(1)),
        }
    }

    /// Takes the next one, now or later, and returns when it may be used.
    pub fn reserve(&self, due: &mut Option<Duration>, now: Duration) -> Duration {
        let mut at = now;
        while let Err(later) = self.take(due, at) {
            // Rounding may leave a nanosecond to go.
            at = later.max(at + Duration::from_nanos(1));
        }
        at
    }
}

/// Departures, evenly apart: the same rule as governor's (GCRA), of times that have come. A
/// departure that is late is made up for by at most one gap, so that what piled up while nothing
/// could leave is spread again at once.
///
/// What is remembered between departures is one time. It is a gap after the time at which the last
/// one was due, and further ahead where that was held up by something else.
#[derive(Clone, Copy, Debug)]
pub struct Exit {
    gap: Duration,
    /// How far before what is remembered the next one may leave.
    lead: Duration,
    /// How late a departure may be without its time being lost.
    made_up: Duration,
}

/// Timers ring up to so much late, however short the gap is.
const TIMER: Duration = Duration::from_micros(2_500);

impl Exit {
    fn new(gap: Duration, burst: u32) -> Exit {
        let made_up = gap.clamp(TIMER, FORGIVENESS.max(TIMER));
        Exit {
            gap,
            lead: gap.saturating_mul(burst.saturating_sub(1)) + made_up,
            made_up,
        }
    }

    /// How far ahead of departures places may be. Where gaps are short, a few requests that are
    /// ready make up for what little a departure may be late; else one never waits for long to
    /// leave, with its intent recorded.
    pub fn ahead(self) -> Duration {
        FORGIVENESS.saturating_sub(self.made_up)
    }

    /// The earliest time of the next one.
    pub fn earliest(self, remembered: Option<Duration>) -> Duration {
        remembered.unwrap_or_default().saturating_sub(self.lead)
    }

    /// What is to be remembered where nothing may leave before this, and what follows evenly
    /// after.
    pub fn not_before(self, time: Duration) -> Duration {
        time + self.lead
    }

    /// What is to be remembered where one left at this time, and nothing is to be made up for.
    pub fn after(self, last: Duration) -> Duration {
        last + self.gap + self.lead
    }

    /// What is to be remembered after one left `now`.
    pub fn taken(self, remembered: Option<Duration>, now: Duration) -> Duration {
        remembered.unwrap_or_default().max(now) + self.gap
    }
}

/// What governor remembers, lent to it for one call.
struct Memory<'a>(&'a Cell<Option<u64>>);

impl StateStore for Memory<'_> {
    type Key = NotKeyed;

    fn measure_and_replace<T, F, E>(&self, _: &NotKeyed, decide: F) -> Result<T, E>
    where
        F: Fn(Option<Nanos>) -> Result<(T, Nanos), E>,
    {
        let (outcome, next) = decide(self.0.get().map(Nanos::new))?;
        self.0.set(Some(next.as_u64()));
        Ok(outcome)
    }
}

/// A clock that shows what it is set to.
struct Hand(Cell<Duration>);

impl Clock for Hand {
    type Instant = Duration;

    fn now(&self) -> Duration {
        self.0.get()
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

    #[test]
    fn up_to_2000_requests_go_one_by_one_and_more_in_leases_that_never_add_up_to_more() {
        let of = |rate: f64, burst| Allowance::new(rate, NonZeroU32::new(burst).expect("over 0"));
        assert_eq!((of(0.2, 1).lease(), of(0.2, 1).most()), (1, 1));
        assert_eq!((of(5.0, 9).lease(), of(5.0, 9).most()), (1, 9));
        assert_eq!((of(2e3, 1).lease(), of(2e3, 1).most()), (1, 2000));
        assert_eq!((of(4001.0, 1).lease(), of(4001.0, 1).most()), (3, 1333));
        assert_eq!((of(1e6, 1).lease(), of(1e6, 1).most()), (500, 2000));
    }

    proptest! {
        #[test]
        fn reservations_are_paced_evenly_whoever_makes_them(rate in 0.1f64..3000.0, taken in 1usize..300) {
            let allowance = Allowance::new(rate, NonZeroU32::MIN);
            let pacer = Pacer::new(allowance.gap(), 1);
            let mut due = None;
            let now = Duration::from_secs(77);
            let slots: Vec<Duration> = (0..taken).map(|_| pacer.reserve(&mut due, now)).collect();
            for (number, slot) in slots.iter().enumerate() {
                let even = now + allowance.gap() * number as u32;
                prop_assert!(*slot + FORGIVENESS + Duration::from_micros(300) >= even && *slot <= even);
            }
        }
    }
}
