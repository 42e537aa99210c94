//! Who may be messaged again, and when: the `[repeat]` table of a definition.
//!
//! These are rules about what the journal knows. What counts as messaged, and by which run, is
//! said where the journal is asked.

use std::fmt;
use std::time::Duration;

use super::problem::Problem;
use super::table::{Entry, TableReader};

/// Who of the audience is left out because of earlier messages.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Repeat {
    /// Whether this campaign messages somebody it has messaged before.
    pub same_campaign: SameCampaign,
    /// Nobody is messaged whom any campaign has messaged within this time.
    pub any_campaign: Option<Span>,
    /// Nobody is messaged more often than this, all campaigns counted.
    pub max_per_customer: Option<Cap>,
}

impl Repeat {
    /// No rule: everybody may be messaged again.
    pub fn always() -> Repeat {
        Repeat {
            same_campaign: SameCampaign::Always,
            ..Repeat::default()
        }
    }

    /// Whether every rule is about this campaign alone.
    pub fn is_of_one_campaign(&self) -> bool {
        self.any_campaign.is_none() && self.max_per_customer.is_none()
    }
}

/// Whether a campaign messages somebody it has messaged before.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum SameCampaign {
    /// Never: `"never"`, the default.
    #[default]
    Never,
    /// Again and again: `"always"`.
    Always,
    /// When the last time is at least so long ago: `"30d"`.
    After(Span),
}

/// At most so many messages within a time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cap {
    /// How many: 1 to [`Cap::MOST`].
    pub count: u8,
    /// Within which time.
    pub within: Span,
}

impl Cap {
    /// The highest cap. Every message below the cap costs memory while a run is planned.
    pub const MOST: u8 = 100;
}

impl fmt::Display for Cap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} within {}", self.count, self.within)
    }
}

/// A length of time as an operator wrote it: 1 minute to 10 years.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Span {
    text: String,
    length: Duration,
}

impl Span {
    const SHORTEST: Duration = Duration::from_secs(60);
    const LONGEST: Duration = Duration::from_secs(3650 * 24 * 3600);

    /// Reads a length such as `7d`, `36h` or `1d 12h`; none when it is something else or out of
    /// range.
    pub fn parse(text: &str) -> Option<Span> {
        let length = humantime::parse_duration(text).ok()?;
        (Span::SHORTEST..=Span::LONGEST)
            .contains(&length)
            .then(|| Span {
                text: text.trim().to_owned(),
                length,
            })
    }

    /// How long it is.
    pub fn length(&self) -> Duration {
        self.length
    }
}

impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.text)
    }
}

/// Reads the table.
pub(super) fn repeat(table: &mut TableReader<'_>) -> Option<Repeat> {
    let same_campaign = table.optional("same_campaign", same_campaign);
    let any_campaign = table.optional("any_campaign", |entry| span(entry, "a time such as \"7d\""));
    let max_per_customer = table.table("max_per_customer", cap);
    Some(Repeat {
        same_campaign: same_campaign.unwrap_or_default(),
        any_campaign,
        max_per_customer,
    })
}

fn same_campaign(entry: &Entry<'_>) -> Result<SameCampaign, Problem> {
    match entry.string() {
        Some("never") => Ok(SameCampaign::Never),
        Some("always") => Ok(SameCampaign::Always),
        _ => {
            span(entry, "\"never\", \"always\", or a time such as \"30d\"").map(SameCampaign::After)
        }
    }
}

fn span(entry: &Entry<'_>, wanted: &str) -> Result<Span, Problem> {
    let problem = || entry.problem(format_args!("must be {wanted}"));
    let text = entry.string().ok_or_else(|| entry.wrong_type(wanted))?;
    Span::parse(text).ok_or_else(|| {
        problem().help("a time is a number and a unit, from \"1m\" to \"3650d\": \"12h\", \"7d\"")
    })
}

fn cap(table: &mut TableReader<'_>) -> Option<Cap> {
    let count = table.required(&["count"], "count = 3", |entry| {
        entry.whole_number(1..=u64::from(Cap::MOST))
    });
    let within = table.required(&["within"], "within = \"30d\"", |entry| {
        span(entry, "a time such as \"30d\"")
    });
    Some(Cap {
        count: u8::try_from(count?).ok()?,
        within: within?,
    })
}
