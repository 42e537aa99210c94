//! Chat messages, as the page "Chat message" describes them.

use jiff::Timestamp;
use serde::{Deserialize, Deserializer};

use super::deletion::{RequestedFrom, Requester};
use super::page::Listed;
use super::{Endpoint, lenient};

/// The id of a ticket.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TicketId(pub u64);

/// The id of a chat message, unique over all tickets: what a delete takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct MessageId(pub u64);

impl std::fmt::Display for TicketId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

impl std::fmt::Display for MessageId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

/// A chat message (reference page "Chat message", resource representation).
///
/// Only the id must be there. Whatever else is missing or takes another form is left out.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ChatMessage {
    /// The unique id.
    #[serde(deserialize_with = "message_id")]
    pub id: MessageId,
    /// Its id within the ticket; the sample of the list does not show it.
    #[serde(default, rename = "messageId", deserialize_with = "lenient::id")]
    pub id_in_ticket: Option<u64>,
    /// The ticket it belongs to.
    #[serde(default, deserialize_with = "ticket_id")]
    pub ticket: Option<TicketId>,
    /// The Sendbird id of the customer or agent who wrote it; `event` where Desk did.
    #[serde(default, deserialize_with = "lenient::text")]
    pub user_sendbird_id: Option<String>,
    /// Who wrote it.
    #[serde(default)]
    pub user_type: UserType,
    /// When it was written.
    #[serde(default, deserialize_with = "lenient::time")]
    pub created_at: Option<Timestamp>,
    /// When it was deleted, if it was.
    #[serde(default, deserialize_with = "lenient::time")]
    pub deleted_at: Option<Timestamp>,
    /// How its deletion was asked for.
    #[serde(default, deserialize_with = "lenient::nested")]
    pub requested_from: Option<RequestedFrom>,
    /// Who asked for its deletion.
    #[serde(default, deserialize_with = "lenient::nested")]
    pub requested_by: Option<Requester>,
    /// The text; none for messages without one, such as files.
    #[serde(default, deserialize_with = "lenient::text")]
    pub message: Option<String>,
    /// Additional information, such as a font size, or JSON; JSON that is not text is written out.
    #[serde(default, deserialize_with = "lenient::text_or_json")]
    pub data: Option<String>,
}

impl Listed for ChatMessage {
    const ENDPOINT: Endpoint = Endpoint::TicketMessages;
    const MOST: u16 = 500;
    const MANY: &'static str = "chat messages";

    fn id(&self) -> u64 {
        self.id.0
    }
}

/// Who wrote a message.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub enum UserType {
    /// `AGENT`
    Agent,
    /// `CUSTOMER`
    Customer,
    /// `EVENT`: Desk itself.
    Event,
    /// Anything else, as it came.
    Other(String),
    /// Not said.
    #[default]
    Missing,
}

impl UserType {
    /// As the reference writes it; empty where nothing was said.
    pub fn as_str(&self) -> &str {
        match self {
            UserType::Agent => "AGENT",
            UserType::Customer => "CUSTOMER",
            UserType::Event => "EVENT",
            UserType::Other(text) => text,
            UserType::Missing => "",
        }
    }
}

impl std::fmt::Display for UserType {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(self.as_str())
    }
}

impl<'de> Deserialize<'de> for UserType {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<UserType, D::Error> {
        Ok(match lenient::text(deserializer)? {
            None => UserType::Missing,
            Some(text) => match text.as_str() {
                "AGENT" => UserType::Agent,
                "CUSTOMER" => UserType::Customer,
                "EVENT" => UserType::Event,
                _ => UserType::Other(text),
            },
        })
    }
}

fn message_id<'de, D: Deserializer<'de>>(deserializer: D) -> Result<MessageId, D::Error> {
    lenient::positive(deserializer).map(MessageId)
}

fn ticket_id<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<TicketId>, D::Error> {
    Ok(lenient::id(deserializer)?.map(TicketId))
}
