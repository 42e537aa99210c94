//! What the dispatcher is told and what it asks for: the words between it and its shell.

use std::time::Duration;

use crate::delivery::batch::Change;
use crate::delivery::outcome::{ChatId, Fact, Words};

/// A planned batch at hand.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Work {
    /// The number of the batch in its run.
    pub number: u32,
    /// How many attempts it has had.
    pub attempts: u32,
    /// Its customers, in order.
    pub customers: Vec<u64>,
}

/// What happened. Times are given to [`Dispatcher::step`](super::Dispatcher::step).
#[derive(Clone, Debug)]
pub enum Event {
    /// More planned batches, in order of their numbers; fewer than asked for are the last.
    Loaded {
        /// The batches.
        batches: Vec<Work>,
        /// Whether there are no more.
        last: bool,
    },
    /// The budget allows one request.
    Granted,
    /// The intent of this batch is durable.
    Recorded(u32),
    /// The request of this batch has ended.
    Answered(u32, Fact),
    /// The request of this batch, whose intent is durable, has not left and never will.
    Recalled(u32),
    /// Desk was asked whether it serves again.
    Probed(bool),
    /// The time asked for by [`Effect::WakeAt`] has come.
    Woken,
    /// Stop: finish what is in flight and send nothing new.
    Stop(String),
    /// The journal could not record something: nothing may be sent any more.
    JournalFailed {
        /// Why.
        why: String,
        /// The batches whose intent is not durable: they were not sent.
        intents: Vec<u32>,
    },
}

/// What is to be done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Effect {
    /// Load this many planned batches with numbers above `after`.
    Load {
        /// The last number at hand.
        after: u32,
        /// The last number to load: what a split adds beyond it is at hand already.
        up_to: u32,
        /// How many.
        most: usize,
    },
    /// Ask the budget for one request.
    AskBudget,
    /// Make the intent of this batch durable.
    Intend {
        /// The batch.
        number: u32,
        /// The number of this attempt, from 1.
        attempt: u32,
        /// How many customers it has.
        customers: usize,
    },
    /// Send the request of this batch, whose intent is durable.
    Post {
        /// The batch.
        number: u32,
        /// Its customers.
        customers: Vec<u64>,
    },
    /// Do not send the request of this batch, if it has not left yet: then
    /// [`Event::Recalled`] comes back, and else its answer as ever.
    Recall(u32),
    /// Make the outcome of this batch durable.
    Conclude {
        /// The batch.
        number: u32,
        /// The attempt it is the outcome of.
        attempt: u32,
        /// What came of it.
        conclusion: Conclusion,
    },
    /// All requests of the budget wait this long.
    Pause(Duration),
    /// Ask Desk, with a request that changes nothing, whether it serves.
    Probe,
    /// Send [`Event::Woken`] at this time.
    WakeAt(Duration),
    /// Nothing more is to be done.
    End(Ending),
}

/// What came of one attempt, as the journal records it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Conclusion {
    /// Desk has it.
    Accepted(ChatId),
    /// Not applied; planned again.
    NotSent(Words),
    /// Refused for good.
    Rejected(Words),
    /// Refused, and its customers go on in these new batches.
    Split(Words, Vec<(u32, Vec<u64>)>),
    /// May or may not have been applied.
    Unknown(Words),
}

impl Conclusion {
    /// The change of state it amounts to.
    pub fn change(&self) -> Change {
        match self {
            Conclusion::Accepted(_) => Change::Accept,
            Conclusion::NotSent(_) => Change::NotSent,
            Conclusion::Rejected(_) => Change::Reject,
            Conclusion::Split(..) => Change::Split,
            Conclusion::Unknown(_) => Change::Lose,
        }
    }

    /// The words that go with it.
    pub fn words(&self) -> Option<&Words> {
        match self {
            Conclusion::Accepted(_) => None,
            Conclusion::NotSent(words)
            | Conclusion::Rejected(words)
            | Conclusion::Split(words, _)
            | Conclusion::Unknown(words) => Some(words),
        }
    }
}

/// How the sending of a run ended.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Ending {
    /// No batch is left to send.
    Finished,
    /// Stopped before the end; it can be resumed.
    Stopped(String),
    /// The definition is wrong: Desk refuses whatever is sent.
    Failed(String),
}

/// The part of the breaker's life it is in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Breaker {
    /// Requests flow.
    Closed,
    /// No request until Desk has shown that it serves.
    Open,
    /// One request at a time, until one is answered well.
    HalfOpen,
}

/// The sentence for an answer that no other request would fare better with.
pub(super) fn halted(words: &Words) -> String {
    match words.status {
        Some(401) => format!(
            "Desk refused the API token ({words}). Check that it is the Desk token, from Settings > Desk > \
             Credentials, and belongs to this application; then run again"
        ),
        Some(403) => format!(
            "Desk does not allow this token to create proactive chats ({words}). Check the token and that \
             proactive chats are switched on for the project; then run again"
        ),
        _ => format!(
            "Desk answered with a redirect ({words}): the base URL is wrong. Correct desk.base_url; then run \
             again"
        ),
    }
}
