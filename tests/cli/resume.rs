//! A run that was stopped, or could not begin, goes on where it was.

use std::net::TcpListener;
use std::time::Duration;

use deskcast::sandbox::SandboxConfig;

use crate::stage::desk::Desk;
use crate::stage::ledger::State;
use crate::stage::scene::Scene;
use crate::town::{Running, Town, wait_until};

const RUN: [&str; 3] = ["run", "spring", "--json"];

/// A campaign of 60 batches that was stopped by this signal when a few of them were sent.
fn stopped_by(signal: &str) -> Town {
    let town = Town::slow(240, 4, 10);
    let running = town.start(&RUN);
    wait_until("a few are sent", || town.messaged() >= 20);
    running.signal(signal);
    let ended = running.end();
    assert_eq!(ended.code, Some(4), "{ended:?}");
    let object = ended.json();
    assert_eq!(object["state"], "stopped");
    let remaining = object["customers"]["remaining"].as_u64().unwrap();
    let messaged = town.messaged();
    assert!(
        messaged >= 20 && remaining > 0,
        "it was stopped in the middle"
    );
    town.must_have(messaged, 0, 0, 240 - messaged);
    assert_eq!(remaining, 240 - messaged);
    town
}

#[test]
fn told_to_stop_it_leaves_nothing_unknown_and_goes_on_later() {
    for signal in ["TERM", "INT"] {
        let town = stopped_by(signal);
        let ended = town.scene.run(&RUN);
        assert_eq!(ended.code, Some(0), "{ended:?}");
        town.must_have(240, 0, 0, 0);
    }
}

#[test]
fn editing_the_files_changes_nothing_in_a_run_that_has_begun() {
    let town = stopped_by("TERM");
    town.scene.campaign("spring", 1000..1010, 3);
    town.scene.write("campaigns/spring.toml", "this is no TOML");
    let refused = town.scene.run(&RUN);
    assert_eq!(refused.code, Some(2), "{refused:?}");
    let ended = town.scene.run(&["run", "spring", "--as-planned"]);
    assert_eq!(ended.code, Some(0), "{ended:?}");
    town.must_have(240, 0, 0, 0);
    let texts = town.desk.with(|stand_in| {
        let chats = stand_in.world().chats().iter();
        chats
            .filter(|chat| chat.message() == "Hello from spring")
            .count()
    });
    assert_eq!(texts, 60);
}

#[test]
fn another_desk_or_another_plan_does_not_go_on_with_it() {
    let town = stopped_by("TERM");
    let messaged = town.messaged();
    let elsewhere = ("DESKCAST__DESK__BASE_URL", "http://127.0.0.1:9/platform/v1");
    let ended = town.run_with(&[elsewhere], &RUN);
    assert_eq!((ended.code, ended.out.as_str()), (Some(2), ""));
    let other = format!("sha256:{}", "0".repeat(64));
    let ended = town.scene.run(&["run", "spring", "--plan", &other]);
    assert_eq!((ended.code, ended.out.as_str()), (Some(2), ""));
    assert_eq!(town.messaged(), messaged);
    town.must_have(messaged, 0, 0, 240 - messaged);
}

#[test]
fn new_starts_another_run_beside_the_unfinished_one() {
    let town = stopped_by("TERM");
    let before = town.ledger().sums();
    town.scene.campaign("spring", 1000..1010, 3);
    let ended = town.scene.run(&["run", "spring", "--new", "--json"]);
    assert_eq!(ended.code, Some(0), "{ended:?}");
    let ledgers = town.ledgers();
    assert_eq!(ledgers.len(), 2);
    assert_eq!(ledgers[0].sums(), before, "the first one is as it was");
    assert_eq!(ledgers[1].sums(), [(State::Accepted, 10)].into());
}

#[test]
fn what_is_finished_is_followed_by_another_run() {
    let town = Town::new(4, 4, "");
    town.allow_repeats();
    for runs in 1..=2 {
        assert_eq!(town.scene.run(&RUN).code, Some(0));
        assert_eq!(town.ledgers().len(), runs);
    }
    assert_eq!(town.desk.creates(), 2);
}

#[test]
fn what_is_finished_messages_nobody_again_and_that_is_no_mistake() {
    let town = Town::new(4, 4, "");
    assert_eq!(town.scene.run(&RUN).code, Some(0));
    for arguments in [&["run", "spring"][..], &["run", "spring", "--dry-run"]] {
        let ended = town.scene.run(arguments);
        assert_eq!(ended.code, Some(0), "{ended:?}");
        let said = ended.err.split_once(": ").unwrap().1;
        assert_eq!(
            said,
            "campaigns/spring.csv: nobody to message: 4 listed, 4 messaged by this campaign before \
             (repeat.same_campaign = \"never\")\n"
        );
    }
    let object = town.scene.run(&RUN).out;
    let object: serde_json::Value = serde_json::from_str(&object).unwrap();
    assert_eq!(object["state"], "nobody");
    assert_eq!(object["customers"]["excluded_by"]["messaged_before"], 4);
    town.must_have(4, 0, 0, 0);
    town.scene.campaign("spring", 3..=6, 4);
    let ended = town.scene.run(&["run", "spring", "--dry-run"]);
    assert_eq!(ended.code, Some(0), "{ended:?}");
    let lines = ended.out.lines();
    let sums: Vec<&str> = lines
        .skip_while(|line| !line.starts_with("Listed"))
        .take(6)
        .collect();
    insta::assert_snapshot!(sums.join("\n"));
    let ended = town.scene.run(&["run", "spring"]);
    assert_eq!(ended.code, Some(0), "{ended:?}");
    let sums: Vec<&str> = ended.out.lines().skip(9).take(2).collect();
    insta::assert_snapshot!(sums.join("\n"));
    assert_eq!(town.messaged(), 6);
    assert_eq!(town.desk.creates(), 2);
}

#[test]
fn a_desk_that_is_not_there_yet_is_waited_for() {
    let port = {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        listener.local_addr().unwrap().port()
    };
    let scene = Scene::new(&format!("http://127.0.0.1:{port}/platform/v1"));
    scene.campaign("spring", 1..=7, 3);
    let running = Running::start(scene.deskcast(&RUN));
    wait_until("it was tried in vain", || {
        let runs = crate::stage::ledger::Ledger::read(&scene.store());
        runs.iter()
            .any(|run| run.attempts.iter().any(|it| it.outcome == "not sent"))
    });
    let desk = Desk::of(SandboxConfig {
        port,
        ..SandboxConfig::default()
    });
    let ended = running.end();
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert_eq!(ended.json()["customers"]["accepted"], 7);
    assert_eq!(desk.with(|stand_in| stand_in.world().memory().most()), 1);
    assert_eq!(desk.creates(), 3);
}

#[test]
fn told_to_stop_while_it_waits_for_desk_it_stops() {
    let scene = Scene::new("http://127.0.0.1:9/platform/v1");
    scene.campaign("spring", 1..=7, 3);
    let running = Running::start(scene.deskcast(&RUN));
    wait_until("it was tried in vain", || {
        let runs = crate::stage::ledger::Ledger::read(&scene.store());
        runs.iter().any(|run| !run.attempts.is_empty())
    });
    running.signal("TERM");
    let ended = running.end();
    assert_eq!(ended.code, Some(4), "{ended:?}");
    assert_eq!(ended.json()["customers"]["remaining"], 7);
}

#[test]
fn a_slow_answer_in_flight_is_waited_for_when_told_to_stop() {
    let desk = Desk::start("late=@1:700ms", Duration::ZERO);
    let town = Town::with(desk, 8, 4);
    let running = town.start(&RUN);
    wait_until("the first is on its way", || town.desk.creates() == 1);
    running.signal("TERM");
    let ended = running.end();
    assert_eq!(ended.code, Some(4), "{ended:?}");
    town.must_have(4, 0, 0, 4);
}
