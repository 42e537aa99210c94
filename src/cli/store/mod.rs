//! `deskcast store`: makes a store, shows it, and says which copy of it goes on.

pub(super) mod locate;

use clap::{Args, Subcommand};
use jiff::Timestamp;

use self::locate::{existing_store, say_where_in_doubt, store_url};
use super::Context;
use super::exit::Exit;
use super::failure::Failure;
use super::output::print;
use crate::journal::store::{Creation, NewAdoption};
use crate::report::store::{StoreShown, adopted};

/// Arguments of `deskcast store`.
#[derive(Debug, Args)]
pub(super) struct StoreArgs {
    #[command(subcommand)]
    command: StoreCommand,
}

#[derive(Debug, Subcommand)]
enum StoreCommand {
    /// Make the store of these settings, unless there is one
    Create,
    /// Show where the store is, which one it is, and what is in it
    Show,
    /// Say that this copy of the store is the one that goes on
    Adopt(AdoptArgs),
}

/// Arguments of `deskcast store adopt`.
#[derive(Debug, Args)]
struct AdoptArgs {
    /// Who says so
    #[arg(long, value_name = "WHO")]
    by: String,

    /// Why, kept with the store
    #[arg(
        long,
        value_name = "TEXT",
        default_value = "",
        hide_default_value = true
    )]
    why: String,

    /// No other copy has sent anything since this one was made: nothing becomes unknown
    #[arg(long)]
    nothing_was_sent_since: bool,

    /// The whole disk or machine was put back to an earlier state, which nothing in the store tells
    #[arg(long)]
    restored: bool,
}

pub(super) fn store(context: &Context, args: &StoreArgs) -> Result<Exit, Failure> {
    match &args.command {
        StoreCommand::Create => create(context),
        StoreCommand::Show => show(context),
        StoreCommand::Adopt(args) => adopt(context, args),
    }
}

fn create(context: &Context) -> Result<Exit, Failure> {
    let url = store_url(context);
    let made = url
        .create()
        .map_err(|error| Failure::mistake(error.to_string()))?;
    print(&match made {
        Creation::Made => format!(
            "made the store {}: nobody is known as messaged\n",
            url.place()
        ),
        Creation::Exists => format!(
            "the store {} is there already: nothing was changed\n",
            url.place()
        ),
    })?;
    say_where_in_doubt(&url);
    Ok(Exit::Done)
}

fn show(context: &Context) -> Result<Exit, Failure> {
    let url = existing_store(context)?;
    let facts = url.read()?.facts()?;
    let found = url.file().and_then(|file| std::fs::metadata(file).ok());
    let bytes = found.map_or(0, |found| found.len());
    let original = facts.differences.is_empty();
    print(&StoreShown { url, bytes, facts }.text())?;
    Ok(match original {
        true => Exit::Done,
        false => Exit::Attention,
    })
}

fn adopt(context: &Context, args: &AdoptArgs) -> Result<Exit, Failure> {
    let url = existing_store(context)?;
    let mut journal = url.open()?;
    if journal.differences()?.is_empty() && !args.restored {
        return Err(Failure::mistake(format!(
            "the store {} is where it was made, and nothing tells that it was put back: there is nothing to adopt. \
             When its whole disk or machine was put back to an earlier state, add --restored",
            url.place()
        )));
    }
    let adoption = journal.adopt_store(&NewAdoption {
        at: Timestamp::now(),
        by: args.by.clone(),
        why: args.why.clone(),
        nothing_since: args.nothing_was_sent_since,
    })?;
    print(&adopted(
        &url,
        &args.by,
        args.nothing_was_sent_since,
        &adoption,
    ))?;
    Ok(Exit::Done)
}
