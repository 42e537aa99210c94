//! A set that nobody is added to any more: smaller yet, where its ids are scattered.

use roaring::RoaringTreemap;

use super::{CustomerSet, Ids};

/// Ids are looked for in stretches of about so many.
const STRETCH: usize = 64;

/// A set of customers that does not change.
#[derive(Clone, Debug)]
pub struct FrozenSet(Kept);

#[derive(Clone, Debug)]
enum Kept {
    Close(RoaringTreemap),
    Scattered(Sorted),
}

/// Ids in order, and where in them each stretch of the numbers begins.
#[derive(Clone, Debug)]
struct Sorted {
    ids: Vec<u64>,
    /// How many of the low bits of an id do not choose its stretch.
    shift: u32,
    starts: Vec<usize>,
}

impl CustomerSet {
    /// The same set, for looking up alone.
    pub fn freeze(self) -> FrozenSet {
        FrozenSet(match self.ids {
            Ids::Close(ids) => Kept::Close(ids),
            Ids::Scattered(ids) => {
                let mut sorted = Vec::with_capacity(ids.len());
                sorted.extend(ids);
                sorted.sort_unstable();
                Kept::Scattered(Sorted::new(sorted))
            }
        })
    }
}

impl FrozenSet {
    /// Whether a customer is in it.
    #[inline]
    pub fn contains(&self, customer: u64) -> bool {
        match &self.0 {
            Kept::Close(ids) => ids.contains(customer),
            Kept::Scattered(ids) => ids.contains(customer),
        }
    }
}

impl Sorted {
    fn new(ids: Vec<u64>) -> Sorted {
        let wanted = (ids.len() / STRETCH).max(1).next_power_of_two();
        let highest = ids.last().copied().unwrap_or(0);
        let bits = u64::BITS - highest.leading_zeros();
        let shift = bits
            .saturating_sub(wanted.trailing_zeros())
            .min(u64::BITS - 1);
        let mut starts = Vec::with_capacity(wanted + 1);
        for (place, id) in ids.iter().enumerate() {
            let stretch = (id >> shift) as usize;
            starts.resize(starts.len().max(stretch + 1), place);
        }
        starts.push(ids.len());
        Sorted { ids, shift, starts }
    }

    fn contains(&self, id: u64) -> bool {
        let stretch = usize::try_from(id >> self.shift).unwrap_or(usize::MAX);
        match (
            self.starts.get(stretch),
            self.starts.get(stretch.saturating_add(1)),
        ) {
            (Some(start), Some(end)) => self.ids[*start..*end].binary_search(&id).is_ok(),
            _ => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_frozen_set_has_whom_the_set_had(
            ids in prop::collection::hash_set(prop_oneof![0..2_000_u64, any::<u64>(), 1_u64 << 40..1 << 41], 0..2_000),
            others in prop::collection::vec(any::<u64>(), 0..50),
        ) {
            let mut sorted: Vec<u64> = ids.iter().copied().collect();
            sorted.sort_unstable();
            let scattered = Sorted::new(sorted);
            let close = ids.iter().copied().collect::<CustomerSet>().freeze();
            for id in ids.iter().chain(&others).copied().chain(0..100) {
                for near in [id.saturating_sub(1), id, id.saturating_add(1)] {
                    prop_assert_eq!(scattered.contains(near), ids.contains(&near));
                    prop_assert_eq!(close.contains(near), ids.contains(&near));
                }
            }
        }
    }

    #[test]
    fn scattered_ids_are_kept_in_order_when_frozen() {
        let far = |n: u64| n.wrapping_mul(0x9e37_79b9_7f4a_7c15);
        let set = (0..200_000).map(far).collect::<CustomerSet>().freeze();
        assert!(matches!(set.0, Kept::Scattered(_)));
        assert!((0..200_000).all(|n| set.contains(far(n))));
        assert!((200_000..400_000).all(|n| !set.contains(far(n))));
    }
}
