//! Who was messaged how often: the evidence that a run messaged nobody twice.
//!
//! It only ever grows, and only by creates that were applied, whether or not their answer arrived.
//! Those messaged once cost bits; only those messaged again cost an entry each.

use roaring::RoaringTreemap;
use rustc_hash::FxHashMap;

/// Per customer, how many applied creates had them in their list.
#[derive(Debug, Clone, Default)]
pub struct Memory {
    messaged: RoaringTreemap,
    again: FxHashMap<u64, u32>,
    applied: u64,
}

impl Memory {
    /// Remembers one applied create.
    pub(crate) fn remember(&mut self, customers: &[u64]) {
        self.applied += 1;
        for customer in customers {
            if !self.messaged.insert(*customer) {
                *self.again.entry(*customer).or_insert(1) += 1;
            }
        }
    }

    /// Creates that were applied.
    pub fn applied(&self) -> u64 {
        self.applied
    }

    /// Customers that were messaged at least once.
    pub fn customers(&self) -> u64 {
        self.messaged.len()
    }

    /// How often this customer was messaged.
    pub fn times(&self, customer: u64) -> u32 {
        match self.again.get(&customer) {
            Some(times) => *times,
            None => u32::from(self.messaged.contains(customer)),
        }
    }

    /// How often the most messaged customer was.
    pub fn most(&self) -> u32 {
        let once = u32::from(!self.messaged.is_empty());
        self.again.values().copied().max().unwrap_or(once)
    }

    /// Customers messaged more than once, with how often, by id.
    pub fn more_than_once(&self) -> Vec<(u64, u32)> {
        let mut again: Vec<_> = self.again.iter().map(|(id, times)| (*id, *times)).collect();
        again.sort_unstable();
        again
    }

    /// Every customer messaged, with how often, by id.
    pub fn all(&self) -> impl Iterator<Item = (u64, u32)> + '_ {
        self.messaged
            .iter()
            .map(|id| (id, self.again.get(&id).copied().unwrap_or(1)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeMap;

    proptest! {
        #[test]
        fn agrees_with_a_plain_count(
            creates in prop::collection::vec(prop::collection::btree_set(1_u64..40, 0..8), 0..20),
        ) {
            let (mut memory, mut plain) = (Memory::default(), BTreeMap::<u64, u32>::new());
            for create in &creates {
                memory.remember(&create.iter().copied().collect::<Vec<_>>());
                create.iter().for_each(|id| *plain.entry(*id).or_default() += 1);
            }
            prop_assert_eq!(memory.applied(), creates.len() as u64);
            prop_assert_eq!(memory.most(), plain.values().copied().max().unwrap_or(0));
            prop_assert_eq!(memory.all().collect::<Vec<_>>(), plain.iter().map(|(k, v)| (*k, *v)).collect::<Vec<_>>());
            prop_assert!(memory.more_than_once().iter().all(|(id, times)| plain[id] == *times && *times > 1));
            prop_assert!((1..40).all(|id| memory.times(id) == plain.get(&id).copied().unwrap_or(0)));
        }
    }
}
