//! A thousand campaigns that are due in the same second.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::time::Duration;

use jiff::Timestamp;

use crate::house::House;
use crate::town::wait_until;

const CAMPAIGNS: u64 = 1_000;
/// Customers of each, two a batch.
const CUSTOMERS: u64 = 3;

#[test]
fn a_thousand_campaigns_that_are_due_at_once_all_launch_and_message_everybody_once() {
    let house = House::with(0, 16, "");
    // Far enough ahead for the definitions to be written and read before.
    let due = Timestamp::now() + Duration::from_secs(5);
    let mut at = String::new();
    write!(
        at,
        "at = \"{}\"\ntimezone = \"UTC\"\n",
        due.strftime("%Y-%m-%dT%H:%M:%S")
    )
    .unwrap();
    for number in 0..CAMPAIGNS {
        let first = number * CUSTOMERS + 1;
        let name = format!("c{number}");
        house.scene.campaign(&name, first..first + CUSTOMERS, 2);
        house.definition(&name, &format!("Hello from {name}"), &at);
    }
    let daemon = house.daemon();
    wait_until("all have finished", || {
        house.connection().is_some()
            && house.number("SELECT count(*) FROM run WHERE state = 'finished'") == CAMPAIGNS as i64
    });
    daemon.stop();
    let runs = house.runs();
    let due_ms = due.as_second() * 1000;
    assert_eq!(runs.len() as u64, CAMPAIGNS);
    let by_campaign: BTreeMap<&str, i64> = runs
        .iter()
        .map(|run| (run.campaign.as_str(), run.due))
        .collect();
    assert_eq!(by_campaign.len() as u64, CAMPAIGNS, "one run each");
    assert!(by_campaign.values().all(|due| *due == due_ms));
    house.must_hold();
    let times: BTreeMap<u64, u32> = house
        .desk
        .with(|desk| desk.world().memory().all().collect());
    let expected: BTreeMap<u64, u32> = (1..=CAMPAIGNS * CUSTOMERS).map(|id| (id, 1)).collect();
    assert!(times == expected, "not everybody was messaged exactly once");
    let launched = house.number("SELECT max(started_at) FROM run") - due_ms;
    let accepted = house.number("SELECT max(ended_at) FROM batch") - due_ms;
    let finished = house.number("SELECT max(ended_at) FROM run") - due_ms;
    eprintln!(
        "a thousand campaigns due at once: the last one launched after {launched} ms, the last customer \
         accepted after {accepted} ms, the last run finished after {finished} ms"
    );
}
