//! When so much goes wrong that a run is to pause by itself.
//!
//! Batches and customers are counted from when the run was last begun, so that an operator who
//! resumes it has looked at what was before. A batch that was split counts as its parts. The share
//! is one of customers: bad customers stand alone in the end, and would weigh too much as batches.

use super::dispatch::Conclusion;
use crate::campaign::Abort;

/// What came of a run since it was last begun.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Losses {
    tried: u64,
    rejected: Sum,
    unknown: Sum,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Sum {
    batches: u64,
    customers: u64,
}

impl Sum {
    fn add(&mut self, customers: u64) {
        self.batches += 1;
        self.customers += customers;
    }
}

impl Losses {
    /// Takes in what came of a batch of so many customers. The sentence for the operator when
    /// that is too much; it comes once, with the batch that makes it so, and with each one after.
    pub fn take(
        &mut self,
        rule: &Abort,
        customers: u64,
        conclusion: &Conclusion,
    ) -> Option<String> {
        match conclusion {
            Conclusion::NotSent(_) | Conclusion::Split(..) => return None,
            Conclusion::Accepted(_) => {}
            Conclusion::Rejected(_) => self.rejected.add(customers),
            Conclusion::Unknown(_) => self.unknown.add(customers),
        }
        self.tried += customers;
        let is_bad = !matches!(conclusion, Conclusion::Accepted(_));
        (is_bad && self.is_too_much(rule)).then(|| self.sentence(rule))
    }

    fn is_too_much(&self, rule: &Abort) -> bool {
        let batches = self.rejected.batches + self.unknown.batches;
        let customers = self.rejected.customers + self.unknown.customers;
        batches > rule.batches && rule.share.is_exceeded_by(customers, self.tried)
    }

    fn sentence(&self, rule: &Abort) -> String {
        let Losses {
            tried,
            rejected,
            unknown,
        } = self;
        format!(
            "paused by itself, as too much went wrong: of {tried} customers that were tried {} are rejected and {} \
             unknown, in {} batches; allowed are {} batches or {} ([abort])",
            rejected.customers,
            unknown.customers,
            rejected.batches + unknown.batches,
            rule.batches,
            rule.share,
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::campaign::Share;
    use crate::delivery::outcome::{ChatId, Words};

    fn take(losses: &mut Losses, rule: &Abort, times: u64, conclusion: &Conclusion) -> u64 {
        let said = |_: &u64| losses.take(rule, 10, conclusion).is_some();
        (0..times).filter(said).count() as u64
    }

    #[test]
    fn both_numbers_must_be_exceeded() {
        let (rule, mut losses) = (Abort::default(), Losses::default());
        let accepted = Conclusion::Accepted(ChatId(1));
        let rejected = Conclusion::Rejected(Words::own("no"));
        let unknown = Conclusion::Unknown(Words::own("?"));
        assert_eq!(take(&mut losses, &rule, 5, &rejected), 0);
        assert_eq!(
            take(&mut losses, &rule, 5, &unknown),
            0,
            "10 batches are allowed"
        );
        assert_eq!(take(&mut losses, &rule, 1, &unknown), 1);
        assert_eq!(
            take(&mut losses, &rule, 99, &accepted),
            0,
            "11 of 110: a tenth"
        );
        assert_eq!(take(&mut losses, &rule, 1, &unknown), 1, "12 of 111");
    }

    #[test]
    fn what_was_not_sent_or_goes_on_in_parts_does_not_count() {
        let rule = Abort {
            batches: 0,
            share: Share::default(),
        };
        let mut losses = Losses::default();
        let words = || Words::own("no");
        assert_eq!(
            take(&mut losses, &rule, 9, &Conclusion::NotSent(words())),
            0
        );
        assert_eq!(
            take(&mut losses, &rule, 9, &Conclusion::Split(words(), vec![])),
            0
        );
        assert_eq!(losses, Losses::default());
    }

    #[test]
    fn the_sentence_has_the_figures() {
        let rule = Abort {
            batches: 1,
            share: Share::new(0.25).expect("a share"),
        };
        let mut losses = Losses::default();
        losses.take(&rule, 100, &Conclusion::Accepted(ChatId(1)));
        losses.take(&rule, 50, &Conclusion::Unknown(Words::own("?")));
        let said = losses.take(&rule, 1, &Conclusion::Rejected(Words::own("no")));
        assert_eq!(
            said.as_deref(),
            Some(
                "paused by itself, as too much went wrong: of 151 customers that were tried 1 are rejected and 50 \
                 unknown, in 2 batches; allowed are 1 batches or 25 % ([abort])"
            )
        );
    }
}
