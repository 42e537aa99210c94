//! `deskcast why`: everything that is known of one customer.

use clap::Args;

use super::Context;
use super::exit::Exit;
use super::failure::Failure;
use super::output::print;
use super::selection::{Selection, open_store, run_key};
use crate::campaign::CustomerId;
use crate::report::story;

/// Arguments of `deskcast why`.
#[derive(Debug, Args)]
pub(super) struct WhyArgs {
    /// The id of the customer
    #[arg(value_name = "CUSTOMER", allow_negative_numbers = true)]
    customer: String,

    /// Only what this run knows of them
    #[arg(long, value_name = "RUN")]
    run: Option<String>,

    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

pub(super) fn why(context: &Context, args: WhyArgs) -> Result<Exit, Failure> {
    let customer = CustomerId::parse_bytes(args.customer.as_bytes()).map_err(|why| {
        Failure::mistake(format!(
            "\"{}\" cannot be the id of a customer: {why}. The id is that of Desk, such as 200007; deskcast desk \
             customers --sendbird-id ID finds the one of a Sendbird user",
            args.customer.escape_debug()
        ))
    })?;
    let selection = match args.run.as_deref() {
        Some(run) => Selection::Run(run_key(run)?),
        None => Selection::All,
    };
    let store = open_store(context)?;
    let runs = selection.find(&store, usize::MAX)?;
    let known = store.stories(customer, &runs)?;
    let text = match args.json {
        true => story::json(customer, &known),
        false => story::text(customer, &known, runs.len()),
    };
    print(&text)?;
    Ok(Exit::Done)
}
