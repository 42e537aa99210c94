//! A rate of somebody's own, below that of the application: in front of the budget, in one process.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::{Instant, sleep};

use crate::delivery::pace::{Pacer, pace};

#[derive(Debug)]
pub(super) struct OwnRate {
    pacer: Pacer,
    start: Instant,
    due: Mutex<Option<Duration>>,
}

impl OwnRate {
    pub(super) fn new(requests_per_second: f64) -> OwnRate {
        let gap = Duration::try_from_secs_f64(1.0 / pace(requests_per_second));
        OwnRate {
            pacer: Pacer::new(gap.unwrap_or(Duration::from_secs(864_000)), 1),
            start: Instant::now(),
            due: Mutex::new(None),
        }
    }

    /// Takes one if it is free now and so is what comes after it.
    pub(super) fn try_take(&self, after: impl FnOnce() -> bool) -> bool {
        let mut due = self.lock();
        let mut next = *due;
        let taken = self.pacer.take(&mut next, self.start.elapsed()).is_ok() && after();
        if taken {
            *due = next;
        }
        taken
    }

    /// Takes the next one and waits until it may be used.
    pub(super) async fn wait(&self) {
        let wait = {
            let now = self.start.elapsed();
            self.pacer.reserve(&mut self.lock(), now) - now
        };
        if !wait.is_zero() {
            sleep(wait).await;
        }
    }

    /// No code panics while it holds the lock; a poisoned one is as good.
    fn lock(&self) -> MutexGuard<'_, Option<Duration>> {
        self.due.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
