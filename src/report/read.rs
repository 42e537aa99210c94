//! What was read, file by file, as it is shown: a line of facts, the first rows of the columns that
//! are used, the ids, and what `where` left out.

use serde::Serialize;

use super::number::{counted, grouped};
use super::text::{one_line, second, wrapped};
use crate::campaign::{Delimiter, Encoding, FileRead, Filtered, Form, Role, Seen};

/// The widest that a cell is shown.
const CELL: usize = 24;

/// A file in lines of so many characters.
pub fn lines(file: &FileRead, width: usize) -> Vec<String> {
    let name = one_line(&file.name).into_owned();
    let mut facts = vec![kind(file).to_owned()];
    match &file.role {
        Role::Message(encoding) => facts.push(encoding.as_str().to_owned()),
        Role::Customers(seen) | Role::List(seen) => facts.extend(of_form(seen)),
    }
    facts.push(size(file.bytes));
    let mut lines = wrapped(&format!("{name}: {}", facts.join(", ")), width);
    if let Some(at) = file.changed_at {
        lines.push(format!("  changed {}", second(at)));
    }
    if let Role::Customers(seen) | Role::List(seen) = &file.role {
        lines.extend(of_seen(seen, width - 2));
    }
    lines
}

/// How it is written, and how many rows it has.
fn of_form(seen: &Seen) -> Vec<String> {
    let mut facts = Vec::new();
    if let Form::Text {
        encoding,
        delimiter,
        ..
    } = seen.form
    {
        facts.push(encoding.as_str().to_owned());
        // A file of one column is separated by nothing.
        if seen.columns.len() > 1 || delimiter != Delimiter::Comma {
            facts.push(format!("separated by {}", separator(delimiter)));
        }
    }
    if seen.complete {
        facts.push(counted(seen.rows, "row", "rows"));
    }
    facts
}

fn separator(delimiter: Delimiter) -> String {
    match delimiter {
        Delimiter::Tab => "tabs".to_owned(),
        other => format!("\"{}\"", other.word()),
    }
}

fn of_seen(seen: &Seen, width: usize) -> Vec<String> {
    let mut lines = first_rows(seen, width);
    // Of a file that was not read to its end, these would be those of its beginning.
    if !seen.complete {
        return lines;
    }
    if let Some((smallest, largest)) = seen.ids.range {
        lines.push(format!("  ids from {smallest} to {largest}"));
    }
    if let Some((rows, first)) = seen.spread {
        let rows = counted(rows, "row spreads", "rows spread");
        lines.push(format!(
            "  {rows} over several lines, the first in line {first}"
        ));
    }
    if !seen.filtered.is_empty() {
        let values: Vec<String> = seen.filtered.iter().map(filtered).collect();
        let text = format!("where leaves out: {}", values.join(", "));
        lines.extend(wrapped(&text, width).iter().map(|line| format!("  {line}")));
    }
    lines
}

/// The first rows: those of one column in a line, those of several below each other.
fn first_rows(seen: &Seen, width: usize) -> Vec<String> {
    let rows = std::iter::once(&seen.columns).chain(&seen.first_rows);
    let rows: Vec<Vec<String>> = rows
        .map(|row| row.iter().map(|it| cell(it)).collect())
        .collect();
    if let ([column], [_, first @ ..]) = (&seen.columns[..], &rows[..]) {
        let more = if seen.rows > first.len() as u64 {
            ", …"
        } else {
            ""
        };
        let line = format!("{}: {}{more}", cell(column), first.concat().join(", "));
        return wrapped(line.trim_end(), width)
            .iter()
            .map(|line| format!("  {line}"))
            .collect();
    }
    let widths: Vec<usize> = (0..seen.columns.len())
        .map(|place| {
            let cells = rows.iter().filter_map(|row| row.get(place));
            cells.map(|cell| cell.chars().count()).max().unwrap_or(0)
        })
        .collect();
    let line = |row: &Vec<String>| {
        let cells = row.iter().zip(&widths);
        let padded: Vec<String> = cells
            .map(|(cell, width)| format!("{cell:<width$}"))
            .collect();
        let line: String = padded.join("  ").chars().take(width).collect();
        format!("  {}", line.trim_end())
    };
    rows.iter().map(line).collect()
}

fn filtered(value: &Filtered) -> String {
    let near = if value.near { " (nearly)" } else { "" };
    format!(
        "{} \"{}\" {}{near}",
        value.column,
        cell(&value.value),
        grouped(value.rows)
    )
}

/// A cell so short that several fit beside each other, with what nobody sees made visible.
fn cell(text: &str) -> String {
    let shown = text
        .escape_debug()
        .to_string()
        .replace("\\\"", "\"")
        .replace("\\'", "'");
    match shown.char_indices().nth(CELL) {
        Some((_, _)) => shown.chars().take(CELL - 1).chain(['…']).collect(),
        None => shown,
    }
}

fn kind(file: &FileRead) -> &'static str {
    match &file.role {
        Role::Message(_) => "text",
        Role::Customers(seen) | Role::List(seen) => match seen.form {
            Form::Text { packed: true, .. } => "gzip CSV",
            Form::Text { packed: false, .. } => "CSV",
            Form::Sheet => "spreadsheet",
        },
    }
}

/// A size in the unit that people would take: `61 bytes`, `1.5 kB`, `631.2 MB`.
fn size(bytes: u64) -> String {
    let scaled = |unit: f64| bytes as f64 / unit;
    match bytes {
        0..1_000 => counted(bytes, "byte", "bytes"),
        1_000..1_000_000 => format!("{:.1} kB", scaled(1e3)),
        1_000_000..1_000_000_000 => format!("{:.1} MB", scaled(1e6)),
        _ => format!("{:.1} GB", scaled(1e9)),
    }
}

/// A file for scripts. What is not known, such as the rows of one that was not read to its end, is
/// null.
#[derive(Debug, Serialize)]
pub struct ReadObject {
    file: String,
    role: &'static str,
    kind: &'static str,
    encoding: Option<&'static str>,
    delimiter: Option<&'static str>,
    rows: Option<u64>,
    bytes: u64,
    changed_at: Option<String>,
    columns: Vec<String>,
    first_rows: Vec<Vec<String>>,
    /// How many rows spread over several lines, and the line that the first begins on.
    rows_over_lines: Option<u64>,
    first_over_lines: Option<u64>,
    smallest_id: Option<u64>,
    largest_id: Option<u64>,
    filtered: Vec<FilteredObject>,
}

#[derive(Debug, Serialize)]
struct FilteredObject {
    column: String,
    value: String,
    rows: u64,
    nearly: bool,
}

/// Files for scripts.
pub fn objects(files: &[FileRead]) -> Vec<ReadObject> {
    files.iter().map(object).collect()
}

fn object(file: &FileRead) -> ReadObject {
    let (role, seen) = match &file.role {
        Role::Customers(seen) => ("customers", Some(seen)),
        Role::List(seen) => ("list", Some(seen)),
        Role::Message(_) => ("message", None),
    };
    let (encoding, delimiter) = match (&file.role, seen.map(|seen| seen.form)) {
        (
            _,
            Some(Form::Text {
                encoding,
                delimiter,
                ..
            }),
        ) => (Some(encoding), Some(delimiter)),
        (Role::Message(encoding), _) => (Some(*encoding), None),
        _ => (None, None),
    };
    let whole = seen.filter(|seen| seen.complete);
    let range = whole.and_then(|seen| seen.ids.range);
    let filtered = |value: &Filtered| FilteredObject {
        column: value.column.clone(),
        value: value.value.clone(),
        rows: value.rows,
        nearly: value.near,
    };
    ReadObject {
        file: file.name.clone(),
        role,
        kind: kind(file),
        encoding: encoding.map(Encoding::as_str),
        delimiter: delimiter.map(Delimiter::word),
        rows: whole.map(|seen| seen.rows),
        bytes: file.bytes,
        changed_at: file.changed_at.map(second),
        columns: seen.map(|seen| seen.columns.clone()).unwrap_or_default(),
        first_rows: seen.map(|seen| seen.first_rows.clone()).unwrap_or_default(),
        rows_over_lines: whole.map(|seen| seen.spread.map_or(0, |(rows, _)| rows)),
        first_over_lines: whole.and_then(|seen| seen.spread.map(|(_, first)| first)),
        smallest_id: range.map(|(smallest, _)| smallest),
        largest_id: range.map(|(_, largest)| largest),
        filtered: whole
            .map(|seen| seen.filtered.iter().map(filtered).collect())
            .unwrap_or_default(),
    }
}
