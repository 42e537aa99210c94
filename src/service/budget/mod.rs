//! One application, one budget, whoever spends it: sends, readings, questions, every process.
//!
//! Two things in a row let a request out, and [`crate::delivery`] decides both: whose turn it is
//! ([`lanes`](crate::delivery::lanes)), and when the next one may go
//! ([`account`](crate::delivery::account)). Where something waits, this process holds one place in
//! the sequence of all requests, and decides at the last moment who goes with it. Processes that
//! share a store take turns that way: each gets its place in the order in which they asked, and one
//! that dies or is suspended costs the others no more than the place it held.

mod books;
mod file;
mod own_rate;
mod page;
mod spend;
mod state;
#[cfg(test)]
mod tests;

use std::num::NonZeroU32;
use std::path::Path;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use tokio::sync::{Notify, oneshot};
use tokio::time::{sleep, timeout};

use self::books::Books;
pub use self::file::{departures, file_beside};
use self::own_rate::OwnRate;
pub use self::spend::Throttled;
use self::state::{Next, State};
pub use crate::delivery::lanes::Lane;
use crate::delivery::pace::Allowance;
use crate::journal::limits;

/// How often the driver looks whether the budget is still there.
const LOOK_UP_EVERY: Duration = Duration::from_secs(1);
/// The file of a budget that cannot be used.
#[derive(Debug, thiserror::Error)]
#[error(
    "cannot use {path}, which holds the budget for every process on this store: {source}. {}",
    advice(source)
)]
pub struct BudgetError {
    path: String,
    source: std::io::Error,
}

fn advice(error: &std::io::Error) -> &'static str {
    match limits::is_too_many_files(error) {
        true => limits::MORE_FILES,
        false => "The folder of the store must be writable",
    }
}

/// The budget of one application. Clones share it.
#[derive(Clone, Debug)]
pub struct Budget {
    shared: Arc<Shared>,
    /// A slower rate, of whoever has this handle.
    own_rate: Option<Arc<OwnRate>>,
}

#[derive(Debug)]
struct Shared {
    state: Mutex<State>,
    /// Wakes the driver when somebody queues up.
    queued: Notify,
    /// Who leaves next.
    exit: tokio::sync::Mutex<()>,
    /// How many are ready to leave.
    ready: AtomicU32,
    /// Answers in a row with which Desk asked for patience and named no time.
    unnamed_in_a_row: AtomicU32,
}

/// A request that is ready to leave.
struct Ready<'a>(&'a AtomicU32);

impl<'a> Ready<'a> {
    fn new(shared: &'a Shared) -> Ready<'a> {
        shared.ready.fetch_add(1, Ordering::Relaxed);
        Ready(&shared.ready)
    }
}

impl Drop for Ready<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Budget {
    /// A budget of this process alone: so many requests a second, of which `burst` may leave at
    /// once after a quiet time. `last_request` is how long ago this application's last known
    /// request left: the budget goes on as if it had been used evenly until then, so a restart
    /// bursts nothing.
    ///
    /// Must be called on a tokio runtime.
    pub fn new(
        requests_per_second: f64,
        burst: NonZeroU32,
        last_request: Option<Duration>,
    ) -> Budget {
        let allowance = Allowance::new(requests_per_second, burst);
        Budget::of(Books::alone(allowance, last_request))
    }

    /// The budget that every process with this file shares: see [`file_beside`]. `last_request`
    /// counts only where the file is new.
    ///
    /// Must be called on a tokio runtime.
    ///
    /// # Errors
    /// When the file cannot be opened or made.
    pub fn shared(
        path: &Path,
        requests_per_second: f64,
        burst: NonZeroU32,
        last_request: Option<Duration>,
    ) -> Result<Budget, BudgetError> {
        let allowance = Allowance::new(requests_per_second, burst);
        let books = Books::shared(path, allowance, last_request);
        books.map(Budget::of).map_err(|source| BudgetError {
            path: path.display().to_string(),
            source,
        })
    }

    fn of(books: Books) -> Budget {
        let shared = Arc::new(Shared {
            state: Mutex::new(State::new(books)),
            queued: Notify::new(),
            exit: tokio::sync::Mutex::new(()),
            ready: AtomicU32::new(0),
            unnamed_in_a_row: AtomicU32::new(0),
        });
        tokio::spawn(drive(Arc::downgrade(&shared)));
        Budget {
            shared,
            own_rate: None,
        }
    }

    /// The same budget for somebody who may spend no more than this of it, in requests a second:
    /// evenly paced, in this process. Clones of the new handle share that rate, too.
    pub fn limited(&self, requests_per_second: f64) -> Budget {
        Budget {
            shared: Arc::clone(&self.shared),
            own_rate: Some(Arc::new(OwnRate::new(requests_per_second))),
        }
    }

    /// Takes a request from the budget if one is free at once and nobody was here before.
    pub fn try_acquire(&self, lane: Lane) -> bool {
        match &self.own_rate {
            Some(own) => own.try_take(|| self.shared.lock().try_acquire(lane)),
            None => self.shared.lock().try_acquire(lane),
        }
    }

    /// Waits for a request from the budget. `key` is the run that it is for, or anything else that
    /// is to have its turn beside others of the same lane.
    pub async fn acquire(&self, lane: Lane, key: u64) {
        if let Some(own) = &self.own_rate {
            own.wait().await;
        }
        if self.shared.lock().try_acquire(lane) {
            return;
        }
        let (grant, granted) = oneshot::channel();
        self.shared.lock().lanes.push(lane, key, grant);
        self.shared.queued.notify_one();
        // The sender is dropped only with the budget itself, and then nobody waits.
        let _ = granted.await;
    }

    /// Holds every request back for this long, of every process, and longer if it was held longer
    /// already.
    pub fn pause(&self, wait: Duration) {
        self.shared.lock().pause(wait);
        self.shared.queued.notify_one();
    }

    /// Returns at the moment at which an acquired request may leave. Called right before it does.
    /// Who does not wait for the end of it has not left, and takes nothing from anybody.
    pub async fn depart(&self) {
        let _ready = Ready::new(&self.shared);
        // One at a time, in the order in which they are ready.
        let _turn = self.shared.exit.lock().await;
        loop {
            let behind = self.shared.ready.load(Ordering::Relaxed).saturating_sub(1);
            let departure = self.shared.lock().depart(behind);
            match departure {
                Ok(()) => return,
                Err(wait) => sleep(wait).await,
            }
        }
    }

    /// How long nothing is let out from now, as far as this process knows.
    pub fn paused_for(&self) -> Duration {
        self.shared.lock().paused_for()
    }

    /// How much of what is allowed has left within the last window (a second, or longer for less
    /// than one request a second), from all processes: 0 to 1.
    pub fn used(&self) -> f64 {
        let mut state = self.shared.lock();
        if let Some(used) = state.books.used() {
            state.used = used;
        }
        state.used
    }

    /// How many requests this process has taken from the budget in this lane.
    pub fn granted(&self, lane: Lane) -> u64 {
        self.shared.lock().granted[lane.index()]
    }
}

impl Shared {
    /// No code panics while it holds the lock; a poisoned one is as good.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Serves the queues until the budget is dropped.
async fn drive(shared: Weak<Shared>) {
    loop {
        let Some(alive) = shared.upgrade() else {
            return;
        };
        let next = alive.lock().grant();
        match next {
            Next::Granted => {}
            Next::Wait(wait) => {
                // A pause may begin in the meantime: that is looked up again afterwards.
                drop(alive);
                sleep(wait).await;
            }
            Next::Yield(wait) => {
                let wait = wait.min(LOOK_UP_EVERY);
                let _ = timeout(wait, alive.queued.notified()).await;
            }
            Next::Nobody => {
                let _ = timeout(LOOK_UP_EVERY, alive.queued.notified()).await;
            }
        }
    }
}
