//! `deskcast desk delete`: one message of a closed ticket, for good.
//!
//! Deleting is idempotent, so a delete whose outcome is unknown may be sent again; but not before a
//! look at the ticket, which may show that it is done.

use clap::Args;
use serde_json::json;

use super::super::exit::Exit;
use super::super::failure::Failure;
use super::super::output::print;
use super::wire::{FIRST_WAIT, Wire, halted, meaning};
use crate::delivery::outcome::Words;
use crate::desk::{DeleteError, DeskCode, MessageId, TicketId};

/// How often a delete is sent when Desk asks for patience, is out of reach or falls silent.
const TRIES: u32 = 5;

/// Arguments of `deskcast desk delete`.
#[derive(Debug, Args)]
pub(super) struct DeleteArgs {
    /// The ticket; it must be closed
    #[arg(value_name = "TICKET", value_parser = super::ticket)]
    ticket: TicketId,

    /// The id of the message, as `deskcast desk messages` shows it
    #[arg(value_name = "MESSAGE", value_parser = super::message)]
    message: MessageId,

    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

/// What a message that is gone went by.
enum Gone {
    Now,
    /// Somebody had deleted it before.
    Before,
}

pub(super) async fn delete(wire: &Wire, args: DeleteArgs) -> Result<Exit, Failure> {
    let gone = remove(wire, args.ticket, args.message).await?;
    let already = matches!(gone, Gone::Before);
    if args.json {
        print(&format!(
            "{}\n",
            json!({
                "ticket": args.ticket.0,
                "message": args.message.0,
                "deleted": true,
                "already": already,
            })
        ))?;
    } else {
        let was = if already { "was already" } else { "is" };
        print(&format!(
            "Message {} of ticket {} {was} deleted.\n",
            args.message, args.ticket
        ))?;
    }
    Ok(Exit::Done)
}

async fn remove(wire: &Wire, ticket: TicketId, message: MessageId) -> Result<Gone, Failure> {
    let what = format!("message {message} of ticket {ticket}");
    // Whether a request of ours may have deleted it.
    let mut perhaps = false;
    for _ in 0..TRIES {
        let deletes = wire.desk.delete_message(ticket, message);
        let error = match wire.spend(deletes).await {
            Ok(_) => return Ok(Gone::Now),
            Err(error) => error,
        };
        match error {
            error if error.is_already_deleted() && perhaps => return Ok(Gone::Now),
            error if error.is_already_deleted() => return Ok(Gone::Before),
            DeleteError::Refused(ref words) => return Err(refused(&what, words, &error)),
            DeleteError::Halted(words) => return Err(halted(&what, &words)),
            // The next try waits with everybody.
            DeleteError::Throttled(_) => {}
            DeleteError::Unreached(words) => {
                tracing::warn!(%words, "Desk was not reached");
                tokio::time::sleep(FIRST_WAIT).await;
            }
            DeleteError::Unknown(words) => {
                tracing::warn!(%words, "it is not known whether {what} was deleted: looking");
                perhaps = true;
                if !is_there(wire, ticket, message).await? {
                    return Ok(Gone::Now);
                }
            }
        }
    }
    let so_far = if perhaps { "may be" } else { "is not" };
    Err(Failure::stopped(format!(
        "{what} {so_far} deleted: Desk did not answer in {TRIES} tries. The same command goes on"
    )))
}

fn refused(what: &str, words: &Words, error: &DeleteError) -> Failure {
    let advice = match error.code() {
        Some(DeskCode::TicketNotClosed) => "; close the ticket first",
        Some(DeskCode::NoSuchMessage) => "; deskcast desk messages lists those of the ticket",
        _ => "",
    };
    let meaning = meaning(error.code());
    Failure::mistake(format!("{what} is not deleted{meaning} ({words}){advice}"))
}

/// Whether the ticket still shows the message.
async fn is_there(wire: &Wire, ticket: TicketId, message: MessageId) -> Result<bool, Failure> {
    let mut pages = wire.desk.messages(ticket);
    let what = format!("the messages of ticket {ticket}");
    while let Some(page) = wire.page(&what, &mut pages).await? {
        if let Some(found) = page.items.iter().find(|item| item.id == message) {
            return Ok(found.deleted_at.is_none());
        }
    }
    Ok(false)
}
