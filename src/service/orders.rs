//! Obeying orders: whoever sends a run looks for orders to it several times a second.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use crate::journal::orders::{Order, Verb};
use crate::journal::{JournalError, RunId, RunState, Store, StoreUrl};

/// How often it is looked whether there are orders. An order is obeyed within a second.
pub const LOOK_EVERY: Duration = Duration::from_millis(200);
/// How long to wait where that failed.
const LOOK_AGAIN: Duration = Duration::from_secs(5);

/// The orders in a store, looked up only when the store has changed.
#[derive(Debug)]
pub struct OrderBook {
    store: Store,
    version: Option<i64>,
}

impl OrderBook {
    /// The orders of this store.
    pub fn open(store: &StoreUrl) -> Result<OrderBook, JournalError> {
        Ok(OrderBook {
            store: store.read()?,
            version: None,
        })
    }

    /// The orders that are pending, where the store has changed since this was last asked.
    pub fn changed(&mut self) -> Result<Option<Vec<Order>>, JournalError> {
        let version = self.store.version()?;
        if self.version == Some(version) {
            return Ok(None);
        }
        let orders = self.store.pending_orders()?;
        self.version = Some(version);
        Ok(Some(orders))
    }
}

/// What a run under way is stopped by, and with which word.
#[derive(Clone, Debug, Default)]
pub struct Reins {
    /// Cancelled when the run is to stop.
    pub stop: CancellationToken,
    word: Arc<OnceLock<(RunState, String)>>,
}

impl Reins {
    /// Reins that are pulled when `process` is told to stop, too.
    pub fn under(process: &CancellationToken) -> Reins {
        Reins {
            stop: process.child_token(),
            word: Arc::default(),
        }
    }

    /// Obeys an order to the run, where it is one that stops it.
    pub fn obey(&self, order: &Order) {
        match order.verb {
            Verb::Pause => self.hold(RunState::Paused, order.note()),
            Verb::Cancel => self.hold(RunState::Cancelled, order.note()),
            Verb::Resume | Verb::Launch | Verb::Approve => {}
        }
    }

    /// Stops the run in this state. The first word counts.
    pub fn hold(&self, state: RunState, note: String) {
        if self.word.set((state, note)).is_ok() {
            self.stop.cancel();
        }
    }

    /// The state in which the run was told to stop, and the note for it.
    pub fn word(&self) -> Option<(RunState, String)> {
        self.word.get().cloned()
    }
}

/// Looks for orders to one run, for as long as it is polled.
pub async fn heed(mut book: OrderBook, run: RunId, reins: Reins) {
    loop {
        let wait = match book.changed() {
            Ok(orders) => {
                let ours = |order: &&Order| order.run == Some(run);
                let orders = orders.iter().flatten().filter(ours);
                orders.for_each(|order| reins.obey(order));
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
