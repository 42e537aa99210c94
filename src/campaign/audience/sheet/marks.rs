//! What a sheet says of its cells beside what stands in them: which rows are hidden, and which cells are
//! covered by a merged one.

use std::collections::BTreeMap;
use std::io::{self, BufReader, Cursor, Read as _};

use roaring::RoaringBitmap;
use zip::ZipArchive;

use super::tags::each_tag;

/// The most columns that a sheet has.
pub(super) const COLUMNS: u32 = 16_384;
/// The most rows that a sheet has.
pub(super) const ROWS: u32 = 1_048_576;
/// More than this is not unpacked: a sheet of a million rows and 40 columns has about as much.
const MOST_BYTES: u64 = 4 << 30;

/// Rows and columns are counted from 0.
#[derive(Debug, Default)]
pub(super) struct Marks {
    /// Rows that nobody sees, by a filter or by hand.
    pub(super) hidden: RoaringBitmap,
    /// For each row the columns, first and last, of cells that have no value of their own.
    pub(super) covered: BTreeMap<u32, Vec<(u32, u32)>>,
}

impl Marks {
    fn cover(&mut self, row: u32, first: u32, last: u32) {
        let last = last.min(COLUMNS - 1);
        if first <= last && row < ROWS {
            self.covered.entry(row).or_default().push((first, last));
        }
    }

    /// Marks what a merged cell covers: all but its first cell.
    fn merge(&mut self, range: &str) {
        let (first, last) = range.split_once(':').unwrap_or((range, range));
        let (Some(first), Some(last)) = (place(first), place(last)) else {
            return;
        };
        self.cover(first.0, first.1 + 1, last.1);
        for row in first.0 + 1..=last.0.min(ROWS - 1) {
            self.cover(row, first.1, last.1);
        }
    }
}

/// The row and the column of a cell such as `B17`.
fn place(cell: &str) -> Option<(u32, u32)> {
    let cell = cell.replace('$', "");
    let digits = cell.find(|c: char| c.is_ascii_digit())?;
    let (letters, row) = cell.split_at(digits);
    let column = letters.bytes().try_fold(0_u32, |column, letter| {
        let digit = letter.to_ascii_uppercase().checked_sub(b'A')?;
        (digit < 26 && column < COLUMNS).then(|| column * 26 + u32::from(digit) + 1)
    })?;
    Some((
        row.parse::<u32>().ok()?.checked_sub(1)?,
        column.checked_sub(1)?,
    ))
}

type Archive<'b> = ZipArchive<Cursor<&'b [u8]>>;

/// The archive, unless it says that it unpacks to more than anybody has a use for.
fn archive(bytes: &[u8]) -> io::Result<Archive<'_>> {
    let mut archive = ZipArchive::new(Cursor::new(bytes))?;
    let mut all = 0_u64;
    for number in 0..archive.len() {
        all = all.saturating_add(archive.by_index_raw(number)?.size());
    }
    match all {
        0..=MOST_BYTES => Ok(archive),
        _ => Err(io::Error::other("it unpacks to more than 4 GiB")),
    }
}

/// A part of the archive, whatever the case and the slashes of its name.
fn part<'z, 'b>(
    archive: &'z mut Archive<'b>,
    name: &str,
) -> io::Result<impl io::BufRead + use<'z, 'b>> {
    let same = |other: &String| {
        let other = other.replace('\\', "/");
        other.trim_start_matches('/').eq_ignore_ascii_case(name)
    };
    let names = archive.file_names().filter_map(Result::ok);
    let found = names.map(String::from).find(same);
    let found = found.ok_or_else(|| io::Error::other(format!("it has no {name}")))?;
    Ok(BufReader::new(archive.by_name(&found)?.take(MOST_BYTES)))
}

/// The marks of a sheet of an Excel workbook.
pub(super) fn of_workbook(bytes: &[u8], sheet: &str) -> io::Result<Marks> {
    let mut archive = archive(bytes)?;
    let mut relation = None;
    each_tag(part(&mut archive, "xl/workbook.xml")?, |tag| {
        if tag.name() == b"sheet" && tag.attribute("name").is_some_and(|name| name == sheet) {
            relation = tag.attribute("id").map(|id| id.into_owned());
        }
    })?;
    let mut target = None;
    each_tag(part(&mut archive, "xl/_rels/workbook.xml.rels")?, |tag| {
        if tag.name() == b"Relationship" && tag.attribute("Id").as_deref() == relation.as_deref() {
            target = tag.attribute("Target").map(|target| target.into_owned());
        }
    })?;
    let target = target.ok_or_else(|| io::Error::other("the sheet is not in its list of parts"))?;
    let path = match target.strip_prefix('/') {
        Some(path) => path.to_owned(),
        None => format!("xl/{target}"),
    };
    let (mut marks, mut row) = (Marks::default(), 0);
    each_tag(part(&mut archive, &path)?, |tag| match tag.name() {
        b"row" => {
            let number = tag.attribute("r").and_then(|number| number.parse().ok());
            row = number.unwrap_or(row + 1);
            if tag
                .attribute("hidden")
                .is_some_and(|it| it == "1" || it == "true")
            {
                marks.hidden.insert(u32::saturating_sub(row, 1));
            }
        }
        b"mergeCell" => {
            if let Some(range) = tag.attribute("ref") {
                marks.merge(&range);
            }
        }
        _ => {}
    })?;
    Ok(marks)
}

/// The marks of a table of an OpenDocument file.
pub(super) fn of_open_document(bytes: &[u8], sheet: &str) -> io::Result<Marks> {
    let mut archive = archive(bytes)?;
    let (mut marks, mut inside, mut open) = (Marks::default(), false, 0_i64);
    // The row that is read, how often it is repeated, and the column.
    let (mut row, mut times, mut column) = (0_u32, 0_u32, 0_u32);
    each_tag(part(&mut archive, "content.xml")?, |tag| match tag.name() {
        b"table" => {
            inside = tag.attribute("name").is_some_and(|name| name == sheet);
            open += i64::from(!tag.is_empty());
            (row, times) = (0, 0);
        }
        _ if tag.closes("table") => {
            inside = false;
            open -= 1;
        }
        b"table-row" if inside => {
            row = row.saturating_add(times).min(ROWS);
            times = tag.times("number-rows-repeated").min(ROWS - row);
            column = 0;
            let hidden = tag.attribute("visibility");
            if hidden.is_some_and(|it| it == "collapse" || it == "filter") {
                marks.hidden.insert_range(row..row + times);
            }
        }
        name @ (b"table-cell" | b"covered-table-cell") if inside => {
            let width = tag.times("number-columns-repeated").min(COLUMNS);
            if name.starts_with(b"covered") {
                for row in row..row + times {
                    marks.cover(row, column, column + width - 1);
                }
            }
            column = (column + width).min(COLUMNS);
        }
        _ => {}
    })?;
    match open {
        0 => Ok(marks),
        _ => Err(io::Error::other("it ends in the middle of a table")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_merged_cell_covers_all_but_its_first() {
        let mut marks = Marks::default();
        marks.merge("B2:C3");
        marks.merge("$AA$1:$AA$2");
        marks.merge("D9");
        let covered: Vec<_> = marks.covered.into_iter().collect();
        let expected = [(1, vec![(2, 2), (26, 26)]), (2, vec![(1, 2)])];
        assert_eq!(covered, expected);
    }
}
