//! What Desk's own figures of a chat cannot all be, and what is said of them then.
//!
//! Desk counts and deskcast reads. A share computed from figures that contradict each other means
//! nothing, so there is none: no rate, no winner among variants, and the chat is not settled. The
//! figures themselves are shown as they are, and said to be what they are.

use serde::Serialize;

use super::tracking::Counts;

/// What Desk says of a chat.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Figures {
    /// Its counts; one below zero is 0.
    pub counts: Counts,
    /// Whether one of them was below zero.
    pub below_zero: bool,
}

impl Figures {
    /// Whether they cannot all be true of a chat with this many customers.
    pub fn contradict(self, customers: u64) -> bool {
        let Counts {
            sent,
            responded,
            closed,
        } = self.counts;
        self.below_zero || sent > customers || responded > sent || closed > sent
    }
}

impl From<Counts> for Figures {
    fn from(counts: Counts) -> Figures {
        Figures {
            counts,
            below_zero: false,
        }
    }
}

/// A chat whose figures are doubtful.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Doubtful {
    /// Its id.
    pub chat: u64,
    /// The batch it was made from.
    pub batch: u32,
    /// The customers of that batch.
    pub customers: u64,
    /// What Desk said last.
    #[serde(flatten)]
    pub counts: Counts,
    /// Whether one of them was below zero, and was read as 0.
    pub below_zero: bool,
    /// Whether one of them was higher before.
    pub fell: bool,
}

/// The doubtful figures of a run.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Doubts {
    /// Chats whose figures contradict each other or the number of their customers.
    pub contradicting: u64,
    /// Chats of which a count was higher when they were read before.
    pub fell: u64,
    /// Chats of either kind.
    pub chats: u64,
    /// The first of them.
    pub first: Vec<Doubtful>,
}

impl Doubts {
    /// Whether shares of these counts mean something.
    pub fn allow_rates(&self) -> bool {
        self.contradicting == 0
    }

    /// Takes in those of another run; of the first ones as many as are shown.
    pub fn add(&mut self, other: &Doubts, most: usize) {
        self.contradicting += other.contradicting;
        self.fell += other.fell;
        self.chats += other.chats;
        let room = most.saturating_sub(self.first.len());
        self.first.extend(other.first.iter().take(room));
    }
}

impl Doubtful {
    /// Whether its figures contradict themselves or only went down.
    pub fn verdict(&self) -> &'static str {
        let figures = Figures {
            counts: self.counts,
            below_zero: self.below_zero,
        };
        match figures.contradict(self.customers) {
            true => "Desk's figures contradict themselves",
            false => "Desk's figures went down",
        }
    }

    /// What cannot be about it, in words.
    pub fn why(&self) -> String {
        let Counts {
            sent,
            responded,
            closed,
        } = self.counts;
        let faults = [
            (sent > self.customers, "more sent than it has customers"),
            (responded > sent, "more responded than sent"),
            (closed > sent, "more closed than sent"),
            (self.below_zero, "a count below zero was read as 0"),
            (self.fell, "a count went down"),
        ];
        let words: Vec<&str> = faults
            .into_iter()
            .filter_map(|(is_so, words)| is_so.then_some(words))
            .collect();
        words.join(", ")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn figures(sent: u64, responded: u64, closed: u64) -> Figures {
        Figures::from(Counts {
            sent,
            responded,
            closed,
        })
    }

    #[test]
    fn figures_of_one_chat_hold_or_contradict_each_other() {
        for good in [(0, 0, 0), (40, 0, 0), (40, 40, 40), (40, 1, 40), (39, 1, 2)] {
            let figures = figures(good.0, good.1, good.2);
            assert!(!figures.contradict(40), "{good:?}");
        }
        for bad in [(41, 0, 0), (40, 41, 0), (40, 0, 41), (0, 1, 0)] {
            let figures = figures(bad.0, bad.1, bad.2);
            assert!(figures.contradict(40), "{bad:?}");
        }
        let below = Figures {
            below_zero: true,
            ..figures(40, 0, 0)
        };
        assert!(below.contradict(40));
    }
}
