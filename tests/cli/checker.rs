//! The rules that every test relies on, each seen to fail when it is broken: a check that cannot
//! fail proves nothing.

use rusqlite::Connection;

use crate::town::Town;

/// A finished campaign of five batches, all accepted, in which then something is falsified in the
/// store.
fn falsified(sql: &str) -> Town {
    let town = Town::new(20, 4, "");
    assert_eq!(town.scene.run(&["run", "spring"]).code, Some(0));
    town.must_have(20, 0, 0, 0);
    let connection = Connection::open(town.scene.store()).unwrap();
    connection.execute_batch(sql).unwrap();
    town
}

#[track_caller]
fn must_be_noticed(sql: &str, words: &str) {
    let broken = falsified(sql).findings().broken;
    assert!(
        broken.iter().any(|rule| rule.contains(words)),
        "{sql}: {broken:#?}"
    );
}

#[test]
fn a_customer_messaged_twice_is_noticed() {
    let town = Town::new(20, 4, "");
    town.allow_repeats();
    for runs in 0..2 {
        assert_eq!(town.scene.run(&["run", "spring"]).code, Some(0), "{runs}");
    }
    // The second run did it; to the first one it is no different from a second request of its own.
    let connection = Connection::open(town.scene.store()).unwrap();
    connection
        .execute("DELETE FROM run WHERE id = 2", [])
        .unwrap();
    drop(connection);
    let findings = town.findings();
    assert_eq!(findings.duplicates, 20);
    let broken = findings.broken.join("\n");
    for words in [
        "customer 7 was messaged 2 times",
        "10 creates for 5 durable intents",
        "belongs to 0",
    ] {
        assert!(broken.contains(words), "{words}: {broken}");
    }
}

#[test]
fn a_batch_that_was_sent_and_is_called_unsent_is_noticed() {
    for state in [0, 3] {
        must_be_noticed(
            &format!("UPDATE batch SET state = {state} WHERE number = 2"),
            "messaged: true",
        );
    }
}

#[test]
fn a_batch_left_in_flight_is_noticed() {
    must_be_noticed("UPDATE batch SET state = 1 WHERE number = 3", "is Sending");
}

#[test]
fn a_batch_that_was_not_sent_and_is_called_accepted_is_noticed() {
    let town = Town::new(20, 4, "unknown-customers=@9-12");
    assert_eq!(town.scene.run(&["run", "spring"]).code, Some(3));
    let connection = Connection::open(town.scene.store()).unwrap();
    let sql = "UPDATE batch SET state = 2, chat = 1 WHERE state = 3";
    assert_eq!(connection.execute(sql, []).unwrap(), 1);
    let broken = town.findings().broken.join("\n");
    assert!(
        broken.contains("messaged: false") && broken.contains("does not hold"),
        "{broken}"
    );
}

#[test]
fn a_chat_under_another_batch_is_noticed() {
    must_be_noticed(
        "UPDATE batch SET chat = chat + 1000 WHERE number = 2",
        "belongs to 0 batches",
    );
}

#[test]
fn customers_that_vanish_are_noticed() {
    must_be_noticed(
        "UPDATE batch_customers SET packed = (SELECT packed FROM batch_customers LIMIT 1) WHERE id % 8 = 2",
        "not each of the 20",
    );
}

#[test]
fn a_sum_that_does_not_come_out_is_noticed() {
    must_be_noticed(
        "UPDATE run SET duplicates = 1",
        "listed 20 is not planned 20 + left out 1",
    );
}

#[test]
fn a_request_without_an_intent_is_noticed() {
    must_be_noticed(
        "UPDATE batch SET attempt = 0 WHERE number = 3",
        "durable intents",
    );
}

#[test]
fn an_unknown_batch_that_desk_holds_is_counted() {
    let town = falsified(
        "UPDATE batch SET state = 5, chat = NULL WHERE number = 2;
         INSERT INTO attempt (run, batch, attempt, ended_at, outcome, message) VALUES (1, 2, 1, 0, 'unknown', '');",
    );
    let findings = town.findings();
    assert_eq!(
        (findings.unknown, findings.settled, findings.unsettled),
        (1, 0, 1)
    );
}
