//! What to do where a page could not be read: whose failure it is, and when it is tried again.

use std::time::Duration;

use super::{FORBIDDEN, NoDesk, Reader};
use crate::delivery::transcript::{Part, Weight};
use crate::desk::{ChatMessage, Pages, ReadError};

/// A page that could not be read this often is given up with its ticket, when Desk serves others.
const TRIES: u32 = 6;
/// A ticket whose list moves under the reading is begun anew this often.
const BEGINNINGS: u32 = 5;
/// The first try again after a page failed; it doubles from there.
const FIRST_RETRY: Duration = Duration::from_millis(250);

impl<P: Weight + Send + 'static> Reader<'_, P> {
    /// A page could not be read. An error ends the reading.
    pub(super) fn failed(
        &mut self,
        at: usize,
        pages: Pages<ChatMessage>,
        error: ReadError,
    ) -> Result<(), NoDesk> {
        let why = error.to_string();
        match error {
            // Without a code it is not known what Desk means: its words may have been cut.
            ReadError::Refused(words) if words.code.is_none() => {
                self.well_served();
                self.try_later(at, pages, &why, true);
            }
            ReadError::NotFound(_) | ReadError::Refused(_) => {
                self.well_served();
                self.through(at, Part::Unread(why));
            }
            ReadError::Halted(words) if words.status == Some(403) => {
                self.forbidden += 1;
                if !self.shown && self.forbidden >= FORBIDDEN {
                    return Err(NoDesk(format!(
                        "Desk shows none of the tickets ({why}). Check the API token and desk.base_url"
                    )));
                }
                self.through(at, Part::Unread(why));
            }
            ReadError::Halted(_) => {
                return Err(NoDesk(format!(
                    "Desk refused to show messages ({why}). Check the API token and desk.base_url"
                )));
            }
            ReadError::Throttled(asked) => {
                self.means.watched.update(|counts| counts.throttled += 1);
                self.again(at, pages, asked.unwrap_or_default(), true);
            }
            ReadError::Failed(words) => {
                self.patience.unserved(self.began.elapsed(), None);
                if self.patience.is_over(self.began.elapsed()) {
                    return Err(NoDesk(format!(
                        "Desk could not be reached for long ({why})"
                    )));
                }
                self.try_later(at, pages, &why, words.code.is_some());
            }
        }
        Ok(())
    }

    /// A page failed. It is the ticket's own failure when Desk served others since the last one.
    /// With nobody left to ask for, it is when Desk itself says so, with a code, for minutes. So an
    /// outage gives no ticket up.
    fn try_later(&mut self, at: usize, pages: Pages<ChatMessage>, why: &str, says_so: bool) {
        let Some(open) = self.open.get_mut(&at) else {
            return;
        };
        open.failures += 1;
        let is_last = self.next >= self.tickets.len();
        let for_long = is_last && says_so && open.failures > 2 * TRIES;
        if for_long || self.served > open.served_before {
            open.own_failures += 1;
        }
        open.served_before = self.served;
        if open.own_failures >= TRIES {
            return self.through(at, Part::Unread(format!("{why} ({TRIES} times)")));
        }
        let wait = backoff(open.failures - 1);
        self.again(at, pages, wait, false);
    }

    /// The list of a ticket moved under the reading.
    pub(super) fn begin_anew(&mut self, at: usize, mut pages: Pages<ChatMessage>) {
        let Some(open) = self.open.get_mut(&at) else {
            return;
        };
        open.beginnings += 1;
        if open.beginnings > BEGINNINGS {
            let why =
                format!("its messages kept changing while they were read ({BEGINNINGS} times)");
            return self.through(at, Part::Unread(why));
        }
        pages.restart();
        self.order.push(at, Part::Again);
        self.again(at, pages, FIRST_RETRY, true);
    }
}

/// How long to wait after so many failures in a row: a quarter of a second, doubling to 16.
fn backoff(failures: u32) -> Duration {
    FIRST_RETRY * 2_u32.pow(failures.min(6))
}
