//! What separates the fields of a file: what it says, what it shows, or what was stated; never a guess
//! between two.

use std::io::{self, Read};

use deskcast::campaign::{AudienceReader, AudienceSpec, Block, Column, Delimiter};

use crate::audience::gzip;

/// The ids of a file, and the lines of its invalid rows.
fn read(
    text: &str,
    column: Column,
    stated: Option<Delimiter>,
) -> Result<(Vec<u64>, Vec<u64>), String> {
    read_from(text.as_bytes(), column, stated)
}

fn read_from(
    input: impl Read,
    column: Column,
    stated: Option<Delimiter>,
) -> Result<(Vec<u64>, Vec<u64>), String> {
    let spec = AudienceSpec {
        column,
        delimiter: stated,
        sheet: None,
        conditions: Vec::new(),
    };
    let said = |error: deskcast::campaign::AudienceError| error.to_string();
    let mut reader = AudienceReader::new(input, &spec).map_err(said)?;
    let (mut ids, mut invalid, mut block) = (Vec::new(), Vec::new(), Block::default());
    while reader.next_block(&mut block).map_err(said)? {
        ids.extend(&block.ids);
        invalid.extend(block.invalid.iter().map(|row| row.line));
    }
    Ok((ids, invalid))
}

fn ids(text: &str) -> Vec<u64> {
    let (ids, invalid) = read(text, Column::default(), None).expect("a good file");
    assert_eq!(invalid, [0; 0], "{text:?}");
    ids
}

fn refusal(text: &str, stated: Option<Delimiter>) -> String {
    read(text, Column::default(), stated).expect_err("it is refused")
}

/// A disk that fails once behind this text, and then says that the file ends there.
struct FailsOnce<'a>(&'a [u8], bool);

impl Read for FailsOnce<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self.0.read(buffer)? {
            0 if !std::mem::replace(&mut self.1, true) => Err(io::Error::other("a bad sector")),
            read => Ok(read),
        }
    }
}

#[test]
fn what_a_look_ahead_met_is_not_forgotten_when_the_rows_are_read() {
    // Separated by tabs, the first row has a quote that is open to the end of the file: whoever tries
    // that meets what is behind it.
    let text = "customer_id,name\t\"x\n7,Ada\n8,Bob\n";
    for column in [Column::default(), Column::first()] {
        let failed = read_from(FailsOnce(text.as_bytes(), false), column, None);
        assert!(failed.is_err_and(|why| why.contains("a bad sector")));
    }
    let mut packed = gzip(text.as_bytes());
    let check = packed.len() - 8;
    packed[check] ^= 1;
    let failed = read_from(&packed[..], Column::default(), None);
    assert!(failed.is_err_and(|why| why.contains("unpacked")));
}

#[test]
fn the_delimiter_is_the_one_that_shows_the_column_in_the_header() {
    for delimiter in Delimiter::ALL {
        let sign = char::from(delimiter.as_byte()).to_string();
        for text in [
            "customer_id~name\n7~Ada\n8~Bob\n",
            "name~customer_id\nAda~7\nBob~8\n",
            "~~~\r\n\r\n\"a, b; c|d\"~customer_id~\"x\ty\"\r\n~7\r\n~8~z\r\n",
        ] {
            assert_eq!(ids(&text.replace('~', &sign)), [7, 8], "{sign:?}");
        }
    }
    assert_eq!(ids("customer_id\n7\n8\n"), [7, 8]);
    assert_eq!(
        ids("a;b,customer_id,c;d\n;,7,;\n"),
        [7],
        "only the comma shows it"
    );
    // A header that is longer than one read, and one that spreads over lines.
    let long = "x".repeat(9_000);
    assert_eq!(
        ids(&format!("{long};\"two\nlines\";customer_id\n;;7\n")),
        [7]
    );
}

#[test]
fn where_two_delimiters_fit_none_is_taken() {
    let both = "customer_id;x,customer_id\n7;,8\n";
    insta::assert_snapshot!(refusal(both, None), @r#"line 1: this row can be read in more than one way, separated by "," or by ";": say what is meant by delimiter = "," in the campaign, or by a first line of the file: sep=,"#);
    let stated = read(both, Column::default(), Some(Delimiter::Semicolon));
    assert_eq!(stated, Ok((vec![7], vec![])));
    assert_eq!(ids(&format!("sep=;\n{both}")), [7]);
}

#[test]
fn without_a_header_the_delimiter_is_the_one_that_shows_an_id() {
    let first = |text: &str| read(text, Column::first(), None);
    assert_eq!(first("7;Ada\n8;Bob\n"), Ok((vec![7, 8], vec![])));
    assert_eq!(first("7|1,5\n8|2,5\n"), Ok((vec![7, 8], vec![])));
    assert_eq!(first("7\n8\n"), Ok((vec![7, 8], vec![])));
    // A number with separators of thousands is nobody's id, and not two fields either.
    for text in ["200,007\n200,014\n", "200,007;Rosa\n200,014;Olga\n"] {
        let said = first(text).expect_err("nobody can say");
        assert!(said.contains("more than one way"), "{text}: {said}");
    }
}

#[test]
fn a_first_line_that_names_the_separator_is_no_row() {
    assert_eq!(ids("sep=;\r\ncustomer_id;name\r\n7;Ada\r\n"), [7]);
    assert_eq!(ids("\u{feff}SEP=,\ncustomer_id,name\n7,Ada\n"), [7]);
    assert_eq!(ids("\"sep=|\"\ncustomer_id|name\n7|Ada\n"), [7]);
    assert_eq!(ids("sep=\t\ncustomer_id\tname\n7\tAda\n"), [7]);
    let numbered = read("sep=;\n7;Ada\nx;Bob\n", Column::first(), None);
    assert_eq!(
        numbered,
        Ok((vec![7], vec![3])),
        "lines are those of the file"
    );
    insta::assert_snapshot!(refusal("sep=:\ncustomer_id:name\n7:Ada\n", None), @r#"line 1: says that fields are separated by ":": save it with one of , ; | or a tab between them"#);
    insta::assert_snapshot!(refusal("sep=;\ncustomer_id;name\n", Some(Delimiter::Comma)), @r#"line 1: says that fields are separated by ";", and delimiter = "," says otherwise: correct one of the two, or leave the delimiter out"#);
}

#[test]
fn a_stated_delimiter_wins_and_a_wrong_one_is_said() {
    let said = refusal("customer_id;name\n7;Ada\n", Some(Delimiter::Comma));
    assert!(said.contains("separated by semicolons"), "{said}");
    assert!(said.contains("leave it out"), "{said}");
}

#[test]
fn a_column_that_was_not_separated_is_never_offered() {
    for text in ["customer_id:name\n7:Ada\n", "name^customer_id\nAda^7\n"] {
        let said = refusal(text, None);
        assert!(!said.contains("Did you mean"), "{said}");
        assert!(said.contains("one of , ; | or a tab"), "{said}");
    }
}
