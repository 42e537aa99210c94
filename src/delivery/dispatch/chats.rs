//! The chats that Desk has made for a run, by their ids.
//!
//! An id that is answered to two creates is the id of one chat: of the other batch nobody knows
//! whether it was applied, and counts that are read by that id would be those of somebody else.

use std::collections::BTreeMap;

use crate::delivery::outcome::{ChatId, Fact, Outcome, Words, judge};

/// Which batch each chat is of.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct Chats(BTreeMap<ChatId, u32>);

impl Chats {
    /// The outcome of the request of a batch: unknown where Desk names a chat of another batch.
    pub(super) fn judge(&mut self, number: u32, fact: Fact) -> Outcome {
        let outcome = judge(fact);
        let Outcome::Accepted(chat) = outcome else {
            return outcome;
        };
        match *self.0.entry(chat).or_insert(number) {
            first if first == number => outcome,
            first => Outcome::Unknown(Words::own(format!(
                "Desk answered with the proactive chat {chat}, which is that of batch {first}"
            ))),
        }
    }
}
