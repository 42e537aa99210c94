//! Files that can be read and are probably not meant: warned of by name, and silent where they are
//! ordinary.

use serde_json::Value;

use crate::town::Town;

/// The names of the warnings of a dry run of `spring` to these ids.
fn warned(town: &Town, ids: impl IntoIterator<Item = u64>) -> Vec<String> {
    let rows: String = ids.into_iter().map(|id| format!("{id}\n")).collect();
    let text = format!("customer_id\n{rows}");
    town.scene.write("campaigns/spring.csv", text);
    let ended = town.scene.run(&["run", "spring", "--dry-run", "--json"]);
    assert_eq!(ended.code, Some(0), "{ended:?}");
    names(&ended.json())
}

fn names(object: &Value) -> Vec<String> {
    let warnings = object["warnings"].as_array();
    let names = warnings.into_iter().flatten();
    names
        .map(|it| it["name"].as_str().unwrap().to_owned())
        .collect()
}

#[test]
fn a_file_that_went_through_a_spreadsheet_or_was_cut_is_warned_of_by_name() {
    let town = Town::new(1, 100, "");
    let usual = || (0..150).map(|n| 200_007 + 7 * n);
    assert_eq!(warned(&town, usual()), [""; 0]);
    assert_eq!(warned(&town, usual().chain([2_000])), ["short-ids"]);
    assert_eq!(
        warned(&town, usual().chain([200_007_200_014])),
        ["long-ids"]
    );
    let rounded = [
        9_007_199_254_740_990,
        9_007_199_254_741_000,
        9_223_372_036_854_770_000,
    ];
    assert_eq!(warned(&town, rounded), ["rounded-ids"]);
    let exact = rounded.map(|id| id + 3);
    assert_eq!(warned(&town, exact), [""; 0]);
    assert_eq!(warned(&town, 1..=65_535), ["cut-export"]);
    for limit in [2_000, 10_000] {
        assert_eq!(warned(&town, 1..=limit), ["cut-export"]);
        assert_eq!(warned(&town, 1..=limit + 1), [""; 0]);
    }
}

#[test]
fn such_a_warning_is_an_error_with_strict_and_silent_where_it_is_allowed() {
    let town = Town::new(1, 100, "");
    let file = "campaigns/spring.toml";
    let text = std::fs::read_to_string(town.scene.path(file)).unwrap();
    town.scene.write(file, format!("strict = true\n{text}"));
    let rows: String = (0..150).map(|n| format!("{}\n", 200_007 + n)).collect();
    town.scene
        .write("campaigns/spring.csv", format!("customer_id\n{rows}2000\n"));
    let ended = town.scene.run(&["run", "spring"]);
    assert_eq!(ended.code, Some(2), "{ended:?}");
    assert!(ended.err.contains("[short-ids]"), "{ended:?}");
    assert_eq!(town.messaged(), 0);
    town.scene.write(
        file,
        format!("strict = true\nallow = [\"short-ids\"]\n{text}"),
    );
    assert_eq!(town.scene.run(&["run", "spring"]).code, Some(0));
    assert_eq!(town.messaged(), 151);
}

#[test]
fn an_audience_of_quite_another_size_than_that_of_the_last_run_is_warned_of() {
    let town = Town::new(1_500, 1_000, "");
    town.allow_repeats();
    assert_eq!(warned(&town, 1..=1_500), [""; 0], "there was no run");
    assert_eq!(town.scene.run(&["run", "spring"]).code, Some(0));
    assert_eq!(warned(&town, 1..=16), [""; 0]);
    assert_eq!(warned(&town, 1..=15), ["audience-size"]);
    assert_eq!(warned(&town, 1..=14_999), [""; 0]);
    assert_eq!(warned(&town, 1..=15_000), ["audience-size"]);
    // What a test send was for is no audience.
    let ended = town.scene.run(&["run", "spring", "--to", "7"]);
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert_eq!(warned(&town, 1..=1_500), [""; 0]);
}
