//! Customers by their Sendbird user ids: looked up ahead of time, and without holding anybody up.

use deskcast::sandbox::requests::Purpose;

use crate::house::{AGAIN, EVERY_TWO_SECONDS, House, NEVER};
use crate::stage::ledger::State;
use crate::town::wait_until;

/// A campaign of this schedule to these Sendbird user ids.
fn by_user_id(house: &House, name: &str, ids: impl IntoIterator<Item = String>, schedule: &str) {
    let rows: String = ids.into_iter().map(|id| format!("{id}\n")).collect();
    house.replace(&format!("{name}.csv"), &format!("user_id\n{rows}"));
    let text = format!(
        "message = \"Hello from {name}\"\ngroup = \"vip-support\"\nbatch_size = 2\n\
         [customers]\nfiles = [\"{name}.csv\"]\nsendbird_id = \"user_id\"\n{AGAIN}[schedule]\n{schedule}"
    );
    house.replace(&format!("{name}.toml"), &text);
}

fn customers(ids: std::ops::RangeInclusive<u64>) -> impl Iterator<Item = String> {
    ids.map(|id| format!("customer-{id}"))
}

fn reads(house: &House) -> u64 {
    let count = |desk: &mut deskcast::sandbox::StandIn| desk.requests().count(Purpose::Read);
    house.desk.with(count)
}

fn looked_up(house: &House) -> i64 {
    house.number("SELECT count(*) FROM known_customer")
}

#[test]
fn a_scheduled_campaign_is_looked_up_ahead_and_a_launch_asks_for_what_has_come_since() {
    let house = House::new();
    by_user_id(&house, "spring", customers(1..=5), NEVER);
    let daemon = house.daemon();
    wait_until("it is looked up ahead", || looked_up(&house) == 5);
    assert_eq!((reads(&house), house.runs().len()), (5, 0));
    // Its file alone has changed: nobody has looked at that yet.
    let more = customers(4..=7).chain(["nobody".to_owned()]);
    let rows: String = more.map(|id| format!("{id}\n")).collect();
    house.replace("spring.csv", &format!("user_id\n{rows}"));
    let launched = house.run(&["launch", "spring", "--by", "alice"]);
    assert_eq!(launched.code, Some(0), "{launched:?}");
    house.wait_for_finished("spring", 1);
    let log = daemon.stop();
    for ids in [5, 3] {
        let told = format!("looking up Sendbird user ids in Desk campaign=spring ids={ids}");
        assert!(log.contains(&told), "{log}");
    }
    house.must_hold();
    let run = house.only_run("spring");
    assert_eq!(house.customers_in(run.id, State::Accepted), 4);
    let unknown = "SELECT count(*) FROM left_out WHERE reason = 'unknown_to_desk' AND by_name = 1";
    assert_eq!((looked_up(&house), house.number(unknown)), (8, 1));
}

#[test]
fn a_campaign_that_is_due_and_takes_long_to_look_up_holds_nobody_up_and_is_kept_at_a_stop() {
    let house = House::slow(200);
    by_user_id(&house, "long", customers(1..=5_000), EVERY_TWO_SECONDS);
    house.campaign("spring", 2, EVERY_TWO_SECONDS);
    let daemon = house.daemon();
    house.wait_for_finished("spring", 3);
    assert_eq!(
        house.states("long"),
        Vec::<String>::new(),
        "its fire is not decided"
    );
    let log = daemon.stop();
    house.must_hold();
    for run in house.runs() {
        let lag = run.created_at - run.due;
        assert!((0..1_500).contains(&lag), "{run:?}\n{log}");
    }
    let kept = looked_up(&house);
    assert!((1..5_000).contains(&kept), "{kept} are kept");
}

#[test]
fn a_campaign_that_nobody_can_look_up_is_recorded_with_the_reason() {
    let house = House::new();
    by_user_id(&house, "spring", customers(1..=5), EVERY_TWO_SECONDS);
    let daemon = house.start_daemon(|command| {
        command.env("DESKCAST__DESK__API_TOKEN", "wrong");
    });
    wait_until("its fire is decided", || !house.states("spring").is_empty());
    daemon.stop();
    let run = &house.runs()[0];
    assert_eq!(run.state, "failed");
    let why = "could not be planned: customers cannot be looked up: Desk turned the request away";
    assert!(run.note.starts_with(why), "{run:?}");
    assert_eq!(house.chats(), 0);
}
