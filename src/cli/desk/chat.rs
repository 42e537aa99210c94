//! `deskcast desk chat get`: one proactive chat.

use std::fmt::Write as _;

use clap::Args;
use serde_json::{Value, json};

use super::super::exit::Exit;
use super::super::failure::Failure;
use super::super::output::print;
use super::rows::short;
use super::wire::Wire;
use crate::delivery::outcome::ChatId;
use crate::desk::{ProactiveChat, Requester};
use crate::report::number::{grouped, percent};
use crate::report::text::{second, time};

/// Arguments of `deskcast desk chat get`.
#[derive(Debug, Args)]
pub(super) struct GetArgs {
    /// The id of the proactive chat
    #[arg(value_name = "CHAT", value_parser = super::id)]
    chat: u64,

    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

pub(super) async fn get(wire: &Wire, args: GetArgs) -> Result<Exit, Failure> {
    let what = format!("proactive chat {}", args.chat);
    let id = ChatId(args.chat);
    let chat = wire.read(&what, async || wire.desk.chat(id).await).await?;
    if args.json {
        print(&format!("{}\n", object(&chat)))?;
    } else {
        print(&text(&chat))?;
    }
    Ok(Exit::Done)
}

fn text(chat: &ProactiveChat) -> String {
    let sent = chat.sent_count.unwrap_or(0);
    let count = |number: Option<u64>| match number {
        None => "not said".to_owned(),
        Some(number) if sent > 0 => format!("{} ({})", grouped(number), percent(number, sent)),
        Some(number) => grouped(number),
    };
    let agent = |agent: &Requester| {
        agent
            .display_name
            .clone()
            .or(agent.id.map(|id| id.to_string()))
    };
    let rows = [
        ("Message", short(chat.message.as_deref(), 60)),
        ("Group", short(chat.group.as_deref(), 60)),
        (
            "Made by",
            short(chat.created_by.as_ref().and_then(agent).as_deref(), 60),
        ),
        ("Priority", short(chat.priority.as_deref(), 60)),
        ("Made", chat.created_at.map(second).unwrap_or_default()),
        ("Changed", chat.updated_at.map(second).unwrap_or_default()),
        (
            "Customers",
            chat.customers
                .as_ref()
                .map_or_else(|| "not said".to_owned(), |ids| grouped(ids.len() as u64)),
        ),
        ("Sent", grouped(sent)),
        ("Responded", count(chat.responded_count)),
        ("Closed", count(chat.closed_count)),
    ];
    let mut out = format!("Proactive chat {}\n\n", chat.id);
    for (name, value) in rows.iter().filter(|(_, value)| !value.is_empty()) {
        // Writing to a string does not fail.
        let _ = writeln!(out, "{name:<11}{value}");
    }
    out
}

fn object(chat: &ProactiveChat) -> Value {
    json!({
        "id": chat.id,
        "project": chat.project,
        "message": chat.message,
        "message_count": chat.message_count,
        "created_by": chat.created_by.as_ref().map(|by| json!({
            "id": by.id,
            "display_name": by.display_name,
            "email": by.email,
        })),
        "group": chat.group,
        "sent": chat.sent_count,
        "responded": chat.responded_count,
        "closed": chat.closed_count,
        "customers": chat.customers,
        "created_at": chat.created_at.map(time),
        "updated_at": chat.updated_at.map(time),
        "priority": chat.priority,
    })
}
