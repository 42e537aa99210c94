//! Copies of the store: a restored snapshot, a copied folder, a cloned machine. Somebody starts one
//! beside the original, or adopts it: while the original lives, or when it is gone.
//!
//! A copy sends nothing until it is adopted. One that was adopted sends nothing by itself of what it
//! knew before, whatever the original sent since, and does not prove any of it absent.

use std::collections::BTreeSet;
use std::time::Duration;

use deskcast::delivery::batch::BatchState;
use deskcast::journal::memory::MemoryDisk;
use deskcast::journal::{Journal, JournalError, Purpose, RunId, RunState};

use super::check;
use super::mutation::Mutation;
use super::world::{Happening, World, tell};

/// A copy that lies around.
pub(crate) struct Copied {
    disk: MemoryDisk,
    kind: Kind,
    /// Requests that had left when it was made.
    left: usize,
    resumed: BTreeSet<RunId>,
    agreed: BTreeSet<RunId>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// All files, in another folder.
    Folder,
    /// A backup of the database alone, restored on a new machine.
    Backup,
    /// The whole machine.
    Clone,
    /// A snapshot that is put back in its place.
    PutBack,
}

impl World {
    pub(crate) fn copy(&mut self) {
        self.again(self.weather.copy_every, Happening::Copy);
        if self.copy.is_some() {
            return;
        }
        let kind = self
            .chance
            .pick(&[Kind::Folder, Kind::Backup, Kind::Clone, Kind::PutBack]);
        let file = self.chance.next() as i64;
        let disk = self.disk.copied(|place| match kind {
            Kind::Folder => place.inode = file,
            Kind::Backup => {
                place.inode = file;
                place.secret = None;
                place.machine = Some("a new machine".to_owned());
            }
            Kind::Clone => place.machine = Some(format!("machine {file}")),
            Kind::PutBack => {}
        });
        tell!(self, "  the store is copied: {kind:?}");
        self.copy = Some(Copied {
            disk,
            kind,
            left: self.posted.len(),
            resumed: self.resumed.clone(),
            agreed: self.agreed.clone(),
        });
        let wait = self.chance.millis(20_000);
        self.after(wait, Happening::UseCopy);
    }

    pub(crate) fn use_copy(&mut self) {
        let Some(mut copy) = self.copy.take() else {
            return;
        };
        if copy.kind == Kind::PutBack {
            self.end_everybody();
            copy.disk = self.disk.put_back(&copy.disk);
            return self.go_on_with(copy);
        }
        self.must_be_refused(&copy.disk);
        match self.chance.between(1, 3) {
            1 => {}
            2 => self.adopt_beside(&copy.disk),
            _ => {
                self.end_everybody();
                self.go_on_with(copy);
            }
        }
    }

    /// Somebody starts the copy beside the original.
    fn must_be_refused(&mut self, copy: &MemoryDisk) {
        self.figures.copies += 1;
        for (run, _) in copy.runs() {
            for purpose in [Purpose::Sending, Purpose::Settling] {
                let claimed = copy.open().claim(run, purpose, self.moment());
                if !matches!(claimed, Err(JournalError::Store(_))) {
                    let what = format!("{run:?}: {claimed:?}");
                    self.fail("a copy sends nothing until it is adopted", what);
                }
            }
        }
        let planned = self.campaigns[0].create(&mut copy.open());
        if !matches!(planned, Err(JournalError::Store(_))) {
            let what = format!("{planned:?}");
            self.fail("a copy plans nothing until it is adopted", what);
        }
    }

    /// The operator says that the original is gone, while it lives: even then nobody is messaged
    /// twice by what the copy knew.
    fn adopt_beside(&mut self, copy: &MemoryDisk) {
        if self.mutation != Mutation::None {
            return;
        }
        self.figures.beside += 1;
        let now = self.wall();
        if let Err(error) = copy.open().adopt_store(now, false) {
            self.fail("a copy is adopted", error.to_string());
        }
        for (run, stored) in copy.runs() {
            let view = self.view(run, &stored);
            let nth = self.created.get(&run).copied();
            let Some(nth) = nth.filter(|nth| self.campaigns[*nth].new.key == stored.new.key) else {
                continue;
            };
            let nothing = check::Applied::new();
            let applied = self.applied.get(&nth).unwrap_or(&nothing);
            let checked = check::at_any_time(&view, &self.campaigns[nth].audience, applied);
            self.must(checked);
            if let Err(error) = self.must_send_nothing(copy, run) {
                self.fail("an adopted copy can be gone on with", error.to_string());
            }
        }
    }

    fn must_send_nothing(&mut self, copy: &MemoryDisk, run: RunId) -> Result<(), JournalError> {
        let mut journal = copy.open();
        let claim = journal.claim(run, Purpose::Settling, self.moment())?;
        let is_open = copy.run(run).is_some_and(|run| run.state.is_open());
        let planned = journal.planned(run, 0, u32::MAX, usize::MAX)?;
        if is_open && !planned.is_empty() {
            let what = format!("{run:?}: {planned:?}");
            self.fail("an adopted copy sends nothing by itself", what);
        }
        if self.search(&mut journal, claim.fence, true)? {
            let what = format!("{run:?}");
            self.fail("an adopted copy proves nothing absent", what);
        }
        Ok(())
    }

    fn end_everybody(&mut self) {
        let living: Vec<_> = self.processes.keys().copied().collect();
        for process in living {
            self.kill(process, "with its store");
        }
    }

    /// The original is gone, and this is the store from now on. What it had sent arrives all the same.
    fn go_on_with(&mut self, copy: Copied) {
        let must_be_adopted = !copy.disk.differences().is_empty();
        tell!(
            self,
            "  {:?} is the store now: {:?}",
            copy.kind,
            copy.disk.differences()
        );
        if must_be_adopted {
            self.must_be_refused(&copy.disk);
            let nothing_since = copy.left == self.posted.len() && self.chance.half();
            let nothing_since = nothing_since || self.mutation == Mutation::AdoptAsPlanned;
            let now = self.wall();
            if let Err(error) = copy.disk.open().adopt_store(now, nothing_since) {
                self.fail("a copy is adopted", error.to_string());
            }
        }
        self.figures.adopted += 1;
        self.adopted += 1;
        self.disk = copy.disk;
        (self.resumed, self.agreed) = (copy.resumed, copy.agreed);
        self.past = check::Past::default();
        self.looked_at.clear();
        self.posted.clear();
        self.forget_what_it_does_not_know(must_be_adopted);
        for (run, stored) in self.disk.runs() {
            // What was on its way as it was copied has its outcome in the original.
            for state in [BatchState::Unknown, BatchState::Sending] {
                let lost = self.attempts_in(run, state);
                self.causes.entry(run).or_default().extend(lost);
            }
            match (stored.state, stored.judged) {
                (RunState::Paused, _) => self.resume_later(run),
                (_, Some((_, true))) => self.after(Duration::from_secs(1), Happening::Approve(run)),
                _ => {}
            }
        }
    }

    /// Runs that were planned since: none of an adopted store is planned again, as what was due by
    /// then counts as decided.
    fn forget_what_it_does_not_know(&mut self, was_adopted: bool) {
        let known: BTreeSet<RunId> = self.disk.runs().into_iter().map(|(run, _)| run).collect();
        let created = std::mem::take(&mut self.created);
        for (run, nth) in created {
            if known.contains(&run) {
                self.created.insert(run, nth);
                continue;
            }
            self.causes.remove(&run);
            match was_adopted {
                true => drop(self.forgotten.insert(nth)),
                false => self.after(Duration::ZERO, Happening::Create(nth)),
            }
        }
    }
}
