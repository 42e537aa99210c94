//! Whether one text is answered more often than another, or it only looks so.

/// The share of mistaken findings that is put up with, in all comparisons of a run together.
pub const LEVEL: f64 = 0.05;
/// The standard deviations to either side that hold 95 % of a normal distribution.
const Z_95: f64 = 1.959_963_984_540_054;
/// A comparison of fewer answers, or fewer silences, than this expected on either side says nothing:
/// the normal distribution is no likeness of them.
const LEAST_EXPECTED: f64 = 5.0;

/// Whoever answered, of those who were asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Answers {
    /// Who answered; at most `asked`.
    pub answered: u64,
    /// Who was asked.
    pub asked: u64,
}

impl Answers {
    /// The share who answered, 0 to 1; none of nobody.
    pub fn rate(self) -> Option<f64> {
        (self.asked > 0).then(|| self.answered.min(self.asked) as f64 / self.asked as f64)
    }

    /// Between which shares the true one lies with 95 % confidence (Wilson's interval); none of
    /// nobody.
    pub fn interval(self) -> Option<(f64, f64)> {
        let (rate, asked) = (self.rate()?, self.asked as f64);
        let square = Z_95 * Z_95;
        let middle = rate + square / (2.0 * asked);
        let half = Z_95 * (rate * (1.0 - rate) / asked + square / (4.0 * asked * asked)).sqrt();
        let whole = 1.0 + square / asked;
        let low = ((middle - half) / whole).max(0.0);
        Some((low, ((middle + half) / whole).min(1.0)))
    }
}

/// How likely a difference at least as large is where there is none in truth (two-sided test of two
/// proportions with a pooled variance); none where too few answered, or too few did not.
pub fn probability(one: Answers, other: Answers) -> Option<f64> {
    let (first, second) = (one.rate()?, other.rate()?);
    let (n, m) = (one.asked as f64, other.asked as f64);
    let pooled = (first * n + second * m) / (n + m);
    let expected = n.min(m) * pooled.min(1.0 - pooled);
    if expected < LEAST_EXPECTED {
        return None;
    }
    let z = (first - second).abs() / (pooled * (1.0 - pooled) * (1.0 / n + 1.0 / m)).sqrt();
    Some(both_tails(z))
}

/// What the answers to several variants say.
#[derive(Clone, Debug, PartialEq)]
pub enum Finding {
    /// Too few were asked, answered, or did not answer, to compare any.
    TooFew,
    /// None is answered less than the best one, as far as can be told.
    None,
    /// These, by number, are answered less than the best one.
    Less {
        /// The number of the one that is answered most.
        best: usize,
        /// Those that are answered less, in order.
        less: Vec<usize>,
    },
}

/// Compares each variant with the one that is answered most. With more than two the level is shared
/// out among the comparisons (Bonferroni): of twenty equal texts one would look worse by chance.
pub fn compare(variants: &[Answers]) -> Finding {
    let rate = |at: &usize| variants[*at].rate().unwrap_or(-1.0);
    // The first one of those that are equal.
    let best = (0..variants.len())
        .rev()
        .max_by(|a, b| rate(a).total_cmp(&rate(b)));
    let Some(best) = best else {
        return Finding::TooFew;
    };
    let others = (0..variants.len()).filter(|at| *at != best);
    let chances: Vec<(usize, f64)> = others
        .filter_map(|at| Some((at, probability(variants[best], variants[at])?)))
        .collect();
    if chances.is_empty() {
        return Finding::TooFew;
    }
    let level = LEVEL / (variants.len() - 1) as f64;
    let less: Vec<usize> = chances
        .into_iter()
        .filter(|(_, chance)| *chance < level)
        .map(|(at, _)| at)
        .collect();
    match less.is_empty() {
        true => Finding::None,
        false => Finding::Less { best, less },
    }
}

/// What of a normal distribution lies further than `z` from its middle, on both sides together.
/// Abramowitz and Stegun, formula 7.1.26: right to within 0.000 000 15.
fn both_tails(z: f64) -> f64 {
    let x = z / std::f64::consts::SQRT_2;
    let t = 1.0 / (1.0 + 0.327_591_1 * x);
    let polynomial = t
        * (0.254_829_592
            + t * (-0.284_496_736
                + t * (1.421_413_741 + t * (-1.453_152_027 + t * 1.061_405_429))));
    polynomial * (-x * x).exp()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(answered: u64, asked: u64) -> Answers {
        Answers { answered, asked }
    }

    fn near(a: f64, b: f64) -> bool {
        (a - b).abs() < 0.000_05
    }

    #[test]
    fn intervals_are_those_of_wilson() {
        for (answers, low, high) in [
            (of(10, 100), 0.0552, 0.1744),
            (of(0, 10), 0.0, 0.2775),
            (of(10, 10), 0.7225, 1.0),
            (of(1, 2), 0.0945, 0.9055),
        ] {
            let (a, b) = answers.interval().expect("somebody was asked");
            assert!(near(a, low) && near(b, high), "{answers:?}: {a} to {b}");
        }
        assert_eq!(of(0, 0).interval(), None);
    }

    #[test]
    fn probabilities_are_those_of_the_normal_distribution() {
        for (z, p) in [
            (0.0, 1.0),
            (1.0, 0.31731),
            (1.959964, 0.05),
            (2.575829, 0.01),
        ] {
            assert!(near(both_tails(z), p), "{z}: {}", both_tails(z));
        }
        // z = 0.05 / sqrt(0.125 * 0.875 * 2 / 1000) = 3.3806
        let chance = probability(of(100, 1000), of(150, 1000)).expect("enough");
        assert!((0.000_7..0.000_75).contains(&chance), "{chance}");
    }

    #[test]
    fn a_difference_counts_only_when_it_is_significant() {
        assert_eq!(
            compare(&[of(100, 1000), of(150, 1000)]),
            Finding::Less {
                best: 1,
                less: vec![0]
            }
        );
        assert_eq!(compare(&[of(100, 1000), of(110, 1000)]), Finding::None);
        assert_eq!(compare(&[of(0, 1000), of(0, 1000)]), Finding::TooFew);
        assert_eq!(compare(&[of(3, 10), of(0, 0)]), Finding::TooFew);
    }

    #[test]
    fn more_comparisons_ask_for_more() {
        // By themselves these two differ with p = 0.031.
        let (one, two) = (of(100, 1000), of(131, 1000));
        assert!(matches!(compare(&[one, two]), Finding::Less { .. }));
        assert_eq!(compare(&[one, two, of(130, 1000)]), Finding::None);
    }
}
