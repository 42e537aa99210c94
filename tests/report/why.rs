//! One customer's story.

use crate::world::{BEFORE, WELCOME, World};

#[test]
fn the_story_is_told_over_all_runs_the_latest_first() {
    insta::assert_snapshot!(World::with_everything().printed(&["why", "101"]));
}

#[test]
fn a_rejected_customer_is_followed_through_the_batch_that_was_split() {
    insta::assert_snapshot!(World::with_everything().printed(&["why", "106"]));
}

#[test]
fn an_unknown_outcome_says_what_was_heard() {
    insta::assert_snapshot!(World::with_everything().printed(&["why", "110"]));
}

#[test]
fn whoever_waits_is_told_what_for() {
    insta::assert_snapshot!(World::with_everything().printed(&["why", "115"]));
}

#[test]
fn what_was_in_flight_when_its_sender_died_is_unknown() {
    insta::assert_snapshot!(World::with_everything().printed(&["why", "117"]));
}

#[test]
fn the_story_can_be_of_one_run_and_in_json() {
    let printed = World::with_everything().printed(&["why", "107", "--run", WELCOME, "--json"]);
    let story: serde_json::Value = serde_json::from_str(&printed).expect("JSON");
    insta::assert_snapshot!(format!("{story:#}"));
}

#[test]
fn a_stranger_is_in_no_run_and_that_is_an_answer() {
    let world = World::with_everything();
    assert_eq!(
        world.printed(&["why", "999"]),
        "Customer 999 is in none of 3 runs: not listed, and not messaged by any.\n"
    );
    assert_eq!(
        world.printed(&["why", "999", "--json"]),
        "{\"customer_id\":999,\"runs\":[]}\n"
    );
    assert_eq!(
        world.printed(&["why", "107", "--run", BEFORE]),
        "Customer 107 is in none of 1 run: not listed, and not messaged by any.\n"
    );
}
