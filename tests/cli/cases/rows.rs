//! Rows of customer files that are not what they seem.

use super::Case;

#[test]
fn a_comma_in_a_name_makes_an_invalid_row_and_no_other_customer() {
    let case = Case::of("shifted-row");
    case.to("people.csv", "").is_refused(&[
        "people.csv: 1 row has no valid customer id",
        "line 3: \"15\" stands in a row of 4 fields under a header of 3",
    ]);
    case.campaign(
        "invalid_rows = \"skip\"",
        "files = [\"people.csv\"]\nwhere = { seats = [\"9\", \"Inc.\"] }",
    )
    .plans(&[300_033]);
}

#[test]
fn separators_of_thousands_make_an_invalid_row_and_no_other_customer() {
    let case = Case::of("thousands");
    case.to("people.csv", "").is_refused(&[
        "people.csv: 3 rows have no valid customer id",
        "line 2: \"300\" stands in a row of 3 fields under a header of 2",
        "line 4: \"1\" stands in a row of 4 fields under a header of 2",
    ]);
    case.to("quoted.csv", "").is_refused(&[
        "line 3: \"300,022\"",
        "whole number written in plain digits",
    ]);
}

#[test]
fn a_row_that_ends_before_a_column_of_where_is_invalid_and_never_empty_there() {
    let case = Case::of("short-row");
    let consent = "where = { unsubscribed_on = \"\" }";
    case.to("people.csv", consent).is_refused(&[
        "line 4: \"300033\" stands in a row that ends with field 2",
        "line 5: \"300044\" stands in a row that ends with field 1",
    ]);
    let files = format!("files = [\"people.csv\"]\n{consent}");
    case.campaign("invalid_rows = \"skip\"", &files)
        .plans(&[300_011]);
    // Missing cells that nobody asks for are common, and harmless.
    case.to("unused.csv", "")
        .plans(&[300_011, 300_022, 300_033]);
}

#[test]
fn a_row_of_empty_fields_is_a_blank_line() {
    let case = Case::of("blank-looking");
    case.to("people.csv", "").plans(&[300_011, 300_022]);
    case.to("no-break.csv", "").is_refused(&["line 3: "]);
}

#[test]
fn rows_that_two_stray_quotes_swallow_refuse_the_file() {
    let case = Case::of("swallowed-rows");
    for file in ["people.csv", "mac.csv"] {
        case.to(file, "").is_refused(&[
            &format!("{file}: line 3: the row that starts here spreads over"),
            "and line 4 inside it looks like a row of its own",
        ]);
    }
    case.to("after-quote.csv", "")
        .is_refused(&["line 2: the quotes of this row do not match"]);
}

#[test]
fn rows_over_several_lines_are_counted_with_the_first_of_them() {
    let case = Case::of("swallowed-rows");
    case.to("address.csv", "")
        .plans(&[300_011, 300_022, 300_033]);
    let said = case.warns("rows-over-lines");
    let expected = "address.csv: 2 rows spread over several lines, the first in line 2";
    assert!(said.starts_with(expected), "{said}");
    let read = &case.object()["read"][0];
    assert_eq!(
        (&read["rows_over_lines"], &read["rows"]),
        (&2.into(), &3.into())
    );
    assert_eq!(read["first_over_lines"], 2);
    let shown = case.scene.run(&["run", "c.toml", "--sandbox", "--dry-run"]);
    let line = "2 rows spread over several lines, the first in line 2";
    assert!(shown.out.contains(line), "{}", shown.out);
    let sent = case.scene.run(&["run", "c.toml", "--sandbox"]);
    assert_eq!(sent.code, Some(0), "{sent:?}");
    assert!(sent.err.contains("2 rows spread over"), "{}", sent.err);
}

#[test]
fn a_last_row_that_broke_off_refuses_the_file() {
    let case = Case::of("cut-off");
    case.to("last-id.csv", "").is_refused(&[
        "last-id.csv: line 4: the file may have been cut off in its last row",
        "an id of 4 characters, where those before it have 6",
    ]);
    let consent = "where = { opted_out = [\"\", \"no\"] }";
    case.to("last-cell.csv", consent).is_refused(&[
        "last-cell.csv: line 4: the file may have been cut off in its last row",
        "2 of 3 fields",
    ]);
    case.but_for("stop.csv", "")
        .is_refused(&["stop.csv: line 3: the file may have been cut off in its last row"]);
    case.to("whole.csv", "").plans(&[300_011, 300_022]);
}

#[test]
fn every_spelling_of_an_id_but_plain_digits_is_refused_with_its_line() {
    let case = Case::of("ids");
    let lines: Vec<String> = (2..=20).map(|line| format!("line {line}: ")).collect();
    let mut words: Vec<&str> = lines.iter().map(String::as_str).collect();
    words.push("19 rows have no valid customer id");
    case.to("people.csv", "").is_refused(&words);
    case.to("control-z.csv", "")
        .is_refused(&["control-z.csv: line 4: ", "an id of 1 characters"]);
    case.to("zeros.csv", "").is_refused(&["NUL characters"]);
    case.to("mark-and-quotes.csv", "").plans(&[300_011]);
    // What is not UTF-8 harms nobody where nobody asks for it.
    case.to("code-page.csv", "").plans(&[300_011, 300_022]);
}

#[test]
fn a_huge_field_or_header_is_refused_with_its_line() {
    let case = Case::empty();
    let field = "x".repeat(3 << 20);
    let text = format!("customer_id,note\n1,{field}\n2,y\n");
    case.scene.write("field.csv", text);
    case.to("field.csv", "")
        .is_refused(&["field.csv: line 2: the row that starts here is longer than 1 MiB"]);
    let columns: String = (0..400_000).map(|n| format!(",c{n}")).collect();
    let text = format!("customer_id{columns}\n1,2\n");
    case.scene.write("columns.csv", text);
    case.to("columns.csv", "")
        .is_refused(&["columns.csv: line 1: the row that starts here is longer than 1 MiB"]);
}
