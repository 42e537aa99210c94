//! A set of customers that is small for millions of them.
//!
//! Ids that lie close together, as those of one project do, are kept in compressed bitmaps: a
//! byte for several customers. Ids that are scattered would cost such bitmaps many times their
//! own size, and are kept as they are.

mod frozen;

use std::collections::HashSet;

use roaring::RoaringTreemap;
use rustc_hash::FxBuildHasher;

pub use self::frozen::FrozenSet;

/// A set of customers.
#[derive(Clone, Debug)]
pub struct CustomerSet {
    ids: Ids,
    /// At this size it is looked at whether the ids are close together.
    look_at: u64,
}

#[derive(Clone, Debug)]
enum Ids {
    Close(RoaringTreemap),
    Scattered(HashSet<u64, FxBuildHasher>),
}

/// With fewer ids than this the way they are kept does not matter.
const FIRST_LOOK: u64 = 1 << 16;
/// A stretch of 65,536 ids costs about 50 bytes; with so many customers in each of them, bitmaps
/// are the smaller way.
const CLOSE: u64 = 4;

impl Default for CustomerSet {
    fn default() -> CustomerSet {
        CustomerSet {
            ids: Ids::Close(RoaringTreemap::new()),
            look_at: FIRST_LOOK,
        }
    }
}

impl CustomerSet {
    /// Adds a customer; false when they were in it.
    #[inline]
    pub fn insert(&mut self, customer: u64) -> bool {
        match &mut self.ids {
            Ids::Close(ids) => ids.insert(customer),
            Ids::Scattered(ids) => ids.insert(customer),
        }
    }

    /// Adds several customers, and sees to it that they are kept in the smaller way.
    pub fn extend(&mut self, customers: &[u64]) {
        for customer in customers {
            self.insert(*customer);
        }
        self.settle();
    }

    /// Whether a customer is in it.
    #[inline]
    pub fn contains(&self, customer: u64) -> bool {
        match &self.ids {
            Ids::Close(ids) => ids.contains(customer),
            Ids::Scattered(ids) => ids.contains(&customer),
        }
    }

    /// How many customers it has.
    pub fn len(&self) -> u64 {
        match &self.ids {
            Ids::Close(ids) => ids.len(),
            Ids::Scattered(ids) => ids.len() as u64,
        }
    }

    /// Whether it has none.
    pub fn is_empty(&self) -> bool {
        match &self.ids {
            Ids::Close(ids) => ids.is_empty(),
            Ids::Scattered(ids) => ids.is_empty(),
        }
    }

    /// Looks at the ids each time they have doubled; to be called now and then after inserting.
    pub fn settle(&mut self) {
        let Ids::Close(ids) = &self.ids else {
            return;
        };
        let len = ids.len();
        if len < self.look_at {
            return;
        }
        self.look_at = len * 2;
        let stretches: u64 = ids
            .bitmaps()
            .map(|(_, bitmap)| u64::from(bitmap.statistics().n_containers))
            .sum();
        if len < stretches * CLOSE {
            self.ids = Ids::Scattered(ids.iter().collect());
        }
    }
}

impl FromIterator<u64> for CustomerSet {
    fn from_iter<I: IntoIterator<Item = u64>>(customers: I) -> CustomerSet {
        let mut set = CustomerSet::default();
        for customer in customers {
            set.insert(customer);
        }
        set.settle();
        set
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn it_is_the_set_that_the_standard_library_makes(
            ids in prop::collection::vec(prop_oneof![0..200_u64, any::<u64>()], 0..300),
            others in prop::collection::vec(0..200_u64, 0..50),
        ) {
            let mut set = CustomerSet::default();
            let mut plain = BTreeSet::new();
            for id in &ids {
                prop_assert_eq!(set.insert(*id), plain.insert(*id));
            }
            prop_assert_eq!(set.len(), plain.len() as u64);
            for id in ids.iter().chain(&others) {
                prop_assert_eq!(set.contains(*id), plain.contains(id));
            }
        }
    }

    #[test]
    fn scattered_ids_are_kept_as_they_are_and_close_ones_in_bitmaps() {
        let close: CustomerSet = (0..200_000).map(|n| n * 3).collect();
        assert!(matches!(close.ids, Ids::Close(_)));
        let far = |n: u64| n.wrapping_mul(0x9e37_79b9_7f4a_7c15);
        let scattered: CustomerSet = (0..200_000).map(far).collect();
        assert!(matches!(scattered.ids, Ids::Scattered(_)));
        assert!((0..200_000).all(|n| scattered.contains(far(n))));
        assert_eq!(scattered.len(), 200_000);
    }
}
