//! Copies of what is on a disk: somewhere else, or put back where it was; and how one is adopted.
//! The rules are those of [`crate::journal::StoreJournal::adopt_store`].

use std::sync::{Arc, Mutex};

use jiff::Timestamp;

use super::contents::{Contents, StoredRun};
use super::{MemoryDisk, MemoryJournal, State, kept};
use crate::delivery::batch::BatchState;
use crate::journal::JournalError;
use crate::journal::place::{BEYOND_EVERY_TICK, Place};

/// Processes of a copy have numbers of their own.
const APART: u64 = 1_000_000;

/// Where a disk is made.
pub(super) fn home() -> Place {
    Place {
        secret: Some("made here".to_owned()),
        path: "memory".to_owned(),
        device: 1,
        inode: 1,
        born: None,
        machine: Some("this machine".to_owned()),
    }
}

impl State {
    fn differences(&self) -> Vec<String> {
        let mut differences = self.contents.place.differences(&self.found);
        if self.noted > self.contents.tick {
            let (tick, noted) = (self.contents.tick, self.noted);
            differences.push(format!("it ends at commit {tick}, and {noted} is known of"));
        }
        differences
    }
}

impl MemoryDisk {
    /// A copy of what is on it now, which nobody has open, where `elsewhere` says: in another file,
    /// without the secret, on another machine.
    #[must_use]
    pub fn copied(&self, elsewhere: impl FnOnce(&mut Place)) -> MemoryDisk {
        let mut state = self.state().clone();
        elsewhere(&mut state.found);
        state.processes += APART;
        state.failing_reads = 0;
        state.living.clear();
        state.owners.clear();
        MemoryDisk(Arc::new(Mutex::new(state)))
    }

    /// What was on it `earlier`, put back in its place: what lies beside it stays.
    #[must_use]
    pub fn put_back(&self, earlier: &MemoryDisk) -> MemoryDisk {
        let (found, noted) = {
            let state = self.state();
            (state.found.clone(), state.noted)
        };
        let disk = earlier.copied(|place| *place = found);
        disk.state().noted = noted;
        disk
    }

    /// What tells that it is a copy, or was put back; nothing where it is the original.
    pub fn differences(&self) -> Vec<String> {
        self.state().differences()
    }
}

impl MemoryJournal {
    /// Refuses a disk that must not be sent from.
    pub(super) fn check_place(&self) -> Result<(), JournalError> {
        let differences = self.state()?.differences();
        match differences.is_empty() {
            true => Ok(()),
            false => Err(JournalError::Store(differences.join("; "))),
        }
    }

    /// Makes this disk the one that goes on: everything that another copy may have sent becomes
    /// unknown, unless they say that there is `nothing_since`, and this is its place from now on.
    pub fn adopt_store(&mut self, now: Timestamp, nothing_since: bool) -> Result<(), JournalError> {
        let (found, noted) = {
            let state = self.state()?;
            if !state.owners.is_empty() {
                return Err(JournalError::Owned("a run is being sent".to_owned()));
            }
            (state.found.clone(), state.noted)
        };
        let place = self.commit(|contents| {
            contents.tick = contents.tick.max(noted) + 1;
            if !nothing_since {
                contents.take_as_unknown(kept(now));
            }
            contents.place = Place {
                // The file is its own, and so is the commit.
                secret: Some(format!("{} at {}", found.inode, contents.tick)),
                ..found
            };
            Ok::<_, JournalError>(contents.place.clone())
        })?;
        self.state()?.found = place;
        Ok(())
    }
}

impl Contents {
    fn take_as_unknown(&mut self, now: Timestamp) {
        let tick = self.tick;
        for run in self.runs.values_mut().map(Arc::make_mut) {
            run.take_as_unknown(now, tick);
        }
    }
}

impl StoredRun {
    fn take_as_unknown(&mut self, now: Timestamp, tick: u64) {
        let is_open = self.state.is_open();
        for batch in self.batches.values_mut() {
            match batch.state {
                BatchState::Planned if is_open => {
                    batch.attempt += 1;
                    batch.intended_at = Some(kept(self.new.created_at));
                    batch.intended = None;
                    batch.intent_tick = Some(tick);
                }
                BatchState::Sending if is_open => {}
                BatchState::Unknown => {}
                _ => continue,
            }
            batch.state = BatchState::Unknown;
            batch.ended_at = Some(now);
            batch.ended = None;
            batch.ended_tick = Some(BEYOND_EVERY_TICK.unsigned_abs());
        }
    }
}
