//! Whose turn it is: the queue before a budget.
//!
//! Sends go before readings, but readings get one turn after four sends. Among sends the priority
//! of their run decides, by weight and not by rank: of fifteen turns an urgent run gets eight, a
//! high one four, a medium one two and a low one the last, so that nobody starves. Within a lane
//! runs take turns, however many requests each has waiting; within a run it is first come, first
//! served.

use std::collections::VecDeque;

use crate::campaign::Priority;

/// Readings get one turn after this many sends in a row.
pub const SENDS_BEFORE_A_READING: u32 = 4;

/// The key of requests that are for no run.
pub const NO_RUN: u64 = 0;

/// Who asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Lane {
    /// A create of a run with this priority, or a delete, which has the lowest.
    Send(Priority),
    /// Anything that only reads.
    Read,
}

impl Lane {
    /// Every lane, the most urgent first.
    pub const ALL: [Lane; 5] = [
        Lane::Send(Priority::Urgent),
        Lane::Send(Priority::High),
        Lane::Send(Priority::Medium),
        Lane::Send(Priority::Low),
        Lane::Read,
    ];

    /// The place of this lane in [`Lane::ALL`].
    pub fn index(self) -> usize {
        match self {
            Lane::Send(Priority::Urgent) => 0,
            Lane::Send(Priority::High) => 1,
            Lane::Send(Priority::Medium) => 2,
            Lane::Send(Priority::Low) => 3,
            Lane::Read => READ,
        }
    }
}

const READ: usize = 4;
/// How far a turn moves a lane of sends: 8, 4, 2 and 1 turns of 15 are the weights.
const STRIDES: [u64; READ] = [1, 2, 4, 8];

/// Tickets that wait, in their lanes.
#[derive(Debug)]
pub struct Lanes<T> {
    queues: [Queue<T>; 5],
    /// How far each lane of sends has come: the one that is furthest behind is next.
    passes: [u64; READ],
    /// How far the lane that was served last had come.
    served: u64,
    sends_in_a_row: u32,
}

impl<T> Default for Lanes<T> {
    fn default() -> Lanes<T> {
        Lanes {
            queues: Default::default(),
            passes: [0; READ],
            served: 0,
            sends_in_a_row: 0,
        }
    }
}

impl<T> Lanes<T> {
    /// Whether nobody waits.
    pub fn is_empty(&self) -> bool {
        self.queues.iter().all(Queue::is_empty)
    }

    /// Whether nobody waits but for readings.
    pub fn only_read(&self) -> bool {
        self.queues[..READ].iter().all(Queue::is_empty)
    }

    /// Lines a ticket up. `key` is the run that it is for: runs of one lane take turns.
    pub fn push(&mut self, lane: Lane, key: u64, ticket: T) {
        let index = lane.index();
        if let Some(pass) = self.passes.get_mut(index)
            && self.queues[index].is_empty()
        {
            // Having had nothing to send saves nothing up.
            *pass = (*pass).max(self.served);
        }
        self.queues[index].push(key, ticket);
    }

    /// The ticket whose turn it is; those that do not wait any more are dropped on the way.
    pub fn pop(&mut self, waits: impl Fn(&T) -> bool) -> Option<(Lane, T)> {
        for queue in &mut self.queues {
            queue.trim(&waits);
        }
        let index = self.next()?;
        match self.passes.get_mut(index) {
            Some(pass) => {
                self.served = *pass;
                *pass += STRIDES[index];
                self.sends_in_a_row = self.sends_in_a_row.saturating_add(1);
            }
            None => self.sends_in_a_row = 0,
        }
        let ticket = self.queues[index].pop()?;
        Some((Lane::ALL[index], ticket))
    }

    fn next(&self) -> Option<usize> {
        let waiting = |index: &usize| !self.queues[*index].is_empty();
        let send = (0..READ)
            .filter(waiting)
            .min_by_key(|index| self.passes[*index]);
        let reading_is_due = self.sends_in_a_row >= SENDS_BEFORE_A_READING;
        match (send, waiting(&READ)) {
            (None, true) => Some(READ),
            (Some(_), true) if reading_is_due => Some(READ),
            (send, _) => send,
        }
    }
}

/// The tickets of one lane: runs in turn, each with its tickets in order.
#[derive(Debug)]
struct Queue<T> {
    runs: VecDeque<(u64, VecDeque<T>)>,
}

impl<T> Default for Queue<T> {
    fn default() -> Queue<T> {
        Queue {
            runs: VecDeque::new(),
        }
    }
}

impl<T> Queue<T> {
    fn is_empty(&self) -> bool {
        self.runs.is_empty()
    }

    fn push(&mut self, key: u64, ticket: T) {
        match self.runs.iter_mut().find(|(run, _)| *run == key) {
            Some((_, tickets)) => tickets.push_back(ticket),
            None => self.runs.push_back((key, VecDeque::from([ticket]))),
        }
    }

    /// Drops tickets that do not wait any more until the next one does.
    fn trim(&mut self, waits: &impl Fn(&T) -> bool) {
        while let Some((_, tickets)) = self.runs.front_mut() {
            while tickets.front().is_some_and(|ticket| !waits(ticket)) {
                tickets.pop_front();
            }
            if !tickets.is_empty() {
                return;
            }
            self.runs.pop_front();
        }
    }

    fn pop(&mut self) -> Option<T> {
        let (key, mut tickets) = self.runs.pop_front()?;
        let ticket = tickets.pop_front();
        if !tickets.is_empty() {
            self.runs.push_back((key, tickets));
        }
        ticket
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const URGENT: Lane = Lane::ALL[0];
    const MEDIUM: Lane = Lane::ALL[2];
    const LOW: Lane = Lane::ALL[3];

    fn lane() -> impl Strategy<Value = Lane> {
        prop::sample::select(Lane::ALL.to_vec())
    }

    /// Pops, and lines the same lane and run up again, as a run does that always has more to send.
    fn turns(lanes: &mut Lanes<u64>, turns: usize) -> Vec<(Lane, u64)> {
        let turn = |_| {
            let (lane, key) = lanes.pop(|_| true).expect("somebody waits");
            lanes.push(lane, key, key);
            (lane, key)
        };
        (0..turns).map(turn).collect()
    }

    fn count(turns: &[(Lane, u64)], lane: Lane) -> usize {
        turns.iter().filter(|(served, _)| *served == lane).count()
    }

    #[test]
    fn nobody_waits_for_nothing() {
        let mut lanes = Lanes::<u64>::default();
        assert!(lanes.is_empty());
        assert_eq!(lanes.pop(|_| true), None);
    }

    #[test]
    fn of_fifteen_turns_urgent_gets_eight_high_four_medium_two_and_low_one() {
        let mut lanes = Lanes::default();
        for lane in &Lane::ALL[..READ] {
            lanes.push(*lane, 1, 1);
        }
        let served = turns(&mut lanes, 150);
        for fifteen in served.chunks(15) {
            let counts = [0, 1, 2, 3].map(|lane| count(fifteen, Lane::ALL[lane]));
            assert_eq!(counts, [8, 4, 2, 1], "{fifteen:?}");
        }
    }

    #[test]
    fn readings_get_a_fifth_beside_sends_and_everything_without() {
        let mut lanes = Lanes::default();
        lanes.push(LOW, 1, 1);
        lanes.push(Lane::Read, 1, 1);
        assert_eq!(count(&turns(&mut lanes, 100), Lane::Read), 20);
        let mut lanes = Lanes::default();
        lanes.push(Lane::Read, 1, 1);
        assert_eq!(count(&turns(&mut lanes, 100), Lane::Read), 100);
    }

    #[test]
    fn a_run_with_many_requests_and_one_with_few_take_turns() {
        let mut lanes = Lanes::default();
        for _ in 0..64 {
            lanes.push(MEDIUM, 1, 1);
        }
        lanes.push(MEDIUM, 2, 2);
        let served = turns(&mut lanes, 20);
        assert_eq!(served.iter().filter(|(_, key)| *key == 2).count(), 10);
    }

    #[test]
    fn a_lane_that_was_empty_for_long_does_not_take_everything_when_it_comes_back() {
        let mut lanes = Lanes::default();
        lanes.push(URGENT, 1, 1);
        turns(&mut lanes, 1000);
        lanes.push(LOW, 2, 2);
        assert_eq!(count(&turns(&mut lanes, 90), LOW), 10);
    }

    proptest! {
        #[test]
        fn everybody_who_waits_is_served_within_a_bound(
            others in prop::collection::vec((lane(), 0u64..3), 0..40), mine in lane(),
            warm_up in 0usize..200,
        ) {
            let mut lanes = Lanes::default();
            for (lane, key) in &others {
                lanes.push(*lane, *key, *key);
            }
            if !others.is_empty() {
                turns(&mut lanes, warm_up);
            }
            lanes.push(mine, 9, 9);
            // A round of all sends and the readings in it, for each run of the lane.
            let bound = (15 + 4) * 4 + 1;
            let served = turns(&mut lanes, bound);
            prop_assert!(served.contains(&(mine, 9)), "{served:?}");
        }

        #[test]
        fn a_ticket_comes_out_once_and_in_the_order_of_its_run(
            tickets in prop::collection::vec((lane(), 0u64..3), 0..60),
            gone in prop::collection::vec(any::<bool>(), 60),
        ) {
            let mut lanes = Lanes::default();
            for (number, (lane, key)) in tickets.iter().enumerate() {
                lanes.push(*lane, *key, number);
            }
            let mut served = Vec::new();
            while let Some((lane, number)) = lanes.pop(|number| !gone[*number]) {
                prop_assert_eq!(lane, tickets[number].0);
                served.push(number);
            }
            prop_assert!(lanes.is_empty());
            for run in Lane::ALL.into_iter().flat_map(|lane| (0..3).map(move |key| (lane, key))) {
                let of_run = |number: &usize| tickets[*number] == run;
                let came: Vec<usize> = served.iter().copied().filter(of_run).collect();
                let waited: Vec<usize> =
                    (0..tickets.len()).filter(|number| of_run(number) && !gone[*number]).collect();
                prop_assert_eq!(came, waited);
            }
        }
    }
}
