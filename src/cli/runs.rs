//! `deskcast runs`: the list of runs.

use clap::Args;

use super::Context;
use super::exit::Exit;
use super::failure::Failure;
use super::output::{print, print_with};
use super::selection::{FormatArgs, Selection, open_store, reported};
use crate::report::{Format, csv, json, overview};

/// Arguments of `deskcast runs`.
#[derive(Debug, Args)]
pub(super) struct RunsArgs {
    /// Only the runs of this campaign
    #[arg(value_name = "NAME")]
    name: Option<String>,

    #[command(flatten)]
    format: FormatArgs,

    /// Only the latest N
    #[arg(long, value_name = "N")]
    limit: Option<usize>,
}

pub(super) fn runs(context: &Context, args: RunsArgs) -> Result<Exit, Failure> {
    let selection = Selection::parse(args.name.as_deref())?;
    let store = open_store(context)?;
    let runs = selection.find(&store, args.limit.unwrap_or(usize::MAX))?;
    let runs = reported(&store, runs)?;
    match args.format.asked().unwrap_or(Format::Table) {
        Format::Table => print(&overview::list(&runs))?,
        Format::Json => print(&json::runs(&runs))?,
        Format::Csv => print_with(|out| csv::runs(&runs, false, out))?,
    }
    Ok(Exit::Done)
}
