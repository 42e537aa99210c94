//! The rows of a file behind one face, whether it is a text or a spreadsheet: what is asked of a row is
//! asked of both.

use std::io::Read;

use super::super::customer::CellFlaw;
use super::AudienceSpec;
use super::error::AudienceError;
use super::rows::{Rows, Shape};
use super::seen::Form;
use super::sheet::Sheet;
use super::source::Source;
use super::{delimiter, sheet};
use crate::campaign::Column;

/// A file being read, standing on one row.
#[derive(Debug)]
pub(super) enum Records<R> {
    /// CSV.
    Text(Box<Rows<R>>),
    /// A sheet.
    Sheet(Box<Sheet>),
}

impl<R: Read> Records<R> {
    /// Looks at what a file is, and stands before its first row.
    pub(super) fn open(
        source: Source<R>,
        spec: &AudienceSpec,
        by_name: bool,
    ) -> Result<Self, AudienceError> {
        let mut rows = Rows::new(source);
        match rows.begin() {
            Ok(says) => {
                delimiter::settle(&mut rows, says, spec, by_name)?;
                Ok(Records::Text(Box::new(rows)))
            }
            Err(AudienceError::NoCsv(kind)) if kind.is_spreadsheet() => {
                let bytes = rows.into_bytes()?;
                let mut sheet = sheet::read(&bytes, kind, spec.sheet.as_deref())?;
                if let Column::Number(_) = spec.column {
                    sheet.pad(None);
                }
                Ok(Records::Sheet(Box::new(sheet)))
            }
            Err(error) => Err(error),
        }
    }

    /// Goes to the next row that is not blank; false at the end.
    #[inline]
    pub(super) fn next(&mut self) -> Result<bool, AudienceError> {
        match self {
            Records::Text(rows) => rows.next(),
            Records::Sheet(sheet) => Ok(sheet.next()),
        }
    }
}

impl<R> Records<R> {
    /// The line that the row starts on, or its number in the sheet, from 1.
    #[inline]
    pub(super) fn line(&self) -> u64 {
        match self {
            Records::Text(rows) => rows.line(),
            Records::Sheet(sheet) => sheet.line(),
        }
    }

    /// The bytes of a field, counted from 0; none when the row is too short.
    #[inline]
    pub(super) fn field(&self, index: usize) -> Option<&[u8]> {
        match self {
            Records::Text(rows) => rows.field(index),
            Records::Sheet(sheet) => sheet.field(index),
        }
    }

    /// What is wrong with a cell of a sheet beside what stands in it.
    #[inline]
    pub(super) fn flaw(&self, index: usize) -> Option<CellFlaw> {
        match self {
            Records::Text(_) => None,
            Records::Sheet(sheet) => sheet.flaw(index),
        }
    }

    /// How many fields the row has.
    #[inline]
    pub(super) fn count(&self) -> usize {
        match self {
            Records::Text(rows) => rows.count(),
            Records::Sheet(sheet) => sheet.count(),
        }
    }

    /// All fields of the row.
    pub(super) fn fields(&self) -> impl Iterator<Item = &[u8]> {
        (0..self.count()).filter_map(|index| self.field(index))
    }

    /// Whether the text ends with the row, and without a line end.
    #[inline]
    pub(super) fn is_cut(&self) -> bool {
        match self {
            Records::Text(rows) => rows.is_cut(),
            Records::Sheet(_) => false,
        }
    }

    /// How the file is written.
    pub(super) fn form(&self) -> Form {
        match self {
            Records::Text(rows) => rows.form(),
            Records::Sheet(_) => Form::Sheet,
        }
    }

    /// Whether rows are those of a sheet.
    pub(super) fn is_sheet(&self) -> bool {
        matches!(self, Records::Sheet(_))
    }

    /// Says what rows look like.
    pub(super) fn expect(&mut self, shape: Shape) {
        match self {
            Records::Text(rows) => rows.expect(shape),
            Records::Sheet(sheet) => sheet.pad(Some(shape.columns)),
        }
    }

    /// How many rows spread over several lines so far, and the line of the first. In a sheet that
    /// harms nobody.
    pub(super) fn spread(&self) -> Option<(u64, u64)> {
        match self {
            Records::Text(rows) => rows.spread(),
            Records::Sheet(_) => None,
        }
    }
}
