//! What was spent of a budget, and when the next request may be let out and may leave.
//!
//! Two things in a row. A place in the sequence of all requests: the [`Pacer`] spaces places at the
//! allowed rate less a little headroom, and forgives a timer that rings late. And, at the very
//! moment of leaving, what no delay in between can fool: departures are evenly apart once more
//! ([`Exit`](super::pace::Exit)), and request k+n leaves no earlier than a window after request k,
//! whatever happened before it. A departure is written down when it happens, not before: who is
//! late, suspended or dead has not left.
//!
//! An account is one page of figures and a ring of departures. It does not matter where they lie,
//! nor how many processes take turns with them: whoever holds them goes on from there.

use std::time::Duration;

use super::lanes::SENDS_BEFORE_A_READING;
use super::pace::{Allowance, Pacer};

/// Departures that are kept: more than fit in a window.
pub const DEPARTURES_KEPT: u64 = 2048;
/// How long a process may take from one send to asking for the next.
const A_MOMENT: Duration = Duration::from_millis(3);
/// A lease that was not used for so long is lost. Long enough for a process that gets the processor
/// late: a single place in the sequence cannot make a burst.
const LEASED_FOR: Duration = Duration::from_millis(50);
/// For how long after its last request a process's stricter settings hold for the others.
const AGREED_FOR: Duration = Duration::from_secs(10);

/// The figures of an account. Times are offsets from an instant that is the same for everybody
/// who shares it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Page {
    /// What is allowed: the strictest of those who share the account.
    pub allowance: Allowance,
    /// Until then those who are allowed more keep to it.
    pub agreed_until: Duration,
    /// What the pacer of places remembers.
    pub due: Option<Duration>,
    /// What the pacer of departures remembers.
    pub next: Option<Duration>,
    /// Nothing is let out before.
    pub paused_until: Duration,
    /// For when the last lease for sends was taken.
    pub last_send: Duration,
    /// Leases for sends since the last one for readings.
    pub sends_in_a_row: u64,
    /// How many leases have departed, ever.
    pub departed: u64,
    /// When the last one did.
    pub last: Duration,
}

impl Page {
    /// Nothing was spent yet.
    pub fn new(allowance: Allowance) -> Page {
        Page {
            allowance,
            agreed_until: Duration::ZERO,
            due: None,
            next: None,
            paused_until: Duration::ZERO,
            last_send: Duration::ZERO,
            sends_in_a_row: 0,
            departed: 0,
            last: Duration::ZERO,
        }
    }
}

/// The times of the last [`DEPARTURES_KEPT`] departures, by their number.
pub trait Departures: std::fmt::Debug {
    /// When the departure with this number was.
    fn get(&self, number: u64) -> Result<Duration, Damaged>;
    /// Keeps it.
    fn set(&mut self, number: u64, at: Duration) -> Result<(), Damaged>;
}

/// What was kept is not there any more: nothing may be concluded from it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Damaged;

/// Departures in memory.
#[derive(Clone, Debug)]
pub struct Kept(Vec<Duration>);

impl Default for Kept {
    fn default() -> Kept {
        Kept(vec![Duration::ZERO; DEPARTURES_KEPT as usize])
    }
}

impl Departures for Kept {
    fn get(&self, number: u64) -> Result<Duration, Damaged> {
        Ok(self.0[(number % DEPARTURES_KEPT) as usize])
    }

    fn set(&mut self, number: u64, at: Duration) -> Result<(), Damaged> {
        self.0[(number % DEPARTURES_KEPT) as usize] = at;
        Ok(())
    }
}

/// Requests that were taken from the budget together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lease {
    /// When they may be let out.
    pub at: Duration,
    /// After that they are lost.
    pub until: Duration,
    /// How many are left.
    pub requests: u32,
}

/// What a lease is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wish {
    /// Sends, perhaps with readings beside them.
    Sends,
    /// Nothing but readings.
    Readings,
}

/// Why there is no lease now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// Nothing is let out before.
    Paused(Duration),
    /// It is the turn of others; to be asked again then, or for something else at once.
    NotYet(Duration),
}

/// Requests that leave now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Departure {
    /// Since when.
    pub at: Duration,
    /// How many may leave with it.
    pub requests: u32,
}

/// An account that is being looked at or changed.
#[derive(Debug)]
pub struct Account<'a> {
    /// Its figures.
    pub page: &'a mut Page,
    /// Its departures.
    pub departures: &'a mut dyn Departures,
}

impl Account<'_> {
    /// Starts anew as if the budget had been used evenly until `last`, by somebody who cannot be
    /// asked any more.
    pub fn assume_used(&mut self, allowance: Allowance, last: Duration) -> Result<(), Damaged> {
        *self.page = Page::new(allowance);
        let most = allowance.most();
        for back in (0..most).rev() {
            let at = last.saturating_sub(allowance.window() / most * back);
            self.departures.set(self.page.departed, at)?;
            self.page.departed += 1;
        }
        self.page.last = last;
        self.page.next = Some(allowance.exit().after(last));
        self.page.due = Some(last + allowance.gap());
        Ok(())
    }

    /// Starts anew as if the budget had been used up just now: nothing leaves for a window. That
    /// is right whatever happened before.
    pub fn assume_used_up(&mut self, allowance: Allowance, now: Duration) -> Result<(), Damaged> {
        let paused = self.page.paused_until;
        *self.page = Page::new(allowance);
        for number in 0..u64::from(allowance.most()) {
            self.departures.set(number, now)?;
        }
        self.page.departed = allowance.most().into();
        self.page.last = now;
        self.page.paused_until = paused.max(now + allowance.window());
        Ok(())
    }

    /// Settles what is allowed between those who share the account: the strictest of those who
    /// spent from it lately. A change costs a window without requests. Called before anything is
    /// spent; returns what is allowed.
    pub fn agree(&mut self, own: Allowance, now: Duration) -> Result<Allowance, Damaged> {
        let agreed = self.page.allowance;
        let stricter = agreed.stricter(own);
        if own == agreed {
            self.page.agreed_until = now + AGREED_FOR.max(own.window() * 2);
        } else if stricter != agreed || now >= self.page.agreed_until {
            let allowance = if stricter == agreed { own } else { stricter };
            let last = self.page.last.max(now);
            self.assume_used_up(allowance, last)?;
            self.page.agreed_until = now + AGREED_FOR.max(allowance.window() * 2);
        }
        Ok(self.page.allowance)
    }

    /// Takes the next lease, to be used now or later; or says until when there is none.
    pub fn lease(&mut self, now: Duration, wish: Wish) -> Result<Lease, Refusal> {
        self.unless_paused(now).map_err(Refusal::Paused)?;
        let mut due = self.page.due;
        let at = self.pacer().reserve(&mut due, now);
        self.turn(at, wish).map_err(Refusal::NotYet)?;
        self.page.due = due;
        Ok(self.lease_at(at))
    }

    /// Takes a lease if one is free at once.
    pub fn lease_now(&mut self, now: Duration, wish: Wish) -> Option<Lease> {
        self.unless_paused(now).ok()?;
        let mut due = self.page.due;
        self.pacer().take(&mut due, now).ok()?;
        self.turn(now, wish).ok()?;
        self.page.due = due;
        Some(self.lease_at(now))
    }

    /// Whether a lease may be had by somebody with this wish: readings leave sends alone for four
    /// turns, while somebody else sends. Says when to ask again where it may not.
    ///
    /// Sends are under way when each is followed by the next one as soon as the pace allows, and a
    /// moment; no turn is lost when they are not.
    fn turn(&mut self, at: Duration, wish: Wish) -> Result<(), Duration> {
        let page = &mut *self.page;
        if wish == Wish::Sends {
            page.sends_in_a_row += 1;
            page.last_send = at;
            return Ok(());
        }
        let gap = page.allowance.gap();
        let until = page.last_send + gap + A_MOMENT.min(gap / SENDS_BEFORE_A_READING);
        let is_due = page.sends_in_a_row >= SENDS_BEFORE_A_READING.into();
        if !is_due && !page.last_send.is_zero() && at < until {
            return Err(until);
        }
        page.sends_in_a_row = 0;
        Ok(())
    }

    fn unless_paused(&self, now: Duration) -> Result<(), Duration> {
        match self.page.paused_until {
            until if now < until => Err(until),
            _ => Ok(()),
        }
    }

    fn pacer(&self) -> Pacer {
        let allowance = self.page.allowance;
        Pacer::new(allowance.gap(), allowance.burst_of_leases())
    }

    fn lease_at(&self, at: Duration) -> Lease {
        let allowance = self.page.allowance;
        Lease {
            at,
            until: at + LEASED_FOR.max(allowance.gap()),
            requests: allowance.lease(),
        }
    }

    /// Lets nothing out before this, or before a later time that was said already.
    pub fn pause(&mut self, until: Duration) {
        self.page.paused_until = self.page.paused_until.max(until);
    }

    /// Lets requests leave that are ready `now`, or says when to ask again. `behind` is how many
    /// others of the same process are ready, too.
    pub fn depart(
        &mut self,
        now: Duration,
        behind: u32,
    ) -> Result<Result<Departure, Duration>, Damaged> {
        let allowance = self.page.allowance;
        let exit = allowance.exit();
        let next = self.next_departure()?;
        let earliest = exit
            .earliest(next)
            .max(self.page.last)
            .max(self.page.paused_until);
        if now < earliest {
            return Ok(Err(earliest));
        }
        self.departures.set(self.page.departed, now)?;
        self.page.departed += 1;
        self.page.last = now;
        self.page.next = Some(exit.taken(next, now));
        self.hold_back(now, behind);
        Ok(Ok(Departure {
            at: now,
            requests: allowance.lease(),
        }))
    }

    /// What the pacer of departures remembers, and not less than the guard of the window says:
    /// where the guard delays a departure, everything after it moves with it, so that what left
    /// in a bunch is not a bunch again a window later.
    fn next_departure(&self) -> Result<Option<Duration>, Damaged> {
        let allowance = self.page.allowance;
        let Some(before) = self.page.departed.checked_sub(allowance.most().into()) else {
            return Ok(self.page.next);
        };
        let guard = self.departures.get(before)? + allowance.guard();
        Ok(self.page.next.max(Some(allowance.exit().not_before(guard))))
    }

    /// Where requests are ready and cannot leave yet, no places are given to others meanwhile:
    /// their intents would be recorded long before they leave.
    fn hold_back(&mut self, now: Duration, behind: u32) {
        let allowance = self.page.allowance;
        let gap = allowance.gap();
        let ready = gap.saturating_mul(behind.div_ceil(allowance.lease()));
        let held = (now + ready + gap).saturating_sub(allowance.exit().ahead());
        self.page.due = self.page.due.max(Some(held));
    }

    /// How much of what a window allows has left within the last one: 0 to 1.
    pub fn used(&self, now: Duration) -> Result<f64, Damaged> {
        let allowance = self.page.allowance;
        let most = u64::from(allowance.most()).min(self.page.departed);
        let since = now.saturating_sub(allowance.window());
        // Departures are in order, so the first one within is found by halving.
        let (mut first, mut end) = (self.page.departed - most, self.page.departed);
        while first < end {
            let middle = first + (end - first) / 2;
            if self.departures.get(middle)? > since {
                end = middle;
            } else {
                first = middle + 1;
            }
        }
        let within = self.page.departed - first;
        Ok(within as f64 / f64::from(allowance.most()))
    }
}

/// An account in memory.
#[derive(Clone, Debug)]
pub struct Book {
    page: Page,
    departures: Kept,
}

impl Book {
    /// Nothing was spent yet.
    pub fn new(allowance: Allowance) -> Book {
        Book {
            page: Page::new(allowance),
            departures: Kept::default(),
        }
    }

    /// The account, to look at or change.
    pub fn account(&mut self) -> Account<'_> {
        Account {
            page: &mut self.page,
            departures: &mut self.departures,
        }
    }
}

#[cfg(test)]
#[path = "account_even_tests.rs"]
mod even_tests;
#[cfg(test)]
#[path = "account_tests.rs"]
mod tests;
