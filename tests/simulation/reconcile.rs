//! Reconciling in the simulated world: the real search and the real verdicts, over the same answers
//! in bytes that the client would get. Whatever it concludes passes the rules that everything else
//! passes: what it calls accepted was applied, and what it sends again messages nobody twice.

use std::collections::BTreeSet;
use std::time::Duration;

use deskcast::delivery::reconcile::{Scope, Search, Seen, chat_to_date, is_monotonic};
use deskcast::delivery::variant::Varied;
use deskcast::journal::{Fence, Journal, JournalError, Purpose, Resolution, RunId, RunState};
use deskcast::sandbox::Delivery;
use deskcast::service::reconciler::{Sent, anchor, facts, note_date, sought, verdicts};

use super::world::{World, tell};

/// Reads for one batch; the ids of a simulation lie close together.
const READS: u64 = 2_000;
pub(crate) const GRACE: Duration = Duration::from_secs(60);

impl World {
    /// Reads Desk back for what is unknown. Absence counts where it `may`.
    pub(crate) fn reconcile(&mut self, run: RunId, may: bool) -> Result<(), JournalError> {
        let mut journal = self.disk.open();
        let claim = journal.claim(run, Purpose::Settling, self.moment())?;
        let planned_again = self.search(&mut journal, claim.fence, may)?;
        if planned_again {
            let note = "absent batches are planned again";
            return journal.reopen(claim.fence, note, self.wall());
        }
        journal.unclaim(claim.fence);
        Ok(())
    }

    /// True when something is planned again.
    pub(crate) fn search(
        &mut self,
        journal: &mut impl Journal,
        fence: Fence,
        may: bool,
    ) -> Result<bool, JournalError> {
        let run = fence.run;
        let unknowns = journal.unknowns(run)?;
        let mut anchors: Vec<_> = journal.known_chats(run)?.iter().map(anchor).collect();
        let new = &self.campaigns[self.created[&run]].new;
        let sent = Sent {
            messages: Varied::same(new.message.clone()),
            group: new.group.clone(),
            priority: new.priority.as_str().to_owned(),
        };
        let began = self.wall();
        let sought = sought(&unknowns, &sent, |_| true);
        let mut undatable = BTreeSet::new();
        while let Some(id) = chat_to_date(&sought, &anchors, &undatable, GRACE) {
            let seen = self.read_back(id);
            note_date(&mut anchors, &mut undatable, id, &seen);
            self.figures.dated += 1;
        }
        let mut search = Search::new(sought, &anchors, READS, GRACE, Scope::Full);
        while let Some(id) = search.next_id() {
            let seen = self.read_back(id);
            search.saw(id, seen);
        }
        let is_failed = self
            .disk
            .run(run)
            .is_some_and(|run| run.state == RunState::Failed);
        let may_resend = !is_failed && is_monotonic(&anchors) && may;
        let verdicts = verdicts(&unknowns, &search, may_resend, began);
        tell!(self, "reconciling {fence:?}: {verdicts:?}");
        journal.resolve(fence, &verdicts)?;
        let found = |resolution: &Resolution| matches!(resolution, Resolution::Found(_));
        let resolutions = || verdicts.iter().map(|verdict| &verdict.resolution);
        self.figures.resent += resolutions()
            .filter(|one| **one == Resolution::Resend)
            .count() as u64;
        self.figures.found += resolutions().filter(|one| found(one)).count() as u64;
        self.figures.settled += resolutions().filter(|one| one.change().is_some()).count() as u64;
        self.figures.overlooked += self.overlooked(journal, run)?;
        Ok(resolutions().any(|resolution| *resolution == Resolution::Resend))
    }

    fn read_back(&mut self, id: u64) -> Seen {
        let answer = self.ask("GET", &format!("/platform/v1/proactive_chats/{id}"), b"");
        match (answer.delivery, answer.reply.status) {
            (Delivery::Whole, 200) => serde_json::from_slice(&answer.reply.body)
                .map_or(Seen::Unreadable, |chat| Seen::Chat(facts(chat))),
            (Delivery::Whole, 404) => Seen::Absent,
            _ => Seen::Unreadable,
        }
    }

    /// Unknown batches that Desk holds all the same.
    fn overlooked(&self, journal: &mut impl Journal, run: RunId) -> Result<u64, JournalError> {
        let Some(applied) = self.applied.get(&self.created[&run]) else {
            return Ok(0);
        };
        let unknowns = journal.unknowns(run)?;
        let held = |customers: &Vec<u64>| applied.values().any(|chat| chat == customers);
        Ok(unknowns
            .iter()
            .filter(|unknown| held(&unknown.customers))
            .count() as u64)
    }
}
