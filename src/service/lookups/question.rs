//! One question to Desk: who has this Sendbird user id?

use crate::delivery::lanes::NO_RUN;
use crate::desk::{Customer, Desk, ListError, ReadError};
use crate::service::budget::{Budget, Lane};

/// An id that Desk is to be asked about.
#[derive(Debug)]
pub(super) struct Open {
    pub(super) name: Box<str>,
    /// How often it was not answered.
    pub(super) failures: u32,
}

/// What one request came to.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Answer {
    /// The customer with it, or nobody.
    Found(Option<u64>),
    /// Desk asks for patience.
    Throttled,
    /// Desk turns away whoever comes.
    Halted(String),
    /// The same question gets the same answer.
    Refused(String),
    /// Another try may be answered.
    Failed(String),
}

/// Asks Desk once, within the budget.
pub(super) async fn ask(desk: Desk, budget: Budget, open: Open) -> (Open, Answer) {
    let mut pages = desk.customers(Some(&open.name));
    let page = budget.spend(Lane::Read, NO_RUN, pages.next()).await;
    let answer = match page {
        Ok(page) => judge(&open.name, page.map(|page| page.items).unwrap_or_default()),
        Err(ListError::Read(error)) => match error {
            ReadError::Throttled(_) => Answer::Throttled,
            ReadError::Halted(words) | ReadError::NotFound(words) => {
                Answer::Halted(words.to_string())
            }
            ReadError::Refused(words) => Answer::Refused(words.to_string()),
            ReadError::Failed(words) => Answer::Failed(words.to_string()),
        },
        Err(error) => Answer::Failed(error.to_string()),
    };
    (open, answer)
}

/// Who was found: the customer with exactly this id, and nobody else. A Desk that passed over the
/// question would list strangers.
fn judge(name: &str, found: Vec<Customer>) -> Answer {
    let is_named = |customer: &&Customer| customer.sendbird_id.as_deref() == Some(name);
    let mut named = found.iter().filter(is_named).map(|customer| customer.id);
    match (named.next(), named.next(), found.first()) {
        (Some(id), None, _) => Answer::Found(Some(id)),
        (Some(id), Some(other), _) => Answer::Refused(format!(
            "Desk has several customers with this id: {id} and {other}"
        )),
        (None, _, None) => Answer::Found(None),
        (None, _, Some(stranger)) => Answer::Refused(format!(
            "Desk answered with customer {}, whose id is \"{}\"",
            stranger.id,
            stranger
                .sendbird_id
                .as_deref()
                .unwrap_or_default()
                .escape_debug()
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::{Answer, Customer, judge};

    fn customer(id: u64, name: Option<&str>) -> Customer {
        Customer {
            id,
            sendbird_id: name.map(str::to_owned),
            display_name: None,
            channel_type: None,
        }
    }

    #[test]
    fn only_the_customer_with_exactly_this_id_is_taken() {
        let mira = || customer(7, Some("mira"));
        assert_eq!(judge("mira", vec![mira()]), Answer::Found(Some(7)));
        let others = vec![customer(8, Some("mirabel")), mira()];
        assert_eq!(judge("mira", others), Answer::Found(Some(7)));
        assert_eq!(judge("mira", Vec::new()), Answer::Found(None));
    }

    #[test]
    fn a_desk_that_names_somebody_else_is_not_believed() {
        for stranger in [Some("MIRA"), Some("mira "), Some("yui"), None] {
            let answer = judge("mira", vec![customer(8, stranger)]);
            assert!(matches!(answer, Answer::Refused(_)), "{answer:?}");
        }
        let two = vec![customer(7, Some("mira")), customer(8, Some("mira"))];
        let why = "Desk has several customers with this id: 7 and 8";
        assert_eq!(judge("mira", two), Answer::Refused(why.to_owned()));
    }
}
