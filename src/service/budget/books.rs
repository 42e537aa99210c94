//! Where the account of a budget is kept: in memory for one process, in a file for many.

use std::io;
use std::path::Path;
use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};
use tokio::time::Instant;

use super::file::SharedFile;
use crate::delivery::account::{Account, Book, Damaged};
use crate::delivery::pace::Allowance;

/// Something to do with an account, at a time.
pub(super) type Work<'a, T> = dyn FnMut(&mut Account<'_>, Duration) -> Result<T, Damaged> + 'a;

#[derive(Debug)]
pub(super) enum Books {
    /// In memory, by tokio's clock, so that paused time paces paused time.
    Alone { book: Box<Book>, start: Instant },
    /// In a file, by the machine's clock.
    Shared(Box<SharedFile>),
}

impl Books {
    pub(super) fn alone(allowance: Allowance, last_request: Option<Duration>) -> Books {
        let mut book = Box::new(Book::new(allowance));
        // The window reaches back before the start, so that time does not begin at zero.
        let begin = allowance.window() + last_request.unwrap_or_default();
        let start = Instant::now()
            .checked_sub(begin)
            .unwrap_or_else(Instant::now);
        if let Some(ago) = last_request {
            let last = start.elapsed().saturating_sub(ago);
            // Nothing in memory is ever damaged.
            let _ = book.account().assume_used(allowance, last);
        }
        Books::Alone { book, start }
    }

    pub(super) fn shared(
        path: &Path,
        allowance: Allowance,
        last_request: Option<Duration>,
    ) -> io::Result<Books> {
        let file = SharedFile::open(path, allowance, last_request)?;
        Ok(Books::Shared(Box::new(file)))
    }

    /// The time, from an instant that is the same for all who share the account.
    pub(super) fn now(&self) -> Duration {
        match self {
            Books::Alone { start, .. } => start.elapsed(),
            Books::Shared(_) => now(),
        }
    }

    /// Does some work on the account; or says how long to wait before trying again. Work may be
    /// done twice, and only the second time counts then.
    pub(super) fn perform<T>(&mut self, work: &mut Work<'_, T>) -> Result<T, Duration> {
        match self {
            Books::Alone { book, start } => {
                let done = work(&mut book.account(), start.elapsed());
                done.map_err(|Damaged| Duration::from_secs(1))
            }
            Books::Shared(file) => file.perform(work),
        }
    }

    /// How much of what is allowed has left within the last window, where it can be seen at once.
    /// Spends nothing and locks nothing.
    pub(super) fn used(&mut self) -> Option<f64> {
        match self {
            Books::Alone { book, start } => book.account().used(start.elapsed()).ok(),
            Books::Shared(file) => file.used(),
        }
    }

    /// Until when nothing is let out, as far as can be seen without waiting.
    pub(super) fn paused_until(&mut self) -> Duration {
        match self {
            Books::Alone { book, .. } => book.account().page.paused_until,
            Books::Shared(file) => file.paused_until(),
        }
    }
}

/// The machine's monotonic clock. It stands still while the machine is suspended.
pub(super) fn now() -> Duration {
    let now = clock_gettime(ClockId::Monotonic);
    Duration::new(now.tv_sec.unsigned_abs(), now.tv_nsec.unsigned_abs() as u32)
}
