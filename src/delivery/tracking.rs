//! When a proactive chat is read again: often at first, ever less often, never once it is settled.

use std::time::Duration;

use super::figures::Figures;

/// The counts Desk keeps of one proactive chat.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub struct Counts {
    /// Chats sent out.
    pub sent: u64,
    /// Chats that a customer answered.
    pub responded: u64,
    /// Chats that were closed.
    pub closed: u64,
}

impl std::ops::AddAssign for Counts {
    fn add_assign(&mut self, other: Counts) {
        self.sent += other.sent;
        self.responded += other.responded;
        self.closed += other.closed;
    }
}

/// Whether nothing more is to come of a chat with this many customers: all that were sent are
/// closed. Figures that contradict each other settle nothing.
pub fn is_settled(figures: Figures, customers: u64) -> bool {
    let counts = figures.counts;
    counts.sent >= customers && counts.closed >= counts.sent && !figures.contradict(customers)
}

/// How long to wait before the next reading of a chat that was made `age` ago: a tenth of its age,
/// at least `shortest` and at most six hours. A chat is read about 24 times in its first ten-fold
/// of age and as often again in the next.
pub fn next_reading(age: Duration, shortest: Duration) -> Duration {
    const LONGEST: Duration = Duration::from_secs(6 * 3600);
    (age / 10).clamp(shortest, LONGEST.max(shortest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn readings_come_ever_less_often() {
        let shortest = Duration::from_secs(1);
        let mut age = Duration::ZERO;
        let mut last = Duration::ZERO;
        for _ in 0..200 {
            let wait = next_reading(age, shortest);
            assert!(wait >= last && wait >= shortest && wait <= Duration::from_secs(21_600));
            last = wait;
            age += wait;
        }
        assert_eq!(last, Duration::from_secs(21_600));
    }

    #[test]
    fn a_chat_is_settled_when_all_of_it_is_closed() {
        let counts = |sent, responded, closed| {
            Figures::from(Counts {
                sent,
                responded,
                closed,
            })
        };
        assert!(is_settled(counts(3, 1, 3), 3));
        assert!(!is_settled(counts(3, 3, 2), 3));
        assert!(!is_settled(counts(2, 2, 2), 3), "not all of it is sent yet");
        assert!(!is_settled(counts(0, 0, 0), 3));
        assert!(!is_settled(counts(3, 1, 4), 3), "that cannot be");
    }
}
