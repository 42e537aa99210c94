//! `deskcast report`: what runs came to, or what became of every customer.

use std::path::PathBuf;

use clap::Args;

use super::Context;
use super::exit::Exit;
use super::failure::Failure;
use super::output::{print, print_with, tell};
use super::selection::{Selection, open_store, reported};
use super::store::locate::{say_where_in_doubt, store_url};
use super::workbook;
use crate::journal::Store;
use crate::report::customers::{self, CustomersError, RowFormat};
use crate::report::{Format, Reported, csv, json, overview, result};

/// Arguments of `deskcast report`.
#[derive(Debug, Args)]
pub(super) struct ReportArgs {
    /// A run, such as welcome@2026-11-21T09:00:00Z, or a campaign [default: all runs]
    #[arg(value_name = "RUN|NAME")]
    which: Option<String>,

    /// A table for people, one JSON document, CSV with a row for each, or a workbook of one run
    #[arg(long, value_name = "FORMAT", conflicts_with = "json")]
    format: Option<ReportFormat>,

    /// The same as --format json
    #[arg(long)]
    json: bool,

    /// The file that --format xlsx writes, which ends in .xlsx
    #[arg(long, value_name = "FILE")]
    output: Option<PathBuf>,

    /// CSV for a spreadsheet: with a byte order mark, ";" between the cells, and ids as text
    #[arg(long, conflicts_with = "json")]
    excel: bool,

    /// A row for each customer of the run, or of the campaign's latest run, as CSV or as JSON
    /// lines
    #[arg(long, requires = "which")]
    customers: bool,

    /// With --customers or a workbook, also every duplicate and invalid row, and the line of each
    #[arg(long)]
    all_rows: bool,
}

/// What a report is written as.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum ReportFormat {
    /// For people.
    Table,
    /// One JSON document.
    Json,
    /// A header and a row for each.
    Csv,
    /// A workbook, in a file.
    Xlsx,
}

pub(super) fn report(context: &Context, args: ReportArgs) -> Result<Exit, Failure> {
    let selection = Selection::parse(args.which.as_deref())?;
    let store = open_store(context)?;
    say_where_in_doubt(&store_url(context));
    if args.format == Some(ReportFormat::Xlsx) {
        if args.excel {
            return Err(excel_is_csv());
        }
        return workbook::write(&store, &selection, args.all_rows, args.output.as_ref());
    }
    if args.output.is_some() {
        return Err(Failure::mistake(
            "--output goes with --format xlsx; other formats go to standard output: > FILE",
        ));
    }
    if args.customers {
        return report_customers(&store, &args, &selection);
    }
    let runs = reported(&store, selection.find(&store, usize::MAX)?)?;
    match asked(&args)?.unwrap_or(Format::Table) {
        Format::Table => print(&text(&runs, &selection))?,
        Format::Json => print(&json::report(&runs))?,
        Format::Csv => print_with(|out| csv::runs(&runs, args.excel, out))?,
    }
    Ok(Exit::Done)
}

/// The format that was asked for; what is for a spreadsheet is CSV.
fn asked(args: &ReportArgs) -> Result<Option<Format>, Failure> {
    if args.all_rows && !args.customers {
        return Err(Failure::mistake(
            "--all-rows goes with --customers, or with --format xlsx",
        ));
    }
    let format = match args.format {
        Some(ReportFormat::Table) => Some(Format::Table),
        Some(ReportFormat::Json) => Some(Format::Json),
        Some(ReportFormat::Csv) => Some(Format::Csv),
        Some(ReportFormat::Xlsx) => return Err(excel_is_csv()),
        None => args.json.then_some(Format::Json),
    };
    match (args.excel, format) {
        (true, None | Some(Format::Csv)) => Ok(Some(Format::Csv)),
        (true, Some(_)) => Err(excel_is_csv()),
        (false, format) => Ok(format),
    }
}

fn excel_is_csv() -> Failure {
    Failure::mistake("--excel writes CSV: leave --format away, or give --format csv")
}

/// One run that was asked for is shown in full, several side by side.
fn text(runs: &[Reported], selection: &Selection) -> String {
    match (selection, runs) {
        (Selection::Run(_), [only]) => format!(
            "{}{}",
            result::text(&only.run, &only.standing),
            overview::last_read(runs)
        ),
        _ => overview::report(runs),
    }
}

fn report_customers(
    store: &Store,
    args: &ReportArgs,
    selection: &Selection,
) -> Result<Exit, Failure> {
    let format = match asked(args)? {
        _ if args.excel => RowFormat::Excel,
        None | Some(Format::Csv) => RowFormat::Csv,
        Some(Format::Json) => RowFormat::JsonLines,
        Some(Format::Table) => {
            return Err(Failure::mistake(
                "--customers has no table, a row for each customer would be too long for one: leave --format away \
                 for CSV, or choose --format json",
            ));
        }
    };
    let runs = selection.find(store, 1)?;
    let Some(run) = runs.first() else {
        return Ok(Exit::Done);
    };
    if matches!(selection, Selection::Campaign(_)) {
        tell(format_args!("customers of the latest run, {}", run.key));
    }
    let mut unread = Ok(());
    print_with(|out| {
        match customers::write(store, run, format, args.all_rows, out) {
            Err(CustomersError::Output(error)) => return Err(error),
            Err(CustomersError::Journal(error)) => unread = Err(error),
            Ok(()) => {}
        }
        Ok(())
    })?;
    unread?;
    Ok(Exit::Done)
}
