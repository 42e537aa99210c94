//! Customer ids, read from the bytes of a CSV field.
//!
//! A field is an id or it is not: nothing is rounded, completed or guessed, because a wrong guess
//! is a message to a stranger. `12.0`, `1e5`, `+5` and `007` are therefore refused, although a
//! number can be made of each: a spreadsheet or a badly joined export has touched them, and the
//! operator should look.

use std::fmt;
use std::str::FromStr;

use super::spelling::is_unseen;

/// The id of a Desk customer: a whole number from 1 to 2^63 - 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CustomerId(u64);

/// Why a field is not a customer id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, thiserror::Error)]
pub enum InvalidId {
    /// The row ends before the column.
    #[error("the row is too short to have the column")]
    Missing,
    /// The row has more fields than its header, and something in them.
    #[error(
        "stands in a row of {fields} fields under a header of {columns}: put quotes around the field that has the \
         separator in it, or export the file again"
    )]
    TooManyFields {
        /// How many fields the row has.
        fields: usize,
        /// How many its header has, or the first row of a file without one.
        columns: usize,
    },
    /// The row ends before a column that `where` asks for: nothing is known of that cell.
    #[error(
        "stands in a row that ends with field {fields}, before a column that `where` asks for: complete the row, \
         with an empty last field where nothing is meant"
    )]
    MissingCell {
        /// How many fields the row has.
        fields: usize,
    },
    /// The cell of a column that `where` asks for is not UTF-8.
    #[error("has a cell that `where` asks for and that is not UTF-8: save the file as UTF-8")]
    CellNotText,
    /// Nothing, or only blanks.
    #[error("the field is empty")]
    Empty,
    /// Something other than the digits 0 to 9: a sign, a point, an exponent, a letter.
    #[error("not a whole number written in plain digits")]
    NotDigits,
    /// The number zero.
    #[error("0 is not a customer id")]
    Zero,
    /// A number that starts with a zero.
    #[error("starts with a zero")]
    LeadingZero,
    /// More than 2^63 - 1.
    #[error("larger than 9223372036854775807")]
    TooLarge,
    /// More characters than a Sendbird user id has.
    #[error("longer than 80 characters, which no Sendbird user id is")]
    TooLong,
    /// A character that nobody sees, at an end.
    #[error(
        "begins or ends with a character that cannot be seen, such as a no-break space: remove it"
    )]
    Invisible,
    /// Bytes that are not UTF-8, or control characters.
    #[error("not plain text")]
    NotText,
    /// A cell of a spreadsheet that cannot be used as what it says.
    #[error("(cell {}) {flaw}", InvalidId::cell_name(*row, *column))]
    InCell {
        /// Its row, from 0.
        row: u32,
        /// Its column, from 0.
        column: u32,
        /// What is wrong with it.
        flaw: CellFlaw,
    },
}

/// What is wrong with a cell of a spreadsheet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum CellFlaw {
    /// A date or a time, where an id is expected.
    Date,
    /// The error of a formula, such as `#N/A`.
    Error,
    /// A number of more digits than a spreadsheet keeps.
    Rounded,
    /// It is covered by a merged cell, and has no value of its own.
    Merged,
    /// A formula that was never calculated.
    NoValue,
    /// Something stands to the right of the header's last column.
    Beside,
    /// Nothing.
    Empty,
    /// No whole number.
    NotDigits,
    /// Zero.
    Zero,
    /// A number that starts with a zero.
    LeadingZero,
    /// More than 2^63 - 1.
    TooLarge,
    /// More characters than a Sendbird user id has.
    TooLong,
    /// A character that nobody sees, at an end.
    Invisible,
    /// No text.
    NotText,
}

impl CellFlaw {
    /// Those that are known of a cell before anybody asks what it is for.
    const MARKS: [CellFlaw; 5] = [
        CellFlaw::Date,
        CellFlaw::Error,
        CellFlaw::Rounded,
        CellFlaw::Merged,
        CellFlaw::NoValue,
    ];

    /// The number of a mark, from 1; 0 for one that is none.
    pub(super) fn number(self) -> u8 {
        let at = CellFlaw::MARKS.iter().position(|mark| *mark == self);
        at.map_or(0, |at| at as u8 + 1)
    }

    /// The mark of this number.
    pub(super) fn numbered(number: u8) -> Option<CellFlaw> {
        let at = usize::from(number).checked_sub(1)?;
        CellFlaw::MARKS.get(at).copied()
    }
}

impl fmt::Display for CellFlaw {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Date => f.write_str("is a date or a time: an id is a whole number or a text"),
            Self::Error => f.write_str("is the error of a formula: correct the formula, or write a value"),
            Self::Rounded => f.write_str(
                "is a number of more than 15 digits, which a spreadsheet rounds: format the column as text, and fill \
                 it again",
            ),
            Self::Merged => f.write_str("is covered by a merged cell: unmerge it, and fill each cell"),
            Self::NoValue => {
                f.write_str("is a formula that was not calculated: open the file in a spreadsheet, and save it")
            }
            Self::Beside => f.write_str(
                "stands in a row with something to the right of the last column: remove that, or give its column a \
                 header",
            ),
            Self::Empty => InvalidId::Empty.fmt(f),
            Self::NotDigits => InvalidId::NotDigits.fmt(f),
            Self::Zero => InvalidId::Zero.fmt(f),
            Self::LeadingZero => InvalidId::LeadingZero.fmt(f),
            Self::TooLarge => InvalidId::TooLarge.fmt(f),
            Self::TooLong => InvalidId::TooLong.fmt(f),
            Self::Invisible => InvalidId::Invisible.fmt(f),
            Self::NotText => InvalidId::NotText.fmt(f),
        }
    }
}

impl InvalidId {
    /// The name of a cell, such as `B17`, both numbers from 0.
    pub(super) fn cell_name(row: u32, column: u32) -> String {
        let (mut letters, mut rest) = (Vec::new(), column + 1);
        while rest > 0 {
            rest -= 1;
            letters.push(char::from(b'A' + (rest % 26) as u8));
            rest /= 26;
        }
        let letters: String = letters.iter().rev().collect();
        format!("{letters}{}", row + 1)
    }

    /// The same of a cell of a spreadsheet, which has a name.
    pub(super) fn in_cell(self, row: u32, column: u32) -> InvalidId {
        let flaw = match self {
            Self::Empty | Self::Missing => CellFlaw::Empty,
            Self::NotDigits => CellFlaw::NotDigits,
            Self::Zero => CellFlaw::Zero,
            Self::LeadingZero => CellFlaw::LeadingZero,
            Self::TooLarge => CellFlaw::TooLarge,
            Self::TooLong => CellFlaw::TooLong,
            Self::Invisible => CellFlaw::Invisible,
            Self::NotText => CellFlaw::NotText,
            Self::TooManyFields { .. } => CellFlaw::Beside,
            Self::MissingCell { .. } | Self::CellNotText | Self::InCell { .. } => return self,
        };
        Self::InCell { row, column, flaw }
    }
}

impl CustomerId {
    /// The largest id, 2^63 - 1: what a signed 64-bit integer holds.
    pub const MAX: u64 = i64::MAX.unsigned_abs();

    /// Takes a number as an id.
    ///
    /// # Errors
    /// [`InvalidId::Zero`] or [`InvalidId::TooLarge`].
    pub fn new(number: u64) -> Result<Self, InvalidId> {
        match number {
            0 => Err(InvalidId::Zero),
            1..=Self::MAX => Ok(Self(number)),
            _ => Err(InvalidId::TooLarge),
        }
    }

    /// Reads an id from the bytes of a field. Spaces and tabs around it do not count; what is left
    /// must be the digits of the number and nothing else.
    ///
    /// # Errors
    /// [`InvalidId`], with the first reason that applies.
    #[inline]
    pub fn parse_bytes(field: &[u8]) -> Result<Self, InvalidId> {
        let digits = trim_blanks(field);
        // 19 digits always fit in 64 bits unsigned, so the sum needs no check before the last.
        if digits.len() > 19 {
            return Err(reason_against(digits));
        }
        let mut number = 0_u64;
        for &byte in digits {
            let digit = byte.wrapping_sub(b'0');
            if digit > 9 {
                return Err(reason_against(digits));
            }
            number = number * 10 + u64::from(digit);
        }
        if digits.first().is_none_or(|&first| first == b'0') || number > Self::MAX {
            return Err(reason_against(digits));
        }
        Ok(Self(number))
    }

    /// The number, from 1 to [`CustomerId::MAX`].
    pub fn get(self) -> u64 {
        self.0
    }
}

/// What is wrong with digits that were refused; away from the path that every row takes.
#[cold]
fn reason_against(digits: &[u8]) -> InvalidId {
    match digits {
        [] => InvalidId::Empty,
        _ if !digits.iter().all(u8::is_ascii_digit) => match std::str::from_utf8(digits) {
            Ok(text) if is_number_between_unseen(text) => InvalidId::Invisible,
            _ => InvalidId::NotDigits,
        },
        b"0" => InvalidId::Zero,
        [b'0', ..] => InvalidId::LeadingZero,
        _ => InvalidId::TooLarge,
    }
}

/// Whether a text would be a number without the characters around it that nobody sees.
fn is_number_between_unseen(text: &str) -> bool {
    let number = text.trim_matches(is_unseen);
    !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit())
}

/// `field` without the spaces and tabs around it.
#[inline]
pub(super) fn trim_blanks(mut field: &[u8]) -> &[u8] {
    while let [b' ' | b'\t', rest @ ..] = field {
        field = rest;
    }
    while let [rest @ .., b' ' | b'\t'] = field {
        field = rest;
    }
    field
}

impl FromStr for CustomerId {
    type Err = InvalidId;

    fn from_str(text: &str) -> Result<Self, InvalidId> {
        Self::parse_bytes(text.as_bytes())
    }
}

impl From<CustomerId> for u64 {
    fn from(id: CustomerId) -> Self {
        id.0
    }
}

impl fmt::Display for CustomerId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(formatter)
    }
}

#[cfg(test)]
mod tests {
    use super::{CustomerId, InvalidId};
    use proptest::prelude::*;

    fn parse(field: &str) -> Result<u64, InvalidId> {
        field.parse::<CustomerId>().map(CustomerId::get)
    }

    #[test]
    fn an_id_is_a_whole_number_from_1_to_2_pow_63_minus_1() {
        assert_eq!(parse("1"), Ok(1));
        assert_eq!(parse("9223372036854775807"), Ok(9_223_372_036_854_775_807));
        assert_eq!(parse("9223372036854775808"), Err(InvalidId::TooLarge));
        assert_eq!(parse("9999999999999999999"), Err(InvalidId::TooLarge));
        assert_eq!(parse("18446744073709551617"), Err(InvalidId::TooLarge));
        assert_eq!(parse("12345678901234567890"), Err(InvalidId::TooLarge));
        assert_eq!(parse("0"), Err(InvalidId::Zero));
    }

    #[test]
    fn a_cell_is_named_as_spreadsheets_name_it() {
        let names = [
            (0, 0),
            (16, 1),
            (0, 25),
            (0, 26),
            (9, 701),
            (9, 702),
            (1_048_575, 16_383),
        ];
        let names = names.map(|(row, column)| InvalidId::cell_name(row, column));
        assert_eq!(
            names,
            ["A1", "B17", "Z1", "AA1", "ZZ10", "AAA10", "XFD1048576"]
        );
    }

    #[test]
    fn blanks_around_an_id_do_not_count() {
        assert_eq!(parse(" \t42 \t"), Ok(42));
        assert_eq!(parse("4 2"), Err(InvalidId::NotDigits));
        assert_eq!(parse(" \t "), Err(InvalidId::Empty));
        for field in ["42\n", "42\u{a0}", "\u{200b}42", "\u{feff}42\u{2060}"] {
            assert_eq!(parse(field), Err(InvalidId::Invisible), "{field:?}");
        }
        assert_eq!(parse("4\u{a0}2"), Err(InvalidId::NotDigits));
    }

    #[test]
    fn nothing_is_guessed() {
        for field in ["12.0", "1e5", "-3", "+5", "0x1F", "1_000", "1,000", "٣"] {
            assert_eq!(parse(field), Err(InvalidId::NotDigits), "{field:?}");
        }
        for field in ["007", "00", "01", "00000000000000000000000001"] {
            assert_eq!(parse(field), Err(InvalidId::LeadingZero), "{field:?}");
        }
        assert_eq!(parse(""), Err(InvalidId::Empty));
    }

    /// The rule said in another way: a strict pattern, then the standard library's parser.
    fn oracle(field: &str) -> Option<u64> {
        let digits = field.trim_matches([' ', '\t']);
        let shape = digits.bytes().all(|byte| byte.is_ascii_digit()) && !digits.starts_with('0');
        shape
            .then(|| digits.parse::<i64>().ok())?
            .and_then(|number| u64::try_from(number).ok())
    }

    proptest! {
        #[test]
        fn ids_agree_with_the_standard_parser(
            field in prop_oneof![
                "[0-9]{0,21}",
                "[ \t]{0,2}[0-9+.e-]{0,6}[ \t]{0,2}",
                "922337203685477[0-9]{4}",
                any::<String>(),
                any::<i64>().prop_map(|number| number.to_string()),
            ]
        ) {
            prop_assert_eq!(parse(&field).ok(), oracle(&field));
        }

        #[test]
        fn any_bytes_are_read_without_a_panic(field: Vec<u8>) {
            let _ = CustomerId::parse_bytes(&field);
        }
    }
}
