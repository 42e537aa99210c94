//! Why a row of the customer file is in no batch: every one for exactly one reason.
//!
//! The reasons are tested in the order of [`Reason::ALL`], and the first that holds is the one
//! that is counted and kept. What can be seen in the row alone comes first, then what the lists
//! say, then what was drawn, and last what the journal knows, so that a row keeps its reason from
//! one run to the next for as long as its file does.

use serde::Serialize;

/// The particulars of a row that Desk was not asked about.
const NOT_ASKED: &str = "not looked up in Desk yet";

/// Why a row is left out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Reason {
    /// It has no usable id.
    Invalid,
    /// Its columns are not what `where` asks for.
    Filtered,
    /// Desk knows nobody by the Sendbird user id that stands there.
    UnknownToDesk,
    /// Its id stood in an earlier row that was not filtered out.
    Duplicate,
    /// A list of those who are not to be messaged has it.
    Suppressed,
    /// It was not drawn for the sample.
    NotSampled,
    /// This campaign has messaged them before.
    MessagedBefore,
    /// Some campaign has messaged them lately.
    MessagedLately,
    /// They were messaged as often as they may be.
    CapReached,
}

impl Reason {
    /// Every reason, in the order in which they are tested.
    pub const ALL: [Reason; 9] = [
        Reason::Invalid,
        Reason::Filtered,
        Reason::UnknownToDesk,
        Reason::Duplicate,
        Reason::Suppressed,
        Reason::NotSampled,
        Reason::MessagedBefore,
        Reason::MessagedLately,
        Reason::CapReached,
    ];

    /// The word for it in the journal and in JSON and CSV.
    pub fn as_str(self) -> &'static str {
        match self {
            Reason::Invalid => "invalid",
            Reason::Filtered => "filtered",
            Reason::UnknownToDesk => "unknown_to_desk",
            Reason::Duplicate => "duplicate",
            Reason::Suppressed => "suppressed",
            Reason::NotSampled => "not_sampled",
            Reason::MessagedBefore => "messaged_before",
            Reason::MessagedLately => "messaged_lately",
            Reason::CapReached => "cap_reached",
        }
    }

    /// The reason with this word.
    pub fn parse(word: &str) -> Option<Reason> {
        Reason::ALL
            .into_iter()
            .find(|reason| reason.as_str() == word)
    }

    /// The words for it in text.
    pub fn words(self) -> String {
        match self {
            Reason::UnknownToDesk => "unknown to Desk".to_owned(),
            other => other.as_str().replace('_', " "),
        }
    }

    /// Whether it comes from what the journal knows, and may be another one the next time.
    pub fn is_of_journal(self) -> bool {
        matches!(
            self,
            Reason::MessagedBefore | Reason::MessagedLately | Reason::CapReached
        )
    }
}

/// A reason with its particulars: which list, how long.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Ground {
    /// The reason.
    pub reason: Reason,
    /// Its particulars, as the operator wrote them; empty where there are none.
    pub detail: String,
}

impl Ground {
    /// A reason without particulars.
    pub fn plain(reason: Reason) -> Ground {
        Ground::new(reason, "")
    }

    /// A reason with its particulars.
    pub fn new(reason: Reason, detail: impl Into<String>) -> Ground {
        Ground {
            reason,
            detail: detail.into(),
        }
    }

    /// That of a row whose Sendbird user id Desk was not asked about; only a dry run has such rows.
    pub fn not_asked() -> Ground {
        Ground::new(Reason::UnknownToDesk, NOT_ASKED)
    }

    /// Whether it is that one.
    pub fn is_not_asked(&self) -> bool {
        self.reason == Reason::UnknownToDesk && self.detail == NOT_ASKED
    }

    /// What it means, for people.
    pub fn sentence(&self) -> String {
        let detail = &self.detail;
        match self.reason {
            Reason::Invalid => "it has no usable id".to_owned(),
            Reason::Filtered => "the row does not match where".to_owned(),
            Reason::UnknownToDesk if detail.is_empty() => {
                "Desk knows nobody by this Sendbird user id".to_owned()
            }
            Reason::UnknownToDesk => detail.clone(),
            Reason::Duplicate => "the id is in an earlier row".to_owned(),
            Reason::Suppressed => format!("suppressed by {detail}"),
            Reason::NotSampled => format!("not in the sample of {detail}"),
            Reason::MessagedBefore if detail.is_empty() => {
                "messaged by this campaign before".to_owned()
            }
            Reason::MessagedBefore => format!("messaged by this campaign within {detail}"),
            Reason::MessagedLately => format!("messaged by a campaign within {detail}"),
            Reason::CapReached => format!("messaged as often as allowed: {detail}"),
        }
    }
}

/// How many customers were left out by a rule, by reason.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Excluded {
    /// By `where`.
    pub filtered: u64,
    /// Desk did not know them.
    pub unknown_to_desk: u64,
    /// By a list.
    pub suppressed: u64,
    /// Not drawn.
    pub not_sampled: u64,
    /// Messaged by this campaign before.
    pub messaged_before: u64,
    /// Messaged by any campaign lately.
    pub messaged_lately: u64,
    /// Messaged as often as allowed.
    pub cap_reached: u64,
}

impl Excluded {
    /// Counts so many more. Duplicates and invalid rows are counted by themselves.
    pub fn add(&mut self, reason: Reason, customers: u64) {
        let count = match reason {
            Reason::Invalid | Reason::Duplicate => return,
            Reason::Filtered => &mut self.filtered,
            Reason::UnknownToDesk => &mut self.unknown_to_desk,
            Reason::Suppressed => &mut self.suppressed,
            Reason::NotSampled => &mut self.not_sampled,
            Reason::MessagedBefore => &mut self.messaged_before,
            Reason::MessagedLately => &mut self.messaged_lately,
            Reason::CapReached => &mut self.cap_reached,
        };
        *count += customers;
    }

    /// Every reason with its count, in the order in which they are tested.
    pub fn counts(&self) -> [(Reason, u64); 7] {
        let Excluded {
            filtered,
            unknown_to_desk,
            suppressed,
            not_sampled,
            messaged_before,
            messaged_lately,
            cap_reached,
        } = *self;
        [
            (Reason::Filtered, filtered),
            (Reason::UnknownToDesk, unknown_to_desk),
            (Reason::Suppressed, suppressed),
            (Reason::NotSampled, not_sampled),
            (Reason::MessagedBefore, messaged_before),
            (Reason::MessagedLately, messaged_lately),
            (Reason::CapReached, cap_reached),
        ]
    }

    /// All of them.
    pub fn total(&self) -> u64 {
        self.counts().into_iter().map(|(_, count)| count).sum()
    }

    /// Whether nobody was left out by a rule.
    pub fn is_nobody(&self) -> bool {
        self.total() == 0
    }
}
