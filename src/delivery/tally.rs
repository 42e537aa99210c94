//! The sums that must hold: listed = planned + duplicates + invalid + excluded, and
//! planned = accepted + rejected + unknown + abandoned + remaining.

use serde::Serialize;

use super::batch::BatchState;
use super::reason::{Excluded, Reason};

/// How many customers stand where.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Customers {
    /// Rows of the customer file.
    pub listed: u64,
    /// Rows whose id stood in an earlier row.
    pub duplicates: u64,
    /// Rows without a usable id.
    pub invalid: u64,
    /// Customers left out by a rule.
    pub excluded: u64,
    /// The same by reason; left out of JSON where it is nobody.
    #[serde(skip_serializing_if = "Excluded::is_nobody")]
    pub excluded_by: Excluded,
    /// Customers of the plan.
    pub planned: u64,
    /// In a proactive chat that Desk holds.
    pub accepted: u64,
    /// Refused by Desk.
    pub rejected: u64,
    /// May or may not have been messaged.
    pub unknown: u64,
    /// Given up by an operator.
    pub abandoned: u64,
    /// Still to be sent.
    pub remaining: u64,
}

/// How many batches stand where. A batch that was split counts as its parts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Batches {
    /// All of them.
    pub planned: u64,
    /// In Desk.
    pub accepted: u64,
    /// Refused by Desk.
    pub rejected: u64,
    /// May or may not have been applied.
    pub unknown: u64,
    /// Given up by an operator.
    pub abandoned: u64,
    /// Still to be sent.
    pub remaining: u64,
}

/// What the rows of a customer file came to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Listing {
    /// Rows of the file.
    pub listed: u64,
    /// Rows whose id stood in an earlier row.
    pub duplicates: u64,
    /// Rows without a usable id.
    pub invalid: u64,
    /// Customers left out by a rule.
    pub excluded: u64,
    /// The same by reason.
    pub excluded_by: Excluded,
}

impl Listing {
    /// Counts so many more left out by a rule.
    pub fn exclude(&mut self, reason: Reason, customers: u64) {
        self.excluded += customers;
        self.excluded_by.add(reason, customers);
    }
}

/// Customers and batches of one run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Tally {
    /// By customer.
    pub customers: Customers,
    /// By batch.
    pub batches: Batches,
}

/// Whether somebody is sending the run right now, which decides what a batch in flight counts as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Owner {
    /// A living process: what is in flight is on its way to an outcome, and counts as remaining.
    Alive,
    /// Nobody: what was in flight may or may not have been applied, and counts as unknown.
    Gone,
}

impl Tally {
    /// The tally of a run from what its file held and from its batches as (state, batches,
    /// customers).
    pub fn of(
        listing: Listing,
        states: impl IntoIterator<Item = (BatchState, u64, u64)>,
        owner: Owner,
    ) -> Tally {
        let mut tally = Tally::default();
        for (state, batches, customers) in states {
            tally.add(state, batches, customers, owner);
        }
        let Listing {
            listed,
            duplicates,
            invalid,
            excluded,
            excluded_by,
        } = listing;
        let counted = tally.customers;
        tally.customers = Customers {
            listed,
            duplicates,
            invalid,
            excluded,
            excluded_by,
            ..counted
        };
        tally
    }

    fn add(&mut self, state: BatchState, batches: u64, customers: u64, owner: Owner) {
        let (b, c) = (&mut self.batches, &mut self.customers);
        let (of_batches, of_customers) = match (state, owner) {
            (BatchState::Split, _) => return,
            (BatchState::Planned, _) | (BatchState::Sending, Owner::Alive) => {
                (&mut b.remaining, &mut c.remaining)
            }
            (BatchState::Unknown, _) | (BatchState::Sending, Owner::Gone) => {
                (&mut b.unknown, &mut c.unknown)
            }
            (BatchState::Accepted, _) => (&mut b.accepted, &mut c.accepted),
            (BatchState::Rejected, _) => (&mut b.rejected, &mut c.rejected),
            (BatchState::Abandoned, _) => (&mut b.abandoned, &mut c.abandoned),
        };
        *of_batches += batches;
        *of_customers += customers;
        b.planned += batches;
        c.planned += customers;
    }

    /// The sum that does not hold, if one does not.
    pub fn contradiction(&self) -> Option<String> {
        let c = &self.customers;
        let listed = c.planned + c.duplicates + c.invalid + c.excluded;
        (c.listed != listed)
            .then(|| {
                format!(
                    "listed {} is not planned {} + duplicates {} + invalid {} + excluded {}",
                    c.listed, c.planned, c.duplicates, c.invalid, c.excluded
                )
            })
            .or_else(|| {
                let by = c.excluded_by.total();
                (by != c.excluded)
                    .then(|| format!("excluded {} is not its reasons {by}", c.excluded))
            })
    }

    /// Whether every planned customer is in Desk.
    pub fn all_accepted(&self) -> bool {
        self.customers.accepted == self.customers.planned
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn listing() -> Listing {
        Listing {
            listed: 14,
            duplicates: 2,
            invalid: 1,
            excluded: 1,
            excluded_by: Excluded {
                suppressed: 1,
                ..Excluded::default()
            },
        }
    }

    #[test]
    fn a_split_batch_counts_as_its_parts() {
        let states = [
            (BatchState::Split, 1, 5),
            (BatchState::Rejected, 1, 1),
            (BatchState::Accepted, 1, 4),
            (BatchState::Planned, 1, 5),
        ];
        let tally = Tally::of(listing(), states, Owner::Gone);
        assert_eq!(tally.batches.planned, 3);
        assert_eq!(tally.customers.planned, 10);
        assert_eq!(tally.contradiction(), None);
    }

    #[test]
    fn a_batch_in_flight_counts_as_unknown_when_its_sender_is_gone() {
        let states = [(BatchState::Sending, 2, 10)];
        assert_eq!(
            Tally::of(listing(), states, Owner::Gone).customers.unknown,
            10
        );
        assert_eq!(
            Tally::of(listing(), states, Owner::Alive)
                .customers
                .remaining,
            10
        );
    }

    #[test]
    fn a_sum_that_does_not_hold_is_said() {
        let tally = Tally::of(listing(), [(BatchState::Planned, 1, 9)], Owner::Gone);
        assert_eq!(
            tally.contradiction().as_deref(),
            Some("listed 14 is not planned 9 + duplicates 2 + invalid 1 + excluded 1")
        );
    }
}
