//! The small choices of a campaign: each a closed set of words or a bounded number.

use std::fmt;

/// How urgent Desk takes a campaign's tickets to be.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Priority {
    /// `LOW`
    Low,
    /// `MEDIUM`, where a definition says nothing.
    #[default]
    Medium,
    /// `HIGH`
    High,
    /// `URGENT`
    Urgent,
}

impl Priority {
    /// Every priority, from the least urgent up.
    pub const ALL: [Self; 4] = [Self::Low, Self::Medium, Self::High, Self::Urgent];

    /// The word that the API uses: `LOW`, `MEDIUM`, `HIGH` or `URGENT`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Low => "LOW",
            Self::Medium => "MEDIUM",
            Self::High => "HIGH",
            Self::Urgent => "URGENT",
        }
    }

    /// Reads a priority in any case; none for another word.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|priority| priority.as_str().eq_ignore_ascii_case(word))
    }
}

impl fmt::Display for Priority {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(self.as_str())
    }
}

/// How many customers one request carries: 1 to 1000, 100 where a definition says nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BatchSize(u16);

impl BatchSize {
    /// The largest batch. Desk documents no limit; this one keeps a refused or unknown request
    /// from holding up more people than can be looked at.
    pub const MAX: u16 = 1000;

    /// Takes a number of customers; none outside 1 to [`BatchSize::MAX`].
    pub fn new(customers: u64) -> Option<Self> {
        let customers = u16::try_from(customers).ok()?;
        (1..=Self::MAX)
            .contains(&customers)
            .then_some(Self(customers))
    }

    /// The number of customers, 1 to 1000.
    pub fn get(self) -> usize {
        usize::from(self.0)
    }
}

impl Default for BatchSize {
    fn default() -> Self {
        Self(100)
    }
}

impl fmt::Display for BatchSize {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(formatter)
    }
}

/// What becomes of a campaign whose audience has rows without a valid customer id.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum InvalidRows {
    /// Nothing is sent until the file is mended: `"refuse"`, the default.
    #[default]
    Refuse,
    /// They are counted, reported and left out: `"skip"`.
    Skip,
}

/// What stands between the fields of an audience file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Delimiter {
    /// `,`
    Comma,
    /// `;`, as spreadsheets write where the comma is the decimal sign.
    Semicolon,
    /// A tab.
    Tab,
    /// `|`
    Pipe,
}

impl Delimiter {
    /// Every delimiter.
    pub const ALL: [Self; 4] = [Self::Comma, Self::Semicolon, Self::Tab, Self::Pipe];

    /// The words for them in a definition.
    pub const WORDS: [&'static str; 4] = [",", ";", "tab", "|"];

    /// Reads the delimiter itself or its name.
    pub fn parse(word: &str) -> Option<Self> {
        let meant = |delimiter: &Self| {
            word.as_bytes() == [delimiter.as_byte()] || word.eq_ignore_ascii_case(delimiter.name())
        };
        Self::ALL.into_iter().find(meant)
    }

    /// How it is written in a definition.
    pub fn word(self) -> &'static str {
        match self {
            Self::Comma => ",",
            Self::Semicolon => ";",
            Self::Tab => "tab",
            Self::Pipe => "|",
        }
    }

    /// The delimiter as it stands in the file.
    pub fn as_byte(self) -> u8 {
        match self {
            Self::Comma => b',',
            Self::Semicolon => b';',
            Self::Tab => b'\t',
            Self::Pipe => b'|',
        }
    }

    /// Its name: `comma`, `semicolon`, `tab` or `pipe`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Comma => "comma",
            Self::Semicolon => "semicolon",
            Self::Tab => "tab",
            Self::Pipe => "pipe",
        }
    }
}

/// Which column of an audience file holds the customer ids.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Column {
    /// The one that the file's first row calls this.
    Header(String),
    /// The one at this place, counted from 1, in a file without a header row. Never 0.
    Number(std::num::NonZeroUsize),
}

impl Column {
    /// The first column of a file without a header row.
    pub fn first() -> Self {
        Self::Number(std::num::NonZeroUsize::MIN)
    }
}

impl Default for Column {
    fn default() -> Self {
        Self::Header("customer_id".to_owned())
    }
}

/// What becomes of a batch whose outcome stays unknown after Desk was read back.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum UnknownPolicy {
    /// It waits for the operator's word.
    #[default]
    Hold,
    /// It is sent again once it is proved that Desk does not have it.
    ResendWhenAbsent,
}

impl UnknownPolicy {
    /// Every policy.
    pub const ALL: [Self; 2] = [Self::Hold, Self::ResendWhenAbsent];

    /// The word for it in a definition and in the journal.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Hold => "hold",
            Self::ResendWhenAbsent => "resend-when-absent",
        }
    }

    /// The policy with this name.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|policy| policy.as_str() == word)
    }
}

#[cfg(test)]
mod tests {
    use super::{BatchSize, Column, Priority};

    #[test]
    fn a_priority_is_read_in_any_case_and_written_in_capitals() {
        for (word, priority) in [
            ("low", Priority::Low),
            ("Medium", Priority::Medium),
            ("HIGH", Priority::High),
            ("uRGENT", Priority::Urgent),
        ] {
            assert_eq!(Priority::parse(word), Some(priority));
            assert_eq!(priority.as_str(), word.to_uppercase());
        }
        assert_eq!(Priority::parse("highest"), None);
        assert_eq!(Priority::parse(" high"), None);
        assert_eq!(Priority::default(), Priority::Medium);
    }

    #[test]
    fn a_batch_carries_1_to_1000_customers_and_100_by_default() {
        assert_eq!(BatchSize::new(0), None);
        assert_eq!(BatchSize::new(1).map(BatchSize::get), Some(1));
        assert_eq!(BatchSize::new(1000).map(BatchSize::get), Some(1000));
        assert_eq!(BatchSize::new(1001), None);
        assert_eq!(BatchSize::new(u64::MAX), None);
        assert_eq!(BatchSize::default().get(), 100);
    }

    #[test]
    fn the_column_is_customer_id_by_default() {
        assert_eq!(Column::default(), Column::Header("customer_id".to_owned()));
    }
}
