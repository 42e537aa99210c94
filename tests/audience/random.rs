//! Random rules over random histories: every row has the one reason that a plain reading of the
//! rules gives it, and the sums hold.

use std::collections::{BTreeMap, BTreeSet};

use deskcast::delivery::batch::BatchState;
use deskcast::delivery::reason::Reason;
use deskcast::service::launch::NotLaunched;
use proptest::prelude::*;

use crate::world::{LeftOutRows, World, day};

/// A run that was sent before: by which campaign, when, to whom, and what came of it.
#[derive(Clone, Debug)]
struct Past {
    same: bool,
    day: i64,
    customers: BTreeSet<u64>,
    state: BatchState,
}

#[derive(Clone, Debug)]
struct Case {
    past: Vec<Past>,
    listed: Vec<(u64, bool)>,
    excluded: BTreeSet<u64>,
    filter: bool,
    same: Option<i64>,
    any: Option<i64>,
    cap: Option<(u8, i64)>,
}

const NOW: i64 = 100;
/// As long as a campaign may be silent: for ever.
const EVER: i64 = 10_000;

fn past() -> impl Strategy<Value = Past> {
    let states = prop::sample::select(vec![
        BatchState::Accepted,
        BatchState::Rejected,
        BatchState::Unknown,
        BatchState::Abandoned,
    ]);
    let customers = prop::collection::btree_set(1..12_u64, 1..8);
    (any::<bool>(), 60..NOW, customers, states).prop_map(|(same, day, customers, state)| Past {
        same,
        day,
        customers,
        state,
    })
}

fn case() -> impl Strategy<Value = Case> {
    (
        prop::collection::vec(past(), 0..6),
        prop::collection::vec((1..14_u64, any::<bool>()), 1..20),
        prop::collection::btree_set(1..14_u64, 0..3),
        any::<bool>(),
        prop_oneof![Just(None), Just(Some(EVER)), (1..40_i64).prop_map(Some)],
        prop::option::of(1..40_i64),
        prop::option::of((1..4_u8, 1..40_i64)),
    )
        .prop_map(|(past, listed, excluded, filter, same, any, cap)| Case {
            past,
            listed,
            excluded,
            filter,
            same,
            any,
            cap,
        })
}

impl Case {
    fn definition(&self) -> String {
        let mut text = "[customers]\nfiles = [\"a.csv\"]\nexclude = [{ file = \"left.csv\", may_be_empty = true }]\n".to_owned();
        if self.filter {
            text.push_str("where = { taken = \"yes\" }\n");
        }
        text.push_str("[repeat]\n");
        text.push_str(&match self.same {
            None => "same_campaign = \"always\"\n".to_owned(),
            Some(EVER) => String::new(),
            Some(days) => format!("same_campaign = \"{days}d\"\n"),
        });
        if let Some(days) = self.any {
            text.push_str(&format!("any_campaign = \"{days}d\"\n"));
        }
        if let Some((count, days)) = self.cap {
            text.push_str(&format!(
                "max_per_customer = {{ count = {count}, within = \"{days}d\" }}\n"
            ));
        }
        text
    }

    /// How often a customer was messaged within so many days.
    fn times(&self, customer: u64, days: i64, same: bool) -> usize {
        let counts = |past: &&Past| {
            past.state != BatchState::Rejected
                && (past.same || !same)
                && past.customers.contains(&customer)
                && NOW - past.day < days
        };
        self.past.iter().filter(counts).count()
    }

    /// The reason of a customer's first row that counts.
    fn reason(&self, customer: u64) -> Option<Reason> {
        if self.excluded.contains(&customer) {
            return Some(Reason::Suppressed);
        }
        let messaged = |days, same| self.times(customer, days, same);
        if self.same.is_some_and(|days| messaged(days, true) > 0) {
            return Some(Reason::MessagedBefore);
        }
        if self.any.is_some_and(|days| messaged(days, false) > 0) {
            return Some(Reason::MessagedLately);
        }
        self.cap
            .is_some_and(|(count, days)| messaged(days, false) >= count.into())
            .then_some(Reason::CapReached)
    }

    fn expected(&self) -> (BTreeSet<u64>, LeftOutRows) {
        let (mut planned, mut left_out) = (BTreeSet::new(), BTreeMap::new());
        let mut seen = BTreeSet::new();
        for (customer, taken) in &self.listed {
            let reason = match (self.filter && !taken, seen.contains(customer)) {
                (true, _) => Some(Reason::Filtered),
                (false, true) => Some(Reason::Duplicate),
                (false, false) => {
                    seen.insert(*customer);
                    self.reason(*customer)
                }
            };
            match reason {
                None => _ = planned.insert(*customer),
                Some(reason) => {
                    let rows: &mut Vec<String> = left_out.entry(reason).or_default();
                    rows.push(customer.to_string());
                }
            }
        }
        (planned, left_out)
    }

    fn world(&self) -> World {
        let mut world = World::new();
        for (number, past) in self.past.iter().enumerate() {
            let name = match past.same {
                true => "spring".to_owned(),
                false => format!("other{number}"),
            };
            world.campaign(&name, "[repeat]\nsame_campaign = \"always\"\n");
            world.ids(&format!("{name}.csv"), past.customers.iter().copied());
            // A run that ended after another one of its campaign was asked for would be gone on with.
            let key = world.try_plan_beside(&name, day(past.day));
            world.end(key.id, day(past.day), |_| Some(past.state));
        }
        world.campaign("spring", &self.definition());
        let row =
            |(id, taken): &(u64, bool)| format!("{id},{}\n", if *taken { "yes" } else { "no" });
        let listed: String = self.listed.iter().map(row).collect();
        world.write("a.csv", &format!("customer_id,taken\n{listed}"));
        world.ids("left.csv", self.excluded.iter().copied());
        world
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn every_row_has_the_reason_that_the_rules_give_it(case in case()) {
        let (planned, left_out) = case.expected();
        let mut world = case.world();
        match world.try_plan("spring", day(NOW)) {
            Ok(run) => {
                let sorted = world.sorted(&run);
                prop_assert_eq!(sorted.planned, planned);
                prop_assert_eq!(sorted.left_out, left_out);
            }
            Err(error) => {
                prop_assert!(planned.is_empty(), "{}", error);
                let of_journal = left_out.keys().any(|reason| reason.is_of_journal());
                prop_assert_eq!(matches!(error, NotLaunched::Nobody(_)), of_journal);
            }
        }
    }
}
