//! What stands between the fields of a file: what its first line says, what the campaign says, or
//! what its first row shows, where it shows only one.
//!
//! A wrong guess makes other people's ids of ids with separators of thousands, so that where two
//! delimiters fit, none is taken.

use std::io::Read;

use super::super::choice::{Column, Delimiter};
use super::super::customer::CustomerId;
use super::AudienceSpec;
use super::error::AudienceError;
use super::header;
use super::rows::Rows;

/// Settles what separates fields, where the first line `says` it or not.
pub(super) fn settle<R: Read>(
    rows: &mut Rows<R>,
    says: Option<Vec<u8>>,
    spec: &AudienceSpec,
    by_name: bool,
) -> Result<(), AudienceError> {
    let delimiter = match (says, spec.delimiter) {
        (None, Some(stated)) => stated,
        (None, None) if rows.find_first()? => found(rows, &spec.column, by_name)?,
        (None, None) => Delimiter::Comma,
        (Some(says), stated) => said(&says, stated)?,
    };
    rows.separate_by(delimiter);
    Ok(())
}

/// What a first line `sep=` says, unless whoever reads the file says otherwise.
fn said(says: &[u8], stated: Option<Delimiter>) -> Result<Delimiter, AudienceError> {
    let ours = Delimiter::ALL.into_iter();
    let Some(said) = ours.into_iter().find(|it| says == [it.as_byte()]) else {
        let says = header::printable(&String::from_utf8_lossy(says));
        return Err(AudienceError::SepUnknown { says });
    };
    match stated {
        Some(stated) if stated != said => Err(AudienceError::SepLine {
            says: said.word(),
            stated: stated.word(),
        }),
        _ => Ok(said),
    }
}

/// How the first row looks with a delimiter.
struct Look {
    delimiter: Delimiter,
    fields: usize,
    fits: bool,
    /// The field of the id could be a number with separators of thousands.
    grouped: bool,
}

/// The one delimiter that the first row shows.
fn found<R: Read>(
    rows: &mut Rows<R>,
    column: &Column,
    by_name: bool,
) -> Result<Delimiter, AudienceError> {
    let mut looks = Vec::new();
    let mut failed = None;
    for delimiter in Delimiter::ALL {
        match rows.peek(delimiter) {
            Ok(()) => looks.push(look(rows, delimiter, column, by_name)),
            Err(error) => failed = failed.or(Some(error)),
        }
    }
    let separating: Vec<&Look> = looks.iter().filter(|look| look.fields > 1).collect();
    let fitting: Vec<&&Look> = separating.iter().filter(|look| look.fits).collect();
    match (fitting.len(), fitting.first()) {
        (1, Some(one)) if !looks.iter().any(|look| look.grouped) => return Ok(one.delimiter),
        (1.., _) => {}
        // One column, and nothing to separate; or none fits, which is said of the likeliest.
        _ => {
            let alone = looks.iter().any(|look| look.fields == 1 && look.fits);
            let most = separating.iter().rev().max_by_key(|look| look.fields);
            return match (alone, most, failed) {
                (false, Some(most), _) => Ok(most.delimiter),
                (_, _, Some(error)) if looks.is_empty() => Err(error),
                _ => Ok(Delimiter::Comma),
            };
        }
    }
    let mut words = separating.iter().map(|look| look.delimiter.word());
    let first = words.next().unwrap_or_default();
    let second = words.next().map(|word| format!("by \"{word}\""));
    Err(AudienceError::SeveralDelimiters {
        line: rows.line(),
        first,
        second: second
            .unwrap_or_else(|| "not at all, as a number with separators of thousands".to_owned()),
    })
}

fn look<R>(rows: &Rows<R>, delimiter: Delimiter, column: &Column, by_name: bool) -> Look {
    let (fits, grouped) = match column {
        Column::Header(name) => (!header::places(rows.fields(), name).is_empty(), false),
        Column::Number(number) => {
            let field = rows.field(number.get() - 1);
            let is_id = |field| by_name || CustomerId::parse_bytes(field).is_ok();
            (
                field.is_some_and(is_id),
                !by_name && field.is_some_and(is_grouped),
            )
        }
    };
    Look {
        delimiter,
        fields: rows.count(),
        fits,
        grouped,
    }
}

/// Whether a field is a number with separators of thousands, such as `200,007`.
fn is_grouped(field: &[u8]) -> bool {
    let separates = |byte: &u8| Delimiter::ALL.iter().any(|it| it.as_byte() == *byte);
    let mut groups = field.trim_ascii().split(separates);
    let digits = |group: &[u8]| group.iter().all(u8::is_ascii_digit);
    let first = groups.next().unwrap_or_default();
    let mut rest = groups.peekable();
    (1..=3).contains(&first.len())
        && digits(first)
        && rest.peek().is_some()
        && rest.all(|group| group.len() == 3 && digits(group))
}
