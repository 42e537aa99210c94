//! `[pace]`: never more at a time than it says, as the sandbox counts it.

use std::time::Instant;

use crate::town::wait_until;
use crate::{desk, people, town};

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
    let waits = "waits until fewer than 20 chats are open or may still be answered (max_open)";
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
