//! The folder of campaigns: copies, files that only look like campaigns, names that are nearly
//! right, and what is wrong with a definition that looks right.

use serde_json::Value;

use crate::stage::scene::{Scene, finish};

/// A Desk at which nobody listens: what is tested here is said before anybody is called.
const NOWHERE: &str = "http://127.0.0.1:9/platform/v1";
const SPRING: &str = "message = \"Hi\"\ngroup = \"vip\"\ncustomers = \"people.csv\"\n";

fn scene() -> Scene {
    let scene = Scene::new(NOWHERE);
    scene.write("campaigns/people.csv", "customer_id\n7\n");
    scene.write("campaigns/spring.toml", SPRING);
    scene
}

/// The warnings of `deskcast check`, by campaign.
fn warned(scene: &Scene, more: &[&str]) -> (Option<i32>, Vec<(String, Vec<String>)>) {
    let mut command = scene.deskcast(&["check", "--json"]);
    command.args(more);
    let ended = finish(command);
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let names = |of: &Value| {
        of.as_array()
            .unwrap()
            .iter()
            .map(|it| text(&it["name"]))
            .collect()
    };
    let object = ended.json();
    let campaigns = object["campaigns"].as_array().unwrap().iter();
    let all = campaigns.map(|it| (text(&it["campaign"]), names(&it["warnings"])));
    (ended.code, all.collect())
}

#[test]
fn two_campaigns_with_the_same_text_and_people_are_warned_of() {
    let scene = scene();
    scene.write(
        "campaigns/spring-old.toml",
        format!("priority = \"low\"\n{SPRING}"),
    );
    scene.write("campaigns/other.toml", SPRING.replace("Hi", "Hello"));
    let same = vec!["same-campaign".to_owned()];
    let (code, all) = warned(&scene, &[]);
    let expected = [
        ("other", vec![]),
        ("spring", same.clone()),
        ("spring-old", same),
    ];
    let expected: Vec<_> = expected.map(|(name, of)| (name.to_owned(), of)).into();
    assert_eq!((code, all), (Some(0), expected));
    assert_eq!(warned(&scene, &["--strict"]).0, Some(2));
    scene.write(
        "campaigns/spring.toml",
        format!("allow = [\"same-campaign\"]\n{SPRING}"),
    );
    let (_, all) = warned(&scene, &[]);
    assert_eq!(all[1], ("spring".to_owned(), vec![]));
}

#[test]
fn a_file_that_only_looks_like_a_campaign_is_named() {
    let scene = scene();
    for name in ["autumn.toml.txt", "winter.TOML", "summer.toml.bak"] {
        scene.write(&format!("campaigns/{name}"), SPRING);
    }
    let (code, all) = warned(&scene, &[]);
    assert_eq!(code, Some(0));
    let strays: Vec<&str> = all[1..].iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(
        strays,
        ["autumn.toml.txt", "summer.toml.bak", "winter.TOML"]
    );
    assert!(
        all[1..].iter().all(|(_, of)| of == &["no-campaign"]),
        "{all:?}"
    );
    let shown = finish(scene.deskcast(&["check"])).out;
    assert!(shown.contains("autumn.toml.txt  no campaign\n"), "{shown}");
    let ended = finish(scene.deskcast(&["run", "autumn", "--dry-run"]));
    assert_eq!(ended.code, Some(2));
    assert!(
        ended.err.contains("there is autumn.toml.txt beside it"),
        "{}",
        ended.err
    );
}

#[test]
fn a_missing_file_names_one_that_differs_by_case_or_by_a_second_extension() {
    let scene = scene();
    scene.write("campaigns/People2.CSV", "customer_id\n7\n");
    scene.write("campaigns/hello.txt.docx", "Hi");
    for (keys, near) in [
        (
            SPRING.replace("people.csv", "people2.csv"),
            "there is People2.CSV beside it",
        ),
        (
            SPRING.replace("message = \"Hi\"", "message_file = \"hello.txt\""),
            "there is hello.txt.docx beside it",
        ),
    ] {
        scene.write("campaigns/spring.toml", keys);
        let ended = finish(scene.deskcast(&["run", "spring", "--dry-run"]));
        assert_eq!(ended.code, Some(2), "{ended:?}");
        assert!(ended.err.contains(near), "{}", ended.err);
    }
}

#[test]
fn what_looks_right_in_a_definition_and_is_not_is_named_as_the_cause() {
    let scene = scene();
    for (definition, cause) in [
        (SPRING.replace("\"Hi\"", "“Hi”"), "a typographic quote (“)"),
        (
            SPRING.replace("message =", "message\u{a0}="),
            "a blank that is none (U+00A0)",
        ),
        (
            SPRING.replace("people.csv", "lists\\people.csv"),
            "a backslash begins an escape",
        ),
        (
            SPRING.replace("people.csv", "C:\\new.csv"),
            "a backslash begins an escape",
        ),
        (
            SPRING.replace("\"people.csv\"", "'lists\\people.csv'"),
            "write / between folders and names",
        ),
    ] {
        scene.write("campaigns/spring.toml", &definition);
        let ended = finish(scene.deskcast(&["run", "spring", "--dry-run"]));
        assert_eq!(ended.code, Some(2), "{definition}: {ended:?}");
        let said = ended.err.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(said.contains(cause), "{definition}: {}", ended.err);
    }
}
