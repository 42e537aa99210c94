//! An independent reading of a text: its rows as the `csv` crate splits them, the lines that each of
//! them takes, and the place of the sum that each belongs to.

use std::cell::RefCell;
use std::io::{Cursor, SeekFrom};

use csv::ByteRecord;
use deskcast::campaign::{Column, Delimiter};

use super::audience::Reading;

const MARK: &[u8] = b"\xef\xbb\xbf";

/// Where a row is in the sum.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Place {
    /// One of the audience, with the id.
    Taken(u64),
    /// Left out by a condition, with the id.
    Filtered(u64),
    /// With the id of another database.
    Named,
    Invalid,
}

/// The rows of a text that are not blank, each with the line that it starts on.
pub(super) struct Records(Vec<(u64, ByteRecord)>);

/// A text without the byte order marks that it begins with.
pub(super) fn without_marks(mut text: &[u8]) -> &[u8] {
    while let Some(rest) = text.strip_prefix(MARK) {
        text = rest;
    }
    text
}

/// The rows of a text; none where it is no text, or says in another than the plainest way what
/// separates its fields.
pub(super) fn of(data: &[u8], delimiter: Delimiter) -> Option<Records> {
    if data.starts_with(b"\x1f\x8b") || data.starts_with(b"PK") {
        return None;
    }
    let mut text = without_marks(data);
    let first = text.split(|byte| matches!(byte, b'\n' | b'\r')).next();
    let first = first.unwrap_or_default();
    let word = first.to_ascii_lowercase();
    let says = word.windows(4).take(8).any(|four| four == b"sep=");
    match (says, word.len()) {
        (true, 5) if word.starts_with(b"sep=") => text = &text[5..],
        (true, _) => return None,
        _ => {}
    }
    // The crate passes over a mark at the beginning: so this is none.
    let text = [b"\n", text].concat();
    let mut reader = reader(delimiter);
    reader.get_mut().get_mut().clone_from(&text);
    reader
        .seek_raw(SeekFrom::Start(0), csv::Position::new())
        .expect("text in memory has a beginning");
    let rows = split(&mut reader, &text);
    READERS.with_borrow_mut(|readers| readers.push((delimiter, reader)));
    Some(Records(rows))
}

type Reader = csv::Reader<Cursor<Vec<u8>>>;

thread_local! {
    /// To build one takes longer than to read a text of fuzzing.
    static READERS: RefCell<Vec<(Delimiter, Reader)>> = const { RefCell::new(Vec::new()) };
}

fn reader(delimiter: Delimiter) -> Reader {
    let built = READERS.with_borrow_mut(|readers| {
        let at = readers.iter().position(|(its, _)| *its == delimiter)?;
        Some(readers.swap_remove(at).1)
    });
    built.unwrap_or_else(|| {
        csv::ReaderBuilder::new()
            .has_headers(false)
            .flexible(true)
            .delimiter(delimiter.as_byte())
            .from_reader(Cursor::default())
    })
}

/// The rows of a text that the reader is at the beginning of.
fn split(reader: &mut Reader, text: &[u8]) -> Vec<(u64, ByteRecord)> {
    let (mut rows, mut record) = (Vec::new(), ByteRecord::new());
    let (mut line, mut counted, mut owned) = (0, 0, 0);
    while reader
        .read_byte_record(&mut record)
        .expect("any bytes are rows")
    {
        let place = |position: Option<&csv::Position>| {
            let byte = position.map_or(0, csv::Position::byte);
            usize::try_from(byte).expect("within the text")
        };
        let begun = place(record.position());
        let ends = |byte: &&u8| matches!(byte, b'\n' | b'\r');
        let start = begun + text[begun..].iter().take_while(ends).count();
        let end = place(Some(reader.position()));
        line += line_ends(&text[counted..start]);
        let raw = &text[start..end];
        let inner = raw.strip_suffix(b"\n").unwrap_or(raw);
        let inner = inner.strip_suffix(b"\r").unwrap_or(inner);
        // A line is that of one row.
        assert!(rows.is_empty() || line > owned, "two rows in line {line}");
        owned = line + line_ends(inner);
        counted = start;
        let is_blank = record.iter().all(blank) && (record.len() > 1 || blank(inner));
        if !is_blank {
            rows.push((line, record.clone()));
        }
    }
    // What is behind the last row ends lines, and is nothing else.
    let rest = usize::try_from(reader.position().byte()).expect("within the text");
    assert_eq!(rest, text.len());
    rows
}

fn line_ends(text: &[u8]) -> u64 {
    let ends = |(at, byte): (usize, &u8)| match byte {
        b'\n' => at == 0 || text[at - 1] != b'\r',
        b'\r' => true,
        _ => false,
    };
    text.iter().enumerate().filter(|it| ends(*it)).count() as u64
}

fn blank(field: &[u8]) -> bool {
    field.iter().all(|byte| matches!(byte, b' ' | b'\t'))
}

impl Records {
    /// Every row of a text that was not refused is in exactly one place, and in the right one.
    pub(super) fn hold_against(&self, reading: &Reading, places: &[(u64, Place)]) {
        let Some((_, first)) = self.0.first() else {
            return assert_eq!(places, []);
        };
        let columns = first.len();
        let (rows, column) = match &reading.column {
            Column::Number(number) => (&self.0[..], Some(number.get() - 1)),
            Column::Header(name) => (&self.0[1..], named(first, name)),
        };
        let condition = reading.condition;
        let condition = condition.map(|(name, value)| (named(first, name), value));
        // Of two spellings of one name the rule is told elsewhere.
        let (Some(column), None | Some((Some(_), _))) = (column, condition) else {
            return;
        };
        let condition = condition.and_then(|(place, value)| Some((place?, value)));
        let lines = |rows: &mut dyn Iterator<Item = u64>| rows.collect::<Vec<u64>>();
        assert_eq!(
            lines(&mut places.iter().map(|(line, _)| *line)),
            lines(&mut rows.iter().map(|(line, _)| *line)),
            "rows by their lines"
        );
        for ((line, row), (_, place)) in rows.iter().zip(places) {
            let rest = || row.iter().skip(columns);
            let field = row.get(column).filter(|_| rest().all(blank));
            let cell = condition.map(|(place, value)| (row.get(place), value));
            let right = match reading.by_name {
                true => name_is_at(field, *place),
                false => id_is_at(field.and_then(id), cell, *place),
            };
            assert!(right, "line {line}: {row:?} is {place:?}");
        }
    }
}

/// The one column with this name.
fn named(header: &ByteRecord, name: &str) -> Option<usize> {
    let all = |same: &dyn Fn(&[u8]) -> bool| -> Vec<usize> {
        let columns = header.iter().enumerate();
        columns
            .filter(|(_, it)| same(it))
            .map(|(at, _)| at)
            .collect()
    };
    let exact = all(&|column| column == name.as_bytes());
    let loose = all(&|column| column.trim_ascii() == name.as_bytes());
    match (&exact[..], &loose[..]) {
        ([one], _) | ([], [one]) => Some(*one),
        _ => None,
    }
}

/// An id: digits, of which the first is not 0, up to 2^63 - 1.
fn id(field: &[u8]) -> Option<u64> {
    let text = std::str::from_utf8(field).ok()?;
    let text = text.trim_matches([' ', '\t']);
    let plain = text.bytes().all(|byte| byte.is_ascii_digit()) && !text.starts_with('0');
    let number: u64 = text.parse().ok().filter(|_| plain)?;
    i64::try_from(number).is_ok().then_some(number)
}

fn id_is_at(id: Option<u64>, cell: Option<(Option<&[u8]>, &str)>, place: Place) -> bool {
    let Some(id) = id else {
        return place == Place::Invalid;
    };
    match cell {
        None => place == Place::Taken(id),
        Some((None, _)) => place == Place::Invalid,
        Some((Some(cell), value)) => match std::str::from_utf8(cell) {
            Err(_) => place == Place::Invalid,
            Ok(text) if !text.is_ascii() => {
                place == Place::Taken(id) || place == Place::Filtered(id)
            }
            Ok(text) => {
                let unseen = |c: char| c.is_ascii_control() || c == ' ';
                let taken = text.trim_matches(unseen) == value;
                place
                    == if taken {
                        Place::Taken(id)
                    } else {
                        Place::Filtered(id)
                    }
            }
        },
    }
}

fn name_is_at(field: Option<&[u8]>, place: Place) -> bool {
    let text = field.and_then(|field| std::str::from_utf8(field).ok());
    let text = text.map(|text| text.trim_matches([' ', '\t']));
    match text {
        Some(text) if text.is_ascii() => {
            let is_id = !text.is_empty() && text.len() <= 80 && !text.contains(char::is_control);
            place == if is_id { Place::Named } else { Place::Invalid }
        }
        Some(_) => matches!(place, Place::Named | Place::Invalid),
        None => place == Place::Invalid,
    }
}
