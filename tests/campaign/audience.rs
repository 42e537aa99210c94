//! Audiences: which rows are ids, which lines they are on, and what is refused.

use std::io::{self, Read, Write};

use deskcast::campaign::{
    AudienceError, AudienceReader, AudienceSpec, Block, Column, Delimiter, FileKind, InvalidId,
    InvalidRow,
};
use flate2::Compression;
use flate2::write::GzEncoder;
use proptest::prelude::*;

/// Everything that a file gives: ids with their lines, and invalid rows.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Content {
    ids: Vec<(u64, u64)>,
    invalid: Vec<InvalidRow>,
}

fn read_with(input: impl Read, spec: &AudienceSpec) -> Result<Content, AudienceError> {
    let mut reader = AudienceReader::new(input, spec)?;
    let mut content = Content::default();
    let mut block = Block::default();
    while reader.next_block(&mut block)? {
        assert_eq!(block.ids.len(), block.lines.len());
        assert_eq!(block.ids.len() + block.invalid.len(), block.rows);
        assert!((1..=Block::MAX_ROWS).contains(&block.rows));
        content
            .ids
            .extend(block.ids.iter().copied().zip(block.lines.iter().copied()));
        content.invalid.append(&mut block.invalid);
    }
    assert_eq!(block.rows, 0);
    Ok(content)
}

pub(crate) fn read(text: impl AsRef<[u8]>) -> Result<Content, AudienceError> {
    read_with(text.as_ref(), &AudienceSpec::default())
}

/// Ids and lines of a file without invalid rows.
pub(crate) fn ids(text: impl AsRef<[u8]>) -> Vec<(u64, u64)> {
    let content = read(text).expect("a good file");
    assert_eq!(content.invalid, []);
    content.ids
}

pub(crate) fn refusal(text: impl AsRef<[u8]>) -> String {
    read(text).expect_err("this must be refused").to_string()
}

/// What is said about each of several files.
fn refusals<T: AsRef<[u8]>>(texts: impl IntoIterator<Item = T>) -> String {
    texts.into_iter().map(|text| refusal(text) + "\n").collect()
}

fn spec(column: &str, delimiter: Delimiter) -> AudienceSpec {
    AudienceSpec {
        column: Column::Header(column.to_owned()),
        delimiter: Some(delimiter),
        sheet: None,
        conditions: Vec::new(),
    }
}

fn numbered(number: usize, delimiter: Delimiter) -> AudienceSpec {
    AudienceSpec {
        column: Column::Number(number.try_into().expect("not 0")),
        delimiter: Some(delimiter),
        sheet: None,
        conditions: Vec::new(),
    }
}

pub(crate) fn gzip(text: &[u8]) -> Vec<u8> {
    let mut packer = GzEncoder::new(Vec::new(), Compression::fast());
    packer.write_all(text).expect("memory takes everything");
    packer.finish().expect("memory takes everything")
}

#[test]
fn the_column_is_found_by_its_header() {
    assert_eq!(ids("customer_id\n7\n8\n"), [(7, 2), (8, 3)]);
    assert_eq!(
        ids("name,customer_id,age\nAda,7,36\nBob,8,\n"),
        [(7, 2), (8, 3)]
    );
    assert_eq!(ids("name, customer_id \nAda, 7 \n"), [(7, 2)]);
    assert_eq!(ids("\"customer_id\"\n\"7\"\n"), [(7, 2)]);
    assert_eq!(
        ids(" customer_id,customer_id\n1,2\n"),
        [(2, 2)],
        "the exact name wins"
    );
}

#[test]
fn the_column_is_found_by_its_number() {
    let content = read_with("Ada,7\nBob,8\n".as_bytes(), &numbered(2, Delimiter::Comma));
    assert_eq!(content.expect("a good file").ids, [(7, 1), (8, 2)]);
    let empty = read_with("\n \n".as_bytes(), &numbered(2, Delimiter::Comma));
    assert_eq!(empty, Ok(Content::default()));
}

#[test]
fn each_delimiter_separates() {
    for delimiter in Delimiter::ALL {
        let text =
            "name,customer_id\nAda,7\n".replace(',', &char::from(delimiter.as_byte()).to_string());
        let content = read_with(text.as_bytes(), &spec("customer_id", delimiter));
        assert_eq!(content.expect("a good file").ids, [(7, 2)]);
    }
}

#[test]
fn a_header_alone_is_an_audience_of_nobody() {
    assert_eq!(ids("customer_id"), []);
    assert_eq!(ids("customer_id\r\n\r\n  \r\n"), []);
}

#[test]
fn a_last_line_without_an_end_counts() {
    assert_eq!(ids("customer_id\n7"), [(7, 2)]);
    assert_eq!(ids("customer_id\n\"7\""), [(7, 2)]);
    assert_eq!(ids("customer_id,name\n7,\"a\nb\""), [(7, 2)]);
    assert_eq!(ids("customer_id,name\n7,\"a\nb\"\n\n8,x"), [(7, 2), (8, 5)]);
}

#[test]
fn blank_lines_are_no_rows_but_are_counted_as_lines() {
    assert_eq!(
        ids("\n\ncustomer_id\n\n7\n   \n\t\n8\n\n"),
        [(7, 5), (8, 8)]
    );
    assert_eq!(
        ids("\r\n\r\ncustomer_id\r\n\r\n7\r\n   \r\n\t\r\n8\r\n"),
        [(7, 5), (8, 8)]
    );
}

#[test]
fn a_row_has_the_line_that_it_starts_on() {
    assert_eq!(
        ids("customer_id,note\n7,\"a\nb\n\nc\"\n8,\n"),
        [(7, 2), (8, 6)]
    );
    assert_eq!(
        ids("note,customer_id\r\n\"a\r\nb\",7\r\n\r\n,8\r\n"),
        [(7, 2), (8, 5)]
    );
    assert_eq!(
        ids("customer_id\r7\r\r8\r"),
        [(7, 2), (8, 4)],
        "lone carriage returns end lines"
    );
    assert_eq!(ids("customer_id\n7\r\n8\r9\n"), [(7, 2), (8, 3), (9, 4)]);
}

#[test]
fn a_byte_order_mark_does_not_count() {
    assert_eq!(ids("\u{feff}customer_id\n7\n"), [(7, 2)]);
    assert_eq!(ids("\u{feff}\"customer_id\"\n7\n"), [(7, 2)]);
    let content = read_with("\u{feff}7\n".as_bytes(), &numbered(1, Delimiter::Comma));
    assert_eq!(content.expect("a good file").ids, [(7, 1)]);
    assert_eq!(ids(gzip("\u{feff}customer_id\n7\n".as_bytes())), [(7, 2)]);
}

#[test]
fn quotes_hold_delimiters_quotes_and_line_ends() {
    let text = "name,customer_id\n\"Lovelace, \"\"Ada\"\"\n(Countess)\",\"7\"\n\"\", 8\n";
    assert_eq!(ids(text), [(7, 2), (8, 4)]);
}

#[test]
fn a_row_that_ends_before_the_column_is_invalid() {
    let content = read("name,customer_id\nAda,7\nBob\nEve,8\n").expect("a good file");
    assert_eq!(content.ids, [(7, 2), (8, 4)]);
    let short = InvalidRow {
        line: 3,
        value: String::new(),
        why: InvalidId::Missing,
    };
    assert_eq!(content.invalid, [short]);
}

#[test]
fn an_invalid_row_has_its_line_value_and_reason() {
    let text =
        "customer_id,x\n12.0,\n 1e5 ,\n-3,\n0,\n,x\n12345678901234567890,\n007,\ncaf\u{e9},\n";
    let content = read(text).expect("a good file");
    assert_eq!(content.ids, []);
    let shown: Vec<String> = content
        .invalid
        .iter()
        .map(|row| format!("line {}: \"{}\": {}", row.line, row.value, row.why))
        .collect();
    insta::assert_snapshot!(shown.join("\n"), @r#"
    line 2: "12.0": not a whole number written in plain digits
    line 3: "1e5": not a whole number written in plain digits
    line 4: "-3": not a whole number written in plain digits
    line 5: "0": 0 is not a customer id
    line 6: "": the field is empty
    line 7: "12345678901234567890": larger than 9223372036854775807
    line 8: "007": starts with a zero
    line 9: "café": not a whole number written in plain digits
    "#);
}

#[test]
fn a_long_invalid_value_is_cut() {
    let value = |text: String| {
        read(format!("customer_id\n{text}\n"))
            .expect("a good file")
            .invalid[0]
            .value
            .clone()
    };
    assert_eq!(value("é".repeat(120)), "é".repeat(120));
    assert_eq!(value("é".repeat(121)), "é".repeat(119) + "…");
    assert_eq!(value("\u{1f600}".repeat(70_000)).chars().count(), 120);
}

#[test]
fn a_value_that_is_not_utf8_is_shown_as_far_as_it_can_be() {
    let content = read(b"customer_id\ncaf\xe9\n").expect("a good file");
    assert_eq!(content.invalid[0].value, "caf\u{fffd}");
}

#[test]
fn a_missing_column_lists_those_there_are() {
    let wide: Vec<String> = (1..=23).map(|number| format!("c{number}")).collect();
    insta::assert_snapshot!(refusals([
        "id,name,country\n",
        "Customer ID,name\n",
        "4711\n4712\n",
        "\u{1b}[2J\n",
        &wide.join(","),
    ]));
}

#[test]
fn a_column_that_is_there_twice_is_refused() {
    insta::assert_snapshot!(refusals([
        "customer_id,x,customer_id\n1,2,3\n",
        " customer_id,customer_id \n1,2\n",
    ]));
    assert_eq!(
        ids("x,customer_id,x\n1,2,3\n"),
        [(2, 2)],
        "another one may be"
    );
}

#[test]
fn a_column_number_beyond_the_first_row_is_refused() {
    let refusal = |text: &str| {
        read_with(text.as_bytes(), &numbered(3, Delimiter::Comma))
            .expect_err("too few")
            .to_string()
    };
    insta::assert_snapshot!(refusal("\n7,x\n"));
    insta::assert_snapshot!(refusal("7;x;y\n"));
}

#[test]
fn a_file_that_is_no_text_is_refused() {
    let utf16 = |text: &str| {
        text.encode_utf16()
            .flat_map(u16::to_le_bytes)
            .collect::<Vec<u8>>()
    };
    insta::assert_snapshot!(refusal(utf16("\u{feff}customer_id\n7\n")));
    let packed = gzip(&utf16("\u{feff}customer_id\n7\n"));
    let kind = AudienceError::NoCsv(FileKind::Utf16);
    assert_eq!(read(packed), Err(kind));
    insta::assert_snapshot!(refusal(b"PK\x03\x04\x14\x00\x06\x00"));
    insta::assert_snapshot!(refusal(""));
    assert!(matches!(read("\n \n"), Err(AudienceError::NoHeader { .. })));
}

#[test]
fn an_unclosed_quote_names_the_line_it_is_on() {
    let rows = "8,x\n".repeat(3);
    insta::assert_snapshot!(refusal(format!("customer_id,name\n7,\"Ada\n{rows}")));
    let many = "8,x\n".repeat(2_000);
    insta::assert_snapshot!(refusal(format!(
        "customer_id,name\n6,\n7,\"Ada\n{many}9,\"Bob\""
    )));
    let long = "8".repeat(3 << 20);
    let error = read(format!("customer_id,name\n\n7,\"Ada{long}"));
    assert_eq!(error, Err(AudienceError::RowTooLong { line: 3 }));
    assert_eq!(
        read("customer_id\n\""),
        Err(AudienceError::UnclosedQuote { line: 2 })
    );
    assert_eq!(
        read("\"customer_id\n7\n"),
        Err(AudienceError::UnclosedQuote { line: 1 })
    );
}

#[test]
fn an_unclosed_quote_that_meets_another_one_is_found() {
    let text = "customer_id,name\n7,\"Ada\n8,x\n9,\"Bob\"\n10,y\n";
    insta::assert_snapshot!(refusal(text));
    let quoted = "\"customer_id\",\"name\"\n\"7\",\"Ada\n\"8\",\"x\"\n";
    assert_eq!(
        read(quoted),
        Err(AudienceError::UnmatchedQuotes { line: 2 })
    );
}

#[test]
fn rows_over_several_lines_are_counted() {
    let spread = |text: &str| {
        let mut reader =
            AudienceReader::new(text.as_bytes(), &AudienceSpec::default()).expect("a header");
        while reader
            .next_block(&mut Block::default())
            .expect("a good file")
        {}
        reader.rows_over_several_lines()
    };
    assert_eq!(spread("customer_id,x\r\n\r\n7,\"a\"\r\n8,b\r\n"), None);
    assert_eq!(
        spread("customer_id,x\n7,a\n8,\"b\nc\"\n9,\"d\n\ne\" \n"),
        Some((2, 3))
    );
}

/// Gives some bytes, then an error.
struct Failing<'a>(&'a [u8], io::ErrorKind);

impl Read for Failing<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self.0.read(buffer)? {
            0 => Err(io::Error::new(self.1, "the cable was pulled")),
            read => Ok(read),
        }
    }
}

#[test]
fn a_read_error_names_the_line_reached_and_stays() {
    let text = format!("customer_id\n{}", "7\n".repeat(300));
    let input = Failing(text.as_bytes(), io::ErrorKind::Other);
    let mut reader = AudienceReader::new(input, &AudienceSpec::default()).expect("a header");
    let mut block = Block::default();
    let error = reader.next_block(&mut block).expect_err("the cable");
    assert_eq!(block.rows, 300);
    insta::assert_snapshot!(error);
    assert_eq!(reader.next_block(&mut block), Err(error));
    assert_eq!(block.rows, 0);
}

#[test]
fn a_directory_is_called_one() {
    let input = Failing(b"", io::ErrorKind::IsADirectory);
    let error = AudienceReader::new(input, &AudienceSpec::default()).map(|_| ());
    insta::assert_snapshot!(error.expect_err("a directory"));
}

#[test]
fn an_interrupted_read_is_tried_again() {
    struct Interrupted<'a>(&'a [u8], bool);
    impl Read for Interrupted<'_> {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            self.1 = !self.1;
            if self.1 {
                Err(io::ErrorKind::Interrupted.into())
            } else {
                self.0.read(buffer)
            }
        }
    }
    let content = read_with(
        Interrupted(b"customer_id\n7\n", false),
        &AudienceSpec::default(),
    );
    assert_eq!(content.expect("a good file").ids, [(7, 2)]);
}

#[test]
fn blocks_hold_a_few_thousand_rows_each() {
    let text = format!("customer_id\n{}", "7\nx\n".repeat(Block::MAX_ROWS));
    let mut reader =
        AudienceReader::new(text.as_bytes(), &AudienceSpec::default()).expect("a header");
    let mut sizes = Vec::new();
    let mut block = Block::default();
    while reader.next_block(&mut block).expect("a good file") {
        sizes.push((block.rows, block.ids.len(), block.invalid.len()));
    }
    assert_eq!(sizes, [(4096, 2048, 2048), (4096, 2048, 2048)]);
}

#[test]
fn a_row_of_many_columns_is_read() {
    let header: String = (0..500).map(|number| format!("c{number},")).collect();
    let row = "x,".repeat(500);
    assert_eq!(
        ids(format!("{header}customer_id\n{row}7\n{row}8")),
        [(7, 2), (8, 3)]
    );
}

/// One field of a generated row, with what it says.
#[derive(Clone, Debug)]
struct Field {
    written: String,
    says: String,
}

fn id_field() -> impl Strategy<Value = Field> {
    let says = prop_oneof![
        4 => (1_u64..=i64::MAX as u64).prop_map(|id| id.to_string()),
        1 => "[0-9.e-]{0,5}",
    ];
    (says, any::<bool>(), "[ ]{0,2}").prop_map(|(says, quoted, blanks)| {
        let written = if quoted {
            format!("\"{blanks}{says}\"")
        } else {
            format!("{blanks}{says}{blanks}")
        };
        Field { written, says }
    })
}

fn other_field() -> impl Strategy<Value = Field> {
    ("[a-z ,;\t\"\n\r]{0,8}", any::<bool>()).prop_map(|(says, quoted)| {
        let plain = !says.contains([',', ';', '\t', '"', '\n', '\r']);
        let written = if plain && !quoted {
            says.clone()
        } else {
            format!("\"{}\"", says.replace('"', "\"\""))
        };
        Field { written, says }
    })
}

proptest! {
    #[test]
    fn however_a_file_is_written_it_says_the_same(
        rows in prop::collection::vec((other_field(), id_field(), other_field(), 0_usize..3), 0..40),
        delimiter in prop::sample::select(&Delimiter::ALL[..]),
        line_end in prop::sample::select(&["\n", "\r\n"][..]),
        mark: bool, packed: bool, ended: bool, header: bool,
    ) {
        let separator = char::from(delimiter.as_byte());
        let mut text = if mark { "\u{feff}".to_owned() } else { String::new() };
        if header {
            text += &format!("name{separator}customer_id{separator}note{line_end}");
        }
        let mut expected = Content::default();
        let lines = |text: &str| 1 + text.replace("\r\n", "\n").matches(['\n', '\r']).count() as u64;
        for (first, id, last, blank_lines) in &rows {
            text += &line_end.repeat(*blank_lines);
            let line = lines(&text);
            let blank = |field: &Field| field.says.trim_matches([' ', '\t']).is_empty();
            match id.says.parse::<i64>() {
                // Separators alone are a blank line.
                _ if [first, id, last].into_iter().all(blank) => {}
                Ok(number) if number > 0 && !id.says.starts_with('0') => {
                    expected.ids.push((number.unsigned_abs(), line));
                }
                _ => {
                    let why = id.says.parse::<deskcast::campaign::CustomerId>().expect_err("not an id");
                    expected.invalid.push(InvalidRow { line, value: id.says.clone(), why });
                }
            }
            text += &format!("{}{separator}{}{separator}{}{line_end}", first.written, id.written, last.written);
        }
        if !ended {
            text.truncate(text.trim_end_matches(['\r', '\n']).len());
        }
        let spec = if header { spec("customer_id", delimiter) } else { numbered(2, delimiter) };
        let bytes = if packed { gzip(text.as_bytes()) } else { text.clone().into_bytes() };
        prop_assert_eq!(read_with(bytes.as_slice(), &spec), Ok(expected), "{:?}", text);
    }

    /// The same bytes in pieces of any size give the same: no buffer boundary shows.
    #[test]
    fn the_size_of_the_reads_does_not_matter(text in "([0-9]{1,3}|[\",x\n\r ]){0,60}", size in 1_usize..9) {
        struct Pieces<'a>(&'a [u8], usize);
        impl Read for Pieces<'_> {
            fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
                let length = self.1.min(buffer.len());
                self.0.read(&mut buffer[..length])
            }
        }
        let text = format!("{}customer_id\n{text}", "x".repeat(300).replace('x', "\n"));
        let whole = read(&text);
        prop_assert_eq!(read_with(Pieces(text.as_bytes(), size), &AudienceSpec::default()), whole);
    }

    /// The engine is driven as the `csv` crate drives it: the same fields come out, save for blank
    /// lines, and wherever quotes are not in order the file is refused and not read differently.
    #[test]
    fn the_csv_crate_reads_the_same(text in "([0-9]{1,3}|[\",x\n\r ]){0,60}") {
        if let Ok(content) = read_with(text.as_bytes(), &numbered(1, Delimiter::Comma)) {
            let mut reader = csv::ReaderBuilder::new().has_headers(false).flexible(true).from_reader(text.as_bytes());
            let theirs = reader.records()
                .map(|record| record.expect("any text is CSV"))
                .filter(|record| !record.iter().all(|field| field.trim_matches(' ').is_empty()))
                .collect::<Vec<_>>();
            // A quoted field of blanks is a row, and the crate does not tell that it was quoted.
            prop_assume!(!text.contains("\"\"") && !text.contains("\" "));
            let columns = theirs.first().map_or(0, csv::StringRecord::len);
            let extra = |record: &csv::StringRecord| {
                record.iter().skip(columns).any(|field| !field.trim_matches(' ').is_empty())
            };
            let rows = theirs.len();
            let theirs: Vec<String> = theirs.into_iter()
                .filter(|record| !extra(record))
                .map(|record| record[0].to_owned())
                .collect();
            let ids: Vec<u64> = theirs.iter()
                .filter_map(|field| field.parse::<deskcast::campaign::CustomerId>().ok())
                .map(|id| id.get())
                .collect();
            let ours: Vec<u64> = content.ids.iter().map(|(id, _)| *id).collect();
            prop_assert_eq!(ours, ids);
            if !text.contains('"') {
                prop_assert_eq!(content.ids.len() + content.invalid.len(), rows);
            }
        }
    }

    #[test]
    fn any_bytes_are_read_or_refused(bytes: Vec<u8>, packed: bool) {
        let bytes = if packed { gzip(&bytes) } else { bytes };
        for delimiter in Delimiter::ALL {
            let _ = read_with(bytes.as_slice(), &numbered(1, delimiter));
            let _ = read_with(bytes.as_slice(), &spec("a", delimiter));
        }
    }
}
