//! Rows of a spreadsheet (`.xlsx`, `.ods`), one at a time, as those of a CSV text are.
//!
//! A sheet is read once and kept as text without its formats, about as many bytes as the CSV of it
//! would have: a sheet has at most 1,048,576 rows, which bounds the memory. A cell that says less
//! than it seems to (a date, an error, a rounded number, one that is covered by another) keeps a mark,
//! which counts where the cell is used. A file with a hidden row is refused: whoever sees the sheet
//! would say that it holds other people.

mod cell;
mod marks;
mod tags;

use std::io::{self, Cursor};

use calamine::{DataRef, DataType as _, Ods, Reader as _, SheetType, SheetVisible, Xlsx};

use super::super::customer::{CellFlaw, InvalidId};
use super::super::spelling::normal;
use super::error::AudienceError;
use super::header::printable;
use super::kind::FileKind;
use marks::Marks;

/// The most cells of a sheet, empty ones within its rows among them.
const MOST_CELLS: usize = 200_000_000;

/// The rows of a sheet, standing on one.
#[derive(Debug)]
pub(super) struct Sheet {
    /// All cells one after the other, each behind the byte of its mark.
    text: Vec<u8>,
    /// Where each cell ends.
    ends: Vec<u32>,
    /// The number of each row, from 0, and its first cell.
    rows: Vec<(u32, usize)>,
    /// The row after the one that this stands on.
    next: usize,
    /// So many fields a row has at least: cells that are empty at its end are not in the file.
    columns: usize,
    marks: Marks,
    hidden: Option<u32>,
}

/// Reads the sheet of this name, or else the only visible one with something in it.
pub(super) fn read(
    bytes: &[u8],
    kind: FileKind,
    wanted: Option<&str>,
) -> Result<Sheet, AudienceError> {
    let mut sheet = match kind {
        FileKind::OpenDocument => of_open_document(bytes, wanted)?,
        _ => of_workbook(bytes, wanted)?,
    };
    sheet.finish_row();
    if let Some(row) = sheet.hidden {
        return Err(AudienceError::HiddenRow { row: row + 1 });
    }
    Ok(sheet)
}

fn of_workbook(bytes: &[u8], wanted: Option<&str>) -> Result<Sheet, AudienceError> {
    let mut book = Xlsx::new(Cursor::new(bytes)).map_err(damaged)?;
    let names = visible_first(book.sheets_metadata());
    let name = chosen(&names, wanted, |name| {
        let mut cells = book.worksheet_cells_reader(name).map_err(damaged)?;
        while let Some(cell) = cells.next_cell().map_err(damaged)? {
            if !cell.get_value().is_empty() {
                return Ok(true);
            }
        }
        Ok(false)
    })?;
    let mut sheet = Sheet::new(marks::of_workbook(bytes, &name).map_err(damaged)?);
    let mut cells = book.worksheet_cells_reader(&name).map_err(damaged)?;
    while let Some(record) = cells.next_cell_with_formula_metadata().map_err(damaged)? {
        sheet.add(record.pos, &record.value, record.formula.is_some())?;
    }
    Ok(sheet)
}

fn of_open_document(bytes: &[u8], wanted: Option<&str>) -> Result<Sheet, AudienceError> {
    // Looked at first, as calamine reads on for ever where a table is not closed.
    marks::of_open_document(bytes, "").map_err(damaged)?;
    let mut book = Ods::new(Cursor::new(bytes)).map_err(damaged)?;
    let names = visible_first(book.sheets_metadata());
    let name = chosen(&names, wanted, |name| {
        Ok(!book.worksheet_range(name).map_err(damaged)?.is_empty())
    })?;
    let marks = marks::of_open_document(bytes, &name).map_err(damaged)?;
    let range = book.worksheet_range(&name).map_err(damaged)?;
    let formulas = book.worksheet_formula(&name).map_err(damaged)?;
    drop(book);
    let mut sheet = Sheet::new(marks);
    let (top, left) = range.start().unwrap_or_default();
    for (row, cells) in (top..).zip(range.rows()) {
        for (column, value) in (left..).zip(cells) {
            let formula = || formulas.get_value((row, column));
            let calculated = value.is_empty() && formula().is_some_and(|it| !it.is_empty());
            sheet.add((row, column), &cell::borrowed(value), calculated)?;
        }
    }
    Ok(sheet)
}

/// The sheets that hold cells, each with whether it is shown.
fn visible_first(sheets: &[calamine::Sheet]) -> Vec<(String, bool)> {
    let sheets = sheets
        .iter()
        .filter(|sheet| sheet.typ == SheetType::WorkSheet);
    sheets
        .map(|sheet| (sheet.name.clone(), sheet.visible == SheetVisible::Visible))
        .collect()
}

/// The sheet of this name, or else the only visible one that `holds` something.
fn chosen(
    names: &[(String, bool)],
    wanted: Option<&str>,
    mut holds: impl FnMut(&str) -> Result<bool, AudienceError>,
) -> Result<String, AudienceError> {
    let listed = |names: &[&str]| {
        let quoted: Vec<String> = names
            .iter()
            .map(|it| format!("\"{}\"", printable(it)))
            .collect();
        quoted.join(", ")
    };
    if let Some(wanted) = wanted {
        let found = names
            .iter()
            .find(|(name, _)| normal(name) == normal(wanted));
        let all: Vec<&str> = names.iter().map(|(name, _)| name.as_str()).collect();
        return found
            .map(|(name, _)| name.clone())
            .ok_or_else(|| AudienceError::NoSheet {
                sheet: printable(wanted),
                sheets: listed(&all),
            });
    }
    let visible = names.iter().filter(|(_, visible)| *visible);
    let visible: Vec<&str> = visible.map(|(name, _)| name.as_str()).collect();
    let mut full = Vec::new();
    for name in &visible {
        if holds(name)? {
            full.push(*name);
        }
    }
    match (full.as_slice(), visible.first()) {
        ([one], _) => Ok((*one).to_owned()),
        ([], Some(first)) => Ok((*first).to_owned()),
        ([], None) => Err(damaged("it has no sheet that is shown")),
        (several, _) => Err(AudienceError::SeveralSheets {
            sheets: listed(several),
        }),
    }
}

fn damaged(cause: impl std::fmt::Display) -> AudienceError {
    AudienceError::Workbook {
        cause: cause.to_string(),
    }
}

impl Sheet {
    fn new(marks: Marks) -> Sheet {
        Sheet {
            text: Vec::new(),
            ends: Vec::new(),
            rows: Vec::new(),
            next: 0,
            columns: 0,
            marks,
            hidden: None,
        }
    }

    /// Adds the cell that comes next in the file.
    fn add(
        &mut self,
        (row, column): (u32, u32),
        value: &DataRef<'_>,
        formula: bool,
    ) -> Result<(), AudienceError> {
        let empty = matches!(value, DataRef::Empty);
        if empty && !formula {
            return Ok(());
        }
        if self.rows.last().is_none_or(|(last, _)| *last < row) {
            self.finish_row();
            self.rows.push((row, self.ends.len()));
        }
        let (last, first) = self.rows.last().copied().unwrap_or_default();
        let missing = (column as usize).checked_sub(self.ends.len() - first);
        let Some(missing) = missing.filter(|_| last == row && column < marks::COLUMNS) else {
            return Err(damaged(format_args!(
                "its cells are not in order at {}",
                InvalidId::cell_name(row, column)
            )));
        };
        (0..missing).for_each(|_| self.push(0));
        let mark = self.text.len();
        self.text.push(0);
        let flaw = cell::write(value, &mut self.text);
        let flaw = flaw.or((empty && formula).then_some(CellFlaw::NoValue));
        self.text[mark] = flaw.map_or(0, CellFlaw::number);
        self.end_cell()
    }

    fn end_cell(&mut self) -> Result<(), AudienceError> {
        let end = u32::try_from(self.text.len()).ok();
        let end = end.filter(|_| self.ends.len() < MOST_CELLS);
        self.ends
            .push(end.ok_or_else(|| damaged("its text is larger than 4 GiB"))?);
        Ok(())
    }

    /// Adds an empty cell.
    fn push(&mut self, mark: u8) {
        self.text.push(mark);
        self.ends.push(self.text.len() as u32);
    }

    /// Marks what is covered in the last row, and takes the row away where nothing is in it.
    fn finish_row(&mut self) {
        let Some(&(row, first)) = self.rows.last() else {
            return;
        };
        let start = first.checked_sub(1).map_or(0, |before| self.ends[before]) as usize;
        let blank = |byte: &u8| matches!(byte, 0 | b' ' | b'\t');
        if self.text[start..].iter().all(blank) {
            self.rows.pop();
            self.text.truncate(start);
            self.ends.truncate(first);
            return;
        }
        if self.marks.hidden.contains(row) {
            self.hidden = self.hidden.or(Some(row));
        }
        for (from, to) in self.marks.covered.remove(&row).unwrap_or_default() {
            while self.ends.len() <= first + to as usize {
                self.push(0);
            }
            for cell in first + from as usize..=first + to as usize {
                let start = cell.checked_sub(1).map_or(0, |before| self.ends[before]);
                self.text[start as usize] = CellFlaw::Merged.number();
            }
        }
    }

    /// Goes to the next row that is not blank; false at the end.
    pub(super) fn next(&mut self) -> bool {
        self.next += usize::from(self.next <= self.rows.len());
        self.next <= self.rows.len()
    }

    /// The number of the row, from 1, as the spreadsheet shows it.
    pub(super) fn line(&self) -> u64 {
        let row = self.next.checked_sub(1).and_then(|at| self.rows.get(at));
        row.map_or(1, |(number, _)| u64::from(*number) + 1)
    }

    /// How many cells the row has.
    pub(super) fn count(&self) -> usize {
        self.cells().len().max(self.columns)
    }

    /// The text of a cell.
    pub(super) fn field(&self, index: usize) -> Option<&[u8]> {
        match self.cell(index) {
            Some((_, text)) => Some(text),
            None => (index < self.columns).then_some(&[]),
        }
    }

    /// What is wrong with a cell, where it is used as what it says.
    pub(super) fn flaw(&self, index: usize) -> Option<CellFlaw> {
        self.cell(index)
            .and_then(|(mark, _)| CellFlaw::numbered(mark))
    }

    /// Says how many cells each row has at least; the widest row says it where there is no header.
    pub(super) fn pad(&mut self, columns: Option<usize>) {
        let ends = self.rows.iter().skip(1).map(|(_, first)| *first);
        let ends = ends.chain([self.ends.len()]);
        let widths = self
            .rows
            .iter()
            .zip(ends)
            .map(|((_, first), end)| end - first);
        self.columns = columns.or(widths.max()).unwrap_or_default();
    }

    /// The cells of the row, by their place among all.
    fn cells(&self) -> std::ops::Range<usize> {
        let Some((_, first)) = self.next.checked_sub(1).and_then(|at| self.rows.get(at)) else {
            return 0..0;
        };
        let end = self.rows.get(self.next).map(|(_, first)| *first);
        *first..end.unwrap_or(self.ends.len())
    }

    fn cell(&self, index: usize) -> Option<(u8, &[u8])> {
        let cells = self.cells();
        let at = Some(cells.start + index).filter(|at| cells.contains(at))?;
        let start = at.checked_sub(1).map_or(0, |before| self.ends[before]) as usize;
        let (mark, text) = self.text[start..self.ends[at] as usize].split_first()?;
        Some((*mark, text))
    }
}

impl From<io::Error> for AudienceError {
    fn from(error: io::Error) -> AudienceError {
        damaged(error)
    }
}
