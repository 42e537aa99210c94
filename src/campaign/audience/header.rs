//! Finding the column of the customer ids, and saying helpfully that it is not there.

use super::super::choice::{Column, Delimiter};
use super::super::nearest::nearest;
use super::AudienceSpec;
use super::error::AudienceError;
use super::rows::Rows;

/// Where the column called `name` is, counted from 0, in the header row that `rows` stands on: the
/// one called exactly so, or else the one called so apart from blanks around it.
pub(super) fn find<R>(
    rows: &Rows<R>,
    name: &str,
    delimiter: Delimiter,
) -> Result<usize, AudienceError> {
    let columns: Vec<_> = rows.fields().map(String::from_utf8_lossy).collect();
    let places = |same: &dyn Fn(&str) -> bool| -> Vec<usize> {
        (0..columns.len())
            .filter(|&place| same(&columns[place]))
            .collect()
    };
    let mut found = places(&|column| column == name);
    if found.is_empty() {
        found = places(&|column| column.trim() == name.trim());
    }
    match found[..] {
        [place] => Ok(place),
        [] => {
            let columns: Vec<&str> = columns.iter().map(|column| column.trim()).collect();
            Err(missing(name, &columns, delimiter))
        }
        _ => Err(AudienceError::ColumnTwice {
            column: printable(name),
            count: found.len(),
        }),
    }
}

/// Where the columns of conditions are, counted from 0, with what each must say.
pub(super) fn find_conditions<R>(
    rows: &Rows<R>,
    spec: &AudienceSpec,
) -> Result<Vec<(usize, Vec<String>)>, AudienceError> {
    let place = |column: &str| match spec.column {
        Column::Header(_) => find(rows, column, spec.delimiter),
        Column::Number(_) => match column.parse::<usize>() {
            Ok(number) if number > 0 => {
                check_number(rows, number, spec.delimiter).map(|()| number - 1)
            }
            _ => Err(AudienceError::NoColumnName {
                column: printable(column),
            }),
        },
    };
    spec.conditions
        .iter()
        .map(|condition| Ok((place(&condition.column)?, condition.any_of.clone())))
        .collect()
}

/// Whether the row that `rows` stands on has a column `number`, counted from 1.
pub(super) fn check_number<R>(
    rows: &Rows<R>,
    number: usize,
    delimiter: Delimiter,
) -> Result<(), AudienceError> {
    let columns: Vec<_> = rows.fields().map(String::from_utf8_lossy).collect();
    if number <= columns.len() {
        return Ok(());
    }
    let other = other_delimiter(columns.iter().map(AsRef::as_ref), delimiter);
    Err(AudienceError::NoColumnNumber {
        number,
        line: rows.line(),
        columns: columns.len(),
        hint: other.map(delimiter_hint).unwrap_or_default(),
    })
}

#[cold]
fn missing(name: &str, columns: &[&str], delimiter: Delimiter) -> AudienceError {
    const SHOWN: usize = 20;
    let mut listed: Vec<String> = columns
        .iter()
        .take(SHOWN)
        .map(|column| format!("\"{}\"", printable(column)))
        .collect();
    if columns.len() > SHOWN {
        listed.push(format!("and {} more", columns.len() - SHOWN));
    }
    let hint = match other_delimiter(columns.iter().copied(), delimiter) {
        Some(other) => delimiter_hint(other),
        None => match nearest(name, columns.iter().copied()) {
            Some(guess) => format!(". Did you mean \"{}\"?", printable(guess)),
            None if columns.iter().any(|column| column.parse::<u64>().is_ok()) => {
                ". If the file has no header, name the column by its number (column = 1)".to_owned()
            }
            None => String::new(),
        },
    };
    AudienceError::NoColumn {
        column: printable(name),
        columns: listed.join(", "),
        hint,
    }
}

/// The delimiter that the file seems to have instead: one that stands inside its fields.
fn other_delimiter<'a>(
    fields: impl Iterator<Item = &'a str> + Clone,
    delimiter: Delimiter,
) -> Option<Delimiter> {
    let stands_in = |other: &Delimiter| {
        fields
            .clone()
            .any(|field| field.as_bytes().contains(&other.as_byte()))
    };
    Delimiter::ALL
        .into_iter()
        .filter(|other| *other != delimiter)
        .find(stands_in)
}

fn delimiter_hint(other: Delimiter) -> String {
    let written = match other {
        Delimiter::Comma => ",",
        Delimiter::Semicolon => ";",
        Delimiter::Tab => "tab",
    };
    format!(
        ". The file seems to be separated by {}s: delimiter = \"{written}\"",
        other.name()
    )
}

/// A column's name as it can be shown: control characters escaped, at most 60 characters.
pub(super) fn printable(name: &str) -> String {
    name.chars().take(60).flat_map(char::escape_debug).collect()
}
