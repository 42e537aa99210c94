//! Every customer of a run and what became of them: a row each, written while they are read.
//!
//! Whoever is in one batch shares its fate, so the cells behind the id are made once a batch. The
//! rows add up to the tally of the run; a test counts them.

use std::borrow::Cow;
use std::io::{self, Write};

use serde::Serialize;

use super::columns;
use super::text::{cell, id_cell, time};
use crate::campaign::{CustomerId, InvalidId};
use crate::delivery::batch::BatchState;
use crate::delivery::outcome::Words;
use crate::delivery::reason::Reason;
use crate::delivery::tally::Owner;
use crate::journal::reading::{BatchRows, LeftOut};
use crate::journal::runs::RunRecord;
use crate::journal::{JournalError, Store};

/// The reason of customers in a batch that was in flight when its sender ended.
const DIED: &str = "the process that was sending it ended before it could record what came of it";

/// What the rows are written as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RowFormat {
    /// A header and a line for each.
    Csv,
    /// The same for a spreadsheet: with a byte order mark, `;` between the cells, and ids as
    /// formulas of a text, which no program rounds.
    Excel,
    /// A JSON object on a line for each.
    JsonLines,
}

/// Why not every row could be written.
#[derive(Debug, thiserror::Error)]
pub enum CustomersError {
    /// The store could not be read.
    #[error(transparent)]
    Journal(#[from] JournalError),
    /// The rows could not be written.
    #[error(transparent)]
    Output(#[from] io::Error),
}

/// What became of a row of the customer file.
#[derive(Clone, Debug, Default, Serialize)]
pub(super) struct Fate<'a> {
    pub(super) outcome: &'static str,
    pub(super) reason: Option<Cow<'a, str>>,
    pub(super) batch: Option<u32>,
    pub(super) proactive_chat_id: Option<u64>,
    pub(super) at: Option<String>,
}

/// Writes a row for each customer of the run, by batch and in file order within each, and one for
/// each that a rule excluded after them; with `all_rows` also one for each duplicate and invalid
/// row, and the line of each; where there are several files, its file as well.
///
/// The columns are `customer_id,outcome,reason,batch,proactive_chat_id,at`, and `line`. Of a row
/// without a valid id, `customer_id` is what stands in its place; in JSON it is null then, and
/// `value` is what stands there. JSON has the id as `customer_id_text` as well, for readers that
/// round numbers above 2^53. So it is for rows of Sendbird user ids that were left out before it
/// mattered who they are.
///
/// # Errors
/// When the store cannot be read or `out` cannot be written.
pub fn write(
    store: &Store,
    run: &RunRecord,
    format: RowFormat,
    all_rows: bool,
    out: &mut dyn Write,
) -> Result<(), CustomersError> {
    let mut rows = Rows {
        format,
        all_rows,
        tail: Vec::new(),
        number: itoa::Buffer::new(),
        run,
        out,
    };
    rows.header()?;
    store.each_batch::<CustomersError>(run.id, &mut |batch| {
        Ok(rows.batch(batch, fate(batch, run.owner))?)
    })?;
    if all_rows || run.listing.excluded > 0 {
        store.each_left_out::<CustomersError>(run.id, &mut |row| Ok(rows.left_out(row)?))?;
    }
    Ok(rows.out.flush()?)
}

/// What became of the customers of a batch in this state. One in flight counts as in the tally;
/// one that was split counts as its parts, and remains until those have an end.
pub(super) fn outcome(state: BatchState, owner: Owner) -> &'static str {
    match (state, owner) {
        (BatchState::Sending, Owner::Gone) => BatchState::Unknown.as_str(),
        (BatchState::Planned | BatchState::Sending | BatchState::Split, _) => "remaining",
        (
            BatchState::Accepted
            | BatchState::Rejected
            | BatchState::Unknown
            | BatchState::Abandoned,
            _,
        ) => state.as_str(),
    }
}

/// What became of a row that is in no batch.
pub(super) fn outcome_of(reason: Reason) -> &'static str {
    match reason {
        Reason::Duplicate => "duplicate",
        Reason::Invalid => "invalid",
        _ => "excluded",
    }
}

pub(super) fn fate(batch: &BatchRows, owner: Owner) -> Fate<'_> {
    Fate {
        outcome: outcome(batch.state, owner),
        reason: reason(batch, owner).map(Cow::from),
        batch: Some(batch.number),
        proactive_chat_id: batch.chat.map(|chat| chat.0),
        at: batch.ended_at.or(batch.intended_at).map(time),
    }
}

/// The last word on a batch: what Desk or the network said, and what was found out since.
fn reason(batch: &BatchRows, owner: Owner) -> Option<String> {
    match (batch.state, owner) {
        (BatchState::Accepted, _) => return None,
        (BatchState::Sending, Owner::Gone) => return Some(DIED.to_owned()),
        _ => {}
    }
    let said = batch.words.as_ref().map(Words::to_string);
    match (&batch.resolved, said) {
        (Some(resolved), Some(said)) => {
            Some(format!("{said}; {}: {}", resolved.by, resolved.evidence))
        }
        (_, said) => said,
    }
}

/// Why a value that stood in the file is not an id. Whether the field was there at all is not
/// recorded.
pub(super) fn why_invalid(value: &str) -> String {
    match CustomerId::parse_bytes(value.as_bytes()) {
        Err(InvalidId::Empty) => "the field is empty or missing".to_owned(),
        Err(why) => why.to_string(),
        Ok(_) => String::new(),
    }
}

/// The rows on their way out.
struct Rows<'o> {
    run: &'o RunRecord,
    format: RowFormat,
    all_rows: bool,
    /// The cells behind the id, as they are written.
    tail: Vec<u8>,
    number: itoa::Buffer,
    out: &'o mut dyn Write,
}

impl Rows<'_> {
    fn header(&mut self) -> io::Result<()> {
        let columns = columns::of_customers(self.run, self.all_rows);
        match self.format {
            RowFormat::JsonLines => Ok(()),
            RowFormat::Csv => writeln!(self.out, "{}", columns.join(",")),
            RowFormat::Excel => write!(self.out, "\u{feff}{}\r\n", columns.join(";")),
        }
    }

    fn batch(&mut self, batch: &BatchRows, fate: Fate<'_>) -> io::Result<()> {
        self.set_tail(&fate)?;
        for (customer, line) in batch.customers.iter().zip(&batch.lines) {
            self.customer(*customer, *line)?;
        }
        Ok(())
    }

    fn left_out(&mut self, row: LeftOut<'_>) -> io::Result<()> {
        let (outcome, reason) = match &row {
            LeftOut::Customer { ground, .. } => (outcome_of(ground.reason), ground.sentence()),
            LeftOut::Named { ground, .. } => (outcome_of(ground.reason), ground.sentence()),
            LeftOut::Invalid { value, why: "", .. } => ("invalid", why_invalid(value)),
            LeftOut::Invalid { why, .. } => ("invalid", (*why).to_owned()),
        };
        if !self.all_rows && outcome != "excluded" {
            return Ok(());
        }
        self.set_tail(&Fate {
            outcome,
            reason: Some(reason.into()),
            ..Fate::default()
        })?;
        match row {
            LeftOut::Customer { customer, line, .. } => self.customer(customer, line),
            LeftOut::Named {
                name: value, line, ..
            }
            | LeftOut::Invalid { value, line, .. } => self.value(value, line),
        }
    }

    fn set_tail(&mut self, fate: &Fate<'_>) -> io::Result<()> {
        self.tail.clear();
        match self.format {
            RowFormat::Csv | RowFormat::Excel => csv_tail(fate, self.format, &mut self.tail),
            RowFormat::JsonLines => json_tail(fate, &mut self.tail),
        }
    }

    fn customer(&mut self, customer: u64, line: u64) -> io::Result<()> {
        let number = self.number.format(customer).as_bytes();
        match self.format {
            RowFormat::Csv => self.out.write_all(number)?,
            RowFormat::Excel => {
                self.out.write_all(b"\"=\"\"")?;
                self.out.write_all(number)?;
                self.out.write_all(b"\"\"\"")?;
            }
            RowFormat::JsonLines => {
                self.out.write_all(b"{\"customer_id\":")?;
                self.out.write_all(number)?;
                self.out.write_all(b",\"customer_id_text\":\"")?;
                self.out.write_all(number)?;
                self.out.write_all(b"\"")?;
            }
        }
        self.end(line)
    }

    /// A row without a valid id.
    fn value(&mut self, value: &str, line: u64) -> io::Result<()> {
        match self.format {
            // The only cell of a record would be quoted, were it empty.
            RowFormat::Csv | RowFormat::Excel if value.is_empty() => {}
            RowFormat::Csv | RowFormat::Excel => {
                let mut cells = Vec::new();
                write_cells([cell(value)], self.format, &mut cells)?;
                self.out.write_all(&cells)?;
            }
            RowFormat::JsonLines => {
                self.out
                    .write_all(b"{\"customer_id\":null,\"customer_id_text\":null,\"value\":")?;
                serde_json::to_writer(&mut self.out, value)?;
            }
        }
        self.end(line)
    }

    fn file(&mut self, file: &str) -> io::Result<()> {
        match self.format {
            RowFormat::Csv | RowFormat::Excel => {
                let mut cells = vec![self.format.delimiter()];
                write_cells([cell(file)], self.format, &mut cells)?;
                self.out.write_all(&cells)
            }
            RowFormat::JsonLines => {
                self.out.write_all(b",\"file\":")?;
                Ok(serde_json::to_writer(&mut self.out, file)?)
            }
        }
    }

    fn end(&mut self, line: u64) -> io::Result<()> {
        self.out.write_all(&self.tail)?;
        if self.all_rows {
            let name = match self.format {
                RowFormat::Csv => ",",
                RowFormat::Excel => ";",
                RowFormat::JsonLines => ",\"line\":",
            };
            self.out.write_all(name.as_bytes())?;
            let (file, line) = self.run.place(line);
            self.out.write_all(self.number.format(line).as_bytes())?;
            if self.run.customers_files.len() > 1 {
                self.file(file)?;
            }
        }
        self.out.write_all(match self.format {
            RowFormat::Csv => &b"\n"[..],
            RowFormat::Excel => b"\r\n",
            RowFormat::JsonLines => b"}\n",
        })
    }
}

impl RowFormat {
    /// What stands between cells.
    fn delimiter(self) -> u8 {
        if self == RowFormat::Excel { b';' } else { b',' }
    }
}

fn csv_tail(fate: &Fate<'_>, format: RowFormat, tail: &mut Vec<u8>) -> io::Result<()> {
    tail.push(format.delimiter());
    let number =
        |number: Option<u64>| Cow::from(number.map_or_else(String::new, |n| n.to_string()));
    let cells = [
        fate.outcome.into(),
        fate.reason.as_deref().map(cell).unwrap_or_default(),
        number(fate.batch.map(u64::from)),
        match fate.proactive_chat_id {
            Some(id) if format == RowFormat::Excel => Cow::from(id_cell(id)),
            id => number(id),
        },
        fate.at.as_deref().unwrap_or_default().into(),
    ];
    write_cells(cells, format, tail)
}

/// Cells with commas between and quotes where they need them, without the end of the line.
fn write_cells<const N: usize>(
    cells: [Cow<'_, str>; N],
    format: RowFormat,
    out: &mut Vec<u8>,
) -> io::Result<()> {
    let mut builder = csv::WriterBuilder::new();
    let mut writer = builder.delimiter(format.delimiter()).from_writer(&mut *out);
    writer.write_record(cells.iter().map(|cell| cell.as_bytes()))?;
    writer.flush()?;
    drop(writer);
    out.pop();
    Ok(())
}

fn json_tail(fate: &Fate<'_>, tail: &mut Vec<u8>) -> io::Result<()> {
    let start = tail.len();
    serde_json::to_writer(&mut *tail, fate)?;
    // The members of this object follow the id, which another object begins with.
    tail[start] = b',';
    tail.pop();
    Ok(())
}
