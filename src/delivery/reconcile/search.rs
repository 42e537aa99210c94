//! Which ids to read, in which order, and when it is enough.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use jiff::Timestamp;

use super::dating::{Grace, later};
use super::matching::{Bounds, Finding, Likeness, Pairing, likeness};
use super::{Anchor, CLOCKS_APART, ChatFacts, Seen, Sought};

/// Ids without a chat in a row, above all that is known, after which there is nothing more.
const NOTHING_BEYOND: u64 = 64;

/// How far up a search goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// To the first chat made after the attempt was given up: finds all but late applications.
    Near,
    /// To the first chat made after the grace time, or as far as there are chats: what is not
    /// found below the former was never applied.
    Full,
}

/// How far a search has come for one batch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reach {
    /// The highest chat known to be made before the attempt.
    pub after: Option<u64>,
    /// The lowest chat known to be made after the attempt, grace time included.
    pub before: Option<u64>,
    /// Whether every id between the two was seen.
    pub complete: bool,
    /// How many ids were read for it.
    pub read: u64,
}

/// A search for several unknown batches at once, which share what is read.
#[derive(Debug)]
pub struct Search {
    sought: Vec<Sought>,
    intervals: Vec<Interval>,
    known: BTreeSet<u64>,
    seen: BTreeMap<u64, Seen>,
    asked: BTreeSet<u64>,
    /// For each batch the chats that may be its.
    claims: Vec<BTreeSet<u64>>,
    /// For each batch the chats that would be its, did the clocks agree: they give it nothing, and
    /// keep it from being called absent.
    doubts: Vec<BTreeSet<u64>>,
    /// What follows from the claims; made anew when they change.
    pairing: Pairing,
}

#[derive(Clone, Debug)]
struct Interval {
    after: Option<u64>,
    /// The lowest chat made after the attempt was given up, late application aside.
    near: Option<u64>,
    /// The same with the grace time: what is not below it was never applied.
    before: Option<u64>,
    /// Where the way up ends.
    end: Option<u64>,
    reads_left: u64,
    down: Option<u64>,
    up: Option<u64>,
    absent_in_a_row: u64,
}

impl Search {
    /// A search for `sought` among the ids around `anchors`, with at most `reads` reads for each.
    ///
    /// `grace` is how long after it was given up an attempt may still be applied. That it was over
    /// when a chat was made is proved by the boot clock or by Desk's (see [`super::chat_to_date`]).
    pub fn new(
        sought: Vec<Sought>,
        anchors: &[Anchor],
        reads: u64,
        grace: Duration,
        scope: Scope,
    ) -> Search {
        let interval = |batch| Interval::of(batch, anchors, reads, grace, scope);
        let intervals = sought.iter().map(interval).collect();
        let known = anchors.iter().map(|anchor| anchor.chat).collect();
        let claims = vec![BTreeSet::new(); sought.len()];
        let pairing = Pairing::of(claims.clone());
        Search {
            sought,
            intervals,
            known,
            seen: BTreeMap::new(),
            asked: BTreeSet::new(),
            doubts: claims.clone(),
            claims,
            pairing,
        }
    }

    /// The batches that are sought, in the order given.
    pub fn sought(&self) -> &[Sought] {
        &self.sought
    }

    /// The next id to read; none while nothing is to be read until more has been seen, or at all.
    pub fn next_id(&mut self) -> Option<u64> {
        for place in 0..self.sought.len() {
            if matches!(self.pairing.finding(place), Finding::Found(_)) {
                continue;
            }
            while let Some(id) = self.intervals[place].next(&self.known) {
                if self.asked.insert(id) {
                    self.intervals[place].reads_left -= 1;
                    return Some(id);
                }
                // Read for another batch: it counts for both, and cost only one.
                self.take_note(place, id);
            }
        }
        None
    }

    /// Takes in what reading `id` showed.
    pub fn saw(&mut self, id: u64, seen: Seen) {
        if let Seen::Chat(chat) = &seen
            && !self.known.contains(&id)
        {
            self.claim(id, chat);
        }
        self.seen.insert(id, seen);
        for place in 0..self.intervals.len() {
            self.take_note(place, id);
        }
    }

    /// Ends an interval early where what was seen says that nothing more is to be found there.
    fn take_note(&mut self, place: usize, id: u64) {
        let Some(seen) = self.seen.get(&id) else {
            return;
        };
        let (interval, batch) = (&mut self.intervals[place], &self.sought[place]);
        let highest_known = self.known.last().copied().unwrap_or(0);
        match seen {
            Seen::Absent if id > highest_known => {
                interval.absent_in_a_row += 1;
                if interval.absent_in_a_row >= NOTHING_BEYOND {
                    interval.up = None;
                }
            }
            Seen::Chat(chat) => {
                interval.absent_in_a_row = 0;
                if is_long_before(batch, chat) && interval.down.is_some_and(|down| id >= down) {
                    // Everything below is older still, if the clocks are right: enough to stop,
                    // and not enough to close the interval.
                    interval.down = None;
                }
            }
            Seen::Absent | Seen::Unreadable => {}
        }
    }

    fn claim(&mut self, id: u64, chat: &ChatFacts) {
        let mut changed = false;
        for (place, batch) in self.sought.iter().enumerate() {
            let Some(bounds) = self.intervals[place].reaches(id) else {
                continue;
            };
            match likeness(batch, chat, bounds) {
                Likeness::Agrees => changed |= self.claims[place].insert(id),
                Likeness::SaveForTheClocks => drop(self.doubts[place].insert(id)),
                Likeness::Differs => {}
            }
        }
        if changed {
            self.pairing = Pairing::of(self.claims.clone());
        }
    }

    /// What was found, by the order in which the batches were given.
    pub fn findings(&self) -> Vec<Finding> {
        (0..self.sought.len())
            .map(|place| match self.pairing.finding(place) {
                Finding::NotSeen => self.doubt(place),
                finding => finding,
            })
            .collect()
    }

    /// What is to be said of a batch that no chat agrees with: nothing, where one differs in its
    /// time alone and is nobody else's. A clock may have been wrong.
    fn doubt(&self, place: usize) -> Finding {
        let left: Vec<u64> = self.doubts[place]
            .iter()
            .copied()
            .filter(|chat| !self.pairing.is_given(*chat))
            .collect();
        if left.is_empty() {
            Finding::NotSeen
        } else {
            Finding::Ambiguous(left)
        }
    }

    /// How far the search has come for the batch at this place.
    pub fn reach(&self, place: usize) -> Reach {
        let interval = &self.intervals[place];
        let (after, before) = (interval.after, interval.before);
        let within = |id: &u64| {
            after.is_none_or(|after| *id > after) && before.is_none_or(|before| *id < before)
        };
        let complete = match (after, before) {
            (Some(after), Some(before)) => (after + 1..before).all(|id| {
                self.known.contains(&id)
                    || self
                        .seen
                        .get(&id)
                        .is_some_and(|seen| *seen != Seen::Unreadable)
            }),
            _ => false,
        };
        let read = self.seen.keys().filter(|id| within(id)).count() as u64;
        Reach {
            after,
            before,
            complete,
            read,
        }
    }
}

impl Interval {
    fn of(
        batch: &Sought,
        anchors: &[Anchor],
        reads: u64,
        grace: Duration,
        scope: Scope,
    ) -> Interval {
        let earlier = anchors.iter().filter(|anchor| {
            anchor
                .ended_tick
                .is_some_and(|end| end <= batch.intent_tick)
        });
        let after = earlier.map(|anchor| anchor.chat).max();
        let near = later(batch, anchors).map(|anchor| anchor.chat).min();
        let grace = Grace::of(batch, anchors, grace);
        let before = later(batch, anchors)
            .filter(|anchor| grace.is_over_at(anchor))
            .map(|anchor| anchor.chat)
            .min();
        let end = match scope {
            Scope::Near => near,
            Scope::Full => before,
        };
        // Without a chat before the attempt, the search goes down from the first one after it, or
        // from any one at all.
        let any = anchors.iter().map(|anchor| anchor.chat).min();
        let down = if after.is_none() {
            near.or(any).map(|id| id.saturating_sub(1))
        } else {
            None
        };
        let up = after.or(near).or(any).map(|id| id + 1);
        Interval {
            after,
            near,
            before,
            end,
            reads_left: if batch.looked_for { reads } else { 0 },
            down,
            up,
            absent_in_a_row: 0,
        }
    }

    /// The next id that is not known, down first where there is a way down.
    fn next(&mut self, known: &BTreeSet<u64>) -> Option<u64> {
        if self.reads_left == 0 {
            return None;
        }
        while let Some(id) = self.down.filter(|id| *id > 0) {
            self.down = Some(id - 1);
            if !known.contains(&id) {
                return Some(id);
            }
        }
        while let Some(id) = self.up {
            if self.end.is_some_and(|end| id >= end) {
                self.up = None;
                return None;
            }
            self.up = Some(id + 1);
            if !known.contains(&id) {
                return Some(id);
            }
        }
        None
    }

    /// Whether the chat of the attempt may have this id; and if so, on which sides the order of
    /// commits alone bounds the time of its making.
    fn reaches(&self, id: u64) -> Option<Bounds> {
        let above = self.after.is_none_or(|after| id > after);
        let below = self.before.is_none_or(|before| id < before);
        let bounds = match (self.after, self.near) {
            (Some(_), Some(near)) if id < near => Bounds::Both,
            (Some(_), _) => Bounds::Below,
            (None, _) => Bounds::Open,
        };
        (above && below).then_some(bounds)
    }
}

fn is_long_before(batch: &Sought, chat: &ChatFacts) -> bool {
    chat.created_at.is_some_and(|made: Timestamp| {
        made.saturating_add(CLOCKS_APART)
            .is_ok_and(|made| made < batch.intended_at)
    })
}
