//! Runs as CSV: a header and a row for each run, and nothing else. Whoever wants a total adds up a
//! column; a total among the rows would be added to it.

use std::io::{self, Write};

use super::Reported;
use super::columns::{RUN, Value, of_run};
use super::text::time;

/// Writes the runs; for a spreadsheet with a byte order mark and `;` between the cells.
///
/// # Errors
/// When `out` cannot be written.
pub fn runs(runs: &[Reported], excel: bool, out: &mut dyn Write) -> io::Result<()> {
    let mut builder = ::csv::WriterBuilder::new();
    if excel {
        out.write_all("\u{feff}".as_bytes())?;
        builder.delimiter(b';').terminator(::csv::Terminator::CRLF);
    }
    let mut writer = builder.from_writer(out);
    writer.write_record(RUN)?;
    for reported in runs {
        writer.write_record(of_run(reported).map(text))?;
    }
    writer.flush()
}

/// A cell as CSV has it.
fn text(value: Value) -> String {
    match value {
        Value::Text(text) => text,
        Value::Number(number) => number.to_string(),
        Value::Share(share) => share.map_or_else(String::new, |percent| format!("{percent:.1}")),
        Value::Time(at) => at.map(time).unwrap_or_default(),
    }
}
