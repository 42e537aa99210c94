//! Whose messages a retraction deletes.

use std::collections::BTreeSet;

/// Who writes messages of tickets.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Writer {
    /// Somebody of the company.
    Agent,
    /// Desk itself, and what is written through its API in the name of nobody.
    Event,
    /// A customer.
    Customer,
}

impl Writer {
    /// Every writer.
    pub const ALL: [Writer; 3] = [Writer::Agent, Writer::Event, Writer::Customer];

    /// Desk's word, the `userType` of a message.
    pub fn as_str(self) -> &'static str {
        match self {
            Writer::Agent => "AGENT",
            Writer::Event => "EVENT",
            Writer::Customer => "CUSTOMER",
        }
    }

    /// The writer with Desk's word, capitals or not.
    pub fn parse(word: &str) -> Option<Writer> {
        let named = |writer: &Writer| writer.as_str().eq_ignore_ascii_case(word);
        Writer::ALL.into_iter().find(named)
    }
}

/// Whose messages are deleted. Those of a writer that Desk has another word for never are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Writers(BTreeSet<Writer>);

impl Default for Writers {
    /// The company's side: what a retraction is for.
    fn default() -> Self {
        Writers(BTreeSet::from([Writer::Agent, Writer::Event]))
    }
}

impl Writers {
    /// These; the company's side where there are none.
    pub fn of(writers: impl IntoIterator<Item = Writer>) -> Writers {
        let writers = BTreeSet::from_iter(writers);
        match writers.is_empty() {
            true => Writers::default(),
            false => Writers(writers),
        }
    }

    /// Every writer that is known.
    pub fn all() -> Writers {
        Writers::of(Writer::ALL)
    }

    /// Whether messages of this `userType` are meant.
    pub fn include(&self, user_type: &str) -> bool {
        self.0.iter().any(|writer| writer.as_str() == user_type)
    }

    /// Whether what customers wrote is meant, too.
    pub fn include_customers(&self) -> bool {
        self.0.contains(&Writer::Customer)
    }
}

impl std::fmt::Display for Writers {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let words: Vec<&str> = self.0.iter().map(|writer| writer.as_str()).collect();
        f.write_str(&words.join(", "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whoever_is_not_named_is_left_alone_and_so_is_whoever_nobody_knows() {
        let company = Writers::default();
        assert!(company.include("AGENT") && company.include("EVENT"));
        for writer in ["CUSTOMER", "BOT", "agent", ""] {
            assert!(!company.include(writer), "{writer}");
            assert!(writer == "CUSTOMER" || !Writers::all().include(writer));
        }
        assert_eq!(Writers::of([]), company);
        let customers = Writers::of(Writer::parse("customer"));
        assert!(customers.include("CUSTOMER") && !customers.include("AGENT"));
    }
}
