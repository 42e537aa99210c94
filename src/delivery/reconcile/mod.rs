//! Ends unknowns with evidence: which chats to read back, and what they prove.
//!
//! Chat ids grow with the time of their making and have gaps. So the chat of an unknown attempt,
//! if there is one, lies above every chat whose outcome was durable before the attempt's intent,
//! and below every chat whose intent was recorded after the attempt was given up, late
//! application aside. The ids between are read, within bounds, and compared in message, group,
//! priority, customers and time.
//!
//! Nothing is concluded from likeness alone: where two batches could claim one chat and nothing
//! tells which, both stay unknown. Absence is claimed only where every id of an interval closed on
//! both sides was seen.

mod dating;
mod matching;
mod search;

pub use dating::chat_to_date;
pub use matching::{Finding, Pairing};
pub use search::{Reach, Scope, Search};

use std::time::Duration;

use jiff::Timestamp;

use super::moment::BootTime;

/// How far our clock and the other side's may be apart.
const CLOCKS_APART: Duration = Duration::from_secs(600);

/// An unknown batch that is looked for. `key` is the caller's name for it.
#[derive(Clone, Debug)]
pub struct Sought {
    /// The caller's name for the batch.
    pub key: usize,
    /// The message of its run.
    pub message: String,
    /// The group key of its run.
    pub group: String,
    /// The priority of its run, in capitals.
    pub priority: String,
    /// Its customers.
    pub customers: Vec<u64>,
    /// When its intent was recorded.
    pub intended_at: Timestamp,
    /// When it was given up.
    pub ended_at: Timestamp,
    /// The same by the boot clock.
    pub ended: Option<BootTime>,
    /// The commit that recorded the intent.
    pub intent_tick: u64,
    /// The commit that recorded that it is unknown.
    pub ended_tick: u64,
    /// Whether ids are read for it. One that is not looked for may claim a chat all the same, and
    /// so keeps another batch from being taken for its owner.
    pub looked_for: bool,
}

/// A chat of this application that belongs to a batch already.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Anchor {
    /// Its id.
    pub chat: u64,
    /// The commit that recorded its intent: it was made after that.
    pub intent_tick: u64,
    /// When that was by the boot clock.
    pub intended: Option<BootTime>,
    /// When it was made by Desk's clock, where that was read.
    pub made_at: Option<Timestamp>,
    /// The commit that recorded its outcome: it was made before that. None where that is not
    /// known, as for a chat that was itself found by reading back.
    pub ended_tick: Option<u64>,
}

/// What reading an id showed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Seen {
    /// A chat.
    Chat(ChatFacts),
    /// There is no such chat, for us, now.
    Absent,
    /// It could not be read.
    Unreadable,
}

/// What a chat says of itself; what it does not say is none.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ChatFacts {
    /// The message.
    pub message: Option<String>,
    /// The key of its group.
    pub group: Option<String>,
    /// Its priority.
    pub priority: Option<String>,
    /// Its customers.
    pub customers: Option<Vec<u64>>,
    /// When it was made, by the other side's clock.
    pub created_at: Option<Timestamp>,
    /// How many chats were sent.
    pub sent: Option<u64>,
}

/// Whether the ids of all chats known to this journal grew with the order in which they were made.
/// Where they did not, absence proves nothing.
pub fn is_monotonic(anchors: &[Anchor]) -> bool {
    let mut ended: Vec<(u64, u64)> = anchors
        .iter()
        .filter_map(|anchor| Some((anchor.ended_tick?, anchor.chat)))
        .collect();
    ended.sort_unstable();
    let mut begun: Vec<(u64, u64)> = anchors
        .iter()
        .map(|anchor| (anchor.intent_tick, anchor.chat))
        .collect();
    begun.sort_unstable();
    let mut highest = 0;
    let mut ended = ended.into_iter().peekable();
    for (intent, chat) in begun {
        while let Some((_, earlier)) = ended.next_if(|(end, _)| *end <= intent) {
            highest = highest.max(earlier);
        }
        if chat < highest {
            return false;
        }
    }
    true
}

#[cfg(test)]
mod tests;
