//! Lists of people who are not to be messaged: read in full, or nobody is messaged.

use super::Case;

#[test]
fn a_list_with_separators_of_thousands_is_refused_with_its_line() {
    Case::of("thousands-in-list")
        .but_for("stop.csv", "")
        .is_refused(&[
            "stop.csv: line 2: \"300\" stands in a row of 2 fields under a header of 1",
            "read in full or not at all",
        ]);
}

#[test]
fn a_list_with_a_row_over_several_lines_is_refused_with_its_line() {
    let case = Case::of("swallowed-in-list");
    for list in ["stop.csv", "mac.csv"] {
        let at = format!("{list}: line 2: the row that starts here spreads over");
        case.but_for(list, "").is_refused(&[&at]);
    }
    case.but_for("address.csv", "").is_refused(&[
        "address.csv: line 2: the row that starts here spreads over several lines",
        "each row is one line",
    ]);
}

#[test]
fn a_list_of_sendbird_ids_with_a_character_that_nobody_sees_is_refused() {
    let case = Case::of("invisible-in-list");
    let by_name = |list: &str| {
        let keys = format!("sendbird_id = \"user_id\"\nexclude = [\"{list}\"]");
        case.to("people.csv", &keys);
    };
    by_name("stop.csv");
    case.is_refused(&[
        "stop.csv: line 3: \"user-2\\u{200b}\" begins or ends with a character that cannot be seen",
    ]);
    // Until somebody is looked up, nobody is known by any of them.
    by_name("typo.csv");
    let list = &case.object()["lists"][0];
    assert_eq!(
        (&list["entries"], &list["of_nobody"]),
        (&2.into(), &2.into())
    );
}

#[test]
fn the_entries_of_a_list_that_are_of_nobody_are_counted() {
    let case = Case::of("list-shapes");
    case.but_for("partly.csv", "").plans(&[300_022, 300_033]);
    let list = &case.object()["lists"][0];
    assert_eq!(
        (&list["entries"], &list["of_nobody"]),
        (&2.into(), &1.into())
    );
    case.warns_of_nothing();
}

#[test]
fn a_list_without_anybody_is_refused_unless_the_campaign_allows_it() {
    let case = Case::of("empty-list");
    for list in ["header.csv", "nothing.csv", "ends.csv", "blanks.csv"] {
        let said = format!("{list}: has nobody in it");
        case.but_for(list, "").is_refused(&[&said]);
    }
    case.but_for("addresses.csv", "")
        .is_refused(&["addresses.csv: ", "its columns are: \"email\", \"reason\""]);
    // So is one of the settings, which is for every campaign.
    let suppress = [("DESKCAST__AUDIENCE__SUPPRESS", "header.csv")];
    case.to("people.csv", "");
    let arguments = ["run", "c.toml", "--sandbox", "--dry-run", "--json"];
    let mut command = case.scene.deskcast(&arguments);
    command.envs(suppress);
    let ended = crate::stage::scene::finish(command);
    assert_eq!(ended.code, Some(2), "{ended:?}");
    assert!(ended.err.contains("has nobody in it"), "{}", ended.err);
    // It is enough that the settings say it of that one.
    let may = "DESKCAST__AUDIENCE__MAY_BE_EMPTY";
    for (named, code) in [("header.csv", 0), ("other.csv", 2)] {
        let mut command = case.scene.deskcast(&arguments);
        command.envs(suppress).env(may, named);
        let ended = crate::stage::scene::finish(command);
        assert_eq!(ended.code, Some(code), "{ended:?}");
    }
    let list = "{ file = \"header.csv\", may_be_empty = true }";
    let files = format!("files = [\"people.csv\"]\nexclude = [{list}]");
    case.campaign("", &files)
        .plans(&[300_011, 300_022, 300_033]);
    let list = &case.object()["lists"][0];
    assert_eq!(
        (&list["list"], &list["entries"]),
        (&"header.csv".into(), &0.into())
    );
}

#[test]
fn a_list_of_any_ordinary_shape_leaves_out_who_is_on_it_or_is_refused() {
    let case = Case::of("list-shapes");
    for list in ["ids.csv", "windows.csv"] {
        case.but_for(list, "").plans(&[300_033]);
    }
    for (list, word) in [
        ("other-header.csv", "its columns are: \"id\""),
        ("semicolons.csv", "semicolons.csv: "),
        ("comment.csv", "its columns are: \"# do not message\""),
        ("no-header.csv", "no-header.csv: "),
    ] {
        case.but_for(list, "").is_refused(&[list, word]);
    }
    // The column is there, and says who is meant.
    let said = {
        case.but_for("two-columns.csv", "");
        case.warns("unmatched-list")
    };
    assert!(said.starts_with("two-columns.csv: "), "{said}");
}

#[test]
fn every_file_and_every_list_has_a_delimiter_of_its_own() {
    let case = Case::of("delimiters");
    case.but_for("stop.csv", "").plans(&[300_022]);
    let both = "files = [\"commas.csv\", \"people.csv\"]";
    case.campaign("", both).plans(&[300_033, 300_011, 300_022]);
    case.campaign(
        "delimiter = \";\"",
        "files = [\"people.csv\"]\nexclude = [\"stop.csv\"]",
    )
    .plans(&[300_022]);
    case.to("both.csv", "")
        .is_refused(&["both.csv: line 1: this row can be read in more than one way"]);
}
