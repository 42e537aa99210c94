//! What an operator got wrong is told at once, ends with 2, and sends nothing.

use crate::stage::scene::Ended;
use crate::town::Town;

/// Runs a campaign that something is wrong with: exit code 2, nothing on stdout, nothing sent,
/// nothing kept.
#[track_caller]
fn refused(town: &Town, arguments: &[&str]) -> String {
    let ended = town.scene.run(arguments);
    must_be_refused(town, &ended);
    ended.err.trim_end().to_owned()
}

#[track_caller]
fn must_be_refused(town: &Town, ended: &Ended) {
    assert_eq!((ended.code, ended.out.as_str()), (Some(2), ""), "{ended:?}");
    assert_eq!(town.desk.creates(), 0);
    assert!(town.ledgers().is_empty());
}

/// A campaign of which this file was changed.
fn with_file(path: &str, content: impl AsRef<[u8]>) -> Town {
    let town = Town::new(3, 2, "");
    town.scene.write(path, content);
    town
}

fn with_customers(content: impl AsRef<[u8]>) -> Town {
    with_file("campaigns/spring.csv", content)
}

#[test]
fn an_unknown_campaign_names_the_nearest() {
    let town = Town::new(3, 2, "");
    insta::assert_snapshot!(refused(&town, &["run", "sprong"]));
}

#[test]
fn a_definition_with_mistakes_shows_all_of_them() {
    let town = with_file(
        "campaigns/spring.toml",
        "mesage = \"Hi\"\ngroup = \"vip\"\npriority = \"hihg\"\ncustomers = \"spring.csv\"\nbatch_size = 0\n",
    );
    insta::assert_snapshot!(refused(&town, &["run", "spring"]));
}

#[test]
fn a_missing_customer_file_is_named() {
    let town = Town::new(3, 2, "");
    std::fs::remove_file(town.scene.path("campaigns/spring.csv")).unwrap();
    insta::assert_snapshot!(refused(&town, &["run", "spring"]));
}

#[test]
fn a_file_that_is_no_csv_is_called_by_its_name() {
    let cases: [(&[u8], &str); 6] = [
        (
            b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1\0\0",
            "old Excel workbook (.xls)",
        ),
        (b"<!doctype html><title>Sign in</title>", "is a web page"),
        (b"{\"customer_id\": 1}\n{\"customer_id\": 2}\n", "is JSON"),
        (
            b" customer_id | name\n-------------+------\n 1 | Ada\n",
            "lines of dashes",
        ),
        (
            b"version https://git-lfs.github.com/spec/v1\n",
            "git lfs pull",
        ),
        (b"customer_id\n1\n\0\0\0\0\0\0\0\0", "NUL characters"),
    ];
    for (content, name) in cases {
        let town = with_customers(content);
        let said = refused(&town, &["run", "spring"]);
        assert!(
            said.contains("spring.csv: ") && said.contains(name),
            "{said}"
        );
        assert!(!said.contains("has no column"), "{said}");
    }
}

#[test]
fn a_customer_file_in_utf16_is_called_so() {
    let utf16: Vec<u8> = "\u{feff}customer_id\n1\n"
        .encode_utf16()
        .flat_map(u16::to_le_bytes)
        .collect();
    insta::assert_snapshot!(refused(&with_customers(utf16), &["run", "spring"]));
}

#[test]
fn a_missing_column_lists_those_there_are() {
    let town = with_customers("customer,name\n1,a\n");
    insta::assert_snapshot!(refused(&town, &["run", "spring"]));
}

#[test]
fn invalid_rows_are_listed_up_to_twenty() {
    let rows: String = (1..=23).map(|n| format!("{n}.0\n")).collect();
    let town = with_customers(format!("customer_id\n7\n{rows}"));
    insta::assert_snapshot!(refused(&town, &["run", "spring"]));
}

#[test]
fn an_empty_audience_is_refused() {
    insta::assert_snapshot!(refused(
        &with_customers("customer_id\n"),
        &["run", "spring"]
    ));
}

#[test]
fn a_settings_key_that_does_not_exist_names_the_nearest() {
    let town = with_file("deskcast.toml", "[limits]\nrequest_per_second = 5\n");
    insta::assert_snapshot!(refused(&town, &["run", "spring"]));
}

#[test]
fn a_campaign_without_an_agent_is_refused() {
    let town = Town::new(3, 2, "");
    let settings = std::fs::read_to_string(town.scene.path("deskcast.toml")).unwrap();
    town.scene
        .write("deskcast.toml", settings.replace("agent_id = 41\n", ""));
    insta::assert_snapshot!(refused(&town, &["run", "spring"]));
}

#[test]
fn without_a_token_nothing_begins() {
    let town = Town::new(3, 2, "");
    let none = ("DESKCAST__DESK__API_TOKEN", "");
    let ended = town.run_with(&[none], &["run", "spring"]);
    must_be_refused(&town, &ended);
}

#[test]
fn usage_that_is_wrong_is_2_and_help_is_0() {
    let town = Town::new(3, 2, "");
    for arguments in [
        &["run"][..],
        &["run", "spring", "--drynun"],
        &["rum", "spring"],
        &[],
        &["run", "spring", "--faults", "429"],
        &["run", "spring", "--sandbox", "--faults", "nonsense"],
        &["run", "Spring"],
    ] {
        let ended = town.scene.run(arguments);
        must_be_refused(&town, &ended);
        assert!(!ended.err.is_empty());
    }
    for arguments in [&["--help"][..], &["run", "--help"], &["--version"]] {
        let ended = town.scene.run(arguments);
        assert_eq!((ended.code, ended.err.as_str()), (Some(0), ""));
    }
}
