//! Any bytes are read as an audience: every row is in exactly one place or the file is refused, and how
//! the bytes arrive makes no difference.

use std::io::Read;
use std::num::NonZeroUsize;

use deskcast::campaign::{
    AudienceError, AudienceReader, AudienceSpec, Block, Column, CustomerId, Delimiter, InvalidRow,
};

/// Reads `data` as an audience, by several specs.
pub fn fuzz(data: &[u8]) {
    let columns = [
        Column::default(),
        Column::Header("Id".to_owned()),
        Column::Number(NonZeroUsize::MIN),
        Column::Number(NonZeroUsize::MIN.saturating_add(2)),
    ];
    for column in columns {
        let spec = |delimiter| AudienceSpec {
            column: column.clone(),
            delimiter,
            sheet: None,
            conditions: Vec::new(),
        };
        let mut stated = Vec::new();
        for delimiter in Delimiter::ALL {
            let audience = both_ways(data, &spec(Some(delimiter)));
            hold_against_the_csv_crate(data, &column, delimiter, &audience);
            stated.push(audience);
        }
        let found = both_ways(data, &spec(None));
        // A delimiter that was found is one of those that can be stated.
        let same = |one: &Audience| one.ids == found.ids && one.lines == found.lines;
        assert!(
            found.error.is_some() || begins_with_separators(data) || stated.iter().any(same),
            "{found:?}"
        );
    }
}

/// What a file gives, however its bytes arrive.
fn both_ways(data: &[u8], spec: &AudienceSpec) -> Audience {
    let dripping = Dripping {
        rest: data,
        step: 0,
    };
    let whole = read(data, spec);
    compare(&whole, &read(dripping, spec));
    whole
}

/// A first line of separators is passed over where it is looked for the delimiter.
fn begins_with_separators(data: &[u8]) -> bool {
    let text = data.strip_prefix(b"\xef\xbb\xbf").unwrap_or(data);
    let mut lines = text.split(|byte| matches!(byte, b'\n' | b'\r'));
    let first = lines.find(|line| !line.is_empty()).unwrap_or_default();
    first.iter().all(|byte| b" \t,;|".contains(byte))
}

/// Every row of a text that is not refused is in exactly one place, and in the right one: an
/// independent reading finds the same ids in the same order, and as many rows without one.
fn hold_against_the_csv_crate(
    data: &[u8],
    column: &Column,
    delimiter: Delimiter,
    audience: &Audience,
) {
    let text = data.strip_prefix(b"\xef\xbb\xbf").unwrap_or(data);
    let head = text.trim_ascii_start();
    let says_its_separator = head.windows(4).next().is_some_and(|head| {
        head.eq_ignore_ascii_case(b"sep=") || head.eq_ignore_ascii_case(b"\"sep")
    });
    let packed = text.starts_with(b"\x1f\x8b") || data.starts_with(b"PK");
    if audience.error.is_some() || packed || says_its_separator {
        return;
    }
    let mut reader = csv::ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .delimiter(delimiter.as_byte())
        .from_reader(text);
    let is_blank = |field: &[u8]| field.iter().all(|byte| matches!(byte, b' ' | b'\t'));
    let rows = reader
        .byte_records()
        .map(|row| row.expect("any bytes are rows"));
    // Of a row that is one blank field the crate does not tell whether it was quoted, and so whether
    // it is one: at the beginning that decides what all others are held against.
    let mut rows = rows
        .filter(|row| row.len() < 2 || !row.iter().all(is_blank))
        .peekable();
    let Some(first) = rows.peek() else {
        return assert_eq!(audience.ids, [0; 0]);
    };
    if first.iter().all(is_blank) {
        return;
    }
    let columns = first.len();
    let place = match column {
        Column::Number(number) => number.get() - 1,
        Column::Header(name) => {
            let place = first.iter().position(|field| field == name.as_bytes());
            rows.next();
            let Some(place) = place else { return };
            place
        }
    };
    let (mut ids, mut invalid, mut doubtful) = (Vec::new(), 0, 0);
    for row in rows {
        let extra = row.iter().skip(columns).any(|field| !is_blank(field));
        let id = row
            .get(place)
            .and_then(|field| CustomerId::parse_bytes(field).ok());
        match id {
            Some(id) if !extra => ids.push(id.get()),
            _ if row.iter().all(is_blank) => doubtful += 1,
            _ => invalid += 1,
        }
    }
    assert_eq!(audience.ids, ids);
    let told = audience.invalid.len();
    assert!(
        (invalid..=invalid + doubtful).contains(&told),
        "{told}, not {invalid} to {}",
        invalid + doubtful
    );
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
    ids: Vec<u64>,
    lines: Vec<u64>,
    invalid: Vec<InvalidRow>,
    error: Option<AudienceError>,
}

fn read(input: impl Read, spec: &AudienceSpec) -> Audience {
    let mut audience = Audience::default();
    let mut reader = match AudienceReader::new(input, spec) {
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
        audience.ids.extend(&block.ids);
        audience.lines.extend(&block.lines);
        audience.invalid.append(&mut block.invalid);
        match more {
            Ok(true) => {}
            Ok(false) => break,
            Err(error) => {
                assert_eq!(
                    reader.next_block(&mut block),
                    Err(error.clone()),
                    "an error stays"
                );
                audience.error = Some(error);
                break;
            }
        }
    }
    assert!(audience.lines.is_sorted());
    audience
}

fn check(block: &Block) {
    assert_eq!(block.rows, block.ids.len() + block.invalid.len());
    assert_eq!(block.ids.len(), block.lines.len());
    assert!(block.rows <= Block::MAX_ROWS);
    assert!(
        block
            .ids
            .iter()
            .all(|id| (1..=CustomerId::MAX).contains(id))
    );
    assert!(
        block
            .invalid
            .iter()
            .all(|row| row.line >= 1 && row.value.chars().count() <= 120)
    );
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
