//! Processes beside each other: one run has one sender, one campaign has one run.

use crate::stage::desk::Desk;
use crate::stage::ledger::{Ledger, State};
use crate::stage::scene::Scene;
use crate::town::{Running, Town, wait_until};

const RUN: [&str; 3] = ["run", "spring", "--json"];

#[test]
fn a_run_that_is_being_sent_is_refused_to_a_second_process() {
    let town = Town::slow(120, 4, 10);
    let first = town.start(&RUN);
    wait_until("the first one sends", || town.messaged() > 0);
    let second = town.scene.run(&RUN);
    assert_eq!(
        (second.code, second.out.as_str()),
        (Some(4), ""),
        "{second:?}"
    );
    assert!(
        second
            .err
            .contains("is being sent by another process on this machine"),
        "{}",
        second.err
    );
    let ended = first.end();
    assert_eq!(ended.code, Some(0), "{ended:?}");
    town.must_have(120, 0, 0, 0);
}

#[test]
fn two_campaigns_of_one_store_finish_side_by_side() {
    let town = Town::slow(100, 4, 2);
    town.scene.campaign("summer", 1001..=1100, 4);
    let running = [town.start(&RUN), town.start(&["run", "summer", "--json"])];
    for process in running {
        let ended = process.end();
        assert_eq!(ended.code, Some(0), "{ended:?}");
    }
    let ledgers = town.ledgers();
    assert_eq!(ledgers.len(), 2);
    for ledger in &ledgers {
        assert_eq!(ledger.state, "finished", "{}", ledger.campaign);
        assert_eq!(ledger.sums(), [(State::Accepted, 100)].into());
    }
    let most = town.desk.with(|stand_in| {
        let memory = stand_in.world().memory();
        (memory.customers(), memory.most())
    });
    assert_eq!(most, (200, 1));
}

/// Both find no run, and both would plan one.
#[test]
fn two_processes_that_start_at_once_message_nobody_twice() {
    for _ in 0..10 {
        let desk = Desk::start("", std::time::Duration::from_millis(5));
        let scene = Scene::new(&desk.base_url());
        scene.campaign("spring", 1..=40, 4);
        // The store is there before, so that making it does not line them up.
        scene.campaign("summer", 1001..=1001, 1);
        assert_eq!(scene.run(&["run", "summer"]).code, Some(0));
        let running: Vec<Running> = (0..3)
            .map(|_| Running::start(scene.deskcast(&RUN)))
            .collect();
        let codes: Vec<_> = running.into_iter().map(|it| it.end().code).collect();
        let most = desk.with(|stand_in| stand_in.world().memory().most());
        let runs = Ledger::read(&scene.store());
        let runs = runs.iter().filter(|run| run.campaign == "spring").count();
        assert_eq!((most, runs), (1, 1), "exit codes {codes:?}");
    }
}
