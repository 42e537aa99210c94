//! Customer files that are no plain CSV, from the file to the people who are messaged.

use crate::town::Town;
use crate::workbook::{Sheet, ods, ods_row, rows, xlsx};

#[test]
fn a_spreadsheet_is_sent_to_as_it_is() {
    let town = Town::new(4, 2, "");
    let table = rows(&[
        &["name", "customer_id"],
        &["Ada", "1"],
        &["Bob", "'2"],
        &["", ""],
        &["Cy", "3"],
        &["Di", "4"],
    ]);
    let book = xlsx(&[Sheet::new("People", &table)]);
    town.scene.write("campaigns/spring.csv", book);
    let ended = town.scene.run(&["run", "spring"]);
    assert_eq!(ended.code, Some(0), "{ended:?}");
    town.must_have(4, 0, 0, 0);
}

#[test]
fn an_open_document_is_sent_to_as_it_is() {
    let town = Town::new(3, 2, "");
    let table: String = [
        ["customer_id", "since"],
        ["1", "@2026-01-01"],
        ["2", ""],
        ["'3", "@2026-01-02"],
    ]
    .iter()
    .map(|cells| ods_row("", cells))
    .collect();
    town.scene
        .write("campaigns/spring.csv", ods("People", &table));
    let ended = town.scene.run(&["run", "spring"]);
    assert_eq!(ended.code, Some(0), "{ended:?}");
    town.must_have(3, 0, 0, 0);
}

#[test]
fn a_spreadsheet_with_a_doubtful_cell_or_a_hidden_row_sends_nothing() {
    let table = rows(&[&["name", "customer_id"], &["Ada", "1"], &["Bob", "@46353"]]);
    let hidden = table
        .replace("@46353", "2")
        .replace("<row r=\"3\">", "<row r=\"3\" hidden=\"1\">");
    for (table, said) in [(table, "(cell B3) is a date"), (hidden, "row 3 is hidden")] {
        let town = Town::new(3, 2, "");
        town.scene.write(
            "campaigns/spring.csv",
            xlsx(&[Sheet::new("People", &table)]),
        );
        let ended = town.scene.run(&["run", "spring"]);
        assert_eq!((ended.code, ended.out.as_str()), (Some(2), ""), "{ended:?}");
        assert!(
            ended.err.contains("spring.csv: ") && ended.err.contains(said),
            "{}",
            ended.err
        );
        assert_eq!(town.messaged(), 0);
    }
}

#[test]
fn an_export_with_its_separator_in_the_first_line_is_sent_to() {
    let town = Town::new(3, 2, "");
    let export = "\u{feff}sep=;\r\nname;customer_id\r\nKo\u{308}nig;1\r\nBob;2\r\nCy;3\r\n";
    town.scene.write("campaigns/spring.csv", export);
    let ended = town.scene.run(&["run", "spring"]);
    assert_eq!(ended.code, Some(0), "{ended:?}");
    town.must_have(3, 0, 0, 0);
}
