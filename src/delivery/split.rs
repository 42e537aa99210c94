//! What to do with a refused batch: find the bad customers without messaging a good one twice.
//!
//! Halving costs about 2·log2(n) requests for each bad customer. Where the answer names customers,
//! the named ones part from the others first. Nobody is rejected because a number in a sentence
//! happened to be theirs: the named ones are sent once more by themselves, and only a batch that
//! cannot be divided, or all of whose members are named, is rejected.

use super::outcome::Words;

/// How a refused batch goes on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// Nothing to divide: these customers are rejected.
    Reject,
    /// They go on as two batches, the first one first. Both parts keep the order of the batch.
    Divide(Vec<u64>, Vec<u64>),
}

/// Divides a refused batch: by the names in the answer where there are some, else in half.
pub fn divide(customers: &[u64], words: &Words) -> Refusal {
    if customers.len() <= 1 {
        return Refusal::Reject;
    }
    let named = named_customers(customers, words);
    let (bad, good): (Vec<u64>, Vec<u64>) = customers.iter().partition(|id| named.contains(id));
    match (bad.is_empty(), good.is_empty()) {
        (false, true) => Refusal::Reject,
        (false, false) => Refusal::Divide(bad, good),
        (true, _) => {
            let (left, right) = customers.split_at(customers.len() / 2);
            Refusal::Divide(left.to_vec(), right.to_vec())
        }
    }
}

/// Parts a single customer from a refused batch, to learn cheaply whether it is the customers or
/// the definition that is refused. Each of the `earlier` probes was made at another place, because
/// bad customers often stand side by side.
pub fn probe(customers: &[u64], earlier: u32) -> Refusal {
    if customers.len() <= 1 {
        return Refusal::Reject;
    }
    // Multiples of the golden ratio spread more evenly than chance does.
    let place = f64::from(earlier) * 0.618_033_988_749_894_9;
    let at = (place.fract() * customers.len() as f64) as usize;
    let mut rest = customers.to_vec();
    let one = rest.remove(at.min(customers.len() - 1));
    Refusal::Divide(vec![one], rest)
}

/// The customers of this batch whose ids stand in the answer as whole numbers, where the answer
/// speaks of customers at all.
fn named_customers(customers: &[u64], words: &Words) -> Vec<u64> {
    if !words.message.to_lowercase().contains("customer") {
        return Vec::new();
    }
    let mut named: Vec<u64> = words
        .message
        .split(|c: char| !c.is_ascii_digit())
        .filter_map(|digits| digits.parse().ok())
        .filter(|id| customers.contains(id))
        .collect();
    named.sort_unstable();
    named.dedup();
    named
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(message: &str) -> Words {
        Words {
            status: Some(400),
            code: Some("deskp400201".into()),
            message: message.into(),
        }
    }

    #[test]
    fn a_single_customer_is_rejected() {
        assert_eq!(divide(&[5], &said("no")), Refusal::Reject);
        assert_eq!(probe(&[5], 0), Refusal::Reject);
    }

    #[test]
    fn without_names_the_halves_keep_everyone_in_order() {
        assert_eq!(
            divide(&[5, 3, 9], &said("no")),
            Refusal::Divide(vec![5], vec![3, 9])
        );
    }

    #[test]
    fn named_customers_part_from_the_others() {
        let words = said("Customers not found: [3, 9].");
        assert_eq!(
            divide(&[5, 3, 9, 1], &words),
            Refusal::Divide(vec![3, 9], vec![5, 1])
        );
    }

    #[test]
    fn when_all_are_named_all_are_rejected() {
        assert_eq!(
            divide(&[3, 9], &said("Customers 9 and 3 do not exist")),
            Refusal::Reject
        );
    }

    #[test]
    fn a_number_that_is_part_of_another_is_not_a_name() {
        let words = said("Customer 31 does not exist");
        assert_eq!(divide(&[3, 1], &words), Refusal::Divide(vec![3], vec![1]));
    }

    #[test]
    fn numbers_that_do_not_speak_of_customers_are_not_names() {
        let halves = Refusal::Divide(vec![1], vec![12, 2]);
        assert_eq!(
            divide(&[1, 12, 2], &said("Group 12 does not exist")),
            halves
        );
    }

    #[test]
    fn probes_part_one_customer_each_from_another_place() {
        let apart: Vec<(u64, usize)> = (0..5)
            .map(
                |earlier| match probe(&[1, 2, 3, 4, 5, 6, 7, 8, 9], earlier) {
                    Refusal::Divide(one, rest) => (one[0], rest.len()),
                    Refusal::Reject => panic!("nine can be divided"),
                },
            )
            .collect();
        assert_eq!(apart, [(1, 8), (6, 8), (3, 8), (8, 8), (5, 8)]);
        assert_eq!(probe(&[4, 5, 6], 0), Refusal::Divide(vec![4], vec![5, 6]));
    }
}
