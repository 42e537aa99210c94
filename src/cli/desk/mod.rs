//! `deskcast desk`: the Desk API by hand, one command for each endpoint, within the budget.
//!
//! Reads are tried again where that can help; a delete only after a look; and a chat is made like
//! any other batch, through the journal. What Desk would refuse in any case is refused here, before
//! a request is spent on it.

mod chat;
mod create;
mod delete;
mod list;
mod rows;
mod wire;

use clap::{Args, Subcommand};
use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Timestamp, Zoned};

use self::list::{ListArgs, list};
use self::wire::Wire;
use super::Context;
use super::exit::Exit;
use super::failure::Failure;
use crate::campaign::CustomerId;
use crate::desk::{ChatMessage, DeletionDays, MessageId, Pages, TicketId};

/// Arguments of `deskcast desk`.
#[derive(Debug, Args)]
pub(super) struct DeskArgs {
    #[command(subcommand)]
    command: DeskCommand,
}

#[derive(Debug, Subcommand)]
enum DeskCommand {
    /// Make one proactive chat outside of campaigns, or show one
    #[command(subcommand)]
    Chat(ChatCommand),
    /// List the messages of a ticket, or of all
    Messages(MessagesArgs),
    /// Delete a message of a closed ticket
    Delete(delete::DeleteArgs),
    /// List what was deleted, of the last 30 days or of these
    Deletions(DeletionsArgs),
    /// List customers, or look one up by the Sendbird id
    Customers(CustomersArgs),
    /// List the groups that chats can be assigned to
    Groups(ListArgs),
    /// List the agents that messages can be sent by
    Agents(ListArgs),
}

#[derive(Debug, Subcommand)]
enum ChatCommand {
    /// Send one message to a few customers, as a run of its own
    Create(create::CreateArgs),
    /// Show a proactive chat with its counts
    Get(chat::GetArgs),
}

#[derive(Debug, Args)]
struct MessagesArgs {
    /// The ticket [default: all of the application, by a list that Sendbird marks as deprecated]
    #[arg(value_name = "TICKET", value_parser = ticket)]
    ticket: Option<TicketId>,

    #[command(flatten)]
    list: ListArgs,
}

#[derive(Debug, Args)]
struct DeletionsArgs {
    /// The first day, in UTC [default: 30 days before the last]
    #[arg(long, value_name = "YYYY-MM-DD", value_parser = day)]
    from: Option<Date>,

    /// The last day, in UTC; at most a year after the first [default: today]
    #[arg(long, value_name = "YYYY-MM-DD", value_parser = day)]
    to: Option<Date>,

    #[command(flatten)]
    list: ListArgs,
}

#[derive(Debug, Args)]
struct CustomersArgs {
    /// Only the customer with this Sendbird id
    #[arg(long, value_name = "ID")]
    sendbird_id: Option<String>,

    #[command(flatten)]
    list: ListArgs,
}

pub(super) async fn desk(context: &Context, args: DeskArgs) -> Result<Exit, Failure> {
    let connect = || Wire::connect(context);
    match args.command {
        DeskCommand::Chat(ChatCommand::Create(args)) => create::create(context, args).await,
        DeskCommand::Chat(ChatCommand::Get(args)) => chat::get(&connect()?, args).await,
        DeskCommand::Messages(args) => {
            let wire = connect()?;
            let (what, messages) = match args.ticket {
                Some(ticket) => {
                    let what = format!("the messages of ticket {ticket}");
                    (what, wire.desk.messages(ticket))
                }
                None => ("the messages".to_owned(), every_message(&wire)),
            };
            list(&wire, args.list, &what, messages).await
        }
        DeskCommand::Delete(args) => delete::delete(&connect()?, args).await,
        DeskCommand::Deletions(args) => {
            let today = Timestamp::now().to_zoned(TimeZone::UTC);
            let days = DeletionDays::new(args.from, args.to, Zoned::date(&today));
            let days = days.map_err(|wrong| Failure::mistake(wrong.to_string()))?;
            let wire = connect()?;
            let deletions = wire.desk.deletions(days);
            list(&wire, args.list, "the deletions", deletions).await
        }
        DeskCommand::Customers(args) => {
            let wire = connect()?;
            let customers = wire.desk.customers(args.sendbird_id.as_deref());
            list(&wire, args.list, "the customers", customers).await
        }
        DeskCommand::Groups(args) => {
            let wire = connect()?;
            list(&wire, args, "the groups", wire.desk.groups()).await
        }
        DeskCommand::Agents(args) => {
            let wire = connect()?;
            list(&wire, args, "the agents", wire.desk.agents()).await
        }
    }
}

#[expect(deprecated, reason = "it is an endpoint of the reference page")]
fn every_message(wire: &Wire) -> Pages<ChatMessage> {
    wire.desk.all_messages(None, None)
}

/// An id of anything, as strictly read as that of a customer.
fn id(text: &str) -> Result<u64, String> {
    CustomerId::parse_bytes(text.as_bytes())
        .map(CustomerId::get)
        .map_err(|_| "an id is a whole number from 1, in plain digits".to_owned())
}

fn ticket(text: &str) -> Result<TicketId, String> {
    id(text).map(TicketId)
}

fn message(text: &str) -> Result<MessageId, String> {
    id(text).map(MessageId)
}

/// A day as Desk takes it, and in no other form.
fn day(text: &str) -> Result<Date, String> {
    let written_out = text.len() == 10;
    let day = Date::strptime("%Y-%m-%d", text).ok();
    day.filter(|_| written_out)
        .ok_or_else(|| "a day is written YYYY-MM-DD, such as 2026-11-21".to_owned())
}
