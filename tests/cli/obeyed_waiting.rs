//! The same while a run waits at its gate, reads chats for it or after the last batch, or looks its
//! customers up: obeyed at once, and nothing is unknown or on its way.

use std::time::{Duration, Instant};

use rusqlite::Connection;

use crate::door::{Door, Then};
use crate::obeyed::{AT_ONCE, WHATS, number, obeyed, sending};
use crate::stage::desk::Desk;
use crate::stage::scene::Scene;
use crate::town::{Running, wait_until};
use crate::waits::{self, Wait};

/// What is noted with the only run; nothing before there is one.
fn note(scene: &Scene) -> String {
    let store = Connection::open(scene.store()).unwrap();
    store.busy_timeout(Duration::from_secs(5)).unwrap();
    let note = store.query_row("SELECT note FROM run", [], |row| row.get(0));
    note.unwrap_or_default()
}

fn batches(scene: &Scene, state: u8) -> i64 {
    number(
        scene,
        &format!("SELECT count(*) FROM batch WHERE state = {state}"),
    )
}

/// Does something with each order and signal, side by side.
fn with_each(run: impl Fn(&'static str) + Sync) {
    std::thread::scope(|scope| {
        for what in WHATS {
            let run = &run;
            scope.spawn(move || run(what));
        }
    });
}

fn must_obey(wait: &Wait, what: &str) {
    let desk = Desk::start("", Duration::ZERO);
    let scene = Scene::new(&desk.base_url());
    scene.campaign("spring", 1..=240, 4);
    let file = scene.path("campaigns/spring.toml");
    let text = std::fs::read_to_string(&file).unwrap() + &wait.lines;
    std::fs::write(file, text).unwrap();
    let running = Running::start(scene.deskcast(&["run", "spring"]));
    wait_until("it waits", || note(&scene).contains(wait.note));
    obeyed(wait.name, what, &scene, running);
    assert_eq!(desk.creates(), wait.sent, "{}, {what}", wait.name);
    assert_eq!(
        (batches(&scene, 2), batches(&scene, 5)),
        (wait.sent as i64, 0)
    );
}

#[test]
fn at_its_gate_every_order_is_obeyed_at_once_whatever_it_waits_for() {
    for wait in waits::all() {
        with_each(|what| must_obey(&wait, what));
    }
}

#[test]
fn while_chats_are_read_for_the_gate_and_desk_asks_to_wait_every_order_is_obeyed_at_once() {
    for (name, lines) in [
        ("canary", "[canary]\ncustomers = 4\nhold = \"0s\"\n"),
        (
            "max_open",
            "[pace]\nmax_open = { open = 4, answers_within = \"0s\" }\n",
        ),
    ] {
        with_each(|what| {
            let door = Door::open(1, Then::Throttle(60));
            let (scene, running) = sending(&door, lines);
            wait_until("one is accepted", || {
                scene.store().exists() && door.has_accepted(1) && batches(&scene, 2) == 1
            });
            std::thread::sleep(Duration::from_millis(700));
            obeyed(name, what, &scene, running);
            assert_eq!(batches(&scene, 5), 0, "{name}, {what}");
        });
    }
}

#[test]
fn while_chats_are_read_after_the_last_batch_every_order_is_obeyed_at_once_and_the_run_is_finished()
{
    with_each(|what| {
        let door = Door::open(60, Then::Throttle(60));
        let (scene, running) = sending(&door, "");
        wait_until("it reads", || {
            number(&scene, "SELECT count(*) FROM run WHERE state = 'reading'") == 1
        });
        std::thread::sleep(Duration::from_millis(500));
        let begun = Instant::now();
        match what {
            "TERM" | "INT" => running.signal(what),
            order => {
                let ended = scene.run(&[order, "spring"]);
                eprintln!("reading, {order}: {ended:?}");
            }
        }
        let ended = running.end();
        let took = begun.elapsed();
        eprintln!("reading: {what} was obeyed within {took:?}: {ended:?}");
        assert!(took < AT_ONCE, "{what}: {took:?}: {ended:?}");
        let finished = "SELECT count(*) FROM run WHERE state = 'finished'";
        assert_eq!(number(&scene, finished), 1, "{what}: {ended:?}");
        assert_eq!((batches(&scene, 2), batches(&scene, 5)), (60, 0), "{what}");
    });
}

#[test]
fn while_customers_are_looked_up_and_desk_asks_to_wait_a_signal_is_obeyed_at_once() {
    for what in ["TERM", "INT"] {
        let door = Door::open(0, Then::Throttle(60));
        let scene = Scene::new(&door.address);
        let text = "message = \"Hi\"\ngroup = \"vip-support\"\nbatch_size = 4\n\
                    [customers]\nfiles = [\"spring.csv\"]\nsendbird_id = \"user_id\"\n";
        scene.write("campaigns/spring.toml", text);
        let rows: String = (1..=40).map(|id| format!("customer-{id}\n")).collect();
        scene.write("campaigns/spring.csv", format!("user_id\n{rows}"));
        let running = Running::start(scene.deskcast(&["run", "spring"]));
        wait_until("Desk is asked", || door.has_heard(1));
        std::thread::sleep(Duration::from_millis(700));
        let begun = Instant::now();
        running.signal(what);
        let ended = running.end();
        let took = begun.elapsed();
        eprintln!("looking up: {what} was obeyed within {took:?}: {ended:?}");
        assert!(took < AT_ONCE, "{what}: {took:?}: {ended:?}");
        assert_eq!(ended.code, Some(4), "{what}: {ended:?}");
        assert_eq!(number(&scene, "SELECT count(*) FROM run"), 0, "{what}");
    }
}
