//! The tickets that were there before: as many as wanted, with as many messages, and not one of
//! them in memory.
//!
//! A ticket's life follows from the seed and its number: when it was opened, how its messages are
//! spread, who wrote each, and what. Most were closed long ago. The others go on from the moment
//! the sandbox is first asked, at its speed, and are closed within half an hour of Desk time.

use super::config::WorldConfig;
use super::ticket::Writer;
use crate::sandbox::chance::{self, Draw};

const HOUR: f64 = 3_600e6;

/// Tickets that are there before anybody is messaged. Their ids count from 1; the tickets of
/// chats come after them.
#[derive(Debug, Clone, PartialEq)]
pub struct History {
    /// How many there are.
    pub tickets: u64,
    /// The fewest messages of one, at least 1.
    pub fewest_messages: u64,
    /// The most messages of one, not fewer than the fewest.
    pub most_messages: u64,
    /// The share that is still open when the sandbox is first asked, `0.0..=1.0`.
    pub open_share: f64,
}

impl Default for History {
    /// None, as a new project has none.
    fn default() -> History {
        History {
            tickets: 0,
            fewest_messages: 1,
            most_messages: 40,
            open_share: 0.1,
        }
    }
}

impl History {
    /// Messages that a ticket can have at most: what keeps the ids of messages apart.
    pub(super) fn most(&self) -> u64 {
        match self.tickets {
            0 => 0,
            _ => self.most_messages.max(self.fewest_messages).max(1),
        }
    }
}

/// The life of one ticket; times in microseconds since the epoch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Past {
    pub(super) opened: i64,
    pub(super) closed: i64,
    /// When the sandbox was first asked.
    began: i64,
    /// Messages before and after that, and the time from one to the next.
    early: u64,
    late: u64,
    early_gap: i64,
    late_gap: i64,
}

impl Past {
    /// The life of ticket `id` of the history, seen from the moment at which the sandbox began.
    pub(super) fn of(config: &WorldConfig, id: u64, began: i64) -> Past {
        let history = &config.history;
        let draw = |what| chance::fraction(config.seed, what, &[id]);
        let fewest = history.fewest_messages.max(1);
        let spread = history.most().saturating_sub(fewest) + 1;
        let total = fewest + chance::hash(config.seed, Draw::Messages, &[id]) % spread;
        let age = (HOUR * (1.0 + 720.0 * draw(Draw::Age))) as i64;
        let opened = began - age;
        if draw(Draw::Open) >= history.open_share {
            // It lasted for a part of that time, and rests since.
            let lasted = (age as f64 * (0.1 + 0.8 * draw(Draw::CloseDelay))) as i64;
            let early_gap = (lasted / total as i64).max(1);
            return Past {
                opened,
                closed: opened + early_gap * total as i64,
                began,
                early: total,
                late: 0,
                early_gap,
                late_gap: 1,
            };
        }
        let late = total / 2;
        let early = total - late;
        let goes_on = HOUR / 2.0 * draw(Draw::CloseDelay) / config.people.speed.max(1e-9);
        let late_gap = (goes_on as i64 / (late as i64 + 1)).max(1);
        Past {
            opened,
            closed: began + late_gap * (late as i64 + 1),
            began,
            early,
            late,
            early_gap: (age / (early as i64 + 1)).max(1),
            late_gap,
        }
    }

    /// When its message with this number is written, from 0; none beyond its last.
    pub(super) fn at(&self, nth: u64) -> Option<i64> {
        if nth < self.early {
            return Some(self.opened + nth as i64 * self.early_gap);
        }
        let late = nth - self.early;
        (late < self.late).then(|| self.began + (late as i64 + 1) * self.late_gap)
    }

    /// How many messages are written by `at`.
    pub(super) fn written(&self, at: i64) -> u64 {
        if at < self.opened {
            return 0;
        }
        let early = ((at - self.opened) / self.early_gap) as u64 + 1;
        let late = (at.saturating_sub(self.began).max(0) / self.late_gap) as u64;
        early.min(self.early) + late.min(self.late)
    }

    /// Who writes it: Desk first, and now and then; else the customer or the agent.
    pub(super) fn writer(&self, config: &WorldConfig, id: u64, nth: u64) -> Writer {
        match chance::hash(config.seed, Draw::Writer, &[id, nth]) % 20 {
            _ if nth == 0 => Writer::Event,
            0 => Writer::Event,
            1..=10 => Writer::Customer,
            _ => Writer::Agent,
        }
    }
}

/// What is hard on whoever prints, counts, cuts, quotes or imports texts.
const WORDS: [&str; 20] = [
    "Hello, I have a question about my order.",
    "Thank you for your patience.",
    "Where is my parcel? It was due on Monday.",
    "Could you tell me the order number, please?",
    "It is 4711-0815, from last week.",
    "Bonjour, je n’ai pas reçu ma commande à l’adresse « Hôtel de l’Étoile ».",
    "안녕하세요, 주문 상태를 알려 주세요.",
    "注文番号は４７１１です。よろしくお願いします。",
    "مرحبا، أين طلبي؟",
    "👩‍👩‍👧‍👦 thanks a lot 🎉🇰🇷",
    "First line\nsecond line\r\nthird line",
    "tab\tseparated\tvalues, commas, \"quotes\" and ;semicolons;",
    "=HYPERLINK(\"http://example.com\",\"click\")",
    "+49 30 1234567 is my number",
    "-5 % was promised",
    "@SUM(1+1)*cmd|' /C calc'!A0",
    "<b>bold</b> <script>alert(1)</script> &amp;",
    "\u{202e}desrever\u{202c} and zero\u{200b}width, e\u{301} decomposed",
    "   spaces around   ",
    "\u{1b}[31mred\u{1b}[0m and a bell\u{7}",
];

/// The text of a message; now and then a long one.
pub(super) fn words(config: &WorldConfig, id: u64, nth: u64) -> String {
    let drawn = chance::hash(config.seed, Draw::Words, &[id, nth]);
    let text = WORDS[(drawn % WORDS.len() as u64) as usize];
    match (drawn >> 32) % 97 {
        0 => format!("{text} ").repeat(40),
        _ => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn every_message_counts_from_the_moment_it_is_written(
            seed: u64, id in 1_u64..1_000, most in 1_u64..200, open_share in 0.0_f64..=1.0, speed in 0.5_f64..1e5,
        ) {
            let history = History { tickets: 1_000, fewest_messages: 1, most_messages: most, open_share };
            let mut config = WorldConfig { seed, history, ..WorldConfig::default() };
            config.people.speed = speed;
            let began = 1_700_000_000_000_000;
            let past = Past::of(&config, id, began);
            let times: Vec<i64> = (0..).map_while(|nth| past.at(nth)).collect();
            prop_assert!((1..=most).contains(&(times.len() as u64)));
            prop_assert!(times.windows(2).all(|pair| pair[0] < pair[1]), "{times:?}");
            for (nth, at) in (0..).zip(&times) {
                prop_assert_eq!((past.written(at - 1), past.written(*at)), (nth, nth + 1));
            }
            prop_assert!(past.opened < began && times.last() < Some(&past.closed));
            prop_assert!(past.closed <= began + (HOUR / 2.0 / speed) as i64 + 200);
        }
    }
}
