//! What one process has of a budget: who waits, what is at hand, what leaves now.

use std::time::Duration;

use tokio::sync::oneshot;

use super::Lane;
use super::books::Books;
use crate::delivery::account::{Departure, Lease, Refusal, Wish};
use crate::delivery::lanes::Lanes;

/// For how long requests that were taken together may leave together.
const TOGETHER: Duration = Duration::from_millis(2);
/// How old may be what is known of a pause.
const PAUSE_KNOWN_FOR: Duration = Duration::from_millis(2);

#[derive(Debug)]
pub(super) struct State {
    pub(super) books: Books,
    pub(super) lanes: Lanes<oneshot::Sender<()>>,
    /// Taken from the budget and not given to anybody yet.
    hand: Option<Lease>,
    /// Leaving now, with room for more.
    leaving: Option<(Departure, u32)>,
    /// What was asked of this process, until everybody knows it.
    pause_to_tell: Option<Duration>,
    /// Until when nothing is let out, and when that was last looked up.
    paused: (Duration, Duration),
    /// What was granted, by lane.
    pub(super) granted: [u64; Lane::ALL.len()],
    /// What the gauge showed last.
    pub(super) used: f64,
}

/// What the driver does next; times are those of the books.
pub(super) enum Next {
    Granted,
    Nobody,
    Wait(Duration),
    /// The same, but not when somebody else queues up.
    Yield(Duration),
}

impl State {
    pub(super) fn new(books: Books) -> State {
        State {
            books,
            lanes: Lanes::default(),
            hand: None,
            leaving: None,
            pause_to_tell: None,
            paused: (Duration::ZERO, Duration::ZERO),
            granted: [0; Lane::ALL.len()],
            used: 0.0,
        }
    }

    pub(super) fn try_acquire(&mut self, lane: Lane) -> bool {
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
    pub(super) fn grant(&mut self) -> Next {
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

    pub(super) fn pause(&mut self, wait: Duration) {
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

    /// How long nothing is let out from now.
    pub(super) fn paused_for(&mut self) -> Duration {
        let now = self.books.now();
        self.paused_until(now).saturating_sub(now)
    }

    /// Lets a request leave now, or says how long to wait. `behind` is how many others wait to
    /// leave.
    pub(super) fn depart(&mut self, behind: u32) -> Result<(), Duration> {
        let now = self.books.now();
        if let Some((leaving, left)) = &mut self.leaving
            && *left > 0
            && now <= leaving.at + TOGETHER
        {
            *left -= 1;
            return Ok(());
        }
        let departure = self
            .books
            .perform(&mut |account, now| account.depart(now, behind))?
            .map_err(|at| at.saturating_sub(now))?;
        self.leaving = Some((departure, departure.requests - 1));
        Ok(())
    }
}
