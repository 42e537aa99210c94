//! The states of a batch and the one table that says which may follow which.
//!
//! No other place decides this: the journal turns every change into a compare-and-set with the
//! states this table allows, so a change that is not in it cannot be recorded.

use serde::{Deserialize, Serialize};

/// Where a batch stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum BatchState {
    /// To be sent: nothing of it has reached Desk.
    Planned,
    /// An intent is durable, an outcome is not: it may be on its way right now.
    Sending,
    /// Desk has it, and its proactive chat id is known.
    Accepted,
    /// Desk definitely refused it: nobody in it was messaged.
    Rejected,
    /// Desk definitely refused it, and its customers went on in two smaller batches.
    Split,
    /// It may or may not have been applied. Never sent again on a guess.
    Unknown,
    /// An operator gave an unknown batch up.
    Abandoned,
}

impl BatchState {
    /// Every state, in the order in which they are reported.
    pub const ALL: [BatchState; 7] = [
        BatchState::Planned,
        BatchState::Sending,
        BatchState::Accepted,
        BatchState::Rejected,
        BatchState::Split,
        BatchState::Unknown,
        BatchState::Abandoned,
    ];

    /// The word for it in output and in the journal.
    pub fn as_str(self) -> &'static str {
        match self {
            BatchState::Planned => "planned",
            BatchState::Sending => "sending",
            BatchState::Accepted => "accepted",
            BatchState::Rejected => "rejected",
            BatchState::Split => "split",
            BatchState::Unknown => "unknown",
            BatchState::Abandoned => "abandoned",
        }
    }

    /// The small number the journal stores. Never renumbered.
    pub fn code(self) -> i64 {
        match self {
            BatchState::Planned => 0,
            BatchState::Sending => 1,
            BatchState::Accepted => 2,
            BatchState::Rejected => 3,
            BatchState::Split => 4,
            BatchState::Unknown => 5,
            BatchState::Abandoned => 6,
        }
    }

    /// The state behind a stored number.
    pub fn from_code(code: i64) -> Option<BatchState> {
        BatchState::ALL
            .into_iter()
            .find(|state| state.code() == code)
    }

    /// Whether the customers of such a batch count as messaged by the rules that ask who was, where
    /// `goes_on` says whether its run may still send.
    ///
    /// What may have been applied counts: unknown, in flight, and abandoned as well, which an
    /// operator says of a batch that stays unknown. What is still to be sent counts, so that two
    /// runs that are planned in one minute cannot both pass a cap. Refused batches messaged
    /// nobody, and those that were split count as their parts.
    pub fn counts_as_messaged(self, goes_on: bool) -> bool {
        match self {
            BatchState::Accepted
            | BatchState::Sending
            | BatchState::Unknown
            | BatchState::Abandoned => true,
            BatchState::Planned => goes_on,
            BatchState::Rejected | BatchState::Split => false,
        }
    }

    /// Whether nothing can change it any more.
    pub fn is_terminal(self) -> bool {
        Change::ALL
            .into_iter()
            .all(|change| self.after(change).is_none())
    }

    /// The state after `change`, or `None` where the change is not allowed.
    ///
    /// This is the whole table. No row leads from unknown to sending: an unknown batch goes back
    /// to planned by [`Change::Resend`] alone, which is an operator's word or proof of absence.
    pub fn after(self, change: Change) -> Option<BatchState> {
        use BatchState::{Abandoned, Accepted, Planned, Rejected, Sending, Split, Unknown};
        match (self, change) {
            (Planned, Change::Intend) => Some(Sending),
            (Sending, Change::Accept) => Some(Accepted),
            (Sending, Change::NotSent) => Some(Planned),
            (Sending, Change::Reject) => Some(Rejected),
            (Sending, Change::Split) => Some(Split),
            (Sending, Change::Lose) => Some(Unknown),
            (Unknown, Change::Find) => Some(Accepted),
            (Unknown, Change::Abandon) => Some(Abandoned),
            (Unknown, Change::Resend) => Some(Planned),
            _ => None,
        }
    }
}

/// What can happen to a batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Change {
    /// The intent to send it is made durable.
    Intend,
    /// Desk answered with a proactive chat id.
    Accept,
    /// Definitely not applied, and worth another try.
    NotSent,
    /// Definitely refused, and not to be divided further.
    Reject,
    /// Definitely refused, and divided in two.
    Split,
    /// What became of it is not known.
    Lose,
    /// Reading Desk back showed that it was applied.
    Find,
    /// The operator gives it up.
    Abandon,
    /// The operator sends it again, or absence was proved.
    Resend,
}

impl Change {
    /// Every change.
    pub const ALL: [Change; 9] = [
        Change::Intend,
        Change::Accept,
        Change::NotSent,
        Change::Reject,
        Change::Split,
        Change::Lose,
        Change::Find,
        Change::Abandon,
        Change::Resend,
    ];

    /// The one state it starts from: each change has exactly one, which makes every change a
    /// single compare-and-set.
    pub fn from(self) -> BatchState {
        match self {
            Change::Intend => BatchState::Planned,
            Change::Accept | Change::NotSent | Change::Reject | Change::Split | Change::Lose => {
                BatchState::Sending
            }
            Change::Find | Change::Abandon | Change::Resend => BatchState::Unknown,
        }
    }

    /// The state it leads to.
    pub fn to(self) -> BatchState {
        match self {
            Change::Intend => BatchState::Sending,
            Change::Accept | Change::Find => BatchState::Accepted,
            Change::NotSent | Change::Resend => BatchState::Planned,
            Change::Reject => BatchState::Rejected,
            Change::Split => BatchState::Split,
            Change::Lose => BatchState::Unknown,
            Change::Abandon => BatchState::Abandoned,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_change_starts_from_one_state_and_the_table_agrees() {
        for state in BatchState::ALL {
            for change in Change::ALL {
                let expected = (change.from() == state).then(|| change.to());
                assert_eq!(state.after(change), expected, "{state:?} {change:?}");
            }
        }
    }

    #[test]
    fn accepted_rejected_split_and_abandoned_are_the_end() {
        let ends: Vec<_> = BatchState::ALL
            .into_iter()
            .filter(|s| s.is_terminal())
            .collect();
        assert_eq!(
            ends,
            [
                BatchState::Accepted,
                BatchState::Rejected,
                BatchState::Split,
                BatchState::Abandoned
            ]
        );
    }

    #[test]
    fn an_unknown_batch_never_goes_to_sending_in_one_step() {
        for change in Change::ALL {
            assert_ne!(BatchState::Unknown.after(change), Some(BatchState::Sending));
        }
    }

    #[test]
    fn stored_numbers_lead_back_to_their_state() {
        for state in BatchState::ALL {
            assert_eq!(BatchState::from_code(state.code()), Some(state));
        }
        assert_eq!(BatchState::from_code(7), None);
    }
}
