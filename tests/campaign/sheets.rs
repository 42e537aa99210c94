//! Spreadsheets as customer files: every row in exactly one place, as with CSV, and a cell that says less
//! than it seems to is named.

use deskcast::campaign::{AudienceError, AudienceReader, AudienceSpec, Block, Column, Condition};
use proptest::prelude::*;

use crate::workbook::{Sheet, ods, ods_row, row, rows, xlsx};

/// Ids with their rows, ids that `where` leaves out, and invalid rows as they are told.
#[derive(Debug, Default, PartialEq)]
struct Content {
    ids: Vec<(u64, u64)>,
    filtered: Vec<u64>,
    invalid: Vec<String>,
}

fn read_by(bytes: &[u8], spec: &AudienceSpec) -> Result<Content, AudienceError> {
    let mut reader = AudienceReader::new(bytes, spec)?;
    let (mut content, mut block) = (Content::default(), Block::default());
    while reader.next_block(&mut block)? {
        assert_eq!(
            block.rows,
            block.ids.len() + block.filtered.len() + block.invalid.len()
        );
        content
            .ids
            .extend(block.ids.iter().copied().zip(block.lines.iter().copied()));
        content.filtered.extend(&block.filtered);
        let told = |row: &deskcast::campaign::InvalidRow| {
            format!("line {}: \"{}\" {}", row.line, row.value, row.why)
        };
        content.invalid.extend(block.invalid.iter().map(told));
    }
    Ok(content)
}

fn where_is(column: &str, value: &str) -> AudienceSpec {
    AudienceSpec {
        conditions: vec![Condition {
            column: column.to_owned(),
            any_of: vec![value.to_owned()],
        }],
        ..AudienceSpec::default()
    }
}

fn read(bytes: &[u8]) -> Content {
    read_by(bytes, &AudienceSpec::default()).expect("a good file")
}

fn refusal(bytes: &[u8]) -> String {
    read_by(bytes, &AudienceSpec::default())
        .expect_err("it is refused")
        .to_string()
}

fn one(rows: &str) -> Vec<u8> {
    xlsx(&[Sheet::new("People", rows)])
}

#[test]
fn ids_are_whole_numbers_or_texts_and_rows_keep_their_numbers() {
    // The table begins at B3, and has a blank row in it.
    let table = row(3, 'B', &["name", "customer_id"])
        + &row(4, 'B', &["Ada", "200007"])
        + &row(6, 'B', &["Bob", "'200014"])
        + &row(7, 'B', &[" ", ""])
        + &row(8, 'B', &["Cy", "999999999999999"]);
    let ids = vec![(200_007, 4), (200_014, 6), (999_999_999_999_999, 8)];
    let expected = Content {
        ids,
        ..Content::default()
    };
    assert_eq!(read(&one(&table)), expected);
    let table = ods_row("table:number-rows-repeated=\"2\"", &[""])
        + &ods_row("", &["", "name", "customer_id"])
        + &ods_row("", &["", "Ada", "200007"])
        + &ods_row("", &[""])
        + &ods_row("", &["", "Bob", "'200014"])
        + &ods_row("", &[""])
        + &ods_row("", &["", "Cy", "999999999999999"])
        + &ods_row("table:number-rows-repeated=\"1048000\"", &[""]);
    assert_eq!(read(&ods("People", &table)), expected);
}

#[test]
fn a_cell_that_is_no_id_is_named() {
    let table = rows(&[
        &["name", "customer_id"],
        &["a date", "@46353"],
        &["a fraction", "200007.5"],
        &["rounded", "9007199254740990"],
        &["an error", "#N/A"],
        &["never calculated", "=A1"],
        &["zeros", "'007"],
        &["nothing", ""],
        &["a sentence", "see below"],
        &["unseen", "200007\u{a0}"],
        &["more", "200014", "", "note"],
        &["good", "200021"],
    ]);
    let content = read(&one(&table));
    assert_eq!(content.ids, [(200_021, 12)]);
    insta::assert_snapshot!(content.invalid.join("\n"));
}

#[test]
fn conditions_ask_for_what_stands_in_cells() {
    let table = rows(&[
        &["customer_id", "city", "since", "active", "n"],
        &["1", "Ko\u{308}ln", "@46353", "yes", "7"],
        &["2", "Bonn", "@46354.5", "yes", "7.5"],
        &["3"],
    ]);
    let taken = |column: &str, value: &str| {
        let content = read_by(&one(&table), &where_is(column, value)).expect("a good file");
        assert_eq!(content.invalid, [""; 0]);
        assert_eq!(content.ids.len() + content.filtered.len(), 3);
        content
            .ids
            .into_iter()
            .map(|(id, _)| id)
            .collect::<Vec<u64>>()
    };
    assert_eq!(taken("city", "K\u{f6}ln"), [1]);
    assert_eq!(taken("since", "2026-11-27"), [1]);
    assert_eq!(taken("since", "2026-11-28 12:00:00"), [2]);
    assert_eq!(taken("n", "7"), [1]);
    assert_eq!(taken("n", "7.5"), [2]);
    // A sheet does not hold the empty cells at the end of a row.
    assert_eq!(taken("active", ""), [3]);
}

#[test]
fn a_used_cell_that_says_nothing_for_itself_is_no_empty_cell() {
    let table = rows(&[
        &["customer_id", "unsubscribed_on", "note"],
        &["1", "2026", "x"],
        &["2", "", "covered"],
        &["3", "=A1", "x"],
        &["4", "#REF!", "x"],
        &["5", "", "x"],
    ]);
    let sheet = Sheet {
        after: "<mergeCells count=\"1\"><mergeCell ref=\"B2:B3\"/></mergeCells>",
        ..Sheet::new("People", &table)
    };
    let content = read_by(&xlsx(&[sheet]), &where_is("unsubscribed_on", "")).expect("a good file");
    assert_eq!((content.ids, content.filtered), (vec![(5, 6)], vec![1]));
    insta::assert_snapshot!(content.invalid.join("\n"));
    // Where nobody asks for the column, nothing is wrong with it.
    assert_eq!(read(&xlsx(&[sheet])).ids.len(), 5);
    let table = ods_row("", &["customer_id", "unsubscribed_on"])
        + &ods_row("", &["1", "2026"])
        + &ods_row("", &["2", "^"])
        + &ods_row("", &["3", ""]);
    let content = read_by(&ods("People", &table), &where_is("unsubscribed_on", ""));
    let content = content.expect("a good file");
    assert_eq!(
        (content.ids, content.filtered, content.invalid.len()),
        (vec![(3, 4)], vec![1], 1)
    );
}

#[test]
fn a_hidden_row_refuses_the_file_unless_nothing_is_in_it() {
    let table = rows(&[&["customer_id"], &["1"], &["2"]]);
    let hidden = table.replace("<row r=\"3\">", "<row r=\"3\" hidden=\"1\">");
    insta::assert_snapshot!(refusal(&one(&hidden)));
    let empty = table + "<row r=\"4\" hidden=\"1\"><c r=\"A4\" s=\"1\"/></row>";
    assert_eq!(read(&one(&empty)).ids.len(), 2);
    let filter = |attributes: &str| {
        let rows =
            ods_row("", &["customer_id"]) + &ods_row("", &["1"]) + &ods_row(attributes, &["2"]);
        read_by(&ods("People", &rows), &AudienceSpec::default())
    };
    assert_eq!(filter("").expect("shown").ids.len(), 2);
    let hidden = filter("table:visibility=\"filter\"");
    assert_eq!(hidden, Err(AudienceError::HiddenRow { row: 3 }));
}

#[test]
fn the_only_sheet_with_something_in_it_is_read_or_the_one_that_is_named() {
    let (people, others) = (
        rows(&[&["customer_id"], &["1"]]),
        rows(&[&["customer_id"], &["2"]]),
    );
    let old = Sheet {
        state: "state=\"hidden\"",
        ..Sheet::new("Old", &others)
    };
    let book = xlsx(&[
        Sheet::new("Notes", ""),
        old,
        Sheet::new("People &amp; more", &people),
    ]);
    assert_eq!(read(&book).ids, [(1, 2)]);
    let two = xlsx(&[Sheet::new("A", &people), Sheet::new("B", &others)]);
    insta::assert_snapshot!(refusal(&two));
    let named = |book: &[u8], name: &str| {
        let spec = AudienceSpec {
            sheet: Some(name.to_owned()),
            ..AudienceSpec::default()
        };
        read_by(book, &spec)
    };
    assert_eq!(named(&two, "B").expect("a sheet").ids, [(2, 2)]);
    assert_eq!(named(&book, "Old").expect("a sheet").ids, [(2, 2)]);
    assert_eq!(
        named(&book, "People & more").expect("a sheet").ids,
        [(1, 2)]
    );
    insta::assert_snapshot!(named(&two, "C").expect_err("no such sheet"));
}

#[test]
fn headers_are_found_as_in_csv() {
    let twice = rows(&[&["customer_id", "customer_id"], &["1", "2"]]);
    assert!(refusal(&one(&twice)).contains("has 2 columns called"));
    let none = rows(&[&["Customer ID", "name"], &["1", "x"]]);
    insta::assert_snapshot!(refusal(&one(&none)));
    assert!(refusal(&one("")).contains("is empty"));
    let first = AudienceSpec {
        column: Column::first(),
        ..AudienceSpec::default()
    };
    let plain = rows(&[&["1"], &["2", "x"]]);
    assert_eq!(
        read_by(&one(&plain), &first).expect("a good file").ids,
        [(1, 1), (2, 2)]
    );
}

#[test]
fn a_damaged_workbook_is_refused_and_not_read_in_part() {
    let table = rows(&[&["customer_id"], &["1"], &["2"], &["3"]]);
    for whole in [one(&table), ods("People", &ods_row("", &["customer_id"]))] {
        for length in (60..whole.len()).step_by(7) {
            let cut = read_by(&whole[..length], &AudienceSpec::default());
            assert!(cut.is_err(), "{length} of {}: {cut:?}", whole.len());
        }
    }
    let order = row(2, 'A', &["1"]) + &row(1, 'A', &["customer_id"]);
    assert!(
        refusal(&one(&order)).contains("not in order"),
        "{}",
        refusal(&one(&order))
    );
    let never = ods("People", "<table:table table:name=\"x\">");
    assert!(refusal(&never).contains("in the middle of a table"));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    /// The same table says the same as CSV, as a workbook and as an OpenDocument file.
    #[test]
    fn whatever_the_format_the_same_people_are_listed(
        table in prop::collection::vec(("([1-9][0-9]{0,8}|[a-z]{1,4}|0|)", "(yes|no|x y|)"), 1..30)
    ) {
        let (mut csv, mut sheet, mut document) = (
            "customer_id,taken\n".to_owned(),
            row(1, 'A', &["customer_id", "taken"]),
            ods_row("", &["customer_id", "taken"]),
        );
        for (number, (id, taken)) in (2..).zip(&table) {
            csv.push_str(&format!("{id},{taken}\n"));
            sheet.push_str(&row(number, 'A', &[id, taken]));
            document.push_str(&ods_row("", &[id, taken]));
        }
        let spec = where_is("taken", "yes");
        let lines = |content: Content| {
            let line = |row: &String| row.split(' ').nth(1).map(str::to_owned);
            (content.ids, content.filtered, content.invalid.iter().map(line).collect::<Vec<_>>())
        };
        let expected = lines(read_by(csv.as_bytes(), &spec).expect("a good file"));
        prop_assert_eq!(lines(read_by(&one(&sheet), &spec).expect("a good file")), expected.clone());
        prop_assert_eq!(lines(read_by(&ods("People", &document), &spec).expect("a good file")), expected);
    }
}
