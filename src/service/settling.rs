//! Looking for the unknown batches of a run that nobody sends: the one way to claim it, look, and
//! give it up again.
//!
//! Who looks is in nobody's way. An order to the run, or somebody who wants to send it, ends the
//! looking within a moment, and what was ordered is carried out when the run is given up.

use std::time::Duration;

use jiff::Timestamp;
use tokio_util::sync::CancellationToken;

use super::orders::{LOOK_EVERY, OrderBook};
use super::reconciler::Reconciled;
use super::voyage::{Line, sent};
use crate::delivery::reconcile::Scope;
use crate::journal::runs::RunRecord;
use crate::journal::{Fence, Journal as _, JournalError, Purpose, RunId, StoreJournal, clock};

/// How long to wait where orders could not be looked for.
const LOOK_AGAIN: Duration = Duration::from_secs(5);

/// Who sends what was proved absent and planned again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SentBy {
    /// Whoever runs the campaign next.
    Anybody,
    /// The daemon, by itself.
    Daemon,
}

/// Looks for the unknown batches of a run. None where there are none, or where somebody sends the
/// run or looks already.
///
/// # Errors
/// When the journal fails.
pub async fn settle(
    line: &Line<StoreJournal>,
    run: &RunRecord,
    scope: Scope,
    sent_by: SentBy,
    stop: &CancellationToken,
) -> Result<Option<Reconciled>, JournalError> {
    let id = run.id;
    let claimed = line
        .recorder
        .call(move |journal| match journal.unknowns(id)?.is_empty() {
            true if sent_by == SentBy::Anybody => Ok(None),
            _ => journal.claim(id, Purpose::Settling, clock::now()).map(Some),
        })
        .await;
    let claim = match claimed {
        Ok(None) | Err(JournalError::Owned(_)) => return Ok(None),
        Ok(Some(claim)) => claim,
        Err(error) => return Err(error),
    };
    let ordered = stop.child_token();
    let reconciler = line.reconciler(ordered.clone());
    let sent = sent(run);
    let looking = reconciler.reconcile(claim.fence, &sent, claim.unknown, scope);
    let heeding = async {
        heed(line, id).await;
        tracing::info!(run = %run.key, "stops looking for unknown batches: something else was ordered");
        ordered.cancel();
        std::future::pending::<()>().await;
    };
    let done = tokio::select! {
        done = looking => done,
        () = heeding => Ok(Reconciled::default()),
    };
    let resend = done.as_ref().is_ok_and(|done| done.resent > 0);
    line.recorder
        .call(move |journal| give_up(journal, claim.fence, resend, sent_by))
        .await?;
    done.map(Some)
}

/// Returns when an order to the run is pending, or somebody wants to send it.
async fn heed(line: &Line<StoreJournal>, run: RunId) {
    let mut book = None;
    loop {
        if line.store.is_wanted(run) {
            return;
        }
        let opened = match book.take() {
            Some(book) => Ok(book),
            None => OrderBook::open(&line.store),
        };
        let wait = match opened.and_then(|mut book| Ok((book.changed()?, book))) {
            Ok((orders, kept)) => {
                book = Some(kept);
                if orders.iter().flatten().any(|order| order.run == Some(run)) {
                    return;
                }
                LOOK_EVERY
            }
            Err(error) => {
                tracing::warn!(%error, "orders could not be looked for");
                LOOK_AGAIN
            }
        };
        tokio::time::sleep(wait).await;
    }
}

/// Gives a run up that was claimed to look for its unknown batches, and carries out what was
/// ordered meanwhile.
fn give_up(
    journal: &mut StoreJournal,
    fence: Fence,
    resend: bool,
    sent_by: SentBy,
) -> Result<(), JournalError> {
    let now = Timestamp::now();
    let reopened = match resend {
        true => {
            let adopted = match sent_by {
                SentBy::Daemon => journal.adopt(fence.run),
                SentBy::Anybody => Ok(()),
            };
            let note = "batches that were unknown are proved absent, and planned again";
            adopted.and_then(|()| journal.reopen(fence, note, now))
        }
        false => Ok(()),
    };
    journal.unclaim(fence);
    reopened?;
    // Orders that came meanwhile found a process that has the run, and that one does not send.
    journal.obey_where_idle(fence.run, now).map(drop)
}
