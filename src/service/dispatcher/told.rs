//! What is told of a run under way: whether it waits, until when, and why nothing comes of it.

use std::time::Duration;

use jiff::Timestamp;
use tokio::time::Instant;

use super::Shell;
use crate::delivery::dispatch::Dispatcher;
use crate::journal::Journal;
use crate::service::progress::Phase;

/// A wait for Desk that is shorter than this is not worth a time.
const WORTH_A_TIME: Duration = Duration::from_secs(2);

impl<J: Journal + 'static> Shell<J> {
    /// The watchdog: says why a run does not progress.
    pub(super) fn bark(&mut self, dispatcher: &Dispatcher) {
        let stalled = self.progressed_at.elapsed();
        self.progressed_at = Instant::now();
        if self.sender.progress.is_waiting_for_something() {
            return;
        }
        tracing::warn!(
            stalled_secs = stalled.as_secs(),
            requests_in_flight = self.sizes.len(),
            journal_pieces_pending = self.pending,
            why = dispatcher.why_not_now(),
            "no batch has come to an end for a while"
        );
    }

    pub(super) fn show_phase(&mut self, dispatcher: &Dispatcher) {
        let paused = self.sender.budget.paused_for();
        let others_wait = paused > WORTH_A_TIME;
        let phase = if dispatcher.is_waiting() || others_wait {
            Phase::Waiting
        } else {
            Phase::Sending
        };
        let now = self.start.elapsed();
        let until = dispatcher
            .waits_until()
            .max(others_wait.then(|| now + paused));
        let known = self.waits_until.filter(|(known, _)| {
            until.is_some_and(|until| until.abs_diff(*known) < Duration::from_millis(50))
        });
        self.waits_until = known.or_else(|| {
            let until = until?;
            let left = until.saturating_sub(now);
            let at = Timestamp::now().saturating_add(left).ok()?;
            (left > WORTH_A_TIME).then_some((until, at))
        });
        let waits_until = self.waits_until.map(|(_, at)| at);
        self.sender.progress.update(|snapshot| {
            snapshot.phase = phase;
            snapshot.waits_until = waits_until;
        });
    }
}
