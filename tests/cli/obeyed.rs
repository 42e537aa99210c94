//! Every order and signal is obeyed at once in every state in which Desk is waited for, and nothing
//! is unknown afterwards that never left.

use std::time::{Duration, Instant};

use rusqlite::Connection;

use crate::door::{Door, Then};
use crate::stage::scene::Scene;
use crate::town::{Running, wait_until};

/// A second is promised; a busy machine may take longer to start a process that orders.
pub(crate) const AT_ONCE: Duration = Duration::from_secs(8);

pub(crate) fn number(scene: &Scene, sql: &str) -> i64 {
    let store = Connection::open(scene.store()).unwrap();
    store.busy_timeout(Duration::from_secs(5)).unwrap();
    store.query_row(sql, [], |row| row.get(0)).unwrap()
}

fn state(scene: &Scene) -> String {
    let store = Connection::open(scene.store()).unwrap();
    store.busy_timeout(Duration::from_secs(5)).unwrap();
    store
        .query_row("SELECT state FROM run", [], |row| row.get(0))
        .unwrap()
}

/// A campaign of 60 batches to this Desk, which is being sent.
pub(crate) fn sending(door: &Door, more: &str) -> (Scene, Running) {
    sending_with(door, more, "4")
}

/// The same with so many requests in flight.
fn sending_with(door: &Door, more: &str, concurrency: &str) -> (Scene, Running) {
    let scene = Scene::new(&door.address);
    scene.campaign("spring", 1..=240, 4);
    let file = scene.path("campaigns/spring.toml");
    let text = std::fs::read_to_string(&file).unwrap() + more;
    std::fs::write(file, text).unwrap();
    let mut command = scene.deskcast(&["run", "spring"]);
    command.env("DESKCAST__LIMITS__CONCURRENCY", concurrency);
    (scene, Running::start(command))
}

/// Gives an order or a signal to a run that is being sent, and waits for its end.
pub(crate) fn obeyed(name: &str, what: &str, scene: &Scene, running: Running) {
    let begun = Instant::now();
    let state_wanted = match what {
        "TERM" | "INT" => {
            running.signal(what);
            "stopped"
        }
        order => {
            let ended = scene.run(&[order, "spring"]);
            assert_eq!(ended.code, Some(0), "{name}, {what}: {ended:?}");
            if order == "pause" {
                "paused"
            } else {
                "cancelled"
            }
        }
    };
    let ended = running.end();
    let took = begun.elapsed();
    eprintln!("{name}: {what} was obeyed within {took:?}");
    assert!(took < AT_ONCE, "{name}, {what}: {took:?}: {ended:?}");
    assert_eq!(ended.code, Some(4), "{name}, {what}: {ended:?}");
    assert_eq!(state(scene), state_wanted, "{name}, {what}: {ended:?}");
    let sending = number(scene, "SELECT count(*) FROM batch WHERE state = 1");
    assert_eq!(sending, 0, "{name}, {what}");
}

pub(crate) const WHATS: [&str; 4] = ["TERM", "INT", "pause", "cancel"];

#[test]
fn while_desk_asks_to_wait_every_order_is_obeyed_at_once_and_nothing_is_unknown() {
    for secs in [60, 99_999_999] {
        for what in WHATS {
            let door = Door::open(3, Then::Throttle(secs));
            let (scene, running) = sending(&door, "");
            wait_until("a few are accepted", || door.has_accepted(3));
            wait_until("nothing is being sent that has not left", || {
                number(&scene, "SELECT count(*) FROM batch WHERE state = 1") == 0
                    && number(&scene, "SELECT count(*) FROM batch WHERE state = 2") == 3
            });
            std::thread::sleep(Duration::from_millis(300));
            obeyed("throttled", what, &scene, running);
            let unknown = number(&scene, "SELECT count(*) FROM batch WHERE state = 5");
            assert_eq!(unknown, 0, "{what}");
        }
    }
}

#[test]
fn while_desk_is_gone_every_order_is_obeyed_at_once() {
    for what in WHATS {
        let door = Door::open(3, Then::Gone);
        let (scene, running) = sending(&door, "");
        wait_until("a few are accepted", || door.has_accepted(3));
        std::thread::sleep(Duration::from_millis(700));
        obeyed("gone", what, &scene, running);
    }
}

#[test]
fn while_desk_takes_nothing_every_order_is_obeyed_at_once_and_few_are_unknown() {
    for then in [Then::ReadOnly, Then::Close] {
        for what in WHATS {
            let door = Door::open(3, then);
            let (scene, running) = sending_with(&door, "", "1");
            wait_until("the breaker is open", || {
                number(&scene, "SELECT count(*) FROM batch WHERE state = 5") >= 3
            });
            std::thread::sleep(Duration::from_millis(1_500));
            obeyed("takes nothing", what, &scene, running);
            // Three in a row, and one that was tried by itself.
            let unknown = number(&scene, "SELECT count(*) FROM batch WHERE state = 5");
            assert!((3..=4).contains(&unknown), "{then:?}, {what}: {unknown}");
        }
    }
}

#[test]
fn while_its_gate_is_closed_every_order_is_obeyed_at_once() {
    for what in WHATS {
        let door = Door::open(3, Then::Throttle(60));
        let (scene, running) = sending(&door, "[approval]\nrequired = true\n");
        wait_until("it waits", || {
            scene.store().exists()
                && Connection::open(scene.store()).is_ok_and(|store| {
                    let waits = "SELECT count(*) FROM run WHERE note LIKE 'waits%'";
                    let waits = store.query_row(waits, [], |row| row.get::<_, i64>(0));
                    waits.is_ok_and(|waits| waits == 1)
                })
        });
        obeyed("waits for approval", what, &scene, running);
        assert!(!door.has_accepted(1));
    }
}

/// A paused run with unknown batches, at a Desk that asks for patience.
fn paused_with_unknown() -> (Door, Scene) {
    let door = Door::open(3, Then::Close);
    let (scene, running) = sending(&door, "");
    wait_until("some are unknown", || {
        number(&scene, "SELECT count(*) FROM batch WHERE state = 5") >= 3
    });
    obeyed("takes nothing", "pause", &scene, running);
    drop(door);
    let patient = Door::open(0, Then::Throttle(60));
    let settings = scene.path("deskcast.toml");
    let text = std::fs::read_to_string(&settings).unwrap();
    let old = text.lines().nth(1).unwrap().to_owned();
    let new = format!("base_url = \"{}\"", patient.address);
    std::fs::write(&settings, text.replace(&old, &new)).unwrap();
    let store = Connection::open(scene.store()).unwrap();
    store
        .execute("UPDATE run SET base_url = ?1", [&patient.address])
        .unwrap();
    (patient, scene)
}

fn is_looked_for(scene: &Scene) -> bool {
    scene.path("deskcast.db-run1.lock").exists()
}

#[test]
fn who_looks_for_unknown_batches_obeys_signals_and_gives_the_run_up_to_whoever_wants_it() {
    let (_door, scene) = paused_with_unknown();
    for signal in ["TERM", "INT"] {
        let looking = Running::start(scene.deskcast(&["reconcile", "spring"]));
        wait_until("it looks", || is_looked_for(&scene));
        std::thread::sleep(Duration::from_millis(500));
        let begun = Instant::now();
        looking.signal(signal);
        let ended = looking.end();
        eprintln!(
            "reconcile: {signal} was obeyed within {:?}",
            begun.elapsed()
        );
        assert!(begun.elapsed() < AT_ONCE, "{ended:?}");
        assert_eq!(ended.code, Some(4), "{ended:?}");
    }
    for (order, after) in [
        ("resume", "stopped"),
        ("pause", "paused"),
        ("cancel", "cancelled"),
    ] {
        let looking = Running::start(scene.deskcast(&["reconcile", "spring"]));
        wait_until("it looks", || is_looked_for(&scene));
        std::thread::sleep(Duration::from_millis(500));
        let begun = Instant::now();
        let ended = scene.run(&[order, "spring"]);
        eprintln!("reconcile: {order} was obeyed within {:?}", begun.elapsed());
        assert!(begun.elapsed() < AT_ONCE, "{order}: {ended:?}");
        assert_eq!(ended.code, Some(0), "{order}: {ended:?}");
        assert_eq!(state(&scene), after, "{order}: {ended:?}");
        looking.end();
    }
}
