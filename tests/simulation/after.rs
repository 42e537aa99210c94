//! After the run: whoever settles what is unknown.
//!
//! Two do it, one after the other: reconciling, which reads Desk back and concludes only what it
//! has seen, and the operator, who asks around and knows.

use std::time::Duration;

use deskcast::delivery::outcome::ChatId;
use deskcast::journal::memory::MemoryJournal;
use deskcast::journal::{
    Fence, Journal, JournalError, Purpose, Resolution, RunId, RunState, UnknownBatch, Verdict,
};

use super::check::Applied;
use super::world::{Happening, World, tell};

impl World {
    /// Settles what is unknown, at random but never wrongly, and sends again what is to be sent
    /// again. Every run is over and nothing is on its way when it begins and when it ends.
    pub(crate) fn settle(&mut self) {
        self.drain();
        self.check();
        let runs: Vec<RunId> = self.created.keys().copied().collect();
        for run in runs {
            let may = self.chance.half();
            if let Err(error) = self.reconcile(run, may) {
                self.fail("a verdict is recorded", format!("{error}"));
            }
            self.check();
            if let Err(error) = self.operate(run) {
                self.fail("an operator's word is recorded", format!("{error}"));
            }
        }
        if self.violation.is_none() {
            self.after(Duration::ZERO, Happening::Start(0));
            self.run();
            self.drain();
        }
    }

    fn operate(&mut self, run: RunId) -> Result<(), JournalError> {
        let mut journal = self.disk.open();
        let claim = journal.claim(run, Purpose::Settling, self.moment())?;
        let unknowns = journal.unknowns(run)?;
        let is_open_again = self.resolve(&mut journal, claim.fence, &unknowns)?;
        if is_open_again {
            let note = "batches are to be sent again";
            journal.reopen(claim.fence, note, self.wall())
        } else {
            journal.unclaim(claim.fence);
            Ok(())
        }
    }

    /// True when something is planned again.
    fn resolve(
        &mut self,
        journal: &mut MemoryJournal,
        fence: Fence,
        unknowns: &[UnknownBatch],
    ) -> Result<bool, JournalError> {
        let applied = self.applied.get(&self.created[&fence.run]).cloned();
        let applied = applied.unwrap_or_default();
        let failed = self
            .disk
            .run(fence.run)
            .is_some_and(|run| run.state == RunState::Failed);
        let mut verdicts = Vec::new();
        for unknown in unknowns {
            let resolution = self.judge(unknown, &applied, failed);
            verdicts.push(Verdict {
                batch: unknown.batch,
                attempt: unknown.attempt,
                at: self.wall(),
                by: "the operator".to_owned(),
                resolution,
                evidence: "asked around".to_owned(),
            });
        }
        let settled = verdicts.iter().filter(|v| v.resolution.change().is_some());
        self.figures.settled += settled.count() as u64;
        tell!(self, "the operator of {fence:?}: {verdicts:?}");
        journal.resolve(fence, &verdicts)?;
        let again = |verdict: &Verdict| verdict.resolution == Resolution::Resend;
        Ok(verdicts.iter().any(again))
    }

    /// Parts of it were sent from another copy of the store: they know of it who ask around.
    fn is_partly_there(&self, unknown: &UnknownBatch, applied: &Applied) -> bool {
        let mut messaged = applied.values().flatten();
        messaged.any(|id| unknown.customers.contains(id))
    }

    fn judge(&mut self, unknown: &UnknownBatch, applied: &Applied, failed: bool) -> Resolution {
        let chat = applied
            .iter()
            .find(|(_, customers)| **customers == unknown.customers);
        let true_one = match chat {
            Some((chat, _)) => Resolution::Found(ChatId(*chat)),
            None if failed || self.is_partly_there(unknown, applied) => Resolution::Unsettled,
            None => Resolution::Resend,
        };
        let choices = [
            true_one,
            true_one,
            Resolution::Abandoned,
            Resolution::Unsettled,
        ];
        self.chance.pick(&choices)
    }
}
