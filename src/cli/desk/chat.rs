//! `deskcast desk chat get`: one proactive chat.

use std::fmt::Write as _;

use clap::Args;
use serde_json::{Value, json};

use super::super::exit::Exit;
use super::super::failure::Failure;
use super::super::output::print;
use super::rows::short;
use super::wire::Wire;
use crate::delivery::figures::Doubtful;
use crate::delivery::outcome::ChatId;
use crate::desk::{ProactiveChat, Requester};
use crate::report::number::{grouped, percent};
use crate::report::text::{second, time, wrapped};

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
    let sent = chat.figures().counts.sent;
    let doubt = doubtful(chat);
    let count = |number: Option<i64>| {
        let number = match number {
            None => return "not said".to_owned(),
            Some(number) if number < 0 => return number.to_string(),
            Some(number) => number.unsigned_abs(),
        };
        match sent > 0 && doubt.is_none() {
            true => format!("{} ({})", grouped(number), percent(number, sent)),
            false => grouped(number),
        }
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
    if let Some(why) = doubt {
        let said = format!("\nDesk's figures contradict themselves: {why}");
        out.push_str(&wrapped(&said, 80).join("\n"));
        out.push('\n');
    }
    out
}

/// What cannot be about its counts, in words. Where it does not say how many customers it has, that
/// is not held against them.
fn doubtful(chat: &ProactiveChat) -> Option<String> {
    let figures = chat.figures();
    let customers = chat.customers.as_ref().map(|ids| ids.len() as u64);
    let doubtful = Doubtful {
        chat: chat.id,
        batch: 1,
        customers: customers.unwrap_or(figures.counts.sent),
        counts: figures.counts,
        below_zero: figures.below_zero,
        fell: false,
    };
    Some(doubtful.why()).filter(|why| !why.is_empty())
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
        "doubtful": doubtful(chat),
        "customers": chat.customers,
        "created_at": chat.created_at.map(time),
        "updated_at": chat.updated_at.map(time),
        "priority": chat.priority,
    })
}
