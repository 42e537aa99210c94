//! `[canary]`: a first wave, and what becomes of the rest.

use deskcast::sandbox::WorldConfig;
use deskcast::sandbox::rule::Rule;

use crate::town::{Town, wait_until};
use crate::{desk, desk_of, people, town, without_time};

const RUN: [&str; 3] = ["run", "spring", "--json"];

/// How many customers each create had, and how long after the one before it was made.
fn creates(town: &Town) -> Vec<(usize, i64)> {
    town.desk.with(|stand_in| {
        let mut before = None;
        let chats = stand_in.world().chats().iter();
        let create = |made_at: i64| made_at - before.replace(made_at).unwrap_or(made_at);
        let gaps: Vec<i64> = chats
            .clone()
            .map(|chat| chat.made_at_micros())
            .map(create)
            .collect();
        chats
            .map(|chat| chat.customers().count())
            .zip(gaps)
            .collect()
    })
}

#[test]
fn the_first_wave_has_just_so_many_and_the_rest_follows_after_the_hold() {
    let town = town(
        desk(people(0, 0), ""),
        50,
        "[canary]\ncustomers = 15\nhold = \"1s\"",
    );
    let ended = town.scene.run(&RUN);
    assert_eq!(ended.code, Some(0), "{ended:?}");
    town.must_have(50, 0, 0, 0);
    let creates = creates(&town);
    let mut sizes: Vec<usize> = creates.iter().map(|(size, _)| *size).collect();
    assert_eq!(sizes.iter().take(2).sum::<usize>(), 15, "{creates:?}");
    assert!(creates[2].1 >= 1_000_000, "the hold: {creates:?}");
    sizes.sort_unstable();
    assert_eq!(sizes, [5, 5, 10, 10, 10, 10]);
}

#[test]
fn a_wave_of_which_too_many_are_rejected_pauses_the_run_and_resumed_it_goes_on() {
    let mut world = WorldConfig {
        people: people(0, 0),
        ..WorldConfig::default()
    };
    world.customers.unknown = Rule::Only(vec![(3, 4)]);
    let town = town(
        desk_of(world, ""),
        50,
        "[canary]\ncustomers = 15\nhold = \"0s\"",
    );
    let ended = town.scene.run(&["run", "spring"]);
    assert_eq!(ended.code, Some(4), "{ended:?}");
    insta::assert_snapshot!(without_time(&town.scene.run(&["runs"]).out));
    town.must_have(13, 2, 0, 35);
    assert_eq!(town.scene.run(&["resume", "spring"]).code, Some(0));
    assert_eq!(town.scene.run(&RUN).code, Some(3));
    town.must_have(48, 2, 0, 0);
}

#[test]
fn so_many_of_the_wave_must_have_answered() {
    let lines = "[canary]\ncustomers = 10\nhold = \"200ms\"\nmin_responded = 0.5";
    let mut silent = people(0, 0);
    silent.reply_share = 0.0;
    let town_of = |people| town(desk(people, ""), 30, lines);
    let town = town_of(silent);
    assert_eq!(town.scene.run(&RUN).code, Some(4));
    town.must_have(10, 0, 0, 20);
    let town = town_of(people(0, 0));
    assert_eq!(town.scene.run(&RUN).code, Some(0));
    town.must_have(30, 0, 0, 0);
}

#[test]
fn asked_for_it_waits_until_somebody_approves() {
    let lines = "[canary]\ncustomers = 10\nhold = \"0s\"\nthen = \"ask\"";
    let town = town(desk(people(0, 0), ""), 30, lines);
    let waits = "its canary went well; waits for approval (deskcast approve)";
    // Neither a restart nor a plan that was named before is an answer.
    for _ in 0..2 {
        let running = town.start(&RUN);
        wait_until("it asks", || town.scene.run(&["runs"]).out.contains(waits));
        running.signal("TERM");
        assert_eq!(running.end().code, Some(4));
        town.must_have(10, 0, 0, 20);
    }
    let running = town.start(&RUN);
    wait_until("it asks", || town.scene.run(&["runs"]).out.contains(waits));
    assert_eq!(
        town.scene.run(&["approve", "spring", "--yes"]).code,
        Some(0)
    );
    assert_eq!(running.end().code, Some(0));
    town.must_have(30, 0, 0, 0);
}

#[test]
fn a_wave_that_is_the_whole_audience_is_simply_sent() {
    let lines = "[canary]\ncustomers = 30\nhold = \"1h\"";
    let town = town(desk(people(0, 0), ""), 30, lines);
    assert_eq!(town.scene.run(&RUN).code, Some(0));
    town.must_have(30, 0, 0, 0);
}

#[test]
fn of_a_wave_whose_batches_are_split_nobody_else_is_messaged_and_no_level_waits_a_second() {
    let town = town(
        desk(people(0, 0), "unnamed-customers=@3,17,31"),
        200,
        "[canary]\ncustomers = 40\nhold = \"1h\"",
    );
    let begun = std::time::Instant::now();
    let running = town.start(&["run", "spring"]);
    wait_until("the wave is left alone", || {
        let ended = town.scene.run(&["runs"]);
        ended.out.contains("to look at its canary")
    });
    println!("the wave was out within {:?}", begun.elapsed());
    running.signal("TERM");
    assert_eq!(running.end().code, Some(4));
    town.must_have(37, 3, 0, 160);
    town.desk.with(|stand_in| {
        let mut all = stand_in
            .world()
            .chats()
            .iter()
            .flat_map(|chat| chat.customers());
        assert!(
            all.all(|customer| customer <= 40),
            "somebody outside of the wave"
        );
    });
}
