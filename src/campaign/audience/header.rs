//! Finding the column of the customer ids, and saying helpfully that it is not there.

use std::borrow::Cow;

use super::super::choice::{Column, Delimiter};
use super::super::nearest::nearest;
use super::super::spelling::normal;
use super::AudienceSpec;
use super::error::AudienceError;
use super::records::Records;

/// Where the column called `name` is, counted from 0, in the header row that `rows` stands on: the
/// one called exactly so, or else the one called so in another spelling of the same.
pub(super) fn find<R>(
    rows: &Records<R>,
    name: &str,
    stated: Option<Delimiter>,
) -> Result<usize, AudienceError> {
    let found = places(rows.fields(), name);
    match found[..] {
        [place] => Ok(place),
        [] => {
            let columns: Vec<_> = rows.fields().map(String::from_utf8_lossy).collect();
            let is_text = columns.iter().all(|it| matches!(it, Cow::Borrowed(_)));
            let columns: Vec<&str> = columns.iter().map(|column| column.trim()).collect();
            Err(missing(name, &columns, stated, is_text))
        }
        _ => Err(AudienceError::ColumnTwice {
            column: printable(name),
            count: found.len(),
        }),
    }
}

/// The places of all columns that are called `name`.
pub(super) fn places<'f>(fields: impl Iterator<Item = &'f [u8]>, name: &str) -> Vec<usize> {
    let columns: Vec<_> = fields.map(String::from_utf8_lossy).collect();
    let places = |same: &dyn Fn(&str) -> bool| -> Vec<usize> {
        (0..columns.len())
            .filter(|&place| same(&columns[place]))
            .collect()
    };
    match places(&|column| column == name) {
        found if found.is_empty() => places(&|column| normal(column) == normal(name)),
        found => found,
    }
}

/// Where the columns of conditions are, counted from 0, with what each must say.
pub(super) fn find_conditions<R>(
    rows: &Records<R>,
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
        .map(|condition| {
            let any_of = condition.any_of.iter().map(|value| normal(value));
            let any_of = any_of.map(Cow::into_owned).collect();
            Ok((place(&condition.column)?, any_of))
        })
        .collect()
}

/// Whether the row that `rows` stands on has a column `number`, counted from 1.
pub(super) fn check_number<R>(
    rows: &Records<R>,
    number: usize,
    stated: Option<Delimiter>,
) -> Result<(), AudienceError> {
    let columns: Vec<_> = rows.fields().map(String::from_utf8_lossy).collect();
    if number <= columns.len() {
        return Ok(());
    }
    let other = other_delimiter(columns.iter().map(AsRef::as_ref), stated);
    Err(AudienceError::NoColumnNumber {
        number,
        line: rows.line(),
        columns: columns.len(),
        hint: other.map(delimiter_hint).unwrap_or_default(),
    })
}

#[cold]
fn missing(
    name: &str,
    columns: &[&str],
    stated: Option<Delimiter>,
    is_text: bool,
) -> AudienceError {
    const SHOWN: usize = 20;
    let mut listed: Vec<String> = columns
        .iter()
        .take(SHOWN)
        .map(|column| format!("\"{}\"", printable(column)))
        .collect();
    if columns.len() > SHOWN {
        listed.push(format!("and {} more", columns.len() - SHOWN));
    }
    let other = other_delimiter(columns.iter().copied(), stated);
    // A column that holds the name and something behind it was not separated as it should be.
    let joined = columns.iter().find_map(|column| joined_by(column, name));
    let hint = match (other, joined) {
        _ if !is_text => {
            ". The header is not UTF-8 text: save the file as UTF-8 (in Excel: \"CSV UTF-8\")"
                .to_owned()
        }
        (Some(other), _) => delimiter_hint(other),
        (None, Some(by)) => {
            format!(
                ". The file seems to be separated by {by:?}: save it with one of , ; | or a tab"
            )
        }
        (None, None) => match nearest(name, columns.iter().copied()) {
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

/// What separates the name from its neighbour in a column that holds both.
fn joined_by(column: &str, name: &str) -> Option<char> {
    const SEPARATORS: [char; 9] = [',', ';', '\t', '|', ':', '^', '~', '\u{1}', '\u{1f}'];
    let (before, after) = column.split_once(name.trim())?;
    let neighbours = [
        before.trim_end().chars().next_back(),
        after.trim_start().chars().next(),
    ];
    let mut neighbours = neighbours.into_iter().flatten();
    neighbours.find(|neighbour| SEPARATORS.contains(neighbour))
}

/// The delimiter that the file seems to have instead of the one that was stated: one that stands
/// inside its fields.
fn other_delimiter<'a>(
    fields: impl Iterator<Item = &'a str> + Clone,
    stated: Option<Delimiter>,
) -> Option<Delimiter> {
    let stated = stated?;
    let stands_in = |other: &Delimiter| {
        fields
            .clone()
            .any(|field| field.as_bytes().contains(&other.as_byte()))
    };
    Delimiter::ALL
        .into_iter()
        .filter(|other| *other != stated)
        .find(stands_in)
}

fn delimiter_hint(other: Delimiter) -> String {
    format!(
        ". The file seems to be separated by {}s: delimiter = \"{}\", or leave it out, and it is found",
        other.name(),
        other.word()
    )
}

/// A column's name as it can be shown: control characters escaped, at most 60 characters.
pub(super) fn printable(name: &str) -> String {
    name.chars().take(60).flat_map(char::escape_debug).collect()
}
