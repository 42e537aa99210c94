//! Customers that Desk does not take: they are rejected by name, and nobody else pays for it.

use deskcast::sandbox::{Faults, SandboxConfig, StandInConfig, WorldConfig};

use crate::stage::desk::Desk;
use crate::stage::ledger::State;
use crate::town::Town;

/// Spread over the batch: at its ends, next to each other, and apart.
const BAD: [u64; 8] = [1, 50, 51, 100, 13, 77, 30, 88];

/// Sends three batches of a hundred, with so many bad customers in the second one, and returns the
/// requests it took beyond three.
fn cost(bad: usize, fault: &str) -> u64 {
    let mut ids: Vec<u64> = BAD[..bad].iter().map(|id| 100 + id).collect();
    ids.sort_unstable();
    let list: Vec<String> = ids.iter().map(u64::to_string).collect();
    let town = Town::new(300, 100, &format!("{fault}=@{}", list.join(",")));
    let ended = town.scene.run(&["run", "spring", "--json"]);
    assert_eq!(ended.code, Some(3), "{ended:?}");
    town.must_have(300 - bad as u64, bad as u64, 0, 0);
    let ledger = town.ledger();
    let mut rejected: Vec<u64> = ledger
        .in_state(State::Rejected)
        .flat_map(|batch| batch.customers.iter().copied())
        .collect();
    rejected.sort_unstable();
    assert_eq!(rejected, ids, "the bad ones, by name");
    for batch in ledger.in_state(State::Rejected) {
        let words = ledger.attempts.iter().find(|it| it.batch == batch.number);
        let words = &words.unwrap().words;
        assert!(words.contains("specified customers don't exist"), "{words}");
    }
    town.desk.creates() - 3
}

#[test]
fn without_names_each_costs_about_two_requests_for_every_halving() {
    for bad in [1, 2, 4, 8] {
        let cost = cost(bad, "unnamed-customers");
        println!(
            "{bad} of 100 not named: {cost} more requests, {:.1} each",
            cost as f64 / bad as f64
        );
        // 2·log2(100) = 13.3, and the halves of an odd number may take one more.
        assert!(cost <= 14 * bad as u64, "{bad} bad: {cost}");
    }
}

#[test]
fn with_names_all_of_them_together_cost_two_requests() {
    for bad in [1, 2, 4, 8] {
        let cost = cost(bad, "unknown-customers");
        println!("{bad} of 100 named: {cost} more requests");
        assert_eq!(cost, 2, "{bad} bad");
    }
}

#[test]
fn customers_of_social_channels_are_rejected_by_name() {
    let town = Town::new(100, 50, "social-customers=@60,61");
    assert_eq!(town.scene.run(&["run", "spring"]).code, Some(3));
    town.must_have(98, 2, 0, 0);
}

#[test]
fn a_batch_of_bad_customers_alone_is_rejected_whole() {
    let town = Town::new(30, 10, "unknown-customers=@11-20");
    assert_eq!(town.scene.run(&["run", "spring"]).code, Some(3));
    town.must_have(20, 10, 0, 0);
}

/// A world in which the definition of the campaign is wrong, whoever is messaged.
fn wrong_definition(world: WorldConfig, faults: &str) {
    let stand_in = StandInConfig {
        world,
        faults: Faults::parse(faults).unwrap(),
        ..StandInConfig::default()
    };
    let desk = Desk::of(SandboxConfig {
        stand_in,
        ..SandboxConfig::default()
    });
    let town = Town::with(desk, 5000, 100);
    let ended = town.scene.run(&["run", "spring", "--json"]);
    assert_eq!(ended.code, Some(2), "{ended:?}");
    let object = ended.json();
    assert_eq!(object["state"], "failed");
    let note = object["note"].as_str().unwrap();
    assert!(
        note.contains("the group, the agent or the message"),
        "{note}"
    );
    town.must_hold();
    assert_eq!(town.messaged(), 0);
    let creates = town.desk.creates();
    println!("given up after {creates} requests: {note}");
    assert!(creates <= 10, "{creates} requests");
    let again = town.scene.run(&["run", "spring", "--dry-run"]);
    assert_eq!(again.code, Some(0), "{again:?}");
}

#[test]
fn a_wrong_group_fails_the_run_within_a_handful_of_requests() {
    let groups = vec!["support".to_owned()];
    wrong_definition(
        WorldConfig {
            groups,
            ..WorldConfig::default()
        },
        "",
    );
}

#[test]
fn a_wrong_agent_fails_the_run_within_a_handful_of_requests() {
    let agents = vec![42];
    wrong_definition(
        WorldConfig {
            agents,
            ..WorldConfig::default()
        },
        "",
    );
}

#[test]
fn a_message_that_is_refused_fails_the_run_within_a_handful_of_requests() {
    wrong_definition(WorldConfig::default(), "400");
}

#[test]
fn a_project_without_proactive_chats_fails_the_run_within_a_handful_of_requests() {
    wrong_definition(WorldConfig::default(), "switched-off");
}
