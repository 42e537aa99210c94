//! Whom a fault strikes: a share, every n-th, or the very ones listed.
//!
//! A rule holds no counter: it is told the number of the thing at hand. That buys one notation
//! for requests (the k-th), chats (the k-th made) and customers (the id).

use super::chance::{self, Draw};

/// Which of a sequence of things are struck.
#[derive(Debug, Clone, PartialEq, Default)]
pub enum Rule {
    /// None of them.
    #[default]
    Never,
    /// This share of them, `0.0..=1.0`, chosen by the seed.
    Share(f64),
    /// Every n-th: n, 2n, 3n …
    Every(u64),
    /// The ones in these ranges, first and last included; the first thing is number 1.
    Only(Vec<(u64, u64)>),
}

impl Rule {
    /// Reads `1%`, `0.01`, `every=10` or `@3,7,10-20`. Empty means all.
    ///
    /// # Errors
    /// A sentence that says what a rate looks like.
    pub fn parse(text: &str) -> Result<Rule, String> {
        let text = text.trim();
        if text.is_empty() {
            return Ok(Rule::Share(1.0));
        }
        if let Some(list) = text.strip_prefix('@') {
            return only(list);
        }
        if let Some(step) = text.strip_prefix("every=") {
            return match step.parse() {
                Ok(step) if step > 0 => Ok(Rule::Every(step)),
                _ => Err(format!("`{text}`: every= takes a whole number from 1")),
            };
        }
        share(text)
    }

    /// Whether thing number `k` is struck; `about` are the ids that a share is drawn by.
    pub(crate) fn strikes(&self, k: u64, seed: u64, draw: Draw, about: &[u64]) -> bool {
        match self {
            Rule::Never => false,
            Rule::Share(share) => chance::fraction(seed, draw, about) < *share,
            Rule::Every(step) => k > 0 && k.is_multiple_of(*step),
            Rule::Only(ranges) => ranges
                .iter()
                .any(|(first, last)| (*first..=*last).contains(&k)),
        }
    }

    /// Whether the rule names its things, rather than drawing them.
    pub(crate) fn is_exact(&self) -> bool {
        matches!(self, Rule::Every(_) | Rule::Only(_))
    }
}

fn share(text: &str) -> Result<Rule, String> {
    let (digits, scale) = match text.strip_suffix('%') {
        Some(digits) => (digits.trim(), 100.0),
        None => (text, 1.0),
    };
    match digits.parse::<f64>() {
        Ok(number) if (0.0..=1.0).contains(&(number / scale)) => Ok(Rule::Share(number / scale)),
        _ => Err(format!(
            "`{text}` is no rate: write 1%, 0.01, every=10 or @3,7,10-20"
        )),
    }
}

fn only(list: &str) -> Result<Rule, String> {
    let range = |part: &str| -> Option<(u64, u64)> {
        let (first, last) = part.split_once('-').unwrap_or((part, part));
        let (first, last) = (first.trim().parse().ok()?, last.trim().parse().ok()?);
        (first <= last).then_some((first, last))
    };
    list.split([',', '+'])
        .map(|part| {
            range(part).ok_or_else(|| format!("`{part}` in `@{list}` is no number or range"))
        })
        .collect::<Result<_, _>>()
        .map(Rule::Only)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_notation_is_read() {
        assert_eq!(Rule::parse("1%"), Ok(Rule::Share(0.01)));
        assert_eq!(Rule::parse(" 0.25 "), Ok(Rule::Share(0.25)));
        assert_eq!(Rule::parse(""), Ok(Rule::Share(1.0)));
        assert_eq!(Rule::parse("every=10"), Ok(Rule::Every(10)));
        assert_eq!(Rule::parse("@3,7-9"), Ok(Rule::Only(vec![(3, 3), (7, 9)])));
    }

    #[test]
    fn nonsense_is_refused() {
        for text in [
            "2", "101%", "-1%", "every=0", "@", "@x", "@9-7", "NaN", "often",
        ] {
            assert!(Rule::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn strikes_the_ones_it_says() {
        let struck = |rule: &Rule| -> Vec<u64> {
            (1..=12)
                .filter(|k| rule.strikes(*k, 1, Draw::Fault, &[*k]))
                .collect()
        };
        assert_eq!(struck(&Rule::Every(5)), [5, 10]);
        assert_eq!(struck(&Rule::Only(vec![(2, 3), (11, 11)])), [2, 3, 11]);
        assert_eq!(struck(&Rule::Share(1.0)).len(), 12);
        assert_eq!(struck(&Rule::Never), [] as [u64; 0]);
    }
}
