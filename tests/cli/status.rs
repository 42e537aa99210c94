//! `deskcast status`: one command says whether somebody must do something.

use deskcast::sandbox::{SandboxConfig, StandInConfig, WorldConfig};
use serde_json::Value;

use crate::stage::desk::Desk;
use crate::town::{Running, Town, wait_until};

/// The exit code, and for each run what it needs somebody for.
fn needs(town: &Town) -> (Option<i32>, Vec<String>) {
    let ended = town.scene.run(&["status", "--json"]);
    let object = ended.json();
    let needs = object["needs"].as_array().unwrap().iter();
    let needs = needs.map(|it| it["need"].as_str().unwrap().to_owned());
    (ended.code, needs.collect())
}

fn needing(need: &str) -> (Option<i32>, Vec<String>) {
    (Some(3), vec![need.to_owned()])
}

fn nothing() -> (Option<i32>, Vec<String>) {
    (Some(0), Vec::new())
}

/// Adds this to the campaign's file.
fn amend(town: &Town, more: &str) {
    let file = "campaigns/spring.toml";
    let text = std::fs::read_to_string(town.scene.path(file)).unwrap();
    town.scene.write(file, text + more);
}

fn sending(town: &Town) -> Running {
    town.start(&["run", "spring", "--yes"])
}

#[test]
fn where_everything_goes_on_or_has_ended_well_nothing_is_to_do() {
    let town = Town::slow(40, 4, 200);
    assert_eq!(needs(&town), nothing());
    let running = sending(&town);
    wait_until("it sends", || town.messaged() > 0);
    let object = town.scene.run(&["status", "--json"]).json();
    assert_eq!(object["needs_somebody"], Value::Bool(false));
    assert_eq!(object["under_way"][0]["state"], "sending");
    assert_eq!(running.end().code, Some(0));
    assert_eq!(needs(&town), nothing());
}

#[test]
fn a_run_that_waits_for_approval_needs_somebody_who_looks_first() {
    let town = Town::new(8, 4, "");
    amend(&town, "[approval]\nrequired = true\n");
    let running = sending(&town);
    wait_until("it waits", || needs(&town) == needing("approval"));
    let ended = town.scene.run(&["status"]);
    let (show, approve) = (
        ended.out.find("deskcast show"),
        ended.out.find("deskcast approve spring"),
    );
    assert!(show.is_some() && show < approve, "{}", ended.out);
    assert!(
        ended.out.lines().all(|line| line.chars().count() <= 80),
        "{}",
        ended.out
    );
    assert_eq!(
        town.scene.run(&["approve", "spring", "--yes"]).code,
        Some(0)
    );
    assert_eq!(running.end().code, Some(0));
    assert_eq!(needs(&town), nothing());
}

#[test]
fn a_run_that_nobody_sends_or_that_is_paused_needs_somebody_who_may_stop_it() {
    let town = Town::slow(80, 4, 50);
    let running = sending(&town);
    wait_until("it sends", || town.messaged() > 0);
    running.signal("TERM");
    assert_eq!(running.end().code, Some(4));
    assert_eq!(needs(&town), needing("unattended"));
    assert_eq!(town.scene.run(&["pause", "spring"]).code, Some(0));
    let paused = town.scene.run(&["status"]);
    let (cancel, resume) = (
        paused.out.find("deskcast cancel"),
        paused.out.find("deskcast resume"),
    );
    assert!(cancel.is_some() && cancel < resume, "{}", paused.out);
    assert_eq!(needs(&town), needing("paused"));
    assert_eq!(town.scene.run(&["cancel", "spring"]).code, Some(0));
    assert_eq!(needs(&town), nothing());
}

#[test]
fn batches_of_which_nothing_is_known_need_somebody() {
    let town = Town::new(8, 4, "reset-before=@1");
    assert_eq!(sending(&town).end().code, Some(3));
    assert_eq!(needs(&town), needing("unknown"));
}

#[test]
fn a_failed_run_needs_somebody_until_another_one_of_its_campaign_was_launched() {
    let stand_in = StandInConfig {
        world: WorldConfig {
            groups: vec!["support".to_owned()],
            ..WorldConfig::default()
        },
        ..StandInConfig::default()
    };
    let desk = Desk::of(SandboxConfig {
        stand_in,
        ..SandboxConfig::default()
    });
    let town = Town::with(desk, 60, 2);
    assert_eq!(sending(&town).end().code, Some(2));
    assert_eq!(needs(&town), needing("failed"));
    let file = "campaigns/spring.toml";
    let text = std::fs::read_to_string(town.scene.path(file)).unwrap();
    town.scene
        .write(file, text.replace("vip-support", "support"));
    assert_eq!(sending(&town).end().code, Some(0));
    assert_eq!(needs(&town), nothing());
}

#[test]
fn what_is_due_paused_and_wrong_is_said() {
    let town = Town::new(8, 4, "");
    amend(
        &town,
        "[schedule]\ncron = \"0 9 * * *\"\ntimezone = \"Europe/Berlin\"\n",
    );
    let due = town.scene.run(&["status"]);
    assert_eq!(due.code, Some(0));
    assert!(due.out.contains("09:00, Europe/Berlin"), "{}", due.out);
    town.scene.run(&["pause", "spring", "--by", "alice"]);
    town.scene.write("campaigns/broken.toml", "grup = \"x\"\n");
    let paused = town.scene.run(&["status"]);
    assert_eq!(paused.code, Some(3));
    assert!(paused.out.contains("by alice"), "{}", paused.out);
    assert!(
        paused.out.contains("1 campaign is wrong: broken"),
        "{}",
        paused.out
    );
}
