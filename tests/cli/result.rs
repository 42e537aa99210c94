//! What a run prints, and the code it ends with.

use deskcast::sandbox::{Faults, SandboxConfig, StandInConfig, WorldConfig};
use serde_json::{Value, json};

use crate::stage::desk::Desk;
use crate::stage::scene::finish;
use crate::town::{Town, customers, remove_store};

/// A token that is easily found in what was printed.
const SECRET: &str = "b1946ac92492d2347c6235b4d2611184";

#[test]
fn the_object_has_every_key_and_the_sums_of_the_store() {
    let town = Town::new(10, 4, "unknown-customers=@1,reset-before=@3");
    let ended = town.scene.run(&["run", "spring", "--json"]);
    let object = ended.json();
    assert_eq!(ended.out.lines().count(), 1);
    assert_eq!(keys(&object), KEYS);
    for (group, expected) in [("customers", &CUSTOMERS[..]), ("batches", &BATCHES)] {
        assert_eq!(keys(&object[group]), expected, "{group}");
    }
    assert_eq!(keys(&object["counts"]), ["closed", "responded", "sent"]);
    assert_eq!(keys(&object["requests"]), ["creates", "reads", "throttled"]);
    town.must_hold();
    let sums = [
        "listed",
        "planned",
        "accepted",
        "rejected",
        "unknown",
        "remaining",
    ];
    let said = customers(&object, &sums);
    // Refused for customer 1, who then stood alone; the other two got no answer.
    assert_eq!(said, [10, 10, 7, 1, 2, 0]);
    town.must_have(7, 1, 2, 0);
    assert_eq!(object["counts"]["sent"], 7);
    assert_eq!(object["requests"]["creates"], town.desk.creates());
    assert_eq!(object["state"], "finished");
    assert_eq!(ended.code, Some(3));
}

const KEYS: [&str; 8] = [
    "batches",
    "campaign",
    "counts",
    "customers",
    "digest",
    "requests",
    "run",
    "state",
];
const CUSTOMERS: [&str; 10] = [
    "abandoned",
    "accepted",
    "duplicates",
    "excluded",
    "invalid",
    "listed",
    "planned",
    "rejected",
    "remaining",
    "unknown",
];
/// The documented ones, and those abandoned, without which the sum would not come out.
const BATCHES: [&str; 6] = [
    "abandoned",
    "accepted",
    "planned",
    "rejected",
    "remaining",
    "unknown",
];

fn keys(object: &Value) -> Vec<&str> {
    let mut keys: Vec<&str> = object
        .as_object()
        .unwrap()
        .keys()
        .map(String::as_str)
        .collect();
    keys.sort_unstable();
    keys
}

#[test]
fn the_text_has_the_sums() {
    let town = Town::new(10, 4, "unknown-customers=@6");
    let ended = town.scene.run(&["run", "spring"]);
    assert_eq!(ended.code, Some(3));
    let text = ended
        .out
        .lines()
        .enumerate()
        .map(|(number, line)| match number {
            0 => "[run]  finished after [time]".to_owned(),
            _ if line.contains("deskcast report") => "[where to see who]".to_owned(),
            _ if line.starts_with("Chats: ") => "[chats]".to_owned(),
            _ => line.to_owned(),
        });
    insta::assert_snapshot!(text.collect::<Vec<_>>().join("\n"));
}

#[test]
fn everybody_accepted_is_0() {
    let town = Town::new(7, 3, "");
    assert_eq!(town.scene.run(&["run", "spring"]).code, Some(0));
    town.must_have(7, 0, 0, 0);
    assert_eq!(town.desk.creates(), 3);
}

#[test]
fn somebody_rejected_or_unknown_is_3() {
    for (faults, rejected, unknown) in [("unknown-customers=@2", 1, 0), ("500-before=@1", 0, 3)] {
        let town = Town::new(7, 3, faults);
        assert_eq!(town.scene.run(&["run", "spring"]).code, Some(3), "{faults}");
        town.must_have(7 - rejected - unknown, rejected, unknown, 0);
    }
}

#[test]
fn a_refused_token_is_4_and_the_right_one_goes_on() {
    let town = Town::new(7, 3, "");
    let wrong = ("DESKCAST__DESK__API_TOKEN", SECRET);
    let ended = town.run_with(&[wrong], &["run", "spring", "--json"]);
    assert_eq!(ended.code, Some(4));
    let object = ended.json();
    assert_eq!(object["state"], "stopped");
    insta::assert_snapshot!(object["note"].as_str().unwrap());
    assert!(!ended.err.contains(SECRET) && !ended.out.contains(SECRET));
    town.must_have(0, 0, 0, 7);
    assert_eq!(town.desk.creates(), 1, "nothing else is tried");
    assert_eq!(town.scene.run(&["run", "spring"]).code, Some(0));
    town.must_have(7, 0, 0, 0);
}

#[test]
fn a_token_without_permission_is_4() {
    let town = Town::new(7, 3, "403=@1");
    assert_eq!(town.scene.run(&["run", "spring"]).code, Some(4));
    town.must_have(0, 0, 0, 7);
    assert_eq!(town.desk.creates(), 1);
}

#[test]
fn a_redirect_is_4_and_is_not_followed() {
    let town = Town::new(7, 3, "redirect=@1");
    assert_eq!(town.scene.run(&["run", "spring"]).code, Some(4));
    town.must_have(0, 0, 0, 7);
    assert_eq!(town.desk.creates(), 1);
}

#[test]
fn the_log_holds_neither_the_token_nor_the_message() {
    let faults = "reset-after=@2,500-before=@3,unknown-customers=@11";
    let world = WorldConfig {
        token: SECRET.to_owned(),
        ..WorldConfig::default()
    };
    let stand_in = StandInConfig {
        world,
        faults: Faults::parse(faults).unwrap(),
        ..StandInConfig::default()
    };
    let desk = Desk::of(SandboxConfig {
        stand_in,
        ..SandboxConfig::default()
    });
    let town = Town::with(desk, 12, 3);
    let mut command = town.scene.deskcast(&["run", "spring", "--json"]);
    command
        .env("DESKCAST__DESK__API_TOKEN", SECRET)
        .env("DESKCAST__LOG__FILTER", "trace,hyper=trace,reqwest=trace");
    let ended = finish(command);
    assert_eq!(ended.code, Some(3), "{ended:?}");
    assert!(ended.err.contains("WARN"), "it logs: {}", ended.err);
    for secret in [SECRET, "Hello from spring"] {
        assert!(!ended.err.contains(secret), "{secret}: {}", ended.err);
    }
    let store = std::fs::read(town.scene.store()).unwrap();
    let holds = |text: &str| {
        store
            .windows(text.len())
            .any(|bytes| bytes == text.as_bytes())
    };
    assert!(holds("Hello from spring") && !holds(SECRET));
}

#[test]
fn a_file_runs_as_well_as_a_name() {
    let town = Town::new(7, 3, "");
    let ended = town.scene.run(&["run", "campaigns/spring.toml", "--json"]);
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert_eq!(ended.json()["campaign"], "spring");
    town.must_have(7, 0, 0, 0);
}

#[test]
fn without_settings_a_campaign_runs_in_a_sandbox_of_its_own() {
    let town = Town::new(7, 3, "");
    let mut command = town.scene.deskcast(&[
        "run",
        "campaigns/spring.toml",
        "--sandbox",
        "--follow=1s",
        "--json",
    ]);
    command.env_remove("DESKCAST__DESK__API_TOKEN");
    std::fs::remove_file(town.scene.path("deskcast.toml")).unwrap();
    remove_store(&town.scene);
    let ended = finish(command);
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert_eq!(ended.json()["customers"]["accepted"], json!(7));
    assert_eq!(town.messaged(), 0, "not the Desk of the settings");
    assert!(
        !town.scene.store().exists(),
        "not the store of the settings"
    );
}
