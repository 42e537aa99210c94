//! One call to Desk, paid for: whose turn it is, when it leaves, and what Desk's wish for patience
//! does to everybody else.

use std::sync::atomic::Ordering;
use std::time::Duration;

use super::{Budget, Lane};
use crate::desk::{DeleteError, ListError, ReadError};

/// How long everybody waits where Desk asks for patience and names no time: this, doubling with
/// every such answer in a row, up to [`LONGEST_UNNAMED`].
const FIRST_UNNAMED: Duration = Duration::from_millis(250);
/// The longest wait that Desk has not asked for.
const LONGEST_UNNAMED: Duration = Duration::from_secs(16);

/// A failure that may be Desk's wish for patience.
pub trait Throttled {
    /// The wait that Desk asks for, if it asks for patience; none inside where it names no time.
    fn throttled(&mut self) -> Option<&mut Option<Duration>>;
}

impl Throttled for ReadError {
    fn throttled(&mut self) -> Option<&mut Option<Duration>> {
        match self {
            ReadError::Throttled(asked) => Some(asked),
            _ => None,
        }
    }
}

impl Throttled for ListError {
    fn throttled(&mut self) -> Option<&mut Option<Duration>> {
        match self {
            ListError::Read(error) => error.throttled(),
            _ => None,
        }
    }
}

impl Throttled for DeleteError {
    fn throttled(&mut self) -> Option<&mut Option<Duration>> {
        match self {
            DeleteError::Throttled(asked) => Some(asked),
            _ => None,
        }
    }
}

impl Budget {
    /// Makes one call to Desk: waits for its turn, and lets it leave no sooner than it may. `key` is
    /// as in [`Budget::acquire`].
    ///
    /// Where Desk asks for patience, every request of every process waits; for how long is in the
    /// error then, also where Desk named no time.
    ///
    /// # Errors
    /// Those of the call.
    pub async fn spend<T, E: Throttled>(
        &self,
        lane: Lane,
        key: u64,
        call: impl Future<Output = Result<T, E>>,
    ) -> Result<T, E> {
        self.turn(lane, key).await;
        let mut result = call.await;
        match &mut result {
            Ok(_) => self.shared.unnamed_in_a_row.store(0, Ordering::Relaxed),
            Err(error) => {
                if let Some(asked) = error.throttled() {
                    self.pause(*asked.get_or_insert_with(|| self.unnamed_wait()));
                }
            }
        }
        result
    }

    /// Returns at the moment at which one request may leave.
    pub async fn turn(&self, lane: Lane, key: u64) {
        self.acquire(lane, key).await;
        self.depart().await;
    }

    /// Answers in flight together ask together: one wait answers them all.
    fn unnamed_wait(&self) -> Duration {
        let paused = self.paused_for();
        if !paused.is_zero() {
            return paused;
        }
        let before = self.shared.unnamed_in_a_row.fetch_add(1, Ordering::Relaxed);
        FIRST_UNNAMED
            .saturating_mul(1 << before.min(6))
            .min(LONGEST_UNNAMED)
    }
}
