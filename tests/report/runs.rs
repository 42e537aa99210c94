//! The list of runs and the report.

use crate::world::{BEFORE, WELCOME, World};

#[test]
fn the_list_shows_every_run_the_latest_first_and_who_is_not_in_desk() {
    let list = World::with_everything().printed(&["runs"]);
    assert!(
        list.lines().all(|line| line.chars().count() <= 80),
        "{list}"
    );
    insta::assert_snapshot!(list);
}

#[test]
fn a_list_can_be_of_one_campaign_and_of_the_latest_only() {
    let world = World::with_everything();
    let keys = |arguments: &[&str]| -> Vec<String> {
        let csv = world.printed(arguments);
        let rows = csv.lines().skip(1);
        rows.filter_map(|row| Some(row.split_once(',')?.0.to_owned()))
            .collect()
    };
    assert_eq!(
        keys(&["runs", "welcome", "--format", "csv"]),
        [WELCOME, BEFORE]
    );
    assert_eq!(
        keys(&["runs", "--format", "csv", "--limit", "1"]),
        [WELCOME]
    );
    assert_eq!(keys(&["runs", "--format", "csv", "--limit", "0"]), [""; 0]);
}

#[test]
fn the_list_is_json_for_scripts() {
    let world = World::with_everything();
    let printed = world.printed(&["runs", "--json"]);
    assert_eq!(printed, world.printed(&["runs", "--format", "json"]));
    let runs: serde_json::Value = serde_json::from_str(&printed).expect("JSON");
    insta::assert_snapshot!(format!("{runs:#}"));
}

#[test]
fn the_report_has_rates_and_a_total() {
    let report = World::with_everything().printed(&["report"]);
    assert!(
        report.lines().all(|line| line.chars().count() <= 80),
        "{report}"
    );
    insta::assert_snapshot!(report);
}

#[test]
fn the_report_of_one_run_tells_it_in_full() {
    let report = World::with_everything().printed(&["report", WELCOME]);
    assert!(
        report.lines().all(|line| line.chars().count() <= 80),
        "{report}"
    );
    insta::assert_snapshot!(report);
}

#[test]
fn a_run_whose_chats_are_closed_needs_no_more_reading() {
    let report = World::with_everything().printed(&["report", BEFORE]);
    assert!(
        report.ends_with("\nChats last read 2026-11-20T10:00:00Z, all closed\n"),
        "{report}"
    );
}

#[test]
fn the_report_is_one_json_document_with_a_total() {
    let printed = World::with_everything().printed(&["report", "welcome", "--format", "json"]);
    assert_eq!(printed.lines().count(), 1);
    let report: serde_json::Value = serde_json::from_str(&printed).expect("JSON");
    assert_eq!(report["runs"].as_array().map(Vec::len), Some(2));
    assert_eq!(report["runs"][0]["rates"]["responded_percent"], 25.0);
    insta::assert_snapshot!(format!("{:#}", report["total"]));
}

#[test]
fn the_report_as_csv_has_a_row_for_each_run_and_no_total() {
    insta::assert_snapshot!(World::with_everything().printed(&["report", "--format", "csv"]));
}

#[test]
fn a_store_without_runs_says_so() {
    let world = World::empty();
    drop(world.journal());
    assert_eq!(world.printed(&["runs"]), "There are no runs yet.\n");
    assert_eq!(world.printed(&["report"]), "There are no runs yet.\n");
    assert_eq!(world.printed(&["runs", "--json"]), "[]\n");
}
