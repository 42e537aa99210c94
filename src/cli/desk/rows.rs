//! What is shown of each thing that Desk lists.

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::desk::{Agent, ChatMessage, Customer, Deletion, Group, Listed, Requester};
use crate::report::text::{one_line, second, time};

/// How many columns of a terminal a text may take beside the other cells of its row.
const WORDS: usize = 38;

/// A thing of a list, as it is printed.
pub(super) trait Row: Listed {
    /// The key of the array in JSON.
    const KEY: &'static str;
    /// The columns of the CSV.
    const HEADER: &'static [&'static str];
    /// The columns of the table.
    const BRIEF: &'static [&'static str];

    /// The cells of the CSV, not yet made harmless for spreadsheets.
    fn cells(&self) -> Vec<String>;
    /// The cells of the table.
    fn brief(&self) -> Vec<String>;
    /// The object in JSON.
    fn json(&self) -> Value;
}

impl Row for ChatMessage {
    const KEY: &'static str = "messages";
    const HEADER: &'static [&'static str] = &[
        "id",
        "ticket",
        "user_type",
        "user_sendbird_id",
        "created_at",
        "deleted_at",
        "message",
        "data",
    ];
    const BRIEF: &'static [&'static str] = &["id", "written", "by", "message"];

    fn cells(&self) -> Vec<String> {
        vec![
            self.id.to_string(),
            self.ticket.map(|id| id.to_string()).unwrap_or_default(),
            self.user_type.to_string(),
            word(self.user_sendbird_id.as_deref()),
            at(self.created_at),
            at(self.deleted_at),
            word(self.message.as_deref()),
            word(self.data.as_deref()),
        ]
    }

    fn brief(&self) -> Vec<String> {
        let text = match self.deleted_at {
            Some(at) => format!("(deleted {})", second(at)),
            None => short(self.message.as_deref(), WORDS),
        };
        vec![
            self.id.to_string(),
            self.created_at.map(second).unwrap_or_default(),
            short(Some(self.user_type.as_str()), 8),
            text,
        ]
    }

    fn json(&self) -> Value {
        json!({
            "id": self.id.0,
            "ticket": self.ticket.map(|id| id.0),
            "user_type": self.user_type.as_str(),
            "user_sendbird_id": self.user_sendbird_id,
            "created_at": self.created_at.map(time),
            "deleted_at": self.deleted_at.map(time),
            "message": self.message,
            "data": self.data,
        })
    }
}

impl Row for Deletion {
    const KEY: &'static str = "deletions";
    const HEADER: &'static [&'static str] = &[
        "id",
        "ticket",
        "message_id",
        "user_type",
        "deleted_at",
        "requested_from",
        "requested_by",
        "message",
    ];
    const BRIEF: &'static [&'static str] = &["ticket", "message", "deleted", "by", "text"];

    fn cells(&self) -> Vec<String> {
        vec![
            self.id.to_string(),
            self.ticket_id.map(|id| id.to_string()).unwrap_or_default(),
            self.message_id.map(|id| id.to_string()).unwrap_or_default(),
            self.user_type.to_string(),
            at(self.deleted_at),
            word(self.requested_from.as_ref().map(|from| from.as_str())),
            requester(self.requested_by.as_ref()),
            word(self.message.as_deref()),
        ]
    }

    fn brief(&self) -> Vec<String> {
        vec![
            self.ticket_id.map(|id| id.to_string()).unwrap_or_default(),
            self.message_id.map(|id| id.to_string()).unwrap_or_default(),
            self.deleted_at.map(second).unwrap_or_default(),
            short(Some(&requester(self.requested_by.as_ref())), 14),
            short(self.message.as_deref(), WORDS - 18),
        ]
    }

    fn json(&self) -> Value {
        json!({
            "id": self.id,
            "ticket": self.ticket_id.map(|id| id.0),
            "message_id": self.message_id.map(|id| id.0),
            "user_type": self.user_type.as_str(),
            "deleted_at": self.deleted_at.map(time),
            "requested_from": self.requested_from.as_ref().map(|from| from.as_str()),
            "requested_by": self.requested_by.as_ref().map(|by| json!({
                "id": by.id,
                "display_name": by.display_name,
                "email": by.email,
            })),
            "message": self.message,
        })
    }
}

impl Row for Customer {
    const KEY: &'static str = "customers";
    const HEADER: &'static [&'static str] = &["id", "sendbird_id", "channel", "name"];
    const BRIEF: &'static [&'static str] = &["id", "sendbird id", "channel", "name"];

    fn cells(&self) -> Vec<String> {
        vec![
            self.id.to_string(),
            word(self.sendbird_id.as_deref()),
            word(self.channel_type.as_deref()),
            word(self.display_name.as_deref()),
        ]
    }

    fn brief(&self) -> Vec<String> {
        vec![
            self.id.to_string(),
            short(self.sendbird_id.as_deref(), 24),
            short(self.channel_type.as_deref(), 12),
            short(self.display_name.as_deref(), 20),
        ]
    }

    fn json(&self) -> Value {
        json!({
            "id": self.id,
            "sendbird_id": self.sendbird_id,
            "channel": self.channel_type,
            "name": self.display_name,
        })
    }
}

impl Row for Group {
    const KEY: &'static str = "groups";
    const HEADER: &'static [&'static str] = &["id", "key", "name"];
    const BRIEF: &'static [&'static str] = Group::HEADER;

    fn cells(&self) -> Vec<String> {
        vec![
            self.id.to_string(),
            word(self.key.as_deref()),
            word(self.name.as_deref()),
        ]
    }

    fn brief(&self) -> Vec<String> {
        vec![
            self.id.to_string(),
            short(self.key.as_deref().or(Some("(none)")), 30),
            short(self.name.as_deref(), 30),
        ]
    }

    fn json(&self) -> Value {
        json!({"id": self.id, "key": self.key, "name": self.name})
    }
}

impl Row for Agent {
    const KEY: &'static str = "agents";
    const HEADER: &'static [&'static str] =
        &["id", "name", "email", "role", "status", "connection"];
    const BRIEF: &'static [&'static str] = &["id", "name", "role", "status", "connection", "email"];

    fn cells(&self) -> Vec<String> {
        vec![
            self.id.to_string(),
            word(self.display_name.as_deref()),
            word(self.email.as_deref()),
            word(self.role.as_deref()),
            word(self.status.as_deref()),
            word(self.connection.as_deref()),
        ]
    }

    fn brief(&self) -> Vec<String> {
        vec![
            self.id.to_string(),
            short(self.display_name.as_deref(), 16),
            short(self.role.as_deref(), 8),
            short(self.status.as_deref(), 8),
            short(self.connection.as_deref(), 10),
            short(self.email.as_deref(), 22),
        ]
    }

    fn json(&self) -> Value {
        json!({
            "id": self.id,
            "name": self.display_name,
            "email": self.email,
            "role": self.role,
            "status": self.status,
            "connection": self.connection,
        })
    }
}

fn requester(agent: Option<&Requester>) -> String {
    let name = |agent: &Requester| agent.display_name.clone().or_else(|| agent.email.clone());
    agent.and_then(name).unwrap_or_default()
}

fn word(text: Option<&str>) -> String {
    text.unwrap_or_default().to_owned()
}

fn at(at: Option<Timestamp>) -> String {
    at.map(time).unwrap_or_default()
}

/// The beginning of a text on one line, at most so many columns wide.
pub(super) fn short(text: Option<&str>, columns: usize) -> String {
    let line = one_line(text.unwrap_or_default());
    let line: String = line.chars().filter(|c| !is_invisible(*c)).collect();
    let line = line.split_whitespace().collect::<Vec<_>>().join(" ");
    if line.chars().map(columns_of).sum::<usize>() <= columns {
        return line;
    }
    let mut used = 1;
    let fits = |c: &char| {
        used += columns_of(*c);
        used <= columns
    };
    let mut short: String = line.chars().take_while(fits).collect();
    short.push('…');
    short
}

/// What turns the direction of a line, or is not to be seen.
fn is_invisible(c: char) -> bool {
    matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}')
}

/// Letters of East Asia and pictures take two columns. Too many for some, which only leaves room.
fn columns_of(c: char) -> usize {
    match c {
        '\u{1100}'..='\u{11ff}' | '\u{2600}'..='\u{ffff}' | '\u{1f000}'..='\u{3ffff}' => 2,
        _ => 1,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_cut_to_its_columns() {
        assert_eq!(short(Some("abcdef"), 6), "abcdef");
        assert_eq!(short(Some("abcdefg"), 6), "abcde…");
        assert_eq!(short(Some("a\nb\u{1b}[31m"), 20), "a b [31m");
        assert_eq!(short(Some("a\u{202e}b\u{200b}c"), 3), "abc");
        assert_eq!(short(Some("注文番号は"), 6), "注文…");
        assert_eq!(short(None, 6), "");
    }
}
