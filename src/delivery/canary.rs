//! The first wave of a run: who belongs to it, and whether the rest may follow.
//!
//! It is the first batches of the plan, as many as it takes for so many customers, and the parts of
//! those that were split: a batch belongs to it or does not, whatever becomes of the others.
//!
//! The wave is sent like everything else. Then nothing leaves until its last batch has been left
//! alone for as long as the definition says; what came of it by then decides. It is decided once:
//! an operator who resumes a run that was held has looked, and the rest follows.

use std::collections::BTreeSet;

use jiff::Timestamp;

use super::batch::BatchState;
use crate::campaign::{Canary, Then};

/// What came of a first wave so far, by customer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Wave {
    /// Those whose turn is still to come.
    pub planned: u64,
    /// Those who are under way.
    pub in_flight: u64,
    /// Accepted by Desk.
    pub accepted: u64,
    /// Refused by Desk.
    pub rejected: u64,
    /// Perhaps messaged.
    pub unknown: u64,
    /// Who have answered, as far as was read.
    pub responded: u64,
    /// When the last outcome was recorded.
    pub ended_at: Option<Timestamp>,
    /// When it was decided whether the rest may follow, and whether it went well.
    pub judged: Option<(Timestamp, bool)>,
    /// When the last approval was given.
    pub approved_at: Option<Timestamp>,
}

/// A batch that may belong to the wave, as a journal has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WaveBatch {
    /// Its number.
    pub number: u32,
    /// The split batch it is a part of.
    pub parent: Option<u32>,
    /// Where it stands.
    pub state: BatchState,
    /// How many customers it has.
    pub customers: u64,
    /// How many of them have answered, as far as was read.
    pub responded: u64,
    /// When its outcome was recorded, on the wall as it is set now.
    pub ended_at: Option<Timestamp>,
}

/// Whether another batch may leave, as far as the first wave goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// It may: it belongs to the wave, or the wave was looked at.
    Go,
    /// The wave is out, with answers to come.
    InFlight,
    /// The wave is left alone until then.
    Hold(Timestamp),
    /// Its chats must have been read at this time or after; then it is decided.
    Look(Timestamp),
    /// All went well, and somebody has to agree.
    Ask,
}

/// What is to be said of a wave that was looked at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Judgement {
    /// Whether all went well.
    pub passed: bool,
    /// The figures, in a sentence.
    pub sentence: String,
}

/// The number of the last batch of the plan that belongs to the wave, from the sizes of all
/// batches in order; none where there are no batches.
pub fn last_of_wave(customers: u64, sizes: impl IntoIterator<Item = (u32, u64)>) -> Option<u32> {
    let mut sum = 0;
    let mut last = None;
    for (number, size) in sizes {
        if sum >= customers && last.is_some() {
            break;
        }
        sum += size;
        last = Some(number);
    }
    last
}

/// Those of these batches, with the batch that each is a part of, that belong to the wave. Parts
/// come after what they are parts of, as their numbers do.
pub fn members(
    last_of_wave: u32,
    batches: impl IntoIterator<Item = (u32, Option<u32>)>,
) -> BTreeSet<u32> {
    let mut members = BTreeSet::new();
    for (number, parent) in batches {
        let belongs = match parent {
            None => number <= last_of_wave,
            Some(parent) => members.contains(&parent),
        };
        if belongs {
            members.insert(number);
        }
    }
    members
}

impl Wave {
    /// Counts a batch that belongs to the wave. Those of a split one are counted with its parts.
    pub fn add(&mut self, batch: &WaveBatch) {
        let sum = match batch.state {
            BatchState::Planned => &mut self.planned,
            BatchState::Sending => &mut self.in_flight,
            BatchState::Accepted => &mut self.accepted,
            BatchState::Rejected => &mut self.rejected,
            BatchState::Unknown | BatchState::Abandoned => &mut self.unknown,
            BatchState::Split => return,
        };
        *sum += batch.customers;
        self.responded += batch.responded;
        if batch.state != BatchState::Planned {
            self.ended_at = self.ended_at.max(batch.ended_at);
        }
    }

    fn tried(&self) -> u64 {
        self.accepted + self.rejected + self.unknown
    }

    /// What is to be done before the next batch leaves, of which it is known whether it belongs to
    /// the wave.
    pub fn step(&self, canary: &Canary, belongs: bool, now: Timestamp) -> Step {
        if let Some((at, passed)) = self.judged {
            let approved = self.approved_at.is_some_and(|approved| approved >= at);
            let asks = passed && canary.then == Then::Ask && !approved;
            return if asks { Step::Ask } else { Step::Go };
        }
        if belongs {
            return Step::Go;
        }
        let (0, Some(ended_at)) = (self.planned + self.in_flight, self.ended_at) else {
            return Step::InFlight;
        };
        let over = ended_at
            .saturating_add(canary.hold)
            .unwrap_or(Timestamp::MAX);
        if now < over {
            Step::Hold(over)
        } else {
            Step::Look(over)
        }
    }

    /// Whether all went well.
    pub fn judge(&self, canary: &Canary) -> Judgement {
        let tried = self.tried();
        let passed = !canary.max_rejected.is_exceeded_by(self.rejected, tried)
            && !canary.max_unknown.is_exceeded_by(self.unknown, tried)
            && !canary.min_responded.is_missed_by(self.responded, tried);
        let how = if passed { "well" } else { "wrong" };
        Judgement {
            passed,
            sentence: format!(
                "the canary went {how}: of {tried} customers {} were rejected (at most {}), {} are unknown (at most {}), \
                 {} have answered (at least {})",
                self.rejected,
                canary.max_rejected,
                self.unknown,
                canary.max_unknown,
                self.responded,
                canary.min_responded,
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::campaign::Share;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).expect("a time")
    }

    fn share(share: f64) -> Share {
        Share::new(share).expect("a share")
    }

    fn canary(then: Then) -> Canary {
        Canary {
            customers: 100,
            hold: Duration::from_secs(60),
            max_rejected: share(0.02),
            max_unknown: share(0.0),
            min_responded: share(0.1),
            then,
        }
    }

    fn wave(accepted: u64, rejected: u64, responded: u64) -> Wave {
        Wave {
            accepted,
            rejected,
            responded,
            ended_at: Some(at(10)),
            ..Wave::default()
        }
    }

    #[test]
    fn the_wave_goes_out_is_left_alone_and_is_looked_at() {
        let step = |wave: Wave, belongs, now| wave.step(&canary(Then::Continue), belongs, at(now));
        assert_eq!(step(Wave::default(), true, 0), Step::Go);
        assert_eq!(step(wave(98, 1, 0), true, 11), Step::Go);
        let under_way = Wave {
            in_flight: 1,
            ..wave(98, 1, 0)
        };
        assert_eq!(step(under_way, false, 11), Step::InFlight);
        assert_eq!(step(wave(98, 2, 0), false, 69), Step::Hold(at(70)));
        assert_eq!(step(wave(98, 2, 0), false, 70), Step::Look(at(70)));
    }

    #[test]
    fn a_part_whose_turn_is_to_come_holds_back_whoever_does_not_belong_to_the_wave() {
        let split = Wave {
            planned: 4,
            ..wave(60, 0, 0)
        };
        let step = |belongs| split.step(&canary(Then::Continue), belongs, at(1_000));
        assert_eq!(step(false), Step::InFlight);
        assert_eq!(step(true), Step::Go);
    }

    #[test]
    fn the_wave_is_the_first_batches_and_their_parts() {
        let sizes = [(1, 40), (2, 40), (3, 40), (4, 40)];
        let last = |customers| last_of_wave(customers, sizes);
        assert_eq!(
            (last(40), last(41), last(1_000)),
            (Some(1), Some(2), Some(4))
        );
        assert_eq!(last_of_wave(40, []), None);
        let batches = [
            (1, None),
            (2, None),
            (3, None),
            (5, Some(2)),
            (6, Some(3)),
            (7, Some(5)),
            (8, Some(6)),
        ];
        assert_eq!(members(2, batches), BTreeSet::from([1, 2, 5, 7]));
    }

    #[test]
    fn once_it_was_looked_at_the_rest_follows_or_is_asked_for() {
        let judged = |passed, approved: Option<i64>| Wave {
            judged: Some((at(70), passed)),
            approved_at: approved.map(at),
            ..wave(98, 2, 10)
        };
        let step = |then, wave: Wave| wave.step(&canary(then), false, at(71));
        assert_eq!(step(Then::Continue, judged(true, None)), Step::Go);
        assert_eq!(step(Then::Ask, judged(true, None)), Step::Ask);
        assert_eq!(
            step(Then::Ask, judged(true, Some(69))),
            Step::Ask,
            "given before"
        );
        assert_eq!(step(Then::Ask, judged(true, Some(70))), Step::Go);
        assert_eq!(
            step(Then::Ask, judged(false, None)),
            Step::Go,
            "it was resumed"
        );
    }

    #[test]
    fn each_of_the_shares_decides() {
        let passed = |wave: Wave| wave.judge(&canary(Then::Ask)).passed;
        assert!(passed(wave(98, 2, 10)));
        assert!(!passed(wave(97, 3, 10)));
        assert!(!passed(wave(98, 2, 9)));
        assert!(!passed(Wave {
            unknown: 1,
            ..wave(98, 1, 10)
        }));
    }

    #[test]
    fn the_sentence_has_the_figures() {
        assert_eq!(
            wave(97, 3, 9).judge(&canary(Then::Ask)).sentence,
            "the canary went wrong: of 100 customers 3 were rejected (at most 2 %), 0 are unknown (at most 0 %), 9 have \
             answered (at least 10 %)"
        );
    }
}
