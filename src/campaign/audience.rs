//! The audience: customer ids streamed out of a CSV file.
//!
//! The file is read once, in blocks of a few thousand rows, in memory that does not grow with it.
//! Nothing is left out in silence: every row that is not blank comes back either as an id or as an
//! invalid row, with the line it starts on, and a file in which rows may have been swallowed (a
//! quote that is never closed, a damaged archive) is an error. Duplicates, exclusions and what to
//! do about invalid rows are the caller's business.
//!
//! The rows are split by `csv-core`, the engine of the `csv` crate, driven directly: the `csv`
//! reader takes an unclosed quote for a field as long as the rest of the file, and after blank
//! lines and `\r\n` its line numbers are not those of the rows.

mod delimiter;
mod engine;
mod error;
mod header;
mod kind;
mod quotes;
mod records;
mod rows;
mod seen;
mod sheet;
mod source;

use std::io::Read;

pub use error::AudienceError;
pub use kind::FileKind;
pub use seen::{Encoding, Filtered, Form, Ids, Seen};

use super::choice::{Column, Delimiter};
use super::customer::{CellFlaw, CustomerId, InvalidId};
use super::customers::Condition;
use super::sendbird_id::sendbird_id;
use super::spelling::says_one_of;
use records::Records;
use rows::Shape;
use seen::Watch;

/// So many rows before a last row without line end say how long an id is.
const NEIGHBOURS: usize = 16;

/// Where the ids stand in an audience file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AudienceSpec {
    /// The column.
    pub column: Column,
    /// What separates the columns; none finds it in the file.
    pub delimiter: Option<Delimiter>,
    /// The sheet, where the file is a workbook; none takes the only one with something in it.
    pub sheet: Option<String>,
    /// What a row's other columns must say for it to be taken.
    pub conditions: Vec<Condition>,
}

/// A line of one of several files, in one number: lines of the first file stand for themselves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FileLine {
    /// Which file, from 0.
    pub file: usize,
    /// The line in it, from 1.
    pub line: u64,
}

impl FileLine {
    const LINE_BITS: u32 = 40;

    /// The one number.
    pub fn packed(self) -> u64 {
        ((self.file as u64) << FileLine::LINE_BITS) | self.line
    }

    /// The line behind such a number.
    pub fn unpacked(number: u64) -> FileLine {
        FileLine {
            file: (number >> FileLine::LINE_BITS) as usize,
            line: number & ((1 << FileLine::LINE_BITS) - 1),
        }
    }
}

/// Some rows of an audience, in file order. One block is made once and filled again and again.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Block {
    /// The ids of the valid rows, each from 1 to [`CustomerId::MAX`].
    pub ids: Vec<u64>,
    /// For each of `ids`, the line of the file (counted from 1) that its row starts on.
    pub lines: Vec<u64>,
    /// The ids of the valid rows whose other columns do not say what they must.
    pub filtered: Vec<u64>,
    /// The line of each of `filtered`.
    pub filtered_lines: Vec<u64>,
    /// The valid rows of a file of Sendbird user ids, which has none of the above.
    pub named: Vec<NamedRow>,
    /// The rows without a valid id.
    pub invalid: Vec<InvalidRow>,
    /// How many rows the block stands for: `ids`, `filtered`, `named` and `invalid` together. Neither the
    /// header nor blank lines are rows.
    pub rows: usize,
}

impl Block {
    /// The most rows in a block.
    pub const MAX_ROWS: usize = 4096;

    /// Makes every line one of this file.
    pub fn set_file(&mut self, file: usize) {
        let of_file = |line: u64| FileLine { file, line }.packed();
        let lines = self.lines.iter_mut().chain(&mut self.filtered_lines);
        lines.for_each(|line| *line = of_file(*line));
        let named = self.named.iter_mut();
        named.for_each(|row| row.line = of_file(row.line));
        let invalid = self.invalid.iter_mut();
        invalid.for_each(|row| row.line = of_file(row.line));
    }

    fn clear(&mut self) {
        self.ids.clear();
        self.lines.clear();
        self.filtered.clear();
        self.filtered_lines.clear();
        self.named.clear();
        self.invalid.clear();
        self.rows = 0;
    }
}

/// A row that names its customer by the Sendbird user id.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NamedRow {
    /// The line of the file (counted from 1) that the row starts on.
    pub line: u64,
    /// The Sendbird user id.
    pub name: Box<str>,
    /// Whether its other columns say what they must.
    pub taken: bool,
}

/// A row without a valid id.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InvalidRow {
    /// The line of the file (counted from 1) that the row starts on.
    pub line: u64,
    /// What stands in the column, without surrounding blanks, at most 120 characters of it. As it
    /// stands in the file: control characters are still to be escaped before a terminal sees it.
    pub value: String,
    /// What is wrong with it.
    pub why: InvalidId,
}

/// Reads the ids of an audience file.
#[derive(Debug)]
pub struct AudienceReader<R> {
    rows: Records<R>,
    column: usize,
    /// Columns and what each must say, one of it.
    conditions: Vec<(usize, Vec<String>)>,
    /// The row that `rows` stands on has not been given out yet.
    pending: bool,
    /// The column holds Sendbird user ids.
    by_name: bool,
    /// How many fields a row has: as many as the header, or the first row of a file without one.
    columns: usize,
    /// The shortest id of the last rows of the block before, in characters.
    shortest_before: Option<usize>,
    failed: Option<AudienceError>,
    watch: Watch,
}

impl<R: Read> AudienceReader<R> {
    /// Starts reading `input`, the bytes of the file as they are: gzip is recognised by its first
    /// bytes, a UTF-8 byte order mark is ignored, a first line `sep=;` is understood. Reads the
    /// header row where the column is named. Large reads are made: `input` needs no buffer of its own.
    ///
    /// # Errors
    /// [`AudienceError`], when the file is not text, or has not exactly one such column.
    pub fn new(input: R, spec: &AudienceSpec) -> Result<Self, AudienceError> {
        AudienceReader::open(input, spec, false)
    }

    /// The same for a column of Sendbird user ids: valid rows come as [`Block::named`].
    ///
    /// # Errors
    /// Those of [`new`](AudienceReader::new).
    pub fn by_name(input: R, spec: &AudienceSpec) -> Result<Self, AudienceError> {
        AudienceReader::open(input, spec, true)
    }

    fn open(input: R, spec: &AudienceSpec, by_name: bool) -> Result<Self, AudienceError> {
        let mut rows = Records::open(source::open(input)?, spec, by_name)?;
        let any = rows.next()?;
        let (column, pending) = match &spec.column {
            Column::Header(name) if any => (header::find(&rows, name, spec.delimiter)?, false),
            Column::Header(name) => {
                let column = header::printable(name);
                return Err(AudienceError::NoHeader { column });
            }
            Column::Number(number) if any => {
                header::check_number(&rows, number.get(), spec.delimiter)?;
                (number.get() - 1, true)
            }
            Column::Number(number) => (number.get() - 1, false),
        };
        let conditions = match any {
            true => header::find_conditions(&rows, spec)?,
            false => Vec::new(),
        };
        // What a row looks like, so that one which was swallowed by another is seen.
        rows.expect(Shape {
            columns: rows.count(),
            column,
            numbers: !by_name,
        });
        Ok(Self {
            columns: rows.count(),
            watch: Watch::new(spec, column, &conditions),
            rows,
            column,
            conditions,
            pending,
            by_name,
            shortest_before: None,
            failed: None,
        })
    }

    /// Empties `block` and fills it with the next rows, at most [`Block::MAX_ROWS`]. False at the
    /// end of the file, when there are none.
    ///
    /// # Errors
    /// [`AudienceError`], when the file cannot be read on; `block` then holds the rows before that,
    /// and every further call gives the same error.
    pub fn next_block(&mut self, block: &mut Block) -> Result<bool, AudienceError> {
        block.clear();
        if let Some(error) = &self.failed {
            return Err(error.clone());
        }
        while block.rows < Block::MAX_ROWS {
            if !std::mem::take(&mut self.pending) {
                match self.rows.next() {
                    Ok(true) => {}
                    Ok(false) => {
                        self.watch.ended = true;
                        break;
                    }
                    Err(error) => return Err(self.failed.insert(error).clone()),
                }
            }
            if self.rows.is_cut()
                && let Some(error) = self.cut_off(block)
            {
                return Err(self.failed.insert(error).clone());
            }
            self.watch.row(&self.rows);
            self.take_row(block);
        }
        self.watch.ids(&block.ids);
        self.watch.ids(&block.filtered);
        self.shortest_before = shortest_of_the_last(block);
        Ok(block.rows > 0)
    }

    /// Whether a last row without a line end looks as if the file broke off in it. What is left of
    /// an id is an id as well, of a stranger.
    #[cold]
    fn cut_off(&self, block: &Block) -> Option<AudienceError> {
        let line = self.rows.line();
        let fields = self.rows.count();
        if fields < self.columns {
            let what = format!("{fields} of {} fields", self.columns);
            return Some(AudienceError::CutOff { line, what });
        }
        let last = fields - 1 == self.column;
        let field = self.rows.field(self.column).unwrap_or_default();
        let length = super::customer::trim_blanks(field).len();
        let shortest = shortest_of_the_last(block).or(self.shortest_before)?;
        (last && length < shortest).then(|| AudienceError::CutOff {
            line,
            what: format!(
                "an id of {length} characters, where those before it have {shortest} or more"
            ),
        })
    }

    /// The fields that are there and should not be, or are not and should, or are not what they seem.
    #[inline]
    fn misshapen(&self) -> Option<InvalidId> {
        if let Some(flaw) = self.rows.flaw(self.column) {
            return Some(self.in_cell(self.column, flaw));
        }
        let fields = self.rows.count();
        if fields == self.columns {
            return None;
        }
        let columns = self.columns;
        let is_blank = |field: &[u8]| super::customer::trim_blanks(field).is_empty();
        if fields > columns && !self.rows.fields().skip(columns).all(is_blank) {
            return Some(InvalidId::TooManyFields { fields, columns });
        }
        let ends_before = |(column, _): &(usize, Vec<String>)| *column >= fields;
        if fields > self.column && self.conditions.iter().any(ends_before) {
            return Some(InvalidId::MissingCell { fields });
        }
        None
    }

    /// How many columns the row has that is read next, or was read last.
    pub fn columns(&self) -> usize {
        self.rows.fields().count()
    }

    /// Whether the first row, before anything was read, has an id.
    pub fn first_is_id(&self) -> bool {
        let field = self.rows.field(self.column).unwrap_or_default();
        self.pending && CustomerId::parse_bytes(field).is_ok()
    }

    /// How many rows spread over several lines so far, and the line that the first of them starts
    /// on; none when every row was one line. Such rows are legal, and rare in audiences: they can
    /// be the trace of a quote that was closed by the next one, rows later.
    pub fn rows_over_several_lines(&self) -> Option<(u64, u64)> {
        self.rows.spread()
    }

    /// What was seen of the file so far.
    pub fn seen(&self) -> Seen {
        self.watch.seen(&self.rows, &self.conditions)
    }

    /// The first condition that does not hold for the row, none where all do; an error where one
    /// cannot be told.
    #[inline]
    fn leaves_out(&self) -> Result<Option<usize>, InvalidId> {
        let mut first = None;
        for (nth, (column, any_of)) in self.conditions.iter().enumerate() {
            match self.rows.flaw(*column) {
                // A date can be asked for.
                None | Some(CellFlaw::Date) => {}
                Some(flaw) => return Err(self.in_cell(*column, flaw)),
            }
            let field = self.rows.field(*column).unwrap_or_default();
            let holds = says_one_of(field, any_of).ok_or(InvalidId::CellNotText)?;
            if !holds && first.is_none() {
                first = Some(nth);
            }
        }
        Ok(first)
    }

    /// What is wrong with a cell of the row, by its name.
    #[cold]
    fn in_cell(&self, column: usize, flaw: CellFlaw) -> InvalidId {
        InvalidId::InCell {
            row: (self.rows.line() - 1) as u32,
            column: column as u32,
            flaw,
        }
    }

    /// A row without a valid id.
    #[cold]
    fn invalid_row(&self, why: InvalidId) -> InvalidRow {
        let line = self.rows.line();
        let why = match self.rows.is_sheet() {
            true => why.in_cell((line - 1) as u32, self.column as u32),
            false => why,
        };
        let value = shortened(self.rows.field(self.column).unwrap_or_default());
        InvalidRow { line, value, why }
    }

    #[inline]
    fn take_row(&mut self, block: &mut Block) {
        if self.by_name {
            return self.take_named(block);
        }
        let line = self.rows.line();
        let field = self.rows.field(self.column);
        block.rows += 1;
        let judged = match self.misshapen() {
            Some(why) => Err(why),
            None => field
                .map_or(Err(InvalidId::Missing), CustomerId::parse_bytes)
                .and_then(|id| Ok((id, self.leaves_out()?))),
        };
        match judged {
            Ok((id, Some(condition))) => {
                self.watch.filtered(condition, &self.rows);
                block.filtered.push(id.get());
                block.filtered_lines.push(line);
            }
            Ok((id, None)) => {
                block.ids.push(id.get());
                block.lines.push(line);
            }
            Err(why) => block.invalid.push(self.invalid_row(why)),
        }
    }

    fn take_named(&mut self, block: &mut Block) {
        let line = self.rows.line();
        let field = self.rows.field(self.column);
        block.rows += 1;
        let judged = match self.misshapen() {
            Some(why) => Err(why),
            None => field
                .map_or(Err(InvalidId::Missing), sendbird_id)
                .and_then(|name| Ok((name, self.leaves_out()?))),
        };
        match judged {
            Ok((name, condition)) => {
                block.named.push(NamedRow {
                    line,
                    name: name.into(),
                    taken: condition.is_none(),
                });
                if let Some(condition) = condition {
                    self.watch.filtered(condition, &self.rows);
                }
            }
            Err(why) => block.invalid.push(self.invalid_row(why)),
        }
    }
}

/// The length of the shortest id among the last rows of a block.
fn shortest_of_the_last(block: &Block) -> Option<usize> {
    let digits = |id: &u64| id.checked_ilog10().map_or(1, |log| log as usize + 1);
    let ids = block.ids.iter().rev().take(NEIGHBOURS).map(digits);
    let named = block.named.iter().rev().take(NEIGHBOURS);
    ids.chain(named.map(|row| row.name.len())).min()
}

/// `field` as text of at most 120 characters, the last one `…` where some were left out.
#[cold]
fn shortened(field: &[u8]) -> String {
    const MOST: usize = 120;
    let field = super::customer::trim_blanks(field);
    // No character takes more than four bytes, so this is enough to see that there are too many.
    let head = String::from_utf8_lossy(&field[..field.len().min(4 * (MOST + 1))]);
    if head.chars().count() <= MOST {
        return head.into_owned();
    }
    head.chars().take(MOST - 1).chain(['…']).collect()
}
