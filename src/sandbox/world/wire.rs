//! A proactive chat as the reference page shows it, with every field of its table.

use std::fmt::Write as _;

use jiff::Timestamp;
use jiff::fmt::temporal::DateTimePrinter;
use serde::Serialize;

use super::chats::Chat;
use super::config::{CustomersList, WorldConfig};
use super::directory::{self, Agent, Group};
use super::packed::PackedIds;
use super::people;

/// The resource on the proactive-chat page.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ChatResource<'a> {
    id: u64,
    project: u64,
    message: &'a str,
    message_count: u64,
    created_by: Agent,
    assigned_group: Group<'a>,
    sent_count: u64,
    responded_count: u64,
    closed_count: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    customers_list: Option<Listed>,
    created_at: String,
    updated_at: String,
    priority: &'static str,
}

#[derive(Debug, Serialize)]
#[serde(untagged)]
enum Listed {
    Text(String),
    List(Vec<u64>),
    Null,
}

pub(crate) fn chat<'a>(config: &WorldConfig, chat: &'a Chat, now: i64) -> ChatResource<'a> {
    let stories = chat
        .customers
        .iter()
        .map(|customer| chat.story(config, customer));
    let counts = people::count(stories, chat.made_at, now);
    ChatResource {
        id: chat.id,
        project: config.project,
        message: &chat.message,
        message_count: 1,
        created_by: directory::agent(config, chat.agent),
        assigned_group: directory::group(config, &chat.group),
        sent_count: counts.sent,
        responded_count: counts.replied,
        closed_count: counts.closed,
        customers_list: listed(config.wire.customers_list, &chat.customers),
        created_at: time(chat.made_at),
        updated_at: time(counts.changed_at),
        priority: chat.priority.as_str(),
    }
}

fn listed(form: CustomersList, ids: &PackedIds) -> Option<Listed> {
    Some(match form {
        CustomersList::Bracketed => Listed::Text(format!("[{}]", joined(ids, ", "))),
        CustomersList::Bare => Listed::Text(joined(ids, ",")),
        CustomersList::List => Listed::List(ids.iter().collect()),
        CustomersList::Null => Listed::Null,
        CustomersList::Missing => return None,
    })
}

fn joined(ids: &PackedIds, between: &str) -> String {
    let mut text = String::with_capacity(ids.len() as usize * 10);
    for id in ids.iter() {
        if !text.is_empty() {
            text.push_str(between);
        }
        // Writing to a String cannot fail.
        let _ = write!(text, "{id}");
    }
    text
}

/// ISO 8601 with microseconds and Z, as in the samples.
pub(crate) fn time(micros: i64) -> String {
    const PRINTER: DateTimePrinter = DateTimePrinter::new().precision(Some(6));
    PRINTER.timestamp_to_string(&Timestamp::from_microsecond(micros).unwrap_or_default())
}
