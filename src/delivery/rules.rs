//! The rules that leave customers out of a plan, in the order in which they are tested.
//!
//! A rule is a set, or a draw, and the [`Ground`] that is kept with whoever it leaves out. The
//! sets are made beforehand, from lists and from the journal; asking costs a look at a bitmap.

use std::sync::Arc;

use super::customer_set::{CustomerSet, FrozenSet};
use super::draw::Draw;
use super::reason::{Ground, Reason};
use crate::campaign::{Repeat, SameCampaign, Sample};

/// Who was messaged, as far as the rules of a campaign ask.
#[derive(Clone, Debug, Default)]
pub struct Messaged {
    /// By this campaign, ever or within its time.
    pub before: CustomerSet,
    /// By any campaign, within its time.
    pub lately: CustomerSet,
    /// As often as allowed.
    pub capped: CustomerSet,
}

/// The rules of one plan.
#[derive(Clone, Debug, Default)]
pub struct Rules {
    rules: Vec<(Ground, Test)>,
}

#[derive(Clone, Debug)]
enum Test {
    IsIn(Arc<FrozenSet>),
    IsNotDrawn(Draw),
}

impl Rules {
    /// Leaves out whoever is in a list with this name.
    pub fn suppress(&mut self, name: impl Into<String>, customers: CustomerSet) {
        let ground = Ground::new(Reason::Suppressed, name);
        self.push(ground, Test::IsIn(Arc::new(customers.freeze())));
    }

    /// Whether a list has this customer.
    pub fn suppresses(&self, customer: u64) -> bool {
        let mut lists = self
            .rules
            .iter()
            .filter(|(ground, _)| ground.reason == Reason::Suppressed);
        lists.any(|(_, test)| matches!(test, Test::IsIn(customers) if customers.contains(customer)))
    }

    /// These rules without those about samples and earlier messages: whoever asked to be left alone
    /// is, whatever is sent.
    pub fn lists(mut self) -> Rules {
        self.rules
            .retain(|(ground, _)| ground.reason == Reason::Suppressed);
        self
    }

    /// Leaves out whoever is not drawn for a sample of this size.
    pub fn sample(&mut self, size: Sample, draw: Draw) {
        let ground = Ground::new(Reason::NotSampled, size.to_string());
        self.push(ground, Test::IsNotDrawn(draw));
    }

    /// Leaves out whom the campaign's rules leave out for what was sent before.
    pub fn repeat(&mut self, repeat: &Repeat, messaged: Messaged) {
        let before = match &repeat.same_campaign {
            SameCampaign::Always => None,
            SameCampaign::Never => Some(String::new()),
            SameCampaign::After(span) => Some(span.to_string()),
        };
        let lately = repeat.any_campaign.as_ref().map(ToString::to_string);
        let cap = repeat.max_per_customer.as_ref().map(ToString::to_string);
        let rules = [
            (Reason::MessagedBefore, before, messaged.before),
            (Reason::MessagedLately, lately, messaged.lately),
            (Reason::CapReached, cap, messaged.capped),
        ];
        for (reason, detail, customers) in rules {
            if let Some(detail) = detail.filter(|_| !customers.is_empty()) {
                self.push(
                    Ground::new(reason, detail),
                    Test::IsIn(Arc::new(customers.freeze())),
                );
            }
        }
    }

    /// Keeps the order of the reasons, whichever rule came first.
    fn push(&mut self, ground: Ground, test: Test) {
        let place = self
            .rules
            .partition_point(|(known, _)| known.reason <= ground.reason);
        self.rules.insert(place, (ground, test));
    }

    /// The first rule that leaves this customer out.
    #[inline]
    pub(super) fn verdict(&self, customer: u64) -> Option<usize> {
        self.rules.iter().position(|(_, test)| match test {
            Test::IsIn(customers) => customers.contains(customer),
            Test::IsNotDrawn(draw) => !draw.has(customer),
        })
    }

    /// The ground of every rule, in order.
    pub(super) fn grounds(&self) -> impl Iterator<Item = &Ground> {
        self.rules.iter().map(|(ground, _)| ground)
    }
}
