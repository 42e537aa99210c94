//! What stands in a cell, as text: as it is and not as it is shown, so that a whole number has no
//! fraction and a date is written as 2026-11-27.

use std::io::Write as _;

use calamine::{Data, DataRef};

use super::super::super::customer::CellFlaw;

/// From here on a number has more than the 15 digits that a spreadsheet keeps.
const ROUNDED: f64 = 1e15;

/// The same value without its own text.
pub(super) fn borrowed(value: &Data) -> DataRef<'_> {
    match value {
        Data::Int(number) => DataRef::Int(*number),
        Data::Float(number) => DataRef::Float(*number),
        Data::String(text) => DataRef::SharedString(text),
        Data::Bool(truth) => DataRef::Bool(*truth),
        Data::DateTime(moment) => DataRef::DateTime(*moment),
        Data::DateTimeIso(moment) => DataRef::DateTimeIso(moment.clone()),
        Data::DurationIso(time) => DataRef::DurationIso(time.clone()),
        Data::Error(error) => DataRef::Error(error.clone()),
        Data::Empty => DataRef::Empty,
    }
}

/// Writes a value, and says what is odd about it.
pub(super) fn write(value: &DataRef<'_>, text: &mut Vec<u8>) -> Option<CellFlaw> {
    let written = |written: std::io::Result<()>| written.ok();
    match value {
        DataRef::Empty => None,
        DataRef::String(string) => {
            text.extend_from_slice(string.as_bytes());
            None
        }
        DataRef::SharedString(string) => {
            text.extend_from_slice(string.as_bytes());
            None
        }
        DataRef::Bool(true) => {
            text.extend_from_slice(b"TRUE");
            None
        }
        DataRef::Bool(false) => {
            text.extend_from_slice(b"FALSE");
            None
        }
        DataRef::Int(number) => {
            written(write!(text, "{number}"));
            (number.unsigned_abs() >= ROUNDED as u64).then_some(CellFlaw::Rounded)
        }
        DataRef::Float(number) if number.fract() == 0.0 && number.abs() < ROUNDED => {
            written(write!(text, "{}", *number as i64));
            None
        }
        DataRef::Float(number) => {
            written(write!(text, "{number}"));
            (number.abs() >= ROUNDED).then_some(CellFlaw::Rounded)
        }
        DataRef::DateTime(moment) => {
            let (year, month, day, hour, minute, second, _) = moment.to_ymd_hms_milli();
            if !moment.is_duration() {
                written(write!(text, "{year:04}-{month:02}-{day:02}"));
            }
            if moment.is_duration() || (hour, minute, second) != (0, 0, 0) {
                let blank = if moment.is_duration() { "" } else { " " };
                written(write!(text, "{blank}{hour:02}:{minute:02}:{second:02}"));
            }
            Some(CellFlaw::Date)
        }
        DataRef::DateTimeIso(moment) => {
            let moment = moment.strip_suffix("T00:00:00").unwrap_or(moment);
            text.extend_from_slice(moment.replace('T', " ").as_bytes());
            Some(CellFlaw::Date)
        }
        DataRef::DurationIso(time) => {
            text.extend_from_slice(time.as_bytes());
            Some(CellFlaw::Date)
        }
        DataRef::Error(error) => {
            written(write!(text, "{error}"));
            Some(CellFlaw::Error)
        }
    }
}
