//! Logs of deleted messages, and the days that can be asked for.

use jiff::civil::Date;
use jiff::{Span, Timestamp};
use serde::{Deserialize, Deserializer};

use super::message::{MessageId, TicketId, UserType};
use super::page::Listed;
use super::{BadQuery, Endpoint, lenient};

/// The log of one deleted message (reference page "Chat message", "List message deletion logs").
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Deletion {
    /// The id of the log.
    #[serde(deserialize_with = "lenient::positive")]
    pub id: u64,
    /// The ticket that the message was in.
    #[serde(default, deserialize_with = "ticket_id")]
    pub ticket_id: Option<TicketId>,
    /// The message.
    #[serde(default, deserialize_with = "message_id")]
    pub message_id: Option<MessageId>,
    /// Who had written it.
    #[serde(default)]
    pub user_type: UserType,
    /// Its text.
    #[serde(default, deserialize_with = "lenient::text")]
    pub message: Option<String>,
    /// When it was deleted.
    #[serde(default, deserialize_with = "lenient::time")]
    pub deleted_at: Option<Timestamp>,
    /// How that was asked for.
    #[serde(default, deserialize_with = "lenient::nested")]
    pub requested_from: Option<RequestedFrom>,
    /// Who asked for it.
    #[serde(default, deserialize_with = "lenient::nested")]
    pub requested_by: Option<Requester>,
}

impl Listed for Deletion {
    const ENDPOINT: Endpoint = Endpoint::DeletionLogs;
    const MOST: u16 = 100;
    const MANY: &'static str = "deletion logs";
    const BARE: bool = true;

    fn id(&self) -> u64 {
        self.id
    }
}

/// How a deletion was asked for.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum RequestedFrom {
    /// `DASHBOARD`
    Dashboard,
    /// `PLATFORM_API`
    PlatformApi,
    /// Anything else, as it came.
    Other(String),
}

impl RequestedFrom {
    /// As the reference writes it.
    pub fn as_str(&self) -> &str {
        match self {
            RequestedFrom::Dashboard => "DASHBOARD",
            RequestedFrom::PlatformApi => "PLATFORM_API",
            RequestedFrom::Other(text) => text,
        }
    }
}

impl<'de> Deserialize<'de> for RequestedFrom {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<RequestedFrom, D::Error> {
        let text = String::deserialize(deserializer)?;
        Ok(match text.as_str() {
            "DASHBOARD" => RequestedFrom::Dashboard,
            "PLATFORM_API" => RequestedFrom::PlatformApi,
            _ => RequestedFrom::Other(text),
        })
    }
}

/// The agent who asked for a deletion, or who made a proactive chat; in lists of agents, an agent.
/// Not even the id must be there.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Requester {
    /// The agent's id.
    #[serde(default, deserialize_with = "lenient::id")]
    pub id: Option<u64>,
    /// The name that is shown.
    #[serde(default, deserialize_with = "lenient::text")]
    pub display_name: Option<String>,
    /// The Desk project.
    #[serde(default, deserialize_with = "lenient::id")]
    pub project: Option<u64>,
    /// The id of the agent's user.
    #[serde(default, deserialize_with = "lenient::id")]
    pub user: Option<u64>,
    /// The agent's Sendbird id.
    #[serde(default, deserialize_with = "lenient::text")]
    pub sendbird_id: Option<String>,
    /// Such as AGENT or ADMIN.
    #[serde(default, deserialize_with = "lenient::text")]
    pub role: Option<String>,
    /// When the agent was added.
    #[serde(default, deserialize_with = "lenient::time")]
    pub created_at: Option<Timestamp>,
    /// Such as ACTIVE.
    #[serde(default, deserialize_with = "lenient::text")]
    pub status: Option<String>,
    /// Such as ONLINE.
    #[serde(default, deserialize_with = "lenient::text")]
    pub connection: Option<String>,
    /// The agent's address.
    #[serde(default, deserialize_with = "lenient::text")]
    pub email: Option<String>,
    /// The agent's picture.
    #[serde(default, deserialize_with = "lenient::text")]
    pub photo_thumbnail_url: Option<String>,
    /// When `connection` last changed.
    #[serde(default, deserialize_with = "lenient::time")]
    pub connection_updated_at: Option<Timestamp>,
    /// Such as EXPERT.
    #[serde(default, deserialize_with = "lenient::text")]
    pub tier: Option<String>,
}

/// The days, in UTC, whose deletions are asked for: at most a year from first to last.
///
/// ```
/// use deskcast::desk::{BadQuery, DeletionDays};
/// use jiff::civil::date;
///
/// let today = date(2026, 11, 21);
/// let days = DeletionDays::new(Some(date(2026, 1, 1)), None, today)?;
/// assert_eq!((days.from(), days.to()), (date(2026, 1, 1), today));
///
/// // Without a first day, 30 days, as Desk itself would do it.
/// let days = DeletionDays::new(None, Some(date(2026, 3, 31)), today)?;
/// assert_eq!(days.from(), date(2026, 3, 1));
///
/// // What Desk would refuse costs no request.
/// let refused = DeletionDays::new(Some(date(2025, 1, 1)), None, today);
/// assert!(matches!(refused, Err(BadQuery::TooFarApart { .. })));
/// # Ok::<(), BadQuery>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DeletionDays {
    from: Date,
    to: Date,
}

impl DeletionDays {
    /// From the first day to the last, both included. Without a last day it is `today`; without
    /// a first one it is 30 days before the last.
    ///
    /// # Errors
    /// Where the days are in the wrong order or more than a year apart.
    pub fn new(
        from: Option<Date>,
        to: Option<Date>,
        today: Date,
    ) -> Result<DeletionDays, BadQuery> {
        let to = to.unwrap_or(today);
        let from = from.unwrap_or_else(|| to.saturating_sub(Span::new().days(30)));
        if from > to {
            return Err(BadQuery::Backwards { from, to });
        }
        if to.saturating_sub(Span::new().years(1)) > from {
            return Err(BadQuery::TooFarApart { from, to });
        }
        Ok(DeletionDays { from, to })
    }

    /// The first day.
    pub fn from(self) -> Date {
        self.from
    }

    /// The last day.
    pub fn to(self) -> Date {
        self.to
    }
}

fn message_id<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<MessageId>, D::Error> {
    Ok(lenient::id(deserializer)?.map(MessageId))
}

fn ticket_id<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<TicketId>, D::Error> {
    Ok(lenient::id(deserializer)?.map(TicketId))
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;

    #[test]
    fn a_year_is_allowed_and_a_day_more_is_not() {
        let days = |from, to| DeletionDays::new(Some(from), Some(to), to);
        assert!(days(date(2025, 3, 1), date(2026, 3, 1)).is_ok());
        assert!(days(date(2025, 2, 28), date(2026, 3, 1)).is_err());
        assert!(days(date(2024, 2, 29), date(2025, 2, 28)).is_ok());
        assert!(days(date(2024, 2, 29), date(2025, 3, 1)).is_err());
        assert!(days(date(2023, 2, 28), date(2024, 2, 29)).is_ok());
        assert!(days(date(2026, 3, 1), date(2026, 3, 1)).is_ok());
        assert_eq!(
            days(date(2026, 3, 2), date(2026, 3, 1)),
            Err(BadQuery::Backwards {
                from: date(2026, 3, 2),
                to: date(2026, 3, 1)
            })
        );
    }
}
