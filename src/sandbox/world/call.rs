//! A request, understood or refused, before the world is asked.
//!
//! Reading needs nothing but the request, so a server does it outside its lock; the world then
//! only meets calls that are well formed.

use jiff::Timestamp;
use jiff::civil::Date;
use serde::Deserialize;
use serde_json::Value;

use super::page::{Page, Query};
use super::reply::{Refusal, Request};

/// The path that every endpoint is under.
pub const PREFIX: &str = "/platform/v1";

/// What a request asks for.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Call {
    CreateChat(NewChat),
    ReadChat(u64),
    Groups(Page),
    Agents(Page),
    Customers(Page),
    Tickets(Page),
    TicketMessages {
        ticket: u64,
        page: Page,
    },
    DeleteMessage {
        ticket: u64,
        message: u64,
    },
    DeleteLogs {
        page: Page,
        start: Option<Date>,
        end: Option<Date>,
    },
    Messages {
        page: Page,
        from: Option<Timestamp>,
        to: Option<Timestamp>,
    },
    Refused(Refusal),
}

/// The body of a create, well formed.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct NewChat {
    pub(crate) message: String,
    pub(crate) group_key: String,
    pub(crate) customer_ids: Vec<i64>,
    pub(crate) agent_id: i64,
    #[serde(default)]
    pub(crate) priority: Option<Priority>,
}

/// Valid values as listed on the proactive-chat page.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Priority {
    /// `LOW`
    Low,
    /// `MEDIUM`, the default
    #[default]
    Medium,
    /// `HIGH`
    High,
    /// `URGENT`
    Urgent,
}

impl Priority {
    /// As it is written on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Priority::Low => "LOW",
            Priority::Medium => "MEDIUM",
            Priority::High => "HIGH",
            Priority::Urgent => "URGENT",
        }
    }
}

impl Call {
    pub(crate) fn read(request: &Request<'_>) -> Call {
        route(request).unwrap_or_else(Call::Refused)
    }
}

fn route(request: &Request<'_>) -> Result<Call, Refusal> {
    let unknown = || Refusal::plain(404, "Not found.");
    let path = request.path.strip_prefix(PREFIX).ok_or_else(unknown)?;
    let parts: Vec<&str> = path.split('/').skip(1).collect();
    let page = |most| Page::read(request.path, Query::read(request.query), most);
    match (request.method, parts.as_slice()) {
        ("POST", ["proactive_chats"]) => new_chat(request.body).map(Call::CreateChat),
        ("GET", ["proactive_chats", id]) => Ok(Call::ReadChat(id_of(id, "proactive_id")?)),
        ("GET", ["groups"]) => page(500).map(Call::Groups),
        ("GET", ["agents"]) => page(500).map(Call::Agents),
        ("GET", ["customers"]) => page(500).map(Call::Customers),
        ("GET", ["tickets"]) => page(500).map(Call::Tickets),
        ("GET", ["tickets", ticket, "chat_messages"]) => {
            let ticket = id_of(ticket, "ticket_id")?;
            Ok(Call::TicketMessages {
                ticket,
                page: page(500)?,
            })
        }
        ("DELETE", ["tickets", ticket, "chat_messages", message]) => Ok(Call::DeleteMessage {
            ticket: id_of(ticket, "ticket_id")?,
            message: id_of(message, "chatmessage_id")?,
        }),
        ("DELETE", ["tickets", _, "chat_messages"]) => Err(Refusal::missing("chatmessage_id")),
        // The page's table of actions has this path, its section requires the ticket.
        ("DELETE", ["chat_messages", id]) if *id != "delete_logs" => {
            Err(Refusal::missing("ticket_id"))
        }
        ("GET", ["chat_messages", "delete_logs"]) => delete_logs(page(100)?),
        ("GET", ["chat_messages"]) => messages(page(500)?),
        (method, parts) if is_known(parts) => Err(Refusal::plain(
            405,
            format!("Method \"{method}\" not allowed."),
        )),
        _ => Err(unknown()),
    }
}

fn is_known(parts: &[&str]) -> bool {
    matches!(
        parts,
        ["proactive_chats" | "groups" | "agents" | "customers" | "tickets" | "chat_messages"]
            | ["proactive_chats" | "chat_messages", _]
            | ["tickets", _, "chat_messages"]
            | ["tickets", _, "chat_messages", _]
    )
}

fn id_of(text: &str, parameter: &str) -> Result<u64, Refusal> {
    if text.is_empty() {
        return Err(Refusal::missing(parameter));
    }
    text.parse()
        .map_err(|_| Refusal::should_be("id", "integer"))
}

fn delete_logs(page: Page) -> Result<Call, Refusal> {
    let date = |name: &str| {
        let read = |text: &str| {
            let date = Date::strptime("%Y-%m-%d", text)
                .ok()
                .filter(|_| text.len() == 10);
            date.ok_or_else(|| Refusal::should_be(name, "YYYY-MM-DD"))
        };
        page.query().get(name).map(read).transpose()
    };
    let (start, end) = (date("start_date")?, date("end_date")?);
    Ok(Call::DeleteLogs { start, end, page })
}

fn messages(page: Page) -> Result<Call, Refusal> {
    let time = |name: &str| {
        let read = |text: &str| {
            text.parse()
                .map_err(|_| Refusal::should_be(name, "ISO 8601"))
        };
        page.query().get(name).map(read).transpose()
    };
    let (from, to) = (time("created_at__gte")?, time("created_at__lte")?);
    Ok(Call::Messages { from, to, page })
}

/// Well-formed bodies take the short way; the others are looked at again for what is wrong.
fn new_chat(body: &[u8]) -> Result<NewChat, Refusal> {
    match serde_json::from_slice::<NewChat>(body) {
        Ok(chat) if chat.message.is_empty() => Err(Refusal::missing("message")),
        Ok(chat) if chat.group_key.is_empty() => Err(Refusal::missing("groupKey")),
        Ok(chat) if chat.customer_ids.is_empty() => Err(Refusal::missing("customerIds")),
        Ok(chat) => Ok(chat),
        Err(_) => Err(what_is_wrong(body)),
    }
}

fn what_is_wrong(body: &[u8]) -> Refusal {
    let Ok(Value::Object(fields)) = serde_json::from_slice::<Value>(body) else {
        return Refusal::should_be("the request body", "a JSON object");
    };
    let field = |name: &str| fields.get(name).filter(|value| !value.is_null());
    for name in ["message", "groupKey"] {
        match field(name) {
            None => return Refusal::missing(name),
            Some(Value::String(_)) => {}
            Some(_) => return Refusal::should_be(name, "string"),
        }
    }
    match field("customerIds") {
        None => return Refusal::missing("customerIds"),
        Some(Value::Array(ids)) if ids.iter().all(Value::is_i64) => {}
        Some(_) => return Refusal::should_be("customerIds", "list of integers"),
    }
    match field("agentId") {
        None => return Refusal::missing("agentId"),
        Some(id) if id.is_i64() => {}
        Some(_) => return Refusal::should_be("agentId", "integer"),
    }
    Refusal::out_of_range("priority", "one of LOW, MEDIUM, HIGH, URGENT")
}
