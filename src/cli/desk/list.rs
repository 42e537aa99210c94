//! Lists: paged for the user, and written as a table, as JSON or as CSV.
//!
//! JSON and CSV are written while they are read, a page at a time; only a table is kept until its
//! widths are known.

use std::io::{self, Write};

use clap::Args;

use super::super::exit::Exit;
use super::super::failure::Failure;
use super::super::output::{print, print_with};
use super::super::selection::FormatArgs;
use super::rows::Row;
use super::wire::Wire;
use crate::desk::Pages;
use crate::report::Format;
use crate::report::number::grouped;
use crate::report::table::{TableRow, table};
use crate::report::text::cell;

/// Items shown unless told otherwise, as in the reference.
const USUAL: u16 = 50;

/// Which part of a list, and what to print it as.
#[derive(Clone, Copy, Debug, Args)]
pub(super) struct ListArgs {
    /// All of them, page by page
    #[arg(long, conflicts_with = "limit")]
    all: bool,

    /// At most so many [default: 50]
    #[arg(long, value_name = "N")]
    limit: Option<u16>,

    /// Leave out so many at the beginning
    #[arg(long, value_name = "N", default_value_t = 0)]
    offset: u64,

    #[command(flatten)]
    format: FormatArgs,
}

/// Reads a list and prints it.
pub(super) async fn list<T: Row>(
    wire: &Wire,
    args: ListArgs,
    what: &str,
    pages: Pages<T>,
) -> Result<Exit, Failure> {
    let mut pages = pages.offset(args.offset);
    if !args.all {
        let limit = args.limit.unwrap_or(USUAL.min(T::MOST));
        pages = pages
            .limit(limit)
            .map_err(|wrong| Failure::mistake(format!("--limit {limit}: {wrong}")))?;
    }
    match args.format.asked().unwrap_or(Format::Table) {
        Format::Table => as_table(wire, args, what, pages).await,
        Format::Json => as_json(wire, args, what, pages).await,
        Format::Csv => as_csv(wire, args, what, pages).await,
    }
}

async fn as_table<T: Row>(
    wire: &Wire,
    args: ListArgs,
    what: &str,
    mut pages: Pages<T>,
) -> Result<Exit, Failure> {
    let mut rows = Vec::new();
    while let Some(page) = wire.page(what, &mut pages).await? {
        rows.extend(page.items.iter().map(|item| TableRow {
            cells: item.brief(),
            note: String::new(),
        }));
        if !args.all {
            break;
        }
    }
    if rows.is_empty() {
        print(&format!("There are no {} here.\n", T::MANY))?;
        return Ok(Exit::Done);
    }
    let mut text = table(T::BRIEF, T::BRIEF.len(), &rows);
    let (first, last) = (args.offset + 1, args.offset + rows.len() as u64);
    match pages.count() {
        Some(count) if count > rows.len() as u64 => text.push_str(&format!(
            "\n{} to {} of {}; --all shows them all\n",
            grouped(first),
            grouped(last),
            grouped(count)
        )),
        _ => text.push_str(&format!("\n{} in all\n", grouped(rows.len() as u64))),
    }
    print(&text)?;
    Ok(Exit::Done)
}

async fn as_json<T: Row>(
    wire: &Wire,
    args: ListArgs,
    what: &str,
    mut pages: Pages<T>,
) -> Result<Exit, Failure> {
    let mut first = true;
    while let Some(page) = wire.page(what, &mut pages).await? {
        let mut text = String::new();
        for item in &page.items {
            text.push_str(if first { "{\"" } else { "," });
            if first {
                text.push_str(T::KEY);
                text.push_str("\":[");
            }
            first = false;
            text.push_str(&item.json().to_string());
        }
        print(&text)?;
        if !args.all {
            break;
        }
    }
    let count = pages
        .count()
        .map_or_else(|| "null".to_owned(), |count| count.to_string());
    let begin = if first {
        format!("{{\"{}\":[", T::KEY)
    } else {
        String::new()
    };
    print(&format!("{begin}],\"count\":{count}}}\n"))?;
    Ok(Exit::Done)
}

async fn as_csv<T: Row>(
    wire: &Wire,
    args: ListArgs,
    what: &str,
    mut pages: Pages<T>,
) -> Result<Exit, Failure> {
    let mut header = Some(T::HEADER);
    loop {
        let page = wire.page(what, &mut pages).await?;
        let items = page.map(|page| page.items).unwrap_or_default();
        print_with(|out| rows(out, header.take(), &items))?;
        if items.is_empty() || !args.all {
            return Ok(Exit::Done);
        }
    }
}

fn rows<T: Row>(out: &mut dyn Write, header: Option<&[&str]>, items: &[T]) -> io::Result<()> {
    let mut writer = ::csv::Writer::from_writer(out);
    if let Some(header) = header {
        writer.write_record(header)?;
    }
    for item in items {
        let cells = item.cells();
        writer.write_record(cells.iter().map(|text| cell(text).into_owned()))?;
    }
    writer.flush()
}
