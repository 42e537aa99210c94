//! Any bytes are read as an audience: every line is in exactly one place of the sum or the file is
//! refused, and how the bytes arrive makes no difference.

use std::io::Read;
use std::num::NonZeroUsize;

use deskcast::campaign::{
    AudienceError, AudienceReader, AudienceSpec, Block, Column, Condition, CustomerId, Delimiter,
    InvalidRow, NamedRow,
};

use super::records::{self, Place};

/// What a file is read for.
pub(super) struct Reading {
    pub(super) column: Column,
    /// The ids are Sendbird's.
    pub(super) by_name: bool,
    /// Rows are taken by what this column says, by its name and its number.
    pub(super) condition: Option<(&'static str, &'static str)>,
}

impl Reading {
    fn all() -> [Reading; 6] {
        let of = |column| Reading {
            column,
            by_name: false,
            condition: None,
        };
        let number = |after_first| Column::Number(NonZeroUsize::MIN.saturating_add(after_first));
        [
            of(Column::default()),
            of(Column::Header("Id".to_owned())),
            of(number(0)),
            of(number(2)),
            Reading {
                condition: Some(("name", "a")),
                ..of(Column::default())
            },
            Reading {
                by_name: true,
                ..of(Column::default())
            },
        ]
    }

    fn spec(&self, delimiter: Option<Delimiter>) -> AudienceSpec {
        let conditions = self.condition.iter();
        let conditions = conditions.map(|(column, value)| Condition {
            column: (*column).to_owned(),
            any_of: vec![(*value).to_owned()],
        });
        AudienceSpec {
            column: self.column.clone(),
            delimiter,
            sheet: None,
            conditions: conditions.collect(),
        }
    }
}

/// Reads `data` as an audience, for several columns and with every delimiter.
pub fn fuzz(data: &[u8]) {
    let texts = Delimiter::ALL.map(|delimiter| (delimiter, records::of(data, delimiter)));
    for reading in Reading::all() {
        let mut stated = Vec::new();
        for (delimiter, records) in &texts {
            let audience = read(data, &reading, Some(*delimiter));
            if let (None, Some(records)) = (&audience.error, records) {
                records.hold_against(&reading, &audience.places());
            }
            stated.push(audience);
        }
        let found = read(data, &reading, None);
        let dripping = Dripping {
            rest: data,
            step: 0,
        };
        compare(&found, &read(dripping, &reading, None));
        // A delimiter that was found is one of those that can be stated.
        let same = |one: &Audience| one.error.is_none() && one.places() == found.places();
        assert!(
            found.error.is_some() || begins_with_separators(data) || stated.iter().any(same),
            "{found:?}"
        );
    }
}

/// A first line of separators is passed over where it is looked for the delimiter.
fn begins_with_separators(data: &[u8]) -> bool {
    let mut lines = records::without_marks(data).split(|byte| matches!(byte, b'\n' | b'\r'));
    let first = lines.find(|line| !line.is_empty()).unwrap_or_default();
    first.iter().all(|byte| b" \t,;|".contains(byte))
}

/// How much a damaged archive gives away before it is refused depends on how it is read; that it is
/// refused does not.
fn compare(whole: &Audience, dripping: &Audience) {
    let damaged = |audience: &Audience| {
        let error = &audience.error;
        matches!(
            error,
            Some(AudienceError::Gzip { .. } | AudienceError::AfterArchive { .. })
        )
    };
    if damaged(whole) || damaged(dripping) {
        assert!(whole.error.is_some() && dripping.error.is_some());
        let rows = whole.ids.iter().zip(&dripping.ids);
        assert!(rows.into_iter().all(|(one, other)| one == other));
    } else {
        assert_eq!(whole, dripping);
    }
}

#[derive(Debug, Default, PartialEq)]
struct Audience {
    ids: Vec<(u64, u64)>,
    filtered: Vec<(u64, u64)>,
    named: Vec<NamedRow>,
    invalid: Vec<InvalidRow>,
    error: Option<AudienceError>,
}

impl Audience {
    /// Where each row is, by the line that it starts on.
    fn places(&self) -> Vec<(u64, Place)> {
        let ids = self.ids.iter().map(|(line, id)| (*line, Place::Taken(*id)));
        let filtered = self.filtered.iter();
        let filtered = filtered.map(|(line, id)| (*line, Place::Filtered(*id)));
        let named = self.named.iter().map(|row| (row.line, Place::Named));
        let invalid = self.invalid.iter().map(|row| (row.line, Place::Invalid));
        let mut places: Vec<_> = ids.chain(filtered).chain(named).chain(invalid).collect();
        places.sort_by_key(|(line, _)| *line);
        places
    }
}

fn read(input: impl Read, reading: &Reading, delimiter: Option<Delimiter>) -> Audience {
    let mut audience = Audience::default();
    let spec = reading.spec(delimiter);
    let opened = match reading.by_name {
        true => AudienceReader::by_name(input, &spec),
        false => AudienceReader::new(input, &spec),
    };
    let mut reader = match opened {
        Ok(reader) => reader,
        Err(error) => {
            audience.error = Some(error);
            return audience;
        }
    };
    let mut block = Block::default();
    loop {
        let more = reader.next_block(&mut block);
        check(&block);
        let pairs = |lines: &[u64], ids: &[u64]| -> Vec<(u64, u64)> {
            lines.iter().copied().zip(ids.iter().copied()).collect()
        };
        audience.ids.extend(pairs(&block.lines, &block.ids));
        let filtered = pairs(&block.filtered_lines, &block.filtered);
        audience.filtered.extend(filtered);
        audience.named.append(&mut block.named);
        audience.invalid.append(&mut block.invalid);
        match more {
            Ok(true) => {}
            Ok(false) => break,
            Err(error) => {
                let again = reader.next_block(&mut block);
                assert_eq!(again, Err(error.clone()), "an error stays");
                audience.error = Some(error);
                break;
            }
        }
    }
    assert!(audience.ids.is_sorted_by_key(|(line, _)| *line));
    audience
}

fn check(block: &Block) {
    let rows = block.ids.len() + block.filtered.len() + block.named.len() + block.invalid.len();
    assert_eq!(block.rows, rows);
    assert_eq!(block.ids.len(), block.lines.len());
    assert_eq!(block.filtered.len(), block.filtered_lines.len());
    assert!(block.rows <= Block::MAX_ROWS);
    let mut ids = block.ids.iter().chain(&block.filtered);
    assert!(ids.all(|id| (1..=CustomerId::MAX).contains(id)));
    let mut invalid = block.invalid.iter();
    assert!(invalid.all(|row| row.line >= 1 && row.value.chars().count() <= 120));
}

/// Gives its bytes away a few at a time, never the same number twice in a row.
struct Dripping<'a> {
    rest: &'a [u8],
    step: usize,
}

impl Read for Dripping<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        self.step = self.step % 7 + 1;
        let given = self.step.min(self.rest.len()).min(buffer.len());
        let (now, later) = self.rest.split_at(given);
        buffer[..given].copy_from_slice(now);
        self.rest = later;
        Ok(given)
    }
}
