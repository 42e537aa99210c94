//! The daemon and a store that goes away, or is a copy: it is not ready, and sends nothing.

use std::time::Duration;

use crate::house::{EVERY_TWO_SECONDS, House, NEVER, free_address, page};
use crate::town::wait_until;

/// The files of a store that is in use.
const FILES: [&str; 4] = [
    "deskcast.db",
    "deskcast.db-wal",
    "deskcast.db-shm",
    "deskcast.db-tick",
];

#[test]
fn a_store_that_goes_away_under_the_daemon_stops_it_and_goes_on_when_it_is_back() {
    let house = House::slow(20);
    house.campaign("spring", 300, NEVER);
    let daemon = house.daemon();
    assert_eq!(house.run(&["launch", "spring"]).code, Some(0));
    wait_until("it sends", || house.chats() > 10);
    std::fs::create_dir(house.scene.path("old")).unwrap();
    let old = |file: &str| house.scene.path("old").join(file);
    for file in FILES {
        std::fs::rename(house.scene.path(file), old(file)).unwrap();
    }
    let chats = house.chats();
    daemon.wait_until_it_says("nothing is launched and nothing is sent");
    daemon.wait_until_it_says("moved, replaced or removed while it was in use");
    let more = house.chats() - chats;
    assert!(more <= 8, "{more} more were sent");
    let chats = house.chats();
    std::thread::sleep(Duration::from_secs(2));
    assert_eq!(house.chats(), chats, "nothing more is sent");
    for file in FILES {
        std::fs::rename(old(file), house.scene.path(file)).unwrap();
    }
    daemon.wait_until_it_says("the store is in its place");
    house.wait_for_finished("spring", 1);
    daemon.stop();
    house.must_hold();
}

#[test]
fn a_copy_is_not_sent_from_by_a_daemon_until_it_is_adopted() {
    let house = House::new();
    house.campaign("spring", 10, NEVER);
    assert_eq!(house.run(&["run", "spring"]).code, Some(0));
    // A file of its own, as a copy has.
    let copy = house.scene.path("copy.db");
    std::fs::copy(house.scene.store(), &copy).unwrap();
    std::fs::rename(&copy, house.scene.store()).unwrap();
    house.campaign("tick", 10, EVERY_TWO_SECONDS);
    let address = free_address();
    let daemon = house.start_daemon(|command| {
        command.env("DESKCAST__WEB__LISTEN", &address);
    });
    daemon.wait_until_it_says("is a copy, or was put back");
    let unready = page(&address, "/readyz");
    assert!(unready.starts_with("HTTP/1.1 503 "), "{unready}");
    assert!(
        unready.contains("deskcast store adopt --by NAME"),
        "{unready}"
    );
    std::thread::sleep(Duration::from_secs(4));
    assert_eq!((house.chats(), house.states("tick").len()), (5, 0));
    let refused = house.run(&["launch", "spring"]);
    assert_eq!(refused.code, Some(2), "{refused:?}");
    assert!(refused.err.contains("is a copy"), "{refused:?}");

    let adopted = house.run(&["store", "adopt", "--by", "mira"]);
    assert_eq!(adopted.code, Some(0), "{adopted:?}");
    house.wait_for_finished("tick", 1);
    wait_until("it is ready", || {
        page(&address, "/readyz").starts_with("HTTP/1.1 200 ")
    });
    daemon.stop();
    house.must_hold();
}
