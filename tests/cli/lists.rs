//! What is said of lists of people who are not to be messaged: nobody overlooks one that leaves
//! nobody out.

use std::time::{Duration, SystemTime};

use serde_json::json;

use crate::stage::scene::Scene;
use crate::town::Town;

/// When the lists of these tests were changed: 2026-11-20T09:00:00Z.
const CHANGED: u64 = 1_795_165_200;

/// A campaign to customers 1 to 6, and three lists of whom two have somebody of them.
fn with_lists() -> Town {
    let town = Town::new(6, 4, "");
    let text = "message = \"Hi\"\ngroup = \"vip-support\"\n[customers]\nfiles = [\"spring.csv\"]\n\
                exclude = [\"left.csv\", \"moved.csv\", \"other.csv\"]\n";
    town.scene.write("campaigns/spring.toml", text);
    list(&town.scene, "left.csv", "customer_id\n2\n3\n900\n3\n");
    list(&town.scene, "moved.csv", "customer_id\n3\n4\n");
    list(
        &town.scene,
        "other.csv",
        "customer_id\n70000001\n70000002\n",
    );
    town
}

fn list(scene: &Scene, name: &str, text: &str) {
    let path = format!("campaigns/{name}");
    scene.write(&path, text);
    let file = std::fs::File::options().write(true).open(scene.path(&path));
    let changed = SystemTime::UNIX_EPOCH + Duration::from_secs(CHANGED);
    file.unwrap().set_modified(changed).unwrap();
}

fn lists_of_the_object() -> serde_json::Value {
    let changed_at = "2026-11-20T09:00:00Z";
    json!([
        {"list": "left.csv", "entries": 3, "changed_at": changed_at, "left_out": 2, "on_earlier_list": 0,
         "of_nobody": 1},
        {"list": "moved.csv", "entries": 2, "changed_at": changed_at, "left_out": 1, "on_earlier_list": 1,
         "of_nobody": 0},
        {"list": "other.csv", "entries": 2, "changed_at": changed_at, "left_out": 0, "on_earlier_list": 0,
         "of_nobody": 2},
    ])
}

/// The lines that are about lists, without how old they are.
fn about_lists(text: &str) -> String {
    let mut lines = Vec::new();
    for line in text.lines().skip_while(|line| !line.starts_with("List")) {
        let line = line.split(", 0.").next().unwrap();
        let line = match line.find("Z, ") {
            Some(at) if line.ends_with(" before") => format!("{}Z, [age] before", &line[..at]),
            _ => line.to_owned(),
        };
        if line.starts_with("List ") || line.starts_with("List:") || line.contains("  changed ") {
            assert!(line.chars().count() <= 80, "{line}");
            lines.push(line);
        }
    }
    lines.join("\n")
}

#[test]
fn a_dry_run_names_each_list_with_its_entries_its_age_and_whom_it_left_out() {
    let town = with_lists();
    let ended = town.scene.run(&["run", "spring", "--dry-run"]);
    assert_eq!(ended.code, Some(0), "{ended:?}");
    insta::assert_snapshot!(about_lists(&ended.out));
    let object = town.scene.run(&["run", "spring", "--dry-run", "--json"]);
    assert_eq!(object.json()["lists"], lists_of_the_object());
}

#[test]
fn a_list_of_nobody_in_the_audience_is_warned_of_by_name() {
    let town = with_lists();
    let object = town
        .scene
        .run(&["run", "spring", "--dry-run", "--json"])
        .json();
    let warnings = object["warnings"].as_array().unwrap();
    let about: Vec<&str> = warnings
        .iter()
        .filter(|it| it["name"] == "unmatched-list")
        .map(|it| it["sentence"].as_str().unwrap())
        .collect();
    assert_eq!(about.len(), 1, "{warnings:?}");
    assert!(about[0].starts_with("other.csv: all of its 2 entries"));
    let strict = town.scene.run(&["run", "spring", "--strict"]);
    assert_eq!(strict.code, Some(2), "{strict:?}");
    assert!(strict.err.contains("[unmatched-list]"), "{strict:?}");
    assert_eq!(town.messaged(), 0);
    let file = "campaigns/spring.toml";
    let text = std::fs::read_to_string(town.scene.path(file)).unwrap();
    town.scene
        .write(file, format!("allow = [\"unmatched-list\"]\n{text}"));
    let object = town
        .scene
        .run(&["run", "spring", "--strict", "--dry-run", "--json"]);
    assert_eq!(object.json().get("warnings"), None);
}

#[test]
fn a_list_of_those_whom_where_leaves_out_as_well_is_no_reason_to_warn() {
    let town = Town::new(2, 4, "");
    let text = "message = \"Hi\"\ngroup = \"vip-support\"\n[customers]\nfiles = [\"spring.csv\"]\n\
                exclude = [\"left.csv\"]\nwhere = { wants = \"yes\" }\n";
    town.scene.write("campaigns/spring.toml", text);
    town.scene
        .write("campaigns/spring.csv", "customer_id,wants\n1,yes\n2,no\n");
    list(&town.scene, "left.csv", "2\n");
    let object = town
        .scene
        .run(&["run", "spring", "--dry-run", "--json"])
        .json();
    assert_eq!(object.get("warnings"), None, "{object}");
    assert_eq!(object["lists"][0]["of_nobody"], 1);
}

#[test]
fn what_became_of_a_run_tells_its_lists_as_they_were() {
    let town = with_lists();
    let ended = town.scene.run(&["run", "spring", "--json"]);
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert_eq!(ended.json()["lists"], lists_of_the_object());
    let key = ended.json()["run"].as_str().unwrap().to_owned();
    // What is said is what was read, whatever became of the files.
    for name in ["left.csv", "moved.csv", "other.csv"] {
        std::fs::remove_file(town.scene.path(&format!("campaigns/{name}"))).unwrap();
    }
    let report = town.scene.run(&["report", &key]);
    insta::assert_snapshot!(about_lists(&report.out));
    let object = town.scene.run(&["report", &key, "--json"]).json();
    assert_eq!(object["runs"][0]["lists"], lists_of_the_object());
    let why = town.scene.run(&["why", "4"]);
    let said = "  Outcome   excluded: suppressed by moved.csv, line 5\n            a list of 2 entries, changed \
                2026-11-20T09:00:00Z\n";
    assert!(why.out.contains(said), "{why:?}");
    let why = town.scene.run(&["why", "4", "--json"]).json();
    let left_out = json!([{"file": "spring.csv", "line": 5, "reason": "suppressed", "detail": "moved.csv",
                           "entries": 2, "changed_at": "2026-11-20T09:00:00Z"}]);
    assert_eq!(why["runs"][0]["left_out"], left_out);
}
