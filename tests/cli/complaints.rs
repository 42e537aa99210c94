//! What people who run such campaigns complain about, in the issue trackers of comparable tools:
//! one test for each complaint.

use crate::stage::ledger::State;
use crate::town::{Town, customers, wait_until};

const RUN: [&str; 3] = ["run", "spring", "--json"];

/// "The same person was messaged two or three times, because two processes picked one campaign up"
/// (chatwoot 12821).
#[test]
fn processes_that_pick_one_campaign_up_message_nobody_twice() {
    let town = Town::slow(160, 4, 10);
    let first = town.start(&RUN);
    wait_until("the first one sends", || town.messaged() > 0);
    let others: Vec<_> = (0..2).map(|_| town.start(&RUN)).collect();
    for other in others {
        assert_eq!(other.end().code, Some(4));
    }
    first.signal("KILL");
    first.end();
    // Its run is free at once. Whoever is first takes it; the others find it taken.
    let heirs: Vec<_> = (0..3).map(|_| town.start(&RUN)).collect();
    wait_until("an heir sends", || {
        town.ledger().in_state(State::Accepted).count() > 20
    });
    for heir in heirs {
        let ended = heir.end();
        assert!(matches!(ended.code, Some(0 | 3 | 4)), "{ended:?}");
    }
    town.must_hold();
    let sums = town.ledger().sums();
    let of = |state| sums.get(&state).copied().unwrap_or(0);
    assert_eq!(of(State::Accepted) + of(State::Unknown), 160, "{sums:?}");
}

/// "One bad contact stops everyone after it" (chatwoot PR 11980).
#[test]
fn a_bad_contact_stops_nobody_after_it() {
    for faults in [
        "unknown-customers=@1",
        "unnamed-customers=@1",
        "social-customers=@1",
    ] {
        let town = Town::new(60, 10, faults);
        let ended = town.scene.run(&RUN);
        assert_eq!(ended.code, Some(3), "{faults}: {ended:?}");
        town.must_have(59, 1, 0, 0);
    }
}

/// "A run stops midway and nobody knows who was missed" (listmonk 1442, 2221, 2680; chatwoot 4897).
#[test]
fn a_run_that_dies_midway_knows_of_everybody() {
    let town = Town::slow(160, 4, 10);
    let running = town.start(&RUN);
    wait_until("a quarter is sent", || town.messaged() >= 40);
    running.signal("KILL");
    running.end();
    let dead = town.ledger();
    assert_eq!(dead.sums().values().sum::<u64>(), 160, "each in one state");
    // What the store calls planned was never sent; what it calls accepted was.
    let messaged = town.desk.with(|stand_in| stand_in.world().memory().clone());
    for batch in dead.ends() {
        for customer in &batch.customers {
            match batch.state {
                State::Planned => assert_eq!(messaged.times(*customer), 0, "{batch:?}"),
                State::Accepted => assert_eq!(messaged.times(*customer), 1, "{batch:?}"),
                state => assert_eq!(state, State::Sending, "{batch:?}"),
            }
        }
    }
    let in_flight = dead.in_state(State::Sending).count() as u64;
    let ended = town.scene.run(&RUN);
    let sums = customers(
        &ended.json(),
        &["planned", "accepted", "unknown", "remaining"],
    );
    assert_eq!((sums[0], sums[3]), (160, 0));
    town.must_have(sums[1], 0, sums[2], 0);
    let findings = town.findings();
    assert_eq!((findings.unknown, findings.unsettled), (in_flight, 0));
}

/// "A 429 counted as a failed recipient" (wacrm 472).
#[test]
fn a_429_is_nobodys_failure() {
    let town = Town::new(60, 4, "429=every=2:30ms");
    let ended = town.scene.run(&RUN);
    assert_eq!(ended.code, Some(0), "{ended:?}");
    town.must_have(60, 0, 0, 0);
    let throttled = town.desk.with(|stand_in| stand_in.requests().struck("429"));
    assert!(throttled >= 10, "{throttled} throttled");
    assert_eq!(ended.json()["requests"]["throttled"], throttled);
}

/// "No per-recipient export of what happened" (chatwoot 4531, whatomate 88).
#[test]
fn what_happened_can_be_exported_recipient_by_recipient() {
    let town = Town::new(30, 4, "unknown-customers=@9,reset-before=@4");
    let run = town.scene.run(&RUN).json();
    let key = run["run"].as_str().unwrap();
    let ended = town
        .scene
        .run(&["report", "--customers", key, "--format", "csv"]);
    assert_eq!(ended.code, Some(0), "{ended:?}");
    let mut rows = csv::Reader::from_reader(ended.out.as_bytes());
    assert_eq!(
        rows.headers().unwrap().iter().collect::<Vec<_>>(),
        [
            "customer_id",
            "outcome",
            "reason",
            "batch",
            "proactive_chat_id",
            "at"
        ]
    );
    let mut exported: Vec<(u64, String, Option<u64>)> = rows
        .records()
        .map(|row| {
            let row = row.unwrap();
            (
                row[0].parse().unwrap(),
                row[1].to_owned(),
                row[4].parse().ok(),
            )
        })
        .collect();
    exported.sort_unstable();
    let ledger = town.ledger();
    let mut expected: Vec<_> = ledger
        .ends()
        .flat_map(|batch| {
            let outcome = match batch.state {
                State::Accepted => "accepted",
                State::Rejected => "rejected",
                State::Unknown => "unknown",
                state => panic!("{state:?}"),
            };
            let rows = batch.customers.iter();
            rows.map(move |id| (*id, outcome.to_owned(), batch.chat))
        })
        .collect();
    expected.sort_unstable();
    assert_eq!(exported, expected);
    town.must_hold();
}
