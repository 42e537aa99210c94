//! Who belongs to the first wave of a run: its batches go before all others, and their parts
//! belong to it, too.

use std::collections::{BTreeSet, VecDeque};

use super::{Dispatcher, Work};

#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct FirstWave {
    members: BTreeSet<u32>,
    /// Those that were at hand at the beginning: they are not loaded again.
    at_hand: BTreeSet<u32>,
}

impl FirstWave {
    pub(super) fn was_at_hand(&self, number: u32) -> bool {
        self.at_hand.contains(&number)
    }

    /// The parts of a batch belong to the wave where it does.
    pub(super) fn inherit(&mut self, number: u32, parts: &[(u32, Vec<u64>)]) {
        if self.members.contains(&number) {
            self.members.extend(parts.iter().map(|(part, _)| *part));
        }
    }

    /// What goes next: of the wave first, from either end.
    pub(super) fn next_place(&self, ready: &VecDeque<Work>, from_the_back: bool) -> Option<usize> {
        let belongs = |work: &Work| self.members.contains(&work.number);
        let of_wave = match (self.members.is_empty(), from_the_back) {
            (true, _) => None,
            (false, true) => ready.iter().rposition(belongs),
            (false, false) => ready.iter().position(belongs),
        };
        of_wave.or(match from_the_back {
            true => ready.len().checked_sub(1),
            false => (!ready.is_empty()).then_some(0),
        })
    }
}

impl Dispatcher {
    /// The same dispatcher, for a run whose first wave was not looked at yet: the numbers of all
    /// batches that belong to it, and those of them whose turn is still to come.
    pub fn with_wave(mut self, members: BTreeSet<u32>, at_hand: Vec<Work>) -> Dispatcher {
        self.wave = FirstWave {
            members,
            at_hand: at_hand.iter().map(|work| work.number).collect(),
        };
        self.ready.extend(at_hand);
        self
    }

    /// Whether the batch that goes next belongs to the first wave.
    pub fn next_is_in_wave(&self) -> bool {
        let next = self.next_place().map(|place| self.ready[place].number);
        next.is_some_and(|number| self.wave.members.contains(&number))
    }
}
