//! What a simulation went through: a proof over calm seeds would be none.

use deskcast::sandbox::{Answer, Delivery};

/// Sums over all seeds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Figures {
    pub(crate) seeds: u64,
    pub(crate) happenings: u64,
    pub(crate) runs: u64,
    pub(crate) creates: u64,
    pub(crate) commits: u64,
    pub(crate) kills: u64,
    pub(crate) lost_answers: u64,
    pub(crate) server_errors: u64,
    pub(crate) throttled: u64,
    pub(crate) recovered: u64,
    pub(crate) unknown: u64,
    pub(crate) settled: u64,
    /// Of them, found in Desk by reconciling.
    pub(crate) found: u64,
    /// Of them, proved absent and planned again.
    pub(crate) resent: u64,
    /// Known chats whose time of making was read for such a proof.
    pub(crate) dated: u64,
    /// Held by Desk, and not found by reconciling.
    pub(crate) overlooked: u64,
    pub(crate) splits: u64,
    /// First waves that were judged, batches that were split in them, and those that went wrong.
    pub(crate) waves: u64,
    pub(crate) wave_splits: u64,
    pub(crate) held: u64,
    /// Copies of the store that were refused, those that were adopted instead of it, and beside it.
    pub(crate) copies: u64,
    pub(crate) adopted: u64,
    pub(crate) beside: u64,
    pub(crate) failed_runs: u64,
    pub(crate) accepted: u64,
    pub(crate) rejected: u64,
    pub(crate) remaining: u64,
}

impl Figures {
    pub(crate) fn count(&mut self, answer: &Answer) {
        match (answer.delivery, answer.reply.status) {
            (Delivery::Whole, 429) => self.throttled += 1,
            (Delivery::Whole, 408 | 500..) => self.server_errors += 1,
            (Delivery::Whole, _) => {}
            _ => self.lost_answers += 1,
        }
    }

    pub(crate) fn add(&mut self, other: &Figures) {
        let mut other = *other;
        let pairs = self.fields().into_iter().zip(other.fields());
        for (mine, theirs) in pairs {
            *mine += *theirs;
        }
    }

    fn fields(&mut self) -> [&mut u64; 27] {
        [
            &mut self.seeds,
            &mut self.happenings,
            &mut self.runs,
            &mut self.creates,
            &mut self.commits,
            &mut self.kills,
            &mut self.lost_answers,
            &mut self.server_errors,
            &mut self.throttled,
            &mut self.recovered,
            &mut self.unknown,
            &mut self.settled,
            &mut self.found,
            &mut self.resent,
            &mut self.dated,
            &mut self.overlooked,
            &mut self.splits,
            &mut self.waves,
            &mut self.wave_splits,
            &mut self.held,
            &mut self.copies,
            &mut self.adopted,
            &mut self.beside,
            &mut self.failed_runs,
            &mut self.accepted,
            &mut self.rejected,
            &mut self.remaining,
        ]
    }
}

impl std::fmt::Display for Figures {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "{} seeds: {} runs, {} creates, {} commits, {} kills, {} answers lost, {} server errors, {} throttled, \
             {} in flight at a death; batches unknown {}, settled {} ({} of them found in Desk, {} proved \
             absent with {} dates read, {} there overlooked), split {}; first waves judged {} \
             with {} batches split in them, {} of them gone wrong; copies of the store refused {}, adopted {} and {} \
             beside a living original; customers accepted {}, rejected {}, \
             not sent {} in {} failed runs",
            self.seeds,
            self.runs,
            self.creates,
            self.commits,
            self.kills,
            self.lost_answers,
            self.server_errors,
            self.throttled,
            self.recovered,
            self.unknown,
            self.settled,
            self.found,
            self.resent,
            self.dated,
            self.overlooked,
            self.splits,
            self.waves,
            self.wave_splits,
            self.held,
            self.copies,
            self.adopted,
            self.beside,
            self.accepted,
            self.rejected,
            self.remaining,
            self.failed_runs,
        )
    }
}
