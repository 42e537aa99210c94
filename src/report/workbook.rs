//! A run as a workbook: a sheet each of the run, its batches, its customers, and why rows were left
//! out. Rows are written to a file while they are read, so that a run of any size takes the same
//! memory.
//!
//! Ids are texts, which no spreadsheet rounds; times are dates, in UTC; and what customers or Desk
//! wrote is a text as well, never a formula.

use std::io;
use std::path::Path;

use jiff::Timestamp;
use rust_xlsxwriter::{ExcelDateTime, Format, Workbook, Worksheet, XlsxError};

use super::columns::{self, Value};
use super::customers::{Fate, fate, outcome_of, why_invalid};
use super::{Reported, lists};
use crate::delivery::reason::Reason;
use crate::journal::reading::LeftOut;
use crate::journal::{JournalError, Store};

/// Rows of a sheet, that of the names of the columns among them.
pub const SHEET_ROWS: u32 = 1_048_576;
/// A cell holds no longer text.
const LONGEST: usize = 32_767;

/// Why a workbook could not be written.
#[derive(Debug, thiserror::Error)]
pub enum WorkbookError {
    /// The store could not be read.
    #[error(transparent)]
    Journal(#[from] JournalError),
    /// The file, or what is kept beside it meanwhile, could not be written.
    #[error("{0}")]
    Output(String),
}

impl From<XlsxError> for WorkbookError {
    fn from(error: XlsxError) -> WorkbookError {
        WorkbookError::Output(error.to_string())
    }
}

/// What a workbook came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Written {
    /// Rows of customers.
    pub customers: u64,
    /// The sheets that they are on.
    pub sheets: u32,
}

/// Writes a run; `folder` holds the sheets until they are put together. With `all_rows` also every
/// duplicate and invalid row, and the line of each. A sheet has at most `sheet_rows`, which is
/// [`SHEET_ROWS`] but in tests.
///
/// # Errors
/// When the store cannot be read, or something not be written.
pub fn write(
    store: &Store,
    reported: &Reported,
    all_rows: bool,
    (folder, sheet_rows): (&Path, u32),
    out: &mut (dyn io::Write + Send),
) -> Result<Written, WorkbookError> {
    let mut workbook = Workbook::new();
    workbook.set_tempdir(folder)?;
    let mut book = Book {
        workbook,
        columns: Vec::new(),
        name: String::new(),
        nth: 0,
        sheets: 0,
        row: 0,
        sheet_rows,
        date: Format::new().set_num_format("yyyy-mm-dd hh:mm:ss"),
        head: Format::new().set_bold(),
    };
    book.begin("runs", &columns::RUN)?;
    book.add(&columns::of_run(reported))?;
    of_batches(&mut book, store, reported)?;
    let written = of_customers(&mut book, store, reported, all_rows)?;
    of_reasons(&mut book, store, reported)?;
    of_lists(&mut book, reported)?;
    book.workbook.save_to_writer(out)?;
    Ok(written)
}

/// A workbook on its way out.
struct Book {
    workbook: Workbook,
    /// The columns of the sheets that are written to.
    columns: Vec<&'static str>,
    /// What they are called, and which of them it is, from 1.
    name: String,
    nth: u32,
    /// All sheets so far, and the next row of the last one.
    sheets: usize,
    row: u32,
    sheet_rows: u32,
    date: Format,
    head: Format,
}

impl Book {
    /// Begins a sheet, which goes on in others where it is full.
    fn begin(&mut self, name: &str, columns: &[&'static str]) -> Result<(), WorkbookError> {
        self.columns = columns.to_vec();
        self.name = name.to_owned();
        self.nth = 0;
        self.next()
    }

    fn next(&mut self) -> Result<(), WorkbookError> {
        self.nth += 1;
        let name = match self.nth {
            1 => self.name.clone(),
            nth => format!("{} {nth}", self.name),
        };
        let sheet = self.workbook.add_worksheet_with_constant_memory()?;
        sheet.set_name(name)?.set_freeze_panes(1, 0)?;
        for (place, column) in (0..).zip(&self.columns) {
            let width = if *column == "reason" { 40.0 } else { 20.0 };
            sheet.set_column_width(place, width)?;
        }
        for (place, column) in (0..).zip(&self.columns) {
            sheet.write_string_with_format(0, place, *column, &self.head)?;
        }
        self.sheets += 1;
        self.row = 1;
        Ok(())
    }

    /// Adds a row.
    fn add(&mut self, cells: &[Value]) -> Result<(), WorkbookError> {
        if self.row >= self.sheet_rows {
            self.next()?;
        }
        let sheet = self.workbook.worksheet_from_index(self.sheets - 1)?;
        for (place, cell) in (0..).zip(cells) {
            write_cell(sheet, (self.row, place), cell, &self.date)?;
        }
        self.row += 1;
        Ok(())
    }
}

fn write_cell(
    sheet: &mut Worksheet,
    (row, column): (u32, u16),
    cell: &Value,
    date: &Format,
) -> Result<(), WorkbookError> {
    match cell {
        Value::Text(text) if text.is_empty() => {}
        Value::Text(text) => {
            let text: String = text.chars().take(LONGEST).collect();
            sheet.write_string(row, column, text)?;
        }
        Value::Number(number) => {
            // Counts stay far below what a double holds exactly.
            sheet.write_number(row, column, *number as f64)?;
        }
        Value::Share(Some(share)) => {
            sheet.write_number(row, column, *share)?;
        }
        Value::Time(Some(at)) => {
            let at = ExcelDateTime::from_timestamp(at.as_second())?;
            sheet.write_datetime_with_format(row, column, at, date)?;
        }
        Value::Share(None) | Value::Time(None) => {}
    }
    Ok(())
}

fn of_batches(book: &mut Book, store: &Store, reported: &Reported) -> Result<(), WorkbookError> {
    const COLUMNS: [&str; 6] = [
        "batch",
        "outcome",
        "reason",
        "customers",
        "proactive_chat_id",
        "at",
    ];
    book.begin("batches", &COLUMNS)?;
    let run = &reported.run;
    store.each_batch::<WorkbookError>(run.id, &mut |batch| {
        let fate = fate(batch, run.owner);
        book.add(&[
            Value::Number(batch.number.into()),
            Value::Text(fate.outcome.to_owned()),
            reason(&fate),
            Value::Number(batch.customers.len() as u64),
            chat(&fate),
            Value::Time(batch.ended_at.or(batch.intended_at)),
        ])
    })
}

fn reason(fate: &Fate<'_>) -> Value {
    Value::Text(fate.reason.as_deref().unwrap_or_default().to_owned())
}

fn chat(fate: &Fate<'_>) -> Value {
    let id = fate.proactive_chat_id;
    Value::Text(id.map(|id| id.to_string()).unwrap_or_default())
}

/// The sheets of customers.
struct Customers<'b> {
    book: &'b mut Book,
    reported: &'b Reported,
    columns: usize,
    written: u64,
}

impl Customers<'_> {
    fn add(
        &mut self,
        customer: String,
        line: u64,
        fate: &Fate<'_>,
        at: Option<Timestamp>,
    ) -> Result<(), WorkbookError> {
        let mut cells = vec![
            Value::Text(customer),
            Value::Text(fate.outcome.to_owned()),
            reason(fate),
            match fate.batch {
                Some(batch) => Value::Number(batch.into()),
                None => Value::Share(None),
            },
            chat(fate),
            Value::Time(at),
        ];
        let (file, line) = self.reported.run.place(line);
        let row = [Value::Number(line), Value::Text(file.to_owned())];
        let room = self.columns - cells.len();
        cells.extend(row.into_iter().take(room));
        self.written += 1;
        self.book.add(&cells)
    }
}

fn of_customers(
    book: &mut Book,
    store: &Store,
    reported: &Reported,
    all_rows: bool,
) -> Result<Written, WorkbookError> {
    let run = &reported.run;
    let columns = columns::of_customers(run, all_rows);
    book.begin("customers", &columns)?;
    let mut rows = Customers {
        book,
        reported,
        columns: columns.len(),
        written: 0,
    };
    store.each_batch::<WorkbookError>(run.id, &mut |batch| {
        let fate = fate(batch, run.owner);
        let at = batch.ended_at.or(batch.intended_at);
        for (customer, line) in batch.customers.iter().zip(&batch.lines) {
            rows.add(customer.to_string(), *line, &fate, at)?;
        }
        Ok(())
    })?;
    store.each_left_out::<WorkbookError>(run.id, &mut |row| {
        let (who, line, ground) = match row {
            LeftOut::Customer {
                ground,
                customer,
                line,
            } => (customer.to_string(), line, Some(ground)),
            LeftOut::Named { ground, name, line } => (name.to_owned(), line, Some(ground)),
            LeftOut::Invalid { value, line, .. } => (value.to_owned(), line, None),
        };
        let outcome = ground.map_or("invalid", |ground| outcome_of(ground.reason));
        if !all_rows && outcome != "excluded" {
            return Ok(());
        }
        let why = match (&row, ground) {
            (_, Some(ground)) => ground.sentence(),
            (LeftOut::Invalid { why: "", value, .. }, None) => why_invalid(value),
            (LeftOut::Invalid { why, .. }, None) => (*why).to_owned(),
            (_, None) => String::new(),
        };
        let fate = Fate {
            outcome,
            reason: Some(why.into()),
            ..Fate::default()
        };
        rows.add(who, line, &fate, None)
    })?;
    Ok(Written {
        customers: rows.written,
        sheets: rows.book.nth,
    })
}

/// Why rows are in no batch, and how many.
fn of_reasons(book: &mut Book, store: &Store, reported: &Reported) -> Result<(), WorkbookError> {
    book.begin("reasons", &["reason", "detail", "customers"])?;
    let run = &reported.run;
    let mut grounds = store.grounds(run.id)?;
    if run.listing.invalid > 0 {
        let ground = crate::delivery::reason::Ground::plain(Reason::Invalid);
        grounds.insert(0, (ground, run.listing.invalid));
    }
    for (ground, customers) in grounds {
        book.add(&[
            Value::Text(ground.reason.as_str().to_owned()),
            Value::Text(ground.detail),
            Value::Number(customers),
        ])?;
    }
    Ok(())
}

fn of_lists(book: &mut Book, reported: &Reported) -> Result<(), WorkbookError> {
    if reported.run.lists.is_empty() {
        return Ok(());
    }
    book.begin("lists", &lists::COLUMNS)?;
    for list in &reported.run.lists {
        book.add(&[
            Value::Text(list.name.clone()),
            Value::Number(list.entries),
            Value::Time(Some(list.changed_at)),
            Value::Number(list.left_out),
            Value::Number(list.on_earlier()),
            Value::Number(list.of_nobody()),
        ])?;
    }
    Ok(())
}
