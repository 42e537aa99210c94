//! The daemon told to stop, and killed, with requests in flight.

use std::time::Duration;

use crate::house::{House, NEVER};
use crate::town::wait_until;

#[test]
fn a_daemon_that_is_told_to_stop_finishes_the_requests_in_flight_and_leaves_nothing_unknown() {
    let house = House::slow(800);
    house.campaign("spring", 40, NEVER);
    let daemon = house.daemon();
    assert_eq!(house.run(&["launch", "spring"]).code, Some(0));
    wait_until("it sends", || house.chats() > 0);
    let (status, log, took) = daemon.stop_and_tell();
    assert_eq!(status.code(), Some(0), "{log}");
    assert!(took < Duration::from_millis(2_500), "it took {took:?}");
    let run = house.only_run("spring");
    assert_eq!(
        (run.state.as_str(), run.note.as_str()),
        ("stopped", "stopped by a signal")
    );
    let accepted = house.number("SELECT count(*) FROM batch WHERE state = 2");
    let planned = house.number("SELECT count(*) FROM batch WHERE state = 0");
    assert_eq!((accepted, accepted + planned), (house.chats() as i64, 20));
    house.must_hold();
    let daemon = house.daemon();
    house.wait_for_finished("spring", 1);
    daemon.stop();
    house.must_hold();
    assert_eq!(house.chats(), 20);
}

#[test]
fn a_run_whose_daemon_is_killed_is_finished_by_the_next_one_and_nobody_is_messaged_twice() {
    let house = House::slow(150);
    house.campaign("spring", 80, NEVER);
    let daemon = house.daemon();
    assert_eq!(house.run(&["launch", "spring"]).code, Some(0));
    let mut daemon = Some(daemon);
    for chats in [4, 14] {
        wait_until("it sends", || house.chats() > chats);
        daemon.take().unwrap().kill();
        assert_eq!(house.only_run("spring").state, "sending");
        daemon = Some(house.daemon());
    }
    house.wait_for_finished("spring", 1);
    daemon.take().unwrap().stop();
    house.must_hold();
    let unknown = house.number("SELECT count(*) FROM batch WHERE state = 5");
    let accepted = house.number("SELECT count(*) FROM batch WHERE state = 2");
    let ever = house.number("SELECT count(*) FROM attempt WHERE outcome = 'unknown'");
    assert!(
        ever > 0 && ever <= 8,
        "at most what was in flight at two kills: {ever}"
    );
    // Those that Desk holds were found in it; the others never reached it.
    assert_eq!((accepted + unknown, accepted), (40, house.chats() as i64));
}
