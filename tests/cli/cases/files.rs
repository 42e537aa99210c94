//! Files that are not what their names say, are not there in full, or went through other programs.

use std::io::Write as _;
use std::time::{Duration, SystemTime};

use flate2::Compression;
use flate2::write::GzEncoder;

use super::Case;
use crate::stage::scene::finish;

const PLAIN: &str = "customer_id,name\n300011,Ines\n300022,Jon\n";

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut archive = GzEncoder::new(Vec::new(), Compression::default());
    archive.write_all(bytes).unwrap();
    archive.finish().unwrap()
}

#[test]
fn a_file_that_changes_while_it_is_read_plans_nothing() {
    let case = Case::empty();
    let rows: String = (0..400_000)
        .map(|n| format!("P,{}\n", 2_000_000 + n))
        .collect();
    case.to("people.csv", "");
    // However long the start of a process takes, in one of these the file is being read.
    let mut refused = 0;
    for after in (0..60).map(|n| Duration::from_millis(3 * n)) {
        case.scene
            .write("people.csv", format!("name,customer_id\n{rows}"));
        let mut command =
            case.scene
                .deskcast(&["run", "c.toml", "--sandbox", "--dry-run", "--json"]);
        command.stdout(std::process::Stdio::piped());
        command.stderr(std::process::Stdio::piped());
        let running = command.spawn().unwrap();
        std::thread::sleep(after);
        let file = std::fs::File::options()
            .write(true)
            .open(case.scene.path("people.csv"));
        file.unwrap().set_len(2_000_012).unwrap();
        let ended = running.wait_with_output().unwrap();
        let said = String::from_utf8(ended.stderr).unwrap();
        match ended.status.code() {
            // It was cut before it was opened, in the middle of an id, or while it was read.
            Some(2) => {
                assert!(ended.stdout.is_empty());
                refused += u32::from(said.contains("was changed while it was read"));
            }
            // It was cut after it was read.
            Some(0) => {
                let object: serde_json::Value = serde_json::from_slice(&ended.stdout).unwrap();
                assert_eq!(object["customers"]["planned"], 400_000, "{object}");
            }
            code => panic!("{code:?}: {said}"),
        }
        if refused > 0 {
            return;
        }
    }
    panic!("it was never changed while it was read");
}

#[test]
fn a_file_that_was_changed_a_moment_ago_is_warned_of() {
    let case = Case::empty();
    case.scene.write("people.csv", PLAIN);
    case.to("people.csv", "").warns_of_nothing();
    let file = std::fs::File::options()
        .write(true)
        .open(case.scene.path("people.csv"));
    // On a busy machine a process may take longer to begin than a moment.
    let file = file.unwrap();
    for _ in 0..20 {
        file.set_modified(SystemTime::now()).unwrap();
        let object = case.object();
        if object["warnings"][0]["name"] == "fresh-file" {
            let said = object["warnings"][0]["sentence"].as_str().unwrap();
            assert!(said.starts_with("people.csv: was changed 0."), "{said}");
            return;
        }
    }
    panic!("it is not warned of");
}

#[test]
fn what_is_no_plain_file_is_refused() {
    let case = Case::empty();
    let made = std::process::Command::new("mkfifo")
        .arg(case.scene.path("people.csv"))
        .status();
    assert!(made.unwrap().success());
    for keys in ["", "sample = 1"] {
        case.to("people.csv", keys)
            .is_refused(&["people.csv", "is no plain file"]);
    }
}

#[test]
fn characters_that_nobody_sees_harm_nobody_in_headers_and_refuse_an_id() {
    let case = Case::of("invisible");
    case.to("two-marks.csv", "").plans(&[300_011, 300_022]);
    case.to("around-header.csv", "").plans(&[300_011]);
    case.to("inside-header.csv", "")
        .is_refused(&["\"customer\\u{200b}_id\"", "Did you mean"]);
    case.to("around-ids.csv", "").is_refused(&[
        "4 rows have no valid customer id",
        "line 3: \"\\u{200b}300022\"",
        "line 5: \"\\u{202a}300044\\u{202c}\"",
    ]);
    case.to("where.csv", "where = { opted_in = \"yes\" }")
        .plans(&[300_011, 300_022]);
    let filtered = case.object()["read"][0]["filtered"].clone();
    let nearly = filtered.as_array().unwrap().iter();
    let nearly: Vec<_> = nearly.map(|it| (&it["value"], &it["nearly"])).collect();
    assert!(
        nearly.iter().all(|(_, nearly)| **nearly == true),
        "{nearly:?}"
    );
    assert_eq!(nearly.len(), 2, "Yes and YES are named");
}

#[test]
fn a_first_line_that_names_the_separator_is_no_row() {
    let case = Case::of("sep-line");
    case.to("people.csv", "").plans(&[300_011, 300_022]);
    let files = "files = [\"people.csv\"]";
    case.campaign("delimiter = \";\"", files)
        .plans(&[300_011, 300_022]);
    case.campaign("delimiter = \",\"", files).is_refused(&[
        "people.csv: line 1: says that fields are separated by \";\", and delimiter = \",\" says otherwise",
    ]);
}

#[test]
fn a_file_of_another_kind_is_called_by_its_name() {
    let case = Case::of("no-csv");
    let mut tar = vec![0; 1024];
    tar[..10].copy_from_slice(b"people.csv");
    tar[257..262].copy_from_slice(b"ustar");
    let twice = [gzip(PLAIN.as_bytes()), gzip(b"300033,Kofi\n")].concat();
    let made: [(&str, &[u8]); 8] = [
        ("old.xls", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1\0\0\0\0"),
        ("people.tar.gz", &gzip(&tar)),
        ("list.csv.bz2", b"BZh91AY&SY\0\0"),
        ("list.csv.xz", b"\xfd7zXZ\0\0"),
        ("list.csv.zst", b"\x28\xb5\x2f\xfd\x04"),
        ("zip.csv", b"PK\x03\x04\x14\0\0\0people.csv"),
        (
            "wide.csv",
            b"c\0u\0s\0t\0o\0m\0e\0r\0_\0i\0d\0\n\x007\0\n\0",
        ),
        ("two.csv.gz", &twice),
    ];
    for (name, bytes) in made {
        case.scene.write(name, bytes);
    }
    for (file, kind) in [
        ("old.xls", "is an old Excel workbook (.xls)"),
        ("people.tar.gz", "is a tar archive"),
        ("list.csv.bz2", "is packed with bzip2"),
        ("list.csv.xz", "is packed with xz"),
        ("list.csv.zst", "is packed with zstd"),
        ("zip.csv", "is a zip archive"),
        ("wide.csv", "is UTF-16 text"),
        ("export.xls", "is a web page"),
        ("login.csv", "is a web page"),
        ("ids.jsonl", "is JSON"),
        ("lfs.csv", "is a pointer of Git LFS"),
        ("printed.csv", "is a table as a database prints it"),
        ("caret.csv", "The file seems to be separated by '^'"),
    ] {
        case.to(file, "").is_refused(&[&format!("{file}: "), kind]);
        let said = case.dry_run().err;
        assert!(!said.contains("Did you mean"), "{said}");
    }
    case.to("pipe.csv", "").plans(&[300_011]);
    case.to("two.csv.gz", "")
        .plans(&[300_011, 300_022, 300_033]);
}

#[test]
fn what_follows_a_gzip_archive_is_refused_unless_it_is_zeros() {
    let case = Case::empty();
    let archive = gzip(PLAIN.as_bytes());
    case.scene
        .write("padded.csv.gz", [&archive[..], &[0; 512]].concat());
    case.scene
        .write("tail.csv.gz", [&archive[..], b"garbage"].concat());
    case.scene.write("double.csv.gz", gzip(&archive));
    case.to("padded.csv.gz", "").plans(&[300_011, 300_022]);
    case.to("tail.csv.gz", "")
        .is_refused(&["the gzip archive ends here and is whole, but the file goes on"]);
    case.to("double.csv.gz", "")
        .is_refused(&["is packed with gzip twice"]);
}

#[test]
fn the_column_of_ids_is_there_once_and_otherwise_what_is_nearest_is_named() {
    let case = Case::of("headers");
    case.to("blank.csv", "").plans(&[300_011]);
    case.to("two-cases.csv", "").plans(&[300_011]);
    for (file, word) in [
        ("case.csv", "Did you mean \"Customer_ID\"?"),
        ("words.csv", "Did you mean \"Customer ID\"?"),
        ("camel.csv", "Did you mean \"CustomerId\"?"),
        ("quotes.csv", "Did you mean \"\\'customer_id\\'\"?"),
        ("twice.csv", "has 2 columns called \"customer_id\""),
        (
            "other.csv",
            "its columns are: \"Record ID\", \"Name\", \"Contact Id\"",
        ),
    ] {
        case.to(file, "").is_refused(&[&format!("{file}: "), word]);
    }
    case.to("where-twice.csv", "where = { status = \"active\" }")
        .is_refused(&["has 2 columns called \"status\""]);
}

#[test]
fn a_column_that_is_used_is_utf8_and_is_compared_in_its_composed_form() {
    let case = Case::of("code-page");
    let city = "where = { city = [\"Köln\", \"Bonn\"] }";
    case.to("people.csv", city).is_refused(&[
        "line 2: \"300011\" has a cell that `where` asks for and that is not UTF-8: save the file as UTF-8",
    ]);
    case.to("composed.csv", city).plans(&[300_011, 300_022]);
    let filtered = &case.object()["read"][0]["filtered"][0];
    assert_eq!(filtered["value"], "Kiel", "the values left out are named");
    let size = "where = { \"Größe\" = \"L\" }";
    case.to("header.csv", size)
        .is_refused(&["The header is not UTF-8 text: save the file as UTF-8"]);
    case.to("header-composed.csv", size).plans(&[300_011]);
}

#[test]
fn as_many_rows_as_an_export_has_at_most_are_warned_of() {
    let case = Case::empty();
    for rows in [2_000, 10_000, 65_535, 65_536, 1_048_575, 1_048_576] {
        let ids: String = (0..rows).map(|n| format!("{}\n", 2_000_000 + n)).collect();
        case.scene
            .write("people.csv", format!("customer_id\n{ids}"));
        case.to("people.csv", "");
        let object = case.object();
        let said = &object["warnings"][0];
        assert_eq!(said["name"], "cut-export", "{said}");
        let exactly = format!("people.csv: has exactly {rows} rows");
        assert!(said["sentence"].as_str().unwrap().starts_with(&exactly));
    }
    // A list is cut like any export.
    let ids: String = (0..2_000).map(|n| format!("{}\n", 2_000_000 + n)).collect();
    case.scene.write("stop.csv", format!("customer_id\n{ids}"));
    case.scene
        .write("people.csv", "customer_id\n2000000\n2003000\n");
    case.but_for("stop.csv", "").plans(&[2_003_000]);
    let said = case.warns("cut-export");
    assert!(
        said.starts_with("stop.csv: has exactly 2000 rows"),
        "{said}"
    );
}

#[test]
fn ids_that_a_spreadsheet_rounded_are_warned_of() {
    let case = Case::of("rounded-ids");
    case.to("people.csv", "");
    let said = case.warns("rounded-ids");
    let expected = "people.csv: all 5 ids of 16 digits or more end in 0";
    assert!(said.starts_with(expected), "{said}");
    case.to("exponents.csv", "")
        .is_refused(&["line 2: \"1.23E+08\"", "line 3: \"3.00022E+5\""]);
}

#[test]
fn ids_that_readers_of_json_round_are_there_as_texts() {
    let town = crate::town::Town::new(1, 10, "");
    let big = include_str!("../../cases/big-ids/people.csv");
    town.scene.write("campaigns/spring.csv", big);
    town.scene.run(&["run", "spring"]);
    let mut command = town
        .scene
        .deskcast(&["report", "spring", "--customers", "--json"]);
    command.env("NO_COLOR", "1");
    let ended = finish(command);
    for id in ["9007199254740993", "9223372036854775807"] {
        assert!(
            ended.out.contains(&format!("\"customer_id\":{id}")),
            "{ended:?}"
        );
        let text = format!("\"customer_id_text\":\"{id}\"");
        assert!(ended.out.contains(&text), "{ended:?}");
    }
    let manual = include_str!("../../../deploy/manual/scripts.md");
    assert!(manual.contains("9,007,199,254,740,992") && manual.contains("customer_id_text"));
}
