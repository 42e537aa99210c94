//! The small model: two batches of a few customers, and every order of events.
//!
//! The real dispatcher and a real journal are driven through all that can happen to them: loads,
//! grants, commits that are made, fail, lose their answer or kill, requests that are applied or
//! not, answers that come or do not, stops, deaths and takeovers. States that cannot be told apart
//! are visited once; each is held against the rules of the checker, and so is every step.

#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a test may panic and print"
)]

#[path = "../simulation/check.rs"]
#[expect(dead_code, reason = "the checker serves other tests as well")]
mod check;
mod explore;
mod scene;
mod step;

use explore::{Found, explore};
use scene::Scene;

/// Events in a row, after the first batches are at hand.
const DEPTH: usize = 12;

/// Explores one setting, and says what that amounted to.
fn every_order(name: &str, proven: bool, bad: &[u64]) -> Found {
    let found = explore(Scene::new(proven, bad), DEPTH);
    println!(
        "{name}: {} states, {} transitions, {} sequences of up to {DEPTH} events",
        found.states, found.transitions, found.sequences
    );
    found
}

#[test]
fn a_run_whose_customers_are_good() {
    let found = every_order("good customers, nothing accepted yet", false, &[]);
    assert!(found.states > 1_000 && found.ends > 0, "{found:?}");
}

#[test]
fn a_run_with_a_bad_customer() {
    let found = every_order("one bad customer, nothing accepted yet", false, &[2]);
    assert!(found.states > 1_000 && found.splits > 0, "{found:?}");
}

#[test]
fn a_run_that_has_two_batches_in_flight() {
    let found = every_order("one bad customer, two in flight", true, &[2]);
    assert!(found.states > 1_000 && found.splits > 0, "{found:?}");
}

#[test]
fn a_run_with_nobody_good() {
    let found = every_order("nobody good, two in flight", true, &[1, 2, 3]);
    assert!(found.states > 1_000 && found.splits > 0, "{found:?}");
}
