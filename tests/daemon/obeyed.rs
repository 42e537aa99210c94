//! Orders from another process and SIGTERM, in every state in which a daemon waits with a run: obeyed
//! at once, and nothing is unknown afterwards that never left.

use std::time::{Duration, Instant};

use crate::door::{Door, Then};
use crate::house::{Daemon, House, NEVER};
use crate::town::wait_until;
use crate::waits;

/// A second is promised; a busy machine may take longer to start a process that orders.
const AT_ONCE: Duration = Duration::from_secs(8);

fn launch(house: &House, campaign: &str) {
    let launched = house.run(&["launch", campaign]);
    assert_eq!(launched.code, Some(0), "{campaign}: {launched:?}");
}

/// Orders, and waits until it is done.
fn order(house: &House, verb: &str, campaign: &str, state: &str) {
    let begun = Instant::now();
    let ordered = house.run(&[verb, campaign]);
    let took = begun.elapsed();
    eprintln!("{campaign}: {verb} was obeyed within {took:?}");
    assert_eq!(ordered.code, Some(0), "{campaign}, {verb}: {ordered:?}");
    assert!(took < AT_ONCE, "{campaign}, {verb}: {took:?}");
    assert_eq!(house.only_run(campaign).state, state, "{campaign}, {verb}");
}

/// SIGTERM, which leaves these campaigns stopped.
fn stop(house: &House, daemon: Daemon, left: &[String]) {
    let (status, log, took) = daemon.stop_and_tell();
    eprintln!("TERM was obeyed within {took:?}");
    assert_eq!(status.code(), Some(0), "{log}");
    assert!(took < AT_ONCE, "{took:?}: {log}");
    for campaign in left {
        assert_eq!(
            house.only_run(campaign).state,
            "stopped",
            "{campaign}: {log}"
        );
    }
    assert_eq!(batches(house, 1), 0, "sending: {log}");
}

fn batches(house: &House, state: u8) -> i64 {
    house.number(&format!("SELECT count(*) FROM batch WHERE state = {state}"))
}

#[test]
fn at_its_gate_every_order_is_obeyed_at_once_whatever_a_run_waits_for() {
    let house = House::new();
    let waits = waits::all();
    let named = |end: &str| -> Vec<String> {
        let names = waits.iter().map(|wait| format!("{}-{end}", wait.name));
        names.collect()
    };
    for wait in &waits {
        for end in ["pause", "cancel", "stop"] {
            let name = format!("{}-{end}", wait.name);
            house.customers(&name, 40);
            let text = format!(
                "message = \"Hello from {name}\"\ngroup = \"vip-support\"\ncustomers = \"{name}.csv\"\nbatch_size = 4\n\
                 [repeat]\nsame_campaign = \"always\"\n{}[schedule]\n{NEVER}",
                wait.lines
            );
            house.replace(&format!("{name}.toml"), &text);
        }
    }
    let daemon = house.daemon();
    for end in ["pause", "cancel", "stop"] {
        named(end).iter().for_each(|name| launch(&house, name));
    }
    let all_wait = || {
        let runs = house.runs();
        let waiting = |wait: &waits::Wait| {
            let runs = runs.iter().filter(|run| run.note.contains(wait.note));
            runs.filter(|run| run.campaign.starts_with(wait.name))
                .count()
        };
        waits.iter().all(|wait| waiting(wait) == 3)
    };
    wait_until("all of them wait", all_wait);
    for name in named("cancel") {
        order(&house, "cancel", &name, "cancelled");
    }
    for name in named("pause") {
        order(&house, "pause", &name, "paused");
    }
    // Resumed, they wait again.
    for name in named("pause") {
        let resumed = house.run(&["resume", &name]);
        assert_eq!(resumed.code, Some(0), "{name}: {resumed:?}");
    }
    wait_until("they wait again", || {
        let names = named("pause");
        let runs = house.runs().into_iter();
        let again = runs.filter(|run| names.contains(&run.campaign) && run.state == "sending");
        again.filter(|run| run.note.contains("wait")).count() == names.len()
    });
    stop(&house, daemon, &[named("pause"), named("stop")].concat());
    for wait in &waits {
        let name = wait.name;
        let accepted = house.number(&format!(
            "SELECT count(*) FROM batch JOIN run ON run.id = batch.run
             WHERE batch.state = 2 AND campaign LIKE '{name}-%'"
        ));
        assert_eq!(accepted as u64, 3 * wait.sent, "{name}");
    }
    let sent: u64 = waits.iter().map(|wait| 3 * wait.sent).sum();
    assert_eq!(house.chats() as u64, sent);
    assert_eq!((batches(&house, 2), batches(&house, 5)), (sent as i64, 0));
    house.must_hold();
}

/// A daemon with three campaigns to a Desk that has accepted a few of them and then does this.
fn at_the_door(then: Then) -> (House, Door, Daemon) {
    let door = Door::open(3, then);
    let house = House::new();
    let settings = format!(
        "[desk]\nbase_url = \"{}\"\nagent_id = 41\n[limits]\nrequests_per_second = 2000\nconcurrency = 2\n\
         [web]\nlisten = \"off\"\n",
        door.address
    );
    house.scene.write("deskcast.toml", settings);
    for name in ["spring", "summer", "autumn"] {
        house.campaign(name, 40, NEVER);
    }
    let daemon = house.daemon();
    for name in ["spring", "summer", "autumn"] {
        launch(&house, name);
    }
    wait_until("a few are accepted", || door.has_accepted(3));
    wait_until("all are under way", || {
        let runs = house.runs();
        runs.len() == 3 && runs.iter().all(|run| run.state == "sending")
    });
    std::thread::sleep(Duration::from_millis(1_500));
    (house, door, daemon)
}

fn must_obey_at_the_door(then: Then) -> (House, i64) {
    let (house, _door, daemon) = at_the_door(then);
    order(&house, "pause", "spring", "paused");
    order(&house, "cancel", "summer", "cancelled");
    stop(&house, daemon, &["autumn".to_owned()]);
    let unknown = batches(&house, 5);
    (house, unknown)
}

#[test]
fn while_desk_asks_to_wait_every_order_is_obeyed_at_once_and_nothing_is_unknown() {
    let (house, unknown) = must_obey_at_the_door(Then::Throttle(60));
    assert_eq!((batches(&house, 2), unknown), (3, 0));
}

#[test]
fn while_desk_is_gone_every_order_is_obeyed_at_once() {
    let (_, unknown) = must_obey_at_the_door(Then::Gone);
    assert!(unknown <= 6, "no more than were in flight: {unknown}");
}

#[test]
fn while_desk_takes_nothing_every_order_is_obeyed_at_once_and_few_are_unknown() {
    for then in [Then::ReadOnly, Then::Close] {
        let (_, unknown) = must_obey_at_the_door(then);
        assert!(unknown <= 3 * 6, "{then:?}: {unknown}");
    }
}

/// A house whose Desk accepts one create, and asks for a minute of patience after that.
fn of_little_patience() -> (House, Door) {
    let door = Door::open(1, Then::Throttle(60));
    let house = House::new();
    let settings = format!(
        "[desk]\nbase_url = \"{}\"\nagent_id = 41\n[web]\nlisten = \"off\"\n",
        door.address
    );
    house.scene.write("deskcast.toml", settings);
    (house, door)
}

#[test]
fn while_chats_are_read_for_the_gate_and_desk_asks_to_wait_every_order_is_obeyed_at_once() {
    let (house, door) = of_little_patience();
    let canary = "[canary]\ncustomers = 2\nhold = \"0s\"\n";
    house.campaign("spring", 40, &format!("{NEVER}{canary}"));
    let daemon = house.daemon();
    launch(&house, "spring");
    daemon.wait_until_it_says("reads the chats of its canary");
    wait_until("Desk is asked for it", || door.has_heard(2));
    std::thread::sleep(Duration::from_millis(500));
    order(&house, "pause", "spring", "paused");
    assert_eq!(house.run(&["resume", "spring"]).code, Some(0));
    wait_until("it goes on", || house.only_run("spring").state == "sending");
    stop(&house, daemon, &["spring".to_owned()]);
    assert_eq!((batches(&house, 2), batches(&house, 5)), (1, 0));
}

#[test]
fn while_chats_are_read_after_the_last_batch_a_stop_is_obeyed_at_once_and_an_order_is_told_the_truth()
 {
    for what in ["pause", "cancel", "stop"] {
        // Ten batches are accepted, and no chat can be read.
        let door = Door::open(10, Then::Throttle(60));
        let house = House::new();
        let settings = format!(
            "[desk]\nbase_url = \"{}\"\nagent_id = 41\n[limits]\nrequests_per_second = 2000\n[web]\nlisten = \"off\"\n",
            door.address
        );
        house.scene.write("deskcast.toml", settings);
        house.campaign("spring", 20, NEVER);
        let daemon = house.daemon();
        launch(&house, "spring");
        wait_until("it reads", || {
            house.runs().iter().any(|run| run.state == "reading")
        });
        std::thread::sleep(Duration::from_millis(500));
        let begun = Instant::now();
        if what != "stop" {
            let ordered = house.run(&[what, "spring"]);
            eprintln!("{what} while it is read: {ordered:?}");
            assert!(begun.elapsed() < AT_ONCE, "{what}: {ordered:?}");
            assert_eq!(ordered.code, Some(3), "{ordered:?}");
        }
        let (status, log, took) = daemon.stop_and_tell();
        assert_eq!(status.code(), Some(0), "{log}");
        assert!(took < AT_ONCE, "{what}: {took:?}: {log}");
        assert_eq!(house.only_run("spring").state, "finished", "{what}: {log}");
        assert_eq!((batches(&house, 2), batches(&house, 5)), (10, 0), "{what}");
    }
}

#[test]
fn while_customers_are_looked_up_and_desk_asks_to_wait_a_stop_is_obeyed_at_once() {
    let (house, door) = of_little_patience();
    let rows: String = (1..=40).map(|id| format!("customer-{id}\n")).collect();
    house.replace("spring.csv", &format!("user_id\n{rows}"));
    let text = format!(
        "message = \"Hello from spring\"\ngroup = \"vip-support\"\nbatch_size = 2\n\
         [customers]\nfiles = [\"spring.csv\"]\nsendbird_id = \"user_id\"\n[schedule]\n{NEVER}"
    );
    house.replace("spring.toml", &text);
    let daemon = house.daemon();
    daemon.wait_until_it_says("looking up");
    wait_until("Desk is asked", || door.has_heard(1));
    std::thread::sleep(Duration::from_millis(500));
    stop(&house, daemon, &[]);
    assert!(house.runs().is_empty());
}
