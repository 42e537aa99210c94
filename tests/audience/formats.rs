//! Files as they come: each with a delimiter, a spelling and a format of its own, and nobody messaged
//! because of it.

use crate::workbook::{Sheet, ods, ods_row, rows, xlsx};
use crate::world::{World, day, set};

#[test]
fn each_file_and_each_list_has_a_delimiter_of_its_own() {
    let mut world = World::new();
    let lines = "[customers]\nfiles = [\"a.csv\", \"b.csv\"]\nexclude = [\"stop.csv\"]\nwhere = { city = \"Bonn\" }\n";
    world.campaign("spring", lines);
    world.write("a.csv", "customer_id;city\n1;Bonn\n2;Bonn\n3;Köln\n");
    world.write("b.csv", "sep=|\ncity|customer_id\nBonn|4\nBonn|5\n");
    world.write("stop.csv", "name,customer_id\nAda,2\n");
    world.write("never.tsv", "customer_id\tsince\n5\t2026\n");
    world.suppress = vec![world.folder.path().join("never.tsv")];
    assert_eq!(world.send("spring", day(0)), set([1, 4]));
}

#[test]
fn a_stated_delimiter_is_that_of_the_customers_and_lists_keep_theirs() {
    let mut world = World::new();
    let lines = "delimiter = \";\"\n[customers]\nfiles = [\"a.csv\"]\nexclude = [\"stop.csv\", \"both.csv\"]\n";
    world.campaign("spring", lines);
    world.write("a.csv", "customer_id;x,customer_id\n1;,7\n2;,7\n3;,7\n");
    world.write("stop.csv", "name,customer_id\nAda,2\n");
    // What shows two is read as the campaign says.
    world.write("both.csv", "customer_id;x,customer_id\n3;,1\n");
    assert_eq!(world.send("spring", day(0)), set([1]));
}

#[test]
fn a_list_that_shows_two_delimiters_is_refused_by_its_name() {
    let mut world = World::new();
    let lines = "[customers]\nfiles = [\"a.csv\"]\nexclude = [\"stop.csv\"]\n";
    world.campaign("spring", lines);
    world.ids("a.csv", [1, 2]);
    world.write("stop.csv", "customer_id;x,customer_id\n2;,1\n");
    let error = world.try_plan("spring", day(0)).unwrap_err().to_string();
    assert!(error.contains("stop.csv: line 1"), "{error}");
    assert!(error.contains("sep=,"), "{error}");
}

#[test]
fn where_and_headers_are_the_same_in_every_spelling() {
    let mut world = World::new();
    // The campaign as a text editor has it, the file as macOS and a web page had it.
    let lines = "[customers]\nfiles = [\"a.csv\"]\nwhere = { \"Gr\u{f6}\u{df}e\" = [\"K\u{f6}ln\u{a0}\", \"yes\"] }\n";
    world.campaign("spring", lines);
    let text = "\u{200b}customer_id\u{a0};\u{2060}Gro\u{308}\u{df}e\n1;Ko\u{308}ln\n2;\u{feff}K\u{f6}ln\u{200e}\n\
                3;yes\u{a0}\n4;Koln\n5;Yes\n6;\"yes\n\"\n";
    world.write("a.csv", text);
    assert_eq!(world.send("spring", day(0)), set([1, 2, 3, 6]));
}

#[test]
fn a_column_that_is_used_is_utf8() {
    let mut world = World::new();
    let lines = "[customers]\nfiles = [\"a.csv\"]\nwhere = { city = \"K\u{f6}ln\" }\n";
    world.campaign("spring", lines);
    let path = world.folder.path().join("a.csv");
    std::fs::write(
        &path,
        b"customer_id,city,name\n1,K\xf6ln,\n2,Bonn,J\xf6rg\n",
    )
    .unwrap();
    let error = world.try_plan("spring", day(0)).unwrap_err().to_string();
    assert!(error.contains("1 row has no valid customer id"), "{error}");
    assert!(
        error.contains("line 2") && error.contains("not UTF-8"),
        "{error}"
    );
    std::fs::write(&path, b"customer_id,st\xe4dt\n1,Bonn\n").unwrap();
    let error = world.try_plan("spring", day(0)).unwrap_err().to_string();
    assert!(error.contains("The header is not UTF-8"), "{error}");
    // Nobody asks for the name.
    std::fs::write(&path, b"customer_id,city,name\n1,K\xc3\xb6ln,J\xf6rg\n").unwrap();
    assert_eq!(world.send("spring", day(0)), set([1]));
}

#[test]
fn customers_and_lists_come_from_spreadsheets_by_content_and_not_by_name() {
    let mut world = World::new();
    let lines = "sheet = \"Spring\"\n[customers]\nfiles = [\"a.xlsx\", \"b.csv\"]\nexclude = [\"stop.ods\", \"moved.csv\"]\n\
                 where = { city = \"Bonn\" }\n";
    world.campaign("spring", lines);
    let spring = rows(&[
        &["customer_id", "city"],
        &["1", "Bonn"],
        &["'2", "Bonn"],
        &["3", "Ulm"],
        &["4", "Bonn"],
    ]);
    let old = rows(&[&["customer_id", "city"], &["9", "Bonn"]]);
    let bytes = |file: &str, bytes: Vec<u8>| {
        std::fs::write(world.folder.path().join(file), bytes).unwrap();
    };
    bytes(
        "a.xlsx",
        xlsx(&[Sheet::new("Old", &old), Sheet::new("Spring", &spring)]),
    );
    bytes("b.csv", b"customer_id,city\n5,Bonn\n6,Bonn\n".to_vec());
    // Neither list has a sheet of that name, and each has only one.
    let stop = ods_row("", &["customer_id", "since"]) + &ods_row("", &["2", "@2026-01-01"]);
    bytes("stop.ods", ods("Sheet1", &stop));
    bytes(
        "moved.csv",
        xlsx(&[Sheet::new("Export", &rows(&[&["customer_id"], &["6"]]))]),
    );
    assert_eq!(world.send("spring", day(0)), set([1, 4, 5]));
}

#[test]
fn a_list_in_a_spreadsheet_is_read_in_full_or_not_at_all() {
    let mut world = World::new();
    world.campaign(
        "spring",
        "[customers]\nfiles = [\"a.csv\"]\nexclude = [\"stop.xlsx\"]\n",
    );
    world.ids("a.csv", [200_007, 200_014]);
    let refusals = [
        (
            rows(&[&["customer_id"], &["200007"], &["@46353"]]),
            "(cell A3) is a date",
        ),
        (
            rows(&[&["customer_id"], &["9007199254740990"]]),
            "more than 15 digits",
        ),
        (rows(&[&["customer_id"]]), "has nobody in it"),
        (
            rows(&[&["customer_id"], &["200007"]])
                .replace("<row r=\"2\">", "<row r=\"2\" hidden=\"1\">"),
            "row 2 is hidden",
        ),
    ];
    for (list, said) in refusals {
        let book = xlsx(&[Sheet::new("Sheet1", &list)]);
        std::fs::write(world.folder.path().join("stop.xlsx"), book).unwrap();
        let error = world.try_plan("spring", day(0)).unwrap_err().to_string();
        assert!(
            error.contains("stop.xlsx: ") && error.contains(said),
            "{error}"
        );
    }
}
