//! What a dry run and a check say of the files that were read: the wrong file is seen by whoever
//! looks.

use std::time::{Duration, SystemTime};

use serde_json::json;

use crate::stage::scene::Scene;

/// A campaign with a packed file, a second one, a list, and a text in a file; most rows are left out.
fn scene() -> Scene {
    let scene = Scene::new("http://127.0.0.1:1/platform/v1");
    scene.write(
        "campaigns/spring.toml",
        "message_file = \"spring.txt\"\ngroup = \"vip-support\"\n[customers]\n\
         files = [\"spring.csv\", \"more.csv\"]\nexclude = [\"left.csv\"]\nwhere = { wants = \"yes\" }\n",
    );
    let rows = "200007,Ada,yes\n200014,Bob,Yes\n200021,Köln,no\n200028,Eve,no\n200035,Dan,\n200042,Ann,yes\n";
    file(
        &scene,
        "spring.csv",
        &format!("customer_id,name,wants\n{rows}"),
    );
    file(&scene, "more.csv", "customer_id;wants\n300001;yes\n");
    file(&scene, "left.csv", "\u{feff}customer_id\r\n300001\r\n");
    file(&scene, "spring.txt", "Grüße\n");
    scene
}

fn file(scene: &Scene, name: &str, text: &str) {
    let path = format!("campaigns/{name}");
    scene.write(&path, text);
    let file = std::fs::File::options().write(true).open(scene.path(&path));
    let changed = SystemTime::UNIX_EPOCH + Duration::from_secs(1_795_165_200);
    file.unwrap().set_modified(changed).unwrap();
}

/// The part of a text that is about what was read.
fn about_files(text: &str) -> String {
    let lines = text
        .lines()
        .skip_while(|line| !line.trim_start().starts_with("Read "));
    let mut shown = Vec::new();
    for line in lines {
        let goes_on = line.starts_with("            ") || line.trim_start().starts_with("Read ");
        if !goes_on {
            break;
        }
        assert!(line.chars().count() <= 80, "{line}");
        shown.push(line);
    }
    shown.join("\n")
}

#[test]
fn a_dry_run_shows_what_was_read_of_each_file() {
    let scene = scene();
    let ended = scene.run(&["run", "spring", "--dry-run"]);
    assert_eq!(ended.code, Some(0), "{ended:?}");
    insta::assert_snapshot!(about_files(&ended.out));
}

#[test]
fn the_object_of_a_dry_run_has_what_was_read() {
    let scene = scene();
    let object = scene.run(&["run", "spring", "--dry-run", "--json"]).json();
    let read = object["read"].as_array().unwrap();
    let files: Vec<&str> = read.iter().map(|it| it["file"].as_str().unwrap()).collect();
    assert_eq!(files, ["spring.csv", "more.csv", "left.csv", "spring.txt"]);
    let spring = json!({
        "file": "spring.csv", "role": "customers", "kind": "CSV", "encoding": "UTF-8", "delimiter": ",", "rows": 6,
        "bytes": 110, "changed_at": "2026-11-20T09:00:00Z", "columns": ["customer_id", "wants"],
        "first_rows": [["200007", "yes"], ["200014", "Yes"], ["200021", "no"]],
        "rows_over_lines": 0, "first_over_lines": null,
        "smallest_id": 200_007, "largest_id": 200_042,
        "filtered": [
            {"column": "wants", "value": "Yes", "rows": 1, "nearly": true},
            {"column": "wants", "value": "no", "rows": 2, "nearly": false},
            {"column": "wants", "value": "", "rows": 1, "nearly": false},
        ],
    });
    assert_eq!(read[0], spring);
    assert_eq!(read[3]["kind"], "text");
    assert_eq!(read[3]["rows"], json!(null));
}

#[test]
fn a_check_reads_every_row_and_says_what_a_run_would_refuse() {
    let scene = scene();
    let rows: String = (300_001..320_000).map(|id| format!("{id};yes\n")).collect();
    let more = format!("customer_id;wants\n{rows}");
    file(&scene, "more.csv", &more);
    let ended = scene.run(&["check", "spring", "--json"]);
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert_eq!(ended.json()["campaigns"][0]["read"][1]["rows"], 19_999);
    // Behind the last of many rows.
    file(&scene, "more.csv", &format!("{more}32000;yes\n12.0;yes\n"));
    let dry_run = scene.run(&["run", "spring", "--dry-run"]);
    let ended = scene.run(&["check"]);
    assert_eq!((dry_run.code, ended.code), (Some(2), Some(2)), "{ended:?}");
    for words in ["1 row has no valid customer id", "line 20002: \"12.0\""] {
        assert!(
            ended.out.contains(words) && dry_run.err.contains(words),
            "{ended:?}"
        );
    }
    let quick = scene.run(&["check", "--quick"]);
    assert_eq!(quick.code, Some(0), "{quick:?}");
    // What is only warned of has its name.
    file(&scene, "more.csv", &format!("{more}32;yes\n"));
    let object = scene.run(&["check", "--json"]).json();
    let warnings = object["campaigns"][0]["warnings"].to_string();
    assert!(warnings.contains("short-ids"), "{warnings}");
    assert_eq!(scene.run(&["check", "--strict"]).code, Some(2));
    // And so for lists, which are read in full or not at all.
    file(&scene, "more.csv", &more);
    let left: String = (300_001..320_000).map(|id| format!("{id}\n")).collect();
    file(&scene, "left.csv", &format!("customer_id\n{left}12.0\n"));
    let ended = scene.run(&["check"]);
    assert_eq!(ended.code, Some(2), "{ended:?}");
    assert!(ended.out.contains("left.csv: line 20001"), "{ended:?}");
}

#[test]
fn a_quick_check_shows_the_beginning_of_files_and_one_of_a_folder_does_not() {
    let scene = scene();
    let rows: String = (300_001..320_000).map(|id| format!("{id};yes\n")).collect();
    file(&scene, "more.csv", &format!("customer_id;wants\n{rows}"));
    let ended = scene.run(&["check", "spring", "--quick"]);
    assert_eq!(ended.code, Some(0), "{ended:?}");
    insta::assert_snapshot!(about_files(&ended.out));
    let ended = scene.run(&["check"]);
    assert_eq!(about_files(&ended.out), "");
    let object = scene.run(&["check", "--quick", "--json"]).json();
    let read = &object["campaigns"][0]["read"];
    assert_eq!(read[0]["rows"], 6);
    assert_eq!(read[1]["rows"], json!(null), "it was not read to its end");
}
