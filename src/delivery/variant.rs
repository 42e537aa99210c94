//! Which customer is told which of several texts: the same one every time, whatever the order of
//! the file, and whoever asks.
//!
//! It follows from the campaign's name, the weights and the customer's id alone, all of which a run
//! freezes. So a batch needs no mark of its own: its customers say which text it has, and so do the
//! parts of a batch that is split.

use sha2::{Digest as _, Sha256};

use super::draw::{first_number, place};
use super::plan::PlanSink;
use super::reason::Ground;
use crate::campaign::{CampaignName, InvalidRow, NamedRow};

/// One of several texts of a campaign, frozen with its run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Variant {
    /// Its name, unlike the others'.
    pub name: String,
    /// The text of the message.
    pub message: String,
    /// Its part of the customers, among the weights of all; from 1.
    pub weight: u32,
}

/// Something for each variant of a campaign, such as the template of its requests. A campaign
/// without variants has one of it, for everybody.
#[derive(Clone, Debug)]
pub struct Varied<T> {
    seed: u64,
    /// The sum of the weights up to each variant.
    up_to: Vec<u64>,
    each: Vec<T>,
}

impl<T> Varied<T> {
    /// The same for everybody.
    pub fn same(one: T) -> Varied<T> {
        Varied {
            seed: 0,
            up_to: Vec::new(),
            each: vec![one],
        }
    }

    /// What `make` makes of the text of each variant, or of `message` where there are none.
    pub fn of_texts(
        campaign: &CampaignName,
        message: &str,
        variants: &[Variant],
        make: impl Fn(&str) -> T,
    ) -> Varied<T> {
        if variants.is_empty() {
            return Varied::same(make(message));
        }
        let sums = variants.iter().scan(0, |sum, variant| {
            *sum += u64::from(variant.weight.max(1));
            Some(*sum)
        });
        Varied {
            seed: seed(campaign),
            up_to: sums.collect(),
            each: variants.iter().map(|it| make(&it.message)).collect(),
        }
    }

    /// How many there are, at least 1.
    pub fn count(&self) -> usize {
        self.each.len()
    }

    /// What the variant with this number has, from 0; beyond the last one, the last one's.
    pub fn at(&self, variant: usize) -> &T {
        &self.each[variant.min(self.each.len() - 1)]
    }

    /// The number of a customer's variant, from 0.
    #[inline]
    pub fn variant(&self, customer: u64) -> usize {
        let Some(total) = self.up_to.last() else {
            return 0;
        };
        let place = u128::from(place(self.seed, customer));
        // Below the total, as the place is below 2^64.
        let ticket = ((place * u128::from(*total)) >> 64) as u64;
        self.up_to.partition_point(|sum| *sum <= ticket)
    }

    /// What a batch of these customers has, all of whom are of one variant.
    pub fn of(&self, customers: &[u64]) -> &T {
        self.at(customers.first().map_or(0, |first| self.variant(*first)))
    }
}

/// The sink of a dry run: keeps only how many customers each variant has.
#[derive(Debug)]
pub struct Shares<'a, T> {
    varied: &'a Varied<T>,
    /// The customers of each variant, in order.
    pub customers: Vec<u64>,
}

impl<'a, T> Shares<'a, T> {
    /// Nobody yet.
    pub fn new(varied: &'a Varied<T>) -> Shares<'a, T> {
        Shares {
            varied,
            customers: vec![0; varied.count()],
        }
    }
}

impl<T> PlanSink for Shares<'_, T> {
    type Error = std::convert::Infallible;

    fn batch(&mut self, _: u32, customers: &[u64], _: &[u64]) -> Result<(), Self::Error> {
        let variant = customers.first().map_or(0, |it| self.varied.variant(*it));
        self.customers[variant] += customers.len() as u64;
        Ok(())
    }

    fn left_out(&mut self, _: &Ground, _: &[u64], _: &[u64]) -> Result<(), Self::Error> {
        Ok(())
    }

    fn left_out_by_name(&mut self, _: &Ground, _: &[NamedRow]) -> Result<(), Self::Error> {
        Ok(())
    }

    fn invalid(&mut self, _: &[InvalidRow]) -> Result<(), Self::Error> {
        Ok(())
    }
}

/// Another number than that of samples: whoever is drawn is of any variant.
fn seed(campaign: &CampaignName) -> u64 {
    first_number(&Sha256::digest(format!("variants of {campaign}")))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::campaign::{Block, Priority};
    use crate::delivery::draw::Draw;
    use crate::delivery::plan::Planner;
    use crate::delivery::request::Template;
    use crate::delivery::rules::Rules;

    fn name(name: &str) -> CampaignName {
        CampaignName::new(name).expect("a name")
    }

    fn varied(campaign: &str, weights: &[u32]) -> Varied<String> {
        let variant = |(number, weight): (usize, &u32)| Variant {
            name: format!("v{number}"),
            message: format!("text {number}"),
            weight: *weight,
        };
        let variants: Vec<Variant> = weights.iter().enumerate().map(variant).collect();
        Varied::of_texts(&name(campaign), "", &variants, str::to_owned)
    }

    #[test]
    fn shares_are_about_the_weights_also_of_a_sample() {
        let varied = varied("spring", &[1, 3]);
        let sample = Draw::share(&name("spring"), 100_000);
        for (ids, all) in [(1..=100_000_u64, false), (1..=1_000_000, true)] {
            let drawn: Vec<u64> = ids.filter(|id| !all || sample.has(*id)).collect();
            let first = drawn.iter().filter(|id| varied.variant(**id) == 0).count();
            let share = first as f64 / drawn.len() as f64;
            assert!(
                (0.245..0.255).contains(&share),
                "{share} of {}",
                drawn.len()
            );
        }
    }

    /// Keeps the customers of every batch.
    #[derive(Default)]
    struct Batches(Vec<Vec<u64>>);

    impl PlanSink for Batches {
        type Error = std::convert::Infallible;

        fn batch(&mut self, number: u32, ids: &[u64], lines: &[u64]) -> Result<(), Self::Error> {
            assert_eq!(
                (number as usize, ids.len()),
                (self.0.len() + 1, lines.len())
            );
            self.0.push(ids.to_vec());
            Ok(())
        }

        fn left_out(&mut self, _: &Ground, _: &[u64], _: &[u64]) -> Result<(), Self::Error> {
            Ok(())
        }

        fn left_out_by_name(&mut self, _: &Ground, _: &[NamedRow]) -> Result<(), Self::Error> {
            Ok(())
        }

        fn invalid(&mut self, _: &[InvalidRow]) -> Result<(), Self::Error> {
            Ok(())
        }
    }

    proptest! {
        #[test]
        fn batches_are_of_one_variant_and_a_wave_ends_where_it_is_to(
            customers in 1..300_u64, size in 1..40_usize, wave in 1..300_u64,
            weights in prop::collection::vec(1..5_u32, 2..6),
        ) {
            let texts = varied("spring", &weights);
            let templates = Varied {
                seed: texts.seed,
                up_to: texts.up_to.clone(),
                each: texts.each.iter().map(|text| Template::new(text, "vip", 1, Priority::Low)).collect(),
            };
            let mut planner = Planner::new(&templates, "http://desk.test", size, Rules::default());
            planner.cut_after(Some(wave));
            let mut block = Block { rows: customers as usize, ..Block::default() };
            block.ids = (1..=customers).collect();
            block.lines = block.ids.clone();
            let mut sink = Batches::default();
            planner.block(&block, &mut sink).expect("it never fails");
            let summary = planner.finish(&mut sink).expect("it never fails");
            prop_assert_eq!(summary.planned, customers);
            for batch in &sink.0 {
                prop_assert!((1..=size).contains(&batch.len()));
                prop_assert!(batch.iter().all(|id| texts.variant(*id) == texts.variant(batch[0])));
            }
            let mut first_wave: Vec<u64> = Vec::new();
            let mut batches = sink.0.iter();
            while (first_wave.len() as u64) < wave.min(customers) {
                first_wave.extend(batches.next().expect("a batch"));
            }
            first_wave.sort_unstable();
            prop_assert_eq!(first_wave, (1..=wave.min(customers)).collect::<Vec<_>>());
            let mut all = sink.0.concat();
            all.sort_unstable();
            prop_assert_eq!(all, block.ids);
        }
    }

    /// What runs in a store rest on: with another assignment a resumed run would go on with the
    /// wrong text.
    #[test]
    fn the_assignment_never_changes() {
        let varied = varied("spring", &[1, 3, 1]);
        let of: Vec<usize> = (1..=24).map(|id| varied.variant(id)).collect();
        assert_eq!(of, GOLDEN);
        assert_eq!(varied.of(&[3, 4]), varied.at(of[2]));
    }

    const GOLDEN: [usize; 24] = [
        1, 1, 1, 1, 0, 0, 1, 1, 1, 1, 1, 1, 1, 0, 1, 1, 1, 1, 1, 2, 1, 1, 1, 0,
    ];

    #[test]
    fn without_variants_there_is_one_text_for_everybody() {
        let plain = Varied::of_texts(&name("spring"), "Hello", &[], str::to_owned);
        assert_eq!(plain.count(), 1);
        assert!((1..100).all(|id| plain.of(&[id]) == "Hello"));
    }
}
