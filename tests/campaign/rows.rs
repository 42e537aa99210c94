//! Rows that are damaged: each is in exactly one place of the sum, or the file is refused. A stranger
//! is never messaged because of a comma.

use deskcast::campaign::{AudienceReader, AudienceSpec, Block, Column, Condition};
use proptest::prelude::*;

/// What a file gives: ids taken, ids that `where` leaves out, and invalid rows by line.
#[derive(Debug, Default, PartialEq)]
struct Read {
    ids: Vec<u64>,
    filtered: Vec<u64>,
    invalid: Vec<(u64, String)>,
}

fn read_where(text: &str, conditions: &[(&str, &str)]) -> Result<Read, String> {
    let conditions = conditions.iter().map(|(column, value)| Condition {
        column: (*column).to_owned(),
        any_of: vec![(*value).to_owned()],
    });
    let spec = AudienceSpec {
        conditions: conditions.collect(),
        ..AudienceSpec::default()
    };
    read_as(text, &spec)
}

fn read_as(text: &str, spec: &AudienceSpec) -> Result<Read, String> {
    let mut reader =
        AudienceReader::new(text.as_bytes(), spec).map_err(|error| error.to_string())?;
    let (mut read, mut block) = (Read::default(), Block::default());
    while reader
        .next_block(&mut block)
        .map_err(|error| error.to_string())?
    {
        read.ids.extend(&block.ids);
        read.filtered.extend(&block.filtered);
        let invalid = block.invalid.drain(..);
        read.invalid
            .extend(invalid.map(|row| (row.line, row.why.to_string())));
    }
    Ok(read)
}

fn read(text: &str) -> Result<Read, String> {
    read_where(text, &[])
}

fn invalid(text: &str) -> Vec<u64> {
    let read = read(text).expect("it can be read");
    read.invalid.into_iter().map(|(line, _)| line).collect()
}

fn refusal(text: &str) -> String {
    read(text).expect_err("it is refused")
}

#[test]
fn a_row_with_more_fields_than_its_header_is_invalid() {
    // A comma in a name, and a separator of thousands.
    let shifted = read("name,age,customer_id\nHale, Rosa,45,200007\nXu,30,200014\n").expect("read");
    assert_eq!(shifted.ids, [200_014]);
    let [(2, why)] = shifted.invalid.as_slice() else {
        panic!("{shifted:?}")
    };
    assert!(
        why.contains("4 fields") && why.contains("header of 3"),
        "{why}"
    );
    assert_eq!(
        invalid("customer_id,name\n1,200,007\n200,014,Ada\n"),
        [2, 3]
    );
    assert_eq!(invalid("customer_id\n200,007\n200,014\n"), [2, 3]);
}

#[test]
fn extra_fields_that_are_empty_are_harmless() {
    assert_eq!(
        read("customer_id,name\n7,Ada,,\n8,Bob, ,\n")
            .expect("read")
            .ids,
        [7, 8]
    );
}

#[test]
fn cells_that_are_missing_at_the_end_and_not_used_are_harmless() {
    assert_eq!(
        read("customer_id,name,age\n7\n8,Ada\n").expect("read").ids,
        [7, 8]
    );
}

#[test]
fn without_a_header_the_first_row_decides() {
    let spec = AudienceSpec {
        column: Column::Number(1.try_into().expect("not 0")),
        ..AudienceSpec::default()
    };
    let read = read_as("7,Ada\n8,Lovelace, Ada\n9\n", &spec).expect("read");
    assert_eq!(read.ids, [7, 9]);
    assert_eq!(read.invalid.len(), 1);
}

#[test]
fn a_missing_cell_is_never_an_empty_cell() {
    let text = "customer_id,name,unsubscribed_on\n7,Ada,\n8,Bob,2026-01-01\n9,Cy\n";
    let read = read_where(text, &[("unsubscribed_on", "")]).expect("read");
    assert_eq!((read.ids, read.filtered), (vec![7], vec![8]));
    let [(4, why)] = read.invalid.as_slice() else {
        panic!("{:?}", read.invalid)
    };
    assert!(why.contains("`where`"), "{why}");
}

#[test]
fn separators_alone_are_a_blank_line() {
    assert_eq!(
        read("customer_id,name\n7,Ada\n,,\n, \t,\n\"\",\n")
            .expect("read")
            .ids,
        [7]
    );
}

#[test]
fn a_row_inside_another_row_refuses_the_file() {
    let text = "customer_id,note\n1,\"said: call\n2,moved\n3,the \"\"big\"\" site\"\n4,ok\n";
    let said = refusal(text);
    assert!(said.contains("line 2") && said.contains("line 3"), "{said}");
    // An address over two lines is none.
    let text = "customer_id,address\n1,\"12 Main St\nSpringfield, IL\"\n2,ok\n";
    assert_eq!(read(text).expect("read").ids, [1, 2]);
}

#[test]
fn a_last_row_that_broke_off_refuses_the_file() {
    for text in [
        "name,customer_id\nAda,200007\nBob,200014\nCy,2000",
        "name,customer_id\nAda,200007\nBob,200014\nCy",
        "customer_id\n200007\n200014\n20",
    ] {
        let said = refusal(text);
        assert!(said.contains("cut off"), "{text:?}: {said}");
    }
    // Whole rows are taken without a line end, too; and so is a short id whose line is ended.
    let whole = "name,customer_id\nAda,200007\nBob,200014";
    assert_eq!(read(whole).expect("read").ids, [200_007, 200_014]);
    assert_eq!(
        read("customer_id\n200007\n20\n").expect("read").ids,
        [200_007, 20]
    );
    assert_eq!(read("customer_id\n7").expect("read").ids, [7]);
}

/// A clean file of ids of six digits with names, and how it is damaged.
fn damaged() -> impl Strategy<Value = (Vec<u64>, usize, usize)> {
    (
        prop::collection::btree_set(100_000_u64..999_999, 3..40),
        0..16_usize,
        any::<prop::sample::Index>(),
    )
        .prop_map(|(ids, kind, at)| {
            let ids: Vec<u64> = ids.into_iter().collect();
            let at = at.index(ids.len() - 1);
            (ids, kind, at)
        })
}

proptest! {
    #[test]
    fn nobody_outside_of_the_clean_audience_is_ever_taken((ids, kind, at) in damaged()) {
        let mut lines: Vec<String> = ids.iter().map(|id| format!("{id},Ada,yes")).collect();
        let line = &mut lines[at];
        let id = ids[at];
        match kind {
            0 => *line = format!("{},{:03},Ada,yes", id / 1000, id % 1000),
            1 => *line = format!("{id},\"Ada,yes"),
            2 => *line = format!("{},Ada", id / 7),
            3 => *line = format!("x,{id},Ada,yes"),
            4 => *line = format!("{id}\u{a0},Ada,yes"),
            5 => *line = format!("\"{id},Ada,yes"),
            // What is in the row itself.
            6 => *line = format!("{}\u{200b}{},Ada,yes", id / 1000, id % 1000),
            7 => *line = format!("{};{:03};Ada;yes", id / 1000, id % 1000),
            8 => *line = format!("{}\u{0},Ada,yes", id / 10),
            9 => *line = format!("{id},\"Ada\nLovelace\",yes"),
            10 => *line = format!("{}.{},Ada,yes", id / 10, id % 10),
            // Or in the file around it.
            _ => {}
        }
        let mut text = format!("customer_id,name,opted_in\n{}\n", lines.join("\n"));
        match kind {
            // Cut off anywhere.
            11 => text.truncate(at * text.len() / ids.len()),
            // A line end that was lost, two files in one, other separators, and those said in the first line.
            12 => text = text.replacen(&format!("yes\n{}", ids[at + 1]), &format!("yes{}", ids[at + 1]), 1),
            13 => text = format!("{text}{text}"),
            14 => text = text.replace(',', ";"),
            15 => text = format!("\u{feff}sep=|\r\n{}", text.replace(',', "|")),
            _ => {}
        }
        if kind == 2 {
            // A short row is a broken one where `where` needs its last cell.
            text = text.replace(&format!("{},Ada,yes", ids[ids.len() - 1]), &format!("{}", ids[ids.len() - 1] / 1000));
            text.pop();
        }
        if let Ok(read) = read_where(&text, &[("opted_in", "yes")]) {
            for taken in read.ids {
                prop_assert!(ids.contains(&taken), "{taken} of {text}");
            }
        }
    }
}
