//! Drawing a sample: the same customers every time, whatever the order of the file.
//!
//! Every customer has a place among all numbers of 64 bits, which depends on the campaign's name
//! and their id alone. Whoever stands at or below a threshold is drawn. Two ids never share a
//! place, so a number of customers can be drawn exactly.

use std::collections::BTreeSet;

use sha2::{Digest as _, Sha256};

use crate::campaign::CampaignName;

/// Who is drawn for a campaign.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Draw {
    seed: u64,
    threshold: u64,
}

impl Draw {
    /// Draws so many of a million, each by itself.
    pub fn share(campaign: &CampaignName, per_million: u32) -> Draw {
        let part = u128::from(per_million.min(1_000_000)) * (u128::from(u64::MAX) + 1) / 1_000_000;
        Draw {
            seed: seed(campaign),
            threshold: u64::try_from(part.saturating_sub(1)).unwrap_or(u64::MAX),
        }
    }

    /// Whether this customer is drawn.
    #[inline]
    pub fn has(self, customer: u64) -> bool {
        place(self.seed, customer) <= self.threshold
    }
}

/// Draws a number of customers out of all that it is shown, in memory for no more than that many.
#[derive(Clone, Debug)]
pub struct Lowest {
    seed: u64,
    most: usize,
    places: BTreeSet<u64>,
}

impl Lowest {
    /// Draws at most so many, at least 1.
    pub fn new(campaign: &CampaignName, most: u64) -> Lowest {
        Lowest {
            seed: seed(campaign),
            most: usize::try_from(most).unwrap_or(usize::MAX).max(1),
            places: BTreeSet::new(),
        }
    }

    /// Shows a customer; showing one again changes nothing.
    pub fn show(&mut self, customer: u64) {
        let place = place(self.seed, customer);
        if self.places.len() < self.most {
            self.places.insert(place);
        } else if self.places.last().is_some_and(|last| place < *last) && self.places.insert(place)
        {
            self.places.pop_last();
        }
    }

    /// Whoever is drawn of all that were shown.
    pub fn draw(&self) -> Draw {
        let last = self.places.last().copied();
        Draw {
            seed: self.seed,
            threshold: last
                .filter(|_| self.places.len() >= self.most)
                .unwrap_or(u64::MAX),
        }
    }
}

fn seed(campaign: &CampaignName) -> u64 {
    first_number(&Sha256::digest(campaign.as_str()))
}

/// The first 64 bits of a hash.
pub(super) fn first_number(hash: &[u8]) -> u64 {
    let (first, _) = hash.split_at(8);
    first
        .iter()
        .fold(0, |seed, byte| (seed << 8) | u64::from(*byte))
}

/// The place of a customer: splitmix64, every step of which can be undone.
#[inline]
pub(super) fn place(seed: u64, customer: u64) -> u64 {
    let mut place = customer.wrapping_add(seed);
    place = (place ^ (place >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    place = (place ^ (place >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    place ^ (place >> 31)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    fn name(name: &str) -> CampaignName {
        CampaignName::new(name).expect("a name")
    }

    proptest! {
        #[test]
        fn exactly_so_many_are_drawn_in_any_order(
            ids in prop::collection::vec(1..500_u64, 1..400), most in 1..300_u64,
        ) {
            let mut forward = Lowest::new(&name("spring"), most);
            ids.iter().for_each(|id| forward.show(*id));
            let mut backward = Lowest::new(&name("spring"), most);
            ids.iter().rev().for_each(|id| backward.show(*id));
            prop_assert_eq!(forward.draw(), backward.draw());
            let all: BTreeSet<u64> = ids.into_iter().collect();
            let drawn = all.iter().filter(|id| forward.draw().has(**id)).count();
            prop_assert_eq!(drawn, all.len().min(most as usize));
        }
    }

    #[test]
    fn a_share_is_about_that_much_and_a_larger_one_has_all_of_a_smaller() {
        let spring = name("spring");
        let drawn = |share| {
            (1..=100_000)
                .filter(|id| Draw::share(&spring, share).has(*id))
                .count()
        };
        assert!(
            (9_700..10_300).contains(&drawn(100_000)),
            "{}",
            drawn(100_000)
        );
        assert_eq!(drawn(1_000_000), 100_000);
        let (tenth, fifth) = (Draw::share(&spring, 100_000), Draw::share(&spring, 200_000));
        assert!((1..=100_000).all(|id| !tenth.has(id) || fifth.has(id)));
        let other = Draw::share(&name("summer"), 100_000);
        let both = (1..=100_000)
            .filter(|id| tenth.has(*id) && other.has(*id))
            .count();
        assert!(
            (800..1_200).contains(&both),
            "campaigns draw by themselves: {both}"
        );
    }
}
