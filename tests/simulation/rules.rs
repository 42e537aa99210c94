//! When which rule is checked: what holds at any moment after every happening, the rest at the end.
//!
//! With a bug planted, only what anybody could see afterwards is checked: who was messaged how
//! often, and what the journal says of it.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use deskcast::delivery::batch::BatchState;
use deskcast::journal::memory::{ProcessId, StoredBatch, StoredRun};
use deskcast::journal::{Fence, RunId, RunState};

use super::check::{self, BatchView, Checked, RunView, broken};
use super::mutation::Mutation;
use super::world::World;

impl World {
    pub(crate) fn check(&mut self) {
        if self.mutation != Mutation::None {
            return;
        }
        for (id, run) in self.disk.runs() {
            let Some(nth) = self.created.get(&id).copied() else {
                continue;
            };
            let applied = self.applied.get(&nth).map_or(0, BTreeMap::len);
            let seen = self.looked_at.get(&id);
            if seen.is_some_and(|(before, chats)| Arc::ptr_eq(before, &run) && *chats == applied) {
                continue;
            }
            let checked = self.check_run(id, nth, &run);
            self.must(checked);
            self.looked_at.insert(id, (run, applied));
        }
    }

    fn check_run(&mut self, id: RunId, nth: usize, run: &StoredRun) -> Checked {
        let view = self.view(id, run);
        let nothing = check::Applied::new();
        let applied = self.applied.get(&nth).unwrap_or(&nothing);
        check::at_any_time(&view, &self.campaigns[nth].audience, applied)?;
        check::unknowns_have_causes(&view, self.causes.entry(id).or_default())?;
        self.past.goes_on(&view)
    }

    pub(crate) fn view(&self, id: RunId, run: &StoredRun) -> RunView {
        let batches = run.batches.iter().map(|(number, batch)| {
            let view = BatchView {
                parent: batch.parent,
                state: batch.state,
                attempt: batch.attempt,
                chat: batch.chat.map(|chat| chat.0),
                customers: batch.customers.to_vec(),
            };
            (*number, view)
        });
        RunView {
            name: run.new.key.campaign.to_string(),
            state: run.state,
            listing: run.listing,
            owner: self.disk.owner(id),
            batches: batches.collect(),
        }
    }

    /// A request leaves only for an attempt whose intent is durable, and for each only once.
    pub(crate) fn check_departure(&mut self, run: RunId, batch: u32, attempt: u32) {
        let is_first = self.posted.insert((run, batch, attempt));
        if self.mutation != Mutation::None {
            return;
        }
        let stored = self.disk.run(run);
        let stands = stored.as_ref().and_then(|run| run.batches.get(&batch));
        // Unknown it is when somebody took the run over from an owner that lives.
        let intended = stands.is_some_and(|stands| {
            stands.attempt == attempt
                && matches!(stands.state, BatchState::Sending | BatchState::Unknown)
        });
        if !intended {
            let what = format!("batch {batch}, attempt {attempt}: {stands:?}");
            self.fail("every request has a durable intent", what);
        }
        if !is_first {
            self.fail(
                "one request an attempt",
                format!("batch {batch}, attempt {attempt}"),
            );
        }
    }

    /// Under one claim of a run no more requests are on their way than may be. What it could not record is
    /// not on its way any more, however the journal has it.
    pub(crate) fn leaves(&mut self, process: ProcessId, fence: Fence, batch: u32) {
        let on_their_way = self.on_their_way.entry((process, fence)).or_default();
        on_their_way.insert(batch);
        if on_their_way.len() > self.concurrency && self.mutation == Mutation::None {
            let what = format!("{on_their_way:?} of {fence:?}");
            self.fail("no more in flight than allowed", what);
        }
    }

    /// What must hold when every run is over and nothing is on its way any more.
    pub(crate) fn verdict(&mut self) {
        for (id, run) in self.disk.runs() {
            let nth = self.created[&id];
            let view = self.view(id, &run);
            let checked = self.verdict_of(nth, &view, &run);
            self.must(checked);
            self.count(&view);
        }
        let paced = self.paced();
        self.must(paced);
        if self.mutation == Mutation::None {
            let ordered = self.ticks_order_chats();
            self.must(ordered);
        }
    }

    fn verdict_of(&self, nth: usize, view: &RunView, run: &StoredRun) -> Checked {
        let nothing = check::Applied::new();
        let applied = self.applied.get(&nth).unwrap_or(&nothing);
        check::nobody_twice(view, applied)?;
        check::everybody_once(view, &self.campaigns[nth].audience)?;
        check::applied_is_never_free_to_send(view, applied)?;
        check::accepted_was_messaged(view, applied)?;
        let on_its_way = |batch: &BatchView| batch.state == BatchState::Sending;
        if view.batches.values().any(on_its_way) {
            return broken("nothing is left on its way", format!("{:?}", run.batches));
        }
        Ok(())
    }

    fn count(&mut self, view: &RunView) {
        let figures = &mut self.figures;
        figures.runs += 1;
        figures.failed_runs += u64::from(view.state == RunState::Failed);
        for batch in view.batches.values() {
            let customers = batch.customers.len() as u64;
            match batch.state {
                BatchState::Accepted => figures.accepted += customers,
                BatchState::Rejected => figures.rejected += customers,
                BatchState::Split => figures.splits += 1,
                BatchState::Unknown => figures.unknown += 1,
                BatchState::Planned => figures.remaining += customers,
                BatchState::Sending | BatchState::Abandoned => {}
            }
        }
    }

    /// Never more requests than allowed in any window.
    fn paced(&self) -> Checked {
        let most = self.rate as usize;
        let mut inside = std::collections::VecDeque::new();
        for at in &self.departures {
            inside.push_back(*at);
            while inside
                .front()
                .is_some_and(|first| *first + Duration::from_secs(1) <= *at)
            {
                inside.pop_front();
            }
            if inside.len() > most {
                return broken(
                    "the rate is kept",
                    format!("{} within a second at {at:?}", inside.len()),
                );
            }
        }
        Ok(())
    }

    /// The order of commits is evidence of the order of chats: a chat whose answer was recorded
    /// before an intent was has the smaller id. (That a batch is unknown bounds nothing: it may be
    /// applied later on.)
    fn ticks_order_chats(&self) -> Checked {
        let mut made = Vec::new();
        for (id, run) in self.disk.runs() {
            let Some(applied) = self.applied.get(&self.created[&id]) else {
                continue;
            };
            for (chat, customers) in applied {
                let of = run.batches.values().find(|batch| {
                    batch.state != BatchState::Split && batch.customers[..] == customers[..]
                });
                let answered = |batch: &StoredBatch| {
                    let is_accepted = batch.state == BatchState::Accepted;
                    batch.ended_tick.filter(|_| is_accepted)
                };
                made.extend(of.map(|batch| (*chat, batch.intent_tick, answered(batch))));
            }
        }
        for (chat, _, ended) in &made {
            for (later, intended, _) in &made {
                if ended.is_some() && ended <= intended && chat >= later {
                    return broken("ticks order chats", format!("{chat} and {later}"));
                }
            }
        }
        Ok(())
    }
}
