//! Customers by their Sendbird user ids: Desk is asked about each once, and nobody is guessed.

use std::time::Duration;

use deskcast::sandbox::requests::Purpose;
use serde_json::json;

use crate::stage::desk::Desk;
use crate::stage::scene::{Ended, Scene};
use crate::town::{Running, remove_store, wait_until};

/// A campaign to eight rows: four customers, one of them twice, two whom Desk does not know, and one
/// row that is no id.
fn scene(base_url: &str) -> Scene {
    let scene = Scene::new(base_url);
    scene.write(
        "campaigns/spring.toml",
        "message = \"Hi\"\ngroup = \"vip-support\"\nbatch_size = 3\ninvalid_rows = \"skip\"\n\
         [customers]\nfiles = [\"spring.csv\"]\nsendbird_id = \"user_id\"\n",
    );
    let rows = [
        "customer-9",
        "nobody",
        "customer-4",
        "customer-9",
        " customer-5 ",
        "x@y",
        "\"\"",
        "customer-12",
    ];
    scene.write(
        "campaigns/spring.csv",
        format!("user_id\n{}\n", rows.join("\n")),
    );
    scene
}

fn reads(desk: &Desk) -> u64 {
    desk.with(|stand_in| stand_in.requests().count(Purpose::Read))
}

/// A text without what differs from one time to the next.
fn steady(text: &str, desk: &str) -> String {
    let lines = text.replace(desk, "http://127.0.0.1:1/platform/v1");
    let lines = lines.lines().map(|line| match line.strip_prefix("Ends ") {
        Some(_) => "Ends        [time], if begun now",
        None if line.contains("  changed 20") => "              changed [time]",
        None if line.starts_with("Plan  ") => "Plan        [digest]",
        None if line.contains("--plan sha256:") => "  deskcast run spring --plan [digest]",
        None => line,
    });
    lines.collect::<Vec<_>>().join("\n")
}

fn customers(scene: &Scene) -> String {
    let Ended { code, out, .. } = scene.run(&["report", "spring", "--customers", "--all-rows"]);
    assert_eq!(code, Some(0));
    let rows = out.lines().skip(1).map(|row| {
        let cells: Vec<&str> = row.split(',').collect();
        format!("{} {} {}", cells[cells.len() - 1], cells[0], cells[1])
    });
    rows.collect::<Vec<_>>().join("\n")
}

#[test]
fn a_run_looks_up_each_id_once_and_every_row_has_one_end() {
    let desk = Desk::start("", Duration::ZERO);
    let scene = scene(&desk.base_url());
    let ended = scene.run(&["run", "spring", "--json"]);
    assert_eq!(ended.code, Some(0), "{ended:?}");
    let told = "looking up 6 Sendbird user ids in Desk: 0.0 s\n";
    assert!(ended.err.starts_with(told), "{ended:?}");
    let object = ended.json();
    assert_eq!(object["customers"]["accepted"], json!(4));
    assert_eq!(
        object["customers"]["excluded_by"]["unknown_to_desk"],
        json!(2)
    );
    assert_eq!(
        customers(&scene),
        "2 9 accepted\n4 4 accepted\n6 5 accepted\n9 12 accepted\n3 nobody excluded\n\
         7 x@y excluded\n5 9 duplicate\n8  invalid"
    );
    // Six ids were looked up, and two chats were read.
    assert_eq!(reads(&desk), 6 + 2);
    let again = scene.run(&["run", "spring", "--json"]);
    assert_eq!(again.json()["state"], json!("nobody"));
    assert_eq!(reads(&desk), 6 + 2, "a second run asks about nobody");
}

#[test]
fn a_dry_run_asks_nothing_and_says_what_is_missing() {
    let desk = Desk::start("", Duration::ZERO);
    let scene = scene(&desk.base_url());
    let before = std::fs::read(scene.store()).unwrap();
    let ended = scene.run(&["run", "spring", "--dry-run"]);
    assert_eq!((ended.code, ended.err.as_str()), (Some(0), ""));
    insta::assert_snapshot!(steady(&ended.out, &desk.base_url()));
    let object = scene.run(&["run", "spring", "--dry-run", "--json"]).json();
    assert_eq!(object["digest"], json!(""), "another plan is sent");
    let note = "6 ids are not looked up yet: 0.0 s at 2000 requests a second";
    assert_eq!(object["note"], json!(note));
    assert_eq!(desk.with(|stand_in| stand_in.requests().total()), 0);
    assert_eq!(std::fs::read(scene.store()).unwrap(), before);
}

#[test]
fn a_dry_run_that_may_looks_up_first_and_what_it_shows_is_what_is_sent() {
    let desk = Desk::start("", Duration::ZERO);
    let scene = scene(&desk.base_url());
    let ended = scene.run(&["run", "spring", "--dry-run", "--online"]);
    assert_eq!(ended.code, Some(0), "{ended:?}");
    insta::assert_snapshot!(steady(&ended.out, &desk.base_url()));
    assert_eq!((reads(&desk), desk.creates()), (6, 0));
    let again = scene.run(&["run", "spring", "--dry-run", "--online"]);
    assert!(again.out.contains("no connection was opened"), "{again:?}");
    assert_eq!(reads(&desk), 6);
    let object = scene.run(&["run", "spring", "--dry-run", "--json"]).json();
    let digest = object["digest"].as_str().unwrap().to_owned();
    let sent = scene.run(&["run", "spring", "--plan", &digest]);
    assert_eq!(sent.code, Some(0), "{sent:?}");
    assert_eq!(desk.creates(), 2);
}

#[test]
fn a_refused_token_stops_before_anything_is_planned() {
    let desk = Desk::start("", Duration::ZERO);
    let scene = scene(&desk.base_url());
    let mut command = scene.deskcast(&["run", "spring"]);
    command.env("DESKCAST__DESK__API_TOKEN", "wrong");
    let ended = crate::stage::scene::finish(command);
    assert_eq!(ended.code, Some(4), "{ended:?}");
    assert!(
        ended.err.contains("Desk turned the request away"),
        "{ended:?}"
    );
    assert_eq!(desk.creates(), 0);
    assert_eq!(scene.run(&["run", "spring"]).code, Some(0));
    assert_eq!(desk.creates(), 2);
}

#[test]
fn a_turn_of_the_schedule_looks_up_first() {
    let desk = Desk::start("", Duration::ZERO);
    let scene = scene(&desk.base_url());
    let path = scene.path("campaigns/spring.toml");
    let text = std::fs::read_to_string(&path).unwrap();
    let due = jiff::Timestamp::now() - jiff::SignedDuration::from_secs(60);
    let due = due.strftime("%Y-%m-%dT%H:%M:%S");
    let schedule = format!("[schedule]\nat = {due}\ntimezone = \"UTC\"\n");
    std::fs::write(&path, format!("{text}{schedule}")).unwrap();
    let ended = scene.run(&["run", "spring", "--scheduled", "--json"]);
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert_eq!(ended.json()["customers"]["accepted"], json!(4));
    assert_eq!(reads(&desk), 6 + 2);
}

#[test]
fn a_throwaway_sandbox_is_looked_up_in_itself() {
    let scene = scene("http://127.0.0.1:9/platform/v1");
    remove_store(&scene);
    let ended = scene.run(&["run", "spring", "--dry-run", "--online", "--sandbox"]);
    assert!(
        ended.out.contains("6 Sendbird user ids were looked up"),
        "{ended:?}"
    );
    assert!(
        ended.out.contains("\nPlanned     4   in 2 batches"),
        "{ended:?}"
    );
    let ended = scene.run(&["run", "spring", "--sandbox", "--json", "--follow=1s"]);
    assert_eq!(ended.json()["customers"]["accepted"], json!(4), "{ended:?}");
    assert!(!scene.store().exists());
}

#[test]
fn ctrl_c_keeps_what_was_looked_up_and_sends_nothing() {
    let desk = Desk::start("", Duration::from_millis(20));
    let scene = scene(&desk.base_url());
    let rows: String = (1..=1000).map(|id| format!("customer-{id}\n")).collect();
    scene.write("campaigns/spring.csv", format!("user_id\n{rows}"));
    let running = Running::start(scene.deskcast(&["run", "spring"]));
    wait_until("a few are looked up", || reads(&desk) > 100);
    running.signal("INT");
    let ended = running.end();
    assert_eq!(ended.code, Some(4), "{ended:?}");
    assert!(
        ended.err.contains("are still to be looked up in Desk"),
        "{ended:?}"
    );
    let before = reads(&desk);
    assert_eq!((before < 1000, desk.creates()), (true, 0));
    assert_eq!(
        scene.run(&["run", "spring", "--dry-run", "--online"]).code,
        Some(0)
    );
    assert!(
        reads(&desk) - 1000 <= 4,
        "only those in flight are asked about twice"
    );
}

#[test]
fn what_fails_is_asked_again_and_nobody_is_left_out_for_it() {
    let desk = Desk::start("get:503-before=@1,3,get:429=@2", Duration::ZERO);
    let scene = scene(&desk.base_url());
    let ended = scene.run(&["run", "spring", "--json"]);
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert_eq!(ended.json()["customers"]["accepted"], json!(4));
    assert_eq!(reads(&desk), 6 + 3 + 2);
}

#[test]
fn a_kill_loses_no_more_than_the_last_answers() {
    let desk = Desk::start("", Duration::from_millis(20));
    let scene = scene(&desk.base_url());
    let rows: String = (1..=1000).map(|id| format!("customer-{id}\n")).collect();
    scene.write("campaigns/spring.csv", format!("user_id\n{rows}"));
    let mut child = scene
        .deskcast(&["run", "spring"])
        .stderr(std::process::Stdio::null())
        .spawn()
        .unwrap();
    wait_until("a few are looked up", || reads(&desk) > 300);
    child.kill().unwrap();
    child.wait().unwrap();
    let before = reads(&desk);
    let ended = scene.run(&["run", "spring", "--dry-run", "--online"]);
    assert_eq!(ended.code, Some(0), "{ended:?}");
    let twice = reads(&desk) - 1000;
    assert!(
        before < 1000 && twice <= 50 + 4 + 4,
        "{before} before, {twice} twice"
    );
}
