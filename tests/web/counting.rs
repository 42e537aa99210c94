//! The census of a store.

use deskcast::journal::reading::{Census, StateCount};
use deskcast::journal::{Journal as _, Purpose};

use crate::world::{SPRING, World, at};

/// One run is planned; one is finished; and one has one of everything: a batch that was accepted,
/// one that was split into one that was rejected and one that was accepted, one that is unknown,
/// one that was throttled and waits, and one that was in flight when its sender died.
#[test]
fn everything_in_a_store_is_counted_once() {
    let world = World::with_everything();
    let Census {
        runs,
        interrupted,
        batches,
        oldest_unknown,
    } = world.store().census().expect("counted");
    let runs: Vec<_> = runs.iter().map(|(run, n)| (run.as_str(), *n)).collect();
    let expected = [
        ("planned", 1),
        ("sending", 0),
        ("reading", 0),
        ("stopped", 0),
        ("finished", 1),
        ("failed", 0),
        ("paused", 0),
        ("cancelled", 0),
        ("missed", 0),
        ("skipped", 0),
    ];
    assert_eq!((runs.as_slice(), interrupted), (&expected[..], 1));
    let of = |count: &StateCount| (count.state.as_str(), count.batches, count.customers);
    let expected = [
        ("planned", 2, 7),
        ("sending", 1, 2),
        ("accepted", 3, 9),
        ("rejected", 1, 1),
        ("split", 1, 4),
        ("unknown", 1, 4),
        ("abandoned", 0, 0),
    ];
    assert_eq!(batches.each_ref().map(of), expected);
    assert_eq!(oldest_unknown, Some(at("21T09:00:05.500")));
}

#[test]
fn a_run_that_is_being_sent_is_not_interrupted() {
    let world = World::with_everything();
    let mut journal = world.journal();
    let run = world.run(SPRING).id;
    let claim = journal.claim(run, Purpose::Sending, at("21T10:00:00"));
    claim.expect("claimed");
    let census = world.store().census().expect("counted");
    assert_eq!(census.runs[1].1, 1, "sending");
    assert_eq!(census.interrupted, 1, "the other one");
}
