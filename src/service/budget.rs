//! One application, one budget, whoever spends it: sends, readings, questions.
//!
//! Three things in a row let a request out. A first-come gate with two lanes, in which sends go
//! before readings but never starve them. governor, which spaces requests evenly at the allowed
//! rate less a little headroom, and forgives a timer that rings late. And, at the very moment of
//! leaving, a window guard that no delay in between can fool: it holds a request back rather than
//! let a window at the other side see one too many.

use std::collections::VecDeque;
use std::num::NonZeroU32;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use governor::clock::Clock;
use governor::middleware::NoOpMiddleware;
use governor::state::{InMemoryState, NotKeyed};
use governor::{Quota, RateLimiter};
use tokio::sync::{Notify, oneshot};
use tokio::time::{Instant, sleep_until};

use crate::delivery::pace::{WindowGuard, pace};

/// Readings get one grant after this many sends in a row.
const SENDS_BEFORE_A_READING: u32 = 4;
/// How late a timer may ring without its time being lost.
const FORGIVENESS: Duration = Duration::from_millis(10);

/// Who asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lane {
    /// A create.
    Send,
    /// Anything that only reads.
    Read,
}

/// The budget of one application in this process. Clones share it.
#[derive(Clone, Debug)]
pub struct Budget {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    state: Mutex<State>,
    /// Wakes the driver when somebody queues up.
    queued: Notify,
}

#[derive(Debug)]
struct State {
    pacer: Pacer,
    guard: WindowGuard,
    start: Instant,
    sends: VecDeque<oneshot::Sender<()>>,
    reads: VecDeque<oneshot::Sender<()>>,
    sends_in_a_row: u32,
    paused_until: Option<Instant>,
}

impl Budget {
    /// A budget of this many requests a second, of which `burst` may leave at once after a quiet
    /// time. `last_request` is how long ago this application's last known request left: the
    /// budget goes on as if it had been used evenly until then, so a restart bursts nothing.
    ///
    /// Must be called on a tokio runtime.
    pub fn new(
        requests_per_second: f64,
        burst: NonZeroU32,
        last_request: Option<Duration>,
    ) -> Budget {
        let mut guard = WindowGuard::new(requests_per_second, burst.get());
        // The window reaches back before the start, so that time does not begin at zero.
        let start = Instant::now() - guard.window();
        if let Some(ago) = last_request {
            guard.assume_used(start.elapsed(), ago);
        }
        let state = State {
            pacer: Pacer::new(requests_per_second, burst),
            guard,
            start,
            sends: VecDeque::new(),
            reads: VecDeque::new(),
            sends_in_a_row: 0,
            paused_until: None,
        };
        let shared = Arc::new(Shared {
            state: Mutex::new(state),
            queued: Notify::new(),
        });
        tokio::spawn(drive(Arc::downgrade(&shared)));
        Budget { shared }
    }

    /// Takes a request from the budget if one is free at once and nobody was here before.
    pub fn try_acquire(&self) -> bool {
        let state = self.shared.lock();
        let now = Instant::now();
        state.is_idle()
            && state.paused_until.is_none_or(|until| now >= until)
            && state.pacer.check().is_ok()
    }

    /// Waits for a request from the budget.
    pub async fn acquire(&self, lane: Lane) {
        if self.try_acquire() {
            return;
        }
        let (grant, granted) = oneshot::channel();
        self.shared.lock().lane(lane).push_back(grant);
        self.shared.queued.notify_one();
        // The sender is dropped only with the budget itself, and then nobody waits.
        let _ = granted.await;
    }

    /// Holds every request back for this long, and longer if it was held longer already.
    pub fn pause(&self, wait: Duration) {
        let mut state = self.shared.lock();
        let until = Instant::now() + wait;
        state.paused_until = Some(state.paused_until.map_or(until, |at| at.max(until)));
        drop(state);
        self.shared.queued.notify_one();
    }

    /// Returns at the moment at which an acquired request may leave. Called right before it does.
    pub async fn depart(&self) {
        let at = {
            let mut state = self.shared.lock();
            let (start, now) = (state.start, Instant::now());
            start + state.guard.depart(now - start)
        };
        if at > Instant::now() {
            sleep_until(at).await;
        }
    }
}

impl Shared {
    /// No code panics while it holds the lock; a poisoned one is as good.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn is_idle(&self) -> bool {
        self.sends.is_empty() && self.reads.is_empty()
    }

    fn lane(&mut self, lane: Lane) -> &mut VecDeque<oneshot::Sender<()>> {
        match lane {
            Lane::Send => &mut self.sends,
            Lane::Read => &mut self.reads,
        }
    }

    /// Grants one request to whoever is next, or says until when to wait.
    fn grant(&mut self) -> Next {
        self.sends.retain(|waiter| !waiter.is_closed());
        self.reads.retain(|waiter| !waiter.is_closed());
        if self.is_idle() {
            return Next::Nobody;
        }
        let now = Instant::now();
        if let Some(until) = self.paused_until {
            if now < until {
                return Next::At(until);
            }
            self.paused_until = None;
        }
        if let Err(wait) = self.pacer.check() {
            return Next::At(now + wait);
        }
        let read = self.sends.is_empty()
            || (!self.reads.is_empty() && self.sends_in_a_row >= SENDS_BEFORE_A_READING);
        self.sends_in_a_row = if read { 0 } else { self.sends_in_a_row + 1 };
        let lane = if read { Lane::Read } else { Lane::Send };
        if let Some(waiter) = self.lane(lane).pop_front() {
            let _ = waiter.send(());
        }
        Next::Granted
    }
}

enum Next {
    Granted,
    Nobody,
    At(Instant),
}

/// Serves the queues until the budget is dropped.
async fn drive(shared: std::sync::Weak<Shared>) {
    loop {
        let Some(alive) = shared.upgrade() else {
            return;
        };
        let next = alive.lock().grant();
        match next {
            Next::Granted => {}
            Next::At(at) => {
                drop(alive);
                sleep_until(at).await;
            }
            Next::Nobody => {
                // Looks up now and then whether the budget is still there.
                let queued = tokio::time::timeout(Duration::from_secs(1), alive.queued.notified());
                let _ = queued.await;
            }
        }
    }
}

/// governor, with each request costing many cells: that lets a late timer be forgiven by a
/// fraction of a request, where whole requests would lose up to a millisecond each.
#[derive(Debug)]
struct Pacer {
    limiter: RateLimiter<NotKeyed, InMemoryState, TokioClock, NoOpMiddleware<Duration>>,
    cells: NonZeroU32,
}

impl Pacer {
    fn new(requests_per_second: f64, burst: NonZeroU32) -> Pacer {
        let gap =
            Duration::from_secs_f64(1.0 / pace(requests_per_second)).max(Duration::from_nanos(1));
        // No cell is shorter than 10 µs, so that rounding to nanoseconds does not shift the rate.
        let cells = (gap.as_nanos() / 10_000).clamp(1, 100) as u32;
        let cell = gap / cells;
        let forgiven = (FORGIVENESS.as_nanos() / cell.as_nanos().max(1)).min(1_000_000) as u32;
        let cells = NonZeroU32::new(cells).unwrap_or(NonZeroU32::MIN);
        let burst = cells.saturating_mul(burst).saturating_add(forgiven);
        let quota = Quota::with_period(cell)
            .unwrap_or(Quota::per_second(cells))
            .allow_burst(burst);
        Pacer {
            limiter: RateLimiter::direct_with_clock(quota, TokioClock(Instant::now())),
            cells,
        }
    }

    /// Takes one request, or says how long to wait for it.
    fn check(&self) -> Result<(), Duration> {
        match self.limiter.check_n(self.cells) {
            Ok(Ok(())) => Ok(()),
            Ok(Err(not_until)) => Err(not_until
                .wait_time_from(self.limiter.clock().now())
                .max(Duration::from_micros(1))),
            // The quota always holds one request: see `new`.
            Err(_) => Err(Duration::from_secs(1)),
        }
    }
}

/// governor on tokio's time, so that a paused clock paces paused time.
#[derive(Clone, Debug)]
struct TokioClock(Instant);

impl Clock for TokioClock {
    type Instant = Duration;

    fn now(&self) -> Duration {
        self.0.elapsed()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn budget(rate: f64) -> Budget {
        Budget::new(rate, NonZeroU32::MIN, None)
    }

    async fn departures(budget: &Budget, most: usize, during: Duration) -> Vec<Duration> {
        let start = Instant::now();
        let mut departures = Vec::new();
        while departures.len() < most && start.elapsed() < during {
            budget.acquire(Lane::Send).await;
            budget.depart().await;
            departures.push(start.elapsed());
        }
        departures
    }

    #[tokio::test(start_paused = true)]
    async fn at_least_99_percent_of_the_rate_is_used_and_no_second_holds_more() {
        for rate in [0.5, 5.0, 50.0, 500.0] {
            let seconds = 40;
            let departures =
                departures(&budget(rate), usize::MAX, Duration::from_secs(seconds)).await;
            let used = departures.len() as f64 / (rate * seconds as f64);
            assert!(used >= 0.99, "{rate}/s: {used}");
            for (first, start) in departures.iter().enumerate() {
                let window = *start + Duration::from_secs_f64(1.0_f64.max(1.0 / rate));
                let inside = departures[first..]
                    .iter()
                    .filter(|at| **at < window)
                    .count();
                assert!(
                    inside as f64 <= rate.max(1.0),
                    "{rate}/s: {inside} in one window"
                );
            }
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_restart_does_not_burst() {
        let budget = Budget::new(5.0, NonZeroU32::MIN, Some(Duration::from_millis(50)));
        let departures = departures(&budget, 6, Duration::from_secs(9)).await;
        assert!(
            departures[0] >= Duration::from_millis(150),
            "{departures:?}"
        );
        assert!(
            departures[5] >= Duration::from_millis(1150),
            "{departures:?}"
        );
    }

    #[tokio::test(start_paused = true)]
    async fn a_pause_holds_everybody_and_nothing_bursts_after_it() {
        let budget = budget(50.0);
        budget.pause(Duration::from_secs(3));
        let departures = departures(&budget, 51, Duration::from_secs(9)).await;
        assert!(departures[0] >= Duration::from_secs(3));
        assert!(
            departures[50] >= Duration::from_secs(4),
            "{:?}",
            departures[50]
        );
    }

    #[tokio::test(start_paused = true)]
    async fn readings_get_a_fifth_beside_sends() {
        let budget = budget(100.0);
        let count = |lane| {
            let budget = budget.clone();
            tokio::spawn(async move {
                let mut granted = 0;
                let end = Instant::now() + Duration::from_secs(10);
                while Instant::now() < end {
                    budget.acquire(lane).await;
                    granted += 1;
                }
                granted
            })
        };
        let sends: Vec<_> = (0..8).map(|_| count(Lane::Send)).collect();
        let reads: Vec<_> = (0..8).map(|_| count(Lane::Read)).collect();
        let mut sent = 0;
        for task in sends {
            sent += task.await.expect("a count");
        }
        let mut read = 0;
        for task in reads {
            read += task.await.expect("a count");
        }
        assert!(
            (780..=820).contains(&sent) && (190..=215).contains(&read),
            "{sent} sent, {read} read"
        );
    }
}
