//! The moment before a request leaves: its intent is durable, and it can still be taken back.

use std::time::Duration;

use tokio_util::sync::CancellationToken;

use crate::service::budget::Budget;

/// A pause of Desk that is longer than this is not waited out with an intent at hand.
const A_MOMENT: Duration = Duration::from_millis(250);
/// How often it is looked whether there is such a pause.
const LOOK_EVERY: Duration = Duration::from_millis(100);

/// Waits until a request may leave. False when it is recalled before, or Desk asks for more than a
/// moment of patience: then it is not to leave at all.
pub(super) async fn departs(budget: &Budget, recall: &CancellationToken) -> bool {
    let departure = budget.depart();
    tokio::pin!(departure);
    loop {
        if budget.paused_for() > A_MOMENT {
            return false;
        }
        tokio::select! {
            biased;
            () = recall.cancelled() => return false,
            () = &mut departure => return true,
            () = tokio::time::sleep(LOOK_EVERY) => {}
        }
    }
}
