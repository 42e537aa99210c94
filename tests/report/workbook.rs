//! A run as a workbook: the same columns as CSV has, ids as texts, times as dates.

use std::collections::BTreeMap;
use std::io::Read as _;
use std::path::Path;

use deskcast::report::Reported;
use deskcast::report::workbook::{SHEET_ROWS, write};

use crate::world::{WELCOME, World};

/// A cell as a spreadsheet takes it: what kind it is, and what stands there.
type Row = BTreeMap<String, (String, String)>;

/// The files in a zip archive.
fn unzip(bytes: &[u8]) -> BTreeMap<String, String> {
    let at = |place: usize, length: usize| -> usize {
        let number = &bytes[place..place + length];
        number
            .iter()
            .rev()
            .fold(0, |sum, byte| sum << 8 | usize::from(*byte))
    };
    let end = bytes
        .windows(4)
        .rposition(|it| it == b"PK\x05\x06")
        .expect("an archive");
    let (count, mut entry) = (at(end + 10, 2), at(end + 16, 4));
    let mut files = BTreeMap::new();
    for _ in 0..count {
        let (method, packed) = (at(entry + 10, 2), at(entry + 20, 4));
        let (name, extra, comment) = (at(entry + 28, 2), at(entry + 30, 2), at(entry + 32, 2));
        let local = at(entry + 42, 4);
        let title = String::from_utf8_lossy(&bytes[entry + 46..entry + 46 + name]).into_owned();
        let start = local + 30 + at(local + 26, 2) + at(local + 28, 2);
        let body = &bytes[start..start + packed];
        let mut text = String::new();
        match method {
            0 => text = String::from_utf8_lossy(body).into_owned(),
            _ => {
                let mut unpacked = flate2::read::DeflateDecoder::new(body);
                unpacked.read_to_string(&mut text).expect("unpacked");
            }
        }
        files.insert(title, text);
        entry += 46 + name + extra + comment;
    }
    files
}

/// The rows of each sheet, by name, each cell under the name of its column.
fn sheets(bytes: &[u8]) -> Vec<(String, Vec<Row>)> {
    let files = unzip(bytes);
    let names = files["xl/workbook.xml"].split("<sheet name=\"").skip(1);
    let names = names.map(|rest| rest.split('"').next().expect("a name").to_owned());
    names
        .zip(1..)
        .map(|(name, nth)| {
            let rows = rows(&files[&format!("xl/worksheets/sheet{nth}.xml")]);
            (name, rows)
        })
        .collect()
}

fn rows(sheet: &str) -> Vec<Row> {
    let cells = |row: &str| -> Vec<(String, String, String)> {
        let cells = row.split("<c r=\"").skip(1);
        let cells = cells.map(|cell| {
            let place = cell.split('"').next().expect("a place");
            let column = place
                .trim_end_matches(|c: char| c.is_ascii_digit())
                .to_owned();
            let kind = match cell.split('>').next() {
                Some(head) if head.contains("t=\"inlineStr\"") => "text",
                Some(head) if head.contains("s=\"") => "date",
                _ => "number",
            };
            let value = match kind {
                "text" => cell.split("<t").nth(1).and_then(|it| it.split_once('>')),
                _ => cell.split("<v").nth(1).and_then(|it| it.split_once('>')),
            };
            let value = value.map_or("", |(_, rest)| rest.split("</").next().expect("its end"));
            (column, kind.to_owned(), value.to_owned())
        });
        cells.collect()
    };
    let mut all = sheet.split("<row ").skip(1).map(cells);
    let head: BTreeMap<String, String> = all
        .next()
        .expect("a header")
        .into_iter()
        .map(|(column, _, name)| (column, name))
        .collect();
    let named = all.map(|row| {
        let cells = row.into_iter();
        cells
            .map(|(column, kind, value)| (head[&column].clone(), (kind, value)))
            .collect()
    });
    named.collect()
}

/// The rows of a CSV text by the names of their columns, without empty cells.
fn csv(text: &str) -> Vec<BTreeMap<String, String>> {
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    let head = reader.headers().expect("a header").clone();
    let rows = reader.records().map(|row| {
        let row = row.expect("a row");
        let cells = head
            .iter()
            .zip(row.iter())
            .filter(|(_, cell)| !cell.is_empty());
        cells
            .map(|(name, cell)| (name.to_owned(), cell.to_owned()))
            .collect()
    });
    rows.collect()
}

/// A cell as CSV has it: what a spreadsheet would take for a formula of a text is made harmless
/// there, and needs that nowhere else.
fn as_csv((kind, value): &(String, String)) -> String {
    match kind.as_str() {
        "text" => {
            let text = value.replace("&lt;", "<").replace("&gt;", ">");
            let text = text.replace("&quot;", "\"").replace("&amp;", "&");
            deskcast::report::text::cell(&text).into_owned()
        }
        "date" => {
            // Days since 1899-12-30.
            let days: f64 = value.parse().expect("a number");
            let seconds = ((days - 25_569.0) * 86_400.0).round() as i64;
            jiff::Timestamp::from_second(seconds)
                .expect("a time")
                .to_string()
        }
        _ => value.clone(),
    }
}

/// A cell of CSV as a workbook can have it: times to the second, and a whole share as a whole number.
fn as_cell(name: &str, cell: &str) -> String {
    match cell.parse::<jiff::Timestamp>() {
        Ok(at) => jiff::Timestamp::from_second(at.as_second())
            .expect("a time")
            .to_string(),
        Err(_) if name.ends_with("_percent") => cell.trim_end_matches(".0").to_owned(),
        Err(_) => cell.to_owned(),
    }
}

#[track_caller]
fn same(sheet: &[Row], text: &str) {
    let of_sheet: Vec<BTreeMap<String, String>> = sheet
        .iter()
        .map(|row| {
            row.iter()
                .map(|(name, cell)| (name.clone(), as_csv(cell)))
                .collect()
        })
        .collect();
    let of_csv: Vec<BTreeMap<String, String>> = csv(text)
        .into_iter()
        .map(|row| {
            row.into_iter()
                .map(|(name, cell)| {
                    let cell = as_cell(&name, &cell);
                    (name, cell)
                })
                .collect()
        })
        .collect();
    assert_eq!(of_sheet, of_csv);
}

fn found<'s>(sheets: &'s [(String, Vec<Row>)], name: &str) -> &'s [Row] {
    let found = sheets.iter().find(|(other, _)| other == name);
    &found.unwrap_or_else(|| panic!("no sheet {name}")).1
}

#[test]
fn a_workbook_has_what_csv_has_by_the_same_names_with_ids_as_texts_and_times_as_dates() {
    let world = World::with_everything();
    let path = world.path().with_file_name("welcome.xlsx");
    let output = path.display().to_string();
    let arguments = [
        "report",
        WELCOME,
        "--format",
        "xlsx",
        "--output",
        &output,
        "--customers",
        "--all-rows",
    ];
    let ended = world.command(&arguments).output().expect("started");
    assert!(ended.status.success(), "{ended:?}");
    assert!(ended.stdout.is_empty(), "{ended:?}");
    let sheets = sheets(&std::fs::read(&path).expect("written"));
    let said = |arguments: &[&str]| {
        let ended = world.command(arguments).output().expect("started");
        String::from_utf8(ended.stdout).expect("text")
    };
    same(
        found(&sheets, "runs"),
        &said(&["report", WELCOME, "--format", "csv"]),
    );
    let customers = found(&sheets, "customers");
    same(
        customers,
        &said(&["report", WELCOME, "--customers", "--all-rows"]),
    );
    for row in customers {
        // What stood in a row without an id may be nothing.
        let id = row.get("customer_id");
        assert!(id.is_none_or(|cell| cell.0 == "text"), "{row:?}");
        assert!(
            row.get("proactive_chat_id")
                .is_none_or(|cell| cell.0 == "text"),
            "{row:?}"
        );
        assert!(row.get("at").is_none_or(|cell| cell.0 == "date"), "{row:?}");
    }
    let batches = found(&sheets, "batches");
    let of_batches: f64 = batches
        .iter()
        .map(|row| row["customers"].1.parse::<f64>().expect("a count"))
        .sum();
    let planned = world.run(WELCOME);
    let standing = world.store().standing(&planned).expect("read");
    assert_eq!(of_batches, standing.tally.customers.planned as f64);
    let reasons = found(&sheets, "reasons");
    assert!(
        reasons.iter().any(|row| row["reason"].1 == "invalid"),
        "{reasons:?}"
    );
    let left: Vec<_> = std::fs::read_dir(path.parent().expect("a folder"))
        .expect("read")
        .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
        .filter(|name| name.contains("deskcast-report") || name.starts_with(".tmp"))
        .collect();
    assert!(left.is_empty(), "{left:?}");
}

#[test]
fn more_customers_than_a_sheet_holds_go_on_in_the_next() {
    let world = World::with_everything();
    let (store, run) = (world.store(), world.run(WELCOME));
    let standing = store.standing(&run).expect("read");
    let reported = Reported { run, standing };
    let book = |most: u32| {
        let mut out = Vec::new();
        let folder = world.path();
        let folder = folder.parent().unwrap_or(Path::new("."));
        let written = write(&store, &reported, true, (folder, most), &mut out).expect("written");
        (written, sheets(&out))
    };
    let (whole, one) = book(SHEET_ROWS);
    let (parts, many) = book(4);
    assert_eq!((whole.sheets, whole.customers), (1, parts.customers));
    assert_eq!(u64::from(parts.sheets), parts.customers.div_ceil(3));
    let together: Vec<Row> = many
        .iter()
        .filter(|(name, _)| name.starts_with("customers"))
        .flat_map(|(_, rows)| rows.clone())
        .collect();
    assert_eq!(together, found(&one, "customers"));
    assert_eq!(found(&many, "customers 2").len(), 3);
}

#[test]
fn a_workbook_is_written_to_a_file_of_its_own_and_never_to_a_terminal() {
    let world = World::with_everything();
    let refused = |arguments: &[&str], said: &str| {
        let ended = world.command(arguments).output().expect("started");
        assert_eq!(ended.status.code(), Some(2), "{ended:?}");
        let err = String::from_utf8_lossy(&ended.stderr);
        assert!(ended.stdout.is_empty() && err.contains(said), "{err}");
    };
    let xlsx = ["report", WELCOME, "--format", "xlsx"];
    refused(&xlsx, "--output FILE.xlsx");
    refused(
        &[&xlsx[..], &["--output", "customers.csv"]].concat(),
        "ends in .xlsx",
    );
    refused(
        &["report", "--format", "xlsx", "--output", "all.xlsx"],
        "writes one run",
    );
    refused(&["report", WELCOME, "--output", "a.xlsx"], "--format xlsx");
    refused(
        &[&xlsx[..], &["--output", "a.xlsx", "--excel"]].concat(),
        "--excel writes CSV",
    );
}
