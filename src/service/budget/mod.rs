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
#[cfg(test)]
mod tests;

use std::num::NonZeroU32;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use tokio::sync::{Notify, oneshot};
use tokio::time::{sleep, timeout};

use self::books::Books;
pub use self::file::file_beside;
use self::own_rate::OwnRate;
use crate::delivery::account::{Departure, Lease, Refusal, Wish};
pub use crate::delivery::lanes::Lane;
use crate::delivery::lanes::Lanes;
use crate::delivery::pace::Allowance;

/// For how long requests that were taken together may leave together.
const TOGETHER: Duration = Duration::from_millis(2);
/// How old may be what is known of a pause.
const PAUSE_KNOWN_FOR: Duration = Duration::from_millis(2);

/// The file of a budget that cannot be used.
#[derive(Debug, thiserror::Error)]
#[error(
    "cannot use {path}, which holds the budget for every process on this store: {source}. The \
     folder of the store must be writable"
)]
pub struct BudgetError {
    path: String,
    source: std::io::Error,
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
}

#[derive(Debug)]
struct State {
    books: Books,
    lanes: Lanes<oneshot::Sender<()>>,
    /// Taken from the budget and not given to anybody yet.
    hand: Option<Lease>,
    /// Leaving now, with room for more.
    leaving: Option<(Departure, u32)>,
    /// What was asked of this process, until everybody knows it.
    pause_to_tell: Option<Duration>,
    /// Until when nothing is let out, and when that was last looked up.
    paused: (Duration, Duration),
    granted: [u64; Lane::ALL.len()],
    used: f64,
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
        let state = State {
            books,
            lanes: Lanes::default(),
            hand: None,
            leaving: None,
            pause_to_tell: None,
            paused: (Duration::ZERO, Duration::ZERO),
            granted: [0; Lane::ALL.len()],
            used: 0.0,
        };
        let shared = Arc::new(Shared {
            state: Mutex::new(state),
            queued: Notify::new(),
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
    pub async fn depart(&self) {
        let mut missed = None;
        loop {
            let (departure, now) = {
                let mut state = self.shared.lock();
                let departure = state.depart(missed.take());
                (departure, state.books.now())
            };
            match departure {
                Ok(departure) => {
                    if departure.at <= now {
                        return;
                    }
                    sleep(departure.at - now).await;
                    if self.shared.lock().books.now() <= departure.until {
                        return;
                    }
                    // Woken too late, or suspended: it counts when it leaves, not before.
                    missed = Some(departure);
                }
                Err(wait) => sleep(wait).await,
            }
        }
    }

    /// How much of what is allowed has left within the last window (a second, or longer for less
    /// than one request a second), from all processes: 0 to 1.
    pub fn used(&self) -> f64 {
        let mut state = self.shared.lock();
        if let Ok(used) = state.books.perform(&mut |account, now| account.used(now)) {
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

/// What the driver does next; times are those of the books.
enum Next {
    Granted,
    Nobody,
    Wait(Duration),
    /// The same, but not when somebody else queues up.
    Yield(Duration),
}

impl State {
    fn try_acquire(&mut self, lane: Lane) -> bool {
        let taken = self.lanes.is_empty() && self.take_now(lane);
        if taken {
            self.granted[lane.index()] += 1;
        }
        taken
    }

    fn take_now(&mut self, lane: Lane) -> bool {
        let now = self.books.now();
        if self.paused_until(now) > now {
            return false;
        }
        if self.hand_at(now).is_none() {
            let wish = match lane {
                Lane::Send(_) => Wish::Sends,
                Lane::Read => Wish::Readings,
            };
            let lease = self
                .books
                .perform(&mut |account, now| Ok(account.lease_now(now, wish)));
            self.hand = lease.ok().flatten();
        }
        self.take_from_hand(now)
    }

    /// When what is at hand may be used; none when nothing is, or not any more.
    fn hand_at(&mut self, now: Duration) -> Option<Duration> {
        self.hand = self
            .hand
            .filter(|hand| hand.requests > 0 && now <= hand.until);
        self.hand.map(|hand| hand.at)
    }

    fn take_from_hand(&mut self, now: Duration) -> bool {
        match &mut self.hand {
            // A lease that was just taken may be a moment younger than `now`.
            Some(hand) if hand.at <= now.max(self.books.now()) => {
                hand.requests -= 1;
                true
            }
            _ => false,
        }
    }

    /// Grants one request to whoever is next, or says how long to wait.
    fn grant(&mut self) -> Next {
        if self.lanes.is_empty() {
            self.tell_pause();
            return Next::Nobody;
        }
        let now = self.books.now();
        let paused_until = self.paused_until(now);
        if paused_until > now {
            // What was taken before the pause is not spent after it, beside everybody else's.
            self.hand = None;
            return Next::Wait(paused_until - now);
        }
        if self.hand_at(now).is_none() {
            let wish = match self.lanes.only_read() {
                true => Wish::Readings,
                false => Wish::Sends,
            };
            match self
                .books
                .perform(&mut |account, now| Ok(account.lease(now, wish)))
            {
                Ok(Ok(lease)) => self.hand = Some(lease),
                Ok(Err(Refusal::Paused(until))) => return Next::Wait(until.saturating_sub(now)),
                Ok(Err(Refusal::NotYet(until))) => return Next::Yield(until.saturating_sub(now)),
                Err(wait) => return Next::Wait(wait),
            }
        }
        let at = self.hand.map_or(now, |hand| hand.at);
        if !self.may_use(at) {
            return Next::Wait(at.saturating_sub(now));
        }
        while let Some((lane, waiter)) = self.lanes.pop(|waiter| !waiter.is_closed()) {
            if waiter.send(()).is_ok() {
                self.take_from_hand(now);
                self.granted[lane.index()] += 1;
                break;
            }
        }
        Next::Granted
    }

    fn may_use(&self, at: Duration) -> bool {
        at <= self.books.now()
    }

    fn pause(&mut self, wait: Duration) {
        let until = self.books.now() + wait;
        self.pause_to_tell = Some(self.pause_to_tell.map_or(until, |at| at.max(until)));
        self.tell_pause();
    }

    /// Lets everybody know of a pause, as soon as that is possible.
    fn tell_pause(&mut self) {
        let Some(until) = self.pause_to_tell else {
            return;
        };
        let told = self.books.perform(&mut |account, _| {
            account.pause(until);
            Ok(())
        });
        if told.is_ok() {
            self.pause_to_tell = None;
            self.paused.0 = self.paused.0.max(until);
        }
    }

    fn paused_until(&mut self, now: Duration) -> Duration {
        self.tell_pause();
        if now.saturating_sub(self.paused.1) >= PAUSE_KNOWN_FOR {
            self.paused = (self.books.paused_until(), now);
        }
        self.paused.0.max(self.pause_to_tell.unwrap_or_default())
    }

    /// A time to leave; `missed` is one that was had before.
    fn depart(&mut self, missed: Option<Departure>) -> Result<Departure, Duration> {
        let now = self.books.now();
        if let Some((leaving, left)) = &mut self.leaving
            && *left > 0
            && now <= leaving.at + TOGETHER
        {
            *left -= 1;
            return Ok(*leaving);
        }
        let departure = self.books.perform(&mut |account, now| match missed {
            Some(missed) => account.postpone(missed, now),
            None => account.depart(now),
        })?;
        self.leaving = Some((departure, departure.requests - 1));
        Ok(departure)
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
                let _ = timeout(wait, alive.queued.notified()).await;
            }
            Next::Nobody => {
                // Looks up now and then whether the budget is still there.
                let _ = timeout(Duration::from_secs(1), alive.queued.notified()).await;
            }
        }
    }
}
