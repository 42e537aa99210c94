//! `--to` and `--only`: some customers, and nobody else.

use std::collections::BTreeSet;

use deskcast::sandbox::WorldConfig;
use deskcast::sandbox::rule::Rule;

use crate::stage::ledger::State;
use crate::town::Town;
use crate::{desk, desk_of, people, town, without_time};

/// Every customer that the sandbox has messaged, as often as it did.
fn messaged(town: &Town) -> Vec<u64> {
    let mut all: Vec<u64> = town.desk.with(|stand_in| {
        let chats = stand_in.world().chats().iter();
        chats.flat_map(|chat| chat.customers()).collect()
    });
    all.sort_unstable();
    all
}

fn set(customers: impl IntoIterator<Item = u64>) -> BTreeSet<u64> {
    customers.into_iter().collect()
}

#[test]
fn a_test_send_goes_to_those_alone_and_counts_for_nothing() {
    let lines = "[pace]\ncustomers_per_hour = 30\n[repeat]\nsame_campaign = \"never\"";
    let town = town(desk(people(0, 0), ""), 30, lines);
    let to = ["run", "spring", "--to", "7,4000000,7", "--json"];
    let ended = town.scene.run(&to);
    assert_eq!(ended.code, Some(0), "{ended:?}");
    let object = ended.json();
    assert_eq!(
        (&object["test"], &object["state"]),
        (&true.into(), &"finished".into())
    );
    assert_eq!(
        (
            &object["customers"]["accepted"],
            &object["customers"]["duplicates"]
        ),
        (&2.into(), &1.into())
    );
    assert_eq!(messaged(&town), [7, 4_000_000]);
    assert!(town.scene.run(&["runs"]).out.contains("\n  test\n"));
    // Neither the limit nor the plan of the real run knows of it.
    let ended = town.scene.run(&["run", "spring", "--json"]);
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert_eq!(ended.json()["customers"]["accepted"], 30);
    assert_eq!(ended.json().get("test"), None);
    let total = &town.scene.run(&["report", "--json"]).json()["total"];
    assert_eq!(
        (&total["runs"], &total["customers"]["accepted"]),
        (&1.into(), &30.into())
    );
}

#[test]
fn a_test_send_is_neither_kept_back_by_an_unfinished_run_nor_gone_on_with() {
    let town = town(desk(people(0, 0), ""), 30, "");
    let token = ("DESKCAST__DESK__API_TOKEN", "wrong");
    let stopped = town.run_with(&[token], &["run", "spring"]);
    assert_eq!(stopped.code, Some(4), "{stopped:?}");
    let stopped = town.run_with(&[token], &["run", "spring", "--to", "5"]);
    assert_eq!(stopped.code, Some(4), "{stopped:?}");
    assert_eq!(
        town.scene.run(&["run", "spring", "--to", "6"]).code,
        Some(0)
    );
    assert_eq!(messaged(&town), [6]);
    assert_eq!(town.scene.run(&["run", "spring"]).code, Some(0));
    let states: Vec<String> = town.ledgers().into_iter().map(|run| run.state).collect();
    assert_eq!(states, ["finished", "stopped", "finished"]);
    let mut all: Vec<u64> = (1..=30).chain([6]).collect();
    all.sort_unstable();
    assert_eq!(messaged(&town), all);
}

#[test]
fn only_the_remaining_of_a_run_that_was_cancelled_are_messaged() {
    let town = town(
        desk(people(0, 0), ""),
        50,
        "[pace]\ncustomers_per_hour = 20",
    );
    let running = town.start(&["run", "spring"]);
    crate::town::wait_until("20 are sent", || town.messaged() == 20);
    let unfinished = town.scene.run(&["run", "spring", "--only", "remaining"]);
    assert_eq!((unfinished.code, unfinished.out.as_str()), (Some(2), ""));
    insta::assert_snapshot!(without_time(&unfinished.err));
    assert_eq!(town.scene.run(&["cancel", "spring"]).code, Some(0));
    assert_eq!(running.end().code, Some(4));
    town.scene.campaign("spring", 1..=60, 10);
    let ended = town.scene.run(&["run", "spring", "--only", "remaining"]);
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert_eq!(messaged(&town), (1..=50).collect::<Vec<u64>>());
    let nobody = town.scene.run(&["run", "spring", "--only", "remaining"]);
    assert_eq!(
        (nobody.code, town.ledgers().len()),
        (Some(2), 2),
        "{nobody:?}"
    );
}

#[test]
fn only_the_rejected_whom_no_run_has_messaged_since_are_messaged() {
    let mut world = WorldConfig::default();
    world.customers.unknown = Rule::Only(vec![(3, 5), (17, 17)]);
    let first = town(desk_of(world, ""), 20, "");
    assert_eq!(first.scene.run(&["run", "spring"]).code, Some(3));
    // At another Desk, which knows them all.
    let second = desk(people(0, 0), "");
    let there = second.base_url();
    let there = [("DESKCAST__DESK__BASE_URL", there.as_str())];
    let dry = ["run", "spring", "--only", "rejected", "--dry-run", "--json"];
    let dry = first.run_with(&there, &dry).json();
    assert_eq!(dry["customers"]["planned"], 4);
    let plan = dry["digest"].as_str().unwrap();
    let only = ["run", "spring", "--only", "rejected", "--plan", plan];
    assert_eq!(first.run_with(&there, &only).code, Some(0));
    let chats = second.with(|stand_in| {
        let chats = stand_in.world().chats().iter();
        set(chats.flat_map(|chat| chat.customers()))
    });
    assert_eq!(chats, set([3, 4, 5, 17]));
    assert_eq!(first.ledgers()[1].sums(), [(State::Accepted, 4)].into());
    let again = first.run_with(&there, &["run", "spring", "--only", "rejected"]);
    assert_eq!(
        (again.code, first.ledgers().len()),
        (Some(2), 2),
        "{again:?}"
    );
}

#[test]
fn what_may_have_been_messaged_is_left_out_whatever_run_it_was() {
    let town = town(desk(people(0, 0), ""), 20, "");
    let token = ("DESKCAST__DESK__API_TOKEN", "wrong");
    town.run_with(&[token], &["run", "spring"]);
    assert_eq!(town.scene.run(&["cancel", "spring"]).code, Some(0));
    // A later run, of which one batch became unknown and the other was accepted.
    town.scene.campaign("spring", 1..=10, 5);
    assert_eq!(town.scene.run(&["run", "spring"]).code, Some(0));
    let store = rusqlite::Connection::open(town.scene.store()).unwrap();
    let unknown = "UPDATE batch SET state = 5, chat = NULL WHERE run = 2 AND number = 1";
    assert_eq!(store.execute(unknown, []).unwrap(), 1);
    // The first one is the last again, and 1 to 20 are remaining in it.
    let order = "UPDATE run SET due = due + 3600000 WHERE id = 1";
    assert_eq!(store.execute(order, []).unwrap(), 1);
    let ended = town.scene.run(&["run", "spring", "--only", "remaining"]);
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert_eq!(messaged(&town), (1..=20).collect::<Vec<u64>>());
}

#[test]
fn a_test_send_is_to_few_and_never_to_whoever_asked_to_be_left_alone() {
    let town = Town::new(4, 4, "");
    town.scene.write("leave.csv", "5\n7\n");
    let list = town.scene.path("leave.csv").display().to_string();
    let suppress = ("DESKCAST__AUDIENCE__SUPPRESS", list.as_str());
    let alone = town.run_with(&[suppress], &["run", "spring", "--to", "5"]);
    assert_eq!(alone.code, Some(2), "{alone:?}");
    assert!(alone.err.contains("suppressed by"), "{alone:?}");
    let three = town.run_with(&[suppress], &["run", "spring", "--to", "5,6,7", "--json"]);
    assert_eq!(three.code, Some(0), "{three:?}");
    let object = three.json();
    assert_eq!(object["customers"]["accepted"], 1);
    assert_eq!(object["customers"]["excluded_by"]["suppressed"], 2);
    let ids: Vec<String> = (1..=21).map(|id| id.to_string()).collect();
    let many = town.scene.run(&["run", "spring", "--to", &ids.join(",")]);
    assert_eq!(many.code, Some(2), "{many:?}");
    assert!(many.err.contains("at most 20 customers"), "{many:?}");
    let chat = [
        "desk",
        "chat",
        "create",
        "--message",
        "Hi",
        "--group",
        "vip-support",
    ];
    let by_hand = |customers: &str| {
        let arguments = [&chat[..], &["--customer", customers]].concat();
        town.run_with(&[suppress], &arguments)
    };
    let alone = by_hand("1,7");
    assert_eq!(alone.code, Some(2), "{alone:?}");
    assert!(alone.err.contains("customer 7 is on "), "{alone:?}");
    assert_eq!(by_hand(&ids.join(",")).code, Some(2));
    assert_eq!(by_hand("1,2").code, Some(0));
    assert_eq!(town.messaged(), 3, "6, and 1 and 2");
}
