//! `[pace]`: never more at a time than it says, as the sandbox counts it.

use std::time::Instant;

use crate::stage::ledger::{Ledger, State};
use crate::town::{Town, wait_until};
use crate::{add, desk, people, town};

const RUN: [&str; 3] = ["run", "spring", "--json"];

#[test]
fn never_more_chats_are_open_than_allowed_and_one_batch() {
    let lines = "[pace]\nmax_open = { open = 40, answers_within = \"1s\" }";
    let town = town(desk(people(1_000, 800), ""), 120, lines);
    let ended = town.scene.run(&RUN);
    assert_eq!(ended.code, Some(0), "{ended:?}");
    town.must_have(120, 0, 0, 0);
    let most = town.desk.with(|stand_in| stand_in.world().most_open());
    assert!((10..=50).contains(&most), "{most} were open at once");
}

#[test]
fn with_slow_agents_never_more_than_200_and_a_batch_of_100_are_open() {
    let town = Town::with(desk(people(1_000, 800), ""), 700, 100);
    add(
        &town,
        "[pace]\nmax_open = { open = 200, answers_within = \"1s\" }",
    );
    let ended = town.scene.run(&RUN);
    assert_eq!(ended.code, Some(0), "{ended:?}");
    town.must_have(700, 0, 0, 0);
    let most = town.desk.with(|stand_in| stand_in.world().most_open());
    assert!((100..=300).contains(&most), "{most} were open at once");
    println!("at most {most} chats were open at once");
}

#[test]
fn without_a_bound_the_same_people_are_all_open_at_once() {
    let town = town(desk(people(1_000, 3_000), ""), 120, "");
    let ended = town.scene.run(&RUN);
    assert_eq!(ended.code, Some(0), "{ended:?}");
    let most = town.desk.with(|stand_in| stand_in.world().most_open());
    assert!(most > 50, "{most}: the test above could not fail");
}

#[test]
fn agents_who_never_close_hold_the_run_and_it_says_so_and_stops_at_once() {
    let mut people = people(0, 0);
    people.close_share = 0.0;
    let lines = "[pace]\nmax_open = { open = 20, answers_within = \"0s\" }";
    let town = town(desk(people, ""), 100, lines);
    let running = town.start(&RUN);
    let waits = "waits for fewer than 20 open chats (max_open), 80 remaining";
    wait_until("it says what it waits for", || {
        town.scene.run(&["runs"]).out.contains(waits)
    });
    let asked = Instant::now();
    running.signal("TERM");
    let ended = running.end();
    assert!(asked.elapsed().as_secs() < 3, "{:?}", asked.elapsed());
    assert_eq!(ended.code, Some(4), "{ended:?}");
    town.must_have(20, 0, 0, 80);
    // Resumed, it waits on.
    let running = town.start(&RUN);
    wait_until("it says so again", || {
        town.scene.run(&["runs"]).out.contains(waits)
    });
    running.signal("TERM");
    running.end();
    town.must_have(20, 0, 0, 80);
}

#[test]
fn the_chats_of_a_group_are_bounded_over_its_runs() {
    let mut people = people(0, 0);
    people.close_share = 0.0;
    let lines = "[pace]\nmax_open = { open = 30, of = \"group\", answers_within = \"0s\" }";
    let town = town(desk(people, ""), 100, lines);
    // Another campaign for the same group, without a bound, and one for another group.
    for (name, group) in [("autumn", "vip-support"), ("winter", "sales")] {
        town.scene.campaign(name, 1_001..=1_020, 10);
        let file = format!("campaigns/{name}.toml");
        let text = std::fs::read_to_string(town.scene.path(&file)).unwrap();
        town.scene.write(&file, text.replace("vip-support", group));
        assert_eq!(town.scene.run(&["run", name]).code, Some(0));
    }
    let running = town.start(&RUN);
    let waits = "waits for fewer than 30 open chats of the group (max_open), 90 remaining";
    wait_until("20 and 10 are open", || {
        town.scene.run(&["runs"]).out.contains(waits)
    });
    assert_eq!(town.desk.creates(), 2 + 2 + 1);
    assert_eq!(town.scene.run(&["pause", "spring"]).code, Some(0));
    assert_eq!(running.end().code, Some(4));
}

#[test]
fn a_rate_of_its_own_holds_below_that_of_the_application() {
    let lines = "[pace]\nrequests_per_second = 20";
    let town = town(desk(people(0, 0), ""), 300, lines);
    let begun = Instant::now();
    let ended = town.scene.run(&RUN);
    assert_eq!(ended.code, Some(0), "{ended:?}");
    town.must_have(300, 0, 0, 0);
    // 30 creates at 20 a second: the last one leaves 1.45 s after the first.
    let took = begun.elapsed();
    assert!(took.as_millis() >= 1_450, "{took:?}");
}

/// The customers of the only run who are accepted.
fn accepted(town: &Town) -> u64 {
    let sums = town.ledger().sums();
    sums.get(&State::Accepted).copied().unwrap_or(0)
}

/// Runs until it waits for a window, and kills it there.
fn run_until_it_waits(town: &Town, waits: &str) {
    let running = town.start(&RUN);
    // What is under way counts already: it may say so before that is accepted.
    wait_until("it waits, and nothing is under way", || {
        let mut runs = town.ledgers().into_iter();
        let idle = |run: Ledger| !run.sums().contains_key(&State::Sending);
        runs.next().is_some_and(idle) && town.scene.run(&["runs"]).out.contains(waits)
    });
    running.signal("KILL");
    running.end();
}

#[test]
fn a_window_holds_so_many_customers_and_a_restart_changes_nothing() {
    for (lines, waits, window_ms) in [
        (
            "customers_per_hour = 30",
            "customers_per_hour = 30",
            3_600_000,
        ),
        (
            "customers_per_hour = 40\ncustomers_per_day = 30",
            "customers_per_day = 30",
            86_400_000_i64,
        ),
    ] {
        let town = town(desk(people(0, 0), ""), 50, &format!("[pace]\n{lines}"));
        for _ in 0..2 {
            run_until_it_waits(&town, waits);
            assert_eq!((accepted(&town), town.messaged()), (30, 30));
        }
        // As if the window were over, by both clocks: what is left fits in.
        let store = rusqlite::Connection::open(town.scene.store()).unwrap();
        store
            .execute(
                "UPDATE batch SET ended_at = ended_at - ?1, ended_boot_ms = ended_boot_ms - ?1
                 WHERE ended_at IS NOT NULL",
                [window_ms],
            )
            .unwrap();
        let ended = town.scene.run(&RUN);
        assert_eq!(ended.code, Some(0), "{ended:?}");
        assert_eq!((accepted(&town), town.messaged()), (50, 50));
    }
}

#[test]
fn the_windows_of_a_campaign_reach_over_its_runs() {
    let town = town(
        desk(people(0, 0), ""),
        20,
        "[pace]\ncustomers_per_hour = 30\n[repeat]\nsame_campaign = \"always\"",
    );
    assert_eq!(town.scene.run(&RUN).code, Some(0));
    let running = town.start(&RUN);
    wait_until("it waits", || {
        let runs = town.scene.run(&["runs"]).out;
        runs.contains("customers_per_hour = 30") && town.desk.creates() == 3
    });
    running.signal("TERM");
    assert_eq!(running.end().code, Some(4));
    let memory = town.desk.with(|stand_in| stand_in.world().memory().most());
    assert_eq!((memory, town.desk.creates()), (2, 3), "10 of them twice");
}
