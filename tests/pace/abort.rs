//! `[abort]`: a run of which too much goes wrong pauses by itself.

use deskcast::sandbox::WorldConfig;
use deskcast::sandbox::rule::Rule;

use crate::stage::ledger::State;
use crate::town::{Town, wait_until};
use crate::{add, desk_of, without_time};

/// Every second customer does not exist; one customer a batch, one request at a time.
fn bad(lines: &str) -> Town {
    let mut world = WorldConfig::default();
    world.customers.unknown = Rule::Every(2);
    let town = Town::with(desk_of(world, ""), 100, 1);
    add(&town, lines);
    town
}

const ONE_AT_A_TIME: [(&str, &str); 1] = [("DESKCAST__LIMITS__CONCURRENCY", "1")];

#[test]
fn more_than_ten_batches_and_a_tenth_of_the_customers_pause_the_run() {
    let town = bad("");
    let ended = town.run_with(&ONE_AT_A_TIME, &["run", "spring"]);
    assert_eq!(ended.code, Some(4), "{ended:?}");
    insta::assert_snapshot!(without_time(&ended.out));
    town.must_have(11, 11, 0, 78);
    let again = town.run_with(&ONE_AT_A_TIME, &["run", "spring"]);
    assert_eq!(again.code, Some(4), "{again:?}");
    town.must_have(11, 11, 0, 78);
    // Whoever resumes it has looked: as many again may go wrong.
    assert_eq!(town.scene.run(&["resume", "spring"]).code, Some(0));
    let again = town.run_with(&ONE_AT_A_TIME, &["run", "spring"]);
    assert_eq!(again.code, Some(4), "{again:?}");
    town.must_have(22, 22, 0, 56);
}

#[test]
fn both_numbers_can_be_set() {
    for (lines, accepted, rejected) in [
        ("[abort]\nbatches = 3", 4, 4),
        ("[abort]\nshare = 0.6", 50, 50),
        ("[abort]\nbatches = 1000", 50, 50),
    ] {
        let town = bad(lines);
        town.run_with(&ONE_AT_A_TIME, &["run", "spring"]);
        town.must_have(accepted, rejected, 0, 100 - accepted - rejected);
    }
}

/// A kill between the outcome that is too much and the end of the run must not let as much go wrong
/// again: who comes after counts from nothing.
#[test]
fn a_run_of_which_too_much_went_wrong_stays_paused_though_its_sender_was_killed_at_once() {
    let mut world = WorldConfig::default();
    world.customers.unknown = Rule::Every(2);
    // One request is not answered, so that the run cannot be given up.
    let town = Town::with(desk_of(world, "hang-before=@3"), 100, 1);
    add(&town, "[abort]\nbatches = 2\nshare = 0.0");
    let running = town.start(&["run", "spring"]);
    let rejected = || {
        town.ledgers()
            .first()
            .map_or(0, |run| run.in_state(State::Rejected).count())
    };
    wait_until("three batches are refused", || rejected() >= 3);
    running.signal("KILL");
    running.end();
    let before = (rejected(), town.desk.creates());
    let again = town.scene.run(&["run", "spring"]);
    assert_eq!(again.code, Some(4), "{again:?}");
    assert!(again.err.contains("is paused"), "{again:?}");
    let shown = town.scene.run(&["runs"]).out;
    assert!(shown.contains("too much went wrong"), "{shown}");
    assert_eq!((rejected(), town.desk.creates()), before);
}
