//! The rules that leave customers out of a plan, in the order in which they are tested.
//!
//! A rule is a set, or a draw, and the [`Ground`] that is kept with whoever it leaves out. The
//! sets are made beforehand, from lists and from the journal; asking costs a look at a bitmap.

use std::sync::Arc;

use super::customer_set::{CustomerSet, FrozenSet};
use super::draw::Draw;
use super::list::List;
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
    rules: Vec<Rule>,
}

#[derive(Clone, Debug)]
struct Rule {
    ground: Ground,
    test: Test,
    /// The list that it is, where it is one.
    list: Option<List>,
}

#[derive(Clone, Debug)]
enum Test {
    IsIn(Arc<FrozenSet>),
    IsNotDrawn(Draw),
}

impl Test {
    /// Whether it is a set with this customer.
    fn is_in(&self, customer: u64) -> bool {
        matches!(self, Test::IsIn(customers) if customers.contains(customer))
    }
}

impl Rules {
    /// Leaves out whoever is in this list.
    pub fn suppress(&mut self, list: List, customers: CustomerSet) {
        let ground = Ground::new(Reason::Suppressed, list.name.clone());
        let test = Test::IsIn(Arc::new(customers.freeze()));
        self.push(ground, test, Some(list));
    }

    /// Whether a list has this customer.
    pub fn suppresses(&self, customer: u64) -> bool {
        let mut lists = self.rules.iter().filter(|rule| rule.list.is_some());
        lists.any(|rule| rule.test.is_in(customer))
    }

    /// These rules without those about samples and earlier messages: whoever asked to be left alone
    /// is, whatever is sent.
    pub fn lists(mut self) -> Rules {
        self.rules.retain(|rule| rule.list.is_some());
        self
    }

    /// Leaves out whoever is not drawn for a sample of this size.
    pub fn sample(&mut self, size: Sample, draw: Draw) {
        let ground = Ground::new(Reason::NotSampled, size.to_string());
        self.push(ground, Test::IsNotDrawn(draw), None);
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
                    None,
                );
            }
        }
    }

    /// Keeps the order of the reasons, whichever rule came first.
    fn push(&mut self, ground: Ground, test: Test, list: Option<List>) {
        let place = self
            .rules
            .partition_point(|known| known.ground.reason <= ground.reason);
        self.rules.insert(place, Rule { ground, test, list });
    }

    /// The first rule that leaves this customer out.
    #[inline]
    pub(super) fn verdict(&self, customer: u64) -> Option<usize> {
        let leaves_out = |rule: &Rule| match &rule.test {
            Test::IsIn(customers) => customers.contains(customer),
            Test::IsNotDrawn(draw) => !draw.has(customer),
        };
        self.rules.iter().position(leaves_out)
    }

    /// Counts somebody of the audience, whom this rule left out, with the lists that have them.
    pub(super) fn count(&mut self, customer: u64, rule: usize) {
        let mut rules = self.rules[rule..].iter_mut();
        if let Some(list) = rules.next().and_then(|rule| rule.list.as_mut()) {
            list.matched += 1;
            list.left_out += 1;
        }
        for Rule { list, test, .. } in rules {
            match list {
                Some(list) => list.matched += u64::from(test.is_in(customer)),
                // Lists come before all other rules of these.
                None => break,
            }
        }
    }

    /// Looks for those whom `where` leaves out in lists that had nobody of the audience so far.
    pub(super) fn look_for_filtered(&mut self, customers: &[u64]) {
        for Rule { list, test, .. } in &mut self.rules {
            let Some(list) = list.as_mut().filter(|list| list.is_of_nobody()) else {
                continue;
            };
            list.only_filtered = customers.iter().any(|it| test.is_in(*it));
        }
    }

    /// The lists, in the order in which they are tested, and what they came to.
    pub(super) fn into_lists(self) -> Vec<List> {
        self.rules
            .into_iter()
            .filter_map(|rule| rule.list)
            .collect()
    }

    /// The ground of every rule, in order.
    pub(super) fn grounds(&self) -> impl Iterator<Item = &Ground> {
        self.rules.iter().map(|rule| &rule.ground)
    }
}
