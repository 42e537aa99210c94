//! What was seen of a file while it was read: enough to see that it is the wrong one, or was cut, or
//! went through a spreadsheet. It takes the same memory for any number of rows.

use std::collections::HashMap;

use rustc_hash::FxBuildHasher;

use super::super::choice::{Column, Delimiter};
use super::super::customer::trim_blanks;
use super::AudienceSpec;
use super::header::printable;
use super::records::Records;

/// So many rows are shown.
const ROWS_SHOWN: usize = 3;
/// So many different values are counted; rows with any other are counted together.
const MOST_VALUES: usize = 1_000;
/// So many of them are shown.
const VALUES_SHOWN: usize = 4;
/// Ids of so many digits and more lose their last ones in a spreadsheet.
const LONG: usize = 16;

/// How characters are written, as far as the first piece of a file tells.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Encoding {
    /// Nothing beyond ASCII.
    #[default]
    Ascii,
    /// UTF-8
    Utf8,
    /// UTF-8 with a byte order mark, as spreadsheets write it.
    Utf8Marked,
    /// Something else in a column that is not used.
    Other,
}

impl Encoding {
    /// That of a text that begins so.
    pub fn of(head: &[u8]) -> Encoding {
        match std::str::from_utf8(head) {
            _ if head.starts_with(b"\xef\xbb\xbf") => Encoding::Utf8Marked,
            _ if head.is_ascii() => Encoding::Ascii,
            Ok(_) => Encoding::Utf8,
            // The piece may end within a character.
            Err(error) if error.error_len().is_none() => Encoding::Utf8,
            Err(_) => Encoding::Other,
        }
    }

    /// The word for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Encoding::Ascii => "ASCII",
            Encoding::Utf8 => "UTF-8",
            Encoding::Utf8Marked => "UTF-8 with BOM",
            Encoding::Other => "not UTF-8",
        }
    }
}

/// How a file is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// As CSV.
    Text {
        /// Whether it is a gzip archive.
        packed: bool,
        /// How its characters are written.
        encoding: Encoding,
        /// What stands between its fields.
        delimiter: Delimiter,
    },
    /// As a spreadsheet.
    Sheet,
}

/// What was seen of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seen {
    /// How it is written.
    pub form: Form,
    /// The columns that are used, that of the ids first.
    pub columns: Vec<String>,
    /// What stands in them in the first rows.
    pub first_rows: Vec<Vec<String>>,
    /// How many rows were read.
    pub rows: u64,
    /// Whether that is all of them.
    pub complete: bool,
    /// How many rows spread over several lines, and where the first did.
    pub spread: Option<(u64, u64)>,
    /// The ids of the rows.
    pub ids: Ids,
    /// The values for which most rows were left out by `where`, those that nearly fit first.
    pub filtered: Vec<Filtered>,
}

/// A value for which rows were left out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Filtered {
    /// The column that it stands in.
    pub column: String,
    /// The value.
    pub value: String,
    /// How many rows have it.
    pub rows: u64,
    /// Whether it differs from what is asked for by case or blanks alone.
    pub near: bool,
}

/// What the ids of a file are like.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ids {
    /// The smallest one and the largest one.
    pub range: Option<(u64, u64)>,
    /// How many there are of so many digits.
    pub by_digits: [u64; 21],
    /// How many have so many digits that a spreadsheet would round them.
    pub long: u64,
    /// How many of those end in 0.
    pub long_and_round: u64,
}

impl Ids {
    /// Looks at more of them.
    pub fn add(&mut self, ids: &[u64]) {
        for &id in ids {
            let digits = id.checked_ilog10().map_or(1, |log| log as usize + 1);
            self.by_digits[digits] += 1;
            if digits >= LONG {
                self.long += 1;
                self.long_and_round += u64::from(id.is_multiple_of(10));
            }
        }
        let (Some(&low), Some(&high)) = (ids.iter().min(), ids.iter().max()) else {
            return;
        };
        let (lowest, highest) = self.range.unwrap_or((low, high));
        self.range = Some((low.min(lowest), high.max(highest)));
    }
}

/// What is kept while a file is read.
#[derive(Debug)]
pub(super) struct Watch {
    columns: Vec<String>,
    places: Vec<usize>,
    first_rows: Vec<Vec<String>>,
    rows: u64,
    ids: Ids,
    values: Values,
    pub(super) ended: bool,
}

impl Watch {
    /// Watches the column of ids and those of conditions.
    pub(super) fn new(
        spec: &AudienceSpec,
        column: usize,
        conditions: &[(usize, Vec<String>)],
    ) -> Watch {
        let own = match &spec.column {
            Column::Header(name) => printable(name),
            Column::Number(number) => format!("column {number}"),
        };
        let name = |name: &str| match spec.column {
            Column::Header(_) => printable(name),
            Column::Number(_) => format!("column {}", printable(name)),
        };
        let others = spec.conditions.iter().map(|it| name(&it.column));
        let places = conditions.iter().map(|(place, _)| *place);
        Watch {
            columns: std::iter::once(own).chain(others).collect(),
            places: std::iter::once(column).chain(places).collect(),
            first_rows: Vec::new(),
            rows: 0,
            ids: Ids::default(),
            values: Values::default(),
            ended: false,
        }
    }

    /// Looks at a row that is about to be taken.
    #[inline]
    pub(super) fn row<R>(&mut self, rows: &Records<R>) {
        self.rows += 1;
        if self.first_rows.len() < ROWS_SHOWN {
            self.show(rows);
        }
    }

    #[cold]
    fn show<R>(&mut self, rows: &Records<R>) {
        let field = |place: &usize| super::shortened(rows.field(*place).unwrap_or_default());
        self.first_rows
            .push(self.places.iter().map(field).collect());
    }

    /// Looks at the ids of a block.
    pub(super) fn ids(&mut self, ids: &[u64]) {
        self.ids.add(ids);
    }

    /// Counts a row that is left out for what this condition finds.
    #[inline]
    pub(super) fn filtered<R>(&mut self, condition: usize, rows: &Records<R>) {
        let place = self.places.get(condition + 1);
        let field = place.and_then(|place| rows.field(*place));
        self.values
            .count(condition, trim_blanks(field.unwrap_or_default()));
    }

    /// What was seen so far.
    pub(super) fn seen<R>(&self, rows: &Records<R>, conditions: &[(usize, Vec<String>)]) -> Seen {
        Seen {
            form: rows.form(),
            columns: self.columns.clone(),
            first_rows: self.first_rows.clone(),
            rows: self.rows,
            complete: self.ended,
            spread: rows.spread(),
            ids: self.ids.clone(),
            filtered: self.values.most(&self.columns, conditions),
        }
    }
}

/// How many rows have which value, of those that are left out for it.
#[derive(Debug, Default)]
struct Values {
    known: Vec<Counted>,
    places: HashMap<(usize, Box<[u8]>), usize, FxBuildHasher>,
    /// The one that was counted last: mostly it comes again.
    last: usize,
}

#[derive(Debug)]
struct Counted {
    condition: usize,
    value: Box<[u8]>,
    rows: u64,
}

impl Values {
    fn count(&mut self, condition: usize, value: &[u8]) {
        let is_last = |it: &&mut Counted| it.condition == condition && *it.value == *value;
        if let Some(last) = self.known.get_mut(self.last).filter(is_last) {
            last.rows += 1;
            return;
        }
        // A long text is no value that somebody asks for.
        let value = &value[..value.len().min(120)];
        let key = (condition, Box::from(value));
        let place = match self.places.get(&key) {
            Some(place) => *place,
            None if self.known.len() == MOST_VALUES => return,
            None => {
                self.known.push(Counted {
                    condition,
                    value: Box::from(value),
                    rows: 0,
                });
                self.places.insert(key, self.known.len() - 1);
                self.known.len() - 1
            }
        };
        self.last = place;
        self.known[place].rows += 1;
    }

    fn most(&self, columns: &[String], conditions: &[(usize, Vec<String>)]) -> Vec<Filtered> {
        let filtered = |it: &Counted| {
            let value = super::shortened(&it.value);
            let wanted = conditions.get(it.condition).map(|(_, any_of)| any_of);
            let alike = |wanted: &String| folded(wanted) == folded(&value);
            Filtered {
                column: columns.get(it.condition + 1).cloned().unwrap_or_default(),
                near: wanted.is_some_and(|any_of| any_of.iter().any(alike)),
                rows: it.rows,
                value,
            }
        };
        let mut all: Vec<Filtered> = self.known.iter().map(filtered).collect();
        all.sort_by(|a, b| (b.near, b.rows, &a.value).cmp(&(a.near, a.rows, &b.value)));
        all.truncate(VALUES_SHOWN);
        all
    }
}

/// A value without case, blanks and what nobody sees.
fn folded(value: &str) -> String {
    let seen = value
        .chars()
        .filter(|c| !c.is_whitespace() && !matches!(c, '\u{200b}'..='\u{200f}' | '\u{feff}'));
    seen.flat_map(char::to_lowercase).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_number_of_values_takes_the_same_memory_and_the_commonest_are_known() {
        let mut values = Values::default();
        for n in 0..20_000 {
            values.count(0, format!("value {n}").as_bytes());
            values.count(0, b"no");
            values.count(0, if n % 4 == 0 { b"Yes" } else { b"no" });
        }
        assert_eq!(values.known.len(), MOST_VALUES);
        let columns = ["customer_id".to_owned(), "wants".to_owned()];
        let most = values.most(&columns, &[(1, vec!["yes".to_owned()])]);
        let first = |value: &str, rows, near| Filtered {
            column: "wants".to_owned(),
            value: value.to_owned(),
            rows,
            near,
        };
        assert_eq!(most.len(), VALUES_SHOWN);
        assert_eq!(
            most[..2],
            [first("Yes", 5_000, true), first("no", 35_000, false)]
        );
    }

    #[test]
    fn how_a_text_is_written_is_told_by_its_beginning() {
        let cases: [(&[u8], Encoding); 5] = [
            (b"customer_id\n7\n", Encoding::Ascii),
            ("Köln".as_bytes(), Encoding::Utf8),
            (b"K\xc3", Encoding::Utf8),
            (b"\xef\xbb\xbfcustomer_id", Encoding::Utf8Marked),
            (b"K\xf6ln", Encoding::Other),
        ];
        for (head, encoding) in cases {
            assert_eq!(Encoding::of(head), encoding, "{head:?}");
        }
    }
}
