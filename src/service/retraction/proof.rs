//! Reading the deletion logs afterwards: what Desk itself says was deleted, and by whom.

use std::collections::HashSet;
use std::time::Duration;

use jiff::tz::TimeZone;
use jiff::{Span, Timestamp};
use tokio::time::sleep;

use super::{Retraction, Stopped};
use crate::delivery::lanes::NO_RUN;
use crate::desk::{BadQuery, Deletion, DeletionDays, ListError, ReadError, RequestedFrom};
use crate::journal::{JournalError, StoreJournal};
use crate::service::budget::Lane;

/// How often the logs are read where they do not show everything at first.
const ROUNDS: u32 = 3;
/// The distance between.
const DISTANCE: Duration = Duration::from_secs(2);
/// A page that could not be read this often in a row is given up.
const TRIES: u32 = 6;

/// What became of the proof.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Proof {
    /// The logs were read to the end; the store knows what they show.
    Read,
    /// They could not be, for this reason.
    Unread(String),
}

impl Retraction {
    /// Reads the logs until they show everything that was deleted, three times at most.
    pub(super) async fn prove(&self) -> Result<Proof, Stopped> {
        let id = self.id;
        for round in 1..=ROUNDS {
            let unproved = move |journal: &mut StoreJournal| journal.unproved(id);
            let (messages, began) = self.recorder.call(unproved).await?;
            if messages.is_empty() {
                break;
            }
            if round > 1 {
                sleep(DISTANCE).await;
            }
            let wanted: HashSet<u64> = messages.into_iter().collect();
            if let Err(why) = self.read_logs(wanted, began).await? {
                return Ok(Proof::Unread(why));
            }
        }
        Ok(Proof::Read)
    }

    /// Reads the logs once, until everything is found. The inner error says why they could not be
    /// read to their end.
    async fn read_logs(
        &self,
        mut wanted: HashSet<u64>,
        began: Option<Timestamp>,
    ) -> Result<Result<(), String>, Stopped> {
        let days = match days(began) {
            Ok(days) => days,
            Err(error) => return Ok(Err(error.to_string())),
        };
        let mut pages = self.means.desk.deletions(days);
        let mut failures = 0;
        while !wanted.is_empty() {
            if self.means.stop.is_cancelled() {
                return Err(Stopped::Told);
            }
            let page = self.means.budget.spend(Lane::Read, NO_RUN, pages.next());
            match page.await {
                Ok(None) => break,
                Ok(Some(page)) => {
                    failures = 0;
                    self.keep_logs(&mut wanted, page.items).await?;
                }
                Err(ListError::Read(ReadError::Throttled(_))) => {}
                Err(error) => {
                    failures += 1;
                    if failures >= TRIES {
                        return Ok(Err(error.to_string()));
                    }
                    match error {
                        ListError::Read(_) => sleep(Duration::from_millis(250 << failures)).await,
                        // Somebody else deletes, too: what was found is kept.
                        _ => pages.restart(),
                    }
                }
            }
        }
        Ok(Ok(()))
    }

    async fn keep_logs(
        &self,
        wanted: &mut HashSet<u64>,
        logs: Vec<Deletion>,
    ) -> Result<(), JournalError> {
        let ours = |log: Deletion| {
            let message = log.message_id?.0;
            let from = log.requested_from.unwrap_or(RequestedFrom::PlatformApi);
            wanted
                .remove(&message)
                .then(|| (message, from.as_str().to_owned()))
        };
        let found: Vec<(u64, String)> = logs.into_iter().filter_map(ours).collect();
        let id = self.id;
        self.recorder
            .call(move |journal| journal.keep_proof(id, &found, 1))
            .await
    }
}

/// From the day before the retraction began, as clocks differ, to today, and a year at most.
fn days(began: Option<Timestamp>) -> Result<DeletionDays, BadQuery> {
    let utc = |at: Timestamp| at.to_zoned(TimeZone::UTC).date();
    let today = utc(Timestamp::now());
    let first = began.map_or(today, utc).saturating_sub(Span::new().days(1));
    let first = first.max(today.saturating_sub(Span::new().years(1)));
    DeletionDays::new(Some(first.min(today)), Some(today), today)
}
