//! Refusals in a row: whether it is the customers or the definition that Desk refuses.

use crate::delivery::outcome::Words;

/// A run of equal refusals with nothing accepted in between.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct Streak {
    code: Option<String>,
    /// How many there were.
    pub(super) refusals: u32,
    /// Those of a single customer, sent to tell one from the other.
    pub(super) singles: u32,
}

impl Streak {
    /// `probed`: the request was one of those that are to tell a wrong definition from customers
    /// who happen to stand side by side.
    pub(super) fn add(&mut self, words: &Words, customers: usize, probed: bool) {
        let code = Some(
            words
                .code
                .clone()
                .unwrap_or_else(|| format!("{:?}", words.status)),
        );
        if self.code != code {
            *self = Streak {
                code,
                ..Streak::default()
            };
        }
        self.refusals += 1;
        self.singles += u32::from(probed && customers == 1);
    }
}
